/** The draw of witnesses: vectors that may not change, independence of order, and phases that keep clear of the slot's ends. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { NS_PER_SEC } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { nodeIdText, pick } from '../crypto/index.ts'
import { CommitteeDraw, challengePhaseNs } from './index.ts'
import type { CommitteeSeat, Member } from './index.ts'
import { signerOf } from './proofs.test-suite.ts'

const members: readonly Member[] = Array.from({ length: 12 }, (_, i) => {
  const key = signerOf(i + 1).nodeId
  return { id: nodeIdText(key), key, weight: BigInt((i % 3) + 1) }
})
const committeeOf = ({
  members: able,
  ...seat
}: CommitteeSeat & { readonly members: readonly Member[] }): readonly Member[] =>
  new CommitteeDraw(able).committeeOf(seat)
const idOf = (index: number): string => members[index]?.id ?? ''

const { draws } = z
  .object({
    draws: z
      .array(
        z.object({
          subject: z.number(),
          slot: z.number(),
          seats: z.number(),
          committee: z.array(z.number()),
          phaseNs: z.string(),
        }),
      )
      .length(4),
  })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/proofs-committee.json', import.meta.url), 'utf8')))

for (const { subject, slot, seats, committee, phaseNs } of draws) {
  test(`golden draw for member ${subject} in slot ${slot}`, () => {
    const drawn = committeeOf({ subject: idOf(subject), slot, members, seats })
    deepEqual(
      drawn.map(({ id }) => id),
      committee.map(idOf),
    )
    equal(String(challengePhaseNs(idOf(subject), slot, NS_PER_SEC)), phaseNs)
  })
}

const slots = fc.integer({ min: 0, max: 2 ** 40 })

test('neither the order of the list nor who else asks changes a draw; the subject never sits', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...members], { minLength: 12 }),
      slots,
      fc.nat({ max: 11 }),
      (shuffled, slot, i) => {
        const options = { subject: idOf(i), slot, seats: 5 }
        const drawn = committeeOf({ ...options, members: shuffled })
        deepEqual(drawn, committeeOf({ ...options, members }))
        equal(drawn.length, 5)
        ok(drawn.every(({ id }) => id !== idOf(i)))
      },
    ),
    { numRuns: 30 },
  )
})

test('one draw serves every subject and slot: as the plain rule over the others', () => {
  const draw = new CommitteeDraw(members)
  for (const [slot, subject] of members.entries()) {
    const nodes = members.filter(({ id }) => id !== subject.id).map((member) => ({ ...member, id: member.key }))
    const key = encodeData(['truechimer/committee/1', subject.id, slot])
    const keys = draw.committeeOf({ subject: subject.id, slot, seats: 5 }).map((member) => member.key)
    deepEqual(keys, pick({ key, nodes, count: 5 }))
  }
  equal(draw.committeeOf({ subject: 'nobody here', slot: 1, seats: 12 }).length, 12)
})

test('with fewer members than seats all but the subject sit; alone, nobody does', () => {
  equal(committeeOf({ subject: idOf(0), slot: 1, members: members.slice(0, 3), seats: 7 }).length, 2)
  deepEqual(committeeOf({ subject: idOf(0), slot: 1, members: members.slice(0, 1), seats: 7 }), [])
})

test('when a member is left out, only its own seat is filled anew', () => {
  fc.assert(
    fc.property(slots, fc.integer({ min: 1, max: 11 }), (slot, out) => {
      const before = committeeOf({ subject: idOf(0), slot, members, seats: 5 })
      const left = members.filter((_, i) => i !== out)
      const after = new Set(committeeOf({ subject: idOf(0), slot, members: left, seats: 5 }).map(({ id }) => id))
      return before.every(({ id }) => id === idOf(out) || after.has(id))
    }),
    { numRuns: 30 },
  )
})

test('phases lie in [1/10, 7/10) of any slot', () => {
  fc.assert(
    fc.property(slots, fc.bigInt({ min: 100_000_000n, max: 3600n * NS_PER_SEC }), (slot, slotNs) => {
      const phase = challengePhaseNs(idOf(slot % 12), slot, slotNs)
      return 10n * phase >= slotNs - 10n && 10n * phase < 7n * slotNs
    }),
  )
})

test('phases use the whole stretch', () => {
  const phases = Array.from({ length: 400 }, (_, slot) => Number(challengePhaseNs(idOf(1), slot, 1000n)))
  ok(Math.min(...phases) < 115 && Math.max(...phases) > 685, `${Math.min(...phases)} to ${Math.max(...phases)}`)
})
