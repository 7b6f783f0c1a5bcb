/**
 * The records that a node holds, and which of those it is told it takes in: the newest of each author, of members of the
 * network always, of others as long as they have a place in the tables. So the tables' bounds are the book's.
 *
 * Rules: docs/spec/network.md N-22 to N-24. A core: time, chance and the own clock's reading are passed in.
 * Not promised: that all nodes hold the same records.
 */
import { BoundedMap, NS_PER_SEC, accept, equalBytes, hexOf, ignore, reject } from '../../base/index.ts'
import type { Admission, Random, Tai } from '../../base/index.ts'
import { TokenBuckets } from '../token-bucket.ts'
import type { PeerId } from '../port.ts'
import type { RateLimit } from '../token-bucket.ts'
import type { AddressTables, TableEntry } from './address-tables.ts'
import { RECORD_TIME_REASONS, recordTimeFault, usableAddresses } from './peer-record.ts'
import type { SealedRecord } from './peer-record.ts'

/** Records of members kept, whatever the tables hold. */
export const MEMBER_RECORDS_MAX = 16_384
/** Authors remembered by the limit on refreshing, and handers by the limits on pushing. */
const AUTHORS_REMEMBERED_MAX = 16_384
const HANDERS_REMEMBERED_MAX = 4096
/** Authors that signed two records with one sequence: kept out for an hour, so many at most. */
const EQUIVOCATORS_MAX = 1024
const EQUIVOCATION_NS = 3600n * NS_PER_SEC

/** Records of one author that are taken in and passed on: 4 at once, then one in 5 minutes. A record lives an hour by default. */
export const REFRESH_LIMIT: RateLimit = { ratePerSec: 1 / 300, burst: 4 }
/** Records of strangers that one peer may hand over: 256 at once (four answers), then 60 a minute. */
export const PUSH_LIMIT: RateLimit = { ratePerSec: 1, burst: 256 }
/** The same for all peers of one group together: two peers' worth. */
export const PUSH_GROUP_LIMIT: RateLimit = { ratePerSec: 2, burst: 512 }

/** Why a true record was not taken in. */
export const PEER_BOOK_REASONS = [
  ...RECORD_TIME_REASONS,
  'record-known',
  'record-stale',
  'record-equivocation',
  'record-too-soon',
  'records-too-many',
  'record-of-ourselves',
  'address-local',
] as const
export type PeerBookReason = (typeof PEER_BOOK_REASONS)[number]

/** Who handed a record over, and when. */
export interface Handing {
  readonly from: PeerId
  /** As which source it counts: the group of its address where we dialled it (`placeGroup`), or `inboundSource`. */
  readonly fromGroup: string
  readonly elapsedNs: bigint
  /** What the own clock reads; undefined without the time, when records are kept unjudged. */
  readonly nowTai: Tai | undefined
  /** Do we listen on local addresses ourselves? Then those of others mean something. */
  readonly acceptLocal: boolean
}

export interface PeerBookOptions {
  readonly random: Random
  readonly tables: AddressTables
  /** Our own node, whose records are nobody's to tell us. */
  readonly self: PeerId
  readonly isMember: (peer: PeerId) => boolean
  /** How far the clocks of two nodes may be apart, ns >= 0. */
  readonly slackNs: bigint
}

export class PeerBook {
  readonly #options: PeerBookOptions
  readonly #records = new Map<PeerId, SealedRecord>()
  readonly #equivocators = new BoundedMap<PeerId, bigint>(EQUIVOCATORS_MAX)
  readonly #refreshes = new TokenBuckets(REFRESH_LIMIT, AUTHORS_REMEMBERED_MAX)
  readonly #pushes = new TokenBuckets(PUSH_LIMIT, HANDERS_REMEMBERED_MAX)
  readonly #pushesOfGroup = new TokenBuckets(PUSH_GROUP_LIMIT, HANDERS_REMEMBERED_MAX)
  /** The same records by the end of their bytes, which is of the signature. */
  readonly #byEnd = new Map<string, SealedRecord>()
  #members = 0

  constructor(options: PeerBookOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#records.size
  }

  get(peer: PeerId): SealedRecord | undefined {
    return this.#records.get(peer)
  }

  /** The record that we hold in these very bytes: spares whoever is told again the decoding and the signature. */
  held(bytes: Uint8Array): SealedRecord | undefined {
    const sealed = this.#byEnd.get(endOf(bytes))
    return sealed !== undefined && equalBytes(sealed.bytes, bytes) ? sealed : undefined
  }

