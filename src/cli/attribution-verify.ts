/**
 * `truechimer chain verify` and `chain show`: an attribution chain checked with a genesis or a checkpoint, offline; and its picture. Showing
 * does without trust too, and says so.
 */
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { ChimerError, equalBytes, hexOf } from '../base/index.ts'
import { openAttributionLink } from '../proofs/index.ts'
import type { AttributionChain } from '../proofs/index.ts'
import { reasonOf } from '../node/io/data-directory.ts'
import { readChain } from './attribution-file.ts'
import { chainJson, chainLines } from './attribution-lines.ts'
import { chainPicture } from './attribution-picture.ts'
import { networkOfChain, tellChain } from './attribution-story.ts'
import type { ToldChain } from './attribution-story.ts'
import { hashFile } from './file-hash.ts'
import { EXIT, colours, note, noteColours, say, sayJson, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'
import { trustKnown, trustNamed } from './stamp-trust-files.ts'
import type { TrustFound, TrustOptions } from './stamp-trust-files.ts'

interface ChainReadOptions extends TrustOptions {
  readonly chain: string
  readonly json?: boolean
}

export interface ChainVerifyOptions extends ChainReadOptions {
  /** The file that the chain must end with. */
  readonly content?: string
}

export interface ChainShowOptions extends ChainReadOptions {
  /** Where to write the picture. */
  readonly svg?: string
}

export const chainVerify = async (options: ChainVerifyOptions): Promise<ExitCode> => {
  const { chain } = await readChain(options.chain)
  const found = await trustIn(chain, options)
  if (found === undefined && chain.length > 0) throw untrusted(chain, options)
  const told = tellChain(chain, found?.trust)
  const isSame = options.content === undefined || (await endsWith(chain, options.content))
  tell(told, options, isSame)
  return told.verdict === 'holds' && isSame ? EXIT.good : EXIT.no
}

export const chainShow = async (options: ChainShowOptions): Promise<ExitCode> => {
  const { chain } = await readChain(options.chain)
  const told = tellChain(chain, (await trustIn(chain, options))?.trust)
  tell(told, options, true)
  if (options.svg !== undefined) await writePicture(options.svg, told, basename(options.chain))
  return told.verdict === 'broken' ? EXIT.no : EXIT.good
}

const trustIn = async (chain: AttributionChain, options: TrustOptions): Promise<TrustFound | undefined> => {
  const named = await trustNamed(options)
  const networkId = networkOfChain(chain)
  if (named !== undefined || networkId === undefined) return named
  return trustKnown(options.networks, networkId)
}

const untrusted = (chain: AttributionChain, { chain: file }: ChainReadOptions): ChimerError => {
  const networkId = networkOfChain(chain)
  const network = networkId === undefined ? 'a network that it does not say' : `network ${hexOf(networkId)}`
  return new ChimerError(
    'TC_STAMP_UNTRUSTED',
    `${file} is of ${network}, which was not met here, and nothing says whom to trust. Get the genesis from a member that you trust and give it with --genesis.`,
    { facts: { file } },
  )
}

/** Is the file what the last link left? */
const endsWith = async (chain: AttributionChain, file: string): Promise<boolean> => {
  const last = chain.at(-1)
  const opened = last === undefined ? undefined : openAttributionLink(last.link)
  if (opened?.verdict !== 'accept') return false
  const { algorithm, digest } = opened.value.link.content
  return equalBytes((await hashFile({ path: file, algorithm })).digest, digest)
}

const tell = (told: ToldChain, { json, chain, content }: ChainVerifyOptions, isSame: boolean): void => {
  if (json === true)
    return sayJson({ ...chainJson(told, chain), ...(content === undefined ? {} : { content, isSame }) })
  for (const line of chainLines(told, { columns: terminalColumns(), paint: colours })) say(line)
  if (content === undefined) return
  if (isSame) say(`${colours.green('same')} ${content} is what the chain ends with`)
  else say(`${colours.red('other')} ${content} is not what the chain ends with`)
}

const writePicture = async (path: string, told: ToldChain, title: string): Promise<void> => {
  try {
    await writeFile(path, chainPicture(told, title))
  } catch (cause) {
    throw new ChimerError('TC_FILE_UNWRITABLE', `Cannot write ${path}: ${reasonOf(cause)}.`, { facts: { path }, cause })
  }
  note(noteColours.dim(`picture in ${path}`))
}
