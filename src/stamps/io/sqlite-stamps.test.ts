/**
 * The store of stamps on a disk: what it gives back, what it refuses, and that a call is kept whole or not at all, by both ways to take. T-40, T-42,
 * T-57.
 */
import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ChimerError } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { leafOf, stampIdOf } from '../index.ts'
import type { FinalBatch, HandedBatch, KeptEntry, KeptGroup } from '../index.ts'
import { openSqliteStamps, openThreadedStamps } from './sqlite-stamps.ts'
import type { SqliteStamps, SqliteStampsOptions, ThreadedStamps } from './sqlite-stamps.ts'

const OWNER: SqliteStampsOptions = { networkId: new Uint8Array(32).fill(1), node: new Uint8Array(32).fill(2) }
const bytesOf = (number: number): Uint8Array => sha256(new TextEncoder().encode(`thing ${number}`))

class Place implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'truechimer-stamps-'))
  readonly path = join(this.directory, 'stamps.sqlite')

  open(given: Partial<SqliteStampsOptions> = {}): SqliteStamps {
    return openSqliteStamps(this.path, { ...OWNER, ...given })
  }

  openThreaded(): ThreadedStamps {
    return openThreadedStamps(this.path, OWNER)
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true })
  }
}

const entryAt = (position: number): KeptEntry => {
  const algorithm = (['sha-256', 'sha-384', 'sha-512', 'sha3-256'] as const)[position % 4] ?? 'sha-256'
  const length = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64, 'sha3-256': 32 }[algorithm]
  const imprint = new Uint8Array(length).fill(position)
  const entry = { algorithm, imprint, beacon: position % 3 === 0 ? null : 'ab'.repeat(32) }
  const beaconHeight = entry.beacon === null ? 0 : 40 + position
  return { position, id: stampIdOf(entry, `asker ${position}`), leaf: leafOf(entry), entry, beaconHeight }
}

const groupAt = (first: number, size: number): KeptGroup => ({
  first,
  size,
  received: { earliest: 1_800_000_000_000_000_001n, latest: 1_800_000_000_000_000_003n },
  heightNewest: 7,
  heightPromised: 27,
  sources: 3,
  signature: new Uint8Array(64).fill(first),
})

const fill = (store: SqliteStamps, count: number): void => {
  const first = store.size
  store.take(
    Array.from({ length: count }, (_, i) => entryAt(first + i)),
    [groupAt(first, count)],
  )
}

const batchAt = (first: number, logSize: number): HandedBatch => ({
  first,
  logSize,
  batchRoot: bytesOf(1),
  logRoot: bytesOf(2),
  frontier: Array.from({ length: logSize.toString(2).replaceAll('0', '').length }, (_, i) => bytesOf(i)),
  beaconOldest: 41,
  sequence: 5,
  transaction: bytesOf(4),
  heightHanded: 9,
})

const finalOf = ({ heightHanded: _handed, ...batch }: HandedBatch): FinalBatch => ({
  ...batch,
  sequence: 6,
  height: 12,
  place: { index: 1, size: 3, path: [bytesOf(8), bytesOf(9)] },
})

const finality = (batch: FinalBatch): Parameters<SqliteStamps['keepFinal']>[0] => ({
  batches: [batch],
  headers: [11, 12, 13].map((height) => ({ height, header: bytesOf(height) })),
  votes: { height: 13, commit: bytesOf(100), validators: bytesOf(101) },
})

const told = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    ok(error instanceof ChimerError, String(error))
    equal(error.code, 'TC_STAMP_STORE')
    return error.message
  }
  return 'nothing was refused'
}

