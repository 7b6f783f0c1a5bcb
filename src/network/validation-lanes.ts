/**
 * What waits to be judged, and whose turn it is. Every pair of topic and peer has a lane; the lanes of one priority take
 * turns, so that a peer that says much delays itself; the priorities share by weight, the higher ones first. Pure: a
 * queue without time. `validation-queue.ts` runs it. Rule: docs/spec/network.md N-53.
 *
 * Bounded by items of a topic, items of a peer and bytes of a priority. Where a bound is reached, the newest of the longest
 * lane goes: an honest peer's message is dropped only when nobody else has more waiting.
 */
import assert from 'node:assert/strict'
import { PRIORITIES } from './port.ts'
import type { PeerId, Priority } from './port.ts'

/** Messages that wait on one topic, and of one peer on all topics. */
export const TOPIC_WAITING_MAX = 1024
export const PEER_WAITING_MAX = 512
/** Bytes that wait in one priority: 32 MiB in all four. */
export const PRIORITY_WAITING_BYTES_MAX = 8_388_608

/** Messages of each priority in one round, when all have enough waiting. A round serves each at least once. */
export const PRIORITY_WEIGHTS: Readonly<Record<Priority, number>> = { time: 32, consensus: 8, ordinary: 4, bulk: 1 }

export interface Waiting {
  readonly topic: string
  readonly priority: Priority
  readonly from: PeerId
  readonly bytesLength: number
}

interface Lane<W extends Waiting> {
  readonly topic: string
  readonly from: PeerId
  readonly items: W[]
  bytes: number
}

interface Class<W extends Waiting> {
  /** By topic and peer; the first one's turn is next. */
  readonly lanes: Map<string, Lane<W>>
  bytes: number
  size: number
  /** Messages that it may still have in this round. */
  left: number
}

const classOf = <W extends Waiting>(priority: Priority): Class<W> => ({
  lanes: new Map(),
  bytes: 0,
  size: 0,
  left: PRIORITY_WEIGHTS[priority],
})

export class ValidationLanes<W extends Waiting> {
  readonly #classes: Readonly<Record<Priority, Class<W>>> = {
    time: classOf('time'),
    consensus: classOf('consensus'),
    ordinary: classOf('ordinary'),
    bulk: classOf('bulk'),
  }
  readonly #byTopic = new Map<string, number>()
  readonly #byPeer = new Map<PeerId, number>()

  /** Items that wait, in all. */
  get size(): number {
    return PRIORITIES.reduce((sum, priority) => sum + this.#classes[priority].size, 0)
  }

  /** Does anything wait of this priority or a higher one? */
  isBehind(priority: Priority): boolean {
    for (const other of PRIORITIES) {
      if (this.#classes[other].size > 0) return true
      if (other === priority) return false
    }
    return false
  }

  /** Makes `item` wait. Returns what had to go for it, which may be `item` itself. */
  push(item: W): readonly W[] {
    if ((this.#byPeer.get(item.from) ?? 0) >= PEER_WAITING_MAX) return [item]
    this.#append(item)
    const dropped: W[] = []
    while ((this.#byTopic.get(item.topic) ?? 0) > TOPIC_WAITING_MAX) this.#dropOf(item, 'topic', dropped)
    while (this.#classes[item.priority].bytes > PRIORITY_WAITING_BYTES_MAX) this.#dropOf(item, 'priority', dropped)
    return dropped
  }

  /** The next whose priority may run now, or nothing. */
  take(mayRun: (priority: Priority) => boolean): W | undefined {
    const waiting = PRIORITIES.filter((priority) => this.#classes[priority].size > 0 && mayRun(priority))
    if (waiting.length === 0) return undefined
    if (waiting.every((priority) => this.#classes[priority].left <= 0))
      for (const priority of PRIORITIES) this.#classes[priority].left = PRIORITY_WEIGHTS[priority]
    const next = waiting.find((priority) => this.#classes[priority].left > 0)
    return next === undefined ? undefined : this.#takeOf(this.#classes[next])
  }

  /** Takes out everything that waits, of one topic or of all. */
  clear(topic?: string): readonly W[] {
    return PRIORITIES.flatMap((priority) => {
      const lanes = [...this.#classes[priority].lanes.values()]
      return lanes
        .filter((lane) => topic === undefined || lane.topic === topic)
        .flatMap((lane) => lane.items.slice().map(() => this.#removeFrom(lane, 'newest')))
    })
  }

  #takeOf(of: Class<W>): W {
    of.left -= 1
    const [lane] = of.lanes.values()
    assert(lane !== undefined, 'a class with items has a lane')
    const item = this.#removeFrom(lane, 'oldest')
    const key = keyOf(lane)
    // To the end of the turn, where it has more.
    if (of.lanes.delete(key) && lane.items.length > 0) of.lanes.set(key, lane)
    return item
  }

  #append(item: W): void {
    const of = this.#classes[item.priority]
    const key = keyOf(item)
    const lane = of.lanes.get(key) ?? { topic: item.topic, from: item.from, items: [], bytes: 0 }
    lane.items.push(item)
    of.lanes.set(key, lane)
    this.#tally(lane, item, 1)
  }

  /** Drops the newest of the longest lane, by items of the topic or bytes of the priority; the item's own among equals. */
  #dropOf(item: W, by: 'topic' | 'priority', dropped: W[]): void {
    const { lanes } = this.#classes[item.priority]
    const sizeOf = (lane: Lane<W>): number => {
      if (by === 'priority') return lane.bytes
      return lane.topic === item.topic ? lane.items.length : 0
    }
    let longest = lanes.get(keyOf(item))
    for (const lane of lanes.values()) if (longest === undefined || sizeOf(lane) > sizeOf(longest)) longest = lane
    if (longest !== undefined) dropped.push(this.#removeFrom(longest, 'newest'))
  }

  #removeFrom(lane: Lane<W>, end: 'oldest' | 'newest'): W {
    const item = end === 'oldest' ? lane.items.shift() : lane.items.pop()
    assert(item !== undefined, 'a lane that stands has items')
    this.#tally(lane, item, -1)
    if (lane.items.length === 0) this.#classes[item.priority].lanes.delete(keyOf(lane))
    return item
  }

  #tally(lane: Lane<W>, item: W, by: 1 | -1): void {
    const of = this.#classes[item.priority]
    of.size += by
    of.bytes += by * item.bytesLength
    lane.bytes += by * item.bytesLength
    add(this.#byTopic, item.topic, by)
    add(this.#byPeer, item.from, by)
  }
}

const keyOf = ({ topic, from }: { readonly topic: string; readonly from: PeerId }): string => `${from}\n${topic}`

const add = (counts: Map<string, number>, key: string, by: number): void => {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
