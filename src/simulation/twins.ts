/**
 * Runs one scenario of twins (twins-scenarios.ts) on the product's step machines, and checks what came of it. A small world without
 * lengths of time: what is said is heard at once by all in the same set, in the order in which it was said, or one drawn; where nothing is left to hear, the
 * timeout that is due first runs out. Whoever has decided is done.
 *
 * Stages are the scenario's clock: one for each round, or three (proposals, prevotes, precommits). Nothing of a later stage is heard, and no timeout of one
 * runs out, before it comes. Past the last split the network is whole, and everything that is held is passed on, as peers do for each
 * other: votes, proposals, and decisions. (Votes alone would not do: of somebody who votes two ways each counts what it heard first, so who heard the wrong
 * half may miss the quorum by which others decided.) A twin never hears what its other copy says itself, or it would hold its peace (B-50); it may see its vote in somebody's proposal.
 *
 * Source: arXiv 2004.10617. Not promised: that what it does not try cannot happen. No delays, no restarts: those are the simulator's.
 */
import assert from 'node:assert/strict'
import { offenderOf, STEPS } from '../consensus/index.ts'
import type { BlockId, Message, RoundEffect, RoundInput, RoundMachine, Step } from '../consensus/index.ts'
import { isFaultTolerable } from '../standing/index.ts'
import { blame } from './blame.ts'
import type { Blame } from './blame.ts'
import { ChanceStream } from './chance-stream.ts'
import type { Split, TwinScenario } from './twins-scenarios.ts'
import type { TwinsWorld } from './twins-world.ts'

/** Rounds in a whole network within which every honest validator has to decide; the twins lead no two in a row of them. */
export const WHOLE_ROUNDS_MAX = 12

/**
 * What must not be. `disagreement`: two honest validators decided differently though the twins weigh less than a third. `unproved-disagreement`: they did, whoever
 * the twins are, and the messages do not convict a third of the weight. `honest-named`: evidence, of a machine or of the
 * third party, names an honest validator. `no-quorum`: a decision without one. `no-decision`: an honest validator that had not decided long after the network
 * was whole, though the twins weigh less than a third.
 */
export const TWIN_VIOLATIONS = [
  'disagreement',
  'unproved-disagreement',
  'honest-named',
  'no-quorum',
  'no-decision',
] as const
export type TwinViolation = (typeof TWIN_VIOLATIONS)[number]

export interface TwinOutcome {
  /** By instance. */
  readonly decided: readonly (BlockId | undefined)[]
  /** Honest validators decided differently. */
  readonly isBreach: boolean
  readonly violations: readonly TwinViolation[]
  readonly blame: Blame
  /** Rounds that the latest honest instance came to, counted from 0. */
  readonly roundLast: number
}

interface Instance {
  readonly number: number
  readonly validator: number
  readonly isHonest: boolean
  readonly machine: RoundMachine
  /** Proposals and votes that it has heard. */
  readonly heard: Set<object>
  decision: Decision | undefined
}

type Decision = Extract<RoundEffect, { type: 'decide' }>

/** `message` goes to one instance. */
interface Delivery {
  readonly to: Instance
  readonly message: Message
}

interface Timer {
  readonly of: Instance
  readonly step: Step
  readonly round: number
  readonly due: bigint
}

/** In which round, and at which of its steps, a message is said. */
const momentOf = (message: Message): { readonly round: number; readonly step: Step } =>
  message.type === 'vote'
    ? { round: message.vote.vote.round, step: message.vote.vote.kind }
    : { round: message.proposal.head.round, step: 'propose' }
const authorOf = (message: Message): Uint8Array =>
  message.type === 'vote' ? message.vote.vote.author : message.proposal.head.author
/** What makes two messages the same: made once in a world, so identity will do. */
const contentOf = (message: Message): object => (message.type === 'vote' ? message.vote.vote : message.proposal)

/** Runs a scenario of `world.validators.size` validators to its end. Same scenario, same outcome. */
export const runTwins = (world: TwinsWorld, scenario: TwinScenario): TwinOutcome => {
  assert(scenario.validators === world.validators.size)
  return new TwinsRun(world, scenario).run()
}

