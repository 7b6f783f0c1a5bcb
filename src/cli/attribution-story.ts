/**
 * An attribution chain as it is told: every link with what is known of it, and how the chain ended. Made once, from the chain's check, for lines,
 * JSON and the picture. What a link says of itself is shown only where its signature holds.
 */
import { hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { checkAttribution, openAttributionLink } from '../proofs/index.ts'
import type {
  AttributionAdmission,
  AttributionChain,
  AttributionLink,
  CheckedLink,
  LinkFault,
} from '../proofs/index.ts'
import { stampCheckOf } from '../stamps/index.ts'
import type { StampTrust } from '../stamps/index.ts'

/** `good`: it holds. `broken`: the first that does not. `unchecked`: behind a broken one, or nothing was there to check its stamp with. */
export type LinkState = 'good' | 'broken' | 'unchecked'

export interface ToldLink {
  /** From 1. */
  readonly number: number
  readonly state: LinkState
  /** What it says; undefined where its bytes or its signature are not good. */
  readonly link: AttributionLink | undefined
  /** When it was signed, by a quorum's word; there where it is good. */
  readonly signed: TimeInterval | undefined
}

export interface ToldChain {
  readonly links: readonly ToldLink[]
  /** Undefined where it was not checked against anything. */
  readonly verdict: 'holds' | 'broken' | undefined
  readonly fault: (LinkFault & { readonly number: number }) | undefined
  /** Id of who has the content at the end; undefined where the chain is broken or was not checked. */
  readonly holder: string | undefined
  readonly isAwaited: boolean
}

/** Checks a chain whole with what is trusted; without trust, tells it as it stands. */
export const tellChain = (chain: AttributionChain, trust: StampTrust | undefined): ToldChain => {
  if (trust === undefined) {
    const links = chain.map(({ link }, at) => told(at, link, 'unchecked'))
    return { links, verdict: undefined, fault: undefined, holder: undefined, isAwaited: false }
  }
  const { networkId } = trust
  return toldOf(chain, checkAttribution(chain, { networkId, checkStamp: stampCheckOf(trust) }))
}

export const toldOf = (chain: AttributionChain, admission: AttributionAdmission): ToldChain => {
  if (admission.verdict === 'accept') {
    const { links, holder, isAwaited } = admission.value
    return {
      links: links.map(good),
      verdict: 'holds',
      fault: undefined,
      holder: nodeIdText(holder),
      isAwaited,
    }
  }
  const { at, links, check, verdict, reason } = admission
  const rest = chain.slice(at).map(({ link }, i) => told(at + i, link, i === 0 ? 'broken' : 'unchecked'))
  return {
    links: [...links.map(good), ...rest],
    verdict: 'broken',
    fault: { check, verdict, reason, number: at + 1 },
    holder: undefined,
    isAwaited: false,
  }
}

const good = ({ link, notBefore, notAfter }: CheckedLink, at: number): ToldLink => ({
  number: at + 1,
  state: 'good',
  link,
  signed: { earliest: notBefore, latest: notAfter },
})

const told = (at: number, bytes: Uint8Array, state: LinkState): ToldLink => {
  const opened = openAttributionLink(bytes)
  return { number: at + 1, state, link: opened.verdict === 'accept' ? opened.value.link : undefined, signed: undefined }
}

/** The network of a chain by its first link that can be read; undefined where none can. */
export const networkOfChain = (chain: AttributionChain): Uint8Array | undefined => {
  for (const { link } of chain) {
    const opened = openAttributionLink(link)
    if (opened.verdict === 'accept') return opened.value.link.networkId
  }
  return undefined
}

/** What a relation says, as a verb. */
export const RELATION_WORDS: Readonly<Record<AttributionLink['relation'], string>> = {
  created: 'Created',
  acquired: 'Acquired',
  transformed: 'Transformed',
  transferred: 'Handed on',
  received: 'Received',
  reviewed: 'Reviewed',
  published: 'Published',
}

/** The ends of a long name of bytes. */
export const shortened = (text: string): string => (text.length <= 14 ? text : `${text.slice(0, 6)}…${text.slice(-6)}`)

/** The end of a key tells keys apart; all begin alike. */
export const shortKey = (key: Uint8Array): string => `…${nodeIdText(key).slice(-8)}`

export const contentText = ({ algorithm, digest }: AttributionLink['content']): string =>
  `${algorithm}:${hexOf(digest)}`
