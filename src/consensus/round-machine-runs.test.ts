/**
 * What holds in every run of several machines, whatever the order of deliveries, losses, crashes and lies of less than a third of the weight:
 * agreement, validity, no word against an earlier word, no lock lost, nobody honest convicted, and an end once everything is delivered.
 * Rules: docs/spec/consensus.md B-40 to B-51.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { drawBelow, hexOf, seededRandom } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import { isForgotten, offenderOf } from './evidence.ts'
import type { Message } from './messages.ts'
import { blockOf, inputOf, proposalOf, TestNode, validatorsOf, voteOf } from './round-machine.test-kit.ts'
import type { ValidatorSet } from './validators.ts'
import type { BlockId } from './validators.ts'
import { VOTE_KINDS } from './vote.ts'
import type { Vote } from './vote.ts'

const oneOf = <T>(random: Random, items: readonly T[]): T | undefined => items[drawBelow(random, items.length || 1)]
const chance = (random: Random, percent: number): boolean => drawBelow(random, 100) < percent

class Net {
  readonly validators: ValidatorSet
  readonly nodes: readonly TestNode[]
  readonly honest: readonly TestNode[]
  readonly liars: readonly number[]
  readonly random: Random
  readonly #said: Message[] = []
  readonly #flights: { readonly to: TestNode; readonly message: Message }[] = []
  /** What honest nodes have said, by author, round and kind; and their votes, in their order. */
  readonly #words = new Map<string, string>()
  readonly #votes = new Map<number, Vote[]>()
  /** Of a hundred happenings, how many are deliveries; of a hundred deliveries, how many are lost. */
  readonly #deliveries: number
  readonly #losses: number
  /** Restarts of nodes that were bound to a block. */
  lockedRestarts = 0

  constructor(random: Random, weights: readonly bigint[], liars: readonly number[]) {
    this.random = random
    this.#deliveries = 25 + drawBelow(random, 35)
    this.#losses = drawBelow(random, 30)
    this.validators = validatorsOf(weights)
    this.liars = liars
    this.nodes = weights.map(
      (_, index) => new TestNode(index, this.validators, (message) => this.#hear(index, message)),
    )
    this.honest = this.nodes.filter(({ index }) => !liars.includes(index))
    for (const node of this.honest) node.start()
  }

  #hear(from: number, message: Message): void {
    this.#check(from, message)
    this.#said.push(message)
    for (const to of this.honest) if (to.index !== from) this.#flights.push({ to, message })
  }

  /** No honest node ever says two things in one place, nor forgets what it precommitted. */
  #check(from: number, message: Message): void {
    const { round, block, validRound } = message.type === 'vote' ? message.vote.vote : message.proposal.head
    const place = `${from} ${round} ${message.type === 'vote' ? message.vote.vote.kind : 'proposal'}`
    const words = `${block} ${validRound}`
    equal(this.#words.get(place) ?? words, words, `two words: ${place}`)
    this.#words.set(place, words)
    if (message.type === 'proposal') return
    const votes = this.#votes.get(from) ?? []
    for (const vote of votes) {
      ok(!isForgotten(vote, message.vote.vote), `forgotten: ${place}`)
      ok(!isForgotten(message.vote.vote, vote), `forgotten: ${place}`)
    }
    this.#votes.set(from, [...votes, message.vote.vote])
  }

  /** A lie to some: votes for anything, and proposals where it is the liar's turn. */
  #lie(by: number): void {
    const { random } = this
    const round = drawBelow(random, 4)
    const blocks: (BlockId | null)[] = [
      null,
      ...this.#said.flatMap((m) => (m.type === 'proposal' ? [m.proposal.block.id] : [])),
    ]
    const block = oneOf(random, blocks) ?? null
    const kind = oneOf(random, VOTE_KINDS) ?? 'prevote'
    const validRound = kind === 'prevote' && block !== null && round > 0 ? drawBelow(random, round + 1) - 1 : -1
    const made = blockOf(round, by, chance(random, 30) ? 255 : 200 + drawBelow(random, 3))
    const message: Message = chance(random, 70)
      ? { type: 'vote', vote: voteOf({ by, kind, round, block, validRound }) }
      : { type: 'proposal', proposal: proposalOf(made, { by, round }) }
    this.#said.push(message)
    for (const to of this.honest) if (chance(random, 50)) this.#flights.push({ to, message })
  }

  /** One thing happens somewhere. */
  happen(): void {
    const { random } = this
    const what = drawBelow(random, 100)
    const node = oneOf(random, this.honest)
    const liar = oneOf(random, this.liars)
    if (node === undefined) return
    if (node.machine === undefined && chance(random, 30)) this.restart(node)
    else if (what < this.#deliveries) this.#deliverAny()
    else if (what < 85) node.work()
    else if (what < 90 && liar !== undefined) this.#lie(liar)
    else if (what < 97) this.#ring(node)
    else if (node.machine !== undefined) {
      node.crash(drawBelow(random, 3))
    }
  }

  /** A node comes back: it is bound at least by the newest precommit that it has said. */
  restart(node: TestNode): void {
    node.start()
    const precommits = (this.#votes.get(node.index) ?? []).filter(
      ({ kind, block }) => kind === 'precommit' && block !== null,
    )
    const newest = Math.max(-1, ...precommits.map(({ round }) => round))
    ok((node.machine?.view().lockedRound ?? -1) >= newest, 'a lock was lost')
    if (newest >= 0) this.lockedRestarts += 1
  }

  #deliverAny(): void {
    const at = drawBelow(this.random, this.#flights.length || 1)
    const flight = this.#flights[at]
    if (flight === undefined) return
    if (!chance(this.random, 10)) this.#flights.splice(at, 1)
    if (!chance(this.random, this.#losses)) flight.to.step(inputOf(flight.message))
  }

  #ring(node: TestNode): void {
    const timer = node.timers.shift()
    if (timer !== undefined) node.step({ type: 'timeout', ...timer })
  }

  get #undecided(): readonly TestNode[] {
    return this.honest.filter(({ decided }) => decided === undefined)
  }

  /** The network is well: everybody is up, everything arrives, and clocks ring only where nothing is left to do. */
  heal(): void {
    for (const node of this.honest) if (node.machine === undefined) this.restart(node)
    for (let turn = 0; turn < 60 && this.#undecided.length === this.honest.length; turn += 1) {
      for (const to of this.#undecided) for (const message of this.#said) to.step(inputOf(message))
      this.#rest()
      for (const node of this.#undecided) {
        const timers = node.timers.splice(0)
        for (const { step, round } of timers) node.step({ type: 'timeout', step, round })
      }
      this.#rest()
    }
    this.#catchUp()
  }

  /** Whoever is behind a decision takes it with the votes that made it: its own count may hold another vote of somebody who signed two. */
  #catchUp(): void {
    const done = this.honest.find(({ decided }) => decided !== undefined)
    for (const node of this.#undecided) node.decided = done?.decided
  }

  /** Until nothing is under way. */
  #rest(): void {
    for (;;) {
      const flights = this.#flights.splice(0)
      for (const { to, message } of flights) to.step(inputOf(message))
      const busy = this.honest.filter(({ isBusy }) => isBusy)
      for (const node of busy) node.work()
      if (flights.length === 0 && busy.length === 0) return
    }
  }
}

