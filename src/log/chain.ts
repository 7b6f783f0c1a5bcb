/**
 * The growing end of a log as plain data, and the one way to lengthen it: entries in, head out, nothing touched. Who writes
 * them to a disk takes the new head only when that has worked.
 *
 * Rules: docs/spec/log.md L-5, L-9.
 */
import { MerkleFrontier, merkleLeaf, sha3 } from '../crypto/index.ts'
import { encodeEntry } from './entry-bytes.ts'
import type { LogDraft, LogEntry, SealedEntry } from './entry.ts'

/** Where a log ends. */
export interface LogHead {
  /** Entries so far, those that were dropped included: the next one's sequence. */
  readonly size: number
  /** Digest of the newest entry; null where there is none yet. */
  readonly digest: Uint8Array | null
  /** The tree over all digests. Nobody pushes into a head's own; `copy` it. */
  readonly frontier: MerkleFrontier
}

export const emptyHead = (): LogHead => ({ size: 0, digest: null, frontier: new MerkleFrontier() })

/** Most drafts that are appended in one go, so that one batch is a write of bounded size. */
export const BATCH_MAX = 4096

/** Nodes of a frontier, largest subtree first. */
export type Tree = readonly Uint8Array[]

/**
 * The entries that `drafts` become after `head`, and the head after them; and where `marks` are given, the trees before the entries that are
 * a multiple of `every` after `from`. Drafts over their limits are asserted bugs.
 */
export const appendTo = (
  head: LogHead,
  drafts: readonly LogDraft[],
  marks?: { readonly from: number; readonly every: number },
): { readonly entries: readonly SealedEntry[]; readonly head: LogHead; readonly trees: readonly Tree[] } => {
  const frontier = head.frontier.copy()
  const trees: Tree[] = []
  let { size, digest } = head
  const entries = drafts.map(({ level, type, time, message, payload }): SealedEntry => {
    const entry: LogEntry = { sequence: size, previous: digest, level, type, time, message, payload }
    if (marks !== undefined && (size - marks.from) % marks.every === 0) trees.push([...frontier.nodes])
    const bytes = encodeEntry(entry)
    digest = sha3(bytes)
    size += 1
    frontier.push(merkleLeaf(digest))
    return { entry, bytes, digest }
  })
  return { entries, head: { size, digest, frontier }, trees }
}
