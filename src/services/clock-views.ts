/**
 * The clock as the HTTP API shows it: readings, reports of sources and the clock's own figures, turned into the views of `schema.ts`.
 * Pure: what they were read from, and when, is handed in.
 */
import { middle, width } from '../base/index.ts'
import type { Tai, TimeInterval } from '../base/index.ts'
import { LEAP_TABLE, utcFromTai } from '../clock/index.ts'
import type { ClockFigures, ClockReading, LeapTable, SourceReport, Suspicion, Upstream } from '../clock/index.ts'
import type { Backend } from './backend.ts'
import type { ClockView, SourceView, StatusView, TimeView } from './schema.ts'
import { explainSource } from './source-explanations.ts'

type Served = ReturnType<NonNullable<Backend['served']>>

const halfWidth = ({ earliest, latest }: { readonly earliest: Tai; readonly latest: Tai }): number =>
  Number((latest - earliest + 1n) / 2n)

const likelyView = (likely: TimeInterval): TimeView['likely'] => ({
  earliest: String(likely.earliest),
  latest: String(likely.latest),
  uncertaintyNs: halfWidth(likely),
})

/** @param leapTable the shipped one where not given.
 * @param hostOffsetNs the host's clock − the reading's estimate, ns. */
export const timeView = (reading: ClockReading, hostOffsetNs: number, leapTable: LeapTable = LEAP_TABLE): TimeView => {
  const { earliest, latest, estimate, likely, status, frequencyPpb } = reading
  const utc = (tai: Tai): string => utcFromTai(tai, leapTable)
  const expires = leapTable.expiresTai
  return {
    earliest: String(earliest),
    latest: String(latest),
    estimate: String(estimate),
    uncertaintyNs: halfWidth(reading),
    likely: likelyView(likely),
    utc: { earliest: utc(earliest), latest: utc(latest), estimate: utc(estimate) },
    status,
    frequencyPpb,
    hostOffsetNs,
    leapTable: { expires: utc(expires), expired: estimate >= expires },
  }
}

/** The clock in a status; nothing is made up where there is no reading. */
export const clockStatusView = (
  reading: ClockReading | undefined,
  hostOffsetNs: number | null,
): StatusView['clock'] => ({
  status: reading?.status ?? 'unsynchronised',
  uncertaintyNs: reading === undefined ? null : halfWidth(reading),
  likely: reading === undefined ? null : { uncertaintyNs: halfWidth(reading.likely) },
  frequencyPpb: reading?.frequencyPpb ?? 0,
  hostOffsetNs,
})

/** Printable ASCII of a reference's name; whatever else a server sends there is a dot. */
const nameText = (octets: readonly number[]): string =>
  String.fromCharCode(
    ...octets.map((octet) => (octet > 0x20 && octet < 0x7f ? octet : octet === 0 ? 0x20 : 0x2e)),
  ).trim()

/** A name at strata 0 and 1, four octets below (RFC 5905 §7.3). */
export const referenceText = ({ stratum, referenceId }: Pick<Upstream, 'stratum' | 'referenceId'>): string => {
  const octets = [24, 16, 8, 0].map((shift) => (referenceId >>> shift) & 0xff)
  return stratum <= 1 ? nameText(octets) : octets.join('.')
}

const suspicionView = (suspicion: Suspicion | undefined): SourceView['suspicion'] =>
  suspicion === undefined
    ? null
    : {
        score: suspicion.score,
        reasons: suspicion.reasons.map((reason) => ({ reason, explanation: explainSource(reason) })),
      }

const upstreamView = (upstream: Upstream | undefined): SourceView['upstream'] =>
  upstream === undefined
    ? null
    : { stratum: upstream.stratum, address: upstream.address, reference: referenceText(upstream) }

export interface SourceContext {
  readonly reading: ClockReading | undefined
  readonly polls: ClockFigures['polls']
  /** The counter now. */
  readonly localNs: bigint
}

/** What a source says against what the clock says, both at the source's measurement. */
export const sourceView = (report: SourceReport, { reading, polls, localNs }: SourceContext): SourceView => {
  const { sourceId, kind, state, reason, reach, measurement, suspicion } = report
  const compared = measurement !== undefined && reading !== undefined
  const poll = polls.find((one) => one.sourceId === sourceId)
  return {
    id: sourceId,
    kind,
    state,
    reason,
    explanation: explainSource(reason),
    reach,
    suspicion: suspicionView(suspicion),
    upstream: upstreamView(measurement?.upstream),
    pollNs: poll === undefined ? null : Number(poll.intervalNs),
    dueNs: poll?.dueLocalNs === undefined ? null : Math.max(0, Number(poll.dueLocalNs - localNs)),
    offsetNs: compared ? Number(middle(measurement.offset) - (reading.estimate - reading.localNs)) : null,
    boundNs: measurement === undefined ? null : Number(width(measurement.offset) / 2n),
    delayNs: measurement === undefined ? null : Number(measurement.delayNs),
    ageNs: measurement === undefined ? null : Math.max(0, Number(localNs - measurement.localNs)),
  }
}

export const clockView = (parts: {
  readonly reading: ClockReading | undefined
  readonly figures: ClockFigures
  readonly served: Served
}): ClockView => {
  const { reading, figures, served } = parts
  const { rounds, asked, answered, coveredNs, synchronisationsPerDay } = figures.synchronisations
  const { loPpb, hiPpb, wanderPpb } = figures.frequencyBounds
  return {
    status: reading?.status ?? 'unsynchronised',
    uncertaintyNs: reading === undefined ? null : halfWidth(reading),
    likelyUncertaintyNs: reading === undefined ? null : halfWidth(reading.likely),
    sinceMajorityNs: figures.sinceMajorityNs === undefined ? null : Number(figures.sinceMajorityNs),
    frequency: {
      ppb: reading?.frequencyPpb ?? 0,
      sigmaPpb: figures.frequencySigmaPpb ?? null,
      loPpb: Number(loPpb),
      hiPpb: Number(hiPpb),
      wanderPpb: Number(wanderPpb),
    },
    allan: figures.stability.map(({ tauSec, sigma, samples }) => ({ tauSec, deviation: sigma, samples })),
    synchronisations: {
      rounds,
      asked,
      answered,
      coveredNs: Number(coveredNs),
      perDay: synchronisationsPerDay ?? null,
    },
    servers: served.map(({ name, address, answered: given, refused }) => ({
      name,
      address,
      answered: given,
      refused: Object.fromEntries(refused),
    })),
  }
}
