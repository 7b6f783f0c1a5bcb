/**
 * What good answers look like, for /openapi.json. Their types are the shapes' own and a test checks them against the shapes,
 * so an example cannot rot. The proof's bytes and signature are of the right length and otherwise made up.
 */
import { CHAIN_STATUS_EXAMPLE } from './chain-examples.ts'
import type {
  ClockView,
  DevnetView,
  FaultView,
  HealthView,
  NodeDetailView,
  NodesView,
  NodeView,
  PeersView,
  ProofView,
  StatusView,
  TimeView,
} from './schema.ts'

export const NODE_ID_EXAMPLE = '12D3KooWGRUVh7XqMbVdxRGTqcb4nTCzZ9nRgPFh3iKfCCuLBmoT'
export const WITNESS_ID_EXAMPLE = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'
export const CID_EXAMPLE = 'bafyrmibphzkm6zrbr7ql2ll5xlkbzxkqfvo7dqz4nqwvqk6p3m2g7tq5ra'
const NETWORK_ID_EXAMPLE = '5f0c1c3ad9f8a4f0cbb9b5f4ac32e2e68b1d7a7e0dfd86cb7a0d1f1a3c9a5b42'

export const TIME_EXAMPLE: TimeView = {
  earliest: '1795222837001250000',
  latest: '1795222837004750000',
  estimate: '1795222837003100000',
  uncertaintyNs: 1_750_000,
  likely: { earliest: '1795222837003010000', latest: '1795222837003190000', uncertaintyNs: 90_000 },
  utc: {
    earliest: '2026-11-21T00:20:00.001250000Z',
    latest: '2026-11-21T00:20:00.004750000Z',
    estimate: '2026-11-21T00:20:00.003100000Z',
  },
  status: 'synchronised',
  frequencyPpb: 18_240,
  hostOffsetNs: -412_000,
  leapTable: { expires: '2027-06-28T00:00:00.000000000Z', expired: false },
}

export const STATUS_EXAMPLE: StatusView = {
  version: '0.1.0',
  network: { id: NETWORK_ID_EXAMPLE, name: 'devnet' },
  node: { id: NODE_ID_EXAMPLE, name: 'ada' },
  devnet: true,
  uptimeNs: 61_000_000_000,
  clock: {
    status: 'synchronised',
    uncertaintyNs: 1_750_000,
    likely: { uncertaintyNs: 90_000 },
    frequencyPpb: 18_240,
    hostOffsetNs: -412_000,
  },
  sources: [
    {
      id: 'ntp:127.0.0.1:11123',
      kind: 'ntp',
      state: 'selected',
      reason: '',
      explanation: '',
      reach: 255,
      suspicion: null,
      upstream: { stratum: 1, address: '127.0.0.1', reference: 'GPS' },
      pollNs: 64_000_000_000,
      dueNs: 63_100_000_000,
      offsetNs: 38_000,
      boundNs: 410_000,
      delayNs: 160_000,
      ageNs: 900_000_000,
    },
  ],
  verdict: { status: 'truechimer', reason: '' },
  slot: 897_611_418,
  slotNs: 2_000_000_000,
  acceptedVarianceNs: 50_000_000,
  peers: [WITNESS_ID_EXAMPLE],
  addresses: [`/ip4/127.0.0.1/tcp/4601/p2p/${NODE_ID_EXAMPLE}`],
  counts: { proofs: 150, attestations: 420, refused: { 'unknown-challenge': 2 } },
  chain: CHAIN_STATUS_EXAMPLE,
}

export const CLOCK_EXAMPLE: ClockView = {
  status: 'synchronised',
  uncertaintyNs: 1_750_000,
  likelyUncertaintyNs: 90_000,
  sinceMajorityNs: 900_000_000,
  frequency: { ppb: 18_240, sigmaPpb: 2.1, loPpb: 17_800, hiPpb: 18_700, wanderPpb: 300 },
  allan: [
    { tauSec: 64, deviation: 1.9e-8, samples: 88 },
    { tauSec: 128, deviation: 1.1e-8, samples: 86 },
    { tauSec: 256, deviation: 7.2e-9, samples: 41 },
  ],
  synchronisations: { rounds: 90, asked: 270, answered: 269, coveredNs: 5_760_000_000_000, perDay: 1350 },
  servers: [{ name: 'ntp', address: '0.0.0.0:123', answered: 4711, refused: { 'ntp-request-rate-limited': 12 } }],
}

export const NODE_EXAMPLE: NodeView = {
  id: NODE_ID_EXAMPLE,
  name: 'ada',
  self: true,
  connected: true,
  weight: 750_000_000,
  status: 'truechimer',
  reason: '',
  explanation: 'Its witnesses agree that its clock is within the accepted variance.',
  since: 897_611_400,
  actionsValid: true,
  offset: { loNs: -310_000, hiNs: 290_000 },
  offsetSlot: 897_611_417,
  witnesses: { agreeing: 3, asked: 3 },
  overconfident: 0,
  proof: { cid: CID_EXAMPLE, sequence: 30, tai: '1795222836900000000', uncertaintyNs: 1_750_000 },
}

export const NODES_EXAMPLE: NodesView = {
  slot: 897_611_418,
  slotNs: 2_000_000_000,
  acceptedVarianceNs: 50_000_000,
  nodes: [NODE_EXAMPLE],
}

