import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChimerError, NS_PER_MS, NS_PER_SEC, accept } from '../../base/index.ts'
import { greet, greetingOf, makeWorld } from './greetings.test-kit.ts'
import { GREETING_NS_MAX } from './greetings.ts'
import type { Network, PeerId } from '../port.ts'

const SOON = 20n * NS_PER_MS
const TOPIC = 'greeted/topic'
const PROTOCOL = '/greeted/echo/1'
const LIMITS = { ratePerSec: 100, burst: 100 }

const listen = (network: Network): string[] => {
  const heard: string[] = []
  network.subscribe(TOPIC, {
    ...LIMITS,
    priority: 'ordinary',
    messageBytesMax: 64,
    validate: ({ from, bytes }) => {
      heard.push(`${from} ${new TextDecoder().decode(bytes)}`)
      return accept(null)
    },
  })
  return heard
}
const serve = (network: Network): void =>
  network.serve(PROTOCOL, {
    ...LIMITS,
    requestBytesMax: 8,
    responseBytesMax: 8,
    handle: async ({ bytes }) => accept(bytes),
  })
const ask = (network: Network, peer: PeerId, signal = new AbortController().signal): Promise<string> =>
  network.request(peer, PROTOCOL, { body: () => Uint8Array.of(7), responseBytesMax: 8, signal }).then(
    () => 'answered',
    (error: unknown) => {
      assert(error instanceof ChimerError)
      return error.code
    },
  )
const publish = (network: Network, text: string): Promise<void> =>
  network.publish(TOPIC, new TextEncoder().encode(text))

test('what is asked before the greeting waits for it, and what is said is heard', async () => {
  const { time, hub, party } = makeWorld()
  const [a, b] = [party('a'), party('b')]
  serve(b.network)
  const heard = listen(b.network)
  hub.connect('a', 'b')
  await publish(a.network, 'early')
  const outcome = ask(a.network, 'b')
  await time.pass(SOON)
  assert.deepEqual([await outcome, heard], ['answered', ['a early']])
})

test('a question of a peer that greets late is held until it has, and answered', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  serve(a.network)
  const late = rude('late')
  serve(late)
  hub.connect('late', 'a')
  let answered = ''
  void ask(late, 'a').then((outcome) => (answered = outcome))
  await time.pass(3n * NS_PER_SEC)
  assert.equal(answered, '')
  await Promise.all([greet(late, 'a', greetingOf()), time.pass(SOON)])
  assert.equal(answered, 'answered')
})

test('a question of a peer that never greets comes to nothing, as does one of ours to it', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  serve(a.network)
  const silent = rude('silent')
  serve(silent)
  hub.connect('silent', 'a')
  const outcomes = Promise.all([ask(silent, 'a'), ask(a.network, 'silent')])
  await time.pass(GREETING_NS_MAX)
  assert.deepEqual(await outcomes, ['TC_NET_UNREACHABLE', 'TC_NET_REFUSED'])
})

test('a refused peer is not heard and not answered, even before it is gone', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  serve(a.network)
  const heard = listen(a.network)
  const old = rude('old')
  listen(old)
  hub.connect('old', 'a')
  await Promise.all([greet(old, 'a', greetingOf({ version: '2.0.0' })), time.pass(SOON)])
  await publish(old, 'psst')
  const outcome = ask(old, 'a')
  await time.pass(SOON)
  assert.deepEqual([await outcome, heard], ['TC_NET_REFUSED', []])
  assert.deepEqual(
    a.reported.map(({ channel, verdict, reason }) => `${channel} ${verdict} ${reason}`),
    [`${TOPIC} ignore not-greeted`, `${PROTOCOL} ignore not-greeted`],
  )
})

test('a peer that was refused is not dialled during its pause, and is after it', async () => {
  const { time, party } = makeWorld()
  const [a, b] = [party('a'), party('b', { version: '2.0.0', oldestSpoken: '2.0.0' })]
  serve(a.network)
  a.network.remember('b', b.raw.addresses())
  const { signal } = new AbortController()
  const connect = (): Promise<string> => a.network.connect({ peer: 'b' }, { signal }).catch(codeOf)
  const first = connect()
  await time.pass(SOON)
  assert.deepEqual([await first, a.network.peers()], ['b', []])
  assert.deepEqual([await connect(), await ask(a.network, 'b')], ['TC_NET_UNREACHABLE', 'TC_NET_UNREACHABLE'])
  const [address = ''] = b.raw.addresses()
  assert.equal(await a.network.connect({ address }, { signal }).catch(codeOf), 'TC_NET_UNREACHABLE')
  await time.pass(10n * NS_PER_SEC)
  const later = connect()
  await time.pass(SOON)
  assert.deepEqual([await later, a.refused.length], ['b', 2])
})

test('waiting for a greeting can be given up', async () => {
  const { hub, party, rude } = makeWorld()
  const a = party('a')
  serve(rude('silent'))
  serve(a.network)
  hub.connect('a', 'silent')
  const giveUp = new AbortController()
  const outcome = ask(a.network, 'silent', giveUp.signal)
  await new Promise((resolve) => setImmediate(resolve))
  giveUp.abort()
  assert.equal(await outcome, 'TC_NET_TIMEOUT')
})

test('everything else is the network behind it', async () => {
  const { time, hub, party } = makeWorld()
  const [a, b] = [party('a'), party('b')]
  const events: string[] = []
  a.network.onPeer(({ peer, connected }) => events.push(`${peer} ${connected}`))
  a.network.onRefusal(({ reason }) => events.push(reason))
  const heard = listen(a.network)
  hub.connect('a', 'b')
  await time.pass(SOON)
  assert.deepEqual([a.network.peerId, a.network.addresses(), a.network.peers()], ['a', a.raw.addresses(), ['b']])
  assert.deepEqual([a.network.connections(), a.network.standings()], [a.raw.connections(), a.raw.standings()])
  a.network.charge('b', { channel: TOPIC, reason: 'bad-signature' })
  a.network.unsubscribe(TOPIC)
  await publish(b.network, 'nobody listens')
  await time.pass(SOON)
  a.network.disconnect('b', 'closing')
  assert.deepEqual([events, heard], [['b true', 'bad-signature', 'closing', 'b false'], []])
  await a.network[Symbol.asyncDispose]()
  assert.equal(await ask(a.network, 'b'), 'TC_NET_UNREACHABLE')
})

const codeOf = (error: unknown): string => {
  assert(error instanceof ChimerError)
  return error.code
}
