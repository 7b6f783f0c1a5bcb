/**
 * The background work of discovery as a step machine: it is told what is connected, and says what to do. It keeps outbound
 * peers in distinct groups, replaces those that are gone or stand badly, sends feelers, tests who holds a contested place,
 * rotates the worst outbound peer now and then, and asks for records.
 *
 * Rules: docs/spec/network.md N-27 to N-31. A core: chance and elapsed time are passed in; the shell (discovery.ts) dials.
 */
import { drawBelow, max, min } from '../../base/index.ts'
import type { Random } from '../../base/index.ts'
import type { PeerId } from '../port.ts'
import type { AddressTables, TableEntry } from './address-tables.ts'
import { chooseFeeler, chooseOtherGroup, chooseOutbound, duplicates, worstOf } from './outbound.ts'
import type { Choice, OutboundPeer } from './outbound.ts'
import type { DiscoveryParameters } from './parameters.ts'

/** Why we dial: to keep; to see whether it answers, and leave; as those, in place of another. */
export type DialPurpose = 'anchor' | 'outbound' | 'rotation' | 'feeler' | 'test'

/** Why we close a connection: reasons counted on the channel `connection`. */
export const FAREWELL_REASONS = ['feeler-done', 'introducer-done', 'peer-rotated', 'peer-badly-standing'] as const
export type FarewellReason = (typeof FAREWELL_REASONS)[number]

export type Effect =
  | {
      readonly type: 'dial'
      readonly peer: PeerId
      readonly addresses: readonly string[]
      readonly purpose: DialPurpose
    }
  | { readonly type: 'disconnect'; readonly peer: PeerId; readonly reason: FarewellReason }
  | { readonly type: 'ask'; readonly peer: PeerId }
  | { readonly type: 'bootstrap' }

/** What is connected now. */
export interface Sight {
  readonly elapsedNs: bigint
  readonly connected: ReadonlySet<PeerId>
  /** Connections that we made, feelers too. */
  readonly outbound: readonly OutboundPeer[]
  /** Peers that our operator named: whoever joins goes there first, so they are left free once there are enough others. */
  readonly introducers: ReadonlySet<PeerId>
}

interface Dial {
  readonly purpose: DialPurpose
  readonly group: string
}

export interface MaintenanceOptions {
  readonly random: Random
  readonly tables: AddressTables
  readonly parameters: DiscoveryParameters
  /** Peers to dial first, once each; they must be in the tables. */
  readonly anchors: readonly PeerId[]
  readonly elapsedNs: bigint
}

/** With nobody connected, bootstrap is not put off for longer than this many of its shortest pauses. */
const LONELY_PAUSES_MAX = 5n

export class Maintenance {
  readonly feelers = { sent: 0, answered: 0 }
  readonly #random: Random
  readonly #tables: AddressTables
  readonly #parameters: DiscoveryParameters
  readonly #dials = new Map<PeerId, Dial>()
  #anchors: readonly PeerId[]
  #feelerAtNs: bigint
  #rotationAtNs: bigint
  #askAtNs: bigint
  #bootstrapAtNs: bigint
  #bootstrapPauseNs: bigint

  constructor({ random, tables, parameters, anchors, elapsedNs }: MaintenanceOptions) {
    this.#random = random
    this.#tables = tables
    this.#parameters = parameters
    this.#anchors = anchors
    this.#feelerAtNs = elapsedNs + this.#around(parameters.feelerThinNs)
    this.#rotationAtNs = elapsedNs + this.#around(parameters.rotationNs)
    this.#askAtNs = elapsedNs + this.#around(parameters.askNs)
    this.#bootstrapAtNs = elapsedNs
    this.#bootstrapPauseNs = parameters.bootstrapNsMin
  }

