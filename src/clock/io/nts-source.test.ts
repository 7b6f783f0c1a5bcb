import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { after, test } from 'node:test'
import { createServer } from 'node:tls'
import type { TlsOptions, TLSSocket } from 'node:tls'
import { hexOf, joinBytes, NS_PER_SEC, seededRandom } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { eventLog } from '../../../test/real/event-log.ts'
import { handTime } from '../../../test/real/hand-time.ts'
import { makeAuthority } from '../../../test/real/nts-authority.ts'
import type { CertificateWish } from '../../../test/real/nts-authority.ts'
import { encodeNtpField, NTP_FIELD } from '../ntp-extension-fields.ts'
import { hostAnswer, kissCode } from '../ntp-packets.test-kit.ts'
import type { NtsKeys } from '../nts-fields.ts'
import { onlyField, openNts, readNtsFields } from '../nts-fields.ts'
import { exporterContext, keAgreement, KE_REQUEST, NTS_EXPORTER_LABEL } from '../nts-ke.ts'
import { sealedAnswer } from '../nts.test-kit.ts'
import { NTS_NAK_REFERENCE_ID } from '../nts-exchange.ts'
import { NTS_KE_TIMEOUT_NS } from './nts-key-exchange.ts'
import { ntsSource } from './nts-source.ts'
import type { NtsSourceOptions } from './nts-source.ts'
import { NTP_TIMEOUT_NS } from './ntp-source.ts'
import { tlsReason } from './nts-tls-reasons.ts'
import { serveUdp } from './udp-server.test-kit.ts'

const authority = await makeAuthority()
after(() => authority[Symbol.asyncDispose]())
const good = await authority.certify()
const pair = (files: { readonly certFile: string; readonly keyFile: string }): TlsOptions => ({
  cert: readFileSync(files.certFile),
  key: readFileSync(files.keyFile),
})

interface Listening extends AsyncDisposable {
  readonly port: number
}

const listening = async (server: Server): Promise<Listening> => {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  ok(typeof address === 'object' && address !== null)
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

/** A key establishment server that does as it is told once a client has spoken. */
const keServer = (behave: (socket: TLSSocket) => void, options: TlsOptions = {}): Promise<Listening> => {
  const tls = createServer({ ...pair(good), ALPNProtocols: ['ntske/1'], minVersion: 'TLSv1.3', ...options })
  tls.on('tlsClientError', () => undefined)
  tls.on('secureConnection', (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (bytes: Uint8Array) => {
      deepEqual(Uint8Array.from(bytes), KE_REQUEST)
      behave(socket)
    })
  })
  return listening(tls)
}

const keysOf = (socket: TLSSocket): NtsKeys => {
  const key = (direction: 'c2s' | 's2c'): Uint8Array =>
    Uint8Array.from(socket.exportKeyingMaterial(32, NTS_EXPORTER_LABEL, Buffer.from(exporterContext(direction))))
  return { c2s: key('c2s'), s2c: key('s2c') }
}

const client = (time: Time, port: number, options: Partial<NtsSourceOptions> = {}) =>
  ntsSource(time, seededRandom(BigInt(port)), {
    id: 'nts:test',
    host: '127.0.0.1',
    port,
    extraRoots: [authority.pem],
    ...options,
  })

/** What one poll says of such a server; `fire`s timers of this length first, once the server was reached. */
const reasonOf = async (server: Listening, options: Partial<NtsSourceOptions> = {}): Promise<readonly string[]> => {
  const { time, pending } = handTime()
  await using source = client(time, server.port, options)
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.length > 0)
  deepEqual(pending(), [], 'no timer is left')
  return log.words()
}

const CERTIFICATES: readonly (readonly [reason: string, wish: CertificateWish, options?: Partial<NtsSourceOptions>])[] =
  [
    ['nts-unknown-ca', {}, { extraRoots: [] }],
    ['nts-certificate-expired', { fromDays: -30, toDays: -1 }],
    ['nts-certificate-not-yet-valid', { fromDays: 1 }],
    ['nts-wrong-name', { names: [{ type: 'dns', value: 'localhost' }] }],
    ['nts-wrong-name', { names: [{ type: 'ip', value: '127.0.0.1' }] }, { host: 'localhost' }],
  ]
