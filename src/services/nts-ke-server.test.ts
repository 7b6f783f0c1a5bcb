import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { chmod, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { NS_PER_MS, seededRandom } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { exchangeKeys, rootsContext } from '../clock/io/nts-key-exchange.ts'
import { handTime } from '../../test/real/hand-time.ts'
import { machineTime } from '../../test/real/machine-time.ts'
import { makeAuthority } from '../../test/real/nts-authority.ts'
import { NtsCookies } from './nts-cookies.ts'
import {
  NTS_KE_CONNECTIONS_MAX,
  NTS_KE_RATE,
  NTS_KE_RATE_ALL,
  NTS_KE_SERVE_NS_MAX,
  openNtsKeServer,
} from './nts-ke-server.ts'

const authority = await makeAuthority()
after(() => authority[Symbol.asyncDispose]())
const files = await authority.certify()
const random = seededRandom(21n)

const open = async (time: Time = machineTime(), more: Partial<Parameters<typeof openNtsKeServer>[1]> = {}) => {
  const cookies = new NtsCookies(time, random)
  const options = { host: '127.0.0.1', port: 0, ...files, cookies, ntpPort: 11_123, ...more }
  const server = await openNtsKeServer(time, options)
  return { cookies, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const exchange = (port: number) =>
  exchangeKeys(machineTime(), {
    host: '127.0.0.1',
    port,
    roots: rootsContext([authority.pem]),
    timeoutNs: 5_000_000_000n,
    signal: new AbortController().signal,
  })

/** Sends these bytes inside TLS and gives what comes back, in hexadecimal. */
const say = async (port: number, text: string, options: ConnectionOptions = {}): Promise<string> => {
  const socket = connectTls({ host: '127.0.0.1', port, ca: [authority.pem], ALPNProtocols: ['ntske/1'], ...options })
  await once(socket, 'secureConnect')
  if (text !== '') socket.write(Buffer.from(text, 'hex'))
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(Buffer.from(part))
  return Buffer.concat(parts).toString('hex')
}

/** Waits, a turn of the loop at a time, until so many connections have been judged. */
const judged = async (server: Awaited<ReturnType<typeof open>>['server'], count: number): Promise<void> => {
  const seen = (): number =>
    [...server.counts().refused.values()].reduce((sum, one) => sum + one, server.counts().agreed)
  while (seen() < count) await new Promise(setImmediate)
}

test('our client agrees with it; its cookies hold the keys of both ends', async () => {
  await using opened = await open()
  const outcome = await exchange(opened.server.port)
  ok(outcome.type === 'agreed')
  deepEqual([outcome.agreement.port, outcome.agreement.server, outcome.address], [11_123, undefined, '127.0.0.1'])
  equal(outcome.agreement.cookies.length, 8)
  for (const cookie of outcome.agreement.cookies) deepEqual(opened.cookies.open(cookie), outcome.keys)
  deepEqual(opened.server.counts(), { agreed: 1, refused: new Map() })
})

test('two connections have nothing in common', async () => {
  await using opened = await open()
  const [a, b] = [await exchange(opened.server.port), await exchange(opened.server.port)]
  ok(a.type === 'agreed' && b.type === 'agreed')
  ok(Buffer.compare(a.keys.c2s, b.keys.c2s) !== 0 && Buffer.compare(a.keys.c2s, a.keys.s2c) !== 0)
})

test('each bad request gets its record, and is counted by its reason', async () => {
  await using opened = await open()
  const { port } = opened.server
  const table: readonly (readonly [reason: string, request: string, answer: string])[] = [
    ['nts-ke-request-malformed', '8001000200008000000000', '80020002000180000000'],
    ['nts-ke-request-unknown-critical', '80010002000080040002000f8063000080000000', '80020002000080000000'],
    ['nts-ke-request-other-protocol', '80010002000180040002000f80000000', '8001000080000000'],
    ['nts-ke-request-other-algorithm', '80010002000080040002001e80000000', '8001000200008004000080000000'],
    ['nts-ke-request-too-large', '0063ffff' + '00'.repeat(16_384), '80020002000180000000'],
  ]
  for (const [reason, request, answer] of table) {
    equal(await say(port, request), answer, reason)
    deepEqual([...opened.server.counts().refused].at(-1), [reason, 1])
  }
  equal(opened.server.counts().agreed, 0)
})

test('not TLS, an old TLS, another protocol in it, and a client that goes away', async () => {
  await using opened = await open()
  const { port } = opened.server
  const plain = connect({ host: '127.0.0.1', port })
  plain.on('error', () => undefined)
  plain.write('GET / HTTP/1.1\r\n\r\n')
  await judged(opened.server, 1)
  plain.destroy()
  await rejects(say(port, '', { maxVersion: 'TLSv1.2' }))
  await judged(opened.server, 2)
  await rejects(say(port, '', { ALPNProtocols: ['http/1.1'] }))
  await judged(opened.server, 3)
  equal(await say(port, '', { ALPNProtocols: [] }), '')
  await judged(opened.server, 4)
  const quitter = connectTls({ host: '127.0.0.1', port, ca: [authority.pem], ALPNProtocols: ['ntske/1'] })
  await once(quitter, 'secureConnect')
  quitter.destroy()
  await judged(opened.server, 5)
  deepEqual(
    opened.server.counts().refused,
    new Map([
      ['nts-ke-request-tls', 2],
      ['nts-ke-request-other-alpn', 2],
      ['nts-ke-request-closed', 1],
    ]),
  )
})

test('who says nothing is sent away when the time is up', async () => {
  const { time, fire, pending } = handTime()
  await using opened = await open(time)
  const socket = connect({ host: '127.0.0.1', port: opened.server.port })
  const closed = once(socket, 'close')
  while (pending().length === 0) await new Promise(setImmediate)
  deepEqual(pending(), [NTS_KE_SERVE_NS_MAX])
  fire()
  socket.on('error', () => undefined)
  await closed
  deepEqual(opened.server.counts().refused, new Map([['nts-ke-request-timeout', 1]]))
})

test('one address comes so often and no oftener; others are not kept out by it', async () => {
  const time = handTime().time
  let ms = 0n
  await using opened = await open({ ...time, elapsedNs: () => ms * NS_PER_MS })
  const from = async (localAddress: string): Promise<void> => {
    const socket = connect({ host: '127.0.0.1', port: opened.server.port, localAddress })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.destroy()
  }
  for (let count = 0; count < NTS_KE_RATE.burst + 3; count += 1) await from('127.0.0.1')
  await judged(opened.server, NTS_KE_RATE.burst + 3)
  ms += 1000n / BigInt(NTS_KE_RATE_ALL.ratePerSec)
  for (const other of ['127.0.0.2', '127.0.0.1', '127.0.0.3']) await from(other)
  await judged(opened.server, NTS_KE_RATE.burst + 6)
  deepEqual(
    opened.server.counts().refused,
    new Map([
      ['nts-ke-request-closed', NTS_KE_RATE.burst + 1],
      ['nts-ke-request-rate-limited', 4],
      // All of them together come so often and no oftener, too.
      ['nts-ke-request-busy', 1],
    ]),
  )
})

test('so many at once and no more', async () => {
  let ms = 0n
  // A second between two of them: it is not how often they come.
  const elapsedNs = (): bigint => (ms += 1000n) * NS_PER_MS
  await using opened = await open({ ...handTime().time, elapsedNs })
  const sockets = Array.from({ length: NTS_KE_CONNECTIONS_MAX + 1 }, (_, i) => {
    const socket = connect({ host: '127.0.0.1', port: opened.server.port, localAddress: `127.0.0.${10 + (i % 4)}` })
    socket.on('error', () => undefined)
    return socket
  })
  await judged(opened.server, 1)
  deepEqual(opened.server.counts().refused, new Map([['nts-ke-request-busy', 1]]))
  for (const socket of sockets) socket.destroy()
})

test('what stands in the way of opening is told by code', async () => {
  await using opened = await open()
  await rejects(open(machineTime(), { port: opened.server.port }), { code: 'TC_NTS_KE_LISTEN' })
  await rejects(open(machineTime(), { certFile: join(authority.folder, 'none') }), { code: 'TC_NTS_CERTIFICATE' })
  await rejects(open(machineTime(), { keyFile: join(authority.folder, 'none') }), { code: 'TC_KEY_FILE_UNREADABLE' })
  const other = await authority.certify()
  await rejects(open(machineTime(), { keyFile: other.keyFile }), { code: 'TC_NTS_CERTIFICATE' })
  const nonsense = join(authority.folder, 'nonsense')
  await writeFile(nonsense, 'nonsense', { mode: 0o600 })
  await rejects(open(machineTime(), { keyFile: nonsense }), { code: 'TC_NTS_CERTIFICATE' })
  await chmod(other.keyFile, 0o640)
  await rejects(open(machineTime(), other), { code: 'TC_KEY_FILE_MODE' })
})

test('a certificate outside its life is told and served all the same', async () => {
  const cases = [
    [{}, []],
    [{ fromDays: -3, toDays: -1 }, [/has expired .*renew it/]],
    [{ fromDays: 1, toDays: 3 }, [/is not valid before .*clock right/]],
  ] as const
  for (const [wish, tells] of cases) {
    const said: string[] = []
    const tell = ({ code, message }: { readonly code: string; readonly message: string }): void =>
      void said.push(`${code} ${message}`)
    await using _opened = await open(machineTime(), { ...(await authority.certify(wish)), tell })
    equal(said.length, tells.length)
    for (const [i, one] of tells.entries()) match(said[i] ?? '', one)
    ok(said.every((one) => one.startsWith('TC_NTS_CERTIFICATE ')))
  }
})
