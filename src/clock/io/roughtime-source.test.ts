import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { holds, NS_PER_SEC, seededRandom, width } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { eventLog } from '../../../test/real/event-log.ts'
import { handTime } from '../../../test/real/hand-time.ts'
import type { Source } from '../port.ts'
import type { RoughtimeLink } from '../roughtime-chain.ts'
import { decodePacket, ROUGHTIME_TAG as T } from '../roughtime-message.ts'
import { verifyRoughtimeReport } from '../roughtime-report.ts'
import type { RoughtimeForm } from '../roughtime-request.ts'
import { HandSigner } from '../roughtime-signer.test-kit.ts'
import { taiFromUnixNs } from '../time-scales.ts'
import { keepReport, ROUGHTIME_REPORT_FILES_MAX } from './roughtime-reports.ts'
import { RoughtimeSequence } from './roughtime-sequence.ts'
import { ROUGHTIME_TIMEOUT_NS, roughtimeSource } from './roughtime-source.ts'
import { serveUdp } from './udp-server.test-kit.ts'

interface Server extends AsyncDisposable {
  readonly port: number
  readonly signer: HandSigner
  readonly nonces: readonly string[]
}
type Behaviour = (packet: Uint8Array, from: RemoteInfo, socket: Socket, signer: HandSigner) => void

const serve = async (name: string, behave: Behaviour): Promise<Server> => {
  const signer = new HandSigner(name)
  const nonces: string[] = []
  const server = await serveUdp((packet, from, socket) => {
    const decoded = decodePacket(packet)
    if (decoded.verdict === 'accept') nonces.push(Buffer.from(decoded.value.get(T.NONC) ?? []).toString('hex'))
    behave(packet, from, socket, signer)
  })
  return { ...server, signer, nonces }
}
/** Answers with the host's time, `awaySec` off. */
const says =
  (time: Time, awaySec = 0n, radius = 1n): Behaviour =>
  (packet, from, socket, signer) => {
    const units = packet.length === 1024 ? 1_000_000n : 1n
    const midpoint = (time.hostUnixNs() / NS_PER_SEC + awaySec) * units
    socket.send(signer.answer(packet, { midpoint, radius: radius * units }), from.port, from.address)
  }
const silent: Behaviour = () => {}

const client = (
  time: Time,
  { port, signer }: Server,
  more: { readonly sequence?: RoughtimeSequence; readonly form?: RoughtimeForm; readonly publicKey?: Uint8Array } = {},
): Source =>
  roughtimeSource(time, seededRandom(BigInt(port)), {
    id: `roughtime:${port}`,
    host: '127.0.0.1',
    port,
    publicKey: signer.publicKey,
    ...more,
  })

for (const form of ['framed', 'classic'] as const)
  test(`a good answer becomes one measurement that holds the host’s time; nothing is left behind (${form})`, async () => {
    const { time, pending } = handTime()
    await using server = await serve('good', says(time, 0n, 2n))
    await using source = client(time, server, { form })
    const log = await eventLog(source)
    source.poll()
    source.poll() // while one is open: nothing more is sent
    await log.when((words) => words.length === 1)
    const [event] = log.events
    ok(event?.type === 'measurement')
    const { offset, sourceId, kind } = event.measurement
    deepEqual([sourceId, kind], [source.id, 'roughtime'])
    ok(holds(offset, taiFromUnixNs(time.hostUnixNs()) - time.elapsedNs()))
    ok(width(offset) >= 4n * NS_PER_SEC && width(offset) < 6n * NS_PER_SEC)
    equal(server.nonces.length, 1)
    deepEqual(pending(), [])
  })

test('whatever is not the signed answer is passed over, told once a kind, and the answer still counts', async () => {
  const { time } = handTime()
  await using other = await serve('stranger', silent)
  const elsewhere = createSocket('udp4')
  await using server = await serve('good', (packet, from, socket, signer) => {
    const answer = signer.answer(packet, { midpoint: time.hostUnixNs() / NS_PER_SEC, radius: 1n })
    const forged = other.signer.answerAll([signer.read(packet)], { midpoint: 1_900_000_000n, radius: 1n })[0]
    const wrong = answer.slice()
    wrong[80] = (wrong[80] ?? 0) ^ 1
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), wrong, wrong, forged ?? wrong])
      socket.send(bytes, from.port, from.address)
    elsewhere.send(answer, from.port, from.address, () =>
      // Behind the stranger's, so that it is seen first.
      socket.send(answer, from.port, from.address),
    )
  })
  await using source = client(time, server)
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.includes('measurement'))
  elsewhere.close()
  const words = log.words()
  equal(words.at(-1), 'measurement')
  equal(new Set(words).size, words.length)
  ok(words.includes('roughtime-wrong-address'))
  ok(words.includes('roughtime-delegation-signature'))
  ok(log.events.every((event) => event.type !== 'refused' || event.verdict === 'ignore'))
})

test('what is signed and not to be believed is refused', async () => {
  const { time } = handTime()
  await using server = await serve('wide', says(time, 0n, 61n))
  await using source = client(time, server)
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.length === 1)
  deepEqual(log.words(), ['roughtime-radius-too-large'])
})

