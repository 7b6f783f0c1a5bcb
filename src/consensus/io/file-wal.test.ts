/** The log in a file: kept over restarts, cut where it is torn, refused where it is damaged or in use, made anew when heights are decided. Rules: docs/spec/consensus.md B-52 to B-55. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ChimerError } from '../../base/index.ts'
import type { WalRecord } from '../port.ts'
import { openFileWal } from './file-wal.ts'

const said = (height: number, length = 20): WalRecord => ({
  type: 'said',
  height,
  bytes: new Uint8Array(length).fill(height),
})
const decided = (height: number): WalRecord => ({ type: 'decided', height })
const trouble = (why: string) => (cause: unknown) =>
  cause instanceof ChimerError && cause.code === 'TC_CONSENSUS_WAL' && cause.facts.why === why

/** A directory of its own for each test, gone afterwards. */
const withPath = async (run: (path: string) => Promise<void>): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'truechimer-wal-'))
  try {
    await run(join(directory, 'wal'))
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Opens, appends each batch, closes. */
const write = async (path: string, ...batches: readonly (readonly WalRecord[])[]): Promise<void> => {
  await using wal = await openFileWal(path)
  for (const batch of batches) await wal.append(batch)
}

const read = async (path: string) => {
  await using wal = await openFileWal(path)
  return { records: wal.records, tail: wal.tail, bytesCut: wal.bytesCut }
}

describe('a log in a file', () => {
  test('is made, for its owner alone, and keeps what was appended over restarts', () =>
    withPath(async (path) => {
      deepEqual(await read(path), { records: [], tail: 'clean', bytesCut: 0 })
      equal((await stat(path)).mode & 0o777, 0o600)
      await write(path, [said(1), said(1, 3000)], [said(2)])
      await write(path, [said(3)])
      deepEqual((await read(path)).records, [said(1), said(1, 3000), said(2), said(3)])
    }))
  test('appends in the order of the calls, and nothing is nothing', () =>
    withPath(async (path) => {
      {
        await using wal = await openFileWal(path)
        await Promise.all([wal.append([said(1)]), wal.append([]), wal.append([said(2)]), wal.append([said(3)])])
      }
      deepEqual((await read(path)).records, [said(1), said(2), said(3)])
    }))
  test('cuts what an unfinished write left, says how much, and goes on', () =>
    withPath(async (path) => {
      await write(path, [said(1)])
      await appendFile(path, new Uint8Array(100))
      deepEqual(await read(path), { records: [said(1)], tail: 'torn', bytesCut: 100 })
      await write(path, [said(2)])
      deepEqual(await read(path), { records: [said(1), said(2)], tail: 'clean', bytesCut: 0 })
    }))
  test('keeps the whole records of a batch that was torn', () =>
    withPath(async (path) => {
      await write(path, [said(1), said(1, 500)])
      const bytes = await readFile(path)
      await writeFile(path, bytes.subarray(0, bytes.length - 10))
      const { records, tail } = await read(path)
      deepEqual([records, tail], [[said(1)], 'torn'])
      await write(path, [said(2)])
      deepEqual((await read(path)).records, [said(1), said(2)])
    }))
  test('is left as it is where it is damaged', () =>
    withPath(async (path) => {
      await write(path, [said(1)], [said(2)])
      const bytes = await readFile(path)
      bytes[60] = (bytes[60] ?? 0) ^ 4
      await writeFile(path, bytes)
      await rejects(openFileWal(path), trouble('damaged'))
      deepEqual(await readFile(path), bytes)
    }))
  test('is one process’s: a second opening is refused, until the first ends', () =>
    withPath(async (path) => {
      {
        await using wal = await openFileWal(path)
        await rejects(openFileWal(path), trouble('locked'))
        await wal.append([said(1)])
      }
      deepEqual((await read(path)).records, [said(1)])
    }))
  test('takes nothing once it is closed', () =>
    withPath(async (path) => {
      const wal = await openFileWal(path)
      await wal[Symbol.asyncDispose]()
      await rejects(wal.append([said(1)]), trouble('disk'))
    }))
  test('needs a directory that is there', () =>
    withPath(async (path) => {
      await rejects(openFileWal(join(path, 'missing', 'wal')), trouble('disk'))
    }))
})

describe('decided heights', () => {
  test('are forgotten when it is opened', () =>
    withPath(async (path) => {
      await write(path, [said(1), said(2)], [decided(1)], [said(2, 7)])
      deepEqual((await read(path)).records, [decided(1), said(2), said(2, 7)])
    }))
  test('make room: the file stays small however many there are', () =>
    withPath(async (path) => {
      {
        await using wal = await openFileWal(path, { compactBytes: 5000 })
        for (let height = 1; height <= 60; height += 1) {
          await wal.append([said(height, 400), said(height + 1, 10)])
          await wal.append([decided(height)])
        }
        await wal.append([said(61, 5)])
      }
      ok((await stat(path)).size < 10_000)
      deepEqual((await read(path)).records, [decided(60), said(61, 10), said(61, 5)])
      deepEqual((await readdir(join(path, '..'))).sort(), ['wal', 'wal.lock'])
    }))
  test('leave the file as it is where a new one cannot be made', () =>
    withPath(async (path) => {
      {
        await using wal = await openFileWal(path, { compactBytes: 1 })
        await mkdir(`${path}.new`)
        await wal.append([said(1)])
        await wal.append([decided(1)])
        await wal.append([said(2)])
      }
      await rm(`${path}.new`, { recursive: true })
      deepEqual((await read(path)).records, [decided(1), said(2)])
    }))
})
