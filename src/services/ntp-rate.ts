/**
 * How often one address may ask. A token bucket for each, kept as one instant (the generic cell rate algorithm, ITU-T I.371: the
 * bucket is as empty as that instant lies ahead), in a table that no flood can grow.
 *
 * The table holds two generations. When the young one is full it becomes the old one, and the old one is forgotten; who asks
 * moves to the young. So the newest `addressesMax / 2` to `addressesMax` addresses are known, at constant cost.
 *
 * Does not promise anything against forged addresses: a flood of them makes the table forget, and then everybody is let in.
 * What they get is never longer than what they sent. An IPv6 client has a /64 to itself, so it is one address here.
 */

/** Requests at once from one address. An NTP client asks a few times a minute. */
const NTP_RATE_BURST = 64
/** Addresses remembered. */
const NTP_RATE_ADDRESSES_MAX = 32_768
/** To one address a kiss-o'-death is sent at most this often, ns. */
export const NTP_KISS_EVERY_NS = 64e9

export interface RateOptions {
  /** Requests a second; more than 0. */
  readonly perSec: number
  /** Requests at once; at least 1. */
  readonly burst: number
  /** At least 2. */
  readonly addressesMax: number
}

interface Bucket {
  /** When the bucket will be full again, ns. */
  fullNs: number
  /** When this address was last told to slow down, ns. */
  kissedNs: number
}

/** The eight groups of an IPv6 address, hexadecimal without leading zeros; a zone is passed over. */
export const ipv6Groups = (address: string): readonly string[] => {
  const [plain = ''] = address.split('%')
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length)
  return [...groups, ...Array.from({ length: missing }, () => '0'), ...after].map((group) =>
    group.replace(/^0+(?=.)/, ''),
  )
}

/** An IPv4 address that is written as an IPv6 one, as sockets of both families write it; others as they are. */
export const plainAddress = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return mapped?.[1] ?? address
}

/** An address as it is counted: IPv4, or the first 64 bits of an IPv6 one. Nonsense is its own key. */
export const addressKey = (address: string): string => {
  if (!address.includes(':')) return address
  const plain = plainAddress(address)
  return plain.includes(':') ? ipv6Groups(plain).slice(0, 4).join(':') : plain
}

export class NtpRate {
  readonly #intervalNs: number
  readonly #depthNs: number
  readonly #generationMax: number
  #young = new Map<string, Bucket>()
  #old = new Map<string, Bucket>()

  constructor({ perSec, burst, addressesMax }: RateOptions) {
    this.#intervalNs = 1e9 / perSec
    this.#depthNs = this.#intervalNs * (burst - 1)
    this.#generationMax = Math.max(1, Math.floor(addressesMax / 2))
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Takes one token at `nowNs` (any counter, ns). `kiss`: none is left, and it is time to say so; `drop`: none is left. */
  admit(address: string, nowNs: number): 'pass' | 'kiss' | 'drop' {
    const bucket = this.#bucketOf(addressKey(address))
    const fullNs = Math.max(bucket.fullNs, nowNs)
    if (fullNs - nowNs <= this.#depthNs) {
      bucket.fullNs = fullNs + this.#intervalNs
      return 'pass'
    }
    if (nowNs - bucket.kissedNs < NTP_KISS_EVERY_NS) return 'drop'
    bucket.kissedNs = nowNs
    return 'kiss'
  }

  #bucketOf(key: string): Bucket {
    const known = this.#young.get(key)
    if (known !== undefined) return known
    const bucket = this.#old.get(key) ?? { fullNs: Number.NEGATIVE_INFINITY, kissedNs: Number.NEGATIVE_INFINITY }
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#old.delete(key)
    this.#young.set(key, bucket)
    return bucket
  }
}

/** The limit that a server sets each address; nothing where it sets none. */
export const rateOf = (perSec: number | undefined): NtpRate | undefined => {
  if (perSec === undefined) return undefined
  const burst = Math.max(NTP_RATE_BURST, perSec)
  return new NtpRate({ perSec, burst, addressesMax: NTP_RATE_ADDRESSES_MAX })
}
