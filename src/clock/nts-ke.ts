/**
 * What is agreed in NTS key establishment: the client's request and the verdict on its answer; the verdict on a request and the
 * server's answer. Source: RFC 8915 §4.1 (records, how often each may stand in a message), §4.3 (keys), §5.1. One protocol is
 * spoken, NTPv4 (0), with one algorithm, AES-SIV-CMAC-256 (15).
 *
 * Pure; never throws on any bytes. The TLS beneath is in io/.
 */
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { AEAD_AES_SIV_CMAC_256 } from './nts-aead.ts'
import { isCookieLength, NTS_COOKIES_MAX } from './nts-cookie-jar.ts'
import { encodeKeRecords, KE_RECORD, wordsBody, wordsOf } from './nts-ke-records.ts'
import type { KeRecord } from './nts-ke-records.ts'

export const NTS_KE_PORT = 4460
/** The protocol name that both ends must agree on in TLS (RFC 8915 §4). */
export const NTS_KE_ALPN = 'ntske/1'
/** NTPv4 among the protocols that keys can be established for. */
const NTPV4 = 0

/** TLS exporter label (RFC 8915 §4.3). */
export const NTS_EXPORTER_LABEL = 'EXPORTER-network-time-security'
/** Exporter context of a key: protocol, algorithm, direction. */
export const exporterContext = (direction: 'c2s' | 's2c'): Uint8Array =>
  Uint8Array.of(0, NTPV4, 0, AEAD_AES_SIV_CMAC_256, direction === 'c2s' ? 0 : 1)

/** Codes of an error record. */
export const KE_ERROR = { unknownCritical: 0, badRequest: 1, internal: 2 } as const

/** Why a server's answer in key establishment is of no use. */
export const NTS_KE_ANSWER_REASONS = [
  'nts-ke-too-large',
  'nts-ke-malformed',
  'nts-ke-unknown-critical',
  'nts-ke-error-unknown-critical',
  'nts-ke-error-bad-request',
  'nts-ke-error-internal',
  'nts-ke-error-other',
  'nts-ke-warning',
  'nts-ke-no-protocol',
  'nts-ke-no-algorithm',
  'nts-ke-no-cookies',
] as const
export type NtsKeAnswerReason = (typeof NTS_KE_ANSWER_REASONS)[number]

/** What a client says: NTPv4, AES-SIV-CMAC-256, end. */
export const KE_REQUEST: Uint8Array = encodeKeRecords([
  { critical: true, type: KE_RECORD.nextProtocol, body: wordsBody(NTPV4) },
  { critical: true, type: KE_RECORD.aead, body: wordsBody(AEAD_AES_SIV_CMAC_256) },
  { critical: true, type: KE_RECORD.end, body: new Uint8Array(0) },
])

/** What was agreed, but for the keys. */
export interface KeAgreement {
  /** One to eight. */
  readonly cookies: readonly Uint8Array[]
  /** Where the NTP server is: a name or a literal address; undefined: where the key establishment was. */
  readonly server: string | undefined
  /** 1 to 65,535; undefined: 123. */
  readonly port: number | undefined
}

const ERRORS: ReadonlyMap<number | undefined, NtsKeAnswerReason> = new Map([
  [KE_ERROR.unknownCritical, 'nts-ke-error-unknown-critical'],
  [KE_ERROR.badRequest, 'nts-ke-error-bad-request'],
  [KE_ERROR.internal, 'nts-ke-error-internal'],
])

const KNOWN = new Set<number>(Object.values(KE_RECORD))
const hasUnknownCritical = (records: readonly KeRecord[]): boolean =>
  records.some(({ critical, type }) => critical && !KNOWN.has(type))

const bodiesOf = (records: readonly KeRecord[], type: number): readonly Uint8Array[] =>
  records.filter((record) => record.type === type).map(({ body }) => body)

/** The 16-bit numbers of a record that must stand once; undefined where it does not, or is no such record. */
const onlyWords = (records: readonly KeRecord[], type: number): readonly number[] | undefined => {
  const [body, second] = bodiesOf(records, type)
  return body === undefined || second !== undefined ? undefined : wordsOf(body)
}

/** Must we look no further? Errors first: a server that refuses need not say anything else. */
const refusalIn = (records: readonly KeRecord[]): NtsKeAnswerReason | undefined => {
  const [error] = bodiesOf(records, KE_RECORD.error)
  if (error !== undefined) {
    const code = error.length === 2 ? wordsOf(error)?.[0] : undefined
    return ERRORS.get(code) ?? 'nts-ke-error-other'
  }
  // No warning is defined, so each is one that we do not understand, which counts as an error.
  if (bodiesOf(records, KE_RECORD.warning).length > 0) return 'nts-ke-warning'
  return hasUnknownCritical(records) ? 'nts-ke-unknown-critical' : undefined
}

/** Are protocol and algorithm those that we offered? */
const disagreementIn = (records: readonly KeRecord[]): NtsKeAnswerReason | undefined => {
  const protocols = onlyWords(records, KE_RECORD.nextProtocol)
  if (protocols === undefined) return 'nts-ke-malformed'
  if (protocols.length === 0) return 'nts-ke-no-protocol'
  if (protocols.some((protocol) => protocol !== NTPV4) || protocols.length > 1) return 'nts-ke-malformed'
  const algorithms = onlyWords(records, KE_RECORD.aead)
  if (algorithms === undefined) return 'nts-ke-malformed'
  if (algorithms.length === 0) return 'nts-ke-no-algorithm'
  return algorithms.length === 1 && algorithms[0] === AEAD_AES_SIV_CMAC_256 ? undefined : 'nts-ke-malformed'
}

