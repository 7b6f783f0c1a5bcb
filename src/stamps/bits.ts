/**
 * Numbers in as few bits as they take, and sets as fields of bits: for what a proof has a hundred of. Lowest bit first in both. Pure, with
 * one spelling for each value: who reads writes again and compares.
 */
import assert from 'node:assert/strict'

/** Bit i of byte ⌊i / 8⌋ for each of `places`; no byte after the last that is set. Places are whole and >= 0. */
export const fieldOfPlaces = (places: readonly number[]): Uint8Array => {
  const field = new Uint8Array(places.length === 0 ? 0 : Math.floor(Math.max(...places) / 8) + 1)
  for (const place of places) field[Math.floor(place / 8)] = (field[Math.floor(place / 8)] ?? 0) | (1 << (place % 8))
  return field
}

/** The places that are set, rising. */
export const placesOfField = (field: Uint8Array): readonly number[] =>
  [...field].flatMap((byte, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte & (1 << bit)) !== 0).map((bit) => 8 * i + bit),
  )

/** How many bits the greatest takes. All are >= 0. */
export const bitsOf = (values: readonly bigint[]): number =>
  values.reduce((most, value) => (value === 0n ? most : Math.max(most, value.toString(2).length)), 0)

/** Each in `bits` bits, the first lowest, in as many whole bytes as that takes. Each is >= 0 and below 2^bits. */
export const packBits = (values: readonly bigint[], bits: number): Uint8Array => {
  assert(values.every((value) => value >= 0n && value >> BigInt(bits) === 0n))
  const packed = new Uint8Array(Math.ceil((values.length * bits) / 8))
  for (const [i, value] of values.entries())
    for (let bit = 0; bit < bits; bit += 1) {
      const at = i * bits + bit
      if ((value >> BigInt(bit)) & 1n) packed[at >> 3] = (packed[at >> 3] ?? 0) | (1 << (at & 7))
    }
  return packed
}

/** `count` values of `bits` bits; what is missing reads as zero. */
export const unpackBits = (
  packed: Uint8Array,
  { count, bits }: { readonly count: number; readonly bits: number },
): readonly bigint[] =>
  Array.from({ length: count }, (_, i) => {
    let value = 0n
    for (let bit = bits - 1; bit >= 0; bit -= 1) {
      const at = i * bits + bit
      value = (value << 1n) | BigInt(((packed[at >> 3] ?? 0) >> (at & 7)) & 1)
    }
    return value
  })
