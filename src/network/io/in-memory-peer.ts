/** One peer of an in-memory hub: the Network port over links that are plain calls. Made by `in-memory.ts` only. */
import assert from 'node:assert/strict'
import { BoundedMap, NS_PER_SEC, abortAfter, ignore } from '../../base/index.ts'
import { closed, refused, timedOut, tooLarge, unreachable } from '../failures.ts'
import { Inbound, Listeners } from '../inbound.ts'
import { Answering, judge } from '../serving.ts'
import { Dialler } from './in-memory-links.ts'
import { messageId, messageIdText } from './message-id.ts'
import type { Admission, Cancel } from '../../base/index.ts'
import type { PlacesOptions } from '../places.ts'
import type { Connection, Network, PeerId, PeerStanding, ProtocolOptions, RefusalEvent, TopicOptions } from '../port.ts'
import type { NetworkReason } from '../refusals.ts'
import type { DialHub, Link, Neighbour, Target } from './in-memory-links.ts'

/** Message ids remembered against duplicates. */
const SEEN_MAX = 65_536
/** A handler that has not answered by then is given up, ns. */
const ANSWER_NS_MAX = 10n * NS_PER_SEC

/** What a peer needs of its hub. */
export interface PeerHub extends DialHub {
  readonly places: Partial<PlacesOptions>
  disconnect(a: PeerId, b: PeerId): void
  left(peer: InMemoryNetwork): void
  /** Delay there and back, ns. */
  roundTripNs(a: PeerId, b: PeerId): bigint
}

interface Served {
  readonly options: ProtocolOptions
  readonly answering: Answering
}

export class InMemoryNetwork implements Network {
  readonly peerId: PeerId
  /** Where it is, without the peer id. */
  readonly address: string
  readonly #hub: PeerHub
  readonly #inbound: Inbound
  readonly #dialler: Dialler
  readonly #neighbours = new Map<PeerId, Neighbour>()
  readonly #topics = new Set<string>()
  readonly #protocols = new Map<string, Served>()
  readonly #seen = new BoundedMap<string, true>(SEEN_MAX)
  readonly #peerEvents = new Listeners<{ readonly peer: PeerId; readonly connected: boolean }>()
  #closed = false

