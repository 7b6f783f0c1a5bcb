/** One thread that verifies signatures by the batch: verification-workers.ts sends them and takes the answers. */
import assert from 'node:assert/strict'
import { parentPort } from 'node:worker_threads'
import { ed25519Verifier } from '../../crypto/index.ts'
import type { SignatureQuestion } from '../sync-signatures.ts'

/** What the thread is sent, and what it answers. */
export interface VerificationBatch {
  readonly number: number
  readonly questions: readonly SignatureQuestion[]
}
export interface VerificationAnswer {
  readonly number: number
  readonly areTrue: boolean
}

const isBatch = (message: unknown): message is VerificationBatch =>
  typeof message === 'object' && message !== null && 'number' in message && 'questions' in message

parentPort?.on('message', (message: unknown) => {
  assert(isBatch(message))
  const areTrue = message.questions.every((question) => ed25519Verifier.verify(question))
  const answer: VerificationAnswer = { number: message.number, areTrue }
  parentPort?.postMessage(answer, [])
})
