/**
 * How far a GPS receiver is to be believed: a score from 0 to 1000, the sum of named evidence, with a verdict and a memory.
 *
 *   score < 300            accept   passed on
 *   300 <= score < 600     doubt    passed on, but may not narrow what the clock knows by itself (gps-guard.ts)
 *   600 <= score           refuse   not passed on
 *
 * Weights are in GPS_WEIGHTS, and say what it takes: what a receiver says against itself refuses at once; so do enough other
 * sources, the oscillator and a ramp; a signal that is too strong or too even alone makes doubt, both together refuse.
 * A worse verdict comes at once and goes after a minute without its cause (`gps-recovering` fills the score up till then).
 *
 * Source: seed 000 (GPS module: "realistic time progression and signal characteristics"); Jafarnia-Jahromi et al. 2012 (signal
 * power and its likeness over satellites, clock consistency); IS-GPS-200 for the strongest genuine signal. Equations, measured
 * delays and false alarms: docs/spec/sources.md.
 *
 * Pure: state and one report in, state and judgement out; never throws on any numbers. Does not promise to notice a forgery that
 * is smooth, moves the time by less than gps-ramp.ts sees, and is shaped like a sky.
 */
import { abs, max, meets, NS_PER_SEC } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'
import type { ClockKnowledge } from './gps-knowledge.ts'
import { RAMP_OPTIONS, SERIAL_RAMP_OPTIONS, rampStep } from './gps-ramp.ts'
import type { RampState } from './gps-ramp.ts'
import { GPS_BASES } from './gpsd-measurement.ts'
import type { GpsBasis, GpsReason, GpsSample } from './gpsd-measurement.ts'
import type { GpsdSignal } from './gpsd-protocol.ts'
import type { Suspicion } from './port.ts'

/** What makes a report suspicious that is fit by its own words. */
export const GPS_SUSPICION_REASONS = [
  'gps-disagrees',
  'gps-against-oscillator',
  'gps-slow-ramp',
  'gps-phase-step',
  'gps-signal-strong',
  'gps-signal-uniform',
  'gps-week-repaired',
  'gps-off-prediction',
  'gps-recovering',
] as const
export type GpsSuspicionReason = (typeof GPS_SUSPICION_REASONS)[number]

export type GpsEvidenceReason = GpsReason | GpsSuspicionReason

/** From here on doubt, and refusal. */
export const GPS_SCORE_DOUBT = 300
export const GPS_SCORE_REFUSE = 600
export const GPS_SCORE_MAX = 1000

interface Weight {
  /** What it adds to the score. */
  readonly fresh: number
  /** What it adds once it has lasted (gps-against-oscillator) or is over (gps-slow-ramp, gps-phase-step) for its time. */
  readonly stale: number
}

const weight = (fresh: number, stale = fresh): Weight => ({ fresh, stale })

/** `gps-recovering` has none: it adds what is missing to the verdict that is still held. */
export const GPS_WEIGHTS: Readonly<Record<Exclude<GpsSuspicionReason, 'gps-recovering'>, Weight>> = Object.freeze({
  'gps-disagrees': weight(800),
  'gps-against-oscillator': weight(700, 300),
  'gps-slow-ramp': weight(700, 300),
  'gps-phase-step': weight(700, 300),
  'gps-signal-strong': weight(350),
  'gps-signal-uniform': weight(350),
  'gps-week-repaired': weight(300),
  'gps-off-prediction': weight(200),
})

