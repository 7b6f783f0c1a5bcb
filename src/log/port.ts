/**
 * A log as the rest of the house sees it: somewhere that entries are appended to and read from. Two implementations, in memory
 * and in files, held to one conformance suite (`io/log-store.test-suite.ts`).
 *
 * Rules: docs/spec/log.md L-7, L-8, L-15.
 */
import type { LogHead } from './chain.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { LogDraft, LogFilter, SealedEntry } from './entry.ts'

export interface LogReader {
  /** Sequence of the first entry that is kept, and of the next one that will come. */
  extent(): Promise<{ readonly first: number; readonly size: number }>
  /** The entry of a sequence; undefined where it is dropped or has not come. */
  at(sequence: number): Promise<SealedEntry | undefined>
  /** The entry of a digest. */
  find(digest: Uint8Array): Promise<SealedEntry | undefined>
  /** What matches, oldest first, as far as the log reached when it was asked. */
  query(filter?: LogFilter): AsyncIterable<SealedEntry>
  /** As `query`, and then what comes, until the signal fires. Batches as they are found, so that a slow reader holds up nothing. */
  follow(filter: LogFilter, signal: AbortSignal): AsyncIterable<SealedEntry>
  /**
   * The proof of an entry for somebody else (`openEntryProof`), under the first checkpoint that covers it.
   * `TC_LOG_UNKNOWN_ENTRY`: no such entry. `TC_LOG_UNCOVERED`: no checkpoint covers it yet.
   */
  prove(digest: Uint8Array): Promise<Uint8Array>
}

export interface LogStore extends LogReader, AsyncDisposable {
  readonly head: LogHead
  /**
   * Appends at most `BATCH_MAX` drafts, all or none. Resolves when they are written; where one is `error` or `fatal`, when they are
   * durable. Calls take effect in their order.
   */
  append(drafts: readonly LogDraft[]): Promise<readonly SealedEntry[]>
  /** Resolves when all that was appended is durable. */
  sync(): Promise<void>
  /** Signs what there is, durably; undefined where there is nothing new since the last one. */
  checkpoint(): Promise<Checkpoint | undefined>
}
