/**
 * Weighted rendezvous hashing: who of many is responsible for a key, in proportion to weight, computed alike by everybody
 * from the list alone. When a node leaves, only its own keys move; when its weight changes, only to or from it.
 *
 * Source: Thaler and Ravishankar 1998 (highest random weight); Schindelhauer and Schomaker 2005 (the logarithmic method:
 * score = weight ÷ −log u). The base of the logarithm does not change the order, so base 2 is used. Whole numbers only;
 * scores are compared by cross multiplication, so no division rounds. Rules: docs/spec/crypto.md C-10.
 * This file is the rule as it is written down, every node scored; rendezvous-skeleton.ts gives the same answer sooner.
 * Not promised: whoever may choose a node's id or the key freely can search for one that wins.
 */
import assert from 'node:assert/strict'
import { hexOf } from '../base/index.ts'
import { LOG_FRACTION_BITS, log2Fixed } from './logarithm.ts'
import { drawKey, drawName, drawOf } from './rendezvous-draw.ts'
import type { Draw, DrawKey } from './rendezvous-draw.ts'

/** A candidate. `id`: any bytes, different for each; `weight` >= 0 in any unit, below 2^128. Weight 0 is never picked. */
export interface RendezvousNode {
  readonly id: Uint8Array
  readonly weight: bigint
}

const WEIGHT_LIMIT = 2n ** 128n
/** A draw n of 64 bits stands for u = (2n + 1) / 2^65: strictly between 0 and 1. */
const DRAW_BITS = 65

/** Is this a weight that a candidate may have? */
export const isRendezvousWeight = (weight: bigint): boolean => weight >= 0n && weight < WEIGHT_LIMIT

/** −log2(u) × 2^56 of a draw, between 1 and 65 × 2^56. An exponential variable. */
export const costOfDraw = ({ high, low }: Draw): bigint => {
  const draw = (BigInt(high) << 32n) | BigInt(low)
  const cost = (BigInt(DRAW_BITS) << BigInt(LOG_FRACTION_BITS)) - log2Fixed(2n * draw + 1n)
  return cost > 0n ? cost : 1n
}

const costUnder = (key: DrawKey, id: Uint8Array): bigint => costOfDraw(drawOf(drawName(id), key))

/** The cost of the draw that `key` and `id` make: see `costOfDraw`. */
export const rendezvousCost = (key: Uint8Array, id: Uint8Array): bigint => costUnder(drawKey(key), id)

/** Bytes in lexical order. */
const compareIds = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b)

/** A candidate and what its draw cost. */
export interface Scored<N extends RendezvousNode> {
  readonly node: N
  readonly cost: bigint
}

/** Better first: weight ÷ cost falling, then id rising. Zero only for one id twice. */
export const compareScores = <N extends RendezvousNode>(a: Scored<N>, b: Scored<N>): number => {
  const difference = b.node.weight * a.cost - a.node.weight * b.cost
  return difference === 0n ? compareIds(a.node.id, b.node.id) : difference < 0n ? -1 : 1
}

/**
 * The `count` nodes responsible for `key`, best first; fewer where fewer have weight. The order of `nodes` does not matter.
 * Equal scores go by id, lower first. Two candidates with one id are an asserted bug.
 */
export const pickNodes = <N extends RendezvousNode>(options: {
  readonly key: Uint8Array
  readonly nodes: readonly N[]
  readonly count: number
}): N[] => {
  const { key, nodes, count } = options
  assert(Number.isSafeInteger(count) && count >= 0)
  assert(nodes.every(({ weight }) => isRendezvousWeight(weight)))
  const words = drawKey(key)
  const scored = nodes
    .filter(({ weight }) => weight > 0n)
    .map((node): Scored<N> => ({ node, cost: costUnder(words, node.id) }))
    .sort(compareScores)
  assert.equal(new Set(scored.map(({ node }) => hexOf(node.id))).size, scored.length, 'two nodes with one id')
  return scored.slice(0, count).map(({ node }) => node)
}

/** As `pickNodes`, their ids. */
export const pick = (options: {
  readonly key: Uint8Array
  readonly nodes: readonly RendezvousNode[]
  readonly count: number
}): Uint8Array[] => pickNodes(options).map(({ id }) => id)
