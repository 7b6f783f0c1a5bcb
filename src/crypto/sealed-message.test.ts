/** Encryption to a node's key: outside vectors for each step, then what must not open, and why it is said not to. */
import { describe, test } from 'node:test'
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { z } from 'zod'
import { bytesOfHex, hexOf, seededRandom } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { hpkeOpen, hpkeSeal } from './hpke.ts'
import type { HpkeSealed } from './hpke.ts'
import { agreeWith, agreementKeyOf, agreementKeyOfSeed, agreementPublicKey } from './key-agreement.ts'
import {
  MESSAGE_BODY_BYTES_MAX,
  SEALED_MESSAGE_BYTES_MAX,
  SEALED_MESSAGE_DOMAIN,
  openSealedMessage,
  publicKeyOf,
  readSealedMessage,
  sealMessage,
} from './index.ts'
import type { OpenedMessage, SealedMessage } from './index.ts'
import { memorySigner } from './io/memory-signer.ts'

const bytesOf = (hex: string): Uint8Array => bytesOfHex(hex) ?? new Uint8Array()
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const hex = z.string().transform(bytesOf)
const vectors = z
  .object({
    hpke: z.object({ skEm: hex, skRm: hex, pkRm: hex, info: hex, aad: hex, plaintext: hex, enc: hex, ciphertext: hex }),
    agreement: z.object({ secret: hex, publicKey: hex, otherPublicKey: hex, shared: hex }),
    conversion: z.object({ seed: hex, ed25519: hex, x25519: hex }),
    sealedMessage: z.object({
      networkId: hex,
      senderSeed: hex,
      recipientSeed: hex,
      ephemeral: hex,
      sequence: z.number(),
      kind: z.string(),
      body: hex,
      bytes: hex,
    }),
  })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/crypto-hpke.json', import.meta.url), 'utf8')))

describe('outside vectors', () => {
  test('agreement, RFC 7748 §6.1', () => {
    const { secret, publicKey, otherPublicKey, shared } = vectors.agreement
    const key = agreementKeyOf(secret)
    deepEqual(key.publicKey, publicKey)
    deepEqual(agreeWith(key, otherPublicKey), shared)
  })

  test('a node key as one of X25519, both halves', () => {
    const { seed, ed25519, x25519 } = vectors.conversion
    deepEqual(publicKeyOf(seed), ed25519)
    deepEqual(agreementKeyOfSeed(seed).publicKey, x25519)
    deepEqual(agreementPublicKey(ed25519), x25519)
  })

  const { skEm, skRm, pkRm, info, aad, plaintext, enc, ciphertext } = vectors.hpke
  const recipient = agreementKeyOf(skRm)
  const agreement = { agree: async (publicKey: Uint8Array) => agreeWith(recipient, publicKey) }

  test('HPKE, RFC 9180 A.2.1, there and back', async () => {
    const sealed = hpkeSeal({ recipient: pkRm, ephemeral: agreementKeyOf(skEm), info, aad, plaintext })
    deepEqual(sealed, { enc, ciphertext })
    deepEqual(await hpkeOpen({ recipient: pkRm, agreement, sealed: { enc, ciphertext }, info, aad }), plaintext)
  })

  const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte))
  const ALTERED: readonly (readonly [string, { sealed?: HpkeSealed; info?: Uint8Array; aad?: Uint8Array }])[] = [
    ['another info', { info: flipped(info) }],
    ['another aad', { aad: flipped(aad) }],
    ['another ephemeral key', { sealed: { enc: flipped(enc), ciphertext } }],
    ['another ciphertext', { sealed: { enc, ciphertext: flipped(ciphertext) } }],
    ['less than a tag', { sealed: { enc, ciphertext: ciphertext.slice(0, 15) } }],
    ['an ephemeral key of small order', { sealed: { enc: new Uint8Array(32), ciphertext } }],
    ['an ephemeral key cut short', { sealed: { enc: enc.slice(1), ciphertext } }],
  ]
  for (const [what, altered] of ALTERED)
    test(`${what}: does not open`, async () => {
      const given = { recipient: pkRm, agreement, sealed: { enc, ciphertext }, info, aad, ...altered }
      equal(await hpkeOpen(given), undefined)
    })

  test('nothing is encrypted to a point of small order', () => {
    const ephemeral = agreementKeyOf(skEm)
    equal(hpkeSeal({ recipient: new Uint8Array(32), ephemeral, info, aad, plaintext }), undefined)
  })
})

