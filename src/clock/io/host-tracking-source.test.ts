/** The host clock by the word of its keeper: the interval by hand, and what becomes of programs that fail. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS, NS_PER_SEC } from '../../base/index.ts'
import { eventLog } from '../../../test/real/event-log.ts'
import { readChronyTracking } from '../host-tracking.ts'
import type { TrackingTeller } from '../host-tracking.ts'
import { taiFromUnixNs } from '../time-scales.ts'
import { hostTrackingSource } from './host-tracking-source.ts'

const HOST = 1_795_232_390n * NS_PER_SEC
const LINE =
  '7F000001,127.0.0.1,2,1795232389.800000000,0.002000000,0.0,0.0,0.0,0.0,0.1,0.001000000,0.000100000,64.0,Normal'

const stoppedTime = () => {
  let local = 1000n
  return { elapsedNs: () => (local += 500n), hostUnixNs: () => HOST, schedule: () => () => undefined }
}

/** A teller that is this program with a few lines of its own. */
const teller = (script: string): TrackingTeller => ({
  program: process.execPath,
  args: ['-e', script],
  read: readChronyTracking,
})
const saying = (text: string): TrackingTeller => teller(`process.stdout.write(${JSON.stringify(text)})`)
const missing: TrackingTeller = { program: '/nowhere/chronyc', args: [], read: readChronyTracking }
const failing = teller('process.exit(1)')

test('the interval is the stated bound, and the estimate follows the stated offset', async () => {
  await using source = hostTrackingSource(stoppedTime(), { id: 'host', tellers: [saying(LINE)], resolutionNs: 7n })
  const log = await eventLog(source)
  source.poll()
  source.poll()
  await log.when((words) => words.length > 0)
  const tai = taiFromUnixNs(HOST)
  const boundNs = 2n * NS_PER_MS + 100_000n + 500_000n + 1n + 7n
  deepEqual(log.events, [
    {
      type: 'measurement',
      measurement: {
        sourceId: 'host',
        kind: 'host',
        localNs: 1750n,
        offset: { lo: tai - 2000n - boundNs, hi: tai - 1500n + boundNs },
        estimateNs: tai - 1750n + 2n * NS_PER_MS,
        delayNs: 500n,
        leap: 'none',
        upstream: { stratum: 2, referenceId: 0x7f_00_00_01, rootDelayNs: NS_PER_MS, address: '127.0.0.1' },
      },
    },
  ])
})

const OUTCOMES: readonly (readonly [what: string, tellers: readonly TrackingTeller[], words: string])[] = [
  ['nobody is there', [missing, missing], 'unreachable host-tracking-missing'],
  ['the first is missing, the second answers', [missing, saying(LINE)], 'measurement'],
  ['the first fails, the second answers', [failing, saying(LINE)], 'measurement'],
  ['the first fails, the second is missing', [failing, missing], 'unreachable host-tracking-failed'],
  ['the first that answers decides', [saying('???'), saying(LINE)], 'refused host-tracking-malformed'],
  ['it hangs', [teller('setInterval(() => {}, 1000)')], 'unreachable host-tracking-timeout'],
  [
    'it never stops talking',
    [teller("for (;;) require('fs').writeSync(1, 'x'.repeat(999))")],
    'unreachable host-tracking-malformed',
  ],
]
for (const [what, tellers, words] of OUTCOMES)
  test(`${what}: ${words}`, async () => {
    const timeoutMs = what === 'it hangs' ? 300 : 20_000
    await using source = hostTrackingSource(stoppedTime(), { id: 'host', tellers, timeoutMs })
    const log = await eventLog(source)
    source.poll()
    await log.when((seen) => seen.length > 0)
    const [event] = log.events
    equal(event !== undefined && 'reason' in event ? `${event.type} ${event.reason}` : event?.type, words)
  })

test('disposal ends the program and says nothing more', { timeout: 30_000 }, async () => {
  const source = hostTrackingSource(stoppedTime(), {
    id: 'host',
    tellers: [teller('setInterval(() => {}, 1000)')],
    timeoutMs: 60_000,
  })
  const log = await eventLog(source)
  source.poll()
  await source[Symbol.asyncDispose]()
  source.poll()
  equal(log.events.length, 0)
})
