/** /metrics parses as Prometheus text, and says what the tables say. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { ask } from './asking.test-kit.ts'
import { CLOCK_EXAMPLE, NODE_ID_EXAMPLE, PEERS_EXAMPLE, STATUS_EXAMPLE, WITNESS_ID_EXAMPLE } from './examples.ts'
import { openHttpApi } from './http-api.ts'
import type { HttpApi } from './http-api.ts'
import { tableBackend } from './table-backend.test-kit.ts'
import type { TableBackend } from './table-backend.test-kit.ts'

const open = (backend: TableBackend): Promise<HttpApi> =>
  openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 } })

interface Family {
  readonly type: string
  readonly samples: Map<string, number>
}

const NAME = '[a-z_:][a-z0-9_:]*'
const LABEL = String.raw`[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`
const SAMPLE = new RegExp(String.raw`^(${NAME})(\{${LABEL}(?:,${LABEL})*\})? (-?[0-9.]+(?:e[+-]?\d+)?|NaN|[+-]Inf)$`)

/** Text format 0.0.4, strictly: help, type, then samples of that very name; nothing else. */
const parse = (text: string): Map<string, Family> => {
  const families = new Map<string, Family>()
  ok(text.endsWith('\n'))
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const head = new RegExp(`^# (?:HELP (${NAME}) .+|TYPE (${NAME}) (counter|gauge))$`).exec(line)
    if (head?.[2] !== undefined) families.set(head[2], { type: head[3] ?? '', samples: new Map() })
    if (head !== null) continue
    const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? [undefined, line]
    const family = families.get(name)
    ok(family !== undefined && !family.samples.has(labels), `no sample of a known family, or one twice: ${line}`)
    family.samples.set(labels, Number(value))
  }
  return families
}

const scrape = async (api: HttpApi): Promise<Map<string, Family>> => parse((await ask(`${api.address}/metrics`)).text)

const value = (families: Map<string, Family>, name: string, labels = ''): number | undefined =>
  families.get(`truechimer_${name}`)?.samples.get(labels)

test('what the node says is what is scraped', async () => {
  await using api = await open(tableBackend())
  const answer = await ask(`${api.address}/metrics`)
  equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  const families = parse(answer.text)
  const node = `node="${NODE_ID_EXAMPLE}",name="ada"`
  const expected: [string, string, number][] = [
    ['clock_bound_seconds', '', 1.75e-3],
    ['clock_status', '{status="synchronised"}', 1],
    ['clock_status', '{status="holdover"}', 0],
    ['clock_frequency_ppb', '', 18_240],
    ['clock_host_offset_seconds', '', -412e-6],
    ['clock_likely_seconds', '', 90e-6],
    ['clock_majority_age_seconds', '', 0.9],
    ['clock_wander_ppb', '', 300],
    ['clock_allan_deviation', '{tau_seconds="128"}', 1.1e-8],
    ['clock_synchronisations', '', 90],
    ['clock_synchronisations_per_day', '', 1350],
    ['source_reach', '{source="ntp:127.0.0.1:11123"}', 8],
    ['uptime_seconds', '', 61],
    ['sources', '{state="selected"}', 1],
    ['node_offset_seconds', `{${node},edge="lo"}`, -310e-6],
    ['node_offset_seconds', `{${node},edge="hi"}`, 290e-6],
    ['node_status', `{${node},status="truechimer"}`, 1],
    ['node_status', `{${node},status="falseticker"}`, 0],
    ['proofs_total', '', 150],
    ['attestations_total', '', 420],
    ['refusals_total', '{channel="ntp",reason="wrong-origin"}', 3],
    ['peers', '', 1],
    ['peer_connections', '{direction="outbound",transport="tcp"}', 1],
    ['peer_connections', '{direction="inbound",transport="quic"}', 0],
    ['peers_shut_out', '', 0],
    ['peer_round_trip_seconds', '{statistic="median"}', 620e-6],
    ['member_round_trip_seconds', `{node="${WITNESS_ID_EXAMPLE}",name="bede"}`, 620e-6],
    ['peer_places_used', '{kind="all"}', 1],
    ['peer_places_max', '{kind="inbound"}', 48],
    ['peer_records', '', 14],
    ['peer_outbound_groups', '', 1],
    ['peer_table_entries', '{table="tried"}', 3],
    ['peer_feelers_total', '{outcome="failed"}', 2],
    ['network_received_bytes_total', '', 918_273],
    ['network_sent_bytes_total', '', 645_120],
    ['messages_total', '{verdict="reject"}', 7],
    ['event_streams', '', 0],
    ['event_streams_cut_total', '', 0],
  ]
  for (const [name, labels, is] of expected) equal(value(families, name, labels), is, `${name}${labels}`)
  ok((value(families, 'memory_bytes', '{kind="resident"}') ?? 0) > 1_000_000)
  ok((value(families, 'event_loop_lag_seconds', '{statistic="max"}') ?? -1) >= 0)
})

