/**
 * The stamping half of a node: takes entries into its log, durably and many at a time, signs receipts, hands batches to the network, and
 * keeps what proofs are made of once they are final. The rules live in stamps/ (stamping-batches.ts, stamping-draft.ts); here it is put together,
 * and decided whether anything may be taken now. Rules T-40 to T-59 in docs/spec/stamps.md.
 */
import { accept, ignore } from '../base/index.ts'
import type { Admission, Cancel, ChimerError, Time, TimeInterval } from '../base/index.ts'
import { memberOf, statusOf } from '../consensus/index.ts'
import type { BlockId, ChainState, LightReader } from '../consensus/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { BatchBook, ENTRIES_WAITING_MAX } from '../stamps/index.ts'
import type {
  StampChange,
  StampDesk,
  StampLogReader,
  StampRecord,
  StampRefusal,
  StampRequest,
  StampStore,
} from '../stamps/index.ts'
import type { DecidedBlock } from './deciding.ts'
import { Handing } from './stamping-handing.ts'
import { Intake } from './stamping-intake.ts'
import type { IntakeGate } from './stamping-intake.ts'
import { StampRecords } from './stamping-records.ts'

/** What stamping asks of a chain: `deciding.ts` and the node's events, or a test's script. */
export interface StampChain {
  readonly state: ChainState
  readonly isHalted: boolean
  block(height: number): Pick<DecidedBlock, 'block' | 'commit'> | undefined
  submit(bytes: Uint8Array): Admission<null>
  onBlock(listener: (decided: Pick<DecidedBlock, 'block' | 'commit'>) => void): Cancel
  /** Its decided blocks and who voted for them. */
  readonly archive: LightReader
}

export interface StampingOptions {
  readonly time: Time
  /** Runs `run` in a later turn of the event loop, soon: what came in this turn is gathered. */
  readonly turn: (run: () => void) => void
  readonly signer: Pick<Signer, 'nodeId' | 'sign'>
  /** Closed by whoever opened it. */
  readonly store: StampStore
  readonly chain: StampChain
  /** From one block to the next, ns, as a rule. */
  readonly paceNs: bigint
  /** The node's clock, where it may be acted on. */
  readonly read: () => TimeInterval | undefined
  /** What the clock stands on: bit i for the i-th of SOURCE_KINDS. */
  readonly sources: () => number
  readonly onTrouble: (error: ChimerError) => void
}

/** Without a block for so many of them nothing is taken: what would be promised is not in this node's hands. */
export const STANDING_PACES_MAX = 10n
/** Leaves that are read in one go at the start. */
const LEAVES_READ = 8192

export class Stamping implements StampDesk, AsyncDisposable {
  readonly log: StampLogReader
  readonly #options: StampingOptions
  readonly #id: string
  readonly #book: BatchBook
  readonly #handing: Handing
  readonly #intake: Intake
  readonly #records: StampRecords
  readonly #listeners = new Set<(change: StampChange) => void>()
  readonly #heightFrom: number
  #silence: Cancel = () => {}
  #isClosed = false

  /** Takes up the log where the store left it. Throws `TC_STAMP_STORE`. */
  constructor(options: StampingOptions) {
    this.#options = options
    const { signer, store, chain } = options
    this.#id = nodeIdText(signer.nodeId)
    const open = store.openBatches()
    this.#heightFrom = Math.min(...open.map(({ heightHanded }) => heightHanded))
    this.#book = restoredBook(options, open)
    const { genesis } = chain.state
    const shared = { ...options, book: this.#book }
    this.#records = new StampRecords({ ...shared, node: signer.nodeId, genesis, archive: chain.archive })
    this.#handing = new Handing({ ...shared, onChange: (change) => this.#tell(change) })
    this.#intake = new Intake({
      ...options,
      networkId: genesis.networkId,
      gate: () => this.#gate(),
      heightOf: (block) => this.#handing.heightOf(block),
      recordAt: (position) => this.#records.at(position),
      onTaken: (entries) => {
        const nowNs = options.time.elapsedNs()
        for (const { leaf, beaconHeight } of entries) this.#book.push(leaf, beaconHeight, nowNs)
        this.#handing.look()
      },
    })
    this.log = this.#records.log
  }

  /** Begins to follow the chain. Before that, nothing that was mixed in is known. */
  start(): void {
    this.#silence = this.#options.chain.onBlock((decided) => this.#handing.follow(decided))
    this.#handing.start(this.#heightFrom)
  }

  beacon(): { readonly height: number; readonly block: BlockId } | undefined {
    return this.#handing.newest
  }

  submit(requests: readonly StampRequest[]): Promise<Admission<readonly StampRecord[], StampRefusal>> {
    return this.#intake.submit(requests)
  }

  find(id: string): StampRecord | undefined {
    return this.#records.find(id)
  }

  proof(id: string, from = 0): Uint8Array | undefined {
    return this.#records.proof(id, from)
  }

  onChange(listener: (change: StampChange) => void): Cancel {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  counts(): { readonly taken: number; readonly final: number; readonly waiting: number; readonly resubmitted: number } {
    const { size, finalCount, waiting } = this.#book
    return { taken: size, final: finalCount, waiting, resubmitted: this.#handing.resubmitted }
  }

  /** Takes nothing more, and waits for what is being written. Those who wait are answered. The store belongs to whoever opened it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#silence()
    await this.#intake.close()
    await this.#handing.close()
  }

  #tell(change: StampChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  #gate(): IntakeGate {
    const { chain, read, sources } = this.#options
    const { state } = chain
    const received = read()
    if (this.#isClosed || chain.isHalted) return ignore('stamping-halted')
    if (received === undefined) return ignore('clock-not-ready')
    const member = memberOf(state, this.#id)
    // Who leaves gets what it has taken into blocks before it is gone.
    if (member === undefined || member.role === 'leaving') return ignore('not-member')
    if (statusOf(state, this.#id).status !== 'truechimer') return ignore('not-truechimer')
    if (this.#isStanding(received)) return ignore('stamping-halted')
    return accept({
      received: { earliest: received.earliest, latest: received.latest },
      heightNewest: state.height,
      sources: sources(),
      room: ENTRIES_WAITING_MAX - this.#book.waiting,
    })
  }

  /** Has there been no block for long, as far as this node knows? */
  #isStanding({ earliest }: TimeInterval): boolean {
    const { chain, paceNs } = this.#options
    return earliest - chain.state.time.latest > STANDING_PACES_MAX * paceNs
  }
}

/** The book as the store has it: what was handed in, and after it what was only taken. */
const restoredBook = (
  { store, time }: Pick<StampingOptions, 'store' | 'time'>,
  open: ReturnType<StampStore['openBatches']>,
): BatchBook => {
  const last = store.lastBatch()
  const frontier = last === undefined ? { size: 0, nodes: [] } : { size: last.logSize, nodes: last.frontier }
  const book = new BatchBook({ frontier, open })
  const nowNs = time.elapsedNs()
  while (book.size < store.size)
    for (const { leaf, beaconHeight } of store.entries(book.size, LEAVES_READ)) book.push(leaf, beaconHeight, nowNs)
  return book
}
