import { deepEqual, equal, notDeepEqual, ok, rejects } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { eventLog } from '../../test/real/event-log.ts'
import { machineTime } from '../../test/real/machine-time.ts'
import { holds, NS_PER_DAY, NS_PER_HOUR, NS_PER_SEC, seededRandom } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import {
  encodeRoughtimeRequest,
  ROUGHTIME_FRAMED_DIALECTS,
  roughtimeServerOf,
  taiFromUnixNs,
  verifyRoughtimeResponse,
} from '../clock/index.ts'
import { RoughtimeSequence } from '../clock/io/roughtime-sequence.ts'
import { roughtimeSource } from '../clock/io/roughtime-source.ts'
import { signingKeyOf } from '../crypto/index.ts'
import {
  Delegates,
  DELEGATION_MARGIN_NS,
  DELEGATION_NS,
  openLongTermKey,
  roughtimeKeyPathOf,
} from './roughtime-keys.ts'
import { openRoughtimeServer } from './roughtime-server.ts'
import type { RoughtimeServer, RoughtimeServerOptions } from './roughtime-server.ts'
import { askUdp, hostBasis } from './time-servers.test-kit.ts'

const time: Time = machineTime()
const longTerm = signingKeyOf(seededRandom(1n).bytes(32))
const { publicKey } = longTerm

const open = (options: Partial<RoughtimeServerOptions> = {}): Promise<RoughtimeServer> =>
  openRoughtimeServer({
    time,
    random: seededRandom(2n),
    basis: hostBasis(time),
    longTerm,
    listen: { host: '127.0.0.1', port: 0 },
    ...options,
  })

let nonces = 100n
const requestFor = (): Uint8Array => {
  nonces += 1n
  return encodeRoughtimeRequest({ form: 'framed', nonce: seededRandom(nonces).bytes(32), publicKey })
}
test('our client believes our server', async () => {
  await using server = await open()
  const name = roughtimeServerOf(`127.0.0.1:${server.port} ${server.publicKey}`)
  ok(name !== undefined)
  for (const form of ['framed', 'classic'] as const) {
    await using source = roughtimeSource(time, seededRandom(3n), { id: 'roughtime:ours', ...name, form })
    const log = await eventLog(source)
    source.poll()
    await log.when((words) => words.length === 1)
    const [event] = log.events
    ok(event?.type === 'measurement', log.words()[0])
    ok(holds(event.measurement.offset, taiFromUnixNs(time.hostUnixNs()) - time.elapsedNs()))
  }
  deepEqual([server.counts().answered, server.counts().batches], [2, 2])
})

test('requests that come together share signatures, and each has its own path', async () => {
  await using server = await open()
  const packets = Array.from({ length: 40 }, requestFor)
  const answers = await askUdp(server, packets)
  for (const packet of packets) {
    const mine = answers.filter(
      (response) => verifyRoughtimeResponse({ request: packet, response, publicKey }).verdict === 'accept',
    )
    equal(mine.length, 1)
  }
  const { answered, batches } = server.counts()
  equal(answered, 40)
  ok(batches < 40, `${batches} signatures`)
})

test('a full batch is answered without waiting', async () => {
  await using server = await open({ batchMax: 1 })
  await askUdp(server, Array.from({ length: 8 }, requestFor))
  equal(server.counts().batches, 8)
})

