import assert from 'node:assert/strict'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ChimerError, accept } from '../../base/index.ts'
import { networkConformance } from './conformance.test-suite.ts'
import { loadQuic } from './libp2p-carriers.ts'
import { addressOf, libp2pHarness, open, until } from './libp2p.test-suite.ts'
import type { Connection } from '../port.ts'
import type { Libp2pNetworkOptions } from './libp2p.ts'

const QUIC_LISTEN = ['/ip4/127.0.0.1/udp/0/quic-v1'] as const

networkConformance('libp2p, TCP and TLS', libp2pHarness({ security: ['tls'] }))
// Nobody says that a UDP port is closed: whoever dials one gives up after a second here, and not after five.
networkConformance('libp2p, QUIC', libp2pHarness({ listen: QUIC_LISTEN, handshakeMsMax: 1000 }))

const CARRIERS: readonly (readonly [
  string,
  Partial<Libp2pNetworkOptions>,
  Pick<Connection, 'transport' | 'security'>,
])[] = [
  ['TCP and Noise', {}, { transport: 'tcp', security: 'noise' }],
  ['TCP and TLS', { security: ['tls', 'noise'] }, { transport: 'tcp', security: 'tls' }],
  ['QUIC', { listen: QUIC_LISTEN }, { transport: 'quic', security: 'tls' }],
]
for (const [name, options, expected] of CARRIERS)
  test(`over ${name}: what carries it, who dialled, the round trip and the bytes are known`, async () => {
    await using server = await open(options)
    await using client = await open({ ...options, meet: [addressOf(server)] })
    server.serve('/echo/1', {
      requestBytesMax: 50_000,
      responseBytesMax: 50_000,
      ratePerSec: 10,
      burst: 10,
      handle: async ({ bytes }) => accept(bytes),
    })
    await until(client, () => client.peers().length > 0)
    const ask = async (bytes: number): Promise<void> => {
      const body = (): Uint8Array => new Uint8Array(bytes)
      const signal = AbortSignal.timeout(5000)
      await client.request(server.peerId, '/echo/1', { body, responseBytesMax: 50_000, signal })
    }
    await ask(1)
    const [before] = client.connections()
    await ask(50_000)
    const [here] = client.connections()
    const [there] = server.connections()
    assert(before !== undefined && here !== undefined && there !== undefined)
    const { transport, security } = here
    assert.deepEqual({ transport, security }, expected)
    assert.deepEqual([here.direction, there.direction], ['outbound', 'inbound'])
    assert.deepEqual([here.peer, there.peer], [server.peerId, client.peerId])
    assert.equal(here.address, addressOf(server))
    assert(here.roundTripNs !== undefined && here.roundTripNs > 0n)
    for (const way of ['bytesIn', 'bytesOut'] as const) assert(here.traffic[way] - before.traffic[way] >= 50_000, way)
  })

test('a node on TCP and QUIC is reached by either, and says so', async () => {
  await using both = await open({ listen: ['/ip4/127.0.0.1/tcp/0', ...QUIC_LISTEN] })
  assert.deepEqual(both.carriers, ['tcp', 'quic'])
  assert.equal(both.addresses().length, 2)
  const transports = await Promise.all(
    both.addresses().map(async (address) => {
      await using client = await open({ listen: [], quic: true })
      assert.equal(await client.connect({ address }, { signal: AbortSignal.timeout(5000) }), both.peerId)
      return client.connections().map(({ transport }) => transport)
    }),
  )
  assert.deepEqual(transports.flat().toSorted(), ['quic', 'tcp'])
})

test('without its package, or where it is switched off, QUIC is not offered and cannot be listened on', async () => {
  const absent = new RangeError('no binary')
  assert.deepEqual(await loadQuic(() => Promise.reject(absent)), { missing: absent })
  await using plain = await open()
  assert.deepEqual(plain.carriers, ['tcp'])
  await assert.rejects(open({ listen: QUIC_LISTEN, quic: false }), (error) => {
    assert(error instanceof ChimerError)
    assert.equal(error.code, 'TC_NET_LISTEN')
    assert.match(error.message, /libp2p-quic, or listen on TCP/)
    return true
  })
})

test('the two ends need one way of keeping secrets in common', async () => {
  await using server = await open({ security: ['tls'] })
  await using client = await open({ security: ['noise'] })
  await assert.rejects(client.connect({ address: addressOf(server) }, { signal: AbortSignal.timeout(5000) }), {
    code: 'TC_NET_UNREACHABLE',
  })
})

/** The UDP sockets of this process, by the kernel's own tables: those of QUIC are native, and Node does not list them. */
const udpSockets = (): ReadonlySet<string> => {
  const held = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      // The listing's own descriptor is gone by now.
      return []
    }
  })
  const known = ['/proc/self/net/udp', '/proc/self/net/udp6'].flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`),
  )
  return new Set(known).intersection(new Set(held))
}

/** Runs the collector: QUIC's dialling sockets are held by native objects, and go with them. */
const collect = (): void => {
  setFlagsFromString('--expose-gc')
  const run: unknown = runInNewContext('gc')
  assert(typeof run === 'function')
  run()
}

test('closed networks leave no socket behind, of QUIC neither', { skip: process.platform !== 'linux' }, async () => {
  const before = udpSockets()
  const left = (): number => udpSockets().difference(before).size
  const address = await (async () => {
    await using network = await open({ listen: QUIC_LISTEN })
    assert(left() > 0)
    return addressOf(network)
  })()
  const [listen = ''] = address.split('/p2p/')
  {
    // What was listened on is free at once.
    await using again = await open({ listen: [listen] })
    assert.equal(again.addresses().length, 1)
  }
  const overdue = AbortSignal.timeout(3000)
  while (left() > 0 && !overdue.aborted) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(left(), 0)
})