test('names follow the custom: a prefix, base units, counters end in _total', async () => {
  await using api = await open(tableBackend())
  for (const [name, { type }] of await scrape(api)) {
    ok(name.startsWith('truechimer_'), name)
    equal(name.endsWith('_total'), type === 'counter', name)
    ok(!/_(?:ms|us|ns|milliseconds|percent)$/.test(name), name)
  }
})

test('what is not known is absent, not zero', async () => {
  const backend = tableBackend()
  const clock = {
    ...STATUS_EXAMPLE.clock,
    status: 'unsynchronised',
    uncertaintyNs: null,
    likely: null,
    hostOffsetNs: null,
  } as const
  await using api = await open(backend)
  equal(value(await scrape(api), 'clock_bound_seconds'), 1.75e-3)
  backend.table.status = { ...STATUS_EXAMPLE, clock, sources: [] }
  const synchronisations = { ...CLOCK_EXAMPLE.synchronisations, perDay: null }
  const unknown = { likelyUncertaintyNs: null, sinceMajorityNs: null, allan: [], synchronisations }
  backend.table.clock = { ...CLOCK_EXAMPLE, ...unknown }
  const families = await scrape(api)
  const absent = [
    'clock_bound_seconds',
    'clock_host_offset_seconds',
    'clock_likely_seconds',
    'clock_majority_age_seconds',
  ]
  for (const name of [...absent, 'clock_synchronisations_per_day', 'clock_allan_deviation', 'source_reach', 'sources'])
    deepEqual(families.get(`truechimer_${name}`)?.samples, new Map(), name)
  equal(value(families, 'clock_status', '{status="unsynchronised"}'), 1)
  equal(value(families, 'clock_status', '{status="synchronised"}'), 0)
})

test('how a source is distrusted, where it is judged', async () => {
  const backend = tableBackend()
  await using api = await open(backend)
  deepEqual((await scrape(api)).get('truechimer_source_suspicion')?.samples, new Map())
  const [source] = STATUS_EXAMPLE.sources
  ok(source !== undefined)
  const suspicion = { score: 350, reasons: [{ reason: 'gps-signal-uniform', explanation: '' }] }
  const judged = { ...source, id: 'gpsd:localhost:2947', reach: 0b101, suspicion }
  backend.table.status = { ...STATUS_EXAMPLE, sources: [judged] }
  const families = await scrape(api)
  equal(value(families, 'source_suspicion', '{source="gpsd:localhost:2947"}'), 350)
  deepEqual(families.get('truechimer_source_reach')?.samples, new Map([['{source="gpsd:localhost:2947"}', 2]]))
})

test('of a stranger no name becomes a label, and without discovery there are no figures of it', async () => {
  const backend = tableBackend()
  await using api = await open(backend)
  await scrape(api)
  const [peer] = PEERS_EXAMPLE.peers
  ok(peer !== undefined)
  const most = { used: 0, most: null }
  const places = { all: most, inbound: most, reserved: most }
  const strangers = [
    { ...peer, name: null, roundTripNs: 5e6 },
    { ...peer, name: null, roundTripNs: 1e6, shutOut: true },
  ]
  backend.table.peers = { ...PEERS_EXAMPLE, peers: strangers, places, discovery: null }
  const families = await scrape(api)
  for (const name of ['member_round_trip_seconds', 'peer_places_max', 'peer_records', 'peer_table_entries'])
    deepEqual(families.get(`truechimer_${name}`)?.samples, new Map(), name)
  equal(value(families, 'peer_round_trip_seconds', '{statistic="min"}'), 1e-3)
  equal(value(families, 'peer_round_trip_seconds', '{statistic="max"}'), 5e-3)
  equal(value(families, 'peers_shut_out'), 1)
  equal(value(families, 'peer_connections', '{direction="outbound",transport="tcp"}'), 2)
})

