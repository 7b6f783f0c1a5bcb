/** What blocks do: verdicts, actions and their refusals, offences, emergencies, silences. Rules B-60 to B-69, B-75. */
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NS_PER_MS, NS_PER_SEC, PPB_ONE } from '../base/index.ts'
import { NO_EFFECT_REASONS } from './actions.ts'
import { applyBlock } from './apply-block.ts'
import { ChainScript, scriptMember } from './chain-script.test-kit.ts'
import type { ScriptOptions } from './chain-script.test-kit.ts'
import { committeeOf, genesisState, memberOf, statusOf } from './chain-state.ts'
import type { ChainMember } from './chain-state.ts'
import { decodeState, encodeState } from './chain-snapshot.ts'

const people = Array.from({ length: 5 }, (_, i) => scriptMember(`member ${i}`))
const [a, b, c, d, e] = [0, 1, 2, 3, 4].map((i) => scriptMember(`member ${i}`))
ok(a && b && c && d && e)
const stranger = scriptMember('stranger')
const FAST = 300n * NS_PER_MS
const script = (parameters: ScriptOptions['parameters'] = {}): ChainScript =>
  new ChainScript({ members: people, parameters: { epochSlots: 1000, ...parameters } })
const statuses = ({ state }: ChainScript): readonly string[] => people.map(({ id }) => statusOf(state, id).status)
const part = ({ state }: ChainScript, { id }: { readonly id: string }): ChainMember => {
  const member = memberOf(state, id)
  ok(member !== undefined)
  return member
}
/** What was noted of the transactions of the newest block: known once the next one is there. */
const noted = (chain: ChainScript): readonly string[] => chain.step().noted.map(({ reason }) => reason)

test('the genesis: everybody votes with the weight of a beginner, and witnesses', () => {
  const chain = new ChainScript({ members: people, stakes: [4n, 2n, 1n, 1n, 0n] })
  const weights = people.map(({ id }) => memberOf(chain.state, id)?.weight)
  deepEqual(weights, [750_000_000n, 500_000_000n, 375_000_000n, 375_000_000n, 250_000_000n])
  equal(chain.state.validators.total, 2_250_000_000n)
  equal(committeeOf(chain.state, a.id, 7).length, 4)
  const crowd = [...people, ...Array.from({ length: 20 }, (_, i) => scriptMember(`unstaked ${i}`))]
  const { members, validators } = genesisState({
    ...chain.genesis,
    members: crowd.map(({ id, key }, i) => ({ id, key, stake: i < 5 ? 1n : 0n })),
  })
  const unstaked = members.reduce((sum, { stake, weight }) => (stake === 0n ? sum + weight : sum), 0n)
  ok(unstaked > 0n && 3n * unstaked < validators.total)
})

test('a block takes effect with the next one; verdicts follow the evidence in blocks, some slots behind', () => {
  const chain = script()
  chain.offsets.set(c.id, FAST)
  chain.step()
  deepEqual([chain.state.docket], [undefined])
  chain.steps(2)
  deepEqual(
    statuses(chain),
    people.map(() => 'unproven'),
  )
  chain.step()
  deepEqual(statuses(chain), ['truechimer', 'truechimer', 'falseticker', 'truechimer', 'truechimer'])
  const { judgements, slot } = chain.step().judged[0] ?? {}
  equal(slot, chain.state.docket?.closed)
  equal(judgements?.find(({ id }) => id === c.id)?.finding.reason, 'ahead')
  chain.steps(8)
  ok(people.every(({ id }) => !committeeOf(chain.state, id, chain.slot + 1).some((one) => one.id === c.id)))
})

test('the same blocks give the same states', () => {
  const chain = script({ epochSlots: 7 })
  chain.offsets.set(b.id, FAST)
  chain.steps(40)
  // Another object for the same genesis: nothing that is remembered of the first chain serves it.
  let state = genesisState({ ...chain.genesis })
  for (const block of chain.blocks) state = applyBlock(state, block).state
  deepEqual(encodeState(state), encodeState(chain.state))
})

test('asked again about an equal state, the answer is the same object', () => {
  const chain = script()
  chain.steps(6)
  const read = decodeState(encodeState(chain.state), chain.genesis)
  ok(read.verdict === 'accept' && read.value !== chain.state)
  const block = chain.make({})
  equal(applyBlock(read.value, block), applyBlock(chain.state, block))
  chain.step()
  notEqual(applyBlock(chain.state, block), applyBlock(read.value, block))
})

