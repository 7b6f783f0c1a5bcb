/**
 * A world in which somebody tries to surround one node: honest peers that come and go, hostile ones that never do and that
 * flood records, and a victim that restarts. The victim is either the product's own cores (tables, book, maintenance), or a
 * naive one: one table, uniformly random choice, nothing kept.
 *
 * What is modelled: dials and who answers them, records by gossip and by exchange, and time. What is not: bytes, signatures,
 * round trips, and other nodes' tables, for which the victim's own stands: what an honest peer tells of is hostile as often as
 * the victim's table is. Source of the setting: Heilman et al. 2015 §3 to §6.
 */
import { NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SEC, drawBelow, drawUnit, seededRandom } from '../../base/index.ts'
import type { Random } from '../../base/index.ts'
import { AddressTables, inboundSource, placeGroup } from './address-tables.ts'
import { ANSWER_RECORDS_MAX } from './exchange.ts'
import { Maintenance } from './maintenance.ts'
import type { Effect, Sight } from './maintenance.ts'
import { chooseAnchors } from './outbound.ts'
import { DISCOVERY_PARAMETERS } from './parameters.ts'
import { PeerBook } from './peer-book.ts'
import type { SealedRecord } from './peer-record.ts'
import { memoryOf, restoreTables } from './peers-memory.ts'
import type { PeersMemory } from './peers-memory.ts'

export interface EclipseScenario {
  readonly seed: bigint
  readonly honest: number
  readonly hostile: number
  /** Into how many /16 the honest and the hostile are spread, by chance. */
  readonly honestGroups: number
  readonly hostileGroups: number
  /** Keys that each hostile host answers under. */
  readonly identities: number
  /** Hostile connections into the victim, each pushing so many invented records a minute. */
  readonly hostileInbound: number
  readonly pushPerMinute: number
  /** Mean time that an honest peer stays, and stays away, hours. */
  readonly stayHours: number
  readonly awayHours: number
  readonly hours: number
  /** The victim restarts this often, hours. */
  readonly restartHours: number
}

export interface EclipseResult {
  /** Of all outbound slots that were filled in the second half, the share held by hostile peers. */
  readonly hostileShare: number
  /** Share of that time in which every outbound peer was hostile. */
  readonly eclipsedShare: number
}

interface Host {
  readonly peer: string
  readonly address: string
  readonly isHostile: boolean
  isUp: boolean
}

const OUTBOUND = DISCOVERY_PARAMETERS.outboundMin
const STEP_NS = 5n * NS_PER_SEC
const STEPS_PER_MINUTE = 12
const BOOTSTRAP_PEERS = 8
/** Each author refreshes once in so many minutes. */
const REFRESH_MINUTES = 30
const NAIVE_ENTRIES_MAX = 8192

interface Mix {
  readonly hostile: number
  readonly invented: number
}

/** What the world asks of a victim, whichever it is. */
interface Victim {
  outbound(): readonly string[]
  tell(host: Host, from: Host, direction: 'outbound' | 'inbound'): void
  /** Of all that it knows, the shares that are hostile and that nobody answers to. */
  mix(): Mix
  step(): void
  lost(peer: string): void
  restart(): void
}

class World {
  readonly random: Random
  readonly hosts: readonly Host[]
  readonly byPeer: ReadonlyMap<string, Host>
  readonly honest: readonly Host[]
  readonly hostile: readonly Host[]
  elapsedNs = 0n
  #invented = 0

  constructor(scenario: EclipseScenario) {
    this.random = seededRandom(scenario.seed)
    const upShare = scenario.stayHours / (scenario.stayHours + scenario.awayHours)
    this.honest = Array.from({ length: scenario.honest }, (_, i) => ({
      peer: `honest-${i}`,
      address: this.#address(1, scenario.honestGroups),
      isHostile: false,
      isUp: drawUnit(this.random) < upShare,
    }))
    this.hostile = Array.from({ length: scenario.hostile }, (_, i) => ({
      address: this.#address(64, scenario.hostileGroups),
      host: i,
    })).flatMap(({ address, host }) =>
      Array.from({ length: scenario.identities }, (_, key) => ({
        peer: `hostile-${host}-${key}`,
        address,
        isHostile: true,
        isUp: true,
      })),
    )
    this.hosts = [...this.honest, ...this.hostile]
    this.byPeer = new Map(this.hosts.map((host) => [host.peer, host]))
  }

  pickOne<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[drawBelow(this.random, from.length)]
  }

  /** A record of nobody, in a group of the attacker's choice. */
  invent(): Host {
    this.#invented += 1
    const address = this.#address(1, 32_768)
    return { peer: `invented-${this.#invented}`, address, isHostile: true, isUp: false }
  }

  /** Honest peers come and go; `lost` hears of who went. */
  churn(scenario: EclipseScenario, lost: (peer: string) => void): void {
    const stepHours = Number(STEP_NS) / Number(NS_PER_HOUR)
    for (const host of this.honest) {
      const meanHours = host.isUp ? scenario.stayHours : scenario.awayHours
      if (drawUnit(this.random) >= stepHours / meanHours) continue
      host.isUp = !host.isUp
      if (!host.isUp) lost(host.peer)
    }
  }

  #address(firstByte: number, groups: number): string {
    const group = drawBelow(this.random, groups)
    const host = `${drawBelow(this.random, 256)}.${drawBelow(this.random, 256)}`
    return `/ip4/${firstByte + (group >> 8)}.${group & 255}.${host}/tcp/7341`
  }
}

