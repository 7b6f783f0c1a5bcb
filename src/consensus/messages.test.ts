/** Messages: every reason for a refusal, every shape that no honest node sends, and bytes of chance (B-27 to B-29). */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { TAI_MAX, hexOf } from '../base/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { decodeData, encodeData } from '../codec/index.ts'
import {
  MESSAGE_REASONS,
  PROPOSAL_EXTRA_BYTES_MAX,
  UNBOUNDED,
  VOTE_MESSAGE_BYTES_MAX,
  encodeMessage,
  openMessage,
} from './index.ts'
import type { Message, Proposal, ProposalHead, SignedVote, Vote } from './index.ts'
import {
  ED25519,
  FOREIGN,
  HASHES,
  NETWORK,
  OTHER,
  RECEIVED,
  allReached,
  blockOf,
  headOf,
  precommitOf,
  said,
  timeOf,
  voteOf,
  withChange,
  withFlippedBit,
} from './signed-things.test-kit.ts'

const context = { networkId: NETWORK, blockBytesMax: 2000, verifier: HASHES.verifier }
const open = (bytes: Uint8Array): string => said(openMessage(bytes, context))
const ofVote = (vote: SignedVote): Uint8Array => encodeMessage({ type: 'vote', vote })
const prevote = (given: Parameters<typeof voteOf>[1] = {}): Uint8Array =>
  ofVote({ vote: voteOf(1, { kind: 'prevote', ...given }), time: null })

const block = blockOf()
const proposalOf = (given: Partial<ProposalHead> = {}, polka: readonly Vote[] = [], byte = 1): Proposal => ({
  head: headOf(byte, { block: block.id, ...given }),
  block,
  polka,
})
const ofProposal = (proposal: Proposal): Uint8Array => encodeMessage({ type: 'proposal', proposal })
const polkaVote = (byte: number, given: Parameters<typeof voteOf>[1] = {}): Vote =>
  voteOf(byte, { kind: 'prevote', block: block.id, ...given })
/** The block of round 1 again in round 4, leaning on round 2. */
const again = (polka: readonly Vote[], given: Partial<ProposalHead> = {}): Uint8Array =>
  ofProposal(proposalOf({ round: 4, validRound: 2, ...given }, polka, 2))
const voted = [polkaVote(1, { round: 2, validRound: 1 }), polkaVote(2, { round: 2, validRound: 1 })]

const precommit = precommitOf(1)
const { vote } = precommit
const wire: readonly unknown[] = [9, 1, 'precommit', new Uint8Array(32), -1, vote.author, vote.signature]
const raw = (index: number, value: unknown, time: unknown = []): Uint8Array =>
  encodeData([NETWORK, 'vote', wire.with(index, value), time])

