/**
 * What goes into the engine (engine.ts) and what comes out. The engine is a whole node's consensus without its world: the node's
 * shell and the simulator both feed it inputs and perform its effects, in their order.
 */
import type { TimeInterval } from '../base/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import type { Judgement } from '../validation/index.ts'
import type { Block } from './block.ts'
import type { ChainState } from './chain-state.ts'
import type { Commit } from './commit.ts'
import type { Evidence } from './evidence.ts'
import type { OpenedMessage } from './messages.ts'
import type { WalRecord } from './port.ts'
import type { Step } from './round-events.ts'
import type { BlockTime } from './tally.ts'
import type { SealedTransaction } from './transaction.ts'
import type { BlockId } from './validators.ts'

/** When an input came: by the node's counter, and what its clock read then (undefined where it has no time). */
export interface Moment {
  readonly elapsedNs: bigint
  readonly reading: TimeInterval | undefined
}

/** Topics that the engine says things on. Bytes on `proposals` and `votes` are messages (messages.ts). */
export type ConsensusChannel = 'proposals' | 'votes' | 'transactions' | 'offences'
/** Questions to one peer. `round`: what is known of a height that is being decided. `blocks`: decided ones. `snapshot`: a state. */
export type ConsensusQuestion = 'round' | 'blocks' | 'snapshot'

export type EngineInput =
  /** Once, first. */
  | { readonly type: 'start' }
  /** `came`: when, where that was before this step; reading it may have taken a while. */
  | { readonly type: 'message'; readonly from: string; readonly opened: OpenedMessage; readonly came?: Moment }
  | { readonly type: 'transaction'; readonly sealed: SealedTransaction }
  | { readonly type: 'offence'; readonly evidence: Evidence }
  /** An attestation and the proof that it measured, both with true signatures. */
  | { readonly type: 'witnessed'; readonly proof: SealedProof; readonly attestation: SealedAttestation }
  /** A timer that was scheduled has run out. */
  | { readonly type: 'timer'; readonly timer: string }
  /** Signatures of a `sign` effect, in the order of its parts; or undefined where the signer would not. */
  | { readonly type: 'signed'; readonly statement: number; readonly signatures: readonly Uint8Array[] | undefined }
  /** The answer to an `ask`; undefined where there was none. */
  | { readonly type: 'answer'; readonly request: number; readonly from: string; readonly bytes: Uint8Array | undefined }
  /** Which peers can be asked now. */
  | { readonly type: 'peers'; readonly peers: readonly string[] }

export type EngineEffect =
  /** Sign each part with the node's key, then feed `signed` back. */
  | {
      readonly type: 'sign'
      readonly statement: number
      readonly parts: readonly { readonly domain: string; readonly body: Uint8Array }[]
    }
  /** To the write-ahead log, durable before any later effect is performed. */
  | { readonly type: 'persist'; readonly records: readonly WalRecord[] }
  /** `opened`: what the bytes mean, where the engine has just opened them itself. */
  | {
      readonly type: 'publish'
      readonly channel: ConsensusChannel
      readonly bytes: Uint8Array
      readonly opened?: OpenedMessage
    }
  /** Feed `timer` back after `delayNs`; replaces a timer of the same name. */
  | { readonly type: 'schedule'; readonly timer: string; readonly delayNs: bigint }
  | { readonly type: 'cancel'; readonly timer: string }
  /** Ask one peer, and feed `answer` back: also where it fails. */
  | {
      readonly type: 'ask'
      readonly request: number
      readonly peer: string
      readonly question: ConsensusQuestion
      readonly bytes: Uint8Array
    }
  /** Decided: keep the block and its commit, durable before any later effect. `state` is the one after it. */
  | {
      readonly type: 'commit'
      readonly block: Block
      readonly commit: Commit
      readonly state: ChainState
      /** What closing slots said, for people: slots of this block's parent time. */
      readonly judged: readonly { readonly slot: number; readonly judgements: readonly Judgement[] }[]
    }
  /** Keep this state as a snapshot (chain-snapshot.ts encodes it); may be done later. */
  | { readonly type: 'snapshot'; readonly state: ChainState }
  /** A peer sent what no honest peer sends. */
  | { readonly type: 'charge'; readonly peer: string; readonly reason: string }
  /** For people: a round or step began, an offence was seen, catching up began or ended. */
  | { readonly type: 'tell'; readonly news: EngineNews }

export type EngineNews =
  | { readonly type: 'step'; readonly height: number; readonly round: number; readonly step: Step }
  | { readonly type: 'offence'; readonly evidence: Evidence; readonly offender: string }
  | { readonly type: 'catching-up'; readonly from: number; readonly to: number }
  | { readonly type: 'caught-up'; readonly height: number }
  /** The signer would not sign, or signed wrongly: at this height something is not said. Once a height. */
  | { readonly type: 'unsigned'; readonly height: number }

/** Where the engine stands, for people: plain data. */
export interface EngineView {
  /** The height that is being decided, and how far it has come. */
  readonly height: number
  readonly round: number
  readonly step: Step
  readonly isValidator: boolean
  readonly proposer: string
  /** Weight heard in this round, of `total`. */
  readonly prevoted: bigint
  readonly precommitted: bigint
  readonly total: bigint
  /** Ids of validators that have not been heard of in this round. */
  readonly silent: readonly string[]
  readonly lockedBlock: BlockId | null
  /** Heights that peers have and this node has not. */
  readonly behind: number
  readonly pendingTransactions: number
  /** Of the newest decided block: the time that its own commit gives, until the next block settles it. */
  readonly tip: { readonly height: number; readonly id: BlockId; readonly time: BlockTime } | undefined
}
