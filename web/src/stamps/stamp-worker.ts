/**
 * The page's worker: hashes files and checks proofs, so that neither holds up what a person does. It carries the verifier
 * (`truechimer/stamps`) and asks no network for anything; once it stands, it works without one.
 */
import '../shims/buffer.ts'
import { checkProof, openBytes, readCheckpointFile, readReceipt } from './checking.ts'
import { hashFile } from './file-hash.ts'
import type { Answered, Asked, Done } from './worker-words.ts'

/** Between two words on how far a hash has come, ms. */
const PROGRESS_MS = 80
/** Calls whose files are being hashed, and that were not called off. */
const hashing = new Set<number>()

const answer = (words: Answered): void => postMessage(words)

const hash = async ({ call, file, algorithm }: Extract<Asked, { name: 'hash' }>): Promise<Uint8Array> => {
  let saidMs = 0
  hashing.add(call)
  try {
    return await hashFile(file, {
      algorithm,
      isCancelled: () => !hashing.has(call),
      onProgress: (bytes) => {
        const nowMs = performance.now()
        if (nowMs - saidMs < PROGRESS_MS) return
        saidMs = nowMs
        answer({ call, type: 'progress', bytes })
      },
    })
  } finally {
    hashing.delete(call)
  }
}

type Work = Exclude<Asked, { name: 'cancel' }>

const perform = async (asked: Work): Promise<Done> => {
  if (asked.name === 'hash') return { name: 'hash', value: await hash(asked) }
  if (asked.name === 'open') return { name: 'open', value: openBytes(asked.bytes) }
  if (asked.name === 'check') return { name: 'check', value: checkProof(asked) }
  if (asked.name === 'checkpoint') return { name: 'checkpoint', value: readCheckpointFile(asked.json) }
  return { name: 'receipt', value: readReceipt(asked) }
}

const serve = async (asked: Work): Promise<void> => {
  const { call } = asked
  try {
    answer({ call, type: 'done', done: await perform(asked) })
  } catch (error) {
    const [name, message] = error instanceof Error ? [error.name, error.message] : ['Error', String(error)]
    answer({ call, type: 'failed', name, message })
  }
}

addEventListener('message', ({ data }: MessageEvent<Asked>) => {
  if (data.name === 'cancel') hashing.delete(data.call)
  else void serve(data)
})
