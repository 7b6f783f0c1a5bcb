/**
 * Which decided heights other nodes have, and whom to ask for them: the bookkeeping of a node that was away. Peers are asked in turn; who does not
 * answer is left alone for a while, who answered falsely for long. What has arrived waits here until it is verified and applied, a slice at a time, so
 * that nothing else has to wait long.
 *
 * Rules B-91, B-94 in docs/spec/consensus.md. Verifying is sync-verification.ts'. Not promised: that what a peer says of its height is true; it is
 * believed as long as blocks come.
 */
import { NS_PER_SEC } from '../base/index.ts'
import type { AnsweredBlock, BlocksAnswer } from './questions.ts'
import type { StoredBlock } from './port.ts'

/** Peers whose heights are followed. */
export const PEERS_FOLLOWED_MAX = 256
/** A peer that is this many heights ahead is caught up with; one that is a single height ahead is heard out. */
export const BEHIND_MIN = 2
/** Blocks verified and applied at a time, and their bytes where it is more than one: large ones take some milliseconds each. */
export const SLICE_BLOCKS_MAX = 64
export const SLICE_BYTES_MAX = 131_072
/** No more is asked for while so many wait. */
export const WAITING_BLOCKS_MAX = 512
/** How long a peer is not asked: one that had nothing, that did not answer, that answered falsely. ns. */
export const PAUSE_NS = NS_PER_SEC
export const SILENCE_NS = 10n * NS_PER_SEC
export const LIE_NS = 600n * NS_PER_SEC
/** Each silence after the first doubles the pause, so many times at most. */
const SILENCE_DOUBLINGS_MAX = 5

interface Followed {
  /** The newest height that it is thought to have decided. */
  height: number
  /** It is not asked before this, ns by the node's counter. */
  restsUntilNs: bigint
  /** Questions in a row that it has not answered. */
  silences: number
}

/** A block that has arrived, and whom it is from. */
export interface Arrived {
  readonly from: string
  readonly stored: StoredBlock
}

export class CatchingUp {
  readonly #peers = new Map<string, Followed>()
  #order: readonly string[] = []
  #turn = 0
  #asked: { readonly request: number; readonly peer: string; readonly from: number } | undefined
  #arrived: Arrived[] = []

  /** Whom one can ask now; what was known of others is forgotten. */
  setPeers(peers: readonly string[]): void {
    this.#order = peers.slice(0, PEERS_FOLLOWED_MAX)
    const still = new Set(this.#order)
    for (const peer of this.#peers.keys()) if (!still.has(peer)) this.#peers.delete(peer)
    for (const peer of this.#order)
      if (!this.#peers.has(peer)) this.#peers.set(peer, { height: 0, restsUntilNs: 0n, silences: 0 })
  }

  /** A peer shows that it may have decided a height: more than is known of it is believed until it is asked. True where it is more. */
  heard(peer: string, height: number): boolean {
    const followed = this.#peers.get(peer)
    if (followed === undefined || height <= followed.height) return false
    followed.height = height
    return true
  }

  /** The newest height that a peer is thought to have decided; 0 where it is not followed. */
  heightOf(peer: string): number {
    return this.#peers.get(peer)?.height ?? 0
  }

  /** The next in turn who does not rest. */
  nextPeer(nowNs: bigint, isFit: (peer: string) => boolean = () => true): string | undefined {
    for (let i = 0; i < this.#order.length; i += 1) {
      const place = (this.#turn + i) % this.#order.length
      const peer = this.#order[place]
      const followed = peer === undefined ? undefined : this.#peers.get(peer)
      if (peer === undefined || followed === undefined || followed.restsUntilNs > nowNs || !isFit(peer)) continue
      this.#turn = place + 1
      return peer
    }
    return undefined
  }

  /** The newest height that anybody who can be asked has decided. */
  newest(nowNs: bigint): number {
    let newest = 0
    for (const { height, restsUntilNs } of this.#peers.values())
      if (restsUntilNs <= nowNs && height > newest) newest = height
    return newest
  }

  rest(peer: string, nowNs: bigint, forNs: bigint): void {
    const followed = this.#peers.get(peer)
    if (followed !== undefined) followed.restsUntilNs = nowNs + forNs
  }

  /** A peer has not answered: it rests, each time longer, so that those who never do cost those who do little. */
  restSilent(peer: string, nowNs: bigint): void {
    const followed = this.#peers.get(peer)
    if (followed === undefined) return
    followed.restsUntilNs = nowNs + (SILENCE_NS << BigInt(Math.min(followed.silences, SILENCE_DOUBLINGS_MAX)))
    followed.silences += 1
  }

  get isAsking(): boolean {
    return this.#asked !== undefined
  }

  /** Blocks that have arrived and wait. */
  get waiting(): number {
    return this.#arrived.length
  }

  /** Whom to ask, from which height on; undefined where there is nobody, nothing to ask for, or an answer to wait for. */
  toAsk(height: number, nowNs: bigint): { readonly peer: string; readonly from: number } | undefined {
    if (this.#asked !== undefined || this.#arrived.length >= WAITING_BLOCKS_MAX) return undefined
    const from = Math.max(height, this.#arrived.at(-1)?.stored.height ?? 0) + 1
    const peer = this.nextPeer(nowNs, (id) => this.heightOf(id) >= from)
    return peer === undefined ? undefined : { peer, from }
  }

  asking(request: number, { peer, from }: { readonly peer: string; readonly from: number }): void {
    this.#asked = { request, peer, from }
  }

  /** Is this the request that is waited for? Then it is waited for no longer. */
  answered(request: number): { readonly peer: string; readonly from: number } | undefined {
    const asked = this.#asked
    if (asked?.request !== request) return undefined
    this.#asked = undefined
    return asked
  }

  /** What a peer answered, well-formed. One that has nothing of what was asked for rests a little. */
  take(asked: { readonly peer: string; readonly from: number }, { last, blocks }: BlocksAnswer, nowNs: bigint): void {
    const followed = this.#peers.get(asked.peer)
    if (followed !== undefined) followed.height = last
    if (blocks.length === 0) return this.rest(asked.peer, nowNs, PAUSE_NS)
    if (followed !== undefined) followed.silences = 0
    this.#arrived.push(...blocks.map((block, i) => ({ from: asked.peer, stored: storedOf(block, asked.from + i) })))
  }

  /** The next blocks after a height, at most up to another, and all of one peer; what was applied meanwhile goes. */
  slice(height: number, heightMax: number): readonly Arrived[] {
    this.#arrived = this.#arrived.filter(({ stored }) => stored.height > height)
    const [first] = this.#arrived
    if (first === undefined || first.stored.height !== height + 1) {
      this.#arrived = []
      return []
    }
    let bytes = 0
    const other = this.#arrived.findIndex(({ from, stored }, i) => {
      bytes += stored.block.length + stored.commit.length
      return from !== first.from || stored.height > heightMax || (i > 0 && bytes > SLICE_BYTES_MAX)
    })
    return this.#arrived.slice(0, Math.min(SLICE_BLOCKS_MAX, other === -1 ? Number.POSITIVE_INFINITY : other))
  }

  /** Everything that has arrived is of no use: what comes first is false, and the rest builds upon it. */
  drop(): void {
    this.#arrived = []
  }
}

const storedOf = ({ block, commit }: AnsweredBlock, height: number): StoredBlock => ({ height, block, commit })
