/** The docket: what counts in which slot, what follows when it closes, and that neither order nor timing changes it. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Admission, NsInterval } from '../base/index.ts'
import { sha3 } from '../crypto/index.ts'
import type { Member } from '../proofs/index.ts'
import { DOCKET_REASONS, Docket, OPEN_SLOTS_MAX } from './index.ts'
import type { Judgement, NodeStatus, Testimony } from './index.ts'

const V = 50n
const parameters = { acceptedVarianceNs: V, committeeSeats: 4, absentAfterSlots: 3 }
const members: readonly Member[] = ['a', 'b', 'c', 'd', 'e'].map((id) => ({
  id,
  key: sha3(new TextEncoder().encode(id)),
  weight: 1n,
}))
const many: readonly Member[] = Array.from({ length: 9 }, (_, i) => ({
  id: `m${i}`,
  key: sha3(Uint8Array.of(i)),
  weight: 1n,
}))
const GOOD: NsInterval = { lo: -5n, hi: 5n }
const AHEAD: NsInterval = { lo: 240n, hi: 260n }
const FIRST = 100
const open = (who = members, seats = 4): Docket =>
  new Docket({ members: who, parameters: { ...parameters, committeeSeats: seats }, slot: FIRST })
const said = (admission: Admission<null>): string => (admission.verdict === 'accept' ? 'accept' : admission.reason)

/** Everybody who is asked measures everybody: those named are off, the others good. */
const fill = (docket: Docket, slot: number, off: readonly string[] = [], silent: readonly string[] = []): void => {
  for (const { id: subject } of members) {
    if (silent.includes(subject)) continue
    for (const { id: witness } of docket.committee(subject, slot)) {
      if (silent.includes(witness)) continue
      equal(said(docket.record({ subject, witness, slot, offset: off.includes(subject) ? AHEAD : GOOD })), 'accept')
    }
  }
}
const statuses = (docket: Docket): readonly NodeStatus[] => members.map(({ id }) => docket.verdict(id).status)