class TwinsRun {
  readonly #world: TwinsWorld
  readonly #scenario: TwinScenario
  readonly #instances: readonly Instance[]
  readonly #transcript: Message[] = []
  readonly #violations = new Set<TwinViolation>()
  readonly #stageLast: number
  readonly #order: ChanceStream | undefined
  #deliveries: Delivery[] = []
  /** Said already, of a stage that has not come. */
  #held: { readonly from: Instance; readonly message: Message }[] = []
  #timers: Timer[] = []
  #now = 0n
  #stage = 0

  constructor(world: TwinsWorld, scenario: TwinScenario) {
    this.#world = world
    this.#scenario = scenario
    const { orderSeed } = scenario
    this.#order = orderSeed === undefined ? undefined : new ChanceStream(orderSeed, 'twins order')
    this.#stageLast = scenario.splits.length + WHOLE_ROUNDS_MAX * scenario.splitsPerRound
    const owners = [...Array.from({ length: scenario.validators }, (_, k) => k), ...scenario.twins]
    this.#instances = owners.map((validator, number) => ({
      number,
      validator,
      isHonest: !scenario.twins.includes(validator),
      machine: world.machine(validator),
      heard: new Set(),
      decision: undefined,
    }))
  }

  run(): TwinOutcome {
    for (const instance of this.#instances) this.#step(instance, { type: 'start' })
    this.#settle()
    while (!this.#isOver() && this.#stage < this.#stageLast) this.#nextStage()
    return this.#outcome()
  }

  get #honest(): readonly Instance[] {
    return this.#instances.filter(({ isHonest }) => isHonest)
  }

  #isOver(): boolean {
    return this.#honest.every(({ decision }) => decision !== undefined)
  }

  #stageOf({ round, step }: { readonly round: number; readonly step: Step }): number {
    return this.#scenario.splitsPerRound === 1 ? round : 3 * round + STEPS.indexOf(step)
  }

  get #split(): Split | undefined {
    return this.#scenario.splits[this.#stage]
  }

  #nextStage(): void {
    this.#stage += 1
    const held = this.#held
    this.#held = []
    if (this.#scenario.passesOn || this.#split === undefined) for (const from of this.#instances) this.#passOn(from)
    for (const { from, message } of held) this.#spread(from, message)
    this.#settle()
  }

  /** Until nothing is left to hear, and no timeout of this stage or an earlier one is left to run out. */
  #settle(): void {
    for (;;) {
      this.#deliverAll()
      const timer = this.#takeTimer()
      if (timer === undefined) return
      this.#now = timer.due > this.#now ? timer.due : this.#now
      this.#step(timer.of, { type: 'timeout', step: timer.step, round: timer.round })
    }
  }

  #deliverAll(): void {
    for (let next = 0; next < this.#deliveries.length; next += 1) {
      if (this.#order !== undefined) this.#draw(next, this.#order)
      this.#deliver(this.#deliveries[next])
    }
    this.#deliveries = []
  }

  /** Puts one of what is left, drawn by chance, in the next place. */
  #draw(next: number, order: ChanceStream): void {
    const chosen = next + order.below(this.#deliveries.length - next)
    const [first, other] = [this.#deliveries[next], this.#deliveries[chosen]]
    if (first === undefined || other === undefined) return
    this.#deliveries[next] = other
    this.#deliveries[chosen] = first
  }

  /** The timeout that is due first of those whose stage has come; of equals the one that was set first. */
  #takeTimer(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers)
      if (this.#stageOf(timer) <= this.#stage && (first === undefined || timer.due < first.due)) first = timer
    if (first !== undefined) this.#timers.splice(this.#timers.indexOf(first), 1)
    return first
  }

  #deliver(delivery: Delivery | undefined): void {
    if (delivery === undefined) return
    const { to, message } = delivery
    if (to.decision !== undefined || to.heard.has(contentOf(message))) return
    to.heard.add(contentOf(message))
    if (message.type === 'vote') this.#step(to, { type: 'vote', vote: message.vote })
    else this.#step(to, { type: 'proposal', proposal: message.proposal, isValid: true })
  }

  #step(instance: Instance, input: RoundInput): void {
    for (const effect of instance.machine.step(input)) this.#perform(instance, effect)
  }

  #perform(instance: Instance, effect: RoundEffect): void {
    if (effect.type === 'propose') this.#propose(instance, effect)
    else if (effect.type === 'vote') {
      if (!instance.machine.allows(effect)) return
      this.#say(instance, { type: 'vote', vote: this.#world.vote(instance.validator, effect) })
    } else if (effect.type === 'timeout') {
      const { step, round, delayNs } = effect
      this.#timers.push({ of: instance, step, round, due: this.#now + delayNs })
    } else if (effect.type === 'decide') {
      if (!this.#isDecision(effect)) this.#violations.add('no-quorum')
      this.#decide(instance, effect)
    } else if (effect.type === 'offence' && instance.isHonest) this.#checkOffender(offenderOf(effect.evidence))
  }

  /** Distinct validators with more than two thirds of the weight precommitted this block in this round: counted apart from the tally. */
  #isDecision({ round, block, precommits }: Decision): boolean {
    const fitting = precommits.filter(
      ({ vote }) => vote.kind === 'precommit' && vote.round === round && vote.block === block.id,
    )
    const places = new Set(fitting.map(({ vote }) => this.#world.validators.indexOf(vote.author)))
    return fitting.length === precommits.length && 3 * places.size > 2 * this.#scenario.validators
  }

  #decide(instance: Instance, decision: Decision): void {
    instance.decision ??= decision
    this.#timers = this.#timers.filter(({ of }) => of !== instance)
  }

  #propose(instance: Instance, effect: Extract<RoundEffect, { type: 'propose' }>): void {
    const { round, validRound, polka } = effect
    const block = effect.block ?? this.#world.block({ instance: instance.number, validator: instance.validator, round })
    if (!instance.machine.allowsProposal(round, { block: block.id, validRound })) return
    const head = this.#world.head(instance.validator, { round, validRound, block: block.id })
    this.#say(instance, { type: 'proposal', proposal: { head, block, polka } })
  }

  #say(from: Instance, message: Message): void {
    this.#transcript.push(message)
    this.#deliveries.push({ to: from, message })
    if (this.#stageOf(momentOf(message)) > this.#stage) this.#held.push({ from, message })
    else this.#spread(from, message)
  }

  #areTogether(a: Instance, b: Instance): boolean {
    const split = this.#split
    return split === undefined || split[a.number] === split[b.number]
  }

  /** To all in the same set but the author and its other copy. */
  #spread(from: Instance, message: Message): void {
    const author = this.#world.validatorOf(authorOf(message))
    const content = contentOf(message)
    for (const to of this.#instances)
      if (!to.heard.has(content) && to.validator !== author && this.#areTogether(from, to))
        this.#deliveries.push({ to, message })
  }

  /** What an instance holds of stages that have come, to all in the same set; and what it has decided, with the precommits that prove it. */
  #passOn(from: Instance): void {
    const { decision } = from
    if (decision !== undefined && this.#isDecision(decision))
      for (const to of this.#instances)
        if (this.#areTogether(from, to) && to.decision === undefined) this.#decide(to, decision)
    const { proposals, votes } = from.machine.known()
    const messages: readonly Message[] = [
      ...proposals.map((proposal) => ({ type: 'proposal' as const, proposal })),
      ...votes.map((vote) => ({ type: 'vote' as const, vote })),
    ]
    for (const message of messages) if (this.#stageOf(momentOf(message)) <= this.#stage) this.#spread(from, message)
  }

  #checkOffender(key: Uint8Array): void {
    if (!this.#scenario.twins.includes(this.#world.validatorOf(key))) this.#violations.add('honest-named')
  }

  #outcome(): TwinOutcome {
    const { validators } = this.#world
    const honest = this.#honest
    const found = blame(this.#transcript, this.#world)
    for (const evidence of found.evidence) this.#checkOffender(offenderOf(evidence))
    const decided = this.#instances.map(({ decision }) => decision?.block.id)
    const isBreach = new Set(honest.flatMap(({ decision }) => decision?.block.id ?? [])).size > 1
    const isTolerable = isFaultTolerable(BigInt(this.#scenario.twins.length), BigInt(this.#scenario.validators))
    if (isBreach && isTolerable) this.#violations.add('disagreement')
    if (isBreach && isFaultTolerable(found.weight, validators.total)) this.#violations.add('unproved-disagreement')
    if (isTolerable && !this.#isOver()) this.#violations.add('no-decision')
    return {
      decided,
      isBreach,
      violations: [...this.#violations],
      blame: found,
      roundLast: Math.max(...honest.map(({ machine }) => machine.view().round)),
    }
  }
}
