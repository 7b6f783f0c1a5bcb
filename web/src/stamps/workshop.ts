/** The page's side of its worker: a call is a promise. One worker serves the page for as long as it is open. */
import type { Answered, Asked, CallName, Calls, Done } from './worker-words.ts'

/** The worker could not do what it was asked. `name`: what the browser calls it, such as NotReadableError. */
export class WorkshopError extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

export interface CallOptions {
  readonly onProgress?: (bytes: number) => void
  readonly signal?: AbortSignal
}

/** All reject with a WorkshopError; with an `AbortError` where `signal` fires first. */
export type Workshop = {
  readonly [Name in CallName]: (asks: Calls[Name]['asks'], options?: CallOptions) => Promise<Calls[Name]['gives']>
}

interface Pending {
  readonly onDone: (done: Done) => void
  readonly onFailed: (error: WorkshopError) => void
  readonly onProgress: ((bytes: number) => void) | undefined
}

/** What one call asks and how its answer is known. */
interface Errand<T> {
  readonly asked: (call: number) => Asked
  readonly read: (done: Done) => T | undefined
  readonly options: CallOptions | undefined
}

const LOST = 'The part of this page that hashes and checks did not load. Load the page again.'

const CALLED_OFF = 'It was called off.'

class WorkerLine {
  readonly #worker = new Worker(new URL('./stamp-worker.ts', import.meta.url), { type: 'module', name: 'stamps' })
  readonly #pending = new Map<number, Pending>()
  #calls = 0
  #broken: WorkshopError | undefined

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Answered>) => this.#hear(data))
    this.#worker.addEventListener('error', () => {
      this.#broken = new WorkshopError('WorkerError', LOST)
      for (const { onFailed } of this.#pending.values()) onFailed(this.#broken)
      this.#pending.clear()
    })
  }

  #hear(answered: Answered): void {
    const pending = this.#pending.get(answered.call)
    if (pending === undefined) return
    if (answered.type === 'progress') return pending.onProgress?.(answered.bytes)
    this.#pending.delete(answered.call)
    if (answered.type === 'done') pending.onDone(answered.done)
    else pending.onFailed(new WorkshopError(answered.name, answered.message))
  }

  send<T>({ asked, read, options = {} }: Errand<T>): Promise<T> {
    return new Promise((resolve, onFailed) => {
      if (this.#broken !== undefined) return onFailed(this.#broken)
      if (options.signal?.aborted === true) return onFailed(new WorkshopError('AbortError', CALLED_OFF))
      const call = (this.#calls += 1)
      const onDone = (done: Done): void => {
        const value = read(done)
        if (value === undefined) onFailed(new WorkshopError('WorkerError', LOST))
        else resolve(value)
      }
      this.#pending.set(call, { onDone, onFailed, onProgress: options.onProgress })
      this.#worker.postMessage(asked(call), [])
      options.signal?.addEventListener('abort', () => {
        if (!this.#pending.delete(call)) return
        this.#worker.postMessage({ call, name: 'cancel' } satisfies Asked, [])
        onFailed(new WorkshopError('AbortError', CALLED_OFF))
      })
    })
  }
}

export const openWorkshop = (): Workshop => {
  const line = new WorkerLine()
  return {
    hash: (asks, options) =>
      line.send({
        asked: (call) => ({ call, name: 'hash', ...asks }),
        read: (done) => (done.name === 'hash' ? done.value : undefined),
        options,
      }),
    open: (asks, options) =>
      line.send({
        asked: (call) => ({ call, name: 'open', ...asks }),
        read: (done) => (done.name === 'open' ? done.value : undefined),
        options,
      }),
    check: (asks, options) =>
      line.send({
        asked: (call) => ({ call, name: 'check', ...asks }),
        read: (done) => (done.name === 'check' ? done.value : undefined),
        options,
      }),
    checkpoint: (asks, options) =>
      line.send({
        asked: (call) => ({ call, name: 'checkpoint', ...asks }),
        read: (done) => (done.name === 'checkpoint' ? done.value : undefined),
        options,
      }),
    receipt: (asks, options) =>
      line.send({
        asked: (call) => ({ call, name: 'receipt', ...asks }),
        read: (done) => (done.name === 'receipt' ? done.value : undefined),
        options,
      }),
  }
}
