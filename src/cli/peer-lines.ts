/**
 * The peers of a node as text: a table that leaves out what does not fit the terminal, the least telling columns first; and one peer
 * with everything about it. What a peer says of itself is shown without control characters, so that it cannot steer a terminal.
 */
import type { PeerView, PeersView } from '../services/schema.ts'
import { table, visibleLength } from './output.ts'
import type { Colours } from './output.ts'
import { boundText } from './source-lines.ts'

export const SORTS = ['score', 'rtt', 'traffic'] as const
export type Sort = (typeof SORTS)[number]

export interface Drawing {
  /** Of the terminal; Infinity where lines may be as long as they are. */
  readonly columns: number
  readonly paint: Colours
}

const GAP = 2
const NAME_CHARS_MAX = 20

/** Bytes in powers of a thousand: `0 B`, `918 kB`, `1.2 GB`. */
export const bytesText = (bytes: number): string => {
  const [scale, unit] = (
    [
      [1e12, 'TB'],
      [1e9, 'GB'],
      [1e6, 'MB'],
      [1e3, 'kB'],
    ] as const
  ).find(([one]) => bytes >= one * 0.9995) ?? [1, 'B']
  const value = bytes / scale
  return `${value >= 99.95 || unit === 'B' ? value.toFixed(0) : value.toPrecision(2)} ${unit}`
}

/** Text of others, harmless on a terminal. */
const tame = (text: string): string => text.replaceAll(/[\p{C}[\p{Z}--[ ]]]/gv, '·')

