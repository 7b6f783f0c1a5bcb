/** Epochs: what is counted, what becomes of it by hand, and what no evidence can do. Rules B-70 to B-74. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { PPB_ONE } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'
import type { FindingReason, Judgement, NodeStatus } from '../validation/index.ts'
import { scriptMember, scriptParameters } from './chain-script.test-kit.ts'
import { genesisState, newMember, validatorsAmong } from './chain-state.ts'
import type { ChainGenesis, ChainMember } from './chain-state.ts'
import { countedWith, endEpoch, forgetEpoch } from './epoch.ts'

const people = Array.from({ length: 8 }, (_, i) => scriptMember(`epoch ${i}`))
const V = 50_000_000n
const genesisOf = (stakes: readonly bigint[]): ChainGenesis => ({
  networkId: new Uint8Array(32),
  parameters: scriptParameters({ epochSlots: 10, joinRecordSlots: 5 }),
  members: stakes.flatMap((stake, i) => {
    const person = people[i]
    return person === undefined ? [] : [{ id: person.id, key: person.key, stake }]
  }),
})
const genesis = genesisOf([2n, 1n, 1n, 1n])
const [someone] = genesisState(genesis).members
ok(someone !== undefined)
const judgement = (reason: FindingReason, status: NodeStatus, offset: NsInterval | undefined): Judgement => ({
  id: someone.id,
  finding: { reason, offset, agreeing: 0, asked: 7 },
  before: status,
  verdict: { status, reason: 'in-range', since: 0 },
})

describe('what a judged slot counts', () => {
  const table: readonly (readonly [name: string, judged: Judgement, counted: Partial<ChainMember>])[] = [
    [
      'in range, around 0',
      judgement('in-range', 'truechimer', { lo: -5n, hi: 9n }),
      { placedSlots: 1, accuracySum: PPB_ONE, inRangeSlots: 1 },
    ],
    [
      'ahead by a fifth of V at least',
      judgement('in-range', 'truechimer', { lo: V / 5n, hi: V }),
      { placedSlots: 1, accuracySum: 800_000_000n, inRangeSlots: 1 },
    ],
    [
      'behind by half of V at least',
      judgement('in-range', 'truechimer', { lo: -V, hi: -V / 2n }),
      { placedSlots: 1, accuracySum: 500_000_000n, inRangeSlots: 1 },
    ],
    [
      'out of range',
      judgement('ahead', 'falseticker', { lo: 2n * V, hi: 3n * V }),
      { placedSlots: 1, accuracySum: 0n, falseSlots: 1 },
    ],
    ['a falseticker that is silent', judgement('too-few-witnesses', 'falseticker', undefined), { falseSlots: 1 }],
    ['absent', judgement('too-few-witnesses', 'absent', undefined), { absentSlots: 1 }],
    ['not placed, not yet absent', judgement('no-agreement', 'truechimer', undefined), {}],
  ]
  for (const [name, judged, counted] of table)
    test(name, () => {
      const options = { acceptedVarianceNs: V, emergency: false }
      deepEqual(countedWith(someone, judged, options), { ...someone, judgedSlots: 1, ...counted })
      const { inRangeSlots = 0 } = counted
      deepEqual(countedWith(someone, judged, { ...options, emergency: true }), { ...someone, inRangeSlots })
    })
})

const ended = (members: readonly ChainMember[], given: Partial<Parameters<typeof endEpoch>[0]> = {}) =>
  endEpoch({ genesis, height: 20, members, statusOf: () => 'truechimer', ...given })

describe('by hand', () => {
  const after = (counted: Partial<ChainMember>): ChainMember => {
    const [first, ...rest] = genesisState(genesis).members
    ok(first !== undefined)
    const found = ended([{ ...first, ...counted }, ...rest]).find(({ id }) => id === first.id)
    ok(found !== undefined)
    return found
  }
  const table: readonly (readonly [name: string, counted: Partial<ChainMember>, reputation: bigint])[] = [
    ['nothing was judged: as it was', {}, 500_000_000n],
    ['right all the time: +β(1 − R)', { judgedSlots: 10, placedSlots: 10, accuracySum: 10n * PPB_ONE }, 550_000_000n],
    ['0.8 right', { judgedSlots: 10, placedSlots: 10, accuracySum: 8n * PPB_ONE }, 530_000_000n],
    ['half of it absent', { judgedSlots: 10, placedSlots: 5, absentSlots: 5, accuracySum: 5n * PPB_ONE }, 500_000_000n],
    ['absent all the time', { judgedSlots: 10, absentSlots: 10 }, 450_000_000n],
    [
      'false a fifth of the time: −γ/5 too',
      { judgedSlots: 10, placedSlots: 10, falseSlots: 2, accuracySum: 8n * PPB_ONE },
      430_000_000n,
    ],
    ['false and silent: the penalty alone', { judgedSlots: 10, falseSlots: 10 }, 0n],
  ]
  for (const [name, counted, reputation] of table)
    test(name, () => {
      const member = after(counted)
      equal(member.reputation, reputation)
      deepEqual(
        [member.judgedSlots, member.placedSlots, member.absentSlots, member.falseSlots, member.accuracySum],
        [0, 0, 0, 0, 0n],
      )
    })

  test('weight is half reputation, half stake, times integrity; a sixth is the most that moves', () => {
    const right = { judgedSlots: 1, placedSlots: 1, accuracySum: PPB_ONE }
    const members = genesisState(genesis).members.map((member) => ({ ...member, ...right }))
    const half = (weight: bigint): bigint => weight / 2n
    for (const { stake, weight } of ended(members)) equal(weight, half(550_000_000n) + half((stake * PPB_ONE) / 2n))
    const [first, ...rest] = genesisState(genesis).members
    ok(first !== undefined)
    const total = first.weight + rest.reduce((sum, { weight }) => sum + weight, 0n)
    const struck = ended([{ ...first, integrity: 0n }, ...rest])
    equal(struck.find(({ id }) => id === first.id)?.weight, first.weight - total / 6n)
  })

  test('of an epoch in an emergency nothing stays but standing and weight', () => {
    const counted = { judgedSlots: 9, placedSlots: 8, falseSlots: 7, accuracySum: 6n, absentSlots: 1 }
    const { members } = genesisState(genesis)
    deepEqual(forgetEpoch(members.map((member) => ({ ...member, ...counted }))), members)
  })
})

describe('candidates', () => {
  const candidate = (name: string, given: Partial<ChainMember> = {}): ChainMember => {
    const { id, key } = scriptMember(name)
    const who = { id, key, role: 'candidate', stake: 0n, since: 5, sequence: 1 } as const
    return { ...newMember(genesis, who), inRangeSlots: 5, ...given }
  }
  const rolesOf = (members: readonly ChainMember[], given: Partial<Parameters<typeof endEpoch>[0]> = {}) =>
    ended([...genesisState(genesis).members, ...members], given)
      .slice(4)
      .map(({ role }) => role)
  test('with a record and in range now: they vote', () => deepEqual(rolesOf([candidate('x')]), ['validator']))
  test('with too short a record: they wait', () =>
    deepEqual(rolesOf([candidate('x', { inRangeSlots: 4 })]), ['candidate']))
  test('out of range now: they wait, or make room after an epoch', () => {
    const statusOf = (id: string): NodeStatus => (id === scriptMember('x').id ? 'falseticker' : 'truechimer')
    deepEqual(rolesOf([candidate('x', { since: 11 })], { statusOf }), ['candidate'])
    deepEqual(rolesOf([candidate('x', { since: 10 })], { statusOf }), [])
  })
  test('the eldest first, four in an epoch', () => {
    const many = [9, 8, 7, 6, 5, 4].map((since) => candidate(`since ${since}`, { since }))
    deepEqual(rolesOf(many), ['candidate', 'candidate', 'validator', 'validator', 'validator', 'validator'])
  })
  test('without stake, weight or integrity: struck off', () =>
    deepEqual(rolesOf([candidate('x', { role: 'validator', integrity: 0n })]), []))
})

/** Anything that evidence can make of a member in an epoch. */
const evidence = fc
  .record({
    judged: fc.nat({ max: 20 }),
    placed: fc.nat({ max: 20 }),
    absent: fc.nat({ max: 20 }),
    falsely: fc.nat({ max: 20 }),
    accuracy: fc.bigInt(0n, PPB_ONE),
    offences: fc.nat({ max: 12 }),
    leaves: fc.nat({ max: 9 }),
  })
  .map(({ judged, placed, absent, falsely, accuracy, offences, leaves }) => ({
    judgedSlots: judged,
    placedSlots: Math.min(placed, judged),
    absentSlots: Math.min(absent, judged - Math.min(placed, judged)),
    falseSlots: Math.min(falsely, judged),
    accuracySum: accuracy * BigInt(Math.min(placed, judged)),
    isOffender: offences === 12,
    isLeaving: leaves === 9,
  }))

