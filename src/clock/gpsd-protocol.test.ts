import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'
import { GPSD_LINE_BYTES_MAX, GpsdLines } from './gpsd-lines.ts'
import { GPSD_LINE_REASONS, parseGpsdLine } from './gpsd-protocol.ts'
import { taiFromUnixNs } from './time-scales.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const parse = (line: unknown) => parseGpsdLine(bytes(typeof line === 'string' ? line : JSON.stringify(line)))

/** As gpsd 3.22 sends them for a receiver near Munich. */
const TPV =
  '{"class":"TPV","device":"/dev/ttyS0","mode":3,"time":"2026-11-21T00:39:03.250Z","ept":0.005,"leapseconds":18,' +
  '"lat":48.149975000,"lon":11.584778333,"altHAE":509.2000,"altMSL":463.0000,"epx":10.010,"track":12.5,"speed":3.25,' +
  '"climb":0.75,"ecefx":4171238.11}'
const SKY =
  '{"class":"SKY","device":"/dev/ttyS0","hdop":1.00,"nSat":3,"uSat":2,"satellites":[' +
  '{"PRN":17,"el":77.0,"az":41.0,"ss":43.0,"used":true},{"PRN":21,"el":76.0,"az":138.0,"ss":47.0,"used":true},' +
  '{"PRN":9,"el":47.0,"az":236.0,"ss":38.0,"used":false}]}'
const PPS =
  '{"class":"PPS","device":"/dev/pps0","real_sec":1795221543,"real_nsec":0,"clock_sec":1795221543,"clock_nsec":495335,"precision":-20}'

test('TPV: time, error, mode and leap seconds, exact to the nanosecond', () => {
  deepEqual(parse(TPV), {
    verdict: 'accept',
    value: {
      class: 'TPV',
      device: '/dev/ttyS0',
      mode: 3,
      tai: taiFromUnixNs(1_795_221_543_250_000_000n),
      errorNs: 5n * NS_PER_MS,
      leapSec: 18,
    },
  })
  const fine = parse({ class: 'TPV', mode: 2, time: '2026-11-21T00:39:03.123456789Z' })
  ok(fine.verdict === 'accept' && fine.value.class === 'TPV')
  equal(fine.value.tai, taiFromUnixNs(1_795_221_543_123_456_789n))
})

test('SKY: two counts, and how strongly those in use are heard', () => {
  const signal = { count: 2, meanDbHz: 45, spreadDbHz: 2 }
  const value = { class: 'SKY', device: '/dev/ttyS0', usedCount: 2, seenCount: 3, signal }
  deepEqual(parse(SKY), { verdict: 'accept', value })
  const uncounted = JSON.parse(SKY)
  delete uncounted.uSat
  delete uncounted.nSat
  deepEqual(parse(uncounted), { verdict: 'accept', value }, 'counted from the list')
  const bare = { class: 'SKY', device: '', usedCount: undefined, seenCount: undefined, signal: undefined }
  deepEqual(parse({ class: 'SKY', hdop: 1 }), { verdict: 'accept', value: bare })
  const silent = [{ used: true, ss: 0 }, { used: true, ss: -1 }, { used: true }, { used: false, ss: 40 }]
  const unheard = { ...bare, usedCount: 3, seenCount: 4 }
  deepEqual(parse({ class: 'SKY', satellites: silent }), { verdict: 'accept', value: unheard })
})

test('PPS and TOFF: a pair of instants', () => {
  const value = {
    class: 'PPS',
    device: '/dev/pps0',
    realUnixNs: 1_795_221_543n * NS_PER_SEC,
    clockUnixNs: 1_795_221_543_000_495_335n,
    precision: -20,
  }
  deepEqual(parse(PPS), { verdict: 'accept', value })
  const toff = { ...JSON.parse(PPS), class: 'TOFF', precision: undefined }
  deepEqual(parse(toff), { verdict: 'accept', value: { ...value, class: 'TOFF', precision: undefined } })
})

test('VERSION, WATCH, DEVICES, DEVICE', () => {
  equal(parse({ class: 'VERSION', release: '3.22', proto_major: 3, proto_minor: 14 }).verdict, 'accept')
  equal(parse({ class: 'WATCH', enable: true }).verdict, 'accept')
  const drivers = [{ device: 'tcp://x', driver: 'NMEA0183' }]
  const device = { class: 'DEVICE', path: 'tcp://x', driver: 'NMEA0183' }
  deepEqual(parse(device), { verdict: 'accept', value: { class: 'DEVICE', drivers } })
  deepEqual(parse({ class: 'DEVICES', devices: [device, { class: 'DEVICE', path: 'tcp://y' }] }), {
    verdict: 'accept',
    value: { class: 'DEVICE', drivers },
  })
})

