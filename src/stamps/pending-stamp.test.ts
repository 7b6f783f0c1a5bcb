/** The receipt's form of a chime: what is written is read back, and nothing else is read. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { IMPRINT_ALGORITHMS, IMPRINT_BYTES, encodePendingStamp, isPendingForm, openPendingStamp } from './index.ts'
import type { PendingStamp } from './index.ts'
import { stampedChain } from './stamp-chain.test-kit.ts'

const { parts, bytes: proof } = stampedChain({ batchSize: 3 })
const pending: PendingStamp = {
  entry: parts.entry,
  salt: new Uint8Array(0),
  clientKey: '',
  receipt: parts.receipt,
  node: 'http://127.0.0.1:7340',
}

const arbitrary = fc
  .record({
    algorithm: fc.constantFrom(...IMPRINT_ALGORITHMS),
    byte: fc.nat(255),
    beacon: fc.constantFrom(null, 'ab'.repeat(32)),
    salt: fc.constantFrom(0, 16, 32).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
    clientKey: fc.string({ unit: 'grapheme-ascii', maxLength: 64 }),
    node: fc.constantFrom('', 'http://127.0.0.1:7340', 'https://[2001:db8::1]/a/b', 'https://a-b.example'),
  })
  .map(({ algorithm, byte, beacon, ...rest }): PendingStamp => {
    const imprint = new Uint8Array(IMPRINT_BYTES[algorithm]).fill(byte)
    return { ...rest, entry: { algorithm, imprint, beacon }, receipt: parts.receipt }
  })

test('what is written is read back, and says what it is', () => {
  fc.assert(
    fc.property(arbitrary, (one) => {
      const written = encodePendingStamp(one)
      deepEqual(openPendingStamp(written), { verdict: 'accept', value: one })
      equal(isPendingForm(written), true)
    }),
    { numRuns: 100 },
  )
})

test('every cut and every other length is refused, and a final proof is none', () => {
  const written = encodePendingStamp(pending)
  for (let length = 0; length < written.length; length += 1)
    equal(openPendingStamp(written.subarray(0, length)).verdict, 'reject', `${length} bytes`)
  equal(openPendingStamp(Uint8Array.of(...written, 0)).verdict, 'reject')
  deepEqual([isPendingForm(proof), openPendingStamp(proof).verdict], [false, 'reject'])
})

test('an imprint, a salt or a beacon of another length is no stamp', () => {
  const { entry } = pending
  const bent: readonly PendingStamp[] = [
    { ...pending, entry: { ...entry, imprint: new Uint8Array(31) } },
    { ...pending, salt: new Uint8Array(15) },
    { ...pending, entry: { ...entry, algorithm: 'sha-512' } },
  ]
  for (const one of bent)
    deepEqual(openPendingStamp(encodePendingStamp(one)), { verdict: 'reject', reason: 'wrong-shape' })
})

test('an address that is too long is left out', () => {
  const opened = openPendingStamp(encodePendingStamp({ ...pending, node: `http://${'a'.repeat(300)}` }))
  equal(opened.verdict === 'accept' ? opened.value.node : 'refused', '')
})

test('so is one that a shell would not take for an address, whoever wrote the file', () => {
  // As long as the true one, so that the bytes stay well-formed.
  const whole = String.fromCharCode(...encodePendingStamp(pending))
  for (const node of [
    'http://a;rm -rf ~/bbb',
    'http://$(id)/aaaaaaaa',
    'file:///etc/passwdaaa',
    'http://a\n b aaaaaaaaa',
  ]) {
    equal(node.length, pending.node.length)
    const bent = Uint8Array.from(whole.replace(pending.node, node), (character) => character.charCodeAt(0))
    const opened = openPendingStamp(bent)
    equal(opened.verdict === 'accept' ? opened.value.node : 'refused', '')
  }
})
