/**
 * Who has a place among a node's connections. There are few, so whoever takes them all decides what the node hears. Places of
 * the node's own choice (outbound) are out of reach of who comes; of the others some are kept for members; one host and
 * one group of addresses get a few only; and where all are taken, the worst goes for a newcomer who adds more.
 *
 * Pure: looks at the connections that stand and says yes, no, or whom to close. Source: Heilman, Kendler, Zohar, Goldberg
 * 2015 §7 (outbound places, groups); Bitcoin Core's choice of whom to evict (the youngest of the most crowded group). Rules:
 * docs/spec/network.md N-54 and N-55.
 *
 * Not promised: anything against who holds addresses in as many groups as there are places.
 */
import { ignore } from '../base/index.ts'
import { LOOPBACK_GROUP, addressGroup, addressHost, isLocalGroup } from './address-group.ts'
import { CHOSEN_SCORE_MIN } from './score-weights.ts'
import type { Connection, PeerId } from './port.ts'

/** Why there is no place, or why a place was taken away. */
export const PLACE_REASONS = ['no-place', 'too-many-from-host', 'too-many-from-group', 'shut-out', 'evicted'] as const
export type PlaceReason = (typeof PLACE_REASONS)[number]

export interface PlacesOptions {
  /** Connections in all, both ways. */
  readonly connectionsMax: number
  /** Those that came from outside. The rest is for own dials. */
  readonly inboundMax: number
  /** Of the inbound places, so many are kept for whom `reservedFor` names. */
  readonly reservedMax: number
  /** Inbound connections of one host; not of loopback. */
  readonly perHostMax: number
  /** Inbound connections of one group of addresses (address-group.ts); not of local ones. */
  readonly perGroupMax: number
  /** Connections of one peer: a second one stands for a moment when both dial at once. */
  readonly perPeerMax: number
  /** Members of the network: their places are kept, they are not counted by host and group, and never evicted. */
  readonly reservedFor: (peer: PeerId) => boolean
}

/**
 * 64: each costs a file descriptor and up to about 2 MB, and a node has 200 MB in all. 16 of them for own dials: twice the 8
 * distinct groups that discovery wants. 8 for members. 4 of a host: a household behind one router. 8 of a group: a sixth of all
 * that may come in, so that an attacker needs addresses in six groups.
 */
export const PLACES: PlacesOptions = {
  connectionsMax: 64,
  inboundMax: 48,
  reservedMax: 8,
  perHostMax: 4,
  perGroupMax: 8,
  perPeerMax: 2,
  reservedFor: () => false,
}

export type Candidate = Pick<Connection, 'peer' | 'address' | 'direction'>

export type Placement =
  | { readonly verdict: 'accept'; readonly evict?: PeerId }
  | { readonly verdict: 'ignore'; readonly reason: PlaceReason }

const ACCEPT: Placement = { verdict: 'accept' }

export class Places {
  readonly #limits: PlacesOptions

  constructor(options: Partial<PlacesOptions>) {
    this.#limits = { ...PLACES, ...options }
  }

  /** May `candidate` have a connection beside those `open`? With `evict`: once all connections of that peer are closed. */
  admit(candidate: Candidate, open: readonly Connection[], scoreOf: (peer: PeerId) => number): Placement {
    const { connectionsMax, perPeerMax } = this.#limits
    if (open.filter(({ peer }) => peer === candidate.peer).length >= perPeerMax) return ignore('no-place')
    const inbound = open.filter(({ direction }) => direction === 'inbound')
    if (candidate.direction === 'outbound')
      return open.length < connectionsMax ? ACCEPT : this.#instead(candidate, inbound, scoreOf, true)
    if (this.#limits.reservedFor(candidate.peer)) return this.#admitMember(candidate, open.length, inbound, scoreOf)
    const crowd = this.#crowd(candidate, inbound)
    if (crowd !== undefined) return ignore(crowd)
    return this.#hasRoom(open.length, inbound) ? ACCEPT : this.#instead(candidate, inbound, scoreOf, false)
  }

  /** Too many from where it comes; members among them are not counted. */
  #crowd({ address }: Candidate, inbound: readonly Connection[]): PlaceReason | undefined {
    const { perHostMax, perGroupMax } = this.#limits
    const strangers = this.#strangers(inbound)
    const group = addressGroup(address)
    const host = addressHost(address)
    const ofHost = strangers.filter((other) => host !== undefined && addressHost(other.address) === host).length
    if (group !== LOOPBACK_GROUP && ofHost >= perHostMax) return 'too-many-from-host'
    const ofGroup = strangers.filter((other) => addressGroup(other.address) === group).length
    return !isLocalGroup(group) && ofGroup >= perGroupMax ? 'too-many-from-group' : undefined
  }

  #admitMember(
    candidate: Candidate,
    openCount: number,
    inbound: readonly Connection[],
    scoreOf: (peer: PeerId) => number,
  ): Placement {
    const { connectionsMax, inboundMax } = this.#limits
    if (openCount < connectionsMax && inbound.length < inboundMax) return ACCEPT
    return this.#instead(candidate, inbound, scoreOf, true)
  }

  #hasRoom(openCount: number, inbound: readonly Connection[]): boolean {
    const { connectionsMax, inboundMax, reservedMax, reservedFor } = this.#limits
    const members = inbound.length - this.#strangers(inbound).length
    const kept = reservedFor === PLACES.reservedFor ? 0 : Math.max(0, reservedMax - members)
    return openCount < connectionsMax && inbound.length < inboundMax - kept
  }

  /**
   * Whom a newcomer replaces: the stranger who stands worst, if that is worse than the newcomer and worse than chosen; else the
   * youngest of the most crowded group, for one who is wanted, or whose own group stays smaller.
   */
  #instead(
    candidate: Candidate,
    inbound: readonly Connection[],
    scoreOf: (peer: PeerId) => number,
    isWanted: boolean,
  ): Placement {
    const strangers = this.#strangers(inbound).filter(({ peer }) => peer !== candidate.peer)
    const [worst] = strangers.map(({ peer }) => ({ peer, score: scoreOf(peer) })).toSorted((a, b) => a.score - b.score)
    if (worst === undefined) return ignore('no-place')
    if (worst.score < CHOSEN_SCORE_MIN && worst.score < scoreOf(candidate.peer))
      return { verdict: 'accept', evict: worst.peer }
    const groups = Map.groupBy(strangers, ({ address }) => addressGroup(address))
    const [crowd = []] = [...groups.values()].toSorted((a, b) => b.length - a.length)
    const own = groups.get(addressGroup(candidate.address))?.length ?? 0
    if (!isWanted && own + 1 >= crowd.length) return ignore('no-place')
    const [youngest] = crowd.toSorted((a, b) => Number(b.openedNs - a.openedNs))
    return youngest === undefined ? ignore('no-place') : { verdict: 'accept', evict: youngest.peer }
  }

  #strangers(inbound: readonly Connection[]): readonly Connection[] {
    return inbound.filter(({ peer }) => !this.#limits.reservedFor(peer))
  }
}
