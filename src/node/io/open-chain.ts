/**
 * What keeps a node's chain on disk: the store of decided blocks and, beside it, the log of what a validator has said. Opened
 * before the node and closed after it. A node that follows leaves that log as it is.
 */
import { join } from 'node:path'
import { openFileWal } from '../../consensus/io/file-wal.ts'
import { openSqliteBlocks } from '../../consensus/io/sqlite-blocks.ts'
import { NS_PER_MS } from '../../base/index.ts'
import type { Wal } from '../../consensus/index.ts'
import type { Config } from '../config.ts'
import type { ChainOptions } from '../deciding.ts'

export const blocksPathOf = (directory: string): string => join(directory, 'blocks.sqlite')
export const votesPathOf = (directory: string): string => join(directory, 'votes.wal')

export interface OpenedChain extends AsyncDisposable {
  readonly chain: ChainOptions
}

/** Rejects with `TC_CONSENSUS_STORE` or `TC_CONSENSUS_WAL`, which say what to do. */
export const openChain = async (directory: string, { consensus }: Pick<Config, 'consensus'>): Promise<OpenedChain> => {
  await using stack = new AsyncDisposableStack()
  const store = stack.use(openSqliteBlocks(blocksPathOf(directory)))
  const { validator, paceMs, checkpoint } = consensus
  const wal = stack.use(validator ? await openFileWal(votesPathOf(directory)) : nothingSaid())
  const chain: ChainOptions = {
    store,
    wal,
    isValidator: validator,
    ...(paceMs === null ? {} : { paceNs: BigInt(paceMs) * NS_PER_MS }),
    ...(checkpoint === null ? {} : { checkpoint: checkpointOf(checkpoint) }),
  }
  const opened = stack.move()
  return { chain, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Who says nothing needs no log of it, and may follow the chain while its own is damaged. */
const nothingSaid = (): Wal => ({ records: [], append: async () => {}, [Symbol.asyncDispose]: async () => {} })

/** `HEIGHT:ID`; the form was checked with the configuration. */
const checkpointOf = (text: string): NonNullable<ChainOptions['checkpoint']> => {
  const [height = '', block = ''] = text.split(':')
  return { height: Number(height), block }
}
