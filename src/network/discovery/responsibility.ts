/**
 * Who is responsible for a key: weighted rendezvous hashing over the members whose records are true now. Everybody who holds the
 * same records names the same peers, and when a node comes or goes only its own keys move.
 *
 * Source: seed 004 "Rendezvous Hashing for Peer Discovery". Rule: docs/spec/network.md N-34.
 */
import { RendezvousSkeleton, nodeIdText } from '../../crypto/index.ts'
import type { RendezvousNode } from '../../crypto/index.ts'
import type { PeerId } from '../port.ts'
import type { SealedRecord } from './peer-record.ts'

interface Candidate extends RendezvousNode {
  readonly peer: PeerId
}

export class Responsibility {
  #source: readonly RendezvousNode[] = []
  #members: ReadonlyMap<PeerId, Candidate> = new Map()
  #candidates: ReadonlyMap<PeerId, Candidate> = new Map()
  readonly #skeleton = new RendezvousSkeleton<Candidate>()

  /** The members from now on. False, and nothing is done, where they are those that were given last. */
  setMembers(members: readonly RendezvousNode[]): boolean {
    if (isSame(members, this.#source)) return false
    this.#source = members
    this.#members = new Map(
      members.map(({ id, weight }) => {
        const peer = nodeIdText(id)
        return [peer, { id, weight, peer }]
      }),
    )
    return true
  }

  isMember(peer: PeerId): boolean {
    return this.#members.has(peer)
  }

  /** Ids of members that are not `known`, at most `count`. */
  missed(known: (peer: PeerId) => boolean, count: number): readonly Uint8Array[] {
    const missing = [...this.#members.values()].filter(({ peer }) => !known(peer))
    return missing.slice(0, count).map(({ id }) => id)
  }

  /** Whose records are true from now on. Without members all authors weigh alike. Only what changed costs a hash. */
  setRecords(records: readonly SealedRecord[]): void {
    const candidates = new Map<PeerId, Candidate>()
    for (const { peer, record } of records) {
      const stranger = this.#members.size === 0 ? { id: record.nodeId, weight: 1n, peer } : undefined
      const candidate = this.#members.get(peer) ?? stranger
      if (candidate !== undefined) candidates.set(peer, candidate)
    }
    for (const [peer, { id }] of this.#candidates) if (!candidates.has(peer)) this.#skeleton.delete(id)
    for (const [peer, candidate] of candidates)
      if (this.#candidates.get(peer)?.weight !== candidate.weight) this.#skeleton.set(candidate)
    this.#candidates = candidates
  }

  /** At most `count` peers, best first. */
  pick(key: Uint8Array, count: number): readonly PeerId[] {
    return this.#skeleton.pick(key, count).map(({ peer }) => peer)
  }
}

/** The same ids, not only the same bytes: asked at every step, so it must cost nothing. */
const isSame = (a: readonly RendezvousNode[], b: readonly RendezvousNode[]): boolean =>
  a === b || (a.length === b.length && a.every(({ id, weight }, i) => id === b[i]?.id && weight === b[i]?.weight))
