/**
 * The chain as the HTTP API sees it: a node's consensus turned into the views of `chain-schema.ts`, and its news into events. It keeps
 * what cannot be asked for again (who voted in past epochs, what the last epoch's end changed) and summaries of settled blocks, all
 * bounded. Rules: docs/spec/api.md, A-90 to A-101.
 *
 * A round is told of when a step begins and, while somebody listens, when a look finds that votes have come: at most every `ROUND_EVENT_NS`.
 */
import { BoundedMap, accept, hexOf } from '../base/index.ts'
import type { Admission, Cancel, Tai, Time } from '../base/index.ts'
import type { Block, BlockId, BlockTime, ChainState, ValidatorSet } from '../consensus/index.ts'
import { cidOf } from '../crypto/index.ts'
import { BLOCKS_SHOWN_MAX } from './chain-schema.ts'
import type {
  BlocksView,
  BlockSummary,
  BlockView,
  ChainStatusView,
  GenesisView,
  LightView,
  RoundView,
  ValidatorsView,
} from './chain-schema.ts'
import type { ChainSource, DecidedBlock } from './chain-source.ts'
import { validatorsView } from './chain-validators.ts'
import { blockSummary, blockView, emergencyView, epochOf, epochView, roundView } from './chain-views.ts'
import type { BlockParts, People } from './chain-views.ts'
import type { EventView } from './schema.ts'

/** What the routes of the chain ask for. */
export interface ChainBackend {
  genesis(): GenesisView
  status(): ChainStatusView
  /** Heights held; undefined before the first block. */
  range(): { readonly first: number; readonly last: number } | undefined
  /** From `from` downwards, or from the newest; as many as asked for, or fewer. */
  blocks(wanted: { readonly from: number | undefined; readonly limit: number }): BlocksView
  block(which: number | BlockId): BlockView | undefined
  /** As it is encoded: what `openBlock` opens. */
  blockBytes(which: number | BlockId): Uint8Array | undefined
  /** Who votes at a height; at the next one without it. Undefined where this node does not know (any more). */
  validators(height: number | undefined): ValidatorsView | undefined
  light(wanted: { readonly from: number; readonly to: number }): LightView | undefined
  /** The value is the transaction's content address. */
  submit(bytes: Uint8Array): Admission<string>
  onEvent(listener: (event: EventView) => void): Cancel
}

export interface ChainBackendOptions {
  readonly source: ChainSource
  readonly people: People
  /** The node's own time: for pauses between events, and for how long a height takes. */
  readonly time: Pick<Time, 'elapsedNs' | 'schedule'>
  /** What the node's clock reads; undefined where it has no time. */
  readonly now: () => Tai | undefined
}

/** Pause between two events of rounds, ns. */
export const ROUND_EVENT_NS = 100_000_000n
/** How often votes are looked for while nothing begins, ns. */
export const ROUND_LOOK_NS = 1_000_000_000n
/** Bytes of blocks that are decoded for one list: what is not at hand beyond that is left for the next question. */
export const DECODED_BYTES_MAX = 512 * 1024
const SUMMARIES_MAX = 512
const HEIGHTS_BY_ID_MAX = 4096
/** Ended epochs whose last state is kept. */
const EPOCHS_MAX = 8

export const openChainBackend = (options: ChainBackendOptions): ChainBackend => new NodeChain(options)

interface Turn {
  readonly before: ChainState
  readonly after: ChainState
}

class NodeChain implements ChainBackend {
  readonly #source: ChainSource
  readonly #options: ChainBackendOptions
  readonly #summaries = new BoundedMap<number, BlockSummary>(SUMMARIES_MAX)
  readonly #heights = new BoundedMap<BlockId, number>(HEIGHTS_BY_ID_MAX)
  /** By epoch, the last state whose validators vote in it. */
  readonly #ended = new BoundedMap<number, ChainState>(EPOCHS_MAX)
  readonly #listeners = new Set<(event: EventView) => void>()
  #last: ChainState
  #turn: Turn | undefined
  #newest: DecidedBlock | undefined
  /** The round as it was last told, to tell it only where it changed. */
  #told = ''
  #isPausing = false
  #cancelLook: Cancel = () => undefined
  #decidedNs: bigint
  #roundsFailed = 0
  #seen = { height: 0, round: 0, silent: new Set<string>() }
  #silentBefore: ReadonlySet<string> | undefined

