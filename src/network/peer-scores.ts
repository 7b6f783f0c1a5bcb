/**
 * How much a node thinks of its peers, and why. What a peer does on a channel adds points or costs some; all points fade by
 * half over a time of their own; the sum decides whether the peer is chosen, merely borne, or shut out. Every sum can be
 * taken apart again: `standing` names channel, reason and points.
 *
 * Sources: libp2p specs `pubsub/gossipsub/gossipsub-v1.1.md` (scores by topic, decay, thresholds, a cap on what good
 * deeds earn); seed 004 (reputation of peers). Rules: docs/spec/network.md N-10, N-50 and N-51. Time is passed in and faded
 * lazily, so that nothing ticks.
 *
 * Not promised: anything about keys, which cost nothing. A flooder with many of them is held by places and by the rate of its
 * group. Verdicts that depend on the receiver's own clock must be `ignore`, whose cost is capped, or a node with a bad clock
 * would shut out everybody who is right (N-9).
 */
import assert from 'node:assert/strict'
import { PeerAccount } from './peer-account.ts'
import { BORNE_SCORE_MIN, CHANNEL_SCORING, SCORE_WEIGHTS, SHUT_OUT_NS } from './score-weights.ts'
import type { PeerId, PeerStanding } from './port.ts'
import type { ChannelScoring, ScoreName } from './score-weights.ts'

/** Scores of at most `peersMax` peers. Where more come, those that stand best and are not `kept` are forgotten first. */
export class PeerScores {
  readonly #peersMax: number
  readonly #isKept: (peer: PeerId) => boolean
  readonly #accounts = new Map<PeerId, PeerAccount>()
  readonly #channels = new Map<string, ChannelScoring>()

  constructor(options: { readonly peersMax: number; readonly isKept?: (peer: PeerId) => boolean }) {
    assert(Number.isSafeInteger(options.peersMax) && options.peersMax >= 1)
    this.#peersMax = options.peersMax
    this.#isKept = options.isKept ?? (() => false)
  }

  /** Peers remembered. */
  get size(): number {
    return this.#accounts.size
  }

  /** From now on, for one of our own channels; the owner bounds how many there are. */
  setChannel(channel: string, scoring: Partial<ChannelScoring>): void {
    const { weight, meritMax, ignoredShareMax } = { ...CHANNEL_SCORING, ...scoring }
    assert(weight >= 0 && weight <= 100 && ignoredShareMax >= 0 && ignoredShareMax <= 1)
    assert(meritMax >= 0 && meritMax <= SCORE_WEIGHTS['first-delivery'].sumMax)
    this.#channels.set(channel, { weight, meritMax, ignoredShareMax })
  }

  forgetChannel(channel: string): void {
    this.#channels.delete(channel)
  }

  /** `peer` did something on `channel`. True exactly when this shuts it out. */
  note(peer: PeerId, channel: string, what: ScoreName, elapsedNs: bigint): boolean {
    const account = this.#account(peer, elapsedNs)
    const cost = account.note(channel, what, { scoring: this.#channels.get(channel) ?? CHANNEL_SCORING, elapsedNs })
    if (cost >= 0 || account.isShutOut(elapsedNs)) return false
    if (account.score(elapsedNs) >= BORNE_SCORE_MIN) return false
    account.shutOutUntilNs = elapsedNs + SHUT_OUT_NS
    return true
  }

  /** Counts what became of something that it said. `reason` of what was dropped. */
  count(peer: PeerId, verdict: 'accept' | 'ignore' | 'reject', elapsedNs: bigint, reason?: string): void {
    this.#account(peer, elapsedNs).count(verdict, reason)
  }

  /** The sum of all its points at `elapsedNs`; 0 for a stranger. */
  score(peer: PeerId, elapsedNs: bigint): number {
    return this.#accounts.get(peer)?.score(elapsedNs) ?? 0
  }

  isShutOut(peer: PeerId, elapsedNs: bigint): boolean {
    return this.#accounts.get(peer)?.isShutOut(elapsedNs) ?? false
  }

  isKnown(peer: PeerId): boolean {
    return this.#accounts.has(peer)
  }

  /** How a peer stands, and why; of a stranger too. */
  standing(peer: PeerId, elapsedNs: bigint): PeerStanding {
    return (this.#accounts.get(peer) ?? new PeerAccount()).standing(peer, elapsedNs)
  }

  /** All that are remembered, and those asked for besides, worst first. */
  standings(elapsedNs: bigint, besides: Iterable<PeerId> = []): readonly PeerStanding[] {
    return this.standingsOf(new Set([...this.#accounts.keys(), ...besides]), elapsedNs)
  }

  /** These only, worst first. */
  standingsOf(peers: Iterable<PeerId>, elapsedNs: bigint): readonly PeerStanding[] {
    return [...peers].map((peer) => this.standing(peer, elapsedNs)).toSorted((a, b) => a.score - b.score)
  }

  #account(peer: PeerId, elapsedNs: bigint): PeerAccount {
    const known = this.#accounts.get(peer)
    if (known !== undefined) return known
    if (this.#accounts.size >= this.#peersMax) this.#forget(elapsedNs)
    const account = new PeerAccount()
    this.#accounts.set(peer, account)
    return account
  }

  /**
   * An eighth at a time, so that a stream of new keys costs no search each: first who is neither kept nor shut out, the best
   * first, among equals the longest known. Where all are, the best of them all the same.
   */
  #forget(elapsedNs: bigint): void {
    const ranked = [...this.#accounts]
      .map(([peer, account]) => ({
        peer,
        isHeld: account.isShutOut(elapsedNs) || this.#isKept(peer),
        score: account.score(elapsedNs),
      }))
      .toSorted((a, b) => Number(a.isHeld) - Number(b.isHeld) || b.score - a.score)
    for (const { peer } of ranked.slice(0, Math.ceil(this.#peersMax / 8))) this.#accounts.delete(peer)
  }
}
