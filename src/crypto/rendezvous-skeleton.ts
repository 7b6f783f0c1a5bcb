/**
 * The same choice as `pickNodes`, about a hundred times sooner: what depends on the nodes alone (their hashed names, their
 * weights) is laid out once, and a choice goes over it without making an object, hashing or taking a logarithm, but for the
 * few nodes that can win.
 *
 * How: −log2(u) > (1 − u)/ln 2, so a node of weight w can have a score better than a bound B only if 1 − u < w·B·ln 2. `B` is set so
 * that somewhat more than `count` nodes come under it. If fewer than `count` of them prove to be better than B, as happens to
 * one key in many thousands, B is widened. The answer never depends on B, on the order of arrival, or on what was here before.
 *
 * Source: Wang and Ravishankar 2009 keep a skeleton of clusters instead and descend in it, which is sublinear; joins then move
 * about once the least possible for each level, and loads follow no weights (docs/adr/0010-a-draw-of-words.md has the figures).
 * Rules: docs/spec/crypto.md C-10, C-17. Not promised: the time grows with the number of nodes, 3 ns for each.
 */
import assert from 'node:assert/strict'
import { BoundedMap } from '../base/index.ts'
import { drawKey, drawName, NAME_WORDS, scanDraws, mix } from './rendezvous-draw.ts'
import type { Words } from './rendezvous-draw.ts'
import { boundCost, costBeyond } from './rendezvous-estimate.ts'
import type { CostBounds } from './rendezvous-estimate.ts'
import { compareScores, costOfDraw, isRendezvousWeight } from './rendezvous.ts'
import type { RendezvousNode } from './rendezvous.ts'

const LIMIT_MAX = 2 ** 32 - 1
/** Different counts that bounds are remembered for. */
const PLANS_MAX = 8
/** A bound that proved too narrow is widened by this. */
const WIDEN = 4
/** Choices of at least this part of all nodes score every node. */
const WHOLE_SHARE = 0.5

/** What a node must draw to come under a bound, by row. */
interface Plan {
  /** B·ln 2·2^-56 in one unit of weight: a node of weight w comes under it with 1 − u < w × this. Infinity: everybody does. */
  readonly share: number
  readonly limits: Uint32Array
}

/** A node that may win. Its cost is a whole number once that is needed. */
interface Candidate<N extends RendezvousNode> {
  readonly node: N
  readonly weight: number
  readonly bounds: CostBounds
  readonly cost: () => bigint
}

const nameOf = (id: Uint8Array): string => Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')

/** Better first. Floats where they are certain, else whole numbers; a weight as a float is true to 2^-53, within SLACK. */
const compareCandidates = <N extends RendezvousNode>(a: Candidate<N>, b: Candidate<N>): number => {
  if (a.bounds.high * b.weight < b.bounds.low * a.weight) return -1
  if (b.bounds.high * a.weight < a.bounds.low * b.weight) return 1
  return compareScores({ node: a.node, cost: a.cost() }, { node: b.node, cost: b.cost() })
}

const limitOf = (share: number, weight: number): number => Math.min(LIMIT_MAX, Math.ceil(share * weight * 2 ** 32))

/** Nodes to choose from, that may come, go and change weight. Ids are different; their bytes must not be written on. */
export class RendezvousSkeleton<N extends RendezvousNode> {
  readonly #rowOf = new Map<string, number>()
  readonly #nodes: N[] = []
  readonly #weights: number[] = []
  #names: Int32Array
  #rows: Uint32Array
  #plans = new BoundedMap<number, Plan>(PLANS_MAX)
  #changes = 0

