/**
 * The Network port over a started libp2p node. The shell around the room's core: it hands bytes to `Inbound` and to what
 * the rooms gave it, and turns what libp2p throws into the port's codes.
 *
 * Promises: nothing is read by a room before size, rate and score were checked; a request's `body` is called when its
 * stream is open and agreed. Does not promise delivery: gossip reaches whom it reaches.
 */
import { peerIdFromString } from '@libp2p/peer-id'
import { reject } from '../../base/index.ts'
import { closed, refused, tooLarge } from '../failures.ts'
import { Listeners } from '../inbound.ts'
import { CONNECTION_CHANNEL } from '../refusals.ts'
import { Answering, crash } from '../serving.ts'
import { answer } from './answer.ts'
import { OpenConnections } from './libp2p-connections.ts'
import { Dials } from './libp2p-dials.ts'
import { guardReader } from './libp2p-gossip-reader.ts'
import { GossipWatch } from './libp2p-gossip-watch.ts'
import { boundGossipMemory, forgetter, scoreTopic } from './libp2p-gossip.ts'
import { PING_LIMITS, PING_PROTOCOL, PING_STREAMS_MAX, answerPings } from './libp2p-heartbeat.ts'
import { STREAMS_PER_PROTOCOL_MAX } from './libp2p-options.ts'
import { Requests } from './libp2p-requests.ts'
import { TopicValidators } from './topic-validators.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection as Libp2pConnection, Libp2p } from '@libp2p/interface'
import type { Cancel, Time } from '../../base/index.ts'
import type { Inbound } from '../inbound.ts'
import type { Connection, Network, PeerId, PeerStanding, ProtocolOptions, RefusalEvent, TopicOptions } from '../port.ts'
import type { GateReason } from './libp2p-gate.ts'
import type { Carrier, Libp2pNetwork } from './libp2p.ts'
import type { Services } from './libp2p-options.ts'

/** A connection that is closed in order has this long to say what is still to be said, ms. */
const CLOSE_MS_MAX = 1000

export class Libp2pPeer implements Libp2pNetwork {
  readonly peerId: PeerId
  readonly carriers: readonly Carrier[]
  readonly #time: Time
  readonly #node: Libp2p<Services>
  readonly #inbound: Inbound
  readonly #connections: OpenConnections
  readonly #peerEvents = new Listeners<{ readonly peer: PeerId; readonly connected: boolean }>()
  readonly #topicEvents = new Listeners<{ readonly peer: PeerId; readonly topic: string }>()
  readonly #meshes = new Map<string, Set<PeerId>>()
  readonly #closing = new AbortController()
  readonly #dials: Dials
  readonly #requests: Requests
  #closed: Promise<void> | undefined

  constructor(of: {
    readonly time: Time
    readonly node: Libp2p<Services>
    readonly inbound: Inbound
    readonly carriers: readonly Carrier[]
    readonly dialMsMax: number
  }) {
    const { time, node, inbound } = of
    this.peerId = node.peerId.toString()
    this.carriers = of.carriers
    this.#time = time
    this.#node = node
    this.#inbound = inbound
    this.#connections = new OpenConnections(time, (connection) => this.#cut(connection, 'silent'))
    this.#dials = new Dials(node, { closing: this.#closing.signal, msMax: of.dialMsMax })
    this.#requests = new Requests(inbound, this.#dials, this.#closing.signal)
    this.#listenToConnections()
    this.#listenToGossip(node.services.pubsub)
    this.#servePings()
  }

  addresses(): readonly string[] {
    return this.#node.getMultiaddrs().map(String)
  }

  peers(): readonly PeerId[] {
    return this.#node.getPeers().map(String)
  }

  connections(): readonly Connection[] {
    return this.#connections.list()
  }

  standings(of?: Iterable<PeerId>): readonly PeerStanding[] {
    return this.#inbound.standings(of)
  }

  subscribers(topic: string): readonly PeerId[] {
    return this.#node.services.pubsub.getSubscribers(topic).map(String)
  }

  remember(peer: PeerId, addresses: readonly string[]): void {
    this.#dials.remember(peer, addresses)
  }

  async connect(...[target, { signal }]: Parameters<Network['connect']>): Promise<PeerId> {
    const connection =
      'peer' in target
        ? await this.#dials.toPeer(target.peer, signal)
        : await this.#dials.toAddress(target.address, signal)
    return connection.remotePeer.toString()
  }

  disconnect(peer: PeerId, reason: string): void {
    const open = this.#node.getConnections(peerIdFromString(peer))
    if (open.length === 0) return
    this.#inbound.disconnecting(peer, reason)
    for (const connection of open) {
      const gone = connection.close({ signal: AbortSignal.timeout(CLOSE_MS_MAX) })
      gone.catch(() => connection.abort(refused(peer, CONNECTION_CHANNEL)))
    }
  }

