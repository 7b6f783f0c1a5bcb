/**
 * `truechimer checkpoint`: a block that somebody trusts, in a file, so that proofs are verified without walking from the genesis. What a
 * node shows is checked against a genesis before it is written: one that is named, or that of a network that was met before; without
 * either the node's own word is taken, and that is said.
 */
import { ChimerError, NS_PER_DAY, equalBytes, hexOf } from '../base/index.ts'
import { utcFromTai } from '../clock/index.ts'
import { LightClient, chainGenesisOf, openLightProof, trustOfGenesis } from '../consensus/index.ts'
import type { Genesis, Header, ValidatorSet } from '../consensus/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import { readJson, writeNewJson } from '../node/io/data-directory.ts'
import { openClient } from '../services/client.ts'
import { TRUST_DAYS_DEFAULT, readCheckpoint, writeCheckpoint } from '../stamps/index.ts'
import { genesisFrom, knownNetwork, networksDirectory, readGenesisAt } from './known-networks.ts'
import { EXIT, colours, note, noteColours, say, sayJson, table, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'
import { hostNow } from './stamp-trust-files.ts'

export interface CheckpointSaveOptions {
  /** A URL without a slash at the end. */
  readonly node: string
  readonly height?: number
  readonly out: string
  readonly genesis?: string
  readonly networks?: string
  readonly json?: boolean
}

export const checkpointSave = async (options: CheckpointSaveOptions): Promise<ExitCode> => {
  const client = openClient({ baseUrl: options.node })
  const { genesis, from } = await trusted(options, genesisFrom(await client.genesis()))
  const height = options.height ?? (await newestHeight(client))
  if (height < 2)
    throw new ChimerError('TC_USAGE', 'A checkpoint is a block from 2 on: before that the genesis is as near.')
  // The last step of a proof of one height is the header after it, with those who voted on it.
  const { bytes } = await client.light({ from: 0, to: height - 1 })
  const shown = lastOf(genesis, new Uint8Array(Buffer.from(bytes, 'base64')), height)
  if (typeof shown === 'string') return refused(shown, options)
  const file = writeCheckpoint({
    networkId: genesis.networkId,
    genesisKeys: genesis.members.map(({ key }) => key),
    ...shown,
  })
  await writeNewJson(options.out, file, 'Choose another --out file.')
  if (options.json === true) sayJson({ file: options.out, height, trust: from, ...ageOf(shown.header) })
  else {
    const { timestamp } = shown.header.time
    say(`${options.out}: block ${height} of ${hexOf(genesis.networkId)}, checked from ${from}`)
    say(`As of ${utcFromTai(timestamp)}, ${ageText(timestamp)}.`)
    say(MEANING)
  }
  return EXIT.good
}

const newestHeight = async (client: ReturnType<typeof openClient>): Promise<number> => {
  const [newest] = (await client.blocks({ limit: 1 })).blocks
  if (newest !== undefined) return newest.height
  throw new ChimerError('TC_CHECKPOINT_INVALID', 'The network has decided no block yet: try again in a moment.')
}

const trusted = async (
  { genesis: path, networks, node }: CheckpointSaveOptions,
  told: Genesis,
): Promise<{ readonly genesis: Genesis; readonly from: string }> => {
  if (path !== undefined) {
    const genesis = await readGenesisAt(path)
    if (equalBytes(genesis.networkId, told.networkId)) return { genesis, from: path }
    throw new ChimerError(
      'TC_USAGE',
      `The node at ${node} is in another network (${told.name}) than ${path} (${genesis.name}).`,
    )
  }
  const known = await knownNetwork(networks ?? networksDirectory(process.env), told.networkId)
  if (known !== undefined) return { genesis: known, from: 'the genesis as it was kept at the first meeting' }
  note(
    `${noteColours.yellow('trust')} Nothing is known of network ${told.name} but what ${node} says. With --genesis FILE the chain is checked from what you trust.`,
  )
  return { genesis: told, from: 'the genesis as this node gives it' }
}

/** The header of the height and who voted on it; or why the proof does not show it. */
const lastOf = (
  genesis: Genesis,
  bytes: Uint8Array,
  height: number,
): { readonly header: Header; readonly validators: ValidatorSet } | string => {
  const proof = openLightProof(bytes)
  if (proof.verdict !== 'accept') return proof.reason
  const client = new LightClient({ trust: trustOfGenesis(chainGenesisOf(genesis)), verifier: ed25519Verifier })
  const checked = client.verify(proof.value)
  if (checked.verdict !== 'accept') return checked.reason
  const { trust } = checked.value
  const header = proof.value.steps.at(-1)?.header
  if (header?.height !== height || trust.validators === undefined) return 'light-unknown-height'
  return { header, validators: trust.validators }
}

const refused = (reason: string, { node, json }: CheckpointSaveOptions): ExitCode => {
  if (json === true) sayJson({ file: null, reason })
  note(
    `${noteColours.red('refused')} What ${node} shows of that block does not hold [${reason}]. Nothing is written: ask another node, or for another --height.`,
  )
  return EXIT.no
}

export interface CheckpointShowOptions {
  readonly file: string
  readonly json?: boolean
}

export const checkpointShow = async ({ file, json }: CheckpointShowOptions): Promise<ExitCode> => {
  const read = readCheckpoint(await readJson(file))
  if (read.verdict !== 'accept') {
    if (json === true) sayJson({ valid: false, reason: read.reason })
    else say(`${colours.red('no checkpoint')} ${file}: ${read.reason}`)
    return EXIT.no
  }
  const { networkId, light, asOf, genesisKeys } = read.value
  const validators = light.validators?.size ?? 0
  if (json === true) {
    const { height, block } = light
    sayJson({
      valid: true,
      networkId: hexOf(networkId),
      height,
      block,
      members: genesisKeys.length,
      validators,
      asOf: asOf?.toString() ?? null,
    })
    return EXIT.good
  }
  const lines = [
    ['network', hexOf(networkId)],
    ['block', `${light.height}, ${light.block}`],
    ['as of', asOf === undefined ? 'unknown' : `${utcFromTai(asOf)}, ${ageText(asOf)}`],
    ['voters', `${validators}, of a network of ${genesisKeys.length} founders`],
    ['', MEANING],
  ]
  for (const line of table(lines, terminalColumns())) say(line)
  return EXIT.good
}

/** The time that stands in a header is its parent's. */
const ageOf = ({ time }: Header): object => ({ asOf: time.timestamp.toString(), utc: utcFromTai(time.timestamp) })

const ageText = (asOf: bigint): string => {
  const age = hostNow().latest - asOf
  if (age < 0n) return 'later than this machine’s clock'
  const days = age / NS_PER_DAY
  return days >= BigInt(TRUST_DAYS_DEFAULT)
    ? `${days} days old: verify refuses it unless told --trust-days`
    : `${days} days old`
}

const MEANING =
  'Who verifies with this file trusts that this block is the chain’s. Whoever gave you the file could name a block of a chain of their own: ' +
  'make it yourself from a genesis that you trust, or compare the block’s id with what others say. It ages, as keys of long ago may be in anybody’s hands.'
