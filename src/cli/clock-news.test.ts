/** What a log says of a clock: changes, and not polls. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC } from '../base/index.ts'
import type { ClockStatus, SourceReport } from '../clock/index.ts'
import { ClockHerald } from './clock-news.ts'

type Seen = readonly [state: SourceReport['state'], reason: string]

/** The lines of a clock with one source, one look a second. */
const told = (looks: readonly (readonly [status: ClockStatus, ...Seen])[], secondsApart = 1): string[] => {
  const herald = new ClockHerald()
  return looks.flatMap(([status, state, reason], i) => {
    const localNs = BigInt(i * secondsApart) * NS_PER_SEC
    const report = { sourceId: 'ntp:a', kind: 'ntp', reach: 0, state, reason, measurement: undefined } as const
    const news = herald.news({ localNs, status, reports: [report] })
    return news.map(({ level, message, facts }) => [level, message, ...Object.values(facts)].join(' '))
  })
}

const FALLEN = 'warn a source does not count. No reply came in time. ntp:a unreachable ntp-timeout'

const cases: readonly (readonly [name: string, looks: Parameters<typeof told>[0], lines: readonly string[]])[] = [
  ['a start', [['unsynchronised', 'waiting', '']], []],
  [
    'a start that ends well',
    [
      ['unsynchronised', 'waiting', ''],
      ['synchronised', 'selected', ''],
    ],
    ['info the clock is synchronised unsynchronised'],
  ],
  ['a source that is dead at once', [['unsynchronised', 'unreachable', 'ntp-timeout']], [FALLEN]],
  [
    'two states within a minute',
    [
      ['unsynchronised', 'unreachable', 'ntp-timeout'],
      ['unsynchronised', 'refused', 'kod-deny'],
    ],
    [FALLEN],
  ],
]
for (const [name, looks, lines] of cases) test(name, () => deepEqual(told(looks), lines))

test('a dead source is told once, however long', () => {
  const looks = Array.from({ length: 600 }, () => ['unsynchronised', 'unreachable', 'ntp-timeout'] as const)
  deepEqual(told(looks), [FALLEN])
})

test('one that comes back is told, and so is the clock that lost it', () =>
  deepEqual(
    told(
      [
        ['synchronised', 'selected', ''],
        ['holdover', 'unreachable', 'ntp-timeout'],
        ['synchronised', 'waiting', ''],
        ['synchronised', 'truechimer', ''],
      ],
      60,
    ),
    [
      'info the clock is synchronised unsynchronised',
      FALLEN,
      'warn the clock is holdover synchronised',
      'info the clock is synchronised holdover',
      'info a source counts again ntp:a',
    ],
  ))

test('one that goes to and fro is told once a minute', () => {
  const looks = Array.from({ length: 600 }, (_, i) =>
    i % 2 === 0
      ? (['synchronised', 'unreachable', 'ntp-timeout'] as const)
      : (['synchronised', 'selected', ''] as const),
  )
  const lines = told(looks)
  equal(lines.filter((line) => line.includes('source')).length, 10)
})
