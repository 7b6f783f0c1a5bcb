/** Node ids against libp2p's own library. */
import { describe, test } from 'node:test'
import { deepEqual, equal, throws } from 'node:assert/strict'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { base58btc } from 'multiformats/bases/base58'
import { seededRandom } from '../base/index.ts'
import { nodeIdText, parseNodeId, publicKeyOf } from './index.ts'

const random = seededRandom(1n)
const keys = Array.from({ length: 20 }, () => publicKeyOf(random.bytes(32)))

test('is the peer id that libp2p makes of the same key, and reads back', () => {
  for (const key of keys) {
    const text = nodeIdText(key)
    equal(text, peerIdFromPublicKey(publicKeyFromRaw(key)).toString())
    equal(text.startsWith('12D3Koo'), true)
    deepEqual(parseNodeId(text), { verdict: 'accept', value: key })
    deepEqual(peerIdFromString(text).publicKey?.raw, key)
  }
})

describe('refused', () => {
  const key = publicKeyOf(new Uint8Array(32))
  const text = nodeIdText(key)
  const spelling = (prefix: readonly number[], body: Uint8Array): string =>
    base58btc.baseEncode(Uint8Array.of(...prefix, ...body))
  const malformed: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['cut off', text.slice(0, -1)],
    ['one more digit', `${text}1`],
    ['a leading one more', `1${text}`],
    ['a digit that base58 has not', `${text.slice(0, -1)}0`],
    ['a space around', ` ${text}`],
    ['with the multibase prefix', `z${text}`],
    ['the peer id of an RSA key', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'],
    ['another key type (secp256k1)', spelling([0, 0x24, 8, 2, 0x12, 0x20], key)],
    ['no identity multihash', spelling([0x12, 0x24, 8, 1, 0x12, 0x20], key)],
    ['a short key', spelling([0, 0x23, 8, 1, 0x12, 0x1f], key.subarray(1))],
    ['a megabyte', '1'.repeat(2 ** 20)],
  ]
  for (const [name, input] of malformed) {
    test(name, () => deepEqual(parseNodeId(input), { verdict: 'reject', reason: 'malformed-node-id' }))
  }

  for (const [name, faulty] of [
    ['a key of small order', new Uint8Array(32)],
    ['a key above the field', new Uint8Array(32).fill(0xff)],
    ['a key off the curve', Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 2 : 0))],
  ] as const) {
    test(name, () => deepEqual(parseNodeId(nodeIdText(faulty)), { verdict: 'reject', reason: 'faulty-node-key' }))
  }
})

test('a key of another length is a bug', () => throws(() => nodeIdText(new Uint8Array(31))))
