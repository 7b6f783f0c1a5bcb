/**
 * The genesis: what all nodes of one network hold to be given. Its hash is the network's id, so that a signature made for
 * one network means nothing in another, and a changed parameter is another network.
 *
 * Every constant of the seeds that consensus depends on is a parameter here, with its unit in its name and the seed's
 * value as its default. Rules: docs/spec/node.md G-1 to G-4.
 */
import { z } from 'zod'
import { ChimerError, NS_PER_SEC } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { domainDigest, nodeIdText, parseNodeId } from '../crypto/index.ts'
import type { Member } from '../proofs/index.ts'
import { JUDGEMENT_DEFAULTS } from '../validation/index.ts'
import type { JudgementParameters } from '../validation/index.ts'
import { explainIssues } from './explain.ts'

/** One block's time, ns: 1 s. */
export const SLOT_NS_DEFAULT = NS_PER_SEC
export const MEMBERS_MAX = 10_000

const durationNs = z.number().int().positive()
const parametersSchema = z.strictObject({
  /** Length of a slot, ns; 100 ms to 1 h. */
  slotNs: durationNs.min(100_000_000).max(3_600_000_000_000).default(Number(SLOT_NS_DEFAULT)),
  /** Accepted range of variance V, ns; 1 µs to 10 s. */
  acceptedVarianceNs: durationNs.min(1000).max(10_000_000_000).default(Number(JUDGEMENT_DEFAULTS.acceptedVarianceNs)),
  /** Witnesses of one node in one slot. */
  committeeSeats: z.number().int().min(1).max(64).default(JUDGEMENT_DEFAULTS.committeeSeats),
  /** Slots without a witnessed proof until a node is absent. */
  absentAfterSlots: z.number().int().min(2).max(1_000_000).default(JUDGEMENT_DEFAULTS.absentAfterSlots),
})
const memberSchema = z.strictObject({
  /** Node id: the key as a libp2p peer id. */
  id: z.string().max(64),
  /** What people call it. */
  name: z.string().min(1).max(32),
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
  /** In the order of the file; ids differ. */
  readonly members: readonly NamedMember[]
}

export const GENESIS_DOMAIN = 'truechimer/genesis/1'

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
  return {
    name,
    networkId: networkIdOf(name, parameters, members),
    slotNs: BigInt(parameters.slotNs),
    judgement: { ...parameters, acceptedVarianceNs: BigInt(parameters.acceptedVarianceNs) },
    members,
  }
}

/** Names of members are for people and change nothing: they are left out of the id. */
const networkIdOf = (
  name: string,
  parameters: z.output<typeof parametersSchema>,
  members: readonly Member[],
): Uint8Array => {
  const { slotNs, acceptedVarianceNs, committeeSeats, absentAfterSlots } = parameters
  const seats = members.map(({ key, weight }) => [key, weight])
  const body = [name, [slotNs, acceptedVarianceNs, committeeSeats, absentAfterSlots], seats]
  return domainDigest(GENESIS_DOMAIN, encodeData(body))
}

const invalid = (say: string): ChimerError =>
  new ChimerError('TC_GENESIS_INVALID', `The genesis cannot be used: ${say}.`)
