/**
 * `truechimer join` and `truechimer leave`: sign what is asked of the chain with the key of a data directory, hand it to a node, and
 * tell what became of it. The node of that directory may run meanwhile: a transaction needs none of what its signer remembers.
 *
 * The time that is signed is the asked node's, so ask one that you trust: your own. Rules B-8, B-64 and B-66 in docs/spec/consensus.md.
 * Not promised: that whoever has joined ever votes. Its clock decides that.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { ChimerError, NS_PER_SEC, hexOf } from '../base/index.ts'
import { sealTransaction, transactionPart } from '../consensus/index.ts'
import type { SealedTransaction } from '../consensus/index.ts'
import { nodeIdText, sign, signingKeyOf } from '../crypto/index.ts'
import type { SigningKey } from '../crypto/index.ts'
import { keyPathOf } from '../crypto/io/file-signer.ts'
import { readSeed } from '../crypto/io/key-file.ts'
import { keysDirectoryOf, readGenesisFile } from '../node/io/data-directory.ts'
import { ApiError, openClient } from '../services/client.ts'
import type { Client } from '../services/client.ts'
import type { TimeView, ValidatorsView, ValidatorView } from '../services/schema.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, note, noteColours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { PASSPHRASE_ADVICE, readPassphrase } from './passphrase.ts'
import type { PassphraseOptions } from './passphrase.ts'

export interface MembershipOptions extends ApiOptions, PassphraseOptions {
  /** Whose key signs, and of which network. */
  readonly data: string
  /** Leaving with stake is meant. */
  readonly yes?: boolean
}

type Kind = 'join' | 'leave'

/** What is asked stands this long: a block within it may do it, a later one may not, ns. */
const STANDS_NS = 30n * NS_PER_SEC
/** How long a command waits for a block to do it, ms: as long as it stands, and a few blocks more. */
const WAIT_MS = 40_000
const LOOK_MS = 500

/** How long to wait, and how often to look, ms. */
export interface Patience {
  readonly waitMs: number
  readonly lookMs: number
}
const PATIENCE: Patience = { waitMs: WAIT_MS, lookMs: LOOK_MS }

export const join = (options: MembershipOptions, patience = PATIENCE): Promise<ExitCode> =>
  ask('join', options, patience)
export const leave = (options: MembershipOptions, patience = PATIENCE): Promise<ExitCode> =>
  ask('leave', options, patience)

const ask = async (kind: Kind, options: MembershipOptions, patience: Patience): Promise<ExitCode> => {
  const client = openClient({ baseUrl: options.api })
  const { networkId } = await readGenesisFile(options.data)
  const key = await keyOf(options)
  const id = nodeIdText(key.publicKey)
  await checkNetwork(client, networkId, options)
  if (kind === 'leave') mindStake((await client.validators()).validators, { id, isMeant: options.yes === true })
  const sealed = sealedBy(key, { networkId, kind, time: await client.time() })
  const taken = await handIn(client, sealed.bytes)
  if (taken instanceof ApiError) return tellRefused(taken, options)
  const found = await untilDone(client, { kind, id }, patience)
  tell({ kind, id, found, key: taken }, options)
  return found.outcome === 'waiting' ? EXIT.no : EXIT.good
}

const keyOf = async (options: MembershipOptions): Promise<SigningKey> => {
  try {
    const passphrase = await readPassphrase(options, process.env)
    return signingKeyOf(await readSeed(keyPathOf(keysDirectoryOf(options.data)), passphrase))
  } catch (cause) {
    if (!(cause instanceof ChimerError) || cause.code !== 'TC_PASSPHRASE_NEEDED') throw cause
    const message = `The key in ${options.data} is locked with a passphrase: ${PASSPHRASE_ADVICE}.`
    throw new ChimerError(cause.code, message, { cause })
  }
}

const checkNetwork = async (client: Client, networkId: Uint8Array, options: MembershipOptions): Promise<void> => {
  const { data, api } = options
  const asked = await client.genesis()
  if (asked.networkId === hexOf(networkId)) return
  const message =
    `The node at ${api} is in another network (${asked.name}, ${asked.networkId.slice(0, 8)}…) than ${data} ` +
    `(${hexOf(networkId).slice(0, 8)}…). Ask a node of its own network with --api, or give --data the genesis of that one.`
  throw new ChimerError('TC_USAGE', message)
}

