/** What every message's codec is held to, and the values that tests make messages of. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { cidOfDigest, decodeData, encodeData } from '../codec/index.ts'
import type { CID } from '../codec/index.ts'
import { TAI_MAX } from '../base/index.ts'
import type { MessageCodec } from './index.ts'

/** The address of nothing in particular. */
export const cid = (byte: number): CID => cidOfDigest(new Uint8Array(32).fill(byte))
export const bytes32 = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

/** A plain object with these fields. */
export const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(fields, { noNullPrototype: true })

export const anyBytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
export const anyCid = anyBytes32.map(cidOfDigest)
export const anyHeight = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
export const anyInstant = fc.bigInt({ min: 0n, max: TAI_MAX })
export const anyReason = fc.constantFrom('', 'no', 'out-of-gas', 'a1-b2', 'x'.repeat(64))
export const orNone = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | 'none'> =>
  fc.oneof(arbitrary, fc.constant<'none'>('none'))

/** Verdict and reason of bytes, or `accept`. */
export const saidOf = <T>(codec: MessageCodec<T>, bytes: Uint8Array): string => {
  const admission = codec.decode(bytes)
  return admission.verdict === 'accept' ? 'accept' : `${admission.verdict} ${admission.reason}`
}

/** The fields of encoded bytes, with one of them changed. */
export const withField = (bytes: Uint8Array, index: number, value: unknown): Uint8Array => {
  const data = decodeData(bytes, bytes.length)
  ok(data.verdict === 'accept' && Array.isArray(data.value))
  const [version, fields]: readonly unknown[] = data.value
  ok(Array.isArray(fields) && index < fields.length)
  return encodeData([version, fields.with(index, value)])
}

/** Says what becomes of a good message with one field changed. */
export const refusesFields = <T>(
  name: string,
  codec: MessageCodec<T>,
  good: T,
  table: readonly (readonly [name: string, index: number, value: unknown, said?: string])[],
): void => {
  const bytes = codec.encode(good)
  for (const [what, index, value, said = 'reject wrong-shape'] of table)
    void test(`${name}: ${what}`, () => equal(saidOf(codec, withField(bytes, index, value)), said))
}

/** Everything that holds for every codec, tried on messages of `arbitrary`, and on so many that chance makes of one of them. */
export const holdsItsShape = <T>(
  name: string,
  codec: MessageCodec<T>,
  arbitrary: fc.Arbitrary<T>,
  mutations: { readonly numRuns: number },
): void => {
  void test(`${name}: comes back as it went`, () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        const decoded = codec.decode(codec.encode(message))
        ok(decoded.verdict === 'accept')
        deepEqual(decoded.value, message)
      }),
      { numRuns: 40 },
    )
  })
  void test(`${name}: what chance makes of it is refused, or is the encoding of something else`, () => {
    const [good] = fc.sample(arbitrary, { numRuns: 1, seed: 7 })
    ok(good !== undefined)
    const from = codec.encode(good)
    const mutation = fc.oneof(
      fc.uint8Array({ maxLength: 300, size: 'max' }),
      fc
        .tuple(fc.nat({ max: from.length - 1 }), fc.integer({ min: 1, max: 255 }))
        .map(([at, by]) => from.map((byte, index) => (index === at ? byte ^ by : byte))),
      fc
        .tuple(fc.nat({ max: from.length }), fc.uint8Array({ maxLength: 9 }), fc.nat({ max: 9 }))
        .map(([at, put, drop]) => Uint8Array.of(...from.subarray(0, at), ...put, ...from.subarray(at + drop))),
    )
    fc.assert(
      fc.property(mutation, (bytes) => {
        const decoded = codec.decode(bytes)
        if (decoded.verdict === 'accept') deepEqual(codec.encode(decoded.value), bytes)
      }),
      mutations,
    )
  })
  void test(`${name}: versions and sizes`, () => {
    const [good] = fc.sample(arbitrary, { numRuns: 1, seed: 8 })
    ok(good !== undefined)
    const data = decodeData(codec.encode(good), codec.bytesMax)
    ok(data.verdict === 'accept' && Array.isArray(data.value))
    const [, fields]: readonly unknown[] = data.value
    const of = (...items: readonly unknown[]): string => saidOf(codec, encodeData(items))
    equal(of(1, fields), 'accept')
    equal(of(2, fields), 'ignore unknown-message-version')
    equal(of(2, 'whatever a later version holds', 1), 'ignore unknown-message-version')
    for (const version of [0, -1, 65_536, 1.5, '1']) equal(of(version, fields), 'reject wrong-shape')
    equal(of(1), 'reject wrong-shape')
    equal(of(1, fields, 1), 'reject wrong-shape')
    equal(saidOf(codec, new Uint8Array(codec.bytesMax + 1)), 'reject too-large')
    equal(saidOf(codec, Uint8Array.of(0xff)), 'reject malformed')
  })
}
