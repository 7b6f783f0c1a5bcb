/**
 * Which sequences of an author have been heard: a bitmap that slides with the highest, so that messages may overtake each
 * other and none is heard twice. What fell behind the window counts as heard.
 *
 * Source: RFC 6479 (a ring of words, so that sliding clears words and shifts nothing). Numbers only, no bigint.
 * Not promised: an author that the bounded memory has forgotten can be replayed once more; members are never forgotten for
 * strangers (docs/spec/network.md N-74).
 */
import assert from 'node:assert/strict'
import { BoundedMap } from '../base/index.ts'

/** How far below the highest sequence an envelope may arrive and still be heard. */
export const REPLAY_WINDOW = 2048
const WORD_BITS = 32
/** One word more than the window, since the highest word is filled bit by bit. */
const WORDS = REPLAY_WINDOW / WORD_BITS + 1

export const REPLAY_REASONS = ['replayed', 'behind-window'] as const
export type ReplayReason = (typeof REPLAY_REASONS)[number]

/** Sequences of one author, 1 to 2^53 − 1. 260 bytes. */
export class ReplayWindow {
  readonly #words = new Uint32Array(WORDS)
  #highest = 0

  /** The highest sequence heard; 0 before the first. */
  get highest(): number {
    return this.#highest
  }

  /** Why this sequence would not be heard, or nothing. */
  fault(sequence: number): ReplayReason | undefined {
    assert(Number.isSafeInteger(sequence) && sequence >= 1)
    if (sequence > this.#highest) return undefined
    if (this.#highest - sequence >= REPLAY_WINDOW) return 'behind-window'
    const word = this.#words[Math.floor(sequence / WORD_BITS) % WORDS] ?? 0
    return (word & (1 << (sequence % WORD_BITS))) === 0 ? undefined : 'replayed'
  }

  /** Hears it, where nothing is in the way. */
  take(sequence: number): ReplayReason | undefined {
    const fault = this.fault(sequence)
    if (fault !== undefined) return fault
    const at = Math.floor(sequence / WORD_BITS)
    const before = Math.floor(this.#highest / WORD_BITS)
    for (let word = Math.max(before, at - WORDS) + 1; word <= at; word += 1) this.#words[word % WORDS] = 0
    this.#highest = Math.max(this.#highest, sequence)
    const index = at % WORDS
    this.#words[index] = (this.#words[index] ?? 0) | (1 << (sequence % WORD_BITS))
    return undefined
  }
}

/** Authors remembered: those who must not be forgotten, and others. About 400 bytes each. */
export const MEMBERS_REMEMBERED_MAX = 16_384
export const STRANGERS_REMEMBERED_MAX = 4096

/** The windows of all authors, by node id. Where there are too many, the one longest silent is forgotten. */
export class ReplayWindows {
  readonly #isMember: (author: string) => boolean
  readonly #members: BoundedMap<string, ReplayWindow>
  readonly #strangers: BoundedMap<string, ReplayWindow>

  constructor(options: {
    readonly isMember: (author: string) => boolean
    readonly membersMax?: number
    readonly strangersMax?: number
  }) {
    this.#isMember = options.isMember
    this.#members = new BoundedMap(options.membersMax ?? MEMBERS_REMEMBERED_MAX)
    this.#strangers = new BoundedMap(options.strangersMax ?? STRANGERS_REMEMBERED_MAX)
  }

  /** Authors remembered. */
  get size(): number {
    return this.#members.size + this.#strangers.size
  }

  /** Why this would not be heard, or nothing. Remembers nobody. */
  fault(author: string, sequence: number): ReplayReason | undefined {
    return this.#shelfOf(author).get(author)?.fault(sequence)
  }

  /** Hears it, where nothing is in the way. Only for envelopes whose signature is true. */
  take(author: string, sequence: number): ReplayReason | undefined {
    const shelf = this.#shelfOf(author)
    const window = shelf.get(author) ?? new ReplayWindow()
    const fault = window.take(sequence)
    shelf.set(author, window)
    return fault
  }

  #shelfOf(author: string): BoundedMap<string, ReplayWindow> {
    return this.#isMember(author) ? this.#members : this.#strangers
  }
}
