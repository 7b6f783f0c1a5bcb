/** Every route and every refusal, over real sockets, with a table for a node. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import type { FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import { z } from 'zod'
import { ChimerError } from '../base/index.ts'
import { ask, askRaw } from './asking.test-kit.ts'
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
import type { HttpApi, HttpApiOptions } from './http-api.ts'
import { API_PROBLEMS } from './problems.ts'
import type { ApiCode } from './problems.ts'
import { problemSchema } from './schema.ts'
import { tableBackend } from './table-backend.test-kit.ts'
import type { TableBackend } from './table-backend.test-kit.ts'

const open = (backend: TableBackend, options: Partial<HttpApiOptions> = {}): Promise<HttpApi> =>
  openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 }, ...options })

/** The answer is this refusal: its status, its code, a message, and nothing else in the body. */
const isProblem = (answer: { status: number; json: unknown; headers: object }, code: ApiCode): void => {
  const problem = problemSchema.strict().parse(answer.json)
  deepEqual([answer.status, problem.code], [API_PROBLEMS[code].status, code])
  ok(problem.message.length > 0)
}

const rejectsAll = (): Promise<never> => Promise.reject(new TypeError('bent without a token'))

const portOf = (api: HttpApi): number => Number(new URL(api.address).port)

const OTHER_CID = `b${'a'.repeat(58)}`
const TOKEN = { 'x-truechimer-token': DEVNET_EXAMPLE.token, 'content-type': 'application/json' }
const FAULT = JSON.stringify({ id: NODE_ID_EXAMPLE, offsetMs: 250 })

describe('what is there', () => {
  const answers: [string, unknown][] = [
    ['/v1/time', TIME_EXAMPLE],
    ['/v1/status', STATUS_EXAMPLE],
    ['/v1/nodes', NODES_EXAMPLE],
    [`/v1/nodes/${NODE_ID_EXAMPLE}`, NODE_DETAIL_EXAMPLE],
    [`/v1/proofs/${CID_EXAMPLE}`, PROOF_EXAMPLE],
    ['/healthz', { healthy: true, clock: 'synchronised' }],
  ]
  for (const [path, expected] of answers)
    test(`GET ${path}`, async () => {
      await using api = await open(tableBackend())
      const answer = await ask(api.address + path)
      deepEqual([answer.status, answer.json], [200, expected])
      equal(answer.headers['content-type'], 'application/json; charset=utf-8')
      equal(answer.headers['cache-control'], 'no-store')
    })

  test('HEAD answers as GET does, without a body', async () => {
    await using api = await open(tableBackend())
    const answer = await ask(`${api.address}/v1/time`, { method: 'HEAD' })
    deepEqual([answer.status, answer.text], [200, ''])
  })

  test('holdover is healthy', async () => {
    const backend = tableBackend()
    backend.table.status = { ...STATUS_EXAMPLE, clock: { ...STATUS_EXAMPLE.clock, status: 'holdover' } }
    await using api = await open(backend)
    deepEqual((await ask(`${api.address}/healthz`)).json, { healthy: true, clock: 'holdover' })
  })

  test('what the shapes do not name never leaves, though the backend hands it over', async () => {
    const backend = tableBackend()
    backend.table.status = Object.assign({}, STATUS_EXAMPLE, { position: { lat: 51.4778, lon: 0 } })
    await using api = await open(backend)
    deepEqual((await ask(`${api.address}/v1/status`)).json, STATUS_EXAMPLE)
  })
})

