/**
 * The three questions that one node puts to another, and their answers, as bytes. `round`: what is known of a height that is being decided; the
 * asker names what it has, so that only what it lacks comes. `blocks`: decided ones from a height on. `snapshot`: a part of a state, with the
 * light proof of the header that names it.
 *
 * Rules B-90 to B-93 in docs/spec/consensus.md. What is opened here is well-formed and within its limits; that it is true is asked by whoever
 * uses it.
 */
import { CODEC_REASONS, bytes, codecOf, list, tuple, uint, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { SNAPSHOT_BYTES_MAX } from './chain-snapshot.ts'
import { COMMIT_BYTES_MAX } from './commit.ts'
import { ROUND_MAX, blockIdField, heightField, roundField } from './consensus-fields.ts'
import type { Proposal } from './proposal.ts'
import { VALIDATORS_MAX } from './validators.ts'
import type { BlockId, ValidatorSet } from './validators.ts'
import { VOTE_KINDS } from './vote.ts'
import type { SignedVote, VoteKind } from './vote.ts'

/** No question is longer, bytes: that of a round with 1,024 validators has some 5,000. */
export const QUESTION_BYTES_MAX = 8192
/** No answer is longer, bytes: a frame of the network, less what holds it. */
export const ANSWER_BYTES_MAX = 1_040_000
/** Messages of one `round` answer: verifying them, at two signatures each, takes some 15 ms. */
export const ANSWER_MESSAGES_MAX = 64
/** Blocks of one `blocks` answer. */
export const ANSWER_BLOCKS_MAX = 256
/** Bytes of a state in one `snapshot` answer; the first also carries a light proof, of at most as many. */
export const SNAPSHOT_PART_BYTES = 500_000
/** Rounds of which a `round` question says what the asker has: the running one, those kept behind it, and some ahead. */
export const ASKED_ROUNDS_MAX = 20
const NAMED_PROPOSALS_MAX = 64
const BITMAP_BYTES_MAX = VALIDATORS_MAX / 8

/** Why bytes are no question. */
export const QUESTION_REASONS = [...CODEC_REASONS] as const
export type QuestionReason = (typeof QUESTION_REASONS)[number]

/** Whose votes of a kind and round the asker holds: bit `i % 8` of byte `i / 8` for the validator at place i. */
export interface HeldVotes {
  readonly round: number
  readonly kind: VoteKind
  readonly places: Uint8Array
}

export interface RoundQuestion {
  /** The height that the asker is deciding. */
  readonly height: number
  readonly round: number
  /** Proposals that the asker holds. */
  readonly proposals: readonly { readonly round: number; readonly block: BlockId }[]
  readonly votes: readonly HeldVotes[]
}

export interface RoundAnswer {
  /** The height that the answerer is deciding. */
  readonly height: number
  /** Proposals and votes of the asker's height, as they are sent (messages.ts). */
  readonly messages: readonly Uint8Array[]
  /** The block at the asker's height, where the answerer has it decided: at most one. */
  readonly decided: readonly AnsweredBlock[]
}

export interface AnsweredBlock {
  readonly block: Uint8Array
  readonly commit: Uint8Array
}

export interface BlocksQuestion {
  /** The first height that is wanted. */
  readonly from: number
}

export interface BlocksAnswer {
  /** The newest height that the answerer has decided; 0 for none. */
  readonly last: number
  /** From the height that was asked for; none where it is not held. */
  readonly blocks: readonly AnsweredBlock[]
}

export interface SnapshotQuestion {
  /** Height of the block that the asker trusts. */
  readonly trusted: number
  /** Height of the state, or 0: whichever the answerer chooses. */
  readonly height: number
  /** First byte that is wanted. */
  readonly offset: number
}

export interface SnapshotAnswer {
  /** Height of the state; 0 where there is none. */
  readonly height: number
  /** Bytes of the whole state. */
  readonly total: number
  /** With the first part: a light proof from the trusted block to the header after the state. Else empty. */
  readonly proof: Uint8Array
  readonly part: Uint8Array
}

const heldProposal = tuple({ round: roundField, block: blockIdField })
const heldVotes: Field<HeldVotes> = tuple<HeldVotes>({
  round: roundField,
  kind: word(VOTE_KINDS),
  places: bytes(BITMAP_BYTES_MAX),
})
const answeredBlock: Field<AnsweredBlock> = tuple<AnsweredBlock>({
  block: bytes(ANSWER_BYTES_MAX),
  commit: bytes(COMMIT_BYTES_MAX),
})

export const roundQuestionCodec = codecOf(
  tuple<RoundQuestion>({
    height: heightField,
    round: uint({ max: ROUND_MAX }),
    proposals: list(heldProposal, NAMED_PROPOSALS_MAX),
    votes: list(heldVotes, 2 * ASKED_ROUNDS_MAX),
  }),
  QUESTION_BYTES_MAX,
)
export const roundAnswerCodec = codecOf(
  tuple<RoundAnswer>({
    height: heightField,
    messages: list(bytes(ANSWER_BYTES_MAX), ANSWER_MESSAGES_MAX),
    decided: list(answeredBlock, 1),
  }),
  ANSWER_BYTES_MAX,
)
export const blocksQuestionCodec = codecOf(tuple<BlocksQuestion>({ from: heightField }), QUESTION_BYTES_MAX)
export const blocksAnswerCodec = codecOf(
  tuple<BlocksAnswer>({ last: uint(), blocks: list(answeredBlock, ANSWER_BLOCKS_MAX) }),
  ANSWER_BYTES_MAX,
)
export const snapshotQuestionCodec = codecOf(
  tuple<SnapshotQuestion>({ trusted: heightField, height: uint(), offset: uint({ max: SNAPSHOT_BYTES_MAX }) }),
  QUESTION_BYTES_MAX,
)
export const snapshotAnswerCodec = codecOf(
  tuple<SnapshotAnswer>({
    height: uint(),
    total: uint({ max: SNAPSHOT_BYTES_MAX }),
    proof: bytes(SNAPSHOT_PART_BYTES),
    part: bytes(SNAPSHOT_PART_BYTES),
  }),
  ANSWER_BYTES_MAX,
)

/** What is held of a height, as a machine knows it. */
export interface KnownOfHeight {
  readonly proposals: readonly Proposal[]
  readonly votes: readonly SignedVote[]
}

/** The question of who holds this much: of the newest rounds, as many as a question may name. */
export const roundQuestionOf = (
  { height, round, validators }: { readonly height: number; readonly round: number; readonly validators: ValidatorSet },
  known: KnownOfHeight,
): RoundQuestion => {
  const votes = new Map<string, HeldVotes>()
  const rounds = new Set<number>()
  for (const { vote } of known.votes) {
    if (!rounds.has(vote.round) && rounds.size === ASKED_ROUNDS_MAX) break
    rounds.add(vote.round)
    const name = `${vote.round} ${vote.kind}`
    const held = votes.get(name) ?? {
      round: vote.round,
      kind: vote.kind,
      places: new Uint8Array(Math.ceil(validators.size / 8)),
    }
    votes.set(name, held)
    const place = validators.indexOf(vote.author)
    if (place !== undefined) held.places[place >> 3] = (held.places[place >> 3] ?? 0) | (1 << (place & 7))
  }
  const proposals = known.proposals
    .slice(0, NAMED_PROPOSALS_MAX)
    .map(({ head }) => ({ round: head.round, block: head.block }))
  return { height, round, proposals, votes: [...votes.values()] }
}

/** What of it the asker does not name, the newest round first. */
export const missingOf = (question: RoundQuestion, known: KnownOfHeight, validators: ValidatorSet): KnownOfHeight => {
  const held = new Map(question.votes.map(({ round, kind, places }) => [`${round} ${kind}`, places]))
  const isHeld = (vote: SignedVote['vote']): boolean => {
    const place = validators.indexOf(vote.author) ?? 0
    return ((held.get(`${vote.round} ${vote.kind}`)?.[place >> 3] ?? 0) & (1 << (place & 7))) !== 0
  }
  const named = new Set(question.proposals.map(({ round, block }) => `${round} ${block}`))
  return {
    proposals: known.proposals.filter(({ head }) => !named.has(`${head.round} ${head.block}`)),
    votes: known.votes.filter(({ vote }) => !isHeld(vote)),
  }
}
