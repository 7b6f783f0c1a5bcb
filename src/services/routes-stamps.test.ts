/** Stamps over real sockets, with a table for a desk: what is answered, what is refused, who follows. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { ChimerError, hexOf } from '../base/index.ts'
import { openReceipt, STAMP_REFUSALS } from '../stamps/index.ts'
import type { StampRefusal } from '../stamps/index.ts'
import { ask } from './asking.test-kit.ts'
import type { Answer } from './asking.test-kit.ts'
import { openClient } from './client.ts'
import { openHttpApi } from './http-api.ts'
import type { HttpApi } from './http-api.ts'
import type { ApiLimits } from './limits.ts'
import { API_PROBLEMS } from './problems.ts'
import type { ApiCode } from './problems.ts'
import { problemSchema, stampSchema, stampsSchema } from './schema.ts'
import type { StampView } from './schema.ts'
import { tableBackend } from './table-backend.test-kit.ts'
import { NEWEST, tableDesk } from './table-stamps.test-kit.ts'
import type { TableDesk } from './table-stamps.test-kit.ts'

const SHA256 = '7c'.repeat(32)
const UNKNOWN = '0'.repeat(32)
const imprintNumber = (number: number): string => number.toString(16).padStart(64, '0')

interface Opened extends AsyncDisposable {
  readonly api: HttpApi
  readonly desk: TableDesk
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  get(path: string): Promise<Answer>
}

const open = async (limits: Partial<ApiLimits> = {}): Promise<Opened> => {
  const desk = tableDesk()
  const backend = { ...tableBackend({ stamps: false }), stamps: desk }
  const api = await openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 }, limits })
  return {
    api,
    desk,
    post: (body, headers = {}) =>
      ask(`${api.address}/v1/stamps`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (path) => ask(`${api.address}${path}`),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

/** The answer is this refusal and nothing else; its message. */
const problemOf = (answer: Answer, code: ApiCode): string => {
  const problem = problemSchema.strict().parse(answer.json)
  deepEqual([answer.status, problem.code], [API_PROBLEMS[code].status, code])
  return problem.message
}

const stampsOf = (answer: Answer): readonly StampView[] => stampsSchema.strict().parse(answer.json).stamps

const onlyOf = (answer: Answer): StampView => {
  const [stamp, ...others] = stampsOf(answer)
  ok(stamp !== undefined && others.length === 0)
  return stamp
}

