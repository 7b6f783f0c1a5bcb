/**
 * What verifying a stamp says: the links of the chain from the thing to what is trusted, why one of them does not hold, and what is
 * known where all do. Rules T-21 to T-29 in docs/spec/stamps.md.
 */
import type { Admission, TimeInterval } from '../base/index.ts'
import type { SourceKind } from '../clock/index.ts'
import type { BlockId, BlockTime } from '../consensus/index.ts'
import type { ImprintAlgorithm } from './entry.ts'

/** In the order in which they hold one another. */
export const STAMP_LINKS = [
  'imprint',
  'receipt',
  'tree',
  'transaction',
  'block',
  'headers',
  'beacon',
  'weights',
  'votes',
  'trust',
] as const
export type StampLink = (typeof STAMP_LINKS)[number]

/** Why a proof shows nothing. All are `reject`. */
export const STAMP_REASONS = [
  'stamp-wrong-network',
  'stamp-wrong-algorithm',
  'stamp-wrong-digest',
  'stamp-unknown-key',
  'stamp-wrong-receipt',
  'stamp-not-in-batch',
  'stamp-wrong-transaction',
  'stamp-not-in-block',
  'stamp-wrong-headers',
  'stamp-wrong-beacon',
  'stamp-wrong-validators',
  'stamp-too-few-votes',
  'stamp-wrong-vote',
  'stamp-before-checkpoint',
  'stamp-trust-expired',
  'stamp-wrong-bridge',
  'stamp-other-chain',
  'stamp-too-little-trusted',
] as const
export type StampReason = (typeof STAMP_REASONS)[number]

/** Names the first link that does not hold. */
export interface RefusedStamp {
  readonly verdict: 'reject'
  readonly reason: StampReason
  readonly link: StampLink
}

/** Something, or the link that does not hold and why. */
export type StampAdmission<T> = Extract<Admission<T>, { readonly verdict: 'accept' }> | RefusedStamp

export const refuse = (link: StampLink, reason: StampReason): RefusedStamp => ({ verdict: 'reject', reason, link })

/** Whose votes vouch for the headers. */
export interface Attested {
  /** Votes in the proof, and validators of that height. */
  readonly count: number
  readonly of: number
  readonly weight: bigint
  readonly total: bigint
  /** Of the voters, in the order of their keys: as the genesis calls them, or their ids. */
  readonly names: readonly string[]
}

export interface VerifiedStamp {
  readonly networkId: Uint8Array
  readonly algorithm: ImprintAlgorithm
  readonly imprint: Uint8Array
  /** Was a digest given, so that the imprint is known to be of the thing? */
  readonly isDigestChecked: boolean
  readonly isSalted: boolean
  /** Of the block that has the stamp. */
  readonly height: number
  readonly block: BlockId
  readonly beacon: { readonly height: number; readonly block: BlockId } | undefined
  /** Was a beacon mixed in, but so long before that the proof does not lead there? It then says nothing of when. */
  readonly isBeaconApart: boolean
  /** Asked for after `notBefore` (undefined without a beacon), in existence before `notAfter`. TAI ns. */
  readonly interval: { readonly notBefore: bigint | undefined; readonly notAfter: bigint }
  /** True time of the block's proposal. */
  readonly blockTime: BlockTime
  readonly attestedBy: Attested
  /** The node that took the stamp, and its own word of when. */
  readonly receipt: {
    readonly node: Uint8Array
    readonly name: string
    readonly position: number
    readonly received: TimeInterval
    readonly heightNewest: number
    readonly heightPromised: number
  }
  readonly isPromiseKept: boolean
  /** What the node's clock stood on by its own word. */
  readonly sources: readonly SourceKind[]
  /** One of the headers declares a time emergency: more than a third of the weight was out of range. */
  readonly emergency: boolean
  /** What was trusted: height of the checkpoint, 0 for the genesis; and whether a bridge led from there. */
  readonly trustedHeight: number
  readonly isBridged: boolean
}
