/** Challenge, gathering, answer: what a witness may ask, how many one proof answers, and which answers are none. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { encodeData } from '../codec/index.ts'
import { ANSWER_REASONS, CHALLENGES_MAX, CHALLENGE_REASONS, Gathering } from './index.ts'
import {
  challengeAnswerCodec,
  challengeCodec,
  isOverconfident,
  offsetBetween,
  openAnswer,
  openChallenge,
} from './index.ts'
import type { ChallengeAnswer, Exchange } from './index.ts'
import { NETWORK, NONCE, proofOf, said, signerOf } from './proofs.test-suite.ts'

const challengeOf = (number: number): Uint8Array => new Uint8Array(32).fill(number)

describe('a challenge', () => {
  const good = challengeCodec.encode({ networkId: NETWORK, challenge: challengeOf(1) })
  const table: readonly (readonly [name: string, bytes: Uint8Array, said: string])[] = [
    ['the good one', good, 'accept'],
    [
      'of another network',
      challengeCodec.encode({ networkId: NONCE, challenge: challengeOf(1) }),
      'reject wrong-network',
    ],
    ['of 31 bytes', encodeData([NETWORK, new Uint8Array(31)]), 'reject wrong-shape'],
    ['too large', new Uint8Array(81), 'reject too-large'],
    ['cut off', good.subarray(0, 20), 'reject malformed'],
    ['of no stated length', Uint8Array.of(0x9f, ...good.subarray(1), 0xff), 'reject non-canonical'],
  ]
  for (const [name, bytes, expected] of table)
    test(`${name}: ${expected}`, () => equal(said(openChallenge(bytes, NETWORK)), expected))
  test('every documented reason is reached', () => {
    const reached = new Set(table.map(([, , reason]) => reason.replace('reject ', '')))
    deepEqual(
      CHALLENGE_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

describe('a gathering', () => {
  test('takes one challenge of each asker, and 64 in all', () => {
    const gathering = new Gathering()
    deepEqual(gathering.add('w0', challengeOf(0)), { verdict: 'accept', value: { isFirst: true } })
    deepEqual(gathering.add('w1', challengeOf(1)), { verdict: 'accept', value: { isFirst: false } })
    equal(said(gathering.add('w0', challengeOf(2))), 'ignore already-asked')
    for (let i = 2; i < CHALLENGES_MAX; i += 1) equal(gathering.add(`w${i}`, challengeOf(i)).verdict, 'accept')
    equal(said(gathering.add('w64', challengeOf(64))), 'ignore batch-full')
    equal(gathering.size, CHALLENGES_MAX)
    equal(gathering.isComplete(['nobody']), true)
  })

  test('is complete when all who are expected have asked, whoever else has; never where nobody is expected', () => {
    const gathering = new Gathering()
    equal(gathering.isComplete([]), false)
    gathering.add('stranger', challengeOf(9))
    gathering.add('a', challengeOf(1))
    deepEqual([gathering.isComplete([]), gathering.isComplete(['a', 'b'])], [false, false])
    gathering.add('b', challengeOf(2))
    equal(gathering.isComplete(['a', 'b']), true)
  })

  test('that nobody joined closes with nothing', () => equal(new Gathering().close(), undefined))
})

const author = signerOf(1)
/** The answers to `count` challenges by one proof. */
const answersTo = async (
  count: number,
): Promise<{ readonly answers: ChallengeAnswer[]; readonly nonce: Uint8Array }> => {
  const gathering = new Gathering()
  for (let i = 0; i < count; i += 1) gathering.add(`w${i}`, challengeOf(i))
  const gathered = gathering.close()
  ok(gathered !== undefined)
  const { proof } = await proofOf(signerOf(1), { nonce: gathered.nonce })
  return { answers: [...gathered.places.values()].map((place) => ({ proof, ...place })), nonce: gathered.nonce }
}
const exchange = (number: number): Exchange => ({
  networkId: NETWORK,
  subject: author.nodeId,
  challenge: challengeOf(number),
})

const { answers: sixtyFour } = await answersTo(CHALLENGES_MAX)

