/**
 * Which forms of BER are read and which are not, one by one. That OpenSSL says the same is asked of thousands of tokens in
 * test/tsa-mutations.test.ts.
 */
import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf } from '../base/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { BerReader, encodeAny, trimmedBits } from './rfc3161-ber.ts'
import { readRequest } from './rfc3161-request.ts'
import { openToken } from './rfc3161-verification.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

/** A sequence of a whole number and, perhaps, a string. */
const read = (hex: string): string => {
  const reader = new BerReader(bytes(hex))
  const value = reader.sequence((fields) => {
    const number = hexOf(fields.primitive(0x02))
    const string = fields.optionalPrimitive(0x04)
    return string === undefined ? number : `${number} ${hexOf(string)}`
  })
  return reader.isBad ? 'bad' : value
}

describe('forms', () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['DER', '3006 020105 0401aa', '05 aa'],
    ['without what may be left out', '3003 020105', '05'],
    ['a length longer than need be', '308103 020105', '05'],
    ['a length with zeros before it', '308400000003 020105', '05'],
    ['a length that ends nowhere', '3085ff00000003 020105', 'bad'],
    ['a length one too short', '3002 020105', 'bad'],
    ['a length one too long', '3004 020105', 'bad'],
    ['an open length', '3080 020105 0000', '05'],
    ['an open length without an end', '3080 020105', 'bad'],
    ['an open length with half an end', '3080 020105 00', 'bad'],
    ['an end where nothing is open', '3005 020105 0000', 'bad'],
    ['a field after the last', '3009 020105 0401aa 0500', 'bad'],
    ['bytes behind it', '3003 020105 ffff', '05'],
    ['a primitive sequence', '1003 020105', 'bad'],
    ['a tag in two bytes', '3f1003 020105', '05'],
    ['a tag in three bytes', '3f801003 020105', '05'],
    ['a number with zeros before it', '3004 02020005', 'bad'],
    ['a number with ones before it', '3004 0202ff85', 'bad'],
    ['a number of no bytes', '3002 0200', 'bad'],
    ['a number in pieces', '3005 2203020105', 'bad'],
    ['a string in pieces', '300b 020105 2406 0401aa 0401bb', '05 aabb'],
    ['pieces of pieces', '300a 020105 2405 2403 0401aa', '05 aa'],
    ['pieces under any tag', '3008 020105 2403 0c01aa', '05 aa'],
    ['pieces, open', '300d 020105 2480 0401aa 0401bb 0000', '05 aabb'],
    ['pieces, open, without an end', '3008 020105 2480 0401aa', 'bad'],
    ['pieces too deep', '3013 020105 240e 240c 240a 2408 2406 2404 2402 0400', 'bad'],
    ['an open primitive', '3080 0280 05 0000 0000', 'bad'],
    ['nothing', '', 'bad'],
    ['a tag alone', '30', 'bad'],
    ['another tag', '3103 020105', 'bad'],
  ]
  for (const [name, hex, expected] of table) test(name, () => equal(read(hex), expected))
})

test('lists need not say that they are constructed', () => {
  const reader = new BerReader(bytes('1106 020105 020106'))
  const list = reader.listOf('set', (item) => hexOf(item.primitive(0x02)))
  deepEqual([list, reader.isBad], [['05', '06'], false])
})

test('any value is written again in DER, but what is whole stays as it stood', () => {
  for (const [hex, expected] of [
    ['2406 0401aa 0401bb', '0402aabb'],
    ['0481 01 aa', '0401aa'],
    ['3080 0000', '30800000'],
    ['a003 020105', 'a003020105'],
    ['0302 04ff', '030204f0'],
    ['9f2a 01 aa', '9f2a01aa'],
  ] as const) {
    const reader = new BerReader(bytes(hex))
    const value = reader.any()
    const written = encodeAny(value)
    deepEqual([reader.isBad, written === undefined ? '' : hexOf(written)], [false, expected])
  }
  equal(hexOf(trimmedBits(bytes('00ff'))), '00ff')
})

test('whatever the bytes, nothing is thrown', () => {
  const anything = fc.uint8Array({ maxLength: 400, size: 'max' })
  fc.assert(
    fc.property(anything, (data) => {
      openToken(data)
      readRequest(data, [])
    }),
    { numRuns: fuzzRuns(2000) },
  )
})