const REFUSED: readonly (readonly [string, string, unknown])[] = [
  ['reject', 'gpsd-not-json', 'half a li'],
  ['reject', 'gpsd-not-json', ''],
  ['reject', 'gpsd-not-json', '[]'],
  ['reject', 'gpsd-not-json', 'null'],
  ['reject', 'gpsd-not-json', '7'],
  ['reject', 'gpsd-no-class', {}],
  ['reject', 'gpsd-no-class', { class: 7 }],
  ['reject', 'gpsd-no-class', '{"__proto__":{"class":"TPV","mode":3}}'],
  ['ignore', 'gpsd-unknown-class', { class: 'ATT', heading: 1 }],
  ['ignore', 'gpsd-unknown-class', { class: '__proto__' }],
  ['reject', 'gpsd-error', { class: 'ERROR', message: 'lat 48.14' }],
  ['reject', 'gpsd-wrong-version', { class: 'VERSION', proto_major: 4 }],
  ['reject', 'gpsd-bad-field', { class: 'VERSION' }],
  ['reject', 'gpsd-bad-field', { class: 'TPV' }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 4 }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 2.5 }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: '3' }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 3, time: 1_795_221_543.25 }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 3, time: '2026-02-30T00:00:00Z' }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 3, time: '2026-11-21 00:39:03' }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 3, time: '9999-11-21T00:39:03Z' }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 3, time: '2026-11-21T23:59:60Z' }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 3, ept: -1 }],
  ['reject', 'gpsd-bad-field', '{"class":"TPV","mode":3,"ept":1e999}'],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 3, leapseconds: 1.5 }],
  ['reject', 'gpsd-bad-field', { class: 'TPV', mode: 3, device: 'x'.repeat(257) }],
  ['reject', 'gpsd-bad-field', { class: 'SKY', uSat: -1 }],
  ['reject', 'gpsd-bad-field', { class: 'SKY', satellites: {} }],
  ['reject', 'gpsd-bad-field', { class: 'SKY', satellites: [{ ss: 255 }] }],
  ['reject', 'gpsd-bad-field', { class: 'SKY', satellites: [{ ss: '40' }] }],
  ['reject', 'gpsd-bad-field', '{"class":"SKY","satellites":[{"ss":1e999}]}'],
  ['reject', 'gpsd-bad-field', { class: 'SKY', satellites: Array.from({ length: 257 }, () => ({})) }],
  ['reject', 'gpsd-bad-field', { class: 'PPS', real_sec: 1, real_nsec: 1_000_000_000, clock_sec: 1, clock_nsec: 0 }],
  ['reject', 'gpsd-bad-field', { class: 'PPS', real_sec: 1e12, real_nsec: 0, clock_sec: 1, clock_nsec: 0 }],
  ['reject', 'gpsd-bad-field', { class: 'TOFF', real_sec: 1, real_nsec: 0 }],
  ['reject', 'gpsd-bad-field', { class: 'PPS', real_sec: 1, real_nsec: 0, clock_sec: 1, clock_nsec: 0, precision: 9 }],
  ['reject', 'gpsd-bad-field', { class: 'DEVICES', devices: 7 }],
]
for (const [verdict, reason, line] of REFUSED) {
  test(`${reason}: ${JSON.stringify(line).slice(0, 60)}`, () => deepEqual(parse(line), { verdict, reason }))
}

test('bytes that are not UTF-8, and nesting without end, are not JSON', () => {
  deepEqual(parseGpsdLine(Uint8Array.from([0x22, 0xff, 0x22])), { verdict: 'reject', reason: 'gpsd-not-json' })
  equal(parseGpsdLine(bytes('['.repeat(GPSD_LINE_BYTES_MAX))).verdict, 'reject')
})

test('every reason is reached by the table, but for the splitter’s own', () => {
  const reached = new Set(REFUSED.map(([, reason]) => reason))
  deepEqual(
    GPSD_LINE_REASONS.filter((reason) => !reached.has(reason)),
    ['gpsd-line-too-long'],
  )
})

/** Position, movement and where satellites stand: no word of it in any code of ours, nor a digit in what is parsed. */
test('position exists nowhere: not in what the parser returns, and as a name in none of its files', () => {
  const told = [TPV, SKY, PPS].map(parse)
  const text = JSON.stringify(told, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  const digits = ['48.14', '11.58', '509.2', '463', '4171238', '12.5', '3.25,', '0.75', '138', '236', '10.01']
  deepEqual(
    digits.filter((one) => text.includes(one)),
    [],
  )
  const names =
    /\b(lat|lon|latitude|longitude|alt|altitude|altHAE|altMSL|speed|climb|track|azimuth|az|el|elevation|ecef\w*)\b/i
  const files = ['gpsd-lines', 'gpsd-protocol', 'gpsd-measurement', 'gpsd-pace', 'io/gpsd-source']
  files.push('gps-weeks', 'gps-ramp', 'gps-knowledge', 'gps-detector', 'gps-guard')
  for (const file of files) {
    const source = readFileSync(new URL(`./${file}.ts`, import.meta.url), 'utf8')
    const code = source.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '')
    ok(code.length > 500, `${file} was read`)
    equal(names.exec(code)?.[0], undefined, file)
  }
})

