/**
 * One link of an attribution chain: an actor's signed word that it made, changed, handed on or looked at some content. It names the link before
 * by digest, so that an order is fixed, and the newest block when it was signed, so that it was not signed before that block.
 *
 * Source: seed 003 §3, the tuple (s, r, t, h). Rules P-50 to P-56 in docs/spec/proofs.md. Not promised: that what the actor says is true, and that
 * the name it gives itself is its own. A key said it, that is all.
 */
import { TAI_MAX, accept, reject } from '../base/index.ts'
import type { Admission, Tai, TimeInterval } from '../base/index.ts'
import {
  CODEC_REASONS,
  bytes,
  codecOf,
  encodeData,
  fixedBytes,
  int64,
  list,
  text,
  tuple,
  word,
} from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { ed25519Verifier, keySpellingFault, sha3 } from '../crypto/index.ts'
import type { Signer, Verifier } from '../crypto/index.ts'

export const ATTRIBUTION_LINK_DOMAIN = 'truechimer/attribution-link/1'

/**
 * What a link says of the content, the seed's r. `created` and `acquired` begin a chain: the actor made it, or had it from somewhere that is not
 * told. `received` answers `transferred`.
 */
export const ATTRIBUTION_RELATIONS = [
  'created',
  'acquired',
  'transformed',
  'transferred',
  'received',
  'reviewed',
  'published',
] as const
export type AttributionRelation = (typeof ATTRIBUTION_RELATIONS)[number]

/** Hashes that content may be named by, and their length in bytes. */
export const CONTENT_DIGEST_BYTES = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64, 'sha3-256': 32 } as const
export type ContentAlgorithm = keyof typeof CONTENT_DIGEST_BYTES
const CONTENT_ALGORITHMS = ['sha-256', 'sha-384', 'sha-512', 'sha3-256'] as const satisfies readonly ContentAlgorithm[]
const DIGEST_BYTES_MAX = 64

/** Longest name that an actor gives itself, and longest note, UTF-16 units. */
export const ATTRIBUTION_NAME_LENGTH_MAX = 64
export const ATTRIBUTION_NOTE_LENGTH_MAX = 256
/** Larger than any link, bytes. */
export const ATTRIBUTION_LINK_BYTES_MAX = 2048

/** What the first link names as the one before. */
export const NO_LINK: Uint8Array = new Uint8Array(32)

/** Content by its hash. */
export interface ContentImprint {
  readonly algorithm: ContentAlgorithm
  /** As long as the algorithm's. */
  readonly digest: Uint8Array
}

export interface AttributionLinkBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** Digest of the link before, 32 bytes, or NO_LINK. */
  readonly previous: Uint8Array
  /** Ed25519 key of who says it, 32 bytes: the seed's s. */
  readonly actor: Uint8Array
  /** What the actor calls itself, 1 to ATTRIBUTION_NAME_LENGTH_MAX. */
  readonly name: string
  readonly relation: AttributionRelation
  /** At most ATTRIBUTION_NOTE_LENGTH_MAX, on one line; empty for none. */
  readonly note: string
  /** To whom it is handed on, 32 bytes; there for `transferred` alone. */
  readonly receiver: Uint8Array | undefined
  /** The content before this step; undefined where a chain begins. */
  readonly before: ContentImprint | undefined
  /** The content after it. */
  readonly content: ContentImprint
  /** When it was done by the actor's own word, TAI ns. */
  readonly claimed: TimeInterval | undefined
  /** Id of the newest block when it was signed, 32 bytes; the stamp of the link mixes in the same. */
  readonly beacon: Uint8Array
}

export interface AttributionLink extends AttributionLinkBody {
  /** Ed25519 over the body in ATTRIBUTION_LINK_DOMAIN, 64 bytes. */
  readonly signature: Uint8Array
}

/** With its bytes and their SHA3-256, which is what is stamped and what the next link names. */
export interface SealedLink {
  readonly link: AttributionLink
  readonly bytes: Uint8Array
  readonly digest: Uint8Array
}