test('it gives back what it was given, also when it is opened again; only its owner may read the file', () => {
  using place = new Place()
  {
    using store = place.open()
    fill(store, 10)
    fill(store, 3)
    store.keepBatch(batchAt(0, 10))
    store.keepBatch(batchAt(10, 13))
    store.keepFinal(finality(finalOf(batchAt(0, 10))))
    // Final stays final.
    store.keepBatch(batchAt(0, 10))
  }
  equal(statSync(place.path).mode & 0o777, 0o600)
  using store = place.open()
  equal(store.size, 13)
  deepEqual(
    store.entries(0, 100),
    Array.from({ length: 13 }, (_, i) => entryAt(i)),
  )
  deepEqual(store.leaves(11, 100), [entryAt(11).leaf, entryAt(12).leaf])
  deepEqual([store.positionOf(entryAt(6).id), store.positionOf(new Uint8Array(16))], [6, undefined])
  deepEqual([store.groupOf(9), store.groupOf(10), store.groupOf(13)], [groupAt(0, 10), groupAt(10, 3), undefined])
  deepEqual(store.openBatches(), [batchAt(10, 13)])
  equal(store.lastBatch()?.first, 10)
  deepEqual([store.finalBatchOf(9), store.finalBatchOf(10)], [finalOf(batchAt(0, 10)), undefined])
  deepEqual(
    store.headers(12, 20).map(({ height }) => height),
    [12, 13],
  )
  deepEqual(store.votes(13), { height: 13, commit: bytesOf(100), validators: bytesOf(101) })
  equal(store.votes(14), undefined)
})

const entriesAt = (first: number, count: number): readonly KeptEntry[] =>
  Array.from({ length: count }, (_, i) => entryAt(first + i))

test('a thread takes as the store itself does, and what one has kept the other gives back', async () => {
  using place = new Place()
  {
    await using store = place.openThreaded()
    equal(await store.take(entriesAt(0, 10), [groupAt(0, 7), groupAt(7, 3)]), 'kept')
    store.keepBatch(batchAt(0, 10))
    equal(await store.take(entriesAt(10, 3), [groupAt(10, 3)]), 'kept')
    store.keepFinal(finality(finalOf(batchAt(0, 10))))
    deepEqual(store.entries(0, 100), entriesAt(0, 13))
  }
  {
    using store = place.open()
    equal(store.size, 13)
    deepEqual(store.entries(0, 100), entriesAt(0, 13))
    deepEqual([store.groupOf(6), store.groupOf(9), store.groupOf(12)], [groupAt(0, 7), groupAt(7, 3), groupAt(10, 3)])
    fill(store, 4)
  }
  await using store = place.openThreaded()
  deepEqual(store.entries(0, 100), entriesAt(0, 17))
  deepEqual(store.finalBatchOf(9), finalOf(batchAt(0, 10)))
})

for (const way of ['itself', 'by a thread'] as const)
  test(`where an id is there already nothing of a call is kept, and it says so: ${way}`, async () => {
    using place = new Place()
    await using opened = new AsyncDisposableStack()
    const store = way === 'itself' ? opened.use(place.open()) : opened.use(place.openThreaded())
    equal(await store.take(entriesAt(0, 3), [groupAt(0, 3)]), 'kept')
    const again = [...entriesAt(3, 2), { ...entryAt(1), position: 5 }]
    equal(await store.take(again, [groupAt(3, 3)]), 'known')
    deepEqual([store.size, store.positionOf(entryAt(3).id), store.groupOf(3)], [3, undefined, undefined])
    equal(await store.take(entriesAt(3, 2), [groupAt(3, 2)]), 'kept')
    deepEqual(store.entries(0, 100), entriesAt(0, 5))
  })

test('what the thread’s disk will not is told as the store’s own, and after its end nothing is taken', async () => {
  using place = new Place()
  await using store = place.openThreaded()
  // A position that is there already: nobody asks for that, and SQLite refuses it.
  await store.take(entriesAt(0, 1), [groupAt(0, 1)])
  const [entry] = entriesAt(1, 1)
  ok(entry !== undefined)
  const misplaced = store.take([{ ...entry, position: 0 }], [groupAt(1, 1)])
  await rejects(misplaced, { code: 'TC_STAMP_STORE', message: /cannot be read or written \(.*\)/ })
  equal(await store.take([entry], [groupAt(1, 1)]), 'kept')
  await store.endThread()
  await rejects(store.take(entriesAt(2, 1), [groupAt(2, 1)]), {
    code: 'TC_STAMP_STORE',
    message: /thread .* has ended/,
  })
  equal(store.size, 2)
})

