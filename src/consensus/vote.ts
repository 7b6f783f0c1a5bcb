/**
 * Votes, and the time attestations beside them. A vote says which block its author stands behind in a round; a time attestation
 * says in which interval of time its author received that round's proposal. They are signed separately: the vote is the same
 * bytes whoever's clock is wrong. A precommit for a block counts only together with its time attestation.
 *
 * The author is not in the bytes that are signed: an Ed25519 signature holds under one key (C-1 to C-6), and so the votes of all
 * validators for one thing are signatures over the same bytes.
 *
 * Source: arXiv 1807.04938; DESIGN §5.5. Rules B-4 to B-7 in docs/spec/consensus.md.
 */
import { TAI_MAX } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { encodeFlat, tuple, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import type { Verifier } from '../crypto/index.ts'
import {
  blockBytes,
  blockIdField,
  blockOrNoneField,
  heightField,
  intervalField,
  keyField,
  roundField,
  signatureField,
  validRoundField,
} from './consensus-fields.ts'
import type { BlockId } from './validators.ts'

export const VOTE_DOMAIN = 'truechimer/vote/1'
export const TIME_ATTESTATION_DOMAIN = 'truechimer/block-time/1'

/** What a validator attests that has no time: the proposal came at some time. */
export const UNBOUNDED: TimeInterval = { earliest: 0n, latest: TAI_MAX }

export const VOTE_KINDS = ['prevote', 'precommit'] as const
export type VoteKind = (typeof VOTE_KINDS)[number]

export interface VoteBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** >= 1. */
  readonly height: number
  /** >= 0. */
  readonly round: number
  readonly kind: VoteKind
  /** Null: for no block in this round. */
  readonly block: BlockId | null
  /**
   * Of a prevote for a block: the round whose quorum of prevotes the proposal leaned on, or -1. Being signed, it convicts
   * whoever forgets a lock. -1 in every other vote.
   */
  readonly validRound: number
  /** Ed25519 key, 32 bytes. */
  readonly author: Uint8Array
}

export interface Vote extends VoteBody {
  readonly signature: Uint8Array
}

export interface TimeAttestationBody {
  readonly networkId: Uint8Array
  readonly height: number
  readonly round: number
  readonly block: BlockId
  /** The author received the proposal at a true time in here. `UNBOUNDED` where its clock says nothing. TAI ns, >= 0. */
  readonly received: TimeInterval
  readonly author: Uint8Array
}

export interface TimeAttestation extends TimeAttestationBody {
  readonly signature: Uint8Array
}

/** Something to be signed: `domainDigest(domain, body)`. */
export interface SignedPart {
  readonly domain: string
  readonly body: Uint8Array
}

/** A vote as it travels: a precommit for a block carries its time attestation, no other vote does. */
export interface SignedVote {
  readonly vote: Vote
  readonly time: TimeAttestation | null
}

/** What the author of a vote signs. */
export const votePart = (vote: Omit<VoteBody, 'author'>): SignedPart => ({
  domain: VOTE_DOMAIN,
  body: encodeFlat([vote.networkId, vote.height, vote.round, vote.kind, blockBytes(vote.block), vote.validRound]),
})

/** What the author of a time attestation signs. */
export const timePart = (time: Omit<TimeAttestationBody, 'author'>): SignedPart => ({
  domain: TIME_ATTESTATION_DOMAIN,
  body: encodeFlat([
    time.networkId,
    time.height,
    time.round,
    blockBytes(time.block),
    time.received.earliest,
    time.received.latest,
  ]),
})

export const isVoteSigned = (vote: Vote, verifier: Verifier): boolean =>
  verifier.verify({ publicKey: vote.author, ...votePart(vote), signature: vote.signature })

export const isTimeSigned = (time: TimeAttestation, verifier: Verifier): boolean =>
  verifier.verify({ publicKey: time.author, ...timePart(time), signature: time.signature })

/** A vote without its network, which stands once around everything that is sent. */
export type VoteWire = Omit<Vote, 'networkId'>
export type TimeWire = Omit<TimeAttestation, 'networkId'>

const rawVote: Field<VoteWire> = tuple<VoteWire>({
  height: heightField,
  round: roundField,
  kind: word(VOTE_KINDS),
  block: blockOrNoneField,
  validRound: validRoundField,
  author: keyField,
  signature: signatureField,
})

/** Only a prevote for a block leans on a round, and on one before its own. */
const isVotePossible = ({ kind, block, round, validRound }: VoteWire): boolean =>
  kind === 'prevote' && block !== null ? validRound < round : validRound === -1

export const voteWireField: Field<VoteWire> = {
  write: (vote) => rawVote.write(vote),
  read: (data) => {
    const vote = rawVote.read(data)
    return vote !== undefined && isVotePossible(vote) ? vote : undefined
  },
}

export const timeWireField: Field<TimeWire> = tuple<TimeWire>({
  height: heightField,
  round: roundField,
  block: blockIdField,
  received: intervalField,
  author: keyField,
  signature: signatureField,
})
