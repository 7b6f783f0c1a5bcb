/** Rendezvous hashing: vectors that may not change, shares that follow weight, and how little moves. */
import { describe, test } from 'node:test'
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { z } from 'zod'
import { hexOf } from '../base/index.ts'
import { drawKey, drawName, drawOf } from './rendezvous-draw.ts'
import { pick, pickNodes, rendezvousCost, sha3 } from './index.ts'
import type { RendezvousNode } from './index.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const node = (name: string, weight: bigint): RendezvousNode => ({ id: ascii(name), weight })
const names = (ids: readonly Uint8Array[]): string[] => ids.map((id) => Buffer.from(id).toString('ascii'))

const vectors = z
  .object({
    costs: z.array(z.object({ key: z.string(), id: z.string(), draw: z.string(), cost: z.string() })).min(3),
    picks: z.array(z.object({ key: z.string(), order: z.array(z.string()) })).min(3),
    nodes: z.array(z.object({ id: z.string(), weight: z.string() })),
  })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/crypto-rendezvous.json', import.meta.url), 'utf8')))

describe('vectors', () => {
  const nodes = vectors.nodes.map(({ id, weight }) => node(id, BigInt(weight)))
  for (const { key, id, draw, cost } of vectors.costs) {
    test(`draw of ${id} for ${key}`, () => {
      const { high, low } = drawOf(drawName(ascii(id)), drawKey(ascii(key)))
      equal([high, low].map((half) => half.toString(16).padStart(8, '0')).join(''), draw)
    })
    test(`cost of ${id} for ${key}`, () => equal(String(rendezvousCost(ascii(key), ascii(id))), cost))
  }
  for (const { key, order } of vectors.picks) {
    test(`order for ${key}`, () => deepEqual(names(pick({ key: ascii(key), nodes, count: nodes.length })), order))
  }
})

const WEIGHTED = [node('a', 1n), node('b', 2n), node('c', 3n), node('d', 4n)]
const KEYS = Array.from({ length: 3000 }, (_, i) => sha3(ascii(String(i))))
const first = (nodes: readonly RendezvousNode[], key: Uint8Array): string =>
  names(pick({ key, nodes, count: 1 }))[0] ?? ''

describe('over many keys', () => {
  const owners = KEYS.map((key) => first(WEIGHTED, key))
  const shareOf = (name: string): number => owners.filter((owner) => owner === name).length / owners.length

  for (const [name, share] of [
    ['a', 0.1],
    ['b', 0.2],
    ['c', 0.3],
    ['d', 0.4],
  ] as const) {
    // Four standard deviations of 3000 draws.
    test(`${name} gets its share`, () =>
      ok(Math.abs(shareOf(name) - share) < 4 * Math.sqrt((share * (1 - share)) / KEYS.length), `${shareOf(name)}`))
  }

  test('when one leaves, its keys move and no other', () => {
    const left = WEIGHTED.filter(({ id }) => hexOf(id) !== hexOf(ascii('c')))
    const moved = KEYS.filter((key, i) => first(left, key) !== owners[i])
    equal(moved.length, owners.filter((owner) => owner === 'c').length)
    for (const [i, key] of KEYS.entries()) if (owners[i] !== 'c') equal(first(left, key), owners[i])
  })

  test('when one gains weight, keys move to it and nowhere else', () => {
    const grown = WEIGHTED.map((one) => (hexOf(one.id) === hexOf(ascii('b')) ? { ...one, weight: 5n } : one))
    for (const [i, key] of KEYS.slice(0, 500).entries()) {
      const owner = first(grown, key)
      ok(owner === owners[i] || owner === 'b')
    }
  })
})

const lists = fc
  .uniqueArray(fc.tuple(fc.nat(99), fc.bigInt({ min: 0n, max: 10n ** 30n })), {
    maxLength: 12,
    selector: ([name]) => name,
  })
  .map((pairs) => pairs.map(([name, weight]) => node(`n${name}`, weight)))

describe('of every list', () => {
  test('order, scale of the weights and the nodes picked after do not matter', () =>
    fc.assert(
      fc.property(lists, fc.nat(), fc.nat(12), fc.bigInt({ min: 1n, max: 1000n }), (nodes, salt, count, factor) => {
        const key = ascii(String(salt))
        const all = names(pick({ key, nodes, count: 100 }))
        deepEqual(names(pick({ key, nodes: nodes.toReversed(), count })), all.slice(0, count))
        const scaled = nodes.map(({ id, weight }) => ({ id, weight: weight * factor }))
        deepEqual(names(pick({ key, nodes: scaled, count: 100 })), all)
        equal(all.length, nodes.filter(({ weight }) => weight > 0n).length)
      }),
      { numRuns: 60 },
    ))

  test('is the plain sort by weight ÷ cost, ties by id', () =>
    fc.assert(
      fc.property(lists, fc.nat(), fc.nat(12), (nodes, salt, count) => {
        const key = ascii(String(salt))
        const plain = nodes
          .filter(({ weight }) => weight > 0n)
          .map((one) => ({ one, cost: rendezvousCost(key, one.id) }))
          .sort((a, b) => {
            const difference = a.one.weight * b.cost - b.one.weight * a.cost
            return difference === 0n ? Buffer.compare(a.one.id, b.one.id) : difference > 0n ? -1 : 1
          })
        deepEqual(names(pick({ key, nodes, count })), names(plain.slice(0, count).map(({ one }) => one.id)))
      }),
      { numRuns: 60 },
    ))
})

test('gives back the very nodes that it was given', () => {
  const [best] = pickNodes({ key: ascii('k'), nodes: WEIGHTED, count: 1 })
  ok(best !== undefined && WEIGHTED.includes(best))
})

test('equal scores go by id, whatever the order of the list', () => {
  const key = ascii('tie')
  // Weight equal to cost: every score is one.
  const nodes = ['x', 'a', 'm', 'b'].map((name) => node(name, rendezvousCost(key, ascii(name))))
  deepEqual(names(pick({ key, nodes, count: 4 })), ['a', 'b', 'm', 'x'])
  deepEqual(names(pick({ key, nodes: nodes.toReversed(), count: 2 })), ['a', 'b'])
})

test('key and id are kept apart', () =>
  ok(rendezvousCost(ascii('ab'), ascii('c')) !== rendezvousCost(ascii('a'), ascii('bc'))))

test('nobody to pick', () => {
  deepEqual(pick({ key: ascii('k'), nodes: [], count: 3 }), [])
  deepEqual(pick({ key: ascii('k'), nodes: [node('a', 0n)], count: 3 }), [])
  deepEqual(pick({ key: ascii('k'), nodes: WEIGHTED, count: 0 }), [])
})

describe('bugs', () => {
  const key = ascii('k')
  test('negative weight', () => throws(() => pick({ key, nodes: [node('a', -1n)], count: 1 })))
  test('weight beyond the limit', () => throws(() => pick({ key, nodes: [node('a', 2n ** 128n)], count: 1 })))
  test('one id twice', () => throws(() => pick({ key, nodes: [node('a', 1n), node('a', 1n)], count: 1 })))
  test('one id twice, with other weights', () =>
    throws(() => pick({ key, nodes: [node('a', 1n), node('b', 2n), node('a', 9n)], count: 1 })))
  test('broken count', () => throws(() => pick({ key, nodes: WEIGHTED, count: 1.5 })))
  test('negative count', () => throws(() => pick({ key, nodes: WEIGHTED, count: -1 })))
})
