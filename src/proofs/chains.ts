/**
 * The chains of proofs, one per author: what fits in, what is a replay, what goes backwards, and what convicts its
 * author. Holds a bounded number of recent proofs; older ones are gone.
 *
 * Gossip does not keep order: a proof that comes after its successor is taken into its place, as long as it fits between
 * its neighbours, because attestations name it. Nothing here counts against the peer that handed a proof over: what is
 * wrong with a proof's place in its chain is its author's doing, and an honest relay may have seen less than we have.
 *
 * Source: DESIGN §5.2. Rules P-4 to P-7 in docs/spec/proofs.md.
 */
import type { Admission, Tai } from '../base/index.ts'
import { NS_PER_MINUTE, accept, equalBytes, ignore } from '../base/index.ts'
import type { CID } from '../codec/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { SealedProof } from './time-proof.ts'
import { proofDigest } from './time-proof.ts'

/** A proof this far ahead of our own clock is not kept, ns: it would block its author's chain until then. */
export const FUTURE_NS_MAX = NS_PER_MINUTE
/** Proofs held of one author at most; fewer where there are many authors, but never fewer than the least. */
export const PROOFS_PER_AUTHOR_MAX = 64
const PROOFS_PER_AUTHOR_LEAST = 8
const PROOFS_MAX = 65_536

export const CHAIN_REASONS = [
  'already-known',
  'not-member',
  'far-future',
  'superseded',
  'equivocation',
  'backwards-time',
  'broken-chain',
] as const
export type ChainReason = (typeof CHAIN_REASONS)[number]

/** Two different proofs with one sequence, both signed: convicts their author wherever it is shown. */
export interface Equivocation {
  readonly author: string
  readonly first: SealedProof
  readonly second: SealedProof
}

export interface ChainsOptions {
  /** Ids (text) that may prove in this network, and how many there are about: both may change. */
  readonly members: Pick<ReadonlySet<string>, 'has' | 'size'>
}

export class Chains {
  readonly #members: ChainsOptions['members']
  readonly #perAuthorMax: number
  /** Of each author, by sequence rising. */
  readonly #chains = new Map<string, SealedProof[]>()
  readonly #byCid = new Map<string, SealedProof>()
  readonly #equivocations = new Map<string, Equivocation>()
  #admitted = 0

  constructor({ members }: ChainsOptions) {
    this.#members = members
    const share = Math.floor(PROOFS_MAX / Math.max(1, members.size))
    this.#perAuthorMax = Math.min(PROOFS_PER_AUTHOR_MAX, Math.max(PROOFS_PER_AUTHOR_LEAST, share))
  }

  /** Proofs admitted so far. */
  get admitted(): number {
    return this.#admitted
  }

  /** Proofs held now: at most 64 of each member, and one more of each that has equivocated. */
  get held(): number {
    return this.#byCid.size
  }

  /** Takes a proof with a true signature. `now` is our own clock's latest instant, or undefined without one. */
  admit(sealed: SealedProof, now: Tai | undefined): Admission<{ readonly author: string }, ChainReason> {
    const author = nodeIdText(sealed.proof.nodeId)
    if (!this.#members.has(author)) return ignore('not-member')
    if (this.#byCid.has(sealed.cid.toString())) return ignore('already-known')
    if (now !== undefined && sealed.proof.tai > now + FUTURE_NS_MAX) return ignore('far-future')
    const chain = this.#chains.get(author) ?? []
    const { sequence } = sealed.proof
    const after = chain.findIndex(({ proof }) => proof.sequence >= sequence)
    const place = after === -1 ? chain.length : after
    const twin = chain[place]
    if (twin?.proof.sequence === sequence) return this.#convict(author, twin, sealed)
    if (place === 0 && chain.length >= this.#perAuthorMax) return ignore('superseded')
    const fault = faultBetween(sealed, chain[place - 1], chain[place])
    if (fault !== undefined) return ignore(fault)
    this.#keep(author, chain.toSpliced(place, 0, sealed))
    this.#byCid.set(sealed.cid.toString(), sealed)
    return accept({ author })
  }

  /** The first time, the second proof is held beside the first, so that measurements of either count here. */
  #convict(author: string, first: SealedProof, second: SealedProof): Admission<never, ChainReason> {
    if (!this.#equivocations.has(author)) {
      this.#equivocations.set(author, { author, first, second })
      this.#byCid.set(second.cid.toString(), second)
    }
    return ignore('equivocation')
  }

  #keep(author: string, chain: SealedProof[]): void {
    const gone = chain.length > this.#perAuthorMax ? chain.shift() : undefined
    if (gone !== undefined) this.#byCid.delete(gone.cid.toString())
    this.#chains.set(author, chain)
    this.#admitted += 1
  }

  /** Lets go of everything by those who are no members any more. */
  forgetOthers(): void {
    for (const [author, chain] of this.#chains) {
      if (this.#members.has(author)) continue
      const second = this.#equivocations.get(author)?.second
      for (const { cid } of second === undefined ? chain : [...chain, second]) this.#byCid.delete(cid.toString())
      this.#chains.delete(author)
      this.#equivocations.delete(author)
    }
  }

  proof(cid: CID | string): SealedProof | undefined {
    return this.#byCid.get(cid.toString())
  }

  /** The proof of an author with the highest sequence. */
  head(author: string): SealedProof | undefined {
    return this.#chains.get(author)?.at(-1)
  }

  /** The first proven equivocation of each author that has one. */
  equivocations(): readonly Equivocation[] {
    return [...this.#equivocations.values()]
  }
}

/** Does a proof not fit between the held ones next to it in sequence? */
const faultBetween = (
  { proof, cid }: SealedProof,
  before: SealedProof | undefined,
  after: SealedProof | undefined,
): 'backwards-time' | 'broken-chain' | undefined => {
  if (before !== undefined && proof.tai <= before.proof.tai) return 'backwards-time'
  if (after !== undefined && proof.tai >= after.proof.tai) return 'backwards-time'
  const follows = before !== undefined && proof.sequence === before.proof.sequence + 1
  if (follows && !equalBytes(proof.previous, proofDigest(before))) return 'broken-chain'
  const precedes = after !== undefined && after.proof.sequence === proof.sequence + 1
  return precedes && !equalBytes(after.proof.previous, cid.multihash.digest) ? 'broken-chain' : undefined
}
