/** The docket as part of a state: forks, other members, turns, committees fixed ahead, and its bytes. */
import { deepEqual, equal, notDeepEqual, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Admission, NsInterval } from '../base/index.ts'
import { decodeData, encodeData } from '../codec/index.ts'
import { nodeIdText, publicKeyOf, sha3 } from '../crypto/index.ts'
import type { Member } from '../proofs/index.ts'
import { Docket, OPEN_SLOTS_MAX, encodeDocket, isWitnessedIn, readDocket } from './index.ts'
import type { DocketOptions } from './index.ts'

const parameters = { acceptedVarianceNs: 50n, committeeSeats: 4, absentAfterSlots: 3 }
const member = (i: number, weight = 1n): Member => {
  const key = publicKeyOf(sha3(Uint8Array.of(i)))
  return { id: nodeIdText(key), key, weight }
}
const members = Array.from({ length: 9 }, (_, i) => member(i))
const GOOD: NsInterval = { lo: -5n, hi: 5n }
const AHEAD: NsInterval = { lo: 240n, hi: 260n }
const FIRST = 100
const open = (options: Partial<DocketOptions> = {}): Docket =>
  new Docket({ members, parameters, slot: FIRST, lagSlots: 2, ...options })
const said = (admission: Admission<null>): string => (admission.verdict === 'accept' ? 'accept' : admission.reason)

/** Everybody who is asked measures everybody whose turn it is: those named are ahead. */
const fill = (docket: Docket, slot: number, off: ReadonlySet<string> = new Set()): void => {
  for (const { id: subject } of docket.members)
    for (const { id: witness } of docket.committee(subject, slot))
      docket.record({ subject, witness, slot, offset: off.has(subject) ? AHEAD : GOOD })
}
const [first, second] = members.map(({ id }) => id)
const idsOf = (drawn: readonly Member[]): readonly string[] => drawn.map(({ id }) => id)
const committees = (docket: Docket, slot: number): readonly (readonly string[])[] =>
  docket.members.map(({ id }) => idsOf(docket.committee(id, slot)))

test('a fork goes its own way', () => {
  const docket = open()
  fill(docket, FIRST, new Set([first ?? '']))
  const before = encodeDocket(docket)
  const fork = docket.fork()
  deepEqual(encodeDocket(fork), before)
  fork.close(FIRST)
  fill(fork, FIRST + 1)
  fork.replaceMembers(members.slice(1))
  deepEqual(encodeDocket(docket), before)
  equal(docket.closed, FIRST - 1)
  equal(fork.verdict(second ?? '').status, 'truechimer')
  equal(docket.verdict(second ?? '').status, 'unproven')
})

describe('turns (V-13)', () => {
  test('each node has one slot in so many, and different nodes different ones', () => {
    const slots = Array.from({ length: 50 }, (_, slot) => slot)
    const turns = members.map(({ id }) => slots.filter((slot) => isWitnessedIn(id, slot, 5)))
    for (const turn of turns) {
      equal(turn.length, 10)
      ok(turn.every((slot, i) => i === 0 || slot - (turn[i - 1] ?? 0) === 5))
    }
    ok(new Set(turns.map(([start]) => start)).size > 1)
    ok(members.every(({ id }) => slots.every((slot) => isWitnessedIn(id, slot, 1))))
  })

  test('who is not asked is not judged, and its silence is not counted', () => {
    const docket = open({ witnessEverySlots: 5 })
    const judged = new Map<string, number>()
    for (let slot = FIRST; slot < FIRST + 10; slot += 1)
      for (const { id, verdict } of docket.close(slot)) {
        judged.set(id, (judged.get(id) ?? 0) + 1)
        equal(verdict.status, 'unproven')
      }
    deepEqual(
      [...judged.values()],
      members.map(() => 2),
    )
    for (let slot = FIRST + 10; slot < FIRST + 15; slot += 1) docket.close(slot)
    ok(members.every(({ id }) => docket.verdict(id).status === 'absent'))
  })

  test('nobody witnesses out of turn', () => {
    const docket = open({ witnessEverySlots: 5 })
    const slot = [0, 1, 2, 3, 4].map((i) => FIRST + i).find((one) => !isWitnessedIn(first ?? '', one, 5)) ?? 0
    deepEqual(docket.committee(first ?? '', slot), [])
    equal(said(docket.record({ subject: first ?? '', witness: second ?? '', slot, offset: GOOD })), 'not-asked')
  })
})

