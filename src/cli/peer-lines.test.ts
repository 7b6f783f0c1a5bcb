/** Peers as text: figures, what is left out where there is no room, order, and what a hostile peer cannot do to a terminal. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import picocolors from 'picocolors'
import { PEERS_EXAMPLE } from '../services/examples.ts'
import type { PeerView } from '../services/schema.ts'
import { bytesText, findPeers, networkLines, peerLines, peerName, scoreText, sortedPeers } from './peer-lines.ts'

const paint = picocolors.createColors(false)
const wide = { columns: Number.POSITIVE_INFINITY, paint }
const example = PEERS_EXAMPLE.peers[0]
ok(example !== undefined)
const peer = (id: string, over: Partial<PeerView> = {}): PeerView => ({
  ...example,
  id: `12D3KooW${id.padStart(44, 'x')}`,
  name: null,
  ...over,
})

const sizes: readonly (readonly [bytes: number, text: string])[] = [
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [45_300, '45 kB'],
  [99_960, '100 kB'],
  [999_700, '1.0 MB'],
  [1_234_567_890, '1.2 GB'],
  [5e15, '5000 TB'],
]
for (const [bytes, text] of sizes) test(`${bytes} bytes are ${text}`, () => equal(bytesText(bytes), text))

const scores: readonly (readonly [score: number, text: string])[] = [
  [0, '0'],
  [-0.04, '0'],
  [-12.34, '−12.3'],
  [7, '+7'],
]
for (const [score, text] of scores) test(`a score of ${score} is ${text}`, () => equal(scoreText(score), text))

const heads = (columns: number): string => {
  const lines = networkLines(PEERS_EXAMPLE, 'score', { columns, paint })
  ok(columns === Number.POSITIVE_INFINITY || lines.every(({ length }) => length <= columns), lines.join('\n'))
  return (lines.find((line) => line.startsWith('peer ')) ?? '').split(/ {2,}/).join(', ')
}
for (const [columns, shown] of [
  [40, 'peer, round trip, score, state'],
  [60, 'peer, way, round trip, score, state'],
  [80, 'peer, way, over, round trip, version, score, traffic, state'],
  [120, 'peer, way, over, group, round trip, version, score, received, sent, dropped, state'],
  [Number.POSITIVE_INFINITY, 'peer, way, over, group, round trip, version, score, received, sent, dropped, state'],
] as const)
  test(`on ${columns} columns: ${shown}`, () => equal(heads(columns), shown))

test('a full table of long names fits 80 columns', () => {
  const crowd = Array.from({ length: 20 }, (_, index) =>
    peer(String(index), { name: 'n'.repeat(64), score: -123.4, roundTripNs: 123_456_789 }),
  )
  for (const line of networkLines({ ...PEERS_EXAMPLE, peers: crowd }, 'score', { columns: 80, paint }))
    ok(line.length <= 80, line)
})

test('the worst score, the shortest round trip, the most traffic first; who is gone comes last', () => {
  const [connection] = example.connections
  ok(connection !== undefined)
  const all = [
    peer('a', { score: 1, roundTripNs: 3e6, connections: [{ ...connection, bytesIn: 10, bytesOut: 0 }] }),
    peer('b', { score: -5, roundTripNs: null, connections: [{ ...connection, bytesIn: 5, bytesOut: 0 }] }),
    peer('c', { score: 2, roundTripNs: 1e6, connections: [{ ...connection, bytesIn: 0, bytesOut: 99 }] }),
    peer('d', { score: -99, connected: false, connections: [], roundTripNs: null }),
  ]
  const order = (sort: 'score' | 'rtt' | 'traffic'): string =>
    sortedPeers(all, sort)
      .map(({ id }) => id.at(-1))
      .join('')
  deepEqual([order('score'), order('rtt'), order('traffic')], ['bacd', 'cabd', 'cabd'])
})

test('a peer is found by name, and by either end of its id', () => {
  const all = [peer('one', { name: 'Ada' }), peer('two'), peer('three')]
  const found = (wanted: string): string[] => findPeers(all, wanted).map(({ id }) => id.replaceAll('x', '').slice(8))
  deepEqual(found('ada'), ['one'])
  deepEqual(found('xtwo'), ['two'])
  deepEqual(found(peerName(peer('three'))), ['three'])
  deepEqual(found('12D3KooW'), ['one', 'two', 'three'])
  deepEqual(found('nobody'), [])
})

test('one peer: its score with why, its drops with their sentences, its links', () => {
  const text = peerLines(example, PEERS_EXAMPLE, wide).join('\n')
  for (const part of [
    /score +−4/,
    /−4 +Messages of it were rejected\. \[rejected\] on connection/,
    /out +tcp with noise, \/ip4\/192\.0\.2\.7\S* in ip4\/192\.0, for 61 s, round trip 620 µs, received 918 kB, sent 645 kB/,
    /greeting +version 1\.0\.0, truechimer\/0\.1\.0, with compression/,
    /7 +It said more than the channel allows\. \[rate-limited\]/,
    /reached by +this node +in 620 µs/,
  ])
    match(text, part)
})

test('who is connected to nobody is told what to do', () => {
  const text = networkLines({ ...PEERS_EXAMPLE, peers: [], drops: [], discovery: null }, 'score', wide).join('\n')
  match(text, /0 connected/)
  match(text, /--bootstrap/)
})

test('one whose peers are in another network is told that, and not to look for a firewall', () => {
  const drops = [{ channel: 'greeting', reason: 'other-network', explanation: '', count: 3 }]
  const text = networkLines({ ...PEERS_EXAMPLE, peers: [], drops, discovery: null }, 'score', wide).join('\n')
  match(text, /another network.*truechimer genesis/)
})

test('a way to the first peers that does not work is told with why, and one that works is not', () => {
  const { discovery } = PEERS_EXAMPLE
  ok(discovery !== null)
  const [way] = discovery.bootstrap
  ok(way !== undefined)
  const broken = { ...way, kind: 'dns', state: 'failed', says: 'Check the\u001B name.' } as const
  const lines = networkLines({ ...PEERS_EXAMPLE, discovery: { ...discovery, bootstrap: [way, broken] } }, 'score', wide)
  equal(lines.filter((line) => line.startsWith('failed')).join('|'), 'failed   dns: Check the· name.')
})

test('what a peer says of itself cannot steer a terminal', () => {
  const agreed = { version: '1\u001B[2J', features: ['\u0007', '\u202E'], agent: 'a\r\nb\u2028' }
  const hostile = peer('x', {
    name: 'n\u001B]0;',
    agreed,
    scoreReasons: [{ channel: '\u009B1m', reason: '', explanation: '', points: 1 }],
  })
  const lines = [
    ...networkLines({ ...PEERS_EXAMPLE, peers: [hostile] }, 'score', wide),
    ...peerLines(hostile, PEERS_EXAMPLE, wide),
  ]
  for (const line of lines) ok(!/[\p{C}\p{Zl}]/u.test(line), JSON.stringify(line))
})
