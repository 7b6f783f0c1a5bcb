/** The chain over HTTP: what is asked how, what is refused with what advice, and the client's functions for it. */
import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask } from './asking.test-kit.ts'
import * as examples from './chain-examples.ts'
import { openClient } from './client.ts'
import { openHttpApi } from './http-api.ts'
import type { HttpApi } from './http-api.ts'
import type { ApiLimits } from './limits.ts'
import { tableBackend } from './table-backend.test-kit.ts'
import type { TableBackend } from './table-backend.test-kit.ts'

const open = (backend: TableBackend = tableBackend(), limits: Partial<ApiLimits> = {}): Promise<HttpApi> =>
  openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 }, limits })

describe('what is asked', () => {
  test('the client’s questions have the answers of the tables', async () => {
    await using api = await open()
    const client = openClient({ baseUrl: api.address })
    const { BLOCK_EXAMPLE: block, BLOCKS_EXAMPLE: blocks } = examples
    deepEqual(await client.genesis(), examples.GENESIS_EXAMPLE)
    deepEqual(await client.blocks(), blocks)
    deepEqual(await client.blocks({ from: 1234, limit: 1 }), blocks)
    deepEqual((await client.blocks({ from: 1, limit: 1 })).blocks, [])
    deepEqual(await client.block(1234), block)
    deepEqual(await client.block(block.id), block)
    deepEqual([...(await client.blockBytes(1234))], [0x82, 1, 2])
    deepEqual(await client.validators(), examples.VALIDATORS_EXAMPLE)
    deepEqual(await client.validators(1235), examples.VALIDATORS_EXAMPLE)
    deepEqual(await client.light({ to: 1234 }), examples.LIGHT_EXAMPLE)
    deepEqual((await client.status()).chain, examples.CHAIN_STATUS_EXAMPLE)
  })

  test('the newest block by its name', async () => {
    const backend = tableBackend()
    backend.table.chain.byKey.set(1235, { ...examples.BLOCK_EXAMPLE, height: 1235 })
    await using api = await open(backend)
    equal((await openClient({ baseUrl: api.address }).block('latest')).height, 1235)
  })

  test('without a chain nothing of it is there', async () => {
    await using api = await open(tableBackend({ chain: false }))
    for (const path of ['genesis', 'blocks', 'blocks/1', 'validators', 'light'])
      match((await ask(`${api.address}/v1/${path}`)).text, /TC_API_NOT_FOUND/)
  })
})

describe('what there is not', () => {
  const advice: [path: string, message: RegExp][] = [
    ['blocks/1236', /There is no block 1236 yet: the newest is 1235\./],
    ['blocks/7', /holds heights 1 to 1235\. Ask one that has been there for longer\./],
    ['blocks/7/bytes', /holds heights 1 to 1235\. Ask one that has been there for longer\./],
    [`blocks/${'ab'.repeat(32)}`, /knows no block of that id.* It holds heights 1 to 1235\./],
    ['validators?height=2000', /not decided yet: the next height is 1236\./],
    ['validators?height=3', /no longer holds who voted at that height/],
    ['light?from=9&to=8', /leads forwards: ask for a height from 9 on/],
    ['light?to=1300', /There is no block 1300 yet/],
  ]
  for (const [path, message] of advice)
    test(`${path}: ${message.source}`, async () => {
      await using api = await open()
      const answer = await ask(`${api.address}/v1/${path}`)
      equal(answer.status, 404)
      match(answer.text, /"code":"TC_API_UNKNOWN_BLOCK"/)
      match(answer.text, message)
    })

  test('before the first block', async () => {
    const backend = tableBackend()
    backend.table.chain.blocks = { blocks: [], first: null, last: null }
    await using api = await open(backend)
    match((await ask(`${api.address}/v1/blocks/latest`)).text, /no block yet\. GET \/v1\/status says what/)
  })

  for (const path of [
    'blocks/0',
    'blocks/newest',
    `blocks/${'AB'.repeat(32)}`,
    'blocks?limit=0',
    'blocks?limit=101',
    'blocks?from=-1',
  ])
    test(`${path} is malformed`, async () => {
      await using api = await open()
      const answer = await ask(`${api.address}/v1/${path}`)
      deepEqual([answer.status, /TC_API_BAD_REQUEST/.test(answer.text)], [400, true])
    })
})

describe('transactions', () => {
  const bytes = Uint8Array.from({ length: 250 }, (_, index) => index)

  test('are taken byte for byte', async () => {
    const backend = tableBackend()
    await using api = await open(backend)
    deepEqual(await openClient({ baseUrl: api.address }).submit(bytes), examples.ACCEPTED_EXAMPLE)
    deepEqual(
      backend.submitted.map((taken) => [...taken]),
      [[...bytes]],
    )
  })

  test('a refusal says why in a sentence, and ends with the reason', async () => {
    const backend = tableBackend()
    backend.table.chain.refusal = 'author-falseticker'
    await using api = await open(backend)
    await rejects(openClient({ baseUrl: api.address }).submit(bytes), {
      code: 'TC_API_TRANSACTION_REFUSED',
      status: 422,
      message: 'The transaction was refused. Its author’s clock was out of range. [author-falseticker]',
    })
  })

  test('of one address only so many a minute; other questions go on', async () => {
    await using api = await open(tableBackend(), { transactionsMax: 2 })
    const client = openClient({ baseUrl: api.address })
    await client.submit(bytes)
    await client.submit(bytes)
    await rejects(client.submit(bytes), { code: 'TC_API_RATE' })
    equal((await client.blocks()).last, 1235)
  })

  test('proofs for light clients cost reading, so they are fewer still', async () => {
    await using api = await open(tableBackend(), { lightProofsMax: 1 })
    const client = openClient({ baseUrl: api.address })
    await client.light({ to: 1234 })
    await rejects(client.light({ to: 1234 }), { code: 'TC_API_RATE' })
  })

  test('A-102: a block as bytes has its type, and its own limit', async () => {
    await using api = await open(tableBackend(), { rawBlocksMax: 1 })
    const answer = await fetch(`${api.address}/v1/blocks/1234/bytes`)
    deepEqual([answer.status, answer.headers.get('content-type')], [200, 'application/vnd.truechimer.block'])
    const client = openClient({ baseUrl: api.address })
    await rejects(client.blockBytes(1234), { code: 'TC_API_RATE' })
    equal((await client.block(1234)).height, 1234)
  })

  for (const [what, body] of [
    ['no base64', { bytes: '####' }],
    ['base64 without its padding', { bytes: 'abcde' }],
    ['nothing', {}],
    ['too much', { bytes: 'AAAA'.repeat(600) }],
  ] as const)
    test(`${what} is malformed`, async () => {
      const backend = tableBackend()
      await using api = await open(backend)
      const headers = { 'content-type': 'application/json' }
      const answer = await ask(`${api.address}/v1/transactions`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      deepEqual([answer.status, backend.submitted.length], [400, 0])
    })

  test('a page of another origin hands nothing in', async () => {
    const backend = tableBackend()
    await using api = await open(backend)
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }
    const body = JSON.stringify(examples.TRANSACTION_EXAMPLE)
    const answer = await ask(`${api.address}/v1/transactions`, { method: 'POST', headers, body })
    deepEqual([answer.status, backend.submitted.length], [403, 0])
  })
})
