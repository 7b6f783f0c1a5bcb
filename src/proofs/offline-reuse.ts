/**
 * Evidence that a one-time vector was used twice, or that a drawing was returned with different stamps: two things that one node signed for one
 * place, and that differ. Portable: checked with the drawing's statement and nothing else.
 *
 * Source: DESIGN §5.2. Rule P-84 in docs/spec/proofs.md.
 */
import { equalBytes } from '../base/index.ts'
import { bytes, codecOf, tuple, word } from '../codec/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { OFFLINE_STAMP_BYTES_MAX, openOfflineStamp, openReturn } from './offline-stamp.ts'
import type { OfflineReturnBody } from './offline-stamp.ts'
import { OFFLINE_VECTORS_BYTES_MAX, openVectors } from './offline-vectors.ts'

export interface OfflineReuse {
  readonly form: 'truechimer/offline-reuse/1'
  /** The drawing's statement. */
  readonly vectors: Uint8Array
  readonly first: Uint8Array
  readonly second: Uint8Array
}

export const OFFLINE_REUSE_BYTES_MAX = 1152

const codec = codecOf<OfflineReuse>(
  tuple<OfflineReuse>({
    form: word(['truechimer/offline-reuse/1']),
    vectors: bytes(OFFLINE_VECTORS_BYTES_MAX),
    first: bytes(OFFLINE_STAMP_BYTES_MAX),
    second: bytes(OFFLINE_STAMP_BYTES_MAX),
  }),
  OFFLINE_REUSE_BYTES_MAX,
)

export const encodeReuse = (reuse: OfflineReuse): Uint8Array => codec.encode(reuse)

/** What evidence shows: who (the node's key), and which vector; null for a return. Undefined where it shows nothing. */
export const openReuse = (
  data: Uint8Array,
  verifier: Verifier = ed25519Verifier,
): { readonly node: Uint8Array; readonly index: number | null } | undefined => {
  const decoded = codec.decode(data)
  return decoded.verdict === 'accept' ? reuseShown(decoded.value, verifier) : undefined
}

/** As `openReuse`, of parts. Each of the two may be an offline stamp or a return; they must be of one kind and one place. */
export const reuseShown = (
  { vectors, first, second }: Omit<OfflineReuse, 'form'>,
  verifier: Verifier = ed25519Verifier,
): { readonly node: Uint8Array; readonly index: number | null } | undefined => {
  const drawing = openVectors(vectors, verifier)
  if (drawing.verdict !== 'accept' || equalBytes(first, second)) return undefined
  const { node } = drawing.value.vectors
  const isOfDrawing = (id: Uint8Array): boolean => equalBytes(id, drawing.value.id)
  const stamps = [first, second].map((data) => openOfflineStamp(data, node, verifier))
  const [a, b] = stamps.map((opened) => (opened.verdict === 'accept' ? opened.value.stamp : undefined))
  if (a !== undefined && b !== undefined)
    return a.index === b.index && isOfDrawing(a.vectors) && isOfDrawing(b.vectors)
      ? { node, index: a.index }
      : undefined
  const returns = [first, second].map((data) => openReturn(data, node, verifier))
  const [c, d] = returns.map((opened) => (opened.verdict === 'accept' ? opened.value.returned : undefined))
  if (c === undefined || d === undefined || !isOfDrawing(c.vectors) || !isOfDrawing(d.vectors)) return undefined
  return isSameJourney(c, d) ? undefined : { node, index: null }
}

/** Do two returns end the same journey? Then one is only the later: whoever was not heard says it again, with what his clock reads then. */
export const isSameJourney = (
  a: Pick<OfflineReturnBody, 'count' | 'last'>,
  b: Pick<OfflineReturnBody, 'count' | 'last'>,
): boolean => a.count === b.count && equalBytes(a.last, b.last)
