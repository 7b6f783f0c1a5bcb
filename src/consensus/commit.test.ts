/** Commits: made, opened, and refused for every single thing that can be wrong with one (B-12 to B-14). */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { TAI_MAX, hexOf } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import {
  COMMIT_BYTES_MAX,
  COMMIT_REASONS,
  EMPTY_COMMIT,
  NO_TIME,
  ValidatorSet,
  commitDigest,
  encodeCommit,
  makeCommit,
  openCommit,
  tally,
  verifyCommit,
} from './index.ts'
import type { Commit, CommitContext, CommitEntry } from './index.ts'
import {
  BLOCK,
  ED25519,
  FOREIGN,
  HASHES,
  NETWORK,
  OTHER,
  RECEIVED,
  TAI,
  allReached,
  precommitOf,
  said,
  timeOf,
  validatorsOf,
  voteOf,
  withFlippedBit,
} from './signed-things.test-kit.ts'

const validators = validatorsOf([3n, 2n, 2n, 2n])
const context: CommitContext = {
  networkId: NETWORK,
  validators,
  verifier: HASHES.verifier,
  parentTime: NO_TIME,
  proposalDelayNs: 500n,
}
const commitOf = (bytes: readonly number[]): Commit =>
  makeCommit({ height: 9, round: 1, block: BLOCK, precommits: bytes.map((byte) => precommitOf(byte)), validators })
const good = commitOf([1, 2, 4])
const verify = (commit: Commit, given: Partial<CommitContext> = {}): string =>
  said(verifyCommit(commit, { ...context, ...given }))

/** The good commit with its entry number `place` changed. */
const withEntry = (place: number, given: Partial<CommitEntry>): Commit => ({
  ...good,
  entries: good.entries.map((entry, i) => (i === place ? { ...entry, ...given } : entry)),
})
const [first, second, third] = good.entries
ok(first !== undefined && second !== undefined && third !== undefined)
const nobody = new Uint8Array(64)
const later = { ...RECEIVED, latest: RECEIVED.latest + 1n }

describe('verifying', () => {
  test('a good commit yields the tally of its entries', () => {
    const verified = verifyCommit(good, context)
    ok(verified.verdict === 'accept')
    const { parentTime, proposalDelayNs } = context
    deepEqual(verified.value, tally({ validators, votes: good.entries, parentTime, proposalDelayNs }))
    deepEqual([verified.value.weight, verified.value.isQuorum, verified.value.isAgreed], [7n, true, true])
  })

  const elsewhere = voteOf(1, { height: 8 }).signature
  const table: readonly (readonly [string, Commit, string])[] = [
    ['the good one', good, 'accept'],
    ['by all', commitOf([1, 2, 3, 4]), 'accept'],
    ['of another height', { ...good, height: 10 }, 'bad-vote-signature'],
    ['of another round', { ...good, round: 0 }, 'bad-vote-signature'],
    ['of another block', { ...good, block: OTHER }, 'bad-vote-signature'],
    ['a vote signed for another height', withEntry(0, { voteSignature: elsewhere }), 'bad-vote-signature'],
    ['a prevote', withEntry(0, { voteSignature: voteOf(1, { kind: 'prevote' }).signature }), 'bad-vote-signature'],
    [
      'a vote for no block',
      withEntry(0, { voteSignature: voteOf(1, { block: null }).signature }),
      'bad-vote-signature',
    ],
    ['another’s vote', withEntry(0, { voteSignature: second.voteSignature }), 'bad-vote-signature'],
    ['no signature in the last entry', withEntry(2, { voteSignature: nobody }), 'bad-vote-signature'],
    ['another’s time', withEntry(1, { timeSignature: first.timeSignature }), 'bad-time-signature'],
    ['another time', withEntry(1, { received: later }), 'bad-time-signature'],
    [
      'a time as the signature of the vote',
      withEntry(1, { voteSignature: second.timeSignature }),
      'bad-vote-signature',
    ],
    [
      'a vote as the signature of the time',
      withEntry(1, { timeSignature: second.voteSignature }),
      'bad-time-signature',
    ],
    ['no time signature in the last entry', withEntry(2, { timeSignature: nobody }), 'bad-time-signature'],
    ['an entry twice', { ...good, entries: [first, second, second, third] }, 'index-order'],
    ['entries in another order', { ...good, entries: [first, third, second] }, 'index-order'],
    ['one entry twice instead of a quorum', { ...good, entries: [first, first, first] }, 'index-order'],
    ['an index beyond the set', { ...good, entries: [first, second, { ...third, index: 4 }] }, 'unknown-validator'],
    [
      'an entry under another index',
      { ...good, entries: [first, second, { ...third, index: 2 }] },
      'bad-vote-signature',
    ],
    ['too few', commitOf([1, 2]), 'too-little-weight'],
    ['two thirds exactly', commitOf([2, 3, 4]), 'too-little-weight'],
    ['nobody', { ...good, entries: [] }, 'too-little-weight'],
    ['the empty one', EMPTY_COMMIT, 'too-little-weight'],
    [
      'too few true ones and a stranger’s',
      { ...commitOf([1, 2]), entries: [first, second, { ...third, voteSignature: precommitOf(9).vote.signature }] },
      'bad-vote-signature',
    ],
  ]
  for (const [name, commit, expected] of table)
    test(`${name}: ${expected}`, () => equal(verify(commit), expected === 'accept' ? expected : `reject ${expected}`))
  test('every reason is reached', () =>
    allReached(
      COMMIT_REASONS,
      table.map(([, , expected]) => expected),
    ))

  test('another network', () => equal(verify(good, { networkId: FOREIGN }), 'reject bad-vote-signature'))
  test('other validators', () =>
    equal(verify(good, { validators: validatorsOf([3n, 2n, 2n, 2n, 1n, 1n]) }), 'reject too-little-weight'))
  test('one validator replaced', () => {
    const replaced = new ValidatorSet([...validators.list.slice(1), { id: 'new', key: HASHES.keyOf(0), weight: 3n }])
    equal(verify(good, { validators: replaced }), 'reject bad-vote-signature')
  })
  test('with Ed25519', () => {
    const set = validatorsOf([1n, 1n], ED25519)
    const precommits = [1, 2].map((byte) => precommitOf(byte, RECEIVED, ED25519))
    const commit = makeCommit({ height: 9, round: 1, block: BLOCK, precommits, validators: set })
    equal(verify(commit, { validators: set, verifier: ED25519.verifier }), 'accept')
    equal(verify(commit, { validators: set }), 'reject bad-vote-signature')
  })
})

