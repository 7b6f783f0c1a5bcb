/** A proof's bytes: how many, their one spelling, and that nothing that is sent does more than be refused. Rules T-12 to T-20. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { seededRandom } from '../base/index.ts'
import { decodeData, encodeData } from '../codec/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { hashScheme } from '../consensus/light-chain.test-kit.ts'
import {
  BRIDGE_BYTES_MAX,
  STAMP_PROOF_BYTES_MAX,
  encodeStampProof,
  openStampProof,
  verifyStamp,
  withSalt,
} from './index.ts'
import { stampedChain } from './stamp-chain.test-kit.ts'
import type { StampedChainOptions } from './stamp-chain.test-kit.ts'

const scheme = hashScheme()
const { verifier } = scheme
/** At a height as a network has it after some months. */
const FAR: StampedChainOptions = {
  scheme,
  height: 5_000_000,
  chain: { isLinked: (height) => height > 4_999_990 },
}
const weightsWithin = (spread: number, seed: bigint) => {
  const random = seededRandom(seed)
  const weights = Array.from({ length: 100 }, () => {
    const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4)
    return 1_000_000_000n + (BigInt(spread) * BigInt(((a * 256 + b) * 256 + c) * 256 + d)) / 2n ** 32n
  })
  return (number: number): bigint => weights[number] ?? 1n
}

describe('sizes (T-20)', () => {
  test('7 validators', () => ok(stampedChain(FAR).bytes.length <= 2048))

  for (const [name, more] of [
    ['of equal weight', {}],
    ['whose weights differ by up to a thousandth', { weightOf: weightsWithin(1_000_000, 1n) }],
    ['whose weights differ by up to a twentieth', { weightOf: weightsWithin(50_000_000, 2n) }],
    ['whose weights differ by up to a tenth', { weightOf: weightsWithin(100_000_000, 3n) }],
    ['whose weights differ twofold', { weightOf: weightsWithin(1_000_000_000, 4n) }],
  ] as const)
    test(`100 validators ${name}`, () => {
      const chain = stampedChain({ ...FAR, validators: 100, ...more })
      ok(chain.bytes.length <= 6144, `${chain.bytes.length} bytes`)
      const { trust, digest, proof } = chain
      equal(verifyStamp(proof, { trust, digest, verifier }).verdict, 'accept')
      ok(proof.votes.signatures.length <= 67)
    })
})

const { bytes, proof } = stampedChain({ scheme, batchSize: 20 })
/** The proof's bytes as data, with some of it changed. */
const changed = (change: (data: unknown[]) => void): Uint8Array => {
  const decoded = decodeData(bytes, STAMP_PROOF_BYTES_MAX)
  ok(decoded.verdict === 'accept' && Array.isArray(decoded.value))
  const data: unknown[] = structuredClone(decoded.value)
  change(data)
  return encodeData(data)
}
const reasonOf = (data: Uint8Array): string => {
  const opened = openStampProof(data)
  return opened.verdict === 'accept' ? 'accept' : opened.reason
}
const part = (data: unknown[], ...places: readonly number[]): unknown[] => {
  let found = data
  for (const place of places) {
    const next: unknown = found[place]
    ok(Array.isArray(next))
    found = next
  }
  return found
}
const [VOTED, HEADERS, VALIDATORS, VOTES] = [10, 2, 3, 4]

