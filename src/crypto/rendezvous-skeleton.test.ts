/** The skeleton gives what the plain rule gives, whatever came and went before; and shares follow weight, moving little. */
import { describe, test } from 'node:test'
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { z } from 'zod'
import { hexOf } from '../base/index.ts'
import { boundCost } from './rendezvous-estimate.ts'
import { costOfDraw, pickNodes, RendezvousSkeleton, rendezvousCost } from './index.ts'
import type { RendezvousNode } from './index.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const node = (name: string, weight: bigint): RendezvousNode => ({ id: ascii(name), weight })
const keyOf = (salt: number): Uint8Array => ascii(`key ${salt}`)
const numbered = (count: number, weightOf: (i: number) => number): RendezvousNode[] =>
  Array.from({ length: count }, (_, i) => node(`node ${i}`, BigInt(weightOf(i))))

test('vectors of a thousand nodes', () => {
  const { many } = z
    .object({
      many: z.object({ picks: z.array(z.object({ key: z.string(), best: z.array(z.number()).length(20) })).length(3) }),
    })
    .parse(JSON.parse(readFileSync(new URL('../../test/vectors/crypto-rendezvous.json', import.meta.url), 'utf8')))
  const nodes = numbered(1000, (i) => 1 + ((i * i) % 97))
  const skeleton = new RendezvousSkeleton(nodes)
  for (const { key, best } of many.picks)
    deepEqual(
      skeleton.pick(ascii(key), 20),
      best.map((i) => nodes[i]),
    )
})

const weights = fc.oneof(
  fc.bigInt({ min: 0n, max: 3n }),
  fc.bigInt({ min: 0n, max: 10n ** 9n }),
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
)
const changes = fc.array(fc.tuple(fc.nat(60), weights), { maxLength: 150, size: 'max' })

test('is the plain rule, after any changes', () =>
  fc.assert(
    fc.property(changes, fc.integer({ min: 0, max: 40 }), fc.nat(), (steps, count, salt) => {
      const here = new Map<string, RendezvousNode>()
      const skeleton = new RendezvousSkeleton<RendezvousNode>()
      for (const [name, weight] of steps) {
        const next = node(`n${name}`, weight)
        here.set(`n${name}`, next)
        skeleton.set(next)
        if (weight % 5n === 0n) skeleton.pick(keyOf(salt), 2)
      }
      const nodes = [...here.values()]
      equal(skeleton.size, nodes.filter(({ weight }) => weight > 0n).length)
      deepEqual(skeleton.pick(keyOf(salt), count), pickNodes({ key: keyOf(salt), nodes, count }))
    }),
    { numRuns: 60 },
  ))

test('where one node has nearly all weight, the others still come in order', () => {
  const nodes = numbered(300, (i) => (i === 0 ? 10 ** 15 : 1))
  const skeleton = new RendezvousSkeleton(nodes)
  for (let salt = 0; salt < 20; salt += 1)
    deepEqual(skeleton.pick(keyOf(salt), 5), pickNodes({ key: keyOf(salt), nodes, count: 5 }))
})

test('a bound that is too narrow is widened: one that stood for other nodes', () => {
  const nodes = numbered(400, () => 1_000_000)
  const skeleton = new RendezvousSkeleton(nodes)
  skeleton.pick(keyOf(0), 4)
  // Weights change and nobody comes or goes: the bound stands, and hardly anybody is under it now.
  const lighter = nodes.map((one, i) => (i < 380 ? { ...one, weight: 1n } : one))
  for (const one of lighter) skeleton.set(one)
  for (let salt = 0; salt < 20; salt += 1)
    deepEqual(skeleton.pick(keyOf(salt), 4), pickNodes({ key: keyOf(salt), nodes: lighter, count: 4 }))
})

test('equal scores go by id', () => {
  const key = ascii('tie')
  const nodes = ['x', 'a', 'm', 'b'].map((name) => node(name, rendezvousCost(key, ascii(name))))
  deepEqual(
    new RendezvousSkeleton(nodes).pick(key, 4).map(({ id }) => Buffer.from(id).toString('ascii')),
    ['a', 'b', 'm', 'x'],
  )
})

