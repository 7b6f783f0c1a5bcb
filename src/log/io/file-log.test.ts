/** The log in files: the suite, and what only files have: segments, indexes, locks, torn ends, damage, disks that refuse. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { openEntryProof } from '../index.ts'
import type { LogHead } from '../index.ts'
import { drafts, machineTime, networkId, signerOf } from '../log.test-kit.ts'
import { openFileLog } from './file-log.ts'
import type { FileLog, FileLogOptions } from './file-log.ts'
import { LogFiles } from './file-reader.ts'
import { logStoreSuite } from './log-store.test-suite.ts'
import { listSegments } from './segment-scan.ts'
import { BLOCK_BYTES, BLOCK_ENTRIES, readIndex } from './segment-index.ts'
import { verifyLog } from './verify-files.ts'
import type { LogReport } from './verify-files.ts'

const signer = signerOf()
const root = mkdtempSync(join(tmpdir(), 'truechimer-log-'))
after(() => rmSync(root, { recursive: true, force: true }))
let made = 0
const newPath = (): string => join(root, `${(made += 1)}`)
const open = async (directory: string, more: Partial<FileLogOptions> = {}): Promise<FileLog> =>
  openFileLog({ directory, time: machineTime, networkId, signer, ...more })
const verify = async (directory: string): Promise<LogReport> =>
  verifyLog({ directory, time: machineTime, owner: { networkId, nodeId: signer.nodeId } })
const segmentOf = async (directory: string, number = 0): Promise<string> =>
  (await listSegments(directory))[number]?.path ?? ''

logStoreSuite('in files, read by its writer', async () => {
  const store = await open(newPath())
  return { store, reader: store }
})
logStoreSuite('in small segments, read by somebody else', async () => {
  const directory = newPath()
  const store = await open(directory, { segmentBytesMax: 3000 })
  return { store, reader: new LogFiles({ directory, time: machineTime }) }
})

/** A closed log of `count` entries, appended one batch of 10 at a time. */
const laid = async (
  count: number,
  more: Partial<FileLogOptions> = {},
): Promise<{ directory: string; head: LogHead }> => {
  const directory = newPath()
  await using log = await open(directory, more)
  for (let from = 0; from < count; from += 10) await log.append(drafts(from, Math.min(10, count - from)))
  return { directory, head: log.head }
}

describe('opened again', () => {
  test('it goes on where it ended', async () => {
    const { directory, head } = await laid(25)
    {
      await using log = await open(directory)
      deepEqual(log.opening, { tornBytes: 0 })
      deepEqual(log.head.digest, head.digest)
      await log.append(drafts(25, 5))
    }
    const report = await verify(directory)
    deepEqual([report.fault, report.first, report.size, report.uncovered], [undefined, 0, 30, 0])
  })
  test('not by two at once', async () => {
    const { directory } = await laid(3)
    await using _log = await open(directory)
    await rejects(open(directory), { code: 'TC_LOG_LOCKED' })
  })
  test('not by another node, nor for another network', async () => {
    const { directory } = await laid(3)
    await rejects(open(directory, { signer: signerOf(9) }), { code: 'TC_LOG_DAMAGED' })
    await rejects(open(directory, { networkId: new Uint8Array(32) }), { code: 'TC_LOG_DAMAGED' })
    await using log = await open(directory)
    equal(log.head.size, 3)
  })
})

describe('segments', () => {
  test('the oldest are dropped whole; what is kept verifies and can be proved', async () => {
    const { directory, head } = await laid(400, { segmentBytesMax: 4000, segmentsMax: 3 })
    equal((await listSegments(directory)).length, 3)
    const report = await verify(directory)
    equal(report.fault, undefined)
    ok(report.first > 0 && report.size === 400)
    const log = new LogFiles({ directory, time: machineTime })
    deepEqual(await log.extent(), { first: report.first, size: 400 })
    equal(await log.at(report.first - 1), undefined)
    for (const sequence of [report.first, report.first + 30, 399]) {
      const sealed = await log.at(sequence)
      equal(openEntryProof(await log.prove(sealed!.digest)).verdict, 'accept')
    }
    deepEqual((await log.at(399))?.digest, head.digest)
  })
  test('an index that is deleted, cut off or altered changes no answer, and is made again', async () => {
    const { directory } = await laid(1200, { segmentBytesMax: 60_000 })
    const [segment] = await listSegments(directory)
    const good = readFileSync(segment!.indexPath)
    ok(good.length > 0)
    const log = new LogFiles({ directory, time: machineTime })
    for (const spoil of [
      () => rmSync(segment!.indexPath),
      () => truncateSync(segment!.indexPath, good.length - 1),
      () =>
        writeFileSync(
          segment!.indexPath,
          good.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
        ),
    ]) {
      spoil()
      equal((await log.at(77))?.entry.sequence, 77)
      const sealed = await log.at(300)
      equal((await log.find(sealed!.digest))?.entry.sequence, 300)
      await (await open(directory))[Symbol.asyncDispose]()
      deepEqual(readFileSync(segment!.indexPath), good)
    }
    ok((await readIndex(segment!.indexPath, 0)).length > 0)
  })
  test('a tree in the index that is another’s changes no proof', async () => {
    const { directory } = await laid(700)
    const [segment] = await listSegments(directory)
    const index = readFileSync(segment!.indexPath)
    const log = new LogFiles({ directory, time: machineTime })
    const digest = (await log.at(600))!.digest
    const good = await log.prove(digest)
    equal(openEntryProof(good).verdict, 'accept')
    // The first digest of the second whole block's tree, under a checksum that fits.
    const block = index.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES)
    block[32 + 4 * BLOCK_ENTRIES] = (block[32 + 4 * BLOCK_ENTRIES] ?? 0) ^ 1
    block.writeUInt32BE(crc32(block.subarray(0, -4)), BLOCK_BYTES - 4)
    writeFileSync(segment!.indexPath, index)
    equal((await readIndex(segment!.indexPath, 0)).length, 2)
    deepEqual(await log.prove(digest), good)
  })
  test('a last segment whose header was not finished goes', async () => {
    const { directory, head } = await laid(10)
    writeFileSync(join(directory, 'segment-0000000010.log'), Uint8Array.of(0, 99))
    await using log = await open(directory)
    deepEqual(log.opening, { tornBytes: 2 })
    deepEqual(log.head.digest, head.digest)
  })
})

