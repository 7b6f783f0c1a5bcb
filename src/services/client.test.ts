/** The typed client: against the real API over sockets, and against a network made of tables. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { array, assert, integer, property } from 'fast-check'
import { ANSWER_BYTES_MAX, ApiError, EVENT_CHARS_MAX, eventStreamParser, openClient } from './client.ts'
import type { StreamState } from './client.ts'
import {
  CID_EXAMPLE,
  DEVNET_EXAMPLE,
  NODE_DETAIL_EXAMPLE,
  NODE_ID_EXAMPLE,
  NODES_EXAMPLE,
  PROOF_EXAMPLE,
  STATUS_EXAMPLE,
  TIME_EXAMPLE,
  WITNESS_ID_EXAMPLE,
} from './examples.ts'
import { openHttpApi } from './http-api.ts'
import type { HttpApi } from './http-api.ts'
import type { EventView } from './schema.ts'
import { tableBackend } from './table-backend.test-kit.ts'
import type { TableBackend } from './table-backend.test-kit.ts'

const open = (backend: TableBackend, port = 0): Promise<HttpApi> =>
  openHttpApi({ backend, listen: { host: '127.0.0.1', port } })

const peer = (connected: boolean): EventView => ({ type: 'peer', id: NODE_ID_EXAMPLE, connected })

describe('questions', () => {
  test('each is answered with its shape', async () => {
    const backend = tableBackend({ devnet: true })
    await using api = await open(backend)
    const client = openClient({ baseUrl: `${api.address}/` })
    deepEqual(await client.time(), TIME_EXAMPLE)
    deepEqual(await client.status(), STATUS_EXAMPLE)
    deepEqual(await client.nodes(), NODES_EXAMPLE)
    deepEqual(await client.node(NODE_ID_EXAMPLE), NODE_DETAIL_EXAMPLE)
    deepEqual(await client.proof(CID_EXAMPLE), PROOF_EXAMPLE)
    deepEqual(await client.health(), { healthy: true, clock: 'synchronised' })
    deepEqual(await client.devnet(), { ...DEVNET_EXAMPLE, faults: [] })
    equal(await client.bend({ id: NODE_ID_EXAMPLE, offsetMs: -40 }), undefined)
    deepEqual(backend.bent, [{ id: NODE_ID_EXAMPLE, offsetMs: -40 }])
  })

  test('a refusal keeps its code and status', async () => {
    const backend = tableBackend()
    backend.table.time = undefined
    await using api = await open(backend)
    const client = openClient({ baseUrl: api.address })
    await rejects(client.time(), { name: 'ApiError', code: 'TC_API_UNSYNCHRONISED', status: 503 })
    await rejects(client.node(WITNESS_ID_EXAMPLE), { code: 'TC_API_UNKNOWN_NODE', status: 404 })
    await rejects(client.node('../status'), { code: 'TC_API_BAD_REQUEST', status: 400 })
    await rejects(client.bend({ id: NODE_ID_EXAMPLE, offsetMs: 1 }), { code: 'TC_API_NOT_FOUND', status: 404 })
  })

  test('a node that is not well says so; one that is not there does not', async () => {
    const backend = tableBackend()
    backend.table.status = { ...STATUS_EXAMPLE, clock: { ...STATUS_EXAMPLE.clock, status: 'disrupted' } }
    const api = await open(backend)
    const client = openClient({ baseUrl: api.address })
    const health = await client.health()
    deepEqual([health.healthy, 'code' in health && health.code], [false, 'TC_API_UNHEALTHY'])
    await api[Symbol.asyncDispose]()
    await rejects(client.health(), { code: 'TC_API_UNREACHABLE', status: 0 })
  })
})

/** A `fetch` that gives one answer after the other and remembers what it was asked. */
const tableFetch = (answers: readonly (() => Response)[]): { fetch: typeof globalThis.fetch; asked: Request[] } => {
  const asked: Request[] = []
  return {
    asked,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const answer = answers[asked.length]
      asked.push(request)
      if (answer === undefined) throw new TypeError('fetch failed')
      return answer()
    },
  }
}

