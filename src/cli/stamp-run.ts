/**
 * One run of `truechimer stamp`: hashes what is found, has it stamped a hundred at a time, keeps the receipts, and puts the proofs in
 * their place once they are final. What cannot be read is told and passed by; what was interrupted goes on from its receipt.
 *
 * The beacon is asked for after hashing, so that it is as young as may be. What a file's stamp has come to is told at once.
 */
import { existsSync } from 'node:fs'
import { ChimerError, equalBytes } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import { ApiError } from '../services/client.ts'
import { SALT_BYTES_MAX, encodePendingStamp, encodeStampProof, saltedImprint, withSalt } from '../stamps/index.ts'
import type { ImprintAlgorithm, PendingStamp, StampProof, VerifiedStamp } from '../stamps/index.ts'
import { chimeOf, keepOld, openChime, readBytes, subjectOf, writeDurably } from './chime-file.ts'
import type { Chime } from './chime-file.ts'
import { hashFile } from './file-hash.ts'
import type { HashWish } from './file-hash.ts'
import type { Found } from './file-walk.ts'
import { checkTaken, idOf } from './stamp-node.ts'
import type { Taken } from './stamp-node.ts'
import { StampWaiting } from './stamp-waiting.ts'
import type { LateStamp, StampWaitingOptions } from './stamp-waiting.ts'

/** Stamps handed in at once; a node takes no more. */
const BATCH_MAX = 100
/** Or as many as it takes to hash so many bytes, so that who waits for a large file has the receipts of small ones. */
const BATCH_BYTES_MAX = 256 * 1024 * 1024
/** Receipts that wait for their proofs before more is hashed. */
const WAITING_MAX = 2000

export type StampNews =
  | {
      readonly type: 'receipt'
      readonly path: string
      readonly chime: string
      readonly pending: PendingStamp
      readonly isResumed: boolean
      readonly isEmpty: boolean
    }
  | {
      readonly type: 'final'
      readonly path: string
      readonly chime: string
      readonly bytes: Uint8Array
      readonly pending: PendingStamp
      readonly verified: VerifiedStamp
    }
  /** Its proof was there already. */
  | {
      readonly type: 'done'
      readonly path: string
      readonly chime: string
      readonly proof: StampProof
      readonly bytes: Uint8Array
    }
  /** Its receipt is kept and its proof is long in coming. */
  | { readonly type: 'waiting'; readonly path: string; readonly heightPromised: number }
  | { readonly type: 'kept'; readonly path: string; readonly kept: string }
  | { readonly type: 'skipped'; readonly path: string; readonly why: string }
  | { readonly type: 'failed'; readonly path: string; readonly code: string; readonly message: string }

export interface StampRunOptions extends StampWaitingOptions {
  readonly networkId: Uint8Array
  readonly random: Random
  readonly algorithm: ImprintAlgorithm
  readonly wantsBeacon: boolean
  readonly isPrivate: boolean
  /** Where a proof is there already, make a new one and keep the old aside. */
  readonly again: boolean
  readonly clientKey: string
  /** Instead of `FILE.chime`. */
  readonly out: string | undefined
  readonly wait: 'final' | 'receipt'
  readonly tell: (news: StampNews) => Promise<void> | void
  readonly onProgress?: (path: string, ...read: Parameters<NonNullable<HashWish['onProgress']>>) => void
  /** What else is to be done once a receipt or proof of a file is kept; what it rejects with is told of that file. */
  readonly onStamped?: (stamped: {
    readonly path: string
    readonly chime: string
    readonly digest: Uint8Array
    readonly algorithm: ImprintAlgorithm
  }) => Promise<void>
  /** Checks a final proof; rejects where it does not hold. */
  readonly check: (proof: StampProof) => Promise<VerifiedStamp>
}

interface Gathered {
  readonly path: string
  readonly chime: string
  readonly digest: Uint8Array
  readonly imprint: Uint8Array
  readonly salt: Uint8Array
  readonly size: number
  /** A chime is there and is to be moved aside. */
  readonly isReplacing: boolean
}

interface Waiting {
  readonly path: string
  readonly chime: string
  readonly pending: PendingStamp
}

export class StampRun {
  readonly #options: StampRunOptions
  readonly #patience: StampWaiting
  #gathered: Gathered[] = []
  #gatheredBytes = 0
  #waiting: Waiting[] = []
  #failed = 0
  #found = 0

  constructor(options: StampRunOptions) {
    this.#options = options
    this.#patience = new StampWaiting(options)
  }

  /** Files whose stamping failed. */
  get failed(): number {
    return this.#failed
  }
  /** Files that were found, good or not. */
  get found(): number {
    return this.#found
  }
  /** Receipts that are kept and have no proof yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Rejects where the node cannot be reached or refuses; receipts that came before are kept. */
  async stamp(files: AsyncIterable<Found>): Promise<void> {
    for await (const found of files) {
      this.#options.signal.throwIfAborted()
      if (found.type === 'skipped') await this.#options.tell(found)
      else await this.#take(found)
    }
    await this.#flush()
    await this.#settle()
  }

