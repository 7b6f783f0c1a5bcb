/** Transactions: every reason for a refusal, and that no bit can be turned unnoticed (B-8, B-9). */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { TAI_MAX } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { cidOf } from '../crypto/index.ts'
import {
  MARK_BYTES,
  STAMP_BYTES,
  TRANSACTION_BYTES_MAX,
  TRANSACTION_KINDS,
  TRANSACTION_REASONS,
  UNBOUNDED,
  decodeTransaction,
  openTransaction,
} from './index.ts'
import {
  ED25519,
  FOREIGN,
  HASHES,
  NETWORK,
  TAI,
  allReached,
  said,
  transactionOf,
  withFlippedBit,
} from './signed-things.test-kit.ts'

const good = transactionOf(1)
const { transaction } = good
const open = (bytes: Uint8Array, verifier = HASHES.verifier): string =>
  said(openTransaction(bytes, { networkId: NETWORK, verifier }))
const data = (index: number, value: unknown): Uint8Array => {
  const { networkId, author, sequence, kind, payload, signature } = transaction
  const fields: unknown[] = [networkId, author, sequence, TAI, TAI + 500_000n, kind, payload, signature]
  return encodeData(fields.with(index, value))
}
const none = new Uint8Array(0)

describe('what is refused, and why', () => {
  const table: readonly (readonly [string, Uint8Array, string])[] = [
    ['the good one', good.bytes, 'accept'],
    ['as data', data(2, 1), 'accept'],
    ['a join', transactionOf(1, { kind: 'join', payload: none }).bytes, 'accept'],
    ['a leave', transactionOf(1, { kind: 'leave', payload: none }).bytes, 'accept'],
    ['a stamp', transactionOf(1, { kind: 'stamp', payload: new Uint8Array(STAMP_BYTES) }).bytes, 'accept'],
    ['one byte too many for any', new Uint8Array(TRANSACTION_BYTES_MAX + 1), 'reject too-large'],
    ['cut off', good.bytes.subarray(0, -1), 'reject malformed'],
    ['an array of no stated length', Uint8Array.of(0x9f, ...good.bytes.subarray(1), 0xff), 'reject non-canonical'],
    ['a map', encodeData({}), 'reject wrong-shape'],
    ['sequence 0', data(2, 0), 'reject wrong-shape'],
    ['a reversed interval', data(3, TAI + 500_001n), 'reject wrong-shape'],
    ['an instant below zero', data(3, -1), 'reject wrong-shape'],
    ['an instant above 2^63 − 1', data(4, TAI_MAX + 1n), 'reject wrong-shape'],
    ['an unknown kind', data(5, 'pay'), 'reject wrong-shape'],
    ['a payload longer than any', data(6, new Uint8Array(STAMP_BYTES + 1)), 'reject wrong-shape'],
    ['another network', transactionOf(1, { networkId: FOREIGN }).bytes, 'reject wrong-network'],
    ['a mark of nothing', transactionOf(1, { payload: none }).bytes, 'reject bad-payload'],
    ['a short mark', transactionOf(1, { payload: new Uint8Array(31) }).bytes, 'reject bad-payload'],
    ['a long mark', transactionOf(1, { payload: new Uint8Array(MARK_BYTES + 1) }).bytes, 'reject bad-payload'],
    ['a stamp as short as a mark', transactionOf(1, { kind: 'stamp' }).bytes, 'reject bad-payload'],
    ['a join with a payload', transactionOf(1, { kind: 'join' }).bytes, 'reject bad-payload'],
    ['another author', data(1, HASHES.keyOf(2)), 'reject bad-signature'],
    ['another mark', data(6, new Uint8Array(32)), 'reject bad-signature'],
    ['another sequence', data(2, 2), 'reject bad-signature'],
  ]
  for (const [name, bytes, expected] of table) test(`${name}: ${expected}`, () => equal(open(bytes), expected))
  test('every documented reason is reached', () =>
    allReached(
      TRANSACTION_REASONS,
      table.map(([, , expected]) => expected),
    ))
})

test('its key is its content address, its value what was sealed', () => {
  equal(good.key, cidOf(good.bytes).toString())
  deepEqual(decodeTransaction(good.bytes, NETWORK), { verdict: 'accept', value: good })
})

test('the longest that the ranges allow', () => {
  const longest = transactionOf(1, { sequence: Number.MAX_SAFE_INTEGER, acted: { earliest: TAI_MAX, latest: TAI_MAX } })
  equal(longest.bytes.length, 201)
  ok(longest.bytes.length <= TRANSACTION_BYTES_MAX)
  equal(open(longest.bytes), 'accept')
})

test('with Ed25519; a key of small order signs nothing', () => {
  equal(open(transactionOf(1, {}, ED25519).bytes, ED25519.verifier), 'accept')
  equal(open(data(1, new Uint8Array(32)), ED25519.verifier), 'reject bad-signature')
})

test('whatever is sealed is opened as it was', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...TRANSACTION_KINDS),
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.bigInt(0n, TAI_MAX),
      (kind, sequence, earliest) => {
        const payload = kind === 'mark' ? new Uint8Array(32) : kind === 'stamp' ? new Uint8Array(STAMP_BYTES) : none
        const sealed = transactionOf(3, { kind, sequence, payload, acted: { ...UNBOUNDED, earliest } })
        deepEqual(openTransaction(sealed.bytes, { networkId: NETWORK, verifier: HASHES.verifier }), {
          verdict: 'accept',
          value: sealed,
        })
      },
    ),
    { numRuns: 100 },
  ))

test('whichever bit is turned, it is refused', () =>
  fc.assert(
    fc.property(fc.nat(good.bytes.length * 8 - 1), (bit) => open(withFlippedBit(good.bytes, bit)) !== 'accept'),
    { numRuns: 300 },
  ))
