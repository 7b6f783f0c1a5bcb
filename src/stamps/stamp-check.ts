/**
 * Checking the stamp of a statement for rooms below this one: what proofs/ has stamped is the SHA3-256 of its bytes. Rules P-61, P-71, P-78 in
 * docs/spec/proofs.md.
 */
import { accept } from '../base/index.ts'
import { bytesOfBlockId } from '../consensus/index.ts'
import type { Verifier } from '../crypto/index.ts'
import type { LinkStampCheck } from '../proofs/index.ts'
import { openStampProof } from './stamp-proof-bytes.ts'
import type { StampTrust } from './stamp-trust.ts'
import { verifyStamp } from './verification.ts'

/** Refuses with the reasons of `openStampProof` and `verifyStamp`. */
export const stampCheckOf =
  (trust: StampTrust, verifier?: Verifier): LinkStampCheck =>
  (imprint, bytes) => {
    const opened = openStampProof(bytes)
    if (opened.verdict !== 'accept') return opened
    const digest = { algorithm: 'sha3-256', digest: imprint } as const
    const verified = verifyStamp(opened.value, { trust, digest, ...(verifier === undefined ? {} : { verifier }) })
    if (verified.verdict !== 'accept') return verified
    const { interval, block, beacon } = verified.value
    const beaconBytes = beacon === undefined ? undefined : bytesOfBlockId(beacon.block)
    return accept({ ...interval, block: bytesOfBlockId(block), beacon: beaconBytes })
  }
