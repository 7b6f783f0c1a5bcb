/**
 * Which peers a node knows, so kept that nobody can fill it: `tried` holds peers that answered us, `fresh` those that we
 * were told of. Both are tables of buckets, and where an entry may lie is a hash with a secret of this node: of the group of
 * its address, and in `fresh` also of the group of who told. One group reaches a few buckets only, and one source likewise,
 * so a flood of records from few places crowds out itself. Keys cost nothing: all of one host are drawn as if they were one.
 *
 * Source: Heilman, Kendler, Zohar, Goldberg, "Eclipse attacks on Bitcoin's peer-to-peer network" (2015) §2 and §7
 * (deterministic placement, test before evict, feelers); Bitcoin Core's address manager for the shape. Rules: N-25, N-26.
 * Not promised: anything against a party with addresses in hundreds of groups, but that it must hold them for long.
 */
import assert from 'node:assert/strict'
import { NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SEC, drawBelow } from '../../base/index.ts'
import type { Random } from '../../base/index.ts'
import { encodeData } from '../../codec/index.ts'
import { domainDigest } from '../../crypto/index.ts'
import { UNKNOWN_GROUP, addressGroup, addressHost, isLocalGroup } from '../address-group.ts'
import type { PeerId } from '../port.ts'

const BUCKET_DOMAIN = 'truechimer/peer-bucket/1'

/** Sizes of the tables. An entry has one place in `tried`, and up to `placesMax` in `fresh`. */
export interface TableSizes {
  readonly triedBuckets: number
  readonly freshBuckets: number
  /** Places in one bucket. */
  readonly bucketPlaces: number
  /** Buckets of `tried` that one group reaches. */
  readonly triedBucketsOfGroup: number
  /** Buckets of `fresh` that one source's group reaches. */
  readonly freshBucketsOfSource: number
  readonly placesMax: number
}

/** 2,048 tried (a group reaches 6 % of it) and 8,192 fresh places (a source's group 6 %). At most 10,240 entries, about 5 MB. */
export const TABLE_SIZES: TableSizes = {
  triedBuckets: 64,
  freshBuckets: 256,
  bucketPlaces: 32,
  triedBucketsOfGroup: 4,
  freshBucketsOfSource: 16,
  placesMax: 4,
}

/** Never answered and failed so often, or once answered and since failed so often: poor, the first to go. */
const FAILURES_NEVER_SEEN_MAX = 3
const FAILURES_MAX = 8
/** A peer that answered within this time is not poor, ns. */
const SEEN_LATELY_NS = NS_PER_HOUR
/** Pause before a peer is dialled again: doubles from the first to the second with every failure, ns. */
const PAUSE_NS_MIN = 2n * NS_PER_SEC
const PAUSE_NS_MAX = 10n * NS_PER_MINUTE
/** Newcomers that wait for a test of who holds their place in `tried`. */
export const CONTESTS_MAX = 16

export interface TableEntry {
  readonly peer: PeerId
  readonly addresses: readonly string[]
  /** Of its first address; of a local one, the address itself (`placeGroup`). */
  readonly group: string
  /** Whose keys it shares its places with: all of one host count as one, in what is drawn and in what others are told. */
  readonly host: string
  readonly isTried: boolean
  /** Dials that failed since it last answered. */
  readonly failures: number
  readonly attemptNs: bigint | undefined
  readonly answeredNs: bigint | undefined
}

interface Entry extends TableEntry {
  addresses: readonly string[]
  group: string
  host: string
  isTried: boolean
  failures: number
  attemptNs: bigint | undefined
  answeredNs: bigint | undefined
  /** Where it lies: one index into `tried`, or some into `fresh`. */
  places: number[]
}

interface Candidate {
  readonly entry: Entry
  readonly bucket: number
}

/** A newcomer that answered, and who holds its place: the holder is tested before it goes. */
export interface Contest {
  readonly newcomer: PeerId
  readonly holder: PeerId
}

/** What an address counts as. On one machine or one private network every host and port is a group of its own. */
export const placeGroup = (address: string | undefined): string => {
  if (address === undefined) return UNKNOWN_GROUP
  const group = addressGroup(address)
  return isLocalGroup(group) ? address.split('/').slice(0, 5).join('/') : group
}

/** Keys cost nothing and hosts do: all keys of one host compete for the same places. On one machine, those of one port. */
const placeHost = (address: string | undefined, group: string): string =>
  address === undefined || isLocalGroup(addressGroup(address)) ? group : (addressHost(address) ?? group)

