/**
 * The genesis: what all nodes of one network hold to be given. Its hash is the network's id, so that a signature made for
 * one network means nothing in another, and a changed parameter is another network.
 *
 * Every constant of the seeds that consensus depends on is a parameter here, with its unit in its name and the seed's
 * value as its default. Rules: docs/spec/node.md G-1 to G-4.
 */
import { z } from 'zod'
import { ChimerError, NS_PER_SEC, explainIssues } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { domainDigest, nodeIdText, parseNodeId } from '../crypto/index.ts'
import { isPlainText } from '../proofs/index.ts'
import type { Member } from '../proofs/index.ts'
import { STANDING_DEFAULTS } from '../standing/index.ts'
import { JUDGEMENT_DEFAULTS } from '../validation/index.ts'
import type { JudgementParameters } from '../validation/index.ts'
import type { ChainGenesis } from './chain-state.ts'
import { membersMax } from './joining.ts'
import { CONSENSUS_DEFAULTS } from './parameters.ts'
import type { ConsensusParameters } from './parameters.ts'
import { VALIDATORS_MAX } from './validators.ts'

/** One block's time, ns: 1 s. */
export const SLOT_NS_DEFAULT = NS_PER_SEC
export const MEMBERS_MAX = VALIDATORS_MAX

const durationNs = z.number().int().positive()
/** A wait of consensus, ns: 1 ms to 10 min. */
const waitNs = durationNs.min(1_000_000).max(600_000_000_000)
/** A share, parts per billion. */
const sharePpb = z.number().int().min(0).max(1_000_000_000)
const consensusSchema = z.strictObject({
  /** Heights of an epoch: weights change at its end. */
  epochSlots: z.number().int().min(2).max(1_000_000).default(CONSENSUS_DEFAULTS.epochSlots),
  /** Within this a proposal reaches everybody, ns. */
  proposalDelayNs: waitNs.default(Number(CONSENSUS_DEFAULTS.proposalDelayNs)),
  /** How long round 0 waits for a proposal, for prevotes and for precommits, and what each later round adds, ns. */
  timeoutProposeNs: waitNs.default(Number(CONSENSUS_DEFAULTS.timeoutProposeNs)),
  timeoutPrevoteNs: waitNs.default(Number(CONSENSUS_DEFAULTS.timeoutPrevoteNs)),
  timeoutPrecommitNs: waitNs.default(Number(CONSENSUS_DEFAULTS.timeoutPrecommitNs)),
  timeoutStepNs: waitNs.default(Number(CONSENSUS_DEFAULTS.timeoutStepNs)),
  /** Largest block, bytes. */
  blockBytesMax: z.number().int().min(16_384).max(870_000).default(CONSENSUS_DEFAULTS.blockBytesMax),
  /** How many slots after its end a slot is judged by the chain. */
  evidenceLagSlots: z.number().int().min(1).max(6).default(CONSENSUS_DEFAULTS.evidenceLagSlots),
  /** Offences older than this many heights are not taken. */
  offenceAgeMax: z.number().int().min(100).max(10_000_000).default(CONSENSUS_DEFAULTS.offenceAgeMax),
  /** A node is witnessed in one slot out of so many. */
  witnessEverySlots: z.number().int().min(1).max(3600).default(CONSENSUS_DEFAULTS.witnessEverySlots),
  /** Slots in range that a candidate needs before it votes; how many may wait, and how many begin to vote in one epoch. */
  joinRecordSlots: z.number().int().min(1).max(1_000_000).default(CONSENSUS_DEFAULTS.joinRecordSlots),
  candidatesMax: z.number().int().min(0).max(1000).default(CONSENSUS_DEFAULTS.candidatesMax),
  joinsPerEpochMax: z.number().int().min(0).max(1000).default(CONSENSUS_DEFAULTS.joinsPerEpochMax),
})
const standingSchema = z.strictObject({
  /** α: how much of a weight is reputation, the rest being stake. */
  alphaPpb: sharePpb.default(Number(STANDING_DEFAULTS.alphaPpb)),
  /** β: how fast reputation follows accuracy. */
  betaPpb: sharePpb.min(1).max(999_999_999).default(Number(STANDING_DEFAULTS.betaPpb)),
  /** γ: what an epoch as a falseticker takes of reputation. */
  gammaPpb: sharePpb.default(Number(STANDING_DEFAULTS.gammaPpb)),
  /** Reputation of who begins. */
  reputationInitialPpb: sharePpb.default(Number(STANDING_DEFAULTS.reputationInitialPpb)),
  /** What one proven offence takes of integrity. */
  offencePenaltyPpb: sharePpb.default(Number(STANDING_DEFAULTS.offencePenaltyPpb)),
})
const parametersSchema = z.strictObject({
  /** Length of a slot, ns; 100 ms to 1 h. */
  slotNs: durationNs.min(100_000_000).max(3_600_000_000_000).default(Number(SLOT_NS_DEFAULT)),
  /** Accepted range of variance V, ns; 1 µs to 10 s. */
  acceptedVarianceNs: durationNs.min(1000).max(10_000_000_000).default(Number(JUDGEMENT_DEFAULTS.acceptedVarianceNs)),
  /** Witnesses of one node in one slot. */
  committeeSeats: z.number().int().min(1).max(64).default(JUDGEMENT_DEFAULTS.committeeSeats),
  /** Slots without a witnessed proof until a node is absent. */
  absentAfterSlots: z.number().int().min(2).max(1_000_000).default(JUDGEMENT_DEFAULTS.absentAfterSlots),
  consensus: consensusSchema.prefault({}),
  standing: standingSchema.prefault({}),
})
const memberSchema = z.strictObject({
  /** Node id: the key as a libp2p peer id. */
  id: z.string().max(64),
  /** What people call it. */
  name: z.string().min(1).max(32).refine(isPlainText, 'must stay on its line: no control characters'),
  weight: z.number().int().positive().max(1_000_000_000).default(1),
})
/** The genesis file, as people write it. */
export const genesisSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens, 1 to 32'),
  parameters: parametersSchema.prefault({}),
  members: z.array(memberSchema).min(1).max(MEMBERS_MAX),
})
export type GenesisFile = z.input<typeof genesisSchema>

