/**
 * The network between the nodes: every message to every node takes the way of its own link, with a delay of chance, a share of
 * the sender's bandwidth, and whatever faults are switched on. Nobody passes on what it heard: what a link loses, the protocols
 * must ask for again, which is harder on them than a gossip network. Rules: docs/spec/simulation.md Z-6.
 */
import type { ChanceStream } from './chance-stream.ts'
import type { EventQueue } from './event-queue.ts'
import type { LinkSettings } from './scenario.ts'
import type { Transcript } from './transcript.ts'

/** Faults of all links together; each switched on by as many as want it, so values are those of the moment. */
export interface Weather {
  delayNs: number
  jitterNs: number
  lossPerMillion: number
  duplicatePerMillion: number
  /** So many are held back by up to `holdNs`, so that later ones pass them. */
  reorderPerMillion: number
  /** In so many one bit is flipped. */
  flipPerMillion: number
}

/** A message that is held back comes this much later at most. */
export const HOLD_NS = 800_000_000

const CALM: Weather = {
  delayNs: 0,
  jitterNs: 0,
  lossPerMillion: 0,
  duplicatePerMillion: 0,
  reorderPerMillion: 0,
  flipPerMillion: 0,
}

/** What becomes of a message at its receiver. `isFlipped`: one bit of it is wrong. */
export type Deliver = (isFlipped?: boolean) => void

export class Links {
  readonly weather: Weather = { ...CALM }
  readonly #queue: EventQueue
  readonly #transcript: Transcript
  readonly #chance: ChanceStream
  readonly #settings: LinkSettings
  readonly #sizeMax: number
  /** By pair: how many have cut it, and by how much it is slower. */
  readonly #cuts: Uint16Array
  readonly #slowNs: Float64Array
  /** When a sender's uplink is free again. */
  readonly #freeNs: Float64Array
  readonly bytesSent: Float64Array
  #sent = 0
  #lost = 0

  constructor(parts: {
    readonly queue: EventQueue
    readonly transcript: Transcript
    readonly chance: ChanceStream
    readonly settings: LinkSettings
    /** Endpoints at most. */
    readonly sizeMax: number
  }) {
    this.#queue = parts.queue
    this.#transcript = parts.transcript
    this.#chance = parts.chance
    this.#settings = parts.settings
    this.#sizeMax = parts.sizeMax
    this.#cuts = new Uint16Array(parts.sizeMax ** 2)
    this.#slowNs = new Float64Array(parts.sizeMax ** 2)
    this.#freeNs = new Float64Array(parts.sizeMax)
    this.bytesSent = new Float64Array(parts.sizeMax)
  }

  get sent(): number {
    return this.#sent
  }

  get lost(): number {
    return this.#lost
  }

  /** Cuts the way from one to another; as often as it was cut it must be mended. */
  cut(from: number, to: number): void {
    this.#touch(from, to, 1)
  }

  mend(from: number, to: number): void {
    this.#touch(from, to, -1)
  }

  isCut(from: number, to: number): boolean {
    return (this.#cuts[from * this.#sizeMax + to] ?? 0) > 0
  }

  #touch(from: number, to: number, by: number): void {
    const pair = from * this.#sizeMax + to
    this.#cuts[pair] = (this.#cuts[pair] ?? 0) + by
  }

  /** Makes the way from one to another longer by `byNs`; negative to take it back. */
  slow(from: number, to: number, byNs: number): void {
    const pair = from * this.#sizeMax + to
    this.#slowNs[pair] = (this.#slowNs[pair] ?? 0) + byNs
  }

  /** Sends `length` bytes on their way. */
  carry(from: number, to: number, length: number, deliver: Deliver): void {
    const pair = from * this.#sizeMax + to
    const { weather } = this
    this.#sent += 1
    this.bytesSent[from] = (this.bytesSent[from] ?? 0) + length
    const lossPerMillion = this.#settings.lossPerMillion + weather.lossPerMillion
    if ((this.#cuts[pair] ?? 0) > 0 || (lossPerMillion > 0 && this.#chance.happens(lossPerMillion))) {
      this.#lost += 1
      this.#transcript.note('lost', this.#queue.nowNs, from, to)
      return
    }
    const leaves = this.#leaves(from, length)
    this.#arrive(leaves, pair, deliver)
    const duplicatePerMillion = this.#settings.duplicatePerMillion + weather.duplicatePerMillion
    if (duplicatePerMillion > 0 && this.#chance.happens(duplicatePerMillion)) this.#arrive(leaves, pair, deliver)
  }

  /** When the last byte has left the sender. */
  #leaves(from: number, length: number): number {
    const { bytesPerSec } = this.#settings
    const now = this.#queue.nowNs
    if (bytesPerSec === 0) return now
    const begins = Math.max(now, this.#freeNs[from] ?? 0)
    const ends = begins + Math.ceil((length * 1e9) / bytesPerSec)
    this.#freeNs[from] = ends
    return ends
  }

  #arrive(leavesNs: number, pair: number, deliver: Deliver): void {
    const { weather } = this
    // Three times the square of an even draw has a mean of one: mostly short, sometimes long, never above three.
    const draw = this.#chance.unit()
    const jitterNs = (this.#settings.jitterNs + weather.jitterNs) * 3 * draw * draw
    let delayNs = this.#settings.delayNs + weather.delayNs + (this.#slowNs[pair] ?? 0) + Math.floor(jitterNs)
    if (weather.reorderPerMillion > 0 && this.#chance.happens(weather.reorderPerMillion))
      delayNs += this.#chance.below(HOLD_NS)
    const isFlipped = weather.flipPerMillion > 0 && this.#chance.happens(weather.flipPerMillion)
    // Nearly all are whole, and millions are under way: no closure more for each.
    this.#queue.at(leavesNs + delayNs, isFlipped ? () => deliver(true) : deliver)
  }
}