test('an estimate holds the cost between its bounds, and they are near', () => {
  const word = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
  )
  fc.assert(
    fc.property(word, word, (high, low) => {
      const { low: least, high: most } = boundCost({ high, low })
      const cost = Number(costOfDraw({ high, low }))
      ok(least <= cost && cost <= most, `${least} ${cost} ${most}`)
      ok(most - least <= 8 + cost * 2 ** -36, `${least} to ${most}`)
    }),
    { numRuns: 400 },
  )
})

const KEYS = 4000
const owners = (skeleton: RendezvousSkeleton<RendezvousNode>, count: number): string[][] =>
  Array.from({ length: KEYS }, (_, salt) => skeleton.pick(keyOf(salt), count).map(({ id }) => hexOf(id)))

describe('over many keys', () => {
  const nodes = numbered(24, (i) => (i < 12 ? 100 : 20 * (i - 11)))
  const total = nodes.reduce((sum, { weight }) => sum + Number(weight), 0)
  const skeleton = new RendezvousSkeleton(nodes)
  const first = owners(skeleton, 1).map(([owner = '']) => owner)

  test('load follows weight, light and heavy alike: chi-square below its 1 in 1000', () => {
    const counts = new Map<string, number>()
    for (const owner of first) counts.set(owner, (counts.get(owner) ?? 0) + 1)
    const squares = nodes.map(({ id, weight }) => {
      const expected = (KEYS * Number(weight)) / total
      return ((counts.get(hexOf(id)) ?? 0) - expected) ** 2 / expected
    })
    // 23 degrees of freedom.
    ok(squares.reduce((sum, square) => sum + square, 0) < 49.7, squares.map((square) => square.toFixed(1)).join(' '))
  })

  test('what one that joins does not take stays where it was; one that leaves gives up its own and no more', () => {
    const joined = new RendezvousSkeleton([...nodes, node('new', 100n)])
    const after = owners(joined, 1).map(([owner = '']) => owner)
    const newcomer = hexOf(ascii('new'))
    ok(after.every((owner, salt) => owner === first[salt] || owner === newcomer))
    joined.delete(ascii('new'))
    deepEqual(owners(joined, 1).flat(), first)
  })

  test('of three that are chosen, a change of weight moves places to or from that node alone', () => {
    const before = owners(skeleton, 3)
    const [changed] = nodes
    ok(changed !== undefined)
    const id = hexOf(changed.id)
    const heavier = new RendezvousSkeleton(nodes)
    heavier.set({ ...changed, weight: 150n })
    const moved = owners(heavier, 3).map((three, salt) => three.filter((one) => before[salt]?.includes(one) !== true))
    ok(moved.every((gained) => gained.length <= 1 && gained.every((one) => one === id)))
    ok(moved.some((gained) => gained.length === 1))
  })

  test('who comes second does not depend on who comes first', () => {
    const pairs = new Map<string, number>()
    const even = new RendezvousSkeleton(numbered(8, () => 1))
    for (const two of owners(even, 2)) pairs.set(two.join(' '), (pairs.get(two.join(' ')) ?? 0) + 1)
    const expected = KEYS / 56
    const square = [...pairs.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 55 degrees of freedom, 1 in 1000.
    ok(pairs.size === 56 && square < 93.2, `${pairs.size}, ${square}`)
  })
})

test('finds its nodes, and gives back the very ones', () => {
  const nodes = numbered(3, () => 1)
  const skeleton = new RendezvousSkeleton(nodes)
  equal(skeleton.get(ascii('node 1')), nodes[1])
  equal(skeleton.delete(ascii('node 1')), true)
  equal(skeleton.delete(ascii('node 1')), false)
  equal(skeleton.get(ascii('node 1')), undefined)
  skeleton.set(node('node 2', 0n))
  deepEqual(skeleton.pick(keyOf(1), 9), [nodes[0]])
  deepEqual(new RendezvousSkeleton().pick(keyOf(1), 3), [])
  deepEqual(skeleton.pick(keyOf(1), 0), [])
})

describe('bugs', () => {
  test('one id twice', () => throws(() => new RendezvousSkeleton([node('a', 1n), node('a', 2n)])))
  test('negative weight', () => throws(() => new RendezvousSkeleton([node('a', -1n)])))
  test('weight beyond the limit', () => throws(() => new RendezvousSkeleton([node('a', 2n ** 128n)])))
  test('broken count', () => throws(() => new RendezvousSkeleton([node('a', 1n)]).pick(keyOf(1), 1.5)))
})
