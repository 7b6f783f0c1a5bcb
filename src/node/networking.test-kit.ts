/** A Chimer with its networking over a network of a hub, for tests in virtual time: what a started node has, without a disk. */
import { MemoryBlocks } from '../consensus/index.ts'
import type { Wal, WalRecord } from '../consensus/index.ts'
import { Chimer } from './chimer.ts'
import type { ChimerOptions } from './chimer.ts'
import { Networking } from './networking.ts'
import { countingSequences } from '../network/index.ts'
import type { Compression, Network } from '../network/index.ts'

/** Leaves bytes as they are: the real one works in threads of its own, which virtual time cannot wait for. */
const asItIs: Compression = { deflate: async (bytes) => bytes, inflate: async (bytes) => bytes }

/** A log that lasts as long as the process. */
export const memoryWal = (kept: readonly WalRecord[] = []): Wal => {
  const records = [...kept]
  return {
    records,
    append: async (more) => void records.push(...more),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Closing the Chimer leaves networking and network open, as with any other. */
export const chimerOver = (
  options: Omit<ChimerOptions, 'networking' | 'chain'> &
    Partial<Pick<ChimerOptions, 'chain'>> & { readonly network: Network },
): { readonly chimer: Chimer; readonly networking: Networking } => {
  const { network, ...given } = options
  const rest = { chain: { store: new MemoryBlocks(), wal: memoryWal(), isValidator: true }, ...given }
  const networking: Networking = new Networking({
    ...rest,
    network,
    sequences: countingSequences(1),
    now: () => chimer.now(),
    membership: { members: () => chimer.membership.members(), has: (id) => chimer.membership.has(id) },
    agent: 'truechimer/test',
    compression: asItIs,
  })
  const chimer: Chimer = new Chimer({ ...rest, networking })
  return { chimer, networking }
}
