/** Lengths of time and verdicts, as people read them. */
import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { STATUS_REASONS } from '../validation/index.ts'
import type { Finding, StatusReason } from '../validation/index.ts'
import { durationText, explainVerdict } from './explanations.ts'

const lengths: readonly (readonly [ns: bigint, text: string])[] = [
  [0n, '0 ns'],
  [1n, '1 ns'],
  [999n, '999 ns'],
  [1000n, '1 µs'],
  [31_400n, '31.4 µs'],
  [999_499n, '999 µs'],
  [999_900n, '1 ms'],
  [250_000_000n, '250 ms'],
  [999_999_999n, '1 s'],
  [1_254_000_000n, '1.25 s'],
  [-20_000_000n, '20 ms'],
  [86_400_000_000_000n, '86400 s'],
]
for (const [ns, text] of lengths) test(`${ns} ns is ${text}`, () => equal(durationText(ns), text))

test('it is within half a percent of what it tells', () => {
  const unitNs: Readonly<Record<string, number>> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 }
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 13n }), (ns) => {
      const [figures = '', unit = ''] = durationText(ns).split(' ')
      const told = Number(figures) * (unitNs[unit] ?? Number.NaN)
      ok(Math.abs(told - Number(ns)) <= Number(ns) * 0.005 + 1e-9, `${ns} is told as ${figures} ${unit}`)
    }),
    { numRuns: 200 },
  )
})

const offset = { lo: 240_000_000n, hi: 250_000_000n }
const finding = { agreeing: 3, asked: 4, offset, reason: 'ahead' } satisfies Partial<Finding>

interface Case {
  readonly reason: StatusReason
  readonly offset?: typeof offset
  readonly finding?: Partial<Finding>
  readonly text: string
}
const cases: readonly Case[] = [
  { reason: 'never-proved', text: 'Its clock is not proved yet.' },
  { reason: 'no-proof', offset, finding, text: 'It has answered no witness for a while.' },
  { reason: 'in-range', offset, finding, text: 'Keeps good time: 3 of 4 witnesses agree.' },
  { reason: 'in-range', text: 'Keeps good time.' },
  {
    reason: 'in-range',
    finding: { agreeing: 0, asked: 4, reason: 'too-few-witnesses' },
    text: 'Keeps good time; lately too few of its witnesses were heard.',
  },
  {
    reason: 'in-range',
    finding: { agreeing: 0, asked: 4, reason: 'no-agreement' },
    text: 'Keeps good time; lately its witnesses do not agree.',
  },
  { reason: 'ahead', offset, finding, text: '245 ms ahead: 3 of 4 witnesses agree.' },
  { reason: 'ahead', finding: { agreeing: 0, asked: 0 }, text: 'Out of range, ahead.' },
  { reason: 'behind', offset: { lo: -250_000_000n, hi: -240_000_000n }, text: '245 ms behind.' },
]
for (const { text, reason, ...given } of cases)
  test(`${reason}: “${text}”`, () => {
    const verdict = { status: 'unproven', reason, since: 0 } as const
    const found =
      given.finding === undefined
        ? undefined
        : ({ offset: undefined, reason: 'ahead', agreeing: 0, asked: 0, ...given.finding } as const)
    equal(explainVerdict({ verdict, offset: given.offset, finding: found }), text)
  })

test('every reason has its sentence', () =>
  equal(new Set(cases.map(({ reason }) => reason)).size, STATUS_REASONS.length))