describe('handing in', () => {
  test('one imprint: a receipt, and the beacon that was mixed in', async () => {
    await using node = await open()
    const answer = await node.post({ imprint: SHA256 })
    equal(answer.status, 201)
    equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    equal(answer.headers['x-content-type-options'], 'nosniff')
    equal(answer.headers['cache-control'], 'no-store')
    const stamp = stampSchema.strict().parse(onlyOf(answer))
    deepEqual(stamp.entry, { algorithm: 'sha-256', imprint: SHA256, beacon: NEWEST.block, beaconHeight: NEWEST.height })
    deepEqual(
      [stamp.state, stamp.height, stamp.position, stamp.heightPromised],
      ['received', null, 0, NEWEST.height + 20],
    )
    deepEqual(stamp.received, {
      earliest: '1795222837001250000',
      latest: '1795222837004750000',
      utc: { earliest: '2026-11-21T01:00:00.001250000Z', latest: '2026-11-21T01:00:00.004750000Z' },
    })
    const receipt = openReceipt(Buffer.from(stamp.receipt, 'base64'))
    ok(receipt.verdict === 'accept' && receipt.value.position === 0)
  })

  test('what the desk is asked for', async () => {
    await using node = await open()
    const other = '4e'.repeat(32)
    const stamps = [
      { imprint: SHA256 },
      { imprint: SHA256, beacon: null },
      { algorithm: 'sha3-256', imprint: SHA256, beacon: other },
    ]
    await node.post({ stamps }, { 'idempotency-key': 'mine' })
    const [submission = []] = node.desk.submitted
    deepEqual(
      submission.map(({ algorithm, imprint, beacon, clientKey }) => [algorithm, hexOf(imprint), beacon, clientKey]),
      [
        ['sha-256', SHA256, NEWEST.block, 'mine'],
        ['sha-256', SHA256, null, 'mine'],
        ['sha3-256', SHA256, other, 'mine'],
      ],
    )
  })

  test('many: in their order; again under the same key: the same, and 200', async () => {
    await using node = await open()
    const stamps = Array.from({ length: 100 }, (_, i) => ({
      algorithm: 'sha-512',
      imprint: imprintNumber(i).repeat(2),
      beacon: NEWEST.block,
    }))
    const headers = { 'idempotency-key': 'k' }
    const first = await node.post({ stamps }, headers)
    equal(first.status, 201)
    deepEqual(
      stampsOf(first).map(({ entry }) => entry.imprint),
      stamps.map(({ imprint }) => imprint),
    )
    const again = await node.post({ stamps }, headers)
    deepEqual([again.status, again.json], [200, first.json])
    const mixed = await node.post({ stamps: [...stamps.slice(1), { imprint: SHA256 }] }, headers)
    equal(mixed.status, 201)
  })

  test('under another key, and under none, it is another stamp', async () => {
    await using node = await open()
    const ids = new Set<string>()
    for (const key of ['a', 'b']) ids.add(onlyOf(await node.post({ imprint: SHA256 }, { 'idempotency-key': key })).id)
    ids.add(onlyOf(await node.post({ imprint: SHA256 })).id)
    equal(ids.size, 3)
  })

  test('before the first block there is nothing to mix in', async () => {
    await using node = await open()
    node.desk.table.newest = undefined
    equal(onlyOf(await node.post({ imprint: SHA256 })).entry.beacon, null)
    deepEqual((await node.get('/v1/stamps/beacon')).json, { beacon: null })
  })

  test('an older beacon is answered without a height', async () => {
    await using node = await open()
    const { entry } = onlyOf(await node.post({ imprint: SHA256, beacon: '4e'.repeat(32) }))
    deepEqual([entry.beacon, entry.beaconHeight], ['4e'.repeat(32), undefined])
  })
})

describe('bad input', () => {
  const table: [string, unknown, Readonly<Record<string, string>>, ApiCode, RegExp][] = [
    ['no JSON', '{"imprint":', {}, 'TC_API_BAD_REQUEST', /malformed/],
    ['nothing', '', {}, 'TC_API_BAD_REQUEST', /malformed/],
    ['a poisoned prototype', `{"__proto__":{"a":1},"imprint":"${SHA256}"}`, {}, 'TC_API_BAD_REQUEST', /malformed/],
    ['another length', { imprint: '7c'.repeat(48) }, {}, 'TC_API_BAD_REQUEST', /has 96 digits; a sha-256 has 64/],
    [
      '101 at once',
      { stamps: Array.from({ length: 101 }, () => ({ imprint: SHA256 })) },
      {},
      'TC_API_BAD_REQUEST',
      /1 to 100/,
    ],
    [
      'a key too long',
      { imprint: SHA256 },
      { 'idempotency-key': 'x'.repeat(65) },
      'TC_API_BAD_REQUEST',
      /Idempotency-Key/,
    ],
    ['too much', JSON.stringify({ imprint: SHA256 }) + ' '.repeat(32_768), {}, 'TC_API_TOO_LARGE', /larger/],
    ['another media type', '<stamp/>', { 'content-type': 'text/xml' }, 'TC_API_MEDIA_TYPE', /application\/json/],
  ]
  for (const [what, body, headers, code, says] of table)
    test(`${what}: ${code}, and the desk is not asked`, async () => {
      await using node = await open()
      match(problemOf(await node.post(body, headers), code), says)
      equal(node.desk.submitted.length, 0)
    })

  test('the longest hundred fit into a body', async () => {
    await using node = await open()
    const longest = { algorithm: 'sha-512', imprint: 'f'.repeat(128), beacon: '3d'.repeat(32) }
    equal(
      (await node.post(JSON.stringify({ stamps: Array.from({ length: 100 }, () => longest) }, null, 1))).status,
      201,
    )
  })

  const ids = ['x', '0'.repeat(31), '0'.repeat(33), 'A'.repeat(32), '..%2f..%2fstatus']
  for (const id of ids)
    test(`an id that is none: ${id}`, async () => {
      await using node = await open()
      for (const path of [`/v1/stamps/${id}`, `/v1/stamps/${id}/proof`, `/v1/stamps/events?ids=${id}`])
        problemOf(await node.get(path), 'TC_API_BAD_REQUEST')
    })

  test('an id that nobody has: 404', async () => {
    await using node = await open()
    for (const path of [`/v1/stamps/${UNKNOWN}`, `/v1/stamps/${UNKNOWN}/proof`, `/v1/stamps/events?ids=${UNKNOWN}`])
      problemOf(await node.get(path), 'TC_API_UNKNOWN_STAMP')
  })

  test('more ids than one stream follows', async () => {
    await using node = await open()
    const many = Array.from({ length: 101 }, () => UNKNOWN).join(',')
    problemOf(await node.get(`/v1/stamps/events?ids=${many}`), 'TC_API_BAD_REQUEST')
  })
})

