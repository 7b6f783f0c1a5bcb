/**
 * What `truechimer stamp` asks of a node, and the checks of what it answers: a receipt must be signed, be of this network and of what was
 * asked for, or nothing of it is kept.
 */
import { ChimerError, equalBytes, hexOf } from '../base/index.ts'
import { ed25519Verifier, nodeIdText } from '../crypto/index.ts'
import { isReceiptSigned, leafOf, stampIdOf } from '../stamps/index.ts'
import type { ImprintAlgorithm, Receipt, StampEntry } from '../stamps/index.ts'

/** What the network's newest decided block is, to be mixed in. */
export interface Beacon {
  readonly height: number
  readonly block: string
}

export interface Wish {
  readonly algorithm: ImprintAlgorithm
  readonly imprint: Uint8Array
}

export interface Taken {
  /** As the node has it: under a client's key an older beacon may stand in it. */
  readonly entry: StampEntry
  readonly receipt: Receipt
}

/** A node as `stamp` sees it. Everything rejects with `ApiError` where the node refuses or is not to be reached. */
export interface StampNode {
  /** For people, a URL. */
  readonly address: string
  /** Undefined: no block is decided yet. */
  beacon(): Promise<Beacon | undefined>
  submit(
    wishes: readonly Wish[],
    given: { readonly beacon: string | null; readonly clientKey: string },
  ): Promise<readonly Taken[]>
  /** The proof of a stamp; undefined: it is not final yet. Rejects with `TC_API_UNKNOWN_STAMP` where the node knows no such stamp. */
  proof(id: string): Promise<Uint8Array | undefined>
  /** The block that has it; undefined: it is not final yet. */
  height(id: string): Promise<number | undefined>
}

/** A promise further off than this many heights is none. */
const PROMISE_HEIGHTS_MAX = 10_000

export interface Asked extends Wish {
  readonly beacon: string | null
  readonly clientKey: string
  readonly networkId: Uint8Array
}

/** `TC_STAMP_RECEIPT` where the node's answer is not a signed receipt of what was asked for; nothing of it may be kept. */
export const checkTaken = (asked: Asked, { entry, receipt }: Taken): void => {
  const fault = faultOf(asked, { entry, receipt })
  if (fault === undefined) return
  throw new ChimerError(
    'TC_STAMP_RECEIPT',
    `The node answered with a receipt that ${fault}. Nothing is kept of it: ask another node, and tell the operator of this one.`,
  )
}

const faultOf = (asked: Asked, { entry, receipt }: Taken): string | undefined => {
  if (entry.algorithm !== asked.algorithm || !equalBytes(entry.imprint, asked.imprint))
    return 'is of another imprint than the one that was sent'
  const isSameBeacon = entry.beacon === asked.beacon
  if (!isSameBeacon && asked.clientKey === '') return 'names another beacon than the one that was sent'
  if (!equalBytes(receipt.networkId, asked.networkId)) return 'is of another network than the node said that it is in'
  if (!equalBytes(receipt.leaf, leafOf(entry))) return 'does not fit what was sent: it names another entry'
  if (
    receipt.heightPromised <= receipt.heightNewest ||
    receipt.heightPromised > receipt.heightNewest + PROMISE_HEIGHTS_MAX
  )
    return `promises block ${receipt.heightPromised} after block ${receipt.heightNewest}, which is no promise`
  return isReceiptSigned(receipt, ed25519Verifier)
    ? undefined
    : `is not signed by ${nodeIdText(receipt.node)}, whom it names`
}

/** The name of a stamp as the API has it, hex. */
export const idOf = (entry: StampEntry, clientKey: string): string => hexOf(stampIdOf(entry, clientKey))
