/**
 * The proving half of a node: answers challenges, many with one proof, and proves unasked in a slot that nobody asked in.
 * Rules of gathering and signing live in proofs/; this file only joins them to the clock, the signer and the network.
 */
import type { Admission, Cancel, Time } from '../base/index.ts'
import { ChimerError, accept, ignore, reject } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import { SOURCE_KINDS } from '../clock/index.ts'
import type { ClockReading, SourceReport } from '../clock/index.ts'
import type { Signer } from '../crypto/index.ts'
import {
  CHALLENGE_BYTES,
  GATHER_NS,
  Gathering,
  UNCERTAINTY_NS_MAX,
  ZERO_DIGEST,
  challengeAnswerCodec,
  openChallenge,
  signTimeProof,
} from '../proofs/index.ts'
import type { Gathered, SealedProof, SourceCount } from '../proofs/index.ts'

export const PROVING_REASONS = ['clock-not-ready', 'signer-refused', 'not-chosen'] as const
export type ProvingReason = (typeof PROVING_REASONS)[number]

export interface ProvingOptions {
  readonly time: Time
  readonly random: Random
  readonly signer: Signer
  readonly networkId: Uint8Array
  readonly read: () => ClockReading | undefined
  readonly sources: () => readonly SourceReport[]
  /** Ids of the witnesses who are expected to ask about now; the proof waits for all of them, but not for long. */
  readonly expected: () => readonly string[]
  readonly onProof: (sealed: SealedProof) => void
  readonly onTrouble: (error: ChimerError) => void
}

type Answered = Admission<Uint8Array, ProvingReason>

/** A gathering that is open, those who wait for its proof, and the timer that ends it. */
interface OpenGathering {
  readonly gathering: Gathering
  readonly waiting: Map<string, (answer: Answered) => void>
  cancel: Cancel
}

export class Proving {
  readonly #options: ProvingOptions
  #open: OpenGathering | undefined
  #signing: Promise<unknown> = Promise.resolve()

  constructor(options: ProvingOptions) {
    this.#options = options
  }

  /** Answers one challenge of `from`, when the proof that covers it is signed. */
  async answer(from: string, bytes: Uint8Array): Promise<Admission<Uint8Array>> {
    const challenge = openChallenge(bytes, this.#options.networkId)
    if (challenge.verdict !== 'accept') return challenge
    const open = this.#open ?? this.#begin()
    const added = open.gathering.add(from, challenge.value.challenge)
    if (added.verdict !== 'accept') return added
    const answer = new Promise<Answered>((resolve) => open.waiting.set(from, resolve))
    if (open.gathering.isComplete(this.#options.expected())) this.#finish(open)
    return answer
  }

  /** Proves without a challenge: 32 random bytes stand where the root would. Undefined where the clock cannot. */
  async proveUnasked(): Promise<SealedProof | undefined> {
    const signed = await this.#sign(this.#options.random.bytes(CHALLENGE_BYTES))
    return signed.verdict === 'accept' ? signed.value : undefined
  }

  /** Drops what is open: everybody who waits is told no. */
  close(): void {
    const open = this.#open
    this.#open = undefined
    open?.cancel()
    for (const resolve of open?.waiting.values() ?? []) resolve(ignore('clock-not-ready'))
  }

  #begin(): OpenGathering {
    const open: OpenGathering = { gathering: new Gathering(), waiting: new Map(), cancel: () => {} }
    open.cancel = this.#options.time.schedule(GATHER_NS, () => this.#finish(open))
    this.#open = open
    return open
  }

  #finish(open: OpenGathering): void {
    if (this.#open !== open) return
    this.#open = undefined
    open.cancel()
    const gathered = open.gathering.close()
    if (gathered !== undefined) void this.#answerAll(open, gathered)
  }

  async #answerAll(open: OpenGathering, { nonce, places }: Gathered): Promise<void> {
    const signed = await this.#sign(nonce)
    for (const [asker, resolve] of open.waiting) {
      const place = places.get(asker)
      if (signed.verdict !== 'accept') resolve(signed)
      else if (place === undefined) resolve(reject('not-chosen'))
      else resolve(accept(challengeAnswerCodec.encode({ proof: signed.value.proof, ...place })))
    }
  }

  /** One at a time: a proof names the one before it. */
  #sign(nonce: Uint8Array): Promise<Admission<SealedProof, ProvingReason>> {
    const made = this.#signing.then(() => this.#signNow(nonce))
    this.#signing = made
    return made
  }

  async #signNow(nonce: Uint8Array): Promise<Admission<SealedProof, ProvingReason>> {
    const { signer, networkId, read, sources, onProof, onTrouble } = this.#options
    const reading = read()
    if (reading === undefined || !isProvable(reading)) return ignore('clock-not-ready')
    try {
      const sealed = await signTimeProof(signer, {
        networkId,
        tai: reading.estimate,
        uncertaintyNs: uncertaintyOf(reading),
        beacon: ZERO_DIGEST,
        nonce,
        sources: countSources(sources()),
      })
      onProof(sealed)
      return accept(sealed)
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      onTrouble(error)
      return ignore('signer-refused')
    }
  }
}

/** U is the larger half of the interval around the estimate, ns. */
const uncertaintyOf = ({ estimate, earliest, latest }: ClockReading): number =>
  Number(latest - estimate > estimate - earliest ? latest - estimate : estimate - earliest)

const isProvable = (reading: ClockReading): boolean =>
  reading.status !== 'unsynchronised' && uncertaintyOf(reading) <= UNCERTAINTY_NS_MAX

/** The sources that stand behind the reading, by kind, in the order that proofs demand. */
const countSources = (reports: readonly SourceReport[]): readonly SourceCount[] =>
  SOURCE_KINDS.flatMap((kind) => {
    const count = reports.filter((report) => report.kind === kind && report.state === 'selected').length
    return count === 0 ? [] : [{ kind, count }]
  })
