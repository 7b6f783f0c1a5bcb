/**
 * `truechimer simulate`: a network in virtual time, with faults, in this process. Answers how near to true time its blocks are, how soon
 * they are final, how soon a false clock is found and what it costs; exit 1 where something that must hold did not.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { Simulation } from '../simulation/index.ts'
import type { Outcome, Spread, Violation } from '../simulation/index.ts'
import { openEnding } from './ending.ts'
import { EXIT, colours, note, noteColours, readerGone, say, sayJson, table } from './output.ts'
import type { ExitCode } from './output.ts'
import { commandOf, scenarioOf } from './simulate-scenario.ts'
import type { SimulateOptions } from './simulate-scenario.ts'

/** Between two looks at the signals, ms. */
const SLICE_MS = 50
/** How much simulated time is run between two looks at the clock on the wall, ns. */
const STEP_NS = 250_000_000
const BAR_CHARS = 32

export const simulate = async (options: SimulateOptions): Promise<ExitCode> => {
  const scenario = scenarioOf(options)
  using ending = openEnding()
  readerGone.addEventListener('abort', ending.end)
  const simulation = new Simulation(scenario)
  const beganMs = performance.now()
  const bar = new Bar(scenario.durationNs, beganMs)
  while (!simulation.isDone && !ending.signal.aborted) {
    const untilMs = performance.now() + SLICE_MS
    while (!simulation.isDone && performance.now() < untilMs) simulation.runUntil(simulation.nowNs + STEP_NS)
    bar.draw(simulation)
    await turn()
  }
  bar.clear()
  const isWhole = simulation.isDone
  const outcome = simulation.end()
  const timesRealTime = Math.round(outcome.simulatedSec / ((performance.now() - beganMs) / 1000))
  if (options.json === true) sayJson(answerOf(outcome, { timesRealTime, isWhole, replay: commandOf(options) }))
  else report(outcome, { timesRealTime, options })
  if (!isWhole)
    note(noteColours.yellow(`ended after ${outcome.simulatedSec.toFixed(1)} of ${scenario.durationNs / 1e9} s`))
  return outcome.violations.length === 0 ? EXIT.good : EXIT.no
}

const answerOf = (
  outcome: Outcome,
  more: { readonly timesRealTime: number; readonly isWhole: boolean; readonly replay: string },
): Record<string, unknown> => {
  const { transcriptHash, violations, finalisedHeight, figures, framed, ...rest } = outcome
  const { timesRealTime, isWhole, replay } = more
  const { containment } = figures
  return {
    transcriptHash,
    violations,
    finalisedHeight,
    timesRealTime,
    containment,
    framed,
    isWhole,
    ...rest,
    figures,
    replay,
  }
}

/** How far the run has come, over and over on one line of a terminal. */
class Bar {
  readonly #durationNs: number
  readonly #beganMs: number
  readonly #isShown = process.stderr.isTTY

  constructor(durationNs: number, beganMs: number) {
    this.#durationNs = durationNs
    this.#beganMs = beganMs
  }

  draw({ nowNs, record }: Simulation): void {
    if (!this.#isShown) return
    const share = Math.min(1, nowNs / this.#durationNs)
    const full = Math.round(share * BAR_CHARS)
    const times = Math.round(nowNs / 1e6 / Math.max(1, performance.now() - this.#beganMs))
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_CHARS - full)}`
    const bad = record.violations.length === 0 ? '' : noteColours.red(`  ${record.violations.length} violations`)
    process.stderr.write(
      `\r\u001B[K${bar} ${(100 * share).toFixed(0)} %  height ${record.heightMax}  ${times} × real time${bad}`,
    )
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\u001B[K')
  }
}

const ms = (value: number | null): string => (value === null ? 'none' : `${value} ms`)
const spread = ({ p50, p99 }: Spread): string => (p50 === null ? 'none' : `${ms(p50)}, 99 % within ${ms(p99)}`)

const report = (
  outcome: Outcome,
  { timesRealTime, options }: { readonly timesRealTime: number; readonly options: SimulateOptions },
): void => {
  const { figures } = outcome
  const { detectionSec } = figures
  const found =
    detectionSec.p50 === null ? 'no clock was false' : `${detectionSec.p50} s, 99 % within ${detectionSec.p99} s`
  const rows = [
    [
      'finalised',
      `${outcome.finalisedHeight} blocks in ${outcome.simulatedSec.toFixed(0)} s, ${figures.laterRounds} later rounds`,
    ],
    ['accuracy', `block timestamps off by ${spread(figures.timestampErrorMs)}`],
    ['', `intervals ± ${spread(figures.halfWidthMs)}; ${(100 * figures.containment).toFixed(2)} % hold the true time`],
    ['clocks', `off by ${spread(figures.clockErrorMs)}`],
    ['finality', spread(figures.finalityMs)],
    ['detection', found],
    ['bandwidth', `${(outcome.bytesPerSecEach / 1000).toFixed(1)} kB/s sent by each node`],
    [
      'messages',
      `${outcome.messages}, of which ${outcome.lostMessages} were lost and ${outcome.refusedMessages} refused`,
    ],
    ['speed', `${timesRealTime} × real time, ${outcome.events} events`],
    ['transcript', outcome.transcriptHash],
  ]
  for (const line of table(rows)) say(line)
  const { forkedAt } = outcome
  if (forkedAt !== null)
    say(colours.yellow(`honest nodes decided differently at height ${forkedAt}: too much weight is false`))
  const [first] = outcome.violations
  if (first === undefined) return say(colours.green('everything held'))
  reportViolations(outcome.violations, first)
  say(`replay: ${commandOf(options)}`)
}

const reportViolations = (violations: readonly Violation[], first: Violation): void => {
  for (const { checker, atNs, node, what } of violations)
    say(
      colours.red(`violated: ${checker} at ${(atNs / 1e9).toFixed(3)} s${node < 0 ? '' : ` at node ${node}`}: ${what}`),
    )
  say('what came before the first:')
  for (const line of first.trace) say(`  ${line}`)
}
