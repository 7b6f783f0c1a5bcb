/**
 * Whether an attribution chain holds: V(A(I)) = Π v(s_i, r_i, t_i, h_i, s_{i+1}), link after link from the origin, up to the first that does not.
 * Of a link are asked, in this order: its form, its signature, its order, its actor, its content, its stamp, and its time.
 *
 * Source: seed 003 §3; the product is W-9's. Rules P-58 to P-64 in docs/spec/proofs.md. Pure: what checks the proof of a stamp is passed in, since
 * stamps stand above this room. Not promised: that the actors tell the truth; and that the chain is whole at its end.
 */
import { accept, equalBytes, ignore, max, min, reject } from '../base/index.ts'
import type { Admission, Tai } from '../base/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import type { AttributionChain } from './attribution-chain.ts'
import { ATTRIBUTION_LINKS_MAX } from './attribution-chain.ts'
import { NO_LINK, openAttributionLink } from './attribution-link.ts'
import type { AttributionLink, ContentImprint, SealedLink } from './attribution-link.ts'
import type { StampedTime } from './offline-check.ts'

/** What a quorum vouches for of a stamped link. */
export interface LinkTime extends StampedTime {
  /** Id of the block that the stamp mixed in, 32 bytes; undefined where it has none. */
  readonly beacon: Uint8Array | undefined
}

/** Checks that SHA3-256 `imprint` was stamped, by a proof's bytes. */
export type LinkStampCheck = (imprint: Uint8Array, proof: Uint8Array) => Admission<LinkTime>

/** In the order in which they are asked. */
export const ATTRIBUTION_CHECKS = ['form', 'signature', 'order', 'actor', 'content', 'stamp', 'time'] as const
export type AttributionCheck = (typeof ATTRIBUTION_CHECKS)[number]

/** Why a chain does not hold, besides the reasons of those who open links and stamps. */
export const ATTRIBUTION_REASONS = [
  'attribution-empty',
  'attribution-too-long',
  'attribution-wrong-network',
  'attribution-not-next',
  'attribution-wrong-relation',
  'attribution-wrong-actor',
  'attribution-wrong-content',
  'attribution-unstamped',
  'attribution-wrong-beacon',
  'attribution-backwards',
  'attribution-wrong-claim',
] as const
export type AttributionReason = (typeof ATTRIBUTION_REASONS)[number]

export interface LinkFault {
  readonly check: AttributionCheck
  /** `ignore`: nobody did wrong, its stamp is not final yet. */
  readonly verdict: 'reject' | 'ignore'
  readonly reason: string
}

export interface CheckedLink extends SealedLink {
  /** By a quorum's word: the link was signed in between, TAI ns. Narrowed by the links after it. */
  readonly notBefore: Tai
  readonly notAfter: Tai
  readonly stamped: LinkTime
}

export interface CheckedChain {
  readonly links: readonly CheckedLink[]
  /** Key of who has the content now; the seed's s_{n+1}. */
  readonly holder: Uint8Array
  /** It was handed on, and the receiver has not signed yet. */
  readonly isAwaited: boolean
}

/** A refusal names the first broken link, from 0, and its check; `links` are those before it, which hold. */
export type AttributionAdmission =
  | { readonly verdict: 'accept'; readonly value: CheckedChain }
  | (LinkFault & { readonly at: number; readonly links: readonly CheckedLink[] })

export interface AttributionContext {
  readonly networkId: Uint8Array
  readonly checkStamp: LinkStampCheck
  readonly verifier?: Verifier
}

/** Checks a chain whole, link after link. */
export const checkAttribution = (
  chain: AttributionChain,
  { networkId, checkStamp, verifier = ed25519Verifier }: AttributionContext,
): AttributionAdmission => {
  const walk = new AttributionWalk(networkId, verifier)
  const links: StampedSealed[] = []
  const refusal = (fault: LinkFault): AttributionAdmission => ({ ...fault, at: links.length, links: narrowed(links) })
  for (const { link, proof } of chain) {
    const sealed = walk.step(link)
    if (sealed.verdict !== 'accept') return refusal(sealed)
    const stamped = stampOf(sealed.value, proof, checkStamp)
    if (stamped.verdict !== 'accept') return refusal(stamped)
    const fault = walk.timeFault(sealed.value.link, stamped.value)
    if (fault !== undefined) return refusal({ check: 'time', ...reject(fault) })
    links.push({ ...sealed.value, stamped: stamped.value })
  }
  const { holder } = walk
  if (holder === undefined) return refusal({ check: 'form', ...reject('attribution-empty') })
  return accept({ links: narrowed(links), holder, isAwaited: walk.isAwaited })
}

type Step<T> = { readonly verdict: 'accept'; readonly value: T } | LinkFault
type StampedSealed = SealedLink & { readonly stamped: LinkTime & { readonly notBefore: Tai } }

/** P-61, P-62. */
const stampOf = (
  { link, digest }: SealedLink,
  proof: Uint8Array,
  checkStamp: LinkStampCheck,
): Step<StampedSealed['stamped']> => {
  if (proof.length === 0) return { check: 'stamp', ...ignore('attribution-unstamped') }
  const stamped = checkStamp(digest, proof)
  if (stamped.verdict !== 'accept') return { check: 'stamp', ...stamped }
  const { beacon, notBefore } = stamped.value
  if (beacon === undefined || notBefore === undefined || !equalBytes(beacon, link.beacon))
    return { check: 'stamp', ...reject('attribution-wrong-beacon') }
  return accept({ ...stamped.value, notBefore })
}

