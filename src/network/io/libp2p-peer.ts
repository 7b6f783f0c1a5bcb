/**
 * The Network port over a started libp2p node. The shell around the room's core: it hands bytes to `Inbound` and to what
 * the rooms gave it, and turns what libp2p throws into the port's codes.
 *
 * Promises: nothing is read by a room before size, rate and patience were checked; a request's `body` is called when its
 * stream is open and agreed. Does not promise delivery: gossip reaches whom it reaches.
 */
import assert from 'node:assert/strict'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { ignore, reject } from '../../base/index.ts'
import { closed, refused, timedOut, tooLarge, unreachable } from '../failures.ts'
import { Listeners } from '../inbound.ts'
import { Answering, crash, judge } from '../serving.ts'
import { answer, asError, closeSoon } from './answer.ts'
import { frameOf, readFrame } from './frames.ts'
import { HANDSHAKE_MS_MAX, STREAMS_PER_PROTOCOL_MAX } from './libp2p-options.ts'
import { keepDialling } from './redial.ts'
import { TopicValidators, resultOf } from './topic-validators.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Admission, Cancel, Time } from '../../base/index.ts'
import type { Inbound } from '../inbound.ts'
import type { PeerId, ProtocolOptions, RefusalEvent, TopicOptions } from '../port.ts'
import type { Libp2pNetwork } from './libp2p.ts'
import type { Services } from './libp2p-options.ts'
import type { Redial } from './redial.ts'

type Message = Parameters<TopicOptions['validate']>[0]
type RequestOptions = Parameters<Libp2pNetwork['request']>[2]

export class Libp2pPeer implements Libp2pNetwork {
  readonly peerId: PeerId
  readonly #time: Time
  readonly #node: Libp2p<Services>
  readonly #inbound: Inbound
  readonly #validators: TopicValidators
  readonly #peerEvents = new Listeners<{ readonly peer: PeerId; readonly connected: boolean }>()
  readonly #topicEvents = new Listeners<{ readonly peer: PeerId; readonly topic: string }>()
  readonly #meshes = new Map<string, Set<PeerId>>()
  readonly #closing = new AbortController()
  #redial: Redial | undefined
  #closed: Promise<void> | undefined

