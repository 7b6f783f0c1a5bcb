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
  contradiction,
  encodeRecord,
  encodeReuse,
  isSameJourney,
  offlineChecking,
  openRecord,
  openReturn,
  openVectors,
  returnFault,
  reuseShown,
} from '../proofs/index.ts'
import type { OfflineAdmission, OfflineLink, OfflineRecord, SealedReturn, StampCheck } from '../proofs/index.ts'
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
interface OfflineRefusal {
  readonly verdict: 'reject' | 'ignore'
  readonly reason: string
  readonly link?: OfflineLink
  readonly at?: number
}
export type OfflineAnswer =
  | { readonly verdict: 'accept'; readonly value: { readonly id: string; readonly stamp: StampRecord } }
  | OfflineRefusal

/** Records that may wait for the desk, one after the other: of the largest, 20 MiB. */
export const OFFLINE_WAITING_MAX = 10
/** Stamps that are checked in one turn of the event loop: some milliseconds. */
const TURN_STAMPS = 16

export interface OfflineDeskOptions {
  /** Runs `run` in a later turn of the event loop, soon. */
  readonly turn: (run: () => void) => void
  readonly networkId: Uint8Array
  readonly checkStamp: StampCheck
  readonly shelf: OfflineShelf
  readonly stamps: Pick<StampDesk, 'submit'>
  /** What the node's own clock says; undefined without the time. */
  readonly read: () => TimeInterval | undefined
}

/** Whose record it is, and what ends it. */
interface Handed {
  readonly id: string
  readonly node: Uint8Array
  readonly returned: SealedReturn['returned']
}

export class OfflineDesk {
  readonly #options: OfflineDeskOptions
  /** One after the other: two that come at once with one vector must not both be taken. */
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(options: OfflineDeskOptions) {
    this.#options = options
  }

  /** @param beacon the block that the return is to be stamped with, hex: read before the clock was (P-78); null for none. */
  submit(bytes: Uint8Array, beacon: string | null): Promise<OfflineAnswer> {
    if (this.#waiting >= OFFLINE_WAITING_MAX) return Promise.resolve(ignore('stamps-full'))
    this.#waiting += 1
    const turn = this.#tail.then(() => this.#submit(bytes, beacon)).finally(() => (this.#waiting -= 1))
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
    const vectors = openVectors(record.vectors)
    if (vectors.verdict !== 'accept') return { ...vectors, link: 'vectors' }
    // What is cheap first: whoever hands a thing in again, or a changed one, pays for it and not this node.
    const returned = returnOf(record, vectors.value.vectors.node)
    if (returned.verdict !== 'accept') return { ...returned, link: 'return' }
    if (returned.value.returned.count !== record.stamps.length)
      return { ...reject('offline-wrong-count'), link: 'return' }
    const id = hexOf(vectors.value.id)
    const known = await this.#compare(record, {
      id,
      node: vectors.value.vectors.node,
      returned: returned.value.returned,
    })
    if (known === 'same') return this.#stamp(id, returned.value, beacon)
    if (known !== 'new') return known
    const late = this.#clockFault(returned.value.returned.reading)
    if (late !== undefined) return { ...late, link: 'return' }
    const checked = await this.#check(record)
    if (checked.verdict !== 'accept') return checked
    const fault = returnFault(returned.value, { ...checked.value, networkId: this.#options.networkId })
    if (fault !== undefined) return { ...reject(fault), link: 'return' }
    await this.#options.shelf.keepRecord(id, encodeRecord(record))
    return this.#stamp(id, returned.value, beacon)
  }

  /** All but the return's stamp, which is what this is for; a few stamps a turn, so that the node goes on meanwhile. */
  async #check(record: OfflineRecord): Promise<OfflineAdmission> {
    const { networkId, checkStamp, turn } = this.#options
    const checking = offlineChecking({ ...record, returned: undefined }, { networkId, checkStamp })
    for (let stamps = 1; ; stamps += 1) {
      const { done, value } = checking.next()
      if (done === true) return value
      if (stamps % TURN_STAMPS === 0) await new Promise<void>((resolve) => turn(resolve))
    }
  }

  /** Does what the clock read on return fit this node's own? Undefined where it does. */
  #clockFault({ earliest, latest }: TimeInterval): OfflineRefusal | undefined {
    const now = this.#options.read()
    if (now === undefined) return ignore('clock-not-ready')
    const [own, theirs] = [
      { lo: now.earliest - RETURN_AGE_NS_MAX, hi: now.latest },
      { lo: earliest, hi: latest },
    ]
    return meets(own, theirs) ? undefined : reject('offline-clock-off')
  }

  /**
   * Against what is known of the drawing: `same` where it was checked and kept before, `new` where nothing is known of it or only the return was said
   * again, or why it is refused. A known one has its return, so nothing else goes on from it.
   */
  async #compare(record: OfflineRecord, { id, node, returned }: Handed): Promise<'same' | 'new' | OfflineAnswer> {
    const { shelf } = this.#options
    const known = await shelf.record(id)
    if (known === undefined) return (await shelf.count()) < DRAWINGS_MAX ? 'new' : ignore('offline-full')
    const opened = openRecord(known)
    if (opened.verdict !== 'accept') return 'new'
    const found = contradiction(opened.value, record)
    if (found === undefined) return 'same'
    const before = returnOf(opened.value, node)
    const isStampsSame = contradiction({ ...opened.value, returned: undefined }, record) === undefined
    if (isStampsSame && before.verdict === 'accept' && isSameJourney(before.value.returned, returned)) return 'new'
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

const returnOf = ({ returned }: OfflineRecord, node: Uint8Array): Admission<SealedReturn> =>
  returned === undefined ? reject('offline-without-return') : openReturn(returned.bytes, node, ed25519Verifier)
