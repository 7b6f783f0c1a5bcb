/**
 * Who votes at a height, and with what weight: an ordered list whose order everybody computes alike, so that an index names a
 * validator in a commit. Source: DESIGN §5.5.
 */
import assert from 'node:assert/strict'
import { bytesOfHex, equalBytes, hexOf } from '../base/index.ts'

/** Validators of one height at most. */
export const VALIDATORS_MAX = 1024

export interface Validator {
  /** Node id as text (crypto/node-id.ts). */
  readonly id: string
  /** Ed25519 key, 32 bytes. */
  readonly key: Uint8Array
  /** Vote weight, > 0; parts per billion of a whole voice (standing/). */
  readonly weight: bigint
}

/** The first six bytes of a key as a number; what is missing counts as zero. */
const startOf = (key: Uint8Array): number => {
  let start = 0
  for (let i = 0; i < 6; i += 1) start = start * 256 + (key[i] ?? 0)
  return start
}

/** By key, rising byte by byte. Keys differ. Immutable. */
export class ValidatorSet {
  readonly list: readonly Validator[]
  /** Sum of all weights. */
  readonly total: bigint
  /** Places by the first bytes of the key: a vote's author is looked up without writing its key as text. */
  readonly #places = new Map<number, number[]>()

  constructor(validators: readonly Validator[]) {
    assert(validators.length <= VALIDATORS_MAX && validators.every(({ weight }) => weight > 0n))
    const byName = validators.map((validator) => ({ name: hexOf(validator.key), validator }))
    byName.sort((a, b) => (a.name < b.name ? -1 : 1))
    this.list = byName.map(({ validator }) => validator)
    this.total = validators.reduce((sum, { weight }) => sum + weight, 0n)
    assert.equal(new Set(byName.map(({ name }) => name)).size, validators.length, 'a validator is named twice')
    for (const [index, { key }] of this.list.entries()) {
      const start = startOf(key)
      this.#places.set(start, [...(this.#places.get(start) ?? []), index])
    }
  }

  get size(): number {
    return this.list.length
  }

  at(index: number): Validator | undefined {
    return this.list[index]
  }

  /** Its place in the list, or undefined where this key does not vote. */
  indexOf(key: Uint8Array): number | undefined {
    const places = this.#places.get(startOf(key))
    return places?.find((place) => {
      const validator = this.list[place]
      return validator !== undefined && equalBytes(validator.key, key)
    })
  }

  /** Is this more than two thirds of all weight? */
  isQuorum(weight: bigint): boolean {
    return 3n * weight > 2n * this.total
  }

  /** Is this more than a third of all weight, so that one of them is honest where less than a third is faulty? */
  isOverThird(weight: bigint): boolean {
    return 3n * weight > this.total
  }
}

/** A block's id is the digest of its header, 32 bytes; inside the program it is written as 64 hex digits, so that it can be a key. */
export type BlockId = string

export const blockIdOfBytes = (bytes: Uint8Array): BlockId => hexOf(bytes)

/** The 32 bytes of an id of ours; anything else is a bug. */
export const bytesOfBlockId = (id: BlockId): Uint8Array => {
  const bytes = bytesOfHex(id)
  assert(bytes !== undefined && bytes.length === 32)
  return bytes
}
