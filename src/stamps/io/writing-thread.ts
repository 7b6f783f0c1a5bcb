/**
 * A thread that writes stamps: while the disk syncs, the event loop goes on. One call at a time, which its owner sees to. What it says is
 * what TakenWriter says; where the thread has ended, nothing is acknowledged any more.
 */
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import { ChimerError } from '../../base/index.ts'
import type { Taken } from '../stamping-port.ts'
import { stampThreadEnded } from './stamp-store-failures.ts'
import type { TakenRows } from './taken-rows.ts'
import type { WrittenAnswer } from './writing-worker.ts'

/** In a checkout sources run as they stand; published they are compiled. */
const WORKER_URL = new URL(`./writing-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

export class WritingThread implements AsyncDisposable {
  readonly #worker: Worker
  readonly #path: string
  #waiting: PromiseWithResolvers<Taken> | undefined
  #ended: ChimerError | undefined

  /** @param path of a file that `prepareStamps` has prepared, and that others may have open. */
  constructor(path: string) {
    this.#path = path
    this.#worker = new Worker(WORKER_URL, { workerData: path })
    this.#worker.unref()
    this.#worker.on('message', (answer: WrittenAnswer) => this.#answered(answer))
    this.#worker.on('error', (cause) => this.#end(cause))
    this.#worker.on('exit', () => this.#end(undefined))
  }

  /** Rejects with `TC_STAMP_STORE`. */
  write(rows: TakenRows): Promise<Taken> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    assert(this.#waiting === undefined)
    const answer = Promise.withResolvers<Taken>()
    this.#waiting = answer
    this.#worker.ref()
    this.#worker.postMessage(rows, [])
    return answer.promise
  }

  #answered(answer: WrittenAnswer): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    this.#worker.unref()
    if (answer.type === 'written') waiting?.resolve(answer.taken)
    else waiting?.reject(new ChimerError('TC_STAMP_STORE', answer.message, { facts: answer.facts }))
  }

  #end(cause: unknown): void {
    this.#ended ??= stampThreadEnded(this.#path, cause)
    this.#waiting?.reject(this.#ended)
    this.#waiting = undefined
  }

  /** When it resolves the thread has closed the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}
