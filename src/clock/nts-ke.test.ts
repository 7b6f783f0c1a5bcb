import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { fuzzRuns } from './fuzz.test-kit.ts'
import {
  exporterContext,
  judgeKeAnswer,
  judgeKeRequest,
  KE_REQUEST,
  keAgreement,
  keRefusal,
  NTS_KE_ANSWER_REASONS,
  NTS_KE_REQUEST_REASONS,
} from './nts-ke.ts'
import { encodeKeRecords, KE_MESSAGE_BYTES_MAX, KE_RECORDS_MAX, KeReader } from './nts-ke-records.ts'
import type { KeReading } from './nts-ke-records.ts'
import { hex, NTS_VECTORS } from './nts.test-kit.ts'

const read = (bytes: Uint8Array): KeReading => new KeReader().push(bytes)
const recordsOf = (text: string) => {
  const reading = read(hex(text))
  ok(reading.type === 'whole', JSON.stringify(reading))
  return reading.records
}
const answerReason = (text: string) => {
  const admission = judgeKeAnswer(recordsOf(text))
  return admission.verdict === 'accept' ? 'accept' : `${admission.verdict} ${admission.reason}`
}
const requestReason = (text: string) => {
  const admission = judgeKeRequest(recordsOf(text))
  return admission.verdict === 'accept' ? 'accept' : `${admission.verdict} ${admission.reason}`
}

const PROTOCOL = '800100020000'
const ALGORITHM = '80040002000f'
const COOKIE = '0005000caabbccddeeff001122334455'
const END = '80000000'
const GOOD = PROTOCOL + ALGORITHM + COOKIE

describe('records', () => {
  test('our request, golden', () => deepEqual(KE_REQUEST, hex(PROTOCOL + ALGORITHM + END)))
  test('the exporter’s contexts, golden (RFC 8915 §4.3)', () => {
    deepEqual(exporterContext('c2s'), hex('0000000f00'))
    deepEqual(exporterContext('s2c'), hex('0000000f01'))
  })
  test('the answer of chrony, whole and octet by octet', () => {
    const whole = recordsOf(NTS_VECTORS.keAgreement)
    const reader = new KeReader()
    const readings = Array.from(hex(NTS_VECTORS.keAgreement), (octet) => reader.push(Uint8Array.of(octet)))
    ok(readings.slice(0, -1).every(({ type }) => type === 'more'))
    deepEqual(readings.at(-1), { type: 'whole', records: whole })
    deepEqual(hex(NTS_VECTORS.keAgreement), encodeKeRecords([...whole, { critical: true, type: 0, body: hex('') }]))
  })

  const bad: readonly (readonly [what: string, bytes: string])[] = [
    ['an end that is not critical', '00000000'],
    ['an end with a body', '8000000100'],
    ['octets behind the end', `${END}00`],
  ]
  for (const [what, bytes] of bad)
    test(`malformed: ${what}`, () => deepEqual(read(hex(bytes)), { type: 'bad', reason: 'nts-ke-malformed' }))

  test('a message that does not end is cut off, by octets and by records', () => {
    const reader = new KeReader()
    equal(reader.push(hex('0005ffff')).type, 'more')
    equal(reader.push(new Uint8Array(KE_MESSAGE_BYTES_MAX - 4)).type, 'more')
    deepEqual(reader.push(hex('00')), { type: 'bad', reason: 'nts-ke-too-large' })
    deepEqual(read(hex('00630000'.repeat(KE_RECORDS_MAX + 1))), { type: 'bad', reason: 'nts-ke-too-large' })
    equal(read(hex('00630000'.repeat(KE_RECORDS_MAX) + END)).type, 'whole')
  })
  test('after the end nothing more is read', () => {
    const reader = new KeReader()
    equal(reader.push(hex(END)).type, 'whole')
    deepEqual(reader.push(hex('00')), { type: 'bad', reason: 'nts-ke-malformed' })
  })
  test('any bytes in any pieces: no throw, and the pieces change nothing', () => {
    const record = fc
      .tuple(
        fc.constantFrom('8001', '8004', '0005', '8063', '8000', '0000'),
        fc.uint8Array({ maxLength: 12, size: 'max' }),
      )
      .map(([head, body]) => head + body.length.toString(16).padStart(4, '0') + Buffer.from(body).toString('hex'))
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 60, size: 'max' }),
      fc.array(record, { maxLength: 8 }).map((records) => hex(records.join(''))),
    )
    fc.assert(
      fc.property(message, fc.nat(60), (bytes, at) => {
        const whole = read(bytes)
        const reader = new KeReader()
        const first = reader.push(bytes.subarray(0, at))
        // What ended in the first piece may have been followed by more in the whole.
        if (first.type === 'more') deepEqual(reader.push(bytes.subarray(at)), whole)
        if (whole.type !== 'whole') return
        judgeKeAnswer(whole.records)
        judgeKeRequest(whole.records)
      }),
      { numRuns: fuzzRuns(500) },
    )
  })
})

