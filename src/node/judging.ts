/**
 * The judging half of a node: takes proofs and attestations from the gossip (and its own), keeps what is true, and closes
 * slots. Joins proofs/ and validation/ to each other; holds the attestations whose proof has not arrived yet.
 */
import type { Admission, Tai } from '../base/index.ts'
import { BoundedMap, BoundedQueue, accept, ignore } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { Chains, isOverconfident, offsetBetween, openAttestation, openTimeProof, slotOf } from '../proofs/index.ts'
import type { Member, SealedAttestation, SealedProof } from '../proofs/index.ts'
import { Docket } from '../validation/index.ts'
import type { Judgement } from '../validation/index.ts'
import type { AdmittedAttestation } from './events.ts'
import type { Genesis } from './genesis.ts'

/** Attestations that wait for their proof: this many proofs, each with this many. */
const AWAITED_PROOFS_MAX = 4_096
const AWAITING_MAX = 64
/** Attestations kept by member, newest first out last, for people to look at. */
const REMEMBERED_MAX = 64

export const JUDGING_REASONS = ['clock-not-ready', 'already-known', 'not-member', 'too-many-waiting'] as const

export interface JudgingOptions {
  readonly genesis: Genesis
  /** Our own clock's latest instant, or undefined while it is unsynchronised. */
  readonly now: () => Tai | undefined
  readonly onProof: (author: string, sealed: SealedProof) => void
  readonly onAttestation: (admitted: AdmittedAttestation) => void
}

export class Judging {
  readonly #options: JudgingOptions
  readonly #ids: ReadonlySet<string>
  readonly chains: Chains
  readonly #waiting = new BoundedMap<string, BoundedQueue<SealedAttestation>>(AWAITED_PROOFS_MAX)
  readonly #known = new BoundedMap<string, true>(65_536)
  readonly #remembered = new Map<string, BoundedMap<string, AdmittedAttestation>>()
  readonly #overconfident = new Map<string, number>()
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

  /** Begins to judge, from `slot` on. Does nothing where it has begun. */
  begin(slot: number): Docket {
    const { members, judgement } = this.#options.genesis
    this.#docket ??= new Docket({ members, parameters: judgement, slot })
    return this.#docket
  }

  committee(subject: string, slot: number): readonly Member[] {
    return this.#docket?.committee(subject, slot) ?? []
  }

  /** A proof from the gossip. */
  takeProof(bytes: Uint8Array): Admission<null> {
    const opened = openTimeProof(bytes, this.#options.genesis.networkId)
    return opened.verdict === 'accept' ? this.keepProof(opened.value) : opened
  }

  /** A proof whose signature is known to be true: our own, or one that answered us. */
  keepProof(sealed: SealedProof): Admission<null> {
    const kept = this.chains.admit(sealed, this.#options.now())
    if (kept.verdict !== 'accept') return kept
    const { author } = kept.value
    this.#docket?.notePresence(author, slotOf(sealed.proof.tai, this.#options.genesis.slotNs))
    this.#options.onProof(author, sealed)
    this.#enterWaiting(sealed)
    return accept(null)
  }

  /** An attestation from the gossip. */
  takeAttestation(bytes: Uint8Array): Admission<null> {
    const opened = openAttestation(bytes)
    return opened.verdict === 'accept' ? this.keepAttestation(opened.value) : opened
  }

  /** An attestation whose signature is known to be true. One whose proof is not here yet waits for it. */
  keepAttestation(sealed: SealedAttestation): Admission<null> {
    const witness = nodeIdText(sealed.attestation.witness)
    if (!this.#ids.has(witness)) return ignore('not-member')
    if (this.#docket === undefined) return ignore('clock-not-ready')
    const key = sealed.cid.toString()
    if (this.#known.has(key)) return ignore('already-known')
    this.#known.set(key, true)
    const proof = this.chains.proof(sealed.attestation.proof)
    return proof === undefined ? this.#wait(sealed) : this.#enter(this.#docket, { witness, sealed, proof })
  }

  /** Ends every slot up to `slot`. Counts who claimed, in its newest proof, to know better than its witnesses agree. */
  close(slot: number): readonly Judgement[] {
    const judgements = this.#docket?.close(slot) ?? []
    for (const { id, finding } of judgements) {
      const uncertaintyNs = this.chains.head(id)?.proof.uncertaintyNs
      if (finding.offset === undefined || uncertaintyNs === undefined) continue
      if (isOverconfident(uncertaintyNs, finding.offset)) this.#overconfident.set(id, this.overconfidentCount(id) + 1)
    }
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

  #wait(sealed: SealedAttestation): Admission<null> {
    const key = sealed.attestation.proof.toString()
    const queue = this.#waiting.get(key) ?? new BoundedQueue<SealedAttestation>(AWAITING_MAX)
    if (!queue.push(sealed)) return ignore('too-many-waiting')
    this.#waiting.set(key, queue)
    return accept(null)
  }

  #enterWaiting(proof: SealedProof): void {
    const key = proof.cid.toString()
    const queue = this.#waiting.get(key)
    if (queue === undefined || this.#docket === undefined) return
    this.#waiting.delete(key)
    for (let sealed = queue.shift(); sealed !== undefined; sealed = queue.shift())
      this.#enter(this.#docket, { witness: nodeIdText(sealed.attestation.witness), sealed, proof })
  }

  #enter(
    docket: Docket,
    entry: { readonly witness: string; readonly sealed: SealedAttestation; readonly proof: SealedProof },
  ): Admission<null> {
    const { witness, sealed, proof } = entry
    const { sentEarliest, receivedLatest } = sealed.attestation
    const window = { earliest: sentEarliest, latest: receivedLatest }
    const subject = nodeIdText(proof.proof.nodeId)
    const slot = slotOf(sentEarliest, this.#options.genesis.slotNs)
    const offset = offsetBetween(proof.proof.tai, window)
    const recorded = docket.record({ subject, witness, slot, offset })
    const reason = recorded.verdict === 'accept' ? '' : recorded.reason
    this.#remember({ sealed, subject, witness, slot, offset, reason })
    return recorded
  }

  #remember(admitted: AdmittedAttestation): void {
    const { subject, reason, sealed } = admitted
    const shelf = this.#remembered.get(subject) ?? new BoundedMap<string, AdmittedAttestation>(REMEMBERED_MAX)
    shelf.set(sealed.cid.toString(), admitted)
    this.#remembered.set(subject, shelf)
    if (reason === '') this.#admitted += 1
    this.#options.onAttestation(admitted)
  }
}
