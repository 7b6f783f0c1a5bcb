import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf, joinBytes, NS_PER_DAY, NS_PER_MS, NS_PER_SEC, seededRandom } from '../base/index.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'
import { encodeNtpField, NTP_FIELD, readNtpFields } from './ntp-extension-fields.ts'
import { isCookieLength, NTS_COOKIES_MAX, NtsCookieJar } from './nts-cookie-jar.ts'
import { judgeNtsReply, NTS_NAK_REFERENCE_ID, NTS_REPLY_REASONS, ntsRequest } from './nts-exchange.ts'
import type { NtsRequest } from './nts-exchange.ts'
import { NTS_PACKET_BYTES_MAX, onlyField, openNts, readNtsFields, sealNts } from './nts-fields.ts'
import { afterTry, mayEstablish, NTS_RETRY, NTS_RETRY_NS_MAX } from './nts-retry.ts'
import { hex, NTS_VECTORS, sealedAnswer } from './nts.test-kit.ts'
import { decodeNtpHeader, encodeNtpHeader } from './ntp-packet.ts'
import type { NtpHeader } from './ntp-packet.ts'
import { goodHeader, kissCode, NOW_UNIX_NS } from './ntp-packets.test-kit.ts'
import { ntpFromUnixNs } from './time-scales.ts'

const SERVER = { address: '127.0.0.1', port: 123 }
const KEYS = { c2s: new Uint8Array(32).fill(1), s2c: new Uint8Array(32).fill(2) }
const COOKIE = new Uint8Array(100).fill(9)
const random = seededRandom(5n)
const REQUEST = ntsRequest(random, { keys: KEYS, cookie: COOKIE, cookiesHeld: 7 })

const HEADER = goodHeader({
  origin: REQUEST.header.cookie,
  receive: ntpFromUnixNs(NOW_UNIX_NS),
  transmit: ntpFromUnixNs(NOW_UNIX_NS),
})

const answerOf = (header: Partial<NtpHeader> = {}, cookies: readonly Uint8Array[] = [COOKIE]): Uint8Array =>
  sealedAnswer({ random, header: encodeNtpHeader({ ...HEADER, ...header }), request: REQUEST, keys: KEYS, cookies })

const judge = (bytes: Uint8Array, from = SERVER) =>
  judgeNtsReply({ bytes, request: REQUEST, keys: KEYS, from, expectedFrom: SERVER, t1: 0n, t4: 2n * NS_PER_MS })

describe('the answer of chrony', () => {
  const keys = { c2s: hex(NTS_VECTORS.c2s), s2c: hex(NTS_VECTORS.s2c) }
  const requestOf = (bytes: string, uniqueId: string): NtsRequest => ({
    bytes: hex(bytes),
    header: { bytes: hex(bytes).slice(0, 48), cookie: decodeNtpHeader(hex(bytes))?.transmit ?? 0n },
    uniqueId: hex(uniqueId),
  })
  const reply = { keys, from: SERVER, expectedFrom: SERVER, t1: 0n, t4: NS_PER_MS }

  test('is accepted, with three new cookies for one cookie and two blanks', () => {
    const request = requestOf(NTS_VECTORS.request, NTS_VECTORS.uniqueId)
    const admission = judgeNtsReply({ ...reply, request, bytes: hex(NTS_VECTORS.answer) })
    ok(admission.verdict === 'accept' && admission.value.judged.verdict === 'accept')
    deepEqual(
      admission.value.cookies.map(({ length }) => length),
      [100, 100, 100],
    )
    const [, ...fields] = readNtpFields(request.bytes, { from: 48 }) ?? []
    deepEqual(
      fields.map(({ type }) => type),
      [NTP_FIELD.cookie, NTP_FIELD.blankCookie, NTP_FIELD.blankCookie, NTP_FIELD.authenticator],
    )
  })
  test('to a request under a wrong key is NTSN, and is told apart', () => {
    const request = requestOf(NTS_VECTORS.nakRequest, NTS_VECTORS.nakUniqueId)
    deepEqual(judgeNtsReply({ ...reply, request, bytes: hex(NTS_VECTORS.nak) }), {
      verdict: 'ignore',
      reason: 'nts-nak',
    })
  })
})

