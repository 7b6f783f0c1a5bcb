/**
 * The judging half of a node: takes proofs and attestations from the gossip (and its own), keeps what is true, and hands it on
 * to be committed. Who is in range is not decided here: that follows from the evidence in blocks, and is the same for everybody.
 * Rules: docs/spec/node.md G-13 to G-16.
 */
import type { Admission, NsInterval, Tai } from '../base/index.ts'
import { BoundedMap, accept, ignore } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { Chains, isOverconfident, offsetBetween, openAttestation, openTimeProof, slotOf } from '../proofs/index.ts'
import type { Member, SealedAttestation, SealedProof } from '../proofs/index.ts'
import { committeeOf, memberOf, statusOf } from '../consensus/index.ts'
import type { ChainState, Genesis } from '../consensus/index.ts'
import type { Equivocation } from '../proofs/index.ts'
import { OPEN_SLOTS_MAX } from '../validation/index.ts'
import type { Docket, DocketReason, Judgement, Testimony, Verdict } from '../validation/index.ts'
import type { AdmittedAttestation } from './events.ts'
import { WaitingRoom } from './waiting-room.ts'

/** Attestations kept by member, newest first out last, for people to look at. */
const REMEMBERED_MAX = 64
/** Slots of which claims are held: more than are ever open, also while no block closes any. */
const CLAIMED_SLOTS_MAX = 64
/** Attestations known by their address, against repeats. */
const KNOWN_MAX = 65_536
/**
 * Proofs taken from the gossip of one author between two closings of slots. An honest node makes a handful; what is above is
 * not passed on, so that an author who floods cannot make its honest relays look like floods.
 */
export const PROOFS_PER_SLOT_MAX = 64

export const JUDGING_REASONS = ['clock-not-ready', 'already-known', 'too-many-proofs', 'too-many-waiting'] as const

export interface JudgingOptions {
  readonly genesis: Genesis
  /** Our own clock's latest instant, or undefined while it is unsynchronised. */
  readonly now: () => Tai | undefined
  /** The chain as this node has it. */
  readonly chain: () => ChainState
  readonly onProof: (author: string, sealed: SealedProof) => void
  readonly onAttestation: (admitted: AdmittedAttestation) => void
  /** An attestation that counts, with its proof: for a block to come. */
  readonly onWitnessed: (proof: SealedProof, attestation: SealedAttestation) => void
  readonly onEquivocation: (equivocation: Equivocation) => void
}

type Refusal = Exclude<Admission<null>, { readonly verdict: 'accept' }>

/** An attestation, and the proof that it measured. */
interface Measured {
  readonly sealed: SealedAttestation
  readonly proof: SealedProof
}

export class Judging {
  readonly #options: JudgingOptions
  readonly chains: Chains
  readonly #waiting = new WaitingRoom()
  readonly #known = new BoundedMap<string, true>(KNOWN_MAX)
  readonly #remembered = new Map<string, BoundedMap<string, AdmittedAttestation>>()
  readonly #overconfident = new Map<string, number>()
  /** The largest uncertainty that a subject claimed in proofs measured in a slot that is open. */
  readonly #claimed = new BoundedMap<number, Map<string, number>>(CLAIMED_SLOTS_MAX)
  readonly #proofsHeard = new Map<string, number>()
  /** Who measured whom in which slot: the first word of a witness stands. */
  readonly #measured = new BoundedMap<string, true>(KNOWN_MAX)
  #equivocations = 0
  #epoch = 0
  #admitted = 0

  constructor(options: JudgingOptions) {
    this.#options = options
    const { members, consensus } = options.genesis
    const has = (id: string): boolean => this.isMember(id)
    this.chains = new Chains({ members: { has, size: members.length + consensus.candidatesMax } })
  }

  /** Attestations that counted so far. */
  get admitted(): number {
    return this.#admitted
  }

  /** The committed docket, once a block's time is settled. */
  get docket(): Docket | undefined {
    return this.#options.chain().docket
  }