test('committees are fixed as many slots ahead as the docket lags, and two (V-5)', () => {
  const docket = open()
  fill(docket, FIRST, new Set([first ?? '']))
  const fixed = [1, 2, 3].map((ahead) => committees(docket, FIRST + ahead))
  const loose = committees(docket, FIRST + 4)
  docket.close(FIRST)
  equal(docket.verdict(first ?? '').status, 'falseticker')
  deepEqual(
    [1, 2, 3].map((ahead) => committees(docket, FIRST + ahead)),
    fixed,
  )
  notDeepEqual(committees(docket, FIRST + 4), loose)
  ok(committees(docket, FIRST + 4).every((drawn) => !drawn.includes(first ?? '')))
  equal(docket.slotFault(FIRST + 2 + OPEN_SLOTS_MAX), undefined)
  equal(docket.slotFault(FIRST + 3 + OPEN_SLOTS_MAX), 'slot-too-far')
})

test('skipped slots are not judged; what was recorded of later ones stays', () => {
  const docket = open()
  fill(docket, FIRST + 4)
  docket.skip(FIRST + 3)
  deepEqual(docket.closed, FIRST + 3)
  equal(docket.verdict(first ?? '').status, 'unproven')
  docket.close(FIRST + 4)
  equal(docket.verdict(first ?? '').status, 'truechimer')
})

describe('other members', () => {
  test('who stays keeps verdict and evidence; who comes is unproven; who went is unknown', () => {
    const docket = open()
    fill(docket, FIRST)
    docket.close(FIRST)
    fill(docket, FIRST + 1)
    const come = member(50, 0n)
    docket.replaceMembers([...members.slice(1), come])
    equal(docket.verdict(second ?? '').status, 'truechimer')
    equal(docket.verdict(come.id).status, 'unproven')
    const toGone = { subject: first ?? '', witness: second ?? '', slot: FIRST + 1, offset: GOOD }
    equal(said(docket.record(toGone)), 'not-member')
    const [judgement] = docket.close(FIRST + 1)
    deepEqual([judgement?.id, judgement?.verdict.status], [second, 'truechimer'])
  })

  test('who has no weight is witnessed and does not witness', () => {
    const come = member(50, 0n)
    const docket = open({ members: [...members, come] })
    equal(docket.committee(come.id, FIRST).length, 4)
    ok(committees(docket, FIRST).every((drawn) => !drawn.includes(come.id)))
  })

  test('new weights count from the first slot whose committees are not fixed', () => {
    const docket = open()
    const fixed = [0, 1, 2].map((ahead) => committees(docket, FIRST + ahead))
    const heavy = members.map((one, i) => ({ ...one, weight: i === 0 ? 1_000_000n : 1n }))
    docket.replaceMembers(heavy)
    deepEqual(
      [0, 1, 2].map((ahead) => committees(docket, FIRST + ahead)),
      fixed,
    )
    ok(
      committees(docket, FIRST + 3)
        .slice(1)
        .every(([best]) => best === first),
    )
  })
})