const linesOf = (splitter: GpsdLines, text: string): string[] =>
  splitter
    .push(bytes(text))
    .map((line) => (line.verdict === 'accept' ? new TextDecoder().decode(line.value) : line.reason))

test('lines: whole, halved, empty, overlong, and the one after', () => {
  const splitter = new GpsdLines(8)
  deepEqual(linesOf(splitter, 'one\ntwo\r\n\n'), ['one', 'two\r'])
  deepEqual(linesOf(splitter, 'ha'), [])
  deepEqual(linesOf(splitter, 'lf\n'), ['half'])
  deepEqual(linesOf(splitter, '12345678\n'), ['12345678'])
  deepEqual(linesOf(splitter, '123456789\nnext\n'), ['gpsd-line-too-long', 'next'])
  deepEqual(linesOf(splitter, '12345'), [])
  deepEqual(linesOf(splitter, '6789'), ['gpsd-line-too-long'])
  deepEqual(linesOf(splitter, 'still the same line'), [])
  deepEqual(linesOf(splitter, 'its end\nafter\n'), ['after'])
})

test('a megabyte without a newline is refused once and costs no memory', () => {
  const splitter = new GpsdLines()
  const refused = Array.from({ length: 16 }, () => splitter.push(new Uint8Array(65_536).fill(0x61))).flat()
  deepEqual(refused, [{ verdict: 'reject', reason: 'gpsd-line-too-long' }])
  equal(splitter.heldBytes, 0)
  deepEqual(linesOf(splitter, '\ngood\n'), ['good'])
})

test('nested as deep as a line is long, or numbers without end: a reason, and no stack overflows', () => {
  const deep = (open: string, close: string): string => {
    const times = Math.floor(GPSD_LINE_BYTES_MAX / (open.length + close.length)) - 16
    return open.repeat(times) + close.repeat(times)
  }
  const lines: readonly (readonly [string, string])[] = [
    ['['.repeat(GPSD_LINE_BYTES_MAX), 'gpsd-not-json'],
    [deep('[', ']'), 'gpsd-not-json'],
    [deep('{"class":', '}'), 'gpsd-not-json'],
    [`{"class":"SKY","satellites":${deep('[', ']')}}`, 'accept'],
    [`{"class":"TPV","mode":${'9'.repeat(16_000)}}`, 'gpsd-bad-field'],
    [`{"class":"TPV","mode":3,"ept":1e${'9'.repeat(300)}}`, 'gpsd-bad-field'],
    [`{"class":"TPV","mode":3,"time":"${'2'.repeat(16_000)}"}`, 'gpsd-bad-field'],
  ]
  for (const [line, said] of lines) {
    const parsed = parse(line)
    equal(parsed.verdict === 'accept' ? 'accept' : parsed.reason, said, line.slice(0, 40))
  }
})

test('however the stream is cut, the lines are the same, and what is held stays bounded', () => {
  const stream = fc
    .array(fc.constantFrom('a', 'bc', '\n', '0123456789'), { maxLength: 60, size: 'max' })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(
      stream,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60, size: 'max' }),
      (text, cuts) => {
        const whole = linesOf(new GpsdLines(16), `${text}\n`)
        const splitter = new GpsdLines(16)
        const pieces: string[] = []
        let rest = `${text}\n`
        for (let i = 0; rest !== ''; i += 1) {
          const cut = cuts[i % cuts.length] ?? 1
          pieces.push(...linesOf(splitter, rest.slice(0, cut)))
          rest = rest.slice(cut)
          ok(splitter.heldBytes <= 16)
        }
        deepEqual(pieces, whole)
      },
    ),
    { numRuns: 100 },
  )
})

test('any line: the parser never throws, and names its reason', () => {
  const message = fc.record(
    {
      class: fc.constantFrom('TPV', 'SKY', 'TOFF', 'PPS', 'DEVICES', 'DEVICE', 'VERSION', 'ERROR', 'constructor'),
      mode: fc.oneof(fc.integer({ min: -1, max: 5 }), fc.anything()),
      time: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.anything(),
      ),
      ept: fc.oneof(fc.double(), fc.anything()),
      uSat: fc.anything(),
      satellites: fc.oneof(fc.array(fc.record({ ss: fc.double(), used: fc.boolean() })), fc.anything()),
      devices: fc.anything(),
      real_sec: fc.oneof(fc.integer(), fc.anything()),
      real_nsec: fc.oneof(fc.integer(), fc.anything()),
      clock_sec: fc.integer(),
      clock_nsec: fc.integer(),
    },
    { requiredKeys: ['class'] },
  )
  const json = message.map((value) =>
    bytes(JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? 0 : one))),
  )
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200, size: 'max' }), json), (line) => {
      const parsed = parseGpsdLine(line)
      if (parsed.verdict !== 'accept') ok(GPSD_LINE_REASONS.includes(parsed.reason))
    }),
    { numRuns: fuzzRuns(500) },
  )
})
