/**
 * Peers as `GET /v1/peers` shows them: pure functions from what the network port says (connections, standings), from what the
 * greeting and the discovery of peers say where a node has them, and from the attestations that it holds.
 *
 * No new disclosure: who reached whom is taken from public attestations, and of remote peers only what this node has met itself is shown.
 */
import { BORNE_SCORE_MIN, CHOSEN_SCORE_MIN, DISCOVERY_PARAMETERS, addressGroup } from '../network/index.ts'
import type { Connection, DiscoveryView, Network, PeerStanding, PlacesOptions } from '../network/index.ts'
import { explainRefusal, explainScore } from './peer-explanations.ts'
import { DROPS_SHOWN_MAX, LINKS_SHOWN_MAX, PEERS_SHOWN_MAX, VERSIONS_SHOWN_MAX } from './peer-schema.ts'
import type { ConnectionView, DiscoveryFigures, PeerView, PeersView } from './peer-schema.ts'

/** What two ends agree on, or what one says of itself. */
export interface Agreed {
  readonly version: string
  readonly features: readonly string[]
  readonly agent: string
}

/** Parts of a node's networking beside the port, where it has them. */
export interface NetworkParts {
  readonly greetings?: { agreed(peer: string): Agreed | undefined }
  /** What this node says in its own greeting. */
  readonly own?: Agreed
  /** How it finds peers. */
  readonly discovery?: { view(): DiscoveryView }
  /** How many peers of its own choice it keeps. */
  readonly outboundWanted?: number
  /** Room for connections, as the node is set. */
  readonly places?: Pick<PlacesOptions, 'connectionsMax' | 'inboundMax' | 'reservedMax' | 'reservedFor'>
}

export interface PeersContext {
  readonly network: Pick<Network, 'peerId' | 'connections' | 'standings'>
  readonly parts: NetworkParts
  /** Elapsed ns now, of the counter that the connections count by. */
  readonly elapsedNs: bigint
  /** Name of a member; undefined for everybody else. */
  readonly nameOf: (peer: string) => string | undefined
  readonly drops: readonly { readonly channel: string; readonly reason: string; readonly count: number }[]
  readonly links: PeersView['links']
}

export const peersView = (context: PeersContext): PeersView => {
  const { network, parts, drops, links, elapsedNs } = context
  const connections = network.connections()
  const peers = peerViews(context, connections)
  return {
    self: network.peerId,
    own: parts.own === undefined ? null : agreedView(parts.own),
    peers: peers.slice(0, PEERS_SHOWN_MAX),
    peersLeftOut: Math.max(0, peers.length - PEERS_SHOWN_MAX),
    scoreBounds: { chosenMin: CHOSEN_SCORE_MIN, borneMin: BORNE_SCORE_MIN },
    places: placesView(connections, parts),
    versions: versionsOf(peers),
    drops: drops
      .toSorted((a, b) => b.count - a.count)
      .slice(0, DROPS_SHOWN_MAX)
      .map(({ channel, reason, count }) => ({ channel, reason, explanation: explainRefusal(reason), count })),
    discovery:
      parts.discovery === undefined
        ? null
        : discoveryView(parts.discovery.view(), { elapsedNs, outboundWanted: parts.outboundWanted }),
    links,
  }
}

/** The connected first, then the worst score. */
const peerViews = (context: PeersContext, connections: readonly Connection[]): PeerView[] => {
  const byPeer = Map.groupBy(connections, ({ peer }) => peer)
  const standings = new Map(context.network.standings().map((standing) => [standing.peer, standing]))
  const ids = new Set([...byPeer.keys(), ...standings.keys()])
  return [...ids]
    .map((id) => peerView(context, { id, connections: byPeer.get(id) ?? [], standing: standings.get(id) }))
    .sort((a, b) => Number(b.connected) - Number(a.connected) || a.score - b.score || (a.id < b.id ? -1 : 1))
}

interface Known {
  readonly id: string
  readonly connections: readonly Connection[]
  readonly standing: PeerStanding | undefined
}

const peerView = (context: PeersContext, { id, connections, standing }: Known): PeerView => {
  const agreed = context.parts.greetings?.agreed(id)
  const roundTrips = connections.flatMap(({ roundTripNs }) => roundTripNs ?? [])
  return {
    id,
    name: context.nameOf(id) ?? null,
    connected: connections.length > 0,
    connections: connections
      .toSorted((a, b) => Number(a.openedNs - b.openedNs))
      .map((connection) => connectionView(connection, context.elapsedNs)),
    roundTripNs: roundTrips.length === 0 ? null : Number(roundTrips.reduce((a, b) => (a < b ? a : b))),
    agreed: agreed === undefined ? null : agreedView(agreed),
    ...standingView(standing),
  }
}

