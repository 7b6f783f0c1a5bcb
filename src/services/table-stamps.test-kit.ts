/**
 * A desk made of tables, for tests of what stands on a `StampDesk`: it takes what it is given, and a test decides what becomes of it. Its
 * receipts are well-formed and signed by nobody. No product code imports it.
 */
import { accept, hexOf, ignore } from '../base/index.ts'
import { leafOf, stampIdOf } from '../stamps/index.ts'
import type {
  Receipt,
  StampChange,
  StampDesk,
  StampRecord,
  StampRefusal,
  StampRequest,
  StampState,
} from '../stamps/index.ts'

export const NEWEST = { height: 1234, block: '3d'.repeat(32) }

export interface TableDesk extends StampDesk {
  /** What a test changes in place. */
  readonly table: {
    newest: { readonly height: number; readonly block: string } | undefined
    /** What every submission is refused for; taken where undefined. */
    refusal: StampRefusal | undefined
    /** What every submission rejects with. */
    failure: Error | undefined
    /** By id, as the desk would make them. */
    readonly proofs: Map<string, Uint8Array>
  }
  /** Submissions, in order. */
  readonly submitted: (readonly StampRequest[])[]
  readonly listeners: number
  /** Brings entries to a state, and tells who listens. */
  change(change: StampChange): void
}

const RECEIVED = { earliest: 1_795_222_837_001_250_000n, latest: 1_795_222_837_004_750_000n }
const BYTES_32 = new Uint8Array(32).fill(0x11)

const receiptOf = (leaf: Uint8Array, position: number): Receipt => ({
  networkId: BYTES_32,
  node: BYTES_32,
  position,
  leaf,
  received: RECEIVED,
  heightNewest: NEWEST.height,
  heightPromised: NEWEST.height + 20,
  sources: 1,
  group: { index: 0, size: 1, path: [] },
  signature: new Uint8Array(64).fill(0x22),
})

class Table implements TableDesk {
  readonly table: TableDesk['table'] = { newest: NEWEST, refusal: undefined, failure: undefined, proofs: new Map() }
  readonly submitted: (readonly StampRequest[])[] = []
  readonly #records = new Map<string, StampRecord>()
  readonly #listeners = new Set<(change: StampChange) => void>()
  readonly log = { head: undefined, entries: () => [], leaves: () => [] }

  get listeners(): number {
    return this.#listeners.size
  }

  beacon(): TableDesk['table']['newest'] {
    return this.table.newest
  }

  async submit(requests: readonly StampRequest[]): ReturnType<StampDesk['submit']> {
    this.submitted.push(requests)
    if (this.table.failure !== undefined) throw this.table.failure
    if (this.table.refusal !== undefined) return ignore(this.table.refusal)
    return accept(requests.map((request) => this.#take(request)))
  }

  #take({ clientKey, ...entry }: StampRequest): StampRecord {
    const id = hexOf(stampIdOf(entry, clientKey))
    const known = this.#records.get(id)
    if (known !== undefined) return { ...known, isKnown: true }
    const receipt = receiptOf(leafOf(entry), this.#records.size)
    const record: StampRecord = { id, entry, receipt, state: 'received', height: undefined }
    this.#records.set(id, record)
    return record
  }

  find(id: string): StampRecord | undefined {
    return this.#records.get(id)
  }

  proof(id: string, from = 0): Uint8Array | undefined {
    return from > NEWEST.height ? undefined : this.table.proofs.get(id)
  }

  onChange(listener: (change: StampChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  change(change: StampChange): void {
    const state: StampState = change.state
    for (const [id, record] of this.#records) {
      const { position } = record.receipt
      if (position < change.first || position >= change.logSize) continue
      this.#records.set(id, { ...record, state, height: change.height })
    }
    for (const listener of this.#listeners) listener(change)
  }

  counts(): ReturnType<StampDesk['counts']> {
    const states = [...this.#records.values()].map(({ state }) => state)
    const final = states.filter((state) => state === 'final').length
    return { taken: states.length, final, waiting: states.length - final, resubmitted: 0 }
  }
}

export const tableDesk = (): TableDesk => new Table()
