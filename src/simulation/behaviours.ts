/**
 * What false validators do with what they would say: each a function from a message to what goes out instead, signed with the
 * node's own key and nobody else's. Rules: docs/spec/simulation.md Z-15.
 */
import { BoundedMap, NS_PER_HOUR } from '../base/index.ts'
import {
  blockIdOfBytes,
  encodeMessage,
  nextBlock,
  proposalPart,
  tally,
  timePart,
  votePart,
} from '../consensus/index.ts'
import type {
  Block,
  BlockId,
  CommitEntry,
  Message,
  Proposal,
  ProposalHead,
  SignedVote,
  TimeAttestation,
  TimeAttestationBody,
  Vote,
  VoteBody,
} from '../consensus/index.ts'
import { sha3 } from '../crypto/index.ts'
import type { NodeWorld } from './node-world.ts'
import type { Channel } from './packet.ts'
import type { Misbehaviour, SimulatedNode } from './simulated-node.ts'
import { sealed } from './transactions.ts'

const sign = (node: SimulatedNode, { domain, body }: { readonly domain: string; readonly body: Uint8Array }) =>
  node.world.scheme.sign(node.participant.key, domain, body)

const signedVote = (node: SimulatedNode, body: VoteBody, time: TimeAttestation | null): SignedVote => ({
  vote: { ...body, signature: sign(node, votePart(body)) },
  time,
})

const signedTime = (node: SimulatedNode, body: TimeAttestationBody): TimeAttestation => ({
  ...body,
  signature: sign(node, timePart(body)),
})

export const messageOf = (node: SimulatedNode, channel: Channel, bytes: Uint8Array): Message | undefined => {
  if (channel !== 'proposals' && channel !== 'votes') return undefined
  const opened = node.world.packet(channel, bytes).open()
  return opened.type === 'message' ? opened.opened.message : undefined
}

const sayVote = (node: SimulatedNode, vote: SignedVote, isFor: (to: SimulatedNode) => boolean): void =>
  node.say('votes', encodeMessage({ type: 'vote', vote }), isFor)

/** A block that nobody has made. */
const inventedBlock = (node: SimulatedNode): string => blockIdOfBytes(sha3(node.chance.bytes(32)))

/** The two blocks that a false proposer made for a round: one half is told of the first, the other of the second. */
interface BlockPair {
  readonly first: BlockId
  readonly second: BlockId
}

/** Rounds of which false nodes tell each other. */
const PAIRS_MAX = 256
const pairs = new WeakMap<NodeWorld, BoundedMap<string, BlockPair>>()

/** What all false nodes of a run know: together they may be able to have both blocks of a round decided. */
const pairsOf = ({ world }: SimulatedNode): BoundedMap<string, BlockPair> => {
  const known = pairs.get(world) ?? new BoundedMap<string, BlockPair>(PAIRS_MAX)
  pairs.set(world, known)
  return known
}

/** What is voted for instead, and whether that is for the first half. */
const otherChoice = (
  node: SimulatedNode,
  { height, round, block }: Vote,
): { readonly block: BlockId | null; readonly isForFirst: boolean } => {
  if (block === null) return { block: inventedBlock(node), isForFirst: false }
  const pair = pairsOf(node).get(`${height} ${round}`)
  return pair?.second === block
    ? { block: pair.first, isForFirst: true }
    : { block: pair?.second ?? null, isForFirst: false }
}

/** The vote that contradicts this one; where it must carry a time, its author's own. */
const contradicting = (node: SimulatedNode, { vote, time }: SignedVote, block: BlockId | null): SignedVote => {
  const body = { ...vote, block, validRound: -1 }
  const isTimed = vote.kind === 'precommit' && block !== null
  const received = time?.received ?? { earliest: node.clock.trueTai(), latest: node.clock.trueTai() }
  return signedVote(node, body, isTimed ? signedTime(node, { ...body, block, received }) : null)
}

/** Half of the others, another half for each height. */
const half =
  (height: number) =>
  (to: SimulatedNode): boolean =>
    ((to.number * 7 + height) >> 1) % 2 === 0

/** Two votes, or two proposals, where one is allowed: one half hears this, the other that. */
export const equivocate: Misbehaviour = (node, channel, bytes) => {
  const message = messageOf(node, channel, bytes)
  if (message === undefined) return false
  if (message.type === 'vote') return equivocateVote(node, message.vote, bytes)
  const { proposal } = message
  const { height, round } = proposal.head
  const other = otherProposal(node, proposal)
  if (other !== undefined)
    pairsOf(node).set(`${height} ${round}`, { first: proposal.head.block, second: other.head.block })
  node.say(channel, bytes, half(height))
  sayProposal(node, other, (to) => !half(height)(to))
  return true
}

const equivocateVote = (node: SimulatedNode, said: SignedVote, bytes: Uint8Array): boolean => {
  const isFirst = half(said.vote.height)
  const isSecond = (to: SimulatedNode): boolean => !isFirst(to)
  const { block, isForFirst } = otherChoice(node, said.vote)
  node.say('votes', bytes, isForFirst ? isSecond : isFirst)
  sayVote(node, contradicting(node, said, block), isForFirst ? isFirst : isSecond)
  return true
}

