/**
 * A write-ahead log that is killed at any moment opens again by itself and holds everything that it acknowledged. A child appends as fast as it
 * can, the file being made anew meanwhile, and is killed without warning, ten times for each of two logs.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
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
import type { WalRecord } from '../src/consensus/index.ts'
import { openFileWal } from '../src/consensus/io/file-wal.ts'

/** Of each of two logs, side by side: twenty in all. */
const LIVES = 10
/** Killed after so many lines, drawn anew for each life: the kill then falls somewhere in the next batches. */
const LINES_MAX = 40
const CHILD = fileURLToPath(new URL('./wal-crash.child.ts', import.meta.url))

/** How many records of each acknowledged batch there must be, by the batch's name; those of a height that is being decided may be gone. */
type Acknowledged = Map<string, { readonly height: number; readonly count: number }>

/** One life of the child. A last line that was cut off was not said. */
const live = async (path: string, life: number, lines: number): Promise<Acknowledged> => {
  const child = spawn(process.execPath, [CHILD, path, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const said: Acknowledged = new Map()
  let heard = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, height, batch, count] = line.split(' ')
    heard += 1
    if (heard === lines) child.kill('SIGKILL')
    if (count === undefined || count === '') continue
    if (what === 'said') said.set(`${life}:${batch}`, { height: Number(height), count: Number(count) })
    else for (const [name, one] of said) if (one.height <= Number(height)) said.delete(name)
  }
  deepEqual(await gone, [null, 'SIGKILL'])
  ok(heard >= lines)
  return said
}

const nameOf = (record: WalRecord): string =>
  record.type === 'decided' ? '' : (new TextDecoder().decode(record.bytes).split(' ')[0] ?? '')

/** Returns how many batches had to be there. */
const killOften = async (path: string, random: Random): Promise<number> => {
  let owed = 0
  for (let life = 1; life <= LIVES; life += 1) {
    const said = await live(path, life, 1 + drawBelow(random, LINES_MAX))
    await using wal = await openFileWal(path)
    const names = wal.records.map(nameOf)
    for (const [name, { count }] of said)
      equal(names.filter((one) => one === name).length, count, `${name} is not whole in life ${life}`)
    owed += said.size
  }
  return owed
}

describe('killed again and again', { concurrency: 2 }, () => {
  for (const [name, salt] of [
    ['a first log', 40n],
    ['a second log', 41n],
  ] as const) {
    test(`${name} has all that it acknowledged, ${LIVES} lives long`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'truechimer-wal-crash-'))
      try {
        const owed = await killOften(join(directory, 'wal'), seededRandom(salt))
        ok(owed >= LIVES, `only ${owed} batches were looked for`)
      } finally {
        await rm(directory, { recursive: true })
      }
    })
  }
})
