/**
 * The network as a picture and in sentences: who stands where on the circle, who is linked to whom, how well. Pure. Links come from this
 * node's own connections and from the attestations that it holds: who has reached whom, and how long the answer took.
 */
import type { NodeView, PeerView, PeersView } from '../../../src/services/schema.ts'
import { countText, durationText, listText } from './format.ts'
import type { View } from './view.ts'
import type { Headline } from './words.ts'

/** Nodes on the circle; more would stand on one another. */
export const CIRCLE_MAX = 48
/** A link nobody measured for so many slots is drawn faintly. */
const STALE_SLOTS = 30
/** Round trips of this length or less have the widest line, of that or more the thinnest, ns. */
const NEAR_NS = 200_000
const FAR_NS = 200_000_000
const WIDTH_MIN = 1
const WIDTH_MAX = 5

export interface Spot {
  readonly id: string
  readonly name: string
  /** From 0 to 1, left to right and top to bottom, of a square. */
  readonly x: number
  readonly y: number
  /** Where its name stands: away from the centre. */
  readonly side: 'left' | 'right' | 'above' | 'below'
  /** Undefined for a peer that is no member. */
  readonly status: NodeView['status'] | undefined
  readonly self: boolean
  readonly connected: boolean
}

export interface Line {
  readonly from: Spot
  readonly to: Spot
  readonly roundTripNs: number | undefined
  /** CSS pixels: the shorter the round trip, the wider. */
  readonly width: number
  /** A connection of this node's own. */
  readonly own: boolean
  readonly stale: boolean
}

export interface Circle {
  readonly spots: readonly Spot[]
  readonly lines: readonly Line[]
  /** Peers for which there was no room. */
  readonly leftOut: number
}

type Person = Pick<Spot, 'id' | 'name' | 'status' | 'self' | 'connected'>

const shortName = (id: string): string => `…${id.slice(-6)}`

export const peerName = (peer: Pick<PeerView, 'id' | 'name'>): string => peer.name ?? shortName(peer.id)

const isThere = (connected: boolean, self: boolean): number => (self ? 0 : connected ? 1 : 2)

/** This node first, then members, then other peers that are connected. */
const peopleOf = (view: View): readonly Person[] => {
  const { peers, nodes } = view
  const connected = new Set(peers?.peers.filter((peer) => peer.connected).map(({ id }) => id))
  const members = nodes.map((node) => ({ ...node, connected: node.self || connected.has(node.id) || node.connected }))
  const known = new Set(nodes.map(({ id }) => id))
  const strangers = (peers?.peers ?? [])
    .filter((peer) => peer.connected && !known.has(peer.id))
    .map((peer) => ({ id: peer.id, name: peerName(peer), status: undefined, self: false, connected: true }))
  const own =
    peers === undefined || known.has(peers.self)
      ? []
      : [
          {
            id: peers.self,
            name: view.status?.node.name ?? 'this node',
            status: undefined,
            self: true,
            connected: true,
          },
        ]
  const all: readonly Person[] = [...own, ...members, ...strangers]
  return all.toSorted((a, b) => isThere(a.connected, a.self) - isThere(b.connected, b.self))
}

const sideOf = (x: number, y: number): Spot['side'] => {
  if (Math.abs(x - 0.5) > 0.16) return x < 0.5 ? 'left' : 'right'
  return y < 0.5 ? 'above' : 'below'
}

/** This node at the top, the others clockwise in the order of their names, which does not change as they come and go. */
const spotsOf = (people: readonly Person[]): readonly Spot[] => {
  const [first, ...others] = people
  if (first === undefined) return []
  const sorted = [first, ...others.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))]
  return sorted.map(({ id, name, status, self, connected }, index) => {
    const angle = (index / sorted.length) * 2 * Math.PI
    const x = sorted.length === 1 ? 0.5 : 0.5 + 0.5 * Math.sin(angle)
    const y = sorted.length === 1 ? 0.25 : 0.5 - 0.5 * Math.cos(angle)
    return { id, name, status, self, connected, x, y, side: sideOf(x, y) }
  })
}

/** Widths fall with the logarithm of the round trip; what was not measured is thin. */
export const lineWidth = (roundTripNs: number | undefined): number => {
  if (roundTripNs === undefined) return WIDTH_MIN
  const share = Math.log(Math.max(roundTripNs, 1) / NEAR_NS) / Math.log(FAR_NS / NEAR_NS)
  return WIDTH_MAX - (WIDTH_MAX - WIDTH_MIN) * Math.min(1, Math.max(0, share))
}

