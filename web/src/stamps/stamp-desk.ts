/**
 * What the page of stamps does: takes files, has them hashed, stamped and followed, checks proofs, keeps what is to be saved. It lives as long as
 * the dashboard, so that looking at another page stops nothing.
 */
import { ApiError, type Client } from '../../../src/services/client.ts'
import { CARDS_MAX, type StampCard } from '../model/stamps.ts'
import type { Outcome } from '../model/stamps-outcome.ts'
import { isProofLike, proofNameOf } from '../model/stamps-files.ts'
import { tooManyText } from '../model/stamps-words.ts'
import { CheckingDesk, type ProofFile } from './checking-desk.ts'
import { openWaker } from './pause.ts'
import { saveFile } from './save-file.ts'
import { type StampHeld, type StampingTools, stampOne } from './stamping-one.ts'
import type { StampsStore } from './stamps-store.ts'
import { type TrustRead, type Trusted, trustOfFile, trustOfNode } from './trust-file.ts'
import { openWatching } from './watching.ts'
import type { FileDigest } from './worker-words.ts'
import { openWorkshop } from './workshop.ts'

interface Stamping {
  readonly held: StampHeld
  readonly run: AbortController
}

/** Bytes that show what a file is meant for. */
const HEAD_BYTES = 64

/** What is read of a dropped file: a proof whole, of others nothing. Undefined where it is no proof or cannot be read. */
const proofOf = async (file: File): Promise<ProofFile | undefined> => {
  try {
    const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())
    if (!isProofLike(file.name, file.size, head)) return undefined
    return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }
  } catch (error) {
    // A folder, or a file that is gone: hashing it will say so on its card.
    if (error instanceof DOMException) return undefined
    throw error
  }
}

const sorted = async (
  files: readonly File[],
): Promise<{ readonly files: readonly File[]; readonly proofs: readonly ProofFile[] }> => {
  const read = await Promise.all(files.map(async (file) => ({ file, proof: await proofOf(file) })))
  return {
    files: read.flatMap(({ file, proof }) => (proof === undefined ? [file] : [])),
    proofs: read.flatMap(({ proof }) => proof ?? []),
  }
}

/** Work that waits its turn. A failure is its caller's. */
const openQueue = (): StampingTools['inTurn'] => {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = Promise.allSettled([turn])
    return turn
  }
}

export class StampDesk {
  readonly #store: StampsStore
  readonly #client: Client
  readonly #workshop = openWorkshop()
  readonly #waker = openWaker()
  readonly #stamping = new Map<string, Stamping>()
  readonly #checking: CheckingDesk
  readonly #tools: StampingTools
  #idsGiven = 0
  #trusted: Trusted | undefined

