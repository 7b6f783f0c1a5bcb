/** Findings: numbers on paper, and what holds whatever less than a third of a committee says or leaves unsaid. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { holds } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'
import { FINDING_REASONS, findOffset } from './index.ts'
import type { Finding } from './index.ts'

const V = 50n
const seat = (id: string, weight = 1n) => ({ id, key: new Uint8Array(), weight })
const says = (witness: string, lo: bigint, hi: bigint) => ({ witness, offset: { lo, hi } })
const four = ['a', 'b', 'c', 'd'].map((id) => seat(id))
const seven = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => seat(id))

type Row = readonly [
  name: string,
  committee: Parameters<typeof findOffset>[0]['committee'],
  measured: Parameters<typeof findOffset>[0]['measured'],
  reason: Finding['reason'],
  offset: readonly [bigint, bigint] | undefined,
  agreeing: number,
]
const WIDE = ['a', 'b', 'c', 'd', 'e'].map((witness) => says(witness, -10n, 10n))
const table: readonly Row[] = [
  ['nobody sits', [], [], 'too-few-witnesses', undefined, 0],
  ['nobody spoke', four, [], 'too-few-witnesses', undefined, 0],
  ['two of four', four, [says('a', 0n, 1n), says('b', 0n, 1n)], 'too-few-witnesses', undefined, 0],
  [
    'those without a seat do not count',
    four,
    [says('a', 0n, 1n), says('b', 0n, 1n), says('x', 0n, 1n), says('y', 0n, 1n)],
    'too-few-witnesses',
    undefined,
    0,
  ],
  [
    'all four: where three agree',
    four,
    [says('a', -5n, 9n), says('b', -4n, 8n), says('c', -3n, 7n), says('d', -2n, 6n)],
    'in-range',
    [-3n, 7n],
    4,
  ],
  [
    'one of four lies',
    four,
    [says('a', -5n, 9n), says('b', -4n, 8n), says('c', -3n, 7n), says('d', 900n, 901n)],
    'in-range',
    [-3n, 7n],
    3,
  ],
  [
    'three of four: one of them may lie',
    four,
    [says('a', 0n, 4n), says('b', 2n, 6n), says('c', 3n, 9n)],
    'in-range',
    [2n, 6n],
    3,
  ],
  [
    'three of four, disagreeing',
    four,
    [says('a', 0n, 4n), says('b', 2n, 6n), says('c', 30n, 40n)],
    'no-agreement',
    undefined,
    0,
  ],
  [
    'two against two',
    four,
    [says('a', 0n, 1n), says('b', 0n, 1n), says('c', 9n, 9n), says('d', 9n, 9n)],
    'no-agreement',
    undefined,
    0,
  ],
  ['ahead', four, four.map(({ id }) => says(id, 51n, 60n)), 'ahead', [51n, 60n], 4],
  ['behind', four, four.map(({ id }) => says(id, -60n, -51n)), 'behind', [-60n, -51n], 4],
  ['at the edge, ahead', four, four.map(({ id }) => says(id, 50n, 60n)), 'in-range', [50n, 60n], 4],
  ['at the edge, behind', four, four.map(({ id }) => says(id, -60n, -50n)), 'in-range', [-60n, -50n], 4],
  [
    'intervals that touch agree',
    four,
    four.map(({ id }, i) => (i < 2 ? says(id, 0n, 5n) : says(id, 5n, 9n))),
    'in-range',
    [5n, 5n],
    4,
  ],
  [
    'a heavy seat alone is two thirds',
    [seat('a', 4n), seat('b'), seat('c')],
    [says('a', 1n, 2n)],
    'in-range',
    [1n, 2n],
    1,
  ],
  [
    'five of seven: the two silent were honest, two liars speak: not where the five overlap, but where three do',
    seven,
    [...WIDE.slice(0, 3), says('f', 8n, 10n), says('g', 8n, 10n)],
    'in-range',
    [-10n, 10n],
    5,
  ],
]
describe('on paper', () => {
  for (const [name, committee, measured, reason, offset, agreeing] of table)
    test(`${name}: ${reason}`, () =>
      deepEqual(findOffset({ committee, measured, acceptedVarianceNs: V }), {
        reason,
        offset: offset === undefined ? undefined : { lo: offset[0], hi: offset[1] },
        agreeing,
        asked: committee.length,
      }))
  test('every documented reason is reached', () => {
    const reached = new Set(table.map(([, , , reason]) => reason))
    deepEqual(
      FINDING_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

const span = fc.bigInt({ min: 0n, max: 80n })
const anywhere = fc
  .tuple(fc.bigInt({ min: -300n, max: 300n }), span)
  .map(([lo, length]): NsInterval => ({ lo, hi: lo + length }))
/** A witness: its weight, by how much its honest interval reaches beyond the truth, its lie, and whether it is heard. */
const witness = fc.record({
  weight: fc.bigInt({ min: 1n, max: 9n }),
  below: span,
  above: span,
  lie: anywhere,
  aims: fc.boolean(),
  isHeard: fc.boolean(),
})

