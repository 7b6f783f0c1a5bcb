/** One peer of an in-memory hub: the Network port over links that are plain calls. Made by `in-memory.ts` only. */
import assert from 'node:assert/strict'
import { BoundedMap, NS_PER_SEC, ignore } from '../../base/index.ts'
import { closed, refused, timedOut, tooLarge, unreachable } from '../failures.ts'
import { Inbound, Listeners } from '../inbound.ts'
import { Answering, judge } from '../serving.ts'
import { messageId, messageIdText } from './message-id.ts'
import type { Admission, Cancel, Time } from '../../base/index.ts'
import type { Network, PeerId, ProtocolOptions, RefusalEvent, TopicOptions } from '../port.ts'
import type { NetworkReason } from '../refusals.ts'

/** Message ids remembered against duplicates. */
const SEEN_MAX = 65_536
/** A handler that has not answered by then is given up, ns. */
const ANSWER_NS_MAX = 10n * NS_PER_SEC

/** What a peer needs of its hub. */
export interface PeerHub {
  readonly time: Time
  /** Runs `arrive` after the link's delay, or never. */
  carry(from: PeerId, to: PeerId, arrive: () => void): void
  disconnect(a: PeerId, b: PeerId): void
  left(peerId: PeerId): void
}

interface Link {
  up: boolean
}

interface Neighbour {
  readonly peer: InMemoryNetwork
  readonly link: Link
  /** Fail what waits for this neighbour. */
  readonly waiting: Set<(error: Error) => void>
}

interface Served {
  readonly options: ProtocolOptions
  readonly answering: Answering
}

export class InMemoryNetwork implements Network {
  readonly peerId: PeerId
  readonly #hub: PeerHub
  readonly #inbound: Inbound
  readonly #neighbours = new Map<PeerId, Neighbour>()
  readonly #topics = new Map<string, TopicOptions>()
  readonly #protocols = new Map<string, Served>()
  readonly #seen = new BoundedMap<string, true>(SEEN_MAX)
  readonly #peerEvents = new Listeners<{ readonly peer: PeerId; readonly connected: boolean }>()
  #closed = false