  all(): readonly SealedRecord[] {
    return [...this.#records.values()]
  }

  /** Those that are true at `nowTai`; all where the time is not known. */
  fresh(nowTai: Tai | undefined): readonly SealedRecord[] {
    return this.all().filter((sealed) => this.isFresh(sealed, nowTai))
  }

  /**
   * What we tell others of: true records, of each host one; where there are `count` at least, only of peers that answered us, so that
   * what somebody invented goes no further than those whom it was told.
   */
  told(nowTai: Tai | undefined, count: number): readonly SealedRecord[] {
    const entries = this.#options.tables.hosts()
    const proved = entries.filter(({ isTried, failures }) => isTried && failures === 0)
    const records = this.#trueOf(proved, nowTai)
    return records.length >= count ? records : this.#trueOf(entries, nowTai)
  }

  #trueOf(entries: readonly TableEntry[], nowTai: Tai | undefined): readonly SealedRecord[] {
    return entries.flatMap(({ peer }) => this.#records.get(peer) ?? []).filter((sealed) => this.isFresh(sealed, nowTai))
  }

  isFresh({ record }: SealedRecord, nowTai: Tai | undefined): boolean {
    return nowTai === undefined || recordTimeFault(record, nowTai, this.#options.slackNs) === undefined
  }

  /**
   * Takes a record in, or says why not. What is accepted is news, and worth passing on, also where no place was free for it.
   * `reject` only where the author itself handed over two records with one sequence.
   */
  offer(sealed: SealedRecord, handing: Handing): Admission<SealedRecord, PeerBookReason> {
    const { peer, record } = sealed
    if (peer === this.#options.self) return ignore('record-of-ourselves')
    const { nowTai, elapsedNs } = handing
    const timeFault = nowTai === undefined ? undefined : recordTimeFault(record, nowTai, this.#options.slackNs)
    if (timeFault !== undefined) return ignore(timeFault)
    if (elapsedNs < (this.#equivocators.get(peer) ?? elapsedNs)) return ignore('record-equivocation')
    const usable = usableAddresses(record.addresses, handing.acceptLocal)
    if (usable.length === 0 && record.addresses.length > 0) return ignore('address-local')
    const held = this.#held(peer, nowTai)
    const repeated = held === undefined ? undefined : this.#repeated(held, sealed, handing)
    if (repeated !== undefined) return repeated
    if (held === undefined && !this.#mayPush(handing)) return ignore('records-too-many')
    if (!this.#refreshes.take(peer, elapsedNs)) return ignore('record-too-soon')
    this.#keep(sealed, usable, handing)
    return accept(sealed)
  }

  /**
   * Forgets records that are over, and those whose author has lost its place. Untried peers go with their record. Returns how
   * many were forgotten.
   */
  sweep(nowTai: Tai | undefined): number {
    const { tables, isMember } = this.#options
    const before = this.#records.size
    for (const [peer, sealed] of this.#records) {
      const isOver = !this.isFresh(sealed, nowTai)
      if (isOver && tables.get(peer)?.isTried === false) tables.remove(peer)
      if (isOver || (tables.get(peer) === undefined && !isMember(peer))) this.#forget(peer)
    }
    return before - this.#records.size
  }

  /** A record that is over says nothing any more, not even of the sequence. */
  #held(peer: PeerId, nowTai: Tai | undefined): SealedRecord | undefined {
    const held = this.#records.get(peer)
    return held !== undefined && this.isFresh(held, nowTai) ? held : undefined
  }

  /** What becomes of one that is not newer than what we hold; undefined where it is newer. */
  #repeated(
    held: SealedRecord,
    sealed: SealedRecord,
    { from, elapsedNs }: Handing,
  ): Admission<SealedRecord, PeerBookReason> | undefined {
    const { peer, record } = sealed
    if (record.sequence > held.record.sequence) return undefined
    if (record.sequence < held.record.sequence) return ignore('record-stale')
    if (equalBytes(held.bytes, sealed.bytes)) return ignore('record-known')
    this.#forget(peer)
    this.#options.tables.remove(peer)
    this.#equivocators.set(peer, elapsedNs + EQUIVOCATION_NS)
    return from === peer ? reject('record-equivocation') : ignore('record-equivocation')
  }

  #mayPush({ from, fromGroup, elapsedNs }: Handing): boolean {
    return this.#pushes.take(from, elapsedNs) && this.#pushesOfGroup.take(fromGroup, elapsedNs)
  }

  #keep(sealed: SealedRecord, addresses: readonly string[], { fromGroup, elapsedNs }: Handing): void {
    const { tables, random, isMember } = this.#options
    const { peer } = sealed
    const hasPlace = addresses.length > 0 && tables.add({ peer, addresses, sourceGroup: fromGroup }, random, elapsedNs)
    const isKeptMember = isMember(peer) && (this.#records.has(peer) || this.#members < MEMBER_RECORDS_MAX)
    if (!hasPlace && !isKeptMember) return
    if (!this.#records.has(peer) && isMember(peer)) this.#members += 1
    this.#forgetEnd(peer)
    this.#records.set(peer, sealed)
    this.#byEnd.set(endOf(sealed.bytes), sealed)
  }

  #forget(peer: PeerId): void {
    this.#forgetEnd(peer)
    if (this.#records.delete(peer) && this.#options.isMember(peer)) this.#members -= 1
  }

  #forgetEnd(peer: PeerId): void {
    const sealed = this.#records.get(peer)
    const end = sealed === undefined ? '' : endOf(sealed.bytes)
    if (this.#byEnd.get(end) === sealed) this.#byEnd.delete(end)
  }
}

const endOf = (bytes: Uint8Array): string => hexOf(bytes.subarray(-12))
