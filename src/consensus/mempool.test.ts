/** What waits for a block: who may wait, how many, in which order, and what goes. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { sha3 } from '../crypto/index.ts'
import { ChainScript, scriptMember } from './chain-script.test-kit.ts'
import { MEMPOOL_REASONS, MEMPOOL_STRANGERS_MAX, MEMPOOL_TRANSACTIONS_MAX, Mempool } from './mempool.ts'
import { allReached } from './signed-things.test-kit.ts'
import { sealTransaction } from './transaction.ts'
import type { SealedTransaction, TransactionKind } from './transaction.ts'

const [a, b, wrong, silent, stranger, other] = ['a', 'b', 'c', 'd', 'e', 'f'].map(scriptMember)
ok(a && b && wrong && silent && stranger && other)

/** Two who keep good time, one who does not, one who is not heard, and one who is leaving. */
const leaving = scriptMember('g')
const script = new ChainScript({
  members: [a, b, wrong, silent, leaving, scriptMember('h'), scriptMember('i')],
  parameters: { candidatesMax: 1 },
})
script.meet(stranger)
script.offsets.set(wrong.id, 10n * NS_PER_SEC)
const away = { silent: new Set([silent.id]) }
script.steps(12, away)
script.step({ ...away, transactions: [script.transaction(leaving, { kind: 'leave', sequence: 5 })] })
script.steps(4, away)
const { state } = script
const pending = {
  ...state,
  pending: script.make({ transactions: [script.transaction(b, { kind: 'mark', sequence: 9 })] }),
}
const now = { earliest: script.now, latest: script.now + NS_PER_MS }
const parentTime = { ...now, timestamp: script.now }
const room = { bytesMax: 1_000_000, countMax: 4096 }

const transaction = (member = a, sequence = 1, kind: TransactionKind = 'mark', atNs = 0n): SealedTransaction =>
  script.transaction(member, { kind, sequence, atNs })

/** A join of somebody who has just made a key. */
const joinOf = (number: number): SealedTransaction => {
  const author = sha3(Uint8Array.of(number >> 8, number & 255))
  return sealTransaction({ ...transaction(stranger, 1, 'join').transaction, author })
}

const crowded = new ChainScript({ members: [a, b, scriptMember('h')], parameters: { candidatesMax: 0 } })
crowded.steps(3)

const cases: readonly {
  readonly name: string
  readonly sealed: SealedTransaction
  readonly reason: string
  readonly before?: readonly SealedTransaction[]
  readonly in?: typeof state
}[] = [
  { name: 'a mark of who keeps good time', sealed: transaction(), reason: '' },
  { name: 'a stranger joins', sealed: transaction(stranger, 1, 'join'), reason: '' },
  { name: 'the same again', sealed: transaction(), before: [transaction()], reason: 'transaction-known' },
  {
    name: 'in the block that waits for its time',
    sealed: pending.pending.body.transactions[0] ?? transaction(),
    in: pending,
    reason: 'transaction-known',
  },
  {
    name: 'the same sequence',
    sealed: transaction(a, 1, 'leave'),
    before: [transaction()],
    reason: 'sequence-waiting',
  },
  { name: 'a sequence that was used', sealed: transaction(leaving, 5), reason: 'sequence-used' },
  { name: 'a mark of a stranger', sealed: transaction(stranger), reason: 'author-unknown' },
  { name: 'before anybody is judged', sealed: transaction(), in: crowded.state, reason: 'author-unproven' },
  { name: 'of whose clock is wrong', sealed: transaction(wrong), reason: 'author-falseticker' },
  { name: 'of who is not heard', sealed: transaction(silent), reason: 'author-absent' },
  { name: 'a member joins', sealed: transaction(a, 1, 'join'), reason: 'already-member' },
  { name: 'who leaves leaves again', sealed: transaction(leaving, 6, 'leave'), reason: 'already-leaving' },
  {
    name: 'too many candidates',
    sealed: transaction(stranger, 1, 'join'),
    in: crowded.state,
    reason: 'candidates-full',
  },
  { name: 'of long ago', sealed: transaction(a, 1, 'mark', -60n * NS_PER_SEC), reason: 'time-before-block' },
  { name: 'of next hour', sealed: transaction(a, 1, 'mark', 3600n * NS_PER_SEC), reason: 'time-after-block' },
]
for (const { name, sealed, reason, before = [], in: where = state } of cases)
  test(`${name}: ${reason || 'waits'}`, () => {
    const pool = new Mempool()
    for (const one of before) equal(pool.add(one, where, now).verdict, 'accept')
    const admitted = pool.admits(sealed, where, now)
    equal(admitted.verdict === 'accept' ? '' : admitted.reason, reason)
    equal(pool.add(sealed, where, now).verdict, admitted.verdict)
    equal(pool.has(sealed.key), reason === '' || before.some(({ key }) => key === sealed.key))
  })

