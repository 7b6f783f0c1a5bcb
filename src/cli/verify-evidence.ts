/** Evidence that a node broke its promise, as `truechimer verify NAME.broken` checks it: offline, with the same trust as proofs. */
import { BROKEN_PROMISE_BYTES_MAX, openBrokenPromise, verifyBrokenPromise } from '../stamps/index.ts'
import { readBytes } from './chime-file.ts'
import type { TrustFound } from './stamp-trust-files.ts'
import type { Verdict } from './verify-lines.ts'

export const verifyEvidence = async (
  path: string,
  trustFor: (networkId: Uint8Array, proof: string) => Promise<TrustFound>,
): Promise<Verdict> => {
  const place = { file: path, proof: path }
  const opened = openBrokenPromise(await readBytes(path, BROKEN_PROMISE_BYTES_MAX))
  if (opened.verdict !== 'accept') return { type: 'malformed', ...place, reason: opened.reason }
  const { trust, from: trustFrom } = await trustFor(opened.value.receipt.networkId, path)
  const checked = verifyBrokenPromise(opened.value, { trust })
  if (checked.verdict === 'accept') return { type: 'broken', ...place, shown: checked.value, trustFrom }
  return { type: 'groundless', ...place, reason: checked.reason, trustFrom }
}
