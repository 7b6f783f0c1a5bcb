/**
 * A real node attacked where it gives and takes the time: its NTP, NTS and Roughtime servers by datagrams and connections of
 * every bad kind from many addresses, and its clients by servers that lie, pour, drip and never end. The node names each, its
 * event loop comes round, it holds no more memory, and goes on proving all the while.
 *
 * Waits for events of the node, never for time. What the rules give five seconds (a key establishment) waits beside the rest.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { encodeRoughtimeRequest, ntsRequest } from '../src/clock/index.ts'
import type { NtsKeys } from '../src/clock/index.ts'
import { exchangeKeys, rootsContext } from '../src/clock/io/nts-key-exchange.ts'
import { realRandom, realTime } from '../src/node/io/real-ports.ts'
import { NTS_KE_CONNECTIONS_MAX } from '../src/services/nts-ke-server.ts'
import {
  badRoughtimeRequests,
  fieldBombs,
  newAddress,
  ntpRequest,
  portOf,
  Sender,
  untilLookedAt,
} from './hostile/datagrams.ts'
import { fresh } from './hostile/forgery.ts'
import * as lying from './hostile/lying-servers.ts'
import type { LyingServer } from './hostile/lying-servers.ts'
import { SLOT_NS, heldBytes, loopDelayNs, openStage, watchLoop } from './hostile/stage.ts'
import type { Stage } from './hostile/stage.ts'
import { Watch } from './hostile/watch.ts'
import { makeAuthority } from './real/nts-authority.ts'
import type { Authority } from './real/nts-authority.ts'

let authority: Authority
let stage: Stage
let watch: Watch
let heldBefore: number
/** Ports of the target's servers, and the key by which its Roughtime is known. */
let serving: { readonly ntp: number; readonly nts: number; readonly roughtime: number; readonly key: Uint8Array }
/** Who lies to the target, by the name that the test has for them; `victim` is whom a redirect points at. */
let liars: Readonly<
  Record<
    'clockless' | 'useless' | 'pouring' | 'dripping' | 'victim' | 'redirecting' | 'nowhere' | 'circular',
    LyingServer
  >
>
let misdirected: LyingServer & { readonly key: string }
let receivers: readonly LyingServer[]
const closing = new AsyncDisposableStack()

const openLiars = async (): Promise<void> => {
  const files = await authority.certify()
  const open = async (server: Promise<LyingServer>): Promise<LyingServer> => closing.use(await server)
  const keys = (behave: Parameters<typeof lying.lyingKeys>[1]): Promise<LyingServer> =>
    open(lying.lyingKeys(files, behave))
  const victim = await open(lying.lyingOverUdp((request) => [request, new Uint8Array(20_000)]))
  const circular: LyingServer = await keys((socket) => lying.redirect('localhost', portOf(circular.address))(socket))
  liars = {
    clockless: await open(lying.clocklessNtp()),
    useless: await open(lying.uselessNtp()),
    pouring: await keys(lying.endlessCookies),
    dripping: await keys(lying.drippingKeys),
    victim,
    redirecting: await keys(lying.redirect('127.0.0.1', portOf(victim.address))),
    nowhere: await keys(lying.redirect('127.0.0.1', 0)),
    circular,
  }
  misdirected = closing.use(await lying.misdirectedRoughtime())
  const behaviours = [lying.endlessLine, lying.shortLines, lying.nestedLines, lying.drippingLine]
  receivers = await Promise.all(behaviours.map((behave) => open(lying.lyingGpsd(behave))))
}