describe('what is refused, and why', () => {
  const table: readonly (readonly [string, Uint8Array, string])[] = [
    ['a precommit for a block', ofVote(precommit), 'accept'],
    ['one whose author has no time', ofVote(precommitOf(1, UNBOUNDED)), 'accept'],
    ['a precommit for none', ofVote({ vote: voteOf(1, { block: null }), time: null }), 'accept'],
    ['a prevote for a block', prevote(), 'accept'],
    ['one that leans on round 0', prevote({ validRound: 0 }), 'accept'],
    ['a prevote for none', prevote({ block: null }), 'accept'],
    ['a proposal', ofProposal(proposalOf()), 'accept'],
    ['a proposal that leans on a round', again(voted), 'accept'],
    ['more bytes than any', new Uint8Array(2001 + PROPOSAL_EXTRA_BYTES_MAX), 'reject too-large'],
    ['nothing', new Uint8Array(0), 'reject malformed'],
    ['cut off', ofVote(precommit).subarray(0, -1), 'reject malformed'],
    ['an array of no stated length', Uint8Array.of(0x9f, ...prevote().subarray(1), 0xff), 'reject non-canonical'],
    ['another kind of message', encodeData([NETWORK, 'word', []]), 'reject wrong-shape'],
    ['height 0', raw(0, 0), 'reject wrong-shape'],
    ['a round above any', raw(1, 65_536), 'reject wrong-shape'],
    ['an unknown kind of vote', raw(2, 'postcommit'), 'reject wrong-shape'],
    ['a block of 31 bytes', raw(3, new Uint8Array(31)), 'reject wrong-shape'],
    ['a precommit that leans on a round', raw(4, 0), 'reject wrong-shape'],
    ['a prevote for none that leans on a round', prevote({ block: null, validRound: 0 }), 'reject wrong-shape'],
    ['a prevote that leans on its own round', prevote({ validRound: 1 }), 'reject wrong-shape'],
    [
      'a prevote with a time',
      ofVote({ vote: voteOf(1, { kind: 'prevote' }), time: precommit.time }),
      'reject wrong-shape',
    ],
    [
      'a precommit for none with a time',
      ofVote({ vote: voteOf(1, { block: null }), time: precommit.time }),
      'reject wrong-shape',
    ],
    ['a precommit for a block without', ofVote({ vote, time: null }), 'reject wrong-shape'],
    [
      'a reversed interval',
      ofVote({ vote, time: timeOf(1, vote, { earliest: 2n, latest: 1n }) }),
      'reject wrong-shape',
    ],
    [
      'two times',
      raw(3, new Uint8Array(32), [
        [[1, 2], vote.signature],
        [[1, 2], vote.signature],
      ]),
      'reject wrong-shape',
    ],
    [
      'a vote of another network',
      ofVote({ vote: voteOf(1, { networkId: FOREIGN, block: null }), time: null }),
      'reject wrong-network',
    ],
    ['a proposal of another network', ofProposal(proposalOf({ networkId: FOREIGN })), 'reject wrong-network'],
    [
      'another’s vote',
      ofVote({ ...precommit, vote: { ...vote, author: HASHES.keyOf(2) } }),
      'reject bad-vote-signature',
    ],
    [
      'a vote for another block',
      ofVote({ ...precommit, vote: { ...vote, block: OTHER } }),
      'reject bad-vote-signature',
    ],
    ['another’s time', ofVote({ vote, time: timeOf(2, vote) }), 'reject bad-time-signature'],
    [
      'the time of another block',
      ofVote({ vote, time: timeOf(1, { ...vote, block: OTHER }) }),
      'reject bad-time-signature',
    ],
    [
      'another’s proposal',
      ofProposal({ ...proposalOf(), head: { ...proposalOf().head, author: HASHES.keyOf(2) } }),
      'reject bad-proposal-signature',
    ],
    ['a proposal that leans on its own round', again([], { validRound: 4 }), 'reject wrong-shape'],
    [
      'a block that is none',
      ofProposal({ ...proposalOf(), block: { ...block, bytes: new Uint8Array(9) } }),
      'reject bad-block',
    ],
    [
      'a block too large',
      encodeMessage({
        type: 'proposal',
        proposal: { ...proposalOf(), block: { ...block, bytes: new Uint8Array(2001) } },
      }),
      'reject bad-block',
    ],
    ['another block than it says', ofProposal(proposalOf({ block: OTHER })), 'reject wrong-block'],
    ['a block of another height', ofProposal(proposalOf({ height: 8 })), 'reject wrong-block'],
    ['an old block that leans on nothing', ofProposal(proposalOf({ round: 2 })), 'reject wrong-block'],
    ['a new block of another’s making', ofProposal(proposalOf({}, [], 2)), 'reject wrong-block'],
    [
      'a block that leans on a round before its own',
      again([polkaVote(1, { round: 0 })], { validRound: 0 }),
      'reject wrong-block',
    ],
    ['leaning on nothing with votes', ofProposal(proposalOf({}, [polkaVote(1, { round: 0 })])), 'reject bad-polka'],
    ['leaning on a round without votes', again([]), 'reject bad-polka'],
    ['one author twice', again([voted[0] ?? vote, voted[0] ?? vote]), 'reject bad-polka'],
    ['a vote of another round', again([polkaVote(1, { round: 3 })]), 'reject bad-polka'],
    ['a vote that leans on its own round', again([polkaVote(1, { round: 2, validRound: 2 })]), 'reject bad-polka'],
    ['a precommit in the polka', again([voteOf(1, { block: block.id, round: 2 })]), 'reject bad-polka'],
  ]
  for (const [name, bytes, expected] of table) test(`${name}: ${expected}`, () => equal(open(bytes), expected))
  test('every documented reason is reached', () =>
    allReached(
      MESSAGE_REASONS,
      table.map(([, , expected]) => expected),
    ))
})

