/** What keeps the host clock: answers of the real programs, each reason, and that no text breaks the readers. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, abs } from '../base/index.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'
import {
  TRACKING_CHARACTERS_MAX,
  TRACKING_TELLERS,
  readAdjtimex,
  readChronyTracking,
  readNtptime,
} from './host-tracking.ts'

/** chrony 4.3 following a server on loopback; at `NOW` the reference is 0.2 s old. */
const CHRONY =
  '7F000001,127.0.0.1,2,1795232389.827519665,-0.000000849,-0.000000033,0.000000301,-0.018,-0.002,0.102,0.000004490,0.000000951,0.3,Normal\n'
const NOW = 1_795_232_390_027_519_665n
/** The same chrony with `local stratum 3` and no source, and with no source at all. */
const CHRONY_LOCAL =
  '7F7F0101,,3,1795230819.202315190,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.000000000,0.000000000,0.0,Normal\n'
const CHRONY_UNSYNCHRONISED =
  '00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised\n'

test('chronyc: the bound is |offset| + root dispersion + half the root delay', () => {
  deepEqual(readChronyTracking(CHRONY, NOW), {
    verdict: 'accept',
    value: {
      boundNs: 849n + 951n + 2245n + 1n,
      correctionNs: -849n,
      leap: 'none',
      place: { stratum: 2, referenceId: 0x7f_00_00_01, rootDelayNs: 4490n },
    },
  })
})

/** The line with some fields changed. */
const chrony = (fields: Readonly<Record<number, string>>): string =>
  CHRONY.trimEnd()
    .split(',')
    .map((field, i) => fields[i] ?? field)
    .join(',')

const CHRONY_REFUSED: readonly (readonly [what: string, text: string, reason: string])[] = [
  ['no source yet', CHRONY_UNSYNCHRONISED, 'host-tracking-unsynchronised'],
  ['its own local clock', CHRONY_LOCAL, 'host-tracking-local'],
  ['leap status', chrony({ 13: 'Not synchronised' }), 'host-tracking-unsynchronised'],
  ['stratum 16', chrony({ 2: '16' }), 'host-tracking-unsynchronised'],
  ['a reference two hours old', chrony({ 3: '1795225190.000000000' }), 'host-tracking-stale'],
  ['a reference ahead of the host clock', chrony({ 3: '1795232395.000000000' }), 'host-tracking-stale'],
  ['a second of dispersion', chrony({ 11: '1.000000000' }), 'host-tracking-wide'],
  ['a second of offset', chrony({ 4: '-1.000000000', 3: '1795232389.027519665' }), 'host-tracking-wide'],
  ['nothing', '', 'host-tracking-malformed'],
  ['chronyc’s complaint', '506 Cannot talk to daemon\n', 'host-tracking-malformed'],
  ['a field too few', CHRONY.replace(',0.3,', ','), 'host-tracking-malformed'],
  ['two lines', CHRONY + CHRONY, 'host-tracking-malformed'],
  ['a word for a number', chrony({ 11: 'nan' }), 'host-tracking-malformed'],
  ['an exponent', chrony({ 11: '1e-9' }), 'host-tracking-malformed'],
  ['a negative dispersion', chrony({ 11: '-0.000000951' }), 'host-tracking-malformed'],
  ['an unknown leap status', chrony({ 13: 'Perhaps' }), 'host-tracking-malformed'],
  ['endless text', CHRONY.trimEnd() + '0'.repeat(TRACKING_CHARACTERS_MAX), 'host-tracking-malformed'],
]
for (const [what, text, reason] of CHRONY_REFUSED)
  test(`chronyc refused: ${what}`, () => {
    const read = readChronyTracking(text, NOW)
    equal(read.verdict === 'accept' ? 'accepted' : read.reason, reason)
  })

test('chronyc: seldom updates make an old reference good, leap seconds are told, a negative root delay is none', () => {
  const old = { 3: '1795225190.000000000', 12: '2049.5' }
  equal(readChronyTracking(chrony(old), NOW).verdict, 'accept')
  for (const [word, leap] of [
    ['Insert second', 'insert'],
    ['Delete second', 'delete'],
  ] as const) {
    const read = readChronyTracking(chrony({ 13: word }), NOW)
    equal(read.verdict === 'accept' && read.value.leap, leap)
  }
  const read = readChronyTracking(chrony({ 10: '-0.000000200' }), NOW)
  equal(read.verdict === 'accept' && read.value.boundNs, 849n + 951n + 1n)
})

/** As adjtimex 1.29 prints it; a kernel that chronyd keeps, offsets in ns. */
const ADJTIMEX = `         mode: 0
       offset: -12345
    frequency: 1114112
     maxerror: 6543
     esterror: 21
       status: 8193
time_constant: 7
    precision: 1
    tolerance: 32768000
         tick: 10000
     raw time:  1795232389s 827519665us = 1795232389.827519665
 return value = 0
`
const adjtimex = (name: string, value: string): string =>
  ADJTIMEX.replace(new RegExp(`(${name}[:=] |${name} = ).*`), `$1${value}`)