/** A log whose frames are known, as bytes that can be put down spoilt. */
const { directory: sample } = await laid(30)
const bytes = readFileSync(await segmentOf(sample))
/** Where each frame begins and which entry it is (or comes before). */
const frames: { readonly at: number; readonly sequence: number; readonly isEntry: boolean }[] = []
for (let at = 0, sequence = 0; at < bytes.length; at += 8 + bytes.readUInt16BE(at)) {
  const isEntry = bytes[at + 8] === 1
  frames.push({ at, sequence, isEntry })
  if (isEntry) sequence += 1
}
const lay = (content: Uint8Array): string => {
  const directory = newPath()
  mkdirSync(directory)
  writeFileSync(join(directory, 'segment-0000000000.log'), content)
  return directory
}
const quick = { ...machineTime, schedule: (_ns: bigint, run: () => void) => machineTime.schedule(0n, run) }

describe('damage', () => {
  test('any one bit that is flipped is found, and the first bad entry is named', async () => {
    equal(frames.filter(({ isEntry }) => isEntry).length, 30)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const bad = Uint8Array.from(bytes)
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const { fault } = await verifyLog({ directory: lay(bad), time: quick })
        const hit = frames.findLast(({ at }) => at <= bit >> 3)
        equal(fault?.sequence, hit?.sequence)
        equal(fault?.offset, hit?.at)
      }),
      { numRuns: 60 },
    )
  })
  test('any truncation is cut at the last whole record, and told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: frames[1]!.at, max: bytes.length - 1 }), async (length) => {
        const directory = lay(bytes.subarray(0, length))
        const hit = frames.findLast(({ at }) => at <= length)
        await using log = await open(directory)
        deepEqual(log.opening, { tornBytes: length - (hit?.at ?? 0) })
        equal(log.head.size, hit?.sequence)
      }),
      { numRuns: 20 },
    )
  })
  test('what a crash of the machine may leave is cut too: zeros, or rubbish', async () => {
    for (const rubbish of [new Uint8Array(5000), new Uint8Array(300).fill(0xab)]) {
      await using log = await open(lay(Uint8Array.of(...bytes, ...rubbish)))
      deepEqual([log.head.size, log.opening.tornBytes], [30, rubbish.length])
    }
  })
  test('damage before a whole record is never cut away', async () => {
    const bad = Uint8Array.from(bytes)
    const at = frames[12]!.at + 20
    bad[at] = (bad[at] ?? 0) ^ 4
    const directory = lay(bad)
    await rejects(open(directory), { code: 'TC_LOG_DAMAGED' })
    equal(readFileSync(await segmentOf(directory)).length, bytes.length)
    const log = new LogFiles({ directory, time: machineTime })
    await rejects(log.at(20), { code: 'TC_LOG_DAMAGED' })
  })
  test('verify names a torn end that nobody goes on with', async () => {
    const { fault } = await verifyLog({ directory: lay(bytes.subarray(0, frames[9]!.at + 11)), time: quick })
    deepEqual([fault?.sequence, fault?.reason, fault?.offset], [frames[9]!.sequence, 'torn-tail', frames[9]!.at])
  })
  test('a reader stops cleanly at an end that is growing', async () => {
    const log = new LogFiles({ directory: lay(bytes.subarray(0, frames[9]!.at + 11)), time: machineTime })
    deepEqual((await log.extent()).size, frames[9]!.sequence)
  })
})

describe('disks', () => {
  test('no log there', async () => {
    await rejects(verify(newPath()), { code: 'TC_LOG_UNREADABLE' })
    await rejects(new LogFiles({ directory: newPath(), time: machineTime }).extent(), { code: 'TC_LOG_UNREADABLE' })
  })
  test('a file where the directory should be', async () => {
    const path = newPath()
    writeFileSync(path, '')
    await rejects(open(join(path, 'log')), { code: 'TC_LOG_UNWRITABLE' })
  })
})
