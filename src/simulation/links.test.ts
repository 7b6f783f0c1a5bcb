import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { ChanceStream } from './chance-stream.ts'
import { EventQueue } from './event-queue.ts'
import { Links } from './links.ts'
import { MS, SCENARIO_DEFAULTS, SEC } from './scenario.ts'
import type { LinkSettings } from './scenario.ts'
import { Transcript } from './transcript.ts'

const make = (settings: Partial<LinkSettings> = {}) => {
  const queue = new EventQueue()
  const links = new Links({
    queue,
    transcript: new Transcript(),
    chance: new ChanceStream(1, 'links'),
    settings: { ...SCENARIO_DEFAULTS.link, jitterNs: 0, bytesPerSec: 0, ...settings },
    sizeMax: 4,
  })
  const arrivals: number[] = []
  const send = (from = 0, to = 1, length = 100): void => links.carry(from, to, length, () => arrivals.push(queue.nowNs))
  const finish = (): readonly number[] => {
    while (queue.runNext(100 * SEC));
    return arrivals
  }
  return { queue, links, arrivals, send, finish }
}

test('Z-6: a message takes the delay of its link', () => {
  const { send, finish } = make()
  send()
  deepEqual(finish(), [20 * MS])
})

test('jitter comes on top, at most three times its mean', () => {
  const { send, finish } = make({ jitterNs: 5 * MS })
  for (let i = 0; i < 1000; i += 1) send()
  const delays = finish().map((at) => at - 20 * MS)
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
  ok(Math.max(...delays) <= 15 * MS && mean > 4.5 * MS && mean < 5.5 * MS, String(mean))
})

test('bytes wait for their sender’s uplink, and only for its', () => {
  const { send, finish } = make({ bytesPerSec: 1000 })
  send(0, 1, 500)
  send(0, 2, 500)
  send(3, 1, 500)
  deepEqual(finish(), [520 * MS, 520 * MS, 1020 * MS])
})

test('a cut way carries nothing until it is mended as often; the other way does', () => {
  const { links, send, finish } = make()
  links.cut(0, 1)
  links.cut(0, 1)
  links.mend(0, 1)
  send(0, 1)
  send(1, 0)
  links.mend(0, 1)
  send(0, 1)
  equal(finish().length, 2)
  equal(links.lost, 1)
})

test('a share is lost, and a share comes twice', () => {
  const { links, send, finish } = make({ lossPerMillion: 100_000 })
  links.weather.duplicatePerMillion = 500_000
  for (let i = 0; i < 1000; i += 1) send()
  const { length } = finish()
  equal(links.lost > 60 && links.lost < 140, true)
  ok(length > 1.4 * (1000 - links.lost) && length < 1.6 * (1000 - links.lost))
})

test('held back messages are passed by later ones', () => {
  const { links, queue } = make()
  links.weather.reorderPerMillion = 500_000
  const order: number[] = []
  for (let i = 0; i < 50; i += 1) links.carry(0, 1, 10, () => order.push(i))
  while (queue.runNext(100 * SEC));
  equal(order.length, 50)
  ok(order.some((value, i) => value < (order[i - 1] ?? -1)))
})

test('a slow way is longer by as much, and only that way', () => {
  const { links, send, finish } = make()
  links.slow(0, 1, 300 * MS)
  send(0, 1)
  send(1, 0)
  deepEqual(finish(), [20 * MS, 320 * MS])
})
