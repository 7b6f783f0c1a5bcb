/** A Chimer with its networking over a network of a hub, for tests in virtual time: what a started node has, without a disk. */
import { Chimer } from './chimer.ts'
import type { ChimerOptions } from './chimer.ts'
import { Networking } from './networking.ts'
import { countingSequences } from '../network/index.ts'
import type { Compression, Network } from '../network/index.ts'

/** Leaves bytes as they are: the real one works in threads of its own, which virtual time cannot wait for. */
const asItIs: Compression = { deflate: async (bytes) => bytes, inflate: async (bytes) => bytes }

/** Closing the Chimer leaves networking and network open, as with any other. */
export const chimerOver = (
  options: Omit<ChimerOptions, 'networking'> & { readonly network: Network },
): { readonly chimer: Chimer; readonly networking: Networking } => {
  const { network, ...rest } = options
  const networking: Networking = new Networking({
    ...rest,
    network,
    sequences: countingSequences(1),
    now: () => chimer.now(),
    agent: 'truechimer/test',
    compression: asItIs,
  })
  const chimer: Chimer = new Chimer({ ...rest, networking })
  return { chimer, networking }
}
