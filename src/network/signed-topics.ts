/**
 * Topics whose messages say who made them: what is published travels in signed envelopes (envelope.ts), and what comes is
 * opened, checked and handed to the room payload by payload. Over any Network.
 *
 * What costs least is asked first: network, topic, sizes and author before the signature; sequence and an author's rate after it,
 * since they are not charged and a stranger could use them up. Rules N-70 to N-76 in docs/spec/network.md.
 */
import assert from 'node:assert/strict'
import { accept, equalBytes, ignore, reject } from '../base/index.ts'
import type { Admission, Random, Time } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { NONCE_BYTES, envelopeOverheadBytes, isSignedTruly, openEnvelope, sealEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import type { SequenceSource } from './envelope-sequences.ts'
import { closed, tooLarge } from './failures.ts'
import type { MessageValidator, Network, PeerId, Priority } from './port.ts'
import { ReplayWindows } from './replay-window.ts'
import { Outbox } from './signed-topics-outbox.ts'
import { TokenBuckets } from './token-bucket.ts'
import type { RateLimit } from './token-bucket.ts'
import { payloadCheckOf } from './topics-shapes.ts'
import { FRAME_BYTES_MAX, TOPICS, parseTopic } from './topics.ts'
import type { TopicLimits } from './topics.ts'

/** Authors whose rate is remembered, on each topic. */
export const AUTHORS_REMEMBERED_MAX = 4096

/** Why an envelope for this topic is not heard all the same; besides these, ENVELOPE_REASONS and REPLAY_REASONS. */
export const SIGNED_TOPIC_REASONS = ['unknown-author', 'forged', 'author-too-fast'] as const

/** What a room is asked about one payload. */
export interface SignedMessage {
  /** Who signed it, as a node id. */
  readonly author: string
  /** Who handed it over. */
  readonly from: PeerId
  readonly bytes: Uint8Array
}

export interface SignedTopicOptions extends TopicLimits {
  readonly priority: Priority
  /** Of one payload; by default as much as an envelope holds. */
  readonly payloadBytesMax?: number
  /** Payloads of one author; by default the limit of one handing peer. Above: `author-too-fast`, ignored. */
  readonly perAuthor?: RateLimit
  /**
   * Who may publish; undefined: anybody with a true signature. Whoever else is refused (`unknown-author`) and the handing peer
   * charged: so it may only say what all nodes of the network hold alike. Where it depends, `validate` ignores.
   */
  readonly mayPublish?: (author: string) => boolean
  readonly validate: (message: SignedMessage) => Admission<null> | Promise<Admission<null>>
}

export interface SignedTopicsOptions {
  readonly network: Pick<Network, 'publish' | 'subscribe' | 'unsubscribe'>
  readonly signer: Signer
  /** SHA3-256 of the genesis, 32 bytes. */
  readonly networkId: Uint8Array
  readonly time: Time
  readonly random: Random
  readonly sequences: SequenceSource
  /** Whose sequences are never forgotten for those of strangers; by default nobody's. */
  readonly isMember?: (author: string) => boolean
}

interface Joined {
  readonly options: SignedTopicOptions
  readonly payloadBytesMax: number
  readonly authors: TokenBuckets
  /** Of topics whose payloads have a shape that all nodes know (N-79). */
  readonly check: ReturnType<typeof payloadCheckOf>
}

export class SignedTopics implements AsyncDisposable {
  readonly #options: SignedTopicsOptions
  readonly #nonce: Uint8Array
  readonly #windows: ReplayWindows
  readonly #joined = new Map<string, Joined>()
  /** Of topics on which something waits just now. */
  readonly #outboxes = new Map<string, Outbox>()
  #closed = false

  constructor(options: SignedTopicsOptions) {
    this.#options = options
    this.#nonce = options.random.bytes(NONCE_BYTES)
    this.#windows = new ReplayWindows({ isMember: options.isMember ?? (() => false) })
  }

  /** Joins a topic. Once per topic. */
  subscribe(topic: string, options: SignedTopicOptions): void {
    assert(!this.#joined.has(topic), `${topic} is joined already`)
    const { priority, messageBytesMax, ratePerSec, burst, perAuthor = { ratePerSec, burst } } = options
    const payloadBytesMax = options.payloadBytesMax ?? messageBytesMax
    const authors = new TokenBuckets(perAuthor, AUTHORS_REMEMBERED_MAX)
    const joined = { options, payloadBytesMax, authors, check: payloadCheckOf(topic) }
    this.#joined.set(topic, joined)
    const validate: MessageValidator = ({ from, bytes }) => this.#hear(topic, joined, from, bytes)
    this.#options.network.subscribe(topic, { priority, messageBytesMax, ratePerSec, burst, validate })
  }

  /** Leaves a topic. Does nothing where it was not joined. */
  unsubscribe(topic: string): void {
    if (this.#joined.delete(topic)) this.#options.network.unsubscribe(topic)
  }

  /**
   * Signs a message and hands it to the mesh, with whatever else is published on this topic in the same turn. Resolves when
   * handed over. Rejects with `TC_NET_TOO_LARGE`, `TC_NET_BACKLOG` (4,096 wait), or as signer, sequences and network do.
   */
  async publish(topic: string, bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw closed()
    const { messageBytesMax, payloadBytesMax } = this.#limitsOf(topic)
    const room = messageBytesMax - envelopeOverheadBytes(topic) - PAYLOAD_HEAD_BYTES_MAX
    const bytesMax = Math.min(payloadBytesMax, room)
    if (bytes.length > bytesMax) throw tooLarge(topic, { bytes: bytes.length, bytesMax })
    await this.#outboxOf(topic, room).add(bytes)
  }

  /** Leaves every topic. What waits to be signed is still handed over. The network belongs to whoever opened it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const outbox of this.#outboxes.values()) outbox.hurry()
    for (const topic of this.#joined.keys()) this.unsubscribe(topic)
  }

  #limitsOf(topic: string): { readonly messageBytesMax: number; readonly payloadBytesMax: number } {
    const joined = this.#joined.get(topic)
    if (joined !== undefined)
      return { messageBytesMax: joined.options.messageBytesMax, payloadBytesMax: joined.payloadBytesMax }
    const parsed = parseTopic(topic)
    return parsed === undefined
      ? { messageBytesMax: FRAME_BYTES_MAX, payloadBytesMax: FRAME_BYTES_MAX }
      : TOPICS[parsed.kind]
  }

  #outboxOf(topic: string, bundleBytesMax: number): Outbox {
    const known = this.#outboxes.get(topic)
    if (known !== undefined) return known
    const { network, networkId, sequences, signer, time } = this.#options
    const outbox = new Outbox({
      topic,
      time,
      bundleBytesMax,
      seal: async (payloads) => {
        const sequence = await sequences.next()
        return sealEnvelope(signer, { networkId, sequence, nonce: this.#nonce, topic, payloads })
      },
      hand: (envelope) => network.publish(topic, envelope),
      onIdle: () => void this.#outboxes.delete(topic),
    })
    this.#outboxes.set(topic, outbox)
    return outbox
  }

  async #hear(topic: string, joined: Joined, from: PeerId, bytes: Uint8Array): Promise<Admission<null>> {
    const opened = this.#open(topic, joined, bytes)
    if (opened.verdict !== 'accept') return opened
    const { author, payloads } = opened.value
    return judgeBundle(payloads, (payload) => {
      const checked = joined.check?.(payload) ?? accept(null)
      return checked.verdict === 'accept' ? joined.options.validate({ author, from, bytes: payload }) : checked
    })
  }

  /** An envelope of an author who may speak, with a true signature, heard for the first time. */
  #open(
    topic: string,
    { options, payloadBytesMax, authors }: Joined,
    bytes: Uint8Array,
  ): Admission<{ readonly author: string; readonly payloads: readonly Uint8Array[] }> {
    const { networkId, signer, time } = this.#options
    const expected = { networkId, topic, envelopeBytesMax: options.messageBytesMax, payloadBytesMax }
    const opened = openEnvelope(bytes, expected)
    if (opened.verdict !== 'accept') return opened
    const envelope: Envelope = opened.value
    const { sender, sequence, payloads } = envelope
    const author = nodeIdText(sender)
    if (options.mayPublish?.(author) === false) return ignore('unknown-author')
    // Before the sequence: what is ignored costs its bringer nothing, so it must be true, or a forger could go on for ever.
    if (!isSignedTruly(envelope, bytes)) return reject('forged')
    const fault = equalBytes(sender, signer.nodeId) ? 'replayed' : this.#windows.fault(author, sequence)
    if (fault !== undefined) return ignore(fault)
    this.#windows.take(author, sequence)
    const elapsedNs = time.elapsedNs()
    return payloads.every(() => authors.take(author, elapsedNs))
      ? accept({ author, payloads })
      : ignore('author-too-fast')
  }
}

/** Head of a payload's length: at most 5 bytes below 4 GiB. */
const PAYLOAD_HEAD_BYTES_MAX = 5

/**
 * One verdict for all payloads of an envelope, judged in order. A rejected one ends it: its author signed it, and an honest
 * peer, who had judged it alike, would not have passed it on. Otherwise it travels on if any of it is worth that.
 */
export const judgeBundle = async (
  payloads: readonly Uint8Array[],
  validate: (payload: Uint8Array) => Admission<null> | Promise<Admission<null>>,
): Promise<Admission<null>> => {
  let whole: Admission<null> | undefined
  for (const payload of payloads) {
    const verdict = await validate(payload)
    if (verdict.verdict === 'reject') return verdict
    if (whole?.verdict !== 'accept' && (whole === undefined || verdict.verdict === 'accept')) whole = verdict
  }
  assert(whole !== undefined, 'an envelope has payloads')
  return whole
}
