/**
 * What the views of the chain ask of a node. The node's shell of consensus implements it; tests do with tables. Everything is read, but
 * `submit`. Calls are synchronous and short: a block is decoded from the store where it is not at hand.
 */
import type { Admission, Cancel } from '../base/index.ts'
import type { Block, BlockId, ChainState, Commit, EngineView, ValidatorSet } from '../consensus/index.ts'

/** A decided block, and the commit that this node decided it by. */
export interface DecidedBlock {
  readonly block: Block
  readonly commit: Commit
}

export interface ChainSource {
  /** The genesis file, defaults filled in. */
  readonly genesisFile: Readonly<Record<string, unknown>>
  /** After the newest decided block. */
  readonly state: ChainState
  /** Why this node no longer decides; undefined while it does. */
  readonly halted?: { readonly code: string; readonly message: string } | undefined
  /** Where the engine stands now. */
  view(): EngineView
  /** Heights that are held, without gaps; undefined before the first block. */
  range(): { readonly first: number; readonly last: number } | undefined
  block(height: number): DecidedBlock | undefined
  /** Opens a signed transaction, takes it among the waiting ones and passes it on. */
  submit(bytes: Uint8Array): Admission<null>
  /** After every decided block, once it is stored. Must return fast. */
  onBlock(listener: (decided: DecidedBlock) => void): Cancel
  /** When a round or a step begins. Must return fast. */
  onStep(listener: () => void): Cancel
  /** What the store may know besides. */
  readonly archive?: ChainArchive
}

/** Of the past, what a node need not keep. */
export interface ChainArchive {
  /** The height of a block by its id; without this only newer ids are found. */
  heightOf?(id: BlockId): number | undefined
  /** Who voted at an older height. */
  validatorsAt?(height: number): ValidatorSet | undefined
  /** The state after an older height, where it can be had soon. */
  stateAt?(height: number): ChainState | undefined
  /** A proof of the header at `to` for who trusts `from` (0: the genesis), encoded; undefined where there is none. */
  lightProof?(from: number, to: number): Uint8Array | undefined
}