test('two scrapes do not count twice, and what is gone is gone', async () => {
  const backend = tableBackend()
  await using api = await open(backend)
  await scrape(api)
  backend.table.refusals = [{ channel: 'gossip', reason: 'too-large', count: 1 }]
  const families = await scrape(api)
  equal(value(families, 'proofs_total'), 150)
  deepEqual(families.get('truechimer_refusals_total')?.samples, new Map([['{channel="gossip",reason="too-large"}', 1]]))
})

test('a name with quotes and line ends cannot forge a sample', async () => {
  const backend = tableBackend()
  const name = 'a"} 1\ntruechimer_peers 9\n\\'
  backend.table.status = { ...STATUS_EXAMPLE, node: { ...STATUS_EXAMPLE.node, name } }
  await using api = await open(backend)
  equal(value(await scrape(api), 'peers'), 1)
})

test('answers are counted by pattern, never by path', async () => {
  await using api = await open(tableBackend())
  await ask(`${api.address}/v1/nodes/${NODE_ID_EXAMPLE}`)
  await ask(`${api.address}/v1/nodes/wrong`)
  await ask(`${api.address}/any/thing`)
  const samples = (await scrape(api)).get('truechimer_http_answers_total')?.samples
  deepEqual(
    samples,
    new Map([
      ['{method="GET",route="/v1/nodes/:id",status="200"}', 1],
      ['{method="GET",route="/v1/nodes/:id",status="400"}', 1],
      ['{method="GET",route="none",status="404"}', 1],
    ]),
  )
})

test('what servers of time have done is counted by server and reason; a node that serves none shows none', async () => {
  const served = () => [
    { name: 'ntp', address: '127.0.0.1:123', answered: 12, refused: new Map([['ntp-request-wrong-mode', 3]]) },
    { name: 'refclock', address: '/run/sock', answered: 0, refused: new Map<string, number>() },
  ]
  await using api = await open({ ...tableBackend(), served })
  const families = await scrape(api)
  equal(value(families, 'time_answers_total', '{server="ntp"}'), 12)
  equal(value(families, 'time_answers_total', '{server="refclock"}'), 0)
  equal(value(families, 'time_refusals_total', '{server="ntp",reason="ntp-request-wrong-mode"}'), 3)
  await using none = await open(tableBackend())
  equal((await scrape(none)).get('truechimer_time_answers_total')?.samples.size, 0)
})

test('the chain: heights, the newest interval, who is silent, what everybody weighs', async () => {
  const backend = tableBackend()
  await using api = await open(backend)
  const families = await scrape(api)
  equal(value(families, 'chain_height'), 1234)
  equal(value(families, 'chain_block_interval_seconds'), 0.492)
  equal(value(families, 'chain_block_age_seconds'), 0.84)
  equal(value(families, 'chain_silent_ratio'), 0.25)
  equal(value(families, 'chain_rounds_failed_total'), 2)
  equal(value(families, 'chain_emergency'), 0)
  const [ada] = backend.table.chain.validators.validators
  equal(value(families, 'chain_weight_ratio', `{node="${ada?.id}",name="ada"}`), 0.75)
  backend.table.chain.status = { ...backend.table.chain.status, tip: null, tipAgeNs: null }
  equal((await scrape(api)).get('truechimer_chain_block_age_seconds')?.samples.size, 0)
  await using none = await open(tableBackend({ chain: false }))
  equal((await scrape(none)).get('truechimer_chain_height')?.samples.size ?? 0, 0)
})