describe('one spelling (T-13)', () => {
  test('what is written is read, and written again the same', () => {
    const opened = openStampProof(bytes)
    ok(opened.verdict === 'accept')
    deepEqual(opened.value, proof)
    deepEqual(encodeStampProof(opened.value), bytes)
    equal(reasonOf(changed(() => undefined)), 'accept')
  })

  for (const [name, change, reason] of [
    ['another form', (data: unknown[]) => (data[0] = 'truechimer/stamp-proof/2'), 'wrong-shape'],
    ['an imprint of another length', (data: unknown[]) => (data[3] = new Uint8Array(31)), 'wrong-shape'],
    ['a salt of one byte', (data: unknown[]) => (data[4] = new Uint8Array(1)), 'wrong-shape'],
    ['a salt of fifteen', (data: unknown[]) => (data[4] = new Uint8Array(15)), 'wrong-shape'],
    ['a salt of thirty-three', (data: unknown[]) => (data[4] = new Uint8Array(33)), 'wrong-shape'],
    ['three headers without a beacon', (data: unknown[]) => (data[5] = false), 'wrong-shape'],
    ['a beacon at hand and one apart', (data: unknown[]) => (data[6] = new Uint8Array(32)), 'wrong-shape'],
    ['a position below the place in the batch', (data: unknown[]) => (part(data, 7)[0] = 5), 'wrong-shape'],
    ['a log that is too long', (data: unknown[]) => (part(data, 7)[0] = 2 ** 32 - 1), 'wrong-shape'],
    ['a receipt from before all time', (data: unknown[]) => (part(data, 7)[1] = -(2n ** 62n)), 'wrong-shape'],
    ['a receipt beyond all time', (data: unknown[]) => (part(data, 7)[2] = 2n ** 63n - 1n), 'wrong-shape'],
    ['a newest height below none', (data: unknown[]) => (part(data, 7)[3] = -1000), 'wrong-shape'],
    ['a promise beyond all heights', (data: unknown[]) => (part(data, 7)[4] = 2 ** 53 - 1), 'wrong-shape'],
    ['a path that is no row of digests', (data: unknown[]) => (part(data, 8)[2] = new Uint8Array(33)), 'wrong-shape'],
    ['a place outside the batch', (data: unknown[]) => (part(data, 8)[0] = 20), 'wrong-shape'],
    ['a place outside the block', (data: unknown[]) => (part(data, 9)[6] = 7), 'wrong-shape'],
    ['an author of another length', (data: unknown[]) => (part(data, 9)[0] = new Uint8Array(31)), 'wrong-shape'],
    ['height 0', (data: unknown[]) => (part(data, VOTED)[0] = 0), 'wrong-shape'],
    ['the last of all heights', (data: unknown[]) => (part(data, VOTED)[0] = 2 ** 53 - 1), 'wrong-shape'],
    ['one header', (data: unknown[]) => part(data, VOTED, HEADERS).splice(1), 'wrong-shape'],
    ['no header', (data: unknown[]) => part(data, VOTED, HEADERS).splice(0), 'wrong-shape'],
    [
      'a header of time beyond all time',
      (data: unknown[]) => (part(data, VOTED, HEADERS, 2)[3] = 2n ** 63n - 1n),
      'wrong-shape',
    ],
    ['flags without their root', (data: unknown[]) => (part(data, VOTED, HEADERS, 2)[6] = 6), 'wrong-shape'],
    ['the root of the last validators', (data: unknown[]) => (part(data, VOTED, HEADERS, 1)[6] = 2), 'wrong-shape'],
    [
      'a place with a byte too many',
      (data: unknown[]) => (part(data, VOTED, VALIDATORS)[0] = Uint8Array.of(127, 0)),
      'non-canonical',
    ],
    [
      'weights in more bits than they take',
      (data: unknown[]) => (
        (part(data, VOTED, VALIDATORS)[3] = 1),
        (part(data, VOTED, VALIDATORS)[4] = new Uint8Array(1))
      ),
      'non-canonical',
    ],
    ['weights without their bits', (data: unknown[]) => (part(data, VOTED, VALIDATORS)[3] = 8), 'wrong-shape'],
    ['a least weight of nothing', (data: unknown[]) => (part(data, VOTED, VALIDATORS)[2] = 0), 'wrong-shape'],
    [
      'weights beyond 64 bits',
      (data: unknown[]) => (
        (part(data, VOTED, VALIDATORS)[2] = 2n ** 63n - 1n),
        (part(data, VOTED, VALIDATORS)[3] = 8),
        (part(data, VOTED, VALIDATORS)[4] = Uint8Array.of(0, 1, 1, 1, 1, 1, 1))
      ),
      'wrong-shape',
    ],
    ['nobody', (data: unknown[]) => (part(data, VOTED, VALIDATORS)[0] = new Uint8Array(0)), 'wrong-shape'],
    [
      'a vote of the eighth of seven',
      (data: unknown[]) => (part(data, VOTED, VOTES)[1] = Uint8Array.of(0b1000_1111)),
      'wrong-shape',
    ],
    [
      'more voters than signatures',
      (data: unknown[]) => (part(data, VOTED, VOTES)[1] = Uint8Array.of(0b0011_1111)),
      'wrong-shape',
    ],
    ['half a signature', (data: unknown[]) => (part(data, VOTED, VOTES)[2] = new Uint8Array(32)), 'wrong-shape'],
    [
      'a bridge beyond its limit',
      (data: unknown[]) => (part(data, VOTED)[5] = new Uint8Array(BRIDGE_BYTES_MAX + 1)),
      'wrong-shape',
    ],
    ['three marks', (data: unknown[]) => (data[11] = new Uint8Array(12)), 'wrong-shape'],
    ['one mark', (data: unknown[]) => (data[11] = new Uint8Array(4)), 'wrong-shape'],
    ['a thing more', (data: unknown[]) => data.push(0), 'wrong-shape'],
  ] as const)
    test(name, () => equal(reasonOf(changed(change)), reason))

  test('too large', () => {
    equal(reasonOf(new Uint8Array(STAMP_PROOF_BYTES_MAX + 1)), 'too-large')
    equal(reasonOf(new Uint8Array(0)), 'malformed')
    for (let length = 1; length < bytes.length; length += 97) equal(reasonOf(bytes.subarray(0, length)), 'malformed')
  })

  test('a salt is put in and taken out', () => {
    const salted = withSalt(proof, new Uint8Array(20).fill(1))
    const opened = openStampProof(encodeStampProof(salted))
    ok(opened.verdict === 'accept')
    deepEqual(encodeStampProof(withSalt(opened.value, new Uint8Array(0))), bytes)
  })
})

test('bytes of anybody are refused or have one spelling', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 400, size: 'max' }),
        fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, byte]) => bytes.with(at, byte)),
      ),
      (given) => {
        const opened = openStampProof(given)
        if (opened.verdict === 'accept') deepEqual(encodeStampProof(opened.value), given)
      },
    ),
    { numRuns: fuzzRuns(500) },
  )
})
