/**
 * The door that all bytes from peers pass before anybody reads them: who is shut out, rate, size, the queue of what waits to
 * be judged, the score that follows, and the counting of what did not pass. Both networks (`io/libp2p.ts`,
 * `io/in-memory.ts`) stand behind this one, so that they refuse alike. Rules: docs/spec/network.md N-5 to N-12 and N-50 to
 * N-55.
 *
 * Promises: a room's validator sees nothing that was not admitted; everything refused is reported once, with its reason. A
 * message is judged at once where nothing waits, without a promise in between.
 */
import assert from 'node:assert/strict'
import { BoundedMap, NS_PER_SEC, accept, ignore, reject } from '../base/index.ts'
import { isLocalGroup, addressGroup, UNKNOWN_GROUP } from './address-group.ts'
import { PeerScores } from './peer-scores.ts'
import { Places } from './places.ts'
import { ChannelRates } from './channel-rates.ts'
import { CONNECTION_CHANNEL } from './refusals.ts'
import { CHOSEN_SCORE_MIN, SCORE_WEIGHTS } from './score-weights.ts'
import { FRAME_BYTES_MAX } from './topics.ts'
import { ValidationQueue } from './validation-queue.ts'
import type { Admission, Cancel, Time } from '../base/index.ts'
import type { Candidate, Placement, PlacesOptions } from './places.ts'
import type { Connection, PeerId, PeerStanding, RefusalEvent, TopicOptions } from './port.ts'
import type { NetworkReason } from './refusals.ts'
import type { ScoreName } from './score-weights.ts'
import type { RateLimit } from './token-bucket.ts'

/** Peers remembered by scores and limits; more than connections can exist at once. */
export const PEERS_REMEMBERED_MAX = 4096
/** Topics and protocols of one node. */
export const CHANNELS_MAX = 1024
/** A topic that was left is known for so long, ns: until all neighbours have heard of it, what they say on it is no fault. */
const LEFT_NS = 60n * NS_PER_SEC

/** Calls everybody who listens, in the order in which they came. A listener that throws is a bug of its owner. */
export class Listeners<E> {
  readonly #listeners = new Set<(event: E) => void>()

