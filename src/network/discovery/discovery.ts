/**
 * Discovery: the shell that joins the cores of this folder to a Network. It takes in records by gossip and by exchange, makes
 * our own, performs what the maintenance says, and knows who is responsible for a key. No lookups over the network: whoever
 * holds the list computes.
 *
 * Source: seed 004 "Peer Discovery", DESIGN §5.7. Rules: docs/spec/network.md N-20 to N-34.
 * Not promised: a connection to anybody, or that two nodes hold the same list at one instant.
 */
import { BoundedMap, ChimerError, abortAfter } from '../../base/index.ts'
import type { Cancel, Random, Tai, Time } from '../../base/index.ts'
import type { RendezvousNode, Signer } from '../../crypto/index.ts'
import { isLocalAddress } from '../address-group.ts'
import type { Network, PeerId } from '../port.ts'
import { crash } from '../serving.ts'
import type { CompressedRequests } from '../versions/compressed-requests.ts'
import { AddressTables, placeGroup } from './address-tables.ts'
import type { TableSizes } from './address-tables.ts'
import { Bootstrap } from './bootstrap.ts'
import type { BootstrapFindings, BootstrapWay } from './bootstrap.ts'
import { viewOf } from './discovery-view.ts'
import type { DiscoveryView } from './discovery-view.ts'
import { WANTED_MAX } from './exchange.ts'
import { Maintenance } from './maintenance.ts'
import type { Effect, Sight } from './maintenance.ts'
import { chooseAnchors } from './outbound.ts'
import type { OutboundPeer } from './outbound.ts'
import { OwnRecord } from './own-record.ts'
import type { OwnStatement } from './own-record.ts'
import { DISCOVERY_PARAMETERS } from './parameters.ts'
import type { DiscoveryParameters } from './parameters.ts'
import { PeerBook } from './peer-book.ts'
import { RecordOpener, peerOfAddress, usableAddresses } from './peer-record.ts'
import type { PeerRecord, SealedRecord } from './peer-record.ts'
import { memoryOf, restoreTables } from './peers-memory.ts'
import type { PeersMemory } from './peers-memory.ts'
import { RecordTraffic } from './record-traffic.ts'
import { Responsibility } from './responsibility.ts'

/** Between two writings of what is kept over restarts, ns. */
const KEEP_NS = 300_000_000_000n
/** Peers found by bootstrap ways that are remembered as such. */
const INTRODUCERS_MAX = 1024
/** Peers of whom is remembered when they were asked last. */
const ASKED_MAX = 1024
/** Bootstrap addresses without a peer id that are dialled in one round. */
const NAMELESS_DIALS_MAX = 16
/** The group of what our operator told us: no record can come from it. */
const OPERATOR_GROUP = 'operator'

export interface DiscoveryOptions {
  readonly time: Time
  readonly random: Random
  readonly network: Network
  /** Over the same network: how records are asked for, compressed where both ends can. */
  readonly requests: Pick<CompressedRequests, 'ask' | 'serve'>
  readonly networkId: Uint8Array
  readonly signer: Signer
  /** What the own clock reads, TAI ns; undefined without the time: then nothing is judged by it and no own record made. */
  readonly now: () => Tai | undefined
  readonly own: () => OwnStatement
  readonly bootstrap: readonly BootstrapWay[]
  /** What an earlier life kept; without it a secret is drawn. */
  readonly memory?: PeersMemory | undefined
  /** Called at times and at the end with what to keep. */
  readonly onMemory?: ((memory: PeersMemory) => Promise<void>) | undefined
  /** Members of the network with their weights; empty: whoever has a fresh record, all alike. */
  readonly members?: (() => readonly RendezvousNode[]) | undefined
  readonly parameters?: Partial<DiscoveryParameters> | undefined
  readonly sizes?: TableSizes | undefined
  /** One that several nodes of this process share; without it the node has its own. */
  readonly opener?: RecordOpener | undefined
}

