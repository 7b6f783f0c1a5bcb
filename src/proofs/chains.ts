/**
 * The chains of proofs, one per author: what may come next, what is a replay, what goes backwards, and what convicts its
 * author. Holds a bounded number of recent proofs; older ones are gone (availability keeps them later).
 *
 * Nothing here counts against the peer that handed a proof over: what is wrong with a proof's place in its chain is its
 * author's doing, and an honest relay may have seen less than we have.
 *
 * Source: DESIGN §5.2. Rules P-3 to P-7 in docs/spec/proofs.md.
 */
import type { Admission, Tai } from '../base/index.ts'
import { BoundedMap, NS_PER_MINUTE, accept, equalBytes, ignore } from '../base/index.ts'
import type { CID } from '../codec/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { SealedProof } from './time-proof.ts'
import { proofDigest } from './time-proof.ts'

/** A proof this far ahead of our own clock is not kept, ns: it would block its author's chain until then. */
export const FUTURE_NS_MAX = NS_PER_MINUTE
/** Proofs held per node that may prove, and in all. */
const PROOFS_PER_AUTHOR_MAX = 64

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
  /** Ids (text) that may prove in this network. */
  readonly members: ReadonlySet<string>
}

export class Chains {
  readonly #members: ReadonlySet<string>
  readonly #heads = new Map<string, SealedProof>()
  readonly #byAuthor = new Map<string, BoundedMap<number, SealedProof>>()
  readonly #byCid = new BoundedMap<string, SealedProof>(65_536)
  readonly #equivocations = new Map<string, Equivocation>()
  #admitted = 0

  constructor({ members }: ChainsOptions) {
    this.#members = members
  }

  /** Proofs admitted so far. */
  get admitted(): number {
    return this.#admitted
  }

  /** Takes a proof with a true signature. `now` is our own clock's latest instant, or undefined without one. */
  admit(sealed: SealedProof, now: Tai | undefined): Admission<{ readonly author: string }, ChainReason> {
    const author = nodeIdText(sealed.proof.nodeId)
    if (!this.#members.has(author)) return ignore('not-member')
    if (this.#byCid.has(sealed.cid.toString())) return ignore('already-known')
    if (now !== undefined && sealed.proof.tai > now + FUTURE_NS_MAX) return ignore('far-future')
    const fault = this.#faultInChain(author, sealed)
    if (fault !== undefined) return fault
    this.#keep(author, sealed)
    return accept({ author })
  }

  #faultInChain(author: string, sealed: SealedProof): Admission<never, ChainReason> | undefined {
    const known = this.#byAuthor.get(author)?.get(sealed.proof.sequence)
    if (known !== undefined) {
      this.#equivocations.set(author, { author, first: known, second: sealed })
      return ignore('equivocation')
    }
    const head = this.#heads.get(author)
    if (head === undefined) return undefined
    if (sealed.proof.sequence < head.proof.sequence) return ignore('superseded')
    if (sealed.proof.tai <= head.proof.tai) return ignore('backwards-time')
    const follows = sealed.proof.sequence === head.proof.sequence + 1
    return follows && !equalBytes(sealed.proof.previous, proofDigest(head)) ? ignore('broken-chain') : undefined
  }

  #keep(author: string, sealed: SealedProof): void {
    const proofs = this.#byAuthor.get(author) ?? new BoundedMap<number, SealedProof>(PROOFS_PER_AUTHOR_MAX)
    const gone = proofs.set(sealed.proof.sequence, sealed)
    if (gone !== undefined) this.#byCid.delete(gone[1].cid.toString())
    this.#byAuthor.set(author, proofs)
    this.#byCid.set(sealed.cid.toString(), sealed)
    this.#heads.set(author, sealed)
    this.#admitted += 1
  }

  proof(cid: CID | string): SealedProof | undefined {
    return this.#byCid.get(cid.toString())
  }

  /** The newest admitted proof of an author. */
  head(author: string): SealedProof | undefined {
    return this.#heads.get(author)
  }

  /** The first proven equivocation of each author that has one. */
  equivocations(): readonly Equivocation[] {
    return [...this.#equivocations.values()]
  }
}