const BASE = 'http://node.example'

describe('answers that are none', () => {
  const answers: [string, () => Response, number][] = [
    ['no JSON', () => new Response('<html>'), 200],
    ['another shape', () => Response.json({ ...TIME_EXAMPLE, earliest: 12 }), 200],
    ['a refusal without a problem', () => new Response('Bad gateway', { status: 502 }), 502],
    ['a code that is none', () => Response.json({ code: '\u001B[2J', message: 'no' }, { status: 500 }), 500],
    ['more than is read', () => new Response(' '.repeat(ANSWER_BYTES_MAX + 1)), 200],
    ['nothing', () => new Response(null, { status: 204 }), 204],
  ]
  for (const [what, answer, status] of answers)
    test(`${what}: TC_API_ANSWER`, () =>
      rejects(openClient({ baseUrl: BASE, fetch: tableFetch([answer]).fetch }).time(), {
        code: 'TC_API_ANSWER',
        status,
      }))

  test('what a server says in a refusal stays short and on its line', async () => {
    const message = `no\n\u001B[32mvalid\u202E${'x'.repeat(10_000)}`
    const { fetch } = tableFetch([() => Response.json({ code: 'TC_API_BAD_REQUEST', message }, { status: 400 })])
    const thrown = await openClient({ baseUrl: BASE, fetch })
      .time()
      .catch((error: unknown) => error)
    ok(thrown instanceof ApiError)
    match(thrown.message, /^no\uFFFD\uFFFD\[32mvalid\uFFFDx{1,2000}$/)
  })

  test('keys that a newer node adds are dropped', async () => {
    const { fetch } = tableFetch([() => Response.json({ ...TIME_EXAMPLE, moon: 'full' })])
    deepEqual(await openClient({ baseUrl: BASE, fetch }).time(), TIME_EXAMPLE)
  })

  const silent: typeof globalThis.fetch = (_input, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
    })

  test('silence: TC_API_TIMEOUT', async () => {
    // The deadline alone does not keep a process alive, so the test does.
    const alive = setInterval(() => undefined, 1000)
    await rejects(openClient({ baseUrl: BASE, fetch: silent, timeoutMs: 1 }).time(), {
      code: 'TC_API_TIMEOUT',
      status: 0,
    })
    clearInterval(alive)
  })

  test('a client that is ended: TC_API_ABORTED', async () => {
    const end = new AbortController()
    const asking = openClient({ baseUrl: BASE, fetch: silent, signal: end.signal }).time()
    end.abort()
    await rejects(asking, { code: 'TC_API_ABORTED', status: 0 })
  })
})

