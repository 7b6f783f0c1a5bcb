import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Inbox } from './conformance.test-suite.ts'
import { HEARTBEAT_NS, PING_BYTES, PING_LIMITS, PING_PROTOCOL, SILENCE_NS_MAX } from './libp2p-heartbeat.ts'
import { open, realTime, stranger, until } from './libp2p.test-suite.ts'
import type { Time } from '../../base/index.ts'

/** Real, but what is due after one of `delaysNs` is due after ten milliseconds. */
const hasty = (...delaysNs: readonly bigint[]): Time => ({
  ...realTime,
  schedule: (delayNs, run) => realTime.schedule(delaysNs.includes(delayNs) ? 10_000_000n : delayNs, run),
})

test('a connection on which nobody answers is closed and counted as silent', async () => {
  await using network = await open({ time: hasty(SILENCE_NS_MAX / 2n) })
  const refusals = new Inbox<readonly string[]>()
  network.onRefusal(({ channel, verdict, reason }) => refusals.push([channel, verdict, reason]))
  await using other = await stranger(network, { [PING_PROTOCOL]: () => {} })
  assert.deepEqual(await refusals.until((items) => items.length > 0), [['connection', 'ignore', 'silent']])
  await until(network, () => network.peers().length === 0)
  assert.deepEqual(network.connections(), [])
  assert.equal(other.connection.remotePeer.toString(), network.peerId)
})

test('who does not know the protocol, or answers something else, lives', async () => {
  await using network = await open({ time: hasty(HEARTBEAT_NS) })
  network.onRefusal(({ reason }) => assert.fail(reason))
  const asked = new Inbox<true>()
  await using wrong = await stranger(network, {
    [PING_PROTOCOL]: (stream) => {
      asked.push(true)
      stream.send(new Uint8Array(PING_BYTES))
    },
  })
  await using plain = await stranger(network)
  await until(network, () => network.peers().length === 2)
  const before = asked.items.length
  await asked.until((items) => items.length >= before + 3)
  assert.deepEqual(new Set(network.peers()), new Set([wrong.peerId, plain.peerId]))
  assert.deepEqual(
    network.connections().map(({ roundTripNs }) => roundTripNs),
    [undefined, undefined],
  )
})

test('pings are echoed as they come, in any pieces, and as often as is allowed', async () => {
  await using network = await open()
  const refusals = new Inbox<string>()
  network.onRefusal(({ reason }) => refusals.push(reason))
  await using other = await stranger(network)
  const ping = new Uint8Array(PING_BYTES).map((_, i) => i)
  const echoes = new Inbox<number>()
  await other.say(PING_PROTOCOL, ping.subarray(0, 5), async (stream) => {
    const closed = new Inbox<true>()
    stream.addEventListener('message', ({ data }) => data.subarray().forEach(echoes.push))
    stream.addEventListener('close', () => closed.push(true))
    stream.send(ping.slice(5))
    assert.deepEqual(await echoes.until((items) => items.length >= PING_BYTES), [...ping])
    for (let i = 1; i < PING_LIMITS.burst; i += 1) {
      stream.send(ping.slice())
      await echoes.until((items) => items.length >= (i + 1) * PING_BYTES)
    }
    stream.send(ping.slice())
    await closed.until((items) => items.length > 0)
    assert.deepEqual(refusals.items, ['rate-limited'])
  })
})
