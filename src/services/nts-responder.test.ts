import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf, joinBytes, NS_PER_DAY, NS_PER_MS, NS_PER_SEC, seededRandom } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import {
  encodeNtpField,
  judgeNtsReply,
  NTP_FIELD,
  ntsRequest,
  onlyField,
  openNts,
  readNtsFields,
  sealNts,
  taiFromUnixNs,
} from '../clock/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { NtpDesk } from './ntp-desk.ts'
import { NtsCookies, NTS_OUR_COOKIE_BYTES } from './nts-cookies.ts'
import { NTS_OPEN_RATE, NTS_REQUEST_REASONS, NtsResponder } from './nts-responder.ts'

const KEYS = { c2s: new Uint8Array(32).fill(1), s2c: new Uint8Array(32).fill(2) }
const SERVER = { address: '127.0.0.1', port: 123 }
const CLIENT = { address: '127.0.0.1', port: 4000 }
const random = seededRandom(8n)

const timeAt = (clock: { ns: bigint }): Time => ({
  elapsedNs: () => clock.ns,
  hostUnixNs: () => clock.ns,
  schedule: () => () => undefined,
})

/** A desk with NTS on a clock that stands still unless it is moved. */
const serve = () => {
  const clock = { ns: NS_PER_SEC }
  const time = timeAt(clock)
  const cookies = new NtsCookies(time, random)
  const responder = new NtsResponder(time, random, cookies)
  const tai = taiFromUnixNs(1_795_219_200n * NS_PER_SEC)
  const desk = new NtpDesk({
    time,
    precision: -20,
    rate: undefined,
    clock: () => ({
      basis: { localNs: clock.ns, tai, halfWidthNs: NS_PER_MS, slopePpb: 0, growthPpb: 0, status: 'synchronised' },
      standing: { stratum: 2, referenceId: 1, rootDelayNs: 0n, referenceTai: tai, announced: 'none' },
    }),
    onExtended: (request) => responder.onExtended(request),
  })
  return { clock, cookies, responder, desk }
}

const requestFor = (cookie: Uint8Array, cookiesHeld = 7, keys = KEYS) =>
  ntsRequest(random, { keys, cookie, cookiesHeld })
const judge = (request: ReturnType<typeof requestFor>, bytes: Uint8Array | undefined) => {
  ok(bytes !== undefined)
  return judgeNtsReply({ bytes, request, keys: KEYS, from: SERVER, expectedFrom: SERVER, t1: 0n, t4: NS_PER_MS })
}

describe('cookies', () => {
  const cookiesAt = () => {
    const clock = { ns: 0n }
    return { clock, cookies: new NtsCookies(timeAt(clock), random) }
  }

  test('open to the keys that went in; no two are alike', () => {
    const { cookies } = cookiesAt()
    const made = Array.from({ length: 50 }, () => cookies.make(KEYS))
    for (const cookie of made) {
      equal(cookie.length, NTS_OUR_COOKIE_BYTES)
      deepEqual(cookies.open(cookie), KEYS)
    }
    equal(new Set(made.map(hexOf)).size, made.length)
    // Past the id and the nonce nothing is alike either.
    equal(new Set(made.map((cookie) => hexOf(cookie.subarray(20, 36)))).size, made.length)
  })
  test('are good for a day and through the next, and no longer', () => {
    const { clock, cookies } = cookiesAt()
    const cookie = cookies.make(KEYS)
    clock.ns = NS_PER_DAY
    deepEqual(cookies.open(cookie), KEYS)
    const second = cookies.make(KEYS)
    ok(hexOf(second.subarray(0, 4)) !== hexOf(cookie.subarray(0, 4)))
    clock.ns = 2n * NS_PER_DAY - 1n
    deepEqual(cookies.open(cookie), KEYS)
    clock.ns = 2n * NS_PER_DAY
    equal(cookies.open(cookie), undefined)
    deepEqual(cookies.open(second), KEYS)
  })
  test('are stale after two days without a word', () => {
    const { clock, cookies } = cookiesAt()
    const cookie = cookies.make(KEYS)
    clock.ns = 2n * NS_PER_DAY
    equal(cookies.open(cookie), undefined)
  })
  test('of another server, altered, or of any other bytes do not open', () => {
    const { cookies } = cookiesAt()
    equal(cookies.open(cookiesAt().cookies.make(KEYS)), undefined)
    const cookie = cookies.make(KEYS)
    for (let at = 0; at < cookie.length; at += 1) {
      const altered = Uint8Array.from(cookie)
      altered[at] = (altered[at] ?? 0) ^ 0x80
      equal(cookies.open(altered), undefined, `octet ${at}`)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120, size: 'max' }), (bytes) => equal(cookies.open(bytes), undefined)),
      { numRuns: fuzzRuns(100) },
    )
  })
})

