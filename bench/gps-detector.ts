/**
 * `npm run bench -- gps-detector [--days 30] [--seeds 1] [--noise 100,1000,3000] [--rate 100] [--oscillators quartz,…]`: the test for
 * slow ramps (src/clock/gps-ramp.ts) inside the whole detector, on simulated oscillators under a pulse a second with white noise.
 *
 * A false alarm is a ramp or step found where there is none. Every six hours the detector's state is copied, and the copy is fed
 * the same coming seconds with a ramp on top, faster and slower by turns: its delay is from the ramp's first second to the first
 * report that is refused for it. `sees` is what the detector itself says it can find within a minute.
 */
import { parseArgs } from 'node:util'
import { seededRandom } from '../src/base/index.ts'
import {
  GPS_DETECTOR_STATE,
  OSCILLATOR_PRESETS,
  OSCILLATOR_PRESET_NAMES,
  OscillatorPhase,
  gpsDetect,
} from '../src/clock/index.ts'
import type { GpsDetectorState, OscillatorPresetName } from '../src/clock/index.ts'
import { median, quantile } from './figures.ts'

const TRIAL_EVERY_SEC = 6 * 3600
const TRIAL_SEC = 90
const WANTED_SEC = 60
const SEES_EVERY_SEC = 600
const PULSE_HALF_NS = 150_000n

interface Figures {
  falseAlarms: number
  readonly delaysSec: number[]
  trials: number
  untested: number
  readonly sees: number[]
}

const report = (second: number, phaseNs: number) => {
  const estimateNs = BigInt(Math.round(phaseNs))
  const localNs = BigInt(second) * 1_000_000_000n
  const offset = { lo: estimateNs - PULSE_HALF_NS, hi: estimateNs + PULSE_HALF_NS }
  const sample = { localNs, offset, estimateNs, delayNs: 0n, leap: 'unknown', basis: 'PPS', weekRounds: 0n } as const
  return { localNs, word: { sample }, signal: undefined, known: undefined }
}

/** Seconds until the ramp is refused, or nothing where it was not within the trial. */
const trial = (start: GpsDetectorState, coming: readonly number[], from: number, rate: number): number | undefined => {
  let state = start
  for (const [index, phaseNs] of coming.entries()) {
    const step = gpsDetect(state, report(from + index, phaseNs + rate * (index + 1)))
    state = step.state
    if (step.judgement.verdict === 'refuse') return index + 1
  }
  return undefined
}

/** One oscillator, all noises at once: the oscillator is the slower part. */
const simulate = (
  name: OscillatorPresetName,
  options: {
    readonly seed: number
    readonly days: number
    readonly noisesNs: readonly number[]
    readonly rate: number
  },
): readonly Figures[] => {
  const oscillator = new OscillatorPhase(OSCILLATOR_PRESETS[name].parameters, seededRandom(BigInt(options.seed)))
  const runs = options.noisesNs.map((noiseNs, index) => {
    // A phase of white noise alone, by the same generator.
    const parameters = { ...OSCILLATOR_PRESETS.rubidium.parameters, ...silent, phaseNoiseNs: noiseNs }
    const noise = new OscillatorPhase(parameters, seededRandom(BigInt(1000 * options.seed + index)))
    const figures: Figures = { falseAlarms: 0, delaysSec: [], trials: 0, untested: 0, sees: [] }
    return { noise, figures, state: GPS_DETECTOR_STATE, coming: [] as number[] }
  })
  const seconds = options.days * 86_400
  for (let second = -TRIAL_SEC; second < seconds; second += 1) {
    const drawn = -oscillator.next()
    for (const run of runs) {
      run.coming.push(drawn + run.noise.next())
      if (second < 0) continue
      const phaseNs = run.coming.shift() ?? 0
      const before = run.state.change
      const step = gpsDetect(run.state, report(second, phaseNs))
      run.state = step.state
      if (run.state.change !== before) run.figures.falseAlarms += 1
      look(run, second, step.judgement.visibleNsPerSec, options.rate)
    }
  }
  return runs.map(({ figures }) => figures)
}

const silent = {
  driftPpb: 0,
  temperatureCoefficientPpbPerK: 0,
  agingPpbPerDay: 0,
  whiteFmPpb: 0,
  flickerFmPpb: 0,
  randomWalkPpb: 0,
}

const look = (
  run: { readonly state: GpsDetectorState; readonly coming: readonly number[]; readonly figures: Figures },
  second: number,
  sees: number | undefined,
  rate: number,
): void => {
  const { figures } = run
  if (second % SEES_EVERY_SEC === 0 && sees !== undefined) figures.sees.push(sees)
  if (second % TRIAL_EVERY_SEC !== TRIAL_EVERY_SEC - 1) return
  if (sees === undefined) {
    figures.untested += 1
    return
  }
  figures.trials += 1
  const delaySec = trial(run.state, run.coming, second + 1, figures.trials % 2 === 0 ? rate : -rate)
  if (delaySec !== undefined) figures.delaysSec.push(delaySec)
}

const row = (name: string, noiseNs: number, days: number, all: readonly Figures[]): string => {
  const delays = all.flatMap(({ delaysSec }) => delaysSec)
  const sees = all.flatMap((figures) => figures.sees)
  const sum = (of: (figures: Figures) => number): number => all.reduce((total, figures) => total + of(figures), 0)
  const inTime = delays.filter((delay) => delay <= WANTED_SEC).length
  return [
    name.padEnd(10),
    String(noiseNs).padStart(8),
    `${sum((one) => one.falseAlarms)} in ${days * all.length} d`.padStart(14),
    `${inTime}/${sum((one) => one.trials)}`.padStart(11),
    `${median(delays).toFixed(0)} (${Math.max(...delays)})`.padStart(12),
    `${median(sees).toFixed(0)} (${quantile(sees, 0.95).toFixed(0)})`.padStart(13),
    String(sum((one) => one.untested)).padStart(9),
  ].join(' ')
}

export const run = async (args: readonly string[]): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      days: { type: 'string', default: '30' },
      seeds: { type: 'string', default: '1' },
      noise: { type: 'string', default: '100,1000,3000' },
      rate: { type: 'string', default: '100' },
      oscillators: { type: 'string', default: OSCILLATOR_PRESET_NAMES.join(',') },
    },
  })
  const [days, seeds, rate] = [Number(values.days), Number(values.seeds), Number(values.rate)]
  const noisesNs = values.noise.split(',').map(Number)
  const wanted = new Set(values.oscillators.split(','))
  process.stdout.write(
    `ramps of ${rate} ns/s, a pulse a second\noscillator noise, ns   false alarms  in ${WANTED_SEC} s  median (most), s  sees, ns/s (95 %)  untested\n`,
  )
  for (const name of OSCILLATOR_PRESET_NAMES.filter((name) => wanted.has(name))) {
    const all = Array.from({ length: seeds }, (_, index) => simulate(name, { seed: index + 1, days, noisesNs, rate }))
    for (const [index, noiseNs] of noisesNs.entries()) {
      const figures = all.flatMap((runs) => runs[index] ?? [])
      process.stdout.write(`${row(name, noiseNs, days, figures)}\n`)
    }
  }
}