describe('what counts', () => {
  const good: Testimony = { subject: 'a', witness: 'b', slot: FIRST, offset: GOOD }
  const table: readonly (readonly [name: string, given: Partial<Testimony>, said: string])[] = [
    ['what was asked for', {}, 'accept'],
    ['of a stranger', { subject: 'x' }, 'not-member'],
    ['by a stranger', { witness: 'x' }, 'not-member'],
    ['of itself', { witness: 'a' }, 'own-witness'],
    ['late', { slot: FIRST - 1 }, 'slot-closed'],
    ['by a clock ahead of ours', { slot: FIRST - 1 + OPEN_SLOTS_MAX }, 'accept'],
    ['too far ahead', { slot: FIRST + OPEN_SLOTS_MAX }, 'slot-too-far'],
    ['as wide as four V', { offset: { lo: 0n, hi: 4n * V } }, 'accept'],
    ['wider', { offset: { lo: 0n, hi: 4n * V + 1n } }, 'too-wide'],
  ]
  for (const [name, given, expected] of table)
    test(`${name}: ${expected}`, () => equal(said(open().record({ ...good, ...given })), expected))

  test('said twice: already-attested; the first stands', () => {
    const docket = open()
    equal(said(docket.record(good)), 'accept')
    equal(said(docket.record({ ...good, offset: AHEAD })), 'already-attested')
  })

  test('by one who was not drawn: not-asked', () => {
    const docket = open(many, 3)
    const drawn = docket.committee('m0', FIRST).map(({ id }) => id)
    equal(drawn.length, 3)
    for (const { id: witness } of many.slice(1)) {
      const answer = said(docket.record({ subject: 'm0', witness, slot: FIRST, offset: GOOD }))
      equal(answer, drawn.includes(witness) ? 'accept' : 'not-asked')
    }
  })

  test('every documented reason is reached', () => {
    const elsewhere = ['already-attested', 'not-asked', 'author-falseticker', 'author-absent']
    const reached = new Set([...table.map(([, , reason]) => reason), ...elsewhere])
    deepEqual(
      DOCKET_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

test('a liar is struck off when its slot closes; from the slot after the next its word does not count; it is taken back', () => {
  const docket = open()
  fill(docket, FIRST, ['c'])
  deepEqual(
    docket.close(FIRST).map(({ verdict }) => verdict.status),
    statuses(docket),
  )
  deepEqual(statuses(docket), ['truechimer', 'truechimer', 'falseticker', 'truechimer', 'truechimer'])
  const byC = (slot: number): string => said(docket.record({ subject: 'a', witness: 'c', slot, offset: GOOD }))
  deepEqual([byC(FIRST + 1), byC(FIRST + 2)], ['accept', 'author-falseticker'])
  docket.close(FIRST + 1)
  fill(docket, FIRST + 2)
  docket.close(FIRST + 2)
  deepEqual(statuses(docket), Array(5).fill('truechimer'))
  deepEqual(docket.verdict('c'), { status: 'truechimer', reason: 'in-range', since: FIRST + 2 })
  deepEqual([byC(FIRST + 3), byC(FIRST + 4)], ['not-asked', 'accept'])
})

test('one who is silent is absent after three slots, does not witness, and comes back', () => {
  const docket = open()
  for (let slot = FIRST; slot < FIRST + 3; slot += 1) {
    fill(docket, slot, [], ['e'])
    docket.close(slot)
    equal(docket.verdict('e').status, slot < FIRST + 2 ? 'unproven' : 'absent')
  }
  docket.close(FIRST + 3)
  equal(said(docket.record({ subject: 'a', witness: 'e', slot: FIRST + 4, offset: GOOD })), 'author-absent')
  fill(docket, FIRST + 4)
  docket.close(FIRST + 4)
  equal(docket.verdict('e').status, 'truechimer')
})

test('one who answers too few of its witnesses loses its standing, though later', () => {
  const docket = open()
  fill(docket, FIRST)
  docket.close(FIRST)
  for (let slot = FIRST + 1; slot <= FIRST + 6; slot += 1) {
    fill(docket, slot, [], ['e'])
    equal(said(docket.record({ subject: 'e', witness: 'a', slot, offset: GOOD })), 'accept')
    docket.close(slot)
    equal(docket.verdict('e').status, slot < FIRST + 6 ? 'truechimer' : 'absent')
  }
})

test('where everybody is struck off, everybody may witness, and all can recover', () => {
  const docket = open()
  fill(
    docket,
    FIRST,
    members.map(({ id }) => id),
  )
  docket.close(FIRST)
  deepEqual(statuses(docket), Array(5).fill('falseticker'))
  docket.close(FIRST + 1)
  fill(docket, FIRST + 2)
  docket.close(FIRST + 2)
  deepEqual(statuses(docket), Array(5).fill('truechimer'))
})

test('a node that slept closes the slots that it slept through at once, and holds nobody absent for them', () => {
  const docket = open()
  fill(docket, FIRST)
  docket.close(FIRST)
  docket.close(FIRST + 500)
  deepEqual(statuses(docket), Array(5).fill('truechimer'))
  equal(docket.closed, FIRST + 500)
  equal(said(docket.record({ subject: 'a', witness: 'b', slot: FIRST + 500, offset: GOOD })), 'slot-closed')
})

test('closing twice, or backwards, says nothing and changes nothing', () => {
  const docket = open()
  fill(docket, FIRST)
  equal(docket.close(FIRST).length, 5)
  deepEqual([docket.close(FIRST), docket.close(FIRST - 5)], [[], []])
  equal(docket.closed, FIRST)
  equal(docket.verdict('nobody').status, 'unproven')
})

test('the committees of a slot stand before it begins: closing the slot before does not change them', () => {
  const docket = open(many, 3)
  const draw = (slot: number): readonly string[] =>
    many.flatMap(({ id }) => docket.committee(id, slot).map((one) => one.id))
  for (const subject of ['m1', 'm2', 'm3'])
    for (const { id: witness } of docket.committee(subject, FIRST))
      docket.record({ subject, witness, slot: FIRST, offset: AHEAD })
  const [next, later] = [draw(FIRST + 1), draw(FIRST + 2)]
  docket.close(FIRST)
  equal(docket.verdict('m1').status, 'falseticker')
  deepEqual(draw(FIRST + 1), next)
  const renewed = draw(FIRST + 2)
  ok(later.includes('m1') && !renewed.includes('m1'))
  docket.close(FIRST + 1)
  deepEqual(draw(FIRST + 2), renewed)
})

/** Three slots of everybody's word about everybody, some of it false. */
const testimonies = (off: readonly boolean[]): Testimony[] =>
  [0, 1, 2].flatMap((i) =>
    members.flatMap(({ id: subject }, s) =>
      members.flatMap(({ id: witness }, w): Testimony[] => {
        const offset = off[(i + s) % off.length] === true && w % 4 !== 3 ? AHEAD : GOOD
        return subject === witness ? [] : [{ subject, witness, slot: FIRST + i, offset }]
      }),
    ),
  )
const closings = (docket: Docket): readonly (readonly Judgement[])[] => [0, 1, 2].map((i) => docket.close(FIRST + i))

test('in whatever order it came, and before or after the slot before was closed, the same follows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      fc.infiniteStream(fc.nat({ max: 1000 })),
      (off, keys) => {
        const all = testimonies(off)
        const early = open()
        const shuffled = all.map((one) => ({ one, key: keys.next().value ?? 0 })).sort((a, b) => a.key - b.key)
        for (const { one } of shuffled) early.record(one)
        const late = open()
        const judged = [0, 1, 2].map((i) => {
          for (const one of all) if (one.slot === FIRST + i) late.record(one)
          return late.close(FIRST + i)
        })
        // What was said of a slot before it was known who may witness in it is weighed by who may when it closes.
        deepEqual(closings(early), judged)
      },
    ),
    { numRuns: 40 },
  )
})
