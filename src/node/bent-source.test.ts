/** A bent source passes everything on, and shifts measurements only. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { NS_PER_MS } from '../base/index.ts'
import type { SourceEvent } from '../clock/index.ts'
import { BentSource } from './index.ts'
import { ScriptedSource, VirtualWorld } from './virtual-time.test-kit.ts'

test('bent by so many milliseconds, and set right again', async () => {
  const world = new VirtualWorld(10n ** 18n, nextTurn)
  const source = new ScriptedSource(world, world.time())
  const bent = new BentSource(source)
  const heard: SourceEvent[] = []
  await bent.start((event) => heard.push(event))
  const ask = async (offsetMs: number): Promise<bigint> => {
    bent.bend(offsetMs)
    bent.poll()
    await world.runUntil(world.nowNs + 2n * NS_PER_MS)
    const event = heard.at(-1)
    return event?.type === 'measurement' ? event.measurement.estimateNs - 10n ** 18n : -1n
  }
  deepEqual([await ask(0), await ask(250), await ask(-0.5), await ask(0)], [0n, 250n * NS_PER_MS, -500_000n, 0n])
  deepEqual([bent.id, bent.kind, heard.length], ['scripted', 'ntp', 4])
  bent.poll()
  await bent[Symbol.asyncDispose]()
  await world.runUntil(world.nowNs + NS_PER_MS * 9n)
  equal(heard.length, 4)
})
