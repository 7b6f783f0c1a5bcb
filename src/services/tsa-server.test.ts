/** The authority's answers: what is granted from which reading, and what is refused when. */
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { seededRandom } from '../base/index.ts'
import { taiFromUnixNs } from '../clock/index.ts'
import { IMPRINT_IDS, encodeRequest, openToken, readResponse, verifyToken } from '../stamps/index.ts'
import type { TsRequest } from '../stamps/index.ts'
import { POLICY, makeTsaOfTest } from '../../test/real/tsa.ts'
import type { TsaOptions } from './tsa-server.ts'

const imprint = {
  algorithm: IMPRINT_IDS['sha-256'],
  imprint: new Uint8Array(createHash('sha256').update('a').digest()),
}
const query: TsRequest = { imprint, policy: undefined, nonce: Uint8Array.of(9), wantsCertificate: true }
const NOW = taiFromUnixNs(1_795_266_158_460_923_111n)
const reading = (halfNs: bigint, status: 'synchronised' | 'unsynchronised' | 'holdover' = 'synchronised') => ({
  earliest: NOW - halfNs,
  latest: NOW + halfNs,
  status,
})
const told: string[] = []
const open = (more: Partial<TsaOptions>) =>
  makeTsaOfTest({ tell: ({ code, message }) => void told.push(`${code} ${message}`), ...more })

describe('granted', () => {
  test('says the reading, and answers the request', async () => {
    await using authority = await open({ read: () => reading(1_500_000n, 'holdover') })
    const verified = verifyToken(await authority.tsa.answer(encodeRequest(query)), { query }, authority.trust(false))
    ok(verified.verdict === 'accept')
    const { genTime, accuracyNs, policy, nonce, signer } = verified.value
    deepEqual(
      { genTime, accuracyNs, policy, nonce, signer },
      {
        genTime: '20261121130238.460923Z',
        accuracyNs: 1_501_000n,
        policy: POLICY,
        nonce: '09',
        signer: 'Mill of  Time time-stamps',
      },
    )
    deepEqual(authority.tsa.counts(), { answered: 1, refused: new Map() })
  })

  test('with the certificate only where it was asked for', async () => {
    await using authority = await open({})
    for (const wantsCertificate of [true, false]) {
      const opened = openToken(await authority.tsa.answer(encodeRequest({ ...query, wantsCertificate })))
      ok(opened.verdict === 'accept')
      equal(opened.value.signed.certificates.length, wantsCertificate ? 1 : 0)
    }
  })

  test('no serial number comes twice, also after another start', async () => {
    await using authority = await open({})
    const serial = async (): Promise<string> => {
      const opened = openToken(await authority.tsa.answer(encodeRequest(query)))
      return opened.verdict === 'accept' ? opened.value.info.serial : ''
    }
    const [one, two] = [await serial(), await serial()]
    notEqual(one, two)
    ok(/^[4-7][0-9a-f]{31}$/.test(one) && /^[4-7][0-9a-f]{31}$/.test(two))
  })
})

describe('refused', () => {
  const reasonOf = async (more: Partial<TsaOptions>, asked = encodeRequest(query)): Promise<readonly number[]> => {
    await using authority = await open(more)
    const response = readResponse(await authority.tsa.answer(asked))
    equal(response?.token, undefined)
    equal(authority.tsa.counts().answered, 0)
    equal([...authority.tsa.counts().refused.values()][0], 1)
    return response?.failures ?? []
  }
  test('while the clock has no time', async () => deepEqual(await reasonOf({ read: () => undefined }), [14]))
  test('while it is unsynchronised', async () =>
    deepEqual(await reasonOf({ read: () => reading(1n, 'unsynchronised') }), [14]))
  test('while it may be too far off', async () => {
    deepEqual(await reasonOf({ read: () => reading(1_000_000_001n) }), [14])
    deepEqual(await reasonOf({ read: () => reading(5_000_001n), boundNsMax: 5_000_000n }), [14])
  })
  test('but not at the limit itself', async () => {
    await using authority = await open({ read: () => reading(1_000_000_000n) })
    equal(readResponse(await authority.tsa.answer(encodeRequest(query)))?.status, '00')
  })
  test('what is no request', async () => deepEqual(await reasonOf({}, Uint8Array.of(1, 2, 3)), [5]))
  test('another policy', async () => deepEqual(await reasonOf({}, encodeRequest({ ...query, policy: '1.2.3' })), [15]))
  test('where it cannot be signed: told, and the asker knows no more', async () => {
    const random = seededRandom(3n)
    const broken = {
      bytes: (length: number): Uint8Array => {
        if (length === 16) throw new RangeError('no chance left')
        return random.bytes(length)
      },
    }
    told.length = 0
    deepEqual(await reasonOf({ random: broken }), [25])
    deepEqual(told, ['TC_TSA_SIGN a time-stamp token could not be signed: no chance left'])
  })
})

test('wrong answers are refused by the first thing that is wrong', async () => {
  await using authority = await open({})
  await using other = await open({})
  const token = await authority.tsa.answer(encodeRequest(query))
  const trust = authority.trust(false)
  const reason = (bytes: Uint8Array, wanted: TsRequest, more: Partial<typeof trust> = {}): string => {
    const verified = verifyToken(bytes, { query: wanted }, { ...trust, ...more })
    return verified.verdict === 'accept' ? 'good' : verified.reason
  }
  const without = await authority.tsa.answer(encodeRequest({ ...query, wantsCertificate: false }))
  const DAY_MS = 86_400_000
  deepEqual(
    [
      reason(token, query),
      reason(token, { ...query, nonce: Uint8Array.of(8) }),
      reason(token, { ...query, nonce: undefined }),
      reason(token, { ...query, policy: '1.2.3' }),
      reason(token, { ...query, imprint: { ...imprint, imprint: new Uint8Array(32) } }),
      reason(token, { ...query, imprint: { ...imprint, algorithm: IMPRINT_IDS['sha-384'] } }),
      reason(token, query, { trusted: other.trusted }),
      reason(token, query, { trusted: [] }),
      reason(token, query, { trusted: authority.own }),
      reason(token, query, { atUnixMs: Date.now() + 31 * DAY_MS }),
      reason(token, query, { atUnixMs: Date.now() - 2 * DAY_MS }),
      reason(without, query),
      reason(without, query, { untrusted: authority.own }),
      reason(token.subarray(0, 100), query),
      reason(new Uint8Array(70_000), query),
      reason(await authority.tsa.answer(Uint8Array.of(0)), query),
    ],
    [
      'good',
      'token-nonce',
      'good',
      'token-policy',
      'token-imprint',
      'token-imprint',
      'token-certificate-issuer',
      'token-certificate-issuer',
      'token-certificate-issuer',
      'token-certificate-time',
      'token-certificate-time',
      'token-certificate-missing',
      'good',
      'token-malformed',
      'token-malformed',
      'token-not-granted',
    ],
  )
})