test('a network that is full takes no candidate', () => {
  const [first] = state.members
  ok(first !== undefined)
  const members = Array.from({ length: 1024 }, (_, i) => ({ ...first, key: sha3(Uint8Array.of(i >> 8, i & 255)) }))
  const admitted = new Mempool().admits(transaction(stranger, 1, 'join'), { ...state, members }, now)
  equal(admitted.verdict === 'accept' ? '' : admitted.reason, 'members-full')
})

test('every reason but for a full pool has its row', () =>
  allReached(MEMPOOL_REASONS, [...cases.map(({ reason }) => reason), 'members-full', 'mempool-full']))

test('strangers fill no more than their part', () => {
  const pool = new Mempool()
  for (let i = 0; i < MEMPOOL_STRANGERS_MAX; i += 1) equal(pool.add(joinOf(i), state, now).verdict, 'accept')
  const refused = pool.add(joinOf(MEMPOOL_STRANGERS_MAX), state, now)
  equal(refused.verdict === 'accept' ? '' : refused.reason, 'mempool-full')
  equal(pool.add(transaction(), state, now).verdict, 'accept')
})

test('when it is full, who has most makes room, and who has most gets none', () => {
  const pool = new Mempool()
  const base = transaction().transaction
  const of = (author: Uint8Array, sequence: number): SealedTransaction => ({
    transaction: { ...base, author, sequence },
    bytes: new Uint8Array(200),
    key: `${author[0]} ${sequence}`,
  })
  for (let i = 1; i <= MEMPOOL_TRANSACTIONS_MAX; i += 1) equal(pool.add(of(a.key, i), state, now).verdict, 'accept')
  const more = pool.add(of(a.key, MEMPOOL_TRANSACTIONS_MAX + 1), state, now)
  equal(more.verdict === 'accept' ? '' : more.reason, 'mempool-full')
  equal(pool.add(of(b.key, 1), state, now).verdict, 'accept')
  equal(pool.size, MEMPOOL_TRANSACTIONS_MAX)
  equal(pool.has(`${a.key[0]} ${MEMPOOL_TRANSACTIONS_MAX}`), false)
})

test('authors take turns, each in the order of its sequence; what is not due stays', () => {
  const pool = new Mempool()
  const early = transaction(b, 3, 'mark', 30n * NS_PER_SEC)
  const given = [transaction(a, 2), transaction(a, 1), transaction(a, 3), transaction(b, 1), early]
  for (const one of given) equal(pool.add(one, state, now).verdict, 'accept')
  const later = { earliest: now.earliest, latest: now.latest + 2n * NS_PER_SEC }
  const taken = pool.take(state, { parentTime, now: later, room })
  deepEqual(
    taken.map(({ transaction: { author, sequence } }) => [author === a.key, sequence]),
    [
      [true, 1],
      [false, 1],
      [true, 2],
      [true, 3],
    ],
  )
  equal(pool.take(state, { parentTime, now: later, room: { ...room, countMax: 3 } }).length, 3)
  equal(pool.take(state, { parentTime, now: later, room: { ...room, bytesMax: 500 } }).length, 2)
  equal(pool.size, 5)
})

test('what a block holds goes, and what its time or sequence has passed', () => {
  const pool = new Mempool()
  const [inBlock, stays, old] = [transaction(a, 1), transaction(b, 2, 'mark', 5n * NS_PER_SEC), transaction(b, 1)]
  for (const one of [inBlock, stays, old]) pool.add(one, state, now)
  const block = script.make({ transactions: [inBlock] })
  const time = { earliest: script.now + 3n * NS_PER_SEC, latest: script.now + 4n * NS_PER_SEC, timestamp: script.now }
  pool.settle(block, { ...state, time })
  deepEqual(
    [inBlock, stays, old].map(({ key }) => pool.has(key)),
    [false, true, false],
  )
})
