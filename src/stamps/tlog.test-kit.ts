/** A log of stamps and what is kept of logs, in memory. */
import { hexOf } from '../base/index.ts'
import { merkleSha256, sha256 } from '../crypto/index.ts'
import type { StampLogReader } from './port.ts'
import { COSIGNED_LOGS_MAX, FORKS_PER_LOG_MAX } from './tlog-port.ts'
import type { CosignedLog, CosignedStore, LogFork } from './tlog-port.ts'

/** All of it is final. */
export class MemoryLog implements StampLogReader {
  readonly #entries: Uint8Array[] = []
  readonly #leaves: Uint8Array[] = []
  /** What `leaves` was asked for, by count. */
  leavesRead = 0

  get head(): StampLogReader['head'] {
    const size = this.#leaves.length
    return size === 0 ? undefined : { size, root: merkleSha256.rootOfHashes(this.#leaves), height: 1 }
  }

  /** @param change makes the entries of two logs differ. */
  grow(count: number, change = 0): void {
    for (let i = 0; i < count; i += 1) {
      const position = this.#entries.length
      const entry = Uint8Array.of(position >> 16, position >> 8, position, change)
      this.#entries.push(entry)
      this.#leaves.push(merkleSha256.leaf(entry))
    }
  }

  entries(first: number, count: number): readonly Uint8Array[] {
    return this.#entries.slice(first, first + count)
  }

  leaves(first: number, count: number): readonly Uint8Array[] {
    this.leavesRead += count
    return this.#leaves.slice(first, first + count)
  }
}

export class MemoryCosigned implements CosignedStore {
  readonly #logs = new Map<string, CosignedLog>()
  readonly #forks: LogFork[] = []
  readonly #roots = new Map<number, Uint8Array[]>()

  last(origin: string): CosignedLog | undefined {
    return this.#logs.get(origin)
  }

  lastByHash(originHash: string): CosignedLog | undefined {
    return [...this.#logs.values()].find(({ origin }) => hexOf(sha256(new TextEncoder().encode(origin))) === originHash)
  }

  keep(log: CosignedLog): boolean {
    if (!this.#logs.has(log.origin) && this.#logs.size >= COSIGNED_LOGS_MAX) return false
    this.#logs.set(log.origin, log)
    return true
  }

  keepFork(fork: LogFork): void {
    if (this.#forks.filter(({ origin }) => origin === fork.origin).length < FORKS_PER_LOG_MAX) this.#forks.push(fork)
  }

  forkOf(origin: string): LogFork | undefined {
    return this.#forks.find((fork) => fork.origin === origin)
  }

  forks(): readonly LogFork[] {
    return this.#forks
  }

  count(level: number): number {
    return this.#roots.get(level)?.length ?? 0
  }

  roots(level: number, first: number, count: number): readonly Uint8Array[] {
    return (this.#roots.get(level) ?? []).slice(first, first + count)
  }

  keepRoots(level: number, roots: readonly Uint8Array[]): void {
    this.#roots.set(level, [...(this.#roots.get(level) ?? []), ...roots])
  }

  [Symbol.dispose](): void {}
}
