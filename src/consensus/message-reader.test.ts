/** What is read of voters' messages: only what can have an effect, no more of one author than an honest one says, and in steps. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC, finish } from '../base/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { genesisState } from './chain-state.ts'
import { scriptParameters } from './chain-script.test-kit.ts'
import { MessageReader, VOTES_BURST_MAX, VOTES_PER_SEC_MAX } from './message-reader.ts'
import type { UnwantedReason } from './message-reader.ts'
import { encodeMessage } from './messages.ts'
import { HASHES, NETWORK, blockOf, headOf, said, transactionOf, voteOf } from './signed-things.test-kit.ts'

const validator = (byte: number) => ({ id: `v${byte}`, key: HASHES.keyOf(byte), stake: 1n })
const state = genesisState({
  networkId: NETWORK,
  parameters: scriptParameters({}),
  members: [validator(1), validator(2)],
})

const world = (unwanted: () => UnwantedReason | undefined = () => undefined, known: readonly string[] = []) => {
  let asked = 0
  const verifier: Verifier = {
    verify: (signed) => {
      asked += 1
      return HASHES.verifier.verify(signed)
    },
  }
  const isKnown = (key: string): boolean => known.includes(key)
  const context = { networkId: NETWORK, blockBytesMax: 500_000, verifier }
  const reader = new MessageReader(context, () => ({ state, unwanted, isKnown }))
  const read = (bytes: Uint8Array, nowNs = 0n) => said(finish(reader.read(bytes, nowNs)))
  return { reader, read, asked: () => asked }
}

const voteBytes = (byte: number, round = 1): Uint8Array =>
  encodeMessage({ type: 'vote', vote: { vote: voteOf(byte, { round, kind: 'prevote' }), time: null } })
const transactions = Array.from({ length: 40 }, (_, i) => transactionOf(1, { sequence: i + 1 }))
const block = blockOf({ body: { transactions } })
const proposal = encodeMessage({
  type: 'proposal',
  proposal: { head: headOf(1, { block: block.id }), block, polka: [] },
})

test('strangers and what is not wanted are ignored, and their signatures not looked at', () => {
  const strange = world()
  equal(strange.read(voteBytes(3)), 'ignore not-validator')
  equal(strange.asked(), 0)
  const over = world(() => 'height-over')
  equal(over.read(voteBytes(1)), 'ignore height-over')
  equal(over.asked(), 0)
  const full = world(() => 'too-many-proposals')
  equal(full.read(proposal), 'ignore too-many-proposals')
  // The head's alone: who did not sign it cannot say that there are too many.
  equal(full.asked(), 1)
})

test('that there are later heights is read from votes, not from proposals', () => {
  const ahead = world(() => 'height-ahead')
  equal(ahead.read(voteBytes(1)), 'accept')
  equal(ahead.read(proposal), 'ignore height-ahead')
})

test('votes of one author beyond what an honest one says are not read, until time has gone by; forged ones do not count', () => {
  const { read } = world()
  const forged = encodeMessage({
    type: 'vote',
    vote: { vote: { ...voteOf(1, { kind: 'prevote' }), signature: new Uint8Array(64) }, time: null },
  })
  for (let i = 0; i < VOTES_BURST_MAX; i += 1) equal(read(forged), 'reject bad-vote-signature')
  for (let i = 0; i < VOTES_BURST_MAX; i += 1) equal(read(voteBytes(1)), 'accept')
  equal(read(voteBytes(1)), 'ignore too-many-votes')
  equal(read(voteBytes(2)), 'accept')
  const laterNs = NS_PER_SEC / 10n
  const room = VOTES_PER_SEC_MAX / 10
  deepEqual(
    Array.from({ length: room + 1 }, () => read(voteBytes(1), laterNs)),
    [...Array.from({ length: room }, () => 'accept'), 'ignore too-many-votes'],
  )
})

test('signatures inside a block are looked at in steps, once, and not those that are known', () => {
  const [first] = transactions
  ok(first !== undefined)
  const { reader, read, asked } = world(() => undefined, [first.key])
  const steps = reader.read(proposal, 0n)
  let count = 0
  while (steps.next().done !== true) count += 1
  ok(count > transactions.length / 8)
  equal(asked(), 1 + transactions.length - 1)
  ok(transactions.slice(1).every(({ key }) => reader.isVerified(key)))
  equal(read(proposal), 'accept')
  equal(asked(), 1 + transactions.length - 1 + 1)
})

test('a false signature inside ends the looking; the engine finds the block faulty by itself', () => {
  const [good, ...rest] = transactions
  ok(good !== undefined)
  const [bad] = rest.map((one) => transactionOf(2, { ...one.transaction, author: HASHES.keyOf(1) }))
  ok(bad !== undefined)
  const wrong = blockOf({ body: { transactions: [good, bad, ...rest.slice(1)] } })
  const bytes = encodeMessage({
    type: 'proposal',
    proposal: { head: headOf(1, { block: wrong.id }), block: wrong, polka: [] },
  })
  const { reader, read, asked } = world()
  equal(read(bytes), 'accept')
  equal(asked(), 3)
  deepEqual([reader.isVerified(good.key), reader.isVerified(bad.key)], [true, false])
})