  constructor(hub: PeerHub, peerId: PeerId) {
    this.peerId = peerId
    this.#hub = hub
    this.#inbound = new Inbound({
      elapsedNs: () => hub.time.elapsedNs(),
      shutOut: (peer) => hub.disconnect(peerId, peer),
    })
  }

  addresses(): readonly string[] {
    return [`/memory/${this.peerId}/p2p/${this.peerId}`]
  }

  peers(): readonly PeerId[] {
    return [...this.#neighbours.keys()]
  }

  subscribe(topic: string, options: TopicOptions): void {
    this.#inbound.open(topic, { ...options, bytesMax: options.messageBytesMax })
    this.#topics.set(topic, options)
  }

  async publish(topic: string, bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw closed()
    const bytesMax = this.#inbound.bytesMax(topic)
    if (bytes.length > bytesMax) throw tooLarge(topic, { bytes: bytes.length, bytesMax })
    if (this.#isNew(topic, bytes)) this.#flood(topic, bytes.slice(), this.peerId)
  }

  serve(protocol: string, options: ProtocolOptions): void {
    this.#inbound.open(protocol, { ...options, bytesMax: options.requestBytesMax })
    this.#protocols.set(protocol, { options, answering: new Answering() })
  }

  async request(
    peer: PeerId,
    protocol: string,
    options: { readonly body: () => Uint8Array; readonly responseBytesMax: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    if (this.#closed) throw closed()
    if (options.signal.aborted) throw timedOut(peer, protocol, options.signal.reason)
    const neighbour = this.#neighbours.get(peer)
    if (neighbour === undefined) throw unreachable(peer)
    if (!neighbour.peer.#protocols.has(protocol)) throw refused(peer, protocol)
    const bytes = options.body().slice()
    const bytesMax = this.#inbound.bytesMax(protocol)
    if (bytes.length > bytesMax) throw tooLarge(protocol, { bytes: bytes.length, bytesMax })
    const response = await this.#exchange(neighbour, protocol, bytes, options.signal)
    if (response.length <= options.responseBytesMax) return response
    this.#inbound.settle(protocol, peer, { verdict: 'reject', reason: 'too-large' })
    throw tooLarge(protocol, { bytes: response.length, bytesMax: options.responseBytesMax })
  }

  onPeer(listener: (event: { readonly peer: PeerId; readonly connected: boolean }) => void): Cancel {
    return this.#peerEvents.add(listener)
  }

  onRefusal(listener: (event: RefusalEvent) => void): Cancel {
    return this.#inbound.refusals.add(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const peer of this.peers()) this.#hub.disconnect(this.peerId, peer)
    this.#hub.left(this.peerId)
    this.#peerEvents.clear()
    this.#inbound.refusals.clear()
  }

  /** For the hub. */
  isLinked(peer: PeerId): boolean {
    return this.#neighbours.has(peer)
  }

  /** For the hub. */
  hasShutOut(peer: PeerId): boolean {
    return this.#inbound.isShutOut(peer)
  }

  /** For the hub. */
  linked(peer: InMemoryNetwork, link: Link): void {
    this.#neighbours.set(peer.peerId, { peer, link, waiting: new Set() })
    this.#peerEvents.emit({ peer: peer.peerId, connected: true })
  }

  /** For the hub. */
  unlinked(peer: PeerId): void {
    const neighbour = this.#neighbours.get(peer)
    if (neighbour === undefined) return
    neighbour.link.up = false
    this.#neighbours.delete(peer)
    for (const fail of neighbour.waiting) fail(unreachable(peer))
    this.#peerEvents.emit({ peer, connected: false })
  }

  #isNew(topic: string, bytes: Uint8Array): boolean {
    const id = messageIdText(messageId(topic, bytes))
    if (this.#seen.has(id)) return false
    this.#seen.set(id, true)
    return true
  }

  #flood(topic: string, bytes: Uint8Array, except: PeerId): void {
    for (const { peer, link } of this.#neighbours.values()) {
      if (peer.peerId === except || !peer.#topics.has(topic)) continue
      this.#hub.carry(this.peerId, peer.peerId, () => {
        if (link.up) void peer.#receive(this.peerId, topic, bytes.slice())
      })
    }
  }

  async #receive(from: PeerId, topic: string, bytes: Uint8Array): Promise<void> {
    const options = this.#topics.get(topic)
    assert(options !== undefined)
    if (!this.#isNew(topic, bytes)) return
    if (this.#inbound.admit(topic, from, bytes.length).verdict !== 'accept') return
    const verdict = await judge(() => options.validate({ from, bytes }))
    if (this.#inbound.settle(topic, from, verdict).verdict === 'accept') this.#flood(topic, bytes, from)
  }

  #exchange(neighbour: Neighbour, protocol: string, bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { peer, link, waiting } = neighbour
    const outcome = Promise.withResolvers<Uint8Array>()
    const abandoned = new AbortController()
    const onAbort = (): void => outcome.reject(timedOut(peer.peerId, protocol, signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })
    waiting.add(outcome.reject)
    const answered = (response: Admission<Uint8Array>): void => {
      if (!link.up) return
      if (response.verdict === 'accept') outcome.resolve(response.value.slice())
      else outcome.reject(refused(peer.peerId, protocol))
    }
    this.#hub.carry(this.peerId, peer.peerId, () => {
      if (!link.up) return
      void peer.#answer(this.peerId, protocol, bytes, abandoned.signal).then((response) =>
        this.#hub.carry(peer.peerId, this.peerId, () => answered(response)),
      )
    })
    return outcome.promise.finally(() => {
      signal.removeEventListener('abort', onAbort)
      waiting.delete(outcome.reject)
      abandoned.abort()
    })
  }

  async #answer(from: PeerId, protocol: string, bytes: Uint8Array, gone: AbortSignal): Promise<Admission<Uint8Array>> {
    const served = this.#protocols.get(protocol)
    assert(served !== undefined)
    const admission = this.#inbound.admit(protocol, from, bytes.length)
    if (admission.verdict !== 'accept') return admission
    if (!served.answering.begin(from)) return this.#inbound.settle(protocol, from, ignore('busy'))
    const overdue = new AbortController()
    const cancel = this.#hub.time.schedule(ANSWER_NS_MAX, () => overdue.abort())
    const signal = AbortSignal.any([gone, overdue.signal])
    const reason = (): NetworkReason => (overdue.signal.aborted ? 'timed-out' : 'abandoned')
    try {
      const handle = async (): Promise<Admission<Uint8Array>> => {
        const response = await served.options.handle({ from, bytes, signal })
        assert(response.verdict !== 'accept' || response.value.length <= served.options.responseBytesMax)
        return response
      }
      const response = await judge(handle, { signal, reason })
      return this.#inbound.settle(protocol, from, response)
    } finally {
      cancel()
      served.answering.end(from)
    }
  }
}
