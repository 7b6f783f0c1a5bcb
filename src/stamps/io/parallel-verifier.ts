/**
 * Verifying with the signatures checked side by side in libuv's threads: a proof of a hundred validators has 69 of them, and one after the
 * other they would hold up the event loop. The rules stay in verification.ts, which is asked twice: once for the signatures that it will
 * want, and once with their answers.
 */
import { verify as verifyRaw } from 'node:crypto'
import { curveQuestion, domainDigest, ed25519Verifier } from '../../crypto/index.ts'
import type { StampProof } from '../stamp-proof.ts'
import type { StampAdmission, VerifiedStamp } from '../stamp-words.ts'
import { prefetchedVerifier, signaturesOf, verifyStamp } from '../verification.ts'
import type { SignatureClaim, StampVerifying } from '../verification.ts'

const isTrue = (claim: SignatureClaim): Promise<boolean> => {
  const { publicKey, domain, body, signature } = claim
  const asked = curveQuestion({ publicKey, message: domainDigest(domain, body), signature })
  if (asked === undefined) return Promise.resolve(false)
  return new Promise((resolve, refuse) => {
    verifyRaw(null, asked.message, asked.key, asked.signature, (error, answer) => {
      if (error === null) resolve(answer)
      else refuse(error)
    })
  })
}

/** As `verifyStamp` with the strict Ed25519. */
export const verifyStampInParallel = async (
  proof: StampProof,
  options: Omit<StampVerifying, 'verifier'>,
): Promise<StampAdmission<VerifiedStamp>> => {
  const claims = signaturesOf(proof, options)
  const answers = await Promise.all(claims.map(isTrue))
  const checked = claims.map((claim, i) => ({ claim, isTrue: answers[i] === true }))
  return verifyStamp(proof, { ...options, verifier: prefetchedVerifier(checked, ed25519Verifier) })
}
