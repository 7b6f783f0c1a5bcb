/**
 * What validators say to each other, opened: decoded, well-formed, of this network, and with true signatures. Only `openMessage`
 * makes one, our own included, so whoever holds one need not ask again. Says nothing of who may vote, nor of what stands in a
 * proposed block. Rules B-27 to B-29 in docs/spec/consensus.md.
 */
import { accept, equalBytes, finish, hexOf, ignore, reject } from '../base/index.ts'
import type { Admission, Steps, TimeInterval } from '../base/index.ts'
import { CODEC_REASONS, bytes as bytesField, decodeData, encodeData, list, tuple, word } from '../codec/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { openingParts, readBlock } from './block-bytes.ts'
import type { ReadBlock } from './block-bytes.ts'
import { digestField, intervalField, signatureField } from './consensus-fields.ts'
import { POLKA_VOTES_MAX, headWireField, isHeadSigned, polkaField, votesOfPolka } from './proposal.ts'
import type { HeadWire, PolkaVote, Proposal, SignedProposalHead } from './proposal.ts'
import { isTimeSigned, isVoteSigned, voteWireField } from './vote.ts'
import type { SignedVote, TimeAttestation, Vote, VoteWire } from './vote.ts'

export type Message =
  | { readonly type: 'proposal'; readonly proposal: Proposal }
  | { readonly type: 'vote'; readonly vote: SignedVote }

/** A message and the bytes that it came in. */
export interface OpenedMessage {
  readonly message: Message
  readonly bytes: Uint8Array
}

/** A precommit for a block, the longest vote, has 285 bytes at most. */
export const VOTE_MESSAGE_BYTES_MAX = 512
/** What a proposal may have beside its block: its head, and its polka of at most 104 bytes a vote. */
export const PROPOSAL_EXTRA_BYTES_MAX = 512 + POLKA_VOTES_MAX * 104

/** Largest message of a network, bytes. */
export const messageBytesMax = (blockBytesMax: number): number => blockBytesMax + PROPOSAL_EXTRA_BYTES_MAX

/** What stands of a time attestation in a message: the rest is that of its vote. */
interface TimeTail {
  readonly received: TimeInterval
  readonly signature: Uint8Array
}
interface VoteMessage {
  readonly networkId: Uint8Array
  readonly type: 'vote'
  readonly vote: VoteWire
  /** None, or one. */
  readonly time: readonly TimeTail[]
}
interface ProposalMessage {
  readonly networkId: Uint8Array
  readonly type: 'proposal'
  readonly head: HeadWire
  readonly block: Uint8Array
  readonly polka: readonly PolkaVote[]
}

const voteField = tuple<VoteMessage>({
  networkId: digestField,
  type: word(['vote']),
  vote: voteWireField,
  time: list<TimeTail>(tuple<TimeTail>({ received: intervalField, signature: signatureField }), 1),
})
const proposalField = tuple<ProposalMessage>({
  networkId: digestField,
  type: word(['proposal']),
  head: headWireField,
  // The whole message is bounded, and opening the block bounds it again.
  block: bytesField(Number.MAX_SAFE_INTEGER),
  polka: polkaField,
})

/** The one encoding of a message. */
export const encodeMessage = (message: Message): Uint8Array =>
  message.type === 'vote' ? encodeVote(message.vote) : encodeProposal(message.proposal)

const encodeVote = ({ vote, time }: SignedVote): Uint8Array =>
  encodeData(
    voteField.write({
      networkId: vote.networkId,
      type: 'vote',
      vote,
      time: time === null ? [] : [{ received: time.received, signature: time.signature }],
    }),
  )

const encodeProposal = ({ head, block, polka }: Proposal): Uint8Array =>
  encodeData(proposalField.write({ networkId: head.networkId, type: 'proposal', head, block: block.bytes, polka }))

/**
 * Why bytes are no message. `bad-block`: what is proposed is no block of this network. `wrong-block`: it is another than the head or the
 * round says. `bad-polka`: the votes that are leaned on are missing, too many, twice one author's, or not signed.
 */
export const MESSAGE_REASONS = [
  ...CODEC_REASONS,
  'wrong-network',
  'bad-vote-signature',
  'bad-time-signature',
  'bad-proposal-signature',
  'bad-block',
  'wrong-block',
  'bad-polka',
] as const
export type MessageReason = (typeof MESSAGE_REASONS)[number]

export interface MessageContext {
  readonly networkId: Uint8Array
  /** Largest encoded block, bytes. */
  readonly blockBytesMax: number
  readonly verifier: Verifier
}

