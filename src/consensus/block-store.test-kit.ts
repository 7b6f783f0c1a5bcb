/** Blocks that are no blocks, for tests of where they are kept. */
import type { StoredBlock } from './index.ts'

/** A block of `size` bytes and a commit of ten, both telling their height. */
export const storedOf = (height: number, size = 20): StoredBlock => ({
  height,
  block: new Uint8Array(size).fill(height % 251),
  commit: new Uint8Array(10).fill(height % 241),
})
