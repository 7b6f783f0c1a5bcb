import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC } from '../base/index.ts'
import {
  extendChain,
  ROUGHTIME_CHAIN,
  ROUGHTIME_LINKS_MAX,
  ROUGHTIME_TOLD_NS,
  roughtimeContradicts,
} from './roughtime-chain.ts'
import type { RoughtimeChain, RoughtimeLink } from './roughtime-chain.ts'

const linkOf = (server: number, midpointSec: number, radiusSec = 1): RoughtimeLink => ({
  publicKey: Uint8Array.of(server),
  rand: undefined,
  request: new Uint8Array(0),
  response: new Uint8Array(0),
  midpointUnixNs: BigInt(midpointSec) * NS_PER_SEC,
  radiusNs: BigInt(radiusSec) * NS_PER_SEC,
})

/** What is told of answers that come a second apart: places, first and last, of each contradiction. */
const told = (links: readonly RoughtimeLink[]): readonly (readonly [number, number])[] => {
  let chain: RoughtimeChain = ROUGHTIME_CHAIN
  return links.flatMap((link, i) => {
    const step = extendChain(chain, link, BigInt(i) * NS_PER_SEC)
    chain = step.chain
    const [first] = step.contradiction ?? []
    return first === undefined ? [] : [[links.indexOf(first), i] as const]
  })
}

test('two answers contradict when the later one ends before the earlier one begins', () => {
  for (const [earlier, later, say] of [
    [linkOf(1, 100), linkOf(2, 100), false],
    [linkOf(1, 100), linkOf(2, 98), false], // They touch.
    [linkOf(1, 100), linkOf(2, 97), true],
    [linkOf(1, 97), linkOf(2, 100), false], // In this order both may be true.
    [linkOf(1, 100, 10), linkOf(2, 97), false],
  ] as const)
    equal(roughtimeContradicts(earlier, later), say)
})

test('a slow server is found when it answers, a fast one when the next one does', () => {
  const [a, b, slow, fast] = [linkOf(1, 100), linkOf(2, 101), linkOf(3, 50), linkOf(4, 500)]
  deepEqual(told([a, b]), [])
  deepEqual(told([a, b, slow]), [[1, 2]])
  deepEqual(told([a, fast]), [])
  deepEqual(told([a, fast, b]), [[1, 2]])
})

test('the shortest contradiction is told, once a day for two servers, then again', () => {
  const round = (from: number): RoughtimeLink[] => [linkOf(1, from), linkOf(2, from), linkOf(3, from - 50)]
  // Server 3 against 2, and in the next round, that pair being known, against 1.
  deepEqual(told([...round(100), ...round(103), ...round(106)]), [
    [1, 2],
    [3, 5],
  ])
  const day = extendChain(ROUGHTIME_CHAIN, linkOf(1, 100), 0n)
  const first = extendChain(day.chain, linkOf(2, 50), 1n)
  equal(first.contradiction?.length, 2)
  const soon = extendChain(first.chain, linkOf(2, 50), ROUGHTIME_TOLD_NS)
  equal(soon.contradiction, undefined)
  const later = extendChain(first.chain, linkOf(2, 50), ROUGHTIME_TOLD_NS + 1n)
  equal(later.contradiction?.length, 3)
})

test('a chain is bounded, and a server that goes backwards contradicts itself', () => {
  let chain: RoughtimeChain = ROUGHTIME_CHAIN
  for (let i = 0; i < 3 * ROUGHTIME_LINKS_MAX; i += 1) chain = extendChain(chain, linkOf(i % 5, i), BigInt(i)).chain
  equal(chain.links.length, ROUGHTIME_LINKS_MAX)
  deepEqual(told([linkOf(1, 100), linkOf(1, 90)]), [[0, 1]])
})

test('honest servers never contradict', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3), fc.nat(1000), fc.integer({ min: 1, max: 5 }), fc.integer({ min: -99, max: 99 })), {
        maxLength: 40,
      }),
      (answers) => {
        let trueSec = 0
        const links = answers.map(([server, stepSec, radiusSec, errorPercent]) => {
          trueSec += stepSec
          const link = linkOf(server, trueSec, radiusSec)
          return { ...link, midpointUnixNs: link.midpointUnixNs + (link.radiusNs * BigInt(errorPercent)) / 100n }
        })
        deepEqual(told(links), [])
        ok(links.length === answers.length)
      },
    ),
    { numRuns: 100 },
  ))