/** Bytes of anybody to a message whose signatures are true, the proposed block's inner ones apart. Every refusal is a `reject`. */
export const openMessage = (bytes: Uint8Array, context: MessageContext): Admission<OpenedMessage, MessageReason> => {
  const whole: MessageOpening<never> = { ...context, unwanted: () => undefined }
  return finish(openingMessage(bytes, whole))
}

/** Asked of a vote before its signature is looked at, and of a proposal once its head is known to be signed: a reason to look no further. */
export interface MessageOpening<R extends string> extends MessageContext {
  readonly unwanted: (said: Vote | SignedProposalHead) => R | undefined
}

/** As `openMessage`, in steps, and only as far as it is wanted; what is not is ignored. */
export const openingMessage = function* <R extends string = never>(
  bytes: Uint8Array,
  context: MessageOpening<R>,
): Steps<Admission<OpenedMessage, MessageReason | R>> {
  const decoded = decodeData(bytes, messageBytesMax(context.blockBytesMax))
  if (decoded.verdict !== 'accept') return decoded
  const vote = voteField.read(decoded.value)
  if (vote !== undefined) return openVote(vote, bytes, context)
  const proposal = proposalField.read(decoded.value)
  return proposal === undefined ? reject('wrong-shape') : yield* openingProposal(proposal, bytes, context)
}

const openVote = <R extends string>(
  read: VoteMessage,
  bytes: Uint8Array,
  { networkId, verifier, unwanted }: MessageOpening<R>,
): Admission<OpenedMessage, MessageReason | R> => {
  if (!equalBytes(read.networkId, networkId)) return reject('wrong-network')
  const vote: Vote = { networkId, ...read.vote }
  const [tail] = read.time
  const isForBlock = vote.kind === 'precommit' && vote.block !== null
  if (isForBlock !== (tail !== undefined)) return reject('wrong-shape')
  const reason = unwanted(vote)
  if (reason !== undefined) return ignore(reason)
  if (!isVoteSigned(vote, verifier)) return reject('bad-vote-signature')
  const time = timeOf(vote, tail)
  if (time !== null && !isTimeSigned(time, verifier)) return reject('bad-time-signature')
  return accept({ message: { type: 'vote', vote: { vote, time } }, bytes })
}

const timeOf = (vote: Vote, tail: TimeTail | undefined): TimeAttestation | null => {
  const { networkId, height, round, block, author } = vote
  if (tail === undefined || block === null) return null
  return { networkId, height, round, block, received: tail.received, author, signature: tail.signature }
}

const openingProposal = function* <R extends string>(
  read: ProposalMessage,
  bytes: Uint8Array,
  { networkId, blockBytesMax, verifier, unwanted }: MessageOpening<R>,
): Steps<Admission<OpenedMessage, MessageReason | R>> {
  if (!equalBytes(read.networkId, networkId)) return reject('wrong-network')
  const head: SignedProposalHead = { networkId, ...read.head }
  if (!isHeadSigned(head, verifier)) return reject('bad-proposal-signature')
  const reason = unwanted(head)
  if (reason !== undefined) return ignore(reason)
  const found = readBlock(read.block, { networkId, bytesMax: blockBytesMax })
  if (found.verdict !== 'accept') return reject('bad-block')
  if (!isBlockOf(head, found.value)) return reject('wrong-block')
  const opened = yield* openingParts(found.value)
  if (opened.verdict !== 'accept') return reject('bad-block')
  const block = opened.value
  const polka = votesOfPolka(head, read.polka)
  if (!(yield* isPolkaOf(head, polka, verifier))) return reject('bad-polka')
  return accept({ message: { type: 'proposal', proposal: { head, block, polka } }, bytes })
}

/** A block that leans on nothing is its proposer's own, of this round; one that leans on a round was there in it. */
const isBlockOf = (head: SignedProposalHead, { id, header }: ReadBlock): boolean =>
  id === head.block &&
  header.height === head.height &&
  (head.validRound === -1
    ? header.round === head.round && equalBytes(header.proposer, head.author)
    : header.round <= head.validRound)

const isPolkaOf = function* (head: SignedProposalHead, polka: readonly Vote[], verifier: Verifier): Steps<boolean> {
  if ((head.validRound === -1) !== (polka.length === 0)) return false
  if (new Set(polka.map(({ author }) => hexOf(author))).size < polka.length) return false
  for (const vote of polka) {
    if (vote.validRound >= vote.round || !isVoteSigned(vote, verifier)) return false
    yield
  }
  return true
}