  /** When things are due next, elapsed ns. */
  get due(): { readonly feelerAtNs: bigint; readonly rotationAtNs: bigint; readonly bootstrapAtNs: bigint } {
    return { feelerAtNs: this.#feelerAtNs, rotationAtNs: this.#rotationAtNs, bootstrapAtNs: this.#bootstrapAtNs }
  }

  /** What to do now, and after how many ns to step again at the latest. Every `dial` must come back as `dialled`. */
  step(sight: Sight): { readonly effects: readonly Effect[]; readonly nextNs: bigint } {
    const kept = this.#kept(sight)
    const leaving = kept.filter(({ score }) => score < this.#parameters.scoreMin)
    const standing = kept.filter((one) => !leaving.includes(one))
    const introduced = this.#introduced(sight, standing)
    const staying = standing.filter((one) => !introduced.includes(one))
    const missing = this.#missing(staying.filter(({ peer }) => !sight.introducers.has(peer)))
    const effects: Effect[] = [
      ...leaving.map(({ peer }): Effect => ({ type: 'disconnect', peer, reason: 'peer-badly-standing' })),
      ...introduced.map(({ peer }): Effect => ({ type: 'disconnect', peer, reason: 'introducer-done' })),
      ...this.#tests(sight),
      ...this.#fill(sight, staying, missing),
      ...this.#rotation(sight, staying, missing),
      ...this.#feeler(sight, staying),
      ...this.#question(sight),
      ...this.#bootstrap(sight, staying),
    ]
    return { effects, nextNs: this.#nextNs(sight, missing > 0, effects.length > 0) }
  }

  /** Soon where something is under way, at the next bootstrap where peers are missing, or else at leisure. */
  #nextNs({ elapsedNs }: Sight, isMissing: boolean, isBusy: boolean): bigint {
    const { stepNsMin, stepNsMax } = this.#parameters
    if (isBusy || this.#dials.size > 0) return stepNsMin
    return isMissing ? max(stepNsMin, min(stepNsMax, this.#bootstrapAtNs - elapsedNs)) : stepNsMax
  }

  /** What came of a dial. Returns what follows from it. `sight` is of after it. */
  dialled(peer: PeerId, isAnswered: boolean, sight: Sight): readonly Effect[] {
    const dial = this.#dials.get(peer)
    this.#dials.delete(peer)
    if (!isAnswered) {
      this.#tables.failed(peer)
      return []
    }
    this.#tables.answered(peer, sight.elapsedNs)
    if (dial?.purpose === 'feeler') this.feelers.answered += 1
    if (dial?.purpose === 'feeler' || dial?.purpose === 'test')
      return [{ type: 'disconnect', peer, reason: 'feeler-done' }]
    if (dial?.purpose !== 'rotation') return []
    const others = this.#kept(sight).filter((one) => one.peer !== peer)
    const worst = others.length >= this.#parameters.outboundMin ? worstOf(others) : undefined
    return worst === undefined ? [] : [{ type: 'disconnect', peer: worst.peer, reason: 'peer-rotated' }]
  }

  /** Outbound peers that are meant to stay. */
  #kept({ outbound }: Sight): readonly OutboundPeer[] {
    return outbound.filter(({ peer }) => {
      const purpose = this.#dials.get(peer)?.purpose
      return purpose !== 'feeler' && purpose !== 'test'
    })
  }

  /** Introducers that are not needed any more. They count as missing before, so that others are looked for. */
  #introduced({ introducers, elapsedNs }: Sight, standing: readonly OutboundPeer[]): readonly OutboundPeer[] {
    const { outboundMin, fullMeshMax, introducerNsMin } = this.#parameters
    const own = standing.filter(({ peer }) => !introducers.has(peer))
    if (own.length < outboundMin || this.#tables.size <= fullMeshMax) return []
    return standing.filter(({ peer, sinceNs }) => introducers.has(peer) && elapsedNs - sinceNs >= introducerNsMin)
  }

  #missing(staying: readonly OutboundPeer[]): number {
    const underWay = [...this.#dials.values()].filter(({ purpose }) => purpose === 'outbound' || purpose === 'anchor')
    return Math.max(0, this.#parameters.outboundMin - staying.length - underWay.length)
  }

  #choice({ elapsedNs, connected }: Sight, staying: readonly OutboundPeer[]): Choice {
    const taken = new Set([...connected, ...this.#dials.keys()])
    const groups = new Set([...staying, ...this.#dials.values()].map(({ group }) => group))
    return { elapsedNs, taken, groups }
  }

  #fill(sight: Sight, staying: readonly OutboundPeer[], missing: number): readonly Effect[] {
    const effects: Effect[] = []
    const isMesh = this.#tables.size <= this.#parameters.fullMeshMax
    const wanted = isMesh ? this.#tables.size : missing
    for (let i = 0; i < wanted && this.#dials.size < this.#parameters.dialsMax; i += 1) {
      const choice = this.#choice(sight, staying)
      const anchor = this.#nextAnchor(choice)
      const entry = anchor ?? chooseOutbound(this.#random, this.#tables, choice)
      if (entry === undefined) break
      effects.push(this.#dial(entry, anchor === undefined ? 'outbound' : 'anchor', sight.elapsedNs))
    }
    return effects
  }

  #nextAnchor({ taken }: Choice): TableEntry | undefined {
    while (this.#anchors.length > 0) {
      const [peer = '', ...rest] = this.#anchors
      this.#anchors = rest
      const entry = this.#tables.get(peer)
      if (entry !== undefined && !taken.has(peer)) return entry
    }
    return undefined
  }

  /** One at a time: on its timer, or at once where two share a group and another group is there. */
  #rotation(sight: Sight, staying: readonly OutboundPeer[], missing: number): readonly Effect[] {
    const { elapsedNs } = sight
    const isUnderWay = [...this.#dials.values()].some(({ purpose }) => purpose === 'rotation')
    if (isUnderWay || missing > 0 || this.#tables.size <= this.#parameters.fullMeshMax) return []
    const isDue = elapsedNs >= this.#rotationAtNs
    if (!isDue && duplicates(staying).length === 0) return []
    if (isDue) this.#rotationAtNs = elapsedNs + this.#around(this.#parameters.rotationNs)
    const entry = chooseOtherGroup(this.#random, this.#tables, this.#choice(sight, staying))
    return entry === undefined ? [] : [this.#dial(entry, 'rotation', elapsedNs)]
  }

  #feeler(sight: Sight, staying: readonly OutboundPeer[]): readonly Effect[] {
    if (sight.elapsedNs < this.#feelerAtNs || this.#dials.size >= this.#parameters.dialsMax) return []
    const { feelerNs, feelerThinNs, triedEnough } = this.#parameters
    const isThin = this.#tables.triedSize < triedEnough
    this.#feelerAtNs = sight.elapsedNs + this.#around(isThin ? feelerThinNs : feelerNs)
    const entry = chooseFeeler(this.#random, this.#tables, this.#choice(sight, staying))
    if (entry === undefined) return []
    this.feelers.sent += 1
    return [this.#dial(entry, 'feeler', sight.elapsedNs)]
  }

  /** Holders of contested places: one that is connected has answered; another is dialled. */
  #tests({ elapsedNs, connected }: Sight): readonly Effect[] {
    const effects: Effect[] = []
    for (const { holder } of this.#tables.contests()) {
      const entry = this.#tables.get(holder)
      if (connected.has(holder)) this.#tables.answered(holder, elapsedNs)
      else if (entry !== undefined && !this.#dials.has(holder) && this.#dials.size < this.#parameters.dialsMax)
        effects.push(this.#dial(entry, 'test', elapsedNs))
    }
    return effects
  }

  #question({ elapsedNs, connected }: Sight): readonly Effect[] {
    if (elapsedNs < this.#askAtNs || connected.size === 0) return []
    this.#askAtNs = elapsedNs + this.#around(this.#parameters.askNs)
    const peer = [...connected].toSorted()[drawBelow(this.#random, connected.size)]
    return peer === undefined ? [] : [{ type: 'ask', peer }]
  }

  /** Where outbound peers are missing and nobody is left to dial. The pause starts anew once all is well. */
  #bootstrap({ elapsedNs, connected }: Sight, staying: readonly OutboundPeer[]): readonly Effect[] {
    const { outboundMin, bootstrapNsMin, bootstrapNsMax } = this.#parameters
    if (staying.length >= outboundMin) this.#bootstrapPauseNs = bootstrapNsMin
    if (staying.length >= outboundMin || this.#dials.size > 0 || elapsedNs < this.#bootstrapAtNs) return []
    const longestNs = connected.size === 0 ? LONELY_PAUSES_MAX * bootstrapNsMin : bootstrapNsMax
    this.#bootstrapPauseNs = min(this.#bootstrapPauseNs, longestNs)
    this.#bootstrapAtNs = elapsedNs + this.#bootstrapPauseNs
    this.#bootstrapPauseNs = min(2n * this.#bootstrapPauseNs, longestNs)
    return [{ type: 'bootstrap' }]
  }

  #dial({ peer, addresses, group }: TableEntry, purpose: DialPurpose, elapsedNs: bigint): Effect {
    this.#dials.set(peer, { purpose, group })
    this.#tables.attempted(peer, elapsedNs)
    return { type: 'dial', peer, addresses, purpose }
  }

  /** Between half and one and a half of it, so that nobody can tell when. */
  #around(meanNs: bigint): bigint {
    return meanNs / 2n + (meanNs * BigInt(drawBelow(this.#random, 1001))) / 1000n
  }
}
