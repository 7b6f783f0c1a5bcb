/**
 * `truechimer offline prepare`, `stamp` and `submit`: a journey without a network. What is signed and checked is proofs/'s; here is only
 * who is asked, what is durable before what, and what people are told. Rules P-70 to P-86 in docs/spec/proofs.md.
 *
 * The time that a drawing begins with is the asked node's, so ask one that you trust: your own.
 */
import { resolve } from 'node:path'
import { ChimerError, NS_PER_MS, equalBytes, hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { utcFromTai } from '../clock/index.ts'
import { nodeIdText, sha3, sign, signingKeyOf } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { keyPathOf } from '../crypto/io/file-signer.ts'
import { readSeed } from '../crypto/io/key-file.ts'
import { keysDirectoryOf, readGenesisFile } from '../node/io/data-directory.ts'
import {
  NO_STAMP,
  OFFLINE_DRIFT_PPB_MAX,
  checkOffline,
  drawVectors,
  encodeRecord,
  readingAfter,
  signOfflineStamp,
  signReturn,
  vectorValue,
} from '../proofs/index.ts'
import type { SealedVectors } from '../proofs/index.ts'
import { ApiError, openClient } from '../services/client.ts'
import type { Client } from '../services/client.ts'
import { stampCheckOf } from '../stamps/index.ts'
import type { ImprintAlgorithm } from '../stamps/index.ts'
import { writeDurably } from './chime-file.ts'
import { hashFile } from './file-hash.ts'
import { STANDARD_INPUT } from './file-walk.ts'
import { elapsedBetween, readCount } from './offline-counter.ts'
import type { Count } from './offline-counter.ts'
import { beginJourney, keepForeign, keepRecord, keepState, openJourneys } from './offline-journey.ts'
import type { Journey } from './offline-journey.ts'
import { securityText, widthText } from './offline-lines.ts'
import { EXIT, colours, note, noteColours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { PASSPHRASE_ADVICE, readPassphrase } from './passphrase.ts'
import type { PassphraseOptions } from './passphrase.ts'
import { shown } from './stamp-lines.ts'
import { trustOf } from './stamp-trust-files.ts'

interface OfflineOptions extends PassphraseOptions {
  /** Whose key signs, and of which network. */
  readonly data: string
  readonly json?: boolean
}

export interface OfflinePrepareOptions extends OfflineOptions {
  readonly node: string
  readonly count: number
  /** ms. */
  readonly valid: number
  readonly driftPpm?: number
}

export interface OfflineStampOptions extends OfflineOptions {
  readonly file: string
  readonly algorithm: ImprintAlgorithm
}

export interface OfflineSubmitOptions extends OfflineOptions {
  readonly node: string
}

/** Of a quartz that nobody has measured, parts per billion. */
const DRIFT_PPB_DEFAULT = 100_000
/** A beacon may be too old by the time that it is handed in. */
const ATTEMPTS = 3

export const offlinePrepare = async (options: OfflinePrepareOptions): Promise<ExitCode> => {
  const client = openClient({ baseUrl: options.node })
  const genesis = await readGenesisFile(options.data)
  await checkNetwork(client, genesis.networkId, options)
  const signer = await signerOf(options)
  const driftPpb = await driftOf(client, options)
  note(noteColours.dim(`drawing ${options.count} vectors for a clock that drifts by at most ${driftPpb / 1000} ppm`))
  const { vectors, drawn } = await draw(client, signer, { ...options, networkId: genesis.networkId, driftPpb })
  const checkStamp = stampCheckOf(trustOf(genesis))
  const drawing = await stampOf(client, vectors.id, vectors.beacon)
  const checked = checkOffline(
    { vectors: vectors.bytes, drawing, stamps: [], returned: undefined },
    { networkId: genesis.networkId, checkStamp },
  )
  if (checked.verdict !== 'accept')
    throw new ChimerError(
      'TC_OFFLINE_DRAWING',
      `The node’s proof of the drawing does not hold (${checked.link}: ${checked.reason}). Nothing was prepared: ask another node.`,
    )
  const record = { vectors: vectors.bytes, drawing, stamps: [], returned: undefined }
  const state = { drawn, last: drawn, used: 0, block: checked.value.drawing.block, files: [], isOver: false }
  const journey: Journey = { id: hexOf(vectors.id), vectors, record, state }
  await beginJourney(options.data, journey)
  tellPrepared(journey, options)
  return EXIT.good
}

const tellPrepared = ({ id, vectors: { vectors } }: Journey, { json, data }: OfflinePrepareOptions): void => {
  const { count, expires, drawn, driftPpb } = vectors
  const facts = { journey: id, count, expires: utcFromTai(expires), drawn: utcFromTai(drawn.earliest), driftPpb }
  if (json === true) return sayJson(facts)
  say(`${colours.green('ready')}  ${count} vectors until ${facts.expires}, signed by a quorum`)
  say(`Go. Stamp with: truechimer offline stamp --data ${data} FILE`)
}

const signerOf = async (options: OfflineOptions): Promise<Pick<Signer, 'nodeId' | 'sign'>> => {
  try {
    const passphrase = await readPassphrase(options, process.env)
    const key = signingKeyOf(await readSeed(keyPathOf(keysDirectoryOf(options.data)), passphrase))
    return { nodeId: key.publicKey, sign: async (domain, body) => sign(key, domain, body) }
  } catch (cause) {
    if (!(cause instanceof ChimerError) || cause.code !== 'TC_PASSPHRASE_NEEDED') throw cause
    const message = `The key in ${options.data} is locked with a passphrase: ${PASSPHRASE_ADVICE}.`
    throw new ChimerError(cause.code, message, { cause })
  }
}

const checkNetwork = async (
  client: Client,
  networkId: Uint8Array,
  { node, data }: { readonly node: string; readonly data: string },
): Promise<void> => {
  const asked = await client.genesis()
  if (asked.networkId === hexOf(networkId)) return
  throw new ChimerError(
    'TC_USAGE',
    `The node at ${node} is in another network (${asked.name}) than ${data}. Ask a node of its own network with --node.`,
  )
}

/** What was said, or what a node on this very machine has measured of its counter, or a poor quartz. */
const driftOf = async (client: Client, { driftPpm, node }: OfflinePrepareOptions): Promise<number> => {
  if (driftPpm !== undefined) {
    const ppb = Math.ceil(driftPpm * 1000)
    if (ppb >= 0 && ppb <= OFFLINE_DRIFT_PPB_MAX) return ppb
    throw new ChimerError('TC_USAGE', `--drift-ppm takes 0 to ${OFFLINE_DRIFT_PPB_MAX / 1000}.`)
  }
  const { hostname } = new URL(node)
  if (!['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) return DRIFT_PPB_DEFAULT
  const { frequency } = await client.clock()
  const measured = Math.ceil(Math.max(Math.abs(frequency.loPpb), Math.abs(frequency.hiPpb)) + frequency.wanderPpb)
  return Math.min(measured, OFFLINE_DRIFT_PPB_MAX)
}

interface Drawing extends SealedVectors {
  readonly beacon: string | null
}

/** The beacon first, then the clock, then the signature (P-78 holds for the drawing too). */
const draw = async (
  client: Client,
  signer: Pick<Signer, 'nodeId' | 'sign'>,
  wanted: OfflinePrepareOptions & { readonly networkId: Uint8Array; readonly driftPpb: number },
): Promise<{ readonly vectors: Drawing; readonly drawn: Count }> => {
  const beacon = await client.stamps.beacon()
  const before = readCount()
  const time = await client.time()
  const drawn = readCount()
  const askedNs = elapsedBetween(before, drawn, wanted.driftPpb)
  const reading: TimeInterval = { earliest: BigInt(time.earliest), latest: BigInt(time.latest) + askedNs }
  const vectors = await drawVectors(signer, {
    networkId: wanted.networkId,
    count: wanted.count,
    expires: reading.latest + BigInt(wanted.valid) * NS_PER_MS,
    drawn: reading,
    driftPpb: wanted.driftPpb,
  })
  return { vectors: { ...vectors, beacon: beacon?.block ?? null }, drawn }
}

/** Has a digest stamped with a beacon and waits for the proof. */
const stampOf = async (client: Client, digest: Uint8Array, beacon: string | null): Promise<Uint8Array> => {
  const { id } = await client.stamps.submit(
    { algorithm: 'sha3-256', imprint: hexOf(digest), beacon },
    { clientKey: hexOf(digest) },
  )
  return proofOf(client, id)
}

const proofOf = async (client: Client, id: string): Promise<Uint8Array> => {
  for await (const { state } of client.stamps.watch([id])) if (state === 'final') break
  return client.stamps.proof(id)
}

export const offlineStamp = async (options: OfflineStampOptions): Promise<ExitCode> => {
  const signer = await signerOf(options)
  const journey = (await openJourneys(options.data)).findLast(({ record }) => record.returned === undefined)
  if (journey === undefined) return refuse(NO_VECTORS, options)
  const { state, record, vectors } = journey
  if (!equalBytes(vectors.vectors.node, signer.nodeId))
    throw new ChimerError(
      'TC_USAGE',
      `The vectors in ${options.data} were drawn with another key than the one there now.`,
    )
  if (state.used > record.stamps.length)
    return refuse(
      'the last stamp was cut off by a crash, so this journey ends there. Hand it in: truechimer offline submit',
      options,
    )
  if (state.used >= vectors.vectors.count) return refuse(`all ${state.used} vectors are used`, options)
  const { digest } = await hashFile({ path: options.file, algorithm: options.algorithm })
  const now = readCount()
  // Also against the last look: between two looks it may not have gone back either.
  elapsedBetween(state.last, now, vectors.vectors.driftPpb)
  const reading = readingAfter(vectors.vectors, elapsedBetween(state.drawn, now, vectors.vectors.driftPpb))
  if (reading.latest > vectors.vectors.expires)
    return refuse(`the vectors expired on ${utcFromTai(vectors.vectors.expires)}`, options)
  await makeStamp({ journey, signer, options, now, reading, digest })
  return EXIT.good
}

interface Making {
  readonly journey: Journey
  readonly signer: Pick<Signer, 'sign'>
  readonly options: OfflineStampOptions
  readonly now: Count
  readonly reading: TimeInterval
  readonly digest: Uint8Array
}

/** P-77: used on disk, then signed, then kept. */
const makeStamp = async ({ journey, signer, options, now, reading, digest }: Making): Promise<void> => {
  const { id, vectors, record, state } = journey
  const index = state.used
  const file = options.file === STANDARD_INPUT ? null : resolve(options.file)
  await keepState(options.data, { id, state: { ...state, last: now, used: index + 1, files: [...state.files, file] } })
  const stamp = await signOfflineStamp(signer, {
    vectors: vectors.id,
    index,
    value: vectorValue({ id: vectors.id, block: state.block, index }),
    previous: previousOf(journey),
    algorithm: options.algorithm,
    imprint: digest,
    reading,
  })
  await keepRecord(options.data, { id, record: { ...record, stamps: [...record.stamps, stamp.bytes] } })
  const left = vectors.vectors.count - index - 1
  const security = securityText(vectors.vectors, reading)
  if (options.json === true)
    return sayJson({
      journey: id,
      index,
      left,
      imprint: hexOf(digest),
      algorithm: options.algorithm,
      reading: { earliest: String(reading.earliest), latest: String(reading.latest) },
      utc: { earliest: utcFromTai(reading.earliest), latest: utcFromTai(reading.latest) },
      security: security.value,
    })
  say(`${colours.green('stamped')}  ${shown(options.file)}`)
  say(
    `by this clock between ${utcFromTai(reading.earliest)} and ${utcFromTai(reading.latest)} (${widthText(reading)} wide)`,
  )
  say(
    `${security.text}; ${left === 1 ? 'one vector' : `${left} vectors`} left. On return: truechimer offline submit --data ${options.data}`,
  )
}

/** The digest of the last stamp, which the next one names. */
const previousOf = ({ record }: Journey): Uint8Array => {
  const last = record.stamps.at(-1)
  return last === undefined ? NO_STAMP : sha3(last)
}

/** Those of a journey that was handed in are spent with it, used or not. */
const NO_VECTORS =
  'no vectors are drawn here, or they were handed in with their journey. Online, run: truechimer offline prepare'

const refuse = (why: string, { json }: OfflineOptions): ExitCode => {
  if (json === true) sayJson({ refused: why })
  note(`${noteColours.yellow('not stamped')} ${why}`)
  return EXIT.no
}

export const offlineSubmit = async (options: OfflineSubmitOptions): Promise<ExitCode> => {
  const journeys = await openJourneys(options.data)
  if (journeys.length === 0) return refuse('there is nothing to hand in here', options)
  const client = openClient({ baseUrl: options.node })
  const genesis = await readGenesisFile(options.data)
  await checkNetwork(client, genesis.networkId, options)
  const signer = await signerOf(options)
  let code: ExitCode = EXIT.good
  for (const journey of journeys) {
    const outcome = await submitOne(client, { journey, signer, options, networkId: genesis.networkId })
    const checkStamp = stampCheckOf(trustOf(genesis))
    const { networkId } = genesis
    const checked = checkOffline(outcome.record, { networkId, checkStamp })
    if (checked.verdict !== 'accept') {
      code = EXIT.no
      note(`${noteColours.red('refused')} journey ${journey.id.slice(0, 8)} at ${checked.link}: ${checked.reason}`)
      if (options.json === true) sayJson({ journey: journey.id, refused: checked })
      continue
    }
    await finish(outcome, options)
  }
  return code
}

interface Submitting {
  readonly journey: Journey
  readonly signer: Pick<Signer, 'nodeId' | 'sign'>
  readonly options: OfflineSubmitOptions
  readonly networkId: Uint8Array
}

/**
 * The return is kept before it is handed in, and signed anew, with the stamps that it has, only where it was not heard in time: its beacon or its
 * reading is too old then.
 */
const submitOne = async (client: Client, { journey, signer, options, networkId }: Submitting): Promise<Journey> => {
  let current = journey
  for (let attempt = 1; ; attempt += 1) {
    const beacon = (await client.stamps.beacon())?.block ?? null
    if (current.record.returned === undefined) {
      current = await withReturn(current, signer, networkId)
      await keepRecord(options.data, current)
    }
    const answer = await client.offline.submit(encodeRecord(current.record), { beacon }).catch((error: unknown) => {
      if (attempt < ATTEMPTS && isTooLate(error)) return undefined
      throw error
    })
    if (answer === undefined) {
      current = { ...current, record: { ...current.record, returned: undefined } }
      continue
    }
    note(noteColours.dim('handed in; waiting for the block that has it'))
    const proof = await proofOf(client, answer.stamp.id)
    const returned = current.record.returned
    if (returned === undefined) continue
    const finished = { ...current, record: { ...current.record, returned: { ...returned, proof } } }
    await keepRecord(options.data, finished)
    return finished
  }
}

const isTooLate = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.code === 'TC_API_STAMP_BEACON' ||
    (error.code === 'TC_API_OFFLINE_REFUSED' && error.message.endsWith('[offline-clock-off]')))

const withReturn = async (journey: Journey, signer: Pick<Signer, 'sign'>, networkId: Uint8Array): Promise<Journey> => {
  const { vectors, record, state } = journey
  const reading = readingAfter(vectors.vectors, elapsedBetween(state.drawn, readCount(), vectors.vectors.driftPpb))
  const returned = await signReturn(signer, {
    networkId,
    vectors: vectors.id,
    count: record.stamps.length,
    last: previousOf(journey),
    reading,
  })
  return { ...journey, record: { ...record, returned: { bytes: returned.bytes, proof: new Uint8Array() } } }
}

/** Puts the whole record beside each file, and ends the journey. */
const finish = async (journey: Journey, { data, json }: OfflineSubmitOptions): Promise<void> => {
  const bytes = encodeRecord(journey.record)
  const written: string[] = []
  for (const file of journey.state.files.slice(0, journey.record.stamps.length)) {
    if (file === null) continue
    const path = `${file}.offline`
    const kept = await keepForeign(path, journey)
    if (kept !== undefined) note(`What was in ${shown(path)} is of another journey, and is kept in ${shown(kept)}`)
    await writeDurably(path, bytes)
    written.push(path)
  }
  await keepState(data, { id: journey.id, state: { ...journey.state, isOver: true } })
  if (json === true) return sayJson({ journey: journey.id, stamps: journey.record.stamps.length, written })
  say(
    `${colours.green('proved')}  ${journey.record.stamps.length} offline stamps of ${nodeIdText(journey.vectors.vectors.node)}`,
  )
  for (const path of written) say(`  ${shown(path)}`)
}