describe('where the desk takes nothing', () => {
  const expected: Readonly<Record<StampRefusal, readonly [ApiCode, string | undefined]>> = {
    'clock-not-ready': ['TC_API_STAMP_UNREADY', '5'],
    'not-truechimer': ['TC_API_STAMP_UNREADY', '30'],
    'not-member': ['TC_API_STAMP_UNREADY', undefined],
    'stamping-halted': ['TC_API_STAMP_UNREADY', undefined],
    'stamps-full': ['TC_API_STAMPS_FULL', '1'],
    'beacon-unknown': ['TC_API_STAMP_BEACON', undefined],
    'beacon-stale': ['TC_API_STAMP_BEACON', undefined],
  }
  for (const reason of STAMP_REFUSALS)
    test(`${reason}: ${expected[reason][0]}`, async () => {
      await using node = await open()
      node.desk.table.refusal = reason
      const [code, retryAfter] = expected[reason]
      const answer = await node.post({ imprint: SHA256 })
      const message = problemOf(answer, code)
      ok(message.endsWith(`[${reason}]`))
      equal(answer.headers['retry-after'], retryAfter)
      equal(message.includes(NEWEST.block), code === 'TC_API_STAMP_BEACON')
    })

  test('a disk that keeps nothing', async () => {
    await using node = await open()
    node.desk.table.failure = new ChimerError('TC_STAMP_STORE', 'The disk is full: /home/somebody.')
    ok(!problemOf(await node.post({ imprint: SHA256 }), 'TC_API_STAMP_STORE').includes('/home'))
  })

  test('a bug', async () => {
    await using node = await open()
    node.desk.table.failure = new TypeError('undefined is not a stamp')
    problemOf(await node.post({ imprint: SHA256 }), 'TC_API_INTERNAL')
  })

  test('a node that does not stamp has no such routes', async () => {
    await using api = await openHttpApi({
      backend: tableBackend({ stamps: false }),
      listen: { host: '127.0.0.1', port: 0 },
    })
    for (const path of ['/v1/stamps/beacon', `/v1/stamps/${UNKNOWN}`])
      problemOf(await ask(api.address + path), 'TC_API_NOT_FOUND')
  })
})