describe('an answer', async () => {
  const [good] = (await answersTo(3)).answers
  ok(good !== undefined)
  const bytes = challengeAnswerCodec.encode(good)
  const mutual = (given: Partial<ChallengeAnswer>): Uint8Array => challengeAnswerCodec.encode({ ...good, ...given })
  const forged = { ...good.proof, tai: good.proof.tai + 1n }
  const foreign = (await proofOf(signerOf(1), { networkId: NONCE, nonce: good.proof.nonce })).proof
  const other = (await proofOf(signerOf(2), { nonce: good.proof.nonce })).proof
  const unordered = {
    ...good.proof,
    sources: [
      { kind: 'gps', count: 1 },
      { kind: 'ntp', count: 1 },
    ],
  } as const
  const table: readonly (readonly [name: string, bytes: Uint8Array, exchange: Exchange, said: string])[] = [
    ['the good one', bytes, exchange(0), 'accept'],
    ['by another node', mutual({ proof: other }), exchange(0), 'reject wrong-author'],
    ['to another challenge', bytes, exchange(1), 'reject no-challenge'],
    ['at another place', mutual({ index: 1 }), exchange(0), 'reject no-challenge'],
    ['at a place that the tree has not', mutual({ index: 3 }), exchange(0), 'reject no-challenge'],
    ['under a tree of another size', mutual({ size: 5 }), exchange(0), 'reject no-challenge'],
    ['with a step missing', mutual({ path: good.path.slice(1) }), exchange(0), 'reject no-challenge'],
    ['with a step too many', mutual({ path: [...good.path, NONCE] }), exchange(0), 'reject no-challenge'],
    [
      'a proof with a random nonce',
      mutual({ proof: { ...good.proof, nonce: NONCE } }),
      exchange(0),
      'reject no-challenge',
    ],
    ['with place 64', mutual({ index: 64 }), exchange(0), 'reject wrong-shape'],
    ['of no leaves', mutual({ size: 0 }), exchange(0), 'reject wrong-shape'],
    ['of 65 leaves', mutual({ size: 65 }), exchange(0), 'reject wrong-shape'],
    ['with seven steps', mutual({ path: Array.from({ length: 7 }, () => NONCE) }), exchange(0), 'reject wrong-shape'],
    ['too large', new Uint8Array(1000), exchange(0), 'reject too-large'],
    ['cut off', bytes.subarray(0, -1), exchange(0), 'reject malformed'],
    ['of no stated length', Uint8Array.of(0x9f, ...bytes.subarray(1), 0xff), exchange(0), 'reject non-canonical'],
    ['of another network', mutual({ proof: foreign }), exchange(0), 'reject wrong-network'],
    ['with sources out of order', mutual({ proof: unordered }), exchange(0), 'reject bad-sources'],
    ['changed after signing', mutual({ proof: forged }), exchange(0), 'reject bad-signature'],
    [
      'by a key of small order',
      mutual({ proof: { ...good.proof, nodeId: new Uint8Array(32) } }),
      { ...exchange(0), subject: new Uint8Array(32) },
      'reject bad-key',
    ],
  ]
  for (const [name, given, held, expected] of table)
    test(`${name}: ${expected}`, () => equal(said(openAnswer(given, held)), expected))
  test('every documented reason is reached', () => {
    // A witness asks members only, so that it never asks whether the author is one.
    const reached = new Set([...table.map(([, , , reason]) => reason.replace('reject ', '')), 'not-member'])
    deepEqual(
      ANSWER_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
  test('the largest fits its limit, and all 64 answers hold', () => {
    for (const [i, answer] of sixtyFour.entries()) {
      const made = challengeAnswerCodec.encode(answer)
      ok(made.length <= challengeAnswerCodec.bytesMax)
      if (i % 21 === 0) equal(said(openAnswer(made, exchange(i))), 'accept')
    }
  })
})

test('an answer proves its own challenge and no other', () => {
  fc.assert(
    fc.property(fc.nat({ max: 63 }), fc.nat({ max: 63 }), (at, asked) => {
      const answer = sixtyFour[at]
      ok(answer !== undefined)
      const opened = openAnswer(challengeAnswerCodec.encode(answer), exchange(asked))
      return (opened.verdict === 'accept') === (at === asked)
    }),
    { numRuns: 60 },
  )
})

test('the offset of the author by the window of the witness', () => {
  deepEqual(offsetBetween(100n, { earliest: 90n, latest: 130n }), { lo: -30n, hi: 10n })
  const table = [
    [10, { lo: 5n, hi: 20n }, false],
    [10, { lo: 10n, hi: 20n }, false],
    [10, { lo: 11n, hi: 20n }, true],
    [10, { lo: -20n, hi: -11n }, true],
    [0, { lo: 0n, hi: 0n }, false],
  ] as const
  for (const [uncertaintyNs, offset, expected] of table) equal(isOverconfident(uncertaintyNs, offset), expected)
})

test('whenever the proof was made between the two readings of an honest witness, the true offset is inside', () => {
  const ns = fc.bigInt({ min: 0n, max: 10n ** 9n })
  fc.assert(
    fc.property(
      ns,
      ns,
      ns,
      ns,
      fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }),
      (before, out, back, after, offset) => {
        const madeAt = 10n ** 15n
        const window = { earliest: madeAt - out - before, latest: madeAt + back + after }
        const { lo, hi } = offsetBetween(madeAt + offset, window)
        return lo <= offset && offset <= hi
      },
    ),
  )
})