test('silence ends the question, and makes a pause in which nothing is sent', async () => {
  const { time, fire } = handTime()
  let nowNs = 5n
  const stopped: Time = { ...time, elapsedNs: () => nowNs }
  await using server = await serve('mute', silent)
  const asked = async (count: number): Promise<void> => {
    while (server.nonces.length < count) await new Promise(setImmediate)
  }
  await using source = client(stopped, server)
  const log = await eventLog(source)
  source.poll()
  await asked(1)
  equal(
    fire((delayNs) => delayNs === ROUGHTIME_TIMEOUT_NS),
    1,
  )
  await log.when((words) => words.length === 1)
  await new Promise(setImmediate)
  nowNs += NS_PER_SEC - 1n
  source.poll()
  deepEqual(log.words(), ['roughtime-timeout', 'roughtime-timeout'])
  equal(server.nonces.length, 1)
  nowNs += 1n
  source.poll()
  await asked(2)
})

test('a key that is not the server’s gets no answer from an honest one, and believes no other', async () => {
  const { time, fire } = handTime()
  await using server = await serve('good', (packet, from, socket, signer) => {
    // A server that answers whoever asks, by its own key.
    const decoded = decodePacket(packet)
    ok(decoded.verdict === 'accept')
    socket.send(
      signer.answerAll([{ ...signerOf(signer, packet) }], { midpoint: 1_800_000_000n, radius: 1n })[0] ?? packet,
      from.port,
      from.address,
    )
  })
  await using source = client(time, server, { publicKey: new HandSigner('expected').publicKey })
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.length === 1)
  fire()
  await log.when((words) => words.length === 2)
  deepEqual(log.words(), ['roughtime-delegation-signature', 'roughtime-timeout'])
})
/** The request as if it had asked for this signer. */
const signerOf = (signer: HandSigner, packet: Uint8Array): ReturnType<HandSigner['read']> => {
  const own = new HandSigner('expected').read(packet)
  ok(!Buffer.from(signer.publicKey).equals(new HandSigner('expected').publicKey))
  return own
}

test('servers that share a sequence are asked in a row, and a lie among them is a proof that anyone can check', async () => {
  const { time } = handTime()
  const proofs: (readonly RoughtimeLink[])[] = []
  const sequence = new RoughtimeSequence(time, seededRandom(9n), (links) => proofs.push(links))
  await using honest = await serve('honest', says(time))
  await using fast = await serve('fast', says(time, 600n))
  await using third = await serve('third', says(time))
  const names = [honest, fast, third]
  const sources = names.map((server) => client(time, server, { sequence }))
  await using stack = new AsyncDisposableStack()
  for (const source of sources) stack.use(source)
  const logs = await Promise.all(sources.map((source) => eventLog(source)))
  for (const source of sources) source.poll() // all at once: they wait for each other
  await Promise.all(logs.map((log) => log.when((words) => words.includes('measurement'))))
  deepEqual(
    sequence.links.map(({ publicKey }) =>
      names.findIndex(({ signer }) => Buffer.from(signer.publicKey).equals(publicKey)),
    ),
    [0, 1, 2],
  )
  equal(proofs.length, 1)
  const directory = await mkdtemp(join(tmpdir(), 'roughtime-'))
  stack.defer(() => rm(directory, { recursive: true }))
  const path = await keepReport(join(directory, 'reports'), proofs[0] ?? [])
  ok(path !== undefined)
  if (process.platform !== 'win32') equal((await stat(path)).mode & 0o777, 0o600)
  const verdict = verifyRoughtimeReport(JSON.parse(await readFile(path, 'utf8')))
  ok(verdict.verdict === 'accept', verdict.verdict === 'reject' ? verdict.reason : '')
  deepEqual(verdict.value.contradictions, [[0, 1]])
  deepEqual(
    verdict.value.answers.map(({ publicKey }) => Buffer.from(publicKey).toString('hex')),
    [fast, third].map(({ signer }) => Buffer.from(signer.publicKey).toString('hex')),
  )
})

test('a source that is closed while it waits for its turn goes at once', async () => {
  const { time } = handTime()
  const sequence = new RoughtimeSequence(time, seededRandom(9n))
  await using mute = await serve('mute', silent)
  await using second = await serve('second', silent)
  await using first = client(time, mute, { sequence })
  const waiting = client(time, second, { sequence })
  for (const source of [first, waiting]) {
    await eventLog(source)
    source.poll()
  }
  await waiting[Symbol.asyncDispose]()
  equal(second.nonces.length, 0)
})

test('reports are kept up to their number, and none is replaced', async () => {
  const { time } = handTime()
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'roughtime-'))
  stack.defer(() => rm(directory, { recursive: true }))
  const link: RoughtimeLink = {
    publicKey: new Uint8Array(32),
    rand: undefined,
    request: new Uint8Array(4),
    response: new Uint8Array(4),
    midpointUnixNs: time.hostUnixNs(),
    radiusNs: 1n,
  }
  for (let i = 0; i < ROUGHTIME_REPORT_FILES_MAX; i += 1)
    await writeFile(join(directory, `roughtime-${i.toString(16).padStart(16, '0')}.json`), '{}')
  equal(await keepReport(directory, [link]), undefined)
  equal((await readdir(directory)).length, ROUGHTIME_REPORT_FILES_MAX)
  await rm(join(directory, `roughtime-${'0'.repeat(16)}.json`))
  const path = await keepReport(directory, [link])
  ok(path !== undefined)
  equal(await keepReport(directory, [link]), path, 'the very same proof is there already')
  equal((await readdir(directory)).length, ROUGHTIME_REPORT_FILES_MAX)
  await rejects(keepReport(join(path, 'no-directory'), [link]), { code: 'TC_ROUGHTIME_REPORT_IO' })
})
