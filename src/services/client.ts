/**
 * The typed client of the HTTP API, exported as `truechimer/client`. It runs in browsers and in Node: it stands on `fetch`,
 * streams and timers, and imports the shapes that the server itself validates with (`schema.ts`), what those stand on, and nothing else.
 *
 * Every answer is checked against its shape before it is handed out; keys that this version does not know are dropped, so
 * a newer node can be asked by an older client. Everything that goes wrong is an `ApiError` with a stable code.
 * Server-sent events follow the WHATWG HTML standard §9.2.6. Rules: docs/spec/api.md, A-50 and after.
 *
 * It does not promise every event: what happened while the connection was down comes back only as far as the node still
 * holds it. `clock` and `judgement` events are whole pictures, so a reader of those is right again with the next one.
 */
import { z } from 'zod'
import { follow } from './client-stream.ts'
import type { StreamState } from './client-stream.ts'
import { ApiError, bytesOf, jsonOf, parseJson, request } from './client-transport.ts'
import type { ClientOptions } from './client-transport.ts'
import {
  acceptedSchema,
  blockSchema,
  blocksSchema,
  clockSchema,
  devnetSchema,
  eventSchema,
  genesisViewSchema,
  healthSchema,
  lightSchema,
  nodeDetailSchema,
  nodesSchema,
  peersSchema,
  proofSchema,
  statusSchema,
  timeSchema,
  validatorsSchema,
} from './schema.ts'
import type {
  AcceptedView,
  BlocksView,
  BlockView,
  ClockView,
  DevnetView,
  EventType,
  EventView,
  FaultView,
  GenesisView,
  HealthView,
  LightView,
  NodeDetailView,
  NodesView,
  PeersView,
  ProofView,
  StatusView,
  TimeView,
  ValidatorsView,
} from './schema.ts'
import { openOfflineClient } from './offline-client.ts'
import type { OfflineClient } from './offline-client.ts'
import { openStampsClient } from './stamp-client.ts'
import type { StampsClient } from './stamp-client.ts'

export { ANSWER_BYTES_MAX, ApiError, CLIENT_CODES } from './client-transport.ts'
export type { ApiErrorOptions, ClientOptions } from './client-transport.ts'
export { EVENT_CHARS_MAX, eventStreamParser } from './client-stream.ts'
export type { StreamMessage, StreamState } from './client-stream.ts'
export type { StampsClient, SubmitOptions, WatchOptions } from './stamp-client.ts'
export type { BeaconView, StampAsk, StampNewsView, StampView } from './stamp-schema.ts'

/** What the node says about its own health; `healthy: false` carries the reason. */
export type Health = HealthView | { readonly healthy: false; readonly code: string; readonly message: string }

export interface EventsOptions<T extends EventType = EventType> {
  /** Only these; all when left out. */
  readonly types?: readonly T[]
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal
  /** Told about every change of the connection, for a person's eyes; `waiting` comes with what went wrong, if anything did. */
  readonly onState?: (state: StreamState, error?: ApiError) => void
}

export interface Client {
  /** Rejects with `TC_API_UNSYNCHRONISED` (503) while the node has no time to give. */
  time(): Promise<TimeView>
  status(): Promise<StatusView>
  /** How the clock is kept; also before it has the time. */
  clock(): Promise<ClockView>
  nodes(): Promise<NodesView>
  /** Rejects with `TC_API_UNKNOWN_NODE` (404). */
  node(id: string): Promise<NodeDetailView>
  /** Rejects with `TC_API_UNKNOWN_PROOF` (404). */
  proof(cid: string): Promise<ProofView>
  /** The network as this node sees it: connections, how its peers stand, what was dropped. */
  peers(): Promise<PeersView>
  /** What the network holds to be given. This and what follows, to `light`, rejects with `TC_API_NOT_FOUND` (404) without a chain. */
  genesis(): Promise<GenesisView>
  /** The newest first; from a height downwards where one is given. */
  blocks(wanted?: { readonly from?: number; readonly limit?: number }): Promise<BlocksView>
  /** By height, by id, or the newest. Rejects with `TC_API_UNKNOWN_BLOCK` (404). */
  block(which: number | string): Promise<BlockView>
  /** The same as it is encoded, for `openBlock`. Rejects with `TC_API_UNKNOWN_BLOCK` (404). */
  blockBytes(which: number | string): Promise<Uint8Array>
  /** Who votes at a height, at the next one where none is given. Rejects with `TC_API_UNKNOWN_BLOCK` (404). */
  validators(height?: number): Promise<ValidatorsView>
  /** A proof of a header for who trusts the one at `from` (0: the genesis). Rejects with `TC_API_UNKNOWN_BLOCK` (404). */
  light(wanted?: { readonly from?: number; readonly to?: number }): Promise<LightView>
  /** Hands in a signed transaction. Rejects with `TC_API_TRANSACTION_REFUSED` (422), whose message ends with the reason. */
  submit(transaction: Uint8Array): Promise<AcceptedView>
  /** Having imprints stamped, following them, and their proofs. */
  readonly stamps: StampsClient
  /** Handing in what was stamped offline. */
  readonly offline: OfflineClient
  /** A node that is up but not well answers; only one that does not answer rejects. */
  health(): Promise<Health>
  /**
   * Events until `signal` or the client's own signal fires, or the loop is left. A lost connection is made again by itself,
   * with growing pauses, and resumes after the last event seen. Rejects only where asking again cannot help (4xx).
   */
  events<T extends EventType = EventType>(options?: EventsOptions<T>): AsyncIterable<Extract<EventView, { type: T }>>
  /** Rejects with `TC_API_NOT_FOUND` (404) where the node is in no devnet. */
  devnet(): Promise<DevnetView>
  /** Bends a devnet node's time source. Fetches the token by itself. */
  bend(fault: FaultView): Promise<void>
}

