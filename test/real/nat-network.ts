/**
 * Two hosts, each behind its own NAT, and a public host between them, as network namespaces of Linux: five of them, joined by pairs
 * of virtual cables, with nftables' masquerade at the two routers (which keeps the port where it can, and gives another to each
 * destination where it cannot).
 *
 *     home (192.168.1.2) ─ router (11.0.0.2) ─┐
 *                                             public (11.0.0.1)
 *     away (192.168.2.2) ─ router (11.0.0.3) ─┘
 *
 * The public addresses look like anybody's (libp2p offers no private or documentation address for a direct connection); no packet
 * leaves the namespaces, which have no way out. Names carry the process id and a number; disposal deletes them whatever happened.
 */
import { execFileSync } from 'node:child_process'
import { programPath } from './program.ts'

export const PUBLIC_IP = '11.0.0.1'

export interface NatNetwork extends Disposable {
  /** Names of the namespaces in which the three run. */
  readonly public: string
  readonly home: string
  readonly away: string
}

let made = 0

/** Where `ip` is, if namespaces with NAT can be made here: it and `nft` are there, and we may. */
export const natTools = (): string | undefined => {
  const [ip, nft] = [programPath('ip'), programPath('nft')]
  if (ip === undefined || nft === undefined) return undefined
  const name = `tc${process.pid}-try`
  try {
    execFileSync(ip, ['netns', 'add', name], { stdio: 'ignore' })
    execFileSync(ip, ['netns', 'exec', name, nft, 'add', 'table', 'ip', 'nat'], { stdio: 'ignore' })
    return ip
  } catch {
    // Not permitted here: the caller says so aloud.
    return undefined
  } finally {
    remove(ip, [name])
  }
}

const remove = (ip: string, names: readonly string[]): void => {
  for (const name of names) {
    try {
      execFileSync(ip, ['netns', 'delete', name], { stdio: 'ignore' })
    } catch {
      // It was never made.
    }
  }
}

/** Makes the network. `ip` is from `natTools`. */
export const makeNatNetwork = (ip: string): NatNetwork => {
  made += 1
  const name = (part: string): string => `tc${process.pid}-${made}${part}`
  const names = { public: name('p'), home: name('h'), away: name('a'), homeRouter: name('hr'), awayRouter: name('ar') }
  const all = Object.values(names)
  const run = (...args: readonly string[]): void => void execFileSync(ip, [...args], { stdio: 'pipe' })
  const inside = (where: string, ...args: readonly string[]): void => run('netns', 'exec', where, ...args)
  const cable = (a: string, aEnd: string, b: string, bEnd: string): void => {
    run('-n', a, 'link', 'add', aEnd, 'type', 'veth', 'peer', 'name', bEnd, 'netns', b)
    run('-n', a, 'link', 'set', aEnd, 'up')
    run('-n', b, 'link', 'set', bEnd, 'up')
  }
  const behind = (host: string, router: string, side: { readonly net: string; readonly publicIp: string }): void => {
    cable(host, 'eth0', router, 'lan')
    cable(router, 'wan', names.public, `to${side.net}`)
    run('-n', names.public, 'link', 'set', `to${side.net}`, 'master', 'street')
    run('-n', host, 'addr', 'add', `192.168.${side.net}.2/24`, 'dev', 'eth0')
    run('-n', router, 'addr', 'add', `192.168.${side.net}.1/24`, 'dev', 'lan')
    run('-n', router, 'addr', 'add', `${side.publicIp}/24`, 'dev', 'wan')
    run('-n', host, 'route', 'add', 'default', 'via', `192.168.${side.net}.1`)
    inside(router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
    inside(router, 'nft', 'add', 'table', 'ip', 'nat')
    inside(router, 'nft', 'add chain ip nat out { type nat hook postrouting priority 100 ; }')
    inside(router, 'nft', 'add rule ip nat out oifname wan masquerade')
    inside(router, 'nft', 'add table ip wall')
    inside(router, 'nft', 'add chain ip wall pass { type filter hook forward priority 0 ; policy drop ; }')
    inside(router, 'nft', 'add rule ip wall pass iifname lan accept')
    inside(router, 'nft', 'add rule ip wall pass ct state established,related accept')
  }
  try {
    for (const each of all) run('netns', 'add', each)
    for (const each of all) run('-n', each, 'link', 'set', 'lo', 'up')
    run('-n', names.public, 'link', 'add', 'street', 'type', 'bridge')
    run('-n', names.public, 'link', 'set', 'street', 'up')
    run('-n', names.public, 'addr', 'add', `${PUBLIC_IP}/24`, 'dev', 'street')
    behind(names.home, names.homeRouter, { net: '1', publicIp: '11.0.0.2' })
    behind(names.away, names.awayRouter, { net: '2', publicIp: '11.0.0.3' })
  } catch (error) {
    remove(ip, all)
    throw error
  }
  return { ...names, [Symbol.dispose]: () => remove(ip, all) }
}
