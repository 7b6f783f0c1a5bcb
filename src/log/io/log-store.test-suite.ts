/** What every log does, wherever it is kept: appending, reading by name and number, queries, following, proofs, the end. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BATCH_MAX, matches, openEntryProof } from '../index.ts'
import type { LogFilter, LogReader, LogStore, SealedEntry } from '../index.ts'
import { draftOf, drafts } from '../log.test-kit.ts'

const numbers = async (entries: AsyncIterable<SealedEntry>): Promise<readonly number[]> => {
  const found: number[] = []
  for await (const { entry } of entries) found.push(entry.sequence)
  return found
}

type Open = () => Promise<{ readonly store: LogStore; readonly reader: LogReader }>

const digestOf = (entries: readonly SealedEntry[], at: number): Uint8Array => entries[at]?.digest ?? new Uint8Array(0)

export const logStoreSuite = (name: string, open: Open): void =>
  void describe(name, () => {
    appending(open)
    following(open)
  })

const appending = (open: Open): void => {
  void test('an empty log has nothing', async () => {
    const { store, reader } = await open()
    await using _store = store
    deepEqual(await reader.extent(), { first: 0, size: 0 })
    equal(await reader.at(0), undefined)
    equal(await reader.find(new Uint8Array(32)), undefined)
    deepEqual(await numbers(reader.query()), [])
    equal(await store.checkpoint(), undefined)
    deepEqual(await store.append([]), [])
    await rejects(reader.prove(new Uint8Array(32)), { code: 'TC_LOG_UNKNOWN_ENTRY' })
  })

  void test('what was appended is read back by number, by name and in order', async () => {
    const { store, reader } = await open()
    await using _store = store
    const written = [...(await store.append(drafts(0, 300))), ...(await store.append(drafts(300, 7)))]
    equal(store.head.size, 307)
    deepEqual(await reader.extent(), { first: 0, size: 307 })
    for (const at of [0, 1, 255, 256, 299, 306]) {
      deepEqual((await reader.at(at))?.entry, written[at]?.entry)
      deepEqual((await reader.find(digestOf(written, at)))?.entry.sequence, at)
    }
    equal(await reader.at(307), undefined)
    deepEqual(
      await numbers(reader.query()),
      written.map(({ entry }) => entry.sequence),
    )
    written.forEach(({ entry }, i) => deepEqual(entry.previous, i === 0 ? null : written[i - 1]?.digest))
  })

  void test('appends that are not waited for take effect in their order', async () => {
    const { store, reader } = await open()
    await using _store = store
    await Promise.all([0, 1, 2, 3].map(async (number) => store.append([draftOf(number)])))
    await store.sync()
    for (const number of [0, 1, 2, 3]) equal((await reader.at(number))?.entry.message, `number ${number}`)
  })

  void test('queries give what the filter says, and nothing else', async () => {
    const { store, reader } = await open()
    await using _store = store
    const written = await store.append(drafts(0, 700))
    const second = (number: number): bigint => draftOf(number).time?.earliest ?? 0n
    const filters: readonly LogFilter[] = [
      { level: 'warn' },
      { level: 'fatal' },
      { types: ['clock'] },
      { types: ['proof', 'ledger'], level: 'info' },
      { from: 250, to: 260 },
      { from: 699 },
      { to: 1 },
      { since: second(600), until: second(612) },
      { since: second(511), types: ['operator'] },
    ]
    for (const filter of filters)
      deepEqual(
        await numbers(reader.query(filter)),
        written.filter(({ entry }) => matches(filter, entry)).map(({ entry }) => entry.sequence),
      )
  })
}

const following = (open: Open): void => {
  void test('a follower is given what there is, then what comes, and ends when it is told to', async () => {
    const { store, reader } = await open()
    await using _store = store
    await store.append(drafts(0, 10))
    const end = new AbortController()
    const found: number[] = []
    for await (const { entry } of reader.follow({ from: 8 }, end.signal)) {
      found.push(entry.sequence)
      if (entry.sequence === 9) await store.append(drafts(10, 3))
      if (entry.sequence === 12) end.abort()
    }
    deepEqual(found, [8, 9, 10, 11, 12])
    deepEqual(await numbers(reader.follow({ from: 0, to: 2 }, new AbortController().signal)), [0, 1])
    deepEqual(await numbers(reader.follow({}, end.signal)), [])
  })

  void test('entries are proved once a checkpoint covers them', async () => {
    const { store, reader } = await open()
    await using _store = store
    const written = await store.append(drafts(0, 21))
    await rejects(reader.prove(digestOf(written, 3)), { code: 'TC_LOG_UNCOVERED' })
    equal((await store.checkpoint())?.size, 21)
    equal(await store.checkpoint(), undefined)
    const later = await store.append(drafts(21, 4))
    await store.checkpoint()
    for (const { digest, entry } of [...written, ...later]) {
      const opened = openEntryProof(await reader.prove(digest))
      ok(opened.verdict === 'accept')
      deepEqual(opened.value.sealed.entry, entry)
    }
  })

  void test('grave entries are taken too', async () => {
    const { store, reader } = await open()
    await using _store = store
    await store.append([{ ...draftOf(0), level: 'fatal' }])
    equal((await reader.at(0))?.entry.level, 'fatal')
  })

  void test('after its end it takes nothing more', async () => {
    const { store } = await open()
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await rejects(store.append([draftOf(0)]), { code: 'TC_LOG_CLOSED' })
    await rejects(store.checkpoint(), { code: 'TC_LOG_CLOSED' })
    await rejects(store.sync(), { code: 'TC_LOG_CLOSED' })
  })

  void test('a batch beyond the limit is a bug', async () => {
    const { store } = await open()
    await using _store = store
    await rejects(store.append(drafts(0, BATCH_MAX + 1)), { name: 'AssertionError' })
  })
}
