/**
 * A proposal: a block put forward for a round, signed in its head so that two of them convict. One that leans on an earlier
 * round (`validRound` >= 0) carries that round's quorum of prevotes, so that everybody can check what it leans on. Rules B-10, B-11 in
 * docs/spec/consensus.md. That those prevotes are a quorum is asked by whoever knows the validators.
 */
import { encodeFlat, list, tuple } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import type { Verifier } from '../crypto/index.ts'
import type { Block } from './block.ts'
import {
  blockBytes,
  blockIdField,
  heightField,
  keyField,
  roundField,
  signatureField,
  validRoundField,
} from './consensus-fields.ts'
import { VALIDATORS_MAX } from './validators.ts'
import type { BlockId } from './validators.ts'
import type { SignedPart, Vote } from './vote.ts'

export interface ProposalHead {
  readonly networkId: Uint8Array
  readonly height: number
  readonly round: number
  /** The round whose prevotes it leans on, below `round`; or -1. */
  readonly validRound: number
  readonly block: BlockId
  readonly author: Uint8Array
}

export interface SignedProposalHead extends ProposalHead {
  readonly signature: Uint8Array
}

export interface Proposal {
  readonly head: SignedProposalHead
  readonly block: Block
  /** Prevotes of `validRound` for the block; empty where that is -1. */
  readonly polka: readonly Vote[]
}

export const PROPOSAL_DOMAIN = 'truechimer/proposal/1'
/** Votes that a proposal leans on, at most: one of each validator. */
export const POLKA_VOTES_MAX = VALIDATORS_MAX

/** What the author of a proposal signs. */
export const proposalPart = (head: Omit<ProposalHead, 'author'>): SignedPart => ({
  domain: PROPOSAL_DOMAIN,
  body: encodeFlat([head.networkId, head.height, head.round, head.validRound, blockBytes(head.block)]),
})

export const isHeadSigned = (head: SignedProposalHead, verifier: Verifier): boolean =>
  verifier.verify({ publicKey: head.author, ...proposalPart(head), signature: head.signature })

/** A head without its network, which stands once around everything that is sent. */
export type HeadWire = Omit<SignedProposalHead, 'networkId'>

const rawHead: Field<HeadWire> = tuple<HeadWire>({
  height: heightField,
  round: roundField,
  validRound: validRoundField,
  block: blockIdField,
  author: keyField,
  signature: signatureField,
})

/** Of this shape only if it leans on a round before its own, or on none. */
export const headWireField: Field<HeadWire> = {
  write: (head) => rawHead.write(head),
  read: (data) => {
    const head = rawHead.read(data)
    return head !== undefined && head.validRound < head.round ? head : undefined
  },
}

/** What differs between the votes of a polka: height, round, kind and block are those of the proposal. */
export type PolkaVote = Pick<Vote, 'validRound' | 'author' | 'signature'>

export const polkaField: Field<readonly PolkaVote[]> = list<PolkaVote>(
  tuple<PolkaVote>({ validRound: validRoundField, author: keyField, signature: signatureField }),
  POLKA_VOTES_MAX,
)

/** The whole votes of a polka. */
export const votesOfPolka = (head: ProposalHead, polka: readonly PolkaVote[]): readonly Vote[] => {
  const { networkId, height, validRound: round, block } = head
  return polka.map(({ validRound, author, signature }) => ({
    networkId,
    height,
    round,
    kind: 'prevote',
    block,
    validRound,
    author,
    signature,
  }))
}
