/**
 * Stamping over a chain that a test decides block by block: four members with true signatures, of whom the first stamps; a pool that takes what it
 * hands in, or refuses it, or loses it. And what is stamped: the hash of a number.
 */
import assert from 'node:assert/strict'
import { accept, ignore } from '../base/index.ts'
import type { Admission, Cancel, ChimerError, TimeInterval } from '../base/index.ts'
import {
  MemoryBlocks,
  keepBeginning,
  keepDecided,
  keepState,
  openBlock,
  openCommit,
  openTransaction,
  restoreChain,
} from '../consensus/index.ts'
import type { Block, BlockStore, ChainState, Commit, SealedTransaction, ValidatorStore } from '../consensus/index.ts'
import { ChainScript, scriptMember } from '../consensus/chain-script.test-kit.ts'
import type { ScriptMember, ScriptStep } from '../consensus/chain-script.test-kit.ts'
import { sha256, sign } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import type { StampChange, StampRequest, StampStore } from '../stamps/index.ts'
import { Stamping } from './stamping.ts'
import type { StampChain, StampingOptions } from './stamping.ts'

export const STAMPERS: readonly ScriptMember[] = ['ada', 'bo', 'cy', 'dee'].map(scriptMember)

export const stamper = (place = 0): ScriptMember => {
  const member = STAMPERS[place]
  assert(member !== undefined)
  return member
}

export const signerOf = ({ key, signing }: ScriptMember): Pick<Signer, 'nodeId' | 'sign'> => ({
  nodeId: key,
  sign: async (domain, body) => sign(signing, domain, body),
})

type Decided = { readonly block: Block; readonly commit: Commit }

/** The script is one block ahead of what is decided here, since that block holds the commit of the one before it. */
export class ScriptedChain implements StampChain {
  readonly script: ChainScript
  readonly archive: BlockStore & ValidatorStore
  readonly #listeners = new Set<(decided: Decided) => void>()
  #next: { readonly block: Block; readonly state: ChainState }
  #pool: SealedTransaction[] = []
  state: ChainState
  isHalted = false
  /** While set, what is decided is not told of: a node is still writing it. */
  isWriting = false
  #untold: Decided[] = []
  /** What becomes of what is handed in; it is kept for the next block unless told. */
  fate: 'keep' | 'lose' | 'refuse' = 'keep'
  /** All that was handed in and not refused. */
  readonly submitted: SealedTransaction[] = []

  /** @param archive what an earlier one has decided, to go on from; the script itself begins anew where that ends. */
  constructor(archive: BlockStore & ValidatorStore = new MemoryBlocks()) {
    this.archive = archive
    this.script = new ChainScript({ members: STAMPERS, isSigned: true })
    const { state } = restoreChain(this.script.genesis, archive)
    this.state = state
    this.script.state = state
    keepBeginning(archive, state)
    if (state.pending !== undefined) this.script.now = state.time.timestamp + 1_000_000_000n
    this.#next = this.#made()
  }

  #made(step: ScriptStep = {}): { readonly block: Block; readonly state: ChainState } {
    this.script.step(step)
    const block = this.script.blocks.at(-1)
    assert(block !== undefined)
    return { block, state: this.script.state }
  }

  /** What a right clock reads: half a slot after the newest proposal. */
  now(): TimeInterval {
    const at = this.script.now + this.script.genesis.parameters.slotNs / 2n
    return { earliest: at - 1_000_000n, latest: at + 1_000_000n }
  }

  /** Decides blocks until those who stamp are truechimers. */
  warmUp(): void {
    for (let i = 0; i < 12; i += 1) this.decide()
  }

  /** Decides the block that was made, and makes the next, with what waits in the pool. */
  decide(step: ScriptStep = {}): Decided {
    const transactions = [...this.#pool, ...(step.transactions ?? [])]
    this.#pool = []
    const { block, state } = this.#next
    this.#next = this.#made({ ...step, transactions })
    const decided = { block, commit: this.#next.block.body.lastCommit }
    this.state = state
    keepDecided(this.archive, { ...decided, state })
    if (state.height % 4 === 0) keepState(this.archive, state)
    this.#untold.push(decided)
    if (!this.isWriting) this.tell()
    return decided
  }

  /** Tells of what was decided meanwhile, in order. */
  tell(): void {
    this.isWriting = false
    for (const one of this.#untold.splice(0)) for (const listener of this.#listeners) listener(one)
  }

  block(height: number): Decided | undefined {
    const stored = this.archive.block(height)
    if (stored === undefined) return undefined
    const { networkId, parameters } = this.script.genesis
    const block = openBlock(stored.block, { networkId, bytesMax: parameters.blockBytesMax })
    const commit = openCommit(stored.commit)
    assert(block.verdict === 'accept' && commit.verdict === 'accept')
    return { block: block.value, commit: commit.value }
  }

  submit(bytes: Uint8Array): Admission<null> {
    const { networkId } = this.script.genesis
    const opened = openTransaction(bytes, { networkId })
    if (opened.verdict !== 'accept') return opened
    if (this.fate === 'refuse') return ignore('mempool-full')
    const { key, transaction } = opened.value
    const waiting = [...this.#next.block.body.transactions, ...this.#pool]
    if (waiting.some((one) => one.key === key)) return ignore('transaction-known')
    if (this.#pool.some((one) => one.transaction.sequence === transaction.sequence)) return ignore('sequence-waiting')
    this.submitted.push(opened.value)
    if (this.fate === 'keep') this.#pool.push(opened.value)
    return accept(null)
  }

  /** Nothing that waits is in a block any more. */
  forgetPool(): void {
    this.#pool = []
  }

  onBlock(listener: (decided: Decided) => void): Cancel {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}

/** The imprint of a number, under a client key, with a beacon where one is given. */
export const wish = (number: number, given: Partial<StampRequest> = {}): StampRequest => ({
  algorithm: 'sha-256',
  imprint: sha256(new TextEncoder().encode(`thing ${number}`)),
  beacon: null,
  clientKey: 'test',
  ...given,
})

export interface OpenedStamping extends AsyncDisposable {
  readonly stamping: Stamping
  readonly changes: StampChange[]
  readonly troubles: ChimerError[]
}

/** Stamping of the first member, begun. The store stays open. */
export const stampingOver = (
  options: Pick<StampingOptions, 'time' | 'turn'> &
    Partial<StampingOptions> & { readonly chain: ScriptedChain; readonly store: StampStore },
): OpenedStamping => {
  const { chain } = options
  const changes: StampChange[] = []
  const troubles: ChimerError[] = []
  const stamping = new Stamping({
    signer: signerOf(stamper()),
    paceNs: chain.script.genesis.parameters.slotNs,
    read: () => chain.now(),
    sources: () => 1,
    onTrouble: (error) => troubles.push(error),
    ...options,
  })
  stamping.onChange((change) => changes.push(change))
  stamping.start()
  return { stamping, changes, troubles, [Symbol.asyncDispose]: () => stamping[Symbol.asyncDispose]() }
}
