import { deepEqual, equal, ok } from 'node:assert/strict'
import { sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { bytesOfHex, NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { signingKeyOf } from '../crypto/index.ts'
import { LEAP_TABLE } from './leap-seconds.ts'
import { answerRoughtimeBatch, roughtimeCertificate, roughtimeStatement } from './roughtime-answer.ts'
import { CLASSIC, ROUGHTIME_FRAMED_DIALECTS } from './roughtime-dialect.ts'
import { decodePacket, ROUGHTIME_TAG as T } from './roughtime-message.ts'
import { decodeRoughtimeRequest, roughtimeSrvOf } from './roughtime-request.ts'
import { taiFromUnixNs, taiFromUtc, taiSpanOfUnixNs } from './time-scales.ts'

const rfc = ROUGHTIME_FRAMED_DIALECTS.find(({ name }) => name === 'rfc') ?? CLASSIC
const draft11 = ROUGHTIME_FRAMED_DIALECTS.find(({ name }) => name === 'draft-11') ?? CLASSIC
const around = (utc: string, halfNs: bigint): { tai: bigint; earliest: bigint; latest: bigint } => {
  const tai = taiFromUtc(utc) ?? 0n
  return { tai, earliest: tai - halfNs, latest: tai + halfNs }
}

describe('the time as it is stated', () => {
  for (const [name, span, dialect, midpoint, radius] of [
    ['a good clock on the second', around('2026-11-21T00:00:00Z', NS_PER_MS), rfc, 1_795_219_200n, 1n],
    ['a good clock at a quarter', around('2026-11-21T00:00:00.25Z', NS_PER_MS), rfc, 1_795_219_200n, 1n],
    ['rounded up from the half', around('2026-11-21T00:00:00.5Z', NS_PER_MS), rfc, 1_795_219_201n, 1n],
    ['half a second of doubt at the half', around('2026-11-21T00:00:00.5Z', 500n * NS_PER_MS), rfc, 1_795_219_201n, 2n],
    ['ten seconds of doubt', around('2026-11-21T00:00:00Z', 10n * NS_PER_SEC), rfc, 1_795_219_200n, 11n],
    ['draft 11 wants three seconds', around('2026-11-21T00:00:00Z', NS_PER_MS), draft11, 1_795_219_200n, 3n],
    ['microseconds', around('2026-11-21T00:00:00Z', NS_PER_MS), CLASSIC, 1_795_219_200_000_000n, 1001n],
    ['a leap second within reach', around('2016-12-31T23:59:60.5Z', NS_PER_MS), rfc, 1_483_228_801n, 2n],
    ['a second before it', around('2016-12-31T23:59:59.5Z', NS_PER_MS), rfc, 1_483_228_800n, 2n],
    ['a minute before it', around('2016-12-31T23:59:00Z', NS_PER_MS), rfc, 1_483_228_740n, 1n],
    ['past the end of the table', around('2027-07-01T00:00:00Z', NS_PER_MS), rfc, 1_814_400_000n, 2n],
  ] as const)
    test(name, () => deepEqual(roughtimeStatement(span, dialect), { midpoint, radius }))

  test('nothing where it cannot be written', () => {
    equal(roughtimeStatement(around('1969-01-01T00:00:00Z', NS_PER_MS), rfc), undefined)
    const wide = around('2026-11-21T00:00:00Z', 5000n * NS_PER_SEC)
    equal(roughtimeStatement(wide, CLASSIC), undefined)
    ok(roughtimeStatement(wide, rfc) !== undefined)
  })

  test('holds the whole bound inside, also around leap seconds', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...LEAP_TABLE.steps.slice(10).map(({ unixSec }) => unixSec), 1_800_000_000n),
        fc.bigInt({ min: -4n * NS_PER_SEC, max: 4n * NS_PER_SEC }),
        fc.tuple(fc.bigInt({ min: 0n, max: 3n * NS_PER_SEC }), fc.bigInt({ min: 0n, max: 3n * NS_PER_SEC })),
        fc.constantFrom(rfc, draft11, CLASSIC),
        (unixSec, awayNs, [below, above], dialect) => {
          const tai = taiFromUnixNs(unixSec * NS_PER_SEC) + awayNs
          const span = { tai, earliest: tai - below, latest: tai + above }
          const said = roughtimeStatement(span, dialect)
          ok(said !== undefined)
          ok(taiSpanOfUnixNs((said.midpoint - said.radius) * dialect.unitNs).hi < span.earliest)
          ok(taiSpanOfUnixNs((said.midpoint + said.radius) * dialect.unitNs).lo > span.latest)
          ok(said.radius * dialect.unitNs <= below + above + 5n * NS_PER_SEC, 'and not much more')
        },
      ),
      { numRuns: 200 },
    ))
})

test('what Cloudflare’s server answers to one request we answer too: what is signed byte for byte, and framed all of it', () => {
  const file = z
    .object({
      vectors: z.array(
        z.object({
          name: z.string(),
          seed: z.string(),
          delegateSeed: z.string(),
          request: z.base64(),
          response: z.base64(),
        }),
      ),
    })
    .parse(JSON.parse(readFileSync('test/vectors/roughtime-cloudflare.json', 'utf8')))
  const ones = file.vectors.filter(({ name }) => name.includes(' 1, request 0'))
  equal(ones.length, 3)
  for (const { seed, delegateSeed, request, response } of ones) {
    const [longTerm, delegate] = [seed, delegateSeed].map((text) =>
      signingKeyOf(bytesOfHex(text) ?? new Uint8Array(32)),
    )
    ok(longTerm !== undefined && delegate !== undefined)
    const packet = new Uint8Array(Buffer.from(request, 'base64'))
    const judged = decodeRoughtimeRequest(packet, roughtimeSrvOf(longTerm.publicKey))
    ok(judged.verdict === 'accept')
    const { dialect } = judged.value
    // Their server's words, as their generator sets them.
    const delegation = { delegate: delegate.publicKey, fromUnixNs: 0n, untilUnixNs: 100n * NS_PER_SEC }
    const [answer] = answerRoughtimeBatch({
      dialect,
      requests: [judged.value],
      statement: { midpoint: (50n * NS_PER_SEC) / dialect.unitNs, radius: (5n * NS_PER_SEC) / dialect.unitNs },
      certificate: roughtimeCertificate(delegation, dialect, (message) => sign(null, message, longTerm.handle)),
      signer: (message) => sign(null, message, delegate.handle),
    })
    ok(answer !== undefined)
    const theirs = new Uint8Array(Buffer.from(response, 'base64'))
    if (dialect.version !== undefined) deepEqual(answer, theirs)
    // Their classic form returns the nonce; Google's did not, and ours does not.
    const signed = (bytes: Uint8Array): readonly unknown[] => {
      const read = decodePacket(bytes)
      ok(read.verdict === 'accept')
      return [T.SIG, T.PATH, T.SREP, T.CERT, T.INDX].map((tag) => read.value.get(tag))
    }
    deepEqual(signed(answer), signed(theirs))
  }
})
