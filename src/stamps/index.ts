/** Stamps: showing that something existed, from when to when, to somebody who trusts nobody. */
export * from './entry.ts'
export * from './stamp-batch.ts'
export * from './receipt.ts'
export * from './pending-stamp.ts'
export * from './port.ts'
export type * from './stamping-port.ts'
export * from './stamping-batches.ts'
export * from './stamping-draft.ts'
export { BatchOutline, BatchTree } from './stamping-tree.ts'
export * from './stamp-proof.ts'
export * from './voted-headers.ts'
export * from './stamp-proof-bytes.ts'
export * from './stamp-proof-making.ts'
export {
  CHECKPOINT_BYTES_MAX,
  CHECKPOINT_FORM,
  CHECKPOINT_REASONS,
  TRUST_DAYS_DEFAULT,
  keyNamed,
  readCheckpoint,
  stampTrustOfGenesis,
  writeCheckpoint,
} from './stamp-trust.ts'
export type { CheckpointFile, CheckpointReason, StampTrust } from './stamp-trust.ts'
export { STAMP_LINKS, STAMP_REASONS } from './stamp-words.ts'
export type { Attested, RefusedStamp, StampAdmission, StampLink, StampReason, VerifiedStamp } from './stamp-words.ts'
export * from './verification.ts'
export { stampCheckOf } from './stamp-check.ts'
export * from './verified-lines.ts'
export { readCertificate, readCertificates } from './rfc3161-certificate.ts'
export type { Certificate } from './rfc3161-certificate.ts'
export { HASH_NAMES, IMPRINT_IDS } from './rfc3161-oids.ts'
export { findPath } from './rfc3161-path.ts'
export type { TokenCrypto } from './rfc3161-path.ts'
export * from './rfc3161-request.ts'
export * from './rfc3161-response.ts'
export { readResponse } from './rfc3161-signed-data.ts'
export { tokenTimeOf } from './rfc3161-tst-info.ts'
export type { MessageImprint, TokenTime, TstInfo } from './rfc3161-tst-info.ts'
export * from './rfc3161-verification.ts'
export * from './tlog-door.ts'
export * from './broken-promise.ts'
export * from './broken-promise-bytes.ts'