describe('how much may be asked', () => {
  const hundred = { stamps: Array.from({ length: 100 }, (_, i) => ({ imprint: imprintNumber(i) })) }

  test('stamps are counted, and the answer says what is left', async () => {
    await using node = await open({ stampsPerMinute: 150 })
    const first = await node.post(hundred)
    deepEqual([first.status, first.headers['ratelimit-policy']], [201, '"stamps";q=150;w=60'])
    match(String(first.headers['ratelimit']), /^"stamps";r=50;t=40$/)
    const second = await node.post(hundred)
    match(problemOf(second, 'TC_API_RATE'), /150 stamps a minute.*serve\.stampsPerMinute/)
    ok(Number(second.headers['retry-after']) >= 19 && Number(second.headers['retry-after']) <= 21)
    equal(node.desk.submitted.length, 1)
    equal((await node.post({ imprint: SHA256 })).status, 201)
  })

  test('what is malformed costs one, so that nobody can ask without end', async () => {
    await using node = await open({ stampsPerMinute: 100 })
    for (let i = 0; i < 100; i += 1) problemOf(await node.post({}), 'TC_API_BAD_REQUEST')
    problemOf(await node.post({}), 'TC_API_RATE')
  })

  test('the general limit does not count them', async () => {
    const desk = tableDesk()
    const backend = { ...tableBackend({ stamps: false }), stamps: desk }
    const rateLimit = { requestsMax: 2, windowMs: 60_000 }
    await using api = await openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 }, rateLimit })
    const { stamps } = openClient({ baseUrl: api.address })
    for (let i = 0; i < 5; i += 1) await stamps.submit({ imprint: imprintNumber(i) })
    equal(desk.submitted.length, 5)
  })
})

describe('what becomes of them', () => {
  test('state, height and proof, as the client has them', async () => {
    await using node = await open()
    const { stamps } = openClient({ baseUrl: node.api.address })
    deepEqual(await stamps.beacon(), NEWEST)
    const { id } = await stamps.submit({ imprint: SHA256 })
    const early = await node.get(`/v1/stamps/${id}/proof`)
    match(problemOf(early, 'TC_API_STAMP_NOT_FINAL'), /received and promised by block 1254/)
    equal(early.headers['retry-after'], '1')
    node.desk.change({ state: 'proposed', first: 0, logSize: 1, height: undefined })
    equal((await stamps.find(id)).state, 'proposed')
    node.desk.table.proofs.set(id, new Uint8Array([1, 2, 3]))
    node.desk.change({ state: 'final', first: 0, logSize: 1, height: 1236 })
    const { state, height } = await stamps.find(id)
    deepEqual([state, height], ['final', 1236])
    deepEqual(await stamps.proof(id), new Uint8Array([1, 2, 3]))
    const answer = await node.get(`/v1/stamps/${id}/proof`)
    equal(answer.headers['content-type'], 'application/vnd.truechimer.stamp-proof')
    const later = await node.get(`/v1/stamps/${id}/proof?from=9999`)
    match(problemOf(later, 'TC_API_STAMP_NOT_FINAL'), /in block 1236, .* Ask from 0/)
    for (const from of ['-1', 'x', '1.5'])
      problemOf(await node.get(`/v1/stamps/${id}/proof?from=${from}`), 'TC_API_BAD_REQUEST')
  })

  test('the client says how long to wait', async () => {
    await using node = await open()
    const { stamps } = openClient({ baseUrl: node.api.address })
    const { id } = await stamps.submit({ imprint: SHA256 }, { clientKey: 'k' })
    equal((await stamps.submit({ imprint: SHA256 }, { clientKey: 'k' })).id, id)
    const refused = await stamps.proof(id).catch((error: unknown) => error)
    ok(refused instanceof Error && 'retryAfterMs' in refused && 'code' in refused)
    deepEqual([refused.code, refused.retryAfterMs], ['TC_API_STAMP_NOT_FINAL', 1000])
  })

  test('metrics', async () => {
    await using node = await open()
    await node.post({ stamps: [{ imprint: SHA256 }, { imprint: imprintNumber(1) }] })
    node.desk.change({ state: 'final', first: 0, logSize: 1, height: 1236 })
    const { text } = await node.get('/metrics')
    match(text, /^truechimer_stamps_taken_total 2$/m)
    match(text, /^truechimer_stamps_final_total 1$/m)
    match(text, /^truechimer_stamps_waiting 1$/m)
    match(text, /route="\/v1\/stamps",status="201"\} 1$/m)
  })
})