export class Discovery implements AsyncDisposable {
  readonly #options: DiscoveryOptions
  readonly #parameters: DiscoveryParameters
  readonly #secret: Uint8Array
  readonly #tables: AddressTables
  readonly #book: PeerBook
  readonly #own: OwnRecord
  readonly #maintenance: Maintenance
  readonly #traffic: RecordTraffic
  readonly #bootstrap: Bootstrap
  readonly #responsibility: Responsibility
  readonly #asked = new BoundedMap<PeerId, bigint>(ASKED_MAX)
  readonly #background = new Set<Promise<unknown>>()
  readonly #introducers = new Set<PeerId>()
  readonly #closing = new AbortController()
  #cancelStep: Cancel = () => {}
  #cancelPeers: Cancel = () => {}
  #keptNs: bigint
  #isStepping = false
  /** Have records or members changed since `responsible` was last asked? */
  #isStale = true

  constructor(options: DiscoveryOptions) {
    const { time, random, network, networkId, signer, memory } = options
    this.#options = options
    this.#parameters = { ...DISCOVERY_PARAMETERS, ...options.parameters }
    this.#secret = memory?.secret ?? random.bytes(32)
    this.#tables = new AddressTables({
      secret: this.#secret,
      ...(options.sizes === undefined ? {} : { sizes: options.sizes }),
    })
    if (memory !== undefined) restoreTables(this.#tables, memory)
    this.#responsibility = new Responsibility()
    const isMember = (peer: PeerId): boolean => this.#responsibility.isMember(peer)
    const { slackNs, recordLifeNs, bootstrapWayNsMax } = this.#parameters
    this.#book = new PeerBook({ random, tables: this.#tables, self: network.peerId, isMember, slackNs })
    this.#own = new OwnRecord({ signer, networkId, lifeNs: recordLifeNs })
    this.#maintenance = new Maintenance({
      random,
      tables: this.#tables,
      parameters: this.#parameters,
      anchors: memory?.anchors.map(({ peer }) => peer) ?? [],
      elapsedNs: time.elapsedNs(),
    })
    this.#bootstrap = new Bootstrap({ time, ways: options.bootstrap, nsMax: bootstrapWayNsMax })
    this.#traffic = new RecordTraffic({
      ...options,
      book: this.#book,
      opener: options.opener ?? new RecordOpener(networkId),
      own: () => this.#own.current,
      acceptLocal: () => this.#acceptsLocal(),
      missed: () => this.#missed(),
      onRecord: (sealed) => this.#remember(sealed),
      inBackground: (work) => this.#inBackground(work),
    })
    this.#keptNs = time.elapsedNs()
  }

  /** Joins topic and protocol and begins; resolves before anybody is found. */
  async start(): Promise<void> {
    this.#readMembers()
    this.#traffic.open()
    this.#cancelPeers = this.#options.network.onPeer(({ peer, connected }) => {
      if (connected) this.#greet(peer)
      this.#wake()
    })
    for (const { peer } of this.#options.network.connections()) this.#greet(peer)
    this.#step()
  }

  /** Records that are true now, without our own. */
  records(): readonly PeerRecord[] {
    return this.#book.fresh(this.#options.now()).map(({ record }) => record)
  }

  /** The newest record of a peer; our own too. */
  record(peer: PeerId): PeerRecord | undefined {
    if (peer === this.#options.network.peerId) return this.#own.current?.record
    return this.#book.get(peer)?.record
  }

  view(): DiscoveryView {
    return viewOf({
      tables: this.#tables,
      book: this.#book,
      maintenance: this.#maintenance,
      outbound: this.#sight().outbound,
      anchors: this.#anchors(),
      nowTai: this.#options.now(),
      ownExpiresTai: this.#own.current?.record.expiresTai,
      bootstrap: this.#bootstrap.outcomes(),
    })
  }

  /** The `count` peers responsible for `key`, best first: members with a fresh record, and ourselves, by weight. */
  responsible(key: Uint8Array, count: number): readonly PeerId[] {
    this.#readMembers()
    if (this.#isStale) this.#responsibility.setRecords(this.#trueRecords())
    this.#isStale = false
    return this.#responsibility.pick(key, count)
  }

  /** Stops, waits for what is under way, and hands out what is to be kept. The network stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return
    const memory = this.#memory()
    this.#closing.abort()
    this.#cancelStep()
    this.#cancelPeers()
    this.#traffic.close()
    await Promise.all(this.#background)
    await this.#options.onMemory?.(memory)
    for (const way of this.#options.bootstrap) await way[Symbol.asyncDispose]?.()
  }

  #step(): void {
    this.#cancelStep()
    if (this.#closing.signal.aborted || this.#isStepping) return
    this.#isStepping = true
    const { time, now } = this.#options
    const elapsedNs = time.elapsedNs()
    this.#readMembers()
    if (this.#book.sweep(now()) > 0) this.#isStale = true
    this.#inBackground(this.#refreshOwn())
    if (elapsedNs - this.#keptNs >= KEEP_NS) {
      this.#keptNs = elapsedNs
      this.#inBackground(this.#options.onMemory?.(this.#memory()) ?? Promise.resolve())
    }
    const { effects, nextNs } = this.#maintenance.step(this.#sight())
    for (const effect of effects) this.#perform(effect)
    this.#cancelStep = time.schedule(nextNs, () => this.#step())
    this.#isStepping = false
  }

  /** Something changed: steps soon, and once for all that changes until then. */
  #wake(): void {
    if (this.#closing.signal.aborted || this.#isStepping) return
    this.#cancelStep()
    this.#cancelStep = this.#options.time.schedule(this.#parameters.stepNsMin / 5n, () => this.#step())
  }

  #perform(effect: Effect): void {
    if (effect.type === 'dial') this.#inBackground(this.#dial(effect.peer, effect.addresses))
    else if (effect.type === 'disconnect') this.#options.network.disconnect(effect.peer, effect.reason)
    else if (effect.type === 'ask') this.#ask(effect.peer)
    else this.#inBackground(this.#bootstrap.run((found) => this.#found(found)))
  }

  async #dial(peer: PeerId, addresses: readonly string[]): Promise<void> {
    this.#options.network.remember(peer, addresses)
    const isAnswered = (await this.#connect({ peer })) !== undefined
    if (this.#closing.signal.aborted) return
    const effects = this.#maintenance.dialled(peer, isAnswered, this.#sight())
    for (const effect of effects) this.#perform(effect)
    this.#wake()
  }

  /** Who answered, or nothing. */
  async #connect(target: { readonly peer: PeerId } | { readonly address: string }): Promise<PeerId | undefined> {
    const deadline = abortAfter(this.#options.time, this.#parameters.dialNsMax)
    try {
      const signal = AbortSignal.any([deadline.signal, this.#closing.signal])
      return await this.#options.network.connect(target, { signal })
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      return undefined
    } finally {
      deadline.cancel()
    }
  }

  /** What a bootstrap way found. Addresses with a peer id become entries to dial; others are dialled as they are. */
  #found({ addresses, records }: BootstrapFindings): void {
    const { network } = this.#options
    for (const bytes of records) this.#traffic.take(bytes, network.peerId)
    const nameless: string[] = []
    for (const address of addresses) {
      const peer = peerOfAddress(address)
      if (peer !== undefined) this.#introduce(peer)
      if (peer === undefined) nameless.push(address)
      else if (this.#tables.get(peer) === undefined) this.#learn(peer, [address])
    }
    const connected = new Set(network.connections().map(({ address }) => address.replace(/\/p2p\/[^/]+$/, '')))
    const dials = nameless.filter((address) => !connected.has(address)).slice(0, NAMELESS_DIALS_MAX)
    for (const address of dials) this.#inBackground(this.#dialNameless(address))
    this.#wake()
  }

  async #dialNameless(address: string): Promise<void> {
    const peer = await this.#connect({ address })
    if (peer === undefined || this.#closing.signal.aborted) return
    this.#introduce(peer)
    if (this.#tables.get(peer) === undefined) this.#learn(peer, [address])
    this.#tables.answered(peer, this.#options.time.elapsedNs(), address)
  }

  #introduce(peer: PeerId): void {
    if (this.#introducers.size < INTRODUCERS_MAX) this.#introducers.add(peer)
  }

  #learn(peer: PeerId, addresses: readonly string[]): void {
    const { network, random, time } = this.#options
    if (peer === network.peerId) return
    this.#tables.add({ peer, addresses, sourceGroup: OPERATOR_GROUP }, random, time.elapsedNs())
  }

  /** A peer has come: where we dialled it, it answered; and it is asked for records, unless it was lately. */
  #greet(peer: PeerId): void {
    const { network, time } = this.#options
    const dialled = network
      .connections()
      .find((connection) => connection.peer === peer && connection.direction === 'outbound')
    if (dialled !== undefined && this.#tables.get(peer) === undefined) this.#learn(peer, [dialled.address])
    if (dialled !== undefined) this.#tables.answered(peer, time.elapsedNs(), dialled.address)
    if (dialled !== undefined || this.#tables.size <= this.#parameters.fullMeshMax) this.#ask(peer)
  }

  #ask(peer: PeerId): void {
    const elapsedNs = this.#options.time.elapsedNs()
    const askedNs = this.#asked.get(peer)
    if (askedNs !== undefined && elapsedNs - askedNs < this.#parameters.askNsMin) return
    this.#asked.set(peer, elapsedNs)
    this.#inBackground(this.#question(peer))
  }

  async #question(peer: PeerId): Promise<void> {
    const deadline = abortAfter(this.#options.time, this.#parameters.dialNsMax)
    try {
      await this.#traffic.ask(peer, AbortSignal.any([deadline.signal, this.#closing.signal]))
      if (!this.#closing.signal.aborted) this.#wake()
    } catch (error) {
      // Who does not answer is asked again in its turn; what it did wrong is on the network's account.
      if (!(error instanceof ChimerError)) throw error
    } finally {
      deadline.cancel()
    }
  }

  #sight(): Sight {
    const { network, time } = this.#options
    const connections = network.connections()
    const dialled = new Set(connections.filter(({ direction }) => direction === 'outbound').map(({ peer }) => peer))
    const scores = new Map(network.standings(dialled).map(({ peer, score }) => [peer, score]))
    const outbound = new Map<PeerId, OutboundPeer>()
    for (const { peer, address, direction, openedNs } of connections) {
      if (direction !== 'outbound' || outbound.has(peer)) continue
      outbound.set(peer, { peer, group: placeGroup(address), sinceNs: openedNs, score: scores.get(peer) ?? 0 })
    }
    return {
      elapsedNs: time.elapsedNs(),
      connected: new Set(connections.map(({ peer }) => peer)),
      outbound: [...outbound.values()],
      introducers: this.#introducers,
    }
  }

  #anchors(): readonly PeerId[] {
    const { anchorsMax, anchorAgeNsMin, scoreMin } = this.#parameters
    const { outbound, elapsedNs } = this.#sight()
    return chooseAnchors(outbound, { count: anchorsMax, sinceNsMax: elapsedNs - anchorAgeNsMin, scoreMin })
  }

  #memory(): PeersMemory {
    return memoryOf(this.#secret, this.#tables, this.#anchors())
  }

  #readMembers(): void {
    const members = this.#options.members?.()
    if (members !== undefined && this.#responsibility.setMembers(members)) this.#isStale = true
  }

  #trueRecords(): readonly SealedRecord[] {
    const own = this.#own.current
    return [...(own === undefined ? [] : [own]), ...this.#book.fresh(this.#options.now())]
  }

  #missed(): readonly Uint8Array[] {
    return this.#responsibility.missed((peer) => this.record(peer) !== undefined, WANTED_MAX)
  }

  /** Members are dialled on demand (witnesses ask subjects), so the network is told where they are. */
  #remember({ peer, record }: SealedRecord): void {
    this.#isStale = true
    const addresses = usableAddresses(record.addresses, this.#acceptsLocal())
    if (addresses.length > 0 && this.#responsibility.isMember(peer)) this.#options.network.remember(peer, addresses)
    if (this.#tables.size <= this.#parameters.fullMeshMax) this.#wake()
  }

  /** Where all that we listen on is local, local addresses of others mean something. */
  #acceptsLocal(): boolean {
    const { addresses } = this.#options.own()
    return addresses.length > 0 && addresses.every(isLocalAddress)
  }

  async #refreshOwn(): Promise<void> {
    const { now, own, time } = this.#options
    const nowTai = now()
    if (nowTai === undefined) return
    const made = await this.#own.refresh(own(), nowTai, time.elapsedNs())
    if (made === undefined || this.#closing.signal.aborted) return
    this.#isStale = true
    await this.#traffic.publish(made)
  }

  /** Runs what nobody waits for, until the end waits for it. What the world does to it is nobody's fault; a bug is one. */
  #inBackground(work: Promise<unknown>): void {
    const quiet = work.catch((error: unknown) => {
      if (!(error instanceof ChimerError)) crash(error)
    })
    this.#background.add(quiet)
    void quiet.finally(() => this.#background.delete(quiet))
  }
}
