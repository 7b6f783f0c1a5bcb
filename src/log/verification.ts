/**
 * Checks a log from its first kept record to its last, one record at a time, and names the first that is wrong. Memory does
 * not grow with the log: it holds the newest digest and the tree's frontier.
 *
 * Rules: docs/spec/log.md L-13. Not promised: entries after the last checkpoint are chained but under nobody's signature
 * (`uncovered` counts them), and a log that ends early at a checkpoint looks whole to who does not know a later one.
 */
import assert from 'node:assert/strict'
import { accept, equalBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS } from '../codec/index.ts'
import { MerkleFrontier, merkleLeaf, sha3 } from '../crypto/index.ts'
import { fitsCheckpoint, isSignedCheckpoint, openCheckpoint } from './checkpoint.ts'
import { isSurelyNext } from './entry-glance.ts'
import { openEntry } from './entry.ts'
import { headOfHeader, isWholeHeader, segmentCodec } from './segment.ts'
import type { SegmentHeader } from './segment.ts'

/** Why a log is not what its node wrote. The first four are of the file, the others of what stands in it. */
export const LOG_REASONS = [
  'bad-frame',
  'bad-checksum',
  'torn-tail',
  'no-header',
  ...CODEC_REASONS,
  'sequence-gap',
  'broken-chain',
  'wrong-log',
  'segment-gap',
  'checkpoint-mismatch',
  'bad-signature',
] as const
export type LogReason = (typeof LOG_REASONS)[number]

/** The three kinds of record that a segment holds. */
export const RECORD_KINDS = ['segment', 'entry', 'checkpoint'] as const
export type RecordKind = (typeof RECORD_KINDS)[number]

export interface LogRecord {
  readonly kind: RecordKind
  readonly bytes: Uint8Array
}

type Verdict = Admission<null, LogReason>
const GOOD: Verdict = accept(null)

/** Whose log it is said to be. Undefined: whoever its first header names. */
export interface LogOwner {
  readonly nodeId?: Uint8Array
  readonly networkId?: Uint8Array
}

export class LogVerifier {
  readonly #owner: LogOwner
  #header: SegmentHeader | undefined
  #frontier = new MerkleFrontier()
  #digest: Uint8Array | null = null
  #first = 0
  #covered = 0
  #checkpoints = 0

  constructor(owner: LogOwner = {}) {
    this.#owner = owner
  }

  /** The next entry's sequence: where a refusal stands. */
  get size(): number {
    return this.#frontier.size
  }

  /** The first entry that is kept. */
  get first(): number {
    return this.#first
  }

  /** Digest of the last good entry. */
  get digest(): Uint8Array | null {
    return this.#digest
  }

  get checkpoints(): number {
    return this.#checkpoints
  }

  /** Entries after the last checkpoint. */
  get uncovered(): number {
    return this.#frontier.size - this.#covered
  }

  /** The log's owner by its first header. */
  get header(): SegmentHeader | undefined {
    return this.#header
  }

  /** Takes the next record. After a refusal nothing more may be asked of it but where it stands. */
  take({ kind, bytes }: LogRecord): Verdict {
    if (kind === 'segment') return this.#takeHeader(bytes)
    if (this.#header === undefined) return reject('no-header')
    return kind === 'entry' ? this.#takeEntry(bytes) : this.#takeCheckpoint(bytes)
  }

  #takeEntry(bytes: Uint8Array): Verdict {
    if (!isSurelyNext(bytes, this.#frontier.size, this.#digest)) {
      const opened = openEntry(bytes)
      if (opened.verdict !== 'accept') return opened
      const { entry } = opened.value
      if (entry.sequence !== this.#frontier.size) return reject('sequence-gap')
      if (!equalMaybe(entry.previous, this.#digest)) return reject('broken-chain')
    }
    this.#digest = sha3(bytes)
    this.#frontier.push(merkleLeaf(this.#digest))
    return GOOD
  }

  #takeCheckpoint(bytes: Uint8Array): Verdict {
    const opened = openCheckpoint(bytes)
    if (opened.verdict !== 'accept') return opened
    const { nodeId, networkId } = opened.value
    if (!this.#isOwner({ nodeId, networkId })) return reject('wrong-log')
    if (!fitsCheckpoint(opened.value, this.#state())) return reject('checkpoint-mismatch')
    this.#covered = this.#frontier.size
    this.#checkpoints += 1
    return GOOD
  }

  #takeHeader(bytes: Uint8Array): Verdict {
    const decoded = segmentCodec.decode(bytes)
    if (decoded.verdict !== 'accept') return decoded
    const header = decoded.value
    if (!isWholeHeader(header)) return reject('wrong-shape')
    if (!this.#isOwner(header)) return reject('wrong-log')
    if (this.#header === undefined) this.#begin(header)
    else if (!this.#goesOn(header)) return reject('segment-gap')
    const [checkpoint] = header.checkpoint
    if (checkpoint === undefined) return GOOD
    if (!this.#isOwner(checkpoint)) return reject('wrong-log')
    if (!isSignedCheckpoint(checkpoint)) return reject('bad-signature')
    if (!fitsCheckpoint(checkpoint, this.#state())) return reject('checkpoint-mismatch')
    this.#covered = this.#frontier.size
    this.#checkpoints += 1
    return GOOD
  }

  #begin(header: SegmentHeader): void {
    const head = headOfHeader(header)
    this.#header = header
    this.#first = head.size
    this.#digest = head.digest
    this.#frontier = head.frontier
    this.#covered = head.size
  }

  /** A later segment begins where the one before it ended. */
  #goesOn({ first, previous, frontier }: SegmentHeader): boolean {
    const nodes = this.#frontier.nodes
    return (
      first === this.#frontier.size &&
      equalMaybe(previous, this.#digest) &&
      frontier.every((node, index) => equalMaybe(node, nodes[index] ?? null))
    )
  }

  #isOwner({ nodeId, networkId }: { readonly nodeId: Uint8Array; readonly networkId: Uint8Array }): boolean {
    const { nodeId: node = this.#header?.nodeId, networkId: network = this.#header?.networkId } = this.#owner
    return (node === undefined || equalBytes(node, nodeId)) && (network === undefined || equalBytes(network, networkId))
  }

  #state(): { readonly size: number; readonly root: Uint8Array; readonly digest: Uint8Array | null } {
    assert(this.#header !== undefined)
    return { size: this.#frontier.size, root: this.#frontier.root(), digest: this.#digest }
  }
}

const equalMaybe = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : equalBytes(a, b)
