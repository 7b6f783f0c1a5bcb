/** Threads that verify signatures: the same answers as here, however many are asked, and an end that is told. */
import { equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { ed25519Verifier, sign, signingKeyOf } from '../../crypto/index.ts'
import { setSignaturesAside } from '../index.ts'
import type { SignatureQuestion } from '../index.ts'
import { openVerificationWorkers } from './verification-workers.ts'

const key = signingKeyOf(new Uint8Array(32).fill(7))
const DOMAIN = 'truechimer/test/1'
const questionOf = (number: number): SignatureQuestion => {
  const body = Uint8Array.of(number)
  return { publicKey: key.publicKey, domain: DOMAIN, body, signature: sign(key, DOMAIN, body) }
}
const questions = Array.from({ length: 23 }, (_, i) => questionOf(i))
const withFalse = (at: number): readonly SignatureQuestion[] =>
  questions.map((question, i) => (i === at ? { ...question, body: Uint8Array.of(255) } : question))

test('all true, one false anywhere, none at all, and several callers at once', async () => {
  await using workers = openVerificationWorkers(2)
  equal(await workers.areTrue([]), true)
  equal(await workers.areTrue(questions.slice(0, 1)), true)
  const asked = [questions, withFalse(0), withFalse(11), withFalse(12), withFalse(22), questions]
  const answers = await Promise.all(asked.map((many) => workers.areTrue(many)))
  for (const [i, answer] of answers.entries()) equal(answer, i === 0 || i === 5)
})

test('what the threads say of questions set aside is what the check itself would have said', async () => {
  await using workers = openVerificationWorkers(1)
  for (const many of [questions, withFalse(3)]) {
    const check = (verifier: typeof ed25519Verifier): boolean => many.every((question) => verifier.verify(question))
    const { outcome, questions: aside } = setSignaturesAside(check)
    equal(outcome && (await workers.areTrue(aside)), check(ed25519Verifier))
  }
})

test('threads that have ended say so, to who waits and to who asks then', async () => {
  const workers = openVerificationWorkers(1)
  const waiting = rejects(workers.areTrue(questions), { code: 'TC_CONSENSUS_WORKERS' })
  await workers[Symbol.asyncDispose]()
  await waiting
  await rejects(workers.areTrue(questions), { code: 'TC_CONSENSUS_WORKERS' })
})
