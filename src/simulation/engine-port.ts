/**
 * The engine as the simulator's shell sees it, and how one is made from what stands on a disk. A port, so that a test may put
 * an engine with a known bug in its place and see the checkers find it.
 */
import { Engine, restoreChain } from '../consensus/index.ts'
import type { BlockStore, ChainGenesis, WalRecord } from '../consensus/index.ts'
import type { Verifier } from '../crypto/index.ts'

export type EngineLike = Pick<Engine, 'step' | 'state' | 'view' | 'answer' | 'admitTransaction'>

/** What a starting node has. `self`: its key, where it votes. */
export interface EngineParts {
  readonly genesis: ChainGenesis
  readonly store: BlockStore
  readonly wal: readonly WalRecord[]
  readonly verifier: Verifier
  readonly paceNs: bigint
  readonly self?: Uint8Array
}

/** Throws `TC_CONSENSUS_STORE` or `TC_CONSENSUS_WAL` where store and log contradict each other. */
export type EngineOpener = (parts: EngineParts) => EngineLike

export const openEngine: EngineOpener = (parts) => new Engine({ ...parts, ...restoreChain(parts.genesis, parts.store) })