/** What somebody does to a docket. */
const deeds = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('fill' as const), ahead: fc.nat({ max: 6 }), off: fc.nat({ max: 8 }) }),
    fc.record({ type: fc.constant('close' as const), ahead: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ type: fc.constant('members' as const), gone: fc.nat({ max: 8 }), weight: fc.bigInt(0n, 9n) }),
  ),
  { maxLength: 12 },
)
type Deed = (typeof deeds extends fc.Arbitrary<infer D> ? D : never)[number]
const doTo = (docket: Docket, deed: Deed): void => {
  if (deed.type === 'fill') fill(docket, docket.closed + 1 + deed.ahead, new Set([members[deed.off]?.id ?? '']))
  if (deed.type === 'close') docket.close(docket.closed + deed.ahead)
  if (deed.type === 'members')
    docket.replaceMembers(
      members.filter((_, i) => i !== deed.gone).map((one, i) => ({ ...one, weight: i === 0 ? deed.weight : 1n })),
    )
}
const reopened = (docket: Docket, options: Partial<DocketOptions> = {}): Docket | undefined => {
  const data = decodeData(encodeDocket(docket), 1_000_000)
  ok(data.verdict === 'accept')
  return readDocket(data.value, { parameters, lagSlots: 2, witnessEverySlots: 2, members: docket.members, ...options })
}

describe('bytes (V-15)', () => {
  test('a docket that was written down and read goes on alike', () => {
    fc.assert(
      fc.property(deeds, deeds, (before, after) => {
        const docket = open({ witnessEverySlots: 2 })
        for (const deed of before) doTo(docket, deed)
        const again = reopened(docket)
        ok(again !== undefined)
        deepEqual(encodeDocket(again), encodeDocket(docket))
        for (const deed of after) {
          doTo(docket, deed)
          doTo(again, deed)
        }
        deepEqual(encodeDocket(again), encodeDocket(docket))
        deepEqual(committees(again, again.closed + 5), committees(docket, docket.closed + 5))
      }),
      { numRuns: 60 },
    )
  })

  const docket = open()
  fill(docket, FIRST)
  fill(docket, FIRST + 1)
  const data = (): unknown[] => {
    const read = decodeData(encodeDocket(docket), 1_000_000)
    ok(read.verdict === 'accept' && Array.isArray(read.value))
    return read.value
  }
  const draw = members.map(({ key }) => [key, 1])
  const page = [[0, [[0, [[1, -5, 5]]]]]]
  const slot = (given: readonly unknown[]): unknown => [[FIRST, [given]]]
  const table: readonly (readonly [name: string, at: number, value: unknown])[] = [
    ['no number', 0, 'x'],
    ['too few lines', 1, []],
    ['an unknown status', 1, members.map(() => ['fine', 'in-range', 0, 0, 0])],
    ['no draw', 2, []],
    ['a draw that nobody names', 2, [draw, draw]],
    ['somebody twice in a draw', 2, [[...draw, draw[0]]]],
    ['somebody without weight in a draw', 2, [members.map(({ key }) => [key, 0])]],
    ['too few places', 3, [0, 0]],
    ['a place that is not there', 3, [0, 0, 0, 1]],
    ['a slot that is closed', 4, page],
    ['a slot too far', 4, [[FIRST + 2 + OPEN_SLOTS_MAX, []]]],
    [
      'slots that do not rise',
      4,
      [
        [FIRST + 1, []],
        [FIRST, []],
      ],
    ],
    [
      'a witness twice',
      4,
      slot([
        0,
        [
          [1, -5, 5],
          [1, -5, 5],
        ],
      ]),
    ],
    ['its own witness', 4, slot([0, [[0, -5, 5]]])],
    ['a witness who is none', 4, slot([0, [[9, -5, 5]]])],
    ['a subject who is none', 4, slot([9, [[1, -5, 5]]])],
    ['an offset the wrong way round', 4, slot([0, [[1, 5, -5]]])],
  ]
  for (const [name, at, value] of table)
    test(`refused: ${name}`, () => {
      equal(readDocket(data().with(at, value), { members, parameters, lagSlots: 2 }), undefined)
    })
  test('refused: no list, or one too long', () => {
    for (const wrong of [null, 7, encodeData(1), [...data(), 1]])
      equal(readDocket(wrong, { members, parameters, lagSlots: 2 }), undefined)
    equal(readDocket(data(), { members, parameters, lagSlots: 3 }), undefined)
    ok(readDocket(data(), { members, parameters, lagSlots: 2 }) !== undefined)
  })
})