for (const [reason, wish, options] of CERTIFICATES)
  test(`a certificate that will not do: ${reason}`, async () => {
    await using server = await keServer(() => ok(false, 'no client speaks to it'), pair(await authority.certify(wish)))
    deepEqual(await reasonOf(server, options), [reason])
  })

test('TLS that will not do: an older version, another protocol, none', async () => {
  const never = (): void => ok(false, 'no client speaks to it')
  await using old = await keServer(never, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
  deepEqual(await reasonOf(old), ['nts-tls-version'])
  await using other = await keServer(never, { ALPNProtocols: ['http/1.1'] })
  deepEqual(await reasonOf(other), ['nts-alpn-refused'])
  const { cert, key } = pair(good)
  await using none = await listening(createServer({ ...(cert ? { cert } : {}), ...(key ? { key } : {}) }))
  deepEqual(await reasonOf(none), ['nts-alpn-refused'])
  await using plain = await listening(createTcpServer((socket) => socket.end('220 hello\r\n')))
  deepEqual(await reasonOf(plain), ['nts-tls-failed'])
  await using shut = await listening(createTcpServer((socket) => socket.destroy()))
  deepEqual(await reasonOf(shut), ['nts-ke-closed'])
})

test('answers that will not do, each by name', async () => {
  const hex = (text: string): Buffer => Buffer.from(text, 'hex')
  const table: readonly (readonly [reason: string, (socket: TLSSocket) => void])[] = [
    ['nts-ke-closed', (socket) => socket.end()],
    ['nts-ke-closed', (socket) => socket.end(hex('8001'))],
    ['nts-ke-malformed', (socket) => socket.end(hex('00000000'))],
    ['nts-ke-error-internal', (socket) => socket.end(hex('80020002000280000000'))],
    ['nts-ke-warning', (socket) => socket.end(hex('80030002000080000000'))],
    ['nts-ke-no-cookies', (socket) => socket.end(hex('80010002000080040002000f80000000'))],
    ['nts-ke-too-large', (socket) => socket.end(Buffer.alloc(40_000, 5))],
  ]
  for (const [reason, behave] of table) {
    await using server = await keServer(behave)
    deepEqual(await reasonOf(server), [reason])
  }
})

test('a server that says nothing, or nothing more: the time is up', async () => {
  const table: readonly (() => Promise<Listening>)[] = [
    () => listening(createTcpServer(() => undefined)),
    () => keServer((socket) => socket.write(Buffer.from('8001', 'hex'))),
  ]
  for (const open of table) {
    const { time, fire, pending } = handTime()
    await using server = await open()
    await using source = client(time, server.port)
    const log = await eventLog(source)
    source.poll()
    source.poll()
    deepEqual(pending(), [NTS_KE_TIMEOUT_NS])
    await new Promise(setImmediate)
    equal(fire(), 1)
    await log.when((words) => words.length === 1)
    deepEqual(log.words(), ['nts-ke-timeout'])
  }
})

test('nobody there; and a name that is none', async () => {
  const gone = await listening(createTcpServer())
  await gone[Symbol.asyncDispose]()
  deepEqual(await reasonOf(gone), ['nts-ke-network'])
  equal(tlsReason(Object.assign(new TypeError('x'), { code: 'ENOTFOUND' })), 'nts-ke-no-address')
  equal(tlsReason(Object.assign(new TypeError('x'), { code: 'INVALID_PURPOSE' })), 'nts-certificate-refused')
  equal(tlsReason(Object.assign(new TypeError('x'), { code: 'CERT_REVOKED' })), 'nts-certificate-refused')
  equal(tlsReason(Object.assign(new TypeError('x'), { code: 'constructor' })), 'nts-ke-network')
})

interface Asked {
  readonly bytes: Uint8Array
  readonly cookie: string
  readonly port: number
  /** Which key establishment it belongs to, from 0. */
  readonly session: number
}

interface NtsPair extends AsyncDisposable {
  readonly port: number
  readonly asked: readonly Asked[]
  /** Key establishments so far. */
  sessions(): number
}

type Reply = (asked: {
  readonly request: Uint8Array
  readonly uniqueId: Uint8Array
  readonly keys: NtsKeys
  readonly time: Time
  readonly count: number
}) => readonly Uint8Array[]

/** A key establishment server and its NTP server, which checks every request and replies as it is told. */
const ntsPair = async (time: Time, reply: Reply, cookies = 8): Promise<NtsPair> => {
  const sessions: NtsKeys[] = []
  const asked: Asked[] = []
  const ntp = await serveUdp((request, from, socket) => {
    const keys = sessions.at(-1)
    const fields = readNtsFields(request)
    ok(keys !== undefined && fields?.authenticator !== undefined, 'nothing plain is ever sent')
    ok(openNts(request, { authenticator: fields.authenticator, key: keys.c2s }) !== undefined)
    const cookie = hexOf(onlyField(fields.plain, NTP_FIELD.cookie) ?? new Uint8Array(0))
    const uniqueId = onlyField(fields.plain, NTP_FIELD.uniqueId) ?? new Uint8Array(0)
    asked.push({ bytes: Uint8Array.from(request), cookie, port: from.port, session: sessions.length - 1 })
    for (const bytes of reply({ request, uniqueId, keys, time, count: asked.length }))
      socket.send(bytes, from.port, from.address)
  })
  const ke = await keServer((tls) => {
    sessions.push(keysOf(tls))
    const named = Array.from({ length: cookies }, (_, i) => new Uint8Array(16).fill(sessions.length * 16 + i))
    tls.end(keAgreement(named, ntp.port))
  })
  return {
    port: ke.port,
    asked,
    sessions: () => sessions.length,
    [Symbol.asyncDispose]: async () => {
      await ntp[Symbol.asyncDispose]()
      await ke[Symbol.asyncDispose]()
    },
  }
}

const random = seededRandom(77n)

const right: Reply = ({ time, request, uniqueId, keys }) => [
  sealedAnswer({
    random,
    header: hostAnswer(time, request),
    request: { uniqueId },
    keys,
    cookies: [random.bytes(16)],
  }),
]
const nak: Reply = ({ time, request, uniqueId }) => [
  joinBytes(
    hostAnswer(time, request, { stratum: 0, leap: 3, referenceId: NTS_NAK_REFERENCE_ID }),
    encodeNtpField(NTP_FIELD.uniqueId, uniqueId),
  ),
]
const plain: Reply = ({ time, request }) => [hostAnswer(time, request)]

/** Polls until one more event of the wanted kind is there. */
const polled = async (source: { poll(): void }, log: Awaited<ReturnType<typeof eventLog>>): Promise<void> => {
  const before = log.words().length
  source.poll()
  await log.when((words) => words.length > before)
  await new Promise(setImmediate)
}

test('twenty polls: one key establishment, and no port, cookie, identifier or origin twice', async () => {
  const { time, pending } = handTime()
  await using server = await ntsPair(time, right)
  await using source = client(time, server.port)
  const log = await eventLog(source)
  for (let i = 0; i < 20; i += 1) await polled(source, log)
  deepEqual(new Set(log.words()), new Set(['measurement']))
  equal(server.sessions(), 1)
  equal(server.asked.length, 20)
  equal(new Set(server.asked.map(({ cookie }) => cookie)).size, 20)
  equal(new Set(server.asked.map(({ bytes }) => hexOf(bytes.subarray(40, 48)))).size, 20)
  ok(new Set(server.asked.map(({ port }) => port)).size > 1)
  deepEqual(pending(), [])
})

test('an unauthenticated answer, a forged and a replayed one are passed over; the right one still counts', async () => {
  const { time } = handTime()
  const before: Uint8Array[] = []
  const reply: Reply = (asked) => {
    const [answered = new Uint8Array(0)] = right(asked)
    const forged = Uint8Array.from(answered)
    forged[47] = (forged[47] ?? 0) ^ 1
    const others = [...plain(asked), forged, ...before]
    before.push(answered)
    return [...others, answered]
  }
  await using server = await ntsPair(time, reply)
  await using source = client(time, server.port)
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.includes('measurement'))
  await new Promise(setImmediate)
  source.poll()
  await log.when((words) => words.filter((word) => word === 'measurement').length === 2)
  deepEqual(log.words(), [
    'nts-wrong-unique-id',
    'nts-authenticator-wrong',
    'measurement',
    'nts-wrong-unique-id',
    'nts-authenticator-wrong',
    'ntp-wrong-origin',
    'measurement',
  ])
})

