/** Verdicts and the validity of actions: every transition and every reason. */
import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ACTION_REASONS,
  INITIAL_VERDICT,
  NODE_STATUSES,
  STATUS_REASONS,
  actionValidity,
  mayWitness,
  nextVerdict,
} from './index.ts'
import type { FindingReason, NodeStatus, Silence, StatusReason, Verdict } from './index.ts'

const after = (
  verdict: Verdict,
  reason: FindingReason,
  given: { silence?: Partial<Silence>; asked?: number } = {},
): Verdict =>
  nextVerdict(verdict, {
    slot: 9,
    finding: { reason, offset: undefined, agreeing: 0, asked: given.asked ?? 4 },
    silence: { unwitnessedSlots: 0, unplacedSlots: 0, ...given.silence },
    absentAfterSlots: 10,
  })

const reasonOf: Readonly<Record<NodeStatus, StatusReason>> = {
  unproven: 'never-proved',
  truechimer: 'in-range',
  falseticker: 'ahead',
  absent: 'no-proof',
}
const verdictOf = (status: NodeStatus): Verdict => ({ status, reason: reasonOf[status], since: 3 })

describe('transitions', () => {
  for (const status of NODE_STATUSES) {
    const before = verdictOf(status)
    const since = (to: NodeStatus): number => (status === to ? 3 : 9)
    test(`${status}: evidence decides`, () => {
      deepEqual(after(before, 'in-range'), { status: 'truechimer', reason: 'in-range', since: since('truechimer') })
      deepEqual(after(before, 'ahead'), { status: 'falseticker', reason: 'ahead', since: since('falseticker') })
      deepEqual(after(before, 'behind'), { status: 'falseticker', reason: 'behind', since: since('falseticker') })
    })
    test(`${status}: a slot without agreement changes nothing`, () => {
      for (const reason of ['too-few-witnesses', 'no-agreement'] as const)
        equal(after(before, reason, { silence: { unwitnessedSlots: 9, unplacedSlots: 19 } }), before)
    })
    const silences = [
      { unwitnessedSlots: 10, unplacedSlots: 10 },
      { unwitnessedSlots: 0, unplacedSlots: 20 },
    ]
    for (const [i, silence] of silences.entries())
      test(`${status}: lapses after ${i === 0 ? 'ten slots unseen' : 'twenty without agreement'}, unless it was false`, () => {
        const expected: Verdict =
          status === 'falseticker' ? before : { status: 'absent', reason: 'no-proof', since: since('absent') }
        deepEqual(after(before, 'too-few-witnesses', { silence }), expected)
      })
    test(`${status}: where nobody can witness, nothing lapses`, () =>
      equal(
        after(before, 'too-few-witnesses', { silence: { unwitnessedSlots: 99, unplacedSlots: 99 }, asked: 0 }),
        before,
      ))
  }

  test('every status has its reason', () => {
    deepEqual(INITIAL_VERDICT, { status: 'unproven', reason: 'never-proved', since: 0 })
    const reached = new Set([...Object.values(reasonOf), after(INITIAL_VERDICT, 'behind').reason])
    deepEqual(
      STATUS_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

describe('an action', () => {
  const block = { earliest: 100n, latest: 110n }
  const acted = (earliest: bigint, latest: bigint) =>
    ({ authorStatus: 'truechimer', acted: { earliest, latest }, block }) as const
  const table = [
    ['within', acted(101n, 102n), 'accept'],
    ['that touches the start', acted(90n, 100n), 'accept'],
    ['that touches the end', acted(110n, 120n), 'accept'],
    ['around the block', acted(0n, 999n), 'accept'],
    ['before', acted(90n, 99n), 'time-before-block'],
    ['after', acted(111n, 120n), 'time-after-block'],
    ['of the unproven', { ...acted(101n, 102n), authorStatus: 'unproven' }, 'author-unproven'],
    ['of a falseticker', { ...acted(101n, 102n), authorStatus: 'falseticker' }, 'author-falseticker'],
    ['of the absent', { ...acted(101n, 102n), authorStatus: 'absent' }, 'author-absent'],
  ] as const
  for (const [name, input, expected] of table)
    test(`${name}: ${expected}`, () =>
      deepEqual(
        actionValidity(input),
        expected === 'accept' ? { verdict: 'accept', value: null } : { verdict: 'ignore', reason: expected },
      ))
  test('every documented reason is reached', () => {
    const reached = new Set<string>(table.map(([, , reason]) => reason))
    deepEqual(
      ACTION_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

test('who may witness', () =>
  deepEqual(
    NODE_STATUSES.filter((status) => mayWitness(status)),
    ['unproven', 'truechimer'],
  ))
