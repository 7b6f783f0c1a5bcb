/** The views of the chain over a chain of tables: what is settled and what is not, who is silent, what an epoch changed, what is told. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NS_PER_SEC, TAI_MAX, hexOf } from '../base/index.ts'
import type { Cancel, Tai } from '../base/index.ts'
import { cidOf } from '../crypto/index.ts'
import { DECODED_BYTES_MAX, ROUND_EVENT_NS, ROUND_LOOK_NS, openChainBackend } from './chain-backend.ts'
import type { ChainBackend } from './chain-backend.ts'
import * as shapes from './chain-schema.ts'
import { ORIGIN_TAI, TableChain, changed, keyOf, refusing, share } from './chain-source.test-kit.ts'
import type { TableChainOptions } from './chain-source.test-kit.ts'
import { eventSchema } from './schema.ts'
import type { EventView } from './schema.ts'

const NAMES = ['Ada', 'Bede', 'Cyra', 'Dondi'] as const

/** A counter that a test moves, with one timer at a time. */
class Hand {
  nowNs = 0n
  #due: { readonly atNs: bigint; readonly run: () => void } | undefined

  elapsedNs = (): bigint => this.nowNs
  schedule = (delayNs: bigint, run: () => void): Cancel => {
    const due = { atNs: this.nowNs + delayNs, run }
    this.#due = due
    return () => {
      if (this.#due === due) this.#due = undefined
    }
  }

  pass(ns: bigint): void {
    const end = this.nowNs + ns
    while (this.#due !== undefined && this.#due.atNs <= end) {
      const due = this.#due
      this.#due = undefined
      this.nowNs = due.atNs
      due.run()
    }
    this.nowNs = end
  }
}

interface Opened {
  readonly chain: TableChain
  readonly backend: ChainBackend
  readonly hand: Hand
  /** Checked against their shapes. */
  readonly told: EventView[]
}

const open = (options: Partial<TableChainOptions> = {}, now: () => Tai | undefined = () => undefined): Opened => {
  const chain = new TableChain({ names: NAMES, ...options })
  const hand = new Hand()
  const backend = openChainBackend({ source: chain, people: chain.people, time: hand, now })
  const told: EventView[] = []
  backend.onEvent((event) => told.push(eventSchema.parse(event)))
  return { chain, backend, hand, told }
}

const ofType = <T extends EventView['type']>(told: readonly EventView[], type: T) =>
  told.filter((event): event is Extract<EventView, { type: T }> => event.type === type)

describe('blocks', () => {
  test('the newest first; only the newest is not settled', () => {
    const { chain, backend } = open()
    for (let i = 0; i < 5; i += 1) chain.decide()
    const { blocks, first, last } = shapes.blocksSchema.parse(backend.blocks({ from: undefined, limit: 3 }))
    deepEqual([first, last], [1, 5])
    deepEqual(
      blocks.map(({ height, settled }) => [height, settled]),
      [
        [5, false],
        [4, true],
        [3, true],
      ],
    )
    deepEqual(
      backend.blocks({ from: 2, limit: 100 }).blocks.map(({ height }) => height),
      [2, 1],
    )
  })

  test('before the first block there is none', () => {
    const { backend } = open()
    deepEqual(backend.blocks({ from: undefined, limit: 3 }), { blocks: [], first: null, last: null })
    equal(backend.block(1), undefined)
    equal(backend.status().tip, null)
  })

  test('the time is the next block’s word; of the newest it is what the own commit gives', () => {
    const { chain, backend } = open()
    chain.decide()
    chain.decide()
    const [newest, settled] = backend.blocks({ from: undefined, limit: 2 }).blocks
    equal(settled?.time?.timestamp, String(ORIGIN_TAI + NS_PER_SEC))
    equal(newest?.time?.timestamp, String(ORIGIN_TAI + 2n * NS_PER_SEC))
    equal(newest?.time?.widthNs, 502_000_000)
  })

  test('one block: who signed when, who is missing, what is proven and what is open', () => {
    const { chain, backend } = open()
    chain.decide({ signers: ['Ada', 'Bede', 'Cyra'] })
    const newest = shapes.blockSchema.parse(backend.block(1))
    match(newest.proven, /^Signed by 3 of 4 validators with 75 % of the weight; more than two thirds decide\.$/)
    match(newest.open, /502 ms wide, is by this node’s own commit; block 2 settles it/)
    deepEqual(
      newest.commit?.missing.map(({ name }) => name),
      ['Dondi'],
    )
    equal(newest.commit?.settles, false)
    chain.decide()
    const settled = backend.block(1)
    deepEqual([settled?.open, settled?.commit?.settles, settled?.commit?.signers.length], ['', true, 3])
    deepEqual(settled?.own, settled?.commit?.signers.find(({ name }) => name === 'Ada')?.received)
    equal(backend.block(newest.id)?.height, 1)
    equal(backend.blockBytes(newest.id), chain.block(1)?.block.bytes)
    equal(backend.blockBytes(3), undefined)
  })

  test('who had no time, and who was late, told no interval that can be drawn', () => {
    const { chain, backend } = open()
    const received = { Bede: { earliest: 0n, latest: TAI_MAX }, Cyra: { earliest: 0n, latest: ORIGIN_TAI } }
    chain.decide({ received: { ...received, Ada: { earliest: 0n, latest: ORIGIN_TAI } } })
    const block = shapes.blockSchema.parse(backend.block(1))
    const said = new Map(block.commit?.signers.map(({ name, received: told, widthNs }) => [name, { told, widthNs }]))
    deepEqual(said.get('Bede'), { told: null, widthNs: null })
    deepEqual(said.get('Cyra'), { told: { earliest: '0', latest: String(ORIGIN_TAI) }, widthNs: null })
    equal(block.own, null)
  })

  test('an unknown id is unknown, and so is a height to come', () => {
    const { chain, backend } = open()
    chain.decide()
    deepEqual([backend.block('ab'.repeat(32)), backend.block(2), backend.block(0)], [undefined, undefined, undefined])
  })

  test('an old id is found where the store can say', () => {
    const ids = new Map<string, number>()
    const { chain } = open({ archive: { heightOf: (id) => ids.get(id) } })
    const { block } = chain.decide()
    ids.set(block.id, 1)
    const later = openChainBackend({ source: chain, people: chain.people, time: new Hand(), now: () => undefined })
    equal(later.block(block.id)?.height, 1)
  })

  test('a list ends early where much has to be read for it, and what is settled is read once', () => {
    const blockBytes = 200_000
    const { chain, backend } = open({ blockBytes })
    for (let i = 0; i < 40; i += 1) chain.decide()
    const late = openChainBackend({ source: chain, people: chain.people, time: new Hand(), now: () => undefined })
    equal(late.blocks({ from: undefined, limit: 100 }).blocks.length, Math.ceil(DECODED_BYTES_MAX / blockBytes))
    for (const one of [late, backend]) {
      const before = chain.reads
      one.blocks({ from: 39, limit: 2 })
      equal(chain.reads, before)
    }
  })
})

describe('the round', () => {
  const quorum = 2_000_000_001

  test('says whom it waits for', () => {
    const { chain, backend } = open()
    const [proposer = ''] = chain.names.filter((name) => chain.id(name) === chain.round.proposer)
    equal(backend.status().round.waiting, `Waiting for the proposal of ${proposer}.`)
    chain.step({ proposer: chain.id('Ada') })
    equal(backend.status().round.waiting, 'It is this node’s turn to propose.')
    chain.step({ step: 'prevote', prevoted: 1_500_000_000n, silent: [chain.id('Dondi'), chain.id('Bede')] })
    const round = shapes.roundSchema.parse(backend.status().round)
    match(round.waiting, /prevotes: 50 % of the weight has voted.* Silent: Bede and Dondi, with 50 % of the weight\./)
    deepEqual([round.quorum, round.total], [quorum, 3_000_000_000])
    chain.step({ behind: 7 })
    equal(backend.status().round.waiting, 'Catching up: 7 blocks behind its peers.')
  })

  test('is stuck once it takes too long and the silent could make no quorum', () => {
    const { chain, backend, hand } = open()
    chain.decide()
    chain.step({ step: 'prevote', silent: [chain.id('Dondi'), chain.id('Bede')] })
    equal(backend.status().round.stuck, false)
    hand.pass(7n * NS_PER_SEC)
    equal(backend.status().round.stuck, true)
    chain.step({ silent: [chain.id('Dondi')] })
    equal(backend.status().round.stuck, false)
  })

  test('when a later round begins, only who was silent in the one before is', () => {
    const { chain, backend } = open()
    deepEqual(backend.status().round.silent, [])
    chain.step({ step: 'precommit', silent: [chain.id('Dondi')] })
    chain.step({ round: 1, step: 'propose', silent: NAMES.map((name) => chain.id(name)) })
    const { round } = backend.status()
    deepEqual(
      round.silent.map(({ name }) => name),
      ['Dondi'],
    )
    match(round.waiting, /^Waiting for the proposal of .* Silent: Dondi, with 25 % of the weight\.$/)
    equal(backend.status().roundsFailed, 1)
  })

  test('why it has stopped deciding', () => {
    const { chain, backend } = open()
    equal(backend.status().halted, '')
    chain.halted = { code: 'TC_CONSENSUS_WAL', message: 'The disk is full.' }
    equal(backend.status().halted, 'The disk is full. [TC_CONSENSUS_WAL]')
  })

  test('the age of the newest block, where there is the time', () => {
    const { chain, backend } = open({}, () => ORIGIN_TAI + NS_PER_SEC + 840n)
    chain.decide()
    equal(shapes.chainStatusSchema.parse(backend.status()).tipAgeNs, 840)
    const { chain: other, backend: timeless } = open()
    other.decide()
    equal(timeless.status().tipAgeNs, null)
  })
})

describe('validators', () => {
  test('weights, and why', () => {
    const { chain, backend } = open({ stakes: [2n, 1n, 1n, 0n] })
    chain.decide()
    const view = shapes.validatorsSchema.parse(backend.validators(undefined))
    const [first] = view.validators
    deepEqual([first?.name, first?.self, first?.stakeShare], ['Ada', true, 1_000_000_000])
    equal(first?.why, 'Reputation 50 % and stake 100 % make 75 % of a voice.')
    equal(
      view.total,
      view.validators.reduce((sum, { weight }) => sum + weight, 0),
    )
    deepEqual([view.height, view.asOf], [2, 1])
  })

  test('what the last epoch’s end changed, and who voted before it', () => {
    const { chain, backend } = open({ epochSlots: 3 })
    const bede = chain.id('Bede')
    const before = chain.state.members.find(({ id }) => id === bede)?.weight ?? 0n
    chain.decide()
    chain.decide({ members: changed(bede, { placedSlots: 1, absentSlots: 1, accuracySum: share(90) }) })
    equal(backend.validators(undefined)?.validators.find(({ id }) => id === bede)?.accuracy, 450_000_000)
    const cut = changed(bede, { weight: before - share(10), reputation: share(45), placedSlots: 0, accuracySum: 0n })
    chain.decide({ members: cut })
    const after = shapes.validatorsSchema.parse(backend.validators(undefined))
    const now = after.validators.find(({ id }) => id === bede)
    deepEqual([now?.changed?.weight, now?.changed?.reputation, now?.changed?.accuracy], [-1e8, -5e7, 450_000_000])
    deepEqual([after.epoch.number, after.epoch.firstHeight, after.epoch.decided], [1, 4, 0])
    const past = backend.validators(3)
    equal(past?.validators.find(({ id }) => id === bede)?.weight, Number(before))
    deepEqual([backend.validators(7), backend.validators(0)], [undefined, undefined])
  })

  test('candidates, those who leave, offenders and those out of time are told why', () => {
    const { chain, backend } = open()
    const [ada, bede, cyra, dondi] = NAMES.map((name) => chain.id(name))
    const marks = [
      changed(ada ?? '', { role: 'leaving' }),
      changed(bede ?? '', { role: 'candidate', weight: 0n, inRangeSlots: 34 }),
      changed(cyra ?? '', { integrity: share(60) }),
    ]
    chain.decide({ members: (members) => marks.reduce((all, mark) => mark(all), members) })
    chain.judge({ Dondi: 'falseticker' })
    const whys = new Map(backend.validators(undefined)?.validators.map(({ id, why }) => [id, why]))
    match(whys.get(ada ?? '') ?? '', /It is leaving/)
    equal(whys.get(bede ?? ''), 'Does not vote yet: 34 of 60 judged slots in range.')
    match(whys.get(cyra ?? '') ?? '', /offences have taken 40 % of it\. Now 75 %: an epoch takes at most a sixth/)
    match(whys.get(dondi ?? '') ?? '', /Out of time: its actions do not count/)
  })

  test('who voted in an epoch that is not at hand is not known', () => {
    const { chain } = open({ epochSlots: 2 })
    for (let i = 0; i < 5; i += 1) chain.decide()
    const late = openChainBackend({ source: chain, people: chain.people, time: new Hand(), now: () => undefined })
    equal(late.validators(1), undefined)
    const block = shapes.blockSchema.parse(late.block(1))
    deepEqual([block.validators, block.commit?.weight, block.commit?.signers[0]?.name], [0, null, 'validator 0'])
    match(block.proven, /no longer holds what weight they had/)
  })
})

describe('emergencies', () => {
  test('are told when they begin and when they end, by name', () => {
    const { chain, backend, told } = open()
    chain.decide()
    chain.judge({ Cyra: 'falseticker', Dondi: 'falseticker' })
    chain.decide({ emergency: true })
    chain.decide({ emergency: true })
    const { emergency } = backend.status()
    deepEqual([emergency.emergency, emergency.outShare], [true, 500_000_000])
    match(emergency.explanation, /out of time: Cyra and Dondi, 50 % together\. Blocks go on/)
    chain.judge({})
    chain.decide()
    deepEqual(
      ofType(told, 'emergency').map((event) => [event.height, event.emergency, event.out.map(({ name }) => name)]),
      [
        [2, true, ['Cyra', 'Dondi']],
        [4, false, []],
      ],
    )
  })
})

describe('events', () => {
  test('a block, with the one before it settled', () => {
    const { chain, told } = open()
    chain.decide()
    chain.decide({ round: 1 })
    deepEqual(
      ofType(told, 'block').map(({ block, before }) => [block.height, block.settled, before?.height, before?.settled]),
      [
        [1, false, undefined, undefined],
        [2, false, 1, true],
      ],
    )
    equal(ofType(told, 'block')[1]?.block.round, 1)
  })

  test('rounds: at once, then at most every pause, and only what changed', () => {
    const { chain, hand, told } = open()
    const rounds = () => ofType(told, 'round')
    equal(rounds().length, 1)
    hand.pass(ROUND_LOOK_NS * 3n)
    equal(rounds().length, 1)
    for (const prevoted of [1n, 2n, 3n]) chain.step({ step: 'prevote', prevoted })
    equal(rounds().length, 2)
    hand.pass(ROUND_EVENT_NS)
    deepEqual(
      rounds().map(({ prevoted }) => prevoted),
      [0, 1, 3],
    )
    chain.hear({ prevoted: 4n })
    hand.pass(ROUND_LOOK_NS + ROUND_EVENT_NS)
    equal(rounds().at(-1)?.prevoted, 4)
  })

  test('nothing is looked for while nobody listens', () => {
    const chain = new TableChain({ names: NAMES })
    let asked = 0
    const time = {
      elapsedNs: () => 0n,
      schedule: () => {
        asked += 1
        return () => undefined
      },
    }
    const backend = openChainBackend({ source: chain, people: chain.people, time, now: () => undefined })
    chain.step({ step: 'prevote' })
    chain.decide()
    equal(asked, 0)
    const cancel = backend.onEvent(() => undefined)
    equal(asked, 1)
    cancel()
  })
})

describe('what goes in and out', () => {
  test('a transaction: its content address, or why not', () => {
    const { chain, backend } = open()
    const bytes = new Uint8Array([1, 2, 3])
    deepEqual(backend.submit(bytes), { verdict: 'accept', value: cidOf(bytes).toString() })
    deepEqual(chain.submitted, [bytes])
    chain.verdict = refusing('author-unproven')
    deepEqual(backend.submit(bytes), { verdict: 'ignore', reason: 'author-unproven' })
  })

  test('the genesis, and a proof where the store makes one', () => {
    const { backend } = open({ archive: { lightProof: (from, to) => (to === 9 ? keyOf(from) : undefined) } })
    const genesis = shapes.genesisViewSchema.parse(backend.genesis())
    deepEqual([genesis.name, genesis.networkId], ['table', hexOf(new Uint8Array(32).fill(7))])
    const proof = backend.light({ from: 1, to: 9 })
    deepEqual(proof, { from: 1, to: 9, bytes: Buffer.from(keyOf(1)).toString('base64') })
    equal(backend.light({ from: 1, to: 8 }), undefined)
    ok(proof !== undefined && shapes.lightSchema.safeParse(proof).success)
  })
})
