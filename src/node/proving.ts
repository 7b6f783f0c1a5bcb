/**
 * The proving half of a node: answers challenges, many with one proof, and proves unasked in a slot that nobody asked in.
 * Rules of gathering and signing live in proofs/; this file joins them to the clock, the signer and the network, and keeps
 * what a peer can make it do within limits: docs/spec/node.md G-12, G-14.
 */
import assert from 'node:assert/strict'
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
  challengeAnswerCodec,
  openChallenge,
  signTimeProof,
} from '../proofs/index.ts'
import type { Gathered, SealedProof, SourceCount } from '../proofs/index.ts'

export const PROVING_REASONS = ['not-member', 'clock-not-ready', 'signer-refused', 'asked-enough', 'closing'] as const
export type ProvingReason = (typeof PROVING_REASONS)[number]

/** Challenges of one witness that are answered in one slot. It asks once; its clock may run ahead into the next slot. */
export const ANSWERS_PER_SLOT_MAX = 2

export interface ProvingOptions {
  readonly time: Time
  readonly random: Random
  readonly signer: Signer
  readonly networkId: Uint8Array
  /** The newest decided block, 32 bytes; zeros before the first. */
  readonly beacon: () => Uint8Array
  readonly read: () => ClockReading | undefined
  readonly sources: () => readonly SourceReport[]
  /** Ids of the witnesses who are expected to ask about now; the proof waits for all of them, but not for long. */
  readonly expected: () => readonly string[]
  /** Only members are answered: every answer costs a signature and a message to all. */
  readonly isMember: (peer: string) => boolean
  /** The slot that the node's clock is in; nothing without a clock. */
  readonly slot: () => number | undefined
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
  readonly #answers = new Map<string, number>()
  #answersSlot: number | undefined
  #open: OpenGathering | undefined
  #signing: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: ProvingOptions) {
    this.#options = options
  }

  /** Answers one challenge of `from`, when the proof that covers it is signed. */
  async answer(from: string, bytes: Uint8Array): Promise<Admission<Uint8Array>> {
    if (this.#closed) return ignore('closing')
    if (!this.#options.isMember(from)) return reject('not-member')
    const challenge = openChallenge(bytes, this.#options.networkId)
    if (challenge.verdict !== 'accept') return challenge
    if (!this.#mayAsk(from)) return ignore('asked-enough')
    const open = this.#open ?? this.#begin()
    const added = open.gathering.add(from, challenge.value.challenge)
    if (added.verdict !== 'accept') return added
    const answer = new Promise<Answered>((resolve) => open.waiting.set(from, resolve))
    if (open.gathering.isComplete(this.#options.expected())) this.#finish(open)
    return answer
  }

  #mayAsk(from: string): boolean {
    const slot = this.#options.slot()
    if (slot !== this.#answersSlot) this.#answers.clear()
    this.#answersSlot = slot
    const asked = (this.#answers.get(from) ?? 0) + 1
    this.#answers.set(from, asked)
    return asked <= ANSWERS_PER_SLOT_MAX
  }

  /** Proves without a challenge: 32 random bytes stand where the root would. Undefined where the clock cannot. */
  async proveUnasked(): Promise<SealedProof | undefined> {
    if (this.#closed) return undefined
    const signed = await this.#sign(this.#options.random.bytes(CHALLENGE_BYTES))
    if (signed.verdict !== 'accept') return undefined
    this.#options.onProof(signed.value)
    return signed.value
  }

  /** Drops what is open: everybody who waits is told no. */
  close(): void {
    this.#closed = true
    const open = this.#open
    this.#open = undefined
    open?.cancel()
    for (const resolve of open?.waiting.values() ?? []) resolve(ignore('closing'))
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
      assert(place !== undefined, 'everybody who waits has asked')
      if (signed.verdict !== 'accept') resolve(signed)
      else resolve(accept(challengeAnswerCodec.encode({ proof: signed.value.proof, ...place })))
    }
    if (signed.verdict !== 'accept') return
    const { time, onProof } = this.#options
    // After the answers have left: whoever waits is timing us.
    time.schedule(0n, () => onProof(signed.value))
  }

  /** One at a time: a proof names the one before it. */
  #sign(nonce: Uint8Array): Promise<Admission<SealedProof, ProvingReason>> {
    const made = this.#signing.then(() => this.#signNow(nonce))
    this.#signing = made
    return made
  }

  async #signNow(nonce: Uint8Array): Promise<Admission<SealedProof, ProvingReason>> {
    const { signer, networkId, beacon, read, sources, onTrouble } = this.#options
    const reading = read()
    if (reading === undefined || !isProvable(reading)) return ignore('clock-not-ready')
    try {
      const sealed = await signTimeProof(signer, {
        networkId,
        tai: reading.estimate,
        uncertaintyNs: uncertaintyOf(reading),
        beacon: beacon(),
        nonce,
        sources: countSources(sources()),
      })
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
