/** Lines of recorded exchanges: decimals without loss, every refusal by its reason, and nothing that any text does to the reader. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC } from '../base/index.ts'
import {
  EXCHANGES_HEADER,
  EXCHANGE_LINE_MAX,
  EXCHANGE_LINE_REASONS,
  nsOfSeconds,
  readExchangeLine,
  readLocalTimeLine,
  secondsOfNs,
} from './exchange-lines.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'

test('seconds as decimals', () => {
  const rows: readonly (readonly [string, bigint | undefined])[] = [
    ['0', 0n],
    ['1', NS_PER_SEC],
    [' 1.5 ', 1_500_000_000n],
    ['+1.5', 1_500_000_000n],
    ['-0.000000001', -1n],
    ['-1.5', -1_500_000_000n],
    ['1800000000.123456789', 1_800_000_000_123_456_789n],
    ['0.999999999999', 999_999_999n],
    ['99999999999.999999999', 99_999_999_999_999_999_999n],
    ['100000000000', undefined],
    ['0.1234567890123', undefined],
    ['', undefined],
    ['.5', undefined],
    ['5.', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['--1', undefined],
    ['1_000', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['１', undefined],
  ]
  for (const [text, ns] of rows) equal(nsOfSeconds(text), ns, text)
})

test('there and back is exact', () =>
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }), (ns) =>
      equal(nsOfSeconds(secondsOfNs(ns)), ns),
    ),
    { numRuns: 300 },
  ))

test('an exchange, and everything that is none', () => {
  deepEqual(readExchangeLine(' ntp.example , 1.000000001,3,3.5,2\r'), {
    verdict: 'accept',
    value: {
      sourceId: 'ntp.example',
      t1: 1_000_000_001n,
      t2: 3n * NS_PER_SEC,
      t3: 3_500_000_000n,
      t4: 2n * NS_PER_SEC,
    },
  })
  equal(readExchangeLine('a,1,1,1,1').verdict, 'accept')
  equal(readExchangeLine('a,1,5,6,2').verdict, 'accept')
  const rows: readonly (readonly [string, string])[] = [
    [`${'a'.repeat(EXCHANGE_LINE_MAX)},1,1,1,1`, 'line-too-long'],
    ['', 'wrong-columns'],
    ['a,1,2,3', 'wrong-columns'],
    ['a,1,2,3,4,5', 'wrong-columns'],
    ['a;1;2;3;4', 'wrong-columns'],
    [' ,1,1,1,1', 'no-source'],
    [EXCHANGES_HEADER, 'not-seconds'],
    ['a,1,1,1,1e9', 'not-seconds'],
    ['a,1,,1,1', 'not-seconds'],
    ['a,2,5,5,1', 'impossible-exchange'],
    ['a,1,5,4,2', 'impossible-exchange'],
    ['a,1,5,6.000000001,2', 'impossible-exchange'],
  ]
  for (const [line, reason] of rows) deepEqual(readExchangeLine(line), { verdict: 'reject', reason }, line)
  deepEqual([...new Set(rows.map(([, reason]) => reason))].toSorted(), [...EXCHANGE_LINE_REASONS].toSorted())
})

test('a local time is the first column, whatever follows', () => {
  deepEqual(readLocalTimeLine('12.5,truth,and,more'), { verdict: 'accept', value: 12_500_000_000n })
  deepEqual(readLocalTimeLine('x'), { verdict: 'reject', reason: 'not-seconds' })
  deepEqual(readLocalTimeLine(`1,${'9'.repeat(EXCHANGE_LINE_MAX)}`), { verdict: 'reject', reason: 'line-too-long' })
})

test('any text: an answer, and what is taken could have happened', () => {
  const anyField = fc.oneof(
    fc.string({ maxLength: 12, size: 'max' }),
    fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(secondsOfNs),
    fc.constantFrom('1', '1.000000001', '-1', 'a', ' '),
  )
  const anyLine = fc.oneof(
    fc.string({ maxLength: 300, size: 'max' }),
    fc.array(anyField, { minLength: 4, maxLength: 6 }).map((fields) => fields.join(',')),
  )
  fc.assert(
    fc.property(anyLine, (line) => {
      ok(['accept', 'reject'].includes(readLocalTimeLine(line).verdict))
      const admission = readExchangeLine(line)
      if (admission.verdict !== 'accept') return ok(EXCHANGE_LINE_REASONS.includes(admission.reason))
      const { sourceId, t1, t2, t3, t4 } = admission.value
      return ok(sourceId !== '' && t1 <= t4 && t2 <= t3 && t3 - t2 <= t4 - t1)
    }),
    { numRuns: fuzzRuns(500) },
  )
})
