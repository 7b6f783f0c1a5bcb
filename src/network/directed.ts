/**
 * Messages from one node to another that nobody else can read, also where a third carries them. Each is a sealed message
 * (crypto/sealed-message.ts) in one request; the empty answer says that the recipient's room took it.
 *
 * Encrypted although every connection is: a node behind a carrier sees no connection to its partner, and what is sensitive
 * should not depend on who terminates the transport. A carrier hands over to a connected recipient what a connected sender
 * brings, once: a message travels two hops at most.
 *
 * Source: seed 004, "End-to-end Encryption" of its security considerations. Rules N-60 to N-66 in docs/spec/network.md.
 * Not promised: delivery without an answer says nothing; who talks to whom is seen by carriers; a recipient that starts anew
 * has forgotten what it heard, so kinds that must not be told twice carry their own time.
 */
import assert from 'node:assert/strict'
import { ChimerError, accept, equalBytes, ignore, reject } from '../base/index.ts'
import type { Admission, Cancel, Random, Time } from '../base/index.ts'
import {
  MESSAGE_BODY_BYTES_MAX,
  MESSAGE_KIND,
  SEALED_MESSAGE_BYTES_MAX,
  nodeIdText,
  openSealedMessage,
  parseNodeId,
  readSealedMessage,
  sealMessage,
} from '../crypto/index.ts'
import type { KeyAgreement, OpenedMessage, SealedMessage, Signer } from '../crypto/index.ts'
import type { SequenceSource } from './envelope-sequences.ts'
import { closed, tooLarge, unreachable } from './failures.ts'
import type { Network, PeerId } from './port.ts'
import { ReplayWindows } from './replay-window.ts'
import { TokenBuckets } from './token-bucket.ts'
import type { RateLimit } from './token-bucket.ts'
import { networkTag } from './topics.ts'
import type { ProtocolLimits } from './topics.ts'

/** Protocol of directed messages. */
export const directedProtocol = (networkId: Uint8Array): string => `/truechimer/${networkTag(networkId)}/directed/1`

/** 64 KiB a message; 20 a second from whoever hands over, its own and those it carries; the answer is empty. */
export const DIRECTED_LIMITS: ProtocolLimits = {
  requestBytesMax: SEALED_MESSAGE_BYTES_MAX,
  responseBytesMax: 0,
  ratePerSec: 20,
  burst: 40,
}
/** What a room is handed of one sender, however it comes. */
export const DIRECTED_AUTHOR_RATE: RateLimit = { ratePerSec: 20, burst: 40 }
/** What is carried for one sender: 5 a second of 64 KiB are 2.6 Mbit/s. */
export const CARRIED_RATE: RateLimit = { ratePerSec: 5, burst: 10 }
/** Messages that are under way through us at once: 4 MiB. */
export const CARRIED_MAX = 64
/** Senders whose rates are remembered. */
const SENDERS_MAX = 4096

/** Besides these: SEALED_MESSAGE_REASONS, REPLAY_REASONS and those of the handler. */
export const DIRECTED_REASONS = [
  'not-member',
  'too-many-hops',
  'recipient-away',
  'carried-too-fast',
  'author-too-fast',
  'busy',
  'unknown-kind',
] as const
export type DirectedReason = (typeof DIRECTED_REASONS)[number]

/** What a room is handed. */
export interface DirectedMessage {
  /** Who signed it, as a node id. */
  readonly from: string
  readonly bytes: Uint8Array
  readonly signal: AbortSignal
}

export type DirectedHandler = (message: DirectedMessage) => Admission<null> | Promise<Admission<null>>

export interface DirectedOptions {
  readonly network: Pick<Network, 'peerId' | 'peers' | 'request' | 'serve'>
  readonly signer: Signer
  /** Of the same key as the signer. */
  readonly agreement: KeyAgreement
  /** SHA3-256 of the genesis, 32 bytes. */
  readonly networkId: Uint8Array
  readonly time: Time
  readonly random: Random
  readonly sequences: SequenceSource
  /** Who may send, receive and carry: what all nodes of the network hold alike. */
  readonly isMember: (node: string) => boolean
}

/** What a handler of the network's protocol is given. */
type Handed = { readonly from: PeerId; readonly bytes: Uint8Array; readonly signal: AbortSignal }
type Answer = Admission<Uint8Array>

const TAKEN = new Uint8Array()
/** What an altered message and a lie look like: blamed on whoever hands over what it claims to have sealed itself. */
const SENDERS_FAULT: ReadonlySet<string> = new Set(['not-sealed', 'forged'])

export class DirectedMessages implements AsyncDisposable {
  readonly #options: DirectedOptions
  readonly #protocol: string
  readonly #handlers = new Map<string, DirectedHandler>()
  readonly #windows: ReplayWindows
  readonly #authors = new TokenBuckets(DIRECTED_AUTHOR_RATE, SENDERS_MAX)
  readonly #senders = new TokenBuckets(CARRIED_RATE, SENDERS_MAX)
  #carried = 0
  #closed = false

