/**
 * A log that is killed at any moment opens again, verifies, and has lost nothing of what it said was durable. A child appends as fast as it can
 * and is killed without warning, ten times for each of two logs, segments rolling over meanwhile.
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
import { drawBelow, hexOf, seededRandom } from '../src/base/index.ts'
import type { Random } from '../src/base/index.ts'
import { memorySigner } from '../src/crypto/io/memory-signer.ts'
import { openFileLog } from '../src/log/io/file-log.ts'
import { verifyLog } from '../src/log/io/verify-files.ts'
import { realTime } from '../src/node/io/real-ports.ts'

/** Of each of two logs, side by side: twenty in all. */
const LIVES = 10
/** Killed after so many durable batches, drawn anew for each life: the kill then falls somewhere in the next ones. */
const BATCHES_MAX = 30
const CHILD = fileURLToPath(new URL('./log-crash.child.ts', import.meta.url))

/** One life: the digest of each entry that it said was durable, by sequence. A last line that was cut off was not said. */
const live = async (directory: string, life: number, batches: number): Promise<Map<number, string>> => {
  const child = spawn(process.execPath, [CHILD, directory, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const said = new Map<number, string>()
  for await (const line of createInterface({ input: child.stdout })) {
    const [sequence = '', digest = ''] = line.split(' ')
    if (digest.length === 64) said.set(Number(sequence), digest)
    if (said.size === batches) child.kill('SIGKILL')
  }
  deepEqual(await gone, [null, 'SIGKILL'])
  return said
}

const killOften = async (directory: string, random: Random): Promise<void> => {
  const signer = memorySigner({ seed: new Uint8Array(32).fill(5) })
  const durable = new Map<number, string>()
  for (let life = 0; life < LIVES; life += 1) {
    const said = await live(directory, life, 1 + drawBelow(random, BATCHES_MAX))
    ok(said.size > 0)
    for (const [sequence, digest] of said) durable.set(sequence, digest)
    await using log = await openFileLog({ directory, time: realTime, networkId: new Uint8Array(32), signer })
    const report = await verifyLog({ directory, time: realTime, owner: { nodeId: signer.nodeId } })
    deepEqual([report.fault, report.first, report.size], [undefined, 0, log.head.size])
    const found = new Set<number>()
    for await (const { entry, digest } of log.query()) {
      equal(durable.get(entry.sequence) ?? hexOf(digest), hexOf(digest), `entry ${entry.sequence} is another now`)
      found.add(entry.sequence)
    }
    deepEqual(
      [...durable.keys()].filter((sequence) => !found.has(sequence)),
      [],
      'durable entries are missing',
    )
  }
}

describe('killed again and again', { concurrency: 2 }, () => {
  for (const [name, salt] of [
    ['a first log', 30n],
    ['a second log', 31n],
  ] as const) {
    test(`${name} verifies and has all that was durable, ${LIVES} lives long`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'truechimer-log-crash-'))
      try {
        await killOften(directory, seededRandom(salt))
      } finally {
        await rm(directory, { recursive: true })
      }
    })
  }
})
