/**
 * The body of `POST /v1/stamps`, read by hand: strictly, and so that a refusal says in words what is wrong and where. `stamp-schema.ts` is
 * its description for the document and the client; a test holds that both take the same bodies.
 *
 * A key that is not known is refused and not passed over: a misspelt `beacon` would change what is stamped.
 */
import { accept, bytesOfHex, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CLIENT_KEY_LENGTH_MAX, IMPRINT_ALGORITHMS, SUBMISSION_STAMPS_MAX } from '../stamps/index.ts'
import type { ImprintAlgorithm } from '../stamps/index.ts'
import { IMPRINT_DIGITS } from './stamp-schema.ts'

/** One wish as it was sent. */
export interface AskedStamp {
  readonly algorithm: ImprintAlgorithm
  /** As long as the algorithm's. */
  readonly imprint: Uint8Array
  /** The id of a block, hex; null: none; undefined: the newest that the node knows. */
  readonly beacon: string | null | undefined
}

const KEYS: ReadonlySet<string> = new Set(['algorithm', 'imprint', 'beacon'])
const BLOCK_ID = /^[0-9a-f]{64}$/
const CLIENT_KEY = new RegExp(`^[\\u0020-\\u007e]{1,${CLIENT_KEY_LENGTH_MAX}}$`)

/** The value of `Idempotency-Key`; empty where there is none; undefined where it cannot be one. */
export const clientKeyOf = (header: string | readonly string[] | undefined): string | undefined => {
  if (header === undefined) return ''
  return typeof header === 'string' && CLIENT_KEY.test(header) ? header : undefined
}

/** The reason is a sentence for who asked. */
export const readStampAsks = (body: unknown): Admission<readonly AskedStamp[]> => {
  if (!isRecord(body)) return reject('The body must be an object: {"imprint": …} or {"stamps": […]}.')
  if (!('stamps' in body)) {
    const one = readOne(body, '')
    return one.verdict === 'accept' ? accept([one.value]) : one
  }
  const { stamps } = body
  if (Object.keys(body).length > 1)
    return reject('Beside `stamps` nothing may stand: algorithm and beacon go into each.')
  if (!Array.isArray(stamps) || stamps.length === 0 || stamps.length > SUBMISSION_STAMPS_MAX)
    return reject(`\`stamps\` must be an array of 1 to ${SUBMISSION_STAMPS_MAX}.`)
  return readAll(stamps)
}

const readAll = (stamps: readonly unknown[]): Admission<readonly AskedStamp[]> => {
  const asked: AskedStamp[] = []
  for (const [index, stamp] of stamps.entries()) {
    const one = isRecord(stamp) ? readOne(stamp, `stamps[${index}].`) : reject(`stamps[${index}] must be an object.`)
    if (one.verdict !== 'accept') return one
    asked.push(one.value)
  }
  return accept(asked)
}

const readOne = (stamp: Readonly<Record<string, unknown>>, place: string): Admission<AskedStamp> => {
  for (const key in stamp)
    if (!KEYS.has(key)) return reject(`${place}${shown(key)} is not known here. Keys: algorithm, imprint, beacon.`)
  const algorithm = algorithmOf(stamp['algorithm'])
  if (algorithm === undefined) return reject(`${place}algorithm must be one of ${IMPRINT_ALGORITHMS.join(', ')}.`)
  const { imprint: digits, beacon } = stamp
  const imprint = imprintBytes(digits, algorithm)
  if (imprint === undefined) return reject(`${place}imprint ${whatIsWrong(digits, algorithm)}`)
  if (beacon !== undefined && beacon !== null && !(typeof beacon === 'string' && BLOCK_ID.test(beacon)))
    return reject(`${place}beacon must be a block’s id of 64 lower-case hex digits, or null for none, or be left out.`)
  return accept({ algorithm, imprint, beacon })
}

const algorithmOf = (value: unknown): ImprintAlgorithm | undefined =>
  value === undefined ? 'sha-256' : IMPRINT_ALGORITHMS.find((name) => name === value)

const imprintBytes = (value: unknown, algorithm: ImprintAlgorithm): Uint8Array | undefined =>
  typeof value === 'string' && value.length === IMPRINT_DIGITS[algorithm] ? bytesOfHex(value) : undefined

const whatIsWrong = (value: unknown, algorithm: ImprintAlgorithm): string => {
  const wanted = IMPRINT_DIGITS[algorithm]
  if (typeof value !== 'string') return `must be a text: the ${algorithm} of your bytes as ${wanted} hex digits.`
  if (value.length === wanted) return 'must be lower-case hex digits.'
  const fitting = IMPRINT_ALGORITHMS.filter((name) => IMPRINT_DIGITS[name] === value.length)
  const hint = fitting.length === 0 ? '' : ` It is as long as a ${fitting.join(' or a ')}: name that as algorithm.`
  return `has ${value.length} digits; a ${algorithm} has ${wanted}.${hint}`
}

/** A key of somebody's, short enough to be read and with nothing in it that a terminal would obey. */
const shown = (key: string): string => JSON.stringify(key.slice(0, 24).replaceAll(/[^\u0020-\u007e]/g, '?'))

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
