/**
 * One run: the world of a scenario, its nodes, its faults in their turns, and everybody who looks on. Synchronous: the caller
 * says how far to go. Rules: docs/spec/simulation.md Z-1 to Z-19.
 */
import assert from 'node:assert/strict'
import type { ChainGenesis } from '../consensus/index.ts'
import { sha3 } from '../crypto/index.ts'
import { ChanceStream } from './chance-stream.ts'
import { allCheckers } from './checkers.ts'
import { openEngine } from './engine-port.ts'
import type { EngineOpener } from './engine-port.ts'
import { EventQueue } from './event-queue.ts'
import { FAULTS } from './faults.ts'
import type { FaultWorld, Turn } from './faults.ts'
import { FigureKeeper } from './figures.ts'
import type { Figures } from './figures.ts'
import { IdealSignatures, RealSignatures } from './ideal-signatures.ts'
import type { SignatureScheme } from './ideal-signatures.ts'
import { Links } from './links.ts'
import { packetMaker } from './packet.ts'
import { participant } from './participants.ts'
import type { Participant } from './participants.ts'
import { replayFault } from './replaying.ts'
import { RunRecord } from './run-record.ts'
import type { Violation } from './run-record.ts'
import { parametersOf } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { drawSchedule } from './schedule.ts'
import type { ScheduledTurn } from './schedule.ts'
import { SimulatedNode } from './simulated-node.ts'
import { Transcript } from './transcript.ts'
import { WitnessPlans } from './witness-plans.ts'

/** Endpoints beyond the validators of the genesis: strangers and second copies. */
const ENDPOINTS_EXTRA = 12
const STAKE_LEAST = 90
const STAKE_SPREAD = 20

export interface Outcome {
  readonly transcriptHash: string
  readonly violations: readonly Violation[]
  readonly finalisedHeight: number
  readonly simulatedSec: number
  readonly figures: Figures
  /** Honest nodes that evidence has named. */
  readonly framed: number
  readonly falseNodes: number
  /** The lowest height that honest nodes have decided differently; null where there is none. */
  readonly forkedAt: number | null
  readonly messages: number
  readonly lostMessages: number
  readonly refusedMessages: number
  /** How often an honest node held something against an honest one. */
  readonly chargedHonest: number
  /** Sent by a node that votes, bytes a second on average. */
  readonly bytesPerSecEach: number
  readonly events: number
}

/** What a run may have in the place of the product's own. */
export interface SimulationOptions {
  readonly checkers?: typeof allCheckers
  readonly openEngine?: EngineOpener
}

export class Simulation {
  readonly scenario: Scenario
  readonly record: RunRecord
  readonly #queue = new EventQueue()
  readonly #transcript = new Transcript()
  readonly #endpoints: SimulatedNode[] = []
  readonly #links: Links
  readonly #figures: FigureKeeper
  readonly #world: FaultWorld
  readonly #sequences = new Map<string, number>()
  #strangers = 0
  #isEnded = false

