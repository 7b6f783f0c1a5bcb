/**
 * The draw of rendezvous hashing: 64 bits for a key and a node that everybody computes alike. Key and id are each hashed once;
 * what is done for every pair of them is some dozens of operations on 32-bit words, because a choice among ten thousand
 * nodes makes ten thousand pairs.
 *
 * Source: the rounds are those of C. Wellons' `lowbias32` (hash-prospector, 2018), one for each word of the name and one more,
 * keyed before each with a word of the key's digest. Rules: docs/spec/crypto.md C-10, C-17; why: docs/adr/0010-a-draw-of-words.md.
 * Not promised: this is a mixer and no cipher. It is safe because neither input can be chosen: a name is a hash, and the
 * words of a key are not known while names are still searched for.
 */
import { domainDigest } from './hash.ts'

const NAME_DOMAIN = 'truechimer/rendezvous-name/1'
const KEY_DOMAIN = 'truechimer/rendezvous-key/1'
/** 32-bit words of a node's name. */
export const NAME_WORDS = 4

/** Multipliers of lowbias32. */
const FIRST = 0x7f_eb_35_2d
const SECOND = 0x84_6c_a6_8b

/** Four words that stand for a node, or half of the words that stand for a key: signed 32-bit numbers. */
export interface Words {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}

/** 64 bits in two halves, each 0 to 2^32 − 1. */
export interface Draw {
  readonly high: number
  readonly low: number
}

/** What a key brings to every draw. */
export interface DrawKey {
  readonly high: Words
  readonly low: Words
}

/** 32 bits, big end first, signed. */
const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)

const wordsAt = (bytes: Uint8Array, at: number): Words => ({
  a: wordAt(bytes, at),
  b: wordAt(bytes, at + 4),
  c: wordAt(bytes, at + 8),
  d: wordAt(bytes, at + 12),
})

/** A node's name: the first 16 bytes of its id's digest, as four words, big end first. */
export const drawName = (id: Uint8Array): Words => wordsAt(domainDigest(NAME_DOMAIN, id), 0)

/** A key's words: its digest, big end first. */
export const drawKey = (key: Uint8Array): DrawKey => {
  const digest = domainDigest(KEY_DOMAIN, key)
  return { high: wordsAt(digest, 0), low: wordsAt(digest, 4 * NAME_WORDS) }
}

/** Five rounds over a name under four words of a key; 0 to 2^32 − 1. */
export const mix = (name: Words, key: Words): number => {
  let h = name.a ^ key.a
  h = Math.imul(h ^ (h >>> 16), FIRST) ^ ((name.b + key.b) | 0)
  h = Math.imul(h ^ (h >>> 15), SECOND) ^ ((name.c + key.c) | 0)
  h = Math.imul(h ^ (h >>> 16), FIRST) ^ ((name.d + key.d) | 0)
  h = Math.imul(h ^ (h >>> 15), SECOND)
  h = Math.imul(h ^ (h >>> 16), FIRST)
  return (h ^ (h >>> 15)) >>> 0
}

/** The draw of a node for a key. */
export const drawOf = (name: Words, key: DrawKey): Draw => ({ high: mix(name, key.high), low: mix(name, key.low) })

/**
 * `count` names lie one behind the other in `names`, `NAME_WORDS` each. Writes into `rows` the place of each whose draw's
 * upper half is at least 2^32 − 1 − its limit, and returns how many there are. The same arithmetic as `mix`, kept in one
 * loop without objects: it is where the time of a choice goes.
 */
export const scanDraws = (options: {
  readonly names: Int32Array
  readonly count: number
  readonly key: Words
  readonly limits: Uint32Array
  readonly rows: Uint32Array
}): number => {
  const { names, count, limits, rows } = options
  const { a, b, c, d } = options.key
  let found = 0
  for (let row = 0, at = 0; row < count; row += 1, at += NAME_WORDS) {
    let h = (names[at] ?? 0) ^ a
    h = Math.imul(h ^ (h >>> 16), FIRST) ^ (((names[at + 1] ?? 0) + b) | 0)
    h = Math.imul(h ^ (h >>> 15), SECOND) ^ (((names[at + 2] ?? 0) + c) | 0)
    h = Math.imul(h ^ (h >>> 16), FIRST) ^ (((names[at + 3] ?? 0) + d) | 0)
    h = Math.imul(h ^ (h >>> 15), SECOND)
    h = Math.imul(h ^ (h >>> 16), FIRST)
    if (~(h ^ (h >>> 15)) >>> 0 > (limits[row] ?? 0)) continue
    rows[found] = row
    found += 1
  }
  return found
}