describe('the answer', () => {
  test('of chrony: eight cookies of 100 octets, and the port', () => {
    const admission = judgeKeAnswer(recordsOf(NTS_VECTORS.keAgreement))
    ok(admission.verdict === 'accept')
    deepEqual(
      admission.value.cookies.map(({ length }) => length),
      Array.from({ length: 8 }, () => 100),
    )
    equal(admission.value.server, undefined)
    ok((admission.value.port ?? 0) > 0)
  })
  test('server and port are taken; what is not critical and not known is passed over', () => {
    const admission = judgeKeAnswer(
      recordsOf(`${GOOD}0006000b${Buffer.from('ntp.example').toString('hex')}00070002007b0400000100${END}`),
    )
    ok(admission.verdict === 'accept')
    equal(admission.value.server, 'ntp.example')
    equal(admission.value.port, 123)
  })
  test('of many cookies eight are taken', () => {
    const admission = judgeKeAnswer(recordsOf(PROTOCOL + ALGORITHM + COOKIE.repeat(20) + END))
    equal(admission.verdict === 'accept' && admission.value.cookies.length, 8)
  })

  const table: readonly (readonly [reason: string, body: string])[] = [
    ['nts-ke-error-unknown-critical', '800200020000'],
    ['nts-ke-error-bad-request', '800200020001'],
    ['nts-ke-error-internal', '800200020002'],
    ['nts-ke-error-other', '800200020003'],
    ['nts-ke-error-other', '80020003000001'],
    // An error beside everything that is needed is still an error.
    ['nts-ke-error-internal', `${GOOD}800200020002`],
    ['nts-ke-warning', `${GOOD}800300020000`],
    ['nts-ke-unknown-critical', `${GOOD}80080000`],
    ['nts-ke-unknown-critical', `${GOOD}c0000000`],
    ['nts-ke-malformed', ALGORITHM + COOKIE],
    ['nts-ke-malformed', PROTOCOL + PROTOCOL + ALGORITHM + COOKIE],
    ['nts-ke-malformed', `8001000100${ALGORITHM}${COOKIE}`],
    ['nts-ke-malformed', `800100020001${ALGORITHM}${COOKIE}`],
    ['nts-ke-malformed', `8001000400000000${ALGORITHM}${COOKIE}`],
    ['nts-ke-no-protocol', `80010000${ALGORITHM}${COOKIE}`],
    ['nts-ke-malformed', PROTOCOL + COOKIE],
    ['nts-ke-malformed', PROTOCOL + ALGORITHM + ALGORITHM + COOKIE],
    ['nts-ke-malformed', `${PROTOCOL}80040004000f0010${COOKIE}`],
    ['nts-ke-malformed', `${PROTOCOL}800400020010${COOKIE}`],
    ['nts-ke-no-algorithm', `${PROTOCOL}80040000${COOKIE}`],
    ['nts-ke-no-cookies', PROTOCOL + ALGORITHM],
    ['nts-ke-malformed', `${GOOD}0005000daabbccddeeff00112233445566`],
    ['nts-ke-malformed', `${GOOD}00050008aabbccddeeff0011`],
    ['nts-ke-malformed', `${GOOD}00050204${'aa'.repeat(516)}`],
    ['nts-ke-malformed', `${GOOD}00060000`],
    ['nts-ke-malformed', `${GOOD}00060001610006000162`],
    ['nts-ke-malformed', `${GOOD}000600022f61`],
    ['nts-ke-malformed', `${GOOD}000600fe${'61'.repeat(254)}`],
    ['nts-ke-malformed', `${GOOD}000700020000`],
    ['nts-ke-malformed', `${GOOD}0007000101`],
    ['nts-ke-malformed', `${GOOD}00070004007b007b`],
    ['nts-ke-malformed', `${GOOD}00070002007b00070002007b`],
  ]
  for (const [reason, body] of table)
    test(`refused: ${reason} ${body.slice(0, 40)}`, () => equal(answerReason(body + END), `reject ${reason}`))
  test('the refusals of chrony are understood', () => {
    for (const [reason, bytes] of Object.entries(NTS_VECTORS.keRefusals)) equal(answerReason(bytes), `reject ${reason}`)
  })
  test('every reason is reached', () => {
    const reached = new Set([...table.map(([reason]) => reason), 'nts-ke-too-large'])
    deepEqual(
      NTS_KE_ANSWER_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

describe('the request', () => {
  const table: readonly (readonly [reason: string, body: string])[] = [
    ['nts-ke-request-unknown-critical', `${PROTOCOL}${ALGORITHM}80630000`],
    ['nts-ke-request-malformed', ALGORITHM],
    ['nts-ke-request-malformed', PROTOCOL],
    ['nts-ke-request-malformed', PROTOCOL + PROTOCOL + ALGORITHM],
    ['nts-ke-request-malformed', PROTOCOL + ALGORITHM + ALGORITHM],
    ['nts-ke-request-malformed', `80010000${ALGORITHM}`],
    ['nts-ke-request-malformed', `${PROTOCOL}80040000`],
    ['nts-ke-request-malformed', `${PROTOCOL}8004000100`],
    ['nts-ke-request-malformed', PROTOCOL + ALGORITHM + COOKIE],
    ['nts-ke-request-malformed', `${PROTOCOL}${ALGORITHM}800200020000`],
    ['nts-ke-request-malformed', `${PROTOCOL}${ALGORITHM}800300020000`],
    ['nts-ke-request-other-protocol', `800100020001${ALGORITHM}`],
    ['nts-ke-request-other-algorithm', `${PROTOCOL}80040002001e`],
  ]
  for (const [reason, body] of table)
    test(`refused: ${reason} ${body}`, () => equal(requestReason(body + END), `reject ${reason}`))
  test('ours, one with more to choose from, and one with wishes that we pass over', () => {
    for (const body of [
      PROTOCOL + ALGORITHM,
      '800100040001000080040006001e000f0011',
      `${PROTOCOL}${ALGORITHM}00070002007b04000000`,
    ])
      equal(requestReason(body + END), 'accept')
  })
  test('a refusal is chrony’s to the octet', () => {
    const { keRefusals } = NTS_VECTORS
    deepEqual(keRefusal('nts-ke-request-malformed'), hex(keRefusals['nts-ke-error-bad-request'] ?? ''))
    deepEqual(keRefusal('nts-ke-request-unknown-critical'), hex(keRefusals['nts-ke-error-unknown-critical'] ?? ''))
    deepEqual(keRefusal('nts-ke-request-other-algorithm'), hex(keRefusals['nts-ke-no-algorithm'] ?? ''))
    deepEqual(keRefusal('nts-ke-request-other-protocol'), hex(keRefusals['nts-ke-no-protocol'] ?? ''))
  })
  test('every refusal is understood by our client', () => {
    for (const reason of NTS_KE_REQUEST_REASONS) {
      const reading = read(keRefusal(reason))
      ok(reading.type === 'whole')
      equal(judgeKeAnswer(reading.records).verdict, 'reject')
    }
  })
  test('an agreement comes back as it was made', () => {
    const cookies = [new Uint8Array(104).fill(1), new Uint8Array(104).fill(2)]
    const reading = read(keAgreement(cookies, 65_535))
    ok(reading.type === 'whole')
    const admission = judgeKeAnswer(reading.records)
    deepEqual(admission, { verdict: 'accept', value: { cookies, server: undefined, port: 65_535 } })
  })
})
