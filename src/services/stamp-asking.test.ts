/** Reading what is asked: a table of what is wrong, and the same bodies as the described shape takes. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  anything,
  array,
  assert,
  constant,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record,
  string,
} from 'fast-check'
import { hexOf } from '../base/index.ts'
import { IMPRINT_ALGORITHMS, IMPRINT_BYTES, SUBMISSION_STAMPS_MAX } from '../stamps/index.ts'
import { clientKeyOf, readStampAsks } from './stamp-asking.ts'
import { clientKeySchema, IMPRINT_DIGITS, stampAsksSchema } from './stamp-schema.ts'

const SHA256 = '7c'.repeat(32)
const BLOCK = '3d'.repeat(32)

test('lengths and names are those of an entry', () =>
  deepEqual(
    Object.entries(IMPRINT_DIGITS),
    IMPRINT_ALGORITHMS.map((name) => [name, 2 * IMPRINT_BYTES[name]]),
  ))

describe('what is taken', () => {
  const table: [string, unknown, unknown][] = [
    ['an imprint alone', { imprint: SHA256 }, ['sha-256', SHA256, undefined]],
    ['a beacon', { imprint: SHA256, beacon: BLOCK }, ['sha-256', SHA256, BLOCK]],
    ['no beacon', { imprint: SHA256, beacon: null }, ['sha-256', SHA256, null]],
    ['another hash', { algorithm: 'sha-512', imprint: '0f'.repeat(64) }, ['sha-512', '0f'.repeat(64), undefined]],
    ['one of many', { stamps: [{ imprint: SHA256 }] }, ['sha-256', SHA256, undefined]],
  ]
  for (const [what, body, expected] of table)
    test(what, () => {
      const read = readStampAsks(body)
      ok(read.verdict === 'accept')
      const { algorithm, imprint, beacon } = read.value[0] ?? {}
      deepEqual([algorithm, hexOf(imprint ?? new Uint8Array(0)), beacon], expected)
    })
})

describe('what is refused, and how', () => {
  const table: [string, unknown, RegExp][] = [
    ['nothing', null, /must be an object/],
    ['an array', [], /must be an object/],
    ['no imprint', {}, /imprint must be a text: the sha-256 .* 64 hex digits/],
    ['a shorter imprint', { imprint: '7c' }, /imprint has 2 digits; a sha-256 has 64\.$/],
    [
      'the imprint of another algorithm',
      { imprint: '7c'.repeat(48) },
      /has 96 digits; a sha-256 has 64.*as long as a sha-384: name that/,
    ],
    [
      'of one of two others',
      { algorithm: 'sha-512', imprint: SHA256 },
      /has 64 digits; a sha-512 has 128.*a sha-256 or a sha3-256/,
    ],
    ['upper case', { imprint: SHA256.toUpperCase() }, /lower-case/],
    [
      'an unknown algorithm',
      { algorithm: 'md5', imprint: SHA256 },
      /algorithm must be one of sha-256, sha-384, sha-512, sha3-256/,
    ],
    ['a misspelt key', { imprint: SHA256, becon: null }, /"becon" is not known here/],
    ['a key that would move the cursor', { imprint: SHA256, '\u001b[2J': 1 }, /"\?\[2J" is not known/],
    ['a short beacon', { imprint: SHA256, beacon: '3d' }, /beacon must be a block’s id/],
    ['a beacon that is a number', { imprint: SHA256, beacon: 7 }, /beacon must be a block’s id/],
    ['no stamps', { stamps: [] }, /array of 1 to 100/],
    [
      'too many',
      { stamps: Array.from({ length: SUBMISSION_STAMPS_MAX + 1 }, () => ({ imprint: SHA256 })) },
      /1 to 100/,
    ],
    ['stamps that are none', { stamps: 'all' }, /array of 1 to 100/],
    ['something beside them', { stamps: [{ imprint: SHA256 }], beacon: null }, /nothing may stand/],
    ['the second', { stamps: [{ imprint: SHA256 }, { imprint: 'x' }] }, /^stamps\[1\]\.imprint has 1 digits/],
    ['a null among them', { stamps: [null] }, /^stamps\[0\] must be an object/],
  ]
  for (const [what, body, says] of table)
    test(what, () => {
      const read = readStampAsks(body)
      ok(read.verdict !== 'accept')
      match(read.reason, says)
    })
})

test('the same bodies are taken as the document describes', () => {
  const imprint = oneof(
    constantFrom('a'.repeat(64), 'b'.repeat(96), 'c'.repeat(128), 'A'.repeat(64), 'g'.repeat(64), 'a'.repeat(63)),
    string(),
    anything(),
  )
  const stamp = record(
    {
      algorithm: oneof(constantFrom(...IMPRINT_ALGORITHMS), constantFrom<unknown>('sha256', null, 256, undefined)),
      imprint,
      beacon: oneof(constantFrom<unknown>(null, undefined, BLOCK, BLOCK.toUpperCase(), 3), string()),
      more: constant(1),
    },
    { requiredKeys: ['imprint'] },
  )
  const good = record({ imprint: constantFrom(SHA256), beacon: option(constant(BLOCK)) }, { requiredKeys: ['imprint'] })
  const many = record({
    stamps: oneof(array(good, { maxLength: 3 }), array(oneof(good, stamp), { maxLength: 3 }), anything()),
  })
  let taken = 0
  assert(
    property(oneof(stamp, good, many, anything()), (body) => {
      const isTaken = readStampAsks(body).verdict === 'accept'
      equal(isTaken, stampAsksSchema.safeParse(body).success)
      taken += Number(isTaken)
    }),
    { numRuns: 2000 },
  )
  ok(taken > 100)
})

test('client keys', () => {
  equal(clientKeyOf(undefined), '')
  equal(clientKeyOf('a key of mine'), 'a key of mine')
  const wrong: (string | string[])[] = ['', 'x'.repeat(65), 'tab\there', 'ünïcode', ['a', 'b']]
  for (const header of wrong) equal(clientKeyOf(header), undefined)
  assert(
    property(oneof(string(), integer().map(String), constant('x'.repeat(64))), (text) => {
      equal(clientKeyOf(text) !== undefined, clientKeySchema.safeParse(text).success)
    }),
  )
})
