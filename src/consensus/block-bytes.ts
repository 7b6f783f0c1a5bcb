/**
 * Blocks as bytes: `[header, body]`. A block's id is the digest of its header, and its header names the roots of its body. Opening a block
 * asks for its shape and that its body is the one that its header names, and looks at no signature. Rules B-21 to B-25 in
 * docs/spec/consensus.md.
 */
import { accept, equalBytes, finish, reject } from '../base/index.ts'
import type { Admission, Steps } from '../base/index.ts'
import { CODEC_REASONS, decodeData, encodeData, fixedBytes, list, tuple } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { domainDigest } from '../crypto/index.ts'
import { PART_REASONS, bodyField, isRepeating, openingBody, rawBodyOf, rootsOf } from './block-body.ts'
import type { RawBody } from './block-body.ts'
import type { Block, Body, Header } from './block.ts'
import {
  blockIdField,
  booleanField,
  digestField,
  heightField,
  keyField,
  roundField,
  taiField,
} from './consensus-fields.ts'
import type { BlockTime } from './tally.ts'
import { blockIdOfBytes } from './validators.ts'
import type { BlockId } from './validators.ts'

export const BLOCK_DOMAIN = 'truechimer/block/1'
export const BLOCK_AVAILABILITY_MAX = 16
const COMMITMENT_BYTES = 48

const rawTime = tuple<BlockTime>({ earliest: taiField, latest: taiField, timestamp: taiField })
/** The timestamp lies inside. */
const timeField: Field<BlockTime> = {
  write: (time) => rawTime.write(time),
  read: (data) => {
    const time = rawTime.read(data)
    return time !== undefined && time.earliest <= time.timestamp && time.timestamp <= time.latest ? time : undefined
  },
}

export const headerField: Field<Header> = tuple<Header>({
  networkId: digestField,
  height: heightField,
  round: roundField,
  parent: blockIdField,
  time: timeField,
  commitRoot: digestField,
  transactionsRoot: digestField,
  evidenceRoot: digestField,
  stateRoot: digestField,
  weightsRoot: digestField,
  availability: list(fixedBytes(COMMITMENT_BYTES), BLOCK_AVAILABILITY_MAX),
  emergency: booleanField,
  proposer: keyField,
})

/** A header with everything in it at its longest has 1,115 bytes; nothing larger is looked at. */
export const HEADER_BYTES_MAX = 1280

const blockField = tuple<{ readonly header: Header; readonly body: RawBody }>({ header: headerField, body: bodyField })

export const encodeHeader = (header: Header): Uint8Array => encodeData(headerField.write(header))

/** Why bytes are no header. */
export const HEADER_REASONS = [...CODEC_REASONS, 'wrong-network'] as const
export type HeaderReason = (typeof HEADER_REASONS)[number]

/** A header from bytes of anybody: well-formed and of this network. Who decided it, its commit says. */
export const decodeHeader = (bytes: Uint8Array, networkId: Uint8Array): Admission<Header, HeaderReason> => {
  const decoded = decodeData(bytes, HEADER_BYTES_MAX)
  if (decoded.verdict !== 'accept') return decoded
  const header = headerField.read(decoded.value)
  if (header === undefined) return reject('wrong-shape')
  return equalBytes(header.networkId, networkId) ? accept(header) : reject('wrong-network')
}

/** The digest of the encoded header, as text. */
export const blockIdOf = (header: Header): BlockId => blockIdOfBytes(domainDigest(BLOCK_DOMAIN, encodeHeader(header)))

/** A block of a header, but for the roots that follow from the body, and the body. That its parts are within their limits is the caller's to know. */
export const makeBlock = (made: {
  readonly header: Omit<Header, 'commitRoot' | 'transactionsRoot' | 'evidenceRoot'>
  readonly body: Body
}): Block => {
  const body = rawBodyOf(made.body)
  const header: Header = { ...made.header, ...rootsOf(body) }
  return { id: blockIdOf(header), header, body: made.body, bytes: encodeData(blockField.write({ header, body })) }
}

/** Why bytes are no block. `wrong-root`: its body is not the one that its header names. `repeated-part`: something stands in it twice. */
export const BLOCK_REASONS = [
  ...CODEC_REASONS,
  'wrong-network',
  'wrong-root',
  'repeated-part',
  ...PART_REASONS,
] as const
export type BlockReason = (typeof BLOCK_REASONS)[number]

/** A block from bytes of anybody: well-formed, of this network, its parts well-formed and those that its header names. No signature is looked at. */
export const openBlock = (bytes: Uint8Array, options: BlockOpening): Admission<Block, BlockReason> => {
  const read = readBlock(bytes, options)
  return read.verdict === 'accept' ? finish(openingParts(read.value)) : read
}

export interface BlockOpening {
  readonly networkId: Uint8Array
  readonly bytesMax: number
}

/** A block that is well-formed as far as its header; its parts are still bytes. */
export interface ReadBlock {
  readonly id: BlockId
  readonly header: Header
  readonly body: RawBody
  readonly bytes: Uint8Array
}

/** The first half of `openBlock`, which costs little however many parts there are. */
export const readBlock = (
  bytes: Uint8Array,
  { networkId, bytesMax }: BlockOpening,
): Admission<ReadBlock, BlockReason> => {
  const decoded = decodeData(bytes, bytesMax)
  if (decoded.verdict !== 'accept') return decoded
  const raw = blockField.read(decoded.value)
  if (raw === undefined) return reject('wrong-shape')
  const { header, body } = raw
  if (!equalBytes(header.networkId, networkId)) return reject('wrong-network')
  return accept({ id: blockIdOf(header), header, body, bytes })
}

/** The second half, in steps. */
export const openingParts = function* ({
  id,
  header,
  body: raw,
  bytes,
}: ReadBlock): Steps<Admission<Block, BlockReason>> {
  const roots = rootsOf(raw)
  if (
    !equalBytes(roots.commitRoot, header.commitRoot) ||
    !equalBytes(roots.transactionsRoot, header.transactionsRoot) ||
    !equalBytes(roots.evidenceRoot, header.evidenceRoot)
  )
    return reject('wrong-root')
  yield
  const body = yield* openingBody(raw, header.networkId)
  if (body.verdict !== 'accept') return body
  return isRepeating(body.value) ? reject('repeated-part') : accept({ id, header, body: body.value, bytes })
}