  /** Serves the protocol at once. */
  constructor(options: DirectedOptions) {
    assert(equalBytes(options.signer.nodeId, options.agreement.nodeId), 'one key signs and agrees')
    this.#options = options
    this.#protocol = directedProtocol(options.networkId)
    this.#windows = new ReplayWindows({ isMember: options.isMember })
    options.network.serve(this.#protocol, { ...DIRECTED_LIMITS, handle: (handed) => this.#take(handed) })
  }

  /** Handles messages of one kind (MESSAGE_KIND). One handler a kind. */
  onMessage(kind: string, handler: DirectedHandler): Cancel {
    assert(MESSAGE_KIND.test(kind) && !this.#handlers.has(kind), kind)
    this.#handlers.set(kind, handler)
    return () => {
      if (this.#handlers.get(kind) === handler) this.#handlers.delete(kind)
    }
  }

  /**
   * Sends at most `MESSAGE_BODY_BYTES_MAX` bytes to a node, straight or through `via`, and resolves when its room has taken them.
   * Rejects as `Network.request` does (`TC_NET_REFUSED` also where the carrier has no connection to the recipient), with
   * `TC_NET_UNREACHABLE` for what is no node id, or as signer and sequences do.
   */
  async send(
    recipient: string,
    bytes: Uint8Array,
    options: { readonly kind: string; readonly via?: PeerId; readonly signal: AbortSignal },
  ): Promise<void> {
    if (this.#closed) throw closed()
    const { kind, via, signal } = options
    const bytesMax = MESSAGE_BODY_BYTES_MAX
    if (bytes.length > bytesMax) throw tooLarge(this.#protocol, { bytes: bytes.length, bytesMax })
    const key = parseNodeId(recipient)
    if (key.verdict !== 'accept') throw unreachable(recipient)
    const { signer, random, networkId, sequences, network } = this.#options
    const ends = { signer, random, networkId, recipient: key.value }
    const sealed = await sealMessage({ ...ends, sequence: await sequences.next(), kind, body: bytes })
    if (sealed === undefined) throw unreachable(recipient)
    await network.request(via ?? recipient, this.#protocol, { body: () => sealed, responseBytesMax: 0, signal })
  }

  /** Takes and carries nothing more. The network belongs to whoever opened it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#handlers.clear()
  }

  async #take(handed: Handed): Promise<Answer> {
    const { networkId, isMember, network } = this.#options
    const read = readSealedMessage(handed.bytes, networkId)
    if (read.verdict !== 'accept') return read
    const sender = nodeIdText(read.value.sender)
    const recipient = nodeIdText(read.value.recipient)
    if (![handed.from, sender, recipient].every((node) => isMember(node))) return reject('not-member')
    if (recipient !== network.peerId) return this.#carry(handed, { sender, recipient })
    const heard = await this.#open(read.value, handed.signal)
    if (heard.verdict === 'accept') return accept(TAKEN)
    // What is wrong with a message that was carried is not its carrier's doing, who cannot look into it; but who brings its own
    // has itself sealed it wrongly.
    if (handed.from !== sender) return ignore(heard.reason)
    return SENDERS_FAULT.has(heard.reason) ? reject(heard.reason) : heard
  }

  /** Hands on, once, what its sender brought. */
  async #carry(handed: Handed, ends: { readonly sender: string; readonly recipient: string }): Promise<Answer> {
    const { network, time } = this.#options
    const { sender, recipient } = ends
    if (handed.from !== sender) return reject('too-many-hops')
    if (this.#closed || !network.peers().includes(recipient)) return ignore('recipient-away')
    if (!this.#senders.take(sender, time.elapsedNs())) return ignore('carried-too-fast')
    if (this.#carried >= CARRIED_MAX) return ignore('busy')
    this.#carried += 1
    try {
      const body = (): Uint8Array => handed.bytes
      await network.request(recipient, this.#protocol, { body, responseBytesMax: 0, signal: handed.signal })
      return accept(TAKEN)
    } catch (error) {
      if (error instanceof ChimerError) return ignore('recipient-away')
      throw error
    } finally {
      this.#carried -= 1
    }
  }

  async #open(message: SealedMessage, signal: AbortSignal): Promise<Admission<null>> {
    const from = nodeIdText(message.sender)
    const opened = await openSealedMessage(message, this.#options.agreement)
    if (opened.verdict !== 'accept') return opened
    const { kind, sequence, body }: OpenedMessage = opened.value
    const handler = this.#handlers.get(kind)
    if (handler === undefined) return ignore('unknown-kind')
    const fault = this.#windows.take(from, sequence)
    if (fault !== undefined) return ignore(fault)
    if (!this.#authors.take(from, this.#options.time.elapsedNs())) return ignore('author-too-fast')
    return handler({ from, bytes: body, signal })
  }
}
