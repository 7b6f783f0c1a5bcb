/**
 * A Network in which only peers that were agreed with are served. What rooms join and serve through it waits for the
 * greeting; `inner` is the network that the greetings themselves go over. Rule: docs/spec/network.md N-96.
 *
 * A request waits for the finding, 5 s at most, and so does one of our own: nothing is lost to the moment after connecting.
 * A message of gossip does not wait: it is signed by its author, whoever hands it over, and holding or dropping it would also
 * keep out the same message from others. Only what a refused peer hands over until it is gone is ignored: `not-greeted`.
 */
import { ignore } from '../../base/index.ts'
import type { Cancel } from '../../base/index.ts'
import { peerOfAddress } from '../discovery/peer-record.ts'
import { refused, timedOut, unreachable } from '../failures.ts'
import type { Connection, Network, PeerId, PeerStanding, ProtocolOptions, RefusalEvent, TopicOptions } from '../port.ts'
import type { Greetings } from './greetings.ts'
import { unlessAborted } from './unless-aborted.ts'

type Agreements = Pick<Greetings, 'agreement' | 'isAgreed' | 'isPaused' | 'isRefused'>

export class GreetedNetwork implements Network {
  readonly #inner: Network
  readonly #greetings: Agreements

  /** Both belong to whoever opened them; the greetings are closed first. */
  constructor(inner: Network, greetings: Agreements) {
    this.#inner = inner
    this.#greetings = greetings
  }

  get peerId(): PeerId {
    return this.#inner.peerId
  }

  addresses(): readonly string[] {
    return this.#inner.addresses()
  }

  peers(): readonly PeerId[] {
    return this.#inner.peers()
  }

  connections(): readonly Connection[] {
    return this.#inner.connections()
  }

  standings(of?: Iterable<PeerId>): readonly PeerStanding[] {
    return this.#inner.standings(of)
  }

  remember(peer: PeerId, addresses: readonly string[]): void {
    this.#inner.remember(peer, addresses)
  }

  /** Also rejects with `TC_NET_UNREACHABLE` for a peer that is paused (N-95). */
  async connect(...[target, options]: Parameters<Network['connect']>): Promise<PeerId> {
    const peer = 'peer' in target ? target.peer : peerOfAddress(target.address)
    if (peer !== undefined && this.#greetings.isPaused(peer) && !this.#inner.peers().includes(peer))
      throw unreachable(peer)
    return this.#inner.connect(target, options)
  }

  disconnect(peer: PeerId, reason: string): void {
    this.#inner.disconnect(peer, reason)
  }

  charge(...[peer, charge]: Parameters<Network['charge']>): void {
    this.#inner.charge(peer, charge)
  }

  subscribe(topic: string, options: TopicOptions): void {
    const { validate } = options
    this.#inner.subscribe(topic, {
      ...options,
      validate: (message) => (this.#greetings.isRefused(message.from) ? ignore('not-greeted') : validate(message)),
    })
  }

  unsubscribe(topic: string): void {
    this.#inner.unsubscribe(topic)
  }

  publish(topic: string, bytes: Uint8Array): Promise<void> {
    return this.#inner.publish(topic, bytes)
  }

  serve(protocol: string, options: ProtocolOptions): void {
    const { handle } = options
    this.#inner.serve(protocol, {
      ...options,
      handle: async (request) => {
        const mayAsk = this.#greetings.isAgreed(request.from) || (await this.#greetings.agreement(request.from))
        return mayAsk ? handle(request) : ignore('not-greeted')
      },
    })
  }

  /** Also rejects with `TC_NET_REFUSED` where the greeting came to nothing. */
  async request(...[peer, protocol, options]: Parameters<Network['request']>): Promise<Uint8Array> {
    if (!this.#greetings.isAgreed(peer)) {
      const { signal } = options
      await this.connect({ peer }, { signal })
      const isAgreed = await unlessAborted(this.#greetings.agreement(peer), signal)
      if (isAgreed === undefined) throw timedOut(peer, protocol, signal.reason)
      if (!isAgreed) throw refused(peer, protocol)
    }
    return this.#inner.request(peer, protocol, options)
  }

  onPeer(listener: (event: { readonly peer: PeerId; readonly connected: boolean }) => void): Cancel {
    return this.#inner.onPeer(listener)
  }

  onRefusal(listener: (event: RefusalEvent) => void): Cancel {
    return this.#inner.onRefusal(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }
}
