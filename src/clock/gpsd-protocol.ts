/**
 * What gpsd says, as far as it concerns time. Source: gpsd_json(5), protocol 3; classes VERSION, DEVICES, DEVICE, WATCH, TPV,
 * SKY, TOFF, PPS, ERROR.
 *
 * Where the receiver is, and how it moves, is dropped here: no type below has a place for it, and no refusal or error
 * carries any of the line's text. Does not promise that what gpsd says is true; clock/gpsd-measurement.ts judges that.
 */
import { accept, ignore, NS_PER_SEC, reject } from '../base/index.ts'
import type { Admission, Tai } from '../base/index.ts'
import { taiFromUtc } from './time-scales.ts'

/** gpsd's TCP port. */
export const GPSD_PORT = 2947

/** Asks for reports as JSON, PPS among them. */
export const GPSD_WATCH = '?WATCH={"enable":true,"json":true,"pps":true};\n'

/** Longest device path or driver name that is kept, characters. */
export const GPSD_NAME_CHARS_MAX = 256
/** Satellites and devices that are counted in one message. */
export const GPSD_ITEMS_MAX = 256

/** Time-position-velocity, without position and velocity. */
export interface GpsdTpv {
  readonly class: 'TPV'
  readonly device: string
  /** 0 unknown, 1 no fix, 2 two-dimensional, 3 three-dimensional. */
  readonly mode: 0 | 1 | 2 | 3
  /** The instant of the fix; nothing where none was given. */
  readonly tai: Tai | undefined
  /** gpsd's 95 % error of the time, ns; nothing where none was given. */
  readonly errorNs: bigint | undefined
  /** GPS − UTC in s as the receiver knows it; nothing where none was given. */
  readonly leapSec: number | undefined
}

/** How strongly the satellites of a fix are heard: carrier to noise density, dB-Hz. Which they are is not kept. */
export interface GpsdSignal {
  /** Satellites in use whose strength was stated, at least 1. */
  readonly count: number
  readonly meanDbHz: number
  /** Standard deviation over those satellites (divisor count). */
  readonly spreadDbHz: number
}

/** Satellites, as counts and strengths; nothing where the report has none (it may hold figures of precision alone). */
export interface GpsdSky {
  readonly class: 'SKY'
  readonly device: string
  readonly usedCount: number | undefined
  readonly seenCount: number | undefined
  readonly signal: GpsdSignal | undefined
}

/** At `clockUnixNs` of gpsd's host clock it was `realUnixNs` by the receiver: by its message (TOFF) or its pulse (PPS). */
export interface GpsdPulse {
  readonly class: 'TOFF' | 'PPS'
  readonly device: string
  readonly realUnixNs: bigint
  readonly clockUnixNs: bigint
  /** log2 seconds, -64 to 0; nothing where none was given. */
  readonly precision: number | undefined
}

export interface GpsdDriver {
  readonly device: string
  /** gpsd's name of the receiver's protocol, for example `NMEA0183`, `u-blox`. */
  readonly driver: string
}

export type GpsdMessage =
  | GpsdTpv
  | GpsdSky
  | GpsdPulse
  | { readonly class: 'VERSION'; readonly protocolMajor: number }
  | { readonly class: 'DEVICE'; readonly drivers: readonly GpsdDriver[] }
  | { readonly class: 'WATCH' }

/** Why a line is not used. */
export const GPSD_LINE_REASONS = [
  'gpsd-line-too-long',
  'gpsd-not-json',
  'gpsd-no-class',
  'gpsd-unknown-class',
  'gpsd-bad-field',
  'gpsd-wrong-version',
  'gpsd-error',
] as const
export type GpsdLineReason = (typeof GPSD_LINE_REASONS)[number]

/** Protocol majors that are understood: 3 since 2010. */
const PROTOCOL_MAJOR = 3

type Fields = ReadonlyMap<string, unknown>

/** Own fields only: a key such as `__proto__` is a field like any other. */
const fieldsOf = (data: unknown): Fields | undefined =>
  typeof data === 'object' && data !== null && !Array.isArray(data) ? new Map(Object.entries(data)) : undefined

const textOf = (data: unknown, fallback: string): string | undefined =>
  data === undefined ? fallback : typeof data === 'string' && data.length <= GPSD_NAME_CHARS_MAX ? data : undefined

/** A whole number in [lowest, highest], or nothing. */
const wholeOf = (data: unknown, lowest: number, highest: number): number | undefined =>
  typeof data === 'number' && Number.isSafeInteger(data) && data >= lowest && data <= highest ? data : undefined

const listOf = (data: unknown): readonly unknown[] | undefined =>
  Array.isArray(data) && data.length <= GPSD_ITEMS_MAX ? data : undefined

const bad = reject('gpsd-bad-field')
type Parsed = Admission<GpsdMessage, GpsdLineReason>

/** Longest error of a time that is still one, s; above it the field is refused. */
const ERROR_SEC_MAX = 1e6

const errorNsOf = (data: unknown): bigint | undefined =>
  typeof data === 'number' && data >= 0 && data <= ERROR_SEC_MAX ? BigInt(Math.ceil(data * 1e9)) : undefined

const parseTpv = (fields: Fields): Parsed => {
  const device = textOf(fields.get('device'), '')
  const mode = wholeOf(fields.get('mode'), 0, 3)
  const time = fields.get('time')
  const tai = typeof time === 'string' && time.length <= 40 ? taiFromUtc(time) : undefined
  const errorNs = errorNsOf(fields.get('ept'))
  const leapSec = wholeOf(fields.get('leapseconds'), 0, 255)
  if (device === undefined || mode === undefined) return bad
  if (time !== undefined && tai === undefined) return bad
  if (fields.has('ept') && errorNs === undefined) return bad
  if (fields.has('leapseconds') && leapSec === undefined) return bad
  const modes = [0, 1, 2, 3] as const
  return accept({ class: 'TPV', device, mode: modes[mode] ?? 0, tai, errorNs, leapSec })
}

