/**
 * TSTInfo: what a time-stamp token says (RFC 3161 §2.4.2), as it is written and as it is read. `genTime` is UTC with as many digits as it has,
 * to the microsecond; `accuracy` is how far from it the true time may be.
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, NS_PER_SEC, floorDiv, hexOf, max } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { LEAP_TABLE, taiFromUnixNs, unixFromTai } from '../clock/index.ts'
import type { LeapTable } from '../clock/index.ts'
import { BerReader, latin1 } from './rfc3161-ber.ts'
import { unixMsOf } from './rfc3161-certificate.ts'
import {
  TAG,
  contextTag,
  integer,
  none,
  numberContents,
  object,
  objectIdOf,
  octets,
  sequence,
  tagged,
} from './rfc3161-der.ts'
import { unsignedContents } from './rfc3161-der.ts'
import { readAlgorithm, readGeneralName } from './rfc3161-names.ts'
import type { Algorithm, GeneralName } from './rfc3161-names.ts'

const NS_PER_US = 1000n
/** An accuracy is told up to this, ns: more than any limit lets through. */
const ACCURACY_NS_MAX = 1_000_000n * NS_PER_SEC

export interface MessageImprint {
  /** Of the hash, in dotted digits. */
  readonly algorithm: string
  readonly imprint: Uint8Array
}

/** Whole microseconds. */
export interface TokenTime {
  readonly genUnixNs: bigint
  readonly accuracyNs: bigint
}

export interface TstInfo extends TokenTime {
  readonly policy: string
  readonly imprint: MessageImprint
  /** Magnitude, most significant byte first: RFC 3161 lets it have 160 bits. */
  readonly serial: Uint8Array
  /** Contents of the request's INTEGER, as they came. */
  readonly nonce: Uint8Array | undefined
}

/**
 * The time of a token from a reading: the middle of the interval, cut to microseconds, and an accuracy that reaches both ends, by TAI and by
 * Unix time alike. An instant within an inserted leap second, which few readers can name, is told as the microsecond before it.
 */
export const tokenTimeOf = ({ earliest, latest }: TimeInterval, table: LeapTable = LEAP_TABLE): TokenTime => {
  const middle = (earliest + latest) / 2n
  const { unixNs, leapSecond } = unixFromTai(middle, table)
  const before = floorDiv(unixNs, NS_PER_SEC) * NS_PER_SEC - NS_PER_US
  const genUnixNs = leapSecond ? before : floorDiv(unixNs, NS_PER_US) * NS_PER_US
  const genTai = taiFromUnixNs(genUnixNs, table)
  const unixOf = (tai: bigint): bigint => unixFromTai(tai, table).unixNs
  const reaches = [genTai - earliest, latest - genTai, genUnixNs - unixOf(earliest), unixOf(latest) - genUnixNs]
  const reach = reaches.reduce(max, NS_PER_US)
  return { genUnixNs, accuracyNs: floorDiv(reach + NS_PER_US - 1n, NS_PER_US) * NS_PER_US }
}