  charge(...[peer, charge]: Parameters<Network['charge']>): void {
    this.#inbound.charge(peer, charge)
  }

  subscribe(topic: string, options: TopicOptions): void {
    const { pubsub } = this.#node.services
    this.#inbound.openTopic(topic, options)
    this.#meshes.set(topic, new Set())
    scoreTopic(pubsub, topic, options)
    pubsub.subscribe(topic)
  }

  unsubscribe(topic: string): void {
    if (!this.#meshes.delete(topic)) return
    this.#inbound.close(topic)
    if (this.#closed === undefined) this.#node.services.pubsub.unsubscribe(topic)
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
      {
        maxInboundStreams: STREAMS_PER_PROTOCOL_MAX,
        maxOutboundStreams: STREAMS_PER_PROTOCOL_MAX,
        runOnLimitedConnection: true,
      },
    )
  }

  request(...[peer, protocol, options]: Parameters<Network['request']>): Promise<Uint8Array> {
    return this.#requests.request(peer, protocol, options)
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

  /** Cuts all connections to a peer at once. */
  hangUp(peer: PeerId): void {
    for (const connection of this.#node.getConnections(peerIdFromString(peer)))
      connection.abort(refused(peer, CONNECTION_CHANNEL))
  }

  /** Closes connections and sockets; open requests fail. Safe to call twice. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort(closed())
    this.#connections.clear()
    await this.#node.stop()
    this.#peerEvents.clear()
    this.#topicEvents.clear()
    this.#inbound.stop()
  }

  /** Closes one connection at once, and counts why. */
  #cut(connection: Libp2pConnection, reason: GateReason): void {
    const peer = connection.remotePeer.toString()
    this.#inbound.disconnecting(peer, reason)
    connection.abort(refused(peer, CONNECTION_CHANNEL))
  }

  #listenToConnections(): void {
    const node = this.#node
    node.addEventListener('connection:open', ({ detail }) => {
      this.#connections.opened(detail)
      this.#inbound.connected(detail.remotePeer.toString(), detail.remoteAddr.toString())
    })
    node.addEventListener('connection:close', ({ detail }) => this.#connections.closed(detail))
    node.addEventListener('peer:connect', ({ detail }) => this.#peerChanged(detail.toString(), true))
    node.addEventListener('peer:disconnect', ({ detail }) => this.#peerChanged(detail.toString(), false))
  }

  #peerChanged(peer: PeerId, connected: boolean): void {
    if (!connected) this.#inbound.disconnected(peer)
    this.#peerEvents.emit({ peer, connected })
    if (connected) return
    for (const mesh of this.#meshes.values()) mesh.delete(peer)
    this.#dials.gone(peer)
  }

  #listenToGossip(pubsub: GossipSub): void {
    pubsub.topicValidators = new TopicValidators(this.#inbound, forgetter(pubsub))
    guardReader({
      pubsub,
      elapsedNs: () => this.#time.elapsedNs(),
      unreadable: (peer) => this.#unreadable(peer),
      flooding: (peer) => void this.#inbound.settle(CONNECTION_CHANNEL, peer, reject('flooding')),
    })
    const watch = new GossipWatch(this.#node, {
      slowReader: (connection) => this.#slowReader(connection),
      unreadable: (connection) => this.#cut(connection, 'unreadable'),
    })
    const emit = (peer: PeerId, topic: string): void => {
      watch.met(peer)
      this.#topicEvents.emit({ peer, topic })
    }
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
    const forget = boundGossipMemory(pubsub)
    pubsub.addEventListener('gossipsub:heartbeat', () => {
      forget()
      watch.look()
    })
  }

  /** Its gossip stream is gone already; without the connection it is made anew, if the peer comes back. */
  #slowReader(connection: Libp2pConnection): void {
    this.#cut(connection, 'slow-reader')
    this.#inbound.note(connection.remotePeer.toString(), CONNECTION_CHANNEL, 'slow-reader')
  }

  /** It was heard and not understood: no honest neighbour says what cannot be decoded. */
  #unreadable(peer: PeerId): void {
    for (const connection of this.#node.getConnections(peerIdFromString(peer))) this.#cut(connection, 'unreadable')
  }

  #servePings(): void {
    this.#inbound.open(PING_PROTOCOL, PING_LIMITS)
    const answerOf = (from: PeerId): boolean => this.#inbound.admit(PING_PROTOCOL, from, 0).verdict === 'accept'
    void this.#node.handle(
      PING_PROTOCOL,
      (stream, { remotePeer }) => answerPings(stream, () => answerOf(remotePeer.toString())),
      { maxInboundStreams: PING_STREAMS_MAX, maxOutboundStreams: PING_STREAMS_MAX, runOnLimitedConnection: true },
    )
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