const cut = (text: string, charsMax: number): string =>
  text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`

/** A member's name, or the end of the id: all ids begin alike. */
export const peerName = ({ id, name }: Pick<PeerView, 'id' | 'name'>): string =>
  name === null ? `…${id.slice(-8)}` : cut(tame(name), NAME_CHARS_MAX)

/** Points with their sign and at most one decimal. */
export const scoreText = (score: number): string => {
  const text = String(Math.abs(Math.round(score * 10) / 10))
  return text === '0' ? '0' : `${score < 0 ? '−' : '+'}${text}`
}

const bytesOf = (peer: PeerView, way: 'bytesIn' | 'bytesOut'): number =>
  peer.connections.reduce((sum, connection) => sum + connection[way], 0)
const trafficOf = (peer: PeerView): number => bytesOf(peer, 'bytesIn') + bytesOf(peer, 'bytesOut')
const distinct = (values: readonly string[]): string => [...new Set(values)].join(' ')

export const stateOf = ({ shutOut, connected }: PeerView): string => {
  if (shutOut) return 'shut out'
  return connected ? 'connected' : 'gone'
}

/** The worst score, the shortest round trip, or the most traffic first; connected peers before all others. */
export const sortedPeers = (peers: readonly PeerView[], sort: Sort): readonly PeerView[] => {
  const by: Readonly<Record<Sort, (peer: PeerView) => number>> = {
    score: ({ score }) => score,
    rtt: ({ roundTripNs }) => roundTripNs ?? Number.MAX_SAFE_INTEGER,
    traffic: (peer) => -trafficOf(peer),
  }
  return peers.toSorted((a, b) => Number(b.connected) - Number(a.connected) || by[sort](a) - by[sort](b))
}

interface Column {
  readonly head: string
  readonly align: 'left' | 'right'
  /** Shown on terminals of at least so many columns, and of fewer than so many. */
  readonly columnsMin: number
  readonly columnsBelow?: number
  readonly cell: (peer: PeerView) => string
}

const DIRECTIONS = { inbound: 'in', outbound: 'out' } as const

const COLUMNS: readonly Column[] = [
  { head: 'peer', align: 'left', columnsMin: 0, cell: peerName },
  {
    head: 'way',
    align: 'left',
    columnsMin: 60,
    cell: ({ connections }) => distinct(connections.map(({ direction }) => DIRECTIONS[direction])),
  },
  {
    head: 'over',
    align: 'left',
    columnsMin: 72,
    cell: ({ connections }) => distinct(connections.map(({ transport }) => transport)),
  },
  {
    head: 'group',
    align: 'left',
    columnsMin: 104,
    cell: ({ connections }) => cut(distinct(connections.map(({ group }) => group)), 18),
  },
  { head: 'round trip', align: 'right', columnsMin: 0, cell: ({ roundTripNs }) => boundText(roundTripNs) },
  {
    head: 'version',
    align: 'left',
    columnsMin: 72,
    cell: ({ agreed }) => (agreed === null ? '–' : cut(tame(agreed.version), 10)),
  },
  { head: 'score', align: 'right', columnsMin: 0, cell: ({ score }) => scoreText(score) },
  { head: 'traffic', align: 'right', columnsMin: 80, columnsBelow: 104, cell: (peer) => bytesText(trafficOf(peer)) },
  { head: 'received', align: 'right', columnsMin: 104, cell: (peer) => bytesText(bytesOf(peer, 'bytesIn')) },
  { head: 'sent', align: 'right', columnsMin: 104, cell: (peer) => bytesText(bytesOf(peer, 'bytesOut')) },
  {
    head: 'dropped',
    align: 'right',
    columnsMin: 104,
    cell: ({ messages }) => String(messages.ignored + messages.rejected),
  },
  { head: 'state', align: 'left', columnsMin: 0, cell: stateOf },
]

const aligned = (cells: readonly string[], align: Column['align']): string[] => {
  const width = Math.max(...cells.map(visibleLength))
  return cells.map((cell) => (align === 'left' ? cell.padEnd(width) : cell.padStart(width)))
}

const painterOf = (peer: PeerView, paint: Colours): ((text: string) => string) => {
  if (peer.shutOut) return paint.red
  if (!peer.connected) return paint.dim
  return peer.score < 0 ? paint.yellow : paint.green
}

/** One line a peer below a line of heads. */
export const peerTable = (peers: readonly PeerView[], { columns, paint }: Drawing): string[] => {
  const shown = COLUMNS.filter(({ columnsMin, columnsBelow = Number.POSITIVE_INFINITY }) =>
    columns === Number.POSITIVE_INFINITY
      ? columnsBelow === Number.POSITIVE_INFINITY
      : columns >= columnsMin && columns < columnsBelow,
  )
  const cells = shown.map(({ head, align, cell }) => aligned([head, ...peers.map(cell)], align))
  const line = (row: number): string[] => cells.map((column) => column[row] ?? '')
  const joined = (parts: readonly string[]): string => parts.join(' '.repeat(GAP)).trimEnd()
  return [
    paint.dim(joined(line(0))),
    ...peers.map((peer, index) => {
      const parts = line(index + 1)
      return joined([...parts.slice(0, -1), painterOf(peer, paint)((parts.at(-1) ?? '').trimEnd())])
    }),
  ]
}

const LONELY =
  'connected to nobody: give it the address of a running node of its network with --bootstrap. Where it has one, look whether that node runs, and whether a firewall stands between'

const ELSEWHERE =
  'connected to nobody: those that it found are in another network. Compare the id of the network, by truechimer genesis, with theirs: every node of a network needs the same genesis file'

/** Who is there, in one line; what finds peers, and what was dropped, below the table. */
export const networkLines = (view: PeersView, sort: Sort, drawing: Drawing): string[] => {
  const { peers, places, discovery, peersLeftOut } = view
  const connected = peers.filter((peer) => peer.connected).length
  const room = (most: number | null): string => (most === null ? '' : ` of ${most}`)
  const { all, inbound, reserved } = places
  const lines = table(
    [
      ['peers', `${connected} connected, ${peers.length - connected + peersLeftOut} remembered`],
      [
        'places',
        `${all.used}${room(all.most)} taken, in ${inbound.used}${room(inbound.most)}, reserved ${reserved.used}${room(reserved.most)}`,
      ],
      ...(discovery === null ? [] : [['known', discoveryText(discovery)], ...failedWays(discovery)]),
      ...(view.drops.length === 0 ? [] : [['dropped', dropsText(view.drops)]]),
    ],
    drawing.columns,
  )
  const below = peers.length === 0 ? [] : ['', ...peerTable(sortedPeers(peers, sort), drawing)]
  const isElsewhere = view.drops.some(({ reason }) => reason === 'other-network')
  const why = isElsewhere ? ELSEWHERE : LONELY
  const lonely = connected === 0 ? ['', ...table([[why]], drawing.columns).map(drawing.paint.yellow)] : []
  return [...lines, ...below, ...lonely]
}

const discoveryText = (discovery: NonNullable<PeersView['discovery']>): string => {
  const { records, tables, outbound, outboundWanted } = discovery
  const held = tables.map(({ name, entries }) => `${entries} ${name}`)
  const groups = new Set(outbound.map(({ group }) => group)).size
  const chosen = `${outbound.length} of ${outboundWanted} peers of its own choice (address groups: ${groups})`
  return [`${records.known - records.expired} peer records`, ...held, chosen].join(', ')
}

/** A line for each way to the first peers that did not work, with what it said. */
const failedWays = ({ bootstrap }: NonNullable<PeersView['discovery']>): string[][] =>
  bootstrap.filter(({ state }) => state === 'failed').map(({ kind, says }) => ['failed', `${kind}: ${tame(says)}`])

const DROPS_TOLD_MAX = 6

/** The most frequent reasons; the rest is counted. */
const dropsText = (drops: PeersView['drops']): string => {
  const sums = new Map<string, number>()
  for (const { reason, count } of drops) sums.set(reason, (sums.get(reason) ?? 0) + count)
  const sorted = [...sums].sort(([, a], [, b]) => b - a)
  const rest = sorted.slice(DROPS_TOLD_MAX).reduce((sum, [, count]) => sum + count, 0)
  const told = sorted.slice(0, DROPS_TOLD_MAX).map(([reason, count]) => `${count} ${reason}`)
  return [...told, ...(rest === 0 ? [] : [`${rest} for other reasons`])].join(', ')
}

/** Everything about one peer. */
export const peerLines = (peer: PeerView, view: PeersView, { columns, paint }: Drawing): string[] => {
  const { agreed, messages, scoreReasons, connections, drops } = peer
  const facts = [
    ['state', painterOf(peer, paint)(stateOf(peer))],
    ['score', `${scoreText(peer.score)}${scoreReasons.length === 0 ? ', nothing counts for or against it' : ''}`],
    ['messages', `${messages.accepted} accepted, ${messages.ignored} ignored, ${messages.rejected} rejected`],
    ['greeting', agreed === null ? 'none yet' : greetingText(agreed)],
  ]
  const why = scoreReasons.map(({ channel, reason, explanation, points }) => [
    scoreText(points),
    `${explanation} [${reason}] on ${tame(channel)}`.trim(),
  ])
  const dropped = drops.map(({ reason, explanation, count }) => [String(count), `${explanation} [${reason}]`.trim()])
  const part = (head: string, rows: readonly string[][]): string[] =>
    rows.length === 0 ? [] : ['', paint.dim(head), ...table(rows, columns)]
  return [
    `${paint.bold(peerName(peer))}  ${peer.id}`,
    ...table(facts, columns),
    ...part('why this score', why),
    ...part('connections', connections.map(connectionRow)),
    ...part('dropped', dropped),
    ...part('reached lately, by the attestations held here', linkRows(peer, view)),
  ]
}

const greetingText = ({ version, agent, features }: NonNullable<PeerView['agreed']>): string =>
  `version ${tame(version)}, ${tame(agent)}${features.length === 0 ? '' : `, with ${tame(features.join(', '))}`}`

const connectionRow = (connection: PeerView['connections'][number]): string[] => {
  const { direction, transport, security, address, group, ageNs, roundTripNs, bytesIn, bytesOut } = connection
  const trip = roundTripNs === null ? '' : `, round trip ${boundText(roundTripNs)}`
  const since = `for ${boundText(ageNs)}${trip}, received ${bytesText(bytesIn)}, sent ${bytesText(bytesOut)}`
  return [DIRECTIONS[direction], `${transport} with ${security}, ${tame(address)} in ${tame(group)}, ${since}`]
}

const LINKS_TOLD_MAX = 20

const linkRows = ({ id }: PeerView, { links, peers, self }: PeersView): string[][] => {
  const nameOf = (other: string): string =>
    other === self ? 'this node' : peerName(peers.find((one) => one.id === other) ?? { id: other, name: null })
  return links
    .filter(({ witness, subject }) => witness === id || subject === id)
    .slice(0, LINKS_TOLD_MAX)
    .map(({ witness, subject, roundTripNs, slot }) => [
      witness === id ? 'reached' : 'reached by',
      nameOf(witness === id ? subject : witness),
      `in ${boundText(roundTripNs)}, slot ${slot}`,
    ])
}

/** By name, or by the beginning or the end of the id; case counts for ids only. */
export const findPeers = (peers: readonly PeerView[], wanted: string): readonly PeerView[] => {
  const name = wanted.toLowerCase()
  const named = peers.filter((peer) => peer.name?.toLowerCase() === name)
  const tail = wanted.replace(/^…/, '')
  return named.length > 0 ? named : peers.filter(({ id }) => id.startsWith(wanted) || id.endsWith(tail))
}