  async #take(found: Exclude<Found, { readonly type: 'skipped' }>): Promise<void> {
    this.#found += 1
    const { path } = found
    if (found.type === 'failed')
      return this.#fail(path, new ChimerError('TC_FILE_UNREADABLE', `Cannot read ${path}: ${found.why}.`))
    try {
      await this.#gather(path)
    } catch (cause) {
      if (!(cause instanceof ChimerError)) throw cause
      await this.#fail(path, cause)
    }
    if (this.#gathered.length >= BATCH_MAX || this.#gatheredBytes >= BATCH_BYTES_MAX) await this.#flush()
    if (this.#waiting.length >= WAITING_MAX) await this.#settle()
  }

  async #gather(path: string): Promise<void> {
    const { again, random, isPrivate, algorithm } = this.#options
    const chime = this.#options.out ?? chimeOf(path)
    const isThere = existsSync(chime)
    const old = isThere && !again ? await oldChime(chime) : undefined
    const { digest, size } = await this.#hash(path, old === undefined ? algorithm : subjectOf(old).algorithm)
    if (old !== undefined) return this.#goOn({ path, chime, old, digest, size })
    const salt = isPrivate ? random.bytes(SALT_BYTES_MAX) : new Uint8Array(0)
    const imprint = saltedImprint(algorithm, salt, digest)
    this.#gathered.push({ path, chime, digest, imprint, salt, size, isReplacing: isThere })
    this.#gatheredBytes += size
  }

  #hash(path: string, algorithm: ImprintAlgorithm): ReturnType<typeof hashFile> {
    const { signal, onProgress } = this.#options
    const progress: Pick<HashWish, 'onProgress'> =
      onProgress === undefined ? {} : { onProgress: (read) => onProgress(path, read) }
    return hashFile({ path, algorithm, signal, ...progress })
  }

  /** The same file once more: its proof is there, or its receipt is, and then nothing is stamped anew. */
  async #goOn(given: { path: string; chime: string; old: Chime; digest: Uint8Array; size: number }): Promise<void> {
    const { path, chime, old, digest, size } = given
    const { algorithm, imprint, salt } = subjectOf(old)
    if (!equalBytes(imprint, saltedImprint(algorithm, salt, digest)))
      throw new ChimerError(
        'TC_STAMP_OTHER',
        `${chime} is of other content than ${path} has now. It is left as it is; --again keeps it beside and stamps what is there now.`,
        { facts: { path } },
      )
    if (old.type === 'proof') {
      await this.#options.tell({ type: 'done', path, chime, proof: old.proof, bytes: old.bytes })
      return this.#beside({ path, chime, digest, algorithm })
    }
    if (!equalBytes(old.pending.receipt.networkId, this.#options.networkId))
      throw new ChimerError(
        'TC_STAMP_OTHER',
        `${chime} holds a receipt of another network than this node’s. Ask a node of its own network with --node${asked(old.pending)}, or add --again.`,
        { facts: { path } },
      )
    this.#waiting.push({ path, chime, pending: old.pending })
    await this.#options.tell({
      type: 'receipt',
      path,
      chime,
      pending: old.pending,
      isResumed: true,
      isEmpty: size === 0,
    })
    await this.#beside({ path, chime, digest, algorithm })
  }

  async #flush(): Promise<void> {
    const batch = this.#gathered
    this.#gathered = []
    this.#gatheredBytes = 0
    if (batch.length === 0) return
    const { beacon, taken } = await this.#submit(batch)
    for (const [i, one] of batch.entries()) {
      const own = taken[i]
      if (own === undefined)
        throw new ChimerError('TC_STAMP_RECEIPT', 'The node answered with fewer receipts than it was asked for.')
      await this.#keep(one, own, beacon)
    }
  }

  /** With the newest beacon, or with none. */
  async #submit(
    batch: readonly Gathered[],
  ): Promise<{ readonly beacon: string | null; readonly taken: readonly Taken[] }> {
    const { node, algorithm, clientKey, wantsBeacon } = this.#options
    const wishes = batch.map(({ imprint }) => ({ algorithm, imprint }))
    const hand = async (beacon: string | null) => ({
      beacon,
      taken: await this.#patience.patiently(() => node.submit(wishes, { beacon, clientKey })),
    })
    return wantsBeacon ? this.#patience.withBeacon(hand, ', or say --no-beacon for an upper bound alone') : hand(null)
  }

  async #keep(one: Gathered, taken: Taken, beacon: string | null): Promise<void> {
    const { algorithm, clientKey, networkId, node } = this.#options
    const { path, chime, salt, imprint } = one
    checkTaken({ algorithm, imprint, beacon, clientKey, networkId }, taken)
    const pending: PendingStamp = { entry: taken.entry, salt, clientKey, receipt: taken.receipt, node: node.address }
    try {
      if (one.isReplacing) await this.#options.tell({ type: 'kept', path, kept: await keepOld(chime) })
      await writeDurably(chime, encodePendingStamp(pending))
    } catch (cause) {
      if (!(cause instanceof ChimerError)) throw cause
      return this.#fail(path, cause)
    }
    this.#waiting.push({ path, chime, pending })
    await this.#options.tell({ type: 'receipt', path, chime, pending, isResumed: false, isEmpty: one.size === 0 })
    await this.#beside({ ...one, algorithm })
  }

  /** What is to be done beside the chime, also where that was there before. */
  async #beside(stamped: Parameters<NonNullable<StampRunOptions['onStamped']>>[0]): Promise<void> {
    try {
      await this.#options.onStamped?.(stamped)
    } catch (cause) {
      if (!(cause instanceof ChimerError)) throw cause
      await this.#fail(stamped.path, cause)
    }
  }

  /** One after the other: once the first is final, most of the others are. */
  async #settle(): Promise<void> {
    if (this.#options.wait === 'receipt') {
      this.#waiting = []
      return
    }
    for (let one = this.#waiting[0]; one !== undefined; one = this.#waiting[0]) {
      try {
        await this.#finish(one, await this.#proofOf(one))
      } catch (cause) {
        if (!isOfOne(cause)) throw cause
        await this.#fail(one.path, cause instanceof ApiError ? strangeReceipt(one, cause) : cause)
      }
      this.#waiting.shift()
    }
  }

  #proofOf({ path, chime, pending: { entry, clientKey, receipt } }: Waiting): Promise<Uint8Array> {
    const { heightPromised } = receipt
    return this.#patience.proofOf(idOf(entry, clientKey), {
      heightPromised,
      late: (stamp) => lateStamp(chime, stamp),
      onWaiting: () => this.#options.tell({ type: 'waiting', path, heightPromised }),
    })
  }

  async #finish({ path, chime, pending }: Waiting, bytes: Uint8Array): Promise<void> {
    const opened = openChime(bytes)
    if (opened.verdict !== 'accept' || opened.value.type !== 'proof')
      throw wrongProof(chime, opened.verdict === 'accept' ? 'wrong-shape' : opened.reason)
    const { proof } = opened.value
    const { entry, receipt, salt } = pending
    const isSame =
      proof.algorithm === entry.algorithm &&
      equalBytes(proof.imprint, entry.imprint) &&
      equalBytes(proof.receipt.signature, receipt.signature) &&
      proof.receipt.position === receipt.position
    if (!isSame) throw wrongProof(chime, 'it is of another stamp')
    const whole = withSalt(proof, salt)
    const verified = await this.#options.check(whole)
    const written = encodeStampProof(whole)
    await writeDurably(chime, written)
    await this.#options.tell({ type: 'final', path, chime, bytes: written, pending, verified })
  }

  async #fail(path: string, { code, message }: ChimerError | ApiError): Promise<void> {
    this.#failed += 1
    await this.#options.tell({ type: 'failed', path, code, message })
  }
}