test('both halves of any key map to one another', () =>
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) =>
      deepEqual(agreementPublicKey(publicKeyOf(seed)), agreementKeyOfSeed(seed).publicKey),
    ),
    { numRuns: 20 },
  ))

test('keys that nobody can own map to nothing', () => {
  equal(agreementPublicKey(new Uint8Array(32)), undefined)
  equal(agreementPublicKey(Uint8Array.of(1, ...new Uint8Array(31))), undefined)
  equal(agreementPublicKey(new Uint8Array(32).fill(0xff)), undefined)
  equal(agreementPublicKey(new Uint8Array(31)), undefined)
})

const NETWORK = new Uint8Array(32).fill(9)
const keyOf = (byte: number): ReturnType<typeof memorySigner> => memorySigner({ seed: new Uint8Array(32).fill(byte) })
const [alice, bob, carol] = [keyOf(1), keyOf(2), keyOf(3)]
const random = seededRandom(4n)
const seal = async (changes: Partial<Parameters<typeof sealMessage>[0]> = {}): Promise<Uint8Array> => {
  const given = { signer: alice, random, networkId: NETWORK, recipient: bob.nodeId, sequence: 7, kind: 'note' }
  const sealed = await sealMessage({ ...given, body: ascii('between us'), ...changes })
  ok(sealed !== undefined)
  return sealed
}
const read = (bytes: Uint8Array): SealedMessage => {
  const opened = readSealedMessage(bytes, NETWORK)
  ok(opened.verdict === 'accept')
  return opened.value
}
const said = (admission: { readonly verdict: string; readonly reason?: string }): string =>
  admission.reason === undefined ? admission.verdict : `${admission.verdict} ${admission.reason}`

test('who it is for reads who said what; nobody sees it on the way', async () => {
  const bytes = await seal()
  ok(!Buffer.from(bytes).includes('between us') && !Buffer.from(bytes).includes('note'))
  const opened = await openSealedMessage(read(bytes), bob)
  const expected: OpenedMessage = { sender: alice.nodeId, sequence: 7, kind: 'note', body: ascii('between us') }
  deepEqual(opened, { verdict: 'accept', value: expected })
})

test('golden: an independent implementation seals to the same bytes', async () => {
  const { senderSeed, recipientSeed, ephemeral, bytes, networkId, sequence, kind, body } = vectors.sealedMessage
  const recipient = memorySigner({ seed: recipientSeed })
  const signer = memorySigner({ seed: senderSeed })
  const given = { signer, networkId, recipient: recipient.nodeId, sequence, kind, body }
  deepEqual(await seal({ ...given, random: { bytes: () => ephemeral } }), bytes)
  const message = readSealedMessage(bytes, networkId)
  ok(message.verdict === 'accept')
  const expected: OpenedMessage = { sender: signer.nodeId, sequence, kind, body }
  deepEqual(await openSealedMessage(message.value, recipient), { verdict: 'accept', value: expected })
})