export interface NamedMember extends Member {
  readonly name: string
}

export interface Genesis {
  readonly name: string
  /** SHA3-256 of everything below, 32 bytes. */
  readonly networkId: Uint8Array
  readonly slotNs: bigint
  readonly judgement: JudgementParameters
  readonly consensus: ConsensusParameters
  /** In the order of the file; ids differ. */
  readonly members: readonly NamedMember[]
}

export const GENESIS_DOMAIN = 'truechimer/genesis/2'

/** A checked genesis. `TC_GENESIS_INVALID` names the key and what it must be. */
export const readGenesis = (data: unknown): Genesis => {
  const parsed = genesisSchema.safeParse(data)
  if (!parsed.success) throw invalid(explainIssues(parsed.error, { schema: genesisSchema }))
  const { name, parameters, members: listed } = parsed.data
  const members = listed.map(({ id, name: called, weight }): NamedMember => {
    const key = parseNodeId(id)
    if (key.verdict !== 'accept') throw invalid(`member ${called}: ${id} is no node id (${key.reason})`)
    return { id: nodeIdText(key.value), key: key.value, name: called, weight: BigInt(weight) }
  })
  if (new Set(members.map(({ id }) => id)).size < members.length) throw invalid('two members have one id')
  const consensus = consensusOf(parameters)
  const countMax = membersMax(consensus)
  if (members.length > countMax)
    throw invalid(
      `its blocks have room for the evidence of ${countMax} members, and there are ${members.length}; raise blockBytesMax or witnessEverySlots, or lower committeeSeats`,
    )
  const networkId = networkIdOf(name, parameters, members)
  return { name, networkId, slotNs: consensus.slotNs, judgement: consensus.judgement, consensus, members }
}

/** What consensus takes from a genesis. Members' weights are their stake. */
export const chainGenesisOf = ({ networkId, consensus, members }: Genesis): ChainGenesis => ({
  networkId,
  parameters: consensus,
  members: members.map(({ id, key, weight }) => ({ id, key, stake: weight })),
})

type Parameters = z.output<typeof parametersSchema>

const consensusOf = ({ consensus, standing, slotNs, ...judgement }: Parameters): ConsensusParameters => ({
  ...consensus,
  slotNs: BigInt(slotNs),
  proposalDelayNs: BigInt(consensus.proposalDelayNs),
  timeoutProposeNs: BigInt(consensus.timeoutProposeNs),
  timeoutPrevoteNs: BigInt(consensus.timeoutPrevoteNs),
  timeoutPrecommitNs: BigInt(consensus.timeoutPrecommitNs),
  timeoutStepNs: BigInt(consensus.timeoutStepNs),
  judgement: { ...judgement, acceptedVarianceNs: BigInt(judgement.acceptedVarianceNs) },
  standing: {
    alphaPpb: BigInt(standing.alphaPpb),
    betaPpb: BigInt(standing.betaPpb),
    gammaPpb: BigInt(standing.gammaPpb),
    reputationInitialPpb: BigInt(standing.reputationInitialPpb),
    offencePenaltyPpb: BigInt(standing.offencePenaltyPpb),
  },
})

/**
 * Every parameter by the order of its schema, which is part of the encoding. Names of members are for people and change
 * nothing: they are left out of the id.
 */
const networkIdOf = (name: string, parameters: Parameters, members: readonly Member[]): Uint8Array => {
  const { slotNs, acceptedVarianceNs, committeeSeats, absentAfterSlots, consensus, standing } = parameters
  const seats = members.map(({ key, weight }) => [key, weight])
  const body = [
    name,
    [slotNs, acceptedVarianceNs, committeeSeats, absentAfterSlots],
    Object.keys(consensusSchema.shape).map((key) => Reflect.get(consensus, key)),
    Object.keys(standingSchema.shape).map((key) => Reflect.get(standing, key)),
    seats,
  ]
  return domainDigest(GENESIS_DOMAIN, encodeData(body))
}

const invalid = (say: string): ChimerError =>
  new ChimerError('TC_GENESIS_INVALID', `The genesis cannot be used: ${say}.`)
