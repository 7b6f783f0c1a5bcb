/** The browser's Ed25519 and hashes say what Node's say, on the vectors that implementations differ on. */
import { deepEqual, equal, throws } from 'node:assert/strict'
import { createPublicKey as nodeKey, hash as nodeHash, verify as nodeVerify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { keySpellingFault } from '../../../src/crypto/index.ts'
import assert from './node-assert.ts'
import { createPublicKey, hash, verify } from './node-crypto.ts'

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n

interface Case {
  readonly publicKey: string
  readonly message: string
  readonly signature: string
}
const vectors = (name: string): { readonly cases?: readonly Case[]; readonly groups?: readonly Group[] } =>
  JSON.parse(readFileSync(`test/vectors/crypto-ed25519-${name}.json`, 'utf8'))
interface Group {
  readonly publicKey: string
  readonly tests: readonly Omit<Case, 'publicKey'>[]
}
const all: readonly Case[] = [
  ...(vectors('rfc8032').cases ?? []),
  ...(vectors('speccheck').cases ?? []),
  ...(vectors('wycheproof').groups ?? []).flatMap(({ publicKey, tests }) =>
    tests.map((one) => ({ ...one, publicKey })),
  ),
]
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
/** What src/crypto/ed25519.ts lets through to the curve: 64 bytes, S below the order, key and R well spelt and of no small order. */
const reachesCurve = ({ publicKey, signature }: Case): boolean =>
  signature.length === 128 &&
  [publicKey, signature.slice(0, 64)].every((point) => keySpellingFault(bytesOf(point)) === undefined) &&
  BigInt(`0x${Buffer.from(signature.slice(64), 'hex').reverse().toString('hex')}`) < ORDER

describe('Ed25519', () => {
  const cases = all.filter(reachesCurve)
  test('the same answers as Node', () => {
    const answers = cases.map(({ publicKey, message, signature }) => {
      const der = Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, 'hex')])
      const [said, sig] = [Buffer.from(message, 'hex'), Buffer.from(signature, 'hex')]
      const here = verify(null, said, createPublicKey({ key: der }), sig)
      return { here, there: nodeVerify(null, said, nodeKey({ key: der, format: 'der', type: 'spki' }), sig) }
    })
    equal(answers.length > 100 && answers.some(({ here }) => here) && answers.some(({ here }) => !here), true)
    deepEqual(
      answers.map(({ here }) => here),
      answers.map(({ there }) => there),
    )
  })
})

test('hashes, as bytes and as text', () => {
  for (const length of [0, 1, 135, 136, 137, 1000]) {
    const bytes = new Uint8Array(length).fill(length % 256)
    for (const algorithm of ['sha3-256', 'sha512'] as const) {
      equal(hash(algorithm, bytes, 'binary'), nodeHash(algorithm, bytes, 'binary'))
      deepEqual(hash(algorithm, bytes, 'buffer'), new Uint8Array(nodeHash(algorithm, bytes, 'buffer')))
    }
  }
})

test('assertions', () => {
  assert(true)
  assert.equal(1, 1)
  for (const broken of [() => assert(0), () => assert.equal(1, 2), () => assert.fail('oh')])
    throws(broken, { name: 'AssertionError' })
})
