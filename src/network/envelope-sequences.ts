/**
 * Where an author's sequences come from. They only have to grow, over restarts too, so their start is taken from the host's
 * clock: one step for every 1,024 ns since 1970. Nobody sends a million envelopes a second for long, so whoever starts again
 * begins above what it used, even where its memory was lost or put back from an old backup. The memory on disk
 * (node/io/sequence-file.ts) does the same where the host's clock went back.
 *
 * Rules: docs/spec/network.md N-75. Not promised: where the memory is old and the clock went back as well, others hold what
 * the author says for replayed, until its sequences are above what they have heard.
 */

export interface SequenceSource {
  /** A sequence above all that came before, 1 to 2^53 − 1. Rejects where the world fails it (a disk). */
  next(): Promise<number>
}

/** ns of the host's clock for one sequence. */
export const SEQUENCE_NS = 1024n
/** What a clock can ask for at most: half of all sequences (the year 2116), so that no clock can use them up. */
export const SEQUENCE_FLOOR_MAX = 2 ** 52

/** The least that a start at this instant of the host's clock (Unix ns) may begin with. */
export const sequenceFloor = (hostUnixNs: bigint): number => {
  const steps = hostUnixNs / SEQUENCE_NS
  if (steps < 1n) return 1
  return steps > BigInt(SEQUENCE_FLOOR_MAX) ? SEQUENCE_FLOOR_MAX : Number(steps)
}

/** Counts up from `first`, in memory only: for tests, and for whoever starts from `sequenceFloor` without a disk. */
export const countingSequences = (first: number): SequenceSource => {
  let next = first
  return {
    next: async () => {
      const sequence = next
      next += 1
      return sequence
    },
  }
}
