/**
 * What is said of time maps on the topics `timemap/…`. A time map says for each of several chains where it stood, and in what
 * interval of time; so that "before" and "after" mean something across chains. Only the shapes: whether a block is
 * final, or an interval true, is not asked here.
 *
 * Source: seed 004 "Time Map Topics", which names the topics and leaves their messages open; the fields are those that its
 * other announcements have. Rules: docs/spec/network.md N-80 to N-82.
 */
import { link, tuple, uint, word } from '../codec/index.ts'
import type { CID, Field } from '../codec/index.ts'
import { digest, height, instant, messageCodecOf, optional, reason } from './message-fields.ts'
import type { MessageCodec } from './message-fields.ts'

/** Chains in one time map. */
export const POSITIONS_MAX = 65_536

/** Where a chain stands: its newest final block, and the interval of its time. */
export interface TimeMapUpdateMessage {
  readonly chainId: Uint8Array
  readonly height: number
  readonly blockHash: Uint8Array
  /** The block's interval, TAI ns, `earliest <= latest`. */
  readonly earliest: bigint
  readonly latest: bigint
  /** The map that holds this position, and the one that it follows. */
  readonly map: CID
  readonly previous: CID | 'none'
}

/** A map as a whole, by the root of its positions. */
export interface TimeMapCommitmentMessage {
  readonly commitmentId: CID
  readonly map: CID
  /** Merkle root over the positions, by chain id (crypto/merkle.ts), 32 bytes. */
  readonly root: Uint8Array
  readonly positions: number
  /** From the earliest to the latest instant of all positions, TAI ns. */
  readonly earliest: bigint
  readonly latest: bigint
  readonly proof: CID | 'none'
}

export const VERIFICATION_VERDICTS = ['verified', 'refused', 'unknown'] as const

/** What somebody found who looked at one chain's position in a committed map. */
export interface TimeMapVerificationMessage {
  readonly chainId: Uint8Array
  readonly height: number
  readonly commitmentId: CID
  readonly verdict: (typeof VERIFICATION_VERDICTS)[number]
  /** Kebab-case; empty where it is verified. */
  readonly reason: string
}

/** Refuses an interval that ends before it begins. */
const forwards = <T extends { readonly earliest: bigint; readonly latest: bigint }>(field: Field<T>): Field<T> => ({
  write: (value) => field.write(value),
  read: (data) => {
    const value = field.read(data)
    return value === undefined || value.earliest > value.latest ? undefined : value
  },
})

/** Of `timemap/update/{chain_id}`. */
export const timeMapUpdateCodec: MessageCodec<TimeMapUpdateMessage> = messageCodecOf(
  1,
  forwards(
    tuple<TimeMapUpdateMessage>({
      chainId: digest,
      height,
      blockHash: digest,
      earliest: instant,
      latest: instant,
      map: link,
      previous: optional(link),
    }),
  ),
  512,
)

/** Of `timemap/commitment/{commitment_id}`. */
export const timeMapCommitmentCodec: MessageCodec<TimeMapCommitmentMessage> = messageCodecOf(
  1,
  forwards(
    tuple<TimeMapCommitmentMessage>({
      commitmentId: link,
      map: link,
      root: digest,
      positions: uint({ min: 1, max: POSITIONS_MAX }),
      earliest: instant,
      latest: instant,
      proof: optional(link),
    }),
  ),
  512,
)

/** Of `timemap/verification/{chain_id}`. */
export const timeMapVerificationCodec: MessageCodec<TimeMapVerificationMessage> = messageCodecOf(
  1,
  tuple<TimeMapVerificationMessage>({
    chainId: digest,
    height,
    commitmentId: link,
    verdict: word(VERIFICATION_VERDICTS),
    reason,
  }),
  256,
)
