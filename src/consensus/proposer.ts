/**
 * Who proposes in a round: all validators of a height in the order of a weighted rendezvous hash of network and height, round after
 * round from its beginning. So in round 0 each has its turn in proportion to its weight, and in as many rounds as there are
 * validators each has exactly one.
 *
 * Source: DESIGN §5.5; crypto/rendezvous.ts. Rule: docs/spec/consensus.md B-40.
 * Not promised: that the order is a surprise. Everybody knows it in advance, so a proposer can be attacked in time for its turn; the rounds
 * after it are the answer to that.
 */
import assert from 'node:assert/strict'
import { equalBytes, joinBytes } from '../base/index.ts'
import { domainDigest, RendezvousSkeleton } from '../crypto/index.ts'
import type { RendezvousNode } from '../crypto/index.ts'
import type { ValidatorSet } from './validators.ts'

const DOMAIN = 'truechimer/proposer/1'

interface Place extends RendezvousNode {
  readonly index: number
}

/** What the drawing needs of a set, made once for each; and what was drawn last, which is asked for again and again. */
interface Drawing {
  readonly skeleton: RendezvousSkeleton<Place>
  last: { readonly networkId: Uint8Array; readonly height: number; readonly order: readonly number[] } | undefined
}

const drawings = new WeakMap<ValidatorSet, Drawing>()

const drawingOf = (validators: ValidatorSet): Drawing => {
  const known = drawings.get(validators)
  if (known !== undefined) return known
  const places = validators.list.map(({ key, weight }, index) => ({ id: key, weight, index }))
  const made: Drawing = { skeleton: new RendezvousSkeleton(places), last: undefined }
  drawings.set(validators, made)
  return made
}

const drawingKey = (networkId: Uint8Array, height: number): Uint8Array => {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, BigInt(height))
  return domainDigest(DOMAIN, joinBytes(networkId, number))
}

/** The first `count` of a height's proposers, by place in the set: of round 0, 1 and so on. */
export const proposersOf = (options: {
  readonly networkId: Uint8Array
  readonly validators: ValidatorSet
  readonly height: number
  readonly count: number
}): readonly number[] => {
  const { networkId, validators, height, count } = options
  const drawing = drawingOf(validators)
  const { last } = drawing
  const isKnown = last?.height === height && equalBytes(last.networkId, networkId)
  if (isKnown && last.order.length >= Math.min(count, validators.size)) return last.order.slice(0, count)
  const order = drawing.skeleton.pick(drawingKey(networkId, height), count).map(({ index }) => index)
  drawing.last = { networkId, height, order }
  return order
}

/** The place in the set of who proposes at (`height` >= 1, `round` >= 0). A set without validators is an asserted bug. */
export const proposerOf = (options: {
  readonly networkId: Uint8Array
  readonly validators: ValidatorSet
  readonly height: number
  readonly round: number
}): number => {
  const place = options.round % options.validators.size
  const index = proposersOf({ ...options, count: place + 1 })[place]
  assert(index !== undefined)
  return index
}
