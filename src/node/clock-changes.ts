/**
 * The changes of a clock, for whoever iterates over them. A reader that is slow gets what has changed since, folded into one,
 * with the clock as it is then: what is kept for a reader never grows, and what it is told is never old.
 */
import { ChimerError } from '../base/index.ts'

/** status: the clock's status is another. sources: a source's state or reason is another. reading: a source has spoken. */
export const CLOCK_CHANGE_KINDS = ['status', 'sources', 'reading'] as const
export type ClockChangeKind = (typeof CLOCK_CHANGE_KINDS)[number]

/** Iterations at a time over one clock's changes. */
export const CLOCK_READERS_MAX = 1024

/** What a reader has not been told yet. */
export interface News {
  /** What has changed, each kind once. All kinds at first. */
  readonly kinds: readonly ClockChangeKind[]
  /** How many changes are told as this one, >= 1. */
  readonly changes: number
}

class Reader {
  #kinds = new Set<ClockChangeKind>(CLOCK_CHANGE_KINDS)
  #changes = 1
  #isClosed = false
  #wake: () => void = () => {}

  note(kind: ClockChangeKind): void {
    this.#kinds.add(kind)
    this.#changes += 1
    this.#wake()
  }

  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  /** Nothing once it is closed. */
  async next(): Promise<News | undefined> {
    while (!this.#isClosed && this.#changes === 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    if (this.#isClosed) return undefined
    const news = { kinds: CLOCK_CHANGE_KINDS.filter((kind) => this.#kinds.has(kind)), changes: this.#changes }
    this.#kinds = new Set()
    this.#changes = 0
    return news
  }
}

export class ChangeFeed {
  readonly #readers = new Set<Reader>()
  #isClosed = false

  note(kind: ClockChangeKind): void {
    for (const reader of this.#readers) reader.note(kind)
  }

  /** Ends every iteration. */
  close(): void {
    this.#isClosed = true
    for (const reader of this.#readers) reader.close()
  }

  /**
   * What changes, from the first step on; the first is told at once. Ends when the feed is closed or `signal` is aborted.
   * `TC_CLOCK_BUSY` where too many iterate.
   */
  async *read(signal?: AbortSignal): AsyncGenerator<News, void, undefined> {
    if (this.#isClosed || signal?.aborted === true) return
    if (this.#readers.size >= CLOCK_READERS_MAX)
      throw new ChimerError('TC_CLOCK_BUSY', `${CLOCK_READERS_MAX} iterations are under way: end those not needed.`)
    const reader = new Reader()
    const onAbort = (): void => reader.close()
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#readers.add(reader)
    try {
      for (let news = await reader.next(); news !== undefined; news = await reader.next()) yield news
    } finally {
      this.#readers.delete(reader)
      signal?.removeEventListener('abort', onAbort)
    }
  }
}