/** A name of letters, digits and hyphens, or a literal address. */
const SERVER = /^[A-Za-z0-9.:-]{1,253}$/

/** Where the NTP server is, or undefined where that is said twice or wrongly. */
const placeIn = (records: readonly KeRecord[]): Pick<KeAgreement, 'server' | 'port'> | undefined => {
  const servers = bodiesOf(records, KE_RECORD.server).map((body) => String.fromCharCode(...body.subarray(0, 254)))
  const ports = bodiesOf(records, KE_RECORD.port).map(wordsOf)
  const [server] = servers
  const [port] = ports
  if (servers.length > 1 || ports.length > 1) return undefined
  if (server !== undefined && !SERVER.test(server)) return undefined
  if (ports.length === 1 && (port?.length !== 1 || port[0] === 0)) return undefined
  return { server, port: port?.[0] }
}

/** The verdict on the records of a server's answer. */
export const judgeKeAnswer = (records: readonly KeRecord[]): Admission<KeAgreement, NtsKeAnswerReason> => {
  const reason = refusalIn(records) ?? disagreementIn(records)
  if (reason !== undefined) return reject(reason)
  const place = placeIn(records)
  const cookies = bodiesOf(records, KE_RECORD.cookie)
  if (place === undefined || cookies.some(({ length }) => !isCookieLength(length))) return reject('nts-ke-malformed')
  if (cookies.length === 0) return reject('nts-ke-no-cookies')
  return accept({ ...place, cookies: cookies.slice(0, NTS_COOKIES_MAX) })
}

/** Why a client gets no keys. Each is also an answer to the client. */
export const NTS_KE_REQUEST_REASONS = [
  'nts-ke-request-too-large',
  'nts-ke-request-malformed',
  'nts-ke-request-unknown-critical',
  'nts-ke-request-other-protocol',
  'nts-ke-request-other-algorithm',
] as const
export type NtsKeRequestReason = (typeof NTS_KE_REQUEST_REASONS)[number]

/** Records that only a server may send. */
const SERVERS_OWN = new Set<number>([KE_RECORD.error, KE_RECORD.warning, KE_RECORD.cookie])

/** The verdict on the records of a client's request: `accept` where keys are to be made for it. */
export const judgeKeRequest = (records: readonly KeRecord[]): Admission<undefined, NtsKeRequestReason> => {
  if (hasUnknownCritical(records)) return reject('nts-ke-request-unknown-critical')
  if (records.some(({ type }) => SERVERS_OWN.has(type))) return reject('nts-ke-request-malformed')
  const protocols = onlyWords(records, KE_RECORD.nextProtocol)
  if (protocols === undefined || protocols.length === 0) return reject('nts-ke-request-malformed')
  if (!protocols.includes(NTPV4)) return reject('nts-ke-request-other-protocol')
  const algorithms = onlyWords(records, KE_RECORD.aead)
  if (algorithms === undefined || algorithms.length === 0) return reject('nts-ke-request-malformed')
  return algorithms.includes(AEAD_AES_SIV_CMAC_256) ? accept(undefined) : reject('nts-ke-request-other-algorithm')
}

const END: KeRecord = { critical: true, type: KE_RECORD.end, body: new Uint8Array(0) }
const nextProtocol = (...protocols: readonly number[]): KeRecord => ({
  critical: true,
  type: KE_RECORD.nextProtocol,
  body: wordsBody(...protocols),
})
const aead = (...algorithms: readonly number[]): KeRecord => ({
  critical: true,
  type: KE_RECORD.aead,
  body: wordsBody(...algorithms),
})
const error = (code: number): KeRecord => ({ critical: true, type: KE_RECORD.error, body: wordsBody(code) })

const REFUSALS: Readonly<Record<NtsKeRequestReason, readonly KeRecord[]>> = {
  'nts-ke-request-too-large': [error(KE_ERROR.badRequest)],
  'nts-ke-request-malformed': [error(KE_ERROR.badRequest)],
  'nts-ke-request-unknown-critical': [error(KE_ERROR.unknownCritical)],
  'nts-ke-request-other-protocol': [nextProtocol()],
  'nts-ke-request-other-algorithm': [nextProtocol(NTPV4), aead()],
}

/** What a client is told that gets no keys. */
export const keRefusal = (reason: NtsKeRequestReason): Uint8Array => encodeKeRecords([...REFUSALS[reason], END])

/** What a client is told that gets them. `port`: where the NTP server listens, 1 to 65,535, on this same address. */
export const keAgreement = (cookies: readonly Uint8Array[], port: number): Uint8Array =>
  encodeKeRecords([
    nextProtocol(NTPV4),
    aead(AEAD_AES_SIV_CMAC_256),
    { critical: true, type: KE_RECORD.port, body: wordsBody(port) },
    ...cookies.map((body) => ({ critical: false, type: KE_RECORD.cookie, body })),
    END,
  ])