export interface GpsDetectorOptions {
  /** Mean strength above this is more than satellites can send, dB-Hz. */
  readonly strengthDbHzMax: number
  /** Standard deviation below this is more even than a sky, dB; over at least so many satellites. */
  readonly spreadDbMin: number
  readonly spreadCountMin: number
  /** The estimate is improbable where the measured interval is so many of the filter's σ away. */
  readonly predictionSigmas: number
  /** A series against the oscillator's promise that lasts as long may be right: the clock decides. */
  readonly againstNs: bigint
  /** A contradiction that was not seen for so long is over. */
  readonly againstPauseNs: bigint
  /** How long a ramp or a step refuses after it was found, and until when it leaves doubt. */
  readonly rampNs: { readonly refuse: bigint; readonly doubt: bigint }
  readonly stepNs: { readonly refuse: bigint; readonly doubt: bigint }
  /** A worse verdict is held for so long without its cause. */
  readonly calmNs: bigint
  /** A worse kind of phase is not tested while a better one was seen as lately. */
  readonly betterNs: bigint
}

export const GPS_DETECTOR_OPTIONS: GpsDetectorOptions = Object.freeze({
  strengthDbHzMax: 52,
  spreadDbMin: 1.5,
  spreadCountMin: 5,
  predictionSigmas: 6,
  againstNs: 60n * NS_PER_SEC,
  againstPauseNs: 60n * NS_PER_SEC,
  rampNs: { refuse: 1800n * NS_PER_SEC, doubt: 3600n * NS_PER_SEC },
  stepNs: { refuse: 60n * NS_PER_SEC, doubt: 600n * NS_PER_SEC },
  calmNs: 60n * NS_PER_SEC,
  betterNs: 10n * NS_PER_SEC,
})

/** One report of the receiver with all that was known when it came. */
export interface GpsReport {
  readonly localNs: bigint
  /** Fit by its own words, or why not. */
  readonly word: { readonly sample: GpsSample } | { readonly refusal: GpsReason }
  /** The strengths of the satellites in use, if they were told lately. */
  readonly signal: GpsdSignal | undefined
  /** What the clock knows without this receiver, at `localNs`. */
  readonly known: ClockKnowledge | undefined
}

export type GpsVerdict = 'accept' | 'doubt' | 'refuse'

interface Change {
  readonly reason: 'gps-slow-ramp' | 'gps-phase-step'
  readonly refuseUntilNs: bigint
  readonly doubtUntilNs: bigint
}

export interface GpsDetectorState {
  /** The test for ramps, on the best kind of phase there is. */
  readonly ramp: RampState | undefined
  readonly rampBasis: { readonly basis: GpsBasis; readonly localNs: bigint } | undefined
  readonly change: Change | undefined
  /** Since when reports have contradicted the oscillator's promise. */
  readonly against: { readonly sinceNs: bigint; readonly lastNs: bigint } | undefined
  /** The verdict that is held, and when it last had its cause. */
  readonly held: { readonly verdict: GpsVerdict; readonly localNs: bigint } | undefined
}

export const GPS_DETECTOR_STATE: GpsDetectorState = {
  ramp: undefined,
  rampBasis: undefined,
  change: undefined,
  against: undefined,
  held: undefined,
}

/** `suspicion.reasons` are all that add to the score, heaviest first. */
export interface GpsJudgement {
  readonly verdict: GpsVerdict
  readonly suspicion: Suspicion & { readonly reasons: readonly GpsEvidenceReason[] }
  /** The slowest ramp that would be found within a minute, ns/s; nothing while the test is learning. */
  readonly visibleNsPerSec: number | undefined
}

interface Evidence {
  readonly reason: GpsEvidenceReason
  readonly points: number
}

const VERDICTS = ['accept', 'doubt', 'refuse'] as const
/** The least score of each verdict. */
const FLOORS: Readonly<Record<GpsVerdict, number>> = { accept: 0, doubt: GPS_SCORE_DOUBT, refuse: GPS_SCORE_REFUSE }

export const verdictOfScore = (score: number): GpsVerdict =>
  score >= GPS_SCORE_REFUSE ? 'refuse' : score >= GPS_SCORE_DOUBT ? 'doubt' : 'accept'

const scoreOf = (evidence: readonly Evidence[]): number =>
  Math.min(
    GPS_SCORE_MAX,
    evidence.reduce((sum, { points }) => sum + points, 0),
  )

