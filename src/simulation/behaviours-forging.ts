/**
 * What false validators forge: blocks that may not follow, and evidence from elsewhere. Everybody who checks what he is told refuses all of it; a check
 * that is missing shows here. Rules: docs/spec/simulation.md Z-15.
 */
import assert from 'node:assert/strict'
import { NS_PER_HOUR } from '../base/index.ts'
import { blockIdOfBytes, encodeEvidence, nextBlock, tally, votePart } from '../consensus/index.ts'
import type { BlockTime, ChainState, Commit, CommitEntry, Evidence, Vote, VoteBody } from '../consensus/index.ts'
import { SIGNATURE_BYTES, sha3 } from '../crypto/index.ts'
import { messageOf, proposalOf, sayProposal } from './behaviours.ts'
import type { ChanceStream } from './chance-stream.ts'
import type { NodeWorld } from './node-world.ts'
import type { Participant } from './participants.ts'
import type { Misbehaviour, SimulatedNode } from './simulated-node.ts'

/** What of an honest block is forged. */
export interface Forged {
  readonly commit: Commit
  /** What the header says of the parent's time; without it, what the tally makes of those entries that it would take. */
  readonly time?: BlockTime
  readonly offences?: readonly Evidence[]
}

interface Forging {
  readonly node: SimulatedNode
  readonly state: ChainState
  readonly commit: Commit
  /** Of the parent, as it is. */
  readonly time: BlockTime
}

type Forgery = (forging: Forging) => Forged

const later = ({ earliest, latest, timestamp }: BlockTime, byNs: bigint): BlockTime => ({
  earliest: earliest + byNs,
  latest: latest + byNs,
  timestamp: timestamp + byNs,
})

/** An entry that its validator has not signed. */
const inventedEntry = ({ node, time }: Forging, index: number): CommitEntry => ({
  index,
  voteSignature: node.chance.bytes(SIGNATURE_BYTES),
  received: { earliest: time.earliest + NS_PER_HOUR, latest: time.latest + NS_PER_HOUR },
  timeSignature: node.chance.bytes(SIGNATURE_BYTES),
})

/** Places of those who are not counted. */
const missingOf = ({ state, commit }: Forging): readonly number[] => {
  const counted = new Set(commit.entries.map(({ index }) => index))
  return state.lastValidators.list.map((_, index) => index).filter((index) => !counted.has(index))
}

const inOrder = (entries: readonly CommitEntry[]): readonly CommitEntry[] =>
  entries.toSorted((a, b) => a.index - b.index)

/** The last entry of somebody else. */
const anothers = ({ node, state, commit }: Forging): CommitEntry | undefined => {
  const own = state.lastValidators.indexOf(node.participant.key)
  return commit.entries.findLast(({ index }) => index !== own)
}

/** Where everybody is counted one is left out, so that somebody is missing. */
const withRoom = (forging: Forging): Forging => {
  const { commit } = forging
  if (missingOf(forging).length > 0) return forging
  const left = anothers(forging)
  return { ...forging, commit: { ...commit, entries: commit.entries.filter((entry) => entry !== left) } }
}

const withEntries = ({ commit }: Forging, entries: readonly CommitEntry[]): Forged => ({
  commit: { ...commit, entries: inOrder(entries) },
})

/** The parent's time is what the proposer would like it to be. */
const ownTime: Forgery = ({ commit, time }) => ({ commit, time: later(time, NS_PER_HOUR) })

/** Whoever is missing has voted after all, an hour later; it has not. */
const unsigned: Forgery = (given) => {
  const forging = withRoom(given)
  const invented = missingOf(forging).map((index) => inventedEntry(forging, index))
  return withEntries(forging, [...forging.commit.entries, ...invented])
}

/** True votes, with other times than their authors signed. */
const otherTimes: Forgery = (forging) => {
  const { entries } = forging.commit
  const bent = anothers(forging)
  if (bent === undefined) return forging
  const { received } = inventedEntry(forging, bent.index)
  return withEntries(forging, [...entries.filter((entry) => entry !== bent), { ...bent, received }])
}

/** Whoever is missing stands there as absent: with no signatures, and a time that nobody named. */
const absent: Forgery = (given) => {
  const forging = withRoom(given)
  const blank = new Uint8Array(SIGNATURE_BYTES)
  const invented = missingOf(forging).map((index): CommitEntry => {
    const { received } = inventedEntry(forging, index)
    return { index, voteSignature: blank, received, timeSignature: blank }
  })
  return withEntries(forging, [...forging.commit.entries, ...invented])
}

