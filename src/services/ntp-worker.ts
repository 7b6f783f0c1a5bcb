/**
 * One thread of an NTP server: a desk on a shared port, served the clock by messages. The counter is the process's own
 * (CLOCK_MONOTONIC), so the main thread's basis holds here too. Ends when the main thread ends it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { realTime } from '../node/io/real-ports.ts'
import { NtpDesk } from './ntp-desk.ts'
import { measurePrecision } from './ntp-face.ts'
import type { NtpClock } from './ntp-face.ts'
import { rateOf } from './ntp-rate.ts'
import { openNtpSocket } from './ntp-socket.ts'
import { toWorkerSchema, workerStartSchema } from './ntp-worker-messages.ts'
import type { FromWorker } from './ntp-worker-messages.ts'

const start = workerStartSchema.parse(workerData)
let clock: NtpClock = start.clock
const desk = new NtpDesk({
  time: realTime,
  clock: () => clock,
  precision: measurePrecision(() => realTime.elapsedNs()),
  rate: rateOf(start.ratePerSec),
})
const say = (message: FromWorker): void => parentPort?.postMessage(message, [])

let told = 0
/** The counts, where there is news; also where all that came was dropped. */
const tellCounts = (): void => {
  const { dropped, ...counts } = desk.counts()
  const all = [...dropped.values()].reduce((sum, count) => sum + count, counts.answered)
  if (all === told) return
  told = all
  say({ type: 'counts', counts: { ...counts, dropped: new Map(dropped) } })
}

parentPort?.on('message', (message: unknown) => {
  clock = toWorkerSchema.parse(message).clock
  tellCounts()
})

try {
  await openNtpSocket({ desk, host: start.host, port: start.port, reusePort: true })
  say({ type: 'ready' })
} catch (error) {
  say({ type: 'failed', message: error instanceof Error ? error.message : 'unknown' })
}
