/** The network as one node sees it: every view is of its shape, in its order and within its bounds. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, DiscoveryView, PeerStanding } from '../network/index.ts'
import { NODE_ID_EXAMPLE } from './examples.ts'
import { PEERS_SHOWN_MAX, VERSIONS_SHOWN_MAX, peersSchema } from './peer-schema.ts'
import { linksOf, peersView } from './peer-views.ts'
import type { PeersContext, Reached } from './peer-views.ts'

const idOf = (name: string): string => name.padEnd(52, 'x')
const connection = (name: string, over: Partial<Connection> = {}): Connection => ({
  peer: idOf(name),
  address: '/ip4/198.51.100.7/tcp/4601',
  direction: 'outbound',
  transport: 'tcp',
  security: 'noise',
  openedNs: 1000n,
  roundTripNs: undefined,
  traffic: { bytesIn: 1, bytesOut: 2 },
  ...over,
})
const standing = (name: string, over: Partial<PeerStanding> = {}): PeerStanding => ({
  peer: idOf(name),
  score: 0,
  reasons: [],
  messages: { accepted: 0, ignored: 0, rejected: 0 },
  refusals: new Map(),
  isShutOut: false,
  ...over,
})

const context = (
  connections: readonly Connection[],
  standings: readonly PeerStanding[],
  over: Partial<PeersContext> = {},
): PeersContext => ({
  network: { peerId: NODE_ID_EXAMPLE, connections: () => connections, standings: () => standings },
  parts: {},
  elapsedNs: 5000n,
  nameOf: (peer) => (peer === idOf('bede') ? 'Bede' : undefined),
  drops: [],
  links: [],
  ...over,
})

test('nobody there: an empty picture of its shape', () => {
  const view = peersView(context([], []))
  deepEqual(peersSchema.parse(view), view)
  deepEqual([view.peers, view.peersLeftOut, view.versions, view.discovery, view.own], [[], 0, [], null, null])
  deepEqual(view.places.all, { used: 0, most: null })
})

test('the connected first, then the worst; with names, ages, groups and the shortest round trip', () => {
  const view = peersView(
    context(
      [
        connection('bede', { roundTripNs: 900n, openedNs: 4000n, transport: 'quic' }),
        connection('bede', { roundTripNs: 700n, openedNs: 2000n }),
        connection('zed', { direction: 'inbound' }),
      ],
      [
        standing('old', { score: -9 }),
        standing('worse', { score: -20, isShutOut: true }),
        standing('zed', { score: -1 }),
      ],
    ),
  )
  deepEqual(peersSchema.parse(view), view)
  deepEqual(
    view.peers.map(({ id, connected }) => [id, connected]),
    [
      [idOf('zed'), true],
      [idOf('bede'), true],
      [idOf('worse'), false],
      [idOf('old'), false],
    ],
  )
  const bede = view.peers[1]
  ok(bede !== undefined)
  deepEqual([bede.name, bede.roundTripNs, bede.agreed], ['Bede', 700, null])
  deepEqual(
    bede.connections.map(({ transport, ageNs, group }) => [transport, ageNs, group]),
    [
      ['tcp', 3000, 'ip4/198.51'],
      ['quic', 1000, 'ip4/198.51'],
    ],
  )
  equal(view.peers[2]?.shutOut, true)
})

test('a score is told with its reasons, the costliest first, and drops with their sentences, the most frequent first', () => {
  const reasons = [
    { channel: 't', reason: 'rate-limited', points: -1 },
    { channel: 'p', reason: 'malformed', points: -8 },
  ]
  const refusals = new Map([
    ['rate-limited', 2],
    ['bad-signature', 5],
  ])
  const [peer] = peersView(context([], [standing('zed', { score: -9, reasons, refusals })])).peers
  deepEqual(
    peer?.scoreReasons.map(({ reason, points }) => [reason, points]),
    [
      ['malformed', -8],
      ['rate-limited', -1],
    ],
  )
  deepEqual(peer?.drops, [
    { reason: 'bad-signature', explanation: 'Its signature is not its author’s.', count: 5 },
    { reason: 'rate-limited', explanation: 'It said more than the channel allows.', count: 2 },
  ])
})

test('places: what is used, and what the node is set to', () => {
  const reservedFor = (peer: string): boolean => peer === idOf('bede')
  const places = { connectionsMax: 64, inboundMax: 48, reservedMax: 8, reservedFor }
  const inbound = ['bede', 'zed'].map((name) => connection(name, { direction: 'inbound' }))
  const view = peersView(context([...inbound, connection('out')], [], { parts: { places } }))
  deepEqual(view.places, {
    all: { used: 3, most: 64 },
    inbound: { used: 2, most: 48 },
    reserved: { used: 1, most: 8 },
  })
})

test('a crowd is cut to its bounds, and what was left out is counted', () => {
  const names = Array.from({ length: PEERS_SHOWN_MAX + 7 }, (_, index) => `p${index}`)
  const agreed = (peer: string): { version: string; features: string[]; agent: string } => ({
    version: `1.${Number(/\d+/.exec(peer)?.[0]) % (VERSIONS_SHOWN_MAX + 5)}.0`,
    features: [],
    agent: 'a',
  })
  const view = peersView(
    context(
      names.map((name) => connection(name)),
      [],
      { parts: { greetings: { agreed } } },
    ),
  )
  deepEqual([view.peers.length, view.peersLeftOut], [PEERS_SHOWN_MAX, 7])
  equal(view.versions.length, VERSIONS_SHOWN_MAX + 1)
  equal(view.versions.at(-1)?.version, 'other')
  equal(
    view.versions.reduce((sum, { peers }) => sum + peers, 0),
    names.length,
  )
  deepEqual(peersSchema.parse(view), view)
})

const found: DiscoveryView = {
  tables: { tried: 3, fresh: 12, triedGroups: 2, freshGroups: 9, contests: 0 },
  outbound: [{ peer: idOf('bede'), group: 'ip4/192.0', sinceNs: 4000n, score: 0, isAnchor: true }],
  feelers: { sent: 9, answered: 7 },
  anchors: [idOf('bede')],
  records: { known: 15, expired: 1, isJudged: true, ownExpiresTai: 7n },
  bootstrap: [
    { kind: 'dns', name: 'a.example', atNs: 2000n, isOk: true, text: '3 addresses, 0 records' },
    { kind: 'mdns', name: 'this link', atNs: undefined, isOk: false, text: 'not asked yet' },
    { kind: 'file', name: '/home/ada/peers', atNs: 3000n, isOk: false, text: 'Cannot read /home/ada/peers.' },
  ],
  due: { feelerAtNs: 0n, rotationAtNs: 0n, bootstrapAtNs: 0n },
}

test('discovery: tables, outbound peers, what came of each way to begin; and no path of this machine', () => {
  const view = peersView(context([], [], { parts: { discovery: { view: () => found } } }))
  deepEqual(peersSchema.parse(view), view)
  deepEqual(view.discovery?.tables, [
    { name: 'tried', entries: 3, groups: 2 },
    { name: 'fresh', entries: 12, groups: 9 },
  ])
  deepEqual(view.discovery?.outbound, [{ peer: idOf('bede'), group: 'ip4/192.0', ageNs: 1000, anchor: true }])
  deepEqual(
    view.discovery?.bootstrap.map(({ kind, state, ageNs }) => [kind, state, ageNs]),
    [
      ['dns', 'good', 3000],
      ['mdns', 'waiting', null],
      ['file', 'failed', 2000],
    ],
  )
  equal(view.discovery?.ownRecordExpires, '7')
  ok(!JSON.stringify(view).includes('/home'))
})

test('of each pair the newest attestation, the newest pairs first', () => {
  const attested = (witness: string, subject: string, slot: number, roundTripNs: number): Reached => ({
    witness,
    subject,
    slot,
    sealed: { attestation: { roundTripNs } },
  })
  deepEqual(
    linksOf([
      attested('a', 'b', 3, 30),
      attested('a', 'b', 5, 50),
      attested('b', 'a', 9, 90),
      attested('a', 'b', 4, 40),
    ]),
    [
      { witness: 'b', subject: 'a', slot: 9, roundTripNs: 90 },
      { witness: 'a', subject: 'b', slot: 5, roundTripNs: 50 },
    ],
  )
})
