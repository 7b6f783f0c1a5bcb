/** Which blocks may follow: every rule broken once, with true signatures; and what the rules leave to others. B-61, B-62. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NS_PER_MS } from '../base/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { makeBlock, openBlock } from './block-bytes.ts'
import { BLOCK_RULE_REASONS, blockFault, nextBlock } from './block-rules.ts'
import type { Block, Body, Header } from './block.ts'
import { ChainScript, scriptMember } from './chain-script.test-kit.ts'
import { EMPTY_COMMIT } from './commit.ts'
import { sealTransaction } from './transaction.ts'

const people = Array.from({ length: 4 }, (_, i) => scriptMember(`rules ${i}`))
const [first] = people
ok(first !== undefined)
const chain = new ChainScript({ members: people, isSigned: true })
const one = chain.make({})
chain.step({})
chain.steps(2)
const mark = chain.transaction(first, { kind: 'mark', sequence: 1 })
const block = chain.make({ transactions: [mark], offences: [chain.equivocation(first, 2)] })
const { state } = chain
const options = { verifier: ed25519Verifier, isKnown: () => false }

const remade = (header: Partial<Header>, body: Partial<Body> = {}, from = block): Block =>
  makeBlock({ header: { ...from.header, ...header }, body: { ...from.body, ...body } })
const other = new Uint8Array(32).fill(7)
const { lastCommit, witnessed } = block.body
const [entry, ...entries] = lastCommit.entries
ok(entry !== undefined)
const forged = { ...entry, voteSignature: new Uint8Array(64) }
const moved = { ...entry, received: { ...entry.received, latest: entry.received.latest + NS_PER_MS } }
const { time } = block.header

const table: readonly (readonly [name: string, given: Block, fault: string])[] = [
  ['of another network', remade({ networkId: other }), 'wrong-network'],
  ['a height later', remade({ height: block.header.height + 1 }), 'wrong-height'],
  ['on another parent', remade({ parent: 'a'.repeat(64) }), 'wrong-parent'],
  ['by nobody', remade({ proposer: other }), 'wrong-proposer'],
  ['in the round of another', remade({ round: block.header.round + 1 }), 'wrong-proposer'],
  ['on another state', remade({ stateRoot: other }), 'wrong-state-root'],
  ['with other voters', remade({ weightsRoot: other }), 'wrong-weights-root'],
  ['that cries wolf', remade({ emergency: true }), 'wrong-emergency'],
  ['that commits to what is not there', remade({ availability: [new Uint8Array(48)] }), 'wrong-availability'],
  [
    'with a commit of another block',
    remade({}, { lastCommit: { ...lastCommit, block: 'a'.repeat(64) } }),
    'wrong-commit',
  ],
  ['with a commit of another height', remade({}, { lastCommit: { ...lastCommit, height: 1 } }), 'wrong-commit'],
  ['with a time of its own', remade({ time: { ...time, earliest: time.earliest + 1n } }), 'wrong-time'],
  ['with a timestamp of its own', remade({ time: { ...time, timestamp: time.timestamp + 1n } }), 'wrong-time'],
  ['without a quorum', remade({}, { lastCommit: { ...lastCommit, entries: entries.slice(1) } }), 'too-little-weight'],
  [
    'with a vote that nobody signed',
    remade({}, { lastCommit: { ...lastCommit, entries: [forged, ...entries] } }),
    'bad-vote-signature',
  ],
  [
    'with a receipt that nobody signed',
    remade({}, { lastCommit: { ...lastCommit, entries: [moved, ...entries] } }),
    'bad-time-signature',
  ],
  [
    'with entries out of order',
    remade({}, { lastCommit: { ...lastCommit, entries: [...entries, entry] } }),
    'index-order',
  ],
  [
    'with a transaction that nobody signed',
    remade({}, { transactions: [sealTransaction({ ...mark.transaction, sequence: 2 })] }),
    'bad-transaction',
  ],
]
for (const [name, given, fault] of table)
  test(`${name}: ${fault}`, () => equal(blockFault(state, given, options), fault))

describe('the first block', () => {
  const genesis = new ChainScript({ members: people, isSigned: true }).state
  const rest = { round: 0, proposer: one.header.proposer, transactions: [], witnessed: [], offences: [] }
  const said = (made: Partial<Parameters<typeof nextBlock>[1]>): string | undefined =>
    blockFault(
      genesis,
      nextBlock(genesis, { ...rest, lastCommit: EMPTY_COMMIT, lastTime: one.header.time, ...made }),
      options,
    )
  test('no commit, no time', () => equal(said({}), undefined))
  test('with a commit: wrong-commit', () => equal(said({ lastCommit }), 'wrong-commit'))
  test('with a time: wrong-time', () => equal(said({ lastTime: time }), 'wrong-time'))
})

test('what follows from the state is accepted, as it was made and as it is read', () => {
  equal(blockFault(state, block, options), undefined)
  const { networkId, parameters } = chain.genesis
  const opened = openBlock(block.bytes, { networkId, bytesMax: parameters.blockBytesMax })
  ok(opened.verdict === 'accept')
  equal(blockFault(state, opened.value, options), undefined)
})

test('what cannot have an effect is no fault: strangers, replays, other times', () => {
  const stranger = scriptMember('rules stranger')
  chain.meet(stranger)
  const transactions = [
    chain.transaction(stranger, { kind: 'mark', sequence: 1 }),
    chain.transaction(first, { kind: 'mark', sequence: 1, atNs: -1_000_000_000_000n }),
  ]
  equal(blockFault(state, remade({}, { transactions }), options), undefined)
})

test('signatures come last, and what was verified before is not looked at again', () => {
  let asked = 0
  const counting: Verifier = {
    verify: (signed) => {
      asked += 1
      return ed25519Verifier.verify(signed)
    },
  }
  equal(blockFault(state, remade({ stateRoot: other }), { ...options, verifier: counting }), 'wrong-state-root')
  equal(asked, 0)
  const votes = 2 * lastCommit.entries.length
  equal(blockFault(state, block, { verifier: counting, isKnown: () => true }), undefined)
  equal(asked, votes)
  equal(blockFault(state, block, { verifier: counting, isKnown: () => false }), undefined)
  equal(asked, votes)
  const parts = witnessed.reduce((sum, { attestations }) => sum + 1 + attestations.length, 0)
  const again: Verifier = { verify: (signed) => counting.verify(signed) }
  equal(blockFault(state, block, { verifier: again, isKnown: () => false }), undefined)
  equal(asked, 2 * votes + parts + 1 + 2)
})

test('every documented reason is reached', () => {
  const reached = new Set(table.map(([, , fault]) => fault))
  deepEqual(
    BLOCK_RULE_REASONS.filter((reason) => !reached.has(reason)),
    [],
  )
})
