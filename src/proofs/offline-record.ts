/**
 * Everything about one drawing as a file and as a message: the statement, its stamp's proof, the offline stamps in their order, and the
 * return with its own. It grows at its end only, so two records of one drawing can be held against each other.
 *
 * Rule P-85 in docs/spec/proofs.md. Whether what is in it holds, `checkOffline` says.
 */
import { accept, equalBytes } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, list, tuple, word } from '../codec/index.ts'
import type { OfflineRecord } from './offline-check.ts'
import type { OfflineReuse } from './offline-reuse.ts'
import { OFFLINE_RETURN_BYTES_MAX, OFFLINE_STAMP_BYTES_MAX } from './offline-stamp.ts'
import { OFFLINE_VECTORS_BYTES_MAX, OFFLINE_VECTORS_MAX } from './offline-vectors.ts'

export const OFFLINE_RECORD_FORM = 'truechimer/offline-record/1'
/** Of a stamp's proof in a record, bytes: one with its bridge (T-12, T-19). */
const PROOF_BYTES_MAX = 1_114_112
export const OFFLINE_RECORD_BYTES_MAX = 2_097_152

interface Written {
  readonly form: typeof OFFLINE_RECORD_FORM
  readonly vectors: Uint8Array
  readonly drawing: Uint8Array
  readonly stamps: readonly Uint8Array[]
  readonly returned: Uint8Array
  readonly proof: Uint8Array
}
const codec = codecOf<Written>(
  tuple<Written>({
    form: word([OFFLINE_RECORD_FORM]),
    vectors: bytes(OFFLINE_VECTORS_BYTES_MAX),
    drawing: bytes(PROOF_BYTES_MAX),
    stamps: list(bytes(OFFLINE_STAMP_BYTES_MAX), OFFLINE_VECTORS_MAX),
    returned: bytes(OFFLINE_RETURN_BYTES_MAX),
    proof: bytes(PROOF_BYTES_MAX),
  }),
  OFFLINE_RECORD_BYTES_MAX,
)
const NO_BYTES = new Uint8Array(0)

/** No return is no bytes, and one without a proof yet has none of those. */
export const encodeRecord = ({ vectors, drawing, stamps, returned }: OfflineRecord): Uint8Array =>
  codec.encode({
    form: OFFLINE_RECORD_FORM,
    vectors,
    drawing,
    stamps,
    returned: returned?.bytes ?? NO_BYTES,
    proof: returned?.proof ?? NO_BYTES,
  })

export const OFFLINE_RECORD_REASONS = [...CODEC_REASONS] as const
export type OfflineRecordReason = (typeof OFFLINE_RECORD_REASONS)[number]

/** A record from bytes of anybody: well-formed, and nothing more. A proof without a return is dropped with it. */
export const openRecord = (data: Uint8Array): Admission<OfflineRecord, OfflineRecordReason> => {
  const decoded = codec.decode(data)
  if (decoded.verdict !== 'accept') return decoded
  const { vectors, drawing, stamps, returned, proof } = decoded.value
  return accept({ vectors, drawing, stamps, returned: returned.length === 0 ? undefined : { bytes: returned, proof } })
}

/** What two records of one drawing contradict each other in, as evidence (`reuseShown` says whether it convicts); undefined where one goes on from the other. */
export const contradiction = (known: OfflineRecord, other: OfflineRecord): OfflineReuse | undefined => {
  const evidence = (first: Uint8Array, second: Uint8Array): OfflineReuse => ({
    form: 'truechimer/offline-reuse/1',
    vectors: known.vectors,
    first,
    second,
  })
  for (const [at, first] of known.stamps.entries()) {
    const second = other.stamps[at]
    if (second !== undefined && !equalBytes(first, second)) return evidence(first, second)
  }
  const [first, second] = [known.returned?.bytes, other.returned?.bytes]
  return first === undefined || second === undefined || equalBytes(first, second) ? undefined : evidence(first, second)
}
