/** What is told of a stamp, word by word where a reader acts on it. Rules T-28, T-29. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { hashScheme } from '../consensus/light-chain.test-kit.ts'
import { STAMP_LINKS, STAMP_REASONS, refusedLines, verifiedLines, verifyStamp } from './index.ts'
import type { VerifiedStamp } from './index.ts'
import { stampedChain } from './stamp-chain.test-kit.ts'
import type { StampedChainOptions } from './stamp-chain.test-kit.ts'

const scheme = hashScheme()
const verified = (options: StampedChainOptions = {}): VerifiedStamp => {
  const { proof, trust, digest } = stampedChain({ scheme, batchSize: 3, ...options })
  const found = verifyStamp(proof, { trust, digest, verifier: scheme.verifier })
  ok(found.verdict === 'accept')
  return found.value
}
const texts = (given: VerifiedStamp): readonly string[] => verifiedLines(given).map(({ text }) => text)
const warnings = (given: VerifiedStamp): readonly string[] =>
  verifiedLines(given).flatMap(({ text, isWarning }) => (isWarning ? [text] : []))

test('the lines of a stamp with all there is', () =>
  deepEqual(texts(verified()), [
    'existed no later than 2027-01-15T07:59:35.500Z',
    'submitted no earlier than 2027-01-15T07:59:32.500Z',
    'true time within ± 500 ms of 2027-01-15T07:59:35.000Z',
    'attested by 5 of 7 validators holding 71.4 % of the weight',
    'of this very thing (sha-256)',
    'taken by node-1; sources of its clock (its own word): ntp, nts, gps',
    'promise kept: block 12, promised by block 30',
    'rests on the genesis alone',
  ]))

test('what is missing or wrong is said, and marked where it must not be overlooked', () => {
  const stamp = verified({ beaconBack: 0 })
  equal(texts(stamp)[1], 'submitted at any time before: no beacon was mixed in')
  deepEqual(warnings(stamp), [])
  match(texts(verified({ salt: new Uint8Array(16).fill(1) }))[4] ?? '', /salted/)
  deepEqual(warnings(verified({ heightPromised: 11 })), ['promise broken: block 12, promised by block 11'])
  deepEqual(warnings({ ...stamp, emergency: true }), ['the network had declared a time emergency'])
  equal(warnings({ ...stamp, isDigestChecked: false }).length, 1)
  equal(texts({ ...stamp, trustedHeight: 7 }).at(-1), 'rests on the checkpoint of block 7')
})

test('rounding is outwards, and shares of weight are rounded down', () => {
  const stamp = verified()
  const at = stamp.blockTime.timestamp
  const blockTime = { earliest: at - 12_345_678_901n, timestamp: at, latest: at + 1n }
  const attestedBy = { ...stamp.attestedBy, weight: 66_699n, total: 100_000n }
  const said = texts({ ...stamp, blockTime, attestedBy, interval: { notBefore: at - 1n, notAfter: at + 1n } })
  equal(said[0], 'existed no later than 2027-01-15T07:59:35.001Z')
  equal(said[1], 'submitted no earlier than 2027-01-15T07:59:34.999Z')
  equal(said[2], 'true time within ± 12.4 s of 2027-01-15T07:59:35.000Z')
  const finer = { ...blockTime, earliest: at - 40_000_000n, timestamp: at + 999_999n, latest: at + 40_999_998n }
  equal(texts({ ...stamp, blockTime: finer })[2], 'true time within ± 41 ms of 2027-01-15T07:59:35.000Z')
  match(said[3] ?? '', /66\.6 %/)
})

test('lengths', () => {
  const stamp = verified()
  const at = stamp.blockTime.timestamp
  for (const [lengthNs, said] of [
    [0n, '0 ns'],
    [999n, '999 ns'],
    [1001n, '1.01 µs'],
    [12_340_001n, '12.4 ms'],
    [999_000_001n, '1000 ms'],
    [90_000_000_000n, '90 s'],
    [7_200_000_000_000n, '2 h'],
    [1_000_000_000_000_000n, '11.6 days'],
  ] as const) {
    const blockTime = { earliest: at, timestamp: at, latest: at + lengthNs }
    ok(texts({ ...stamp, blockTime })[2]?.includes(`± ${said} of`), `${lengthNs}: ${texts({ ...stamp, blockTime })[2]}`)
  }
})

test('every reason and every link has its words, one sentence that ends', () => {
  for (const reason of STAMP_REASONS)
    for (const link of STAMP_LINKS) {
      const [line] = refusedLines(reason, link)
      ok(line !== undefined && line.link === link && line.isWarning)
      match(line.text, /^broken from .+: [A-Z].+\.$/)
      ok(line.explanation.includes(reason))
    }
  const later = refusedLines('stamp-before-checkpoint', 'trust')[0]?.text ?? ''
  match(later, /later block than the stamp/)
})
