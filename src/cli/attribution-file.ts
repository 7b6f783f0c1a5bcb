/**
 * `NAME.chain` on disk: read whole, replaced whole by renaming, and not where somebody else has written to it meanwhile. Rule P-57 in
 * docs/spec/proofs.md. Not promised: that two commands in the same instant both keep their link; one is told that the file has changed, or the
 * slower one wins.
 */
import { existsSync } from 'node:fs'
import { ChimerError, equalBytes } from '../base/index.ts'
import { ATTRIBUTION_CHAIN_BYTES_MAX, encodeAttributionChain, openAttributionChain } from '../proofs/index.ts'
import type { AttributionChain } from '../proofs/index.ts'
import { readBytes, writeDurably } from './chime-file.ts'

/** A chain as it was found; `bytes` are undefined where there is no file yet. */
export interface ChainFound {
  readonly path: string
  readonly chain: AttributionChain
  readonly bytes: Uint8Array | undefined
}

/** `TC_FILE_UNREADABLE`; `TC_CHAIN_MALFORMED` where it is no chain of this version. */
export const readChain = async (path: string): Promise<ChainFound> => {
  const bytes = await readBytes(path, ATTRIBUTION_CHAIN_BYTES_MAX)
  const opened = openAttributionChain(bytes)
  if (opened.verdict === 'accept') return { path, chain: opened.value, bytes }
  throw new ChimerError(
    'TC_CHAIN_MALFORMED',
    `${path} is no attribution chain that this version reads: ${opened.reason}. Get it again from who has it.`,
    { facts: { path } },
  )
}

/** Where a new chain goes. `TC_FILE_UNWRITABLE` where there is a file already. */
export const newChain = (path: string): ChainFound => {
  if (!existsSync(path)) return { path, chain: [], bytes: undefined }
  const message = `${path} exists, and a chain is never written over. Add to it with chain add, or choose another name.`
  throw new ChimerError('TC_FILE_UNWRITABLE', message, { facts: { path } })
}

/** `TC_CHAIN_CHANGED` where the file is not as it was found; `TC_FILE_UNWRITABLE`. */
export const writeChain = async (found: ChainFound, chain: AttributionChain): Promise<ChainFound> => {
  const { path } = found
  const encoded = encodeAttributionChain(chain)
  if (encoded.verdict !== 'accept')
    throw new ChimerError('TC_FILE_UNWRITABLE', `${path} would be larger than a chain may be: begin another.`, {
      facts: { path },
    })
  if (!(await isAsFound(found)))
    throw new ChimerError(
      'TC_CHAIN_CHANGED',
      `${path} was changed by somebody else meanwhile; it is left as it is now. Look at it, and add the link again.`,
      { facts: { path } },
    )
  await writeDurably(path, encoded.value)
  return { path, chain, bytes: encoded.value }
}

const isAsFound = async ({ path, bytes }: ChainFound): Promise<boolean> => {
  if (bytes === undefined || !existsSync(path)) return bytes === undefined && !existsSync(path)
  return equalBytes(await readBytes(path, ATTRIBUTION_CHAIN_BYTES_MAX), bytes)
}