describe('making', () => {
  const making = { height: 9, round: 1, block: BLOCK, validators }
  test('whatever the order of the precommits', () =>
    deepEqual(makeCommit({ ...making, precommits: [4, 1, 2].map((byte) => precommitOf(byte)) }), good))
  const bugs = {
    'a stranger': precommitOf(9),
    'one twice': precommitOf(1),
    'without time': { ...precommitOf(2), time: null },
    'a prevote': { vote: voteOf(2, { kind: 'prevote' }), time: timeOf(2, voteOf(2)) },
    'another height': { vote: voteOf(2, { height: 8 }), time: timeOf(2, voteOf(2)) },
    'another round': { vote: voteOf(2, { round: 0 }), time: timeOf(2, voteOf(2)) },
    'another block': { vote: voteOf(2, { block: OTHER }), time: timeOf(2, voteOf(2)) },
  }
  for (const [name, bug] of Object.entries(bugs))
    test(`a bug: ${name}`, () =>
      throws(() => makeCommit({ ...making, precommits: [precommitOf(1), bug] }), { name: 'AssertionError' }))
})

describe('bytes', () => {
  test('there and back', () => deepEqual(openCommit(encodeCommit(good)), { verdict: 'accept', value: good }))
  test('the empty one', () =>
    deepEqual(openCommit(encodeCommit(EMPTY_COMMIT)), { verdict: 'accept', value: EMPTY_COMMIT }))
  test('the longest entry fits as often as there may be validators', () => {
    const entry = { ...first, index: 1023, received: { earliest: TAI_MAX, latest: TAI_MAX } }
    const longest = {
      height: Number.MAX_SAFE_INTEGER,
      round: 65_535,
      block: BLOCK,
      entries: Array.from({ length: 1024 }, () => entry),
    }
    const bytes = encodeCommit(longest)
    ok(bytes.length <= COMMIT_BYTES_MAX && (bytes.length - 64) / 1024 > 150)
    equal(said(openCommit(bytes)), 'accept')
    equal(said(openCommit(encodeCommit({ ...longest, entries: [...longest.entries, entry] }))), 'reject too-large')
  })
  const table: readonly (readonly [string, unknown, string])[] = [
    ['a reversed interval', [[0, first.voteSignature, [TAI, TAI - 1n], first.timeSignature]], 'wrong-shape'],
    ['a negative instant', [[0, first.voteSignature, [-1, 1], first.timeSignature]], 'wrong-shape'],
    ['an index above any', [[1024, first.voteSignature, [1, 1], first.timeSignature]], 'wrong-shape'],
    ['a short signature', [[0, first.voteSignature.subarray(1), [1, 1], first.timeSignature]], 'wrong-shape'],
    ['no list', 1, 'wrong-shape'],
  ]
  for (const [name, entries, expected] of table)
    test(name, () => equal(said(openCommit(encodeData([9, 1, new Uint8Array(32), entries]))), `reject ${expected}`))
  test('a block that is none, a round above any', () => {
    equal(said(openCommit(encodeData([9, 1, new Uint8Array(31), []]))), 'reject wrong-shape')
    equal(said(openCommit(encodeData([9, 65_536, new Uint8Array(32), []]))), 'reject wrong-shape')
  })

  test('whichever bit is turned, it opens no more or is verified no more', () => {
    const bytes = encodeCommit(good)
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const opened = openCommit(withFlippedBit(bytes, bit))
        if (opened.verdict !== 'accept') return
        ok(verify(opened.value) !== 'accept')
        ok(hexOf(commitDigest(opened.value)) !== hexOf(commitDigest(good)))
      }),
      { numRuns: 300 },
    )
  })
})
