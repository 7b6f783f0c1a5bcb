/**
 * The witnessing half of a node: in every slot it asks each node whose committee it sits on, times the answer on its own
 * clock, and signs what it measured. Rules live in proofs/; this file joins them to the clock, the signer and the network
 * (docs/spec/node.md G-10, G-17).
 */
import type { Cancel, Random, Time } from '../base/index.ts'
import { ChimerError, NS_PER_SEC, abortAfter } from '../base/index.ts'
import type { ClockReading } from '../clock/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import type { Network } from '../network/index.ts'
import { CHALLENGE_LIMITS, challengeProtocol } from '../network/index.ts'
import {
  CHALLENGE_BYTES,
  challengeCodec,
  challengePhaseNs,
  isWindowPossible,
  openAnswer,
  signAttestation,
} from '../proofs/index.ts'
import type { Member, SealedAttestation, SealedProof } from '../proofs/index.ts'

/** Why an exchange came to nothing, besides what is wrong with an answer (ANSWER_REASONS). */
export const WITNESSING_REASONS = ['not-connected', 'clock-moved', 'timed-out', 'answer-refused', 'too-large'] as const
export type WitnessingReason = (typeof WITNESSING_REASONS)[number]

/** A question that came to nothing on the way is counted against whom it was put to; anything else is trouble of ours. */
const REASON_OF_FAILURE: Readonly<Record<string, WitnessingReason>> = {
  TC_NET_UNREACHABLE: 'not-connected',
  TC_NET_REFUSED: 'answer-refused',
  TC_NET_TOO_LARGE: 'too-large',
  TC_NET_TIMEOUT: 'timed-out',
}

/** A witness waits this long for an answer, ns. */
export const ANSWER_NS_MAX = 2n * NS_PER_SEC

export interface WitnessingOptions {
  readonly time: Time
  readonly random: Random
  readonly signer: Signer
  readonly network: Network
  readonly networkId: Uint8Array
  readonly slotNs: bigint
  readonly self: string
  /** Who may be asked: everybody with a record, also candidates. */
  readonly members: () => readonly Pick<Member, 'id' | 'key'>[]
  /** Is it this one's turn in this slot? */
  readonly isDue: (subject: string, slot: number) => boolean
  readonly committee: (subject: string, slot: number) => readonly Member[]
  readonly read: () => ClockReading | undefined
  /** The proof that answered, and what was measured of it; called once both are true and signed. */
  readonly onMeasured: (measured: { readonly sealed: SealedProof; readonly attestation: SealedAttestation }) => void
  readonly onRefused: (refusal: { readonly subject: string; readonly reason: string }) => void
  readonly onTrouble: (error: ChimerError) => void
}

/** What the clock said at the two ends of one exchange. */
interface Sent {
  readonly challenge: Uint8Array
  readonly reading: ClockReading | undefined
}

export class Witnessing {
  readonly #options: WitnessingOptions
  readonly #protocol: string
  readonly #planned = new Set<Cancel>()
  readonly #closing = new AbortController()

  constructor(options: WitnessingOptions) {
    this.#options = options
    this.#protocol = challengeProtocol(options.networkId)
  }

  /** Plans the challenges of a slot. `startsInNs`: how far off its start is, negative where it has begun. */
  plan(slot: number, startsInNs: bigint): void {
    const { members, isDue, self, committee, slotNs } = this.#options
    for (const { id } of members()) {
      if (id === self || !isDue(id, slot) || !committee(id, slot).some((member) => member.id === self)) continue
      const delayNs = startsInNs + challengePhaseNs(id, slot, slotNs)
      if (delayNs >= 0n) this.#at(delayNs, id)
    }
  }

  close(): void {
    for (const cancel of this.#planned) cancel()
    this.#planned.clear()
    this.#closing.abort()
  }

  #at(delayNs: bigint, subject: string): void {
    const cancel = this.#options.time.schedule(delayNs, () => {
      this.#planned.delete(cancel)
      void this.#ask(subject)
    })
    this.#planned.add(cancel)
  }

  async #ask(subject: string): Promise<void> {
    const { onRefused, onTrouble } = this.#options
    const deadline = abortAfter(this.#options.time, ANSWER_NS_MAX)
    try {
      await this.#exchange(subject, AbortSignal.any([deadline.signal, this.#closing.signal]))
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      if (this.#closing.signal.aborted) return
      const reason = REASON_OF_FAILURE[error.code]
      if (reason === undefined) onTrouble(error)
      else onRefused({ subject, reason })
    } finally {
      deadline.cancel()
    }
  }

  async #exchange(subject: string, signal: AbortSignal): Promise<void> {
    const { random, network, networkId, read, members, onRefused } = this.#options
    let sent: Sent = { challenge: random.bytes(CHALLENGE_BYTES), reading: undefined }
    const bytes = await network.request(subject, this.#protocol, {
      body: () => {
        sent = { ...sent, reading: read() }
        return challengeCodec.encode({ networkId, challenge: sent.challenge })
      },
      responseBytesMax: CHALLENGE_LIMITS.responseBytesMax,
      signal,
    })
    const received = read()
    const key = members().find(({ id }) => id === subject)?.key
    if (key === undefined || !isUsable(sent.reading) || !isUsable(received)) return
    const answer = openAnswer(bytes, { networkId, subject: key, challenge: sent.challenge })
    if (answer.verdict !== 'accept') return onRefused({ subject, reason: answer.reason })
    await this.#attest(answer.value, sent.reading, received)
  }

  async #attest(sealed: SealedProof, sent: ClockReading, received: ClockReading): Promise<void> {
    const roundTripNs = Number(received.localNs - sent.localNs)
    const window = { sentEarliest: sent.earliest, receivedLatest: received.latest, roundTripNs }
    const subject = nodeIdText(sealed.proof.nodeId)
    // Our clock was set during the exchange; said aloud, others would hold it against us.
    if (!isWindowPossible(window)) return this.#options.onRefused({ subject, reason: 'clock-moved' })
    const attestation = await signAttestation(this.#options.signer, { proof: sealed.cid, ...window })
    this.#options.onMeasured({ sealed, attestation })
  }
}

/** A witness without a clock witnesses nothing. */
const isUsable = (reading: ClockReading | undefined): reading is ClockReading =>
  reading !== undefined && reading.status !== 'unsynchronised'
