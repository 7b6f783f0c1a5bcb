/**
 * Wire shapes, described once and used both ways. A signed thing is a tuple of fields; each field says how its value is
 * written as DAG-CBOR data and which data it accepts back, with every length and range limited.
 *
 * Decoding returns `undefined` for data that is not of the shape: the caller turns that into its own documented reason.
 */
import { CID } from 'multiformats/cid'
import { TAI_MAX, TAI_MIN } from '../base/index.ts'
import { isOurCid } from './cid.ts'

/** How a value is written and read back. `read` returns undefined where the data does not fit, and never throws. */
export interface Field<T> {
  write(value: T): unknown
  read(data: unknown): T | undefined
}

const isInteger = (data: unknown): data is number | bigint => typeof data === 'bigint' || Number.isSafeInteger(data)

/** Exactly `length` bytes. */
export const fixedBytes = (length: number): Field<Uint8Array> => ({
  write: (value) => value,
  read: (data) => (data instanceof Uint8Array && data.length === length ? data : undefined),
})

/** Between 0 and `lengthMax` bytes. */
export const bytes = (lengthMax: number): Field<Uint8Array> => ({
  write: (value) => value,
  read: (data) => (data instanceof Uint8Array && data.length <= lengthMax ? data : undefined),
})

/** Text of at most `lengthMax` UTF-16 units. */
export const text = (lengthMax: number): Field<string> => ({
  write: (value) => value,
  read: (data) => (typeof data === 'string' && data.length <= lengthMax ? data : undefined),
})

/** One of a few words. */
export const word = <const W extends string>(words: readonly W[]): Field<W> => ({
  write: (value) => value,
  read: (data) => words.find((one) => one === data),
})

/** A whole number, by default 0 <= n <= 2^53 − 1, as a JavaScript number; limits never reach beyond that. */
export const uint = (limits: { readonly min?: number; readonly max?: number } = {}): Field<number> => {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits
  return {
    write: (value) => value,
    read: (data) =>
      typeof data === 'number' && Number.isSafeInteger(data) && data >= min && data <= max ? data : undefined,
  }
}

/** A signed 64-bit integer as a bigint; CBOR's shortest form, so small values are written as small integers. */
export const int64 = (limits: { readonly min?: bigint; readonly max?: bigint } = {}): Field<bigint> => {
  const { min = TAI_MIN, max = TAI_MAX } = limits
  return {
    write: (value) => value,
    read: (data) => {
      if (!isInteger(data)) return undefined
      const value = BigInt(data)
      return value >= min && value <= max ? value : undefined
    },
  }
}

/** A content address of ours: CIDv1, dag-cbor, SHA3-256 (CBOR tag 42). */
export const link: Field<CID> = {
  write: (value) => value,
  read: (data) => {
    const cid = CID.asCID(data)
    return cid !== null && isOurCid(cid) ? cid : undefined
  },
}

/** Between 0 and `itemsMax` items of one shape. */
export const list = <T>(item: Field<T>, itemsMax: number): Field<readonly T[]> => ({
  write: (values) => values.map((value) => item.write(value)),
  read: (data) => {
    if (!Array.isArray(data) || data.length > itemsMax) return undefined
    const items: T[] = []
    for (const element of data) {
      const value = item.read(element)
      if (value === undefined) return undefined
      items.push(value)
    }
    return items
  },
})

/** Named fields, written as an array in the order of `shape`'s keys: names cost no bytes and cannot be reordered. */
export const tuple = <T extends object>(shape: { readonly [K in keyof T]: Field<T[K]> }): Field<Readonly<T>> => {
  // A mapped type's entries: the compiler types them as unknown, though `shape` says what they are.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const entries = Object.entries(shape) as unknown as readonly (readonly [keyof T, Field<T[keyof T]>])[]
  return {
    write: (value) => entries.map(([name, field]) => field.write(value[name])),
    read: (data) => {
      if (!Array.isArray(data) || data.length !== entries.length) return undefined
      const value: Partial<T> = {}
      let index = 0
      for (const [name, field] of entries) {
        const part = field.read(data[index])
        if (part === undefined) return undefined
        value[name] = part
        index += 1
      }
      // Every key of `shape` has been set.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return value as T
    },
  }
}