/** Validators, of whom some lie, with less than a third of the weight. */
const netOf = (random: Random): Net => {
  const weights = Array.from({ length: 4 + drawBelow(random, 4) }, () => BigInt(1 + drawBelow(random, 9)))
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  const liars: number[] = []
  let lying = 0n
  for (const [index, weight] of weights.entries())
    if (chance(random, 40) && 3n * (lying + weight) < total) {
      liars.push(index)
      lying += weight
    }
  return new Net(random, weights, liars)
}

const checkEnd = (net: Net): void => {
  const decided = net.honest.map((node) => node.decided)
  ok(
    decided.every((one) => one !== undefined),
    'somebody has not decided',
  )
  equal(new Set(decided.map((one) => one?.block.id)).size, 1, 'two blocks were decided')
  ok(
    decided.every((one) => one?.block.header.stateRoot[0] !== 255),
    'a block was decided that may not follow',
  )
  const named = net.honest.flatMap(({ offences }) => offences.map((evidence) => hexOf(offenderOf(evidence))))
  const liars = net.liars.map((index) => hexOf(net.validators.at(index)?.key ?? new Uint8Array()))
  deepEqual(
    [...new Set(named)].filter((key) => !liars.includes(key)),
    [],
    'somebody honest is named',
  )
}

describe('runs of several machines', () => {
  test('agree, keep their word and end', () => {
    let [locked, rounds, offences] = [0, 0, 0]
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n }), fc.integer({ min: 0, max: 1500 }), (seed, length) => {
        const net = netOf(seededRandom(seed))
        for (let i = 0; i < length; i += 1) net.happen()
        net.heal()
        checkEnd(net)
        locked += net.lockedRestarts
        rounds = Math.max(rounds, ...net.honest.map(({ decided }) => decided?.round ?? 0))
        offences += net.honest.reduce((sum, node) => sum + node.offences.length, 0)
      }),
      { numRuns: 50, seed: 1807 },
    )
    // The runs have seen what they are for.
    ok(locked > 20 && rounds >= 3 && offences > 50, `${locked} restarts, ${rounds} rounds, ${offences} offences`)
  })
})
