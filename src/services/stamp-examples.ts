/** What good answers about stamps look like, for /openapi.json. A test checks them against their shapes; the receipt's bytes are made up. */
import type { BeaconView, StampAsk, StampNewsView, StampsView, StampView } from './stamp-schema.ts'

const BLOCK_ID_EXAMPLE = '3d'.repeat(32)

export const STAMP_ASK_EXAMPLE: StampAsk = { algorithm: 'sha-256', imprint: '7c'.repeat(32), beacon: BLOCK_ID_EXAMPLE }

export const STAMP_EXAMPLE: StampView = {
  id: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  state: 'received',
  height: null,
  entry: { algorithm: 'sha-256', imprint: '7c'.repeat(32), beacon: BLOCK_ID_EXAMPLE, beaconHeight: 1234 },
  position: 4711,
  heightPromised: 1254,
  received: {
    earliest: '1795222837001250000',
    latest: '1795222837004750000',
    utc: { earliest: '2026-11-21T01:00:00.001250000Z', latest: '2026-11-21T01:00:00.004750000Z' },
  },
  receipt: 'jnR0cnVlY2hpbWVyL3JlY2VpcHQvMQ==',
}

export const STAMPS_EXAMPLE: StampsView = { stamps: [STAMP_EXAMPLE] }
export const STAMP_NEWS_EXAMPLE: StampNewsView = { id: STAMP_EXAMPLE.id, state: 'final', height: 1236 }
export const BEACON_EXAMPLE: { readonly beacon: BeaconView } = { beacon: { height: 1234, block: BLOCK_ID_EXAMPLE } }
