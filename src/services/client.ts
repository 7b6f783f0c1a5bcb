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
  problemSchema,
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

/** Codes that the client itself gives; every other code is the server's own (docs/errors.md). */
export const CLIENT_CODES = ['TC_API_UNREACHABLE', 'TC_API_TIMEOUT', 'TC_API_ANSWER', 'TC_API_ABORTED'] as const

/** A refusal, or no answer. `status` is the HTTP status, 0 where there was no answer at all. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ApiError'
    this.code = code
    this.status = options.status ?? 0
  }
}

/** What the node says about its own health; `healthy: false` carries the reason. */
export type Health = HealthView | { readonly healthy: false; readonly code: string; readonly message: string }

/** `connecting`: asking; `open`: events may come; `waiting`: lost, and asking again after a pause. */
export type StreamState = 'connecting' | 'open' | 'waiting'

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
  /** Who votes at a height, at the next one where none is given. Rejects with `TC_API_UNKNOWN_BLOCK` (404). */
  validators(height?: number): Promise<ValidatorsView>
  /** A proof of a header for who trusts the one at `from` (0: the genesis). Rejects with `TC_API_UNKNOWN_BLOCK` (404). */
  light(wanted?: { readonly from?: number; readonly to?: number }): Promise<LightView>
  /** Hands in a signed transaction. Rejects with `TC_API_TRANSACTION_REFUSED` (422), whose message ends with the reason. */
  submit(transaction: Uint8Array): Promise<AcceptedView>
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

export interface ClientOptions {
  /** Where the API lives, such as `http://127.0.0.1:4600`; in a browser `location.origin`. */
  readonly baseUrl: string
  /** Another `fetch`, for tests and proxies. */
  readonly fetch?: typeof globalThis.fetch
  /** Ends every request and every iteration of this client. */
  readonly signal?: AbortSignal
  /** How long one request may take, milliseconds; 10,000 unless told. */
  readonly timeoutMs?: number
  /** First pause before connecting again, milliseconds; 500 unless told, or what the server's `retry:` says. */
  readonly retryMs?: number
  /** Longest such pause, milliseconds; 15,000 unless told. */
  readonly retryMsMax?: number
  /** A stream this long without a byte is taken for dead, milliseconds; 45,000 unless told (the server beats every 15 s). */
  readonly idleMsMax?: number
}

/** Bytes of one answer, and of one event, that are read at most. */
export const ANSWER_BYTES_MAX = 8 * 1024 * 1024
export const EVENT_CHARS_MAX = 2 * 1024 * 1024

const empty = z.unknown()

/** One client. Opens nothing until asked; holds nothing that must be closed. */
export const openClient = (options: ClientOptions): Client => {
  const ask = <T>(path: string, schema: z.ZodType<T>, init: RequestInit = {}): Promise<T> =>
    request(options, path, schema, init)
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
    health: () => ask('/healthz', healthSchema).catch(unhealthy),
    events: (eventsOptions) => ({ [Symbol.asyncIterator]: () => follow(options, eventsOptions ?? {}) }),
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

const request = async <T>(
  options: ClientOptions,
  path: string,
  schema: z.ZodType<T>,
  init: RequestInit,
): Promise<T> => {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 10_000)
  const signal = AbortSignal.any([timeout, ...(options.signal === undefined ? [] : [options.signal])])
  try {
    const response = await fetchOf(options)(urlOf(options, path), { ...init, signal })
    const text = await textOf(response)
    if (!response.ok) throw refusal(response.status, text)
    return answer(schema, response.status === 204 ? 'null' : text, response.status)
  } catch (error) {
    if (error instanceof ApiError) throw error
    if (options.signal?.aborted) throw new ApiError('TC_API_ABORTED', 'The request was called off.', { cause: error })
    if (timeout.aborted) throw new ApiError('TC_API_TIMEOUT', `${path} took too long to answer.`, { cause: error })
    throw unreachable(options, error)
  }
}

/** A browser's `fetch` must be called on its window. */
const fetchOf = (options: ClientOptions): typeof globalThis.fetch => options.fetch ?? globalThis.fetch.bind(globalThis)

const urlOf = (options: ClientOptions, path: string): string => `${options.baseUrl.replace(/\/+$/, '')}${path}`

const unreachable = (options: ClientOptions, cause: unknown): ApiError =>
  new ApiError('TC_API_UNREACHABLE', `No answer from ${options.baseUrl}. Is the node running there?`, { cause })

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const refusal = (status: number, text: string): ApiError => {
  const problem = problemSchema.safeParse(parse(text))
  return problem.success
    ? new ApiError(problem.data.code, problem.data.message, { status })
    : new ApiError('TC_API_ANSWER', `Status ${status} without a problem body: is this a Truechimer node?`, { status })
}

const answer = <T>(schema: z.ZodType<T>, text: string, status: number): T => {
  const result = schema.safeParse(parse(text))
  if (result.success) return result.data
  const message = 'The answer has another shape than this client knows. Is this a Truechimer node of this version?'
  throw new ApiError('TC_API_ANSWER', message, { status, cause: result.error })
}

/** The body as text, at most ANSWER_BYTES_MAX of it. */
const textOf = async (response: Response): Promise<string> => {
  const parts: string[] = []
  let bytes = 0
  const decoder = new TextDecoder()
  for await (const chunk of chunksOf(response)) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX)
      throw new ApiError('TC_API_ANSWER', `The answer is over ${ANSWER_BYTES_MAX} bytes.`, { status: response.status })
    parts.push(decoder.decode(chunk, { stream: true }))
  }
  return parts.join('') + decoder.decode()
}

