/**
 * `npm run bench -- ntp-server [ROUNDS]`: answers a second of the NTP server beside a plain `dgram` loop that sends back what came, in
 * turn, so that a noisy machine slows both; with one client that waits, and with 64 datagrams in flight. Then the same with
 * workers. The clients are another process. The plain loop, too, looks nothing up, so it is the fastest that Node has.
 */
import { fork } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { NS_PER_MS } from '../src/base/index.ts'
import { taiFromUnixNs } from '../src/clock/index.ts'
import { realTime } from '../src/node/io/real-ports.ts'
import { openNtpServer } from '../src/services/ntp-server.ts'
import type { NtpClock } from '../src/services/ntp-face.ts'
import { openBasis } from '../src/services/time-basis.ts'
import { spread } from './figures.ts'
import type { LoadOrder } from './ntp-load.child.ts'

const ROUND_MS = 400
const STANDING = {
  stratum: 2,
  referenceId: 0x7f_7f_01_00,
  rootDelayNs: 100_000n,
  referenceTai: undefined,
  announced: 'none',
} as const

/** The machine's clock, ± 1 ms, as a node would serve its own. */
const serve = async (workers: number, isLimited: boolean) => {
  const time = realTime
  const clockOf = (basis: NtpClock['basis']): NtpClock => ({ basis, standing: STANDING })
  const stack = new AsyncDisposableStack()
  const server = stack.use(
    await openNtpServer({
      time,
      host: '127.0.0.1',
      port: 0,
      workers,
      clock: clockOf(undefined),
      // The limit is kept and never met: what it costs is in the figure.
      ratePerSec: isLimited ? 1_000_000 : undefined,
    }),
  )
  const read = () => {
    const [localNs, estimate] = [time.elapsedNs(), taiFromUnixNs(time.hostUnixNs())]
    const [earliest, latest] = [estimate - NS_PER_MS, estimate + NS_PER_MS]
    return { localNs, estimate, earliest, latest, status: 'synchronised' as const, frequencyPpb: 0 }
  }
  stack.use(openBasis({ time, read, onRefresh: (basis) => server.show(clockOf(basis)) }))
  return { port: server.port, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const echo = async () => {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) })
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address))
  const listening = once(socket, 'listening')
  socket.bind(0, '127.0.0.1')
  await listening
  const close = () => new Promise<void>((resolve) => void socket.close(() => resolve()))
  return { port: socket.address().port, [Symbol.asyncDispose]: close }
}

const openClients = () => {
  const child = fork(new URL('./ntp-load.child.ts', import.meta.url).pathname)
  const perSec = async (order: LoadOrder): Promise<number> => {
    child.send(order)
    const [answer]: unknown[] = await once(child, 'message')
    return typeof answer === 'number' ? answer : Number.NaN
  }
  return { perSec, [Symbol.dispose]: () => void child.kill() }
}

export const run = async ([rounds = '15']: readonly string[]): Promise<void> => {
  using clients = openClients()
  await using plain = await echo()
  await using ntp = await serve(0, true)
  const shapes = { 'one that waits': { inFlight: 1, sockets: 1 }, '64 in flight': { inFlight: 64, sockets: 8 } }
  for (const [name, shape] of Object.entries(shapes)) {
    const pairs: { readonly ntp: number; readonly plain: number }[] = []
    for (let round = 0; round < Number(rounds); round += 1) {
      const one = await clients.perSec({ port: plain.port, forMs: ROUND_MS, ...shape })
      pairs.push({ plain: one, ntp: await clients.perSec({ port: ntp.port, forMs: ROUND_MS, ...shape }) })
    }
    const ratios = pairs.map((pair) => pair.ntp / pair.plain)
    process.stdout.write(
      [
        name,
        `  NTP answers/s       ${spread(pairs.map((pair) => pair.ntp))}`,
        `  plain dgram loop/s  ${spread(pairs.map((pair) => pair.plain))}`,
        `  ratio               ${spread(ratios, 3)}  (wanted: at least 0.9)`,
        '',
      ].join('\n'),
    )
  }
  await withWorkers(clients.perSec, Number(rounds))
}

const withWorkers = async (perSec: (order: LoadOrder) => Promise<number>, rounds: number): Promise<void> => {
  const shape = { inFlight: 64, sockets: 16, forMs: ROUND_MS }
  process.stdout.write(
    `workers, 64 in flight over 16 sockets, ${availableParallelism()} cores for all and the clients\n`,
  )
  await using none = await serve(0, true)
  for (const workers of [1, 2]) {
    await using many = await serve(workers, true)
    const pairs: { readonly many: number; readonly none: number }[] = []
    for (let round = 0; round < rounds; round += 1) {
      const one = await perSec({ port: none.port, ...shape })
      pairs.push({ none: one, many: await perSec({ port: many.port, ...shape }) })
    }
    const gain = spread(
      pairs.map((pair) => pair.many / pair.none),
      3,
    )
    process.stdout.write(
      `  ${workers} workers: ${spread(pairs.map((pair) => pair.many))} answers/s, ${gain} times the main thread\n`,
    )
  }
}