const pairKey = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`)

interface Pair {
  readonly a: string
  readonly b: string
  readonly roundTripNs: number | undefined
  readonly own: boolean
  readonly slot: number
}

/** Both directions of a pair are one line: own connections first, then the newest measurement. */
const pairsOf = ({ self, peers, links }: PeersView, slot: number): readonly Pair[] => {
  const pairs = new Map<string, Pair>()
  for (const link of links) {
    const key = pairKey(link.witness, link.subject)
    if ((pairs.get(key)?.slot ?? -1) >= link.slot) continue
    pairs.set(key, { a: link.witness, b: link.subject, roundTripNs: link.roundTripNs, own: false, slot: link.slot })
  }
  for (const { id, connected, roundTripNs } of peers) {
    if (!connected) continue
    const key = pairKey(self, id)
    const measured = roundTripNs ?? pairs.get(key)?.roundTripNs
    pairs.set(key, { a: self, b: id, roundTripNs: measured, own: true, slot })
  }
  return [...pairs.values()]
}

export const circleOf = (view: View): Circle => {
  const people = peopleOf(view)
  const spots = spotsOf(people.slice(0, CIRCLE_MAX))
  const leftOut = Math.max(0, people.length - CIRCLE_MAX)
  if (view.peers === undefined) return { spots, lines: [], leftOut }
  const byId = new Map(spots.map((spot) => [spot.id, spot]))
  const lines = pairsOf(view.peers, view.slot).flatMap(({ a, b, roundTripNs, own, slot }): Line[] => {
    const [from, to] = [byId.get(a), byId.get(b)]
    if (from === undefined || to === undefined) return []
    return [
      { from, to, roundTripNs, width: lineWidth(roundTripNs), own, stale: !own && view.slot - slot > STALE_SLOTS },
    ]
  })
  // Own connections lie on top.
  return { spots, lines: lines.toSorted((a, b) => Number(a.own) - Number(b.own)), leftOut }
}

/** The two sentences over the picture. */
export const networkHeadline = (view: View): Headline => {
  const { peers } = view
  if (peers === undefined)
    return { tone: 'quiet', says: 'Asking this node.', means: 'Its peers have not been heard of yet.' }
  const connected = peers.peers.filter((peer) => peer.connected)
  const out = peers.peers.filter(({ shutOut }) => shutOut)
  if (connected.length === 0)
    return {
      tone: 'alarm',
      says: 'Connected to nobody.',
      means: 'Without peers nothing it proves is seen, and nothing is heard.',
    }
  const trips = connected.flatMap(({ roundTripNs }) => roundTripNs ?? []).sort((a, b) => a - b)
  const transports = [...new Set(connected.flatMap(({ connections }) => connections.map(({ transport }) => transport)))]
  const over = listText(transports.map((transport) => TRANSPORTS[transport]))
  const [nearest, farthest] = [trips[0], trips.at(-1)]
  const way =
    nearest === undefined || farthest === undefined
      ? 'No round trip has been measured yet.'
      : trips.length === 1
        ? `Its answer takes ${durationText(nearest)}.`
        : `Their answers take ${durationText(nearest)} to ${durationText(farthest)}.`
  const shut = out.length === 0 ? '' : ` ${countText(out.length, 'peer')} ${out.length === 1 ? 'is' : 'are'} shut out.`
  return { tone: 'calm', says: `Connected to ${countText(connected.length, 'peer')} over ${over}.`, means: way + shut }
}

const TRANSPORTS: Readonly<Record<PeerView['connections'][number]['transport'], string>> = {
  tcp: 'TCP',
  quic: 'QUIC',
  relay: 'a relay',
  memory: 'memory',
}

/** Over what, and which way: `TCP out`, `QUIC both ways and TCP in`. */
export const transportText = ({ connections }: PeerView): string =>
  listText(
    [...Map.groupBy(connections, ({ transport }) => transport)].map(([transport, group]) => {
      const [first, other] = [...new Set(group.map(({ direction }) => direction))]
      const way = other !== undefined ? 'both ways' : first === 'inbound' ? 'in' : 'out'
      return `${TRANSPORTS[transport]} ${way}`
    }),
  )

/** The connected by name, so that rows stand still while scores move; then those remembered, the worst first as they came. */
export const peersInOrder = (peers: readonly PeerView[]): readonly PeerView[] => [
  ...peers.filter(({ connected }) => connected).sort((a, b) => (peerName(a) < peerName(b) ? -1 : 1)),
  ...peers.filter(({ connected }) => !connected),
]

/** The picture as text. */
export const circleText = ({ spots, lines }: Circle): string => {
  if (spots.length <= 1) return 'This node stands alone: no peer is connected.'
  const each = lines.map(({ from, to, roundTripNs }) => {
    const trip = roundTripNs === undefined ? 'not measured' : durationText(roundTripNs)
    return `${from.name} and ${to.name}: ${trip}`
  })
  return `Who is linked to whom, with the round trip. ${each.join('; ')}.`
}

/** Bytes in powers of a thousand: `0 B`, `918 kB`, `1.2 GB`. */
export const bytesText = (bytes: number): string => {
  const [scale, unit] = (
    [
      [1e9, 'GB'],
      [1e6, 'MB'],
      [1e3, 'kB'],
    ] as const
  ).find(([one]) => bytes >= one * 0.9995) ?? [1, 'B']
  const value = bytes / scale
  return `${value >= 99.95 || unit === 'B' ? value.toFixed(0) : value.toPrecision(2)} ${unit}`
}

/** Points with their sign and at most one decimal. */
export const scoreText = (score: number): string => {
  const text = String(Math.abs(Math.round(score * 10) / 10))
  return text === '0' ? '0' : `${score < 0 ? '−' : '+'}${text}`
}

/** A channel as people read it: topics and protocols carry the network's id, which says nothing here. */
export const channelText = (channel: string): string => channel.replaceAll(/\/[0-9a-f]{8,}(?=\/)/g, '')
