/**
 * One height as the engine decides it: the step machine, and what the machine does not know of: when proposals arrived, when rounds began, and
 * which blocks may follow the state. A block is checked once, and of each proposer no more blocks than the machine would hold.
 *
 * Rules B-82, B-87, B-88 in docs/spec/consensus.md.
 */
import { BoundedMap, TAI_MAX, max, min } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { blockFault } from './block-rules.ts'
import type { ChainState } from './chain-state.ts'
import type { Moment } from './engine-events.ts'
import type { Message, OpenedMessage } from './messages.ts'
import type { WalRecord } from './port.ts'
import type { Proposal, ProposalHead } from './proposal.ts'
import type { RoundEffect, RoundInput } from './round-events.ts'
import { NOTHING_RESTORED } from './round-machine-restore.ts'
import type { Restored } from './round-machine-restore.ts'
import { RoundMachine } from './round-machine.ts'
import { encodePolka } from './round-polka.ts'
import { PROPOSALS_HELD_MAX } from './round-proposals.ts'
import type { BlockId } from './validators.ts'
import { UNBOUNDED } from './vote.ts'

/** Arrivals and verdicts on blocks remembered of one height, the newest. */
const REMEMBERED_MAX = 256

/** When a proposal came. `isLate`: it may be much older than that. */
interface Arrival {
  readonly reading: TimeInterval | undefined
  readonly isLate: boolean
}

export interface HeightOptions {
  /** After the height before. */
  readonly state: ChainState
  /** The node's own key, where it may vote. */
  readonly self: Uint8Array | undefined
  /** From the log: what this node had said of the height. */
  readonly restored?: Restored | undefined
  /** Checks signatures in a block, and knows some that were checked before. */
  readonly verifier: Verifier
  readonly isKnown: (key: string) => boolean
}

export class EngineHeight {
  readonly height: number
  readonly state: ChainState
  readonly machine: RoundMachine
  /** Place among the validators; undefined where this node does not vote. */
  readonly self: number | undefined
  /** When it began, ns by the node's counter; undefined before. */
  beganNs: bigint | undefined
  /** Grows with everything that is new. */
  news = 0
  /** What binds this node and is to be durable before its next word. */
  #unkept: WalRecord[] = []
  /** Blocks of which the log has the bytes. */
  readonly #kept = new Set<BlockId>()
  readonly #options: HeightOptions
  /** By round. */
  readonly #roundsNs = new BoundedMap<number, bigint>(REMEMBERED_MAX)
  readonly #arrivals = new BoundedMap<string, Arrival>(REMEMBERED_MAX)
  readonly #verdicts = new BoundedMap<BlockId, boolean>(REMEMBERED_MAX)
  /** By round and author's place: how many blocks were checked. */
  readonly #checked = new BoundedMap<string, number>(REMEMBERED_MAX)
  /** As `#checked`, how many proposals were heard. */
  readonly #heard = new BoundedMap<string, number>(REMEMBERED_MAX)

  constructor(options: HeightOptions) {
    const { state, self, restored = NOTHING_RESTORED } = options
    const { networkId, parameters } = state.genesis
    this.#options = options
    this.state = state
    this.height = state.height + 1
    this.self = self === undefined ? undefined : state.validators.indexOf(self)
    this.machine = new RoundMachine({
      networkId,
      height: this.height,
      validators: state.validators,
      parentTime: state.time,
      parameters,
      self: this.self,
      ...(this.self === undefined ? {} : { restored }),
    })
    for (const { id } of restored.blocks) this.#kept.add(id)
    for (const { block } of restored.proposals) this.#kept.add(block.id)
  }

  get isBegun(): boolean {
    return this.beganNs !== undefined
  }

  begin(moment: Moment): readonly RoundEffect[] {
    this.beganNs = moment.elapsedNs
    return this.#step({ type: 'start' }, moment)
  }

