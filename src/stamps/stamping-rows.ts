/**
 * Groups and batches as a store keeps them: one encoding each, decoded strictly, so that what another program wrote is found out. Nobody
 * else reads these bytes; they are no part of what the network speaks.
 */
import { TAI_MAX, accept, joinBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { bytes, codecOf, fixedBytes, int64, tuple, uint } from '../codec/index.ts'
import type { CodecReason } from '../codec/index.ts'
import { TRANSACTION_BYTES_MAX } from '../consensus/index.ts'
import { DIGEST_BYTES, MERKLE_PATH_MAX, frontierLength } from '../crypto/index.ts'
import { RECEIPT_GROUP_MAX, digestsOf } from './receipt.ts'
import { LOG_ENTRIES_MAX } from './stamp-batch.ts'
import type { FinalBatch, HandedBatch, KeptGroup } from './stamping-port.ts'

interface GroupRow extends Omit<KeptGroup, 'received'> {
  readonly earliest: bigint
  readonly latest: bigint
}
const tai = int64({ min: 0n, max: TAI_MAX })
const position = uint({ max: LOG_ENTRIES_MAX - 1 })
const digest = fixedBytes(DIGEST_BYTES)
const digests = bytes(MERKLE_PATH_MAX * DIGEST_BYTES)

const groupCodec = codecOf<GroupRow>(
  tuple<GroupRow>({
    first: position,
    size: uint({ min: 1, max: RECEIPT_GROUP_MAX }),
    earliest: tai,
    latest: tai,
    heightNewest: uint(),
    heightPromised: uint({ min: 1 }),
    sources: uint({ max: 0xff_ff }),
    signature: fixedBytes(64),
  }),
  256,
)

export const encodeGroup = ({ received, ...rest }: KeptGroup): Uint8Array => groupCodec.encode({ ...rest, ...received })

export const decodeGroup = (row: Uint8Array): Admission<KeptGroup, CodecReason> => {
  const decoded = groupCodec.decode(row)
  if (decoded.verdict !== 'accept') return decoded
  const { earliest, latest, ...rest } = decoded.value
  return accept({ ...rest, received: { earliest, latest } })
}

interface BatchRow {
  readonly first: number
  readonly logSize: number
  readonly batchRoot: Uint8Array
  readonly logRoot: Uint8Array
  readonly frontier: Uint8Array
  readonly beaconOldest: number
  readonly sequence: number
  readonly transaction: Uint8Array
  readonly heightHanded: number
  /** 0 where it is in no block. */
  readonly height: number
  readonly index: number
  readonly size: number
  readonly path: Uint8Array
}

const batchCodec = codecOf<BatchRow>(
  tuple<BatchRow>({
    first: position,
    logSize: uint({ min: 1, max: LOG_ENTRIES_MAX }),
    batchRoot: digest,
    logRoot: digest,
    frontier: digests,
    beaconOldest: uint(),
    sequence: uint({ min: 1 }),
    transaction: bytes(TRANSACTION_BYTES_MAX),
    heightHanded: uint(),
    height: uint(),
    index: uint(),
    size: uint(),
    path: digests,
  }),
  3072,
)

/** A batch as a store has it: final where it has a place in a block. */
export type KeptBatch =
  | { readonly isFinal: false; readonly batch: HandedBatch }
  | { readonly isFinal: true; readonly batch: FinalBatch }

const NOWHERE = { height: 0, index: 0, size: 0, path: new Uint8Array(0) } as const

export const encodeHanded = ({ frontier, ...rest }: HandedBatch): Uint8Array =>
  batchCodec.encode({ ...rest, ...NOWHERE, frontier: joinBytes(...frontier) })

export const encodeFinal = ({ frontier, place, ...rest }: FinalBatch): Uint8Array =>
  batchCodec.encode({
    ...rest,
    ...place,
    path: joinBytes(...place.path),
    heightHanded: 0,
    frontier: joinBytes(...frontier),
  })

export const decodeBatchRow = (row: Uint8Array): Admission<KeptBatch, CodecReason> => {
  const decoded = batchCodec.decode(row)
  if (decoded.verdict !== 'accept') return decoded
  const { frontier, height, index, size, path, heightHanded, ...rest } = decoded.value
  if (frontier.length !== frontierLength(rest.logSize) * DIGEST_BYTES || path.length % DIGEST_BYTES !== 0)
    return reject('wrong-shape')
  if (rest.first >= rest.logSize) return reject('wrong-shape')
  const batch = { ...rest, frontier: digestsOf(frontier) }
  if (height === 0) return accept({ isFinal: false, batch: { ...batch, heightHanded } })
  return accept({ isFinal: true, batch: { ...batch, height, place: { index, size, path: digestsOf(path) } } })
}
