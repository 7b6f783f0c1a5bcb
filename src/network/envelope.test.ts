/** Envelopes: bytes that may not change, every reason for a refusal, and that no bit can be turned unnoticed. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { bytesOfHex, hexOf } from '../base/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { encodeData } from '../codec/index.ts'
import { sign, signingKeyOf } from '../crypto/index.ts'
import {
  ENVELOPE_DOMAIN,
  PAYLOADS_MAX,
  encodeEnvelope,
  encodeEnvelopeBody,
  envelopeOverheadBytes,
  isSignedTruly,
  openEnvelope,
  payloadBytes,
  sealEnvelope,
} from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { NETWORK_ID, NONCE, TOPIC, said, signerOf } from './signed-topics.test-kit.ts'
import { FRAME_BYTES_MAX, TOPIC_LENGTH_MAX } from './topics.ts'

const EXPECTED = { networkId: NETWORK_ID, topic: TOPIC, envelopeBytesMax: 4096, payloadBytesMax: 1000 }
const PAYLOADS = [Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(7)]
const body = { networkId: NETWORK_ID, sequence: 9, nonce: NONCE, topic: TOPIC, payloads: PAYLOADS }
const good = await sealEnvelope(signerOf(1), body)
const opened = (bytes: Uint8Array): Envelope => {
  const admission = openEnvelope(bytes, EXPECTED)
  ok(admission.verdict === 'accept')
  return admission.value
}

test('golden vector', async () => {
  const vector = z
    .object({
      seedByte: z.number(),
      sequence: z.number(),
      payloads: z.array(z.string()),
      body: z.string(),
      bytes: z.string(),
    })
    .parse(JSON.parse(readFileSync(new URL('../../test/vectors/network-envelope.json', import.meta.url), 'utf8')))
  const payloads = vector.payloads.map((text) => bytesOfHex(text) ?? new Uint8Array())
  const made = await sealEnvelope(signerOf(vector.seedByte), { ...body, sequence: vector.sequence, payloads })
  equal(hexOf(made), vector.bytes)
  const { signature, ...rest } = opened(made)
  equal(hexOf(encodeEnvelopeBody(rest)), vector.body)
  equal(signature.length, 64)
})

test('what was sealed opens to itself, and its signature is true', () => {
  const envelope = opened(good)
  deepEqual(envelope, { ...body, sender: signerOf(1).nodeId, signature: envelope.signature })
  ok(isSignedTruly(envelope, good))
  deepEqual(encodeEnvelope(envelope), good)
})

describe('what is refused, and why', () => {
  const fields = (index: number, value: unknown): Uint8Array => {
    const { networkId, sender, sequence, nonce, topic, payloads, signature } = opened(good)
    const all: readonly unknown[] = [networkId, sender, sequence, nonce, topic, payloads, signature]
    return encodeData(all.with(index, value))
  }
  const table: readonly (readonly [name: string, bytes: Uint8Array, said: string])[] = [
    ['the good one', good, 'accept'],
    ['as data', fields(2, 9), 'accept'],
    ['more than the topic carries', new Uint8Array(4097), 'reject too-large'],
    ['nested too deep', Uint8Array.of(...new Uint8Array(60).fill(0x81), 0), 'reject too-large'],
    ['nothing', new Uint8Array(), 'reject malformed'],
    ['cut off', good.subarray(0, -1), 'reject malformed'],
    ['something behind it', Uint8Array.of(...good, 0), 'reject malformed'],
    ['a longer head', Uint8Array.of(0x98, 7, ...good.subarray(1)), 'reject non-canonical'],
    ['no list', encodeData({ topic: TOPIC }), 'reject wrong-shape'],
    ['a short network id', fields(0, new Uint8Array(31)), 'reject wrong-shape'],
    ['a long key', fields(1, new Uint8Array(33)), 'reject wrong-shape'],
    ['sequence zero', fields(2, 0), 'reject wrong-shape'],
    ['a negative sequence', fields(2, -1), 'reject wrong-shape'],
    ['a sequence of 2^53', fields(2, 2n ** 53n), 'reject wrong-shape'],
    ['half a sequence', fields(2, 1.5), 'reject wrong-shape'],
    ['a nonce of nine bytes', fields(3, new Uint8Array(9)), 'reject wrong-shape'],
    ['a topic longer than any', fields(4, 'x'.repeat(TOPIC_LENGTH_MAX + 1)), 'reject wrong-shape'],
    ['a payload that is text', fields(5, ['text']), 'reject wrong-shape'],
    [
      'more payloads than are read',
      fields(
        5,
        Array.from({ length: 1025 }, () => NONCE.subarray(0, 1)),
      ),
      'reject wrong-shape',
    ],
    ['a signature of 63 bytes', fields(6, new Uint8Array(63)), 'reject wrong-shape'],
    ['another network', fields(0, new Uint8Array(32)), 'reject other-network'],
    ['another topic', fields(4, TOPIC.replace('proofs', 'attestations')), 'reject wrong-topic'],
    ['a topic that is a part of it', fields(4, TOPIC.slice(0, -1)), 'reject wrong-topic'],
    ['no payload', fields(5, []), 'reject no-payloads'],
    [
      '65 payloads',
      fields(
        5,
        Array.from({ length: PAYLOADS_MAX + 1 }, () => NONCE),
      ),
      'reject too-many-payloads',
    ],
    [
      '64 payloads',
      fields(
        5,
        Array.from({ length: PAYLOADS_MAX }, () => NONCE),
      ),
      'accept',
    ],
    ['a payload that is too large', fields(5, [NONCE, new Uint8Array(1001)]), 'reject payload-too-large'],
    ['a payload that is just not', fields(5, [new Uint8Array(1000)]), 'accept'],
  ]
  for (const [name, bytes, expected] of table) test(name, () => equal(said(openEnvelope(bytes, EXPECTED)), expected))
})

test('a signature in another domain, of another key, or over the envelope itself is not true', () => {
  const key = signingKeyOf(new Uint8Array(32).fill(1))
  const { signature, ...rest } = opened(good)
  const isTrue = (made: Uint8Array, sender = rest.sender): boolean => {
    const envelope = { ...rest, sender, signature: made }
    return isSignedTruly(envelope, encodeEnvelope(envelope))
  }
  ok(isTrue(sign(key, ENVELOPE_DOMAIN, encodeEnvelopeBody(rest))))
  ok(!isTrue(sign(key, 'truechimer/attestation/1', encodeEnvelopeBody(rest))))
  ok(!isTrue(sign(key, ENVELOPE_DOMAIN, good)))
  ok(!isTrue(signature, signerOf(2).nodeId))
  ok(!isTrue(new Uint8Array(64), new Uint8Array(32)), 'a key of small order')
})

test('the sizes that a bundle is planned with hold', async () => {
  for (const length of [0, 1, 23, 24, 255, 256, 65_535, 65_536]) {
    const payload = new Uint8Array(length)
    equal(payloadBytes(payload), encodeData(payload).length)
  }
  const topic = 'x'.repeat(TOPIC_LENGTH_MAX)
  const payloads = Array.from({ length: PAYLOADS_MAX }, () => NONCE)
  const made = await sealEnvelope(signerOf(1), { ...body, topic, payloads, sequence: Number.MAX_SAFE_INTEGER })
  const planned = envelopeOverheadBytes(topic) + payloads.reduce((sum, payload) => sum + payloadBytes(payload), 0)
  ok(made.length <= planned && made.length > planned - 4, `${made.length} of ${planned}`)
})

describe('properties', () => {
  test('one turned bit is refused, or nobody signed it', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length * 8 - 1 }), (bit) => {
        const turned = good.map((byte, i) => (i === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte))
        const admission = openEnvelope(turned, EXPECTED)
        if (admission.verdict !== 'accept') return
        deepEqual(encodeEnvelope(admission.value), turned)
        ok(!isSignedTruly(admission.value, turned))
      }),
      { numRuns: fuzzRuns(150) },
    )
  })
  test('any bytes are refused or open to what encodes to them', () => {
    const garbled = fc
      .tuple(fc.nat({ max: good.length }), fc.uint8Array({ maxLength: 12 }), fc.nat({ max: 12 }))
      .map(([at, put, drop]) => Uint8Array.of(...good.subarray(0, at), ...put, ...good.subarray(at + drop)))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600, size: 'max' }), garbled), (bytes) => {
        const admission = openEnvelope(bytes, { ...EXPECTED, envelopeBytesMax: FRAME_BYTES_MAX })
        if (admission.verdict === 'accept') deepEqual(encodeEnvelope(admission.value), bytes)
        else ok(admission.verdict === 'reject')
      }),
      { numRuns: fuzzRuns(1000) },
    )
  })
  test('whatever is within the limits opens to itself', async () => {
    const payload = fc.uint8Array({ maxLength: 200, size: 'max' })
    await fc.assert(
      fc.asyncProperty(
        fc.array(payload, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        async (payloads, sequence) => {
          const made = await sealEnvelope(signerOf(3), { ...body, payloads, sequence })
          const envelope = opened(made)
          deepEqual([envelope.sequence, envelope.payloads], [sequence, payloads])
          ok(isSignedTruly(envelope, made))
        },
      ),
      { numRuns: 40 },
    )
  })
})
