/**
 * Bytes for things, things from bytes. Deterministic DAG-CBOR: one value has one encoding, and an encoding that is not
 * that one is refused, so that a hash names a thing and not one of its spellings.
 *
 * Source: RFC 8949 §4.2.1 (core deterministic encoding), the DAG-CBOR specification. Rules: docs/spec/encoding.md.
 */
import { decode as decodeStrict, encode as encodeStrict } from '@ipld/dag-cbor'
import { decode as decodeAny } from 'cborg'
import { accept, equalBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import type { Field } from './fields.ts'
import { DATA_DEPTH_MAX, isNestedDeeper } from './nesting.ts'
import { decodePlain } from './plain-decoder.ts'
import { encodePlain } from './plain-encoder.ts'

/** Why bytes were refused before anybody asked what they mean. */
export const CODEC_REASONS = ['too-large', 'malformed', 'non-canonical', 'wrong-shape'] as const
export type CodecReason = (typeof CODEC_REASONS)[number]

/** Deterministic DAG-CBOR of plain data: no `undefined`, no NaN or infinity. A value that has none is a bug. */
export const encodeData = (data: unknown): Uint8Array<ArrayBuffer> =>
  encodePlain(data) ?? new Uint8Array(encodeStrict(data))

/**
 * Data from bytes of anybody, at most `bytesMax` of them. `too-large`: longer, or nested deeper than `DATA_DEPTH_MAX`.
 * `malformed`: no CBOR that we know. `non-canonical`: CBOR, but not the one encoding of its value (long integers, indefinite
 * lengths, unsorted or repeated keys, needless floats).
 */
export const decodeData = (bytes: Uint8Array, bytesMax: number): Admission<unknown, CodecReason> => {
  if (bytes.length > bytesMax) return reject('too-large')
  const plain = decodePlain(bytes)
  if (plain !== undefined) return accept(plain.value)
  if (isNestedDeeper(bytes, DATA_DEPTH_MAX)) return reject('too-large')
  const strict = attempt(() => decodeStrict(bytes))
  if (strict === undefined) return reject(attempt(() => decodeLenient(bytes)) ? 'non-canonical' : 'malformed')
  const again = attempt(() => encodeStrict(strict.value))
  return again !== undefined && equalBytes(bytes, again.value) ? accept(strict.value) : reject('non-canonical')
}

/** Only tells a bad spelling from no CBOR at all; what it yields is thrown away. */
const decodeLenient = (bytes: Uint8Array): unknown =>
  decodeAny(bytes, { allowIndefinite: true, allowUndefined: true, useMaps: true, tags: { 42: (next) => next() } })

/** The decoders speak by throwing. */
const attempt = <T>(run: () => T): { readonly value: T } | undefined => {
  try {
    return { value: run() }
  } catch {
    return undefined
  }
}

/** Both directions of one wire shape, with its size limit. */
export interface Codec<T> {
  readonly bytesMax: number
  encode(value: T): Uint8Array<ArrayBuffer>
  decode(bytes: Uint8Array): Admission<T, CodecReason>
}

export const codecOf = <T>(field: Field<T>, bytesMax: number): Codec<T> => ({
  bytesMax,
  encode: (value) => encodeData(field.write(value)),
  decode: (bytes) => {
    const data = decodeData(bytes, bytesMax)
    if (data.verdict !== 'accept') return data
    const value = field.read(data.value)
    return value === undefined ? reject('wrong-shape') : accept(value)
  },
})
