/**
 * The NTS part of our NTP server: the desk (ntp-desk.ts) hands over each request that is longer than its header. Source:
 * RFC 8915 §5.7. The header of the answer is plain NTP's; here is added who may have one, and that nobody else can have
 * made it. Rules: docs/spec/sources.md S-111 to S-115.
 *
 * Cookie and request are opened and new cookies made before the header is asked for, so that one sealing only (some 0.1 ms)
 * lies between the transmit timestamp and the wire. No answer is longer than its request. Never throws on any bytes. How often
 * one address asks is the desk's to limit, before anything is deciphered; how often all of them do is limited here.
 */
import { accept, ignore, joinBytes } from '../base/index.ts'
import type { Admission, Random, Time } from '../base/index.ts'
import {
  encodeNtpField,
  NTP_FIELD,
  NTP_HEADER_BYTES,
  NTS_COOKIES_MAX,
  NTS_UNIQUE_ID_BYTES,
  onlyField,
  openNts,
  readNtsFields,
  sealNts,
  SIV_NONCE_BYTES,
  SIV_TAG_BYTES,
} from '../clock/index.ts'
import type { NtsFields, NtsKeys } from '../clock/index.ts'
import { TokenBuckets } from '../network/index.ts'
import type { RateLimit } from '../network/index.ts'
import type { ExtendedRequest } from './ntp-desk.ts'
import { NTS_OUR_COOKIE_BYTES } from './nts-cookies.ts'
import type { NtsCookies } from './nts-cookies.ts'

/**
 * Requests that are deciphered, of all addresses together: at 0.1 to 0.5 ms each, a quarter of a core. A cookie names nobody, so one
 * that was bought honestly can be replayed under any number of forged senders, whom no limit by address holds.
 */
export const NTS_OPEN_RATE: RateLimit = { ratePerSec: 500, burst: 100 }

/** Why a request with NTS fields gets no time. The first two get no answer; the others get the kiss NTSN. */
export const NTS_REQUEST_REASONS = [
  'nts-request-bad-fields',
  'nts-request-busy',
  'nts-request-stale-cookie',
  'nts-request-authenticator-wrong',
] as const
export type NtsRequestReason = (typeof NTS_REQUEST_REASONS)[number]

/** The kiss code that means "establish keys anew". */
const NAK = 'NTSN'

/** What was done so far, by what came of it. */
export interface NtsCounts {
  readonly answered: number
  readonly refused: ReadonlyMap<NtsRequestReason, number>
}

interface Parts {
  readonly uniqueId: Uint8Array
  readonly cookie: Uint8Array
  readonly authenticator: NonNullable<NtsFields['authenticator']>
  /** Cookies that are wanted in the answer. */
  readonly cookiesWanted: number
}

export class NtsResponder {
  readonly #time: Time
  readonly #random: Random
  readonly #cookies: NtsCookies
  readonly #bucket = new TokenBuckets(NTS_OPEN_RATE, 1)
  readonly #refused = new Map<NtsRequestReason, number>()
  #answered = 0

  constructor(time: Time, random: Random, cookies: NtsCookies) {
    this.#time = time
    this.#random = random
    this.#cookies = cookies
  }

  counts(): NtsCounts {
    return { answered: this.#answered, refused: new Map(this.#refused) }
  }

  /** For the desk: `plain` where no NTS field is there; what NTS makes of it otherwise. */
  onExtended(request: ExtendedRequest): Admission<Uint8Array> | 'plain' {
    const fields = readNtsFields(request.bytes)
    if (fields === undefined || !hasNts(fields)) return 'plain'
    const parts = partsOf(fields)
    if (parts === undefined) return this.#ignored('nts-request-bad-fields')
    if (this.#cookies.isNamed(parts.cookie) && !this.#bucket.take('all', this.#time.elapsedNs()))
      return this.#ignored('nts-request-busy')
    const keys = this.#cookies.open(parts.cookie)
    if (keys === undefined) return this.#nak(request, parts, 'nts-request-stale-cookie')
    if (openNts(request.bytes, { authenticator: parts.authenticator, key: keys.c2s }) === undefined)
      return this.#nak(request, parts, 'nts-request-authenticator-wrong')
    this.#answered += 1
    return accept(this.#sealed(request, parts, keys))
  }

  #sealed({ bytes, header }: ExtendedRequest, { uniqueId, cookiesWanted }: Parts, keys: NtsKeys): Uint8Array {
    const identifier = encodeNtpField(NTP_FIELD.uniqueId, uniqueId)
    const room = bytes.length - NTP_HEADER_BYTES - identifier.length - EMPTY_AUTHENTICATOR_BYTES
    const count = Math.max(0, Math.min(cookiesWanted, Math.floor(room / COOKIE_FIELD_BYTES)))
    const hidden = Array.from({ length: count }, () => encodeNtpField(NTP_FIELD.cookie, this.#cookies.make(keys)))
    const nonce = this.#random.bytes(SIV_NONCE_BYTES)
    return sealNts(joinBytes(header(), identifier), { key: keys.s2c, nonce, hidden: joinBytes(...hidden) })
  }

  /** Unauthenticated, since there is no key in common; shorter than the request by its cookie and authenticator. */
  #nak(request: ExtendedRequest, { uniqueId }: Parts, reason: NtsRequestReason): Admission<Uint8Array> {
    this.#count(reason)
    return accept(joinBytes(request.kiss(NAK), encodeNtpField(NTP_FIELD.uniqueId, uniqueId)))
  }

  #ignored(reason: NtsRequestReason): Admission<Uint8Array> {
    this.#count(reason)
    return ignore(reason)
  }

  #count(reason: NtsRequestReason): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
  }
}

const NTS_TYPES = new Set<number>(Object.values(NTP_FIELD))
const hasNts = ({ plain, authenticator }: NtsFields): boolean =>
  authenticator !== undefined || plain.some(({ type }) => NTS_TYPES.has(type))

/** What a request must have: an identifier long enough, one cookie, and an authenticator behind both. */
const partsOf = ({ plain, authenticator }: NtsFields): Parts | undefined => {
  const uniqueId = onlyField(plain, NTP_FIELD.uniqueId)
  const cookie = onlyField(plain, NTP_FIELD.cookie)
  if (uniqueId === undefined || cookie === undefined || authenticator === undefined) return undefined
  if (uniqueId.length < NTS_UNIQUE_ID_BYTES) return undefined
  // A blank that a cookie of ours does not fit into asks for one of somebody else's.
  const blanks = plain.filter(({ type, body }) => type === NTP_FIELD.blankCookie && body.length >= NTS_OUR_COOKIE_BYTES)
  return { uniqueId, cookie, authenticator, cookiesWanted: Math.min(1 + blanks.length, NTS_COOKIES_MAX) }
}

/** An authenticator that hides nothing: head, two lengths, nonce, tag. */
const EMPTY_AUTHENTICATOR_BYTES = 4 + 4 + SIV_NONCE_BYTES + SIV_TAG_BYTES
const COOKIE_FIELD_BYTES = 4 + NTS_OUR_COOKIE_BYTES
