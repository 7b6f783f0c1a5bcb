import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { NS_PER_SEC, seededRandom } from '../base/index.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'
import { ROUGHTIME_RAND_BYTES, roughtimeChainedNonce } from './roughtime-chain.ts'
import type { RoughtimeLink } from './roughtime-chain.ts'
import { roughtimeReportOf, roughtimeReportSchema, verifyRoughtimeReport } from './roughtime-report.ts'
import type { RoughtimeReportFile, RoughtimeReportVerdict } from './roughtime-report.ts'
import { encodeRoughtimeRequest, roughtimeNonceBytes } from './roughtime-request.ts'
import type { RoughtimeForm } from './roughtime-request.ts'
import { HandSigner } from './roughtime-signer.test-kit.ts'

const random = seededRandom(5n)
const NOW = 1_800_000_000

/** Answers of servers in a chain, each with what it says. */
const chainOf = (
  said: readonly (readonly [server: string, sec: number])[],
  form: RoughtimeForm = 'framed',
): RoughtimeLink[] => {
  const links: RoughtimeLink[] = []
  for (const [name, sec] of said) {
    const server = new HandSigner(name)
    const { publicKey } = server
    const before = links.at(-1)
    const rand = before === undefined ? undefined : random.bytes(ROUGHTIME_RAND_BYTES)
    const bytes = roughtimeNonceBytes(form)
    const nonce =
      before === undefined || rand === undefined
        ? random.bytes(bytes)
        : roughtimeChainedNonce(before.response, rand, bytes)
    const request = encodeRoughtimeRequest({ form, nonce, publicKey })
    const units = form === 'classic' ? 1_000_000n : 1n
    const response = server.answer(request, { midpoint: BigInt(sec) * units, radius: units })
    links.push({ publicKey, rand, request, response, midpointUnixNs: BigInt(sec) * NS_PER_SEC, radiusNs: NS_PER_SEC })
  }
  return links
}
const say = (verdict: RoughtimeReportVerdict): string =>
  verdict.verdict === 'accept'
    ? JSON.stringify(verdict.value.contradictions)
    : `${verdict.reason} ${verdict.at ?? ''}`.trim()
const heard = (data: unknown): string => say(verifyRoughtimeReport(data))
/** As it comes from a file. */
const filed = (report: RoughtimeReportFile): unknown => JSON.parse(JSON.stringify(report))

const lie = [
  ['a', NOW],
  ['b', NOW + 1],
  ['liar', NOW - 60],
  ['a', NOW + 2],
] as const
const report = roughtimeReportOf(chainOf(lie))

test('the standard’s own example proves what it shows', () => {
  const vector = z
    .object({ report: z.object({ responses: z.array(z.object({ publicKey: z.string() })) }) })
    .parse(JSON.parse(readFileSync('test/vectors/roughtime-rfc10049.json', 'utf8')))
  const whole: unknown = JSON.parse(readFileSync('test/vectors/roughtime-rfc10049.json', 'utf8'))
  const verdict = verifyRoughtimeReport(z.object({ report: z.unknown() }).parse(whole).report)
  ok(verdict.verdict === 'accept', say(verdict))
  deepEqual(verdict.value.contradictions, [
    [0, 1],
    [0, 2],
  ])
  deepEqual(
    verdict.value.answers.map(({ publicKey }) => Buffer.from(publicKey).toString('base64')),
    vector.report.responses.map(({ publicKey }) => publicKey),
  )
  deepEqual(
    verdict.value.answers.map(({ dialect, midpointUnixNs, radiusNs }) => [
      dialect.name,
      midpointUnixNs / NS_PER_SEC,
      radiusNs / NS_PER_SEC,
    ]),
    [
      ['rfc', 1_773_685_571n, 3n],
      ['rfc', 1_773_599_171n, 3n],
      ['rfc', 1_773_599_171n, 3n],
    ],
  )
})

