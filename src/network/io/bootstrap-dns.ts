/**
 * Bootstrap from DNS, in two forms: `example.org:7341` asks for A and AAAA and dials that port; `dnsaddr:example.org` asks for
 * the TXT records of `_dnsaddr.example.org`, each `dnsaddr=<multiaddr>`, as the libp2p specification (addressing, dnsaddr)
 * has it. Nested names in a TXT record are not followed.
 *
 * Not promised: that the answer is true. DNS is not signed here, so this names peers to ask and nothing more (N-33).
 */
import { Resolver } from 'node:dns/promises'
import { ChimerError } from '../../base/index.ts'
import { admitAddress } from '../address-group.ts'
import { BOOTSTRAP_FINDINGS_MAX } from '../discovery/bootstrap.ts'
import type { BootstrapWay } from '../discovery/bootstrap.ts'

export interface BootstrapDnsOptions {
  /** `HOST:PORT` or `dnsaddr:NAME`. */
  readonly target: string
  /** DNS servers as `address:port` instead of the system's. */
  readonly servers?: readonly string[]
}

/** One try takes at most so long, ms; two tries. */
const TRY_MS = 2000
const TRIES = 2
const NO_SUCH_RECORD = new Set(['ENODATA', 'ENOTFOUND'])

/** Rejects with `TC_BOOTSTRAP_DNS` where the target is malformed, nobody answers, or there is no such name. */
export const bootstrapDns = ({ target, servers }: BootstrapDnsOptions): BootstrapWay => ({
  kind: 'dns',
  name: target,
  find: async (signal) => {
    const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES })
    if (servers !== undefined) resolver.setServers([...servers])
    const cancel = (): void => resolver.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      const addresses = await resolve(resolver, target)
      if (addresses.length === 0)
        throw failed(target, 'it has no record that can be used. Check the name; DNS is asked, not the hosts file')
      return { addresses: addresses.slice(0, BOOTSTRAP_FINDINGS_MAX), records: [] }
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  },
})

const resolve = async (resolver: Resolver, target: string): Promise<readonly string[]> => {
  const name = /^dnsaddr:([A-Za-z0-9._-]{1,253})$/.exec(target)?.[1]
  if (name !== undefined) {
    const texts = await asked(target, async () => resolver.resolveTxt(`_dnsaddr.${name}`))
    return texts.flatMap((parts) => multiaddrOf(parts.join('')) ?? [])
  }
  const [, host, port] = /^([A-Za-z0-9._-]{1,253}):([1-9]\d{0,4})$/.exec(target) ?? []
  if (host === undefined || port === undefined || Number(port) > 65_535)
    throw failed(target, 'it is neither HOST:PORT nor dnsaddr:NAME')
  const [v4, v6] = await Promise.all([
    asked(target, async () => resolver.resolve4(host)),
    asked(target, async () => resolver.resolve6(host)),
  ])
  return [...v4.map((address) => `/ip4/${address}/tcp/${port}`), ...v6.map((address) => `/ip6/${address}/tcp/${port}`)]
}

/** Only what can be dialled as it is; `/dnsaddr/…` is a name once more. */
const multiaddrOf = (text: string): string | undefined => {
  const address = /^dnsaddr=(\/.+)$/.exec(text)?.[1]
  if (address === undefined || address.startsWith('/dnsaddr/')) return undefined
  return admitAddress(address, true).verdict === 'accept' ? address : undefined
}

/** A name without records of this type is an answer; anything else a failure. */
const asked = async <T>(target: string, run: () => Promise<T[]>): Promise<T[]> => {
  try {
    return await run()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (NO_SUCH_RECORD.has(code)) return []
    throw failed(target, `DNS did not answer (${code}). Check the name, and the machine's resolver`, cause)
  }
}

const failed = (target: string, why: string, cause?: unknown): ChimerError =>
  new ChimerError('TC_BOOTSTRAP_DNS', `Cannot bootstrap from ${target}: ${why}.`, { facts: { target }, cause })