  constructor(scenario: Scenario, options: SimulationOptions = {}) {
    this.scenario = scenario
    const genesis = genesisOf(scenario)
    const scheme = schemeOf(scenario)
    const sizeMax = scenario.nodes + ENDPOINTS_EXTRA
    const { parameters, networkId } = genesis
    const opening = { networkId, blockBytesMax: parameters.blockBytesMax, verifier: scheme }
    const endpoints: readonly SimulatedNode[] = this.#endpoints
    this.record = new RunRecord({ queue: this.#queue, scenario, genesis, endpoints })
    this.#links = new Links({
      queue: this.#queue,
      transcript: this.#transcript,
      chance: this.#stream('links'),
      settings: scenario.link,
      sizeMax,
    })
    const falseNodes: SimulatedNode[] = []
    this.#world = {
      scenario,
      queue: this.#queue,
      transcript: this.#transcript,
      links: this.#links,
      genesis,
      scheme,
      record: this.record,
      plans: new WitnessPlans(scenario),
      flips: this.#stream('flips'),
      endpoints,
      falseNodes,
      openEngine: options.openEngine ?? openEngine,
      packet: packetMaker(opening, scenario.isShared),
      endpointOf: (id) =>
        endpoints.find((node) => node.id === id && node.isUp) ?? endpoints.find((node) => node.id === id),
      peersOf: (node) => [...new Set(endpoints.filter((to) => to.id !== node.id).map(({ id }) => id))],
      sequenceOf: (id) => this.#nextSequence(id),
      addEndpoint: (who) => this.#addEndpoint(who, sizeMax),
      removeEndpoint: (node) => node.retire(),
      stranger: () => this.#stranger(),
    }
    this.#figures = new FigureKeeper(this.record.facts)
    this.record.watch((options.checkers ?? allCheckers)(this.record.facts, scheme), [this.#figures])
    for (let number = 0; number < scenario.nodes; number += 1) this.#addEndpoint(participant(number), sizeMax)
    falseNodes.push(...this.#drawFalse(genesis))
    this.#begin()
  }

  get nowNs(): number {
    return this.#queue.nowNs
  }

  get endpoints(): readonly SimulatedNode[] {
    return this.#endpoints
  }

  get isOver(): boolean {
    return this.#queue.nowNs >= this.scenario.durationNs
  }

  /** Lets time pass up to `untilNs`, or to the end of the run. What is thrown in a node is a violation, and the end. */
  runUntil(untilNs: number): void {
    const limitNs = Math.min(untilNs, this.scenario.durationNs)
    try {
      while (this.#queue.runNext(limitNs));
    } catch (error) {
      this.record.violated('no bug shows', -1, error instanceof Error ? (error.stack ?? error.message) : String(error))
      this.#isEnded = true
    }
  }

  /** Whether there is nothing more to run. */
  get isDone(): boolean {
    return this.#isEnded || this.isOver
  }

  /** Ends the run where it stands, and says what came of it. */
  end(): Outcome {
    if (!this.#isEnded) {
      this.record.ended()
      const fault = replayFault(this.#world, this.#endpoints)
      if (fault !== undefined) this.record.violated('replay', -1, fault)
    }
    this.#isEnded = true
    const { violations, heightMax, falseIds, refusedCount, chargedHonest, forkedAt } = this.record
    const simulatedSec = this.#queue.nowNs / 1e9
    const sentBytes = this.#links.bytesSent.slice(0, this.scenario.nodes).reduce((sum, bytes) => sum + bytes, 0)
    return {
      transcriptHash: this.#transcript.hash(),
      violations,
      finalisedHeight: heightMax,
      simulatedSec,
      figures: this.#figures.figures(),
      framed: violations.filter(({ checker }) => checker === 'no honest node named').length,
      falseNodes: falseIds.length,
      forkedAt: forkedAt ?? null,
      messages: this.#links.sent,
      lostMessages: this.#links.lost,
      refusedMessages: refusedCount,
      chargedHonest,
      bytesPerSecEach: Math.round(sentBytes / this.scenario.nodes / Math.max(simulatedSec, 1)),
      events: this.#queue.ran,
    }
  }

  #stream(name: string): ChanceStream {
    return new ChanceStream(this.scenario.seed, name)
  }

  /** In the place of one that was taken out for good, where there is such a place. */
  #addEndpoint(who: Participant, sizeMax: number): SimulatedNode | undefined {
    const vacant = this.#endpoints.findIndex(({ isRetired }) => isRetired)
    const number = vacant === -1 ? this.#endpoints.length : vacant
    if (number >= sizeMax) return undefined
    const node = new SimulatedNode(this.#world, { number, participant: who, votes: true })
    this.#endpoints[number] = node
    return node
  }

  #stranger(): Participant {
    this.#strangers += 1
    return participant(this.scenario.nodes + this.#strangers - 1)
  }

  #nextSequence(id: string): number {
    const next = (this.#sequences.get(id) ?? 0) + 1
    this.#sequences.set(id, next)
    return next
  }

  /** Validators in an order of chance, as many as stay below a third of the stake; one more where that is asked for. */
  #drawFalse({ members }: ChainGenesis): readonly SimulatedNode[] {
    const total = members.reduce((sum, { stake }) => sum + stake, 0n)
    const stakes = new Map(members.map(({ id, stake }) => [id, stake]))
    const chosen: SimulatedNode[] = []
    let sum = 0n
    for (const node of this.#stream('false').shuffled(this.#endpoints)) {
      const more = sum + (stakes.get(node.id) ?? 0n)
      const isBeyond = 3n * more >= total
      if (isBeyond && this.scenario.faulty === 'below-third') continue
      chosen.push(node)
      sum = more
      if (isBeyond) break
    }
    return chosen
  }

  #begin(): void {
    const starts = this.#stream('starts')
    for (const node of this.#endpoints) this.#queue.after(starts.below(200_000_000), () => node.start())
    const { turns, calms } = drawSchedule(this.scenario, this.#stream('schedule'))
    const chance = this.#stream('faults')
    for (const turn of turns) this.#queue.at(turn.fromNs, () => this.#take(turn, chance))
    for (const calm of calms) {
      this.#queue.at(calm.fromNs, () => this.record.calmed())
      this.#queue.at(calm.untilNs, () => this.record.disturbed('calm ends'))
    }
    this.#mark(this.#stream('marks'))
  }

  #take({ fault, untilNs }: ScheduledTurn, chance: ChanceStream): void {
    const falseOne = this.#world.falseNodes[chance.below(Math.max(1, this.#world.falseNodes.length))]
    const anyone = this.#endpoints[chance.below(this.scenario.nodes)]
    if (falseOne === undefined || anyone === undefined) return
    const { blames } = FAULTS[fault]
    const forNs = untilNs - this.#queue.nowNs
    this.#transcript.note('fault', this.#queue.nowNs, anyone.number, falseOne.number)
    this.record.disturbed(
      `${fault} for ${(forNs / 1e9).toFixed(1)} s, node ${blames === 'nobody' ? anyone.number : falseOne.number}`,
    )
    if (blames === 'false') this.record.makeFalse(falseOne.id)
    const turn: Turn = {
      world: this.#world,
      chance,
      forNs,
      anyone,
      falseOne,
      atEnd: (run) => this.#queue.at(untilNs, run),
    }
    FAULTS[fault].begin(turn)
  }

  /** Marks, asked for by whoever, at instants of chance. */
  #mark(chance: ChanceStream): void {
    const { marksPerSec } = this.scenario
    if (marksPerSec === 0) return
    const ask = (): void => {
      chance.pick(this.#endpoints).submit('mark', chance.bytes(32))
      this.#queue.after((2e9 * chance.unit()) / marksPerSec, ask)
    }
    this.#queue.after(2e9 * chance.unit(), ask)
  }
}

const genesisOf = (scenario: Scenario): ChainGenesis => {
  const chance = new ChanceStream(scenario.seed, 'stakes')
  const members = Array.from({ length: scenario.nodes }, (_, number) => {
    const { id, key } = participant(number)
    return { id, key, stake: BigInt(STAKE_LEAST + chance.below(STAKE_SPREAD)) * 1_000_000n }
  })
  const networkId = sha3(new TextEncoder().encode(`truechimer/simulated-network ${scenario.seed}`))
  assert(members.length > 0)
  return { networkId, parameters: parametersOf(scenario), members }
}

const schemeOf = ({ crypto, nodes }: Scenario): SignatureScheme => {
  const owners = Array.from({ length: nodes + ENDPOINTS_EXTRA }, (_, number) => participant(number))
  return crypto === 'real' ? new RealSignatures(owners) : new IdealSignatures(owners)
}

/** Runs a scenario from its beginning to its end. */
export const simulate = (scenario: Scenario): Outcome => {
  const simulation = new Simulation(scenario)
  simulation.runUntil(scenario.durationNs)
  return simulation.end()
}