  #step(input: RoundInput, moment: Moment): readonly RoundEffect[] {
    const effects = this.machine.step(input)
    for (const effect of effects)
      if (effect.type === 'step' && effect.step === 'propose') this.#roundsNs.set(effect.round, moment.elapsedNs)
    if (effects.length > 0) this.news += 1
    return effects
  }

  /** A vote, or a timeout. */
  take(input: Exclude<RoundInput, { readonly type: 'start' | 'proposal' }>, moment: Moment): readonly RoundEffect[] {
    return this.#step(input, moment)
  }

  /**
   * A proposal. `came`: when it did, which may be before this height began. `isLate`: it was got by asking, so it may have been on its way for
   * any time.
   */
  propose(
    proposal: Proposal,
    moment: Moment,
    came: { readonly at: Moment; readonly isLate: boolean },
  ): readonly RoundEffect[] {
    if (this.machine.proposalFault(proposal) !== undefined) return []
    this.#countShare(proposal.head)
    const isValid = this.#verdictOn(proposal)
    if (isValid === undefined) return []
    const { round, block } = proposal.head
    const name = `${round} ${block}`
    if (!this.#arrivals.has(name)) this.#arrivals.set(name, this.#arrival(round, came))
    return this.#step({ type: 'proposal', proposal, isValid }, moment)
  }

  /** Why a proposal whose head says this is not looked at, or nothing. */
  unwanted(head: ProposalHead): 'wrong-proposer' | 'too-many-proposals' | undefined {
    if (this.state.validators.indexOf(head.author) !== this.machine.proposerAt(head.round)) return 'wrong-proposer'
    if ((this.#heard.get(this.#shareOf(head)) ?? 0) < PROPOSALS_HELD_MAX) return undefined
    return this.machine.view().wanted?.block === head.block ? undefined : 'too-many-proposals'
  }

  #countShare(head: ProposalHead): void {
    const share = this.#shareOf(head)
    const isNew = !this.#arrivals.has(`${head.round} ${head.block}`)
    if (isNew) this.#heard.set(share, (this.#heard.get(share) ?? 0) + 1)
  }

  /** Proposals count by author and round, and all of rounds ahead together. */
  #shareOf({ round, author }: ProposalHead): string {
    return `${Math.min(round, this.machine.round + 1)} ${this.state.validators.indexOf(author) ?? -1}`
  }

  /** Beyond Δ after the round began here, the proposal may have been held back: then it bounds the time from above alone. */
  #arrival(round: number, { at, isLate }: { readonly at: Moment; readonly isLate: boolean }): Arrival {
    const beganNs = this.#roundsNs.get(round)
    const { proposalDelayNs } = this.state.genesis.parameters
    return {
      reading: at.reading,
      isLate: isLate || (beganNs !== undefined && at.elapsedNs > beganNs + proposalDelayNs),
    }
  }

  /** What this node attests of the time of a block that was proposed in a round. */
  received(round: number, block: BlockId, now: () => TimeInterval | undefined): TimeInterval {
    const arrival = this.#arrivals.get(`${round} ${block}`)
    if (arrival !== undefined && !arrival.isLate) return within(arrival.reading)
    const bound = arrival?.reading ?? now()
    return bound === undefined ? UNBOUNDED : { earliest: 0n, latest: within(bound).latest }
  }

  /** This node is bound to a block by a polka: both are kept with its next word. */
  bind({ block, polka }: Extract<RoundEffect, { readonly type: 'lock' }>): void {
    const { height } = this
    if (!this.#kept.has(block.id)) this.#unkept.push({ type: 'block', height, bytes: block.bytes })
    this.#kept.add(block.id)
    this.#unkept.push({ type: 'polka', height, bytes: encodePolka(polka) })
  }

  /** What is to become durable together with this word of the node, before it is said. */
  recordsFor({ message, bytes }: OpenedMessage): readonly WalRecord[] {
    const { height } = this
    if (message.type === 'proposal') this.#kept.add(message.proposal.block.id)
    const records: readonly WalRecord[] = [...this.#unkept, { type: 'said', height, bytes }]
    this.#unkept = []
    return records
  }

  /** May this word of the node's still be said? */
  allows(message: Message): boolean {
    if (message.type === 'vote') return this.machine.allows(message.vote.vote)
    const { head } = message.proposal
    return this.machine.allowsProposal(head.round, head)
  }

  /** Whether its block may follow the state; undefined where its author has had its share of checks. */
  #verdictOn({ head, block }: Proposal): boolean | undefined {
    const known = this.#verdicts.get(block.id)
    if (known !== undefined) return known
    const name = this.#shareOf(head)
    const checked = this.#checked.get(name) ?? 0
    if (checked >= PROPOSALS_HELD_MAX && this.machine.view().wanted?.block !== block.id) return undefined
    this.#checked.set(name, checked + 1)
    const { verifier, isKnown } = this.#options
    const isValid = blockFault(this.state, block, { verifier, isKnown }) === undefined
    this.#verdicts.set(block.id, isValid)
    return isValid
  }
}

/** As it can be signed: not before TAI begins nor after it ends. */
const within = (reading: TimeInterval | undefined): TimeInterval => {
  if (reading === undefined) return UNBOUNDED
  const earliest = min(max(reading.earliest, 0n), TAI_MAX)
  return { earliest, latest: min(max(reading.latest, earliest), TAI_MAX) }
}
