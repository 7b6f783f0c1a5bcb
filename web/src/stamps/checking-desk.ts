/** Checks proofs with their files, in whatever order the halves come. Asks no network for anything. */
import type { CheckCard, StampsMessage } from '../model/stamps.ts'
import type { Outcome } from '../model/stamps-outcome.ts'
import { cardFor, pairsOf } from '../model/stamps-files.ts'
import { unreadableText } from '../model/stamps-words.ts'
import type { FileDigest } from './worker-words.ts'
import { type Workshop, WorkshopError } from './workshop.ts'

/** What a card has in hand. */
interface Held {
  file?: File
  /** The bytes of the proof. */
  bytes?: Uint8Array
  digest?: FileDigest
  /** Ends what is being done for it. */
  run: AbortController
}

/** A dropped proof, read. */
export interface ProofFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface CheckingTools {
  readonly workshop: Workshop
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
  readonly check: (proof: Uint8Array, digest: FileDigest | undefined) => Promise<Outcome | undefined>
  readonly send: (message: StampsMessage) => void
  readonly cards: () => readonly CheckCard[]
  /** A new card, or undefined where there is no room. */
  readonly newCard: () => string | undefined
}

const troubleOf = ({ name, message }: WorkshopError): string =>
  name === 'WorkerError' ? message : unreadableText(name)

export class CheckingDesk {
  readonly #tools: CheckingTools
  readonly #held = new Map<string, Held>()

  constructor(tools: CheckingTools) {
    this.#tools = tools
  }

  /** Returns how many had no room. */
  take(files: readonly File[], proofs: readonly ProofFile[]): number {
    const left = pairsOf<File | ProofFile>(files, proofs).filter(
      ({ file, proof }) =>
        !this.#takePair(file instanceof File ? file : undefined, proof instanceof File ? undefined : proof),
    )
    return left.length
  }

  /** One half of a card, or both; what it had of that half is replaced. */
  complete(id: string, { file, proof }: { readonly file?: File; readonly proof?: ProofFile }): void {
    this.#show(id, {
      trouble: '',
      outcome: undefined,
      ...(file === undefined ? {} : { fileName: file.name, sizeBytes: file.size, hashedBytes: 0 }),
      ...(proof === undefined ? {} : { proofName: proof.name }),
    })
    this.#start(id, { ...(file === undefined ? {} : { file }), ...(proof === undefined ? {} : { bytes: proof.bytes }) })
  }

  /** All that can be checked, anew: what is trusted is another. */
  again(): void {
    for (const id of this.#held.keys()) this.#start(id, {})
  }

  drop(id: string): void {
    this.#held.get(id)?.run.abort()
    this.#held.delete(id)
  }

  #takePair(file: File | undefined, proof: ProofFile | undefined): boolean {
    const id = this.#cardFor(file, proof) ?? this.#tools.newCard()
    if (id === undefined) return false
    this.complete(id, { ...(file === undefined ? {} : { file }), ...(proof === undefined ? {} : { proof }) })
    return true
  }

  /** A card that this half completes. */
  #cardFor(file: File | undefined, proof: ProofFile | undefined): string | undefined {
    const cards = this.#tools.cards()
    if (proof === undefined) return file === undefined ? undefined : cardFor(cards, file.name, 'file')
    return file === undefined ? cardFor(cards, proof.name, 'proof') : undefined
  }

  #show(id: string, change: Partial<CheckCard>): void {
    this.#tools.send({ type: 'check', id, change })
  }

  #start(id: string, change: Partial<Held>): void {
    const before = this.#held.get(id)
    before?.run.abort()
    const mine: Held = { ...before, ...change, run: new AbortController() }
    // Another file has another hash.
    if (change.file !== undefined) delete mine.digest
    this.#held.set(id, mine)
    void this.#check(id, mine)
  }

  async #check(id: string, mine: Held): Promise<void> {
    const { bytes, run } = mine
    if (bytes === undefined) return this.#show(id, { stage: 'needs-proof' })
    try {
      const digest = await this.#digestFor(id, mine)
      if (digest !== undefined) mine.digest = digest
      if (run.signal.aborted) return
      this.#show(id, { stage: 'checking' })
      const outcome = await this.#tools.check(bytes, digest)
      if (!run.signal.aborted) this.#show(id, { stage: 'done', outcome })
    } catch (error) {
      if (!(error instanceof WorkshopError)) throw error
      if (!run.signal.aborted) this.#show(id, { stage: 'done', outcome: undefined, trouble: troubleOf(error) })
    }
  }

  /** The file's hash as the proof wants it; undefined where either is missing. */
  async #digestFor(id: string, { file, bytes, digest, run }: Held): Promise<FileDigest | undefined> {
    if (file === undefined || bytes === undefined) return undefined
    const { workshop, inTurn } = this.#tools
    const opened = await workshop.open({ bytes }, { signal: run.signal })
    if (opened.kind === 'neither') return undefined
    const { algorithm } = opened
    if (digest?.algorithm === algorithm) return digest
    return inTurn(async () => {
      if (!run.signal.aborted) this.#show(id, { stage: 'hashing' })
      const onProgress = (hashedBytes: number): void => this.#show(id, { hashedBytes })
      return { algorithm, digest: await workshop.hash({ file, algorithm }, { onProgress, signal: run.signal }) }
    })
  }
}
