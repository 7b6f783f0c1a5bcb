/** Attestations: bytes that may not change, every reason for a refusal, and that no bit can be turned unnoticed. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { NS_PER_SEC, TAI_MAX, hexOf } from '../base/index.ts'
import { encodeData, parseCid } from '../codec/index.ts'
import {
  ATTESTATION_BYTES_MAX,
  ATTESTATION_REASONS,
  ROUND_TRIP_NS_MAX,
  encodeAttestationBody,
  isWindowPossible,
  openAttestation,
  signAttestation,
  slotOf,
} from './index.ts'
import { TAI, proofOf, said, signerOf, withFlippedBit } from './proofs.test-suite.ts'

const vectors = z
  .object({
    proof: z.string(),
    attestations: z
      .array(
        z.object({
          seedByte: z.number(),
          sentEarliest: z.string().transform(BigInt),
          receivedLatest: z.string().transform(BigInt),
          roundTripNs: z.number(),
          body: z.string(),
          bytes: z.string(),
          cid: z.string(),
        }),
      )
      .length(2),
  })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/proofs-attestation.json', import.meta.url), 'utf8')))

for (const { seedByte, body, bytes, cid, ...window } of vectors.attestations) {
  test(`golden vector of witness ${seedByte}`, async () => {
    const proof = parseCid(vectors.proof)
    ok(proof.verdict === 'accept')
    const made = await signAttestation(signerOf(seedByte), { proof: proof.value, ...window })
    equal(hexOf(encodeAttestationBody(made.attestation)), body)
    deepEqual([hexOf(made.bytes), made.cid.toString()], [bytes, cid])
    const opened = openAttestation(made.bytes)
    ok(opened.verdict === 'accept')
    deepEqual(opened.value.attestation, made.attestation)
  })
}

const { cid } = await proofOf(signerOf(1))
const witness = signerOf(2)
const WINDOW = { sentEarliest: TAI, receivedLatest: TAI + 5_000_000n, roundTripNs: 4_000_000 }
const good = await signAttestation(witness, { proof: cid, ...WINDOW })
const signed = async (window: Partial<typeof WINDOW>): Promise<Uint8Array> =>
  (await signAttestation(witness, { proof: cid, ...WINDOW, ...window })).bytes
const data = (index: number, value: unknown): Uint8Array => {
  const fields: unknown[] = [cid, witness.nodeId, TAI, TAI + 5_000_000n, 4_000_000, good.attestation.signature]
  return encodeData(fields.with(index, value))
}
const open = (bytes: Uint8Array): string => said(openAttestation(bytes))
const LONG = BigInt(ROUND_TRIP_NS_MAX) + 40n * NS_PER_SEC

describe('what is refused, and why', async () => {
  const table: readonly (readonly [name: string, bytes: Uint8Array, said: string])[] = [
    ['the good one', good.bytes, 'accept'],
    ['as data', data(4, 4_000_000), 'accept'],
    ['one byte too many for any', new Uint8Array(ATTESTATION_BYTES_MAX + 1), 'reject too-large'],
    ['cut off', good.bytes.subarray(0, -1), 'reject malformed'],
    ['an array of no stated length', Uint8Array.of(0x9f, ...good.bytes.subarray(1), 0xff), 'reject non-canonical'],
    ['a proof that is no link', data(0, new Uint8Array(36)), 'reject wrong-shape'],
    ['a negative instant', data(2, -1), 'reject wrong-shape'],
    ['an instant above 2^63 − 1', data(3, TAI_MAX + 1n), 'reject wrong-shape'],
    ['a round trip above ten seconds', data(4, ROUND_TRIP_NS_MAX + 1), 'reject wrong-shape'],
    ['a negative round trip', data(4, -1), 'reject wrong-shape'],
    ['a key of small order', data(1, new Uint8Array(32)), 'reject bad-key'],
    [
      'a window that ends before it begins',
      await signed({ receivedLatest: TAI - 1n, roundTripNs: 0 }),
      'reject bad-window',
    ],
    ['a window shorter than its round trip', await signed({ roundTripNs: 5_010_000 }), 'reject bad-window'],
    ['shorter by as much as a counter may err', await signed({ roundTripNs: 5_005_000 }), 'accept'],
    ['no window at all', await signed({ receivedLatest: TAI, roundTripNs: 0 }), 'accept'],
    ['the widest window', await signed({ receivedLatest: TAI + LONG, roundTripNs: ROUND_TRIP_NS_MAX }), 'accept'],
    [
      'one wider',
      await signed({ receivedLatest: TAI + LONG + 1n, roundTripNs: ROUND_TRIP_NS_MAX }),
      'reject bad-window',
    ],
    ['another witness', data(1, signerOf(3).nodeId), 'reject bad-signature'],
    ['another proof', data(0, good.cid), 'reject bad-signature'],
  ]
  for (const [name, bytes, expected] of table) test(`${name}: ${expected}`, () => equal(open(bytes), expected))

  test('a witness who may not is refused before the signature is looked at', () =>
    equal(said(openAttestation(data(5, new Uint8Array(64)), () => false)), 'reject not-member'))

  test('one that cannot count is ignored before the signature is looked at, and after everything else', () => {
    const useless = ({ sentEarliest }: { readonly sentEarliest: bigint }): string | undefined =>
      sentEarliest === TAI ? 'of-no-use' : undefined
    const asked = (bytes: Uint8Array): string => said(openAttestation(bytes, () => true, useless))
    equal(asked(data(5, new Uint8Array(64))), 'ignore of-no-use')
    equal(asked(data(3, TAI - 1n)), 'reject bad-window')
    equal(
      said(
        openAttestation(
          good.bytes,
          () => true,
          () => undefined,
        ),
      ),
      'accept',
    )
  })

  test('every documented reason is reached', () => {
    const reached = new Set([...table.map(([, , reason]) => reason.replace('reject ', '')), 'not-member'])
    deepEqual(
      ATTESTATION_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

test('whichever bit is turned, the attestation is refused', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: good.bytes.length * 8 - 1 }),
      (bit) => open(withFlippedBit(good.bytes, bit)) !== 'accept',
    ),
    { numRuns: 250 },
  )
})

test('what a witness asks of its own measurement: neither backwards nor too long', () => {
  equal(isWindowPossible(WINDOW), true)
  equal(isWindowPossible({ ...WINDOW, roundTripNs: -1 }), false)
  equal(isWindowPossible({ sentEarliest: TAI, receivedLatest: TAI + LONG, roundTripNs: ROUND_TRIP_NS_MAX + 1 }), false)
})

test('the slot of an instant', () => {
  deepEqual([slotOf(0n, 10n), slotOf(9n, 10n), slotOf(10n, 10n), slotOf(-1n, 10n)], [0, 0, 1, -1])
  ok(Number.isSafeInteger(slotOf(TAI_MAX, 100_000_000n)))
})
