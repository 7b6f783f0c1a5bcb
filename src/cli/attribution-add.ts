/**
 * `truechimer chain new`, `chain add` and `chain stamp`: a link is signed with the newest block in it, has its stamp taken by a node, is kept in the
 * file, and gets its proof once that is final. A link that may not stand where it would is not signed over to anybody: it is tried first.
 *
 * Rules P-50 to P-64 in docs/spec/proofs.md. An unstamped last link is finished before another is added.
 */
import { ChimerError, TAI_MAX, equalBytes, hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { bytesOfBlockId } from '../consensus/index.ts'
import {
  ATTRIBUTION_NAME_LENGTH_MAX,
  ATTRIBUTION_NOTE_LENGTH_MAX,
  AttributionWalk,
  NO_LINK,
  isActorName,
  isLinkNote,
  isSameContent,
  openAttributionLink,
  signAttributionLink,
} from '../proofs/index.ts'
import type {
  AttributionChain,
  AttributionLinkBody,
  AttributionRelation,
  ContentAlgorithm,
  ContentImprint,
  LinkFault,
  SealedLink,
} from '../proofs/index.ts'
import type { PendingStamp } from '../stamps/index.ts'
import { openActor } from './attribution-actor.ts'
import type { Actor, ActorOptions } from './attribution-actor.ts'
import { newChain, readChain, writeChain } from './attribution-file.ts'
import type { ChainFound } from './attribution-file.ts'
import { addedLines, chainJson, faultText } from './attribution-lines.ts'
import { tellChain } from './attribution-story.ts'
import { openEnding } from './ending.ts'
import { hashFile } from './file-hash.ts'
import { EXIT, colours, note, noteColours, say, sayJson, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'
import { hostNow } from './stamp-trust-files.ts'
import { openStamping } from './stamping-client.ts'
import type { StampingClient } from './stamping-client.ts'

export interface ChainNodeOptions {
  readonly chain: string
  /** A URL without a slash at the end. */
  readonly node: string
  readonly networks?: string
  readonly json?: boolean
}

export interface ChainAddOptions extends ChainNodeOptions, ActorOptions {
  readonly relation: AttributionRelation
  /** The file after this step; left out where it does not change. */
  readonly content?: string
  readonly name: string
  readonly note?: string
  /** The receiver's key. */
  readonly to?: Uint8Array
  /** When it was done, by the actor's own word. */
  readonly at?: TimeInterval
  readonly wait: 'final' | 'receipt'
}

export interface ChainNewOptions extends ChainAddOptions {
  readonly algorithm: ContentAlgorithm
}

export const chainNew = async (options: ChainNewOptions): Promise<ExitCode> => {
  mindUsage(options)
  const found = newChain(options.chain)
  if (options.content === undefined)
    throw new ChimerError('TC_USAGE', 'A chain begins with a file: name it with --content FILE.')
  const { digest } = await hashFile({ path: options.content, algorithm: options.algorithm })
  return addTo(found, { options, content: { algorithm: options.algorithm, digest } })
}

export const chainAdd = async (options: ChainAddOptions): Promise<ExitCode> => {
  mindUsage(options)
  const found = await readChain(options.chain)
  const before = lastOf(found)?.link.content
  if (before === undefined)
    throw new ChimerError('TC_CHAIN_MALFORMED', `${options.chain} has no link that can be gone on from.`)
  if (options.content === undefined) return addTo(found, { options, content: before })
  const { algorithm } = before
  const { digest } = await hashFile({ path: options.content, algorithm })
  if (options.relation !== 'transformed' && !isSameContent({ algorithm, digest }, before))
    return refuse(`${options.content} is not what the last link left; only transformed may change the content`, options)
  return addTo(found, { options, content: { algorithm, digest } })
}

export interface ChainStampOptions extends ChainNodeOptions {
  /** Take the link off instead. */
  readonly drop?: boolean
}

/** Finishes an unstamped last link, or takes it off: nobody but this file has seen it finished. */
export const chainStamp = async (options: ChainStampOptions): Promise<ExitCode> => {
  const found = await readChain(options.chain)
  if (options.drop === true) return dropLast(found, options)
  using ending = openEnding()
  const stamping = await openStamping(options, ending)
  const finished = await finishLast(found, stamping)
  return tellEnd(finished, stamping, options)
}

const dropLast = async (found: ChainFound, { json, chain }: ChainNodeOptions): Promise<ExitCode> => {
  const last = found.chain.at(-1)
  if (last === undefined || last.proof.length > 0) {
    note(
      `${noteColours.yellow('nothing dropped')} every link of ${chain} has its proof, and what is proved is not taken back`,
    )
    return EXIT.no
  }
  await writeChain(found, found.chain.slice(0, -1))
  if (json === true) sayJson({ file: chain, dropped: found.chain.length })
  else say(`${colours.yellow('dropped')} link ${found.chain.length}, which had no proof`)
  return EXIT.good
}

const mindUsage = ({ name, note: text = '', to, relation, content, at }: ChainAddOptions): void => {
  const usage = (say: string): ChimerError => new ChimerError('TC_USAGE', say)
  const plain = 'characters on one line, without control characters or marks that turn the direction of writing'
  if (!isActorName(name)) throw usage(`--name takes 1 to ${ATTRIBUTION_NAME_LENGTH_MAX} ${plain}.`)
  if (!isLinkNote(text)) throw usage(`--note takes up to ${ATTRIBUTION_NOTE_LENGTH_MAX} ${plain}.`)
  if ((relation === 'transferred') !== (to !== undefined))
    throw usage('--relation transferred names with --to whom it is handed to, and no other relation does.')
  if (relation === 'transformed' && content === undefined)
    throw usage('--relation transformed names with --content the file as it is now.')
  if (at !== undefined && at.earliest > hostNow().latest)
    throw usage('--at names a time that is still to come by this machine’s clock: a link says what was done.')
}

interface Adding {
  readonly options: ChainAddOptions
  readonly content: ContentImprint
}

const addTo = async (found: ChainFound, adding: Adding): Promise<ExitCode> => {
  const { options } = adding
  using ending = openEnding()
  const actor = await openActor(options)
  const stamping = await openStamping(options, ending)
  return addLink(found, { ...adding, actor, stamping })
}

/** With an actor and a node at hand. */
export const addLink = async (
  found: ChainFound,
  adding: Adding & { readonly actor: Actor; readonly stamping: StampingClient },
): Promise<ExitCode> => {
  const { options, stamping, actor } = adding
  const whole = await finishLast(found, stamping)
  const bodyOf = (beacon: Uint8Array): Omit<AttributionLinkBody, 'actor'> =>
    nextBody(whole, { ...adding, networkId: stamping.networkId, beacon })
  const tried = tryLink(whole.chain, await signAttributionLink(actor, bodyOf(new Uint8Array(32))), stamping.networkId)
  if (tried !== undefined) return refuseFault(tried, options, tellChain(whole.chain, stamping.trust).holder)
  const { made, pending } = await stamping.take(async (beacon) => {
    const sealed = await signAttributionLink(actor, bodyOf(bytesOfBlockId(beacon)))
    return { made: sealed, wishes: [{ algorithm: 'sha3-256', imprint: sealed.digest }] }
  })
  const kept = await writeChain(whole, [...whole.chain, { link: made.bytes, proof: new Uint8Array(0) }])
  if (options.wait === 'receipt') return tellReceipt(pending, options)
  return tellEnd(await finishLast(kept, stamping), stamping, options)
}

const lastOf = ({ chain }: ChainFound): SealedLink | undefined => {
  const last = chain.at(-1)
  const opened = last === undefined ? undefined : openAttributionLink(last.link)
  return opened?.verdict === 'accept' ? opened.value : undefined
}

const nextBody = (
  found: ChainFound,
  { options, content, networkId, beacon }: Adding & { readonly networkId: Uint8Array; readonly beacon: Uint8Array },
): Omit<AttributionLinkBody, 'actor'> => {
  const last = lastOf(found)
  const { name, relation, note: text = '', to, at } = options
  return {
    networkId,
    previous: last?.digest ?? NO_LINK,
    name,
    relation,
    note: text,
    receiver: to,
    before: last?.link.content,
    content,
    claimed: at,
    beacon,
  }
}

/** Would it stand, but for its stamp? Or which link does not. */
const tryLink = (
  chain: AttributionChain,
  next: SealedLink,
  networkId: Uint8Array,
): (LinkFault & { readonly number: number }) | undefined => {
  const walk = new AttributionWalk(networkId)
  for (const link of [...chain.map(({ link: bytes }) => bytes), next.bytes]) {
    const number = walk.count + 1
    const step = walk.step(link)
    if (step.verdict !== 'accept') return { ...step, number }
    // Claims are asked of, and stamps are not: they are not all there.
    const reason = walk.timeFault(step.value.link, { notBefore: undefined, notAfter: TAI_MAX, block: NO_LINK })
    if (reason !== undefined) return { check: 'time', verdict: 'reject', reason, number }
  }
  return undefined
}

/** The last link with its proof, waited for where it has none. */
const finishLast = async (found: ChainFound, stamping: StampingClient): Promise<ChainFound> => {
  const last = found.chain.at(-1)
  const sealed = lastOf(found)
  if (last === undefined || sealed === undefined || last.proof.length > 0) return found
  if (!equalBytes(sealed.link.networkId, stamping.networkId))
    throw new ChimerError(
      'TC_USAGE',
      `${found.path} is of another network than the node at ${stamping.address}. Ask a node of its own network with --node.`,
    )
  note(noteColours.dim(`waiting for the block that has link ${found.chain.length}`))
  const { bytes } = await stamping.finishStamp({
    algorithm: 'sha3-256',
    imprint: sealed.digest,
    beacon: hexOf(sealed.link.beacon),
  })
  return writeChain(found, [...found.chain.slice(0, -1), { link: last.link, proof: bytes }])
}

const tellReceipt = (pending: readonly PendingStamp[], { json, chain }: ChainAddOptions): ExitCode => {
  const [receipt] = pending.map(({ receipt: one }) => one)
  if (receipt === undefined) return EXIT.failed
  const { node, heightPromised } = receipt
  if (json === true) sayJson({ file: chain, state: 'received', node: nodeIdText(node), heightPromised })
  else
    say(
      `${colours.yellow('received')} by ${nodeIdText(node)}, which promises block ${heightPromised}. Then: truechimer chain stamp ${chain}`,
    )
  return EXIT.good
}

/** Everything is checked once more, as anybody will: what was added in vain is told at once. */
const tellEnd = (found: ChainFound, stamping: StampingClient, { json, chain }: ChainNodeOptions): ExitCode => {
  const told = tellChain(found.chain, stamping.trust)
  if (json === true) sayJson(chainJson(told, chain))
  else for (const line of addedLines(told, { columns: terminalColumns(), paint: colours })) say(line)
  return told.verdict === 'holds' ? EXIT.good : EXIT.no
}

const refuseFault = (
  { number, check, reason }: LinkFault & { readonly number: number },
  options: ChainNodeOptions,
  holder: string | undefined,
): ExitCode => {
  const whose = holder === undefined || check !== 'actor' ? '' : ` The content is in the hands of ${holder}.`
  return refuse(`link ${number} would not hold: ${faultText({ check, reason })}${whose}`, options)
}

const refuse = (why: string, { json, chain }: ChainNodeOptions): ExitCode => {
  if (json === true) sayJson({ file: chain, refused: why })
  note(`${noteColours.yellow('not added')} ${why}`)
  return EXIT.no
}
