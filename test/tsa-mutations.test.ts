/**
 * Bent time-stamp tokens, judged by us and by OpenSSL: none is taken by one and refused by the other (T-87). Some thousand here;
 * TRUECHIMER_FUZZ_RUNS=100000 for the long run.
 */
import { deepEqual, ok } from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { drawBelow, seededRandom } from '../src/base/index.ts'
import { fuzzRuns } from '../src/clock/fuzz.test-kit.ts'
import { verifyToken } from '../src/stamps/index.ts'
import type { TsRequest } from '../src/stamps/index.ts'
import { libcrypto, openJudge } from './real/libcrypto.ts'
import type { TokenJudge } from './real/libcrypto.ts'
import { MUTATIONS } from './real/token-mutations.ts'
import { drawRequest, makeTsaOfTest } from './real/tsa.ts'
import type { TsaOfTest } from './real/tsa.ts'

const CASES = fuzzRuns(3000)
const TOKENS = 6
const SHOWN_MAX = 5

interface Sample {
  readonly query: TsRequest
  readonly token: Uint8Array
  readonly judge: TokenJudge
}

describe('bent tokens', { skip: libcrypto === undefined ? 'this machine has no libcrypto.so.3' : false }, () => {
  let authority: TsaOfTest
  const samples: Sample[] = []
  const seed = process.hrtime.bigint()
  const random = seededRandom(seed)

  before(async () => {
    authority = await makeTsaOfTest()
    const { tsa, authorityDer, ownDer } = authority
    if (libcrypto === undefined) return
    for (let i = 0; i < TOKENS; i += 1) {
      const { query, bytes } = drawRequest(random, random.bytes(20))
      const untrusted = query.wantsCertificate ? [] : [ownDer]
      const judge = openJudge(libcrypto, { request: bytes, authority: authorityDer, untrusted })
      samples.push({ query, token: await tsa.answer(bytes), judge })
    }
  })
  after(async () => {
    for (const { judge } of samples) judge[Symbol.dispose]()
    await authority[Symbol.asyncDispose]()
  })

  const verdicts = ({ query, judge }: Sample, bytes: Uint8Array) => {
    const ours = verifyToken(bytes, { query }, authority.trust(!query.wantsCertificate))
    return { theirs: judge.judge(bytes), ours }
  }

  test('unbent they are good by both', () => {
    for (const sample of samples) {
      const { theirs, ours } = verdicts(sample, sample.token)
      deepEqual([theirs.isGood, ours.verdict], [true, 'accept'])
    }
  })

  for (const [name, mutate] of Object.entries(MUTATIONS))
    test(name, () => {
      const differing: string[] = []
      let differ = 0
      for (let i = 0; i < CASES / Object.keys(MUTATIONS).length; i += 1) {
        const sample = samples[i % samples.length]
        const other = samples[drawBelow(random, samples.length)]?.token
        ok(sample !== undefined && other !== undefined)
        const bent = mutate({ random, token: sample.token, other, key: authority.key })
        const { theirs, ours } = verdicts(sample, bent)
        if (theirs.isGood === (ours.verdict === 'accept')) continue
        differ += 1
        const said = ours.verdict === 'accept' ? 'good' : ours.reason
        if (differing.length < SHOWN_MAX)
          differing.push(`OpenSSL: ${theirs.why || 'good'}, we: ${said}; ${Buffer.from(bent).toString('base64')}`)
      }
      deepEqual(differing, [], `${differ} differ, seed ${seed}`)
    })

  test('what lies behind a token is looked at by neither', () => {
    const [sample] = samples
    ok(sample !== undefined)
    const { theirs, ours } = verdicts(sample, Buffer.concat([sample.token, Buffer.from('more')]))
    deepEqual([theirs.isGood, ours.verdict], [true, 'accept'])
  })
})