/**
 * One walk along a chain from its origin, without its stamps: what an author asks before he has a link stamped. Every step is one link that
 * holds; after a fault the walk is where it was.
 */
export class AttributionWalk {
  readonly #networkId: Uint8Array
  readonly #verifier: Verifier
  #last: SealedLink | undefined
  #count = 0
  #holder: Uint8Array | undefined
  /** Latest of the lower bounds so far: stamps'; and the claims'. */
  #notBeforeMax: Tai = 0n
  #claimedMax: Tai = 0n

  constructor(networkId: Uint8Array, verifier: Verifier = ed25519Verifier) {
    this.#networkId = networkId
    this.#verifier = verifier
  }

  /** The last link that held. */
  get last(): SealedLink | undefined {
    return this.#last
  }
  get count(): number {
    return this.#count
  }
  /** Who has the content; undefined before the first link. */
  get holder(): Uint8Array | undefined {
    return this.#holder
  }
  /** The last link hands it on, and the receiver has not signed yet. */
  get isAwaited(): boolean {
    return this.#last?.link.relation === 'transferred'
  }

  /** Form, signature, order, actor and content of the next link. Never throws. */
  step(bytes: Uint8Array): Step<SealedLink> {
    if (this.#count >= ATTRIBUTION_LINKS_MAX) return { check: 'form', ...reject('attribution-too-long') }
    const sealed = openAttributionLink(bytes, this.#verifier)
    if (sealed.verdict !== 'accept') {
      const isSignature = sealed.reason === 'bad-signature' || sealed.reason === 'bad-key'
      return { check: isSignature ? 'signature' : 'form', ...sealed }
    }
    const fault = this.#fault(sealed.value.link)
    if (fault !== undefined) return fault
    const { link } = sealed.value
    if (link.relation !== 'reviewed') this.#holder = link.receiver ?? link.actor
    this.#last = sealed.value
    this.#count += 1
    return sealed
  }

  /** P-58 to P-60. */
  #fault(link: AttributionLink): LinkFault | undefined {
    const before = this.#last
    if (!equalBytes(link.networkId, this.#networkId)) return { check: 'order', ...reject('attribution-wrong-network') }
    if (!equalBytes(link.previous, before?.digest ?? NO_LINK))
      return { check: 'order', ...reject('attribution-not-next') }
    if (!isRelationHere(link, before?.link)) return { check: 'order', ...reject('attribution-wrong-relation') }
    if (!this.#isActorHere(link)) return { check: 'actor', ...reject('attribution-wrong-actor') }
    return isContentHere(link, before?.link.content)
      ? undefined
      : { check: 'content', ...reject('attribution-wrong-content') }
  }

  /** Who holds it goes on; the link after a handing-on is the receiver's; in between anybody may review. */
  #isActorHere({ actor, relation, receiver }: AttributionLink): boolean {
    if (receiver !== undefined && equalBytes(receiver, actor)) return false
    if (this.#holder === undefined || equalBytes(actor, this.#holder)) return true
    return relation === 'reviewed' && !this.isAwaited
  }

  /** P-63, P-64. Told of every link that was stepped to, in order. */
  timeFault({ claimed }: AttributionLink, { notBefore, notAfter }: StampedTime): AttributionReason | undefined {
    if (notAfter < this.#notBeforeMax) return 'attribution-backwards'
    this.#notBeforeMax = max(this.#notBeforeMax, notBefore ?? 0n)
    if (claimed === undefined) return undefined
    if (claimed.earliest > notAfter || claimed.latest < this.#claimedMax) return 'attribution-wrong-claim'
    this.#claimedMax = max(this.#claimedMax, claimed.earliest)
    return undefined
  }
}

const isOrigin = ({ relation }: AttributionLink): boolean => relation === 'created' || relation === 'acquired'

const isRelationHere = (link: AttributionLink, before: AttributionLink | undefined): boolean => {
  if (isOrigin(link) !== (before === undefined)) return false
  return link.relation !== 'received' || before?.relation === 'transferred'
}

/** Each says what it began with, and only `transformed` ends with something else. Of two hashes nobody could tell, so a chain has one. */
const isContentHere = ({ relation, before, content }: AttributionLink, last: ContentImprint | undefined): boolean => {
  if (last === undefined || before === undefined) return last === before
  if (before.algorithm !== content.algorithm) return false
  return isSameContent(before, last) && isSameContent(before, content) === (relation !== 'transformed')
}

export const isSameContent = (a: ContentImprint, b: ContentImprint): boolean =>
  a.algorithm === b.algorithm && equalBytes(a.digest, b.digest)

/** A link was there before those after it, and after those before it: each bounds the others. */
const narrowed = (links: readonly StampedSealed[]): readonly CheckedLink[] => {
  let notAfter: Tai | undefined
  const bounded = links.toReversed().map((link) => {
    notAfter = min(link.stamped.notAfter, notAfter ?? link.stamped.notAfter)
    return { ...link, notAfter }
  })
  let notBefore: Tai = 0n
  return bounded.toReversed().map((link) => {
    notBefore = max(notBefore, link.stamped.notBefore)
    return { ...link, notBefore }
  })
}