/** A reason with its weight where `is` holds. */
const when = (is: boolean, reason: keyof typeof GPS_WEIGHTS, age: keyof Weight = 'fresh'): readonly Evidence[] =>
  is ? [{ reason, points: GPS_WEIGHTS[reason][age] }] : []

/** Figures that are no numbers are as good as not told. */
const signalEvidence = (signal: GpsdSignal | undefined, options: GpsDetectorOptions): readonly Evidence[] => {
  if (signal === undefined || !Number.isFinite(signal.meanDbHz) || !Number.isFinite(signal.spreadDbHz)) return []
  const isEven = signal.count >= options.spreadCountMin && signal.spreadDbHz < options.spreadDbMin
  return [
    ...when(signal.meanDbHz > options.strengthDbHzMax, 'gps-signal-strong'),
    ...when(isEven, 'gps-signal-uniform'),
  ]
}

/** From a point to an interval, ns; 0 inside. */
const distance = (point: bigint, interval: NsInterval): bigint => max(0n, max(interval.lo - point, point - interval.hi))

const clockEvidence = (
  sample: GpsSample,
  known: ClockKnowledge | undefined,
  options: GpsDetectorOptions,
): readonly Evidence[] => {
  const { others, predicted } = known ?? {}
  const isOutvoted = others !== undefined && !meets(others, sample.offset)
  const sigmaNs = predicted?.offsetSigmaNs ?? Number.NaN
  const isImprobable =
    predicted !== undefined &&
    sigmaNs >= 0 &&
    Number(distance(predicted.offsetNs, sample.offset)) > options.predictionSigmas * sigmaNs
  return [...when(isOutvoted, 'gps-disagrees'), ...when(isImprobable, 'gps-off-prediction')]
}

/** Does the report miss what the oscillator promises, and since when? */
const againstOf = (
  state: GpsDetectorState,
  { offset }: GpsSample,
  { localNs, known }: GpsReport,
  options: GpsDetectorOptions,
): GpsDetectorState['against'] => {
  if (known?.hard === undefined || meets(known.hard, offset)) return undefined
  const { against } = state
  const isSame = against !== undefined && localNs - against.lastNs <= options.againstPauseNs
  return { sinceNs: isSame ? against.sinceNs : localNs, lastNs: localNs }
}

const CHANGES = { ramp: 'gps-slow-ramp', step: 'gps-phase-step' } as const

const changeOf = (shape: 'ramp' | 'step', localNs: bigint, options: GpsDetectorOptions): Change => {
  const holdNs = shape === 'ramp' ? options.rampNs : options.stepNs
  const reason = CHANGES[shape]
  return { reason, refuseUntilNs: localNs + holdNs.refuse, doubtUntilNs: localNs + holdNs.doubt }
}

/** The longer of two, so that a step does not shorten what a ramp has earned. */
const graver = (a: Change | undefined, b: Change): Change =>
  a !== undefined && a.refuseUntilNs > b.refuseUntilNs ? a : b

/** Hands the phase to the test for ramps, if it is of the best kind there is. */
const withPhase = (state: GpsDetectorState, sample: GpsSample, options: GpsDetectorOptions): GpsDetectorState => {
  const { basis, localNs, estimateNs } = sample
  const { rampBasis } = state
  const rank = (of: GpsBasis): number => GPS_BASES.indexOf(of)
  const isBeaten =
    rampBasis !== undefined &&
    rank(rampBasis.basis) > rank(basis) &&
    abs(localNs - rampBasis.localNs) <= options.betterNs
  if (isBeaten) return state
  const series = rampBasis?.basis === basis ? state.ramp : undefined
  const step = rampStep(series, { localNs, offsetNs: estimateNs }, basis === 'PPS' ? RAMP_OPTIONS : SERIAL_RAMP_OPTIONS)
  const next = { ...state, ramp: step.state, rampBasis: { basis, localNs } }
  // The counter's frequency may have changed as well as the receiver's time: both are learned anew.
  return step.found === undefined
    ? next
    : { ...next, ramp: undefined, change: graver(state.change, changeOf(step.found.shape, localNs, options)) }
}

