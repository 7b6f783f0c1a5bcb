/**
 * The judging half of a node: takes proofs and attestations from the gossip (and its own), keeps what is true, and closes
 * slots. Joins proofs/ and validation/ to each other. Rules: docs/spec/node.md G-13 to G-16.
 */
import type { Admission, Tai } from '../base/index.ts'
import { BoundedMap, accept, ignore } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { Chains, isOverconfident, offsetBetween, openAttestation, openTimeProof, slotOf } from '../proofs/index.ts'
import type { Member, SealedAttestation, SealedProof } from '../proofs/index.ts'
import { Docket, OPEN_SLOTS_MAX } from '../validation/index.ts'
import type { Judgement } from '../validation/index.ts'
import type { AdmittedAttestation } from './events.ts'
import type { Genesis } from './genesis.ts'
import { WaitingRoom } from './waiting-room.ts'

/** Attestations kept by member, newest first out last, for people to look at. */
const REMEMBERED_MAX = 64
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
  readonly onProof: (author: string, sealed: SealedProof) => void
  readonly onAttestation: (admitted: AdmittedAttestation) => void
}

/** An attestation, and the proof that it measured. */
interface Measured {
  readonly sealed: SealedAttestation
  readonly proof: SealedProof
}

export class Judging {
  readonly #options: JudgingOptions
  readonly #ids: ReadonlySet<string>
  readonly chains: Chains
  readonly #waiting = new WaitingRoom()
  readonly #known = new BoundedMap<string, true>(KNOWN_MAX)
  readonly #remembered = new Map<string, BoundedMap<string, AdmittedAttestation>>()
  readonly #overconfident = new Map<string, number>()
  /** The largest uncertainty that a subject claimed in proofs measured in a slot that is open. */
  readonly #claimed = new Map<number, Map<string, number>>()
  readonly #proofsHeard = new Map<string, number>()
  #docket: Docket | undefined
  #admitted = 0

  constructor(options: JudgingOptions) {
    this.#options = options
    this.#ids = new Set(options.genesis.members.map(({ id }) => id))
    this.chains = new Chains({ members: this.#ids })
  }

  /** Attestations that counted so far. */
  get admitted(): number {
    return this.#admitted
  }

  /** The docket, once the clock has said what slot it is. */
  get docket(): Docket | undefined {
    return this.#docket
  }

  /** Attestations that wait for their proof. */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Begins to judge, from `slot` on. Does nothing where it has begun; but begins anew where slots far ahead were closed: our
   * own clock was wrong then, and what it judged with it.
   */
  begin(slot: number): Docket {
    const { members, judgement } = this.#options.genesis
    if (this.#docket !== undefined && this.#docket.closed <= slot + OPEN_SLOTS_MAX) return this.#docket
    this.#docket = new Docket({ members, parameters: judgement, slot })
    return this.#docket
  }

  committee(subject: string, slot: number): readonly Member[] {
    return this.#docket?.committee(subject, slot) ?? []
  }

  isMember(id: string): boolean {
    return this.#ids.has(id)
  }

  /** A proof from the gossip. */
  takeProof(bytes: Uint8Array): Admission<null> {
    const opened = openTimeProof(bytes, this.#options.genesis.networkId, (key) => this.#ids.has(nodeIdText(key)))
    if (opened.verdict !== 'accept') return opened
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
    // Also where it was not admitted: the second proof of an equivocation is held, and was measured.
    if (this.chains.proof(sealed.cid) !== undefined) this.#enterWaiting(sealed)
    return kept.verdict === 'accept' ? accept(null) : kept
  }

  /** An attestation from the gossip. Whether its slot is open is asked before its signature is looked at. */
  takeAttestation(bytes: Uint8Array): Admission<null> {
    const opened = openAttestation(
      bytes,
      (key) => this.#ids.has(nodeIdText(key)),
      ({ sentEarliest }) => this.#slotFault(sentEarliest),
    )
    return opened.verdict === 'accept' ? this.keepAttestation(opened.value) : opened
  }

  /** An attestation of a member whose signature is known to be true. One whose proof is not here yet waits for it. */
  keepAttestation(sealed: SealedAttestation): Admission<null> {
    if (this.#docket === undefined) return ignore('clock-not-ready')
    const slotFault = this.#slotFault(sealed.attestation.sentEarliest)
    if (slotFault !== undefined) return ignore(slotFault)
    const key = sealed.cid.toString()
    if (this.#known.has(key)) return ignore('already-known')
    const proof = this.chains.proof(sealed.attestation.proof)
    if (proof === undefined) return this.#wait(sealed)
    this.#known.set(key, true)
    return this.#enter(this.#docket, { sealed, proof })
  }

  /** Ends every slot up to `slot`. Counts who claimed, in the proofs measured in it, to know better than its witnesses agree. */
  close(slot: number): readonly Judgement[] {
    const judgements = this.#docket?.close(slot) ?? []
    if (judgements.length === 0) return judgements
    for (const { id, finding } of judgements) {
      const uncertaintyNs = this.#claimed.get(slot)?.get(id)
      if (finding.offset === undefined || uncertaintyNs === undefined) continue
      if (isOverconfident(uncertaintyNs, finding.offset)) this.#overconfident.set(id, this.overconfidentCount(id) + 1)
    }
    for (const open of this.#claimed.keys()) if (open <= slot) this.#claimed.delete(open)
    this.#proofsHeard.clear()
    this.#waiting.dropUntil(slot)
    return judgements
  }

  /** The newest attestations about a member, newest first. */
  attestationsOf(id: string): readonly AdmittedAttestation[] {
    return [...(this.#remembered.get(id)?.values() ?? [])].reverse()
  }

  /** In how many slots a member claimed to know better than its witnesses agreed. */
  overconfidentCount(id: string): number {
    return this.#overconfident.get(id) ?? 0
  }

  /** Why nothing that was asked at this instant can count now, or nothing. */
  #slotFault(sentEarliest: Tai): 'clock-not-ready' | 'slot-closed' | 'slot-too-far' | undefined {
    if (this.#docket === undefined) return 'clock-not-ready'
    return this.#docket.slotFault(slotOf(sentEarliest, this.#options.genesis.slotNs))
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
    const docket = this.#docket
    if (docket === undefined) return
    for (const sealed of this.#waiting.take(proof.cid)) this.#enter(docket, { sealed, proof })
  }

  #enter(docket: Docket, { sealed, proof }: Measured): Admission<null> {
    const { sentEarliest, receivedLatest } = sealed.attestation
    const witness = nodeIdText(sealed.attestation.witness)
    const subject = nodeIdText(proof.proof.nodeId)
    const slot = this.#slotOf(sealed)
    const offset = offsetBetween(proof.proof.tai, { earliest: sentEarliest, latest: receivedLatest })
    const recorded = docket.record({ subject, witness, slot, offset })
    const reason = recorded.verdict === 'accept' ? '' : recorded.reason
    if (reason === '') this.#noteClaim({ subject, slot, uncertaintyNs: proof.proof.uncertaintyNs })
    this.#remember({ sealed, subject, witness, slot, offset, reason })
    return recorded
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
