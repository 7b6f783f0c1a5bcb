/** Votes, proposals, transactions and evidence, signed with a true key and wrong in one chosen way. */
import { NS_PER_MS } from '../../src/base/index.ts'
import {
  encodeEvidence,
  encodeMessage,
  makeBlock,
  nextBlock,
  proposalPart,
  sealTransaction,
  timePart,
  transactionPart,
  votePart,
} from '../../src/consensus/index.ts'
import type { Block, ChainState, Commit, NextBlock } from '../../src/consensus/index.ts'
import type { ProposalHead, SealedTransaction, SignedProposalHead, TransactionBody } from '../../src/consensus/index.ts'
import type { Vote, VoteBody } from '../../src/consensus/index.ts'
import { timeOfCommit } from '../../src/consensus/engine-proposing.ts'
import { hexOf } from '../../src/base/index.ts'
import { sign } from '../../src/crypto/index.ts'
import { fresh, nowTai } from './forgery.ts'
import type { HostileMember } from './stage.ts'

export const forgeVote = ({ key }: HostileMember, networkId: Uint8Array, given: Partial<Vote> = {}): Vote => {
  const body: VoteBody = {
    networkId,
    height: 1,
    round: 0,
    kind: 'prevote',
    block: hexOf(fresh()),
    validRound: -1,
    author: key.publicKey,
    ...given,
  }
  const part = votePart(body)
  return { ...body, signature: given.signature ?? sign(key, part.domain, part.body) }
}

/** As it travels; a precommit for a block with a time attestation. */
export const voteBytes = ({ key }: HostileMember, vote: Vote, timeSignature?: Uint8Array): Uint8Array => {
  const { networkId, height, round, block, author } = vote
  if (vote.kind === 'prevote' || block === null) return encodeMessage({ type: 'vote', vote: { vote, time: null } })
  const body = { networkId, height, round, block, author, received: { earliest: 0n, latest: nowTai() } }
  const part = timePart(body)
  const time = { ...body, signature: timeSignature ?? sign(key, part.domain, part.body) }
  return encodeMessage({ type: 'vote', vote: { vote, time } })
}

export const forgeHead = (
  { key }: HostileMember,
  block: Block,
  given: Partial<SignedProposalHead> = {},
): SignedProposalHead => {
  const { networkId, height, round } = block.header
  const head: ProposalHead = {
    networkId,
    height,
    round,
    validRound: -1,
    block: block.id,
    author: key.publicKey,
    ...given,
  }
  const part = proposalPart(head)
  return { ...head, signature: given.signature ?? sign(key, part.domain, part.body) }
}

export const proposalBytes = (
  author: HostileMember,
  block: Block,
  given: Partial<SignedProposalHead> = {},
): Uint8Array =>
  encodeMessage({ type: 'proposal', proposal: { head: forgeHead(author, block, given), block, polka: [] } })

/** A block that may follow, by whoever's turn it is in this round. */
export const blockAfter = (
  state: ChainState,
  commit: Commit,
  given: Partial<NextBlock> & Pick<NextBlock, 'round' | 'proposer'>,
): Block => {
  const lastTime = timeOfCommit(state, commit)
  if (lastTime === undefined) throw new TypeError('no quorum')
  return nextBlock(state, { lastCommit: commit, lastTime, transactions: [], witnessed: [], offences: [], ...given })
}

/** The same block of another height, parent or whatever else: its roots hold, the chain's do not. */
export const blockWith = (block: Block, header: Partial<Block['header']>): Block =>
  makeBlock({ header: { ...block.header, ...header }, body: block.body })

/** By default the first transaction of its author, a join of this moment. */
export const forgeTransaction = (
  { key }: HostileMember,
  networkId: Uint8Array,
  given: Partial<TransactionBody> & { readonly signature?: Uint8Array } = {},
): SealedTransaction => {
  const at = nowTai()
  const { signature, ...changed } = given
  const body: TransactionBody = {
    networkId,
    author: key.publicKey,
    sequence: 1,
    acted: { earliest: at - NS_PER_MS, latest: at + NS_PER_MS },
    kind: 'join',
    payload: new Uint8Array(0),
    ...changed,
  }
  const part = transactionPart(body)
  return sealTransaction({ ...body, signature: signature ?? sign(key, part.domain, part.body) })
}

/** Two votes of one place, whoever signed them. */
export const votesEvidence = (first: Vote, second: Vote): Uint8Array => encodeEvidence({ type: 'votes', first, second })