describe('the verdict', () => {
  const withFields = (...fields: readonly Uint8Array[]): Uint8Array => joinBytes(encodeNtpHeader(HEADER), ...fields)
  const identifier = encodeNtpField(NTP_FIELD.uniqueId, REQUEST.uniqueId)
  const seal = (packet: Uint8Array, key: Uint8Array = KEYS.s2c, hidden = hex('')): Uint8Array =>
    sealNts(packet, { key, nonce: random.bytes(16), hidden })
  const nak = { stratum: 0, leap: 3, referenceId: NTS_NAK_REFERENCE_ID } as const

  const ignored: readonly (readonly [reason: string, bytes: Uint8Array])[] = [
    ['ntp-wrong-origin', answerOf({ origin: 1n })],
    ['ntp-wrong-mode', answerOf({ mode: 3 })],
    ['ntp-too-short', answerOf().subarray(0, 47)],
    ['ntp-too-long', joinBytes(answerOf(), new Uint8Array(NTS_PACKET_BYTES_MAX))],
    ['nts-bad-fields', withFields(identifier, new Uint8Array(20))],
    ['nts-bad-fields', withFields(identifier.subarray(0, 30))],
    ['nts-wrong-unique-id', withFields()],
    ['nts-wrong-unique-id', seal(withFields())],
    ['nts-wrong-unique-id', seal(withFields(encodeNtpField(NTP_FIELD.uniqueId, new Uint8Array(32))))],
    ['nts-wrong-unique-id', seal(withFields(identifier, identifier))],
    // An identifier behind the authenticator is nobody's word.
    ['nts-wrong-unique-id', joinBytes(seal(withFields()), identifier)],
    ['nts-unauthenticated', withFields(identifier)],
    [
      'nts-unauthenticated',
      joinBytes(encodeNtpHeader({ ...HEADER, stratum: 0, leap: 3, referenceId: kissCode('DENY') }), identifier),
    ],
    ['nts-unauthenticated', joinBytes(encodeNtpHeader({ ...HEADER, leap: 3 }), identifier)],
    ['nts-nak', joinBytes(encodeNtpHeader({ ...HEADER, ...nak }), identifier)],
    ['nts-authenticator-wrong', seal(withFields(identifier), KEYS.c2s)],
    ['nts-authenticator-wrong', withFields(identifier, encodeNtpField(NTP_FIELD.authenticator, new Uint8Array(40)))],
    [
      'nts-authenticator-wrong',
      withFields(identifier, encodeNtpField(NTP_FIELD.authenticator, hex(`ffffffff${'00'.repeat(36)}`))),
    ],
    // What was sealed is not fields.
    ['nts-authenticator-wrong', seal(withFields(identifier), KEYS.s2c, hex('0204001000'))],
  ]
  for (const [index, [reason, bytes]] of ignored.entries())
    test(`not the answer: ${reason} (${index})`, () => deepEqual(judge(bytes), { verdict: 'ignore', reason }))
  test('every reason is reached', () => {
    const reached = new Set(ignored.map(([reason]) => reason))
    deepEqual(
      NTS_REPLY_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
  test('the sender’s address is looked at first', () =>
    deepEqual(judge(answerOf(), { address: '127.0.0.1', port: 124 }), {
      verdict: 'ignore',
      reason: 'ntp-wrong-address',
    }))

  test('a good answer: the sample, and the cookies that could be sent', () => {
    const admission = judge(answerOf({}, [COOKIE, new Uint8Array(104), new Uint8Array(516)]))
    ok(admission.verdict === 'accept' && admission.value.judged.verdict === 'accept')
    equal(admission.value.judged.value.stratum, 1)
    equal(admission.value.cookies.length, 2)
  })
  test('the server’s own refusals count, and their cookies are kept', () => {
    const said: readonly (readonly [string, Partial<NtpHeader>])[] = [
      ['ntp-unsynchronised', { leap: 3 }],
      ['kod-rate', { stratum: 0, leap: 3, referenceId: kissCode('RATE') }],
      ['kod-deny', { stratum: 0, leap: 3, referenceId: kissCode('DENY') }],
      // NTSN under our own keys contradicts itself; it is some kiss, and no reason to ask for keys.
      ['kod-other', nak],
    ]
    for (const [reason, header] of said) {
      const admission = judge(answerOf(header))
      ok(admission.verdict === 'accept')
      deepEqual(admission.value.judged, { verdict: 'reject', reason })
      equal(admission.value.cookies.length, 1)
    }
  })
  test('what stands behind the authenticator changes nothing', () => {
    const admission = judge(joinBytes(answerOf(), encodeNtpField(NTP_FIELD.cookie, COOKIE)))
    equal(admission.verdict === 'accept' && admission.value.cookies.length, 1)
  })
  test('an answer to another request of the same session is not the answer to this one', () => {
    const other = ntsRequest(random, { keys: KEYS, cookie: COOKIE, cookiesHeld: 7 })
    const header = encodeNtpHeader({ ...HEADER, origin: other.header.cookie })
    const replayed = sealedAnswer({ random, header, request: other, keys: KEYS, cookies: [] })
    deepEqual(judge(replayed), { verdict: 'ignore', reason: 'ntp-wrong-origin' })
    // Even with the origin turned to ours.
    const turned = joinBytes(encodeNtpHeader(HEADER), replayed.subarray(48))
    deepEqual(judge(turned), { verdict: 'ignore', reason: 'nts-wrong-unique-id' })
  })
  test('any bit of a good answer turned: nothing is accepted', () => {
    const good = answerOf({}, [])
    for (let bit = 0; bit < good.length * 8; bit += 1) {
      const turned = Uint8Array.from(good)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      equal(judge(turned).verdict, 'ignore', `bit ${bit}`)
    }
  })
  test('any fields behind a header that fits: no throw, nothing accepted', () => {
    const field = fc
      .tuple(
        fc.constantFrom(0x01_04, 0x02_04, 0x03_04, 0x04_04, 0x12_34),
        fc.uint8Array({ maxLength: 48, size: 'max' }),
      )
      .map(([type, body]) => encodeNtpField(type, body))
    const tail = fc.oneof(
      fc.uint8Array({ maxLength: 120, size: 'max' }),
      fc.array(field).map((fields) => joinBytes(identifier, ...fields)),
    )
    fc.assert(
      fc.property(tail, (bytes) => equal(judge(withFields(bytes)).verdict, 'ignore')),
      { numRuns: fuzzRuns(300) },
    )
  })
})

describe('the request', () => {
  test('nothing but the cookie is the same in two of them', () => {
    const [a, b] = [0, 1].map(() => ntsRequest(random, { keys: KEYS, cookie: COOKIE, cookiesHeld: 7 }))
    ok(a !== undefined && b !== undefined)
    ok(a.header.cookie !== b.header.cookie && hexOf(a.uniqueId) !== hexOf(b.uniqueId))
    const nonces = [a, b].map(({ bytes }) =>
      hexOf(readNtsFields(bytes)?.authenticator?.body.subarray(4, 20) ?? hex('')),
    )
    ok(nonces[0] !== nonces[1])
  })
  test('the server can open it, and finds the cookie', () => {
    const fields = readNtsFields(REQUEST.bytes)
    ok(fields?.authenticator !== undefined)
    deepEqual(onlyField(fields.plain, NTP_FIELD.cookie), COOKIE)
    deepEqual(openNts(REQUEST.bytes, { authenticator: fields.authenticator, key: KEYS.c2s }), [])
    equal(openNts(REQUEST.bytes, { authenticator: fields.authenticator, key: KEYS.s2c }), undefined)
  })
  test('as many blanks as cookies lack, as far as the packet holds', () => {
    for (const [length, cookiesHeld, blanks] of [
      [100, 7, 0],
      [100, 6, 1],
      [100, 0, 7],
      [256, 0, 3],
      [512, 0, 1],
    ] as const) {
      const { bytes } = ntsRequest(random, { keys: KEYS, cookie: new Uint8Array(length), cookiesHeld })
      const found = readNtpFields(bytes, { from: 48 })?.filter(({ type }) => type === NTP_FIELD.blankCookie)
      equal(found?.length, blanks, `${length}`)
      ok(bytes.length <= NTS_PACKET_BYTES_MAX)
    }
  })
})

describe('the jar', () => {
  test('no cookie goes out twice, whatever a server sends again, and eight at most are held', () => {
    const cookie = fc.nat(40).map((name) => new Uint8Array(12).fill(name))
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.array(cookie, { maxLength: 10 }), fc.constant('take' as const))), (acts) => {
        const jar = new NtsCookieJar()
        const out: string[] = []
        for (const act of acts) {
          if (act === 'take') {
            const taken = jar.take()
            if (taken !== undefined) out.push(hexOf(taken))
          } else jar.keep(act)
          ok(jar.size <= NTS_COOKIES_MAX)
        }
        equal(new Set(out).size, out.length)
      }),
      { numRuns: fuzzRuns(200) },
    )
  })
  test('a cookie that could not be sent is not kept', () => {
    deepEqual([0, 8, 12, 13, 100, 512, 516].filter(isCookieLength), [12, 100, 512])
    equal(new NtsCookieJar().keep([new Uint8Array(13), new Uint8Array(516)]), 0)
  })
})

test('pauses: 10 s, 15 s, 22.5 s and on to five days; keys that worked end them', () => {
  equal(mayEstablish(NTS_RETRY, 0n), true)
  let retry = afterTry(NTS_RETRY, 0n)
  equal(mayEstablish(retry, 10n * NS_PER_SEC - 1n), false)
  equal(mayEstablish(retry, 10n * NS_PER_SEC), true)
  retry = afterTry(retry, 10n * NS_PER_SEC)
  equal(retry.notBeforeNs, 25n * NS_PER_SEC)
  equal(retry.nextPauseNs, 22_500n * NS_PER_MS)
  for (let i = 0; i < 60; i += 1) retry = afterTry(retry, 0n)
  equal(retry.notBeforeNs, NTS_RETRY_NS_MAX)
  equal(NTS_RETRY_NS_MAX, 5n * NS_PER_DAY)
})
