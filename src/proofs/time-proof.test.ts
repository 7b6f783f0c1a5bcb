/** Time proofs: bytes that may not change, every reason for a refusal, and that no bit can be turned unnoticed. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { TAI_MAX, bytesOfHex, hexOf } from '../base/index.ts'
import { SOURCE_KINDS } from '../clock/index.ts'
import { encodeData } from '../codec/index.ts'
import {
  TIME_PROOF_BYTES_MAX,
  TIME_PROOF_REASONS,
  UNCERTAINTY_NS_MAX,
  encodeTimeProofBody,
  openTimeProof,
  proofDigest,
  sealTimeProof,
} from './index.ts'
import type { TimeProof } from './index.ts'
import { NETWORK, TAI, proofOf, said, signerOf, withFlippedBit } from './proofs.test-suite.ts'

const hex = z.string().transform((text) => {
  const bytes = bytesOfHex(text)
  ok(bytes !== undefined)
  return bytes
})
const vectors = z
  .object({
    networkId: hex,
    nodeId: hex,
    chain: z
      .array(
        z.object({
          tai: z.string().transform(BigInt),
          uncertaintyNs: z.number(),
          nonce: hex,
          beacon: hex,
          sources: z.array(z.object({ kind: z.enum(SOURCE_KINDS), count: z.number() })),
          sequence: z.number(),
          previous: hex,
          body: z.string(),
          signature: z.string(),
          bytes: hex,
          cid: z.string(),
        }),
      )
      .length(3),
  })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/proofs-time-proof.json', import.meta.url), 'utf8')))

describe('golden vectors', () => {
  test('one seed signs the same chain of three, byte for byte', async () => {
    const signer = signerOf(1)
    for (const { sequence, previous, body, signature, bytes, cid, ...given } of vectors.chain) {
      const made = await proofOf(signer, { ...given, networkId: vectors.networkId })
      equal(hexOf(encodeTimeProofBody(made.proof)), body)
      equal(hexOf(made.proof.signature), signature)
      deepEqual([made.proof.sequence, made.proof.previous, made.bytes], [sequence, previous, bytes])
      equal(made.cid.toString(), cid)
    }
  })

  test('and they are opened again, each naming the one before', () => {
    let previous: Uint8Array = new Uint8Array(32)
    for (const { bytes, cid, sequence, body } of vectors.chain) {
      const opened = openTimeProof(bytes, vectors.networkId)
      ok(opened.verdict === 'accept')
      deepEqual([opened.value.proof.previous, opened.value.proof.sequence], [previous, sequence])
      deepEqual([opened.value.cid.toString(), hexOf(encodeTimeProofBody(opened.value.proof))], [cid, body])
      previous = proofDigest(opened.value)
    }
  })

  test('the body of the first is the CBOR that stands in the specification, written by hand', () => {
    const bytes = (value: Uint8Array): string => `5820${hexOf(value)}`
    const zeros = new Uint8Array(32)
    const byHand = [
      '89', // array of nine
      bytes(NETWORK),
      bytes(vectors.nodeId),
      '01', // sequence 1
      `1b${TAI.toString(16).padStart(16, '0')}`, // eight bytes of tai
      '1a000f4240', // 1,000,000 ns
      bytes(zeros), // previous
      bytes(zeros), // beacon
      bytes(new Uint8Array(32).fill(0x22)), // nonce
      '8182636e747003', // one source: "ntp", 3
    ].join('')
    equal(vectors.chain[0]?.body, byHand)
  })
})

const first = await proofOf(signerOf(1))
const open = (bytes: Uint8Array): string => said(openTimeProof(bytes, NETWORK))
/** The first proof as data with one field replaced, under its old signature. */
const data = (index: number, value: unknown): Uint8Array => {
  const { proof } = first
  const counts = proof.sources.map(({ kind, count }) => [kind, count])
  const rest = [proof.previous, proof.beacon, proof.nonce, counts, proof.signature]
  const fields: unknown[] = [proof.networkId, proof.nodeId, proof.sequence, proof.tai, proof.uncertaintyNs, ...rest]
  return encodeData(fields.with(index, value))
}
const zeros32 = new Uint8Array(32)
const ENDLESS_TUPLE = Uint8Array.of(0x9f, ...first.bytes.subarray(1), 0xff)

