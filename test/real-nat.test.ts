/**
 * The real network across real NATs: three processes in network namespaces, two of them behind routers that let nothing in. They reach each
 * other through the relay, and what can be made direct becomes direct.
 *
 * What was seen, and is held here: with libp2p's TCP a connection between two nodes that are both behind NATs stays relayed, as dials
 * leave from a port that no NAT has opened; one with a public node becomes direct, dialled from inside. docs/spec/network.md N-45.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { missing } from './real/missing.ts'
import { PUBLIC_IP, makeNatNetwork, natTools } from './real/nat-network.ts'
import { until } from './real/program.ts'

const CHILD = new URL('real/nat-node.child.ts', import.meta.url).pathname

interface Seen {
  readonly peer: string
  readonly transport: string
}

interface Host extends AsyncDisposable {
  peerId(): string
  addresses(): readonly string[]
  connections(): readonly Seen[]
  /** Resolves to what it said of it. */
  ask(line: string): Promise<Record<string, unknown>>
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isSeen = (value: unknown): value is Seen => isRecord(value) && 'peer' in value && 'transport' in value
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

/** A process in namespace `where`, opened with `options`; known to be gone when disposal is over. */
const startHost = async (ip: string, where: string, options: object): Promise<Host> => {
  const child = spawn(ip, ['netns', 'exec', where, process.execPath, CHILD, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const gone = once(child, 'exit')
  let state: Record<string, unknown> = {}
  const done = new Map<string, Record<string, unknown>>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said: unknown = JSON.parse(line)
    if (!isRecord(said)) return
    if (typeof said['did'] === 'string') done.set(said['did'], said)
    else state = said
  })
  const host: Host = {
    peerId: () => String(state['peerId']),
    addresses: () => texts(state['addresses']),
    connections: () => (Array.isArray(state['connections']) ? state['connections'].filter(isSeen) : []),
    ask: async (line) => {
      done.delete(line)
      child.stdin.write(`${line}\n`)
      await until(
        () => `an answer to ${line}`,
        () => done.has(line),
      )
      return done.get(line) ?? {}
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end()
      const killer = setTimeout(() => child.kill('SIGKILL'), 3000)
      await gone
      clearTimeout(killer)
    },
  }
  await until(
    () => `a process in ${where}`,
    () => 'peerId' in state,
  )
  return host
}

const transportsTo = (host: Host, peer: string): readonly string[] =>
  host
    .connections()
    .filter((seen) => seen.peer === peer)
    .map(({ transport }) => transport)

test('two nodes behind NATs meet through a relay, and a public one is reached directly', async (t) => {
  const ip = natTools()
  if (missing(t, 'a machine that permits network namespaces with NAT (ip netns, nft)', ip) || ip === undefined) return
  using net = makeNatNetwork(ip)
  await using relay = await startHost(ip, net.public, {
    seed: 1,
    listen: [`/ip4/${PUBLIC_IP}/tcp/4001`],
    relayServer: true,
    autonat: true,
  })
  const [meet] = relay.addresses()
  ok(meet !== undefined)
  const hidden = { meet, relayClient: true, holePunching: true, autonat: true }
  await using home = await startHost(ip, net.home, { ...hidden, seed: 2, listen: ['/ip4/192.168.1.2/tcp/4001'] })
  await using away = await startHost(ip, net.away, { ...hidden, seed: 3, listen: ['/ip4/192.168.2.2/tcp/4001'] })
  const relayed = (): string | undefined => home.addresses().find((address) => address.includes('/p2p-circuit'))
  await until(
    () => `a reservation; so far ${home.addresses().join(' ')}`,
    () => relayed() !== undefined,
  )
  equal((await away.ask(`connect ${relayed() ?? ''}`))['peer'], home.peerId())
  deepEqual((await away.ask(`echo ${home.peerId()}`))['answer'], [1, 2, 3])
  deepEqual(transportsTo(away, home.peerId()), ['relay'])

  await using open = await startHost(ip, net.public, {
    seed: 4,
    listen: [`/ip4/${PUBLIC_IP}/tcp/4002`],
    relayClient: true,
    holePunching: true,
  })
  equal((await open.ask(`connect ${relayed() ?? ''}`))['peer'], home.peerId())
  await until(
    () => `a direct connection; now ${JSON.stringify(open.connections())}`,
    () => transportsTo(open, home.peerId()).join(' ') === 'tcp',
  )
  deepEqual((await open.ask(`echo ${home.peerId()}`))['answer'], [1, 2, 3])
  // By now the two that both are behind NATs have tried as often as they try: theirs is still the relay's.
  ok(transportsTo(away, home.peerId()).includes('relay'))
})