describe('what gets no answer', () => {
  const dropped = async (
    options: Partial<RoughtimeServerOptions>,
    packets: readonly Uint8Array[],
    last?: Uint8Array,
  ): Promise<unknown> => {
    await using server = await open(options)
    if (last === undefined) {
      const socket = createSocket('udp4')
      for (const packet of packets) socket.send(packet, server.port, '127.0.0.1')
      while ([...server.counts().dropped.values()].reduce((sum, n) => sum + n, 0) < packets.length)
        await new Promise(setImmediate)
      socket.close()
    } else await askUdp(server, [...packets, last], 1)
    return Object.fromEntries(server.counts().dropped)
  }
  const short = requestFor().slice(0, 1000)
  const other = encodeRoughtimeRequest({ form: 'framed', nonce: new Uint8Array(32), publicKey: new Uint8Array(32) })

  test('short requests, other keys and rubbish; the right one behind them does', async () =>
    deepEqual(await dropped({}, [short, other, new Uint8Array(1024), new Uint8Array(0)], requestFor()), {
      'roughtime-request-too-short': 2,
      'roughtime-request-other-key': 1,
      'roughtime-tag-count': 1,
    }))
  test('who asks too often', async () =>
    deepEqual(await dropped({ rate: { ratePerSec: 0.001, burst: 1 } }, [requestFor(), requestFor()], requestFor()), {
      'roughtime-rate': 2,
    }))
  test('anybody while there is no time', async () => {
    for (const basis of [{ basis: () => undefined }, hostBasis(time, { status: 'unsynchronised' })])
      deepEqual(await dropped({ basis }, [requestFor()]), { 'roughtime-no-time': 1 })
  })
  test('anybody when whoever should renew the basis hangs', async () => {
    const stale = { ...hostBasis(time).basis(), localNs: time.elapsedNs() - 9n * NS_PER_SEC }
    const basis = hostBasis(time).basis()
    ok(basis !== undefined)
    deepEqual(await dropped({ basis: { basis: () => ({ ...basis, ...stale }) } }, [requestFor()]), {
      'roughtime-no-time': 1,
    })
  })
})

test('a port that is taken is refused with a code', async () => {
  await using server = await open()
  await rejects(open({ listen: { host: '127.0.0.1', port: server.port } }), { code: 'TC_ROUGHTIME_BIND' })
})

test('a lying server of ours is convicted by an honest one', async () => {
  const liar = signingKeyOf(seededRandom(8n).bytes(32))
  await using honest = await open()
  await using lying = await open({ longTerm: liar, basis: hostBasis(time, { awayNs: -NS_PER_HOUR }) })
  const proofs: number[] = []
  const sequence = new RoughtimeSequence(time, seededRandom(9n), (links) => proofs.push(links.length))
  for (const [server, key] of [
    [honest, publicKey],
    [lying, liar.publicKey],
  ] as const) {
    const outcome = await sequence.ask({
      to: { address: '127.0.0.1', port: server.port },
      publicKey: key,
      form: 'framed',
      timeoutNs: 2n * NS_PER_SEC,
      signal: new AbortController().signal,
      onStranger: () => {},
    })
    equal(outcome.type, 'answer')
  }
  deepEqual(proofs, [2])
})

test('the long-term key is made once, is its owner’s alone, and stays', async () => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'roughtime-'))
  stack.defer(() => rm(directory, { recursive: true }))
  const first = await openLongTermKey(seededRandom(1n), directory)
  const again = await openLongTermKey(seededRandom(2n), directory)
  deepEqual(first.publicKey, again.publicKey)
  if (process.platform === 'win32') return
  equal((await stat(roughtimeKeyPathOf(directory))).mode & 0o777, 0o600)
  await chmod(roughtimeKeyPathOf(directory), 0o644)
  await rejects(openLongTermKey(seededRandom(2n), directory), { code: 'TC_KEY_FILE_MODE' })
})

test('a delegated key serves a day, also where the clock is set back a little; its certificates fit', () => {
  const delegates = new Delegates(seededRandom(4n), longTerm)
  const start = 1_800_000_000n * NS_PER_SEC
  const certificate = (unixNs: bigint): readonly Uint8Array[] =>
    ROUGHTIME_FRAMED_DIALECTS.map((dialect) => delegates.at(unixNs).certificateFor(dialect))
  const first = certificate(start)
  deepEqual(certificate(start + DELEGATION_NS - 1n), first)
  deepEqual(certificate(start - DELEGATION_MARGIN_NS + 1n), first)
  const second = certificate(start + DELEGATION_NS)
  notDeepEqual(second, first)
  notDeepEqual(certificate(start - NS_PER_DAY), second)
  ok(certificate(0n).length > 0)
})