/** A committee whose first members lie as long as they stay below a third, about a node whose true offset is given. */
const scene = (
  witnesses: readonly (typeof witness extends fc.Arbitrary<infer W> ? W : never)[],
  truth: bigint,
): Finding => {
  const total = witnesses.reduce((sum, { weight }) => sum + weight, 0n)
  let lying = 0n
  const measured = witnesses.flatMap(({ weight, below, above, lie, aims, isHeard }, i) => {
    const mayLie = 3n * (lying + weight) < total
    if (mayLie) lying += weight
    if (!mayLie && !isHeard) return []
    // A cunning liar speaks just beside the truth, where honest intervals still reach.
    const lies = aims ? { lo: truth + lie.hi / 8n, hi: truth + lie.hi / 8n + 1n } : lie
    return [{ witness: String(i), offset: mayLie ? lies : { lo: truth - below, hi: truth + above } }]
  })
  const committee = witnesses.map(({ weight }, i) => seat(String(i), weight))
  return findOffset({ committee, measured, acceptedVarianceNs: V })
}
const committees = fc.array(witness, { minLength: 1, maxLength: 13 })

test('less than a third lying, however many are silent: the offset that is agreed on holds the true one', () => {
  fc.assert(
    fc.property(committees, fc.bigInt({ min: -200n, max: 200n }), (witnesses, truth) => {
      const { offset } = scene(witnesses, truth)
      return offset === undefined || holds(offset, truth)
    }),
    { numRuns: 1500 },
  )
})

test('and a node within the accepted variance is never found ahead or behind', () => {
  fc.assert(
    fc.property(committees, fc.bigInt({ min: -V, max: V }), (witnesses, truth) => {
      const { reason } = scene(witnesses, truth)
      return reason !== 'ahead' && reason !== 'behind'
    }),
    { numRuns: 1500 },
  )
})

test('nor is a node in range whose true offset is further out than the widest honest interval can reach', () => {
  fc.assert(
    fc.property(
      committees,
      fc.bigInt({ min: V + 81n, max: 300n }),
      (witnesses, truth) => scene(witnesses, truth).reason !== 'in-range',
    ),
    { numRuns: 1500 },
  )
})

test('the order of what was measured changes nothing', () => {
  const measured = [says('a', -5n, 9n), says('b', -4n, 8n), says('c', -3n, 7n), says('d', 900n, 901n)]
  const found = findOffset({ committee: four, measured, acceptedVarianceNs: V })
  fc.assert(
    fc.property(fc.shuffledSubarray(measured, { minLength: 4 }), (shuffled) => {
      deepEqual(findOffset({ committee: four, measured: shuffled, acceptedVarianceNs: V }), found)
    }),
    { numRuns: 20 },
  )
  equal(found.reason, 'in-range')
  ok(found.offset !== undefined)
})