describe('what is refused', () => {
  const refusals: [string, string, ApiCode][] = [
    ['a node never heard of', `/v1/nodes/${WITNESS_ID_EXAMPLE}`, 'TC_API_UNKNOWN_NODE'],
    ['a node id too short', '/v1/nodes/12D3Koo', 'TC_API_BAD_REQUEST'],
    ['a node id of a foreign alphabet', `/v1/nodes/${'0'.repeat(52)}`, 'TC_API_BAD_REQUEST'],
    ['a node id too long for any route', `/v1/nodes/${'1'.repeat(300)}`, 'TC_API_BAD_REQUEST'],
    ['a broken escape', '/v1/nodes/%ZZ', 'TC_API_BAD_REQUEST'],
    ['a way up', '/v1/nodes/..%2f..%2fetc%2fpasswd', 'TC_API_BAD_REQUEST'],
    ['a proof not held', `/v1/proofs/${OTHER_CID}`, 'TC_API_UNKNOWN_PROOF'],
    ['a CID that is none', '/v1/proofs/Qm-not-a-cid', 'TC_API_BAD_REQUEST'],
    ['an event type that is none', '/v1/events?types=verdict,gossip', 'TC_API_BAD_REQUEST'],
    ['no event type', '/v1/events?types=', 'TC_API_BAD_REQUEST'],
    ['two lists of event types', '/v1/events?types=verdict&types=clock', 'TC_API_BAD_REQUEST'],
    ['a route that is none', '/v1/position', 'TC_API_NOT_FOUND'],
    ['the root, without a dashboard', '/', 'TC_API_NOT_FOUND'],
    ['a devnet, outside of one', '/v1/devnet', 'TC_API_NOT_FOUND'],
  ]
  for (const [what, path, code] of refusals)
    test(`${what}: ${code}`, async () => {
      await using api = await open(tableBackend())
      const answer = await ask(api.address + path)
      isProblem(answer, code)
      equal(answer.headers['x-content-type-options'], 'nosniff')
    })

  test('a method that a route does not have', async () => {
    await using api = await open(tableBackend())
    isProblem(await ask(`${api.address}/v1/time`, { method: 'DELETE' }), 'TC_API_NOT_FOUND')
  })

  test('the message names the field and the rule, and does not repeat what was sent', async () => {
    await using api = await open(tableBackend())
    const answer = await ask(`${api.address}/v1/nodes/${'0'.repeat(52)}`)
    match(answer.text, /\/id: a node id is 40 to 64 characters of base58/)
    ok(!answer.text.includes('0'.repeat(52)))
  })

  test('the time, while the clock is unsynchronised', async () => {
    const backend = tableBackend()
    backend.table.time = undefined
    await using api = await open(backend)
    isProblem(await ask(`${api.address}/v1/time`), 'TC_API_UNSYNCHRONISED')
  })

  for (const status of ['unsynchronised', 'disrupted'] as const)
    test(`health, while the clock is ${status}, with the reason`, async () => {
      const backend = tableBackend()
      backend.table.status = { ...STATUS_EXAMPLE, clock: { ...STATUS_EXAMPLE.clock, status }, sources: [] }
      await using api = await open(backend)
      const answer = await ask(`${api.address}/healthz`)
      isProblem(answer, 'TC_API_UNHEALTHY')
      match(answer.text, new RegExp(`${status}: 0 of 0 sources agree`))
    })
})

describe('when the node itself fails', () => {
  const failing = (fail: () => never): { backend: TableBackend; lines: string[]; logger: FastifyBaseLogger } => {
    const lines: string[] = []
    const backend: TableBackend = { ...tableBackend(), node: fail }
    return { backend, lines, logger: pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }) }
  }

  test('the caller gets no inside of it; the log gets all', async () => {
    const { backend, lines, logger } = failing(() => {
      throw new TypeError('secret at /home/ada/key')
    })
    await using api = await open(backend, { logger })
    const answer = await ask(`${api.address}/v1/nodes/${NODE_ID_EXAMPLE}`)
    isProblem(answer, 'TC_API_INTERNAL')
    ok(!/secret|home|TypeError|\.ts/.test(answer.text))
    ok(lines.some((line) => line.includes('secret at /home/ada/key')))
  })

  test('an error of the node with a code of its own is no answer either', async () => {
    const { backend } = failing(() => {
      throw new ChimerError('TC_KEY_LOCKED', 'secret')
    })
    await using api = await open(backend)
    isProblem(await ask(`${api.address}/v1/nodes/${NODE_ID_EXAMPLE}`), 'TC_API_INTERNAL')
  })

  test('an answer of the wrong shape is not sent', async () => {
    const backend = tableBackend()
    backend.table.time = { ...TIME_EXAMPLE, earliest: 'yesterday' }
    await using api = await open(backend)
    const answer = await ask(`${api.address}/v1/time`)
    isProblem(answer, 'TC_API_INTERNAL')
    ok(!answer.text.includes('yesterday'))
  })
})

