/**
 * Bootstrap on the local link by multicast DNS (RFC 6762, RFC 6763; libp2p specification "discovery/mdns"): while it is open a
 * node asks every few seconds and answers others with its private addresses. Off unless it is asked for: it tells everybody on
 * the link that a node is here.
 *
 * Nodes of one network only find each other: the service's name carries the network's tag. Not promised: that an answer is
 * true; it names peers to ask and nothing more (N-33).
 */
import { mdns } from '@libp2p/mdns'
import { multiaddr } from '@multiformats/multiaddr'
import type { Logger, PeerDiscovery, PeerInfo } from '@libp2p/interface'
import type { MulticastDNSComponents } from '@libp2p/mdns'
import { BoundedMap, ChimerError } from '../../base/index.ts'
import { admitAddress } from '../address-group.ts'
import { networkTag } from '../topics.ts'
import type { BootstrapWay } from '../discovery/bootstrap.ts'

export interface BootstrapMdnsOptions {
  readonly networkId: Uint8Array
  /** Where we can be dialled, with our peer id at the end; only private and loopback ones are told. */
  readonly addresses: () => readonly string[]
  /** UDP port of the group; 5353 as the RFC has it. */
  readonly port?: number
  /** Between two questions, ms; 10,000 by default. */
  readonly intervalMs?: number
}

/** Addresses heard of that are remembered. */
const HEARD_MAX = 256

/**
 * The first `find` opens the socket and waits for the first answer; later ones return what was heard until then. Rejects with
 * `TC_BOOTSTRAP_MDNS` where the machine has no multicast. Dispose it to stop answering.
 */
export const bootstrapMdns = (options: BootstrapMdnsOptions): BootstrapWay => {
  const heard = new BoundedMap<string, true>(HEARD_MAX)
  const trouble: { last?: string } = {}
  const first = Promise.withResolvers<void>()
  const service = open(options, (text) => {
    trouble.last = text
    first.resolve()
  })
  service.addEventListener('peer', ({ detail }) => {
    for (const address of addressesOf(detail)) heard.set(address, true)
    first.resolve()
  })
  let started: Promise<unknown> | undefined
  return {
    kind: 'mdns',
    name: 'this link',
    find: async (signal) => {
      started ??= Promise.resolve(service.start?.())
      await Promise.all([started, Promise.race([first.promise, aborted(signal)])])
      if (heard.size === 0 && trouble.last !== undefined) throw failed(trouble.last)
      return { addresses: [...heard].map(([address]) => address), records: [] }
    },
    [Symbol.asyncDispose]: async () => {
      if (started !== undefined) await service.stop?.()
    },
  }
}

type Discoverer = PeerDiscovery & { start?(): unknown; stop?(): unknown }

const open = (options: BootstrapMdnsOptions, onTrouble: (text: string) => void): Discoverer => {
  const { networkId, addresses, port = 5353, intervalMs = 10_000 } = options
  const logger = { forComponent: () => quietLogger(onTrouble) }
  const addressManager = { getAddresses: () => addresses().map((address) => multiaddr(address)) }
  // The service reads nothing of the address manager but what is given here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const components = { logger, addressManager } as unknown as MulticastDNSComponents
  return mdns({ serviceTag: `_tc-${networkTag(networkId)}._udp.local`, port, interval: intervalMs })(components)
}

/** Keeps the service's errors as text; the rest of what it says is for its authors. */
const quietLogger = (onTrouble: (text: string) => void): Logger => {
  const logger: Logger = Object.assign(() => undefined, {
    enabled: false,
    trace: () => undefined,
    error: (_format: unknown, cause?: unknown) => onTrouble(cause instanceof Error ? cause.message : 'unknown'),
    newScope: () => logger,
  })
  return logger
}

const addressesOf = ({ id, multiaddrs }: PeerInfo): readonly string[] =>
  multiaddrs
    .map((address) => `${address.toString()}/p2p/${id.toString()}`)
    .filter((address) => admitAddress(address, true).verdict === 'accept')

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const failed = (why: string): ChimerError =>
  new ChimerError(
    'TC_BOOTSTRAP_MDNS',
    `Cannot bootstrap on the local link: ${why}. Check that the machine has an interface with multicast, or turn it off.`,
    { facts: { why } },
  )