/** What is in the place of a new chime; `TC_STAMP_OTHER` where that is none. */
const oldChime = async (path: string): Promise<Chime> => {
  const opened = openChime(await readBytes(path))
  if (opened.verdict === 'accept') return opened.value
  throw new ChimerError(
    'TC_STAMP_OTHER',
    `${path} is there and is no proof that this version reads (${opened.reason}). It is left as it is; --again keeps it beside and makes a new one.`,
    { facts: { path } },
  )
}

const asked = ({ node }: PendingStamp): string => (node === '' ? '' : `, such as ${node}`)

/** Whether the rest can go on: a refusal of one stamp, not of the node as such. */
const isOfOne = (cause: unknown): cause is ChimerError | ApiError =>
  cause instanceof ChimerError || (cause instanceof ApiError && cause.status === 404)

/** The node said until when, and the network is past that. */
const lateStamp = (chime: string, { height, heightPromised, heightNewest }: LateStamp): ChimerError =>
  height === undefined
    ? new ChimerError(
        'TC_STAMP_PROMISE',
        `The node promised a block no later than ${heightPromised}, the network is at ${heightNewest}, and the stamp is not final. ` +
          `Its receipt is kept in ${chime}, which shows that it broke its word: keep it, gather the evidence with truechimer proof promise ${chime}, and have the file stamped by another node with --again --node.`,
      )
    : wrongProof(chime, `the stamp is in block ${height}, and the node makes no proof of it`)

/** The receipt is another node's, or this one has lost what it promised. */
const strangeReceipt = ({ chime, pending: { node } }: Waiting, cause: ApiError): ChimerError =>
  new ChimerError(
    'TC_STAMP_OTHER',
    `The node does not know the stamp of which ${chime} holds the receipt. Ask the one that gave it${node === '' ? '' : `, with --node ${node}`}, or stamp anew here with --again.`,
    { facts: { chime }, cause },
  )

const wrongProof = (chime: string, why: string): ChimerError =>
  new ChimerError(
    'TC_STAMP_PROOF',
    `The node’s proof does not hold: ${why}. Its receipt is kept in ${chime}: ask again later, and tell the operator of the node.`,
    { facts: { chime } },
  )
