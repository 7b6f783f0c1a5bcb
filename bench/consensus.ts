/**
 * `npm run bench -- consensus [--rounds N] [--for SECONDS]`: four validators as processes on loopback, each a whole node with its
 * log and store on the disk. How long after the beginning of its proposal a block is final, at every node, without artificial
 * waits: empty blocks, then blocks of as many transactions as come; and of 1,000 that had time to come before. Then, at a block a second, how wide the blocks' intervals are beside
 * twice the widest bound of a clock and Δ.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { GenesisFile } from '../src/node/index.ts'
import { makeKey, writeSettings } from '../src/node/io/data-directory.ts'
import { realRandom } from '../src/node/io/real-ports.ts'
import type { FromRunner, LivedHeight, ToRunner } from './consensus-messages.ts'
import { median, quantile, spread } from './figures.ts'

const RUNNER = new URL('consensus-runner.child.ts', import.meta.url)
const VALIDATORS = 4
/** Until clocks are set, witnesses have measured, and authors count as truechimers. */
const WARM_MS = 8000
const PROPOSAL_DELAY_NS = 100_000_000
/** Long enough for four nodes on two cores to sign, pass on and check 1,000 transactions before the block that holds them. */
const LOADED_PACE_MS = 3000

type Lived = Extract<FromRunner, { readonly type: 'lived' }>

class Validators implements AsyncDisposable {
  readonly #directory: string
  readonly #children: readonly ChildProcess[]

  private constructor(directory: string, children: readonly ChildProcess[]) {
    this.#directory = directory
    this.#children = children
  }

  static async open(paceMs: number | null): Promise<Validators> {
    const directory = mkdtempSync(join(tmpdir(), 'truechimer-bench-'))
    const places = Array.from({ length: VALIDATORS }, (_, i) => join(directory, `${i}`))
    const ids = await Promise.all(
      places.map((place) => makeKey({ random: realRandom, directory: place, passphrase: undefined })),
    )
    const genesis: GenesisFile = {
      name: 'bench',
      parameters: { consensus: { proposalDelayNs: PROPOSAL_DELAY_NS } },
      members: ids.map((id, i) => ({ id, name: `v${i}` })),
    }
    const config = { consensus: { validator: true }, sources: { hostBoundMs: 1, pollIntervalMs: 1000 } }
    for (const place of places) await writeSettings(place, { config, genesis })
    const children = places.map(() => fork(RUNNER, { execArgv: ['--max-semi-space-size=4'] }))
    const validators = new Validators(directory, children)
    const bootstrap: string[] = []
    for (const [i, place] of places.entries()) {
      const opened = await validators.#ask(i, { type: 'open', directory: place, bootstrap, paceMs })
      if (opened.type === 'opened') bootstrap.push(...opened.addresses.slice(0, 1))
    }
    await validators.live(WARM_MS, 0)
    return validators
  }

  async live(forMs: number, transactions: number): Promise<readonly Lived[]> {
    const lived = await Promise.all(this.#children.map((_, i) => this.#ask(i, { type: 'live', forMs, transactions })))
    return lived.filter((one) => one.type === 'lived')
  }

  async #ask(index: number, message: ToRunner): Promise<FromRunner> {
    const child = this.#children[index]
    if (child === undefined) throw new TypeError('no such process')
    const heard = new AbortController()
    const lost = once(child, 'exit', { signal: heard.signal }).then(() => {
      throw new TypeError('a process ended before its time')
    })
    const answer = once(child, 'message', { signal: heard.signal })
    child.send(message)
    const [said]: FromRunner[] = await Promise.race([answer, lost]).finally(() => heard.abort())
    if (said === undefined) throw new TypeError('a process said nothing')
    return said
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#children.filter(({ exitCode }) => exitCode === null)
    const gone = running.map((child) => once(child, 'exit'))
    for (const child of running) if (child.connected) child.disconnect()
    await Promise.all(gone)
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** ms from the beginning of a proposal to its decision, at every node and every height decided in the round in which it was made. */
const finalities = (lived: readonly Lived[]): readonly number[] => {
  const all = lived.flatMap(({ heights }) => heights)
  const proposed = new Map<number, bigint>()
  for (const { height, round, proposedNs } of all)
    if (proposedNs !== null && round === 0) proposed.set(height, BigInt(proposedNs))
  return all.flatMap(({ height, decidedNs }) => {
    const startNs = proposed.get(height)
    return startNs === undefined ? [] : [Number(BigInt(decidedNs) - startNs) / 1e6]
  })
}

const report = (what: string, lived: readonly Lived[], forMs: number): number => {
  const times = finalities(lived)
  const heights = lived[0]?.heights ?? []
  const late = heights.filter(({ round }: LivedHeight) => round > 0).length
  const transactions = median(heights.map((height) => height.transactions))
  const cpu = lived.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / forMs
  process.stdout.write(
    `${what}: final after p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms; ` +
      `${((heights.length * 1000) / forMs).toFixed(1)} blocks/s, ${transactions} transactions each, ` +
      `${late} of ${heights.length} in a later round; ${cpu.toFixed(2)} cores\n`,
  )
  return quantile(times, 0.5)
}

const reportWidths = (lived: readonly Lived[]): void => {
  const widthOf = ({ earliest, latest }: { readonly earliest: string; readonly latest: string }): number =>
    Number(BigInt(latest) - BigInt(earliest)) / 1e6
  const settled = lived.flatMap((one) => one.settled)
  const widths = settled.map(widthOf)
  const widest = Math.max(...settled.map(({ boundNs }) => boundNs)) / 1e6
  const allowed = 2 * widest + PROPOSAL_DELAY_NS / 1e6
  process.stdout.write(
    `interval of a block: ${spread(widths, 2)} ms; twice the widest bound and Δ: ${allowed.toFixed(2)} ms; ratio ${(Math.max(...widths) / allowed).toFixed(2)}\n`,
  )
}

export const run = async (args: readonly string[]): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '3' }, for: { type: 'string', default: '10' } },
  })
  const forMs = Number(values.for) * 1000
  const medians: number[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    await using validators = await Validators.open(0)
    medians.push(report('empty blocks', await validators.live(forMs, 0), forMs))
    await validators.live(3000, 1000)
    report('as many transactions as come', await validators.live(forMs, 1000), forMs)
  }
  process.stdout.write(`empty blocks, p50 of the rounds: ${spread(medians, 1)} ms\n`)
  {
    await using loaded = await Validators.open(LOADED_PACE_MS)
    await loaded.live(2 * LOADED_PACE_MS, 1000)
    report('1,000 transactions', await loaded.live(3 * forMs, 1000), 3 * forMs)
  }
  await using paced = await Validators.open(null)
  reportWidths(await paced.live(forMs, 0))
}
