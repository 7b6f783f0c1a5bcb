/**
 * What a segment of a log begins with: whose log it is, and all that is needed to go on checking from here when everything
 * before has been dropped: the newest digest, the tree's frontier, and the node's signature under both.
 *
 * Rules: docs/spec/log.md L-6, L-12.
 */
import { codecOf, fixedBytes, list, tuple, uint, word } from '../codec/index.ts'
import { DIGEST_BYTES, MERKLE_LEAVES_MAX, MerkleFrontier, PUBLIC_KEY_BYTES, frontierLength } from '../crypto/index.ts'
import type { LogHead } from './chain.ts'
import { checkpointField } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { maybeDigest } from './entry.ts'

/** Full subtrees of a tree of less than 2^32 leaves. */
const FRONTIER_MAX = 32

export interface SegmentHeader {
  readonly kind: 'truechimer-log-segment'
  readonly version: number
  readonly networkId: Uint8Array
  readonly nodeId: Uint8Array
  /** Sequence of its first entry. */
  readonly first: number
  /** Digest of the entry before; null where `first` is 0. */
  readonly previous: Uint8Array | null
  /** Of the tree of all entries before. */
  readonly frontier: readonly Uint8Array[]
  /** Signed over all entries before; empty where there are none. */
  readonly checkpoint: readonly Checkpoint[]
}

export const segmentCodec = codecOf(
  tuple<SegmentHeader>({
    kind: word(['truechimer-log-segment']),
    version: uint({ min: 1, max: 1 }),
    networkId: fixedBytes(DIGEST_BYTES),
    nodeId: fixedBytes(PUBLIC_KEY_BYTES),
    first: uint({ max: MERKLE_LEAVES_MAX }),
    previous: maybeDigest,
    frontier: list(fixedBytes(DIGEST_BYTES), FRONTIER_MAX),
    checkpoint: list(checkpointField, 1),
  }),
  2048,
)

/** Do the parts of a header go together? Bytes of anybody. */
export const isWholeHeader = ({ first, previous, frontier, checkpoint }: SegmentHeader): boolean =>
  frontier.length === frontierLength(first) &&
  (previous === null) === (first === 0) &&
  checkpoint.length === (first === 0 ? 0 : 1)

/** Where the log stood when this segment was begun. */
export const headOfHeader = ({ first, previous, frontier }: SegmentHeader): LogHead => ({
  size: first,
  digest: previous,
  frontier: new MerkleFrontier({ size: first, nodes: frontier }),
})

export const headerOf = (
  owner: { readonly networkId: Uint8Array; readonly nodeId: Uint8Array },
  head: LogHead,
  checkpoint: Checkpoint | undefined,
): SegmentHeader => ({
  kind: 'truechimer-log-segment',
  version: 1,
  networkId: owner.networkId,
  nodeId: owner.nodeId,
  first: head.size,
  previous: head.digest,
  frontier: head.frontier.nodes,
  checkpoint: checkpoint === undefined ? [] : [checkpoint],
})
