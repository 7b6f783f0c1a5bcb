/**
 * What happened in a run, as everybody would see it who sees everything: the one thing that checkers and figures look at. Nodes
 * tell it what they say and decide; faults tell it who has been false. Rule: docs/spec/simulation.md Z-12.
 */
import { BoundedMap } from '../base/index.ts'
import type {
  Block,
  BlockId,
  ChainGenesis,
  ChainState,
  Commit,
  EngineNews,
  Evidence,
  Message,
} from '../consensus/index.ts'
import type { Judgement } from '../validation/index.ts'
import type { EventQueue } from './event-queue.ts'
import type { Packet } from './packet.ts'
import type { Scenario } from './scenario.ts'
import type { SimulatedNode } from './simulated-node.ts'

/** A message that a node has signed and let out, to whomever. */
export interface Said {
  readonly node: SimulatedNode
  readonly atNs: number
  readonly message: Message
}

export interface Decided {
  readonly node: SimulatedNode
  readonly atNs: number
  readonly block: Block
  readonly commit: Commit
  readonly state: ChainState
  readonly judged: readonly { readonly slot: number; readonly judgements: readonly Judgement[] }[]
  /** Nobody has decided this height before. */
  readonly isFirst: boolean
}

/** Evidence that somebody holds or that stands in a block. */
export interface Named {
  readonly node: SimulatedNode
  readonly atNs: number
  readonly evidence: Evidence
}

/** A stretch without faults has ended, or the run has. */
export interface Calm {
  readonly fromNs: number
  readonly untilNs: number
}

/** A node has said what nobody can open. */
export interface Unopened {
  readonly node: SimulatedNode
  readonly reason: string
}

/** A node has come to a round. */
export interface Stepped {
  readonly node: SimulatedNode
  readonly height: number
  readonly round: number
}

/** What a checker may know of the run beside what it is told. */
export interface RunFacts {
  readonly scenario: Scenario
  readonly genesis: ChainGenesis
  /** May be named by evidence and break rules: it was told to misbehave, or its disk lost what it had said. */
  isFalse(id: string): boolean
  /** All that votes at one time may be false by a third and more: then safety is not promised, and evidence is. */
  readonly isBeyondThird: boolean
  readonly endpoints: readonly SimulatedNode[]
}

/** One promise, looked at whenever something happens. Each says what is wrong in one line, or nothing. */
export interface Checker {
  readonly name: string
  said?(said: Said): string | undefined
  decided?(decided: Decided): string | undefined
  /** What a starting node finds in its log that it has said: it may give it to whoever asks. */
  found?(said: Said): string | undefined
  unopened?(unopened: Unopened): string | undefined
  stepped?(stepped: Stepped): string | undefined
  named?(named: Named): string | undefined
  calm?(calm: Calm): string | undefined
  ended?(): string | undefined
}

export interface Violation {
  readonly checker: string
  readonly atNs: number
  /** Place of the node that it showed at; -1 where it is nobody's. */
  readonly node: number
  readonly what: string
  /** The newest happenings before it, oldest first. */
  readonly trace: readonly string[]
}

/** Violations that a run keeps; the first is the one to look at. */
export const VIOLATIONS_MAX = 32
const TRACE_MAX = 24
/** Heights whose decision is remembered. */
const HEIGHTS_MAX = 4096

/** Watches a run besides the checkers: figures. */
export interface Watcher {
  said?(said: Said): void
  decided?(decided: Decided): void
}

export class RunRecord {
  readonly violations: Violation[] = []
  readonly facts: RunFacts
  readonly #queue: EventQueue
  readonly #false = new Set<string>()
  readonly #trace: string[] = []
  #checkers: readonly Checker[] = []
  /** Of them, those that look at every word, and at every decision. */
  #ofWords: readonly Checker[] = []
  #ofDecisions: readonly Checker[] = []
  #watchers: readonly Watcher[] = []
  #heightMax = 0
  readonly #decidedIds = new BoundedMap<number, BlockId>(HEIGHTS_MAX)
  #forkedAt: number | undefined
  #refusedCount = 0
  #chargedHonest = 0
  #calmFromNs: number | undefined = 0

