/**
 * `npm run bench -- proofs`: proofs verified a second on one core, from bytes to a checked and addressed proof, beside bare
 * Ed25519 verification of as many digests in the same run, in turn, so that a noisy machine slows both.
 */
import { createPublicKey, verify as verifyRaw } from 'node:crypto'
import { seededRandom } from '../src/base/index.ts'
import { domainDigest } from '../src/crypto/index.ts'
import { memorySigner } from '../src/crypto/io/memory-signer.ts'
import { TIME_PROOF_DOMAIN, encodeTimeProofBody, openTimeProof, signTimeProof } from '../src/proofs/index.ts'
import type { SealedProof } from '../src/proofs/index.ts'
import { median, rateOf, spread } from './figures.ts'

const AUTHORS = 16
const PROOFS_EACH = 64
const ROUNDS = 7
const ROUND_MS = 1000

const makeProofs = async (networkId: Uint8Array): Promise<SealedProof[]> => {
  const random = seededRandom(7n)
  const proofs: SealedProof[] = []
  for (let author = 0; author < AUTHORS; author += 1) {
    const signer = memorySigner({ seed: random.bytes(32) })
    for (let i = 0; i < PROOFS_EACH; i += 1)
      proofs.push(
        await signTimeProof(signer, {
          networkId,
          tai: 1_800_000_000_000_000_000n + BigInt(i) * 1_000_000_000n,
          uncertaintyNs: 1_200_000,
          beacon: random.bytes(32),
          nonce: random.bytes(32),
          sources: [{ kind: 'ntp', count: 3 }],
        }),
      )
  }
  return proofs
}

/** The least that any verifier must do: a key object made once, a digest at hand, one verification. */
const makeRaw = (proofs: readonly SealedProof[]): (() => void)[] => {
  const prefix = Buffer.from('302a300506032b6570032100', 'hex')
  const keys = new Map(
    proofs.map(({ proof }) => [
      proof.nodeId,
      createPublicKey({ key: Buffer.concat([prefix, proof.nodeId]), format: 'der', type: 'spki' }),
    ]),
  )
  return proofs.map(({ proof }) => {
    const { signature, ...body } = proof
    const digest = domainDigest(TIME_PROOF_DOMAIN, encodeTimeProofBody(body))
    const key = keys.get(proof.nodeId)
    if (key === undefined) throw new TypeError('a proof without a key')
    return () => {
      if (!verifyRaw(null, digest, key, signature)) throw new TypeError('a true signature was refused')
    }
  })
}

export const run = async (): Promise<void> => {
  const networkId = seededRandom(1n).bytes(32)
  const proofs = await makeProofs(networkId)
  const raw = makeRaw(proofs)
  const verifyAll = (): void => {
    for (const { bytes } of proofs)
      if (openTimeProof(bytes, networkId).verdict !== 'accept') throw new TypeError('a true proof was refused')
  }
  const verifyAllRaw = (): void => {
    for (const check of raw) check()
  }
  verifyAll()
  verifyAllRaw()
  const rounds = Array.from({ length: ROUNDS }, () => ({
    proofs: rateOf(verifyAll, proofs.length, ROUND_MS),
    raw: rateOf(verifyAllRaw, proofs.length, ROUND_MS),
  }))
  const ratios = rounds.map((round) => round.proofs / round.raw)
  process.stdout.write(
    [
      `verified proofs/s     ${spread(rounds.map((round) => round.proofs))}`,
      `raw crypto.verify/s   ${spread(rounds.map((round) => round.raw))}`,
      `ratio                 ${spread(ratios, 3)}  (wanted: at least 0.7)`,
      `proof                 ${median(proofs.map(({ bytes }) => bytes.length))} bytes`,
      '',
    ].join('\n'),
  )
}
