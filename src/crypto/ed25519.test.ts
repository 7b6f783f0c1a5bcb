/** Ed25519 against RFC 8032, Wycheproof and the edge cases of "Taming the many EdDSAs"; then what strictness adds. */
import { describe, test } from 'node:test'
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { sign as signRaw } from 'node:crypto'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { z } from 'zod'
import { hexOf, seededRandom } from '../base/index.ts'
import {
  domainDigest,
  publicKeyFault,
  publicKeyOf,
  sign,
  signDigest,
  signingKeyOf,
  verify,
  verifyMessage,
} from './index.ts'
import type { KeyReason } from './index.ts'

const hex = z
  .string()
  .regex(/^[0-9a-f]*$/)
  .transform((text) => new Uint8Array(Buffer.from(text, 'hex')))
const load = <T>(name: string, schema: z.ZodType<T>): T =>
  schema.parse(JSON.parse(readFileSync(new URL(`../../test/vectors/${name}`, import.meta.url), 'utf8')))

const rfc = load(
  'crypto-ed25519-rfc8032.json',
  z.object({
    cases: z.array(z.object({ name: z.string(), seed: hex, publicKey: hex, message: hex, signature: hex })).length(5),
  }),
)
const speccheck = load(
  'crypto-ed25519-speccheck.json',
  z.object({
    cases: z
      .array(
        z.object({
          number: z.int(),
          message: hex,
          publicKey: hex,
          signature: hex,
          accepted: z.boolean(),
          why: z.string(),
        }),
      )
      .length(12),
  }),
)
const wycheproof = load(
  'crypto-ed25519-wycheproof.json',
  z.object({
    groups: z.array(
      z.object({
        publicKey: hex,
        tests: z.array(z.object({ id: z.int(), message: hex, signature: hex, valid: z.boolean() })),
      }),
    ),
  }),
)

describe('RFC 8032 §7.1', () => {
  for (const { name, seed, publicKey, message, signature } of rfc.cases) {
    test(name, () => {
      const key = signingKeyOf(seed)
      equal(hexOf(key.publicKey), hexOf(publicKey))
      equal(hexOf(new Uint8Array(signRaw(null, message, key.handle))), hexOf(signature))
      equal(verifyMessage({ publicKey, message, signature }), true)
      equal(publicKeyFault(publicKey), undefined)
    })
  }
})

describe('ed25519-speccheck', () => {
  for (const { number, message, publicKey, signature, accepted, why } of speccheck.cases) {
    test(`${number}: ${why}`, () => equal(verifyMessage({ publicKey, message, signature }), accepted))
  }
})

test('Wycheproof, all 151', () => {
  const verdicts = wycheproof.groups.flatMap(({ publicKey, tests }) =>
    tests.map(({ id, message, signature, valid }) => ({
      id,
      wrong: verifyMessage({ publicKey, message, signature }) !== valid,
    })),
  )
  equal(verdicts.length, 151)
  deepEqual(
    verdicts.filter(({ wrong }) => wrong),
    [],
  )
})

/** The curve in affine coordinates, the slow and plain way: an oracle for the list of small-order points. */
const P = 2n ** 255n - 19n
const mod = (value: bigint): bigint => ((value % P) + P) % P
const power = (base: bigint, exponent: bigint): bigint =>
  exponent === 0n ? 1n : mod(power(mod(base * base), exponent >> 1n) * ((exponent & 1n) === 1n ? base : 1n))
const inverse = (value: bigint): bigint => power(mod(value), P - 2n)
const D = mod(-121_665n * inverse(121_666n))
interface Point {
  readonly x: bigint
  readonly y: bigint
}
const NEUTRAL: Point = { x: 0n, y: 1n }
const add = (a: Point, b: Point): Point => {
  const k = mod(D * a.x * b.x * a.y * b.y)
  return {
    x: mod((a.x * b.y + a.y * b.x) * inverse(1n + k)),
    y: mod((a.y * b.y + a.x * b.x) * inverse(1n - k)),
  }
}
const isOnCurve = ({ x, y }: Point): boolean => mod(y * y - x * x) === mod(1n + D * x * x * y * y)
const spell = (y: bigint, sign: bigint): Uint8Array => {
  const value = y | (sign << 255n)
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}
/** A point of order eight: √−1 times … found by solving the curve for x² = −y², 2·P8 having y = 0. */
const torsion = (): Point[] => {
  const rootOfMinusOne = power(2n, (P - 1n) / 4n)
  // On x = i·y the curve reads 2y² = 1 − d·y⁴; its root that is a square gives y.
  const discriminant = mod(1n + D)
  const candidate = power(discriminant, (P + 3n) / 8n)
  const root = mod(candidate * candidate) === discriminant ? candidate : mod(candidate * rootOfMinusOne)
  for (const sign of [1n, -1n]) {
    const square = mod((-1n + sign * root) * inverse(D))
    const first = power(square, (P + 3n) / 8n)
    const y = mod(first * first) === square ? first : mod(first * rootOfMinusOne)
    const start = { x: mod(rootOfMinusOne * y), y }
    if (!isOnCurve(start)) continue
    const multiples = [NEUTRAL]
    for (let i = 1; i < 8; i += 1) multiples.push(add(multiples[i - 1] ?? NEUTRAL, start))
    return multiples
  }
  return []
}

