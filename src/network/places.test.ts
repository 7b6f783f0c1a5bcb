import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { PLACES, Places } from './places.ts'
import type { Connection } from './port.ts'
import type { Candidate, PlaceReason, Placement } from './places.ts'

const connection = (peer: string, address: string, rest: Partial<Connection> = {}): Connection => ({
  peer,
  address,
  direction: 'inbound',
  transport: 'tcp',
  security: 'noise',
  openedNs: 0n,
  roundTripNs: undefined,
  traffic: { bytesIn: 0, bytesOut: 0 },
  ...rest,
})
const host = (a: number, b: number, c = 1): string => `/ip4/${a}.${b}.1.${c}/tcp/4001`
const newcomer = (address: string, rest: Partial<Candidate> = {}): Candidate => ({
  peer: 'new',
  address,
  direction: 'inbound',
  ...rest,
})
/** Inbound ones, one a group from 20.0 on. */
const spread = (count: number): Connection[] =>
  Array.from({ length: count }, (_, i) => connection(`p${i}`, host(20, i), { openedNs: BigInt(i) }))
const even = (): number => 0
const no = (reason: PlaceReason): Placement => ({ verdict: 'ignore', reason })
const yes = { verdict: 'accept' }
const isMember = (peer: string): boolean => peer.startsWith('m')

test('one host and one group get a few places, loopback as many as there are', () => {
  const places = new Places({})
  const ofHost = Array.from({ length: PLACES.perHostMax }, (_, i) => connection(`h${i}`, host(9, 9)))
  assert.deepEqual(places.admit(newcomer(host(9, 9)), ofHost, even), no('too-many-from-host'))
  assert.deepEqual(places.admit(newcomer(host(9, 9, 2)), ofHost, even), yes)
  const ofGroup = Array.from({ length: PLACES.perGroupMax }, (_, i) => connection(`g${i}`, host(9, 9, i)))
  assert.deepEqual(places.admit(newcomer(host(9, 9, 99)), ofGroup, even), no('too-many-from-group'))
  const local = Array.from({ length: 40 }, (_, i) => connection(`l${i}`, '/ip4/127.0.0.1/tcp/4001'))
  assert.deepEqual(places.admit(newcomer('/ip4/127.0.0.1/tcp/5'), local, even), yes)
  const lan = Array.from({ length: 40 }, (_, i) => connection(`l${i}`, `/ip4/192.168.0.${i}/tcp/4001`))
  assert.deepEqual(places.admit(newcomer('/ip4/192.168.0.99/tcp/5'), lan, even), yes)
  assert.deepEqual(
    places.admit(newcomer('/ip4/192.168.0.7/tcp/5'), [...lan, ...lan, ...lan, ...lan], even),
    no('too-many-from-host'),
  )
})

test('own dials are not counted by host and group, and places are left for them', () => {
  const places = new Places({})
  const full = spread(PLACES.inboundMax)
  assert.deepEqual(places.admit(newcomer(host(99, 1)), full, even), no('no-place'))
  assert.deepEqual(places.admit(newcomer(host(20, 0), { direction: 'outbound' }), full, even), yes)
  const own = Array.from({ length: 16 }, (_, i) => connection(`o${i}`, host(9, 9), { direction: 'outbound' }))
  assert.deepEqual(places.admit(newcomer(host(9, 9), { direction: 'outbound' }), own, even), yes)
  const evicting = places.admit(newcomer(host(99, 1), { direction: 'outbound' }), [...full, ...own], even)
  assert.equal(evicting.verdict, 'accept')
  const all = Array.from({ length: 64 }, (_, i) => connection(`o${i}`, host(9, 9), { direction: 'outbound' }))
  assert.deepEqual(places.admit(newcomer(host(99, 1), { direction: 'outbound' }), all, even), no('no-place'))
})

test('a peer has two connections at most', () => {
  const two = [connection('new', host(1, 1)), connection('new', host(1, 1), { direction: 'outbound' })]
  assert.deepEqual(new Places({}).admit(newcomer(host(1, 1)), two.slice(1), even), yes)
  assert.deepEqual(new Places({}).admit(newcomer(host(1, 1)), two, even), no('no-place'))
})

