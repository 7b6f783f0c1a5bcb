/**
 * What keeps the host clock says how well: the answers of `chronyc -c tracking`, `adjtimex --print` and `ntptime`, read strictly,
 * and the bound that follows. Text in, figures or a reason out; who runs the programs is io/host-tracking-source.ts.
 *
 *   chronyc    bound = |system time offset| + root dispersion + root delay/2          (chronyc(1), tracking: "absolute bound")
 *   kernel     bound = |offset| + maximum error                                       (adjtimex(2); RFC 5905 §11.2)
 *
 * Sources: chronyc(1) and the order of the fields in client.c of chrony 4.x; adjtimex(2), adjtimex(8), ntptime(8).
 *
 * Not promised: that the figures are true. A chronyd that follows a lying server states a small bound around a wrong time, and root
 * dispersion rests on what it thinks of its oscillator (`maxclockerror`, 1 ppm). Selection must find that, as with any source.
 */
import assert from 'node:assert/strict'
import { NS_PER_SEC, NS_PER_US, abs, accept, max, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import type { Measurement } from './port.ts'

/** Why the figures are not there, or not to be believed. */
export const HOST_TRACKING_REASONS = [
  'host-tracking-missing',
  'host-tracking-failed',
  'host-tracking-timeout',
  'host-tracking-malformed',
  'host-tracking-unsynchronised',
  'host-tracking-local',
  'host-tracking-stale',
  'host-tracking-unmeasured',
  'host-tracking-wide',
] as const
export type HostTrackingReason = (typeof HOST_TRACKING_REASONS)[number]

/** How far the host clock is from UTC, by the word of what keeps it. */
export interface HostTracking {
  /** UTC is in [host − boundNs, host + boundNs], ns, > 0. */
  readonly boundNs: bigint
  /** What to add to the host clock for the best guess, ns; not more than the bound either way. */
  readonly correctionNs: bigint
  readonly leap: Measurement['leap']
  /** Where the host stands in the tree of servers; nothing where that is not told. */
  readonly place: HostPlace | undefined
}

export interface HostPlace {
  /** 1 to 15. */
  readonly stratum: number
  /** Whom it follows: four octets as one unsigned number. */
  readonly referenceId: number
  readonly rootDelayNs: bigint
}

/** Nothing these programs say is longer, characters. */
export const TRACKING_CHARACTERS_MAX = 4096
/** MAXDIST of RFC 5905: a clock that is no surer than this is no source, ns. */
const BOUND_NS_MAX = NS_PER_SEC
/** A reference this old, and older than four updates, is what the host remembers and not what it was told, ns. */
const AGE_NS_MAX = 3600n * NS_PER_SEC
/** `stepped`: how far the reference may lie ahead of the host clock, ns. */
const AHEAD_NS_MAX = NS_PER_SEC
const STRATUM_MAX = 15
/** 127.127.1.x: an undisciplined local clock. */
const LOCAL_REFERENCE = 0x7f_7f_01_00

type Read = Admission<HostTracking, HostTrackingReason>

/** A decimal number of a unit as ns, exact; nothing where it is none. `nsPerUnit` a power of ten from 1,000 up. */
const decimalNs = (text: string | undefined, nsPerUnit: bigint): bigint | undefined => {
  const found = /^([-+]?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text ?? '')
  if (found === null) return undefined
  const [, sign, whole = '', fraction = ''] = found
  const ns = BigInt(whole) * nsPerUnit + (BigInt(fraction.padEnd(9, '0')) * nsPerUnit) / 1_000_000_000n
  return sign === '-' ? -ns : ns
}

const secNs = (text: string | undefined): bigint | undefined => decimalNs(text, NS_PER_SEC)

const LEAP_WORDS: Readonly<Record<string, Measurement['leap'] | 'unsynchronised'>> = {
  Normal: 'none',
  'Insert second': 'insert',
  'Delete second': 'delete',
  'Not synchronised': 'unsynchronised',
}

/** The fields of `chronyc -c tracking` in their order, that count here. */
const chronyFields = (text: string) => {
  const lines = text.split('\n').filter((line) => line !== '')
  const fields = (lines[0] ?? '').split(',')
  if (text.length > TRACKING_CHARACTERS_MAX || lines.length !== 1 || fields.length !== 14) return undefined
  const [id = '', , stratumText = '', referenceTime, offset, , , , , , delay, dispersion, interval, leapWord = ''] =
    fields
  const referenceNs = secNs(referenceTime)
  const offsetNs = secNs(offset)
  const rootDelayNs = secNs(delay)
  const rootDispersionNs = secNs(dispersion)
  const intervalNs = secNs(interval)
  const leap = LEAP_WORDS[leapWord]
  if (!/^[0-9A-F]{8}$/.test(id) || !/^\d{1,2}$/.test(stratumText) || leap === undefined) return undefined
  if (referenceNs === undefined || offsetNs === undefined || intervalNs === undefined) return undefined
  if (rootDelayNs === undefined || rootDispersionNs === undefined || rootDispersionNs < 0n) return undefined
  const stratum = Number(stratumText)
  return {
    referenceId: Number.parseInt(id, 16),
    stratum,
    referenceNs,
    offsetNs,
    rootDelayNs,
    rootDispersionNs,
    intervalNs,
    leap,
  }
}

/**
 * Reads the one line of `chronyc -n -c tracking`.
 * @param hostUnixNs the host clock at about the same time, Unix ns.
 */
export const readChronyTracking = (text: string, hostUnixNs: bigint): Read => {
  const told = chronyFields(text)
  if (told === undefined) return reject('host-tracking-malformed')
  const { referenceId, stratum, referenceNs, offsetNs, rootDelayNs, rootDispersionNs, intervalNs, leap } = told
  if (leap === 'unsynchronised' || stratum === 0 || stratum > STRATUM_MAX) return reject('host-tracking-unsynchronised')
  // >>> 8 leaves the first three octets.
  if (referenceId >>> 8 === LOCAL_REFERENCE >>> 8) return reject('host-tracking-local')
  const ageNs = hostUnixNs + offsetNs - referenceNs
  if (ageNs > max(AGE_NS_MAX, 4n * intervalNs) || ageNs < -AHEAD_NS_MAX) return reject('host-tracking-stale')
  // Chrony's root delay may come out a little below zero.
  const delayNs = max(0n, rootDelayNs)
  return bounded({
    boundNs: abs(offsetNs) + rootDispersionNs + delayNs / 2n + 1n,
    correctionNs: offsetNs,
    leap,
    place: { stratum, referenceId, rootDelayNs: delayNs },
  })
}

const bounded = (tracking: HostTracking): Read => {
  assert(tracking.boundNs > 0n && abs(tracking.correctionNs) <= tracking.boundNs)
  return tracking.boundNs > BOUND_NS_MAX ? reject('host-tracking-wide') : accept(tracking)
}

/** Bits of the kernel's status (timex.h). */
const STA = { insert: 0x10, delete: 0x20, unsynchronised: 0x40, nanoseconds: 0x20_00 } as const
/** What the kernel returns of a clock that is in error. */
const TIME_ERROR = 5

interface KernelFigures {
  readonly status: number
  readonly state: number
  readonly offsetNs: bigint
  readonly maximumErrorNs: bigint
  readonly estimatedErrorNs: bigint
}

/**
 * What the kernel keeps is told by no daemon's word but by its numbers: a daemon that never writes them (systemd-timesyncd writes zeros)
 * leaves an estimated error of 0, which no measurement has.
 */
const readKernel = (told: KernelFigures): Read => {
  const { status, state, offsetNs, maximumErrorNs, estimatedErrorNs } = told
  if ((status & STA.unsynchronised) !== 0 || state === TIME_ERROR) return reject('host-tracking-unsynchronised')
  if (estimatedErrorNs <= 0n || maximumErrorNs < estimatedErrorNs) return reject('host-tracking-unmeasured')
  const leap = (status & STA.insert) !== 0 ? 'insert' : (status & STA.delete) !== 0 ? 'delete' : 'none'
  return bounded({ boundNs: abs(offsetNs) + maximumErrorNs, correctionNs: offsetNs, leap, place: undefined })
}

/** `name: value` or `name = value` of each line, without the blanks around them. In one step a line, whatever stands in it. */
const linesOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const at = line.search(/[:=]/)
      const name = line.slice(0, Math.max(at, 0)).trim()
      return /^[a-z_ ]+$/.test(name) ? [[name, line.slice(at + 1).trim()]] : []
    }),
  )

