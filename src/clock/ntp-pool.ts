/**
 * Who sits where in a pool of NTP servers: a name with many addresses, of which a few are used at a time. Each seat is one
 * source for the clock. A seat keeps its server while it answers and chimes; one that does not for `NTP_POOL_SPENT_POLLS`
 * polls, or tells us to stay away, gives place to another address of the name. Rules: docs/spec/sources.md S-25 to S-27.
 *
 * Pure state: addresses, outcomes and local instants are handed in. Does not promise that two addresses are two servers, or
 * that whoever answers for the name is honest.
 */
import assert from 'node:assert/strict'
import { BoundedMap, NS_PER_HOUR, NS_PER_SEC, min } from '../base/index.ts'

/** Servers of one name that are used at a time. */
export const NTP_POOL_SERVERS_MAX = 4
/** Addresses of one name that are kept. */
export const NTP_POOL_ADDRESSES_MAX = 32
/** So many polls in a row without an answer, or words in a row that were outvoted, and the seat is free for another. */
export const NTP_POOL_SPENT_POLLS = 8
/** Addresses that lost their seat, and are remembered. */
export const NTP_POOL_LEFT_MAX = 64
/** How long an address that lost its seat is not given one again, ns. One that told us to stay away never is. */
export const NTP_POOL_LEFT_NS = NS_PER_HOUR
/** The name is asked for again no sooner than this, ns; twice as late each time that it brings nobody new. */
export const NTP_POOL_LOOKUP_NS_MIN = 4n * NS_PER_SEC
export const NTP_POOL_LOOKUP_NS_MAX = NS_PER_HOUR

interface Seat {
  address: string | undefined
  unanswered: number
  outvoted: number
  isDenied: boolean
}

/** Addresses that are in use by anyone: one server is one voice, under however many names it stands. */
export type SeatedAddresses = Set<string>

export class NtpPool {
  readonly #seats: readonly Seat[]
  readonly #seated: SeatedAddresses
  /** When each may come back, local ns; nothing: never. */
  readonly #left = new BoundedMap<string, bigint | undefined>(NTP_POOL_LEFT_MAX)
  #addresses: readonly string[] = []
  #lookUpFromNs: bigint | undefined
  #pauseNs = NTP_POOL_LOOKUP_NS_MIN

  /** @param seated shared by all pools of a clock; may hold addresses that are used otherwise. */
  constructor(seated: SeatedAddresses, seats = NTP_POOL_SERVERS_MAX) {
    assert(Number.isSafeInteger(seats) && seats >= 1 && seats <= NTP_POOL_ADDRESSES_MAX)
    this.#seated = seated
    this.#seats = Array.from({ length: seats }, () => ({
      address: undefined,
      unanswered: 0,
      outvoted: 0,
      isDenied: false,
    }))
  }

  get seats(): number {
    return this.#seats.length
  }

  address(seat: number): string | undefined {
    return this.#at(seat).address
  }

  /** Is the seat empty, or its server no good? */
  wantsAnother(seat: number): boolean {
    const { address, unanswered, outvoted, isDenied } = this.#at(seat)
    return address === undefined || isDenied || Math.max(unanswered, outvoted) >= NTP_POOL_SPENT_POLLS
  }

  /**
   * Gives the seat the next free address of the name. False, and the server stays, where there is none; but one that told us
   * to stay away goes in any case.
   */
  move(seat: number, localNs: bigint): boolean {
    const taken = this.#at(seat)
    const next = this.#addresses.find((address) => !this.#seated.has(address) && this.#mayReturn(address, localNs))
    if (next === undefined && !taken.isDenied) return false
    if (taken.address !== undefined) {
      this.#seated.delete(taken.address)
      this.#left.set(taken.address, taken.isDenied ? undefined : localNs + NTP_POOL_LEFT_NS)
    }
    if (next !== undefined) this.#seated.add(next)
    Object.assign(taken, { address: next, unanswered: 0, outvoted: 0, isDenied: false } satisfies Seat)
    return true
  }

  /** May the name be looked up? */
  mayLookUp(localNs: bigint): boolean {
    return this.#lookUpFromNs === undefined || localNs >= this.#lookUpFromNs
  }

  /** What the name stands for at `localNs`: nothing where it was not found. The newest answer's addresses come first. */
  lookedUp(addresses: readonly string[], localNs: bigint): void {
    const isNews = addresses.some((address) => !this.#addresses.includes(address))
    this.#addresses = [...new Set([...addresses, ...this.#addresses])].slice(0, NTP_POOL_ADDRESSES_MAX)
    this.#pauseNs = isNews ? NTP_POOL_LOOKUP_NS_MIN : min(this.#pauseNs * 2n, NTP_POOL_LOOKUP_NS_MAX)
    this.#lookUpFromNs = localNs + this.#pauseNs
  }

  /** The seat's server gave an answer that was believed. */
  answered(seat: number): void {
    this.#at(seat).unanswered = 0
  }

  /**
   * A poll of the seat's server came to nothing: no answer, or one that was not believed. Where the network itself says that
   * there is no way, a second try is enough: a machine without IPv6 must not wait long at each such address.
   */
  failed(seat: number, reason: string): void {
    const at = this.#at(seat)
    at.unanswered += reason === 'ntp-network' ? NTP_POOL_SPENT_POLLS / 2 : 1
    if (reason === 'kod-deny' || reason === 'kod-rstr') at.isDenied = true
  }

  /** What the majority made of a word of the seat's server. */
  judged(seat: number, isOutvoted: boolean): void {
    const at = this.#at(seat)
    at.outvoted = isOutvoted ? at.outvoted + 1 : 0
  }

  /** Gives up all seats. */
  close(): void {
    for (const seat of this.#seats) if (seat.address !== undefined) this.#seated.delete(seat.address)
  }

  #mayReturn(address: string, localNs: bigint): boolean {
    if (!this.#left.has(address)) return true
    const fromNs = this.#left.get(address)
    return fromNs !== undefined && localNs >= fromNs
  }

  #at(seat: number): Seat {
    const found = this.#seats[seat]
    assert(found !== undefined, 'no such seat')
    return found
  }
}
