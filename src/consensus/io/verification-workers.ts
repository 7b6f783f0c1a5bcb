/**
 * Threads that verify signatures in bulk, so that checking every commit of a long chain uses all cores and the event loop goes
 * on. Ed25519 as crypto/ checks it, and nothing else: what the signatures mean, the caller knows (sync-signatures.ts).
 */
import { Worker } from 'node:worker_threads'
import { ChimerError } from '../../base/index.ts'
import type { SignatureQuestion } from '../sync-signatures.ts'
import type { VerificationAnswer, VerificationBatch } from './verification-worker.ts'

/** Threads at most. */
export const VERIFICATION_THREADS_MAX = 64

/** In a checkout sources run as they stand; published they are compiled. */
const WORKER_URL = new URL(`./verification-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

export interface VerificationWorkers extends AsyncDisposable {
  /** Are all of them true? Rejects with `TC_CONSENSUS_WORKERS` where a thread has ended. */
  areTrue(questions: readonly SignatureQuestion[]): Promise<boolean>
}

/** @param threads how many, 1 to `VERIFICATION_THREADS_MAX`: the cores that may be used. */
export const openVerificationWorkers = (threads: number): VerificationWorkers => {
  const count = Math.max(1, Math.min(threads, VERIFICATION_THREADS_MAX))
  const workers = Array.from({ length: count }, () => new VerificationThread())
  return {
    areTrue: async (questions) => {
      const share = Math.ceil(questions.length / workers.length)
      const answers = await Promise.all(
        workers.map((worker, i) => worker.areTrue(questions.slice(i * share, (i + 1) * share))),
      )
      return answers.every(Boolean)
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))),
  }
}

class VerificationThread implements AsyncDisposable {
  readonly #worker = new Worker(WORKER_URL)
  /** As many as its owner asks at a time. */
  readonly #waiting = new Map<number, PromiseWithResolvers<boolean>>()
  #ended: ChimerError | undefined
  #next = 0

  constructor() {
    this.#worker.unref()
    this.#worker.on('message', ({ number, areTrue }: VerificationAnswer) => {
      this.#waiting.get(number)?.resolve(areTrue)
      this.#waiting.delete(number)
      if (this.#waiting.size === 0) this.#worker.unref()
    })
    this.#worker.on('error', (cause) => this.#end(cause))
    this.#worker.on('exit', () => this.#end(undefined))
  }

  async areTrue(questions: readonly SignatureQuestion[]): Promise<boolean> {
    if (this.#ended !== undefined) throw this.#ended
    if (questions.length === 0) return true
    const answer = Promise.withResolvers<boolean>()
    const batch: VerificationBatch = { number: (this.#next += 1), questions }
    this.#waiting.set(batch.number, answer)
    this.#worker.ref()
    this.#worker.postMessage(batch, [])
    return answer.promise
  }

  #end(cause: unknown): void {
    const message =
      'a thread that verifies signatures has ended; look at the memory that the node may use, and start it again'
    this.#ended ??= new ChimerError('TC_CONSENSUS_WORKERS', message, { cause })
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}
