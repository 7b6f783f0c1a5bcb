/**
 * What a node takes into its log in one go: which of the wishes are new, where they will stand, which are stamps that it has already, and
 * which it may not take. And the receipts of neighbours, which share a signature. Pure. Rules T-4, T-11, T-41 to T-43 in docs/spec/stamps.md.
 */
import assert from 'node:assert/strict'
import { accept, hexOf, ignore, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import type { BlockId } from '../consensus/index.ts'
import { merkleSha256 } from '../crypto/index.ts'
import { encodeEntry, stampIdOf } from './entry.ts'
import { BEACON_AGE_HEIGHTS_MAX, SUBMISSION_STAMPS_MAX } from './port.ts'
import type { StampRefusal, StampRequest } from './port.ts'
import { RECEIPT_GROUP_MAX, groupReceipts } from './receipt.ts'
import type { Receipt, ReceiptBody } from './receipt.ts'
import { LOG_ENTRIES_MAX } from './stamp-batch.ts'
import type { KeptEntry, KeptGroup } from './stamping-port.ts'

/** A receipt promises a block of at most so many heights above the newest. */
export const PROMISE_HEIGHTS = 20

/** A new entry, and its id as text. */
export interface DraftEntry extends KeptEntry {
  readonly idText: string
}

/** Where a stamp stands, and whether the draft adds it for this wish: else it is there already, or an earlier wish adds it. */
export interface DraftSlot {
  readonly position: number
  readonly isNew: boolean
}

export interface DraftView {
  /** Entries of the log. */
  readonly size: number
  /** Room for so many more. */
  readonly room: number
  /** Newest decided height. */
  readonly heightNewest: number
  /** Why nothing new is taken, or nothing. */
  readonly refusal: StampRefusal | undefined
  /** Which wishes are looked up: all, or those that would be refused. The others are then held to be new, and the store says if one was not. */
  readonly lookedUp: 'all' | 'refused'
  positionOf(id: Uint8Array): number | undefined
  /** Height of a block that was decided lately. */
  heightOf(block: BlockId): number | undefined
}

export class StampDraft {
  readonly #view: DraftView
  /** In the order of their positions. */
  readonly entries: DraftEntry[] = []
  readonly #byId = new Map<string, DraftEntry>()

  constructor(view: DraftView) {
    this.#view = view
  }

  /** All of a submission, in its order, or why none. More than SUBMISSION_STAMPS_MAX are a bug of the door. */
  add(requests: readonly StampRequest[]): Admission<readonly DraftSlot[], StampRefusal> {
    assert(requests.length <= SUBMISSION_STAMPS_MAX)
    const before = this.entries.length
    const slots: DraftSlot[] = []
    for (const request of requests) {
      const slot = this.#slot(request)
      if (slot.verdict !== 'accept') {
        for (const { idText } of this.entries.splice(before)) this.#byId.delete(idText)
        return slot
      }
      slots.push(slot.value)
    }
    return accept(slots)
  }

  #slot(request: StampRequest): Admission<DraftSlot, StampRefusal> {
    const { algorithm, imprint, beacon, clientKey } = request
    const entry = { algorithm, imprint, beacon }
    const id = stampIdOf(entry, clientKey)
    const idText = hexOf(id)
    const drafted = this.#byId.get(idText)
    if (drafted !== undefined) return accept({ position: drafted.position, isNew: false })
    const height = this.#beaconHeight(beacon)
    const isLookedUp = height.verdict !== 'accept' || this.#view.lookedUp === 'all'
    const known = isLookedUp ? this.#view.positionOf(id) : undefined
    if (known !== undefined) return accept({ position: known, isNew: false })
    if (height.verdict !== 'accept') return height
    const position = this.#view.size + this.entries.length
    const leaf = merkleSha256.leaf(encodeEntry(entry))
    const added = { position, id, idText, leaf, entry, beaconHeight: height.value }
    this.entries.push(added)
    this.#byId.set(idText, added)
    return accept({ position, isNew: true })
  }

  /** May something new be taken, with this beacon? Its height; 0 without. */
  #beaconHeight(beacon: BlockId | null): Admission<number, StampRefusal> {
    const { refusal, size, room, heightNewest } = this.#view
    if (refusal !== undefined) return ignore(refusal)
    if (this.entries.length >= room || size + this.entries.length >= LOG_ENTRIES_MAX) return ignore('stamps-full')
    if (beacon === null) return accept(0)
    const height = this.#view.heightOf(beacon)
    if (height === undefined) return reject('beacon-unknown')
    return heightNewest - height > BEACON_AGE_HEIGHTS_MAX ? ignore('beacon-stale') : accept(height)
  }
}

/** Entries as they share signatures: neighbours, at most RECEIPT_GROUP_MAX. */
export const inGroups = <T>(entries: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(entries.length / RECEIPT_GROUP_MAX) }, (_, i) =>
    entries.slice(i * RECEIPT_GROUP_MAX, (i + 1) * RECEIPT_GROUP_MAX),
  )

/** What the receipts of a group say alike. */
export type GroupFacts = Omit<KeptGroup, 'first' | 'size' | 'signature'> & Pick<ReceiptBody, 'networkId' | 'node'>

/** A group before it is signed: `root` is what is signed in RECEIPT_DOMAIN. */
export interface ReceiptGroup {
  readonly bodies: readonly ReceiptBody[]
  readonly root: Uint8Array
  readonly groups: readonly Receipt['group'][]
}

/** The receipts of neighbouring entries, 1 to RECEIPT_GROUP_MAX. */
export const draftReceipts = (
  entries: readonly Pick<KeptEntry, 'position' | 'leaf'>[],
  { networkId, node, received, heightNewest, heightPromised, sources }: GroupFacts,
): ReceiptGroup => {
  const shared = { networkId, node, received, heightNewest, heightPromised, sources }
  const bodies = entries.map(({ position, leaf }) => ({ ...shared, position, leaf }))
  return { bodies, ...groupReceipts(bodies) }
}

/** The receipt of one of a group. An index that the group does not have is a bug. */
export const receiptAt = ({ bodies, groups }: ReceiptGroup, index: number, signature: Uint8Array): Receipt => {
  const [body, group] = [bodies[index], groups[index]]
  assert(body !== undefined && group !== undefined)
  return { ...body, group, signature }
}
