/**
 * The network's part of `GET /metrics`: connections, round trips, traffic, places, what is known of other peers. Labels are fixed
 * lists, names of tables, and members of the genesis: never a peer that anybody may be, nor a version that it claims.
 */
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import { connectionSchema } from './peer-schema.ts'
import type { PeersView } from './peer-schema.ts'
import type { TrafficSums } from './peer-traffic.ts'

const NS_PER_SEC = 1e9

interface Names<L extends string> {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly L[]
}

const made = <L extends string>(registry: Registry, { name, help, labelNames = [] }: Names<L>) => ({
  name: `truechimer_${name}`,
  help,
  labelNames: [...labelNames],
  registers: [registry],
})
const gauge = <L extends string>(registry: Registry, names: Names<L>): Gauge<L> => new Gauge(made(registry, names))
const counter = <L extends string>(registry: Registry, names: Names<L>): Counter<L> =>
  new Counter(made(registry, names))

const total = (target: Counter, value: number): void => {
  target.reset()
  target.inc(value)
}

/** Writes all of it anew with every call. */
export const networkMetrics = (registry: Registry): ((view: PeersView, sums: TrafficSums) => void) => {
  const writers = [connectionMetrics, roundTripMetrics, placeMetrics, discoveryMetrics].map((open) => open(registry))
  const writeTraffic = trafficMetrics(registry)
  return (view, sums) => {
    for (const write of writers) write(view)
    writeTraffic(sums)
  }
}

const connectionMetrics = (registry: Registry): ((view: PeersView) => void) => {
  const open = gauge(registry, {
    name: 'peer_connections',
    help: 'Open connections with peers',
    labelNames: ['direction', 'transport'],
  })
  const shutOut = gauge(registry, { name: 'peers_shut_out', help: 'Peers that may not come back yet' })
  const { direction: directions, transport: transports } = connectionSchema.shape
  return ({ peers }) => {
    for (const direction of directions.options)
      for (const transport of transports.options) open.set({ direction, transport }, 0)
    for (const { connections } of peers)
      for (const { direction, transport } of connections) open.inc({ direction, transport })
    shutOut.set(peers.filter((peer) => peer.shutOut).length)
  }
}

const roundTripMetrics = (registry: Registry): ((view: PeersView) => void) => {
  const spread = gauge(registry, {
    name: 'peer_round_trip_seconds',
    help: 'Newest round trips with connected peers: the shortest, the middle and the longest',
    labelNames: ['statistic'],
  })
  const members = gauge(registry, {
    name: 'member_round_trip_seconds',
    help: 'Newest round trip with a connected member of the network',
    labelNames: ['node', 'name'],
  })
  return ({ peers }) => {
    spread.reset()
    members.reset()
    const trips = peers.flatMap(({ roundTripNs }) => roundTripNs ?? []).sort((a, b) => a - b)
    const [min, median, max] = [trips[0], trips[Math.floor((trips.length - 1) / 2)], trips.at(-1)]
    for (const [statistic, ns] of Object.entries({ min, median, max }))
      if (ns !== undefined) spread.set({ statistic }, ns / NS_PER_SEC)
    for (const { id: node, name, roundTripNs } of peers)
      if (name !== null && roundTripNs !== null) members.set({ node, name }, roundTripNs / NS_PER_SEC)
  }
}

const placeMetrics = (registry: Registry): ((view: PeersView) => void) => {
  const labelNames = ['kind'] as const
  const used = gauge(registry, { name: 'peer_places_used', help: 'Places for connections that are taken', labelNames })
  const most = gauge(registry, { name: 'peer_places_max', help: 'Places for connections that there are', labelNames })
  return ({ places }) => {
    most.reset()
    for (const [kind, place] of Object.entries(places)) {
      used.set({ kind }, place.used)
      if (place.most !== null) most.set({ kind }, place.most)
    }
  }
}

const discoveryMetrics = (registry: Registry): ((view: PeersView) => void) => {
  const records = gauge(registry, { name: 'peer_records', help: 'Signed peer records held, not expired' })
  const entries = gauge(registry, {
    name: 'peer_table_entries',
    help: 'Peers in the tables of discovery',
    labelNames: ['table'],
  })
  const groups = gauge(registry, {
    name: 'peer_outbound_groups',
    help: 'Address groups among the peers that this node chose itself',
  })
  const feelers = counter(registry, {
    name: 'peer_feelers_total',
    help: 'Short connections that found out whether a peer answers',
    labelNames: ['outcome'],
  })
  return ({ discovery }) => {
    for (const target of [records, groups]) target.remove()
    entries.reset()
    feelers.reset()
    if (discovery === null) return
    records.set(discovery.records.known - discovery.records.expired)
    groups.set(new Set(discovery.outbound.map(({ group }) => group)).size)
    for (const { name: table, entries: held } of discovery.tables) entries.set({ table }, held)
    const { sent, answered } = discovery.feelers
    feelers.inc({ outcome: 'answered' }, answered)
    feelers.inc({ outcome: 'failed' }, Math.max(0, sent - answered))
  }
}

const trafficMetrics = (registry: Registry): ((sums: TrafficSums) => void) => {
  const received = counter(registry, {
    name: 'network_received_bytes_total',
    help: 'Bytes that peers sent, as carried',
  })
  const sent = counter(registry, { name: 'network_sent_bytes_total', help: 'Bytes sent to peers, as carried' })
  const messages = counter(registry, {
    name: 'messages_total',
    help: 'Messages and requests of peers by what was made of them',
    labelNames: ['verdict'],
  })
  return ({ bytesIn, bytesOut, messages: { accepted, ignored, rejected } }) => {
    total(received, bytesIn)
    total(sent, bytesOut)
    messages.reset()
    messages.inc({ verdict: 'accept' }, accepted)
    messages.inc({ verdict: 'ignore' }, ignored)
    messages.inc({ verdict: 'reject' }, rejected)
  }
}
