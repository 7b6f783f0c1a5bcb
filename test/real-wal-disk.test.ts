/**
 * The write-ahead log on a disk that is full for real: nothing is acknowledged that is not kept, what was acknowledged stays, and it goes on when
 * there is room. The disk is in memory and needs the right to mount; without it the test says so.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ChimerError } from '../src/base/index.ts'
import type { WalRecord } from '../src/consensus/index.ts'
import { openFileWal } from '../src/consensus/io/file-wal.ts'
import type { FileWal } from '../src/consensus/io/file-wal.ts'
import { missing } from './real/missing.ts'
import { smallDisk } from './real/small-disk.ts'

const record = (height: number): WalRecord => ({
  type: 'said',
  height,
  bytes: new Uint8Array(3000).fill(1 + (height % 250)),
})

/** Appends until the disk refuses; the heights that were acknowledged, and the refusal. */
const fill = async (wal: FileWal, from: number): Promise<{ readonly kept: number[]; readonly refusal: unknown }> => {
  const kept: number[] = []
  for (let height = from; height < from + 1000; height += 1) {
    const refusal: unknown = await wal.append([record(height)]).then(
      () => undefined,
      (cause: unknown) => cause,
    )
    if (refusal !== undefined) return { kept, refusal }
    kept.push(height)
  }
  return { kept, refusal: undefined }
}

test('a full disk takes a batch whole or not at all, and the log goes on when there is room', async (t) => {
  using disk = smallDisk()
  if (missing(t, 'the right to mount', disk?.path) || disk === undefined) return
  const [path, ballast] = [join(disk.path, 'wal'), join(disk.path, 'ballast')]
  writeFileSync(ballast, new Uint8Array(300_000))
  let kept: number[]
  {
    await using wal = await openFileWal(path)
    const filled = await fill(wal, 1)
    kept = filled.kept
    ok(filled.refusal instanceof ChimerError)
    deepEqual([filled.refusal.code, filled.refusal.facts.why], ['TC_CONSENSUS_WAL', 'full'])
    equal((await fill(wal, 5000)).kept.length, 0)
    rmSync(ballast)
    await wal.append([record(9000)])
  }
  await using wal = await openFileWal(path)
  equal(wal.tail, 'clean')
  deepEqual(
    wal.records.map(({ height }) => height),
    [...kept, 9000],
  )
})