test('a batch that is handed in again is written over', () => {
  using place = new Place()
  using store = place.open()
  store.keepBatch(batchAt(0, 10))
  store.keepBatch({ ...batchAt(0, 10), sequence: 9, heightHanded: 20 })
  deepEqual(
    store.openBatches().map(({ sequence, heightHanded }) => [sequence, heightHanded]),
    [[9, 20]],
  )
})

test('a full disk keeps nothing of a call, and goes on when there is room', () => {
  using place = new Place()
  let kept = 0
  {
    using store = place.open({ bytesMax: 60_000 })
    const message = told(() => {
      for (; kept < 100_000; kept = store.size) fill(store, 16)
    })
    match(message, /disk is full.*nothing is acknowledged.*Make room/s)
    equal(store.size, kept)
    equal(store.entries(0, 100_000).length, kept)
  }
  using store = place.open()
  equal(store.size, kept)
  fill(store, 16)
  equal(store.entries(0, 100_000).length, kept + 16)
})

test('files that are no log of this node are refused and left as they are', () => {
  using place = new Place()
  place.open()[Symbol.dispose]()
  match(
    told(() => place.open({ node: new Uint8Array(32) })),
    /another node or another network/,
  )
  match(
    told(() => place.open({ networkId: new Uint8Array(32) })),
    /another node or another network/,
  )
  const change = (sql: string): void => {
    using database = new DatabaseSync(place.path)
    database.exec(sql)
  }
  change('PRAGMA user_version = 9')
  match(
    told(() => place.open()),
    /version 9 of its tables.+run that version/,
  )
  change('PRAGMA application_id = 5')
  match(
    told(() => place.open()),
    /another program made it/,
  )
  writeFileSync(place.path, 'x'.repeat(5000))
  match(
    told(() => place.open()),
    /damaged.*Put|damaged.*put the file back/s,
  )
  equal(readFileSync(place.path, 'latin1'), 'x'.repeat(5000))
})

test('a file is open once, and a directory that is not there is named', () => {
  using place = new Place()
  using _store = place.open()
  match(
    told(() => place.open()),
    /another process has the stamps in .* open/,
  )
  match(
    told(() => place.openThreaded()),
    /another process has the stamps in .* open/,
  )
  match(
    told(() => openSqliteStamps(join(place.directory, 'none', 'stamps.sqlite'), OWNER)),
    /none.stamps\.sqlite cannot be/,
  )
})

test('one with a thread is open once too', async () => {
  using place = new Place()
  await using _store = place.openThreaded()
  for (const open of [() => place.open(), () => place.openThreaded()])
    match(told(open), /another process has the stamps in .* open/)
})

/** A row that a disk has turned, and what then refuses. */
const turned: readonly (readonly [name: string, sql: string, read: (store: SqliteStamps) => unknown])[] = [
  ['an imprint', 'UPDATE entries SET imprint = zeroblob(length(imprint)) WHERE position = 5', (s) => s.entries(5, 1)],
  ['a beacon', 'UPDATE entries SET beacon = NULL WHERE position = 5', (s) => s.entries(5, 1)],
  ['a missing entry', 'DELETE FROM entries WHERE position = 5', (s) => s.entries(4, 3)],
  ['an algorithm', 'UPDATE entries SET algorithm = 7 WHERE position = 5', (s) => s.entries(5, 1)],
  ['a group', 'UPDATE receipt_groups SET content = zeroblob(40)', (s) => s.groupOf(5)],
  ['a batch', 'UPDATE batches SET checksum = checksum + 1', (s) => s.openBatches()],
  ['a header', 'UPDATE headers SET content = zeroblob(32) WHERE height = 12', (s) => s.headers(11, 13)],
  ['a commit', 'UPDATE votes SET commit_bytes = zeroblob(32)', (s) => s.votes(13)],
]
for (const [name, sql, read] of turned)
  test(`a disk that has turned ${name} is found out`, () => {
    using place = new Place()
    {
      using store = place.open()
      fill(store, 10)
      store.keepBatch(batchAt(0, 4))
      store.keepFinal(finality(finalOf(batchAt(4, 10))))
    }
    {
      using store = place.open()
      read(store)
    }
    {
      using database = new DatabaseSync(place.path)
      database.exec(sql)
    }
    using again = place.open()
    throws(() => read(again), { code: 'TC_STAMP_STORE' })
  })
