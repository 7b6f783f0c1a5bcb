/** One call, a line and an entry; what peers do is summed; a disk that refuses costs entries and not the node. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { ChimerError, NS_PER_SEC } from '../../base/index.ts'
import { NOISY_AT_ONCE_MAX } from '../index.ts'
import type { LogLevel, LogStore, SealedEntry } from '../index.ts'
import { HandTime, networkId, signerOf } from '../log.test-kit.ts'
import { MemoryLog } from './memory-log.ts'
import { NodeLog, SUMS_NS, WAITING_MAX } from './node-log.ts'

const NOW = { earliest: 10n, latest: 20n }

const stage = (
  entriesFrom: LogLevel | undefined = 'info',
): { time: HandTime; lines: string[]; store: MemoryLog; log: NodeLog } => {
  const time = new HandTime()
  const lines: string[] = []
  const line = (level: LogLevel, _facts: unknown, message: string): void => void lines.push(`${level} ${message}`)
  const store = new MemoryLog({ networkId, signer: signerOf(), entriesMax: 20_000 })
  return { time, lines, store, log: new NodeLog({ time, line, entriesFrom }) }
}
const entriesOf = async (store: LogStore): Promise<readonly SealedEntry['entry'][]> => {
  const entries: SealedEntry['entry'][] = []
  for await (const { entry } of store.query()) entries.push(entry)
  return entries
}
const told = async (store: LogStore): Promise<readonly unknown[]> =>
  (await entriesOf(store)).map(({ level, message, payload }) => [level, message, payload])

test('a saying is a line, and from its level on an entry, with facts and time', async () => {
  const { log, store, lines } = stage()
  log.attach(store, () => NOW)
  log.record({ level: 'debug', type: 'network', message: 'small' })
  log.record({ level: 'info', type: 'clock', message: 'great', facts: { a: 1, b: undefined } })
  await log[Symbol.asyncDispose]()
  deepEqual(lines, ['debug small', 'info great'])
  const [entry, ...more] = await entriesOf(store)
  deepEqual(more, [])
  deepEqual([entry?.type, entry?.time, entry?.message, entry?.payload], ['clock', NOW, 'great', { a: 1 }])
})

test('what is said before there is a log is written when there is one, without a time', async () => {
  const { log, store, time } = stage()
  log.record({ level: 'warn', type: 'operator', message: 'early' })
  equal(time.waiting, 0)
  log.attach(store, () => NOW)
  await log[Symbol.asyncDispose]()
  deepEqual(
    (await entriesOf(store)).map(({ message, time: when }) => [message, when]),
    [['early', null]],
  )
})

test('without entries there are lines only', async () => {
  const { log, store, lines } = stage()
  const silent = new NodeLog({ time: new HandTime(), line: (_l, _f, m) => void lines.push(m), entriesFrom: undefined })
  silent.attach(store, () => NOW)
  silent.record({ level: 'fatal', type: 'operator', message: 'oh' })
  silent.refused({ channel: 'c', reason: 'r', from: 'f' })
  await silent[Symbol.asyncDispose]()
  await log[Symbol.asyncDispose]()
  deepEqual([lines, await entriesOf(store)], [['oh', 'refused'], []])
})

test('after its end it says lines only', async () => {
  const { log, store, lines } = stage()
  log.attach(store, () => NOW)
  await log[Symbol.asyncDispose]()
  log.record({ level: 'error', type: 'operator', message: 'late' })
  await log[Symbol.asyncDispose]()
  deepEqual([lines, await entriesOf(store)], [['error late'], []])
})

test('what peers can cause at will is held to its rate, and the rest is counted in the next entry', async () => {
  const { log, store, time, lines } = stage()
  log.attach(store, () => NOW)
  for (let i = 0; i < 1000; i += 1) log.record({ level: 'info', type: 'network', message: 'came', byPeers: true })
  time.pass(NS_PER_SEC)
  log.record({ level: 'info', type: 'network', message: 'came', byPeers: true })
  await log[Symbol.asyncDispose]()
  const entries = await entriesOf(store)
  const told = Map.groupBy(lines, (line) => line)
  equal(told.get('info came')?.length, NOISY_AT_ONCE_MAX + 1)
  equal(told.get('debug came')?.length, 1000 - NOISY_AT_ONCE_MAX)
  equal(entries.length, NOISY_AT_ONCE_MAX + 1)
  deepEqual(entries.at(-1)?.payload, { untold: 1000 - NOISY_AT_ONCE_MAX })
})

test('refusals become one entry a minute, and one at the end', async () => {
  const { log, store, time } = stage()
  log.attach(store, () => NOW)
  for (let i = 0; i < 500; i += 1)
    log.refused({ channel: 'proofs', reason: i % 5 === 0 ? 'malformed' : 'too-large', from: 'x' })
  time.pass(SUMS_NS)
  log.refused({ channel: 'proofs', reason: 'malformed', from: 'y' })
  await log[Symbol.asyncDispose]()
  deepEqual(await told(store), [
    ['info', 'messages of peers were refused', { 'proofs malformed': 100, 'proofs too-large': 400 }],
    ['info', 'messages of peers were refused', { 'proofs malformed': 1 }],
  ])
})

test('a disk that refuses is told once, what is missing is counted, and the log goes on when it can', async () => {
  const { log, store, time, lines } = stage()
  let isFull = true
  const append = store.append.bind(store)
  store.append = async (drafts) => {
    if (isFull) throw new ChimerError('TC_LOG_FULL', 'the disk is full')
    return append(drafts)
  }
  log.attach(store, () => NOW)
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i += 1) await Promise.resolve()
  }
  for (const message of ['one', 'two', 'three']) {
    log.record({ level: 'info', type: 'operator', message })
    time.pass(60n * NS_PER_SEC)
    await settle()
  }
  equal(lines.filter((line) => line.startsWith('warn the disk is full')).length, 1)
  isFull = false
  log.record({ level: 'info', type: 'operator', message: 'four' })
  time.pass(60n * NS_PER_SEC)
  await settle()
  await log[Symbol.asyncDispose]()
  const entries = await entriesOf(store)
  deepEqual(entries.map(({ message }) => message).slice(1), ['four'])
  deepEqual(entries[0]?.payload, { lost: 3 })
  equal(log.counts.lost, 3)
  equal(lines.filter((line) => line === 'info the log is written again').length, 1)
})

test('what waits is bounded', async () => {
  const { log, store } = stage()
  for (let i = 0; i < WAITING_MAX + 5; i += 1) log.record({ level: 'info', type: 'operator', message: 'm' })
  equal(log.counts.lost, 5)
  log.attach(store, () => NOW)
  await log[Symbol.asyncDispose]()
  const entries = await entriesOf(store)
  ok(entries.length === WAITING_MAX + 1)
  deepEqual(entries[0]?.payload, { lost: 5 })
})
