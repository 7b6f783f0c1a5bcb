/**
 * Everything that can go wrong, as a table: what it is in a sentence, whom it strikes, and how it begins. Each takes its turn for a
 * while (schedule.ts) and sees itself to its own end. A new fault is one more row and its name in fault-names.ts.
 * Rules: docs/spec/simulation.md Z-13 to Z-16.
 */
import type { ChanceStream } from './chance-stream.ts'
import { clockFaults } from './faults-clock.ts'
import { diskFaults } from './faults-disk.ts'
import { membershipFaults } from './faults-membership.ts'
import { networkFaults } from './faults-network.ts'
import { behaviourFaults } from './faults-behaviour.ts'
import type { FaultName } from './fault-names.ts'
import type { NodeWorld } from './node-world.ts'
import type { Participant } from './participants.ts'
import type { SimulatedNode } from './simulated-node.ts'

/** What faults may do beside what nodes may. */
export interface FaultWorld extends NodeWorld {
  /** Validators of the genesis that may be false, by stake below a third unless the scenario says otherwise. */
  readonly falseNodes: readonly SimulatedNode[]
  /** One more endpoint; nothing where there is no room. It is not started. */
  addEndpoint(participant: Participant): SimulatedNode | undefined
  /** Takes an endpoint out for good. */
  removeEndpoint(node: SimulatedNode): void
  /** A participant that has not been there yet. */
  stranger(): Participant
}

/** One turn of one fault. */
export interface Turn {
  readonly world: FaultWorld
  readonly chance: ChanceStream
  readonly forNs: number
  /** Anybody who votes. */
  readonly anyone: SimulatedNode
  /** One that may be false; it has been noted as such where the row says `false`. */
  readonly falseOne: SimulatedNode
  /** Runs `run` when the turn is over. */
  atEnd(run: () => void): void
}

export interface Fault {
  readonly about: string
  /**
   * `nobody`: everybody keeps to the rules all the while. `false`: the false one may break them from here on, and be named. `clock`: the clock
   * of one that may be false is wrong, and nothing else.
   */
  readonly blames: 'nobody' | 'false' | 'clock'
  begin(turn: Turn): void
}

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  ...networkFaults,
  ...diskFaults,
  ...clockFaults,
  ...behaviourFaults,
  ...membershipFaults,
}