describe('following', () => {
  test('the state at once, then each change, until all are final', async () => {
    await using node = await open()
    const { stamps } = openClient({ baseUrl: node.api.address })
    const asks = [0, 1, 2].map((number) => ({ imprint: imprintNumber(number) }))
    const ids = (await stamps.submitMany(asks)).map(({ id }) => id)
    node.desk.change({ state: 'final', first: 0, logSize: 1, height: 1235 })
    const steps = [
      () => undefined,
      () => undefined,
      () => node.desk.change({ state: 'proposed', first: 1, logSize: 3, height: undefined }),
      () => undefined,
      // Handed in again: no news.
      () => {
        node.desk.change({ state: 'proposed', first: 1, logSize: 3, height: undefined })
        node.desk.change({ state: 'final', first: 1, logSize: 3, height: 1236 })
      },
      () => undefined,
      () => undefined,
    ]
    const seen: unknown[] = []
    for await (const { id, state, height } of stamps.watch(ids)) {
      seen.push([ids.indexOf(id), state, height])
      steps[seen.length - 1]?.()
    }
    deepEqual(seen, [
      [0, 'final', 1235],
      [1, 'received', null],
      [2, 'received', null],
      [1, 'proposed', null],
      [2, 'proposed', null],
      [1, 'final', 1236],
      [2, 'final', 1236],
    ])
  })

  test('on the wire: a stream that ends by itself where all are final already', async () => {
    await using node = await open()
    const { id } = onlyOf(await node.post({ imprint: SHA256 }))
    node.desk.change({ state: 'final', first: 0, logSize: 1, height: 1236 })
    const answer = await node.get(`/v1/stamps/events?ids=${id},${id}`)
    equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8')
    equal(answer.text, `retry: 1000\n\nevent: stamp\ndata: {"id":"${id}","state":"final","height":1236}\n\n`)
  })

  test('a lost connection is made again, and no state is told twice', async () => {
    await using node = await open()
    const { id } = onlyOf(await node.post({ imprint: SHA256 }))
    const told = (state: string, height: number | null): string =>
      `event: stamp\ndata: ${JSON.stringify({ id, state, height })}\n\n`
    const answers = [told('received', null), told('received', null) + told('proposed', null), told('final', 7)]
    const fetch: typeof globalThis.fetch = async () => new Response(answers.shift() ?? '')
    const { stamps } = openClient({ baseUrl: 'http://node.example', fetch, retryMs: 1 })
    const states: string[] = []
    for await (const { state } of stamps.watch([id])) states.push(state)
    deepEqual(states, ['received', 'proposed', 'final'])
  })

  test('a signal ends it; the desk is left alone when the API closes', async () => {
    const node = await open()
    const { id } = onlyOf(await node.post({ imprint: SHA256 }))
    const end = new AbortController()
    for await (const { state } of openClient({ baseUrl: node.api.address }).stamps.watch([id], {
      signal: end.signal,
    })) {
      equal(state, 'received')
      end.abort()
    }
    equal(node.desk.listeners, 1)
    await node[Symbol.asyncDispose]()
    equal(node.desk.listeners, 0)
  })

  test('streams above the limit get 503', async () => {
    await using node = await open({ streamsPerClientMax: 1 })
    const { id } = onlyOf(await node.post({ imprint: SHA256 }))
    const path = `/v1/stamps/events?ids=${id}`
    const first = connect(Number(new URL(node.api.address).port), '127.0.0.1')
    first.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    await once(first, 'readable')
    problemOf(await node.get(path), 'TC_API_STREAMS')
    first.destroy()
  })

  test('a reader that does not read is cut off', async () => {
    // What a silent reader's socket takes is the system's affair, so the backlog is none at all.
    await using node = await open({ backlogBytesMax: -1 })
    const { id } = onlyOf(await node.post({ imprint: SHA256 }))
    const slow = connect(Number(new URL(node.api.address).port), '127.0.0.1')
    slow.on('error', () => undefined)
    slow.write(`GET /v1/stamps/events?ids=${id} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    await once(slow.resume(), 'close')
    match((await node.get('/metrics')).text, /^truechimer_stamp_streams_cut_total 1$/m)
    match((await node.get('/metrics')).text, /^truechimer_stamp_streams 0$/m)
  })
})
