/** What the log and its witness keep on a disk: io/sqlite-cosigned.ts. */
import type { LogHead } from './tlog-checkpoint.ts'

/**
 * Roots of full tiles, so that a large log's tiles, paths and roots are read and not worked out anew. All of it follows from the leaves: number
 * `i` of level `l`, from 1 up, is the root over the 256 digests from `256 × i` on of the level below.
 */
export interface TileRoots {
  /** How many are kept of a level, without gaps from 0 on. */
  count(level: number): number
  /** Fewer where they end. */
  roots(level: number, first: number, count: number): readonly Uint8Array[]
  /** Appends to a level. */
  keepRoots(level: number, roots: readonly Uint8Array[]): void
}

/** The newest head of a log that a witness has put its name to, and the note that it was asked with. */
export interface CosignedLog extends LogHead {
  readonly origin: string
  /** A signed note: the log's signature, and behind it, once it was made, the witness's. */
  readonly note: string
}

/** Two notes of one log, of one size and with different roots. */
export interface LogFork {
  readonly origin: string
  readonly size: number
  readonly first: string
  readonly second: string
}

/** Logs that are kept of: those who were members once are among them. */
export const COSIGNED_LOGS_MAX = 4096
/** Forks that are kept of one log: one is enough to convict it. */
export const FORKS_PER_LOG_MAX = 1

/** Calls are synchronous; what is written is durable on return. All throw `TC_STAMP_STORE` where the disk will not. */
export interface CosignedStore extends TileRoots, Disposable {
  last(origin: string): CosignedLog | undefined
  /** @param originHash SHA-256 of an origin, in lower-case hexadecimal. */
  lastByHash(originHash: string): CosignedLog | undefined
  /** False, and nothing is kept, where COSIGNED_LOGS_MAX others are. */
  keep(log: CosignedLog): boolean
  /** Of a log that has FORKS_PER_LOG_MAX already, nothing is kept. */
  keepFork(fork: LogFork): void
  forkOf(origin: string): LogFork | undefined
  forks(): readonly LogFork[]
}