/** One table, all who are told of, anybody at random; what is lost is replaced, and a restart forgets. */
class NaiveVictim implements Victim {
  readonly #world: World
  #known: Host[] = []
  #places = new Map<string, number>()
  #outbound = new Set<string>()

  constructor(world: World) {
    this.#world = world
    this.restart()
  }

  outbound(): readonly string[] {
    return [...this.#outbound]
  }

  tell(host: Host): void {
    if (this.#places.has(host.peer)) return
    const place =
      this.#known.length < NAIVE_ENTRIES_MAX ? this.#known.length : drawBelow(this.#world.random, this.#known.length)
    const gone = this.#known[place]
    if (gone !== undefined) this.#places.delete(gone.peer)
    this.#known[place] = host
    this.#places.set(host.peer, place)
  }

  mix(): Mix {
    return mixOf(this.#known.map(({ peer }) => this.#world.byPeer.get(peer)))
  }

  step(): void {
    for (let dials = 0; dials < DISCOVERY_PARAMETERS.dialsMax && this.#outbound.size < OUTBOUND; dials += 1) {
      const host = this.#world.pickOne(this.#known)
      if (host === undefined) return
      if (host.isUp) this.#outbound.add(host.peer)
      else this.#forget(host.peer)
    }
  }

  lost(peer: string): void {
    this.#outbound.delete(peer)
  }

  restart(): void {
    this.#outbound = new Set()
    this.#known = []
    this.#places = new Map()
    for (const host of bootstrapPeers(this.#world)) this.tell(host)
  }

  #forget(peer: string): void {
    const place = this.#places.get(peer)
    const last = this.#known.pop()
    this.#places.delete(peer)
    if (place === undefined || last === undefined || last.peer === peer) return
    this.#known[place] = last
    this.#places.set(last.peer, place)
  }
}

/** The product's cores, driven by hand. */
class CarefulVictim implements Victim {
  readonly #world: World
  #tables: AddressTables
  #book: PeerBook
  #maintenance: Maintenance
  #since = new Map<string, bigint>()
  #sequence = 0

  constructor(world: World) {
    this.#world = world
    const secret = world.random.bytes(32)
    ;({
      tables: this.#tables,
      book: this.#book,
      maintenance: this.#maintenance,
    } = this.#begin({
      secret,
      anchors: [],
      tried: [],
    }))
  }

  outbound(): readonly string[] {
    return [...this.#since.keys()]
  }

  tell(host: Host, from: Host, direction: 'outbound' | 'inbound'): void {
    this.#sequence += 1
    const group = placeGroup(from.address)
    const fromGroup = direction === 'outbound' ? group : inboundSource(group)
    const { elapsedNs } = this.#world
    const handing = { from: from.peer, fromGroup, nowTai: elapsedNs, acceptLocal: false, elapsedNs }
    this.#book.offer(recordOf(host, this.#sequence, elapsedNs), handing)
  }

  mix(): Mix {
    return mixOf(
      this.#book.told(this.#world.elapsedNs, ANSWER_RECORDS_MAX).map(({ peer }) => this.#world.byPeer.get(peer)),
    )
  }

  step(): void {
    if (this.#world.elapsedNs % NS_PER_MINUTE === 0n) this.#book.sweep(this.#world.elapsedNs)
    for (const effect of this.#maintenance.step(this.#sight()).effects) this.#perform(effect)
  }

  lost(peer: string): void {
    this.#since.delete(peer)
  }

  restart(): void {
    const { outbound } = this.#sight()
    const { anchorsMax, anchorAgeNsMin, scoreMin } = DISCOVERY_PARAMETERS
    const sinceNsMax = this.#world.elapsedNs - anchorAgeNsMin
    const anchors = chooseAnchors(outbound, { count: anchorsMax, sinceNsMax, scoreMin })
    const memory = memoryOf(this.#tablesSecret, this.#tables, anchors)
    this.#since = new Map()
    ;({ tables: this.#tables, book: this.#book, maintenance: this.#maintenance } = this.#begin(memory))
  }

  #tablesSecret: Uint8Array = new Uint8Array(32)

  #begin(memory: PeersMemory): { tables: AddressTables; book: PeerBook; maintenance: Maintenance } {
    const { random, elapsedNs } = this.#world
    this.#tablesSecret = memory.secret
    const tables = new AddressTables({ secret: memory.secret })
    restoreTables(tables, memory)
    const book = new PeerBook({ random, tables, self: 'victim', isMember: () => false, slackNs: 0n })
    const anchors = memory.anchors.map(({ peer }) => peer)
    const maintenance = new Maintenance({ random, tables, parameters: DISCOVERY_PARAMETERS, anchors, elapsedNs })
    for (const { peer, address } of bootstrapPeers(this.#world))
      tables.add({ peer, addresses: [address], sourceGroup: 'operator' }, random, elapsedNs)
    return { tables, book, maintenance }
  }

  #sight(): Sight {
    const outbound = [...this.#since].map(([peer, sinceNs]) => {
      const group = placeGroup(this.#world.byPeer.get(peer)?.address)
      return { peer, group, sinceNs, score: 0 }
    })
    return {
      elapsedNs: this.#world.elapsedNs,
      connected: new Set(this.#since.keys()),
      outbound,
      introducers: new Set(),
    }
  }

  #perform(effect: Effect): void {
    if (effect.type === 'disconnect') this.#since.delete(effect.peer)
    if (effect.type !== 'dial') return
    const isUp = this.#world.byPeer.get(effect.peer)?.isUp === true
    if (isUp) this.#since.set(effect.peer, this.#world.elapsedNs)
    for (const next of this.#maintenance.dialled(effect.peer, isUp, this.#sight())) this.#perform(next)
  }
}

/** Runs a scenario with one kind of victim. */
export const runEclipse = (scenario: EclipseScenario, kind: 'naive' | 'careful'): EclipseResult => {
  const world = new World(scenario)
  const victim = kind === 'naive' ? new NaiveVictim(world) : new CarefulVictim(world)
  const steps = (scenario.hours * 60 * STEPS_PER_MINUTE) | 0
  const restartSteps = scenario.restartHours * 60 * STEPS_PER_MINUTE
  const seen = { hostile: 0, slots: 0, eclipsed: 0, steps: 0 }
  for (let step = 1; step <= steps; step += 1) {
    world.elapsedNs += STEP_NS
    world.churn(scenario, (peer) => victim.lost(peer))
    if (step % restartSteps === 0) victim.restart()
    victim.step()
    if (step % STEPS_PER_MINUTE === 0) spread(world, victim, scenario)
    const outbound = victim.outbound()
    if (step <= steps / 2 || outbound.length === 0) continue
    const hostile = outbound.filter((peer) => world.byPeer.get(peer)?.isHostile === true).length
    seen.hostile += hostile
    seen.slots += outbound.length
    seen.eclipsed += Number(hostile === outbound.length)
    seen.steps += 1
  }
  return { hostileShare: seen.hostile / seen.slots, eclipsedShare: seen.eclipsed / seen.steps }
}

/** One minute of records: gossip of everybody's refreshes, one exchange, and the flood. */
const spread = (world: World, victim: Victim, scenario: EclipseScenario): void => {
  const neighbours = victim.outbound().flatMap((peer) => world.byPeer.get(peer) ?? [])
  const asked = world.pickOne(neighbours)
  const mix = victim.mix()
  const answer = asked === undefined ? [] : Array.from({ length: ANSWER_RECORDS_MAX }, () => told(world, mix, asked))
  for (const host of answer) victim.tell(host, asked ?? host, 'outbound')
  for (let i = 0; i < world.hosts.length / REFRESH_MINUTES; i += 1) {
    const [from, host] = [world.pickOne(neighbours), world.pickOne(world.hosts)]
    if (from !== undefined && host !== undefined && (host.isUp || from.isHostile))
      victim.tell(from.isHostile ? told(world, mix, from) : host, from, 'outbound')
  }
  for (const from of world.hostile.slice(0, scenario.hostileInbound))
    for (let i = 0; i < scenario.pushPerMinute; i += 1)
      victim.tell(i % 2 === 0 ? world.invent() : (world.pickOne(world.hostile) ?? from), from, 'inbound')
}

/** A record that `from` would answer with: hostile peers know hostile ones only. */
const told = (world: World, { hostile, invented }: Mix, from: Host): Host => {
  const draw = drawUnit(world.random)
  if (!from.isHostile && draw < invented) return world.invent()
  return world.pickOne(from.isHostile || draw < invented + hostile ? world.hostile : world.honest) ?? from
}

const bootstrapPeers = (world: World): readonly Host[] =>
  Array.from({ length: BOOTSTRAP_PEERS }, () => world.pickOne(world.honest)).filter((host) => host !== undefined)

const mixOf = (known: readonly (Host | undefined)[]): Mix => {
  const count = Math.max(1, known.length)
  const invented = known.filter((host) => host === undefined).length
  return { invented: invented / count, hostile: known.filter((host) => host?.isHostile === true).length / count }
}

/** Only what the book reads of a record; nothing is signed here. */
const recordOf = ({ peer, address }: Host, sequence: number, elapsedNs: bigint): SealedRecord => ({
  peer,
  bytes: new Uint8Array(0),
  record: {
    networkId: new Uint8Array(32),
    nodeId: new Uint8Array(32),
    sequence,
    issuedTai: elapsedNs,
    expiresTai: elapsedNs + NS_PER_HOUR,
    addresses: [address],
    version: '1.0.0',
    features: [],
    location: null,
    signature: new Uint8Array(64),
  },
})
