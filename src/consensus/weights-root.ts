/**
 * The root of a validator set: the 32 bytes by which a header names who votes at its height. Rule B-24 in docs/spec/consensus.md.
 */
import { encodeData } from '../codec/index.ts'
import { domainDigest } from '../crypto/index.ts'
import type { ValidatorSet } from './validators.ts'

export const WEIGHTS_DOMAIN = 'truechimer/weights/1'

const roots = new WeakMap<ValidatorSet, Uint8Array>()

/** Digest of `[[key, weight], …]` in the set's order, 32 bytes; kept with the set. */
export const weightsRoot = (validators: ValidatorSet): Uint8Array => {
  const known = roots.get(validators)
  if (known !== undefined) return known
  const root = domainDigest(WEIGHTS_DOMAIN, encodeData(validators.list.map(({ key, weight }) => [key, weight])))
  roots.set(validators, root)
  return root
}
