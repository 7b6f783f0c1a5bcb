/**
 * A process that appends to a log until it is killed, for log-crash.test.ts. After each batch that is durable it says on standard output how
 * long the log is and what its newest entry is called.
 */
import { writeSync } from 'node:fs'
import { hexOf } from '../src/base/index.ts'
import { memorySigner } from '../src/crypto/io/memory-signer.ts'
import type { LogDraft } from '../src/log/index.ts'
import { openFileLog } from '../src/log/io/file-log.ts'
import { realTime } from '../src/node/io/real-ports.ts'

const [directory = '', life = '0'] = process.argv.slice(2)
const log = await openFileLog({
  directory,
  time: realTime,
  networkId: new Uint8Array(32),
  signer: memorySigner({ seed: new Uint8Array(32).fill(5) }),
  segmentBytesMax: 100_000,
})
for (let round = 0; ; round += 1) {
  const drafts = Array.from({ length: 1 + (round % 37) }, (_, i): LogDraft => {
    const message = `life ${life}, round ${round}, entry ${i}`
    return { level: 'info', type: 'operator', time: null, message, payload: { filler: 'x'.repeat(round % 300) } }
  })
  const entries = await log.append(drafts)
  // Not every batch, so that kills fall between writing and syncing too.
  if (round % 3 > 0) continue
  await log.sync()
  const last = entries.at(-1)
  if (last !== undefined) writeSync(1, `${last.entry.sequence} ${hexOf(last.digest)}\n`)
}
