/**
 * Weighted rendezvous hashing: who of many is responsible for a key, in proportion to weight, computed alike by everybody
 * from the list alone. When a node leaves, only its own keys move; when its weight changes, only to or from it.
 *
 * Source: Thaler and Ravishankar 1998 (highest random weight); Schindelhauer and Schomaker 2005 (the logarithmic method:
 * score = weight ÷ −log u). The base of the logarithm does not change the order, so base 2 is used. Whole numbers only;
 * scores are compared by cross multiplication, so no division rounds. Rules: docs/spec/crypto.md C-10.
 * Not promised: whoever may choose a node's id or the key freely can search for one that wins.
 */
import assert from 'node:assert/strict'
import { domainDigest } from './hash.ts'
import { LOG_FRACTION_BITS, log2Fixed } from './logarithm.ts'

/** A candidate. `id`: any bytes, different for each; `weight` >= 0 in any unit, below 2^128. Weight 0 is never picked. */
export interface RendezvousNode {
  readonly id: Uint8Array
  readonly weight: bigint
}

const DOMAIN = 'truechimer/rendezvous/1'
const WEIGHT_LIMIT = 2n ** 128n
const DRAW_BYTES = 8
/** The draw is (2n + 1) / 2^65, n being 64 bits of hash: strictly between 0 and 1. */
const DRAW_BITS = 65

/** Body of the hash: length of the key as four bytes, big end first, then key, then id. */
const drawBody = (key: Uint8Array, id: Uint8Array): Uint8Array => {
  const body = new Uint8Array(4 + key.length + id.length)
  new DataView(body.buffer).setUint32(0, key.length)
  body.set(key, 4)
  body.set(id, 4 + key.length)
  return body
}

/** −log2(u) × 2^56 of the draw that `key` and `id` make, between 1 and 65 × 2^56. An exponential variable. */
export const rendezvousCost = (key: Uint8Array, id: Uint8Array): bigint => {
  const digest = domainDigest(DOMAIN, drawBody(key, id))
  const draw = new DataView(digest.buffer, digest.byteOffset, DRAW_BYTES).getBigUint64(0)
  const cost = (BigInt(DRAW_BITS) << BigInt(LOG_FRACTION_BITS)) - log2Fixed(2n * draw + 1n)
  return cost > 0n ? cost : 1n
}

/** Bytes in lexical order. */
const compareIds = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b)

interface Scored<N> {
  readonly node: N
  readonly weight: bigint
  readonly cost: bigint
}

/** Better first: weight ÷ cost falling, then id rising. */
const compareScores = <N extends RendezvousNode>(a: Scored<N>, b: Scored<N>): number => {
  const difference = b.weight * a.cost - a.weight * b.cost
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
  assert(nodes.every(({ weight }) => weight >= 0n && weight < WEIGHT_LIMIT))
  const scored = nodes
    .filter(({ weight }) => weight > 0n)
    .map((node): Scored<N> => ({ node, weight: node.weight, cost: rendezvousCost(key, node.id) }))
    .sort(compareScores)
  assert(scored.every(({ node }, i) => i === 0 || compareIds(scored[i - 1]?.node.id ?? node.id, node.id) !== 0))
  return scored.slice(0, count).map(({ node }) => node)
}

/** As `pickNodes`, their ids. */
export const pick = (options: {
  readonly key: Uint8Array
  readonly nodes: readonly RendezvousNode[]
  readonly count: number
}): Uint8Array[] => pickNodes(options).map(({ id }) => id)
