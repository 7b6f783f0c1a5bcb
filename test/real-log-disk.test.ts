/**
 * The log on disks that refuse for real: one of 1 MB that is full, and one that is mounted read-only. Both are in memory and
 * need the right to mount; without it the tests say so.
 */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ChimerError } from '../src/base/index.ts'
import { LogFiles } from '../src/log/io/file-reader.ts'
import { openFileLog } from '../src/log/io/file-log.ts'
import type { FileLog } from '../src/log/io/file-log.ts'
import { verifyLog } from '../src/log/io/verify-files.ts'
import { drafts, machineTime, networkId, signerOf } from '../src/log/log.test-kit.ts'
import { missing } from './real/missing.ts'
import { smallDisk } from './real/small-disk.ts'

const signer = signerOf()
const time = machineTime
const owner = { networkId, nodeId: signer.nodeId }
const open = async (directory: string): Promise<FileLog> => openFileLog({ directory, time, networkId, signer })

/** Appends until the disk refuses; the refusal. */
const fill = async (log: FileLog): Promise<unknown> => {
  for (let from = log.head.size; from < 100_000; from += 100) {
    const refusal: unknown = await log.append(drafts(from, 100)).then(
      () => undefined,
      (cause: unknown) => cause,
    )
    if (refusal !== undefined) return refusal
  }
  return undefined
}

test('a full disk takes a batch whole or not at all, and the log goes on when there is room', async (t) => {
  using disk = smallDisk()
  if (missing(t, 'the right to mount', disk?.path) || disk === undefined) return
  const [directory, ballast] = [join(disk.path, 'log'), join(disk.path, 'ballast')]
  writeFileSync(ballast, new Uint8Array(300_000))
  let size: number
  {
    await using log = await open(directory)
    const refusal = await fill(log)
    ok(refusal instanceof ChimerError)
    deepEqual([refusal.code, refusal.facts['system']], ['TC_LOG_FULL', 'ENOSPC'])
    size = log.head.size
    ok(size >= 1000 && size % 100 === 0)
    const during = await verifyLog({ directory, time, owner })
    deepEqual([during.fault, during.size], [undefined, size])
    await rejects(log.append(drafts(size, 100)), { code: 'TC_LOG_FULL' })
    rmSync(ballast)
    await log.append(drafts(size, 100))
  }
  await using again = await open(directory)
  deepEqual([again.head.size, again.opening], [size + 100, { tornBytes: 0 }])
  const { fault, uncovered } = await verifyLog({ directory, time, owner })
  deepEqual([fault, uncovered], [undefined, 0])
})

test('a log that is closed on a full disk lets go, and loses nothing that was answered', async (t) => {
  using disk = smallDisk()
  if (missing(t, 'the right to mount', disk?.path) || disk === undefined) return
  const [directory, ballast] = [join(disk.path, 'log'), join(disk.path, 'ballast')]
  const log = await open(directory)
  await log.append(drafts(0, 100))
  await log.checkpoint()
  await log.append(drafts(100, 100))
  const { size: used } = statSync(join(directory, 'segment-0000000000.log'))
  fillUp(ballast)
  // The end of the last page that it has is still its own: only what is longer is refused.
  await rejects(log.append(Array.from({ length: 4 }, () => drafts(200, 100)).flat()), { code: 'TC_LOG_FULL' })
  equal(statSync(join(directory, 'segment-0000000000.log')).size, used)
  await log[Symbol.asyncDispose]().catch((cause: unknown) => {
    ok(cause instanceof ChimerError && cause.code === 'TC_LOG_FULL')
  })
  rmSync(ballast)
  await using again = await open(directory)
  equal(again.head.size, 200)
})

/** Takes all the room that is left. */
const fillUp = (path: string): void => {
  for (const step of [65_536, 4096])
    for (;;)
      try {
        writeFileSync(path, new Uint8Array(step), { flag: 'a' })
      } catch {
        // As was wanted: there is no room for another step.
        break
      }
}

test('a read-only disk is refused to a writer, and read as ever', async (t) => {
  using disk = smallDisk()
  if (missing(t, 'the right to mount', disk?.path) || disk === undefined) return
  const directory = join(disk.path, 'log')
  {
    await using log = await open(directory)
    await log.append(drafts(0, 300))
  }
  execFileSync('mount', ['-o', 'remount,ro', disk.path])
  await rejects(open(directory), { code: 'TC_LOG_UNWRITABLE' })
  await rejects(open(join(disk.path, 'other')), { code: 'TC_LOG_UNWRITABLE' })
  const { fault, size } = await verifyLog({ directory, time, owner })
  deepEqual([fault, size], [undefined, 300])
  const reader = new LogFiles({ directory, time })
  const sealed = await reader.at(77)
  ok(sealed !== undefined)
  ok((await reader.prove(sealed.digest)).length > 0)
})
