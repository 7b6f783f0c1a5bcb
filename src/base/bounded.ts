/**
 * Collections that a peer cannot grow, with their maximum in view where they are made. What outside input fills is one of
 * these, or a map whose keys are the members of a fixed list.
 */
import assert from 'node:assert/strict'

/** First in, first out, at most `itemsMax` items. A full queue refuses; what to drop is the owner's decision. */
export class BoundedQueue<T> {
  readonly itemsMax: number
  #items: (T | undefined)[] = []
  #head = 0

  constructor(itemsMax: number) {
    assert(Number.isSafeInteger(itemsMax) && itemsMax >= 1)
    this.itemsMax = itemsMax
  }

  get size(): number {
    return this.#items.length - this.#head
  }

  /** False, and nothing changes, when the queue is full. */
  push(item: T): boolean {
    if (this.size >= this.itemsMax) return false
    this.#items.push(item)
    return true
  }

  /** The oldest item, or nothing. Amortised constant time. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head += 1
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}

/** A map that forgets its least recently written key when it would exceed `entriesMax`. */
export class BoundedMap<K, V> implements Iterable<[K, V]> {
  readonly entriesMax: number
  readonly #entries = new Map<K, V>()

  constructor(entriesMax: number) {
    assert(Number.isSafeInteger(entriesMax) && entriesMax >= 1)
    this.entriesMax = entriesMax
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** Writes and makes `key` the youngest. Returns the entry that had to go, if one had to. */
  set(key: K, value: V): [K, V] | undefined {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.entriesMax) return undefined
    const [oldest] = this.#entries
    if (oldest !== undefined) this.#entries.delete(oldest[0])
    return oldest
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#entries[Symbol.iterator]()
  }

  values(): IterableIterator<V> {
    return this.#entries.values()
  }
}