  constructor(parts: {
    readonly queue: EventQueue
    readonly scenario: Scenario
    readonly genesis: ChainGenesis
    readonly endpoints: readonly SimulatedNode[]
  }) {
    const { queue, scenario, genesis, endpoints } = parts
    this.#queue = queue
    const isBeyondThird = scenario.faulty === 'beyond-third'
    this.facts = { scenario, genesis, endpoints, isBeyondThird, isFalse: (id) => this.#false.has(id) }
  }

  /** Who looks on. */
  watch(checkers: readonly Checker[], watchers: readonly Watcher[]): void {
    this.#checkers = checkers
    this.#ofWords = checkers.filter((checker) => 'said' in checker)
    this.#ofDecisions = checkers.filter((checker) => 'decided' in checker)
    this.#watchers = watchers
  }

  /** The highest height that anybody has decided. */
  get heightMax(): number {
    return this.#heightMax
  }

  /** Messages that receivers would not take. */
  get refusedCount(): number {
    return this.#refusedCount
  }

  /** How often one honest node held something against another. */
  get chargedHonest(): number {
    return this.#chargedHonest
  }

  /** The lowest height at which two honest nodes have decided differently. */
  get forkedAt(): number | undefined {
    return this.#forkedAt
  }

  get falseIds(): readonly string[] {
    return [...this.#false]
  }

  /** From now on this node is not held to the rules. */
  makeFalse(id: string): void {
    this.#false.add(id)
  }

  said(node: SimulatedNode, packet: Packet): void {
    const opened = packet.open()
    if (opened.type === 'refused') return this.#unopened({ node, reason: opened.reason })
    if (opened.type !== 'message') return
    const said = { node, atNs: this.#queue.nowNs, message: opened.opened.message }
    for (const watcher of this.#watchers) watcher.said?.(said)
    for (const checker of this.#ofWords) this.#judge(checker, node, checker.said?.(said))
  }

  decided(node: SimulatedNode, effect: Omit<Decided, 'node' | 'atNs' | 'isFirst'>): void {
    const { height } = effect.block.header
    const isFirst = height > this.#heightMax
    const decided = { ...effect, node, atNs: this.#queue.nowNs, isFirst }
    this.note(`node ${node.number} decides ${height} ${effect.block.id.slice(0, 8)} in round ${effect.commit.round}`)
    if (isFirst) this.#heightMax = height
    if (!this.#false.has(node.id)) this.#compare(height, effect.block.id)
    for (const watcher of this.#watchers) watcher.decided?.(decided)
    for (const checker of this.#ofDecisions) this.#judge(checker, node, checker.decided?.(decided))
    if (isFirst) for (const evidence of effect.block.body.offences) this.#named(node, evidence)
  }

  #compare(height: number, id: BlockId): void {
    const before = this.#decidedIds.get(height)
    if (before === undefined) this.#decidedIds.set(height, id)
    else if (before !== id && (this.#forkedAt === undefined || height < this.#forkedAt)) this.#forkedAt = height
  }

  told(node: SimulatedNode, news: EngineNews): void {
    if (news.type === 'offence') this.#named(node, news.evidence)
    else if (news.type === 'step') this.#stepped(node, news)
    else this.note(`node ${node.number} ${news.type}`)
  }

  #unopened(unopened: Unopened): void {
    for (const checker of this.#checkers) this.#judge(checker, unopened.node, checker.unopened?.(unopened))
  }

  #stepped(node: SimulatedNode, { height, round }: { readonly height: number; readonly round: number }): void {
    if (round === 0) return
    const stepped = { node, height, round }
    for (const checker of this.#checkers) this.#judge(checker, node, checker.stepped?.(stepped))
  }

  #named(node: SimulatedNode, evidence: Evidence): void {
    this.note(`node ${node.number} holds evidence of ${evidence.type}`)
    const named = { node, atNs: this.#queue.nowNs, evidence }
    for (const checker of this.#checkers) this.#judge(checker, node, checker.named?.(named))
  }

  started(node: SimulatedNode, words: readonly Message[]): void {
    this.note(`node ${node.number} starts at height ${node.state?.height ?? 0}`)
    for (const message of words) {
      const said = { node, atNs: this.#queue.nowNs, message }
      for (const checker of this.#checkers) this.#judge(checker, node, checker.found?.(said))
    }
  }

  crashed(node: SimulatedNode): void {
    this.note(`node ${node.number} goes down`)
  }

  refused(node: SimulatedNode, reason: string): void {
    this.#refusedCount += 1
    if (this.#refusedCount % 64 === 1) this.note(`node ${node.number} refuses a message: ${reason}`)
  }

  charged(node: SimulatedNode, peer: string, reason: string): void {
    if (this.#false.has(node.id) || this.#false.has(peer)) return
    this.#chargedHonest += 1
    this.note(`node ${node.number} holds ${reason} against ${peer.slice(-6)}`)
  }

  /** Something is wrong in the world from now on; calm has ended. */
  disturbed(what: string): void {
    this.note(what)
    if (this.#calmFromNs !== undefined) this.#endCalm()
    this.#calmFromNs = undefined
  }

  /** Nothing is wrong any more. */
  calmed(): void {
    this.note('calm')
    this.#calmFromNs = this.#queue.nowNs
  }

  ended(): void {
    if (this.#calmFromNs !== undefined) this.#endCalm()
    for (const checker of this.#checkers) this.#judge(checker, undefined, checker.ended?.())
  }

  /** A line for the trace of a violation. */
  note(line: string): void {
    this.#trace.push(`${(this.#queue.nowNs / 1e9).toFixed(6)} ${line}`)
    if (this.#trace.length > 2 * TRACE_MAX) this.#trace.splice(0, TRACE_MAX)
  }

  violated(checker: string, node: number, what: string): void {
    if (this.violations.length >= VIOLATIONS_MAX) return
    const trace = this.#trace.slice(-TRACE_MAX)
    this.violations.push({ checker, atNs: this.#queue.nowNs, node, what, trace })
  }

  #endCalm(): void {
    const calm = { fromNs: this.#calmFromNs ?? 0, untilNs: this.#queue.nowNs }
    for (const checker of this.#checkers) this.#judge(checker, undefined, checker.calm?.(calm))
  }

  #judge(checker: Checker, node: SimulatedNode | undefined, what: string | undefined): void {
    if (what !== undefined) this.violated(checker.name, node?.number ?? -1, what)
  }
}
