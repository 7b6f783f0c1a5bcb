/** The ratchet's rule as a table, its record bit by bit. */
import { describe, test } from 'node:test'
import { deepEqual, equal, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { TAI_MAX, TAI_MIN } from '../base/index.ts'
import { advance, decodeHead, encodeHead, FRESH_HEAD, HEAD_BYTES_MAX, isRatcheted, publicKeyOf } from './index.ts'
import type { RatchetReason, SignerHead } from './index.ts'

const head: SignerHead = { sequence: 5, tai: 100n, digest: new Uint8Array(32).fill(1) }

describe('may it be signed?', () => {
  const rows: readonly (readonly [string, SignerHead, number, bigint, RatchetReason | undefined])[] = [
    ['next, later', head, 6, 101n, undefined],
    ['the same sequence again', head, 5, 101n, 'sequence-not-next'],
    ['an older sequence', head, 4, 101n, 'sequence-not-next'],
    ['a sequence left out', head, 7, 101n, 'sequence-not-next'],
    ['the same time', head, 6, 100n, 'time-not-later'],
    ['an earlier time', head, 6, 99n, 'time-not-later'],
    ['both wrong: the sequence is named', head, 5, 99n, 'sequence-not-next'],
    ['the very first', FRESH_HEAD, 1, 0n, undefined],
    ['the very first, before 1970', FRESH_HEAD, 1, TAI_MIN + 1n, undefined],
    ['sequence 0', FRESH_HEAD, 0, 1n, 'sequence-not-next'],
    ['the last possible time', head, 6, TAI_MAX, undefined],
  ]
  for (const [name, from, sequence, tai, reason] of rows) {
    test(name, () =>
      deepEqual(
        advance(from, { sequence, tai }),
        reason === undefined ? { verdict: 'accept', value: { sequence, tai } } : { verdict: 'reject', reason },
      ),
    )
  }
  test('what is no sequence or no time is a bug', () => {
    throws(() => advance(head, { sequence: 6.5, tai: 101n }))
    throws(() => advance(head, { sequence: 6, tai: TAI_MAX + 1n }))
  })
})

test('time proofs go by signNext alone, in every version', () =>
  deepEqual(
    ['truechimer/time-proof/1', 'truechimer/time-proof/2', 'truechimer/attestation/1', 'truechimer/time-proofs/1'].map(
      isRatcheted,
    ),
    [true, true, false, false],
  ))

describe('the record of a head', () => {
  const nodeId = publicKeyOf(new Uint8Array(32))
  const other = publicKeyOf(new Uint8Array(32).fill(1))
  const heads = fc
    .tuple(fc.maxSafeNat(), fc.bigInt({ min: TAI_MIN, max: TAI_MAX }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
    .map(([sequence, tai, digest]): SignerHead => ({ sequence, tai, digest: new Uint8Array(digest) }))

  test('reads back, within its size', () =>
    fc.assert(
      fc.property(heads, (value) => {
        const record = encodeHead(nodeId, value)
        equal(record.length <= HEAD_BYTES_MAX, true)
        deepEqual(decodeHead(nodeId, record), { verdict: 'accept', value })
        deepEqual(decodeHead(other, record), { verdict: 'reject', reason: 'head-of-other-key' })
      }),
      { numRuns: 100 },
    ))

  test('every single changed bit and every cut is seen', () => {
    const record = encodeHead(nodeId, head)
    for (let bit = 0; bit < record.length * 8; bit += 1) {
      const changed = record.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      deepEqual(decodeHead(nodeId, changed), { verdict: 'reject', reason: 'head-damaged' })
    }
    for (let length = 0; length < record.length; length += 1) {
      deepEqual(decodeHead(nodeId, record.subarray(0, length)), { verdict: 'reject', reason: 'head-damaged' })
    }
    deepEqual(decodeHead(nodeId, new Uint8Array(HEAD_BYTES_MAX)), { verdict: 'reject', reason: 'head-damaged' })
  })
})