describe('who may ask', () => {
  const hosts: [string, number][] = [
    ['127.0.0.1', 200],
    ['127.0.0.1:4600', 200],
    ['localhost', 200],
    ['LOCALHOST:80', 200],
    ['[::1]:4600', 200],
    ['clock.example', 200],
    ['evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost.evil.example', 421],
    ['clock.example.', 421],
    ['0.0.0.0', 421],
    ['a b', 421],
  ]
  for (const [host, status] of hosts)
    test(`Host: ${JSON.stringify(host)} → ${status}`, async () => {
      await using api = await open(tableBackend(), { hosts: ['Clock.example'] })
      const answer = await ask(`${api.address}/v1/time`, { headers: { host } })
      equal(answer.status, status)
      if (status === 421) isProblem(answer, 'TC_API_HOST')
    })

  test('a wildcard address is listened on, but is no name to be called by', async () => {
    await using api = await open(tableBackend(), { listen: { host: '0.0.0.0', port: 0 } })
    match(api.address, /^http:\/\/127\.0\.0\.1:\d+$/)
    equal((await ask(`${api.address}/v1/time`)).status, 200)
    isProblem(await ask(`${api.address}/v1/time`, { headers: { host: '0.0.0.0' } }), 'TC_API_HOST')
  })

  test('a request without any Host is refused, on every route and on none', async () => {
    await using api = await open(tableBackend())
    for (const path of ['/v1/time', '/metrics', '/nothing'])
      for (const request of [`GET ${path} HTTP/1.0\r\n\r\n`, `GET ${path} HTTP/1.0\r\nhost:\r\n\r\n`])
        match(await askRaw(api.address, request), /^HTTP\/1\.1 421 [\s\S]*TC_API_HOST/)
  })

  const pages: [string, string, number][] = [
    ['cross-site', 'no-cors', 403],
    ['cross-site', 'cors', 403],
    ['same-site', 'cors', 403],
    ['cross-site', 'navigate', 200],
    ['same-origin', 'cors', 200],
    ['none', 'navigate', 200],
  ]
  for (const [site, mode, status] of pages)
    test(`a page: ${site}, ${mode} → ${status}`, async () => {
      await using api = await open(tableBackend())
      const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode }
      const answer = await ask(`${api.address}/v1/time`, { headers })
      equal(answer.status, status)
      if (status === 403) isProblem(answer, 'TC_API_CROSS_SITE')
    })

  test('no answer consents to another origin, and every one carries the guards', async () => {
    await using api = await open(tableBackend({ devnet: true }))
    const preflight = { origin: 'http://evil.example', 'access-control-request-method': 'POST' }
    const answers = await Promise.all([
      ask(`${api.address}/v1/devnet`, { headers: { origin: 'http://evil.example' } }),
      ask(`${api.address}/v1/devnet/faults`, { method: 'OPTIONS', headers: preflight }),
      ask(`${api.address}/v1/time`, { headers: { host: 'evil.example' } }),
      ask(`${api.address}/v1/nodes/%ZZ`),
    ])
    for (const { headers } of answers) {
      deepEqual(
        Object.keys(headers).filter((name) => name.startsWith('access-control-')),
        [],
      )
      match(String(headers['content-security-policy']), /default-src 'none'; script-src 'self'; style-src 'self'/)
      equal(headers['x-content-type-options'], 'nosniff')
      equal(headers['x-frame-options'], 'DENY')
      equal(headers['cross-origin-resource-policy'], 'same-origin')
    }
  })
})

