import { deepEqual, equal, ok } from 'node:assert/strict'
import { sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { bytesOfHex, NS_PER_SEC, seededRandom } from '../base/index.ts'
import { publicKeyOf, sha3, signingKeyOf } from '../crypto/index.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'
import { CLASSIC, RESPONSE_CONTEXT, ROUGHTIME_FRAMED_DIALECTS } from './roughtime-dialect.ts'
import type { RoughtimeDialect } from './roughtime-dialect.ts'
import {
  bytesOfUint32,
  bytesOfUint64,
  decodeMessage,
  decodePacket,
  encodeMessage,
  frameMessage,
  ROUGHTIME_TAG as T,
} from './roughtime-message.ts'
import type { RoughtimeMessage } from './roughtime-message.ts'
import { encodeRoughtimeRequest, roughtimeNonceBytes } from './roughtime-request.ts'
import { verifyRoughtimeResponse } from './roughtime-response.ts'
import { HandSigner } from './roughtime-signer.test-kit.ts'

const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
const read = (name: string): unknown => JSON.parse(readFileSync(`test/vectors/roughtime-${name}.json`, 'utf8'))
const keyOf = (seed: string): Uint8Array => publicKeyOf(bytesOfHex(seed) ?? new Uint8Array(32))
const exchange = { name: z.string(), dialect: z.string(), request: z.base64(), response: z.base64() }

describe('outside vectors', () => {
  const cloudflare = z
    .object({ vectors: z.array(z.object({ ...exchange, seed: z.string() })) })
    .parse(read('cloudflare'))
  for (const { name, dialect, seed, request, response } of cloudflare.vectors)
    test(`Cloudflare: ${name}`, () => {
      const claim = { request: fromBase64(request), response: fromBase64(response), publicKey: keyOf(seed) }
      const judged = verifyRoughtimeResponse(claim)
      ok(judged.verdict === 'accept', 'reason' in judged ? judged.reason : '')
      equal(judged.value.dialect.name, dialect)
      deepEqual([judged.value.midpointUnixNs, judged.value.radiusNs], [50n * NS_PER_SEC, 5n * NS_PER_SEC])
      // Buffers, as sockets give them, change nothing and are not changed.
      const buffers = {
        request: Buffer.from(request, 'base64'),
        response: Buffer.from(response, 'base64'),
        publicKey: Buffer.from(keyOf(seed)),
      }
      for (const _ of [1, 2]) equal(verifyRoughtimeResponse(buffers).verdict, 'accept')
    })
  const int08h = z
    .object({
      vectors: z.array(z.object({ ...exchange, publicKey: z.base64(), midpointUnixSec: z.int(), radiusSec: z.int() })),
    })
    .parse(read('int08h'))
  for (const { name, dialect, publicKey, request, response, midpointUnixSec, radiusSec } of int08h.vectors)
    test(`int08h: ${name}`, () => {
      const judged = verifyRoughtimeResponse({
        request: fromBase64(request),
        response: fromBase64(response),
        publicKey: fromBase64(publicKey),
      })
      ok(judged.verdict === 'accept', 'reason' in judged ? judged.reason : '')
      equal(judged.value.dialect.name, dialect)
      equal(judged.value.midpointUnixNs, BigInt(midpointUnixSec) * NS_PER_SEC)
      equal(judged.value.radiusNs, BigInt(radiusSec) * NS_PER_SEC)
    })
})

const server = new HandSigner('response')
const { publicKey } = server
const request = encodeRoughtimeRequest({ form: 'framed', nonce: seededRandom(3n).bytes(32), publicKey })
const midpoint = 1_800_000_000n
const good = server.answer(request, { midpoint, radius: 2n })

const messageOf = (bytes: Uint8Array | undefined): RoughtimeMessage => {
  const judged = decodeMessage(bytes ?? new Uint8Array(0))
  ok(judged.verdict === 'accept')
  return judged.value
}
const heard = (response: Uint8Array, key = publicKey): string => {
  const judged = verifyRoughtimeResponse({ response, request, publicKey: key })
  return judged.verdict === 'accept' ? 'accept' : `${judged.verdict} ${judged.reason}`
}
/** The good response with outer tags bent; the signatures stay as they were. */
const bent = (bend: ReadonlyMap<number, Uint8Array | undefined>): Uint8Array => {
  const judged = decodePacket(good)
  ok(judged.verdict === 'accept')
  const message = new Map(judged.value)
  for (const [tag, value] of bend)
    if (value === undefined) message.delete(tag)
    else message.set(tag, value)
  return frameMessage(encodeMessage(message))
}
const within = (tag: number, inner: number, value: Uint8Array | undefined): Uint8Array => {
  const judged = decodePacket(good)
  ok(judged.verdict === 'accept')
  const message = new Map(messageOf(judged.value.get(tag)))
  if (value === undefined) message.delete(inner)
  else message.set(inner, value)
  return bent(new Map([[tag, encodeMessage(message)]]))
}

describe('what is not the answer is ignored', () => {
  const other = new HandSigner('other')
  for (const [name, response, say] of [
    ['nothing bent', good, 'accept'],
    ['an unknown tag more', bent(new Map([[0x41_41_41_41, new Uint8Array(4)]])), 'accept'],
    ['nothing', new Uint8Array(0), 'ignore roughtime-wrong-form'],
    ['the request itself', request, 'ignore roughtime-missing-tag'],
    ['no frame', good.subarray(12), 'ignore roughtime-wrong-form'],
    ['4,097 bytes', Uint8Array.of(...good, ...new Uint8Array(4097 - good.length)), 'ignore roughtime-too-long'],
    ['no SREP', bent(new Map([[T.SREP, undefined]])), 'ignore roughtime-missing-tag'],
    ['an SREP that is no message', bent(new Map([[T.SREP, new Uint8Array(4)]])), 'ignore roughtime-tag-count'],
    ['no CERT', bent(new Map([[T.CERT, undefined]])), 'ignore roughtime-missing-tag'],
    ['no DELE', within(T.CERT, T.DELE, undefined), 'ignore roughtime-missing-tag'],
    ['no TYPE', bent(new Map([[T.TYPE, undefined]])), 'ignore roughtime-wrong-type'],
    ['TYPE of a request', bent(new Map([[T.TYPE, bytesOfUint32(0)]])), 'ignore roughtime-wrong-type'],
    ['no nonce', bent(new Map([[T.NONC, undefined]])), 'ignore roughtime-wrong-nonce'],
    ['another nonce', bent(new Map([[T.NONC, new Uint8Array(32)]])), 'ignore roughtime-wrong-nonce'],
    ['a version that was not offered', within(T.SREP, T.VER, bytesOfUint32(7)), 'ignore roughtime-wrong-version'],
    [
      'a version of another place',
      within(T.SREP, T.VER, bytesOfUint32(0x80_00_00_0b)),
      'ignore roughtime-wrong-version',
    ],
    ['no SIG', bent(new Map([[T.SIG, undefined]])), 'ignore roughtime-response-signature'],
    [
      'a time after the signing',
      within(T.SREP, T.MIDP, bytesOfUint64(midpoint + 1n)),
      'ignore roughtime-response-signature',
    ],
    ['no SIG of the delegation', within(T.CERT, T.SIG, undefined), 'ignore roughtime-delegation-signature'],
    ['an index that is none', bent(new Map([[T.INDX, bytesOfUint32(1)]])), 'ignore roughtime-not-in-tree'],
    ['no index', bent(new Map([[T.INDX, undefined]])), 'ignore roughtime-not-in-tree'],
    ['a path from nowhere', bent(new Map([[T.PATH, new Uint8Array(32)]])), 'ignore roughtime-not-in-tree'],
  ] as const)
    test(name, () => equal(heard(response), say))

  test('another key’s answer', () => equal(heard(good, other.publicKey), 'ignore roughtime-delegation-signature'))
  test('keys that are nobody’s', () => {
    for (const key of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(32), new Uint8Array(32).fill(0xff)])
      equal(heard(good, key), 'ignore roughtime-delegation-signature')
  })
  test('an answer to another request', () => {
    const another = encodeRoughtimeRequest({ form: 'framed', nonce: seededRandom(4n).bytes(32), publicKey })
    equal(heard(server.answer(another, { midpoint, radius: 2n })), 'ignore roughtime-wrong-nonce')
    const judged = verifyRoughtimeResponse({ response: good, request: new Uint8Array(1024), publicKey })
    equal(judged.verdict, 'ignore')
  })
  test('an answer to a request with our nonce but other words', () => {
    const changed = request.slice()
    changed[changed.length - 1] = 1
    const response = server.answer(changed, { midpoint, radius: 2n })
    equal(heard(response), 'ignore roughtime-not-in-tree')
  })
})