const changeEvidence = (change: Change | undefined, localNs: bigint): readonly Evidence[] =>
  change === undefined || localNs >= change.doubtUntilNs
    ? []
    : when(true, change.reason, localNs < change.refuseUntilNs ? 'fresh' : 'stale')

const againstEvidence = (
  against: GpsDetectorState['against'],
  localNs: bigint,
  options: GpsDetectorOptions,
): readonly Evidence[] =>
  when(
    against !== undefined,
    'gps-against-oscillator',
    against !== undefined && localNs - against.sinceNs >= options.againstNs ? 'stale' : 'fresh',
  )

/** The verdict that is held, and what is missing to it. */
const withHeld = (
  state: GpsDetectorState,
  evidence: readonly Evidence[],
  localNs: bigint,
  options: GpsDetectorOptions,
): { readonly state: GpsDetectorState; readonly evidence: readonly Evidence[] } => {
  const score = scoreOf(evidence)
  const now = verdictOfScore(score)
  const { held } = state
  const isWorse = held === undefined || VERDICTS.indexOf(now) >= VERDICTS.indexOf(held.verdict)
  if (isWorse || localNs - held.localNs >= options.calmNs)
    return { state: { ...state, held: { verdict: now, localNs } }, evidence }
  return { state, evidence: [...evidence, { reason: 'gps-recovering', points: FLOORS[held.verdict] - score }] }
}

const judged = (evidence: readonly Evidence[], state: GpsDetectorState): GpsJudgement => {
  const score = scoreOf(evidence)
  const reasons = evidence.toSorted((a, b) => b.points - a.points).map(({ reason }) => reason)
  return { verdict: verdictOfScore(score), suspicion: { score, reasons }, visibleNsPerSec: state.ramp?.visibleNsPerSec }
}

/** A refusal that says that time itself jumped: what was learned of phases is worth nothing then. */
const isJump = (refusal: GpsReason): boolean => refusal === 'gps-backwards' || refusal === 'gps-implausible-step'

/** What a sample adds to the state: phase, change, contradiction. A doubtful phase is still a phase. */
const withSample = (
  state: GpsDetectorState,
  sample: GpsSample,
  report: GpsReport,
  options: GpsDetectorOptions,
): GpsDetectorState => ({
  ...withPhase(state, sample, options),
  against: againstOf(state, sample, report, options),
})

/**
 * One report judged. Reports come in the order of `localNs`; one that does not is judged as if it came with the last.
 * What a report says against itself (GPS_REASONS) weighs 1000, and is not remembered: the next report speaks for itself.
 */
export const gpsDetect = (
  state: GpsDetectorState,
  report: GpsReport,
  options: GpsDetectorOptions = GPS_DETECTOR_OPTIONS,
): { readonly state: GpsDetectorState; readonly judgement: GpsJudgement } => {
  const { localNs, word, signal, known } = report
  const sample = 'sample' in word ? word.sample : undefined
  const refusal = 'refusal' in word ? word.refusal : undefined
  const seen = sample === undefined ? state : withSample(state, sample, report, options)
  const next = refusal !== undefined && isJump(refusal) ? { ...seen, ramp: undefined } : seen
  const lasting = [
    ...signalEvidence(signal, options),
    ...changeEvidence(next.change, localNs),
    ...(sample === undefined ? [] : clockEvidence(sample, known, options)),
    ...(sample === undefined ? [] : againstEvidence(next.against, localNs, options)),
    ...when(sample !== undefined && sample.weekRounds !== 0n, 'gps-week-repaired'),
  ]
  const held = withHeld(next, lasting, localNs, options)
  const own: readonly Evidence[] = refusal === undefined ? [] : [{ reason: refusal, points: GPS_SCORE_MAX }]
  return { state: held.state, judgement: judged([...own, ...held.evidence], held.state) }
}
