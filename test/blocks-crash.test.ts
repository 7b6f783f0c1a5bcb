/**
 * A block store that is killed at any moment opens again and has every block that it said was durable, as it was written. A child appends as
 * fast as it can and is killed without warning, ten times for each of two stores.
 */
import { deepEqual, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { drawBelow, seededRandom } from '../src/base/index.ts'
import type { Random } from '../src/base/index.ts'
import { storedOf } from '../src/consensus/block-store.test-kit.ts'
import { openSqliteBlocks } from '../src/consensus/io/sqlite-blocks.ts'

/** Of each of two stores, side by side: twenty in all. */
const LIVES = 10
/** Killed after so many durable batches, drawn anew for each life: the kill then falls somewhere in the next ones. */
const BATCHES_MAX = 40
const CHILD = fileURLToPath(new URL('./blocks-crash.child.ts', import.meta.url))

/** One life: the greatest height that it said was durable. */
const live = async (path: string, batches: number): Promise<number> => {
  const child = spawn(process.execPath, [CHILD, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const said: number[] = []
  // The last line may be cut off: a line counts once another follows it.
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(Number(line))
    if (said.length === batches + 1) child.kill('SIGKILL')
  }
  deepEqual(await gone, [null, 'SIGKILL'])
  return said.at(-2) ?? 0
}

const killOften = async (path: string, random: Random): Promise<void> => {
  for (let life = 0; life < LIVES; life += 1) {
    const durable = await live(path, 1 + drawBelow(random, BATCHES_MAX))
    using store = openSqliteBlocks(path)
    const last = store.range?.last ?? 0
    ok(durable > 0 && last >= durable, `${durable} was durable, and ${last} is there`)
    deepEqual(store.range?.first, 1)
    for (let height = 1; height <= last; height += 1)
      deepEqual(store.block(height), storedOf(height, 100 + (height % 50) * 200))
    const kept = store.validators(last)
    deepEqual(kept?.validators, Uint8Array.of((kept?.height ?? 0) % 251))
    const snapshot = store.snapshot()
    deepEqual(snapshot?.state, new Uint8Array(20_000).fill((snapshot?.height ?? 0) % 251))
  }
}

describe('killed again and again', { concurrency: 2 }, () => {
  for (const [name, salt] of [
    ['a first store', 40n],
    ['a second store', 41n],
  ] as const) {
    test(`${name} has all that was durable, ${LIVES} lives long`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'truechimer-blocks-crash-'))
      try {
        await killOften(join(directory, 'blocks.sqlite'), seededRandom(salt))
      } finally {
        await rm(directory, { recursive: true })
      }
    })
  }
})
