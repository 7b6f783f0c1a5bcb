/**
 * `npm run bench -- clock [--traces DIRECTORY] [--seeds 1,2] [--only A-lan10us,…] [--json]`: the clock on recorded exchanges with known
 * truth, beside chronyd's error on the same packets, the seed's Kalman filter and the last sample; then holdover and cold start
 * in simulation. Errors are ratios to chronyd's (median over seeds), so the machine does not matter.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createAdaptiveFilter, createKalmanFilter } from '../src/clock/index.ts'
import type { Filter, Measurement } from '../src/clock/index.ts'
import { coldStart, holdover } from './clock-silence.ts'
import { TRACES, readTrace, scoreOf } from './clock-traces.ts'
import type { Score, Trace } from './clock-traces.ts'
import { median } from './figures.ts'

/** The simplest clock: what the last answer said. */
const lastSample: Filter<Measurement> = {
  name: 'last sample',
  start: (first) => first,
  update: (_last, measurement) => ({ state: measurement, taken: true }),
  predict: ({ estimateNs }) => ({ offsetNs: estimateNs, offsetSigmaNs: 0, slopePpb: 0, slopeSigmaPpb: 0 }),
}

interface Row {
  readonly name: string
  readonly rmsUs: number
  readonly chronyUs: number
  readonly ratio: number
  readonly worstRatio: number
  readonly maxRatio: number
  readonly kalmanRatio: number
  readonly lastRatio: number
  readonly outside: number
  readonly halfWidthUs: number
  readonly likelyHalfUs: number
  readonly coveragePercent: number
}

const rowOf = (name: string, traces: readonly Trace[]): Row => {
  const ours = traces.map((trace) => scoreOf(trace, createAdaptiveFilter()))
  const kalman = traces.map((trace) => scoreOf(trace, createKalmanFilter()))
  const last = traces.map((trace) => scoreOf(trace, lastSample))
  const sum = (of: (score: Score) => number): number => ours.reduce((total, score) => total + of(score), 0)
  const ratioOf = (score: Score): number => score.rmsSec / score.chronyRmsSec
  return {
    name,
    rmsUs: median(ours.map(({ rmsSec }) => rmsSec)) * 1e6,
    chronyUs: median(ours.map(({ chronyRmsSec }) => chronyRmsSec)) * 1e6,
    ratio: median(ours.map(ratioOf)),
    worstRatio: Math.max(...ours.map(ratioOf)),
    maxRatio: median(ours.map(({ maxSec, chronyMaxSec }) => maxSec / chronyMaxSec)),
    kalmanRatio: median(kalman.map(ratioOf)),
    lastRatio: median(last.map(ratioOf)),
    outside: sum((score) => score.outside),
    halfWidthUs: median(ours.map(({ halfWidthSec }) => halfWidthSec)) * 1e6,
    likelyHalfUs: median(ours.map(({ likelyHalfSec }) => likelyHalfSec)) * 1e6,
    coveragePercent: (100 * sum((score) => score.likely)) / sum((score) => score.asked),
  }
}

const HEADS = [
  'trace',
  'RMS µs',
  'chrony µs',
  'ratio',
  'worst',
  'max ratio',
  'Kalman',
  'last',
  'outside',
  'half µs',
  '95% µs',
  'held %',
]
const WIDTHS = [13, 8, 10, 7, 7, 10, 8, 8, 8, 10, 9, 7]

const line = (cells: readonly string[]): string =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[index] ?? 0))).join(' ')

const lineOf = (row: Row): string =>
  line([
    row.name,
    ...[row.rmsUs, row.chronyUs].map((value) => value.toFixed(2)),
    ...[row.ratio, row.worstRatio, row.maxRatio, row.kalmanRatio].map((value) => value.toFixed(3)),
    row.lastRatio.toFixed(1),
    String(row.outside),
    ...[row.halfWidthUs, row.likelyHalfUs, row.coveragePercent].map((value) => value.toFixed(1)),
  ])

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

/** Prints a row a scenario as it is done, then the means, then holdover and cold start. */
export const run = (args: readonly string[]): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      traces: { type: 'string', default: TRACES },
      seeds: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const wanted = (list: string | undefined, item: string): boolean =>
    list === undefined || list.split(',').includes(item)
  const seeds = readdirSync(values.traces).filter(
    (name) => name.startsWith('seed-') && wanted(values.seeds, name.slice(5)),
  )
  const files = readdirSync(join(values.traces, seeds[0] ?? ''))
  const names = [...new Set(files.map((file) => file.split('.')[0] ?? ''))]
    .filter((name) => wanted(values.only, name))
    .toSorted()
  const print = (text: string): void => void process.stdout.write(`${text}\n`)
  if (!values.json) print(line(HEADS))
  const rows = names.map((name) => {
    const row = rowOf(
      name,
      seeds.map((seed) => readTrace(join(values.traces, seed), name)),
    )
    if (!values.json) print(lineOf(row))
    return row
  })
  const mean = geometricMean(rows.map(({ ratio }) => ratio))
  const silence = { holdoverUs: holdover(), coldStartUs: coldStart() }
  if (values.json) print(JSON.stringify({ seeds: seeds.length, rows, geometricMean: mean, ...silence }))
  else {
    print(`geometric mean of the ratios ${mean.toFixed(3)} over ${rows.length} scenarios x ${seeds.length} seeds`)
    print(
      `holdover, RMS µs: ${silence.holdoverUs.map(({ afterSec, rmsUs }) => `${rmsUs.toFixed(0)} after ${afterSec} s`).join(', ')}`,
    )
    print(`cold start with a burst, RMS µs from 30 s to 60 s: ${silence.coldStartUs.toFixed(0)}`)
  }
  return Promise.resolve()
}
