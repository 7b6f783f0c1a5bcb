/** Counters of traffic rise with what is carried, and never fall when connections and peers go away. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Connection, PeerStanding } from '../network/index.ts'
import { PeerTraffic } from './peer-traffic.ts'

const connection = (peer: string, bytesIn: number, bytesOut: number, openedNs = 1n): Connection => ({
  peer,
  address: '/memory/a',
  direction: 'inbound',
  transport: 'memory',
  security: 'none',
  openedNs,
  roundTripNs: undefined,
  traffic: { bytesIn, bytesOut },
})
const standing = (peer: string, accepted: number, rejected = 0): PeerStanding => ({
  peer,
  score: 0,
  reasons: [],
  messages: { accepted, ignored: 0, rejected },
  refusals: new Map(),
  isShutOut: false,
})

test('what grew is added; what closed stays counted; one that comes back is counted from nothing', () => {
  const traffic = new PeerTraffic()
  traffic.observe([connection('a', 100, 10), connection('b', 5, 5)], [standing('a', 3)])
  traffic.observe([connection('a', 150, 10)], [standing('a', 4, 1), standing('b', 1)])
  traffic.observe([], [])
  traffic.observe([connection('a', 7, 0, 2n)], [standing('a', 1)])
  deepEqual(traffic.sums(), { bytesIn: 162, bytesOut: 15, messages: { accepted: 6, ignored: 0, rejected: 1 } })
})

test('a figure that fell began anew', () => {
  const traffic = new PeerTraffic()
  for (const bytes of [100, 30]) traffic.observe([connection('a', bytes, 0)], [])
  deepEqual(traffic.sums().bytesIn, 130)
})

test('sums never fall, whatever comes and goes', () => {
  const step = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(1000)), { maxLength: 4, size: 'max' })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12, size: 'max' }), (steps) => {
      const traffic = new PeerTraffic()
      let before = 0
      for (const connections of steps) {
        const byPeer = new Map(connections)
        traffic.observe(
          [...byPeer].map(([peer, bytes]) => connection(peer, bytes, 0)),
          [],
        )
        const { bytesIn } = traffic.sums()
        ok(bytesIn >= before)
        before = bytesIn
      }
    }),
    { numRuns: 100 },
  )
})
