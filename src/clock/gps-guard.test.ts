/** Measurement and detector joined, and what a clock tells a judge. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { holds, NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { Discipline } from './discipline.ts'
import { GPS_GUARD_STATE, gpsGuard, gpsGuardLost } from './gps-guard.ts'
import type { GpsGuardState, GpsOutcome } from './gps-guard.ts'
import { outvoting } from './gps-knowledge.ts'
import type { ClockKnowledge } from './gps-knowledge.ts'
import type { GpsArrival } from './gpsd-measurement.ts'
import type { GpsdMessage, GpsdSignal } from './gpsd-protocol.ts'
import { createKalmanFilter } from './kalman.ts'
import type { Measurement } from './port.ts'
import { taiFromUnixNs } from './time-scales.ts'

const START = 1_795_219_200n * NS_PER_SEC
const OFFSET = taiFromUnixNs(START)
const at = (afterNs: bigint): GpsArrival => ({ localNs: afterNs, hostUnixNs: START + afterNs, readingNs: 0n })
const fix = (afterNs: bigint): GpsdMessage => ({
  class: 'TPV',
  device: 'd',
  mode: 3,
  tai: taiFromUnixNs(START + afterNs),
  errorNs: 5n * NS_PER_MS,
  leapSec: 18,
})
const sky = (signal: GpsdSignal): GpsdMessage => ({ class: 'SKY', device: 'd', usedCount: 8, seenCount: 9, signal })
const hard = (lo: bigint, hi: bigint): ClockKnowledge => ({
  hard: { lo: OFFSET + lo, hi: OFFSET + hi },
  predicted: undefined,
  others: undefined,
})

const play = (
  script: readonly (readonly [GpsdMessage, GpsArrival])[],
  known?: ClockKnowledge,
): { readonly state: GpsGuardState; readonly said: readonly (GpsOutcome | undefined)[] } => {
  let state = GPS_GUARD_STATE
  const said = script.map(([message, arrival]) => {
    const step = gpsGuard(state, { message, arrival, known })
    state = step.state
    return step.outcome
  })
  return { state, said }
}

const EVEN = { count: 8, meanDbHz: 45, spreadDbHz: 0.2 }
const STRONG = { count: 8, meanDbHz: 56, spreadDbHz: 0.2 }

test('a signal told lately weighs on the next fix, an old one does not', () => {
  const { said } = play([
    [sky(STRONG), at(0n)],
    [fix(0n), at(NS_PER_SEC / 2n)],
  ])
  equal(said[0], undefined)
  ok(said[1] !== undefined && 'refusal' in said[1] && said[1].refusal === 'gps-signal-strong')
  equal(said[1].suspicion.score, 700)
  const late = play([
    [sky(STRONG), at(0n)],
    [fix(20n * NS_PER_SEC), at(20n * NS_PER_SEC)],
  ])
  ok(late.said[1] !== undefined && 'sample' in late.said[1])
})

test('a doubtful fix cannot narrow what the clock knows, and is not bent where it contradicts it', () => {
  const script = [
    [sky(EVEN), at(0n)],
    [fix(0n), at(NS_PER_SEC / 2n)],
  ] as const
  const wide = play(script, hard(-3n * NS_PER_SEC, 3n * NS_PER_SEC)).said[1]
  ok(wide !== undefined && 'sample' in wide)
  deepEqual(wide.sample.offset, { lo: OFFSET - 3n * NS_PER_SEC, hi: OFFSET + 3n * NS_PER_SEC })
  ok(holds(wide.sample.offset, wide.sample.estimateNs))
  deepEqual(wide.suspicion, { score: 350, reasons: ['gps-signal-uniform'] })
  const plain = play(script.slice(1), hard(-3n * NS_PER_SEC, 3n * NS_PER_SEC)).said[0]
  ok(plain !== undefined && 'sample' in plain && plain.sample.offset.lo > OFFSET - NS_PER_SEC)
})

test('a receiver that was lost keeps its past, not what vouched for it', () => {
  const { state } = play([
    [sky(STRONG), at(0n)],
    [fix(0n), at(0n)],
  ])
  const { receiver, detector } = gpsGuardLost(state)
  deepEqual([receiver.signal, receiver.vouched, receiver.used], [undefined, undefined, undefined])
  deepEqual([receiver.anchor, detector], [state.receiver.anchor, state.detector])
})

test('outvoting: two against one, three against two, never one against one', () => {
  const voter = (sourceId: string, lo: bigint) => ({ sourceId, offset: { lo, hi: lo + 10n } })
  equal(outvoting([]), undefined)
  equal(outvoting([voter('a', 0n)]), undefined)
  deepEqual(outvoting([voter('a', 0n), voter('b', 5n)]), { lo: 5n, hi: 10n })
  equal(outvoting([voter('a', 0n), voter('b', 50n)]), undefined)
  equal(outvoting([voter('a', 0n), voter('b', 5n), voter('c', 50n)]), undefined, 'two of four are no majority')
  deepEqual(outvoting([voter('a', 0n), voter('b', 5n), voter('c', 8n), voter('d', 50n)]), { lo: 8n, hi: 10n })
})

const heard = (sourceId: string, localNs: bigint, aroundNs: bigint): Measurement => ({
  sourceId,
  kind: 'ntp',
  localNs,
  offset: { lo: OFFSET + aroundNs - NS_PER_MS, hi: OFFSET + aroundNs + NS_PER_MS },
  estimateNs: OFFSET + aroundNs,
  delayNs: 2n * NS_PER_MS,
  leap: 'none',
})

test('what a clock knows without one source: nothing at first, then hold-over and the others', () => {
  const discipline = new Discipline({}, createKalmanFilter())
  for (const id of ['a', 'b', 'gps']) discipline.register(id, id === 'gps' ? 'gps' : 'ntp')
  deepEqual(discipline.knowledgeWithout('gps', 0n), { hard: undefined, predicted: undefined, others: undefined })
  for (const [index, id] of ['a', 'b', 'gps'].entries()) {
    const localNs = BigInt(index + 1) * NS_PER_SEC
    discipline.onSourceEvent({ type: 'measurement', measurement: heard(id, localNs, 0n) }, localNs)
  }
  const { hard: holdover, predicted, others } = discipline.knowledgeWithout('gps', 4n * NS_PER_SEC)
  ok(holdover !== undefined && predicted !== undefined && others !== undefined)
  ok(holds(holdover, OFFSET) && holds(others, OFFSET) && holds(holdover, predicted.offsetNs))
  equal(discipline.knowledgeWithout('a', 4n * NS_PER_SEC).others === undefined, false, 'b and gps outvote a')
})

test('suspicion reaches the report, and a refusal’s too', () => {
  const discipline = new Discipline({}, createKalmanFilter())
  discipline.register('gps', 'gps')
  equal(discipline.report(0n)[0]?.suspicion, undefined)
  const suspicion = { score: 350, reasons: ['gps-signal-uniform'] }
  discipline.onSourceEvent({ type: 'measurement', measurement: heard('gps', 1n, 0n), suspicion }, 1n)
  deepEqual(discipline.report(2n)[0]?.suspicion, suspicion)
  const worse = { score: 1000, reasons: ['gps-no-fix'] }
  discipline.onSourceEvent(
    { type: 'refused', sourceId: 'gps', verdict: 'reject', reason: 'gps-no-fix', suspicion: worse },
    3n,
  )
  deepEqual(discipline.report(4n)[0]?.suspicion, worse)
})