describe('what is signed and breaks the standard is rejected', () => {
  const say = (bend: Parameters<HandSigner['answer']>[2], statement = { midpoint, radius: 2n }): string =>
    heard(server.answer(request, statement, bend))
  const [before, after] = [(midpoint - 1n) * NS_PER_SEC, (midpoint + 1n) * NS_PER_SEC]
  const now = midpoint * NS_PER_SEC
  test('a radius of nothing', () => equal(say({}, { midpoint, radius: 0n }), 'reject roughtime-zero-radius'))
  test('a delegation that is over', () =>
    equal(say({ delegation: { untilUnixNs: before } }), 'reject roughtime-outside-delegation'))
  test('a delegation that has not begun', () =>
    equal(say({ delegation: { fromUnixNs: after } }), 'reject roughtime-outside-delegation'))
  /** The good response with a field of its signed part bent, and signed again. */
  const resigned = (tag: number, value: Uint8Array | undefined): Uint8Array => {
    const judged = decodePacket(good)
    ok(judged.verdict === 'accept')
    const fields = new Map(messageOf(judged.value.get(T.SREP)))
    if (value === undefined) fields.delete(tag)
    else fields.set(tag, value)
    const srep = encodeMessage(fields)
    const { handle } = signingKeyOf(sha3(publicKey))
    const signature = sign(null, Buffer.concat([RESPONSE_CONTEXT, srep]), handle)
    const bends: readonly (readonly [number, Uint8Array])[] = [
      [T.SREP, srep],
      [T.SIG, signature],
    ]
    return bent(new Map(bends))
  }
  for (const [name, tag, value, reason] of [
    ['versions out of order', T.VERS, bytesOfUint32(2, 1), 'reject roughtime-versions'],
    ['versions without its own', T.VERS, bytesOfUint32(2, 3), 'reject roughtime-versions'],
    ['no versions', T.VERS, undefined, 'reject roughtime-versions'],
    ['33 versions', T.VERS, bytesOfUint32(...Array.from({ length: 33 }, (_, i) => i)), 'reject roughtime-versions'],
    ['no midpoint', T.MIDP, undefined, 'reject roughtime-missing-tag'],
    ['a midpoint of four bytes', T.MIDP, bytesOfUint32(1), 'reject roughtime-missing-tag'],
    ['a radius of eight bytes', T.RADI, bytesOfUint64(1n), 'reject roughtime-missing-tag'],
    ['more than is known', 0x41_41_41_41, bytesOfUint32(1), 'accept'],
  ] as const)
    test(name, () => equal(heard(resigned(tag, value)), reason))
  test('but its first and last second count', () =>
    equal(say({ delegation: { fromUnixNs: now, untilUnixNs: now } }), 'accept'))
})

