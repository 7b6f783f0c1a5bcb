/**
 * The file of an attribution chain: its links in their order, each with the proof of its stamp, as bytes of anybody. Only the last may be without a
 * proof: its stamp is not final yet.
 *
 * Rule P-57 in docs/spec/proofs.md. Not promised: that a chain is whole at its end. Whoever holds it may leave off the newest links, or go
 * on from an older one; two chains that begin alike show that somebody did.
 */
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, list, tuple, word } from '../codec/index.ts'
import { ATTRIBUTION_LINK_BYTES_MAX } from './attribution-link.ts'

const ATTRIBUTION_CHAIN_FORM = 'truechimer/attribution-chain/1'
/** Links of one chain at most. */
export const ATTRIBUTION_LINKS_MAX = 256
/** The largest file, bytes. */
export const ATTRIBUTION_CHAIN_BYTES_MAX = 4 * 1024 * 1024
/** The largest proof of a stamp in it, bytes: one with a bridge over many changes of the validators. */
export const ATTRIBUTION_PROOF_BYTES_MAX = 1024 * 1024

/** A link and the proof that it was stamped; the proof is empty while its stamp is not final. */
export interface StampedLink {
  readonly link: Uint8Array
  readonly proof: Uint8Array
}

/** From the origin on. */
export type AttributionChain = readonly StampedLink[]

interface Wire {
  readonly form: typeof ATTRIBUTION_CHAIN_FORM
  readonly links: readonly StampedLink[]
}
const codec = codecOf<Wire>(
  tuple<Wire>({
    form: word([ATTRIBUTION_CHAIN_FORM]),
    links: list(
      tuple<StampedLink>({ link: bytes(ATTRIBUTION_LINK_BYTES_MAX), proof: bytes(ATTRIBUTION_PROOF_BYTES_MAX) }),
      ATTRIBUTION_LINKS_MAX,
    ),
  }),
  ATTRIBUTION_CHAIN_BYTES_MAX,
)

export const ATTRIBUTION_CHAIN_REASONS = [...CODEC_REASONS] as const
export type AttributionChainReason = (typeof ATTRIBUTION_CHAIN_REASONS)[number]

/** The file's bytes, or `too-large` where there are more links or bytes than one may have. */
export const encodeAttributionChain = (chain: AttributionChain): Admission<Uint8Array, 'too-large'> => {
  if (chain.length > ATTRIBUTION_LINKS_MAX) return reject('too-large')
  const data = codec.encode({ form: ATTRIBUTION_CHAIN_FORM, links: chain })
  return data.length > ATTRIBUTION_CHAIN_BYTES_MAX ? reject('too-large') : accept(data)
}

/** A chain from bytes of anybody, well-formed and nothing more. Never throws. */
export const openAttributionChain = (data: Uint8Array): Admission<AttributionChain, AttributionChainReason> => {
  const decoded = codec.decode(data)
  return decoded.verdict === 'accept' ? accept(decoded.value.links) : decoded
}