/** All who came to us are so many sources together. */
const INBOUND_SOURCES = 4

/**
 * As which source somebody counts who came to us, of a group. Whom we dialled was our choice; who comes is theirs, and whoever holds
 * sixteen groups could otherwise reach all of `fresh`. So all who come reach a quarter of it together.
 */
export const inboundSource = (group: string): string => {
  let sum = 0
  for (let i = 0; i < group.length; i += 1) sum += group.charCodeAt(i)
  return `inbound/${sum % INBOUND_SOURCES}`
}

export class AddressTables {
  readonly #secret: Uint8Array
  readonly #sizes: TableSizes
  readonly #entries = new Map<PeerId, Entry>()
  /** By place: bucket times places of a bucket, and the place in it. Only places that are taken. */
  readonly #tried = new Map<number, Entry>()
  readonly #fresh = new Map<number, Entry>()
  readonly #contests = new Map<PeerId, PeerId>()

  /** @param options.secret 32 bytes that nobody else knows, kept over restarts: who knows it can aim at places. */
  constructor(options: { readonly secret: Uint8Array; readonly sizes?: TableSizes }) {
    assert.equal(options.secret.length, 32)
    this.#secret = options.secret
    this.#sizes = options.sizes ?? TABLE_SIZES
  }

  get size(): number {
    return this.#entries.size
  }

  get triedSize(): number {
    return this.#tried.size
  }

  get(peer: PeerId): TableEntry | undefined {
    return this.#entries.get(peer)
  }

