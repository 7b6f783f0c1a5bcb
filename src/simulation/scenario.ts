/**
 * What a run is: how many nodes, for how long, over which links, with which faults, by which seed. A scenario and a release of
 * the program say the whole run. Rules: docs/spec/simulation.md Z-1, Z-5.
 */
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import type { OscillatorPresetName } from '../clock/index.ts'
import { CONSENSUS_DEFAULTS } from '../consensus/index.ts'
import type { ConsensusParameters } from '../consensus/index.ts'
import { STANDING_DEFAULTS } from '../standing/index.ts'
import { JUDGEMENT_DEFAULTS } from '../validation/index.ts'
import type { FaultName } from './fault-names.ts'
import type { CryptoName } from './ideal-signatures.ts'

/** Limits of what may be asked for. */
export const NODES_MIN = 4
export const NODES_MAX = 200
export const HOURS_MAX = 24 * 30
export const SEED_MAX = 2 ** 32 - 1

export const SEC = 1e9
export const MS = 1e6

/** How messages travel from one node to another, where nothing is wrong. Delays in ns, whole. */
export interface LinkSettings {
  /** The least that any message takes. */
  readonly delayNs: number
  /** What comes on top on average; three times that at most. */
  readonly jitterNs: number
  /** Of a million messages so many are lost. */
  readonly lossPerMillion: number
  readonly duplicatePerMillion: number
  /** What one node can send to all others together, bytes a second; 0: no limit. */
  readonly bytesPerSec: number
}

export interface Scenario {
  /** Validators of the genesis. */
  readonly nodes: number
  readonly durationNs: number
  /** 0 to `SEED_MAX`. */
  readonly seed: number
  readonly faults: readonly FaultName[]
  /** Validators that may be false at one time, by stake below a third of all; `beyond`: a third and more, to see what breaks. */
  readonly faulty: 'below-third' | 'beyond-third'
  readonly crypto: CryptoName
  readonly link: LinkSettings
  readonly oscillator: OscillatorPresetName
  /** From one block's beginning to the next. */
  readonly paceNs: number
  readonly slotNs: number
  readonly epochSlots: number
  readonly witnessEverySlots: number
  readonly acceptedVarianceNs: number
  /** Marks that all nodes together ask for in a second; below one, so many on average. */
  readonly marksPerSec: number
  /** What one node has opened another need not: off, everybody opens and applies everything by itself. */
  readonly isShared: boolean
  /** Words that a clock's filter goes through anew at each update. */
  readonly filterWords: number
  /** Without faults for so long, everybody must have gone on. */
  readonly progressNs: number
  /** Blocks from the end that are decoded and applied anew, to see that the same state comes out; 0: none. */
  readonly replayedMax: number
}

export const SCENARIO_DEFAULTS: Scenario = Object.freeze({
  nodes: 7,
  durationNs: 3600 * SEC,
  seed: 1,
  faults: Object.freeze([]),
  faulty: 'below-third',
  crypto: 'ideal',
  link: Object.freeze({
    delayNs: 20 * MS,
    jitterNs: 5 * MS,
    lossPerMillion: 0,
    duplicatePerMillion: 0,
    bytesPerSec: 12_500_000,
  }),
  oscillator: 'quartz',
  paceNs: SEC,
  slotNs: SEC,
  epochSlots: 60,
  witnessEverySlots: 10,
  acceptedVarianceNs: 50 * MS,
  marksPerSec: 0.5,
  isShared: true,
  filterWords: 24,
  progressNs: 30 * SEC,
  replayedMax: 100,
})

/** The parameters that a run's genesis has. */
export const parametersOf = (scenario: Scenario): ConsensusParameters => ({
  ...CONSENSUS_DEFAULTS,
  slotNs: BigInt(scenario.slotNs),
  epochSlots: scenario.epochSlots,
  witnessEverySlots: scenario.witnessEverySlots,
  timeoutProposeNs: NS_PER_SEC,
  timeoutPrevoteNs: 500n * NS_PER_MS,
  timeoutPrecommitNs: 500n * NS_PER_MS,
  timeoutStepNs: 250n * NS_PER_MS,
  joinRecordSlots: 2,
  judgement: { ...JUDGEMENT_DEFAULTS, acceptedVarianceNs: BigInt(scenario.acceptedVarianceNs) },
  standing: STANDING_DEFAULTS,
})
