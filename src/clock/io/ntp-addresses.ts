/**
 * The addresses of an NTP server's name, asked of the operating system and kept for an hour. One address is used until it
 * fails; then the next; when all have failed, the name is asked for again.
 *
 * Does not promise that the name's answer is true: DNS is unauthenticated here. A lookup that the system's resolver sits
 * on is given up after `timeoutNs`, but Node cannot cancel it.
 */
import { lookup } from 'node:dns/promises'
import { isIP, SocketAddress } from 'node:net'
import { NS_PER_HOUR, NS_PER_SEC } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'

/** Addresses of one name that are kept. */
const NTP_ADDRESSES_MAX = 8
const NTP_ADDRESS_AGE_NS_MAX = NS_PER_HOUR
export const NTP_LOOKUP_TIMEOUT_NS = 5n * NS_PER_SEC

/** A literal address in the text form that the operating system gives a datagram's sender, with its zone if it has one. */
const systemForm = (literal: string): string => {
  const [bare = '', zone] = literal.split('%')
  const { address } = new SocketAddress({ address: bare, family: isIP(bare) === 6 ? 'ipv6' : 'ipv4' })
  return zone === undefined ? address : `${address}%${zone}`
}

/** Asks for all addresses of a name; rejects where there are none. The operating system's resolver, but in tests. */
export type Resolve = (host: string) => Promise<readonly string[]>

const systemResolve: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address)

/** The addresses of a name; none where it has none, or the lookup failed, took longer than 5 s, or was aborted. */
export const lookUpAddresses = (
  time: Time,
  host: string,
  options: { readonly signal: AbortSignal; readonly addressesMax: number; readonly resolve?: Resolve },
): Promise<readonly string[]> => {
  const { signal, addressesMax, resolve: find = systemResolve } = options
  const { promise, resolve } = Promise.withResolvers<readonly string[]>()
  const giveUp = (): void => resolve([])
  const cancel = time.schedule(NTP_LOOKUP_TIMEOUT_NS, giveUp)
  signal.addEventListener('abort', giveUp, { once: true })
  find(host).then(
    (found) => resolve(found.slice(0, addressesMax)),
    giveUp, // No such name, or no resolver: the caller reports that there is no address.
  )
  return promise.finally(() => {
    cancel()
    signal.removeEventListener('abort', giveUp)
  })
}

export class NtpAddresses {
  readonly #time: Time
  readonly #host: string
  #addresses: readonly string[] = []
  #askedNs = 0n

  constructor(time: Time, host: string) {
    this.#time = time
    this.#host = host
    if (isIP(host) !== 0) this.#addresses = [systemForm(host)]
  }

  /** The address to ask now, or nothing where the name has none or the lookup failed, took too long or was aborted. */
  async current(signal: AbortSignal): Promise<string | undefined> {
    if (isIP(this.#host) !== 0) return this.#addresses[0]
    const isOld = this.#time.elapsedNs() - this.#askedNs > NTP_ADDRESS_AGE_NS_MAX
    if (this.#addresses.length === 0 || isOld) {
      this.#askedNs = this.#time.elapsedNs()
      const options = { signal, addressesMax: NTP_ADDRESSES_MAX }
      this.#addresses = await lookUpAddresses(this.#time, this.#host, options)
    }
    return this.#addresses[0]
  }

  /** The current address did not answer: go on to the next. A literal address stays. */
  failed(): void {
    if (isIP(this.#host) === 0) this.#addresses = this.#addresses.slice(1)
  }
}