describe('answers', () => {
  test('our client takes it, with as many cookies as it lacks, in as many octets as it sent', () => {
    const { cookies, desk, responder } = serve()
    for (const held of [7, 5, 0]) {
      const request = requestFor(cookies.make(KEYS), held)
      const bytes = desk.reply(request.bytes, CLIENT)
      equal(bytes?.length, request.bytes.length)
      const admission = judge(request, bytes)
      ok(admission.verdict === 'accept' && admission.value.judged.verdict === 'accept')
      equal(admission.value.cookies.length, 8 - held)
      for (const cookie of admission.value.cookies) deepEqual(cookies.open(cookie), KEYS)
    }
    deepEqual(responder.counts(), { answered: 3, refused: new Map() })
  })
  test('the new cookies cannot be read on the way', () => {
    const { cookies, desk } = serve()
    const request = requestFor(cookies.make(KEYS), 0)
    const bytes = desk.reply(request.bytes, CLIENT) ?? new Uint8Array(0)
    const fields = readNtsFields(bytes)
    deepEqual(
      fields?.plain.map(({ type }) => type),
      [NTP_FIELD.uniqueId],
    )
    ok(fields?.authenticator !== undefined)
    equal(openNts(bytes, { authenticator: fields.authenticator, key: KEYS.c2s }), undefined)
    equal(
      onlyField(openNts(bytes, { authenticator: fields.authenticator, key: KEYS.s2c }) ?? [], NTP_FIELD.cookie),
      undefined,
    )
  })
  test('never longer than the request, also where its fields are small', () => {
    const { cookies, desk } = serve()
    for (const [nonceBytes, blankBytes] of [
      [1, 0],
      [16, 12],
      [4, NTS_OUR_COOKIE_BYTES],
    ] as const) {
      const start = joinBytes(
        requestFor(cookies.make(KEYS)).bytes.subarray(0, 84),
        encodeNtpField(NTP_FIELD.cookie, cookies.make(KEYS)),
        ...(blankBytes === 0 ? [] : [encodeNtpField(NTP_FIELD.blankCookie, new Uint8Array(blankBytes))]),
      )
      const bytes = sealNts(start, { key: KEYS.c2s, nonce: random.bytes(nonceBytes), hidden: new Uint8Array(0) })
      const reply = desk.reply(bytes, CLIENT)
      ok(reply !== undefined && reply.length <= bytes.length, `${reply?.length} ${bytes.length}`)
    }
  })
  test('blanks that no cookie of ours fits into bring none, though two together had the room', () => {
    const { cookies, desk } = serve()
    const request = requestFor(cookies.make(KEYS))
    const blank = encodeNtpField(NTP_FIELD.blankCookie, new Uint8Array(NTS_OUR_COOKIE_BYTES - 4))
    const start = joinBytes(request.bytes.subarray(0, 84 + 4 + NTS_OUR_COOKIE_BYTES), blank, blank)
    const bytes = sealNts(start, { key: KEYS.c2s, nonce: random.bytes(16), hidden: new Uint8Array(0) })
    const admission = judge(request, desk.reply(bytes, CLIENT))
    equal(admission.verdict === 'accept' && admission.value.cookies.length, 1)
  })
  test('extension fields of others are no concern of NTS: the header is the answer', () => {
    const { desk, responder } = serve()
    const header = requestFor(new Uint8Array(104)).bytes.subarray(0, 48)
    for (const tail of [encodeNtpField(0x20_05, new Uint8Array(24)), new Uint8Array(20)])
      equal(desk.reply(joinBytes(header, tail), CLIENT)?.length, 48)
    deepEqual(responder.counts(), { answered: 0, refused: new Map() })
  })
})

