/** What a simulated node finds around it. */
import type { ChainGenesis } from '../consensus/index.ts'
import type { ChanceStream } from './chance-stream.ts'
import type { EngineOpener } from './engine-port.ts'
import type { EventQueue } from './event-queue.ts'
import type { SignatureScheme } from './ideal-signatures.ts'
import type { Links } from './links.ts'
import type { PacketMaker } from './packet.ts'
import type { RunRecord } from './run-record.ts'
import type { Scenario } from './scenario.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { Transcript } from './transcript.ts'
import type { WitnessPlans } from './witness-plans.ts'

export interface NodeWorld {
  readonly scenario: Scenario
  readonly queue: EventQueue
  readonly transcript: Transcript
  readonly links: Links
  readonly genesis: ChainGenesis
  readonly scheme: SignatureScheme
  readonly record: RunRecord
  readonly plans: WitnessPlans
  /** Which bit is flipped where one is. */
  readonly flips: ChanceStream
  /** By their numbers. */
  readonly endpoints: readonly SimulatedNode[]
  readonly openEngine: EngineOpener
  readonly packet: PacketMaker
  /** Who answers to an id now; of two copies, the first that is up. */
  endpointOf(id: string): SimulatedNode | undefined
  /** Ids of all others. */
  peersOf(node: SimulatedNode): readonly string[]
  /** The next sequence of a participant's transactions. */
  sequenceOf(id: string): number
}
