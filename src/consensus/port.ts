/**
 * What consensus needs of a disk: a log that is written before anything is said, and a store of what was decided. Both are
 * durable when they answer. Implementations: io/file-wal.ts, io/sqlite-blocks.ts, and the simulator's own.
 */

/** One record of the write-ahead log. Its bytes are made and read by wal-records.ts. */
export type WalRecord =
  /** A block that this node proposes or locks on: needed to go on with after a restart. */
  | { readonly type: 'block'; readonly height: number; readonly bytes: Uint8Array }
  /** The prevotes that bound this node to a block (round-polka.ts): what it must show to put that block forward again. */
  | { readonly type: 'polka'; readonly height: number; readonly bytes: Uint8Array }
  /** A proposal or vote that this node has signed, as it is sent. */
  | { readonly type: 'said'; readonly height: number; readonly bytes: Uint8Array }
  /** The height was decided and stored: everything of it and before may be forgotten. */
  | { readonly type: 'decided'; readonly height: number }

export interface Wal extends AsyncDisposable {
  /** Everything that was kept, oldest first, when the log was opened. */
  readonly records: readonly WalRecord[]
  /** Durable when it resolves. Rejects with `TC_CONSENSUS_WAL` where the disk will not: nothing may be said then. */
  append(records: readonly WalRecord[]): Promise<void>
}

/** A decided block and the commit that decided it, encoded. */
export interface StoredBlock {
  readonly height: number
  readonly block: Uint8Array
  readonly commit: Uint8Array
}

/** The state after a height, encoded (chain-state.ts). */
export interface StoredSnapshot {
  readonly height: number
  readonly state: Uint8Array
}

/** Heights are whole and without gaps from `first` to `last`. Calls are synchronous and short; writes are durable on return. */
export interface BlockStore {
  /** The lowest and highest height held; undefined where it is empty. */
  readonly range: { readonly first: number; readonly last: number } | undefined
  block(height: number): StoredBlock | undefined
  /** Blocks `from` .. as many as fit into `bytesMax`, at least one where `from` is held. */
  blocks(from: number, limits: { readonly countMax: number; readonly bytesMax: number }): readonly StoredBlock[]
  /** The next height, or any height into an empty store. Throws `TC_CONSENSUS_STORE` where the disk will not. */
  append(blocks: readonly StoredBlock[]): void
  /** The newest snapshot at or below a height; the newest of all without one. */
  snapshot(heightMax?: number): StoredSnapshot | undefined
  /** Keeps a snapshot; of older ones the newest few are kept. */
  keepSnapshot(snapshot: StoredSnapshot): void
}

/** Who votes from a height on, until the next that is kept: the set as encodeValidators (validators-bytes.ts) writes it. */
export interface StoredValidators {
  readonly height: number
  readonly validators: Uint8Array
}

/**
 * The validator sets of old heights, which a proof for a light client needs and the blocks name by their root only. One is kept
 * whenever the set changes, before the block that decided the change is appended: keeping one again changes nothing.
 */
export interface ValidatorStore {
  /** Durable on return; a height that was kept is written over. Throws `TC_CONSENSUS_STORE` where the disk will not. */
  keepValidators(kept: StoredValidators): void
  /** The newest kept at or below a height. */
  validators(height: number): StoredValidators | undefined
}