describe('refusals', () => {
  const stranger = serve()
  const { clock, cookies, desk, responder } = serve()
  const good = requestFor(cookies.make(KEYS))
  const identifier = good.bytes.subarray(48, 84)
  const head = good.bytes.subarray(0, 48)
  const cookieField = encodeNtpField(NTP_FIELD.cookie, cookies.make(KEYS))
  const seal = (packet: Uint8Array): Uint8Array =>
    sealNts(packet, { key: KEYS.c2s, nonce: random.bytes(16), hidden: new Uint8Array(0) })

  test('a cookie that is not ours, and a request under other keys: NTSN, shorter than the request', () => {
    const wrongKeys = { ...KEYS, c2s: new Uint8Array(32) }
    for (const request of [requestFor(stranger.cookies.make(KEYS)), requestFor(cookies.make(KEYS), 7, wrongKeys)]) {
      const bytes = desk.reply(request.bytes, CLIENT)
      deepEqual(judge(request, bytes), { verdict: 'ignore', reason: 'nts-nak' })
      equal(bytes?.length, 84)
      // It says nothing of the time.
      deepEqual(Uint8Array.from(bytes?.subarray(32, 48) ?? []), new Uint8Array(16))
    }
    deepEqual(responder.counts().refused, new Map(NTS_REQUEST_REASONS.slice(2).map((reason) => [reason, 1])))
  })
  test('fields that do not belong together get no answer', () => {
    const before = responder.counts().refused.get('nts-request-bad-fields') ?? 0
    const bad = [
      joinBytes(head, identifier, cookieField),
      seal(joinBytes(head, identifier)),
      seal(joinBytes(head, cookieField)),
      seal(joinBytes(head, identifier, identifier, cookieField)),
      seal(joinBytes(head, identifier, cookieField, cookieField)),
      seal(joinBytes(head, encodeNtpField(NTP_FIELD.uniqueId, new Uint8Array(28)), cookieField)),
      joinBytes(seal(joinBytes(head, identifier)), cookieField),
    ]
    for (const bytes of bad) equal(desk.reply(bytes, CLIENT), undefined)
    equal(responder.counts().refused.get('nts-request-bad-fields'), before + bad.length)
    equal(desk.counts().dropped.get('nts-request-bad-fields'), before + bad.length)
  })
  test('a replayed cookie is deciphered so often and no oftener, and costs others nothing later', () => {
    const { clock, cookies, desk, responder } = serve()
    const replayed = requestFor(cookies.make(KEYS)).bytes
    const foreign = requestFor(stranger.cookies.make(KEYS)).bytes
    const { burst, ratePerSec } = NTS_OPEN_RATE
    const answered = (bytes: Uint8Array): boolean => desk.reply(bytes, CLIENT) !== undefined
    equal(Array.from({ length: 2 * burst }, () => answered(replayed)).filter(Boolean).length, burst)
    deepEqual(responder.counts(), { answered: burst, refused: new Map([['nts-request-busy', burst]]) })
    ok(answered(foreign), 'what needs no deciphering is answered all the same')
    clock.ns += NS_PER_SEC / BigInt(ratePerSec)
    deepEqual([answered(good.bytes), answered(replayed), answered(replayed)], [true, true, false])
  })
  test('any fields: no throw, and no answer longer than the request', () => {
    const field = fc
      .tuple(fc.constantFrom(...Object.values(NTP_FIELD), 0x12_34), fc.uint8Array({ maxLength: 112, size: 'max' }))
      .map(([type, body]) => encodeNtpField(type, body))
    const tail = fc.oneof(
      fc.uint8Array({ maxLength: 200, size: 'max' }),
      fc.array(field, { maxLength: 6 }).map((fields) => joinBytes(identifier, cookieField, ...fields)),
      fc.array(field, { maxLength: 6 }).map((fields) => joinBytes(...fields)),
    )
    fc.assert(
      fc.property(tail, (bytes) => {
        const request = joinBytes(head, bytes)
        clock.ns += NS_PER_SEC / BigInt(NTS_OPEN_RATE.ratePerSec)
        ok((desk.reply(request, CLIENT)?.length ?? 0) <= request.length)
      }),
      { numRuns: fuzzRuns(300) },
    )
  })
})
