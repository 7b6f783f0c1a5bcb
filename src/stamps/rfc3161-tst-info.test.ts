/** A token's time: digits, accuracy, and what becomes of it around leap seconds. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf } from '../base/index.ts'
import { LEAP_TABLE, taiFromUnixNs, taiFromUtc, unixFromTai } from '../clock/index.ts'
import { encodeTstInfo, generalizedTimeOf, readTstInfo, tokenTimeOf } from './rfc3161-tst-info.ts'

const tai = (utc: string): bigint => taiFromUtc(utc) ?? 0n

describe('digits', () => {
  for (const [unixNs, expected] of [
    [0n, '19700101000000Z'],
    [1_795_266_158_460_923_000n, '20261121130238.460923Z'],
    [1_795_266_158_460_000_000n, '20261121130238.46Z'],
    [1_795_266_158_000_001_000n, '20261121130238.000001Z'],
    [951_782_400_100_000_000n, '20000229000000.1Z'],
  ] as const)
    test(expected, () => equal(generalizedTimeOf(unixNs), expected))
})

describe('accuracy', () => {
  const around = (utc: string, halfNs: bigint) => {
    const middle = tai(utc)
    return tokenTimeOf({ earliest: middle - halfNs, latest: middle + halfNs })
  }
  test('is rounded up, and never nothing', () => {
    deepEqual(around('2026-11-21T13:02:38.000000000Z', 0n).accuracyNs, 1000n)
    deepEqual(around('2026-11-21T13:02:38.000000000Z', 1_500_000n).accuracyNs, 1_500_000n)
    deepEqual(around('2026-11-21T13:02:38.000000000Z', 1_500_001n).accuracyNs, 1_501_000n)
    // The middle is cut down to a microsecond, so the upper end is further away.
    deepEqual(around('2026-11-21T13:02:38.000000999Z', 1_500_000n).accuracyNs, 1_501_000n)
  })
  test('an instant within a leap second is told as the microsecond before it', () => {
    const { genUnixNs, accuracyNs } = around('2016-12-31T23:59:60.250000000Z', 1_000_000n)
    equal(generalizedTimeOf(genUnixNs), '20161231235959.999999Z')
    equal(accuracyNs, 251_001_000n)
  })
  test('reaches both ends, by TAI and by Unix time', () => {
    const steps = LEAP_TABLE.steps.map(({ unixSec }) => unixSec * 1_000_000_000n)
    const near = fc.tuple(fc.constantFrom(...steps), fc.bigInt({ min: -3_000_000_000n, max: 3_000_000_000n }))
    fc.assert(
      fc.property(near, fc.bigInt({ min: 0n, max: 2_000_000_000n }), ([step, offset], width) => {
        const earliest = taiFromUnixNs(step) + offset
        const latest = earliest + width
        const { genUnixNs, accuracyNs } = tokenTimeOf({ earliest, latest })
        const [genTai, unixOf] = [taiFromUnixNs(genUnixNs), (at: bigint) => unixFromTai(at).unixNs]
        ok(genTai - accuracyNs <= earliest && latest <= genTai + accuracyNs)
        ok(genUnixNs - accuracyNs <= unixOf(earliest) && unixOf(latest) <= genUnixNs + accuracyNs)
        equal(genUnixNs % 1000n, 0n)
      }),
      { numRuns: 500 },
    )
  })
})

describe('bytes', () => {
  const info = {
    policy: '1.2.3',
    imprint: { algorithm: '2.16.840.1.101.3.4.2.1', imprint: new Uint8Array(32).fill(0xab) },
    serial: Uint8Array.of(0, 0x80),
    nonce: Uint8Array.of(0x00, 0xff),
    genUnixNs: 1_795_266_158_460_923_000n,
    accuracyNs: 2_001_500_000n,
  }
  test('are these', () => {
    equal(
      hexOf(encodeTstInfo(info)),
      [
        '3066 020101 06022a03',
        `3031 300d06096086480165030402010500 0420${'ab'.repeat(32)}`,
        '02020080',
        `1816${Buffer.from('20261121130238.460923Z').toString('hex')}`,
        '300a 020102 800101 810201f4',
        '020200ff',
      ]
        .join('')
        .replaceAll(' ', ''),
    )
  })
  test('and are read as they were written', () => {
    const read = readTstInfo(encodeTstInfo(info))
    ok(read !== undefined)
    deepEqual(
      [read.version, read.policy, read.algorithm.id, hexOf(read.imprint), read.serial, read.nonce, read.genTime],
      ['01', '1.2.3', info.imprint.algorithm, 'ab'.repeat(32), '0080', '00ff', '20261121130238.460923Z'],
    )
    deepEqual([read.genUnixNs, read.accuracyNs, read.tsa], [info.genUnixNs, info.accuracyNs, undefined])
  })
  test('of a time that is none are read too, and say so', () => {
    const hex = hexOf(encodeTstInfo(info)).replace(
      Buffer.from('20261121').toString('hex'),
      Buffer.from('20261321').toString('hex'),
    )
    equal(readTstInfo(Uint8Array.from(Buffer.from(hex, 'hex')))?.genUnixNs, undefined)
  })
})