  constructor(time: Time, node: Libp2p<Services>, inbound: Inbound) {
    this.peerId = node.peerId.toString()
    this.#time = time
    this.#node = node
    this.#inbound = inbound
    this.#validators = new TopicValidators((from) => resultOf(this.#refuse('unknown-topic', from.toString())))
    node.services.pubsub.topicValidators = this.#validators
    node.addEventListener('peer:connect', ({ detail }) => this.#peerChanged(detail.toString(), true))
    node.addEventListener('peer:disconnect', ({ detail }) => this.#peerChanged(detail.toString(), false))
    this.#listenToGossip(node.services.pubsub)
  }

  addresses(): readonly string[] {
    return this.#node.getMultiaddrs().map(String)
  }

  peers(): readonly PeerId[] {
    return this.#node.getPeers().map(String)
  }

  subscribers(topic: string): readonly PeerId[] {
    return this.#node.services.pubsub.getSubscribers(topic).map(String)
  }

  subscribe(topic: string, options: TopicOptions): void {
    this.#inbound.open(topic, { ...options, bytesMax: options.messageBytesMax })
    this.#validators.set(topic, (peer, { data }) =>
      visibly(async () => resultOf(await this.#hear(topic, options, { from: peer.toString(), bytes: data }))),
    )
    this.#meshes.set(topic, new Set())
    this.#node.services.pubsub.subscribe(topic)
  }

  async publish(topic: string, bytes: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) throw closed()
    const bytesMax = this.#inbound.bytesMax(topic)
    if (bytes.length > bytesMax) throw tooLarge(topic, { bytes: bytes.length, bytesMax })
    await this.#node.services.pubsub.publish(topic, bytes)
  }

  serve(protocol: string, options: ProtocolOptions): void {
    this.#inbound.open(protocol, { ...options, bytesMax: options.requestBytesMax })
    const shared = { time: this.#time, inbound: this.#inbound, protocol, options, answering: new Answering() }
    void this.#node.handle(
      protocol,
      (stream, connection) => visibly(() => answer({ ...shared, from: connection.remotePeer.toString(), stream })),
      { maxInboundStreams: STREAMS_PER_PROTOCOL_MAX, maxOutboundStreams: STREAMS_PER_PROTOCOL_MAX },
    )
  }

  async request(peer: PeerId, protocol: string, options: RequestOptions): Promise<Uint8Array> {
    if (this.#closed !== undefined) throw closed()
    if (options.signal.aborted) throw timedOut(peer, protocol, options.signal.reason)
    const signal = AbortSignal.any([options.signal, this.#closing.signal])
    const connection = await this.#connect(peer, protocol, signal)
    const stream = await this.#openStream(connection, protocol, signal)
    try {
      const response = await this.#exchange({ peer, protocol, stream, connection, options, signal })
      void closeSoon(stream)
      return response
    } catch (error) {
      stream.abort(asError(error))
      throw error
    }
  }

  onPeer(listener: (event: { readonly peer: PeerId; readonly connected: boolean }) => void): Cancel {
    return this.#peerEvents.add(listener)
  }

  onRefusal(listener: (event: RefusalEvent) => void): Cancel {
    return this.#inbound.refusals.add(listener)
  }

  onTopicPeer(listener: (event: { readonly peer: PeerId; readonly topic: string }) => void): Cancel {
    return this.#topicEvents.add(listener)
  }

  meshOf(topic: string): readonly PeerId[] {
    return [...(this.#meshes.get(topic) ?? [])]
  }

  /** Once: dials these for as long as the network is open. */
  stayConnected(addresses: readonly string[]): void {
    assert(this.#redial === undefined)
    this.#redial = keepDialling({
      time: this.#time,
      addresses: addresses.filter((address) => !address.endsWith(`/p2p/${this.peerId}`)),
      dial: async (address, signal) => {
        const limited = AbortSignal.any([signal, AbortSignal.timeout(HANDSHAKE_MS_MAX)])
        const connection = await this.#node.dial(multiaddr(address), { signal: limited })
        return connection.remotePeer.toString()
      },
      isConnected: (peer) => this.peers().includes(peer),
    })
  }

  /** Cuts all connections to a peer at once. */
  hangUp(peer: PeerId): void {
    for (const connection of this.#node.getConnections(peerIdFromString(peer)))
      connection.abort(refused(peer, 'connection'))
  }

  /** Closes connections and sockets; open requests fail. Safe to call twice. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#redial?.stop()
    this.#closing.abort(closed())
    await this.#node.stop()
    this.#peerEvents.clear()
    this.#topicEvents.clear()
    this.#inbound.refusals.clear()
  }

  #peerChanged(peer: PeerId, connected: boolean): void {
    this.#peerEvents.emit({ peer, connected })
    if (connected) return
    for (const mesh of this.#meshes.values()) mesh.delete(peer)
    this.#redial?.gone(peer)
  }

  #listenToGossip(pubsub: GossipSub): void {
    const emit = (peer: PeerId, topic: string): void => this.#topicEvents.emit({ peer, topic })
    pubsub.addEventListener('subscription-change', ({ detail }) => {
      for (const { topic } of detail.subscriptions) emit(detail.peerId.toString(), topic)
    })
    pubsub.addEventListener('gossipsub:graft', ({ detail }) => {
      this.#meshes.get(detail.topic)?.add(detail.peerId)
      emit(detail.peerId, detail.topic)
    })
    pubsub.addEventListener('gossipsub:prune', ({ detail }) => {
      this.#meshes.get(detail.topic)?.delete(detail.peerId)
      emit(detail.peerId, detail.topic)
    })
  }

  async #hear(topic: string, options: TopicOptions, message: Message): Promise<Admission<null>> {
    const { from, bytes } = message
    if (this.#inbound.isShutOut(from)) return this.#inbound.settle(topic, from, ignore('shut-out'))
    const admission = this.#inbound.admit(topic, from, bytes.length)
    if (admission.verdict !== 'accept') return admission
    // A copy: the library's bytes are a view of what the connection received, and would keep all of it.
    const verdict = await judge(() => options.validate({ from, bytes: new Uint8Array(bytes) }))
    return this.#inbound.settle(topic, from, verdict)
  }

  #refuse(reason: 'unknown-topic', from: PeerId): Admission<never> {
    return this.#inbound.settle('connection', from, reject(reason))
  }

  async #connect(peer: PeerId, protocol: string, signal: AbortSignal): Promise<Connection> {
    try {
      const id = peerIdFromString(peer)
      const open = this.#node.getConnections(id).find(({ status }) => status === 'open')
      return open ?? (await this.#node.dial(id, { signal }))
    } catch (error) {
      const isOver = signal.aborted && !this.#closing.signal.aborted
      throw isOver ? timedOut(peer, protocol, error) : unreachable(peer, error)
    }
  }

  async #openStream(connection: Connection, protocol: string, signal: AbortSignal): Promise<Stream> {
    try {
      return await connection.newStream(protocol, { signal, maxOutboundStreams: STREAMS_PER_PROTOCOL_MAX })
    } catch (error) {
      throw this.#failure({ connection, protocol, signal, cause: error })
    }
  }

  async #exchange(call: {
    readonly peer: PeerId
    readonly protocol: string
    readonly stream: Stream
    readonly connection: Connection
    readonly options: RequestOptions
    readonly signal: AbortSignal
  }): Promise<Uint8Array> {
    const { peer, protocol, stream, connection, options, signal } = call
    const { responseBytesMax } = options
    const response = readFrame(stream, { bytesMax: responseBytesMax, signal })
    const body = options.body()
    const bytesMax = this.#inbound.bytesMax(protocol)
    if (body.length > bytesMax) throw tooLarge(protocol, { bytes: body.length, bytesMax })
    try {
      stream.send(frameOf(body))
    } catch (cause) {
      throw this.#failure({ connection, protocol, signal, cause })
    }
    const outcome = await response
    if ('bytes' in outcome) return outcome.bytes
    if (outcome.failure === 'too-large' || outcome.failure === 'malformed')
      this.#inbound.settle(protocol, peer, reject(outcome.failure))
    if (outcome.failure === 'too-large')
      throw tooLarge(protocol, { bytes: outcome.announcedBytes ?? 0, bytesMax: responseBytesMax })
    throw this.#failure({ connection, protocol, signal, cause: undefined })
  }

  /** Why a request came to nothing: our time was up, the peer is gone, or it said no. */
  #failure(of: {
    readonly connection: Connection
    readonly protocol: string
    readonly signal: AbortSignal
    readonly cause: unknown
  }): Error {
    const peer = of.connection.remotePeer.toString()
    if (this.#closing.signal.aborted || of.connection.status !== 'open') return unreachable(peer, of.cause)
    return of.signal.aborted ? timedOut(peer, of.protocol, of.signal.reason) : refused(peer, of.protocol, of.cause)
  }
}

/** libp2p keeps what its callbacks throw to itself; a bug of ours must end the process instead. */
const visibly = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run()
  } catch (error) {
    crash(error)
    throw error
  }
}