describe('transactions', () => {
  const ready = (parameters: ScriptOptions['parameters'] = {}): ChainScript => {
    const chain = script(parameters)
    chain.offsets.set(c.id, FAST)
    chain.steps(6)
    return chain
  }
  const table: readonly (readonly [
    name: string,
    expected: readonly string[],
    given: (chain: ChainScript) => ReturnType<ChainScript['transaction']>[],
    parameters?: ScriptOptions['parameters'],
  ])[] = [
    ['a mark by a truechimer', [], (chain) => [chain.transaction(a, { kind: 'mark', sequence: 1 })]],
    ['by a falseticker', ['author-falseticker'], (chain) => [chain.transaction(c, { kind: 'mark', sequence: 1 })]],
    [
      'acted a second before its parent',
      ['time-before-block'],
      (chain) => [chain.transaction(a, { kind: 'mark', sequence: 1, atNs: -3n * NS_PER_SEC })],
    ],
    [
      'acted just before its parent was proposed',
      [],
      (chain) => [chain.transaction(a, { kind: 'mark', sequence: 1, atNs: -NS_PER_SEC })],
    ],
    [
      'acted after its block',
      ['time-after-block'],
      (chain) => [chain.transaction(a, { kind: 'mark', sequence: 1, atNs: 2n * NS_PER_SEC })],
    ],
    [
      'two with one sequence',
      ['sequence-used'],
      (chain) => [1, 2].map((mark) => chain.transaction(a, { kind: 'mark', sequence: 5, mark })),
    ],
    [
      'a sequence below the last',
      ['sequence-used'],
      (chain) => [5, 4].map((sequence) => chain.transaction(a, { kind: 'mark', sequence })),
    ],
    [
      'a mark by a stranger',
      ['author-unknown'],
      (chain) => [chain.transaction(stranger, { kind: 'mark', sequence: 1 })],
    ],
    [
      'a stranger that leaves',
      ['author-unknown'],
      (chain) => [chain.transaction(stranger, { kind: 'leave', sequence: 1 })],
    ],
    ['a member that joins', ['already-member'], (chain) => [chain.transaction(a, { kind: 'join', sequence: 1 })]],
    [
      'leaving twice',
      ['already-leaving'],
      (chain) => [1, 2].map((sequence) => chain.transaction(a, { kind: 'leave', sequence })),
    ],
    [
      'a stranger that joins at another time',
      ['time-after-block'],
      (chain) => [chain.transaction(stranger, { kind: 'join', sequence: 1, atNs: 5n * NS_PER_SEC })],
    ],
    [
      'more candidates than there is room for, the last of them unproven',
      ['candidates-full', 'author-unproven'],
      (chain) => [
        chain.transaction(stranger, { kind: 'join', sequence: 1 }),
        chain.transaction(scriptMember('another'), { kind: 'join', sequence: 1 }),
        chain.transaction(stranger, { kind: 'mark', sequence: 2 }),
      ],
      { candidatesMax: 1 },
    ],
  ]
  for (const [name, expected, given, parameters] of table)
    test(`${name}: ${expected.join(', ') || 'no fault'}`, () => {
      const chain = ready(parameters)
      chain.meet(stranger)
      chain.meet(scriptMember('another'))
      chain.step({ transactions: given(chain) })
      deepEqual(noted(chain), expected)
    })

  test('one that is in two blocks has its effect once', () => {
    const chain = ready()
    const mark = chain.transaction(a, { kind: 'mark', sequence: 1 })
    chain.step({ transactions: [mark] })
    const { noted: none } = chain.step({ transactions: [mark] })
    deepEqual([none, noted(chain)], [[], ['sequence-used']])
  })

  test('what had no effect has used its sequence up', () => {
    const chain = ready()
    chain.step({ transactions: [chain.transaction(c, { kind: 'mark', sequence: 9 })] })
    chain.step()
    equal(part(chain, c).sequence, 9)
  })

  test('the absent do not act', () => {
    const chain = ready()
    chain.steps(20, { silent: new Set([d.id]) })
    chain.step({ transactions: [chain.transaction(d, { kind: 'mark', sequence: 1 })] })
    deepEqual(noted(chain), ['author-absent'])
  })

  test('every documented reason is reached, but a full list of a thousand members', () => {
    const reached = new Set([...table.flatMap(([, expected]) => expected), 'author-absent', 'members-full'])
    deepEqual(
      NO_EFFECT_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

describe('joining and leaving', () => {
  const joining = { epochSlots: 20, joinRecordSlots: 10, joinsPerEpochMax: 1 }

  test("a stranger becomes a candidate, is witnessed, and votes from an epoch's end on", () => {
    const chain = script(joining)
    chain.meet(stranger)
    chain.steps(4)
    chain.step({ transactions: [chain.transaction(stranger, { kind: 'join', sequence: 1 })] })
    chain.step()
    const { role, weight, since } = part(chain, stranger)
    deepEqual([role, weight, since], ['candidate', 0n, 5])
    equal(chain.state.validators.size, 5)
    chain.steps(13)
    equal(statusOf(chain.state, stranger.id).status, 'truechimer')
    equal(chain.state.height, 19)
    chain.step()
    deepEqual([part(chain, stranger).role, part(chain, stranger).weight], ['validator', 250_000_000n])
    deepEqual([chain.state.lastValidators.size, chain.state.validators.size], [5, 6])
    chain.steps(10)
    ok(people.some(({ id }) => committeeOf(chain.state, id, chain.slot + 1).some((one) => one.id === stranger.id)))
  })

  test('so many an epoch, the eldest first', () => {
    const chain = script(joining)
    const others = ['one', 'two'].map(scriptMember)
    chain.steps(4)
    for (const other of others) {
      chain.meet(other)
      chain.step({ transactions: [chain.transaction(other, { kind: 'join', sequence: 1 })] })
    }
    chain.steps(14)
    const roles = (): readonly string[] => others.map((other) => part(chain, other).role)
    deepEqual(roles(), ['validator', 'candidate'])
    chain.steps(20)
    deepEqual(roles(), ['validator', 'validator'])
  })

  test('a candidate that proves nothing for an epoch makes room', () => {
    const chain = script(joining)
    chain.meet(stranger)
    chain.steps(4)
    chain.step({ transactions: [chain.transaction(stranger, { kind: 'join', sequence: 1 })] })
    const silent = new Set([stranger.id])
    chain.steps(34, { silent })
    equal(part(chain, stranger).role, 'candidate')
    chain.step({ silent })
    equal(memberOf(chain.state, stranger.id), undefined)
  })

  test("who leaves votes until the epoch's end, and goes as fast as a sixth of all weight an epoch", () => {
    const chain = script(joining)
    chain.steps(6)
    chain.step({ transactions: [chain.transaction(e, { kind: 'leave', sequence: 1 })] })
    chain.steps(12)
    deepEqual([part(chain, e).role, part(chain, e).weight], ['leaving', 750_000_000n])
    chain.step()
    equal(part(chain, e).weight, 125_000_000n)
    chain.steps(20)
    equal(memberOf(chain.state, e.id), undefined)
    equal(chain.state.validators.size, 4)
    chain.steps(4)
  })
})

describe('offences', () => {
  test("one is punished once, whoever shows it and however often; weight follows at the epoch's end", () => {
    const chain = script({
      epochSlots: 10,
      standing: { ...script().genesis.parameters.standing, offencePenaltyPpb: 400_000_000n },
    })
    chain.steps(3)
    const evidence = chain.equivocation(b, 2)
    ok(evidence.type === 'votes')
    chain.step({ offences: [evidence] })
    equal(part(chain, b).integrity, PPB_ONE)
    chain.step({ offences: [{ ...evidence, first: evidence.second, second: evidence.first }] })
    equal(part(chain, b).integrity, 600_000_000n)
    chain.step({ offences: [chain.equivocation(b, 3)] })
    equal(part(chain, b).integrity, 600_000_000n)
    chain.steps(3)
    deepEqual([part(chain, b).integrity, part(chain, b).weight], [200_000_000n, 750_000_000n])
    equal(chain.state.punished.size, 2)
    chain.step()
    equal(part(chain, b).weight, 155_000_000n)
    chain.step({ offences: [chain.equivocation(b, 4)] })
    chain.step()
    equal(part(chain, b).integrity, 0n)
  })

  test('integrity 0 means weight 0; who has stake stays a member', () => {
    const chain = script({ epochSlots: 10 })
    chain.step({ offences: [chain.equivocation(b, 1)] })
    chain.steps(19)
    deepEqual([part(chain, b).weight, part(chain, b).integrity], [0n, 0n])
    equal(chain.state.validators.size, 4)
  })

  test('of strangers, too old or long punished: without effect', () => {
    const chain = script({ epochSlots: 10, offenceAgeMax: 5 })
    chain.meet(stranger)
    chain.steps(8)
    chain.step({ offences: [chain.equivocation(stranger, 8), chain.equivocation(b, 3)] })
    chain.step()
    equal(chain.state.punished.size, 0)
    chain.step({ offences: [chain.equivocation(b, 6)] })
    chain.step({ offences: [chain.equivocation(b, 7)] })
    chain.step()
    deepEqual([chain.state.punished.size, part(chain, b).integrity], [1, 0n])
    chain.steps(17)
    equal(chain.state.punished.size, 0)
  })
})

describe('emergency', () => {
  test('a common source that lies to more than a third of the weight: declared, no weight moves, and it ends by itself', () => {
    const chain = script({ epochSlots: 10 })
    chain.steps(10)
    const weights = (): readonly bigint[] => chain.state.members.map(({ weight }) => weight)
    const reputations = (): readonly bigint[] => chain.state.members.map(({ reputation }) => reputation)
    const before = { weights: weights(), reputations: reputations() }
    for (const { id } of [a, b]) chain.offsets.set(id, FAST)
    chain.steps(8)
    equal(chain.state.emergency, true)
    equal(chain.make({}).header.emergency, true)
    chain.steps(40)
    deepEqual({ weights: weights(), reputations: reputations() }, before)
    deepEqual(statuses(chain).slice(0, 2), ['falseticker', 'falseticker'])
    chain.offsets.clear()
    chain.steps(8)
    equal(chain.state.emergency, false)
    deepEqual(
      statuses(chain),
      people.map(() => 'truechimer'),
    )
    chain.steps(20)
    ok(reputations().every((reputation, i) => reputation > (before.reputations[i] ?? 0n)))
  })

  test('a fifth of the weight is none', () => {
    const chain = script()
    chain.offsets.set(a.id, FAST)
    chain.steps(12)
    equal(chain.state.emergency, false)
  })

  test('while it lasts candidates wait, and who leaves stays', () => {
    const chain = script({ epochSlots: 20, joinRecordSlots: 3 })
    chain.meet(stranger)
    chain.steps(5)
    chain.step({
      transactions: [
        chain.transaction(stranger, { kind: 'join', sequence: 1 }),
        chain.transaction(e, { kind: 'leave', sequence: 1 }),
      ],
    })
    chain.steps(8)
    ok(part(chain, stranger).inRangeSlots >= 3)
    for (const { id } of [a, b]) chain.offsets.set(id, FAST)
    chain.steps(6)
    equal(chain.state.height, 20)
    deepEqual(
      [part(chain, stranger).role, part(chain, e).role, part(chain, e).weight],
      ['candidate', 'leaving', 750_000_000n],
    )
    chain.offsets.clear()
    chain.steps(20)
    deepEqual([part(chain, stranger).role, part(chain, e).weight < 750_000_000n], ['validator', true])
  })
})

describe('silence', () => {
  test('slots of a long silence end unjudged, and nobody is absent for it', () => {
    const chain = script()
    chain.steps(6)
    chain.step({ slots: 500 })
    const { judged } = chain.step()
    ok(judged.length <= 8)
    chain.steps(5)
    deepEqual(
      statuses(chain),
      people.map(() => 'truechimer'),
    )
    equal(chain.slot - (chain.state.docket?.closed ?? 0), 3)
  })

  test('without evidence everybody is absent in the end, and the chain goes on; then all recover', () => {
    const chain = script()
    chain.steps(6)
    chain.steps(20, { isWithoutEvidence: true })
    deepEqual(
      statuses(chain),
      people.map(() => 'absent'),
    )
    equal(chain.state.emergency, false)
    chain.steps(12)
    deepEqual(
      statuses(chain),
      people.map(() => 'truechimer'),
    )
  })

  test('a time that nobody knew closes no slots far ahead', () => {
    const chain = script()
    chain.steps(6)
    const closed = chain.state.docket?.closed ?? 0
    const block = chain.make({})
    const { earliest } = block.header.time
    const wide = { ...block, header: { ...block.header, time: { earliest, latest: 2n ** 62n, timestamp: 2n ** 61n } } }
    const { state } = applyBlock(chain.state, { ...wide, id: 'f'.repeat(64) })
    ok((state.docket?.closed ?? 0) <= closed + 4)
  })
})

test('a state that was written down and read goes on alike', () => {
  const chain = script({ epochSlots: 10 })
  chain.offsets.set(b.id, FAST)
  chain.steps(15)
  const read = decodeState(encodeState(chain.state), { ...chain.genesis })
  ok(read.verdict === 'accept')
  let state = read.value
  for (let i = 0; i < 15; i += 1) {
    chain.step()
    const block = chain.blocks.at(-1)
    ok(block !== undefined)
    state = applyBlock(state, block).state
  }
  deepEqual(encodeState(state), encodeState(chain.state))
})