test('adjtimex: the bound is the maximum error and the offset, in ns or µs as the status says', () => {
  deepEqual(readAdjtimex(ADJTIMEX), {
    verdict: 'accept',
    value: { boundNs: 6_543_000n + 12_345n, correctionNs: -12_345n, leap: 'none', place: undefined },
  })
  const coarse = readAdjtimex(adjtimex('status', '17'))
  deepEqual(coarse.verdict === 'accept' && [coarse.value.boundNs, coarse.value.leap], [
    6_543_000n + 12_345_000n,
    'insert',
  ])
})

const NTPTIME = `ntp_gettime() returns code 0 (OK)
  time ec9a5085.d3d8d7e8  Sat, Nov 21 2026  3:39:49.827, (.827519665),
  maximum error 6543 us, estimated error 21 us, TAI offset 37
ntp_adjtime() returns code 0 (OK)
  modes 0x0 (),
  offset -12.345 us, frequency 17.000 ppm, interval 1 s,
  maximum error 6543 us, estimated error 21 us,
  status 0x2001 (PLL,NANO),
  time constant 7, precision 0.001 us, tolerance 500 ppm,
`

test('ntptime says the same', () => deepEqual(readNtptime(NTPTIME), readAdjtimex(ADJTIMEX)))

const KERNEL_REFUSED: readonly (readonly [what: string, read: ReturnType<typeof readAdjtimex>, reason: string])[] = [
  ['adjtimex, unsynchronised', readAdjtimex(adjtimex('status', '8257')), 'host-tracking-unsynchronised'],
  ['adjtimex, in error', readAdjtimex(adjtimex('return value', '5')), 'host-tracking-unsynchronised'],
  ['adjtimex, no estimate', readAdjtimex(adjtimex('esterror', '0')), 'host-tracking-unmeasured'],
  ['adjtimex, more estimated than possible', readAdjtimex(adjtimex('esterror', '7000')), 'host-tracking-unmeasured'],
  ['adjtimex, 16 s', readAdjtimex(adjtimex('maxerror', '16000000')), 'host-tracking-wide'],
  ['adjtimex, no status', readAdjtimex(ADJTIMEX.replace('status', 'stat')), 'host-tracking-malformed'],
  ['adjtimex, a fraction of a ns', readAdjtimex(adjtimex('offset', '1.5')), 'host-tracking-malformed'],
  ['ntptime, unsynchronised', readNtptime(NTPTIME.replace('0x2001', '0x2041')), 'host-tracking-unsynchronised'],
  [
    'ntptime, in error',
    readNtptime(NTPTIME.replace('ntp_adjtime() returns code 0', 'ntp_adjtime() returns code 5')),
    'host-tracking-unsynchronised',
  ],
  ['ntptime, half of it', readNtptime(NTPTIME.slice(0, 150)), 'host-tracking-malformed'],
]
for (const [what, read, reason] of KERNEL_REFUSED)
  test(`refused: ${what}`, () => equal(read.verdict === 'accept' ? 'accepted' : read.reason, reason))

test('the longest answer, of blanks or of anything, takes no longer to read than some short ones', () => {
  const long = [' ', '\t', 'a ', 'a  :', ': ', '\u2028'].map((unit) =>
    unit.repeat(TRACKING_CHARACTERS_MAX / unit.length),
  )
  const spentNs = (texts: readonly string[]): bigint => {
    const before = process.hrtime.bigint()
    for (const text of texts) for (const { read } of TRACKING_TELLERS) read(text, NOW)
    return process.hrtime.bigint() - before
  }
  // A reader that tried every split of a line would take as long as a million short ones.
  const short = Array.from({ length: 100 }, () => CHRONY)
  spentNs(short)
  ok(spentNs(long) < 1000n * spentNs(short))
})

test('no text breaks a reader, and what is accepted has a bound of a second at most around its guess', () => {
  const damaged = fc
    .tuple(
      fc.constantFrom(CHRONY, ADJTIMEX, NTPTIME),
      fc.nat(400),
      fc.nat(20),
      fc.string({ maxLength: 12, size: 'max', unit: 'binary' }),
    )
    .map(([text, at, cut, filler]) => text.slice(0, at) + filler + text.slice(at + cut))
  fc.assert(
    fc.property(fc.oneof(damaged, fc.string({ maxLength: 300, size: 'max' })), (text) => {
      for (const { read } of TRACKING_TELLERS) {
        const found = read(text, NOW)
        if (found.verdict !== 'accept') continue
        const { boundNs, correctionNs } = found.value
        ok(boundNs > 0n && boundNs <= NS_PER_SEC && abs(correctionNs) <= boundNs)
      }
    }),
    { numRuns: fuzzRuns(2000) },
  )
})