/** Not every browser can iterate a ReadableStream, so the reader is held by hand. Leaving the loop ends the transfer. */
async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  const reader = response.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    // The stream may have failed already; there is nothing left to cancel then, and the failure was thrown by read().
    await reader.cancel().catch(() => undefined)
  }
}

/** What the loop below carries from one connection to the next. */
interface Resume {
  lastId: string | undefined
  retryMs: number
  failures: number
}

async function* follow<T extends EventType>(
  options: ClientOptions,
  { types, signal, onState }: EventsOptions<T>,
): AsyncGenerator<Extract<EventView, { type: T }>> {
  const ends = [signal, options.signal].filter((end) => end !== undefined)
  const over = AbortSignal.any(ends)
  const resume: Resume = { lastId: undefined, retryMs: options.retryMs ?? 500, failures: 0 }
  const wanted = (event: EventView): event is Extract<EventView, { type: T }> =>
    types === undefined || types.some((type) => type === event.type)
  while (!over.aborted) {
    onState?.('connecting')
    let failure: ApiError | undefined
    try {
      for await (const event of connection(options, { types, over, onState, resume })) if (wanted(event)) yield event
    } catch (error) {
      if (over.aborted) return
      failure = error instanceof ApiError ? error : unreachable(options, error)
      if (isFinal(failure)) throw failure
    }
    if (over.aborted) return
    onState?.('waiting', failure)
    await pause(pauseMs(resume, options.retryMsMax ?? 15_000), over)
    resume.failures += 1
  }
}

/** Asking again mends a crash, an overload or a restart; it does not mend a wrong request. */
const isFinal = (error: ApiError): boolean =>
  error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429

/** Doubles with every failure up to the maximum; half of it is chance, so that many clients do not come back at once. */
const pauseMs = ({ retryMs, failures }: Resume, retryMsMax: number): number =>
  Math.min(retryMsMax, retryMs * 2 ** Math.min(failures, 16)) * (0.5 + Math.random() / 2)

const pause = (ms: number, over: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      over.removeEventListener('abort', done)
      resolve()
    }
    // A signal that has fired already, perhaps within onState, fires no second time.
    const timer = setTimeout(done, over.aborted ? 0 : ms)
    over.addEventListener('abort', done)
  })

interface ConnectionOptions {
  readonly types: readonly EventType[] | undefined
  readonly over: AbortSignal
  readonly onState: EventsOptions['onState'] | undefined
  readonly resume: Resume
}

/** One connection, until it ends, fails or falls silent. */
async function* connection(options: ClientOptions, given: ConnectionOptions): AsyncGenerator<EventView> {
  const { types, over, onState, resume } = given
  const silence = new AbortController()
  const dead = (): void => silence.abort(new ApiError('TC_API_TIMEOUT', 'The event stream fell silent.'))
  const idleMs = options.idleMsMax ?? 45_000
  let watch = setTimeout(dead, idleMs)
  try {
    const response = await fetchOf(options)(urlOf(options, eventsPath(types)), {
      headers: {
        accept: 'text/event-stream',
        ...(resume.lastId === undefined ? {} : { 'last-event-id': resume.lastId }),
      },
      cache: 'no-store',
      signal: AbortSignal.any([over, silence.signal]),
    })
    if (!response.ok) throw refusal(response.status, await textOf(response))
    onState?.('open')
    const parser = eventStreamParser()
    const decoder = new TextDecoder()
    for await (const chunk of chunksOf(response)) {
      clearTimeout(watch)
      watch = setTimeout(dead, idleMs)
      for (const message of parser(decoder.decode(chunk, { stream: true }))) {
        if (message.retryMs !== undefined && options.retryMs === undefined) resume.retryMs = message.retryMs
        if (message.id !== undefined) resume.lastId = message.id
        if (message.data === undefined) continue
        resume.failures = 0
        const event = eventSchema.safeParse(parse(message.data))
        // A type that this version does not know is passed over, as a browser's EventSource does.
        if (event.success) yield event.data
      }
    }
  } finally {
    clearTimeout(watch)
  }
}

const eventsPath = (types: readonly EventType[] | undefined): string =>
  types === undefined ? '/v1/events' : `/v1/events?types=${types.join(',')}`

/** One block of the stream; fields that it did not have are undefined. */
export interface StreamMessage {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string | undefined
  readonly retryMs: number | undefined
}

/**
 * Text of an event stream, cut anywhere, to the messages that it completes. Comments are dropped. Throws an ApiError
 * where one message grows over EVENT_CHARS_MAX characters.
 */
export const eventStreamParser = (): ((text: string) => StreamMessage[]) => {
  let rest = ''
  return (text) => {
    rest += text
    // A carriage return at the end may be half of a line end: it waits for what follows.
    const held = rest.endsWith('\r') ? '\r' : ''
    const blocks = rest
      .slice(0, rest.length - held.length)
      .replaceAll(/\r\n?/g, '\n')
      .split('\n\n')
    rest = (blocks.pop() ?? '') + held
    if (rest.length > EVENT_CHARS_MAX)
      throw new ApiError('TC_API_ANSWER', `An event is over ${EVENT_CHARS_MAX} characters.`)
    return blocks.map(messageOf)
  }
}

const messageOf = (block: string): StreamMessage => {
  const fields = block.split('\n').map((line) => {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    return { name, value: colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '') }
  })
  const last = (name: string): string | undefined => fields.findLast((field) => field.name === name)?.value
  const data = fields.filter((field) => field.name === 'data').map((field) => field.value)
  const retry = last('retry')
  return {
    id: last('id'),
    event: last('event'),
    data: data.length === 0 ? undefined : data.join('\n'),
    retryMs: retry !== undefined && /^\d{1,6}$/.test(retry) ? Number(retry) : undefined,
  }
}
