/**
 * `GET /metrics`: the node as numbers, in the text format of Prometheus (version 0.0.4). Read from the backend when asked;
 * between two scrapes nothing is kept but the counts of HTTP answers. Seconds, as Prometheus wants its base units; names
 * and labels are listed in docs/spec/api.md, A-60.
 *
 * Labels come from fixed lists, from node ids that the backend bounds, and from route patterns: never from a request.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Registry } from 'prom-client'
import { clockStatusSchema, nodeStatusSchema } from './schema.ts'
import type { ClockView, NodeView, StatusView } from './schema.ts'
import type { Backend } from './backend.ts'
import type { EventHub } from './event-hub.ts'
import { chainMetrics } from './metrics-chain.ts'
import { networkMetrics } from './metrics-network.ts'
import { stampMetrics } from './metrics-stamps.ts'
import type { StampHub } from './stamp-hub.ts'

const NS_PER_SEC = 1e9
/** How often the event loop's delay is sampled; an idle loop shows this much, so it is taken off again. */
const LOOP_SAMPLE_MS = 20

export interface Metrics extends Disposable {
  readonly contentType: string
  text(): Promise<string>
  /** One HTTP answer: `route` is the pattern, not the path. */
  answered(answer: { readonly method: string; readonly route: string; readonly status: number }): void
}

export const openMetrics = (
  backend: Backend,
  { hub, stampHub }: { readonly hub: EventHub; readonly stampHub?: StampHub | undefined },
): Metrics => {
  const registry = new Registry()
  const loop = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS })
  loop.enable()
  const writeClock = clockMetrics(registry)
  const writeKeeping = keepingMetrics(registry)
  const writeNodes = nodeMetrics(registry)
  const writeCounts = countMetrics(registry)
  const writeServed = servedMetrics(registry)
  const writeNetwork = networkMetrics(registry)
  const writeChain = chainMetrics(registry, backend.chain)
  const writeStamps = stampMetrics(registry, { desk: backend.stamps, hub: stampHub })
  const writeProcess = processMetrics(registry)
  const answers = new Counter({
    name: 'truechimer_http_answers_total',
    help: 'HTTP answers given, by route pattern and status',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  })
  /** Bounded as the labels are: route patterns and statuses. */
  const heads = new Map<string, Counter.Internal>()
  return {
    contentType: registry.contentType,
    text: async () => {
      const status = backend.status()
      writeClock(status)
      writeKeeping(backend.clock(), status.sources)
      writeNodes(backend.nodes().nodes)
      writeServed(backend.served?.() ?? [])
      writeNetwork(backend.peers(), backend.traffic())
      writeChain()
      writeStamps()
      writeCounts({ status, refusals: backend.refusals(), streams: hub.streams, cutOff: hub.cutOff })
      writeProcess({ loopMeanNs: loop.mean, loopMaxNs: loop.max })
      loop.reset()
      return registry.metrics()
    },
    answered: ({ method, route, status }) => {
      const name = `${method} ${route} ${status}`
      const counted = heads.get(name) ?? answers.labels({ method, route, status: String(status) })
      heads.set(name, counted)
      counted.inc()
    },
    [Symbol.dispose]: () => {
      loop.disable()
      registry.clear()
    },
  }
}

const gauge = <L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[] = [],
): Gauge<L> => new Gauge({ name: `truechimer_${name}`, help, labelNames: [...labelNames], registers: [registry] })

const counter = <L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[] = [],
): Counter<L> => new Counter({ name: `truechimer_${name}`, help, labelNames: [...labelNames], registers: [registry] })

/** A gauge without a value is left out, not zero: zero seconds of doubt would be a lie. */
const put = (target: Gauge, value: number | null): void => (value === null ? target.remove() : target.set(value))

const total = (target: Counter, value: number): void => {
  target.reset()
  target.inc(value)
}

const clockMetrics = (registry: Registry): ((status: StatusView) => void) => {
  const info = gauge(registry, 'info', 'Always 1; what this node is', ['version', 'network', 'node', 'name'])
  const bound = gauge(registry, 'clock_bound_seconds', 'Half the width of the interval that holds the true time')
  const state = gauge(registry, 'clock_status', '1 for the status that the clock has', ['status'])
  const frequency = gauge(registry, 'clock_frequency_ppb', 'Frequency error of the local counter; positive: fast')
  const host = gauge(registry, 'clock_host_offset_seconds', 'Operating system clock minus estimate')
  const uptime = gauge(registry, 'uptime_seconds', 'Since this node started')
  const sources = gauge(registry, 'sources', 'Sources of time by what the clock makes of them', ['state'])
  return ({ version, network, node, clock, uptimeNs, sources: list }) => {
    info.reset()
    info.set({ version, network: network.name, node: node.id, name: node.name }, 1)
    put(bound, clock.uncertaintyNs === null ? null : clock.uncertaintyNs / NS_PER_SEC)
    for (const status of clockStatusSchema.options) state.set({ status }, status === clock.status ? 1 : 0)
    frequency.set(clock.frequencyPpb)
    put(host, clock.hostOffsetNs === null ? null : clock.hostOffsetNs / NS_PER_SEC)
    uptime.set(uptimeNs / NS_PER_SEC)
    sources.reset()
    for (const { state } of list) sources.inc({ state })
  }
}

