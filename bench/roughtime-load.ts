/**
 * The asking side of `npm run bench -- roughtime-server`, in a thread of its own: keeps a number of requests open on one socket, and
 * says how many answers came. It checks nothing, so that it is not what is measured.
 */
import { createSocket } from 'node:dgram'
import { parentPort } from 'node:worker_threads'
import { z } from 'zod'

const job = z.object({
  port: z.int(),
  requests: z.array(z.instanceof(Uint8Array)).min(1),
  /** Requests open at a time. */
  open: z.int().min(1),
  /** For so long, ms; the first fifth does not count. */
  forMs: z.number(),
})

/** What the asking side says at the end. */
export interface LoadResult {
  readonly answersPerSec: number
  /** In all, the time that does not count too. */
  readonly answers: number
}

/** An answer that is this late is taken for lost, and another request sent in its place, ms. */
const LOST_MS = 50

const run = async ({ port, requests, open, forMs }: z.output<typeof job>): Promise<LoadResult> => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 21 })
  let [sent, answers, before] = [0, 0, -1]
  const send = (): void => {
    socket.send(requests[sent % requests.length] ?? new Uint8Array(0), port, '127.0.0.1')
    sent += 1
  }
  socket.on('message', () => {
    answers += 1
    send()
  })
  await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve))
  for (let i = 0; i < open; i += 1) send()
  const watch = setInterval(() => {
    if (answers === before) for (let i = 0; i < open; i += 1) send()
    before = answers
  }, LOST_MS)
  await new Promise((resolve) => void setTimeout(resolve, forMs / 5))
  const [start, from] = [performance.now(), answers]
  await new Promise((resolve) => void setTimeout(resolve, (forMs * 4) / 5))
  const answersPerSec = ((answers - from) * 1000) / (performance.now() - start)
  clearInterval(watch)
  socket.close()
  return { answersPerSec, answers }
}

parentPort?.on('message', (message: unknown) => {
  void run(job.parse(message)).then((result) => parentPort?.postMessage(result, []))
})
