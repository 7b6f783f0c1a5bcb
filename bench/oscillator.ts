/**
 * `npm run bench -- oscillator [RUNS]`: each oscillator preset in three tables. Its Allan deviation as simulated, beside the makers'. What
 * silence costs after a week of NTP, with the filter's constant frequency and with what holdover.ts has learned. And how often a
 * clock on it must ask in a day to stay within an accepted variance.
 */
import { NS_PER_DAY, NS_PER_MS, NS_PER_SEC, drawUnit, secToNs, seededRandom } from '../src/base/index.ts'
import type { Random } from '../src/base/index.ts'
import {
  Discipline,
  HoldoverPredictor,
  OSCILLATOR_PRESETS,
  OSCILLATOR_PRESET_NAMES,
  OscillatorPhase,
  RELEASE_TAI,
  SimulatedWorld,
  TABLE_TAUS_SEC,
  allanDeviation,
  createAdaptiveFilter,
  createOscillator,
  measurementOfExchange,
  wanderBoundPpb,
} from '../src/clock/index.ts'
import type { OscillatorParameters, SimulatedPath } from '../src/clock/index.ts'
import { spread } from './figures.ts'

const ORIGIN = RELEASE_TAI + 20n * NS_PER_DAY
const HOURS = [1, 6, 24] as const
const POLL_SEC = 64

