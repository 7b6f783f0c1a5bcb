/** Tokens over HTTP: media types, sizes, rates, certificates, and what the description says. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { IMPRINT_IDS, encodeRequest, readResponse } from '../stamps/index.ts'
import { makeTsaOfTest } from '../../test/real/tsa.ts'
import type { TsaOfTest } from '../../test/real/tsa.ts'
import { ask } from './asking.test-kit.ts'
import { openHttpApi } from './http-api.ts'
import type { HttpApi } from './http-api.ts'
import { tableBackend } from './table-backend.test-kit.ts'

const QUERY = 'application/timestamp-query'
const request = encodeRequest({
  imprint: { algorithm: IMPRINT_IDS['sha-256'], imprint: new Uint8Array(32) },
  policy: undefined,
  nonce: undefined,
  wantsCertificate: true,
})

describe('over HTTP', () => {
  let authority: TsaOfTest
  let api: HttpApi
  before(async () => {
    authority = await makeTsaOfTest()
    const backend = Object.assign(tableBackend(), { tsa: authority.tsa })
    api = await openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 }, limits: { tokensMax: 6 } })
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await authority[Symbol.asyncDispose]()
  })
  const post = (body: Uint8Array, type = QUERY): Promise<Response> =>
    fetch(`${api.address}/tsa`, { method: 'POST', headers: { 'content-type': type }, body: Uint8Array.from(body) })

  test('a request gets its token, and a wrong one its refusal, both as replies', async () => {
    for (const [body, status] of [
      [request, '00'],
      [Uint8Array.of(1), '02'],
    ] as const) {
      const answer = await post(body)
      deepEqual([answer.status, answer.headers.get('content-type')], [200, 'application/timestamp-reply'])
      equal(readResponse(new Uint8Array(await answer.arrayBuffer()))?.status, status)
    }
  })

  test('what is no query is a problem', async () => {
    const code = async (answer: Response): Promise<unknown> => {
      const said: unknown = await answer.json()
      return typeof said === 'object' && said !== null && 'code' in said ? [answer.status, said.code] : said
    }
    deepEqual(await code(await post(request, 'application/json')), [415, 'TC_API_MEDIA_TYPE'])
    deepEqual(await code(await post(new Uint8Array(0))), [400, 'TC_API_BAD_REQUEST'])
    deepEqual(await code(await post(new Uint8Array(4097))), [413, 'TC_API_TOO_LARGE'])
    equal((await fetch(`${api.address}/tsa`)).status, 404)
  })

  test('too many are told to wait', async () => {
    let status = 0
    let asked = 0
    while (status !== 429 && asked < 10) {
      status = (await post(request)).status
      asked += 1
    }
    equal(status, 429)
  })

  test('the certificates are there, and all of it is described', async () => {
    for (const [path, pem] of [
      ['/tsa/ca.pem', authority.tsa.authorityPem],
      ['/tsa/cert.pem', authority.tsa.certificatePem],
    ] as const) {
      const answer = await ask(`${api.address}${path}`)
      deepEqual([answer.status, answer.headers['content-type'], answer.text], [200, 'application/x-pem-file', pem])
      match(pem, /^-----BEGIN CERTIFICATE-----/)
    }
    const { text } = await ask(`${api.address}/openapi.json`)
    ok(
      ['"/tsa"', '"/tsa/ca.pem"', '"/tsa/cert.pem"', 'application/timestamp-reply'].every((part) =>
        text.includes(part),
      ),
    )
  })
})

test('where a node serves none, nothing of it is there', async () => {
  await using api = await openHttpApi({ backend: tableBackend(), listen: { host: '127.0.0.1', port: 0 } })
  equal((await ask(`${api.address}/tsa/ca.pem`)).status, 404)
  ok(!(await ask(`${api.address}/openapi.json`)).text.includes('/tsa'))
})