  constructor(hub: PeerHub, { peerId, address }: { readonly peerId: PeerId; readonly address: string }) {
    this.peerId = peerId
    this.address = address
    this.#hub = hub
    this.#dialler = new Dialler(hub, this)
    this.#inbound = new Inbound({
      time: hub.time,
      places: hub.places,
      shutOut: (peer) => hub.disconnect(peerId, peer),
    })
  }

  addresses(): readonly string[] {
    return [`${this.address}/p2p/${this.peerId}`]
  }

  peers(): readonly PeerId[] {
    return [...this.#neighbours.keys()]
  }

  connections(): readonly Connection[] {
    return [...this.#neighbours.values()].map(({ peer, direction, openedNs, traffic }) => ({
      peer: peer.peerId,
      address: `${peer.address}/p2p/${peer.peerId}`,
      direction,
      transport: 'memory',
      security: 'none',
      openedNs,
      roundTripNs: this.#hub.roundTripNs(this.peerId, peer.peerId),
      traffic: { ...traffic },
    }))
  }

  standings(of?: Iterable<PeerId>): readonly PeerStanding[] {
    return this.#inbound.standings(of)
  }

  remember(peer: PeerId, addresses: readonly string[]): void {
    this.#dialler.remember(peer, addresses)
  }

  async connect(target: Target, { signal }: { readonly signal: AbortSignal }): Promise<PeerId> {
    if (this.#closed) throw closed()
    return this.#dialler.dial(target, signal)
  }

  disconnect(peer: PeerId, reason: string): void {
    if (!this.isLinked(peer)) return
    this.#inbound.disconnecting(peer, reason)
    this.#hub.disconnect(this.peerId, peer)
  }

  charge(peer: PeerId, charge: { readonly channel: string; readonly reason: string }): void {
    this.#inbound.charge(peer, charge)
  }

  subscribe(topic: string, options: TopicOptions): void {
    this.#inbound.openTopic(topic, options)
    this.#topics.add(topic)
  }

  unsubscribe(topic: string): void {
    this.#topics.delete(topic)
    this.#inbound.close(topic)
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
    if (!this.isLinked(peer)) await this.#dialler.dial({ peer }, options.signal)
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
    this.#dialler.close()
    this.#hub.left(this)
    this.#peerEvents.clear()
    this.#inbound.stop()
  }

  /** For the hub. */
  isLinked(peer: PeerId): boolean {
    return this.#neighbours.has(peer)
  }

  /** For the hub: decides, and makes room. */
  hasPlace(peer: InMemoryNetwork, direction: Connection['direction']): boolean {
    const placement = this.#inbound.place({ peer: peer.peerId, address: peer.address, direction }, this.connections())
    if (placement.verdict !== 'accept') return false
    if (placement.evict !== undefined) this.disconnect(placement.evict, 'evicted')
    return true
  }

  /** For the hub. */
  linked(
    peer: InMemoryNetwork,
    { link, direction }: { readonly link: Link; readonly direction: Connection['direction'] },
  ): void {
    this.#neighbours.set(peer.peerId, {
      peer,
      link,
      direction,
      openedNs: this.#hub.time.elapsedNs(),
      traffic: { bytesIn: 0, bytesOut: 0 },
      waiting: new Set(),
    })
    this.#inbound.connected(peer.peerId, peer.address)
    this.#peerEvents.emit({ peer: peer.peerId, connected: true })
  }

  /** For the hub. */
  unlinked(peer: PeerId): void {
    const neighbour = this.#neighbours.get(peer)
    if (neighbour === undefined) return
    neighbour.link.up = false
    this.#neighbours.delete(peer)
    this.#inbound.disconnected(peer)
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
    for (const neighbour of this.#neighbours.values()) {
      const { peer } = neighbour
      if (peer.peerId === except || !peer.#topics.has(topic)) continue
      this.#send(neighbour, bytes.length, () => peer.#receive(this.peerId, topic, bytes))
    }
  }

  /** Carries bytes to a neighbour, unless the link is cut meanwhile, and counts them at both ends. */
  #send({ peer, link, traffic }: Neighbour, bytesLength: number, arrive: () => void): void {
    traffic.bytesOut += bytesLength
    this.#hub.carry(this.peerId, peer.peerId, () => {
      const there = peer.#neighbours.get(this.peerId)
      if (!link.up || there === undefined) return
      there.traffic.bytesIn += bytesLength
      arrive()
    })
  }

  #receive(from: PeerId, topic: string, bytes: Uint8Array): void {
    if (!this.#isNew(topic, bytes)) return
    const settled = (admission: Admission<null>): void => {
      if (admission.verdict === 'accept') this.#flood(topic, bytes, from)
    }
    const admission = this.#inbound.hear(topic, { from, bytes })
    if (admission instanceof Promise) void admission.then(settled)
    else settled(admission)
  }

  #exchange(neighbour: Neighbour, protocol: string, bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { peer, waiting } = neighbour
    const outcome = Promise.withResolvers<Uint8Array>()
    const abandoned = new AbortController()
    const onAbort = (): void => outcome.reject(timedOut(peer.peerId, protocol, signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })
    waiting.add(outcome.reject)
    const answered = (response: Admission<Uint8Array>): void => {
      if (response.verdict === 'accept') outcome.resolve(response.value.slice())
      else outcome.reject(refused(peer.peerId, protocol))
    }
    this.#send(neighbour, bytes.length, () => {
      const back = peer.#neighbours.get(this.peerId)
      void peer.#answer(this.peerId, protocol, bytes, abandoned.signal).then((response) => {
        const bytesLength = response.verdict === 'accept' ? response.value.length : 0
        if (back !== undefined) peer.#send(back, bytesLength, () => answered(response))
      })
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
    const deadline = abortAfter(this.#hub.time, ANSWER_NS_MAX)
    const signal = AbortSignal.any([gone, deadline.signal])
    const reason = (): NetworkReason => (deadline.signal.aborted ? 'timed-out' : 'abandoned')
    try {
      const handle = async (): Promise<Admission<Uint8Array>> => {
        const response = await served.options.handle({ from, bytes, signal })
        assert(response.verdict !== 'accept' || response.value.length <= served.options.responseBytesMax)
        return response
      }
      const response = await judge(handle, { signal, reason })
      return this.#inbound.settle(protocol, from, response)
    } finally {
      deadline.cancel()
      served.answering.end(from)
    }
  }
}
