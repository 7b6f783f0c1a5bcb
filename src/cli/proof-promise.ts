/**
 * `truechimer proof promise`: gathers the evidence that a receipt's promise was broken, from any node of the network. The receipt is in a `.chime` file; the
 * blocks that could have kept the promise are asked for as bytes, and a light proof leads from the genesis to them. T-30 in docs/spec/stamps.md.
 *
 * Nothing of the node is believed: what was gathered is checked as `verify` checks it before it is written, and the genesis that the node gives is
 * that of the receipt's network or none, since a network's id is the hash of its genesis.
 */
import { existsSync } from 'node:fs'
import { ChimerError, NS_PER_SEC, equalBytes, hexOf } from '../base/index.ts'
import { LightClient, chainGenesisOf, openBlock, openLightProof, trustOfGenesis } from '../consensus/index.ts'
import type { Block, Genesis, LightProof, ValidatorSet } from '../consensus/index.ts'
import { ed25519Verifier, nodeIdText } from '../crypto/index.ts'
import { openClient } from '../services/client.ts'
import type { Client } from '../services/client.ts'
import {
  BROKEN_PROMISE_BYTES_MAX,
  PROMISE_HEIGHTS_MAX,
  decodeBatch,
  encodeBrokenPromise,
  isReceiptSigned,
  keyNamed,
  makeMissedPromise,
  receiptOfProof,
  verifyBrokenPromise,
} from '../stamps/index.ts'
import type { MissedPromise, Receipt, ShownBrokenPromise } from '../stamps/index.ts'
import { openChime, readBytes, writeDurably } from './chime-file.ts'
import type { Chime } from './chime-file.ts'
import { genesisFrom } from './known-networks.ts'
import { EXIT, colours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { shown, utcUp } from './stamp-lines.ts'
import { trustOf } from './stamp-trust-files.ts'

export interface ProofPromiseOptions {
  readonly proof: string
  /** A URL without a slash at the end. */
  readonly node: string
  readonly out?: string
  readonly json?: boolean
}

/** What was found. Heights; seconds at the network's pace, at the least. */
type Found =
  | { readonly state: 'broken'; readonly file: string; readonly bytes: number; readonly shown: ShownBrokenPromise }
  | { readonly state: 'kept'; readonly height: number; readonly heightPromised: number }
  | { readonly state: 'open'; readonly heightPromised: number; readonly heightNewest: number; readonly waitSec: number }
  /** Nothing can be made of it: by the reason, no receipt or no true one, or the node's blocks do not hold. */
  | { readonly state: 'groundless'; readonly reason: string }

export const proofPromise = async (options: ProofPromiseOptions): Promise<ExitCode> => {
  const { proof: path, node, out = brokenOf(path), json } = options
  if (existsSync(out))
    throw new ChimerError(
      'TC_FILE_EXISTS',
      `${out} is there already, and nothing is overwritten. Choose another --out file.`,
    )
  const opened = openChime(await readBytes(path))
  const found: Found =
    opened.verdict === 'accept'
      ? await sought(opened.value, openClient({ baseUrl: node }), { node, out })
      : { state: 'groundless', reason: opened.reason }
  if (json === true) sayJson(foundJson(found))
  else for (const line of foundLines(found, path)) say(line)
  return found.state === 'broken' ? EXIT.good : EXIT.no
}

/** `NAME.chime` becomes `NAME.broken`. */
const brokenOf = (path: string): string => `${path.replace(/\.chime$/, '')}.broken`

const sought = async (
  chime: Chime,
  client: Client,
  { node, out }: { readonly node: string; readonly out: string },
): Promise<Found> => {
  const genesis = genesisFrom(await client.genesis())
  const receipt = receiptOf(chime, genesis)
  if (receipt === undefined) return { state: 'groundless', reason: 'stamp-unknown-key' }
  if (!equalBytes(receipt.networkId, genesis.networkId))
    throw new ChimerError(
      'TC_USAGE',
      `The node at ${node} is in another network (${genesis.name}) than the receipt (${hexOf(receipt.networkId)}). Ask one of that network with --node.`,
    )
  if (!isReceiptSigned(receipt, ed25519Verifier)) return { state: 'groundless', reason: 'stamp-wrong-receipt' }
  const { heightNewest, heightPromised } = receipt
  if (heightPromised <= heightNewest || heightPromised - heightNewest > PROMISE_HEIGHTS_MAX)
    return { state: 'groundless', reason: 'promise-other-blocks' }
  const open = await stillOpen(client, receipt, genesis)
  return open ?? (await gathered(client, { receipt, genesis, node, out }))
}

const receiptOf = (chime: Chime, genesis: Genesis): Receipt | undefined => {
  if (chime.type === 'pending') return chime.pending.receipt
  const author = keyNamed(trustOf(genesis).genesisKeys, chime.proof.transaction.author)
  return author === undefined ? undefined : receiptOfProof(chime.proof, author)
}

/** The block after the promised one settles its time: until it is there, nothing is over. */
const stillOpen = async (client: Client, { heightPromised }: Receipt, genesis: Genesis): Promise<Found | undefined> => {
  const heightNewest = (await client.blocks({ limit: 1 })).last ?? 0
  if (heightNewest > heightPromised) return undefined
  const waitNs = BigInt(heightPromised + 1 - heightNewest) * genesis.consensus.slotNs
  return { state: 'open', heightPromised, heightNewest, waitSec: Number((waitNs + NS_PER_SEC - 1n) / NS_PER_SEC) }
}

interface Gathering {
  readonly receipt: Receipt
  readonly genesis: Genesis
  readonly node: string
  readonly out: string
}

const gathered = async (client: Client, gathering: Gathering): Promise<Found> => {
  const { receipt, genesis, out } = gathering
  const { heightNewest, heightPromised } = receipt
  const blocks: Block[] = []
  for (let height = heightNewest + 1; height <= heightPromised + 1; height += 1) {
    const block = await blockAt(client, height, gathering)
    if (height <= heightPromised && coversIn(block, receipt)) return { state: 'kept', height, heightPromised }
    blocks.push(block)
  }
  const broken = evidenceOf(blocks, await lightTo(client, gathering), gathering)
  const checked = verifyBrokenPromise(broken, { trust: trustOf(genesis) })
  if (checked.verdict !== 'accept') return { state: 'groundless', reason: checked.reason }
  const bytes = encodeBrokenPromise(broken)
  if (bytes.length > BROKEN_PROMISE_BYTES_MAX) return { state: 'groundless', reason: 'too-large' }
  await writeDurably(out, bytes)
  return { state: 'broken', file: out, bytes: bytes.length, shown: checked.value }
}

const blockAt = async (client: Client, height: number, { genesis, node }: Gathering): Promise<Block> => {
  const { networkId, consensus } = genesis
  const opened = openBlock(await client.blockBytes(height), { networkId, bytesMax: consensus.blockBytesMax })
  if (opened.verdict === 'accept' && opened.value.header.height === height) return opened.value
  throw answeredWrongly(node, `block ${height}`, opened.verdict === 'accept' ? 'another height' : opened.reason)
}

const answeredWrongly = (node: string, what: string, why: string): ChimerError =>
  new ChimerError(
    'TC_STAMP_EVIDENCE',
    `What ${node} gives as ${what} does not hold: ${why}. Ask another node with --node.`,
    {
      facts: { node, what, why },
    },
  )

/** Does a batch of the receipt's node in this block reach over its position? */
const coversIn = ({ body }: Block, { node, position }: Receipt): boolean =>
  body.transactions.some(({ transaction: { kind, author, payload } }) => {
    const batch = kind === 'stamp' && equalBytes(author, node) ? decodeBatch(payload) : undefined
    return batch !== undefined && batch.logSize > position
  })

interface Led {
  readonly proof: LightProof
  readonly validators: ValidatorSet
}

/** From the genesis to the block after the promised one, with who voted on that. */
const lightTo = async (client: Client, { receipt, genesis, node }: Gathering): Promise<Led> => {
  const { bytes } = await client.light({ from: 0, to: receipt.heightPromised })
  const opened = openLightProof(new Uint8Array(Buffer.from(bytes, 'base64')))
  if (opened.verdict !== 'accept') throw answeredWrongly(node, 'a light proof', opened.reason)
  const light = new LightClient({ trust: trustOfGenesis(chainGenesisOf(genesis)), verifier: ed25519Verifier })
  const checked = light.verify(opened.value)
  if (checked.verdict !== 'accept') throw answeredWrongly(node, 'a light proof', checked.reason)
  const { height, validators } = checked.value.trust
  if (height !== receipt.heightPromised + 1 || validators === undefined)
    throw answeredWrongly(node, 'a light proof', 'another height')
  return { proof: opened.value, validators }
}

/** With one step the genesis' own members vouch for the last header; with more, the whole proof is the bridge to who does. */
const evidenceOf = (
  blocks: readonly Block[],
  { proof, validators }: Led,
  { receipt, genesis, node }: Gathering,
): MissedPromise => {
  const [last, tip] = [proof.steps.at(-1), blocks.at(-1)]
  const trusted = proof.steps.length > 1 ? validators : trustOfGenesis(chainGenesisOf(genesis)).validators
  if (last === undefined || trusted === undefined || last.commit.block !== tip?.id)
    throw answeredWrongly(node, `block ${receipt.heightPromised + 1}`, 'it is not the one that the light proof shows')
  return makeMissedPromise({
    receipt,
    transactions: blocks.slice(0, -1).map(({ body }) => body.transactions.map(({ bytes }) => bytes)),
    headers: blocks.map(({ header }) => header),
    validators,
    commit: last.commit,
    genesisKeys: genesis.members.map(({ key }) => key),
    trusted,
    ...(proof.steps.length > 1 ? { bridge: proof } : {}),
  })
}

const foundLines = (found: Found, path: string): readonly string[] => {
  if (found.state === 'broken') {
    const { name, brokenBy, heightPromised } = found.shown
    const when = brokenBy === undefined ? '' : `, which was proposed no later than ${utcUp(brokenBy)}`
    return [
      `${colours.red('broken')} ${name} promised block ${heightPromised} or an earlier one${when}, and none of them has the stamp`,
      `${shown(found.file)}: the evidence, ${found.bytes} bytes. Anybody checks it offline: truechimer verify ${shown(found.file)}`,
    ]
  }
  if (found.state === 'kept')
    return [
      `${colours.green('kept')} Block ${found.height} has a batch of the node that reaches over this stamp, and ${found.heightPromised} was promised.`,
      `The proof can be had: truechimer stamp ${shown(path.replace(/\.chime$/, ''))}`,
    ]
  if (found.state === 'open')
    return [
      `${colours.yellow('not over')} Block ${found.heightPromised} is promised, and the newest is ${found.heightNewest}: ask again in ${found.waitSec} s or more.`,
    ]
  return [`${colours.red('no evidence')} ${shown(path)} shows no promise that was broken [${found.reason}]`]
}

const foundJson = (found: Found): object => {
  if (found.state !== 'broken') return found
  const { node, name, position, heightPromised, brokenBy } = found.shown
  const { state, file, bytes } = found
  return {
    state,
    file,
    bytes,
    node: nodeIdText(node),
    name,
    position,
    heightPromised,
    brokenBy: brokenBy?.toString() ?? null,
  }
}
