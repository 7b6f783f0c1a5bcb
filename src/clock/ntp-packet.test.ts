import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { seededRandom } from '../base/index.ts'
import { nsOfLog2Sec, nsOfNtpShort, ntpShortOfNs } from './ntp-durations.ts'
import { answer, clientRequest, decodeNtpHeader, encodeNtpHeader, NTP_HEADER_BYTES } from './ntp-packet.ts'
import type { NtpServerReading } from './ntp-packet.ts'
import { ntpFromUnixNs } from './time-scales.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

interface Vector {
  readonly name: string
  readonly bytes: string
  readonly fields: Record<string, number | string>
}
const vectors: { packets: Vector[] } = JSON.parse(
  readFileSync(new URL('../../test/vectors/ntp-chronyd.json', import.meta.url), 'utf8'),
)

const READING: NtpServerReading = {
  leap: 0,
  stratum: 2,
  precision: -20,
  rootDelayNs: 0n,
  rootDispersionNs: 1_000_000n,
  referenceId: 0x7f_7f_01_00,
  referenceUnixNs: 1_795_000_000_000_000_000n,
  receiveUnixNs: 1_795_000_001_000_000_001n,
  transmitUnixNs: 1_795_000_001_000_050_002n,
}

test('the vectors are there', () => ok(vectors.packets.length >= 7))

for (const [index, { name, bytes, fields }] of vectors.packets.entries()) {
  test(`chrony packet ${index}, ${name}: every field, and the same bytes again`, () => {
    const header = decodeNtpHeader(hex(bytes))
    ok(header !== undefined)
    const { rootDelayNs, rootDispersionNs, reference, origin, receive, transmit, ...small } = header
    deepEqual(
      {
        ...small,
        rootDelayShort: ntpShortOfNs(rootDelayNs),
        rootDispersionShort: ntpShortOfNs(rootDispersionNs),
        reference: String(reference),
        origin: String(origin),
        receive: String(receive),
        transmit: String(transmit),
      },
      fields,
    )
    deepEqual(encodeNtpHeader(header), hex(bytes).slice(0, NTP_HEADER_BYTES))
  })
}

test('a request of chrony is answered; an answer of chrony is not', () => {
  for (const { name, bytes } of vectors.packets) {
    const admission = answer(hex(bytes), READING)
    if (name.startsWith('request')) equal(admission.verdict, 'accept')
    else deepEqual(admission, { verdict: 'ignore', reason: 'ntp-request-wrong-mode' })
  }
})

test('our request shows nothing but the version and a cookie', () => {
  const { bytes, cookie } = clientRequest(seededRandom(5n))
  equal(Buffer.from(bytes).toString('hex').slice(0, 80), '23000020' + '00'.repeat(36))
  equal(decodeNtpHeader(bytes)?.transmit, cookie)
  ok(clientRequest(seededRandom(6n)).cookie !== cookie)
})

test('a cookie of zero bits is not sent: it would match an empty origin', () => {
  equal(clientRequest({ bytes: (length) => new Uint8Array(length) }).cookie, 1n)
})

test('an answer: origin, times, and what it says of itself', () => {
  const request = clientRequest(seededRandom(5n))
  const admission = answer(request.bytes, READING)
  ok(admission.verdict === 'accept')
  equal(admission.value.length, NTP_HEADER_BYTES)
  const header = decodeNtpHeader(admission.value)
  equal(header?.origin, request.cookie)
  equal(header?.mode, 4)
  equal(header?.version, 4)
  equal(header?.stratum, 2)
  equal(header?.receive, ntpFromUnixNs(READING.receiveUnixNs))
  equal(header?.transmit, ntpFromUnixNs(READING.transmitUnixNs))
  ok((header?.rootDispersionNs ?? 0n) >= READING.rootDispersionNs)
})

test('an unsynchronised server says so in both fields', () => {
  for (const reading of [
    { ...READING, leap: 3 as const },
    { ...READING, stratum: 16 },
  ]) {
    const admission = answer(clientRequest(seededRandom(5n)).bytes, reading)
    const header = admission.verdict === 'accept' ? decodeNtpHeader(admission.value) : undefined
    deepEqual([header?.leap, header?.stratum], [3, 0])
  }
})

test('what is no request gets no answer', () => {
  const request = clientRequest(seededRandom(5n)).bytes
  const first = (byte: number): Uint8Array => Uint8Array.from([byte, ...request.subarray(1)])
  const table: readonly (readonly [Uint8Array, string])[] = [
    [new Uint8Array(0), 'ntp-request-too-short'],
    [request.subarray(0, 47), 'ntp-request-too-short'],
    [new Uint8Array(1025), 'ntp-request-too-long'],
    [first(0x1b - 8), 'ntp-request-wrong-version'],
    [first(0x2b), 'ntp-request-wrong-version'],
    [first(0x24), 'ntp-request-wrong-mode'],
    [first(0x26), 'ntp-request-wrong-mode'],
  ]
  for (const [bytes, reason] of table) deepEqual(answer(bytes, READING), { verdict: 'ignore', reason })
  equal(answer(first(0x1b), READING).verdict, 'accept', 'version 3 is still asked')
})

test('durations round up, and writing undoes reading', () => {
  equal(nsOfNtpShort(0), 0n)
  equal(nsOfNtpShort(0x1_00_00), 1_000_000_000n)
  equal(nsOfNtpShort(1), 15_259n)
  equal(ntpShortOfNs(1n), 1)
  equal(ntpShortOfNs(10n ** 15n), 0xff_ff_ff_ff)
  equal(nsOfLog2Sec(0), 1_000_000_000n)
  equal(nsOfLog2Sec(1), 2_000_000_000n)
  ok(nsOfLog2Sec(-20) * 2n ** 20n >= 1_000_000_000n)
  equal(nsOfLog2Sec(-128), 1n)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xff_ff_ff_ff }), (short) => {
      equal(ntpShortOfNs(nsOfNtpShort(short) - (short === 0 ? 0n : 1n)), short)
    }),
    { numRuns: 200 },
  )
})

test('any bytes: the decoder and the server never throw, and an answer is never the longer one', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ minLength: 48, maxLength: 48 }))
  fc.assert(
    fc.property(bytes, (bytes) => {
      const header = decodeNtpHeader(bytes)
      equal(header === undefined, bytes.length < NTP_HEADER_BYTES)
      const admission = answer(bytes, READING)
      if (admission.verdict === 'accept') ok(admission.value.length <= bytes.length)
    }),
    { numRuns: 500 },
  )
})
