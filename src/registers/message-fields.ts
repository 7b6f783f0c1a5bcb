/**
 * Fields that the messages of registers, time maps and execution share, and the first of each: its version. Bytes of a
 * version that is not known are `unknown-message-version`, ignored: a newer node is not to blame for being newer.
 *
 * Rules: docs/spec/network.md N-80 to N-82; docs/spec/encoding.md E-5 (tuples, limits, no null).
 */
import { TAI_MAX, accept, ignore, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS, decodeData, encodeData, fixedBytes, int64, list, text, uint } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'

/** Why the bytes of a message were refused, before any room asks what it means. */
export const MESSAGE_REASONS = [...CODEC_REASONS, 'unknown-message-version'] as const
export type MessageReason = (typeof MESSAGE_REASONS)[number]

/** Highest version that bytes may name at all. */
const VERSION_MAX = 65_535

/** Both directions of one message: `[version, fields]`. */
export interface MessageCodec<T> {
  readonly bytesMax: number
  encode(message: T): Uint8Array<ArrayBuffer>
  /** The shape-level validator. Never throws. */
  decode(bytes: Uint8Array): Admission<T, MessageReason>
}

/** @param fields what stands behind the version, as one field (a tuple). */
export const messageCodecOf = <T>(version: number, fields: Field<T>, bytesMax: number): MessageCodec<T> => ({
  bytesMax,
  encode: (message) => encodeData([version, fields.write(message)]),
  decode: (given) => {
    const data = decodeData(given, bytesMax)
    if (data.verdict !== 'accept') return data
    if (!Array.isArray(data.value) || data.value.length < 2) return reject('wrong-shape')
    const [named, body]: readonly unknown[] = data.value
    const said = uint({ min: 1, max: VERSION_MAX }).read(named)
    if (said === undefined) return reject('wrong-shape')
    if (said !== version) return ignore('unknown-message-version')
    const message = data.value.length === 2 ? fields.read(body) : undefined
    return message === undefined ? reject('wrong-shape') : accept(message)
  },
})

/** One, or none: written as a list of at most one, since nothing is written as null (E-5). */
export const optional = <T extends object | string | number | bigint>(field: Field<T>): Field<T | 'none'> => {
  const inner = list(field, 1)
  return {
    write: (value) => inner.write(value === 'none' ? [] : [value]),
    read: (data) => {
      const values = inner.read(data)
      return values === undefined ? undefined : (values[0] ?? 'none')
    },
  }
}

/** A list whose items rise by `keyOf`, compared as text: each at most once, and one spelling of a set. */
export const ascending = <T>(item: Field<T>, itemsMax: number, keyOf: (value: T) => string): Field<readonly T[]> => {
  const inner = list(item, itemsMax)
  return {
    write: (values) => inner.write(values),
    read: (data) => {
      const values = inner.read(data)
      if (values === undefined) return undefined
      const keys = values.map(keyOf)
      return keys.every((key, index) => index === 0 || (keys[index - 1] ?? '') < key) ? values : undefined
    },
  }
}

/** A list with at least one item. */
export const someOf = <T>(item: Field<T>, itemsMax: number): Field<readonly T[]> => {
  const inner = list(item, itemsMax)
  return {
    write: (values) => inner.write(values),
    read: (data) => {
      const values = inner.read(data)
      return values === undefined || values.length === 0 ? undefined : values
    },
  }
}

/** A number of a block, from 0. */
export const height: Field<number> = uint()
/** The id of a chain, a hash or a commitment: 32 bytes. */
export const digest: Field<Uint8Array> = fixedBytes(32)
/** An instant, TAI ns from 1970 on. */
export const instant: Field<bigint> = int64({ min: 0n, max: TAI_MAX })

const REASON = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
/** Longest reason that a message may give, characters. */
export const REASON_LENGTH_MAX = 64
/** Why something was refused or failed, in kebab-case; empty where it was not. */
export const reason: Field<string> = {
  write: (value) => value,
  read: (data) => {
    const said = text(REASON_LENGTH_MAX).read(data)
    return said === '' || (said !== undefined && REASON.test(said)) ? said : undefined
  },
}