export const sayProposal = (
  node: SimulatedNode,
  proposal: Proposal | undefined,
  isFor: (to: SimulatedNode) => boolean,
): void => {
  if (proposal !== undefined) node.say('proposals', encodeMessage({ type: 'proposal', proposal }), isFor)
}

export const proposalOf = (node: SimulatedNode, { head }: Proposal, block: Block): Proposal => {
  const body: ProposalHead = { ...head, block: block.id, validRound: -1 }
  return { head: { ...body, signature: sign(node, proposalPart(body)) }, block, polka: [] }
}

/** A second block for the same round, with one more mark in it. */
const otherProposal = (node: SimulatedNode, proposal: Proposal): Proposal | undefined => {
  const { state, world, participant } = node
  const { header, body } = proposal.block
  if (state === undefined || state.height !== header.height - 1) return undefined
  const acted = { earliest: node.clock.trueTai(), latest: node.clock.trueTai() }
  const mark = sealed(world, participant, { kind: 'mark', payload: node.chance.bytes(32), acted })
  const block = nextBlock(state, {
    ...body,
    round: proposal.head.round,
    proposer: participant.key,
    lastTime: header.time,
    transactions: [mark],
  })
  return proposalOf(node, proposal, block)
}

/** Where it ought to put forward again what is valid already, it puts forward something new. */
const proposeAnew = (node: SimulatedNode, proposal: Proposal): boolean => {
  if (proposal.head.validRound === -1) return false
  sayProposal(node, otherProposal(node, proposal), () => true)
  return true
}

/** Precommits, and at once prevotes something else in the next round, leaning on nothing. */
export const forgetLock: Misbehaviour = (node, channel, bytes) => {
  const message = messageOf(node, channel, bytes)
  if (message?.type === 'proposal') return proposeAnew(node, message.proposal)
  if (message?.type !== 'vote') return false
  const { vote } = message.vote
  if (vote.kind !== 'precommit' || vote.block === null) return false
  const body: VoteBody = { ...vote, kind: 'prevote', round: vote.round + 1, block: inventedBlock(node), validRound: -1 }
  node.say(channel, bytes, () => true)
  sayVote(node, signedVote(node, body, null), () => true)
  return true
}

/** Says nothing of consensus. */
export const withhold: Misbehaviour = (_node, channel) => channel === 'proposals' || channel === 'votes'

/** Says it to a third of the others. */
export const sendToFew: Misbehaviour = (node, channel, bytes) => {
  node.say(channel, bytes, (to) => (to.number + bytes.length) % 3 === 0)
  return true
}

/** Its precommits, with another time of receipt. */
const withTime = (node: SimulatedNode, message: Message | undefined, byNs: bigint): SignedVote | undefined => {
  if (message?.type !== 'vote' || message.vote.time === null) return undefined
  const { vote, time } = message.vote
  const { earliest, latest } = time.received
  const received = { earliest: earliest + byNs, latest: latest + byNs }
  return signedVote(node, bodyOf(vote), signedTime(node, { ...time, received }))
}

const bodyOf = ({ signature: _signature, ...body }: Vote): VoteBody => body

/** Signs that it received everything an hour later. */
export const attestFuture: Misbehaviour = (node, channel, bytes) => {
  const vote = withTime(node, messageOf(node, channel, bytes), NS_PER_HOUR)
  if (vote === undefined) return false
  sayVote(node, vote, () => true)
  return true
}

/** Tells each of the others another time. */
export const lieToEach: Misbehaviour = (node, channel, bytes) => {
  const message = messageOf(node, channel, bytes)
  if (message?.type !== 'vote' || message.vote.time === null) return false
  for (const to of node.world.endpoints) {
    if (to === node) continue
    const vote = withTime(node, message, BigInt(to.number - 3) * 150_000_000n)
    if (vote !== undefined) sayVote(node, vote, (other) => other === to)
  }
  return true
}

/** As proposer, counts those precommits of the height before that make its time latest. */
export const pickSubset: Misbehaviour = (node, channel, bytes) => {
  const message = messageOf(node, channel, bytes)
  if (message?.type !== 'proposal' || message.proposal.head.validRound !== -1) return false
  const proposal = bentProposal(node, message.proposal)
  if (proposal === undefined) return false
  sayProposal(node, proposal, () => true)
  return true
}

const bentProposal = (node: SimulatedNode, proposal: Proposal): Proposal | undefined => {
  const { state, world, participant } = node
  const { header, body } = proposal.block
  if (state === undefined || state.height !== header.height - 1 || state.height === 0) return undefined
  const validators = state.lastValidators
  const lateFirst = [...body.lastCommit.entries].sort((a, b) => (a.received.earliest > b.received.earliest ? -1 : 1))
  const kept: CommitEntry[] = []
  let weight = 0n
  for (const entry of lateFirst) {
    if (validators.isQuorum(weight)) break
    kept.push(entry)
    weight += validators.at(entry.index)?.weight ?? 0n
  }
  const entries = kept.sort((a, b) => a.index - b.index)
  const { proposalDelayNs } = world.genesis.parameters
  const { time } = tally({ validators, votes: entries, parentTime: state.time, proposalDelayNs })
  if (time === undefined) return undefined
  const lastCommit = { ...body.lastCommit, entries }
  const made = { ...body, round: proposal.head.round, proposer: participant.key, lastCommit, lastTime: time }
  return proposalOf(node, proposal, nextBlock(state, made))
}