  constructor(options: ChainBackendOptions) {
    this.#options = options
    this.#source = options.source
    this.#last = options.source.state
    this.#decidedNs = options.time.elapsedNs()
    this.#seen = { ...this.#seen, height: options.source.view().height, round: options.source.view().round }
    options.source.onBlock((decided) => this.#onBlock(decided))
    options.source.onStep(() => this.#onStep())
  }

  genesis(): GenesisView {
    const { genesisFile } = this.#source
    const { networkId } = this.#last.genesis
    const { name } = genesisFile
    return { networkId: hexOf(networkId), name: typeof name === 'string' ? name : '', genesis: { ...genesisFile } }
  }

  status(): ChainStatusView {
    const state = this.#source.state
    const tip = this.#summaryAt(state.height)
    const { halted } = this.#source
    return {
      halted: halted === undefined ? '' : `${halted.message} [${halted.code}]`,
      round: this.#round(),
      roundsFailed: this.#roundsFailed,
      epoch: epochView(state.height, state.genesis.parameters.epochSlots),
      emergency: emergencyView(state, this.#options.people),
      tip: tip ?? null,
      tipAgeNs: this.#ageNs(tip?.time ?? null),
    }
  }

  #ageNs(time: BlockSummary['time']): number | null {
    const now = this.#options.now()
    if (time === null || now === undefined) return null
    return Math.min(Math.max(0, Number(now - BigInt(time.timestamp))), Number.MAX_SAFE_INTEGER)
  }

  range(): ReturnType<ChainBackend['range']> {
    return this.#source.range()
  }

  blocks({ from, limit }: Parameters<ChainBackend['blocks']>[0]): BlocksView {
    const range = this.#source.range()
    if (range === undefined) return { blocks: [], first: null, last: null }
    const newest = Math.min(from ?? range.last, range.last)
    const oldest = Math.max(range.first, newest - Math.min(limit, BLOCKS_SHOWN_MAX) + 1)
    const blocks: BlockSummary[] = []
    let decodedBytes = 0
    for (let height = newest; height >= oldest && decodedBytes < DECODED_BYTES_MAX; height -= 1) {
      const isAtHand = this.#summaries.get(height) !== undefined
      const summary = this.#summaryAt(height)
      if (summary === undefined) break
      blocks.push(summary)
      if (!isAtHand) decodedBytes += summary.bytes
    }
    return { blocks, first: range.first, last: range.last }
  }

  block(which: number | BlockId): BlockView | undefined {
    const height = typeof which === 'number' ? which : this.#heightOf(which)
    const parts = height === undefined ? undefined : this.#partsAt(height)
    return parts === undefined ? undefined : blockView(parts, this.#options.people)
  }

  blockBytes(which: number | BlockId): Uint8Array | undefined {
    const height = typeof which === 'number' ? which : this.#heightOf(which)
    return height === undefined ? undefined : this.#decidedAt(height)?.block.bytes
  }

  validators(height: number | undefined): ValidatorsView | undefined {
    const state = this.#source.state
    const at = height ?? state.height + 1
    const known = this.#votingAt(at, state)
    if (known === undefined) return undefined
    const { people } = this.#options
    return validatorsView({ state: known, height: at, turn: this.#turnOf(known), people })
  }

  light({ from, to }: Parameters<ChainBackend['light']>[0]): LightView | undefined {
    const bytes = this.#source.archive?.lightProof?.(from, to)
    return bytes === undefined ? undefined : { from, to, bytes: Buffer.from(bytes).toString('base64') }
  }

  submit(bytes: Uint8Array): Admission<string> {
    const taken = this.#source.submit(bytes)
    return taken.verdict === 'accept' ? accept(cidOf(bytes).toString()) : taken
  }

  onEvent(listener: (event: EventView) => void): Cancel {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#onStep()
    return () => this.#listeners.delete(listener)
  }

  #emit(event: EventView): void {
    for (const listener of this.#listeners) listener(event)
  }

  #onBlock(decided: DecidedBlock): void {
    const [before, state] = [this.#last, this.#source.state]
    const { height } = decided.block.header
    this.#noteTurn(before, state)
    this.#last = state
    this.#decidedNs = this.#options.time.elapsedNs()
    this.#heights.set(decided.block.id, height)
    const settled = this.#settle(decided.block)
    this.#newest = decided
    const { people } = this.#options
    const parts = { decided, next: undefined, validators: this.#setAt(height), tipTime: this.#tipTime(height) }
    this.#emit({ type: 'block', block: blockSummary(parts, people), before: settled ?? null })
    if (before.emergency !== state.emergency) this.#emit({ type: 'emergency', height, ...emergencyView(state, people) })
    // At once: who watches must not see the decided height as the one that is being decided.
    this.#listen()
    this.#tellRound(ROUND_EVENT_NS)
  }

  /** The newest so far now has a block after it. */
  #settle(next: Block): BlockSummary | undefined {
    const decided = this.#newest
    const height = next.header.height - 1
    if (decided?.block.header.height !== height) return undefined
    const parts = { decided, next, validators: this.#setAt(height), tipTime: undefined }
    const summary = blockSummary(parts, this.#options.people)
    this.#summaries.set(height, summary)
    return summary
  }

  /** An epoch ended where this block follows what was known before; while many blocks come at once, none is told. */
  #noteTurn(before: ChainState, after: ChainState): void {
    const { epochSlots } = after.genesis.parameters
    if (after.height !== before.height + 1 || after.height % epochSlots !== 0) return
    this.#ended.set(epochOf(after.height, epochSlots), before)
    this.#turn = { before, after }
  }

  #onStep(): void {
    this.#listen()
    if (!this.#isPausing) this.#tellRound(ROUND_EVENT_NS)
  }

  /** Remembers who was silent when a round of this height ended. */
  #listen(): void {
    const { height, round, silent } = this.#source.view()
    const seen = this.#seen
    if (height !== seen.height) this.#silentBefore = undefined
    else if (round !== seen.round) this.#silentBefore = seen.silent
    this.#roundsFailed += height === seen.height ? Math.max(0, round - seen.round) : round
    this.#seen = { height, round, silent: new Set(silent) }
  }

  /** Tells what has changed since it was last told, and looks again: soon while things change, seldom while they do not. */
  #tellRound(pauseNs: bigint): void {
    if (this.#listeners.size === 0) return
    this.#listen()
    const round = this.#round()
    const text = JSON.stringify(round)
    const isNew = text !== this.#told
    this.#told = text
    if (isNew) this.#emit({ type: 'round', ...round })
    this.#cancelLook()
    this.#isPausing = isNew
    this.#cancelLook = this.#options.time.schedule(isNew ? ROUND_EVENT_NS : pauseNs, () => {
      this.#isPausing = false
      this.#tellRound(ROUND_LOOK_NS)
    })
  }

  #round(): RoundView {
    const state = this.#source.state
    const { timeoutProposeNs, timeoutPrevoteNs, timeoutPrecommitNs, slotNs } = state.genesis.parameters
    const roundNs = slotNs + timeoutProposeNs + timeoutPrevoteNs + timeoutPrecommitNs
    return roundView(this.#source.view(), {
      validators: state.validators,
      people: this.#options.people,
      silentBefore: this.#silentBefore,
      isLate: this.#options.time.elapsedNs() - this.#decidedNs > roundNs,
    })
  }

  /** Kept once it is settled: nothing of it changes any more. */
  #summaryAt(height: number): BlockSummary | undefined {
    const kept = this.#summaries.get(height)
    if (kept !== undefined) return kept
    const parts = this.#partsAt(height)
    if (parts === undefined) return undefined
    const summary = blockSummary(parts, this.#options.people)
    if (summary.settled) this.#summaries.set(height, summary)
    return summary
  }

  #partsAt(height: number): BlockParts | undefined {
    const decided = this.#decidedAt(height)
    if (decided === undefined) return undefined
    this.#heights.set(decided.block.id, height)
    return {
      decided,
      next: this.#decidedAt(height + 1)?.block,
      validators: this.#setAt(height),
      tipTime: this.#tipTime(height),
    }
  }

