/** The block store on a disk: the suite of all block stores, and what only a disk can do to it. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { ChimerError } from '../../base/index.ts'
import { storedOf } from '../block-store.test-kit.ts'
import { blockStoreSuite } from '../block-store.test-suite.ts'
import { openSqliteBlocks } from './sqlite-blocks.ts'

const folder = (): { readonly path: string } & Disposable => {
  const directory = mkdtempSync(join(tmpdir(), 'truechimer-blocks-'))
  return { path: join(directory, 'blocks.sqlite'), [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
}
/** Says what an operator needs: the code, the file, what to do. */
const refuses =
  (code: string, path: string, advice: RegExp) =>
  (error: unknown): boolean =>
    error instanceof ChimerError && error.code === code && error.message.includes(path) && advice.test(error.message)

blockStoreSuite('blocks in SQLite', () => {
  const place = folder()
  const store = openSqliteBlocks(place.path)
  const close = (): void => {
    store[Symbol.dispose]()
    place[Symbol.dispose]()
  }
  return { store, [Symbol.dispose]: close }
})

describe('on a disk', () => {
  test('opened again, all is there; nobody else can read the files', () => {
    using place = folder()
    {
      using store = openSqliteBlocks(place.path)
      store.append([storedOf(5), storedOf(6)])
      store.keepSnapshot({ height: 6, state: Uint8Array.of(1) })
      store.keepValidators({ height: 5, validators: Uint8Array.of(2) })
      for (const file of [place.path, `${place.path}-wal`]) equal(statSync(file).mode & 0o777, 0o600)
    }
    using store = openSqliteBlocks(place.path)
    deepEqual(store.range, { first: 5, last: 6 })
    deepEqual(store.block(6), storedOf(6))
    deepEqual(store.snapshot(), { height: 6, state: Uint8Array.of(1) })
    deepEqual(store.validators(9), { height: 5, validators: Uint8Array.of(2) })
  })

  test('opened twice: TC_CONSENSUS_STORE_LOCKED, and the first goes on', () => {
    using place = folder()
    using store = openSqliteBlocks(place.path)
    throws(() => openSqliteBlocks(place.path), refuses('TC_CONSENSUS_STORE_LOCKED', place.path, /stop that one/))
    store.append([storedOf(1)])
    deepEqual(store.block(1), storedOf(1))
  })

  test('a full disk: the whole batch is refused, what was there stays, and it goes on when there is room', () => {
    using place = folder()
    {
      using store = openSqliteBlocks(place.path, { bytesMax: 200_000 })
      store.append([storedOf(1)])
      const batch = Array.from({ length: 8 }, (_, i) => storedOf(2 + i, 60_000))
      throws(() => store.append(batch), refuses('TC_CONSENSUS_STORE', place.path, /disk is full.* Make room/))
      deepEqual(store.range, { first: 1, last: 1 })
      equal(store.block(2), undefined)
      store.append([storedOf(2)])
    }
    using store = openSqliteBlocks(place.path)
    deepEqual(store.range, { first: 1, last: 2 })
  })

  test('no file can be made there', () => {
    const path = '/proc/nowhere/blocks.sqlite'
    throws(() => openSqliteBlocks(path), refuses('TC_CONSENSUS_STORE', path, /Check its rights/))
  })
})

describe('not what was written', () => {
  const again = /delete the file, and start again/
  const filled = (path: string): void => {
    using store = openSqliteBlocks(path)
    store.append(Array.from({ length: 40 }, (_, i) => storedOf(1 + i, 3000)))
    store.keepSnapshot({ height: 40, state: new Uint8Array(3000).fill(200) })
  }
  const overwrite = (path: string, at: number, bytes: Uint8Array): void => {
    const file = openSync(path, 'r+')
    writeSync(file, bytes, 0, bytes.length, at)
    closeSync(file)
  }

  test('a file of something else, and another program’s database', () => {
    using place = folder()
    writeFileSync(place.path, 'no database at all, but long enough to be one'.repeat(20))
    throws(() => openSqliteBlocks(place.path), refuses('TC_CONSENSUS_STORE', place.path, again))
    using other = folder()
    const database = new DatabaseSync(other.path)
    database.exec('CREATE TABLE poems (text TEXT)')
    database.close()
    throws(() => openSqliteBlocks(other.path), refuses('TC_CONSENSUS_STORE', other.path, /another program/))
  })

  test('the tables of another version', () => {
    using place = folder()
    filled(place.path)
    const database = new DatabaseSync(place.path)
    database.exec('PRAGMA user_version = 2')
    database.close()
    throws(() => openSqliteBlocks(place.path), refuses('TC_CONSENSUS_STORE', place.path, /version 2/))
  })

  test('one bit of a block turned: that block is refused by name, the others are read', () => {
    using place = folder()
    filled(place.path)
    const at = readFileSync(place.path).indexOf(Buffer.alloc(2000, 17))
    ok(at > 0)
    overwrite(place.path, at + 900, Uint8Array.of(16))
    using store = openSqliteBlocks(place.path)
    throws(() => store.block(17), refuses('TC_CONSENSUS_STORE', place.path, /block 17 is not/))
    deepEqual(store.block(18), storedOf(18, 3000))
  })

  test('a snapshot turned, and the newest block: the one when asked for, the other when opened', () => {
    using place = folder()
    filled(place.path)
    const bytes = readFileSync(place.path)
    overwrite(place.path, bytes.indexOf(Buffer.alloc(2000, 200)) + 900, Uint8Array.of(16))
    {
      using store = openSqliteBlocks(place.path)
      throws(() => store.snapshot(), refuses('TC_CONSENSUS_STORE', place.path, /snapshots, height 40/))
    }
    overwrite(place.path, bytes.indexOf(Buffer.alloc(2000, 40)) + 900, Uint8Array.of(16))
    throws(() => openSqliteBlocks(place.path), refuses('TC_CONSENSUS_STORE', place.path, /block 40 is not/))
  })

  test('the file with rubbish in its middle', () => {
    using place = folder()
    filled(place.path)
    overwrite(place.path, 4096, new Uint8Array(65_536).fill(0xa5))
    throws(
      () => {
        using store = openSqliteBlocks(place.path)
        store.blocks(1, { countMax: 40, bytesMax: 1_000_000 })
      },
      refuses('TC_CONSENSUS_STORE', place.path, again),
    )
  })
})