const wholeOf = (text: string | undefined): number | undefined =>
  /^\d{1,9}$/.test(text ?? '') ? Number(text) : undefined

/** Reads the answer of `adjtimex --print` (Debian package adjtimex). */
export const readAdjtimex = (text: string): Read => {
  if (text.length > TRACKING_CHARACTERS_MAX) return reject('host-tracking-malformed')
  const lines = linesOf(text)
  const status = wholeOf(lines.get('status'))
  const state = wholeOf(lines.get('return value'))
  const isNano = ((status ?? 0) & STA.nanoseconds) !== 0
  const offset = lines.get('offset')
  const offsetNs = isNano
    ? /^-?\d{1,10}$/.test(offset ?? '')
      ? BigInt(offset ?? '')
      : undefined
    : decimalNs(offset, NS_PER_US)
  const maximumErrorNs = decimalNs(lines.get('maxerror'), NS_PER_US)
  const estimatedErrorNs = decimalNs(lines.get('esterror'), NS_PER_US)
  if (status === undefined || state === undefined) return reject('host-tracking-malformed')
  if (offsetNs === undefined || maximumErrorNs === undefined || estimatedErrorNs === undefined)
    return reject('host-tracking-malformed')
  return readKernel({ status, state, offsetNs, maximumErrorNs, estimatedErrorNs })
}

