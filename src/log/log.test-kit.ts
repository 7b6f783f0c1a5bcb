/** What tests of the log share: an owner, drafts by number, and a time that only moves when it is told to. */
import type { Time } from '../base/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import { LOG_LEVELS, LOG_TYPES } from './index.ts'
import type { LogDraft } from './index.ts'

export const networkId = new Uint8Array(32).fill(7)
export const signerOf = (seed = 3): ReturnType<typeof memorySigner> =>
  memorySigner({ seed: new Uint8Array(32).fill(seed) })

const START = 1_800_000_000_000_000_000n

/** Drafts of all levels but the grave ones and of all types, a second apart; every fifth has no time. */
export const draftOf = (number: number): LogDraft => ({
  level: LOG_LEVELS[number % 4] ?? 'info',
  type: LOG_TYPES[number % LOG_TYPES.length] ?? 'clock',
  time:
    number % 5 === 4
      ? null
      : {
          earliest: START + BigInt(number) * 1_000_000_000n,
          latest: START + BigInt(number) * 1_000_000_000n + 2_000_000n,
        },
  message: `number ${number}`,
  payload: { number },
})

export const drafts = (from: number, count: number): readonly LogDraft[] =>
  Array.from({ length: count }, (_, i) => draftOf(from + i))

/** Runs what is due when `pass` moves it on, and nothing else. */
export class HandTime implements Time {
  #nowNs = 0n
  #due: { readonly atNs: bigint; readonly run: () => void }[] = []

  elapsedNs(): bigint {
    return this.#nowNs
  }

  hostUnixNs(): bigint {
    return this.#nowNs
  }

  schedule(delayNs: bigint, run: () => void): () => void {
    const job = { atNs: this.#nowNs + delayNs, run }
    this.#due.push(job)
    return () => void (this.#due = this.#due.filter((other) => other !== job))
  }

  get waiting(): number {
    return this.#due.length
  }

  pass(ns: bigint): void {
    this.#nowNs += ns
    const due = this.#due.filter(({ atNs }) => atNs <= this.#nowNs)
    this.#due = this.#due.filter((job) => !due.includes(job))
    for (const { run } of due) run()
  }
}

/** The machine's own, for tests that wait for a disk. */
export const machineTime: Time = {
  elapsedNs: () => process.hrtime.bigint(),
  hostUnixNs: () => BigInt(Date.now()) * 1_000_000n,
  schedule: (delayNs, run) => {
    const timer = setTimeout(run, Number(delayNs / 1_000_000n))
    return () => clearTimeout(timer)
  },
}