const empty = z.unknown()

/** One client. Opens nothing until asked; holds nothing that must be closed. */
export const openClient = (options: ClientOptions): Client => {
  const ask = <T>(path: string, schema: z.ZodType<T>, init: RequestInit = {}): Promise<T> =>
    request(options, path, init, jsonOf(schema))
  const devnet = (): Promise<DevnetView> => ask('/v1/devnet', devnetSchema)
  return {
    time: () => ask('/v1/time', timeSchema),
    status: () => ask('/v1/status', statusSchema),
    clock: () => ask('/v1/clock', clockSchema),
    nodes: () => ask('/v1/nodes', nodesSchema),
    node: (id) => ask(`/v1/nodes/${encodeURIComponent(id)}`, nodeDetailSchema),
    proof: (cid) => ask(`/v1/proofs/${encodeURIComponent(cid)}`, proofSchema),
    peers: () => ask('/v1/peers', peersSchema),
    ...chainQuestions(ask),
    blockBytes: (which) => request(options, `/v1/blocks/${encodeURIComponent(which)}/bytes`, {}, bytesOf),
    stamps: openStampsClient(options),
    offline: openOfflineClient(options),
    health: () => ask('/healthz', healthSchema).catch(unhealthy),
    events: (eventsOptions) => ({ [Symbol.asyncIterator]: () => events(options, eventsOptions ?? {}) }),
    devnet,
    bend: async (fault) => {
      const { token } = await devnet()
      const headers = { 'content-type': 'application/json', 'x-truechimer-token': token }
      await ask('/v1/devnet/faults', empty, { method: 'POST', headers, body: JSON.stringify(fault) })
    },
  }
}

type Ask = <T>(path: string, schema: z.ZodType<T>, init?: RequestInit) => Promise<T>

const chainQuestions = (
  ask: Ask,
): Pick<Client, 'genesis' | 'blocks' | 'block' | 'validators' | 'light' | 'submit'> => ({
  genesis: () => ask('/v1/genesis', genesisViewSchema),
  blocks: (wanted = {}) => ask(`/v1/blocks${queryOf({ ...wanted })}`, blocksSchema),
  block: (which) => ask(`/v1/blocks/${encodeURIComponent(which)}`, blockSchema),
  validators: (height) => ask(`/v1/validators${queryOf({ height })}`, validatorsSchema),
  light: (wanted = {}) => ask(`/v1/light${queryOf({ ...wanted })}`, lightSchema),
  submit: (transaction) => {
    const body = JSON.stringify({ bytes: base64Of(transaction) })
    return ask('/v1/transactions', acceptedSchema, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
  },
})

/** `?a=1&b=2` of what is given; empty where nothing is. */
const queryOf = (wanted: Readonly<Record<string, number | undefined>>): string => {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined)
  return given.length === 0 ? '' : `?${given.map(([name, value]) => `${name}=${value}`).join('&')}`
}

const base64Of = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join(''))

const unhealthy = (error: unknown): Health => {
  if (error instanceof ApiError && error.code === 'TC_API_UNHEALTHY')
    return { healthy: false, code: error.code, message: error.message }
  throw error
}

async function* events<T extends EventType>(
  options: ClientOptions,
  { types, signal, onState }: EventsOptions<T>,
): AsyncGenerator<Extract<EventView, { type: T }>> {
  const wanted = (event: EventView): event is Extract<EventView, { type: T }> =>
    types === undefined || types.some((type) => type === event.type)
  for await (const { data } of follow(options, { path: eventsPath(types), signal, onState })) {
    const event = eventSchema.safeParse(parseJson(data))
    // A type that this version does not know is passed over, as a browser's EventSource does.
    if (event.success && wanted(event.data)) yield event.data
  }
}

const eventsPath = (types: readonly EventType[] | undefined): string =>
  types === undefined ? '/v1/events' : `/v1/events?types=${types.join(',')}`
