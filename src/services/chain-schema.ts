/**
 * The chain as shapes: the genesis, blocks with their intervals, how far the height being decided has come, who votes with what weight
 * and why. `schema.ts` hands them on. Rules: docs/spec/api.md, A-90 to A-101.
 *
 * Weights are whole numbers of parts per billion of one voice; shares are parts per billion of something, 0 to 1,000,000,000.
 */
import { z } from 'zod'
import { cid, count, explanation, nodeId, ns, reason, tai, utc } from './schema-terms.ts'

/** Blocks in one answer. */
export const BLOCKS_SHOWN_MAX = 100
/** Transactions of one block in one answer; the rest are counted. */
export const TRANSACTIONS_SHOWN_MAX = 500
/** Validators, candidates and those who leave, in one answer. */
export const VALIDATORS_SHOWN_MAX = 1100
/** Characters of base64 of one transaction. */
export const TRANSACTION_CHARS_MAX = 2048
/** Characters of base64 of one light proof: 4 MiB. */
export const LIGHT_CHARS_MAX = 5_592_408

const height = z.number().int().nonnegative().describe('height of a block; the first is 1')
const blockId = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('digest of a header, 64 hex digits')
const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('32 bytes in hex')
const weight = z.number().int().nonnegative().describe('vote weight, parts per billion of one voice')
const share = z.number().int().nonnegative().describe('parts per billion')
const author = z
  .object({ id: nodeId, name: z.string().describe('as the genesis has it, else the end of its id') })
  .describe('a node and what people call it')
const weighed = author.extend({ weight })

/** A block's time: where the true time of its proposal lies, and the timestamp inside. */
export const blockTimeSchema = z.object({
  earliest: tai,
  latest: tai,
  timestamp: tai.describe('middle of the interval, made to increase from block to block'),
  widthNs: ns.nonnegative().describe('latest − earliest'),
  utc: utc.describe('the timestamp'),
})

/** An interval of somebody's clock. */
const receivedSchema = z.object({ earliest: tai, latest: tai })

/** One block in a list. */
export const blockSummarySchema = z.object({
  height,
  id: blockId,
  round: count.describe('the round that decided it'),
  proposer: author,
  time: blockTimeSchema.nullable().describe('null where this node does not know it yet'),
  settled: z
    .boolean()
    .describe(
      'true: the next block fixed the time. False: it is what this node’s own commit gives, and may still differ',
    ),
  own: receivedSchema
    .nullable()
    .describe(
      'when this node received the proposal by its own clock, where its vote is in the commit and it had the time',
    ),
  signers: count.describe('validators in the commit'),
  validators: count.describe('validators of the height; 0 where this node does not know them any more'),
  transactions: count,
  witnessed: count.describe('time proofs with what their witnesses measured'),
  offences: count,
  emergency: z.boolean().describe('more than a third of the weight was out of range'),
  bytes: count,
})

/** GET /v1/blocks */
export const blocksSchema = z.object({
  blocks: z.array(blockSummarySchema).describe('the newest first, without gaps'),
  first: height.nullable().describe('the oldest that this node holds'),
  last: height.nullable().describe('the newest that is decided'),
})

const signerSchema = z.object({
  index: count.describe('place in the validator set'),
  id: nodeId.nullable(),
  name: z.string(),
  weight: weight.nullable(),
  received: receivedSchema.nullable().describe('null: its clock had no time, and it said so'),
  widthNs: ns.nonnegative().nullable(),
})

export const transactionViewSchema = z.object({
  key: cid,
  kind: z.enum(['join', 'leave', 'mark', 'stamp']),
  author,
  sequence: z.number().int().positive(),
  acted: receivedSchema.describe('when its author acted, by its own clock'),
  payload: z.string().max(64).describe('of a mark: the 32 bytes that it fixes, in hex'),
})

/** GET /v1/blocks/:block */
export const blockSchema = blockSummarySchema.extend({
  parent: blockId,
  proven: z.string().describe('what the commit proves, for a person'),
  open: z.string().describe('what is not settled yet, for a person; empty where all is'),
  header: z.object({
    proposedRound: count.describe('the round in which it was first proposed'),
    commitRoot: digest,
    transactionsRoot: digest,
    evidenceRoot: digest,
    stateRoot: digest,
    weightsRoot: digest,
    availability: z.array(z.string().regex(/^[0-9a-f]{96}$/)),
    proposerKey: digest.describe('Ed25519 key'),
  }),
  commit: z
    .object({
      round: count,
      settles: z.boolean().describe('true: it stands in the next block, and its time counts'),
      weight: weight.nullable().describe('null where the validators of this height are not known here any more'),
      total: weight.nullable(),
      quorum: weight.nullable().describe('the least weight that decides'),
      signers: z.array(signerSchema),
      missing: z.array(weighed).describe('validators that are not in it; any quorum will do'),
    })
    .nullable(),
  transactionList: z.array(transactionViewSchema).describe(`at most ${TRANSACTIONS_SHOWN_MAX}`),
  attestations: count,
  offenceList: z.array(
    z.object({
      type: z.enum(['votes', 'amnesia', 'proposals', 'times', 'proofs']),
      offender: author,
      explanation,
    }),
  ),
})

/** Where the epoch stands. */
export const epochSchema = z.object({
  number: count,
  firstHeight: height,
  lastHeight: height.describe('weights change after it'),
  decided: count.describe('heights of it that are decided'),
  slots: z.number().int().positive(),
})

