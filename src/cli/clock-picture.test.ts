/** The picture of `clock watch`: what is in it, that it fits, and what its drawings show. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { array, assert, integer, property, record } from 'fast-check'
import picocolors from 'picocolors'
import { CLOCK_EXAMPLE, STATUS_EXAMPLE, TIME_EXAMPLE } from '../services/examples.ts'
import { allanText, frequencyText, picture, rangeBar, sparkline, trailed } from './clock-picture.ts'
import type { Seen, TrailPoint } from './clock-picture.ts'
import { visibleLength } from './output.ts'

const paint = picocolors.createColors(false)
const { clock, sources, node, network, acceptedVarianceNs } = STATUS_EXAMPLE
const [source] = sources
ok(source !== undefined)
const trail = Array.from({ length: 200 }, (_, second): TrailPoint => ({ atMs: second * 1000, offsetNs: second * 900 }))
const refused = {
  ...source,
  id: 'roughtime:roughtime.a-very-long-name.example:2002',
  kind: 'roughtime',
  state: 'refused',
  reason: 'roughtime-delegation-signature',
  explanation: 'Its answer was not delegated by the configured key.',
  reach: 0b0101_0101,
} as const
const spoofed = {
  ...source,
  id: 'gpsd:127.0.0.1:2947',
  kind: 'gps' as const,
  state: 'truechimer' as const,
  suspicion: {
    score: 350,
    reasons: [{ reason: 'gps-signal-uniform', explanation: 'All satellites are heard alike.' }],
  },
}
const seen: Seen = {
  name: node.name,
  network: network.name,
  acceptedVarianceNs,
  clock,
  keeping: CLOCK_EXAMPLE,
  time: TIME_EXAMPLE,
  sources: [source, refused, spoofed],
  trail,
}
const lines = (of: Partial<Seen>, columns = 80): string[] => picture({ ...seen, ...of }, { columns, paint })

test('it shows who, when, bound before likely, offset, frequency, stability, polls, servers and every source', () => {
  const text = lines({}).join('\n')
  const heads = ['bound', 'likely', 'offset', 'frequency', 'stability', 'asked', 'serves']
  for (const part of [node.name, clock.status, ' UTC', ...heads, source.id, '± 1.75 ms', '± 90 µs', '377', '1.9e-8'])
    ok(text.includes(part), `${part} is missing in\n${text}`)
  ok(text.indexOf('\nbound') < text.indexOf('\nlikely'), 'the promise comes first')
  match(text, /1350 times a day, 269 of 270 answers good/)
  match(text, /ntp on 0\.0\.0\.0:123: 4711 answered, 12 refused/)
})

test('a leap second is shown as one', () => {
  const utc = { ...TIME_EXAMPLE.utc, estimate: '2026-12-31T23:59:60.500000000Z' }
  match(lines({ time: { ...TIME_EXAMPLE, utc } }).join('\n'), /2026-12-31 23:59:60\.5\d* UTC/)
})

test('a source that is not believed says why in a sentence, and a suspect one how far', () => {
  const text = lines({}, 120).join('\n')
  match(text, /Its answer was not delegated by the configured key\. \[roughtime-delegation-signature\]/)
  match(text, /Suspicion 350 of 1000\. All satellites are heard alike\. \[gps-signal-uniform\]/)
  match(text, /125 +·●·●·●·●/)
})

for (const columns of [60, 80, 100, 120, 200])
  test(`it fits ${columns} columns`, () => {
    for (const line of lines({}, columns)) ok(visibleLength(line) <= columns, `${visibleLength(line)}: ${line}`)
  })

test('without the time it says why there is none', () => {
  const untimed = { ...clock, status: 'unsynchronised', uncertaintyNs: null, likely: null, hostOffsetNs: null } as const
  const keeping = { ...CLOCK_EXAMPLE, allan: [], synchronisations: { ...CLOCK_EXAMPLE.synchronisations, perDay: null } }
  const text = lines({ clock: untimed, time: undefined, keeping, sources: [], trail: [] }, 200).join('\n')
  ok(/majority of its sources/.test(text) && /no sources/.test(text) && /bound +± –/.test(text), text)
  ok(/stability +not yet/.test(text) && /asked +90 times so far/.test(text), text)
})

test('in holdover it says for how long', () => {
  const keeping = { ...CLOCK_EXAMPLE, sinceMajorityNs: 340e9 }
  match(lines({ clock: { ...clock, status: 'holdover' }, keeping })[0] ?? '', /holdover for 340 s/)
})

describe('the bar', () => {
  const at = (earliest: number, likely: readonly [number, number], estimate: number, latest: number) => ({
    ...TIME_EXAMPLE,
    earliest: String(earliest),
    latest: String(latest),
    estimate: String(estimate),
    likely: { earliest: String(likely[0]), latest: String(likely[1]), uncertaintyNs: 0 },
  })
  test('has the likely range inside the interval, and the estimate in that', () =>
    equal(rangeBar(at(0, [40, 60], 50, 100), 11), '├───━┿━───┤'))
  test('keeps the ends of the interval in sight', () => equal(rangeBar(at(0, [0, 100], 0, 100), 8), '├┿━━━━━┤'))
  test('does not fall over an interval without width', () => equal(rangeBar(at(5, [5, 5], 5, 5), 8).length, 8))
})

describe('the line of the last minutes', () => {
  const rising = Array.from({ length: 8 }, (_, cell) => ({ atMs: cell * 30_000, offsetNs: cell * 1e6 }))
  test('rises with the offset, the newest at the right', () => equal(sparkline(rising, 8), '▁▂▃▄▅▆▇█'))
  test('is blank where nothing was heard', () =>
    equal(
      sparkline(
        [rising[0], rising[7]].flatMap((point) => point ?? []),
        8,
      ),
      '▁      █',
    ))
  test('is flat where nothing to speak of changes', () => {
    const flat = rising.map(({ atMs }, index) => ({ atMs, offsetNs: index % 2 }))
    equal(new Set(sparkline(flat, 8)).size, 1)
  })
  test('is bounded, as wide as it was told, whatever it was given', () => {
    const points = array(record({ atMs: integer({ min: 0, max: 900_000 }), offsetNs: integer() }), { maxLength: 30 })
    assert(
      property(points, integer({ min: 1, max: 60 }), (given, cells) => {
        const ordered = given.toSorted((a, b) => a.atMs - b.atMs)
        const kept = ordered.reduce<readonly TrailPoint[]>(trailed, [])
        ok(kept.length <= ordered.length)
        match(sparkline(kept, cells), new RegExp(`^[ ▁-█]{${cells}}$`))
      }),
      { numRuns: 100 },
    )
    const many = Array.from({ length: 5000 }, (_, index) => ({ atMs: index, offsetNs: 0 }))
    equal(many.reduce<readonly TrailPoint[]>(trailed, []).length, 600)
  })
})

test('of the Allan deviation as much as fits, its ends first', () => {
  equal(allanText(CLOCK_EXAMPLE.allan, 80), '64 s 1.9e-8 · 128 s 1.1e-8 · 256 s 7.2e-9')
  equal(allanText(CLOCK_EXAMPLE.allan, 30), '64 s 1.9e-8 · 256 s 7.2e-9')
  equal(allanText(CLOCK_EXAMPLE.allan, 5), '64 s 1.9e-8')
  equal(allanText([{ tauSec: 0.5, deviation: 1e-7, samples: 1 }], 80), '500 ms 1.0e-7')
})

const frequencies: readonly (readonly [ppb: number, text: string])[] = [
  [0, '0.000 ppm'],
  [31_000, '31.000 ppm fast'],
  [-8, '0.008 ppm slow'],
]
for (const [ppb, text] of frequencies) test(`${ppb} ppb is ${text}`, () => equal(frequencyText(ppb), text))

test('colours change no length', () => {
  const coloured = picture(seen, { columns: 80, paint: picocolors.createColors(true) })
  deepEqual(coloured.map(visibleLength), lines({}).map(visibleLength))
})
