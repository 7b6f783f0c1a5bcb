/** The event stream over real sockets: what is on the wire, who is cut off, who may come back. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ask } from './asking.test-kit.ts'
import { eventStreamParser } from './client.ts'
import type { StreamMessage } from './client.ts'
import { NODE_EXAMPLE, NODE_ID_EXAMPLE, TIME_EXAMPLE } from './examples.ts'
import { openHttpApi } from './http-api.ts'
import type { HttpApi } from './http-api.ts'
import type { ApiLimits } from './limits.ts'
import type { EventView } from './schema.ts'
import { tableBackend } from './table-backend.test-kit.ts'
import type { TableBackend } from './table-backend.test-kit.ts'

const open = (backend: TableBackend, limits: Partial<ApiLimits> = {}): Promise<HttpApi> =>
  openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 }, limits })

const verdict = (explanation = ''): EventView => ({
  type: 'verdict',
  slot: 7,
  id: NODE_ID_EXAMPLE,
  name: 'ada',
  from: 'truechimer',
  to: 'falseticker',
  reason: 'ahead',
  explanation,
})
const clock: EventView = { type: 'clock', time: TIME_EXAMPLE, sources: [] }
const judgement: EventView = { type: 'judgement', slot: 7, nodes: [NODE_EXAMPLE] }

interface Stream extends AsyncDisposable {
  readonly response: Response
  /** The next message that carries data. */
  next(): Promise<StreamMessage>
}

/** The head has come, so the reader is known to the server: what is emitted from now on must arrive. */
const listen = async (url: string, headers: Record<string, string> = {}): Promise<Stream> => {
  const end = new AbortController()
  const response = await fetch(url, { headers, signal: end.signal })
  const reader = response.body?.getReader()
  const parser = eventStreamParser()
  const decoder = new TextDecoder()
  const waiting: StreamMessage[] = []
  const next = async (): Promise<StreamMessage> => {
    for (;;) {
      const message = waiting.shift()
      if (message !== undefined) return message
      const part = await reader?.read()
      if (part?.value === undefined) throw new TypeError('the stream has ended')
      waiting.push(...parser(decoder.decode(part.value, { stream: true })).filter(({ data }) => data !== undefined))
    }
  }
  return { response, next, [Symbol.asyncDispose]: async () => end.abort() }
}

const typeAndData = (message: StreamMessage): unknown => [message.event, JSON.parse(message.data ?? 'null')]

test('id, event and data of every event, in order', async () => {
  const backend = tableBackend()
  await using api = await open(backend)
  await using stream = await listen(`${api.address}/v1/events`)
  equal(stream.response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  equal(stream.response.headers.get('cache-control'), 'no-store')
  equal(stream.response.headers.get('x-content-type-options'), 'nosniff')
  ok(stream.response.headers.get('ratelimit-limit') !== null)
  const events = [clock, judgement, verdict('line\nbreak')]
  for (const event of events) backend.emit(event)
  for (const event of events) deepEqual(typeAndData(await stream.next()), [event.type, event])
})

test('the stream opens with the pause before coming back', async () => {
  await using api = await open(tableBackend(), { retryMs: 1234 })
  const { port } = new URL(api.address)
  const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
  socket.write('GET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n')
  let text = ''
  for await (const part of socket) {
    text += String(part)
    if (text.includes('retry: 1234\n\n')) break
  }
  match(text, /^HTTP\/1\.1 200 OK\r\n/)
})

test('only the types asked for', async () => {
  const backend = tableBackend()
  await using api = await open(backend)
  await using stream = await listen(`${api.address}/v1/events?types=verdict,clock`)
  for (const event of [judgement, verdict(), judgement, clock]) backend.emit(event)
  deepEqual([(await stream.next()).event, (await stream.next()).event], ['verdict', 'clock'])
})

test('what was missed comes first after Last-Event-ID', async () => {
  const backend = tableBackend()
  await using api = await open(backend)
  let seen = ''
  {
    await using stream = await listen(`${api.address}/v1/events`)
    backend.emit(verdict('1'))
    seen = (await stream.next()).id ?? ''
  }
  backend.emit(verdict('2'))
  backend.emit(verdict('3'))
  await using stream = await listen(`${api.address}/v1/events`, { 'last-event-id': seen })
  backend.emit(verdict('4'))
  for (const text of ['2', '3', '4']) deepEqual(typeAndData(await stream.next()), ['verdict', verdict(text)])
})

test('an event that is not of its shape is not sent, and what the shape does not name is dropped', async () => {
  const backend = tableBackend()
  await using api = await open(backend)
  await using stream = await listen(`${api.address}/v1/events`)
  backend.emit({ type: 'peer', id: 'too short', connected: true })
  backend.emit(Object.assign(verdict('whole'), { position: [51.4778, 0] }))
  deepEqual(typeAndData(await stream.next()), ['verdict', verdict('whole')])
})

test('a reader that does not read is cut off, and the node goes on serving the others', async () => {
  const backend = tableBackend()
  await using api = await open(backend, { backlogBytesMax: 256 * 1024 })
  await using good = await listen(`${api.address}/v1/events`)
  const slow = connect(Number(new URL(api.address).port), '127.0.0.1')
  slow.on('error', () => undefined)
  slow.write('GET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(slow, 'readable')
  const metrics = async (): Promise<string> => (await ask(`${api.address}/metrics`)).text
  for (let round = 0; !(await metrics()).includes('truechimer_event_streams_cut_total 1\n'); round += 1) {
    ok(round < 500, 'nearly 100 MB were taken for a reader that reads nothing')
    for (let i = 0; i < 3; i += 1) backend.emit(verdict('x'.repeat(64 * 1024)))
    for (let i = 0; i < 3; i += 1) equal((await good.next()).event, 'verdict')
  }
  match(await metrics(), /^truechimer_event_streams 1$/m)
  await once(slow.resume(), 'close')
  backend.emit(clock)
  equal((await good.next()).event, 'clock')
})

test('streams above the limit get 503, and room is made when one leaves', async () => {
  const backend = tableBackend()
  await using api = await open(backend, { streamsMax: 1 })
  const url = `${api.address}/v1/events`
  {
    await using first = await listen(url)
    equal(first.response.status, 200)
    const refused = await ask(url)
    deepEqual([refused.status, refused.json], [503, { code: 'TC_API_STREAMS', message: MESSAGE }])
  }
  // The server learns of the leaving through the socket; asking again until then is what a client does.
  for (;;) {
    await using again = await listen(url)
    if (again.response.status === 200) break
  }
})

const MESSAGE = 'Too many event streams are open. Close one, or come back later.'

test('closing the API ends the streams', async () => {
  const api = await open(tableBackend())
  const response = await fetch(`${api.address}/v1/events`)
  const reader = response.body?.getReader()
  await reader?.read()
  const [end] = await Promise.all([reader?.read(), api[Symbol.asyncDispose]()])
  equal(end?.done, true)
})
