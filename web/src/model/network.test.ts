/** The network as a picture: who stands where, which lines there are and how wide, and the sentences over them. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { PEERS_EXAMPLE } from '../../../src/services/examples.ts'
import type { PeerView, PeersView } from '../../../src/services/schema.ts'
import {
  bytesText,
  channelText,
  CIRCLE_MAX,
  circleOf,
  circleText,
  lineWidth,
  networkHeadline,
  peersInOrder,
  scoreText,
  transportText,
} from './network.ts'
import { liar, node, status } from './view-fixture.ts'
import { emptyView, reduce, type View } from './view.ts'

const [example] = PEERS_EXAMPLE.peers
ok(example !== undefined)
const peer = (name: string, over: Partial<PeerView> = {}): PeerView => ({
  ...example,
  id: node(name).id,
  name,
  ...over,
})
const link = (witness: string, subject: string, slot: number, roundTripNs: number): PeersView['links'][number] => ({
  witness: node(witness).id,
  subject: node(subject).id,
  slot,
  roundTripNs,
})
const seen = (over: Partial<PeersView>, nodes = ['Ada', 'Bede', 'Cyra'].map((name) => node(name))): View => {
  const peers: PeersView = { ...PEERS_EXAMPLE, self: node('Ada').id, peers: [], links: [], ...over }
  const judged = { type: 'judgement', slot: 100, nodes } as const
  return [
    { type: 'status', status: status('synchronised') } as const,
    { type: 'event', counterMs: 0, event: judged } as const,
    { type: 'peers', peers } as const,
  ].reduce(reduce, emptyView(0))
}

test('this node stands at the top, the others clockwise by name, whether they are connected or not', () => {
  const { spots } = circleOf(seen({ peers: [peer('Cyra')] }, [node('Cyra'), node('Ada'), node('Bede')]))
  deepEqual(
    spots.map(({ name, self }) => [name, self]),
    [
      ['Ada', true],
      ['Bede', false],
      ['Cyra', false],
    ],
  )
  deepEqual([spots[0]?.x, spots[0]?.y, spots[0]?.side], [0.5, 0, 'above'])
})

test('both directions of a pair are one line, by the newest measurement; own connections lie on top', () => {
  const links = [link('Bede', 'Cyra', 90, 3e6), link('Cyra', 'Bede', 95, 5e6), link('Bede', 'Ada', 99, 7e6)]
  const { lines } = circleOf(
    seen({ peers: [peer('Bede', { roundTripNs: 1e6 }), peer('Cyra', { roundTripNs: null })], links }),
  )
  deepEqual(
    lines.map(({ from, to, roundTripNs, own }) => [from.name, to.name, roundTripNs, own]),
    [
      ['Cyra', 'Bede', 5e6, false],
      ['Ada', 'Bede', 1e6, true],
      ['Ada', 'Cyra', undefined, true],
    ],
  )
})

test('an own connection without a round trip of its own takes what a witness measured', () => {
  const { lines } = circleOf(
    seen({ peers: [peer('Bede', { roundTripNs: null })], links: [link('Bede', 'Ada', 99, 7e6)] }),
  )
  deepEqual([lines.length, lines[0]?.roundTripNs, lines[0]?.own], [1, 7e6, true])
})

test('what nobody measured lately is faint', () => {
  const { lines } = circleOf(seen({ links: [link('Bede', 'Cyra', 40, 1e6), link('Ada', 'Cyra', 99, 1e6)] }))
  deepEqual(
    lines.map(({ stale }) => stale),
    [true, false],
  )
})

test('strangers stand on the circle while they are connected, under the end of their id', () => {
  const strangers = [
    peer('x', { id: `12D3KooW${'y'.repeat(38)}abcdef`, name: null }),
    peer('gone', { name: null, connected: false }),
  ]
  const { spots } = circleOf(seen({ peers: strangers }))
  deepEqual(
    spots.map(({ name, status: has }) => [name, has]).filter(([name]) => name?.startsWith('…')),
    [['…abcdef', undefined]],
  )
})

test('a crowd is cut, this node and the connected first', () => {
  const names = Array.from({ length: CIRCLE_MAX + 9 }, (_, index) => `n${index}`)
  const { spots, leftOut } = circleOf(seen({}, [node('Ada'), ...names.map((name) => node(name))]))
  deepEqual([spots.length, leftOut], [CIRCLE_MAX, 10])
  ok(spots.some(({ self }) => self))
})

test('the shorter the round trip, the wider the line, within bounds', () => {
  const trip = fc.integer({ min: 0, max: 10_000_000_000 })
  fc.assert(
    fc.property(trip, trip, (a, b) => {
      const [short, long] = [lineWidth(Math.min(a, b)), lineWidth(Math.max(a, b))]
      ok(short >= long && long >= 1 && short <= 5)
    }),
    { numRuns: 200 },
  )
  deepEqual([lineWidth(0), lineWidth(200_000), lineWidth(undefined)], [5, 5, 1])
})

test('the headline says to how many, over what, and how far they are', () => {
  const [connection] = example.connections
  ok(connection !== undefined)
  const quic = peer('Cyra', { roundTripNs: 84e6, connections: [{ ...connection, transport: 'quic' }] })
  const view = seen({ peers: [peer('Bede'), quic, peer('x', { connected: false, shutOut: true })] })
  const { tone, says, means } = networkHeadline(view)
  deepEqual([tone, says], ['calm', 'Connected to 2 peers over TCP and QUIC.'])
  match(means.replaceAll('\u00A0', ' '), /^Their answers take 620 µs to 84 ms\. 1 peer is shut out\.$/)
})

test('connected to nobody is an alarm; before the first answer nothing is claimed', () => {
  equal(networkHeadline(seen({})).tone, 'alarm')
  equal(networkHeadline(emptyView(0)).tone, 'quiet')
  match(circleText(circleOf(emptyView(0))), /alone/)
})

test('the picture as text names both ends and the round trip; a struck-off node keeps its place', () => {
  const circle = circleOf(seen({ links: [link('Bede', 'Cyra', 99, 5e6)] }, [node('Ada'), node('Bede'), liar('Cyra')]))
  match(circleText(circle).replaceAll('\u00A0', ' '), /Bede and Cyra: 5 ms/)
  equal(circle.spots.find(({ name }) => name === 'Cyra')?.status, 'falseticker')
})

test('over what and which way; rows stand still by name, the remembered below as they came', () => {
  const [connection] = example.connections
  ok(connection !== undefined)
  const both = [connection, { ...connection, direction: 'inbound' } as const]
  const quic = { ...connection, transport: 'quic', direction: 'inbound' } as const
  equal(transportText(peer('a', { connections: both })), 'TCP both ways')
  equal(transportText(peer('a', { connections: [connection, quic] })), 'TCP out and QUIC in')
  equal(transportText(peer('a', { connections: [] })), '')
  const gone = { connected: false }
  const all = [peer('z'), peer('y', gone), peer('a', { score: 9 }), peer('b', gone)]
  deepEqual(
    peersInOrder(all).map(({ name }) => name),
    ['a', 'z', 'y', 'b'],
  )
})

test('figures as people read them', () => {
  deepEqual([0, 999, 918_273, 1.2e9].map(bytesText), ['0 B', '999 B', '918 kB', '1.2 GB'])
  deepEqual([0, -0.01, -142.5, 3].map(scoreText), ['0', '0', '−142.5', '+3'])
  equal(channelText(`/truechimer/${'0a'.repeat(32)}/proofs/1`), '/truechimer/proofs/1')
})