test('when all places are taken, who stands badly goes, whoever comes', () => {
  const scoreOf = (peer: string): number => (peer === 'p7' ? -200 : peer === 'p8' ? -150 : 0)
  const places = new Places({})
  assert.deepEqual(places.admit(newcomer(host(20, 1)), spread(48), scoreOf), { ...yes, evict: 'p7' })
  const alike = (peer: string): number => (peer === 'p7' || peer === 'new' ? -200 : 0)
  assert.deepEqual(places.admit(newcomer(host(20, 1)), spread(48), alike), no('no-place'))
})

test('else the youngest of the most crowded group goes, for one from a smaller group only', () => {
  const crowd = Array.from({ length: 5 }, (_, i) =>
    connection(`c${i}`, host(9, 9, i), { openedNs: BigInt(10 + (i % 3)) }),
  )
  const open = [...spread(43), ...crowd]
  const places = new Places({})
  assert.deepEqual(places.admit(newcomer(host(99, 1)), open, even), { ...yes, evict: 'c2' })
  assert.deepEqual(places.admit(newcomer(host(20, 1)), open, even), { ...yes, evict: 'c2' })
  assert.deepEqual(places.admit(newcomer(host(9, 9, 77)), open, even), no('no-place'))
  assert.deepEqual(places.admit(newcomer(host(99, 1)), spread(48), even), no('no-place'))
})

test('places are kept for members, who are never evicted nor counted by host', () => {
  const places = new Places({ reservedFor: isMember })
  const strangers = spread(PLACES.inboundMax - PLACES.reservedMax)
  assert.deepEqual(places.admit(newcomer(host(99, 1)), strangers, even), no('no-place'))
  assert.deepEqual(places.admit(newcomer(host(99, 1), { peer: 'm0' }), strangers, even), yes)
  const members = Array.from({ length: 8 }, (_, i) => connection(`m${i}`, host(9, 9)))
  assert.deepEqual(places.admit(newcomer(host(9, 9), { peer: 'm9' }), members, even), yes)
  assert.deepEqual(places.admit(newcomer(host(9, 9)), members, even), yes)
  const full = [...strangers, ...members]
  assert.deepEqual(places.admit(newcomer(host(99, 1)), full, even), no('no-place'))
  assert.deepEqual(places.admit(newcomer(host(9, 9), { peer: 'm9' }), full, even).verdict, 'accept')
  const onlyMembers = Array.from({ length: 48 }, (_, i) => connection(`m${i}`, host(9, i)))
  const worst = (): number => -400
  assert.deepEqual(places.admit(newcomer(host(99, 1), { peer: 'm99' }), onlyMembers, worst), no('no-place'))
})

test('whoever comes: limits hold, members and own dials stay, and an honest spread outlives a crowd', () => {
  const arrivals = fc.array(
    fc.record({ a: fc.constantFrom(1, 2, 3), b: fc.integer({ min: 0, max: 2 }), c: fc.integer({ min: 1, max: 200 }) }),
    { minLength: 50, maxLength: 120, size: 'max' },
  )
  fc.assert(
    fc.property(arrivals, (those) => {
      const places = new Places({ connectionsMax: 24, inboundMax: 16, reservedMax: 2, reservedFor: isMember })
      const kept = [
        connection('m0', host(30, 1)),
        ...Array.from({ length: 4 }, (_, i) => connection(`o${i}`, host(40, i), { direction: 'outbound' })),
        ...spread(6),
      ]
      let open: readonly Connection[] = kept
      for (const [i, { a, b, c }] of those.entries()) {
        const candidate = { peer: `x${i}`, address: host(a, b, c), direction: 'inbound' as const }
        const placement = places.admit(candidate, open, even)
        if (placement.verdict !== 'accept') continue
        open = [
          ...open.filter(({ peer }) => peer !== placement.evict),
          connection(candidate.peer, candidate.address, { openedNs: BigInt(100 + i) }),
        ]
        assert(open.length <= 24 && open.filter(({ direction }) => direction === 'inbound').length <= 16)
      }
      for (const { peer } of kept)
        assert(
          open.some((other) => other.peer === peer),
          `${peer} was driven out`,
        )
    }),
    { numRuns: 40 },
  )
})