describe('what is opened', () => {
  const messages: readonly (readonly [string, Message])[] = [
    ['a precommit', { type: 'vote', vote: precommit }],
    ['a prevote for none', { type: 'vote', vote: { vote: voteOf(3, { kind: 'prevote', block: null }), time: null } }],
    ['a proposal', { type: 'proposal', proposal: proposalOf() }],
    ['a proposal again', { type: 'proposal', proposal: proposalOf({ round: 4, validRound: 2 }, voted, 2) }],
  ]
  for (const [name, message] of messages)
    test(`${name} is what was said`, () => {
      const bytes = encodeMessage(message)
      deepEqual(openMessage(bytes, context), { verdict: 'accept', value: { message, bytes } })
    })

  test('a block as large as the genesis allows, and one byte larger', () => {
    const bytes = ofProposal(proposalOf())
    const within = (blockBytesMax: number): string => said(openMessage(bytes, { ...context, blockBytesMax }))
    equal(within(block.bytes.length), 'accept')
    equal(within(block.bytes.length - 1), 'reject bad-block')
  })

  test('the longest vote fits its limit', () => {
    const longest = voteOf(1, { height: Number.MAX_SAFE_INTEGER, round: 65_535 })
    const bytes = ofVote({ vote: longest, time: timeOf(1, longest, { earliest: TAI_MAX, latest: TAI_MAX }) })
    equal(open(bytes), 'accept')
    equal(bytes.length, 285)
    ok(bytes.length <= VOTE_MESSAGE_BYTES_MAX)
  })

  test('with Ed25519', () => {
    const real = ofVote(precommitOf(1, RECEIVED, ED25519))
    equal(said(openMessage(real, { ...context, verifier: ED25519.verifier })), 'accept')
    equal(open(real), 'reject bad-vote-signature')
  })
})

describe('bytes of chance', () => {
  const seeds = [ofVote(precommit), prevote({ validRound: 0 }), ofProposal(proposalOf()), again(voted)]

  test('whichever bit is turned, it is refused', () => {
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.nat(), (bytes, at) => {
        const bit = at % (bytes.length * 8)
        ok(open(withFlippedBit(bytes, bit)) !== 'accept', `bit ${bit}`)
      }),
      { numRuns: fuzzRuns(400) },
    )
  })

  test('whatever is changed in a message, it is refused or says the same in the same bytes', () => {
    const anything = { verify: () => true }
    const leaf = fc.oneof(
      fc.integer({ min: -2, max: 70_000 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom('vote', 'prevote', 'proposal'),
    )
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(fc.nat(), { maxLength: 4 }), leaf, (bytes, path, value) => {
        const decoded = decodeData(bytes, 4000)
        ok(decoded.verdict === 'accept')
        const changed = encodeData(withChange(decoded.value, path, value))
        const opened = openMessage(changed, { ...context, verifier: anything })
        if (opened.verdict === 'accept') equal(hexOf(encodeMessage(opened.value.message)), hexOf(changed))
      }),
      { numRuns: fuzzRuns(400) },
    )
  })

  test('no bytes make it throw', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600, size: 'max' }), (bytes) => open(bytes) !== 'accept'),
      { numRuns: fuzzRuns(400) },
    ))
})