/** `YYYYMMDDhhmmss[.f]Z` without a zero at the end (RFC 3161 §2.4.2). Years 1970 to 9999. */
export const generalizedTimeOf = (unixNs: bigint): string => {
  assert(unixNs >= 0n)
  const seconds = new Date(Number(unixNs / NS_PER_MS)).toISOString().slice(0, 19).replaceAll(/\D/g, '')
  const fraction = (unixNs % NS_PER_SEC).toString().padStart(9, '0').replace(/0+$/, '')
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`
}

const encodeAccuracy = (accuracyNs: bigint): Uint8Array => {
  assert(accuracyNs > 0n && accuracyNs <= ACCURACY_NS_MAX && accuracyNs % NS_PER_US === 0n)
  const seconds = Number(accuracyNs / NS_PER_SEC)
  const millis = Number((accuracyNs % NS_PER_SEC) / NS_PER_MS)
  const micros = Number((accuracyNs % NS_PER_MS) / NS_PER_US)
  const part = (number: number, value: number): readonly Uint8Array[] =>
    value === 0 ? [] : [tagged(contextTag(number, false), numberContents(value))]
  return sequence(...(seconds === 0 ? [] : [integer(seconds)]), ...part(0, millis), ...part(1, micros))
}

export const encodeImprint = ({ algorithm, imprint }: MessageImprint): Uint8Array =>
  sequence(sequence(object(algorithm), none()), octets(imprint))

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** DER. `ordering` is false and left out, as are the authority's name and extensions. */
export const encodeTstInfo = ({ policy, imprint, serial, genUnixNs, accuracyNs, nonce }: TstInfo): Uint8Array =>
  sequence(
    integer(1),
    object(policy),
    encodeImprint(imprint),
    tagged(TAG.integer, unsignedContents(serial)),
    tagged(TAG.generalizedTime, ascii(generalizedTimeOf(genUnixNs))),
    encodeAccuracy(accuracyNs),
    ...(nonce === undefined ? [] : [tagged(TAG.integer, nonce)]),
  )

/** A TSTInfo of anybody. */
export interface ReadTstInfo {
  /** Hexadecimal, as the INTEGERs they are. */
  readonly version: string
  readonly policy: string
  readonly algorithm: Algorithm
  readonly imprint: Uint8Array
  readonly serial: string
  readonly nonce: string | undefined
  /** As it stood. */
  readonly genTime: string
  /** Undefined where `genTime` is no time. */
  readonly genUnixNs: bigint | undefined
  /** Undefined where none is told. */
  readonly accuracyNs: bigint | undefined
  readonly tsa: GeneralName | undefined
}

const numberOf = (contents: Uint8Array | undefined): bigint => BigInt(`0x0${hexOf(contents ?? new Uint8Array(0))}`)

const readAccuracy = (fields: BerReader): bigint => {
  const [seconds, millis, micros] = [
    fields.optionalPrimitive(TAG.integer),
    fields.optionalPrimitive(TAG.integer, { context: 0 }),
    fields.optionalPrimitive(TAG.integer, { context: 1 }),
  ].map(numberOf)
  return (seconds ?? 0n) * NS_PER_SEC + (millis ?? 0n) * NS_PER_MS + (micros ?? 0n) * NS_PER_US
}

const unixNsOf = (text: string): bigint | undefined => {
  const [, digits, fraction = ''] = /^(\d{14})(?:\.(\d{1,9}))?Z$/.exec(text) ?? []
  const unixMs = unixMsOf(digits)
  return unixMs === undefined ? undefined : BigInt(unixMs) * NS_PER_MS + BigInt(fraction.padEnd(9, '0'))
}

const optionalHex = (contents: Uint8Array | undefined): string | undefined =>
  contents === undefined ? undefined : hexOf(contents)

/** Undefined where the bytes are none. What follows it is not looked at. */
export const readTstInfo = (bytes: Uint8Array): ReadTstInfo | undefined => {
  const reader = new BerReader(bytes)
  const info = reader.sequence((fields): ReadTstInfo => {
    const version = hexOf(fields.primitive(TAG.integer))
    const policy = objectIdOf(fields.primitive(TAG.object))
    const message = fields.sequence((imprint) => ({
      algorithm: readAlgorithm(imprint),
      imprint: imprint.primitive(TAG.octets),
    }))
    const serial = hexOf(fields.primitive(TAG.integer))
    const genTime = latin1(fields.primitive(TAG.generalizedTime))
    const accuracyNs = fields.optionalSequence(readAccuracy)
    fields.optionalPrimitive(TAG.boolean)
    const nonce = optionalHex(fields.optionalPrimitive(TAG.integer))
    const tsa = fields.optionalExplicit(0, readGeneralName)
    fields.optionalListOf('sequence', readAnyExtension, { context: 1 })
    return { version, policy, ...message, serial, genTime, genUnixNs: unixNsOf(genTime), accuracyNs, nonce, tsa }
  })
  return reader.isBad ? undefined : info
}

const readAnyExtension = (item: BerReader): void =>
  item.sequence((fields) => {
    fields.primitive(TAG.object)
    fields.optionalPrimitive(TAG.boolean)
    fields.primitive(TAG.octets)
  })
