/**
 * Finds where the last segment of a log ends, and what a crash left behind its last whole record. Only a beginning of a frame
 * with nothing whole after it is a crash's; anything else is damage, and is never cut away.
 *
 * Rules: docs/spec/log.md L-10, L-16.
 */
import { equalBytes } from '../../base/index.ts'
import { merkleLeaf, sha3 } from '../../crypto/index.ts'
import { BATCH_MAX } from '../chain.ts'
import type { LogHead } from '../chain.ts'
import { traitsOf } from '../entry-bytes.ts'
import { headOfHeader, isWholeHeader, segmentCodec } from '../segment.ts'
import type { SegmentHeader } from '../segment.ts'
import { checkpointCodec, fitsCheckpoint } from '../checkpoint.ts'
import type { LogReason } from '../verification.ts'
import { damaged } from './disk-failures.ts'
import { FRAME_BYTES_MAX, hasFrameAfter } from './frames.ts'
import { BlockBuilder } from './segment-index.ts'
import { SegmentScan } from './segment-scan.ts'
import type { Frame, SegmentFile } from './segment-scan.ts'

export interface Recovered {
  readonly header: SegmentHeader
  readonly head: LogHead
  /** Entries that the last checkpoint covers. */
  readonly covered: number
  /** Bytes of the file that hold whole records. */
  readonly bytes: number
  /** Bytes after them that a crash left. */
  readonly torn: number
  /** The index as it should be, and the block that is not full yet. */
  readonly blocks: readonly Buffer[]
  readonly builder: BlockBuilder
}

/** Most bytes that one unfinished write can have left. */
const TORN_BYTES_MAX = BATCH_MAX * FRAME_BYTES_MAX

/** Walks a segment. Undefined where not even its header is whole. `TC_LOG_DAMAGED`, `TC_LOG_UNREADABLE`. */
export const recoverSegment = async (segment: SegmentFile): Promise<Recovered | undefined> => {
  await using scan = await SegmentScan.open(segment.path)
  let walk: Walk | undefined
  for (;;) {
    const frames = await scan.next()
    if (frames.length === 0) break
    for (const frame of frames)
      if (walk === undefined) walk = beginWalk(segment, frame)
      else step(walk, segment, frame)
  }
  const sequence = walk?.head.size ?? segment.first
  const rest = await scan.rest(TORN_BYTES_MAX + 1)
  const isTorn = rest.length <= TORN_BYTES_MAX && !hasFrameAfter(rest, 0)
  if (rest.length > 0 && !isTorn)
    throw damaged({ path: segment.path, offset: scan.at, sequence, reason: scan.fault ?? 'bad-frame' })
  if (walk === undefined) return undefined
  return { ...walk, bytes: scan.at, torn: rest.length }
}

interface Walk {
  readonly header: SegmentHeader
  head: LogHead
  covered: number
  readonly blocks: Buffer[]
  readonly builder: BlockBuilder
}

const beginWalk = (segment: SegmentFile, { kind, bytes, offset }: Frame): Walk => {
  const decoded = segmentCodec.decode(bytes)
  const at = { path: segment.path, offset, sequence: segment.first }
  if (kind !== 'segment') throw damaged({ ...at, reason: 'no-header' })
  if (decoded.verdict !== 'accept') throw damaged({ ...at, reason: decoded.reason })
  const header = decoded.value
  if (!isWholeHeader(header) || header.first !== segment.first) throw damaged({ ...at, reason: 'wrong-shape' })
  return { header, head: headOfHeader(header), covered: header.first, blocks: [], builder: new BlockBuilder() }
}

/** Sequence and chain are checked here; the rest of an entry when it is read, and all of it by `verify`. */
const step = (walk: Walk, segment: SegmentFile, { kind, bytes, offset, next }: Frame): void => {
  const fail = (reason: LogReason): Error => damaged({ path: segment.path, offset, sequence: walk.head.size, reason })
  const { size, digest: previous, frontier } = walk.head
  if (kind === 'segment') throw fail('bad-frame')
  if (kind === 'checkpoint') {
    const decoded = checkpointCodec.decode(bytes)
    if (decoded.verdict !== 'accept') throw fail(decoded.reason)
    if (!fitsCheckpoint(decoded.value, { size, digest: previous, root: frontier.root() }))
      throw fail('checkpoint-mismatch')
    walk.covered = size
    return
  }
  const traits = traitsOf(bytes)
  if (traits === undefined) throw fail('wrong-shape')
  if (traits.sequence !== size) throw fail('sequence-gap')
  if (previous !== null && !equalBytes(bytes.subarray(PREVIOUS_AT, PREVIOUS_AT + previous.length), previous))
    throw fail('broken-chain')
  const digest = sha3(bytes)
  const tree = walk.builder.isEmpty ? [...frontier.nodes] : undefined
  frontier.push(merkleLeaf(digest))
  walk.head = { size: size + 1, digest, frontier }
  const block = walk.builder.add({ traits, digest, offset, next, tree })
  if (block !== undefined) walk.blocks.push(block)
}

/** Where the digest of the entry before stands in an entry that has one. */
const PREVIOUS_AT = 12