  entries(): readonly TableEntry[] {
    return [...this.#entries.values()]
  }

  /** Newcomers that wait; the shell dials each holder and says what came of it. */
  contests(): readonly Contest[] {
    return [...this.#contests].map(([newcomer, holder]) => ({ newcomer, holder }))
  }

  /**
   * Somebody of `sourceGroup` told that `peer` is at `addresses` (at least one). True where it is known afterwards. A peer
   * whose address moved to another group starts again as fresh: what was tried was the old address.
   */
  add(
    told: { readonly peer: PeerId; readonly addresses: readonly string[]; readonly sourceGroup: string },
    random: Random,
    elapsedNs: bigint,
  ): boolean {
    const known = this.#entries.get(told.peer)
    const addresses = known === undefined ? told.addresses : hostFirst(told.addresses, known.host)
    if (known !== undefined && addresses === undefined) this.remove(told.peer)
    const entry = this.#entries.get(told.peer)
    if (entry !== undefined && addresses !== undefined) entry.addresses = addresses
    if (entry?.isTried === true) return true
    // As in Bitcoin: each further place is half as likely as the one before, so repeating oneself gains little.
    const places = entry?.places.length ?? 0
    if (entry !== undefined && (places >= this.#sizes.placesMax || drawBelow(random, 2 ** places) !== 0)) return true
    const target = entry ?? newEntry(told)
    return this.#settle(target, this.#freshPlace(target, told.sourceGroup), elapsedNs) || entry !== undefined
  }

  /** Puts back a peer that was tried in an earlier life of this node, as one that has not answered in this one. */
  restore(kept: { readonly peer: PeerId; readonly addresses: readonly string[] }): void {
    if (this.#entries.has(kept.peer)) return
    const entry = newEntry(kept)
    const place = this.#triedPlace(entry)
    if (this.#tried.get(place) !== undefined) return
    this.#entries.set(entry.peer, entry)
    this.#promote(entry, place)
  }

  /** A dial begins. */
  attempted(peer: PeerId, elapsedNs: bigint): void {
    const entry = this.#entries.get(peer)
    if (entry !== undefined) entry.attemptNs = elapsedNs
  }

  /** A dial failed. A fresh peer that failed too often is forgotten; a tried one loses its place to who contests it. */
  failed(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    entry.failures += 1
    const contest = this.contests().find(({ holder }) => holder === peer)
    if (contest !== undefined) this.#replace(entry, contest.newcomer)
    else if (!entry.isTried && entry.failures > FAILURES_NEVER_SEEN_MAX) this.remove(peer)
  }

  /**
   * We dialled it and it answered, at `address` where that is known. It moves to `tried`, or waits until who holds that place was
   * tested. What it counts as is where it answered: else one host could name addresses of many groups before its own.
   */
  answered(peer: PeerId, elapsedNs: bigint, address?: string): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    if (address !== undefined) this.#move(entry, address)
    entry.failures = 0
    entry.answeredNs = elapsedNs
    for (const { newcomer, holder } of this.contests()) if (holder === peer) this.#contests.delete(newcomer)
    if (entry.isTried) return
    const place = this.#triedPlace(entry)
    const holder = this.#tried.get(place)
    if (holder === undefined || isPoor(holder, elapsedNs)) this.#promote(entry, place)
    else if (entry.places.length === 0) this.remove(peer)
    else if (this.#contests.size < CONTESTS_MAX) this.#contests.set(peer, holder.peer)
  }

  /** Forgets a peer. */
  remove(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    this.#vacate(entry)
    this.#entries.delete(peer)
    for (const { newcomer, holder } of this.contests())
      if (newcomer === peer || holder === peer) this.#contests.delete(newcomer)
  }

  /**
   * A peer drawn from one of the tables among those that are `wanted` and may be dialled again. Of each host one key takes part. In
   * `tried` a group is drawn first, because groups are what costs; in `fresh`, where groups may be invented, a bucket,
   * because it is the source that cannot be. A host that answers under a tried key is drawn from `fresh` where nobody else is left.
   */
  draw(
    random: Random,
    options: {
      readonly table: 'tried' | 'fresh'
      readonly elapsedNs: bigint
      readonly wanted: (entry: TableEntry) => boolean
      /** Nobody rather than a host that answers under another key. */
      readonly unprovedOnly?: boolean
    },
  ): TableEntry | undefined {
    const candidates = this.#candidates(options)
    const unproved = options.table === 'tried' ? candidates : this.#unproved(candidates)
    const shelves = new Map<string, Candidate[]>()
    const isLeft = unproved.length > 0 || options.unprovedOnly === true
    for (const candidate of oneOfHost(random, isLeft ? unproved : candidates)) {
      const shelf = options.table === 'tried' ? candidate.entry.group : String(candidate.bucket)
      const others = shelves.get(shelf)
      if (others === undefined) shelves.set(shelf, [candidate])
      else others.push(candidate)
    }
    return pickOne(random, pickOne(random, [...shelves.values()]) ?? [])?.entry
  }

  /** One entry of each host: that which was tried, or else the one known for longest. */
  hosts(): readonly TableEntry[] {
    const byHost = new Map<string, Entry>()
    for (const entry of this.#entries.values())
      if (entry.isTried || !byHost.has(entry.host)) byHost.set(entry.host, entry)
    return [...byHost.values()]
  }

  /** An entry of `fresh` counts at its first place only: further ones make it stay, and must not make it likelier. */
  #candidates(options: Parameters<AddressTables['draw']>[1]): readonly Candidate[] {
    const { elapsedNs, wanted } = options
    const found: Candidate[] = []
    for (const [place, entry] of options.table === 'tried' ? this.#tried : this.#fresh)
      if (entry.places[0] === place && mayDial(entry, elapsedNs) && wanted(entry))
        found.push({ entry, bucket: Math.floor(place / this.#sizes.bucketPlaces) })
    return found
  }

  /** Those of hosts that do not answer us under another key. */
  #unproved(candidates: readonly Candidate[]): readonly Candidate[] {
    const proved = new Set<string>()
    for (const { host, failures } of this.#tried.values()) if (failures === 0) proved.add(host)
    return candidates.filter(({ entry }) => !proved.has(entry.host))
  }

  /** It answered somewhere else than where it is kept, and counts as that; a place in `tried` is not taken along. */
  #move(entry: Entry, address: string): void {
    const { group, host } = placeOf([address])
    if (host === entry.host) return
    if (entry.isTried) this.#vacate(entry)
    Object.assign(entry, { group, host, isTried: false, addresses: hostFirst(entry.addresses, host) ?? [address] })
  }

  /** Takes a place in `fresh`; who holds it gives way where it is poor, or has another place and the newcomer none. */
  #settle(entry: Entry, place: number, elapsedNs: bigint): boolean {
    const holder = this.#fresh.get(place)
    if (holder === entry) return true
    const givesWay =
      holder === undefined || isPoor(holder, elapsedNs) || (holder.places.length > 1 && entry.places.length === 0)
    if (!givesWay) return false
    if (holder !== undefined) this.#evict(holder, place)
    this.#fresh.set(place, entry)
    entry.places.push(place)
    this.#entries.set(entry.peer, entry)
    return true
  }

  #evict(holder: Entry, place: number): void {
    if (holder.places.length <= 1) {
      this.remove(holder.peer)
      return
    }
    holder.places = holder.places.filter((other) => other !== place)
    this.#fresh.delete(place)
  }

  #promote(entry: Entry, place: number): void {
    const holder = this.#tried.get(place)
    if (holder !== undefined) this.remove(holder.peer)
    this.#vacate(entry)
    entry.isTried = true
    entry.places = [place]
    this.#tried.set(place, entry)
    this.#contests.delete(entry.peer)
  }

  #replace(holder: Entry, newcomer: PeerId): void {
    const entry = this.#entries.get(newcomer)
    this.remove(holder.peer)
    if (entry !== undefined && !entry.isTried) this.#promote(entry, this.#triedPlace(entry))
  }

  #vacate(entry: Entry): void {
    const table = entry.isTried ? this.#tried : this.#fresh
    for (const place of entry.places) table.delete(place)
    entry.places = []
  }

  #triedPlace({ group, host }: Entry): number {
    const { triedBuckets, triedBucketsOfGroup } = this.#sizes
    const share = this.#hash(['tried-share', host], triedBucketsOfGroup)
    return this.#placeIn(this.#hash(['tried', group, share], triedBuckets), host)
  }

  #freshPlace({ group, host }: Entry, sourceGroup: string): number {
    const { freshBuckets, freshBucketsOfSource } = this.#sizes
    const share = this.#hash(['fresh-share', group, sourceGroup], freshBucketsOfSource)
    return this.#placeIn(this.#hash(['fresh', sourceGroup, share], freshBuckets), host)
  }

  #placeIn(bucket: number, host: string): number {
    const { bucketPlaces } = this.#sizes
    return bucket * bucketPlaces + this.#hash(['place', bucket, host], bucketPlaces)
  }

  #hash(parts: readonly (string | number)[], below: number): number {
    const digest = domainDigest(BUCKET_DOMAIN, encodeData([this.#secret, ...parts]))
    return new DataView(digest.buffer, digest.byteOffset).getUint32(0) % below
  }
}

const newEntry = (told: { readonly peer: PeerId; readonly addresses: readonly string[] }): Entry => {
  const never = { failures: 0, attemptNs: undefined, answeredNs: undefined }
  const { peer, addresses } = told
  return { peer, addresses, ...placeOf(addresses), isTried: false, ...never, places: [] }
}

/** What the first address counts as. */
const placeOf = ([address]: readonly string[]): { readonly group: string; readonly host: string } => {
  const group = placeGroup(address)
  return { group, host: placeHost(address, group) }
}

/** The same addresses, one of `host` before others; undefined where none is of it. */
const hostFirst = (addresses: readonly string[], host: string): readonly string[] | undefined => {
  const at = addresses.findIndex((address) => placeOf([address]).host === host)
  const first = addresses[at]
  if (first === undefined) return undefined
  return at === 0 ? addresses : [first, ...addresses.toSpliced(at, 1)]
}

const pickOne = <T>(random: Random, from: readonly T[]): T | undefined =>
  from.length === 0 ? undefined : from[drawBelow(random, from.length)]

/** Of each host one, by chance: who answers under many keys is drawn no more often than who has one. */
const oneOfHost = (random: Random, candidates: readonly Candidate[]): readonly Candidate[] => {
  const byHost = new Map<string, Candidate[]>()
  for (const candidate of candidates) {
    const others = byHost.get(candidate.entry.host)
    if (others === undefined) byHost.set(candidate.entry.host, [candidate])
    else others.push(candidate)
  }
  return [...byHost.values()].flatMap((keys) => pickOne(random, keys) ?? [])
}

/** One of those who go first: failed often, and did not answer lately. */
export const isPoor = (entry: TableEntry, elapsedNs: bigint): boolean => {
  if (entry.answeredNs === undefined) return entry.failures >= FAILURES_NEVER_SEEN_MAX
  return entry.failures >= FAILURES_MAX && elapsedNs - entry.answeredNs > SEEN_LATELY_NS
}

/** Has it been long enough since the last dial that failed? */
export const mayDial = ({ failures, attemptNs }: TableEntry, elapsedNs: bigint): boolean => {
  if (attemptNs === undefined) return true
  const pauseNs = PAUSE_NS_MIN << BigInt(Math.min(failures, 16))
  return elapsedNs - attemptNs >= (pauseNs < PAUSE_NS_MAX ? pauseNs : PAUSE_NS_MAX)
}
