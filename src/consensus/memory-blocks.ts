/**
 * A block store in memory: for the simulator, whose disks are its own, and for tests. It keeps what a disk keeps, by the same
 * suite (block-store.test-suite.ts). Not promised: that anything outlives the process, or a bound on how much is held: its
 * owner decides how many blocks it appends.
 */
import assert from 'node:assert/strict'
import type { BlockStore, StoredBlock, StoredSnapshot, StoredValidators, ValidatorStore } from './port.ts'

/** Snapshots that a store keeps: the newest, and two before it for a peer that was in the middle of fetching one. */
export const SNAPSHOTS_KEPT_MAX = 3

export class MemoryBlocks implements BlockStore, ValidatorStore {
  #first = 0
  readonly #blocks: StoredBlock[] = []
  /** By height, rising. */
  #snapshots: readonly StoredSnapshot[] = []
  #validators: readonly StoredValidators[] = []

  get range(): { readonly first: number; readonly last: number } | undefined {
    const count = this.#blocks.length
    return count === 0 ? undefined : { first: this.#first, last: this.#first + count - 1 }
  }

  block(height: number): StoredBlock | undefined {
    return this.#blocks[height - this.#first]
  }

  blocks(from: number, limits: { readonly countMax: number; readonly bytesMax: number }): readonly StoredBlock[] {
    const found: StoredBlock[] = []
    let bytes = 0
    for (let height = from; found.length < limits.countMax; height += 1) {
      const stored = this.block(height)
      if (stored === undefined) break
      bytes += storedBytes(stored)
      if (found.length > 0 && bytes > limits.bytesMax) break
      found.push(stored)
    }
    return found
  }

  append(blocks: readonly StoredBlock[]): void {
    const [first] = blocks
    if (first === undefined) return
    assertFollow(this.range?.last, blocks)
    if (this.#blocks.length === 0) this.#first = first.height
    this.#blocks.push(...blocks)
  }

  snapshot(heightMax = Number.MAX_SAFE_INTEGER): StoredSnapshot | undefined {
    return this.#snapshots.findLast(({ height }) => height <= heightMax)
  }

  keepSnapshot(snapshot: StoredSnapshot): void {
    this.#snapshots = placed(this.#snapshots, snapshot).slice(-SNAPSHOTS_KEPT_MAX)
  }

  keepValidators(kept: StoredValidators): void {
    this.#validators = placed(this.#validators, kept)
  }

  validators(height: number): StoredValidators | undefined {
    return this.#validators.findLast((kept) => kept.height <= height)
  }
}

/** What a stored block weighs against a limit of bytes. */
export const storedBytes = ({ block, commit }: StoredBlock): number => block.length + commit.length

/** Heights that leave a gap or come again are a bug of whoever appends. */
export const assertFollow = (last: number | undefined, blocks: readonly StoredBlock[]): void => {
  const next = last === undefined ? blocks[0]?.height : last + 1
  assert(
    blocks.every(({ height }, i) => Number.isSafeInteger(height) && height >= 1 && height === (next ?? 0) + i),
    'blocks are appended height by height',
  )
}

/** `one` at its place by height, instead of what stood there. */
const placed = <T extends { readonly height: number }>(list: readonly T[], one: T): readonly T[] =>
  [...list.filter(({ height }) => height !== one.height), one].sort((a, b) => a.height - b.height)
