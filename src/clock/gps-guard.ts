/**
 * A gpsd receiver's messages made into measurements that have been judged: gpsd-measurement.ts says what a report means and whether it
 * is fit by its own words, gps-detector.ts how far to believe it; this joins the two.
 *
 * A doubtful measurement is widened to hold what the clock knows by itself where the two meet, so that it cannot narrow it. Where
 * they do not meet it stays as it is: the contradiction is the clock's to see (docs/spec/clock.md K-9).
 *
 * Pure state. Does not promise more than its two parts.
 */
import { hull, meets } from '../base/index.ts'
import { GPS_DETECTOR_OPTIONS, GPS_DETECTOR_STATE, gpsDetect } from './gps-detector.ts'
import type {
  GpsDetectorOptions,
  GpsDetectorState,
  GpsEvidenceReason,
  GpsJudgement,
  GpsReport,
} from './gps-detector.ts'
import type { ClockKnowledge } from './gps-knowledge.ts'
import { GPS_LIMITS, GPS_STATE, gpsMeasurement } from './gpsd-measurement.ts'
import type { GpsArrival, GpsLimits, GpsSample, GpsState } from './gpsd-measurement.ts'
import type { GpsdMessage } from './gpsd-protocol.ts'

/** What is remembered of one device. */
export interface GpsGuardState {
  readonly receiver: GpsState
  readonly detector: GpsDetectorState
}

export const GPS_GUARD_STATE: GpsGuardState = { receiver: GPS_STATE, detector: GPS_DETECTOR_STATE }

/** A measurement to pass on, or why not; with how suspicious it is either way. */
export type GpsOutcome = { readonly suspicion: GpsJudgement['suspicion'] } & (
  | { readonly sample: GpsSample }
  | { readonly refusal: GpsEvidenceReason }
)

export interface GpsGuardOptions {
  readonly limits: GpsLimits
  readonly detector: GpsDetectorOptions
}

export const GPS_GUARD_OPTIONS: GpsGuardOptions = { limits: GPS_LIMITS, detector: GPS_DETECTOR_OPTIONS }

/** The receiver was lost and found: what it last told stays, to judge the next by; what vouched for it does not. */
export const gpsGuardLost = (state: GpsGuardState): GpsGuardState => ({
  ...state,
  receiver: { ...state.receiver, driver: undefined, used: undefined, signal: undefined, vouched: undefined },
})

const cautious = (sample: GpsSample, known: ClockKnowledge | undefined): GpsSample =>
  known?.hard !== undefined && meets(known.hard, sample.offset)
    ? { ...sample, offset: hull(known.hard, sample.offset) }
    : sample

const outcomeOf = (judgement: GpsJudgement, report: GpsReport): GpsOutcome => {
  const { verdict, suspicion } = judgement
  const [worst] = suspicion.reasons
  if ('refusal' in report.word) return { refusal: report.word.refusal, suspicion }
  const { sample } = report.word
  if (verdict === 'refuse' && worst !== undefined) return { refusal: worst, suspicion }
  return { sample: verdict === 'doubt' ? cautious(sample, report.known) : sample, suspicion }
}

/**
 * One message of one device. Nothing for `outcome` where the message calls for none (SKY, DEVICE, an instant told twice).
 * @param known what the clock knows without this receiver at the arrival.
 */
export const gpsGuard = (
  state: GpsGuardState,
  input: { readonly message: GpsdMessage; readonly arrival: GpsArrival; readonly known: ClockKnowledge | undefined },
  options: GpsGuardOptions = GPS_GUARD_OPTIONS,
): { readonly state: GpsGuardState; readonly outcome: GpsOutcome | undefined } => {
  const { message, arrival, known } = input
  const { localNs } = arrival
  const { state: receiver, admission } = gpsMeasurement(state.receiver, message, arrival, options.limits, known)
  if (admission === undefined) return { state: { ...state, receiver }, outcome: undefined }
  const { signal } = receiver
  const isFresh = signal !== undefined && localNs - signal.localNs <= options.limits.vouchNsMax
  const word = admission.verdict === 'accept' ? { sample: admission.value } : { refusal: admission.reason }
  const report = { localNs, word, signal: isFresh ? signal.of : undefined, known }
  const { state: detector, judgement } = gpsDetect(state.detector, report, options.detector)
  return { state: { receiver, detector }, outcome: outcomeOf(judgement, report) }
}