describe('how much may be asked', () => {
  test('requests above the rate, also to nowhere, get 429 and are told when to come back', async () => {
    await using api = await open(tableBackend(), { rateLimit: { requestsMax: 3, windowMs: 60_000 } })
    const first = await ask(`${api.address}/v1/time`)
    deepEqual([first.headers['ratelimit-limit'], first.headers['ratelimit-remaining']], ['3', '2'])
    equal((await ask(`${api.address}/metrics`)).status, 200)
    equal((await ask(`${api.address}/nothing`)).status, 404)
    for (const path of ['/v1/time', '/nothing', '/openapi.json']) {
      const answer = await ask(api.address + path)
      isProblem(answer, 'TC_API_RATE')
      ok(Number(answer.headers['retry-after']) > 0)
      equal(answer.headers['ratelimit-remaining'], '0')
    }
  })

  test('no header makes another address of one', async () => {
    await using api = await open(tableBackend(), { rateLimit: { requestsMax: 1, windowMs: 60_000 } })
    equal((await ask(`${api.address}/v1/time`)).status, 200)
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'true-client-ip'])
      isProblem(await ask(`${api.address}/v1/time`, { headers: { [name]: '192.0.2.7' } }), 'TC_API_RATE')
  })

  test('headers above the limit: 431', async () => {
    await using api = await open(tableBackend())
    const text = await askRaw(api.address, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`)
    match(text, /^HTTP\/1\.1 431 [\s\S]*"code":"TC_API_HEADERS_TOO_LARGE"/)
  })

  test('bytes that are no HTTP: 400', async () => {
    await using api = await open(tableBackend())
    match(await askRaw(api.address, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*"code":"TC_API_BAD_REQUEST"/)
  })

  test('a request that does not end: 408', async () => {
    await using api = await open(tableBackend(), { limits: { requestMsMax: 20 } })
    const text = await askRaw(api.address, 'GET /v1/time HTTP/1.1\r\nhost: localhost\r\n')
    match(text, /^HTTP\/1\.1 408 [\s\S]*"code":"TC_API_SLOW_REQUEST"/)
  })

  test('connections above the limit are closed', async () => {
    await using api = await open(tableBackend(), { limits: { connectionsMax: 1 } })
    const first = connect(portOf(api), '127.0.0.1')
    await once(first, 'connect')
    equal(await askRaw(api.address, ''), '')
    first.destroy()
  })
})

describe('a devnet', () => {
  const post = (api: HttpApi, headers: Record<string, string>, body = FAULT): ReturnType<typeof ask> =>
    ask(`${api.address}/v1/devnet/faults`, { method: 'POST', headers, body })

  test('shows itself, and bends what it is told to bend', async () => {
    const backend = tableBackend({ devnet: true })
    await using api = await open(backend)
    const answer = await post(api, TOKEN)
    deepEqual([answer.status, answer.text], [204, ''])
    deepEqual(backend.bent, [{ id: NODE_ID_EXAMPLE, offsetMs: 250 }])
    deepEqual((await ask(`${api.address}/v1/devnet`)).json, DEVNET_EXAMPLE)
  })

  const tokens: [string, Record<string, string>][] = [
    ['none', {}],
    ['an empty one', { 'x-truechimer-token': '' }],
    ['a wrong one', { 'x-truechimer-token': 'f'.repeat(32) }],
    ['a part of it', { 'x-truechimer-token': DEVNET_EXAMPLE.token.slice(0, -1) }],
    ['more than it', { 'x-truechimer-token': `${DEVNET_EXAMPLE.token}0` }],
    ['a very long one', { 'x-truechimer-token': 'f'.repeat(4000) }],
  ]
  for (const [what, header] of tokens)
    test(`token, ${what}: 403, and nothing is bent`, async () => {
      const backend = tableBackend({ devnet: true })
      await using api = await open(backend)
      isProblem(await post(api, { 'content-type': 'application/json', ...header }), 'TC_API_TOKEN')
      deepEqual(backend.bent, [])
    })

  test('a devnet without a token cannot be bent', async () => {
    const backend = tableBackend({ devnet: true })
    const tokenless = { ...backend, devnet: { view: () => ({ ...DEVNET_EXAMPLE, token: '' }), bend: rejectsAll } }
    await using api = await open(tokenless)
    isProblem(await post(api, { 'content-type': 'application/json' }), 'TC_API_TOKEN')
    isProblem(await post(api, { 'content-type': 'application/json', 'x-truechimer-token': '' }), 'TC_API_TOKEN')
  })

  const bodies: [string, string, ApiCode][] = [
    ['no JSON', '{"id":', 'TC_API_BAD_REQUEST'],
    ['nothing', '', 'TC_API_BAD_REQUEST'],
    ['a field missing', '{}', 'TC_API_BAD_REQUEST'],
    ['a lie too large', JSON.stringify({ id: NODE_ID_EXAMPLE, offsetMs: 10_001 }), 'TC_API_BAD_REQUEST'],
    ['a poisoned prototype', `{"__proto__":{"id":1},"id":"${NODE_ID_EXAMPLE}","offsetMs":1}`, 'TC_API_BAD_REQUEST'],
    ['a node of no devnet', JSON.stringify({ id: WITNESS_ID_EXAMPLE, offsetMs: 1 }), 'TC_API_UNKNOWN_NODE'],
    ['too much', JSON.stringify({ id: NODE_ID_EXAMPLE, offsetMs: 1, more: 'x'.repeat(5000) }), 'TC_API_TOO_LARGE'],
  ]
  for (const [what, body, code] of bodies)
    test(`a fault, ${what}: ${code}`, async () => {
      const backend = tableBackend({ devnet: true })
      await using api = await open(backend)
      isProblem(await post(api, TOKEN, body), code)
      deepEqual(backend.bent, [])
    })

  test('a fault of another media type', async () => {
    await using api = await open(tableBackend({ devnet: true }))
    isProblem(await post(api, { ...TOKEN, 'content-type': 'text/xml' }), 'TC_API_MEDIA_TYPE')
  })

  test('a devnet that does not come back is given up', async () => {
    const backend = tableBackend({ devnet: true })
    const never = {
      ...backend,
      devnet: { view: () => DEVNET_EXAMPLE, bend: () => new Promise<never>(() => undefined) },
    }
    await using api = await open(never, { limits: { handlerMsMax: 10 } })
    isProblem(await post(api, TOKEN), 'TC_API_BUSY')
  })
})

describe('its lifetime', () => {
  test('an address that is taken is named, with what to do', async () => {
    await using api = await open(tableBackend())
    const backend = tableBackend()
    await rejects(open(backend, { listen: { host: '127.0.0.1', port: portOf(api) } }), (error) => {
      ok(error instanceof ChimerError)
      deepEqual([error.code, error.facts['cause']], ['TC_API_LISTEN', 'EADDRINUSE'])
      match(error.message, new RegExp(`port ${portOf(api)}.*choose another port`))
      return true
    })
    equal(backend.listeners, 0)
  })

  test('an address that this machine does not have', async () => {
    await rejects(open(tableBackend(), { listen: { host: '192.0.2.1', port: 0 } }), { code: 'TC_API_LISTEN' })
  })

  test('disposing twice is as good as once, and frees the port and the backend', async () => {
    const backend = tableBackend()
    const api = await open(backend)
    equal(backend.listeners, 1)
    await api[Symbol.asyncDispose]()
    await api[Symbol.asyncDispose]()
    equal(backend.listeners, 0)
    await using again = await open(backend, { listen: { host: '127.0.0.1', port: portOf(api) } })
    equal(again.address, api.address)
  })

  test('disposing does not wait for connections that are kept open', async () => {
    const api = await open(tableBackend())
    const socket = connect(portOf(api), '127.0.0.1')
    await once(socket, 'connect')
    await Promise.all([once(socket.resume(), 'close'), api[Symbol.asyncDispose]()])
    ok(z.boolean().parse(socket.closed))
  })
})
