import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { joinBytes } from '../base/index.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'
import { encodeNtpField, NTP_FIELD, NTP_FIELDS_MAX, readNtpFields } from './ntp-extension-fields.ts'
import { hex, NTS_VECTORS } from './nts.test-kit.ts'

const read = (text: string, fieldBytesMin = 16) => readNtpFields(hex(text), { from: 0, fieldBytesMin })

test('an answer of chrony: its fields, where they stand', () => {
  const packet = hex(NTS_VECTORS.answer)
  const fields = readNtpFields(packet, { from: 48 })
  deepEqual(
    fields?.map(({ type, start }) => [type, start]),
    [
      [NTP_FIELD.uniqueId, 48],
      [NTP_FIELD.authenticator, 84],
    ],
  )
  deepEqual(fields?.[0]?.body, hex(NTS_VECTORS.uniqueId))
})

test('golden bytes: type, length, body, zeros to the next word and to the shortest field', () => {
  deepEqual(encodeNtpField(0x01_04, hex('aabbccddee')), hex('01040010aabbccddee00000000000000'))
  deepEqual(encodeNtpField(0xff_ff, hex('00'.repeat(13))), hex(`ffff0014${'00'.repeat(16)}`))
})

const REFUSED: readonly (readonly [what: string, bytes: string])[] = [
  ['three octets', '010400'],
  ['a field of no length', '01040000' + '00'.repeat(12)],
  ['a field shorter than its head', '01040002' + '00'.repeat(12)],
  ['a field under 16 octets', '0104000c' + '00'.repeat(8)],
  ['lengths that are no multiples of four', ('01040012' + '00'.repeat(14)).repeat(2)],
  ['a field longer than what is there', '01040014' + '00'.repeat(12)],
  ['a MAC behind a field', '01040010' + '00'.repeat(12) + '00'.repeat(20)],
]
for (const [what, bytes] of REFUSED) test(`refused: ${what}`, () => equal(read(bytes), undefined))

test('nothing is no field; short ones are allowed where that is said', () => {
  deepEqual(read(''), [])
  equal(read('01040004', 4)?.length, 1)
})

test('as many as are allowed, and one more', () => {
  const field = '01040010' + '00'.repeat(12)
  equal(read(field.repeat(NTP_FIELDS_MAX))?.length, NTP_FIELDS_MAX)
  equal(read(field.repeat(NTP_FIELDS_MAX + 1)), undefined)
})

test('what is read is what was written', () => {
  const field = fc.tuple(fc.nat(0xff_ff), fc.uint8Array({ minLength: 12, maxLength: 40, size: 'max' }))
  fc.assert(
    fc.property(fc.array(field, { maxLength: 6 }), (written) => {
      const bytes = joinBytes(...written.map(([type, body]) => encodeNtpField(type, body)))
      const fields = readNtpFields(bytes, { from: 0 })
      deepEqual(
        fields?.map(({ type, body }, index) => [type, body.slice(0, written[index]?.[1].length)]),
        written.map(([type, body]) => [type, Uint8Array.from(body)]),
      )
    }),
    { numRuns: fuzzRuns(100) },
  )
})

test('any bytes: no throw, and what is read fills them exactly', () => {
  const tame = fc
    .array(
      fc.tuple(
        fc.nat(0xff_ff),
        fc.constantFrom(0, 4, 12, 16, 17, 20, 0xff_fc),
        fc.uint8Array({ maxLength: 24, size: 'max' }),
      ),
    )
    .map((fields) =>
      joinBytes(
        ...fields.map(([type, length, body]) =>
          joinBytes(Uint8Array.of(type >> 8, type & 0xff, length >> 8, length & 0xff), body),
        ),
      ),
    )
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 200, size: 'max' }), tame),
      fc.constantFrom(4, 16),
      (bytes, fieldBytesMin) => {
        const fields = readNtpFields(bytes, { from: 0, fieldBytesMin })
        if (fields === undefined) return
        equal(
          fields.reduce((sum, { body }) => sum + body.length + 4, 0),
          bytes.length,
        )
        ok(fields.every(({ body }) => body.length % 4 === 0 && body.length + 4 >= fieldBytesMin))
      },
    ),
    { numRuns: fuzzRuns(500) },
  )
})
