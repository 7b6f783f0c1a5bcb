/**
 * A signer that forgets: the rules of the ratchet, kept in memory only. For tests, simulations and one-off commands. A process
 * that ends and starts again with the same key could sign a sequence twice, so a node never uses it.
 */
import assert from 'node:assert/strict'
import { sign, signingKeyOf } from '../ed25519.ts'
import { agreementKeyOfSeed, agreeWith } from '../key-agreement.ts'
import type { KeyAgreement } from '../key-agreement.ts'
import { advance, FRESH_HEAD, isRatcheted } from '../ratchet.ts'
import type { Signer, SignerHead } from '../signer.ts'
import { backwards, closedSigner, nextHead, signNote } from './signing.ts'

/** @param options.seed 32 secret bytes. @param options.head where to go on from; fresh if absent. */
export const memorySigner = (options: {
  readonly seed: Uint8Array
  readonly head?: SignerHead
}): Signer & KeyAgreement => {
  const key = signingKeyOf(options.seed)
  const agreementKey = agreementKeyOfSeed(options.seed)
  let head = options.head ?? FRESH_HEAD
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw closedSigner()
  }
  return {
    nodeId: key.publicKey,
    agreementKey: agreementKey.publicKey,
    // Both are async so that a refusal is a rejected promise, as with a signer that must wait for a disk.
    sign: async (domain, body) => {
      assertOpen()
      assert(!isRatcheted(domain), 'sign this with signNext')
      return sign(key, domain, body)
    },
    signNote: async (text) => {
      assertOpen()
      return signNote(key, text)
    },
    agree: async (publicKey) => {
      assertOpen()
      return agreeWith(agreementKey, publicKey)
    },
    signNext: async (request) => {
      assertOpen()
      const next = advance(head, request)
      if (next.verdict !== 'accept') throw backwards(next.reason, head, request)
      const signature = sign(key, request.domain, request.body)
      head = nextHead(next.value, request.seal(signature))
      return signature
    },
    head: () => head,
    [Symbol.asyncDispose]: async () => {
      closed = true
    },
  }
}