before(async () => {
  authority = closing.use(await makeAuthority())
  await openLiars()
  const { certFile, keyFile } = await authority.certify()
  const { clockless, useless, pouring, dripping, redirecting, nowhere, circular } = liars
  stage = await openStage(0, {
    serve: {
      ntp: '127.0.0.1:0',
      nts: '127.0.0.1:0',
      ntsCertFile: certFile,
      ntsKeyFile: keyFile,
      roughtime: '127.0.0.1:0',
    },
    sources: {
      ntp: [clockless, useless].map(({ address }) => address),
      nts: [pouring, dripping, redirecting, nowhere, circular].map(({ address }) => address),
      ntsCaFile: authority.pemFile,
      roughtime: [`${misdirected.address} ${misdirected.key}`],
      gpsd: receivers.map(({ address }) => address),
    },
  })
  const { ntp, nts, roughtime = '' } = stage.target.serving
  const key = Uint8Array.from(Buffer.from(roughtime.split(' ')[1] ?? '', 'base64'))
  serving = { ntp: portOf(ntp), nts: portOf(nts), roughtime: portOf(roughtime), key }
  watch = new Watch(stage.target)
  await watch.untilFreshEvidence(stage.others)
  heldBefore = await heldBytes(stage.target.program)
  await watchLoop(stage.target.program)
})
after(async () => {
  await watch[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
  await closing.disposeAsync()
})

/** How often the target's servers refused so far, by `server reason`. */
const refusals = async (): Promise<ReadonlyMap<string, number>> => {
  const lines = (await watch.metrics()).matchAll(
    /^truechimer_time_refusals_total\{server="([^"]*)",reason="([^"]*)"\} (\d+)$/gm,
  )
  return new Map([...lines].map(([, server = '', reason = '', count]) => [`${server} ${reason}`, Number(count)]))
}

/** What was refused since `since` and is in `expected`; other attacks may go on beside. */
const refusedSince = async (since: ReadonlyMap<string, number>, expected: ReadonlyMap<string, number>) => {
  const now = await refusals()
  return new Map([...expected.keys()].map((kind) => [kind, (now.get(kind) ?? 0) - (since.get(kind) ?? 0)]))
}

/** The loop came round in less than a slot, else no proof could come in time; by how much is for people. */
const holdsLoop = async (t: TestContext): Promise<void> => {
  const worst = await loopDelayNs(stage.target.program)
  t.diagnostic(`event loop at the worst ${Math.round(worst / 1e6)} ms late`)
  ok(worst < Number(SLOT_NS), `${worst} ns`)
}

const roughtimeRequest = (): Uint8Array =>
  encodeRoughtimeRequest({ form: 'framed', nonce: fresh(), publicKey: serving.key })

test('servers that lie, pour, drip and never end: each is told by name, and the node keeps its time', async (t) => {
  const expected: Readonly<Record<string, string>> = {
    [`ntp:${liars.clockless.address}`]: 'ntp-unsynchronised',
    [`ntp:${liars.useless.address}`]: 'ntp-timeout',
    [`nts:${liars.pouring.address}`]: 'nts-ke-too-large',
    [`nts:${liars.dripping.address}`]: 'nts-ke-timeout',
    [`nts:${liars.redirecting.address}`]: 'ntp-timeout',
    [`nts:${liars.nowhere.address}`]: 'nts-ke-malformed',
    [`nts:${liars.circular.address}`]: 'ntp-timeout',
    [`roughtime:${misdirected.address}`]: 'roughtime-timeout',
    [`gpsd:${receivers[0]?.address}`]: 'gpsd-flood',
    [`gpsd:${receivers[1]?.address}`]: 'gpsd-flood',
    [`gpsd:${receivers[2]?.address}`]: 'gpsd-bad-field',
    [`gpsd:${receivers[3]?.address}`]: 'no-answer',
  }
  const seen = new Map<string, Set<string>>()
  const areTold = async (): Promise<boolean> => {
    const { sources, clock } = await stage.target.client.status()
    equal(clock.status, 'synchronised')
    for (const { id, reason } of sources) seen.set(id, (seen.get(id) ?? new Set()).add(reason))
    return Object.entries(expected).every(([id, reason]) => seen.get(id)?.has(reason))
  }
  await watch.until(areTold, () => JSON.stringify([...seen].map(([id, reasons]) => [id, ...reasons])))
  const ignored = await watch.refusals()
  for (const reason of [
    'roughtime-wrong-nonce',
    'ntp-wrong-origin',
    'gpsd-line-too-long',
    'gpsd-not-json',
    'gps-before-release',
    'ntp-too-long',
  ])
    ok((ignored.get(`source ${reason}`) ?? 0) > 0, `${reason} in ${JSON.stringify([...ignored])}`)
  // A redirect sends one question a cookie, and no cookie is used twice: nobody is made to flood a third.
  ok(liars.victim.asked() > 0 && liars.victim.asked() <= 8 * liars.redirecting.asked())
  await watch.untilFreshEvidence(stage.others)
  await holdsLoop(t)
})

test('datagrams of every mode, version and length to the NTP port: counted by reason, and no answer is longer', async () => {
  const since = await refusals()
  const expected = new Map<string, number>()
  await using sender = await Sender.open(serving.ntp)
  const lengths = new Map<string, number>()
  for (const length of [0, 1, 47, 48, 49, 68, 1024, 1025, 1472]) {
    for (let octet = 0; octet < 64; octet += 1) {
      const [mode, version] = [octet & 7, octet >> 3]
      const request = ntpRequest(mode, version, length)
      const isServed = version === 3 || version === 4
      const reason =
        length < 48
          ? 'too-short'
          : length > 1024
            ? 'too-long'
            : !isServed
              ? 'wrong-version'
              : mode === 3
                ? ''
                : 'wrong-mode'
      const kind = `ntp ntp-request-${reason}`
      if (reason === '') lengths.set(request.toString('hex', 40, 48), length)
      else expected.set(kind, (expected.get(kind) ?? 0) + 1)
      await sender.say(request)
    }
    await untilLookedAt(serving.ntp, watch, ntpRequest)
  }
  // The longest that UDP knows: one at a time, since the system's own buffer holds few of them.
  for (const [mode, version] of [
    [3, 4],
    [0, 0],
  ]) {
    await sender.say(ntpRequest(mode, version, 65_507))
    await untilLookedAt(serving.ntp, watch, ntpRequest)
  }
  const tooLong = 'ntp ntp-request-too-long'
  expected.set(tooLong, (expected.get(tooLong) ?? 0) + 2)
  deepEqual(await refusedSince(since, expected), expected)
  equal(sender.heard.length, lengths.size)
  for (const answer of sender.heard) {
    equal(answer.length, 48)
    ok((lengths.get(answer.toString('hex', 24, 32)) ?? 0) >= answer.length, 'an answer to what was asked')
  }
})

const establish = async (): Promise<{ readonly keys: NtsKeys; readonly cookie: Uint8Array }> => {
  const signal = AbortSignal.timeout(60_000)
  for (;;) {
    const question = {
      host: '127.0.0.1',
      port: serving.nts,
      roots: rootsContext([authority.pem]),
      timeoutNs: 5_000_000_000n,
      signal,
    }
    const outcome = await exchangeKeys(realTime, question)
    const cookie = outcome.type === 'agreed' ? outcome.agreement.cookies[0] : undefined
    if (outcome.type === 'agreed' && cookie !== undefined) return { keys: outcome.keys, cookie }
    signal.throwIfAborted()
    await watch.next()
  }
}

test('extension fields that lie, swell and repeat, and cookies forged and replayed: never a longer answer, never a throw', async () => {
  const { keys, cookie } = await establish()
  const sealed = ntsRequest(realRandom, { keys, cookie, cookiesHeld: 0 }).bytes
  const altered = [0, 20, 60, 100, 150, 200, sealed.length - 1].map((at) => {
    const bytes = Uint8Array.from(sealed)
    bytes[at < 48 ? at + 100 : at] = (bytes[at < 48 ? at + 100 : at] ?? 0) ^ 0x40
    return bytes
  })
  const since = await refusals()
  for (const request of [...fieldBombs(), ...altered, sealed, sealed, sealed]) {
    await using sender = await Sender.open(serving.ntp)
    await sender.say(request)
    await untilLookedAt(serving.ntp, watch, ntpRequest)
    for (const answer of sender.heard) {
      ok(answer.length <= request.length, `${answer.length} for ${request.length}`)
      equal((answer[0] ?? 0) & 7, 4)
    }
    ok(sender.heard.length <= 1)
  }
  const now = await refusals()
  for (const reason of ['nts-request-bad-fields', 'nts-request-stale-cookie', 'nts-request-authenticator-wrong'])
    ok((now.get(`nts ${reason}`) ?? 0) > (since.get(`nts ${reason}`) ?? 0), reason)
})

test('Roughtime requests that are too short, too long, for another key, or lie about their insides: silence, by name', async () => {
  const bad = badRoughtimeRequests(serving.key)
  const expected = new Map<string, number>()
  for (const [reason] of bad) expected.set(`roughtime ${reason}`, (expected.get(`roughtime ${reason}`) ?? 0) + 1)
  const since = await refusals()
  await using sender = await Sender.open(serving.roughtime)
  for (const [, bytes] of bad) await sender.say(bytes)
  await untilLookedAt(serving.roughtime, watch, roughtimeRequest)
  deepEqual(await refusedSince(since, expected), expected)
  equal(sender.heard.length, 0)
  await sender.say(roughtimeRequest())
  await untilLookedAt(serving.roughtime, watch, roughtimeRequest)
  deepEqual(
    sender.heard.map(({ length }) => length <= 1024),
    [true],
  )
})

/** Says `next` from address after address, some at a turn, until `isOver`. Returns how often. */
const flood = async (senders: readonly Sender[], next: () => Uint8Array, isOver: () => boolean): Promise<number> => {
  let said = 0
  while (!isOver()) {
    await Promise.all(senders.map((sender) => sender.say(next())))
    said += senders.length
    await nextTurn()
  }
  return said
}

test('floods from two hundred addresses: limited for each and for all, and the node goes on proving', async (t) => {
  const { keys, cookie } = await establish()
  const replayed = ntsRequest(realRandom, { keys, cookie, cookiesHeld: 0 }).bytes
  const since = await refusals()
  const kinds = [
    ['ntp ntp-request-rate-limited', serving.ntp, ntpRequest],
    ['nts nts-request-busy', serving.ntp, () => replayed],
    ['roughtime roughtime-rate', serving.roughtime, roughtimeRequest],
  ] as const
  for (const [kind, port, make] of kinds) {
    await using stack = new AsyncDisposableStack()
    const senders = await Promise.all(Array.from({ length: 200 }, async () => stack.use(await Sender.open(port))))
    let isOver = false
    const judged = (async () => {
      const isRefused = async (): Promise<boolean> => ((await refusals()).get(kind) ?? 0) > (since.get(kind) ?? 0)
      await watch.until(isRefused, () => kind)
      await watch.untilFreshEvidence(stage.others)
    })().finally(() => (isOver = true))
    const said = await flood(senders, make, () => isOver)
    await judged
    const heard = senders.map((sender) => sender.heard)
    const kisses = heard.map((answers) => answers.filter((bytes) => bytes.toString('latin1', 12, 16) === 'RATE').length)
    ok(
      kisses.every((count) => count <= 1),
      'one kiss an address',
    )
    const answers = heard.reduce((sum, one) => sum + one.length, 0)
    ok(answers < said, `${kind}: ${answers} answers to ${said}`)
    t.diagnostic(`${kind}: ${said} said, ${answers} answered`)
  }
  await holdsLoop(t)
})

const open = async (port: number, localAddress: string): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => {})
  await Promise.race([once(socket, 'connect'), new Promise((done) => socket.once('close', done))])
  return socket
}

