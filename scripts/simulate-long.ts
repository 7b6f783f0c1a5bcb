/**
 * `npm run simulate:long -- --seeds 10000 [--from 1] [--workers N] [--state FILE]`: short runs of everything, one for each seed, on all
 * cores. What has been done stands in the state file, so that a run that was ended goes on where it stood. Seeds in which
 * something did not hold are listed with the command that runs them again; exit 1 where there is one.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mixedScenario, simulate } from '../src/simulation/index.ts'

/** Seeds that a worker is given at a time. */
const CHUNK = 16
const SAVE_EVERY_MS = 2000
const BAR_CHARS = 32
const LISTED_MAX = 50
/** Set in the workers. */
const WORKER = 'TRUECHIMER_SIMULATE_WORKER'

interface Failure {
  readonly seed: number
  readonly checker: string
  readonly what: string
}

interface Report {
  readonly done: readonly number[]
  readonly failures: readonly Failure[]
  readonly simulatedSec: number
}

/** What stands in the state file. Of the seeds from `from` below `next`, those in `open` are not done. */
interface Progress {
  readonly from: number
  readonly next: number
  readonly open: readonly number[]
  readonly done: number
  readonly simulatedSec: number
  readonly failures: readonly Failure[]
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isNumbers = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(isNumber)
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isReport = (value: unknown): value is Report => isObject(value) && 'done' in value && 'failures' in value
const isProgress = (value: unknown): value is Progress =>
  isObject(value) &&
  ['from', 'next', 'done', 'simulatedSec'].every((name) =>
    isNumber(Object.entries(value).find(([key]) => key === name)?.[1]),
  ) &&
  'open' in value &&
  isNumbers(value.open) &&
  'failures' in value &&
  Array.isArray(value.failures)

/** In a worker: runs what it is given until nothing comes any more. */
const work = (): void => {
  process.on('message', (seeds: unknown) => {
    if (!isNumbers(seeds)) return
    const failures: Failure[] = []
    let simulatedSec = 0
    for (const seed of seeds) {
      const outcome = simulate(mixedScenario(seed))
      simulatedSec += outcome.simulatedSec
      const [first] = outcome.violations
      if (first !== undefined) failures.push({ seed, checker: first.checker, what: first.what })
    }
    const report: Report = { done: seeds, failures, simulatedSec }
    process.send?.(report)
  })
}

/** Hands out seeds and keeps account of them. */
class LongRun {
  readonly #path: string
  readonly #from: number
  readonly #seeds: number
  readonly #beganMs = performance.now()
  #waiting: readonly number[]
  #next: number
  #open: readonly number[] = []
  #done: number
  #doneBefore: number
  #simulatedSec: number
  #failures: readonly Failure[]
  #savedMs = performance.now()
  isEnding = false

  /** What was under way when a run before ended is done again first. */
  constructor(path: string, before: Progress, seeds: number) {
    this.#path = path
    this.#from = before.from
    this.#seeds = seeds
    this.#waiting = before.open
    this.#next = before.next
    this.#done = before.done
    this.#doneBefore = before.done
    this.#simulatedSec = before.simulatedSec
    this.#failures = before.failures
  }

  take(): readonly number[] {
    if (this.isEnding) return []
    const again = this.#waiting.slice(0, CHUNK)
    this.#waiting = this.#waiting.slice(CHUNK)
    const count = Math.max(0, Math.min(CHUNK - again.length, this.#from + this.#seeds - this.#next))
    const fresh = Array.from({ length: count }, (_, i) => this.#next + i)
    this.#next += count
    this.#open = [...this.#open, ...again, ...fresh]
    return [...again, ...fresh]
  }

  finish({ done, failures, simulatedSec }: Report): void {
    this.#open = this.#open.filter((seed) => !done.includes(seed))
    this.#done += done.length
    this.#simulatedSec += simulatedSec
    this.#failures = [...this.#failures, ...failures]
    if (performance.now() - this.#savedMs > SAVE_EVERY_MS) this.save()
    this.#draw()
  }

  save(): void {
    this.#savedMs = performance.now()
    const progress: Progress = {
      from: this.#from,
      next: this.#next,
      open: [...this.#waiting, ...this.#open],
      done: this.#done,
      simulatedSec: this.#simulatedSec,
      failures: this.#failures,
    }
    writeFileSync(`${this.#path}.new`, JSON.stringify(progress))
    renameSync(`${this.#path}.new`, this.#path)
  }

  /** Says what came of it; the exit code. */
  sumUp(): number {
    const hours = (this.#simulatedSec / 3600).toFixed(1)
    const lines = [`${this.#done} of ${this.#seeds} seeds, ${hours} simulated hours, ${this.#failures.length} failed`]
    for (const { seed, checker, what } of this.#failures.slice(0, LISTED_MAX))
      lines.push(`seed ${seed}: ${checker}: ${what.split('\n')[0]}`, `  truechimer simulate --mixed --seed ${seed}`)
    if (this.isEnding) lines.push('ended early: the same command goes on from here')
    process.stdout.write(`${lines.join('\n')}\n`)
    return this.#failures.length === 0 ? 0 : 1
  }

  #draw(): void {
    if (!process.stderr.isTTY) return
    const full = Math.round(Math.min(1, this.#done / this.#seeds) * BAR_CHARS)
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_CHARS - full)}`
    const perSec = ((this.#done - this.#doneBefore) * 1000) / (performance.now() - this.#beganMs)
    const text = `${this.#done} of ${this.#seeds} seeds, ${perSec.toFixed(1)}/s, ${this.#failures.length} failed`
    process.stderr.write(`\r\u001B[K${bar} ${text}`)
  }
}

/** One worker from its start to its end. */
const drive = async (run: LongRun): Promise<void> => {
  const child = fork(fileURLToPath(import.meta.url), { env: { ...process.env, [WORKER]: '1' } })
  const gone = once(child, 'exit')
  for (let seeds = run.take(); seeds.length > 0; seeds = run.take()) {
    child.send([...seeds])
    const [report]: unknown[] = await Promise.race([once(child, 'message'), gone])
    if (!isReport(report)) return
    run.finish(report)
  }
  child.disconnect()
  await gone
}

const beginning = (path: string, from: number): Progress | undefined => {
  if (!existsSync(path)) return { from, next: from, open: [], done: 0, simulatedSec: 0, failures: [] }
  const kept: unknown = JSON.parse(readFileSync(path, 'utf8'))
  return isProgress(kept) && kept.from === from ? kept : undefined
}

const lead = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(availableParallelism()) },
      state: { type: 'string', default: 'simulate-long.state.json' },
    },
  })
  const [seeds, from, workers] = [Number(values.seeds), Number(values.from), Number(values.workers)]
  if (![seeds, from, workers].every((value) => Number.isSafeInteger(value) && value >= 1 && value <= 2 ** 31)) {
    process.stderr.write('--seeds, --from and --workers must be whole numbers from 1.\n')
    return 2
  }
  const before = beginning(values.state, from)
  if (before === undefined) {
    process.stderr.write(`${values.state} is of another run: remove it, or name another file with --state.\n`)
    return 2
  }
  const run = new LongRun(values.state, before, seeds)
  process.once('SIGINT', () => {
    run.isEnding = true
  })
  await Promise.all(Array.from({ length: Math.min(workers, 256) }, () => drive(run)))
  run.save()
  if (process.stderr.isTTY) process.stderr.write('\n')
  return run.sumUp()
}

if (process.env[WORKER] === '1') work()
else process.exitCode = await lead()
