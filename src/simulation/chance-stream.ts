/**
 * The simulator's chance: one stream for each concern, named, so that one more draw in one place changes no other place.
 * Integers only, the same on every machine: xoshiro128++ (Blackman and Vigna 2019), seeded through SHA3 by the run's seed and
 * the stream's name. Never for keys or challenges. Rule: docs/spec/simulation.md Z-2.
 */
import assert from 'node:assert/strict'
import type { Random } from '../base/index.ts'
import { sha3 } from '../crypto/index.ts'

const WORD_SPAN = 2 ** 32

export class ChanceStream {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param name what is drawn, for example `link 3`; streams of other names or seeds have nothing in common. */
  constructor(seed: number, name: string) {
    const digest = sha3(new TextEncoder().encode(`truechimer/simulation ${seed} ${name}`))
    const view = new DataView(digest.buffer)
    // An odd word keeps the state from being all zeros, in which the generator would stay.
    this.#a = view.getInt32(0) | 1
    this.#b = view.getInt32(4)
    this.#c = view.getInt32(8)
    this.#d = view.getInt32(12)
  }

  /** A whole number of 32 bits, >= 0. */
  word(): number {
    const sum = (this.#a + this.#d) | 0
    const out = (((sum << 7) | (sum >>> 25)) + this.#a) | 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return out >>> 0
  }

  /** A whole number in [0, below), 1 <= below <= 2^32. Off from even by less than below / 2^32. */
  below(below: number): number {
    assert(Number.isSafeInteger(below) && below >= 1 && below <= WORD_SPAN)
    return Math.floor((this.word() * below) / WORD_SPAN)
  }

  /** A whole number in [from, to], both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  /** A number in [0, 1) of 32 bits. */
  unit(): number {
    return this.word() / WORD_SPAN
  }

  /** True once in a million, `perMillion` times over. */
  happens(perMillion: number): boolean {
    return this.word() < perMillion * (WORD_SPAN / 1_000_000)
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    assert(item !== undefined)
    return item
  }

  /** All of them in an order of chance (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items]
    for (let i = out.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1)
      const [a, b] = [out[i], out[j]]
      if (a === undefined || b === undefined) continue
      out[i] = b
      out[j] = a
    }
    return out
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i += 1) bytes[i] = this.word() & 0xff
    return bytes
  }

  /** As the port that cores take, for oscillators. */
  random(): Random {
    return { bytes: (length) => this.bytes(length) }
  }
}