export const NODE_DETAIL_EXAMPLE: NodeDetailView = {
  ...NODE_EXAMPLE,
  attestations: [
    {
      cid: CID_EXAMPLE,
      witness: WITNESS_ID_EXAMPLE,
      slot: 897_611_417,
      roundTripNs: 620_000,
      offset: { loNs: -310_000, hiNs: 290_000 },
      proof: CID_EXAMPLE,
      counted: true,
      reason: '',
    },
  ],
  history: [{ slot: 897_611_400, status: 'truechimer', reason: '', offset: { loNs: -280_000, hiNs: 330_000 } }],
}

export const PROOF_EXAMPLE: ProofView = {
  cid: CID_EXAMPLE,
  networkId: NETWORK_ID_EXAMPLE,
  nodeId: NODE_ID_EXAMPLE,
  sequence: 30,
  tai: '1795222836900000000',
  utc: '2026-11-21T00:19:59.900000000Z',
  uncertaintyNs: 1_750_000,
  previous: '9b'.repeat(32),
  beacon: '00'.repeat(32),
  nonce: '4e'.repeat(32),
  sources: [{ kind: 'ntp', count: 1 }],
  signature: 'a7'.repeat(64),
  bytes: 'im9leGFtcGxlLW9mLWEtcHJvb2Y=',
}

export const PEERS_EXAMPLE: PeersView = {
  self: NODE_ID_EXAMPLE,
  own: { version: '1.0.0', features: ['compression', 'quic'], agent: 'truechimer/0.1.0' },
  peers: [
    {
      id: WITNESS_ID_EXAMPLE,
      name: 'bede',
      connected: true,
      connections: [
        {
          address: `/ip4/192.0.2.7/tcp/4601/p2p/${WITNESS_ID_EXAMPLE}`,
          group: 'ip4/192.0',
          direction: 'outbound',
          transport: 'tcp',
          security: 'noise',
          ageNs: 61_000_000_000,
          roundTripNs: 620_000,
          bytesIn: 918_273,
          bytesOut: 645_120,
        },
      ],
      roundTripNs: 620_000,
      agreed: { version: '1.0.0', features: ['compression'], agent: 'truechimer/0.1.0' },
      score: -4,
      scoreReasons: [
        {
          channel: 'connection',
          reason: 'rejected',
          explanation: 'Messages of it were rejected.',
          points: -4,
        },
      ],
      messages: { accepted: 1234, ignored: 56, rejected: 7 },
      drops: [{ reason: 'rate-limited', explanation: 'It said more than the channel allows.', count: 7 }],
      shutOut: false,
    },
  ],
  peersLeftOut: 0,
  scoreBounds: { chosenMin: -100, borneMin: -500 },
  places: {
    all: { used: 1, most: 64 },
    inbound: { used: 0, most: 48 },
    reserved: { used: 0, most: 8 },
  },
  versions: [{ version: '1.0.0', peers: 1 }],
  drops: [
    {
      channel: 'connection',
      reason: 'rate-limited',
      explanation: 'It said more than the channel allows.',
      count: 7,
    },
  ],
  discovery: {
    tables: [
      { name: 'tried', entries: 3, groups: 2 },
      { name: 'fresh', entries: 12, groups: 9 },
    ],
    records: { known: 15, expired: 1 },
    ownRecordExpires: '1795226437003100000',
    outbound: [{ peer: WITNESS_ID_EXAMPLE, group: 'ip4/192.0', ageNs: 61_000_000_000, anchor: true }],
    outboundWanted: 8,
    anchors: [WITNESS_ID_EXAMPLE],
    feelers: { sent: 9, answered: 7 },
    bootstrap: [
      {
        kind: 'addresses',
        name: '192.0.2.7:4601',
        state: 'good',
        says: '1 addresses, 0 records',
        ageNs: 60_000_000_000,
      },
      { kind: 'mdns', name: 'this link', state: 'waiting', says: 'not asked yet', ageNs: null },
    ],
  },
  links: [{ witness: NODE_ID_EXAMPLE, subject: WITNESS_ID_EXAMPLE, slot: 897_611_417, roundTripNs: 620_000 }],
}

export const HEALTH_EXAMPLE: HealthView = { healthy: true, clock: 'synchronised' }

export const FAULT_EXAMPLE: FaultView = { id: NODE_ID_EXAMPLE, offsetMs: 250 }

export const DEVNET_EXAMPLE: DevnetView = {
  token: '1c1f5d0f4e0a4c57b1d2c3b8f6a4e9d0',
  nodes: [{ id: NODE_ID_EXAMPLE, name: 'ada', api: 'http://127.0.0.1:4600' }],
  faults: [FAULT_EXAMPLE],
}

export const EVENTS_EXAMPLE = [
  'retry: 1000',
  '',
  'id: 3f9c1a2b-41',
  'event: peer',
  `data: {"type":"peer","id":"${WITNESS_ID_EXAMPLE}","connected":true}`,
  '',
  '',
].join('\n')

export const METRICS_EXAMPLE = [
  '# HELP truechimer_clock_bound_seconds Half the width of the interval that holds the true time',
  '# TYPE truechimer_clock_bound_seconds gauge',
  'truechimer_clock_bound_seconds 0.00175',
  '',
].join('\n')