test('only plain answers: no time is taken, the question runs out, and the cookies with it; then new keys', async () => {
  const { time, fire } = handTime()
  await using server = await ntsPair(time, (asked) => (asked.count <= 8 ? plain(asked) : right(asked)))
  let laterNs = 0n
  await using source = client({ ...time, elapsedNs: () => time.elapsedNs() + laterNs }, server.port)
  const log = await eventLog(source)
  for (let poll = 1; poll <= 8; poll += 1) {
    await polled(source, log)
    equal(
      fire((delayNs) => delayNs === NTP_TIMEOUT_NS),
      1,
    )
    await log.when((words) => words.length === 2 * poll)
    await new Promise(setImmediate)
  }
  deepEqual(new Set(log.words()), new Set(['nts-wrong-unique-id', 'ntp-timeout']))
  equal(server.sessions(), 1)
  // Keys that never worked: the pause of 10 s holds, counted from when they were established.
  await polled(source, log)
  equal(log.words().at(-1), 'nts-no-cookies')
  laterNs = 10n * NS_PER_SEC
  await polled(source, log)
  equal(log.words().at(-1), 'measurement')
  equal(server.sessions(), 2)
})

test('NTSN: believed only when no better answer came in time; then new keys, with growing pauses', async () => {
  const { time, fire } = handTime()
  const reply: Reply = (asked) =>
    asked.count === 1 ? right(asked) : asked.count === 2 ? [...nak(asked), ...right(asked)] : nak(asked)
  await using server = await ntsPair(time, reply)
  let laterNs = 0n
  await using source = client({ ...time, elapsedNs: () => time.elapsedNs() + laterNs }, server.port)
  const log = await eventLog(source)
  await polled(source, log)
  source.poll()
  await log.when((words) => words.length === 3)
  deepEqual(log.words(), ['measurement', 'nts-nak', 'measurement'])
  await new Promise(setImmediate)
  const denied = async (): Promise<void> => {
    const before = log.words().length
    await polled(source, log)
    equal(
      fire((delayNs) => delayNs === NTP_TIMEOUT_NS),
      1,
    )
    await log.when((words) => words.length === before + 2)
    await new Promise(setImmediate)
    deepEqual(log.words().slice(-2), ['nts-nak', 'nts-nak'])
  }
  await denied()
  equal(server.sessions(), 1)
  // The old keys had worked, so new ones may be had at once; they are denied too.
  await denied()
  equal(server.sessions(), 2)
  await polled(source, log)
  equal(log.words().at(-1), 'nts-nak')
  equal(server.sessions(), 2)
  laterNs = 10n * NS_PER_SEC
  await denied()
  equal(server.sessions(), 3)
  laterNs = 20n * NS_PER_SEC
  await polled(source, log)
  equal(server.sessions(), 3)
})

test('an authenticated kiss is obeyed: RATE makes a pause, DENY ends all asking', async () => {
  for (const [kiss, reason] of [
    ['RATE', 'kod-rate'],
    ['DENY', 'kod-deny'],
  ] as const) {
    const { time } = handTime()
    await using server = await ntsPair(time, ({ request, uniqueId, keys }) => [
      sealedAnswer({
        random,
        header: hostAnswer(time, request, { stratum: 0, leap: 3, referenceId: kissCode(kiss) }),
        request: { uniqueId },
        keys,
        cookies: [],
      }),
    ])
    await using source = client(time, server.port)
    const log = await eventLog(source)
    await polled(source, log)
    await polled(source, log)
    deepEqual(log.words(), [reason, reason])
    equal(server.asked.length, 1)
  }
})

test('disposal in the middle of key establishment ends it at once and says nothing', async () => {
  const { time, pending } = handTime()
  await using server = await listening(createTcpServer(() => undefined))
  const source = client(time, server.port)
  const log = await eventLog(source)
  source.poll()
  await source[Symbol.asyncDispose]()
  source.poll()
  deepEqual(log.words(), [])
  deepEqual(pending(), [])
})
