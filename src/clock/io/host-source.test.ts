import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS, NS_PER_SEC } from '../../base/index.ts'
import { eventLog } from '../../../test/real/event-log.ts'
import { taiFromUnixNs } from '../time-scales.ts'
import { hostSource } from './host-source.ts'

test('the operator’s bound, and how coarsely clocks are read, are the interval', async () => {
  const host = 1_795_219_200n * NS_PER_SEC
  let local = 1000n
  const time = {
    elapsedNs: () => (local += 500n),
    hostUnixNs: () => host,
    schedule: () => () => undefined,
  }
  const source = hostSource(time, { id: 'host', boundNs: 10n * NS_PER_MS, resolutionNs: 7n })
  const log = await eventLog(source)
  source.poll()
  const tai = taiFromUnixNs(host)
  deepEqual(log.events, [
    {
      type: 'measurement',
      measurement: {
        sourceId: 'host',
        kind: 'host',
        localNs: 1750n,
        offset: { lo: tai - 2000n - 10n * NS_PER_MS - 7n, hi: tai - 1500n + 10n * NS_PER_MS + 7n },
        estimateNs: tai - 1750n,
        delayNs: 500n,
        leap: 'unknown',
      },
    },
  ])
  await source[Symbol.asyncDispose]()
  source.poll()
  equal(log.events.length, 1)
})