test('whatever the evidence: a sixth at most is taken, somebody always votes, who has no stake never has a third', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt(0n, 5n), { minLength: 1, maxLength: 8 }),
      fc.array(fc.array(evidence, { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 12 }),
      (stakes, epochs) => {
        const random = genesisOf([1n, ...stakes.slice(1)])
        let members = genesisState(random).members
        for (const [epoch, found] of epochs.entries()) {
          const input = members.map((member, i): ChainMember => {
            const { isOffender = false, isLeaving = false, ...counted } = found[i] ?? {}
            const { integrity, role } = member
            return { ...member, ...counted, integrity: isOffender ? 0n : integrity, role: isLeaving ? 'leaving' : role }
          })
          const after = endEpoch({
            genesis: random,
            height: 10 * (epoch + 1),
            members: input,
            statusOf: () => 'truechimer',
          })
          const before = new Map(members.map(({ id, weight }) => [id, weight]))
          const total = validatorsAmong(members).total
          const validators = validatorsAmong(after)
          const taken = members.reduce((sum, { id, weight }) => {
            const now = after.find((member) => member.id === id)?.weight ?? 0n
            return sum + (weight > now ? weight - now : 0n)
          }, 0n)
          ok(6n * taken <= total, `${taken} of ${total} taken`)
          ok(validators.total > 0n && validators.size > 0)
          ok(after.every(({ id, weight, role }) => role !== 'candidate' && weight >= 0n && before.has(id)))
          const meansToStay = after.some(
            ({ stake, role, integrity }) => stake > 0n && role === 'validator' && integrity > 0n,
          )
          const unstaked = after.reduce((sum, { stake, weight }) => (stake === 0n ? sum + weight : sum), 0n)
          if (meansToStay) ok(3n * unstaked < validators.total, `${unstaked} of ${validators.total} without stake`)
          else return
          members = after
        }
      },
    ),
    { numRuns: 150 },
  )
})
