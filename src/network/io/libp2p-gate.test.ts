import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { Places } from '../places.ts'
import { Inbox } from './conformance.test-suite.ts'
import { Gate, HANDSHAKES_PER_HOST_MAX, HOST_RATE } from './libp2p-gate.ts'
import { addressOf, open } from './libp2p.test-suite.ts'
import type { Socket } from 'node:net'
import type { Connection, RefusalEvent } from '../port.ts'
import type { Libp2pNetwork } from './libp2p.ts'

const HELLO = '\x13/multistream/1.0.0\n'

/** A bare socket to the network, from `localAddress`; what goes wrong with it is its end. */
const dial = (network: Libp2pNetwork, localAddress: string): Socket => {
  const [, , host, , port] = multiaddr(addressOf(network)).toString().split('/')
  const socket = connect({ host: host ?? '', port: Number(port), localAddress })
  socket.on('error', () => socket.destroy())
  return socket
}

const heardRefusals = (network: Libp2pNetwork): Inbox<RefusalEvent> => {
  const inbox = new Inbox<RefusalEvent>()
  network.onRefusal(inbox.push)
  return inbox
}

test('who connects and says nothing, or nonsense, is given up with the handshake, and counted', async () => {
  await using network = await open({ handshakeMsMax: 50 })
  const refusals = heardRefusals(network)
  for (const words of ['', 'GET / HTTP/1.1\r\n\r\n', HELLO]) {
    const socket = dial(network, '127.0.0.1')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.resume()
    socket.write(words)
    await closed
  }
  const events = await refusals.until((items) => items.length >= 3)
  for (const event of events)
    assert.deepEqual(event, { channel: 'connection', from: 'unknown', verdict: 'ignore', reason: 'handshake-failed' })
  assert.deepEqual(network.connections(), [])
})

test('a thousand connections from one address are refused before any handshake, and another address is still heard', async () => {
  await using network = await open()
  const refusals = heardRefusals(network)
  const crowd = Array.from({ length: 1000 }, () => dial(network, '127.0.0.1'))
  await refusals.until((items) => items.length >= 1000 - HANDSHAKES_PER_HOST_MAX)
  const other = dial(network, '127.0.0.2')
  const answered = once(other, 'data')
  other.write(HELLO)
  assert.equal(String(await answered), HELLO)
  assert.deepEqual(new Set(refusals.items.map(({ reason }) => reason)), new Set(['too-many-handshakes']))
  for (const socket of [...crowd, other]) socket.destroy()
})

test('who comes and goes too often is not heard until later', async () => {
  let nowNs = 0n
  const reasons: string[] = []
  const gate = new Gate({
    elapsedNs: () => nowNs,
    place: () => ({ verdict: 'accept' }),
    isShutOut: () => false,
    refuse: ({ reason }) => reasons.push(reason),
  })
  const comes = async (host: string): Promise<boolean> => {
    const connection = Object.assign(new EventTarget(), { remoteAddr: multiaddr(`/ip4/${host}/tcp/1`) })
    const gater = gate.gater()
    const ask: unknown = Reflect.get(gater, 'denyInboundConnection')
    assert(typeof ask === 'function')
    const denied: unknown = await Reflect.apply(ask, gater, [connection])
    connection.dispatchEvent(new Event('close'))
    return denied === false
  }
  const of = async (host: string, count: number): Promise<number> => {
    let heard = 0
    for (let i = 0; i < count; i += 1) heard += Number(await comes(host))
    return heard
  }
  assert.equal(await of('9.9.9.9', 200), HOST_RATE.burst)
  assert.equal(await of('9.9.9.8', 1), 1)
  nowNs += 1_000_000_000n
  assert.equal(await of('9.9.9.9', 200), HOST_RATE.ratePerSec)
  assert.equal(reasons.filter((reason) => reason === 'connecting-too-fast').length, 400 - 64 - 16)
})

test('who goes for a newcomer goes for one only, however long its connection takes to close', async () => {
  const bad: Connection = connectionOf('bad', '9.1.0.1')
  const standing = [bad, connectionOf('good', '9.2.0.1')]
  const evicted: string[] = []
  const places = new Places({ connectionsMax: 2, inboundMax: 2 })
  const gate = new Gate({
    elapsedNs: () => 5n,
    place: (candidate, open) => places.admit(candidate, open, (peer) => (peer === 'bad' ? -200 : 0)),
    isShutOut: () => false,
    refuse: () => {},
  })
  gate.guard({ connections: () => standing, disconnect: (peer) => void evicted.push(peer) })
  const gater = gate.gater()
  const ask: unknown = Reflect.get(gater, 'denyInboundEncryptedConnection')
  assert(typeof ask === 'function')
  const comes = async (peer: string, host: string): Promise<boolean> => {
    const connection = Object.assign(new EventTarget(), { remoteAddr: multiaddr(`/ip4/${host}/tcp/1`) })
    return (await Reflect.apply(ask, gater, [peer, connection])) === false
  }
  assert.equal(await comes('first', '9.3.0.1'), true)
  for (let other = 0; other < 50; other += 1) assert.equal(await comes(`other ${other}`, `9.4.0.${other}`), false)
  assert.deepEqual(evicted, ['bad'])
})

const connectionOf = (peer: string, host: string): Connection => ({
  peer,
  address: `/ip4/${host}/tcp/1`,
  direction: 'inbound',
  transport: 'tcp',
  security: 'noise',
  openedNs: 1n,
  roundTripNs: undefined,
  traffic: { bytesIn: 0, bytesOut: 0 },
})
