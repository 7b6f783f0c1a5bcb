/** Who gets which event, from a table of readers without sockets. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { array, assert, integer, property } from 'fast-check'
import { openEventHub } from './event-hub.ts'
import type { EventHub, HubLimits, Reader, Sink } from './event-hub.ts'
import { NODE_ID_EXAMPLE } from './examples.ts'
import { API_LIMITS } from './limits.ts'
import type { EventType, EventView } from './schema.ts'

const peer = (connected: boolean): EventView => ({ type: 'peer', id: NODE_ID_EXAMPLE, connected })
const fault: EventView = { type: 'fault', faults: [] }

interface TableSink extends Sink {
  readonly texts: string[]
  waiting: number
  ended: boolean
  destroyed: boolean
}

const tableSink = (): TableSink => {
  const sink: TableSink = {
    texts: [],
    waiting: 0,
    ended: false,
    destroyed: false,
    get writableLength() {
      return sink.waiting
    },
    write: (text) => sink.texts.push(text),
    end: () => (sink.ended = true),
    destroy: () => (sink.destroyed = true),
  }
  return sink
}

const open = (limits: Partial<HubLimits> = {}): EventHub => openEventHub({ ...API_LIMITS, ...limits }, 'life')

const join = (hub: EventHub, reader: Partial<Reader> = {}): TableSink & { leave: () => void } => {
  const sink = tableSink()
  const leave = hub.join({ client: '127.0.0.1', types: undefined, lastEventId: undefined, ...reader, sink })
  return Object.assign(sink, { leave })
}

/** Ids of the events that a reader got. */
const ids = (sink: TableSink): string[] => sink.texts.flatMap((text) => /^id: (\S+)$/m.exec(text)?.[1] ?? [])

describe('what a reader gets', () => {
  test('a greeting with the pause before coming back, then events as they are', () => {
    using hub = open({ retryMs: 700 })
    const reader = join(hub)
    hub.publish(peer(true))
    deepEqual(reader.texts, [
      'retry: 700\n\n',
      `id: life-1\nevent: peer\ndata: {"type":"peer","id":"${NODE_ID_EXAMPLE}","connected":true}\n\n`,
    ])
  })

  test('only the types it asked for', () => {
    using hub = open()
    const reader = join(hub, { types: new Set<EventType>(['fault']) })
    for (const event of [peer(true), fault, peer(false)]) hub.publish(event)
    deepEqual(ids(reader), ['life-2'])
  })

  test('nothing after it left', () => {
    using hub = open()
    const reader = join(hub)
    reader.leave()
    reader.leave()
    hub.publish(fault)
    deepEqual([ids(reader), hub.streams], [[], 0])
  })

  const resumes: [string, string | undefined, string[]][] = [
    ['no id', undefined, []],
    ['an empty id', '', []],
    ['the newest id', 'life-4', []],
    ['an id in between', 'life-2', ['life-3', 'life-4']],
    ['an id of before what is held', 'life-0', ['life-2', 'life-3', 'life-4']],
    ['an id of another life', 'other-4', ['life-2', 'life-3', 'life-4']],
    ['an id that is none', '<script>', ['life-2', 'life-3', 'life-4']],
  ]
  for (const [what, lastEventId, expected] of resumes)
    test(`after ${what}: ${expected.join(' ') || 'nothing old'}`, () => {
      using hub = open({ replayEventsMax: 3 })
      for (let i = 0; i < 4; i += 1) hub.publish(fault)
      deepEqual(ids(join(hub, { lastEventId })), expected)
    })

  test('what is sent again is filtered too', () => {
    using hub = open()
    for (const event of [peer(true), fault]) hub.publish(event)
    deepEqual(ids(join(hub, { lastEventId: 'life-0', types: new Set<EventType>(['peer']) })), ['life-1'])
  })
})

describe('what is bounded', () => {
  test('a reader that does not keep up is cut off; the others notice nothing', () => {
    using hub = open({ backlogBytesMax: 100 })
    const slow = join(hub)
    const good = join(hub)
    slow.waiting = 100
    hub.publish(fault)
    slow.waiting = 101
    hub.publish(fault)
    hub.publish(fault)
    deepEqual([slow.destroyed, ids(slow)], [true, ['life-1', 'life-2']])
    deepEqual([good.destroyed, ids(good)], [false, ['life-1', 'life-2', 'life-3']])
    deepEqual([hub.streams, hub.cutOff], [1, 1])
  })

  test('a reader that is cut off while it is being caught up gets no more', () => {
    using hub = open({ backlogBytesMax: 100 })
    for (let i = 0; i < 3; i += 1) hub.publish(fault)
    const sink = tableSink()
    sink.waiting = 101
    hub.join({ client: 'a', sink, types: undefined, lastEventId: 'life-0' })
    deepEqual([sink.texts.length, sink.destroyed, hub.streams], [1, true, 0])
  })

  test('readers in all, and of one address', () => {
    using hub = open({ streamsMax: 3, streamsPerClientMax: 2 })
    const first = join(hub, { client: 'a' })
    join(hub, { client: 'a' })
    deepEqual([hub.hasRoom('a'), hub.hasRoom('b')], [false, true])
    join(hub, { client: 'b' })
    deepEqual([hub.hasRoom('a'), hub.hasRoom('b')], [false, false])
    first.leave()
    deepEqual([hub.hasRoom('a'), hub.hasRoom('b')], [true, true])
  })

  test('what is held stays within its number and its bytes, and is always the newest', () => {
    assert(
      property(array(integer({ min: 0, max: 300 }), { maxLength: 40 }), (lengths) => {
        using hub = open({ replayEventsMax: 8, replayBytesMax: 1000 })
        for (const length of lengths)
          hub.publish({ type: 'verdict', slot: 1, id: NODE_ID_EXAMPLE, name: 'é'.repeat(length), ...VERDICT })
        const reader = join(hub, { lastEventId: 'other-1' })
        const held = reader.texts.slice(1)
        ok(held.length <= 8 && Buffer.byteLength(held.join('')) <= 1000)
        const numbers = ids(reader).map((id) => Number(id.slice('life-'.length)))
        deepEqual(
          numbers,
          numbers.map((_, i) => lengths.length - numbers.length + 1 + i),
        )
      }),
      { numRuns: 50 },
    )
  })
})

const VERDICT = { from: 'truechimer', to: 'falseticker', reason: 'ahead', explanation: '' } as const

test('a silent stream beats', async () => {
  const beat = Promise.withResolvers<string>()
  using hub = open({ heartbeatMs: 1 })
  const sink = { ...tableSink(), write: (text: string) => (text.startsWith(':') ? beat.resolve(text) : undefined) }
  hub.join({ client: 'a', sink, types: undefined, lastEventId: undefined })
  // The beat alone does not keep a process alive, so the test does.
  const alive = setInterval(() => undefined, 1000)
  equal(await beat.promise, ':\n\n')
  clearInterval(alive)
})

test('disposing ends every stream', () => {
  const hub = open()
  const reader = join(hub)
  hub[Symbol.dispose]()
  deepEqual([reader.ended, hub.streams], [true, 0])
})

test('two lives of a node have ids of their own', () => {
  const idOf = (): string => {
    using hub = openEventHub(API_LIMITS)
    const reader = join(hub)
    hub.publish(fault)
    return ids(reader)[0] ?? ''
  }
  const [first, second] = [idOf(), idOf()]
  match(first, /^[0-9a-f]{8}-1$/)
  ok(first !== second)
})
