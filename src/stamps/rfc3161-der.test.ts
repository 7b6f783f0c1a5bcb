/** DER by hand-made bytes, X.690's own examples first. */
import { equal, ok, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf } from '../base/index.ts'
import {
  integer,
  isObjectId,
  object,
  objectContents,
  objectIdOf,
  octets,
  oneBit,
  setOf,
  tagged,
  text,
  unsignedContents,
} from './rfc3161-der.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

describe('values', () => {
  const table: readonly (readonly [string, Uint8Array, string])[] = [
    ['a whole number', integer(0), '020100'],
    ['with its top bit set', integer(128), '02020080'],
    ['of several bytes', integer(1_000_000), '02030f4240'],
    ['a magnitude with zeros before it', tagged(0x02, unsignedContents(bytes('0000ff01'))), '020300ff01'],
    ['a long magnitude', tagged(0x02, unsignedContents(bytes('7f01'))), '02027f01'],
    ['an object of X.690 §8.19.5', object('2.100.3'), '0603813403'],
    ['SHA-256', object('2.16.840.1.101.3.4.2.1'), '0609608648016503040201'],
    ['text', text('é'), '0c02c3a9'],
    ['badAlg, bit 0', oneBit(0), '03020780'],
    ['timeNotAvailable, bit 14', oneBit(14), '0303010002'],
    ['unacceptedPolicy, bit 15', oneBit(15), '0303000001'],
    ['systemFailure, bit 25', oneBit(25), '03050600000040'],
    [
      'a set in order, shorter before longer',
      setOf(bytes('0402ff00'), bytes('0401ff'), bytes('020105')),
      '310a0201050401ff0402ff00',
    ],
  ]
  for (const [name, value, hex] of table) test(name, () => equal(hexOf(value), hex))

  for (const [length, head] of [
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65_536, '0483010000'],
  ] as const)
    test(`a length of ${length}`, () => ok(hexOf(octets(new Uint8Array(length))).startsWith(`${head}00`)))
})

describe('object identifiers', () => {
  for (const id of ['1.2.3', '0.39.1', '2.999', '2.25.329800735698586629295641978511506172918'])
    test(`${id} is one`, () => equal(objectIdOf(objectContents(id)), id))
  for (const id of ['', '1', '3.1', '1.40', '0.40.1', '1.2.03', '1.2.', '1.2.x', '2.-1', `2.${'9'.repeat(140)}`])
    test(`"${id.slice(0, 20)}" is none`, () => {
      equal(isObjectId(id), false)
      throws(() => objectContents(id), { name: 'AssertionError' })
    })
  test('what is written is read', () => {
    fc.assert(
      fc.property(
        fc.nat(2),
        fc.nat(39),
        fc.array(fc.bigInt({ min: 0n, max: 2n ** 128n }), { maxLength: 3 }),
        (a, b, rest) => {
          const id = [a, b, ...rest].join('.')
          equal(objectIdOf(objectContents(id)), id)
        },
      ),
    )
  })
})