  /** Two nodes with one id are an asserted bug. About 2 µs a node, for its hash. */
  constructor(nodes: Iterable<N> = []) {
    const all = [...nodes]
    this.#names = new Int32Array(NAME_WORDS * all.length)
    this.#rows = new Uint32Array(all.length)
    for (const node of all) {
      assert(!this.#rowOf.has(nameOf(node.id)), 'two nodes with one id')
      this.set(node)
    }
  }

  /** Nodes that have weight. */
  get size(): number {
    return this.#nodes.length
  }

  /** The node with this id, if it is here and has weight. */
  get(id: Uint8Array): N | undefined {
    const row = this.#rowOf.get(nameOf(id))
    return row === undefined ? undefined : this.#nodes[row]
  }

  /** Enters a node, or puts it in the place of the one with its id. Weight 0 takes it out. */
  set(node: N): void {
    assert(isRendezvousWeight(node.weight))
    if (node.weight === 0n) return void this.delete(node.id)
    const known = this.#rowOf.get(nameOf(node.id))
    this.#note(node, known ?? this.#newRow(node.id))
  }

  /** Takes a node out. False where it is not here. */
  delete(id: Uint8Array): boolean {
    const name = nameOf(id)
    const row = this.#rowOf.get(name)
    if (row === undefined) return false
    this.#rowOf.delete(name)
    const last = this.#nodes.length - 1
    const moved = this.#nodes[last]
    if (moved !== undefined && row !== last) {
      this.#names.copyWithin(NAME_WORDS * row, NAME_WORDS * last, NAME_WORDS * (last + 1))
      this.#rowOf.set(nameOf(moved.id), row)
      this.#note(moved, row)
    }
    this.#nodes.length = last
    this.#weights.length = last
    this.#age()
    return true
  }

  /**
   * The `count` nodes responsible for `key`, best first; fewer where fewer are here. To leave one out, ask for one more: the
   * order of the others does not depend on it.
   */
  pick(key: Uint8Array, count: number): N[] {
    assert(Number.isSafeInteger(count) && count >= 0)
    const wanted = Math.min(count, this.size)
    if (wanted === 0) return []
    const words = drawKey(key)
    for (let plan = this.#planFor(wanted); ; plan = this.#makePlan(plan.share * WIDEN)) {
      const { size: length } = this
      const found = scanDraws({
        names: this.#names,
        count: length,
        key: words.high,
        limits: plan.limits,
        rows: this.#rows,
      })
      const best = Array.from({ length: found }, (_, i) => this.#candidate(this.#rows[i] ?? 0, words))
        .sort(compareCandidates)
        .slice(0, wanted)
      const last = best.at(-1)
      const isCertain =
        found === length ||
        (best.length === wanted && last !== undefined && last.bounds.high < costBeyond(plan.share) * last.weight)
      if (isCertain) return best.map(({ node }) => node)
    }
  }

  #candidate(row: number, key: { readonly high: Words; readonly low: Words }): Candidate<N> {
    const node = this.#nodes[row]
    assert(node !== undefined)
    const names = this.#names
    const at = NAME_WORDS * row
    const name = { a: names[at] ?? 0, b: names[at + 1] ?? 0, c: names[at + 2] ?? 0, d: names[at + 3] ?? 0 }
    const draw = { high: mix(name, key.high), low: mix(name, key.low) }
    let cost: bigint | undefined
    return {
      node,
      weight: this.#weights[row] ?? 0,
      bounds: boundCost(draw),
      cost: () => (cost ??= costOfDraw(draw)),
    }
  }

  #newRow(id: Uint8Array): number {
    const row = this.#nodes.length
    if (this.#rows.length <= row) this.#grow(Math.max(16, 2 * row))
    const { a, b, c, d } = drawName(id)
    this.#names.set([a, b, c, d], NAME_WORDS * row)
    this.#rowOf.set(nameOf(id), row)
    this.#age()
    return row
  }

  #note(node: N, row: number): void {
    const weight = Number(node.weight)
    this.#nodes[row] = node
    this.#weights[row] = weight
    for (const { share, limits } of this.#plans.values()) limits[row] = limitOf(share, weight)
  }

  #grow(rows: number): void {
    const names = new Int32Array(NAME_WORDS * rows)
    names.set(this.#names)
    this.#names = names
    this.#rows = new Uint32Array(rows)
    this.#plans = new BoundedMap(PLANS_MAX)
  }

  /** A bound that was set for other nodes still gives the right answer, but later: after many changes it is set anew. */
  #age(): void {
    this.#changes += 1
    if (this.#changes * 8 <= this.size) return
    this.#changes = 0
    this.#plans = new BoundedMap(PLANS_MAX)
  }

  #planFor(count: number): Plan {
    const known = this.#plans.get(count)
    if (known !== undefined) return known
    // Four standard deviations above what is wanted, and some for small counts.
    const plan = this.#makePlan(this.#shareFor(count + 4 * Math.sqrt(count) + 6))
    this.#plans.set(count, plan)
    return plan
  }

  #makePlan(share: number): Plan {
    const limits = new Uint32Array(this.#rows.length)
    for (const [row, weight] of this.#weights.entries()) limits[row] = limitOf(share, weight)
    return { share, limits }
  }

  /** The share under which about `wanted` nodes come: x / (1 + x) is below 1 − e^-x, and near it where x is small. */
  #shareFor(wanted: number): number {
    if (wanted >= this.size * WHOLE_SHARE) return Number.POSITIVE_INFINITY
    const weights = Float64Array.from(this.#weights)
    const expected = (share: number): number =>
      weights.reduce((sum, weight) => sum + (share * weight) / (1 + share * weight), 0)
    let high = wanted / weights.reduce((sum, weight) => sum + weight, 0)
    while (expected(high) < wanted) high *= 2
    let low = high / 2
    for (let step = 0; step < 5; step += 1) {
      const middle = (low + high) / 2
      if (expected(middle) < wanted) low = middle
      else high = middle
    }
    return high
  }
}
