/**
 * The step machine of one height: Tendermint's algorithm 1 over weights. It takes proposals, votes and timeouts that were opened outside, and
 * says what is to be said, kept and waited for. Each rule of the algorithm is a small method that names its lines; they are asked only when
 * something has happened that can make one of them apply: a step or round began, a proposal came, or a count crossed a bound.
 *
 * Where it differs from the algorithm, and why: the bound on prevotes (round-machine-words.ts); a proposer too waits no longer than
 * `timeoutPropose` for its own proposal, since making one can fail (line 20); a block that a quorum stands behind may come from any
 * proposal, since its id names it (lines 36, 49); a round is skipped to once more than a third of the weight has reached it or a
 * later one (line 55); and the tally, not the count, has the last word on a decision and says its time (line 49).
 *
 * Source: arXiv 1807.04938, algorithm 1. Rules: docs/spec/consensus.md B-40 to B-51. Not promised: that what it asks for is said. The
 * engine asks `allows` before it keeps and says anything.
 */
import assert from 'node:assert/strict'
import { BoundedMap } from '../base/index.ts'
import type { Block } from './block.ts'
import { evidenceKey } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import type { ConsensusParameters } from './parameters.ts'
import type { Proposal } from './proposal.ts'
import { proposerOf } from './proposer.ts'
import { STEPS } from './round-events.ts'
import type { RoundEffect, RoundInput, Step } from './round-events.ts'
import { NOTHING_RESTORED } from './round-machine-restore.ts'
import type { Restored } from './round-machine-restore.ts'
import { isPolka } from './round-polka.ts'
import { HeightVotes, ROUNDS_BEHIND_MAX } from './round-machine-votes.ts'
import { viewOf } from './round-machine-view.ts'
import type { RoundView } from './round-machine-view.ts'
import { OwnWords } from './round-machine-words.ts'
import type { VoteChoice } from './round-machine-words.ts'
import { proposalFault, RoundProposals } from './round-proposals.ts'
import type { HeldProposal, ProposalReason } from './round-proposals.ts'
import { tally } from './tally.ts'
import type { BlockTime, CountedVote } from './tally.ts'
import type { BlockId, ValidatorSet } from './validators.ts'
import type { SignedVote, Vote, VoteKind } from './vote.ts'

export interface RoundMachineOptions {
  readonly networkId: Uint8Array
  /** >= 1. */
  readonly height: number
  readonly validators: ValidatorSet
  readonly parentTime: BlockTime
  readonly parameters: Pick<
    ConsensusParameters,
    'proposalDelayNs' | 'timeoutProposeNs' | 'timeoutPrevoteNs' | 'timeoutPrecommitNs' | 'timeoutStepNs'
  >
  /** This node's place in the set; undefined where it does not vote: it then listens, and decides all the same. */
  readonly self: number | undefined
  /** What this node had said at this height before it stopped. */
  readonly restored?: Restored
}

/** Offences of one height that are told; beyond it the oldest is forgotten, and would be told once more. */
export const OFFENCES_TOLD_MAX = 4096

const NO_EFFECTS: readonly RoundEffect[] = []

export class RoundMachine {
  readonly #options: RoundMachineOptions
  readonly #proposals = new RoundProposals()
  readonly #words = new OwnWords()
  readonly #told = new BoundedMap<string, true>(OFFENCES_TOLD_MAX)
  readonly #votes: HeightVotes
  /** By place in the order of proposing. */
  readonly #proposers = new Map<number, number>()
  #effects: RoundEffect[] = []
  #round: number
  #step: Step = 'propose'
  #isStarted = false
  #isDecided = false
  #validRound = -1
  #validBlock: BlockId | null = null
  /** The prevotes that made `validBlock` valid, where they have been seen since the start. */
  #validPolka: readonly Vote[] = []
  /** Rounds whose wait for prevotes (line 34) and for precommits (line 47) has been set: only the running one's matters. */
  #prevoteWait = -1
  #precommitWait = -1

  constructor(options: RoundMachineOptions) {
    this.#options = options
    const { restored = NOTHING_RESTORED } = options
    for (const { head } of restored.proposals) this.#words.noteProposal(head.round, head)
    for (const { vote } of restored.votes) this.#noteOwn(vote)
    this.#round = this.#words.newestRound
    this.#votes = new HeightVotes(options.validators, this.#round)
    for (const block of restored.blocks) this.#proposals.keepBlock(block)
    for (const proposal of restored.proposals) this.#hold({ proposal, isValid: true })
    for (const polka of [...restored.polkas, ...restored.proposals.map((proposal) => proposal.polka)])
      for (const vote of polka) this.#count({ vote, time: null })
    this.#validPolka = restored.polkas.findLast((polka) => this.#isValidated(polka)) ?? []
    for (const vote of restored.votes) this.#count(vote)
    this.#effects = []
  }