describe('events', () => {
  test('arrive typed, over a real socket, until the loop is left', async () => {
    const backend = tableBackend()
    await using api = await open(backend)
    const client = openClient({ baseUrl: api.address })
    const emit = (state: StreamState): void => {
      if (state === 'open') for (const connected of [true, false]) backend.emit(peer(connected))
    }
    const seen: boolean[] = []
    for await (const event of client.events({ types: ['peer'], onState: emit })) {
      seen.push(event.connected)
      if (seen.length === 2) break
    }
    deepEqual(seen, [true, false])
  })

  test('a node that restarts is found again by itself', async () => {
    const backend = tableBackend()
    let api = await open(backend)
    const port = Number(new URL(api.address).port)
    const restart = async (): Promise<void> => {
      await api[Symbol.asyncDispose]()
      api = await open(backend, port)
    }
    const restarts: Promise<void>[] = []
    let opened = 0
    const onState = (state: StreamState): void => {
      if (state !== 'open') return
      opened += 1
      backend.emit(peer(opened > 1))
    }
    const client = openClient({ baseUrl: api.address, retryMs: 1, retryMsMax: 20 })
    for await (const event of client.events({ types: ['peer'], onState })) {
      if (event.connected) break
      restarts.push(restart())
    }
    await Promise.all(restarts)
    await api[Symbol.asyncDispose]()
    ok(opened >= 2)
  })

  const stream =
    (...texts: string[]) =>
    (): Response =>
      new Response(new Blob(texts).stream(), { headers: { 'content-type': 'text/event-stream' } })
  const message = (id: string, event: EventView): string =>
    `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
  const refusal = (status: number, code: string) => (): Response => Response.json({ code, message: 'no' }, { status })

  test('losses are mended by asking again after the last event; a wrong request is not', async () => {
    const { fetch, asked } = tableFetch([
      stream(message('a-1', peer(true)), 'id: a-2\n\n'),
      () => {
        throw new TypeError('fetch failed')
      },
      refusal(503, 'TC_API_STREAMS'),
      refusal(429, 'TC_API_RATE'),
      () => new Response('<html>', { status: 502 }),
      stream('event: gossip\ndata: {"type":"gossip"}\n\n', 'data: {\n\n', message('a-3', peer(false))),
      refusal(403, 'TC_API_CROSS_SITE'),
    ])
    const states: string[] = []
    const onState = (state: StreamState, error?: ApiError): unknown => states.push(error?.code ?? state)
    const seen: EventView[] = []
    const reading = async (): Promise<void> => {
      const client = openClient({ baseUrl: BASE, fetch, retryMs: 1, retryMsMax: 1 })
      for await (const event of client.events({ types: ['peer', 'clock'], onState })) seen.push(event)
    }
    await rejects(reading(), { code: 'TC_API_CROSS_SITE', status: 403 })
    deepEqual(seen, [peer(true), peer(false)])
    deepEqual(
      asked.map(({ headers }) => headers.get('last-event-id')),
      [null, 'a-2', 'a-2', 'a-2', 'a-2', 'a-2', 'a-3'],
    )
    equal(asked[0]?.url, `${BASE}/v1/events?types=peer,clock`)
    deepEqual(
      states.filter((state) => state !== 'connecting'),
      ['open', 'waiting', 'TC_API_UNREACHABLE', 'TC_API_STREAMS', 'TC_API_RATE', 'TC_API_ANSWER', 'open', 'waiting'],
    )
  })

  test('a stream that falls silent is taken for dead', async () => {
    const hanging: typeof globalThis.fetch = async (_input, init) => {
      const body = new ReadableStream({
        start: (controller) => init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason)),
      })
      return new Response(body)
    }
    const { fetch } = tableFetch([stream(message('a-1', peer(true)))])
    let asked = 0
    const first: typeof globalThis.fetch = (input, init) => {
      asked += 1
      return asked === 1 ? hanging(input, init) : fetch(input, init)
    }
    const errors: (string | undefined)[] = []
    const onState = (state: StreamState, error?: ApiError): void => {
      if (state === 'waiting') errors.push(error?.code)
    }
    const client = openClient({ baseUrl: BASE, fetch: first, retryMs: 1, idleMsMax: 1 })
    for await (const event of client.events({ onState })) if (event.type === 'peer') break
    deepEqual(errors, ['TC_API_TIMEOUT'])
  })

  test('a stream that speaks now and then is not', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let body: ReadableStreamDefaultController | undefined
    const speaking: typeof globalThis.fetch = async (_input, init) =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            body = controller
            init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason))
          },
        }),
      )
    const say = (number: number): void => body?.enqueue(new TextEncoder().encode(message(`a-${number}`, peer(true))))
    const states: StreamState[] = []
    const onState = (state: StreamState): void => {
      states.push(state)
      if (state === 'open') say(1)
    }
    const client = openClient({ baseUrl: BASE, fetch: speaking, idleMsMax: 100 })
    let heard = 0
    for await (const event of client.events({ onState })) {
      equal(event.type, 'peer')
      heard += 1
      if (heard === 5) break
      t.mock.timers.tick(60)
      say(heard + 1)
    }
    deepEqual(states, ['connecting', 'open'])
  })

  for (const when of ['before it starts', 'while it waits for events', 'while it waits to come back'] as const)
    test(`a signal ends the iteration without an error, ${when}`, async () => {
      const end = new AbortController()
      const backend = tableBackend()
      const api = await open(backend)
      if (when === 'before it starts') end.abort()
      if (when === 'while it waits to come back') await api[Symbol.asyncDispose]()
      const onState = (state: StreamState): void => {
        if (state === (when === 'while it waits for events' ? 'open' : 'waiting')) end.abort()
      }
      const client = openClient({ baseUrl: api.address, signal: end.signal, retryMs: 60_000, retryMsMax: 60_000 })
      for await (const event of client.events({ onState })) ok(false, `came after the end: ${event.type}`)
      await api[Symbol.asyncDispose]()
      ok(end.signal.aborted)
    })
})

describe('the parser', () => {
  const TEXT = [
    ':\n\n',
    'retry: 700\n\n',
    'id: a-1\nevent: peer\ndata: {"é":1}\n\n',
    'id: a-2\r\ndata:one\r\ndata: two\r\ndata\r\n\r\n',
    'unknown: x\rdata: 3\r\rretry: soon\n\n',
  ].join('')
  const MESSAGES = [
    { id: undefined, event: undefined, data: undefined, retryMs: undefined },
    { id: undefined, event: undefined, data: undefined, retryMs: 700 },
    { id: 'a-1', event: 'peer', data: '{"é":1}', retryMs: undefined },
    { id: 'a-2', event: undefined, data: 'one\ntwo\n', retryMs: undefined },
    { id: undefined, event: undefined, data: '3', retryMs: undefined },
    { id: undefined, event: undefined, data: undefined, retryMs: undefined },
  ]

  test('reads every field and every line end', () => deepEqual(eventStreamParser()(TEXT), MESSAGES))

  test('does not care where the text is cut', () => {
    const cuts = array(integer({ min: 0, max: TEXT.length }), { maxLength: 20 })
    assert(
      property(cuts, (places) => {
        const parser = eventStreamParser()
        const ends = [...places.toSorted((a, b) => a - b), TEXT.length]
        deepEqual(
          ends.flatMap((end, i) => parser(TEXT.slice(ends[i - 1] ?? 0, end))),
          MESSAGES,
        )
      }),
      { numRuns: 200 },
    )
  })

  test('holds no message that does not end', () => {
    const parser = eventStreamParser()
    deepEqual(parser('x'.repeat(EVENT_CHARS_MAX)), [])
    let thrown: unknown
    try {
      parser('x')
    } catch (error) {
      thrown = error
    }
    ok(thrown instanceof ApiError && thrown.code === 'TC_API_ANSWER')
  })
})

describe('a browser', () => {
  /** Every file and package that a file brings along when it runs; imports of types alone bring nothing. */
  const broughtBy = (file: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(file)) return seen
    seen.add(file)
    const code = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '')
    for (const [, kind, to] of code.matchAll(/^(?:import|export)( type)?\b[^'";]*?from '([^']+)'/gm)) {
      if (kind !== undefined || to === undefined) continue
      if (to.startsWith('.')) broughtBy(join(dirname(file), to), seen)
      else seen.add(to)
    }
    return seen
  }

  test('can run all that the client brings along', () => {
    const root = join(import.meta.dirname, '..')
    const brought = [...broughtBy(join(import.meta.dirname, 'client.ts'))]
    deepEqual(brought.map((to) => (to.startsWith('/') ? relative(root, to) : to)).sort(), [
      'clock/port.ts',
      'services/chain-schema.ts',
      'services/client-stream.ts',
      'services/client-transport.ts',
      'services/client.ts',
      'services/offline-client.ts',
      'services/offline-schema.ts',
      'services/peer-schema.ts',
      'services/schema-terms.ts',
      'services/schema.ts',
      'services/stamp-client.ts',
      'services/stamp-schema.ts',
      'stamps/port.ts',
      'zod',
    ])
    for (const file of brought.filter((to) => to.startsWith('/')))
      equal(/\b(?:process|Buffer|require|setImmediate|__dirname)\b[.(]/.exec(readFileSync(file, 'utf8')), null)
  })
})