const standingView = (
  standing: PeerStanding | undefined,
): Pick<PeerView, 'score' | 'scoreReasons' | 'messages' | 'drops' | 'shutOut'> => ({
  score: standing?.score ?? 0,
  scoreReasons: (standing?.reasons ?? [])
    .toSorted((a, b) => a.points - b.points)
    .map(({ channel, reason, points }) => ({ channel, reason, explanation: explainScore(reason), points })),
  messages: { accepted: 0, ignored: 0, rejected: 0, ...standing?.messages },
  drops: [...(standing?.refusals ?? [])]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => ({ reason, explanation: explainRefusal(reason), count })),
  shutOut: standing?.isShutOut ?? false,
})

const connectionView = (connection: Connection, elapsedNs: bigint): ConnectionView => {
  const { address, direction, transport, security, openedNs, roundTripNs, traffic } = connection
  return {
    address,
    group: addressGroup(address),
    direction,
    transport,
    security,
    ageNs: Math.max(0, Number(elapsedNs - openedNs)),
    roundTripNs: roundTripNs === undefined ? null : Number(roundTripNs),
    bytesIn: traffic.bytesIn,
    bytesOut: traffic.bytesOut,
  }
}

const agreedView = ({ version, features, agent }: Agreed): NonNullable<PeerView['agreed']> => ({
  version,
  features: [...features],
  agent,
})

const placesView = (connections: readonly Connection[], { places }: NetworkParts): PeersView['places'] => {
  const inbound = connections.filter(({ direction }) => direction === 'inbound')
  const reserved = places === undefined ? [] : inbound.filter(({ peer }) => places.reservedFor(peer))
  return {
    all: { used: connections.length, most: places?.connectionsMax ?? null },
    inbound: { used: inbound.length, most: places?.inboundMax ?? null },
    reserved: { used: reserved.length, most: places?.reservedMax ?? null },
  }
}

const discoveryView = (
  view: DiscoveryView,
  context: { readonly elapsedNs: bigint; readonly outboundWanted: number | undefined },
): DiscoveryFigures => {
  const { tables, records, outbound, anchors, feelers, bootstrap } = view
  const since = (atNs: bigint): number => Math.max(0, Number(context.elapsedNs - atNs))
  return {
    tables: [
      { name: 'tried', entries: tables.tried, groups: tables.triedGroups },
      { name: 'fresh', entries: tables.fresh, groups: tables.freshGroups },
    ],
    records: { known: records.known, expired: records.expired },
    ownRecordExpires: records.ownExpiresTai === undefined ? null : String(records.ownExpiresTai),
    outbound: outbound.map(({ peer, group, sinceNs, isAnchor }) => ({
      peer,
      group,
      ageNs: since(sinceNs),
      anchor: isAnchor,
    })),
    outboundWanted: context.outboundWanted ?? DISCOVERY_PARAMETERS.outboundMin,
    anchors: [...anchors],
    feelers: { sent: feelers.sent, answered: feelers.answered },
    bootstrap: bootstrap.map((outcome) => bootstrapView(outcome, since)),
  }
}

/** A file is not named: where things lie on this machine is nobody's business. */
const bootstrapView = (
  { kind, name, atNs, isOk, text }: DiscoveryView['bootstrap'][number],
  since: (atNs: bigint) => number,
): DiscoveryFigures['bootstrap'][number] => {
  const isFile = kind === 'file'
  const state = isOk ? 'good' : 'failed'
  return {
    kind,
    name: isFile ? '' : name,
    state: atNs === undefined ? 'waiting' : state,
    says: isFile && !isOk && atNs !== undefined ? 'It could not be used; the log says why.' : text,
    ageNs: atNs === undefined ? null : since(atNs),
  }
}

/** The most frequent first; what finds no room is counted under `other`. */
const versionsOf = (peers: readonly PeerView[]): PeersView['versions'] => {
  const counts = new Map<string, number>()
  for (const { connected, agreed } of peers)
    if (connected && agreed !== null) counts.set(agreed.version, (counts.get(agreed.version) ?? 0) + 1)
  const versions = [...counts]
    .map(([version, count]) => ({ version, peers: count }))
    .sort((a, b) => b.peers - a.peers || (a.version < b.version ? -1 : 1))
  const rest = versions.slice(VERSIONS_SHOWN_MAX).reduce((sum, { peers: count }) => sum + count, 0)
  return rest === 0 ? versions : [...versions.slice(0, VERSIONS_SHOWN_MAX), { version: 'other', peers: rest }]
}

/** What is read of an attestation. */
export interface Reached {
  readonly witness: string
  readonly subject: string
  readonly slot: number
  readonly sealed: { readonly attestation: { readonly roundTripNs: number } }
}

/** Of each pair of witness and subject the newest attestation; the newest pairs first. */
export const linksOf = (attestations: Iterable<Reached>): PeersView['links'] => {
  const newest = new Map<string, PeersView['links'][number]>()
  for (const { witness, subject, slot, sealed } of attestations) {
    const key = `${witness} ${subject}`
    const known = newest.get(key)
    if (known === undefined || slot > known.slot)
      newest.set(key, { witness, subject, slot, roundTripNs: sealed.attestation.roundTripNs })
  }
  return [...newest.values()].sort((a, b) => b.slot - a.slot).slice(0, LINKS_SHOWN_MAX)
}
