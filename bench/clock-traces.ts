/**
 * Recorded exchanges with known truth (bench/traces/README.md), and how far a clock that hears them is from it. Used by the benchmark and
 * by the test that holds the clock to what it has reached.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { ChimerError } from '../src/base/index.ts'
import { Replay, nsOfSeconds, readExchangeLine } from '../src/clock/index.ts'
import type { Filter, RecordedExchange } from '../src/clock/index.ts'
import { median } from './figures.ts'

/** The traces that come with the project: one seed of sixteen scenarios. */
export const TRACES = fileURLToPath(new URL('traces', import.meta.url))

/** The first readings are not scored: every clock has to find its feet. */
const FROM_SEC = 2000

export interface Truth {
  readonly trueNs: bigint
  readonly localNs: bigint
  /** chronyd's error, s; nothing where it had no time. */
  readonly chronySec: number | undefined
}

export interface Trace {
  readonly exchanges: readonly RecordedExchange[]
  readonly truths: readonly Truth[]
}

const readLines = (directory: string, name: string): readonly string[] => {
  const found = readdirSync(directory).find((file) => file === name || file === `${name}.gz`)
  if (found === undefined) throw new ChimerError('TC_REPLAY_INPUT', `${join(directory, name)} is not there.`)
  const bytes = readFileSync(join(directory, found))
  return (found.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trim().split('\n').slice(1)
}

const seconds = (text: string | undefined): bigint => nsOfSeconds(text ?? '') ?? BigInt(Math.round(Number(text) * 1e9))

/** Reads `NAME.exchanges.csv` and `NAME.truth.csv` of a seed's directory, gzipped or not. */
export const readTrace = (directory: string, name: string): Trace => ({
  exchanges: readLines(directory, `${name}.exchanges.csv`).flatMap((line) => {
    const admission = readExchangeLine(line)
    return admission.verdict === 'accept' ? [admission.value] : []
  }),
  truths: readLines(directory, `${name}.truth.csv`).map((line) => {
    const [trueTime, local, , chrony = ''] = line.split(',')
    return { trueNs: seconds(trueTime), localNs: seconds(local), chronySec: chrony === '' ? undefined : Number(chrony) }
  }),
})

/** Seconds, but for the counts of readings. `likely`: how many held the truth in their 95 % range. */
export interface Score {
  readonly rmsSec: number
  readonly maxSec: number
  readonly chronyRmsSec: number
  readonly chronyMaxSec: number
  readonly asked: number
  readonly outside: number
  readonly likely: number
  readonly halfWidthSec: number
  readonly likelyHalfSec: number
}

const rms = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
const largest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
const toSec = (ns: bigint): number => Number(ns) / 1e9

/** Plays a trace to a clock with this filter. */
export const scoreOf = <State>(trace: Trace, filter: Filter<State>): Score => {
  const replay = new Replay(filter)
  const coming = trace.exchanges[Symbol.iterator]()
  let next = coming.next()
  const errors: number[] = []
  const chrony: number[] = []
  const halves: number[] = []
  const likelyHalves: number[] = []
  let outside = 0
  let likely = 0
  for (const { trueNs, localNs, chronySec } of trace.truths) {
    for (; next.done !== true && next.value.t4 <= localNs; next = coming.next()) replay.hear(next.value)
    if (trueNs < BigInt(FROM_SEC) * 1_000_000_000n) continue
    if (chronySec !== undefined) chrony.push(chronySec)
    const { reading } = replay.readAt(localNs)
    if (reading === undefined) continue
    errors.push(toSec(reading.estimate - trueNs))
    halves.push(toSec(reading.latest - reading.earliest) / 2)
    likelyHalves.push(toSec(reading.likely.latest - reading.likely.earliest) / 2)
    if (trueNs < reading.earliest || trueNs > reading.latest) outside += 1
    if (trueNs >= reading.likely.earliest && trueNs <= reading.likely.latest) likely += 1
  }
  return {
    rmsSec: rms(errors),
    maxSec: largest(errors),
    chronyRmsSec: rms(chrony),
    chronyMaxSec: largest(chrony),
    asked: errors.length,
    outside,
    likely,
    halfWidthSec: median(halves),
    likelyHalfSec: median(likelyHalves),
  }
}