test('a thousand connections to key establishment, idle, half a handshake, a byte at a time: bounded, and over when their time is', async (t) => {
  const since = await refusals()
  const addresses = Array.from({ length: 40 }, newAddress)
  const sockets = await Promise.all(Array.from({ length: 1000 }, (_, i) => open(serving.nts, addresses[i % 40] ?? '')))
  const closed = sockets.map((socket) => new Promise((done) => (socket.closed ? done(0) : socket.once('close', done))))
  const hello = Buffer.concat([Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), Buffer.alloc(300)])
  for (const [i, socket] of sockets.entries()) if (i % 3 === 1) socket.write(hello)
  const over = new AbortController()
  const dripping = (async () => {
    for (let at = 0; !over.signal.aborted; at = Math.min(at + 1, hello.length - 1)) {
      for (const [i, socket] of sockets.entries())
        if (i % 3 === 2 && socket.writable) socket.write(hello.subarray(at, at + 1))
      await watch.next()
    }
  })()
  for (const socket of sockets) socket.resume()
  await Promise.all(closed)
  over.abort()
  await dripping
  const now = await refusals()
  const count = (reason: string): number =>
    (now.get(`nts nts-ke-request-${reason}`) ?? 0) - (since.get(`nts nts-ke-request-${reason}`) ?? 0)
  t.diagnostic(JSON.stringify([...now].filter(([kind]) => kind.startsWith('nts '))))
  ok(count('timeout') > 0 && count('timeout') <= 2 * NTS_KE_CONNECTIONS_MAX, `${count('timeout')} were held`)
  ok(count('busy') + count('rate-limited') >= 1000 - 2 * NTS_KE_CONNECTIONS_MAX)
  await establish()
  await watch.untilFreshEvidence(stage.others)
  await holdsLoop(t)
})