describe('what is refused, and why', () => {
  const table: readonly (readonly [name: string, bytes: Uint8Array, reason: string])[] = [
    ['nothing', new Uint8Array(), 'malformed'],
    ['one byte too many for any proof', new Uint8Array(TIME_PROOF_BYTES_MAX + 1), 'too-large'],
    ['cut off', first.bytes.subarray(0, -1), 'malformed'],
    ['a byte after the end', Uint8Array.of(...first.bytes, 0), 'malformed'],
    ['an array of no stated length', ENDLESS_TUPLE, 'non-canonical'],
    ['a number', encodeData(7), 'wrong-shape'],
    ['an empty tuple', encodeData([]), 'wrong-shape'],
    ['a field too few', encodeData([NETWORK]), 'wrong-shape'],
    ['a network id of 31 bytes', data(0, new Uint8Array(31)), 'wrong-shape'],
    ['sequence 0', data(2, 0), 'wrong-shape'],
    ['a sequence that is a float', data(2, 1.5), 'wrong-shape'],
    ['a sequence above 2^53 − 1', data(2, 2n ** 53n), 'wrong-shape'],
    ['a time before 1970', data(3, -1), 'wrong-shape'],
    ['a time above 2^63 − 1', data(3, TAI_MAX + 1n), 'wrong-shape'],
    ['an uncertainty above ten seconds', data(4, UNCERTAINTY_NS_MAX + 1), 'wrong-shape'],
    ['an unknown kind of source', data(8, [['sundial', 1]]), 'wrong-shape'],
    ['a count of no sources', data(8, [['ntp', 0]]), 'wrong-shape'],
    ['a count of 65', data(8, [['ntp', 65]]), 'wrong-shape'],
    ['a signature of 63 bytes', data(9, new Uint8Array(63)), 'wrong-shape'],
    ['another network', data(0, zeros32), 'wrong-network'],
    ['the neutral point as key', data(1, zeros32.with(0, 1)), 'bad-key'],
    ['a key of order four', data(1, zeros32), 'bad-key'],
    ['a key that is not spelt canonically', data(1, new Uint8Array(32).fill(0xff)), 'bad-key'],
    [
      'sources out of order',
      data(8, [
        ['gps', 1],
        ['ntp', 1],
      ]),
      'bad-sources',
    ],
    [
      'one kind twice',
      data(8, [
        ['ntp', 1],
        ['ntp', 2],
      ]),
      'bad-sources',
    ],
    ['another key', data(1, signerOf(2).nodeId), 'bad-signature'],
    ['another time', data(3, TAI + 1n), 'bad-signature'],
    ['another signature', data(9, new Uint8Array(64)), 'bad-signature'],
  ]
  for (const [name, bytes, reason] of table) test(`${name}: ${reason}`, () => equal(open(bytes), `reject ${reason}`))

  test('an author who may not prove is refused before the signature is looked at', () => {
    const forged = data(9, new Uint8Array(64))
    equal(said(openTimeProof(forged, NETWORK, () => false)), 'reject not-member')
    equal(said(openTimeProof(first.bytes, NETWORK, () => true)), 'accept')
  })

  test('every documented reason is reached', () => {
    const reached = new Set([...table.map(([, , reason]) => reason), 'not-member'])
    deepEqual(
      TIME_PROOF_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

test('whichever bit is turned, the proof is refused', () => {
  equal(open(first.bytes), 'accept')
  fc.assert(
    fc.property(
      fc.nat({ max: first.bytes.length * 8 - 1 }),
      (bit) => open(withFlippedBit(first.bytes, bit)) !== 'accept',
    ),
    { numRuns: 250 },
  )
})

test('arbitrary bytes are refused with a documented reason and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const opened = openTimeProof(bytes, NETWORK)
      return opened.verdict === 'reject' && TIME_PROOF_REASONS.includes(opened.reason)
    }),
    { numRuns: 200 },
  )
})

test('the largest proof that the shape allows fits', () => {
  const full = new Uint8Array(32).fill(0xff)
  const largest: TimeProof = {
    networkId: full,
    nodeId: full,
    sequence: Number.MAX_SAFE_INTEGER,
    tai: TAI_MAX,
    uncertaintyNs: UNCERTAINTY_NS_MAX,
    previous: full,
    beacon: full,
    nonce: full,
    sources: SOURCE_KINDS.map((kind) => ({ kind, count: 64 })),
    signature: new Uint8Array(64).fill(0xff),
  }
  equal(sealTimeProof(largest).bytes.length, 307)
  ok(TIME_PROOF_BYTES_MAX >= 307)
})

test('a clock at or before the last proof signs nothing, and the next later one goes on', async () => {
  const signer = signerOf(9)
  await proofOf(signer)
  await rejects(proofOf(signer), { code: 'TC_SIGNER_BACKWARDS' })
  await rejects(proofOf(signer, { tai: TAI - 1n }), { code: 'TC_SIGNER_BACKWARDS' })
  equal((await proofOf(signer, { tai: TAI + 1n })).proof.sequence, 2)
})
