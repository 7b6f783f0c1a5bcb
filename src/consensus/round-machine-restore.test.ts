/** What binds a machine that it has not said in this life: its log, and its own words heard from others. Rules: docs/spec/consensus.md B-47, B-50. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeMessage } from './messages.ts'
import type { WalRecord } from './port.ts'
import type { RoundMachine } from './round-machine.ts'
import { ALL, proposerAt, SELF, OTHERS, FIRST, begin, polkaOf, A, B, short } from './one-machine.test-kit.ts'
import { HEIGHT, voteOf } from './round-machine.test-kit.ts'
import { encodePolka } from './round-polka.ts'

describe('its own word, heard from others (B-50)', () => {
  test('a prevote that it did not say stands: it says no other, and goes on from there', () => {
    const node = begin()
    deepEqual(node.votes('prevote', 0, null, [SELF]), ['step prevote 0'])
    deepEqual(node.propose(A, 0), [])
  })
  test('a precommit that it did not say binds it', () => {
    const node = begin()
    node.votes('precommit', 0, A.id, [SELF])
    node.timeout('precommit', 0)
    deepEqual(node.propose(B, 1), ['prevote 1 nil -1', 'step prevote 1'])
  })
  test('a vote of a round to come takes it there', () =>
    deepEqual(begin().votes('prevote', 4, null, [SELF]).slice(0, 1), ['step prevote 4']))
  test('a proposal that it did not make: it makes no other', () => {
    const node = begin(FIRST)
    node.propose(A, 0)
    equal(node.machine.allowsProposal(0, { block: B.id, validRound: -1 }), false)
    equal(node.machine.allowsProposal(0, { block: A.id, validRound: -1 }), true)
  })
  test('what was asked for and not yet said is not said any more', () => {
    const node = begin()
    node.propose(A, 0)
    const asked = { kind: 'prevote', round: 0, block: A.id, validRound: -1 } as const
    equal(node.machine.allows(asked), true)
    deepEqual(node.votes('prevote', 0, null, [SELF]), [])
    equal(node.machine.allows(asked), false)
    equal(node.machine.allows({ ...asked, block: null }), true)
  })
  test('nor what a precommit heard since would contradict', () => {
    const node = begin()
    node.timeout('precommit', 0)
    node.propose(B, 1)
    const asked = { kind: 'prevote', round: 1, block: B.id, validRound: -1 } as const
    equal(node.machine.allows(asked), true)
    node.votes('precommit', 0, A.id, [SELF])
    equal(node.machine.allows(asked), false)
  })
  test('nor what was never asked for', () =>
    equal(begin().machine.allows({ kind: 'prevote', round: 0, block: A.id, validRound: -1 }), false))
})

describe('after a restart (B-47)', () => {
  const said = (vote: ReturnType<typeof voteOf>): WalRecord => ({
    type: 'said',
    height: HEIGHT,
    bytes: encodeMessage({ type: 'vote', vote }),
  })
  const prevote = said(voteOf({ by: SELF, kind: 'prevote', round: 0, block: A.id }))
  const precommit = said(voteOf({ by: SELF, kind: 'precommit', round: 0, block: A.id }))
  const block: WalRecord = { type: 'block', height: HEIGHT, bytes: A.bytes }
  const polka: WalRecord = { type: 'polka', height: HEIGHT, bytes: encodePolka(polkaOf(A, 0, OTHERS)) }
  const state = ({ machine }: { machine: RoundMachine }) => {
    const { round, step, lockedRound, lockedBlock, validRound } = machine.view()
    return [round, step, lockedRound, lockedBlock, validRound]
  }
  const rows: readonly (readonly [string, readonly WalRecord[], readonly unknown[]])[] = [
    ['nothing', [], [0, 'propose', -1, null, -1]],
    ['a prevote', [prevote], [0, 'prevote', -1, null, -1]],
    ['a precommit', [prevote, block, polka, precommit], [0, 'precommit', 0, A.id, 0]],
    ['a precommit without its block', [precommit], [0, 'precommit', 0, A.id, 0]],
    [
      'a later nil',
      [block, polka, precommit, said(voteOf({ by: SELF, kind: 'prevote', round: 3, block: null }))],
      [3, 'prevote', 0, A.id, 0],
    ],
    ['words of another height', [{ ...prevote, height: HEIGHT + 1 }], [0, 'propose', -1, null, -1]],
  ]
  for (const [name, records, expected] of rows)
    test(`it goes on from ${name}`, () => deepEqual(state(begin(SELF, records)), expected))
  test('it holds what it had said, for others', () => {
    const { votes } = begin(SELF, [prevote, block, polka, precommit]).machine.known()
    equal(votes.length, 2 + OTHERS.length)
  })
  test('it puts the block forward that it is bound to, with the prevotes that it had kept', () => {
    const self = proposerAt(1)
    const others = ALL.filter((index) => index !== self)
    const kept: WalRecord = { ...polka, bytes: encodePolka(polkaOf(A, 0, others)) }
    const own = said(voteOf({ by: self, kind: 'precommit', round: 0, block: A.id }))
    const node = begin(self, [block, kept, own])
    ok(node.timeout('precommit', 0).includes(`propose 1 ${short(A)} 0 3`))
    const bare = begin(self, [block, own])
    ok(bare.timeout('precommit', 0).includes('propose 1 new -1 0'))
  })
  for (const [name, record] of [
    ["another's vote", said(voteOf({ by: OTHERS[0] ?? 0, kind: 'prevote', round: 0, block: null }))],
    ['bytes that are no message', { type: 'said', height: HEIGHT, bytes: Uint8Array.of(1, 2, 3) }],
    ['bytes that are no block', { type: 'block', height: HEIGHT, bytes: Uint8Array.of(1, 2, 3) }],
    ['bytes that are no polka', { type: 'polka', height: HEIGHT, bytes: Uint8Array.of(1, 2, 3) }],
  ] as const)
    test(`with ${name} in its log it says nothing at all`, () =>
      throws(() => begin(SELF, [record]), { code: 'TC_CONSENSUS_WAL' }))
})
