/** SHA3-256 against FIPS 202, and domains. */
import { describe, test } from 'node:test'
import { equal, notEqual, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { hexOf } from '../base/index.ts'
import { decodeData } from '../codec/index.ts'
import { cidOf, DOMAIN_LENGTH_MAX, domainDigest, isDomain, sha3 } from './index.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** NIST's example values for SHA3-256 (FIPS 202), and a million times "a" (NESSIE's set 1 vector 8 for SHA-3). */
const FIPS_202: readonly (readonly [string, Uint8Array, string])[] = [
  ['nothing', ascii(''), 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a'],
  ['abc', ascii('abc'), '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
  [
    '448 bits',
    ascii('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    '41c0dba2a9d6240849100376a8235e2c82e1b9998a999e21db32dd97496d3376',
  ],
  [
    '1600 bits of a3',
    new Uint8Array(200).fill(0xa3),
    '79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787',
  ],
  [
    'a million times a',
    new Uint8Array(1_000_000).fill(0x61),
    '5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1',
  ],
]

describe('SHA3-256', () => {
  for (const [name, bytes, digest] of FIPS_202) test(name, () => equal(hexOf(sha3(bytes)), digest))

  test('a view into a larger buffer is hashed alone', () =>
    equal(hexOf(sha3(ascii('xabcx').subarray(1, 4))), FIPS_202[1]?.[2]))
})

describe('domains', () => {
  test('the preimage is length, domain, body', () =>
    equal(
      hexOf(domainDigest('truechimer/time-proof/1', ascii('abc'))),
      hexOf(sha3(ascii('\u0017truechimer/time-proof/1abc'))),
    ))

  for (const domain of ['truechimer/a/1', 'truechimer/time-proof/1', 'truechimer/sha3-test/9999']) {
    test(`is one: ${domain}`, () => equal(isDomain(domain), true))
  }
  for (const domain of [
    '',
    'truechimer/x',
    'truechimer//1',
    'truechimer/x/0',
    'truechimer/x/01',
    'truechimer/x/1/',
    'truechimer/x/1\n',
    'truechimer/X/1',
    'truechimer/-x/1',
    'truechimer/x-/1',
    'truechimer/1x/1',
    'truechimer/x/10000',
    'other/x/1',
    `truechimer/${'x'.repeat(DOMAIN_LENGTH_MAX - 12)}/1`,
  ]) {
    test(`is none: ${JSON.stringify(domain)}`, () => {
      equal(isDomain(domain), false)
      throws(() => domainDigest(domain, ascii('')))
    })
  }

  test('the longest has exactly the length allowed', () => {
    const domain = `truechimer/${'x'.repeat(DOMAIN_LENGTH_MAX - 13)}/1`
    equal(domain.length, DOMAIN_LENGTH_MAX)
    equal(isDomain(domain), true)
  })

  test('another domain, another digest; also where the bodies make up for it', () => {
    notEqual(hexOf(domainDigest('truechimer/a/1', ascii(''))), hexOf(domainDigest('truechimer/b/1', ascii(''))))
    notEqual(hexOf(domainDigest('truechimer/a/1', ascii('1x'))), hexOf(domainDigest('truechimer/a/11', ascii('x'))))
  })

  test('no preimage of a domain is an encoding, whatever its length and body (E-6)', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: DOMAIN_LENGTH_MAX - 13 }),
        fc.uint8Array({ maxLength: 80 }),
        (length, body) => {
          const domain = `truechimer/${'x'.repeat(length)}/1`
          const preimage = Uint8Array.of(domain.length, ...ascii(domain), ...body)
          equal(hexOf(domainDigest(domain, body)), hexOf(sha3(preimage)))
          equal(decodeData(preimage, 1000).verdict, 'reject')
        },
      ),
      { numRuns: 100 },
    ))
})

test('the content address of the empty map', () => {
  const cid = cidOf(Uint8Array.of(0xa0))
  equal(hexOf(cid.multihash.digest), hexOf(sha3(Uint8Array.of(0xa0))))
  equal(cid.toString(), 'bafyrmibku2rbpap7wrjjmzeyvznniz6lf6wtxeyujjrjii33ya2m3jekem')
})