  /** Takes one input and gives what follows from it, in the order in which it is to be done. `start` comes once and first; anything else is a bug. */
  step(input: RoundInput): readonly RoundEffect[] {
    assert(this.#isStarted !== (input.type === 'start'))
    if (this.#take(input)) this.#settle()
    if (this.#effects.length === 0) return NO_EFFECTS
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** True where a rule may apply now. */
  #take(input: RoundInput): boolean {
    if (input.type === 'vote') return this.#hearVote(input.vote)
    if (input.type === 'proposal') return this.#hearProposal({ proposal: input.proposal, isValid: input.isValid })
    if (input.type === 'timeout') return this.#onTimeout(input.step, input.round)
    this.#isStarted = true
    this.#startRound(this.#round)
    return true
  }

  /** Applies rules until none does. Each applies at most once in a round, and rounds only rise. */
  #settle(): void {
    while (!this.#isDecided && this.#applyOne());
  }

  #applyOne(): boolean {
    return (
      this.#decide() ||
      this.#skipRound() ||
      this.#prevoteOnProposal() ||
      this.#waitForPrevotes() ||
      this.#lockOnPolka() ||
      this.#precommitNil() ||
      this.#waitForPrecommits()
    )
  }

  /** Lines 11 to 21. After a restart a round may begin where its own words have left off. */
  #startRound(round: number): void {
    this.#round = round
    for (const evidence of this.#votes.begin(round)) this.#tell(evidence)
    for (const held of this.#proposals.takeAhead(round)) this.#hold(held)
    this.#forget(round - ROUNDS_BEHIND_MAX)
    this.#enter(this.#stepOfWords())
    if (this.#step !== 'propose') return
    if (this.proposerAt(round) === this.#options.self && !this.#words.has('proposal', round)) this.#propose(round)
    this.#wait('propose')
  }

  /** How far this node's own words have brought it in the running round. */
  #stepOfWords(): Step {
    if (this.#words.has('precommit', this.#round)) return 'precommit'
    return this.#words.has('prevote', this.#round) ? 'prevote' : 'propose'
  }

  /** Lines 14 to 19. Without the prevotes that made a block valid, which a restart loses until they are heard again, it cannot be put forward: a new one is. */
  #propose(round: number): void {
    const block = this.#validBlock === null ? undefined : this.#proposals.block(this.#validBlock)
    const polka = block === undefined ? [] : this.#polka()
    if (polka.length === 0) this.#effects.push({ type: 'propose', round, validRound: -1, block: undefined, polka })
    else this.#effects.push({ type: 'propose', round, validRound: this.#validRound, block, polka })
  }

  /** Are these the prevotes that made `validBlock` valid? */
  #isValidated(polka: readonly Vote[]): boolean {
    const { height, validators } = this.#options
    const block = this.#validBlock
    return block !== null && isPolka(polka, { height, round: this.#validRound, block }, validators)
  }

  #polka(): readonly Vote[] {
    if (this.#validPolka.length > 0) return this.#validPolka
    const prevotes = this.#votes.at(this.#validRound)?.prevote
    if (prevotes?.quorum?.block !== this.#validBlock || prevotes?.quorum === undefined) return []
    return prevotes.votesFor(prevotes.quorum).map(({ vote }) => vote)
  }

  /** Lines 22 to 33. Of line 28 the quorum of prevotes is in the proposal itself, and was checked when it came. */
  #prevoteOnProposal(): boolean {
    const held = this.#step === 'propose' ? this.#proposals.first(this.#round) : undefined
    if (held === undefined) return false
    const { block, validRound } = held.proposal.head
    const isAcceptable = held.isValid && this.#words.boundRound(block) <= validRound
    this.#say('prevote', isAcceptable ? { block, validRound } : NIL)
    this.#enter('prevote')
    return true
  }

  /** Lines 34 and 35. */
  #waitForPrevotes(): boolean {
    if (this.#step !== 'prevote' || this.#prevoteWait === this.#round) return false
    if (!this.#votes.current.prevote.isQuorum) return false
    this.#prevoteWait = this.#round
    this.#wait('prevote')
    return true
  }

  /** Lines 36 to 43. */
  #lockOnPolka(): boolean {
    const { prevote } = this.#votes.current
    if (this.#step === 'propose' || this.#validRound === this.#round || prevote.quorum === undefined) return false
    const { block: id } = prevote.quorum
    const block = id === null ? undefined : this.#proposals.block(id)
    if (block === undefined) return false
    this.#validBlock = block.id
    this.#validRound = this.#round
    this.#validPolka = prevote.votesFor(prevote.quorum).map(({ vote }) => vote)
    if (this.#step !== 'prevote') return true
    if (this.#options.self !== undefined)
      this.#effects.push({ type: 'lock', round: this.#round, block, polka: this.#validPolka })
    this.#say('precommit', { block: block.id, validRound: -1 })
    this.#enter('precommit')
    return true
  }

  /** Lines 44 to 46. */
  #precommitNil(): boolean {
    if (this.#step !== 'prevote' || this.#votes.current.prevote.quorum?.block !== null) return false
    this.#say('precommit', NIL)
    this.#enter('precommit')
    return true
  }

  /** Lines 47 and 48. */
  #waitForPrecommits(): boolean {
    if (this.#precommitWait === this.#round || !this.#votes.current.precommit.isQuorum) return false
    this.#precommitWait = this.#round
    this.#wait('precommit')
    return true
  }

  /** Lines 49 to 54, for whatever round is held. */
  #decide(): boolean {
    for (const [round, { precommit }] of this.#votes.rounds()) {
      const id = precommit.quorum?.block ?? null
      const block = id === null ? undefined : this.#proposals.block(id)
      if (block === undefined) continue
      const precommits = this.precommitsFor(round, block.id)
      const { validators, parentTime, parameters } = this.#options
      const { proposalDelayNs } = parameters
      const result = tally({ validators, votes: this.#counted(precommits), parentTime, proposalDelayNs })
      if (!result.isQuorum) continue
      this.#isDecided = true
      this.#effects.push({ type: 'decide', round, block, precommits, tally: result })
      return true
    }
    return false
  }

  #counted(precommits: readonly SignedVote[]): CountedVote[] {
    return precommits.flatMap(({ vote, time }) => {
      const index = this.#options.validators.indexOf(vote.author)
      return index === undefined || time === null ? [] : [{ index, received: time.received }]
    })
  }

  /** Lines 55 and 56. */
  #skipRound(): boolean {
    const reached = this.#votes.reached()
    if (reached === undefined) return false
    this.#startRound(reached)
    return true
  }

  /** Lines 57 to 67. What an earlier round or step was waiting for does nothing. */
  #onTimeout(step: Step, round: number): boolean {
    if (this.#isDecided || round !== this.#round) return false
    if (step === 'precommit') {
      this.#startRound(round + 1)
      return true
    }
    if (step !== this.#step) return false
    const isPropose = step === 'propose'
    this.#say(isPropose ? 'prevote' : 'precommit', NIL)
    this.#enter(isPropose ? 'prevote' : 'precommit')
    return true
  }

  /** Counts a vote: by whoever votes at this height, and of this height. */
  #hearVote(signed: SignedVote): boolean {
    return signed.vote.height === this.#options.height && this.#count(signed)
  }

  #count(signed: SignedVote): boolean {
    const { validators, self } = this.#options
    const index = validators.indexOf(signed.vote.author)
    const validator = index === undefined ? undefined : validators.at(index)
    if (index === undefined || validator === undefined) return false
    if (signed.vote.kind === 'precommit' && (signed.vote.block === null) !== (signed.time === null)) return false
    const isNewWord = index === self && this.#isStarted && this.#hearOwn(signed.vote)
    const { news, evidence } = this.#votes.hear(index, validator.weight, signed)
    if (evidence !== undefined) this.#tell(evidence)
    return news || isNewWord
  }

  /** This node's own vote, come back: or one that its key signed elsewhere, which binds it like its own (B-50). */
  #hearOwn(vote: Vote): boolean {
    if (!this.#noteOwn(vote) || this.#isDecided) return false
    if (vote.round > this.#round) this.#startRound(vote.round)
    else if (vote.round === this.#round && STEPS.indexOf(this.#stepOfWords()) > STEPS.indexOf(this.#step))
      this.#enter(this.#stepOfWords())
    return true
  }

  /** Who precommits a block has seen the prevotes that make it valid. True where it was not known before. */
  #noteOwn(vote: Vote): boolean {
    if (!this.#words.noteVote(vote)) return false
    if (vote.kind === 'prevote' || vote.block === null || vote.round <= this.#validRound) return true
    this.#validRound = vote.round
    this.#validBlock = vote.block
    this.#validPolka = []
    return true
  }

  #hearProposal(held: HeldProposal): boolean {
    const { head, polka } = held.proposal
    if (this.#isDecided || head.height !== this.#options.height) return false
    if (this.proposalFault(held.proposal) !== undefined) return false
    const proposer = this.proposerAt(head.round)
    if (proposer === this.#options.self) this.#hearOwnProposal(held.proposal)
    for (const vote of polka) this.#count({ vote, time: null })
    if (head.round > this.#round) {
      this.#tellProposals(this.#proposals.addAhead(proposer, held), held.proposal)
      return true
    }
    return this.#hold(held)
  }

  #hearOwnProposal({ head }: Proposal): void {
    this.#words.noteProposal(head.round, head)
    if (head.round > this.#round) this.#startRound(head.round)
  }

  /** Holds a proposal of a round that has begun. */
  #hold(held: HeldProposal): boolean {
    const { head } = held.proposal
    if (head.round < this.#round - ROUNDS_BEHIND_MAX) return false
    this.#tellProposals(this.#proposals.add(held, this.#votes.isSupported(head.round, head.block)), held.proposal)
    return true
  }

  #tellProposals(first: Proposal | undefined, second: Proposal): void {
    if (first !== undefined) this.#tell({ type: 'proposals', first: first.head, second: second.head })
  }

  /** Each offence once. */
  #tell(evidence: Evidence): void {
    const key = evidenceKey(evidence)
    if (this.#told.has(key)) return
    this.#told.set(key, true)
    this.#effects.push({ type: 'offence', evidence })
  }

  /** Asks for a vote of the running round, where this node votes and has not voted yet. */
  #say(kind: VoteKind, { block, validRound }: { readonly block: BlockId | null; readonly validRound: number }): void {
    const round = this.#round
    if (this.#options.self === undefined || this.#words.has(kind, round)) return
    this.#words.noteVote({ kind, round, block, validRound })
    this.#effects.push({ type: 'vote', kind, round, block, validRound })
  }

  #enter(step: Step): void {
    this.#step = step
    this.#effects.push({ type: 'step', round: this.#round, step })
  }

  /** Asks for a timeout of the running round (B-48). */
  #wait(step: Step): void {
    const { timeoutProposeNs, timeoutPrevoteNs, timeoutPrecommitNs, timeoutStepNs } = this.#options.parameters
    const base = { propose: timeoutProposeNs, prevote: timeoutPrevoteNs, precommit: timeoutPrecommitNs }[step]
    const delayNs = base + BigInt(this.#round) * timeoutStepNs
    this.#effects.push({ type: 'timeout', step, round: this.#round, delayNs })
  }

  #forget(before: number): void {
    if (before <= 0) return
    this.#proposals.forgetBefore(before, [this.#validBlock, this.#words.lockedBlock])
    this.#words.forgetBefore(before)
  }

  /** That is running, >= 0. */
  get round(): number {
    return this.#round
  }

  /** The place of who proposes in a round. */
  proposerAt(round: number): number {
    const place = round % this.#options.validators.size
    const known = this.#proposers.get(place)
    if (known !== undefined) return known
    const proposer = proposerOf({ ...this.#options, round })
    this.#proposers.set(place, proposer)
    return proposer
  }

  /** What is wrong with a proposal of this height, if anything: who sent it did not check it. */
  proposalFault(proposal: Proposal): ProposalReason | undefined {
    const { validators } = this.#options
    return proposalFault(proposal, { validators, proposer: this.proposerAt(proposal.head.round) })
  }

  /**
   * May this node still say this vote? False where it was not asked for, or its own key has said otherwise since (B-50). To be asked right before
   * a signed vote is kept and said.
   */
  allows(choice: VoteChoice): boolean {
    return this.#words.allows(choice)
  }

  /** As `allows`, of a proposal. */
  allowsProposal(round: number, choice: { readonly block: BlockId; readonly validRound: number }): boolean {
    return this.#words.allowsProposal(round, choice)
  }

  /** Everything held of the height, the newest round first, for whoever asks. Bounded: B-44. */
  known(): { readonly proposals: readonly Proposal[]; readonly votes: readonly SignedVote[] } {
    return { proposals: this.#proposals.all(), votes: this.#votes.all() }
  }

  /** Precommits held for a block, by rising place: after the decision late ones still come to them. */
  precommitsFor(round: number, block: BlockId): readonly SignedVote[] {
    return this.#votes.at(round)?.precommit.votesFor({ block, validRound: -1 }) ?? []
  }

  /** A block of this height that is held and may follow. */
  blockOf(id: BlockId): Block | undefined {
    return this.#proposals.block(id)
  }

  view(): RoundView {
    return viewOf({
      round: this.#round,
      step: this.#step,
      proposer: this.proposerAt(this.#round),
      validators: this.#options.validators,
      lockedRound: this.#words.lockedRound,
      lockedBlock: this.#words.lockedBlock,
      validRound: this.#validRound,
      validBlock: this.#validBlock,
      votes: this.#votes,
      proposals: this.#proposals,
      isDecided: this.#isDecided,
    })
  }
}

const NIL = { block: null, validRound: -1 }
