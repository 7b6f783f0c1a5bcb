/**
 * `npm run bench -- roughtime-server`: answers a second of our Roughtime server beside a plain `dgram` loop that sends as many bytes
 * back and does nothing else. One asking thread, one serving thread; the two loops are run in turn, several times, so that a noisy
 * machine slows both. More open requests make larger batches: the cost of a signature is shared by more.
 */
import { createSocket } from 'node:dgram'
import { sign } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { NS_PER_MS, seededRandom } from '../src/base/index.ts'
import { decodeRoughtimeRequest, encodeRoughtimeRequest, roughtimeSrvOf, taiFromUnixNs } from '../src/clock/index.ts'
import { signingKeyOf } from '../src/crypto/index.ts'
import { realRandom, realTime } from '../src/node/io/real-ports.ts'
import { openRoughtimeServer } from '../src/services/roughtime-server.ts'
import { rateOf, spread } from './figures.ts'
import type { LoadResult } from './roughtime-load.ts'

const OPEN = [1, 16, 64, 256]
const ROUNDS = 5
const ROUND_MS = 1250
const REQUESTS = 256
const ANSWER_BYTES = 508

const longTerm = signingKeyOf(seededRandom(1n).bytes(32))
const random = seededRandom(2n)
const requests = Array.from({ length: REQUESTS }, () =>
  encodeRoughtimeRequest({ form: 'framed', nonce: random.bytes(32), publicKey: longTerm.publicKey }),
)

const isResult = (value: unknown): value is LoadResult =>
  typeof value === 'object' && value !== null && 'answersPerSec' in value && 'answers' in value

interface Load {
  /** Answers a second that one asker gets. */
  readonly rate: number
  /** Processor time of this thread, the serving one, for each of them, µs: other programs of the machine do not touch it. */
  readonly cpuUs: number
}

const load = async (worker: Worker, port: number, open: number): Promise<Load> => {
  const before = process.threadCpuUsage()
  worker.postMessage({ port, requests, open, forMs: ROUND_MS }, [])
  const [result]: unknown[] = await once(worker, 'message')
  const { user, system } = process.threadCpuUsage(before)
  if (!isResult(result)) throw new TypeError('the asking thread says something else')
  return { rate: result.answersPerSec, cpuUs: (user + system) / result.answers }
}

/** As many bytes back as our answers have, to whoever sends. */
const echo = async (worker: Worker, open: number): Promise<Load> => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  socket.on('message', (packet, from) => socket.send(packet.subarray(0, ANSWER_BYTES), from.port, from.address))
  await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve))
  const loaded = await load(worker, socket.address().port, open)
  socket.close()
  return loaded
}

interface Served extends Load {
  readonly batch: number
}

const serve = async (worker: Worker, open: number): Promise<Served> => {
  const tai = taiFromUnixNs(realTime.hostUnixNs()) - realTime.elapsedNs()
  await using server = await openRoughtimeServer({
    time: realTime,
    random: realRandom,
    longTerm,
    listen: { host: '127.0.0.1', port: 0 },
    rate: { ratePerSec: 1_000_000, burst: 1_000_000 },
    basis: {
      basis: () => {
        const localNs = realTime.elapsedNs()
        return {
          localNs,
          tai: tai + localNs,
          halfWidthNs: NS_PER_MS,
          slopePpb: 0,
          growthPpb: 0,
          status: 'synchronised',
        }
      },
    },
  })
  const loaded = await load(worker, server.port, open)
  const { answered, batches } = server.counts()
  return { ...loaded, batch: answered / batches }
}

const tell = (line: string): void => void process.stdout.write(`${line}\n`)

const microseconds = (callsPerSec: number): string => `${(1e6 / callsPerSec).toFixed(1)} µs`

/** What one answer is made of, alone. */
const tellCosts = (): void => {
  const message = new Uint8Array(128)
  const srv = roughtimeSrvOf(longTerm.publicKey)
  const [packet = new Uint8Array(0)] = requests
  tell(`a signature: ${microseconds(rateOf(() => sign(null, message, longTerm.handle), 1, 500))}`)
  tell(`reading a request: ${microseconds(rateOf(() => decodeRoughtimeRequest(packet, srv), 1, 500))}`)
}

interface Round {
  readonly ours: Served
  readonly plain: Load
}

/** What each column shows of a round, and with how many digits. */
const COLUMNS: readonly (readonly [head: string, of: (round: Round) => number, digits: number])[] = [
  ['answers a second', ({ ours }) => ours.rate, 0],
  ['plain dgram loop', ({ plain }) => plain.rate, 0],
  ['ratio', ({ ours, plain }) => ours.rate / plain.rate, 2],
  ['µs of processor', ({ ours }) => ours.cpuUs, 1],
  ['plain', ({ plain }) => plain.cpuUs, 1],
  ['a signature', ({ ours }) => ours.batch, 1],
]
const WIDTH = 26

export const run = async (): Promise<void> => {
  const worker = new Worker(new URL('./roughtime-load.ts', import.meta.url))
  tellCosts()
  tell(['open  ', ...COLUMNS.map(([head]) => head.padEnd(WIDTH))].join('').trimEnd())
  for (const open of OPEN) {
    const rounds: Round[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push({ plain: await echo(worker, open), ours: await serve(worker, open) })
    const cells = COLUMNS.map(([, of, digits]) => spread(rounds.map(of), digits).padEnd(WIDTH))
    tell([String(open).padEnd(6), ...cells].join('').trimEnd())
  }
  await worker.terminate()
}