test('our own report proves the same, and names every pair', () => {
  equal(heard(filed(report)), '[[0,2],[1,2]]')
  equal(report.responses[0]?.rand, undefined)
  ok(report.responses.slice(1).every(({ rand }) => rand !== undefined))
})
test('in the classic form too', () => equal(heard(filed(roughtimeReportOf(chainOf(lie, 'classic')))), '[[0,2],[1,2]]'))
test('the first answer may have a rand, which shows nothing', () => {
  const [first, ...rest] = report.responses
  ok(first !== undefined)
  equal(
    heard({ responses: [{ ...first, rand: 'AAAA' }, ...rest], note: 'other keys are passed over' }),
    '[[0,2],[1,2]]',
  )
})
test('a part of a chain, from any answer on, is a chain', () =>
  equal(heard({ responses: report.responses.slice(1, 3) }), '[[0,1]]'))

describe('what is no proof', () => {
  const [first, second, third] = report.responses
  ok(first !== undefined && second !== undefined && third !== undefined)
  const key = (name: string): string => Buffer.from(new HandSigner(name).publicKey).toString('base64')
  for (const [name, data, reason] of [
    ['nothing', undefined, 'roughtime-report-form'],
    ['a text', 'report', 'roughtime-report-form'],
    ['no responses', {}, 'roughtime-report-form'],
    ['responses that are none', { responses: [1] }, 'roughtime-report-form'],
    ['a response that is no base64', { responses: [{ ...first, response: '###' }] }, 'roughtime-report-form'],
    [
      'base64 without its padding',
      { responses: [{ ...first, publicKey: first.publicKey.slice(0, -1) }] },
      'roughtime-report-form',
    ],
    ['65 responses', { responses: Array.from({ length: 65 }, () => first) }, 'roughtime-report-form'],
    ['an empty list', { responses: [] }, 'roughtime-report-consistent'],
    ['one answer', { responses: [first] }, 'roughtime-report-consistent'],
    ['answers that agree', { responses: [first, second] }, 'roughtime-report-consistent'],
    ['an answer left out', { responses: [first, third] }, 'roughtime-report-unchained 1'],
    ['another order', { responses: [second, first, third] }, 'roughtime-report-unchained 1'],
    ['no rand', { responses: [first, { ...second, rand: undefined }] }, 'roughtime-report-unchained 1'],
    ['a short rand', { responses: [first, { ...second, rand: 'AAAA' }] }, 'roughtime-report-unchained 1'],
    ['another rand', { responses: [first, { ...second, rand: third.rand }] }, 'roughtime-report-unchained 1'],
    ['a request that is none', { responses: [first, { ...second, request: '' }] }, 'roughtime-report-unchained 1'],
    [
      'blame put on another',
      { responses: [first, second, { ...third, publicKey: key('a') }] },
      'roughtime-delegation-signature 2',
    ],
    [
      'an answer to something else',
      { responses: [first, { ...second, response: third.response }] },
      'roughtime-wrong-nonce 1',
    ],
  ] as const)
    test(name, () => equal(heard(data), reason))
  test('honest answers', () =>
    equal(
      heard(
        roughtimeReportOf(
          chainOf([
            ['a', NOW],
            ['b', NOW + 1],
            ['a', NOW + 1],
          ]),
        ),
      ),
      'roughtime-report-consistent',
    ))
})

test('a report with one letter changed is refused, or still says the same', () => {
  const text = JSON.stringify(report)
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'B', '+', '"', '0'), (at, letter) => {
      const changed = text.slice(0, at) + letter + text.slice(at + 1)
      let data: unknown
      try {
        data = JSON.parse(changed)
      } catch {
        return
      }
      const parsed = roughtimeReportSchema.safeParse(data)
      const isSame =
        parsed.success && JSON.stringify(roughtimeReportSchema.parse(JSON.parse(text))) === JSON.stringify(parsed.data)
      const isEmptyBits = parsed.success && sameBytes(parsed.data)
      equal(verifyRoughtimeReport(data).verdict === 'accept', isSame || isEmptyBits)
    }),
    { numRuns: fuzzRuns(150) },
  )
})

/** Base64's last letter has bits that mean nothing. */
const sameBytes = (changed: RoughtimeReportFile): boolean => {
  const bytes = ({ responses }: RoughtimeReportFile): string =>
    JSON.stringify(
      responses.map(({ publicKey, rand, request, response }) =>
        [publicKey, rand ?? '', request, response].map((value) => Buffer.from(value, 'base64').toString('hex')),
      ),
    )
  return bytes(changed) === bytes(report)
}