/** Somebody votes whom the set does not know. */
const stranger: Forgery = (forging) =>
  withEntries(forging, [...forging.commit.entries, inventedEntry(forging, forging.state.lastValidators.size)])

/** Too few votes, and one of them twice. */
const twice: Forgery = (forging) => {
  const { entries } = forging.commit
  const kept = entries.slice(0, Math.max(1, entries.length - 2))
  return withEntries(forging, [...kept, ...kept.slice(0, 2)])
}

/** An honest validator is convicted of what it signed on another network, if anywhere. */
const foreignOffence: Forgery = ({ node, commit, time }) => ({
  commit,
  time,
  offences: [foreignEvidence(node.world, node.chance, victimOf(node))],
})

const FORGERIES: readonly Forgery[] = [ownTime, unsigned, otherTimes, absent, stranger, twice, foreignOffence]

/** How many blocks each has forged. */
const counts = new WeakMap<SimulatedNode, number>()

const nextForgery = (node: SimulatedNode): Forgery => {
  const count = counts.get(node) ?? node.chance.below(FORGERIES.length)
  counts.set(node, count + 1)
  const forgery = FORGERIES[count % FORGERIES.length]
  assert(forgery !== undefined)
  return forgery
}

/** As proposer, puts forward a block that may not follow, one kind after another. */
export const forgeBlocks: Misbehaviour = (node, channel, bytes) => {
  const message = messageOf(node, channel, bytes)
  const { state } = node
  if (message?.type !== 'proposal' || message.proposal.head.validRound !== -1) return false
  const { block, head } = message.proposal
  const { header, body } = block
  if (state === undefined || state.height !== header.height - 1 || state.height === 0) return false
  const forging: Forging = { node, state, commit: body.lastCommit, time: header.time }
  const { commit, time, offences } = nextForgery(node)(forging)
  const made = {
    ...body,
    round: head.round,
    proposer: node.participant.key,
    lastCommit: commit,
    lastTime: time ?? talliedTime(forging, commit),
    offences: offences ?? body.offences,
  }
  sayProposal(node, proposalOf(node, message.proposal, nextBlock(state, made)), () => true)
  return true
}

/** What the tally makes of all entries of somebody known, true or not; where that is no quorum, the true time. */
const talliedTime = ({ state, time }: Forging, { entries }: Commit): BlockTime => {
  const { lastValidators: validators, time: parentTime, genesis } = state
  const votes = entries.filter(({ index }) => validators.at(index) !== undefined)
  return tally({ validators, votes, parentTime, proposalDelayNs: genesis.parameters.proposalDelayNs }).time ?? time
}

/** Somebody who has done nothing. */
export const victimOf = ({ world, participant }: SimulatedNode): Participant => {
  const { facts } = world.record
  const victim = world.endpoints.find((to) => to.id !== participant.id && !facts.isFalse(to.id))
  assert(victim !== undefined)
  return victim.participant
}

/** Another network, on which the same keys vote. */
const otherNetwork = ({ genesis }: NodeWorld): Uint8Array => sha3(genesis.networkId)

/**
 * Two votes of one place by a key that also votes on another network, where its disk was once put back: they say nothing of this network. As they are; or
 * called words of this network, which they are not signed as.
 */
export const foreignEvidence = (world: NodeWorld, chance: ChanceStream, victim: Participant): Evidence => {
  const height = Math.max(1, world.record.heightMax)
  const here = world.genesis.networkId
  const there = otherNetwork(world)
  const vote = (networkId: Uint8Array): Vote => {
    const block = blockIdOfBytes(sha3(chance.bytes(32)))
    const body: VoteBody = {
      networkId,
      height,
      round: 0,
      kind: 'prevote',
      block,
      validRound: -1,
      author: victim.key,
    }
    const part = votePart(body)
    return { ...body, signature: world.scheme.sign(victim.key, part.domain, part.body) }
  }
  if (chance.below(2) === 0) return { type: 'votes', first: vote(there), second: vote(there) }
  return { type: 'votes', first: { ...vote(there), networkId: here }, second: { ...vote(there), networkId: here } }
}

/** Tells everybody of offences on another network. */
export const sayForeignEvidence = (node: SimulatedNode): void => {
  const evidence = foreignEvidence(node.world, node.chance, victimOf(node))
  node.say('offences', encodeEvidence(evidence), () => true)
}