/** How the clock is kept, and what is made of each source. */
const keepingMetrics = (registry: Registry): ((clock: ClockView, sources: StatusView['sources']) => void) => {
  const likely = gauge(registry, 'clock_likely_seconds', 'Half the width of the range that is 95 % likely')
  const alone = gauge(registry, 'clock_majority_age_seconds', 'Since a majority of sources last spoke')
  const wander = gauge(registry, 'clock_wander_ppb', 'Frequency wander that the interval allows for')
  const allan = gauge(registry, 'clock_allan_deviation', 'Allan deviation of the counter, a ratio', ['tau_seconds'])
  const rounds = gauge(registry, 'clock_synchronisations', 'Times that sources were asked in the last 24 hours')
  const perDay = gauge(registry, 'clock_synchronisations_per_day', 'The same for a whole day')
  const reach = gauge(registry, 'source_reach', 'Of the last eight polls of a source, those answered', ['source'])
  const suspicion = gauge(registry, 'source_suspicion', 'How far a source is distrusted, 0 to 1000', ['source'])
  return ({ likelyUncertaintyNs, sinceMajorityNs, frequency, allan: figures, synchronisations }, sources) => {
    put(likely, likelyUncertaintyNs === null ? null : likelyUncertaintyNs / NS_PER_SEC)
    put(alone, sinceMajorityNs === null ? null : sinceMajorityNs / NS_PER_SEC)
    wander.set(frequency.wanderPpb)
    allan.reset()
    for (const { tauSec, deviation } of figures) allan.set({ tau_seconds: String(tauSec) }, deviation)
    rounds.set(synchronisations.rounds)
    put(perDay, synchronisations.perDay)
    reach.reset()
    suspicion.reset()
    for (const { id: source, reach: polls, suspicion: of } of sources) {
      reach.set({ source }, bitsOf(polls))
      if (of !== null) suspicion.set({ source }, of.score)
    }
  }
}

const bitsOf = (octet: number): number => octet.toString(2).replaceAll('0', '').length

const nodeMetrics = (registry: Registry): ((nodes: readonly NodeView[]) => void) => {
  const offset = gauge(registry, 'node_offset_seconds', 'Ends of the offset that a node’s witnesses agree on', [
    'node',
    'name',
    'edge',
  ])
  const state = gauge(registry, 'node_status', '1 for the status that a node has', ['node', 'name', 'status'])
  return (nodes) => {
    offset.reset()
    state.reset()
    for (const { id: node, name, offset: interval, status: has } of nodes) {
      for (const status of nodeStatusSchema.options) state.set({ node, name, status }, status === has ? 1 : 0)
      if (interval === null) continue
      offset.set({ node, name, edge: 'lo' }, interval.loNs / NS_PER_SEC)
      offset.set({ node, name, edge: 'hi' }, interval.hiNs / NS_PER_SEC)
    }
  }
}

const servedMetrics = (registry: Registry): ((served: ReturnType<NonNullable<Backend['served']>>) => void) => {
  const answers = counter(registry, 'time_answers_total', 'Answers of the servers of time', ['server'])
  const refused = counter(registry, 'time_refusals_total', 'Requests that they refused', ['server', 'reason'])
  return (served) => {
    answers.reset()
    refused.reset()
    for (const { name: server, answered, refused: reasons } of served) {
      answers.inc({ server }, answered)
      for (const [reason, count] of reasons) refused.inc({ server, reason }, count)
    }
  }
}

interface Counts {
  readonly status: StatusView
  readonly refusals: ReturnType<Backend['refusals']>
  readonly streams: number
  readonly cutOff: number
}

const countMetrics = (registry: Registry): ((counts: Counts) => void) => {
  const proofs = counter(registry, 'proofs_total', 'Time proofs held or seen, own and others')
  const attestations = counter(registry, 'attestations_total', 'Attestations admitted')
  const refusals = counter(registry, 'refusals_total', 'Input refused', ['channel', 'reason'])
  const peers = gauge(registry, 'peers', 'Connected peers')
  const streams = gauge(registry, 'event_streams', 'Open streams of GET /v1/events')
  const cutOff = counter(registry, 'event_streams_cut_total', 'Event streams cut off because their reader was too slow')
  return (counts) => {
    total(proofs, counts.status.counts.proofs)
    total(attestations, counts.status.counts.attestations)
    refusals.reset()
    for (const { channel, reason, count } of counts.refusals) refusals.inc({ channel, reason }, count)
    peers.set(counts.status.peers.length)
    streams.set(counts.streams)
    total(cutOff, counts.cutOff)
  }
}

const processMetrics = (registry: Registry): ((loop: { loopMeanNs: number; loopMaxNs: number }) => void) => {
  const lag = gauge(registry, 'event_loop_lag_seconds', 'Delay of the event loop since the last scrape', ['statistic'])
  const memory = gauge(registry, 'memory_bytes', 'Memory of this process', ['kind'])
  return ({ loopMeanNs, loopMaxNs }) => {
    lag.set({ statistic: 'mean' }, lagSec(loopMeanNs))
    lag.set({ statistic: 'max' }, lagSec(loopMaxNs))
    const { rss, heapUsed, external } = process.memoryUsage()
    memory.set({ kind: 'resident' }, rss)
    memory.set({ kind: 'heap' }, heapUsed)
    memory.set({ kind: 'external' }, external)
  }
}

/** The monitor says NaN before its first sample. */
const lagSec = (delayNs: number): number =>
  Number.isFinite(delayNs) ? Math.max(0, delayNs / NS_PER_SEC - LOOP_SAMPLE_MS / 1e3) : 0
