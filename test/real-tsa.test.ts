/**
 * Others' programs and libraries check our time-stamp tokens: OpenSSL's library and its command, and pkijs, which share no code with
 * us or with each other. A thousand tokens of everything that may be asked for.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { webcrypto } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import * as pkijs from 'pkijs'
import { seededRandom } from '../src/base/index.ts'
import { verifyToken } from '../src/stamps/index.ts'
import type { TsRequest } from '../src/stamps/index.ts'
import { libcrypto, openJudge } from './real/libcrypto.ts'
import { programPath } from './real/program.ts'
import { drawRequest, makeTsaOfTest } from './real/tsa.ts'
import type { TsaOfTest } from './real/tsa.ts'

const TOKENS = 1000
const BY_COMMAND = 50
const openssl = programPath('openssl')
const run = promisify(execFile)

interface Sample {
  readonly data: Uint8Array
  readonly query: TsRequest
  readonly request: Uint8Array
  readonly response: Uint8Array
}

describe('a thousand tokens', () => {
  let authority: TsaOfTest
  const samples: Sample[] = []
  const random = seededRandom(20_261_121n)

  before(async () => {
    authority = await makeTsaOfTest()
    while (samples.length < TOKENS) {
      const data = random.bytes(1 + (samples.length % 100))
      const { query, bytes: request } = drawRequest(random, data)
      samples.push({ data, query, request, response: await authority.tsa.answer(request) })
    }
  })
  after(() => authority[Symbol.asyncDispose]())

  test('hold by our own check', () => {
    const verdicts = samples.map(({ query, response }) =>
      verifyToken(response, { query }, authority.trust(!query.wantsCertificate)),
    )
    deepEqual(
      verdicts.filter(({ verdict }) => verdict !== 'accept'),
      [],
    )
    const serials = verdicts.map((verdict) => (verdict.verdict === 'accept' ? verdict.value.serial : ''))
    equal(new Set(serials).size, TOKENS)
  })

  test(
    'hold by OpenSSL’s library',
    { skip: libcrypto === undefined ? 'this machine has no libcrypto.so.3' : false },
    () => {
      ok(libcrypto !== undefined)
      const { authorityDer, ownDer } = authority
      for (const { query, request, response } of samples) {
        const untrusted = query.wantsCertificate ? [] : [ownDer]
        using judge = openJudge(libcrypto, { request, authority: authorityDer, untrusted })
        deepEqual(judge.judge(response), { isGood: true, why: '' })
      }
    },
  )

  test(
    'hold by OpenSSL’s command',
    { skip: openssl === undefined ? 'this machine has no openssl' : false },
    async () => {
      const { directory } = authority
      const [queryFile, responseFile] = [join(directory, 'query.tsq'), join(directory, 'response.tsr')]
      for (const { query, request, response } of samples.slice(0, BY_COMMAND)) {
        await writeFile(queryFile, request)
        await writeFile(responseFile, response)
        const untrusted = query.wantsCertificate ? [] : ['-untrusted', join(directory, 'tsa.pem')]
        const asked = ['ts', '-verify', '-in', responseFile, '-queryfile', queryFile]
        const { stdout } = await run(openssl ?? '', [...asked, '-CAfile', join(directory, 'ca.pem'), ...untrusted])
        equal(stdout.trim(), 'Verification: OK')
      }
    },
  )

  test('hold by pkijs', async () => {
    pkijs.setEngine('node', new pkijs.CryptoEngine({ name: 'node', crypto: globalThis.crypto ?? webcrypto }))
    const { authorityDer, ownDer } = authority
    const root = pkijs.Certificate.fromBER(Uint8Array.from(authorityDer))
    for (const { data, response, query } of samples) {
      const { timeStampToken } = pkijs.TimeStampResp.fromBER(Uint8Array.from(response))
      const signed = new pkijs.SignedData({ schema: timeStampToken?.content })
      if (!query.wantsCertificate) signed.certificates = [pkijs.Certificate.fromBER(Uint8Array.from(ownDer))]
      const parts = { signer: 0, trustedCerts: [root], checkChain: true, data: Uint8Array.from(data).buffer }
      equal(await signed.verify(parts), true)
    }
  })
})