describe('points of small order', () => {
  const points = torsion()

  test('the oracle found a group of eight', () => {
    equal(new Set(points.map(({ x, y }) => `${x},${y}`)).size, 8)
    ok(points.every(isOnCurve))
    deepEqual(add(points[7] ?? NEUTRAL, points[1] ?? NEUTRAL), NEUTRAL)
  })

  test('every spelling of every one is refused as a key and as R', () => {
    const key = signingKeyOf(new Uint8Array(32).fill(5))
    const message = new Uint8Array(32)
    const good = new Uint8Array(signRaw(null, message, key.handle))
    const spellings = points.flatMap(({ y }) =>
      [0n, 1n].flatMap((sign) => [spell(y, sign), ...(y + P < 2n ** 255n ? [spell(y + P, sign)] : [])]),
    )
    equal(new Set(spellings.map(hexOf)).size, 14)
    for (const point of spellings) {
      const fault = publicKeyFault(point)
      ok(fault === 'key-small-order' || fault === 'key-non-canonical', `${hexOf(point)}: ${fault}`)
      const signature = Uint8Array.of(...point, ...good.subarray(32))
      equal(verifyMessage({ publicKey: key.publicKey, message, signature }), false)
      // S = 0 and R = the neutral element satisfy the equation for a key of small order in one message of eight.
      for (let i = 0; i < 16; i += 1) {
        const forged = Uint8Array.of(...spell(1n, 0n), ...new Uint8Array(32))
        equal(verifyMessage({ publicKey: point, message: Uint8Array.of(i), signature: forged }), false)
      }
    }
  })
})

describe('public keys', () => {
  const rows: readonly (readonly [string, Uint8Array, KeyReason | undefined])[] = [
    ['31 bytes', new Uint8Array(31), 'key-length'],
    ['33 bytes', new Uint8Array(33), 'key-length'],
    ['y = p + 2', spell(P + 2n, 0n), 'key-non-canonical'],
    ['all ones', new Uint8Array(32).fill(0xff), 'key-non-canonical'],
    ['y = 2, which no x fits', spell(2n, 0n), 'key-off-curve'],
    ['y = 0', spell(0n, 0n), 'key-small-order'],
    ['the base point', spell(mod(4n * inverse(5n)), 0n), undefined],
    ['the base point, negated', spell(mod(4n * inverse(5n)), 1n), undefined],
  ]
  for (const [name, bytes, fault] of rows) test(name, () => equal(publicKeyFault(bytes), fault))

  test('a point off the curve verifies nothing', () =>
    equal(
      verifyMessage({ publicKey: spell(2n, 0n), message: new Uint8Array(1), signature: new Uint8Array(64).fill(3) }),
      false,
    ))
})

describe('signing under a domain', () => {
  const key = signingKeyOf(new Uint8Array(32).fill(1))
  const domain = 'truechimer/test/1'
  const body = Uint8Array.of(1, 2, 3)
  const signature = sign(key, domain, body)
  const { publicKey } = key

  test('is a signature over the digest', () => {
    equal(hexOf(signature), hexOf(signDigest(key, domainDigest(domain, body))))
    equal(verify({ publicKey, domain, body, signature }), true)
    equal(verifyMessage({ publicKey, message: domainDigest(domain, body), signature }), true)
  })

  test('does not hold under another domain, body or key', () => {
    equal(verify({ publicKey, domain: 'truechimer/test/2', body, signature }), false)
    equal(verify({ publicKey, domain, body: Uint8Array.of(1, 2), signature }), false)
    equal(verify({ publicKey: publicKeyOf(new Uint8Array(32)), domain, body, signature }), false)
  })

  test('S + L is refused', () => {
    const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n
    const s = signature.subarray(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    const malleable = Uint8Array.of(...signature.subarray(0, 32), ...spell(s + order, 0n))
    equal(verify({ publicKey, domain, body, signature: malleable }), false)
  })

  test('no changed bit passes', () =>
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const changed = signature.slice()
        const at = bit >> 3
        changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7))
        equal(verify({ publicKey, domain, body, signature: changed }), false)
      }),
      { numRuns: 100 },
    ))

  test('lengths that are wrong are false, not errors', () => {
    for (const length of [0, 63, 65])
      equal(verify({ publicKey, domain, body, signature: new Uint8Array(length) }), false)
    for (const length of [0, 31, 33])
      equal(verify({ publicKey: new Uint8Array(length), domain, body, signature }), false)
  })

  test('keys that were seen before verify as they did the first time', () => {
    const random = seededRandom(9n)
    const keys = Array.from({ length: 20 }, () => signingKeyOf(random.bytes(32)))
    for (const one of [...keys, ...keys]) {
      equal(verify({ publicKey: one.publicKey, domain, body, signature: sign(one, domain, body) }), true)
    }
  })

  test('a key shows its seed to nobody who prints it', () => {
    const seed = new Uint8Array(32).fill(0xab)
    const shown = inspect(signingKeyOf(seed), { depth: 9, showHidden: true }) + JSON.stringify(signingKeyOf(seed))
    equal(/(?:ab, ?){3}|(?:171[, \n]+){3}|abababab/.test(shown), false)
  })

  test('what is not a seed or a digest is a bug', () => {
    throws(() => signingKeyOf(new Uint8Array(31)))
    throws(() => signDigest(key, new Uint8Array(31)))
  })
})

test('a key in a Buffer that is a view of others’ bytes is looked at and not changed', () => {
  const [first] = rfc.cases
  const whole = Buffer.from(rfc.cases.map(({ publicKey }) => [...publicKey]).flat())
  const before = Buffer.from(whole)
  for (let at = 0; at < whole.length; at += 32) equal(publicKeyFault(whole.subarray(at, at + 32)), undefined)
  deepEqual(whole, before)
  ok(first !== undefined && rfc.cases.some(({ publicKey }) => ((publicKey[31] ?? 0) & 0x80) !== 0))
})