  add(listener: (event: E) => void): Cancel {
    const entry = (event: E): void => listener(event)
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  emit(event: E): void {
    for (const listener of this.#listeners) listener(event)
  }

  clear(): void {
    this.#listeners.clear()
  }
}

/** What is refused for this node's own reasons, or priced otherwise, says nothing of the peer who handed it over. */
const BLAMELESS: ReadonlySet<string> = new Set([
  'abandoned',
  'busy',
  'group-rate-limited',
  'handler-failed',
  'queue-full',
  'rate-limited',
  'shut-out',
  'timed-out',
  'unknown-topic',
] satisfies readonly NetworkReason[])

interface Channel {
  readonly bytesMax: number
  readonly rates: ChannelRates
  /** Undefined for a protocol. */
  readonly topic: TopicOptions | undefined
}

type Refusal = { readonly verdict: 'ignore' | 'reject'; readonly reason: string }

export interface InboundOptions {
  readonly time: Pick<Time, 'elapsedNs' | 'schedule'>
  /** Called once when a peer's faults have used up all that is borne: close its connections. */
  readonly shutOut: (peer: PeerId) => void
  /** Runs a function in a later turn of the event loop, after what is waiting there; `Time.schedule` of 0 where absent. */
  readonly yieldTurn?: (run: () => void) => void
  /** How many connections there may be, from where; `PLACES` for what is left out. */
  readonly places?: Partial<PlacesOptions>
}

export class Inbound {
  readonly refusals = new Listeners<RefusalEvent>()
  readonly scores: PeerScores
  readonly #elapsedNs: () => bigint
  readonly #shutOut: (peer: PeerId) => void
  readonly #queue: ValidationQueue
  readonly #places: Places
  readonly #channels = new Map<string, Channel>()
  readonly #left = new BoundedMap<string, bigint>(CHANNELS_MAX)
  /** Groups of the connected, by peer; the caller bounds connections. */
  readonly #groups = new Map<PeerId, string>()

  constructor({ time, shutOut, yieldTurn, places = {} }: InboundOptions) {
    this.#elapsedNs = () => time.elapsedNs()
    this.#shutOut = shutOut
    this.scores = new PeerScores({ peersMax: PEERS_REMEMBERED_MAX, isKept: (peer) => this.#groups.has(peer) })
    this.#queue = new ValidationQueue(time, { yieldTurn: yieldTurn ?? ((run) => void time.schedule(0n, run)) })
    this.#places = new Places(places)
  }

  /** Opens a topic, once until it is closed. */
  openTopic(topic: string, options: TopicOptions): void {
    this.#open(topic, { ...options, bytesMax: options.messageBytesMax }, options)
    this.scores.setChannel(topic, options.scoring ?? {})
  }

  /** Opens a protocol, once. `bytesMax` is of a request, at most FRAME_BYTES_MAX. */
  open(protocol: string, limits: RateLimit & { readonly bytesMax: number }): void {
    this.#open(protocol, limits, undefined)
  }

  /** Closes a topic: what waits on it is dropped. Does nothing where it is not open. */
  close(topic: string): void {
    if (!this.#channels.delete(topic)) return
    this.scores.forgetChannel(topic)
    this.#left.set(topic, this.#elapsedNs())
    this.#queue.drop(topic)
  }

  /** The size limit of an open channel, or of any frame where it is not open here. */
  bytesMax(channel: string): number {
    return this.#channels.get(channel)?.bytesMax ?? FRAME_BYTES_MAX
  }

  /**
   * The whole way of a message of gossip, also on a topic that is not open: admitted, queued, judged by its room, settled.
   * `bytes` are copied before anything is kept. Answers at once where nothing waits and the validator does. Never rejects.
   */
  hear(
    topic: string,
    message: { readonly from: PeerId; readonly bytes: Uint8Array },
  ): Admission<null> | Promise<Admission<null>> {
    const { from } = message
    const channel = this.#channels.get(topic)
    const options = channel?.topic
    if (channel === undefined || options === undefined) return this.#hearUnknown(topic, from)
    const nowNs = this.#elapsedNs()
    if (this.scores.isShutOut(from, nowNs)) return this.settle(topic, from, ignore('shut-out'))
    const admission = this.#admit(channel, from, message.bytes.length, nowNs)
    if (admission.verdict !== 'accept') return this.settle(topic, from, admission)
    // A copy: a library's bytes are a view of what the connection received, and would keep all of it.
    const bytes = new Uint8Array(message.bytes)
    const verdict = this.#queue.submit({
      topic,
      priority: options.priority,
      from,
      bytesLength: bytes.length,
      run: () => (this.isShutOut(from) ? ignore('shut-out') : options.validate({ from, bytes })),
    })
    return verdict instanceof Promise
      ? verdict.then((later) => this.#judged(topic, from, later))
      : this.#judged(topic, from, verdict)
  }

  /** May `from` ask this much now? Takes a token; refusals are counted and charged here. For protocols. */
  admit(protocol: string, from: PeerId, bytesLength: number): Admission<null, NetworkReason> {
    const channel = this.#channels.get(protocol)
    assert(channel !== undefined, `${protocol} is not open`)
    return this.#refuse(protocol, from, this.#admit(channel, from, bytesLength, this.#elapsedNs()))
  }

  /** Counts what became of something said by `from`; what was not accepted is reported and priced. Hands it back. */
  settle<A extends Admission<unknown>>(channel: string, from: PeerId, admission: A): A {
    if (admission.verdict === 'accept') this.scores.count(from, 'accept', this.#elapsedNs())
    return this.#refuse(channel, from, admission)
  }

  /** What is found out later, by any room. A reason that is no name of SCORE_REASONS is a rejected message. */
  charge(peer: PeerId, { channel, reason }: { readonly channel: string; readonly reason: string }): void {
    if (isFault(reason)) this.note(peer, channel, reason)
    else this.settle(channel, peer, reject(reason))
  }

  /** Notes a deed, and shuts out who has gone too far. */
  note(peer: PeerId, channel: string, what: ScoreName): void {
    if (!this.scores.note(peer, channel, what, this.#elapsedNs())) return
    this.#report(CONNECTION_CHANNEL, peer, reject('shut-out'))
    this.#shutOut(peer)
  }

  isShutOut(peer: PeerId): boolean {
    return this.scores.isShutOut(peer, this.#elapsedNs())
  }

  /** Points; 0 for a stranger. Below CHOSEN_SCORE_MIN a peer is not chosen. */
  score(peer: PeerId): number {
    return this.scores.score(peer, this.#elapsedNs())
  }

  isChosen(peer: PeerId): boolean {
    return this.score(peer) >= CHOSEN_SCORE_MIN
  }

  /** These, or all peers that are connected or remembered, worst first. */
  standings(of?: Iterable<PeerId>): readonly PeerStanding[] {
    return of === undefined
      ? this.scores.standings(this.#elapsedNs(), this.#groups.keys())
      : this.scores.standingsOf(of, this.#elapsedNs())
  }

  /** Is there a place for a connection? What is refused is reported under `connection`. `open` are all that stand now. */
  place(candidate: Candidate, open: readonly Connection[]): Placement {
    const isShutOut = this.isShutOut(candidate.peer)
    const placement = isShutOut
      ? ignore('shut-out' as const)
      : this.#places.admit(candidate, open, (peer) => this.score(peer))
    if (placement.verdict !== 'accept') this.#report(CONNECTION_CHANNEL, candidate.peer, placement)
    return placement
  }

  /** The peer has a connection, from or to this address. */
  connected(peer: PeerId, address: string): void {
    this.#groups.set(peer, addressGroup(address))
  }

  /** The peer's last connection is gone. */
  disconnected(peer: PeerId): void {
    this.#groups.delete(peer)
  }

  /** This node is about to close its connections to `peer`, and why. */
  disconnecting(peer: PeerId, reason: string): void {
    this.#report(CONNECTION_CHANNEL, peer, ignore(reason))
  }

  /** Drops all that waits and judges nothing more. */
  stop(): void {
    this.#queue.stop()
    this.refusals.clear()
  }

  #open(name: string, limits: RateLimit & { readonly bytesMax: number }, topic: TopicOptions | undefined): void {
    assert(!this.#channels.has(name), `${name} is open already`)
    assert(this.#channels.size < CHANNELS_MAX, 'too many topics and protocols')
    assert(limits.bytesMax >= 1 && limits.bytesMax <= FRAME_BYTES_MAX, 'size limit out of range')
    this.#left.delete(name)
    const rates = new ChannelRates(limits, { isRelayed: topic !== undefined, peersMax: PEERS_REMEMBERED_MAX })
    this.#channels.set(name, { bytesMax: limits.bytesMax, rates, topic })
  }

  #admit(channel: Channel, from: PeerId, bytesLength: number, nowNs: bigint): Admission<null, NetworkReason> {
    const refusal = channel.rates.take(from, this.#sharedGroup(from), nowNs)
    if (refusal !== undefined) return refusal
    return bytesLength > channel.bytesMax ? reject('too-large') : accept(null)
  }

  /** The group whose rate a peer shares. Local ones are exempt: devnets put all on one address; so is what has no address. */
  #sharedGroup(peer: PeerId): string | undefined {
    const group = this.#groups.get(peer)
    return group === undefined || group === UNKNOWN_GROUP || isLocalGroup(group) ? undefined : group
  }

  #judged(topic: string, from: PeerId, verdict: Admission<null>): Admission<null> {
    if (verdict.verdict === 'accept') this.note(from, topic, 'first-delivery')
    return this.settle(topic, from, verdict)
  }

  #hearUnknown(topic: string, from: PeerId): Admission<null> {
    const leftNs = this.#left.get(topic)
    const isLate = leftNs !== undefined && this.#elapsedNs() - leftNs < LEFT_NS
    return this.settle(CONNECTION_CHANNEL, from, isLate ? ignore('unknown-topic') : reject('unknown-topic'))
  }

  #refuse<A extends Admission<unknown>>(channel: string, from: PeerId, admission: A): A {
    if (admission.verdict === 'accept') return admission
    const { verdict, reason } = admission
    this.#report(channel, from, admission)
    this.scores.count(from, verdict, this.#elapsedNs(), reason)
    if (verdict === 'reject') this.note(from, channel, 'rejected')
    else if (reason === 'rate-limited') this.note(from, channel, 'flood')
    else if (!BLAMELESS.has(reason)) this.note(from, channel, 'ignored')
    return admission
  }

  #report(channel: string, from: PeerId, { verdict, reason }: Refusal): void {
    this.refusals.emit({ channel, from, verdict, reason })
  }
}

const isFault = (reason: string): reason is ScoreName =>
  Object.entries(SCORE_WEIGHTS).some(([name, { points }]) => name === reason && points < 0)