/** Reads the answer of `ntptime` (packages ntp, ntpsec). */
export const readNtptime = (text: string): Read => {
  if (text.length > TRACKING_CHARACTERS_MAX) return reject('host-tracking-malformed')
  const state = wholeOf(/ntp_adjtime\(\) returns code (\d)/.exec(text)?.[1])
  const status = /\bstatus 0x([0-9a-f]{1,8})\b/.exec(text)?.[1]
  const offsetNs = decimalNs(/\n\s*offset (-?[\d.]+) us/.exec(text)?.[1], NS_PER_US)
  const maximumErrorNs = decimalNs(/maximum error (\d+) us/.exec(text)?.[1], NS_PER_US)
  const estimatedErrorNs = decimalNs(/estimated error (\d+) us/.exec(text)?.[1], NS_PER_US)
  if (state === undefined || status === undefined) return reject('host-tracking-malformed')
  if (offsetNs === undefined || maximumErrorNs === undefined || estimatedErrorNs === undefined)
    return reject('host-tracking-malformed')
  return readKernel({ status: Number.parseInt(status, 16), state, offsetNs, maximumErrorNs, estimatedErrorNs })
}

/** A program that tells how well the host clock is kept, and how to read it. */
export interface TrackingTeller {
  readonly program: string
  readonly args: readonly string[]
  readonly read: (text: string, hostUnixNs: bigint) => Read
}

/** In the order in which they are asked; the first that is there and has an answer decides. */
export const TRACKING_TELLERS: readonly TrackingTeller[] = [
  { program: 'chronyc', args: ['-n', '-c', 'tracking'], read: readChronyTracking },
  { program: 'adjtimex', args: ['--print'], read: (text) => readAdjtimex(text) },
  { program: 'ntptime', args: [], read: (text) => readNtptime(text) },
]