  /** What the chain says of somebody. */
  verdict(id: string): Verdict {
    return statusOf(this.#options.chain(), id)
  }

  /** Attestations that wait for their proof. */
  get waiting(): number {
    return this.#waiting.size
  }

  committee(subject: string, slot: number): readonly Member[] {
    return committeeOf(this.#options.chain(), subject, slot)
  }

  isMember(id: string): boolean {
    return memberOf(this.#options.chain(), id) !== undefined
  }

  /** A proof from the gossip. */
  takeProof(bytes: Uint8Array): Admission<null> {
    const opened = openTimeProof(bytes, this.#options.genesis.networkId, (key) => this.isMember(nodeIdText(key)))
    if (opened.verdict !== 'accept') return blameless(opened)
    const author = nodeIdText(opened.value.proof.nodeId)
    const heard = this.#proofsHeard.get(author) ?? 0
    if (heard >= PROOFS_PER_SLOT_MAX) return ignore('too-many-proofs')
    const kept = this.keepProof(opened.value)
    if (kept.verdict === 'accept') this.#proofsHeard.set(author, heard + 1)
    return kept
  }

  /** A proof whose signature is known to be true: our own, or one that answered us. */
  keepProof(sealed: SealedProof): Admission<null> {
    const kept = this.chains.admit(sealed, this.#options.now())
    if (kept.verdict === 'accept') this.#options.onProof(kept.value.author, sealed)
    else this.#tellEquivocations()
    // Also where it was not admitted: the second proof of an equivocation is held, and was measured.
    if (this.chains.proof(sealed.cid) !== undefined) this.#enterWaiting(sealed)
    return kept.verdict === 'accept' ? accept(null) : kept
  }

  /** An attestation from the gossip. Whether its slot is open is asked before its signature is looked at. */
  takeAttestation(bytes: Uint8Array): Admission<null> {
    const opened = openAttestation(
      bytes,
      (key) => this.isMember(nodeIdText(key)),
      ({ sentEarliest }) => this.#slotFault(sentEarliest),
    )
    return opened.verdict === 'accept' ? this.keepAttestation(opened.value) : blameless(opened)
  }

  /** An attestation of a member whose signature is known to be true. One whose proof is not here yet waits for it. */
  keepAttestation(sealed: SealedAttestation): Admission<null> {
    const slotFault = this.#slotFault(sealed.attestation.sentEarliest)
    if (slotFault !== undefined) return ignore(slotFault)
    const key = sealed.cid.toString()
    if (this.#known.has(key)) return ignore('already-known')
    const proof = this.chains.proof(sealed.attestation.proof)
    if (proof === undefined) return this.#wait(sealed)
    this.#known.set(key, true)
    return this.#enter({ sealed, proof })
  }

  /**
   * A block has closed these slots. Counts who claimed, in the proofs measured in them, to know better than its witnesses agree,
   * and forgets what waited for them.
   */
  settle(closed: readonly { readonly slot: number; readonly judgements: readonly Judgement[] }[]): void {
    for (const { slot, judgements } of closed)
      for (const { id, finding } of judgements) this.#weighClaim({ id, slot, offset: finding.offset })
    this.#forgetOthers()
    const until = closed.at(-1)?.slot
    if (until === undefined) return
    for (const [open] of this.#claimed) if (open <= until) this.#claimed.delete(open)
    this.#proofsHeard.clear()
    this.#waiting.dropUntil(until)
  }

  /** At an epoch's end, what is held of those who have gone: keys cost nothing, and come and go. */
  #forgetOthers(): void {
    const { epoch } = this.#options.chain()
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    this.chains.forgetOthers()
    this.#equivocations = this.chains.equivocations().length
    for (const held of [this.#remembered, this.#overconfident, this.#proofsHeard])
      for (const id of held.keys()) if (!this.isMember(id)) held.delete(id)
  }

  #weighClaim({
    id,
    slot,
    offset,
  }: {
    readonly id: string
    readonly slot: number
    readonly offset: NsInterval | undefined
  }): void {
    const uncertaintyNs = this.#claimed.get(slot)?.get(id)
    if (offset === undefined || uncertaintyNs === undefined) return
    if (isOverconfident(uncertaintyNs, offset)) this.#overconfident.set(id, this.overconfidentCount(id) + 1)
  }

  /** The newest attestations about a member, newest first. */
  attestationsOf(id: string): readonly AdmittedAttestation[] {
    return [...(this.#remembered.get(id)?.values() ?? [])].reverse()
  }

  /** In how many slots a member claimed to know better than its witnesses agreed. */
  overconfidentCount(id: string): number {
    return this.#overconfident.get(id) ?? 0
  }

  /** Why nothing that was asked at this instant can count now, or nothing. Before the first settled block our own clock says what slot it is. */
  #slotFault(sentEarliest: Tai): 'clock-not-ready' | 'slot-closed' | 'slot-too-far' | undefined {
    const { chain, now, genesis } = this.#options
    const slot = slotOf(sentEarliest, genesis.slotNs)
    const { docket } = chain()
    if (docket !== undefined) return docket.slotFault(slot)
    const tai = now()
    if (tai === undefined) return 'clock-not-ready'
    const off = slot - slotOf(tai, genesis.slotNs)
    return off < -OPEN_SLOTS_MAX ? 'slot-closed' : off > OPEN_SLOTS_MAX ? 'slot-too-far' : undefined
  }

  #slotOf({ attestation }: SealedAttestation): number {
    return slotOf(attestation.sentEarliest, this.#options.genesis.slotNs)
  }

  #wait(sealed: SealedAttestation): Admission<null> {
    const witness = nodeIdText(sealed.attestation.witness)
    const taken = this.#waiting.add({ witness, slot: this.#slotOf(sealed), sealed })
    if (taken.verdict !== 'accept') return taken
    this.#known.set(sealed.cid.toString(), true)
    return taken
  }

  #enterWaiting(proof: SealedProof): void {
    for (const sealed of this.#waiting.take(proof.cid)) this.#enter({ sealed, proof })
  }

  #tellEquivocations(): void {
    const all = this.chains.equivocations()
    for (const equivocation of all.slice(this.#equivocations)) this.#options.onEquivocation(equivocation)
    this.#equivocations = all.length
  }

  #enter({ sealed, proof }: Measured): Admission<null> {
    const { sentEarliest, receivedLatest } = sealed.attestation
    const witness = nodeIdText(sealed.attestation.witness)
    const subject = nodeIdText(proof.proof.nodeId)
    const slot = this.#slotOf(sealed)
    const offset = offsetBetween(proof.proof.tai, { earliest: sentEarliest, latest: receivedLatest })
    const reason = this.#fault({ subject, witness, slot, offset })
    if (reason === undefined) {
      this.#measured.set(`${slot} ${witness} ${subject}`, true)
      this.#noteClaim({ subject, slot, uncertaintyNs: proof.proof.uncertaintyNs })
      this.#options.onWitnessed(proof, sealed)
    }
    this.#remember({ sealed, subject, witness, slot, offset, reason: reason ?? '' })
    return reason === undefined ? accept(null) : ignore(reason)
  }

  /** Why the chain would not count it, as far as this node has the chain. */
  #fault(testimony: Testimony): DocketReason | undefined {
    const { witness, subject, slot } = testimony
    if (this.#measured.has(`${slot} ${witness} ${subject}`)) return 'already-attested'
    return this.docket?.fault(testimony)
  }

  #noteClaim(claim: { readonly subject: string; readonly slot: number; readonly uncertaintyNs: number }): void {
    const { subject, slot, uncertaintyNs } = claim
    const claims = this.#claimed.get(slot) ?? new Map<string, number>()
    claims.set(subject, Math.max(uncertaintyNs, claims.get(subject) ?? 0))
    this.#claimed.set(slot, claims)
  }

  /** Those that count, and those whose author does not; junk would only push them out. */
  #remember(admitted: AdmittedAttestation): void {
    const { subject, reason, sealed } = admitted
    if (reason === '') this.#admitted += 1
    if (reason === '' || reason.startsWith('author-')) {
      const shelf = this.#remembered.get(subject) ?? new BoundedMap<string, AdmittedAttestation>(REMEMBERED_MAX)
      shelf.set(sealed.cid.toString(), admitted)
      this.#remembered.set(subject, shelf)
    }
    this.#options.onAttestation(admitted)
  }
}

/** Whoever passes on what somebody unknown here has said may have the chain further than we have. */
const blameless = (refused: Refusal): Refusal => (refused.reason === 'not-member' ? ignore(refused.reason) : refused)