test('the largest body fits, and no larger one is sealed', async () => {
  const body = new Uint8Array(MESSAGE_BODY_BYTES_MAX).fill(7)
  const longest = { kind: 'k'.repeat(32), sequence: Number.MAX_SAFE_INTEGER, body }
  const bytes = await seal(longest)
  ok(bytes.length <= SEALED_MESSAGE_BYTES_MAX && bytes.length > SEALED_MESSAGE_BYTES_MAX - 64, `${bytes.length}`)
  const opened = await openSealedMessage(read(bytes), bob)
  ok(opened.verdict === 'accept' && opened.value.body.length === body.length)
  await rejects(seal({ body: new Uint8Array(MESSAGE_BODY_BYTES_MAX + 1) }), { code: 'ERR_ASSERTION' })
  await rejects(seal({ kind: 'No kind' }), { code: 'ERR_ASSERTION' })
})

test('any altered byte is noticed', async () => {
  const bytes = await seal()
  for (let at = 0; at < bytes.length; at += 1) {
    const altered = readSealedMessage(
      bytes.map((byte, i) => (i === at ? byte ^ 0x41 : byte)),
      NETWORK,
    )
    if (altered.verdict === 'accept') ok((await openSealedMessage(altered.value, bob)).verdict !== 'accept', `${at}`)
  }
})

describe('what is refused', () => {
  test('another network, other shapes, other spellings, too much', async () => {
    const bytes = await seal()
    equal(said(readSealedMessage(bytes, new Uint8Array(32))), 'reject other-network')
    equal(said(readSealedMessage(bytes.slice(1), NETWORK)), 'reject malformed')
    equal(said(readSealedMessage(encodeData([1]), NETWORK)), 'reject wrong-shape')
    equal(said(readSealedMessage(new Uint8Array(SEALED_MESSAGE_BYTES_MAX + 1), NETWORK)), 'reject too-large')
  })

  test('by whom it is not for: wrong-recipient, and not-sealed where its ends are written anew', async () => {
    const message = read(await seal())
    equal(said(await openSealedMessage(message, carol)), 'ignore wrong-recipient')
    equal(said(await openSealedMessage({ ...message, recipient: carol.nodeId }, carol)), 'ignore not-sealed')
    equal(said(await openSealedMessage({ ...message, sender: carol.nodeId }, bob)), 'ignore not-sealed')
  })

  /** As a dishonest recipient would pass a message on: what stood inside, well encrypted to somebody else. */
  const resealed = async (sender: Uint8Array, recipient: typeof carol): Promise<SealedMessage> => {
    const said = { sequence: 7, kind: 'note', body: ascii('between us') }
    const whole = encodeData([NETWORK, alice.nodeId, bob.nodeId, said.sequence, said.kind, said.body])
    const signature = await alice.sign(SEALED_MESSAGE_DOMAIN, whole)
    const sealed = hpkeSeal({
      recipient: recipient.agreementKey,
      ephemeral: agreementKeyOf(random.bytes(32)),
      info: encodeData([SEALED_MESSAGE_DOMAIN, NETWORK, sender, recipient.nodeId]),
      aad: new Uint8Array(),
      plaintext: encodeData([said.sequence, said.kind, said.body, signature]),
    })
    ok(sealed !== undefined)
    return { networkId: NETWORK, sender, recipient: recipient.nodeId, ...sealed }
  }

  test('passed on as if it had been meant for another, or said by another', async () => {
    equal(said(await openSealedMessage(await resealed(alice.nodeId, carol), carol)), 'ignore forged')
    equal(said(await openSealedMessage(await resealed(carol.nodeId, bob), bob)), 'ignore forged')
    equal(said(await openSealedMessage(await resealed(alice.nodeId, bob), bob)), 'accept')
  })

  test('nothing is sealed for a key of nobody', async () => {
    const given = { signer: alice, random, networkId: NETWORK, recipient: new Uint8Array(32), sequence: 1 }
    equal(await sealMessage({ ...given, kind: 'note', body: new Uint8Array() }), undefined)
  })
})

test('two of the same message have nothing in common but their ends', async () => {
  const [one, two] = [read(await seal()), read(await seal())]
  ok(hexOf(one.enc) !== hexOf(two.enc) && hexOf(one.ciphertext) !== hexOf(two.ciphertext))
})
