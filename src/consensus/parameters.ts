/**
 * What a network's consensus is set to, all of it given by the genesis: lengths in slots, waits in ns, limits in bytes. The
 * defaults are named here and used by the genesis schema. Source: DESIGN §4 ("every constant of a seed is a named parameter"), §5.5.
 */
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import type { StandingParameters } from '../standing/index.ts'
import type { JudgementParameters } from '../validation/index.ts'

export interface ConsensusParameters {
  /** Length of a slot, one block's time, ns > 0. */
  readonly slotNs: bigint
  /** Heights of an epoch, > 0: weights change after every height that it divides. */
  readonly epochSlots: number
  /** Δ: within this a proposal reaches every honest validator while the network is well, ns > 0. */
  readonly proposalDelayNs: bigint
  /** Waits of round 0 for the three steps, and what each later round adds, ns > 0. */
  readonly timeoutProposeNs: bigint
  readonly timeoutPrevoteNs: bigint
  readonly timeoutPrecommitNs: bigint
  readonly timeoutStepNs: bigint
  /** Largest encoded block, bytes. */
  readonly blockBytesMax: number
  /** A slot is judged once a block's parent is this many slots later: time for its evidence to be committed. */
  readonly evidenceLagSlots: number
  /** Offences older than this many heights are not taken any more. */
  readonly offenceAgeMax: number
  /** A node is witnessed in one slot out of so many, > 0. */
  readonly witnessEverySlots: number
  /** Judged in-range slots that a candidate needs before it may vote. */
  readonly joinRecordSlots: number
  /** Candidates at one time, and new validators in one epoch. */
  readonly candidatesMax: number
  readonly joinsPerEpochMax: number
  readonly judgement: JudgementParameters
  readonly standing: StandingParameters
}

export const CONSENSUS_DEFAULTS = {
  epochSlots: 3600,
  proposalDelayNs: 500n * NS_PER_MS,
  timeoutProposeNs: 3n * NS_PER_SEC,
  timeoutPrevoteNs: NS_PER_SEC,
  timeoutPrecommitNs: NS_PER_SEC,
  timeoutStepNs: 500n * NS_PER_MS,
  blockBytesMax: 524_288,
  evidenceLagSlots: 2,
  offenceAgeMax: 100_000,
  witnessEverySlots: 1,
  joinRecordSlots: 60,
  candidatesMax: 64,
  joinsPerEpochMax: 4,
} as const