  constructor(client: Client, store: StampsStore) {
    this.#client = client
    this.#store = store
    const inTurn = openQueue()
    const [workshop, waker] = [this.#workshop, this.#waker]
    const check: StampingTools['check'] = (bytes, digest) => this.#check(bytes, digest)
    this.#tools = { client, workshop, watching: openWatching(client, waker), waker, inTurn, check }
    this.#checking = new CheckingDesk({
      workshop,
      inTurn,
      check: (bytes, digest) => this.#check(bytes, digest),
      send: store.send,
      cards: () => store.get().checks,
      newCard: () => this.#newCheck(),
    })
  }

  /** Files to be stamped; proofs among them, with the files that bear their names, are checked. */
  async stamp(dropped: readonly File[]): Promise<void> {
    const { files, proofs } = await sorted(dropped)
    const withProof = files.filter(({ name }) => proofs.some((proof) => proof.name === proofNameOf(name)))
    const left = this.#take(files.filter((file) => !withProof.includes(file)))
    this.#sayLeft(left + (proofs.length === 0 ? 0 : this.#checking.take(withProof, proofs)))
  }

  /** Proofs and files to be checked, in any order. */
  async check(dropped: readonly File[]): Promise<void> {
    const { files, proofs } = await sorted(dropped)
    this.#sayLeft(this.#checking.take(files, proofs))
  }

  /** The half that a card lacks, or another file for it. */
  async complete(id: string, file: File): Promise<void> {
    const card = this.#store.get().checks.find((one) => one.id === id)
    const proof = card?.proofName === undefined ? await proofOf(file) : undefined
    this.#checking.complete(id, proof === undefined ? { file } : { proof })
  }

  /** Saves the proof, or the receipt while there is no proof. */
  save(id: string): void {
    const held = this.#stamping.get(id)?.held
    const bytes = held?.proof ?? held?.pending
    if (held !== undefined && bytes !== undefined) saveFile(proofNameOf(held.file.name), bytes)
  }

  remove(id: string): void {
    this.#stamping.get(id)?.run.abort()
    this.#stamping.delete(id)
    this.#checking.drop(id)
    this.#store.send({ type: 'removed', id })
  }

  /** Asks a node that did not answer at once. */
  askNow(): void {
    this.#waker.wake()
  }

  /** Stamps a file that could not be stamped from the beginning. */
  again(id: string): void {
    const before = this.#stamping.get(id)
    if (before === undefined) return
    before.run.abort()
    this.#store.send({ type: 'stamp-again', id })
    this.#begin(id, before.held.file)
  }

  /** Rests checking on a file of the visitor's. */
  async trust(file: File): Promise<void> {
    await this.#settle(await trustOfFile(file, this.#workshop, this.#trusted?.source.names ?? new Map()))
  }

  /** Rests checking on the genesis that this node gives. */
  async trustNode(): Promise<void> {
    try {
      await this.#settle(trustOfNode((await this.#client.genesis()).genesis))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      await this.#settle({ why: `This node gave no genesis. ${error.message}` })
    }
  }

  #newId(): string {
    this.#idsGiven += 1
    return `card-${this.#idsGiven}`
  }

  #newCheck(): string | undefined {
    if (this.#store.get().checks.length >= CARDS_MAX) return undefined
    const id = this.#newId()
    this.#store.send({ type: 'check-added', id })
    return id
  }

  /** Returns how many had no room. */
  #take(files: readonly File[]): number {
    const room = Math.max(0, CARDS_MAX - this.#store.get().stamps.length)
    for (const file of files.slice(0, room)) {
      const id = this.#newId()
      this.#store.send({ type: 'stamp-added', card: { id, name: file.name, sizeBytes: file.size } })
      this.#begin(id, file)
    }
    return Math.max(0, files.length - room)
  }

  #begin(id: string, file: File): void {
    const held: StampHeld = { file }
    const run = new AbortController()
    const begunMs = performance.now()
    this.#stamping.set(id, { held, run })
    const show = (change: Partial<StampCard>): void => {
      if (!run.signal.aborted) this.#store.send({ type: 'stamp', id, change, atMs: performance.now() - begunMs })
    }
    void stampOne(this.#tools, { held, signal: run.signal, show })
  }

  #sayLeft(left: number): void {
    this.#store.send({ type: 'drop-trouble', trouble: left === 0 ? '' : tooManyText(left, CARDS_MAX) })
  }

  async #check(bytes: Uint8Array, digest: FileDigest | undefined): Promise<Outcome | undefined> {
    const trust = this.#trusted?.source
    return trust === undefined ? undefined : this.#workshop.check({ bytes, digest, trust, nowMs: Date.now() })
  }

  async #settle(read: TrustRead): Promise<void> {
    if ('why' in read) {
      this.#store.send({ type: 'trust', trust: this.#trusted?.view, trouble: read.why })
      return
    }
    this.#trusted = read
    this.#store.send({ type: 'trust', trust: read.view, trouble: '' })
    this.#checking.again()
    for (const [id, { held }] of this.#stamping)
      if (held.proof !== undefined && held.digest !== undefined)
        this.#store.send({ type: 'stamp', id, change: { outcome: await this.#check(held.proof, held.digest) } })
  }
}