/** How far the height that is being decided has come. */
export const roundSchema = z.object({
  height,
  round: count,
  step: z.enum(['propose', 'prevote', 'precommit']),
  proposer: author,
  validator: z.boolean().describe('does this node vote?'),
  prevoted: weight,
  precommitted: weight,
  total: weight,
  quorum: weight.describe('the least weight that decides'),
  silent: z.array(weighed).describe('validators that have not been heard in this round, the heaviest first'),
  silentWeight: weight,
  behind: count.describe('heights that peers have and this node has not'),
  pending: count.describe('transactions that wait'),
  locked: blockId.nullable().describe('the block that this node is bound to'),
  waiting: z.string().describe('what it waits for, for a person'),
  stuck: z.boolean().describe('with those that are silent no quorum can come about'),
})

const emergencyFields = {
  emergency: z.boolean(),
  out: z.array(weighed).describe('validators whose clocks are out of range, the heaviest first'),
  outShare: share.describe('of the total weight'),
  explanation: explanation.describe('for a person; empty where there is no emergency'),
}
export const emergencySchema = z.object(emergencyFields)

/** Part of GET /v1/status. */
export const chainStatusSchema = z.object({
  halted: z.string().describe('why this node no longer decides, for a person; empty while it does'),
  round: roundSchema,
  roundsFailed: count.describe('rounds that ended without a block, since this node started'),
  epoch: epochSchema,
  emergency: emergencySchema,
  tip: blockSummarySchema.nullable().describe('the newest block; null before the first'),
  tipAgeNs: ns.nonnegative().nullable().describe('since its timestamp; null where this node has no time'),
})

const slotCounts = {
  judgedSlots: count.describe('slots of the epoch that were judged'),
  placedSlots: count.describe('those in which its witnesses agreed where its clock was'),
  absentSlots: count,
  falseSlots: count.describe('those after which it was a falseticker'),
}

const changeSchema = z.object({
  weight: z.number().int().describe('after − before'),
  reputation: z.number().int(),
  integrity: z.number().int(),
  accuracy: share.nullable().describe('of that epoch; null where it was never placed'),
  ...slotCounts,
})

/** One member of the chain. */
export const validatorSchema = author.extend({
  self: z.boolean(),
  role: z.enum(['candidate', 'validator', 'leaving']),
  weight,
  share: share.describe('of the total weight'),
  reputation: share,
  stakeShare: share.describe('its stake by the largest stake'),
  integrity: share.describe('one, less what evidence of offences has taken'),
  accuracy: share.nullable().describe('of the running epoch so far; null where it has not been placed yet'),
  ...slotCounts,
  inRangeSlots: count.describe('judged slots in range, of all epochs'),
  since: height.describe('height at which it joined; 0 for the genesis'),
  status: z.enum(['unproven', 'truechimer', 'falseticker', 'absent']).describe('by committed evidence'),
  reason,
  explanation,
  why: z.string().describe('why its weight is what it is, for a person'),
  changed: changeSchema.nullable().describe('by the last epoch’s end; null where this node does not know'),
})

/** GET /v1/validators */
export const validatorsSchema = z.object({
  height: height.describe('who votes at this height'),
  asOf: height.describe('the block after which the figures stand so'),
  epoch: epochSchema,
  total: weight,
  quorum: weight.describe('the least weight that decides'),
  emergency: emergencySchema,
  parameters: z.object({
    alpha: share.describe('α: the part of reputation in a weight; the rest is stake'),
    beta: share.describe('β: how fast reputation follows accuracy'),
    gamma: share.describe('γ: what a penalty of one takes'),
    joinRecordSlots: count.describe('judged slots in range that a candidate needs'),
  }),
  validators: z.array(validatorSchema).describe('the heaviest first, candidates last'),
})

/** GET /v1/genesis */
export const genesisViewSchema = z.object({
  networkId: digest.describe('hash of what the genesis fixes; a signature for one network means nothing in another'),
  name: z.string(),
  genesis: z.record(z.string(), z.unknown()).describe('the genesis file, whole, defaults filled in'),
})

/** GET /v1/light */
export const lightSchema = z.object({
  from: height,
  to: height,
  bytes: z
    .string()
    .max(LIGHT_CHARS_MAX)
    .describe('the proof, base64: headers and commits, as truechimer’s light client takes them'),
})

/** POST /v1/transactions */
export const transactionSchema = z.object({
  bytes: z
    .string()
    .min(4)
    .max(TRANSACTION_CHARS_MAX)
    .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'base64, with its padding')
    .describe('the signed transaction, base64'),
})
export const acceptedSchema = z.object({
  key: cid.describe('content address of the transaction: it is waiting for a block'),
})

/** Events of the chain in GET /v1/events. */
export const chainEventSchemas = [
  z.object({
    type: z.literal('block'),
    block: blockSummarySchema,
    before: blockSummarySchema.nullable().describe('the block before, whose time this one settles'),
  }),
  z.object({ type: z.literal('round'), ...roundSchema.shape }),
  z.object({ type: z.literal('emergency'), height, ...emergencyFields }),
] as const

export type BlockTimeView = z.infer<typeof blockTimeSchema>
export type BlockSummary = z.infer<typeof blockSummarySchema>
export type BlocksView = z.infer<typeof blocksSchema>
export type BlockView = z.infer<typeof blockSchema>
export type TransactionView = z.infer<typeof transactionViewSchema>
export type EpochView = z.infer<typeof epochSchema>
export type RoundView = z.infer<typeof roundSchema>
export type EmergencyView = z.infer<typeof emergencySchema>
export type ChainStatusView = z.infer<typeof chainStatusSchema>
export type ValidatorView = z.infer<typeof validatorSchema>
export type ValidatorsView = z.infer<typeof validatorsSchema>
export type GenesisView = z.infer<typeof genesisViewSchema>
export type LightView = z.infer<typeof lightSchema>
export type TransactionForm = z.infer<typeof transactionSchema>
export type AcceptedView = z.infer<typeof acceptedSchema>