const say = (...lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`)
const cell = (text: string): string => text.padStart(11)
const rms = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)

/** A path of 1 ms each way and exponential queues of 100 µs: the traces' B. */
const path = (random: Random): SimulatedPath => {
  const way = (): bigint => secToNs(1e-3 - 1e-4 * Math.log(1 - drawUnit(random)))
  return { outNs: way(), backNs: way(), lieNs: 0n }
}

const stability = (): void => {
  say('Allan deviation of the noises, simulated / stated', '')
  say(`${'τ, s'.padEnd(10)}${TABLE_TAUS_SEC.map((tau) => cell(String(tau)).padStart(20)).join('')}`)
  for (const name of OSCILLATOR_PRESET_NAMES) {
    const { parameters, table } = OSCILLATOR_PRESETS[name]
    const still = { ...parameters, driftPpb: 0, agingPpbPerDay: 0, temperatureCoefficientPpbPerK: 0 }
    const phase = new OscillatorPhase(still, seededRandom(3n))
    const phases = Float64Array.from({ length: 4 * 86_400 }, () => phase.next())
    const cells = TABLE_TAUS_SEC.map((factor, i) => {
      const sigma = allanDeviation(phases, { intervalSec: 1, factor })?.sigma ?? Number.NaN
      return `${sigma.toExponential(1)} / ${(table[i] ?? Number.NaN).toExponential(1)}`.padStart(20)
    })
    say(`${name.padEnd(10)}${cells.join('')}`)
  }
}

interface Errors {
  readonly constant: Map<number, number[]>
  readonly learned: Map<number, number[]>
}

/** Twelve days of polls; from the fifth day on, every six hours, what a silence would have cost. */
const holdOver = (parameters: OscillatorParameters, seed: bigint, errors: Errors): readonly number[] => {
  const oscillator = createOscillator(parameters, seededRandom(seed))
  const random = seededRandom(seed + 1000n)
  const filter = createAdaptiveFilter()
  const predictor = new HoldoverPredictor()
  const judgingMs: number[] = []
  const pending: {
    readonly trueNs: bigint
    readonly hours: number
    readonly offsetNs: bigint
    readonly shiftNs: number
  }[] = []
  let state: ReturnType<typeof filter.start> | undefined
  for (let trueNs = 0n; trueNs < 12n * NS_PER_DAY; trueNs += BigInt(POLL_SEC) * NS_PER_SEC) {
    const t1 = oscillator.read(trueNs)
    for (const due of pending.filter((one) => one.trueNs === trueNs)) {
      const error = Number(due.offsetNs - (ORIGIN + trueNs - t1))
      errors.constant.get(due.hours)?.push(error)
      errors.learned.get(due.hours)?.push(error + due.shiftNs)
    }
    const { outNs, backNs } = path(random)
    const t4 = oscillator.read(trueNs + outNs + backNs)
    const t2 = ORIGIN + trueNs + outNs
    const measurement = measurementOfExchange('a', { t1, t2, t3: t2, t4 })
    state = state === undefined ? filter.start(measurement) : filter.update(state, measurement).state
    const { slopePpb, slopeSigmaPpb } = filter.predict(state, t4)
    predictor.observe(t4, slopePpb, slopeSigmaPpb)
    if (trueNs < 5n * NS_PER_DAY || (trueNs / NS_PER_SEC) % 21_600n >= BigInt(POLL_SEC)) continue
    const began = process.cpuUsage()
    for (const hours of HOURS) {
      const later = trueNs + BigInt(Math.round((hours * 3600) / POLL_SEC) * POLL_SEC) * NS_PER_SEC
      // Where the counter will be: its own frequency is known well enough to say when to look.
      const laterLocal = t4 + ((later - trueNs) * (NS_PER_SEC - BigInt(Math.round(slopePpb)))) / NS_PER_SEC
      const { offsetNs } = filter.predict(state, laterLocal)
      pending.push({ trueNs: later, hours, offsetNs, shiftNs: predictor.predictShift(t4, laterLocal).shiftNs })
    }
    const { user, system } = process.cpuUsage(began)
    judgingMs.push((user + system) / 1000)
  }
  return judgingMs
}

const silence = (runs: number): void => {
  say('', 'RMS error after silence, µs: constant frequency / learned', '')
  say(`${'silence'.padEnd(10)}${HOURS.map((hours) => `${hours} h`.padStart(24)).join('')}`)
  const judgingMs: number[] = []
  for (const name of OSCILLATOR_PRESET_NAMES) {
    const errors: Errors = { constant: new Map(HOURS.map((h) => [h, []])), learned: new Map(HOURS.map((h) => [h, []])) }
    for (let run = 0; run < runs; run += 1)
      judgingMs.push(...holdOver(OSCILLATOR_PRESETS[name].parameters, BigInt(run + 1), errors))
    const cells = HOURS.map((hours) => {
      const [constant, learned] = [errors.constant, errors.learned].map((map) => rms(map.get(hours) ?? []) / 1000)
      return `${constant?.toFixed(1)} / ${learned?.toFixed(1)}`.padStart(24)
    })
    say(`${name.padEnd(10)}${cells.join('')}`)
  }
  say('', `judging up to a week of history took ${spread(judgingMs)} ms of processor time`)
}

const DAYS = 9
const WARM_DAYS = 4
const BASELINE = 7n * NS_PER_DAY

/** Asks only when the bound needs it: how often a day after four days, and how wide the bound became. */
const demand = (parameters: OscillatorParameters, acceptedVarianceNs: bigint): { perDay: number; widest: number } => {
  const discipline = new Discipline(
    {
      acceptedVarianceNs,
      pollIntervalNs: 30n * NS_PER_DAY,
      baselineNsMax: BASELINE,
      wanderPpb: wanderBoundPpb(parameters, Number(BASELINE / NS_PER_SEC)),
    },
    createAdaptiveFilter(),
  )
  const random = seededRandom(9n)
  let widest = 0
  let warmPolls = 0
  const world = new SimulatedWorld({
    discipline,
    oscillator: createOscillator(parameters, seededRandom(8n)),
    sources: [{ id: 'a', answer: () => path(random) }],
    originTai: ORIGIN,
    tickNs: 10n * NS_PER_SEC,
  })
  world.runUntil(BigInt(WARM_DAYS) * NS_PER_DAY, () => void (warmPolls = world.polls))
  world.runUntil(BigInt(DAYS) * NS_PER_DAY, ({ reading }) => {
    if (reading === undefined) return
    widest = Math.max(widest, Number(reading.latest - reading.earliest) / 2 / Number(acceptedVarianceNs))
  })
  return { perDay: (world.polls - warmPolls) / (DAYS - WARM_DAYS), widest }
}

const ACCEPTED_MS = [50n, 5n, 2n] as const

const synchronisations = (): void => {
  say(
    '',
    'Synchronisations a day, asking only when the bound needs it (widest half width in parts of the accepted variance)',
    '',
  )
  say(`${'accepted'.padEnd(10)}${ACCEPTED_MS.map((ms) => `${ms} ms`.padStart(16)).join('')}`)
  for (const name of OSCILLATOR_PRESET_NAMES) {
    const cells = ACCEPTED_MS.map((ms) => {
      const { perDay, widest } = demand(OSCILLATOR_PRESETS[name].parameters, ms * NS_PER_MS)
      return `${perDay.toFixed(1)} (${widest.toFixed(2)})`.padStart(16)
    })
    say(`${name.padEnd(10)}${cells.join('')}`)
  }
}

export const run = ([runs = '2']: readonly string[]): Promise<void> => {
  stability()
  silence(Number(runs))
  synchronisations()
  return Promise.resolve()
}