/** Stake comes from the genesis alone: who gives it up cannot get it again. */
const mindStake = (
  members: readonly ValidatorView[],
  { id, isMeant }: { readonly id: string; readonly isMeant: boolean },
): void => {
  const own = members.find((member) => member.id === id)
  if (own === undefined || own.stakeShare === 0 || isMeant) return
  throw new ChimerError(
    'TC_USAGE',
    `${own.name} has stake by the genesis, and leaving gives it up for good: who joins again has none. If that is meant, add --yes.`,
  )
}

/** Sequences are the milliseconds of TAI, so they grow without being written down anywhere. */
const sealedBy = (
  key: SigningKey,
  asked: { readonly networkId: Uint8Array; readonly kind: Kind; readonly time: TimeView },
): SealedTransaction => {
  const { networkId, kind, time } = asked
  const body = {
    networkId,
    author: key.publicKey,
    sequence: Number(BigInt(time.estimate) / 1_000_000n),
    acted: { earliest: BigInt(time.earliest), latest: BigInt(time.latest) + STANDS_NS },
    kind,
    payload: new Uint8Array(),
  }
  const part = transactionPart(body)
  return sealTransaction({ ...body, signature: sign(key, part.domain, part.body) })
}

/** The transaction's address, or why the chain would not do it. */
const handIn = async (client: Client, bytes: Uint8Array): Promise<string | ApiError> => {
  try {
    return (await client.submit(bytes)).key
  } catch (error) {
    if (error instanceof ApiError && error.code === 'TC_API_TRANSACTION_REFUSED') return error
    throw error
  }
}

const tellRefused = ({ code, message }: ApiError, { json }: MembershipOptions): ExitCode => {
  if (json === true) sayJson({ error: { code, message } })
  note(`${noteColours.yellow('not taken')} ${message}`)
  return EXIT.no
}

/** What became of it. `waiting`: no block has done it yet. */
interface Found {
  readonly outcome: ValidatorView['role'] | 'gone' | 'waiting'
  /** After which block it stands so. */
  readonly asOf: number
  readonly explanation: string
}

const untilDone = async (
  client: Client,
  asked: { readonly kind: Kind; readonly id: string },
  { waitMs, lookMs }: Patience,
): Promise<Found> => {
  const beginMs = performance.now()
  for (;;) {
    const view = await client.validators()
    const done = doneIn(view, asked)
    if (done !== undefined) return done
    if (performance.now() - beginMs >= waitMs) return stillWaiting(client, view)
    await pause(lookMs)
  }
}

const doneIn = (
  view: ValidatorsView,
  { kind, id }: { readonly kind: Kind; readonly id: string },
): Found | undefined => {
  const role = view.validators.find((member) => member.id === id)?.role
  const { asOf } = view
  if (kind === 'join') return role === undefined ? undefined : { outcome: role, asOf, explanation: joinedText(view) }
  if (role === undefined) return { outcome: 'gone', asOf, explanation: 'It is no member any more.' }
  return role === 'leaving' ? { outcome: role, asOf, explanation: leavingText(view) } : undefined
}

const joinedText = ({ epoch, parameters }: ValidatorsView): string =>
  'It is a candidate, witnessed from now on, and does not vote yet. Run its node with --validator and keep it connected and in time: ' +
  `once ${parameters.joinRecordSlots} judged slots have found it in range, it votes from an epoch’s end on. ` +
  `The running epoch ends with block ${epoch.lastHeight}.`

const leavingText = ({ epoch }: ValidatorsView): string =>
  `It leaves. Ends of epochs take its weight, the next after block ${epoch.lastHeight}, at most a sixth of all weight at once. ` +
  'Until then keep its node running: its weight is counted on. Stop it once truechimer status says that it is no member.'

const stillWaiting = async (client: Client, { asOf }: ValidatorsView): Promise<Found> => {
  const { chain } = await client.status()
  const why = chain === null || !chain.round.stuck ? '' : ` ${chain.round.waiting}`
  const explanation = `No block has done it yet.${why} If none of its time holds it, it never will: look with truechimer status, and ask again.`
  return { outcome: 'waiting', asOf, explanation }
}

const tell = (
  told: { readonly kind: Kind; readonly id: string; readonly key: string; readonly found: Found },
  { json }: MembershipOptions,
): void => {
  const { kind, id, key, found } = told
  if (json === true) return sayJson({ kind, node: id, key, ...found })
  const isDone = found.outcome !== 'waiting'
  const paint = isDone ? colours.green : colours.yellow
  say(`${paint(isDone ? found.outcome : 'waiting')}  ${id}, after block ${found.asOf}`)
  say(found.explanation)
}