interface Wire extends Omit<AttributionLinkBody, 'receiver' | 'before' | 'claimed'> {
  readonly form: typeof ATTRIBUTION_LINK_DOMAIN
  readonly receiver: readonly Uint8Array[]
  readonly before: readonly ContentImprint[]
  readonly claimed: readonly TimeInterval[]
}
const taiField: Field<Tai> = int64({ min: 0n, max: TAI_MAX })
const contentField = tuple<ContentImprint>({ algorithm: word(CONTENT_ALGORITHMS), digest: bytes(DIGEST_BYTES_MAX) })
const shape = {
  form: word([ATTRIBUTION_LINK_DOMAIN]),
  networkId: fixedBytes(32),
  previous: fixedBytes(32),
  actor: fixedBytes(32),
  name: text(ATTRIBUTION_NAME_LENGTH_MAX),
  relation: word(ATTRIBUTION_RELATIONS),
  note: text(ATTRIBUTION_NOTE_LENGTH_MAX),
  receiver: list(fixedBytes(32), 1),
  before: list(contentField, 1),
  content: contentField,
  claimed: list(tuple<TimeInterval>({ earliest: taiField, latest: taiField }), 1),
  beacon: fixedBytes(32),
} as const
const bodyField: Field<Wire> = tuple<Wire>(shape)
const codec = codecOf(
  tuple<Wire & { readonly signature: Uint8Array }>({ ...shape, signature: fixedBytes(64) }),
  ATTRIBUTION_LINK_BYTES_MAX,
)

const oneOf = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value])

const wireOf = (body: AttributionLinkBody): Wire => ({
  ...body,
  form: ATTRIBUTION_LINK_DOMAIN,
  receiver: oneOf(body.receiver),
  before: oneOf(body.before),
  claimed: oneOf(body.claimed),
})

/** Signs a link. Whether it may stand where it is put is asked by AttributionWalk. Rejects as the signer does. */
export const signAttributionLink = async (
  signer: Pick<Signer, 'nodeId' | 'sign'>,
  wanted: Omit<AttributionLinkBody, 'actor'>,
): Promise<SealedLink> => {
  const body: AttributionLinkBody = { ...wanted, actor: signer.nodeId }
  const wire = wireOf(body)
  const signature = await signer.sign(ATTRIBUTION_LINK_DOMAIN, encodeData(bodyField.write(wire)))
  const data = codec.encode({ ...wire, signature })
  return { link: { ...body, signature }, bytes: data, digest: sha3(data) }
}

/**
 * Why bytes are no link. `attribution-bad-text`: a name or note that is empty, ill-formed, or steers the screen. `attribution-reversed`: it
 * claims a time that ends before it begins.
 */
export const ATTRIBUTION_LINK_REASONS = [
  ...CODEC_REASONS,
  'attribution-bad-text',
  'attribution-reversed',
  'bad-key',
  'bad-signature',
] as const
export type AttributionLinkReason = (typeof ATTRIBUTION_LINK_REASONS)[number]

/**
 * Text that stays on its line and in its order: no control characters, no line breaks, nothing that turns the direction of writing, no
 * halves of characters.
 */
export const isPlainText = (value: string): boolean => !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\uFEFF]/u.test(value)

/** A name that an actor may give itself. */
export const isActorName = (value: string): boolean =>
  value.length <= ATTRIBUTION_NAME_LENGTH_MAX && value.trim() === value && value !== '' && isPlainText(value)

/** A note that a link may have; the empty one is none. */
export const isLinkNote = (value: string): boolean =>
  value.length <= ATTRIBUTION_NOTE_LENGTH_MAX && value.trim() === value && isPlainText(value)

const isContent = ({ algorithm, digest }: ContentImprint): boolean => digest.length === CONTENT_DIGEST_BYTES[algorithm]

/** A link from bytes of anybody, well-formed and signed by whom it names. Whether it may stand where it does is not asked. Never throws. */
export const openAttributionLink = (
  data: Uint8Array,
  verifier: Verifier = ed25519Verifier,
): Admission<SealedLink, AttributionLinkReason> => {
  const decoded = codec.decode(data)
  if (decoded.verdict !== 'accept') return decoded
  const { signature, ...wire } = decoded.value
  const { form: _form, ...rest } = wire
  const [receiver, before, claimed] = [rest.receiver[0], rest.before[0], rest.claimed[0]]
  const link = { ...rest, receiver, before, claimed, signature }
  if (!isContent(link.content) || (before !== undefined && !isContent(before))) return reject('wrong-shape')
  if ((link.relation === 'transferred') !== (receiver !== undefined)) return reject('wrong-shape')
  if (!isActorName(link.name) || !isLinkNote(link.note)) return reject('attribution-bad-text')
  if (claimed !== undefined && claimed.earliest > claimed.latest) return reject('attribution-reversed')
  if (keySpellingFault(link.actor) !== undefined) return reject('bad-key')
  if (receiver !== undefined && keySpellingFault(receiver) !== undefined) return reject('bad-key')
  const body = encodeData(bodyField.write(wire))
  if (!verifier.verify({ publicKey: link.actor, domain: ATTRIBUTION_LINK_DOMAIN, body, signature }))
    return reject('bad-signature')
  return accept({ link, bytes: data, digest: sha3(data) })
}