/** Strongest signal that is a number at all, dB-Hz; gpsd's own limit. Above it the field is refused. */
const STRENGTH_DB_HZ_MAX = 254

const isStrength = (data: unknown): boolean =>
  data === undefined || (typeof data === 'number' && data >= -STRENGTH_DB_HZ_MAX && data <= STRENGTH_DB_HZ_MAX)

/** Zero and less mean "not heard" to the drivers that write them. */
const signalOf = (satellites: readonly (Fields | undefined)[]): GpsdSignal | undefined => {
  const strengths = satellites.flatMap((fields) => {
    const strength = fields?.get('ss')
    return fields?.get('used') === true && typeof strength === 'number' && strength > 0 ? [strength] : []
  })
  const count = strengths.length
  if (count === 0) return undefined
  const meanDbHz = strengths.reduce((sum, one) => sum + one, 0) / count
  const variance = strengths.reduce((sum, one) => sum + (one - meanDbHz) ** 2, 0) / count
  return { count, meanDbHz, spreadDbHz: Math.sqrt(variance) }
}

const parseSky = (fields: Fields): Parsed => {
  const device = textOf(fields.get('device'), '')
  const satellites = listOf(fields.get('satellites'))
  const listed = satellites?.map((satellite) => fieldsOf(satellite)) ?? []
  const used = satellites && listed.filter((satellite) => satellite?.get('used') === true).length
  const usedCount = fields.has('uSat') ? wholeOf(fields.get('uSat'), 0, GPSD_ITEMS_MAX) : used
  const seenCount = fields.has('nSat') ? wholeOf(fields.get('nSat'), 0, GPSD_ITEMS_MAX) : satellites?.length
  if (device === undefined || (fields.has('satellites') && satellites === undefined)) return bad
  if ((fields.has('uSat') && usedCount === undefined) || (fields.has('nSat') && seenCount === undefined)) return bad
  if (!listed.every((satellite) => isStrength(satellite?.get('ss')))) return bad
  return accept({ class: 'SKY', device, usedCount, seenCount, signal: signalOf(listed) })
}

/** Seconds and nanoseconds since 1970, kept exactly; 1970 to 2262. */
const instantOf = (sec: unknown, nsec: unknown): bigint | undefined => {
  const whole = wholeOf(sec, 0, 9_223_372_035)
  const rest = wholeOf(nsec, 0, 999_999_999)
  return whole === undefined || rest === undefined ? undefined : BigInt(whole) * NS_PER_SEC + BigInt(rest)
}

const parsePulse = (name: 'TOFF' | 'PPS', fields: Fields): Parsed => {
  const device = textOf(fields.get('device'), '')
  const realUnixNs = instantOf(fields.get('real_sec'), fields.get('real_nsec'))
  const clockUnixNs = instantOf(fields.get('clock_sec'), fields.get('clock_nsec'))
  const precision = wholeOf(fields.get('precision'), -64, 0)
  if (device === undefined || realUnixNs === undefined || clockUnixNs === undefined) return bad
  if (fields.has('precision') && precision === undefined) return bad
  return accept({ class: name, device, realUnixNs, clockUnixNs, precision })
}

const driverOf = (fields: Fields | undefined): readonly GpsdDriver[] => {
  const device = textOf(fields?.get('path'), '')
  const driver = textOf(fields?.get('driver'), '')
  return device === undefined || driver === undefined || driver === '' ? [] : [{ device, driver }]
}

const parseDevices = (fields: Fields): Parsed => {
  const devices = fields.has('devices') ? listOf(fields.get('devices')) : []
  if (devices === undefined) return bad
  return accept({ class: 'DEVICE', drivers: devices.flatMap((device) => driverOf(fieldsOf(device))) })
}

const parseVersion = (fields: Fields): Parsed => {
  const protocolMajor = wholeOf(fields.get('proto_major'), 0, 1000)
  if (protocolMajor === undefined) return bad
  return protocolMajor === PROTOCOL_MAJOR ? accept({ class: 'VERSION', protocolMajor }) : reject('gpsd-wrong-version')
}

const jsonOf = (line: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
  } catch {
    // Not UTF-8 or not JSON: the caller's reason says so, and the text goes nowhere.
    return undefined
  }
}

/** One line as a message. Classes that say nothing of time are ignored. Never throws on any bytes. */
export const parseGpsdLine = (line: Uint8Array): Parsed => {
  const fields = fieldsOf(jsonOf(line))
  if (fields === undefined) return reject('gpsd-not-json')
  const name = fields.get('class')
  if (typeof name !== 'string') return reject('gpsd-no-class')
  switch (name) {
    case 'TPV':
      return parseTpv(fields)
    case 'SKY':
      return parseSky(fields)
    case 'TOFF':
    case 'PPS':
      return parsePulse(name, fields)
    case 'DEVICES':
      return parseDevices(fields)
    case 'DEVICE':
      return accept({ class: 'DEVICE', drivers: driverOf(fields) })
    case 'VERSION':
      return parseVersion(fields)
    case 'WATCH':
      return accept({ class: 'WATCH' })
    case 'ERROR':
      return reject('gpsd-error')
    default:
      return ignore('gpsd-unknown-class')
  }
}