  #decidedAt(height: number): DecidedBlock | undefined {
    return this.#newest?.block.header.height === height ? this.#newest : this.#source.block(height)
  }

  #tipTime(height: number): BlockTime | undefined {
    const { tip } = this.#source.view()
    return tip?.height === height ? tip.time : undefined
  }

  #setAt(height: number): ValidatorSet | undefined {
    const state = this.#source.state
    if (height === state.height) return state.lastValidators
    return this.#votingAt(height, state)?.validators ?? this.#source.archive?.validatorsAt?.(height)
  }

  /** A state whose `validators` vote at this height: they are the same for a whole epoch. */
  #votingAt(height: number, state: ChainState): ChainState | undefined {
    if (height < 1 || height > state.height + 1) return undefined
    const { epochSlots } = state.genesis.parameters
    const epoch = epochOf(height, epochSlots)
    if (epoch === epochOf(state.height + 1, epochSlots)) return state
    const known = this.#ended.get(epoch) ?? this.#source.archive?.stateAt?.((epoch + 1) * epochSlots - 1)
    if (known !== undefined) this.#ended.set(epoch, known)
    return known
  }

  /** What the newest end of an epoch before a state changed. */
  #turnOf(state: ChainState): Turn | undefined {
    const { epochSlots } = state.genesis.parameters
    const end = Math.floor(state.height / epochSlots) * epochSlots
    if (end === 0) return undefined
    if (this.#turn?.after.height === end) return this.#turn
    const [before, after] = [this.#source.archive?.stateAt?.(end - 1), this.#source.archive?.stateAt?.(end)]
    return before === undefined || after === undefined ? undefined : { before, after }
  }

  #heightOf(id: BlockId): number | undefined {
    const height = this.#heights.get(id) ?? this.#source.archive?.heightOf?.(id)
    return height !== undefined && this.#decidedAt(height)?.block.id === id ? height : undefined
  }
}