describe('every dialect', () => {
  const dialects: readonly RoughtimeDialect[] = [...ROUGHTIME_FRAMED_DIALECTS, CLASSIC]
  /** A batch of requests that offer this one dialect alone. */
  const requestsOf = (dialect: RoughtimeDialect, count: number): readonly Uint8Array[] =>
    Array.from({ length: count }, (_, i) => {
      const form = dialect.version === undefined ? 'classic' : 'framed'
      const packet = encodeRoughtimeRequest({
        form,
        nonce: seededRandom(BigInt(i)).bytes(roughtimeNonceBytes(form)),
        publicKey,
      })
      if (dialect.version === undefined) return packet
      const judged = decodePacket(packet)
      ok(judged.verdict === 'accept')
      return frameMessage(encodeMessage(new Map([...judged.value, [T.VER, bytesOfUint32(dialect.version)]])))
    })
  for (const dialect of dialects)
    for (const count of [1, 2, 3, 64, 128])
      test(`${dialect.name}: all of ${count} are answered, each in its place, never longer than they asked`, () => {
        const packets = requestsOf(dialect, count)
        const statement = { midpoint: (midpoint * NS_PER_SEC) / dialect.unitNs, radius: 3n }
        const responses = server.answerAll(
          packets.map((packet) => server.read(packet)),
          statement,
        )
        for (const i of new Set([0, count >> 1, count - 1])) {
          const [packet, response] = [packets[i], responses[i]]
          ok(packet !== undefined && response !== undefined)
          ok(response.length < packet.length)
          const judged = verifyRoughtimeResponse({ request: packet, response, publicKey })
          ok(judged.verdict === 'accept', 'reason' in judged ? judged.reason : '')
          equal(judged.value.dialect, dialect)
          equal(judged.value.midpointUnixNs, midpoint * NS_PER_SEC)
          equal(judged.value.radiusNs, 3n * dialect.unitNs)
        }
        if (count === 1) return
        const judged = verifyRoughtimeResponse({
          request: packets[0] ?? good,
          response: responses[1] ?? good,
          publicKey,
        })
        equal(judged.verdict, 'ignore')
      })
})

test('any bit turned is seen, and any bytes have a verdict', () =>
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 0, max: 7 }), (where, bit) => {
      const response = good.slice()
      const at = where % response.length
      response[at] = (response[at] ?? 0) ^ (1 << bit)
      equal(verifyRoughtimeResponse({ response, request, publicKey }).verdict, 'ignore')
    }),
    { numRuns: fuzzRuns(300) },
  ))
test('random bytes too', () =>
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200, size: 'max' }),
      fc.uint8Array({ maxLength: 200, size: 'max' }),
      fc.boolean(),
      (a, b, framed) => {
        const response = framed ? frameMessage(a) : a
        equal(verifyRoughtimeResponse({ response, request, publicKey }).verdict, 'ignore')
        equal(verifyRoughtimeResponse({ response, request: framed ? frameMessage(b) : b, publicKey }).verdict, 'ignore')
      },
    ),
    { numRuns: fuzzRuns(300) },
  ))