test('garbage in key establishment, before and inside TLS: counted by reason, answered by a record or not at all', async () => {
  const cases: readonly (readonly [reason: string, bytes: Buffer, protocol: string])[] = [
    ['malformed', Buffer.from('80010002000080030002000080040002000f80000000', 'hex'), 'ntske/1'],
    ['malformed', Buffer.alloc(1_048_576), 'ntske/1'],
    ['malformed', Buffer.from('80000000', 'hex'), 'ntske/1'],
    ['unknown-critical', Buffer.from('ffff000080000000', 'hex'), 'ntske/1'],
    ['other-protocol', Buffer.from('80010002ffff80040002000f80000000', 'hex'), 'ntske/1'],
    ['other-algorithm', Buffer.from('8001000200008004000200ff80000000', 'hex'), 'ntske/1'],
    ['too-large', Buffer.alloc(1_048_576, 0xff), 'ntske/1'],
    ['too-large', Buffer.alloc(20_000, 0xff), 'ntske/1'],
    ['other-alpn', Buffer.alloc(0), 'h2'],
  ]
  const kindOf = (reason: string): string => `nts nts-ke-request-${reason}`
  const expected = new Map<string, number>([[kindOf('tls'), 2]])
  for (const [reason] of cases) expected.set(kindOf(reason), (expected.get(kindOf(reason)) ?? 0) + 1)
  const since = await refusals()
  let seen: ReadonlyMap<string, number> = since
  for (const [, bytes, protocol] of cases) {
    const socket = connectTls({
      host: '127.0.0.1',
      socket: connect({ port: serving.nts, host: '127.0.0.1', localAddress: newAddress() }),
      ca: [authority.pem],
      ALPNProtocols: [protocol],
    })
    let heard = 0
    socket.on('data', (part) => (heard += part.length))
    socket.on('error', () => {})
    socket.once('secureConnect', () => socket.write(bytes))
    await new Promise((done) => socket.once('close', done))
    ok(heard <= 24, `${heard} bytes for garbage`)
  }
  for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(70_000, 0x16)]) {
    const socket = await open(serving.nts, newAddress())
    const closed = new Promise((done) => socket.once('close', done))
    socket.resume().write(bytes)
    await closed
  }
  await watch.until(
    async () => {
      seen = await refusedSince(since, expected)
      return [...seen].every(([kind, count]) => count === expected.get(kind))
    },
    () => `${JSON.stringify([...expected])} and ${JSON.stringify([...seen])}`,
  )
})

test('after all of it: nothing lost, nobody framed, no memory held', async (t) => {
  await watch.untilFreshEvidence(stage.others)
  const { target, others } = stage
  const honest = [target, ...others].map(({ id }) => id)
  deepEqual(
    watch.verdicts.filter(({ id, to }) => honest.includes(id) && to !== 'truechimer'),
    [],
  )
  equal((await target.client.time()).status, 'synchronised')
  for (const { client } of others)
    for (const node of (await client.nodes()).nodes) if (honest.includes(node.id)) equal(node.status, 'truechimer')
  const held = await heldBytes(target.program)
  t.diagnostic(`${heldBefore} bytes before, ${held} after`)
  ok(held - heldBefore < 48 * 1024 * 1024, `${heldBefore} bytes before, ${held} after`)
})
