/**
 * `npm run bench -- log`: entries appended a second in batches to a disk, and verified a second on one core. In turn with each, in the same
 * run: the same bytes written and synced bare, and the same bytes hashed bare, so that a noisy machine slows both. Then the memory that a process
 * needs to append and verify a short log and one twenty times as long: `npm run bench -- log --memory`.
 */
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memorySigner } from '../src/crypto/io/memory-signer.ts'
import type { LogDraft } from '../src/log/index.ts'
import { openFileLog } from '../src/log/io/file-log.ts'
import type { FileLog } from '../src/log/io/file-log.ts'
import { verifyLog } from '../src/log/io/verify-files.ts'
import { realTime } from '../src/node/io/real-ports.ts'
import { median, spread } from './figures.ts'

const ENTRIES = 100_000
const BATCH = 1000
const ROUNDS = 5
const MEMORY_ENTRIES = [100_000, 2_000_000]

const signer = memorySigner({ seed: new Uint8Array(32).fill(1) })
const networkId = new Uint8Array(32)

/** What a node says of a verdict: 126 bytes as an entry. */
const draftOf = (number: number): LogDraft => ({
  level: 'info',
  type: 'consensus',
  time: {
    earliest: 1_800_000_000_000_000_000n + BigInt(number),
    latest: 1_800_000_000_000_100_000n + BigInt(number),
  },
  message: 'a verdict changed',
  payload: { slot: number, id: '12D3KooWabc', before: 'unproven' },
})

/** By the clock, and of processors: other programs take from the first and hardly from the second. */
interface Spent {
  readonly wallSec: number
  readonly cpuSec: number
}

const spent = async (work: () => Promise<void> | void): Promise<Spent> => {
  const [start, used] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(used)
  return { wallSec: (performance.now() - start) / 1000, cpuSec: (user + system) / 1e6 }
}

/** Appends and syncs. */
const append = async (log: FileLog, count: number, onBatch?: (bytes: Uint8Array[]) => void): Promise<void> => {
  for (let from = 0; from < count; from += BATCH) {
    const entries = await log.append(Array.from({ length: BATCH }, (_, i) => draftOf(from + i)))
    onBatch?.(entries.map(({ bytes }) => bytes))
  }
  await log.sync()
}

const writeBare = (path: string, batches: readonly (readonly Uint8Array[])[]): void => {
  const file = openSync(path, 'w')
  for (const batch of batches) writeSync(file, Buffer.concat(batch))
  fdatasyncSync(file)
  closeSync(file)
}

type Round = Readonly<Record<'appended' | 'bareWritten' | 'verified' | 'bareHashed', Spent>>

const play = async (root: string, round: number): Promise<Round> => {
  const directory = join(root, `${round}`)
  await using log = await openFileLog({ directory, time: realTime, networkId, signer })
  const batches: Uint8Array[][] = []
  const appended = await spent(async () => append(log, ENTRIES, (batch) => void batches.push(batch)))
  const bareWritten = await spent(() => writeBare(join(root, 'bare'), batches))
  const verified = await spent(async () => {
    const { fault, size } = await verifyLog({ directory, time: realTime, owner: { nodeId: signer.nodeId } })
    if (fault !== undefined || size !== ENTRIES) throw new TypeError('a true log was refused')
  })
  const bareHashed = await spent(() => {
    for (const batch of batches) for (const bytes of batch) hash('sha3-256', bytes, 'binary')
  })
  return { appended, bareWritten, verified, bareHashed }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`

/** What is resident before and after a log of one length was appended and verified. */
const playMemory = async (root: string, count: number): Promise<void> => {
  const before = process.memoryUsage.rss()
  const directory = join(root, `memory-${count}`)
  await using log = await openFileLog({ directory, time: realTime, networkId, signer })
  await append(log, count)
  const appended = process.memoryUsage.rss()
  await verifyLog({ directory, time: realTime })
  const most = process.resourceUsage().maxRSS * 1024
  process.stdout.write(
    `${count} entries: resident ${megabytes(before)} before, ${megabytes(appended)} after appending, ` +
      `${megabytes(process.memoryUsage.rss())} after verifying, at most ${megabytes(most)}\n`,
  )
}

/** Each length in a process of its own, which has nothing of another to give back; as Node comes, and with little room for the young. */
const playMemories = (): void => {
  for (const flags of [[], ['--max-semi-space-size=8']])
    for (const count of MEMORY_ENTRIES) {
      process.stdout.write(`${flags.join('') || 'as Node comes'}: `)
      execFileSync(process.execPath, [...flags, ...process.argv.slice(1, 3), `--memory=${count}`], { stdio: 'inherit' })
    }
}

const MEMORY_OF_ONE = /^--memory=(\d+)$/

export const run = async (args: readonly string[]): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'truechimer-bench-log-'))
  try {
    const [count] = args.flatMap((arg) => MEMORY_OF_ONE.exec(arg)?.[1] ?? [])
    if (count !== undefined) return await playMemory(root, Number(count))
    if (args.includes('--memory')) return playMemories()
    await play(root, 0)
    const rounds: Round[] = []
    for (let round = 1; round <= ROUNDS; round += 1) rounds.push(await play(root, round))
    const rates = (name: keyof Round, per: keyof Spent): string =>
      spread(rounds.map((round) => ENTRIES / round[name][per]))
    const row = (say: string, name: keyof Round, wanted = ''): string =>
      `${say.padEnd(22)}${rates(name, 'wallSec').padEnd(30)}${rates(name, 'cpuSec')}${wanted}`
    const share = median(rounds.map(({ verified, bareHashed }) => bareHashed.cpuSec / verified.cpuSec))
    process.stdout.write(
      [
        `${'entries'.padEnd(22)}${'a second'.padEnd(30)}a second of processors`,
        row('appended', 'appended', `  (wanted: 100000, batches of ${BATCH})`),
        row('bare write and sync', 'bareWritten'),
        row('verified', 'verified', '  (wanted: 50000)'),
        row('bare SHA3-256', 'bareHashed'),
        `of verifying, one bare hash is ${(100 * share).toFixed(0)} %`,
        '',
      ].join('\n'),
    )
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
