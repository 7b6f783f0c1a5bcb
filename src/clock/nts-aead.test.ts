import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fuzzRuns } from './fuzz.test-kit.ts'
import { openSiv, sealSiv } from './nts-aead.ts'
import { hex } from './nts.test-kit.ts'

/** RFC 5297 appendix A: deterministic, and nonce-based with the nonce as the last part. */
const VECTORS = [
  {
    name: 'A.1',
    key: 'fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
    associated: ['101112131415161718191a1b1c1d1e1f2021222324252627'],
    plain: '112233445566778899aabbccddee',
    sealed: '85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c',
  },
  {
    name: 'A.2',
    key: '7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f',
    associated: [
      '00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100',
      '102030405060708090a0',
      '09f911029d74e35bd84156c5635688c0',
    ],
    plain: '7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553',
    sealed:
      '7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d',
  },
] as const

for (const { name, key, associated, plain, sealed } of VECTORS) {
  const context = { key: hex(key), associated: associated.map(hex) }
  test(`RFC 5297 ${name}: seals to its bytes and opens again`, () => {
    deepEqual(sealSiv(context, hex(plain)), hex(sealed))
    deepEqual(openSiv(context, hex(sealed)), hex(plain))
  })
  test(`RFC 5297 ${name}: any bit turned anywhere does not open`, () => {
    const bytes = hex(sealed)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const turned = Uint8Array.from(bytes)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      equal(openSiv(context, turned), undefined)
    }
  })
  test(`RFC 5297 ${name}: another key or other parts do not open`, () => {
    equal(openSiv({ ...context, key: new Uint8Array(32) }, hex(sealed)), undefined)
    equal(openSiv({ ...context, associated: [] }, hex(sealed)), undefined)
    equal(openSiv({ ...context, associated: [...context.associated, new Uint8Array(0)] }, hex(sealed)), undefined)
  })
}

test('bytes at any alignment, and none at all', () => {
  const [{ key, associated, plain, sealed }] = VECTORS
  for (const shift of [1, 2, 3]) {
    const moved = (bytes: Uint8Array): Uint8Array => {
      const room = new Uint8Array(bytes.length + shift)
      room.set(bytes, shift)
      return room.subarray(shift)
    }
    const context = { key: moved(hex(key)), associated: associated.map((part) => moved(hex(part))) }
    deepEqual(sealSiv(context, moved(hex(plain))), hex(sealed))
    deepEqual(openSiv(context, moved(hex(sealed))), hex(plain))
  }
  const context = { key: hex(key), associated: [] }
  deepEqual(openSiv(context, sealSiv(context, new Uint8Array(0))), new Uint8Array(0))
})

test('any bytes: opens nothing, throws nothing', () => {
  const context = { key: hex(VECTORS[0].key), associated: [hex('00')] }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80, size: 'max' }), (bytes) => equal(openSiv(context, bytes), undefined)),
    { numRuns: fuzzRuns(200) },
  )
})
