/**
 * Where offline stamps are handed in. The desk checks the record of a drawing, holds it against what it knows of that drawing, keeps it
 * durably, and has the return stamped. A vector that was used twice is refused, and the evidence is kept.
 *
 * Rules P-85, P-86 in docs/spec/proofs.md. Not promised: that another node knows of it. Evidence convicts everywhere, a memory is one node's.
 */
import { accept, hexOf, ignore, meets, reject } from '../base/index.ts'
import type { Admission, TimeInterval } from '../base/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import {
  OFFLINE_RECORD_BYTES_MAX,
  checkOffline,
  contradiction,
  encodeRecord,
  encodeReuse,
  openRecord,
  openReturn,
  reuseShown,
} from '../proofs/index.ts'
import type { OfflineLink, OfflineRecord, SealedReturn, StampCheck } from '../proofs/index.ts'
import type { StampDesk, StampRecord } from '../stamps/index.ts'

/** Drawings that one node remembers at most: some gigabytes at the very worst, some megabytes as they are. */
export const DRAWINGS_MAX = 10_000

/** Where records and evidence are kept, by the drawing's id in hex. Durable when it resolves; rejects with `TC_FILE_UNWRITABLE` or `TC_FILE_UNREADABLE`. */
export interface OfflineShelf {
  count(): Promise<number>
  record(id: string): Promise<Uint8Array | undefined>
  keepRecord(id: string, bytes: Uint8Array): Promise<void>
  evidence(id: string): Promise<Uint8Array | undefined>
  keepEvidence(id: string, bytes: Uint8Array): Promise<void>
}

export const OFFLINE_DESK_REASONS = [
  'offline-without-return',
  'offline-reused',
  'offline-clock-off',
  'offline-full',
  'clock-not-ready',
] as const

/** A refusal may name the link at which the record fails, and which of its stamps. */
export type OfflineAnswer =
  | { readonly verdict: 'accept'; readonly value: { readonly id: string; readonly stamp: StampRecord } }
  | {
      readonly verdict: 'reject' | 'ignore'
      readonly reason: string
      readonly link?: OfflineLink
      readonly at?: number
    }

export interface OfflineDeskOptions {
  readonly networkId: Uint8Array
  readonly checkStamp: StampCheck
  readonly shelf: OfflineShelf
  readonly stamps: Pick<StampDesk, 'submit'>
  /** What the node's own clock says; undefined without the time. */
  readonly read: () => TimeInterval | undefined
}

export class OfflineDesk {
  readonly #options: OfflineDeskOptions
  /** One after the other: two that come at once with one vector must not both be taken. */
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: OfflineDeskOptions) {
    this.#options = options
  }

  /** @param beacon the block that the return is to be stamped with, hex: read before the clock was (P-78); null for none. */
  submit(bytes: Uint8Array, beacon: string | null): Promise<OfflineAnswer> {
    const turn = this.#tail.then(() => this.#submit(bytes, beacon))
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  /** Evidence against a drawing's node, where there is some. */
  evidence(id: string): Promise<Uint8Array | undefined> {
    return this.#options.shelf.evidence(id)
  }

  async #submit(bytes: Uint8Array, beacon: string | null): Promise<OfflineAnswer> {
    const opened = bytes.length > OFFLINE_RECORD_BYTES_MAX ? reject('too-large') : openRecord(bytes)
    if (opened.verdict !== 'accept') return opened
    const record = opened.value
    const { networkId, checkStamp, shelf } = this.#options
    // The return is not stamped yet: it is what this is for.
    const checked = checkOffline({ ...record, returned: undefined }, { networkId, checkStamp })
    if (checked.verdict !== 'accept') return checked
    const { vectors, stamps } = checked.value
    const returned = this.#returnOf(record, vectors.vectors.node)
    if (returned.verdict !== 'accept') return { ...returned, link: 'return' }
    if (returned.value.returned.count !== stamps.length) return { ...reject('offline-wrong-count'), link: 'return' }
    const id = hexOf(vectors.id)
    const kept = await this.#compare(id, record)
    if (kept !== undefined) return kept
    await shelf.keepRecord(id, encodeRecord(record))
    return this.#stamp(id, returned.value, beacon)
  }

  #returnOf(record: OfflineRecord, node: Uint8Array): Admission<SealedReturn> {
    if (record.returned === undefined) return reject('offline-without-return')
    const opened = openReturn(record.returned.bytes, node, ed25519Verifier)
    if (opened.verdict !== 'accept') return opened
    const now = this.#options.read()
    if (now === undefined) return ignore('clock-not-ready')
    const { earliest, latest } = opened.value.returned.reading
    const [own, theirs] = [
      { lo: now.earliest - RETURN_AGE_NS_MAX, hi: now.latest },
      { lo: earliest, hi: latest },
    ]
    return meets(own, theirs) ? opened : reject('offline-clock-off')
  }

  /** Why it cannot be kept, or undefined. */
  async #compare(id: string, record: OfflineRecord): Promise<OfflineAnswer | undefined> {
    const { shelf } = this.#options
    const known = await shelf.record(id)
    if (known === undefined) return (await shelf.count()) < DRAWINGS_MAX ? undefined : ignore('offline-full')
    const opened = openRecord(known)
    const found = opened.verdict === 'accept' ? contradiction(opened.value, record) : undefined
    if (found === undefined) return undefined
    if (reuseShown(found) === undefined) return reject('offline-wrong-drawing')
    await shelf.keepEvidence(id, encodeReuse(found))
    return { ...reject('offline-reused'), link: 'stamps' }
  }

  async #stamp(id: string, { digest }: SealedReturn, beacon: string | null): Promise<OfflineAnswer> {
    const request = { algorithm: 'sha3-256', imprint: digest, beacon, clientKey: id } as const
    const taken = await this.#options.stamps.submit([request])
    if (taken.verdict !== 'accept') return taken
    const [stamp] = taken.value
    return stamp === undefined ? ignore('stamping-halted') : accept({ id, stamp })
  }
}

/** From reading the clock on return to handing the record in, ns. */
const RETURN_AGE_NS_MAX = 10_000_000_000n
