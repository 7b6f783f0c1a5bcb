/**
 * Events of one node to many readers of `GET /v1/events`, as server-sent events (WHATWG HTML §9.2).
 *
 * Every event is written down once as text and handed to all readers. Nobody is waited for: what a reader has not taken
 * stays in its socket's buffer, and a reader whose buffer outgrows its limit is cut off. It may come back with
 * `Last-Event-ID` and gets what is still held. Memory is bounded by the limits: held bytes + readers × backlog + one event.
 *
 * Ids are `<start>-<number>`: `start` is drawn anew whenever a node starts, so an id of an earlier life is known as such.
 */
import { randomUUID } from 'node:crypto'
import type { EventType, EventView } from './schema.ts'
import type { ApiLimits } from './limits.ts'

export type HubLimits = Pick<
  ApiLimits,
  | 'streamsMax'
  | 'streamsPerClientMax'
  | 'backlogBytesMax'
  | 'replayEventsMax'
  | 'replayBytesMax'
  | 'heartbeatMs'
  | 'retryMs'
>

/** Where one reader's bytes go: a ServerResponse, or a table in a test. */
export interface Sink {
  /** Bytes handed over and not yet taken. */
  readonly writableLength: number
  write(text: string): unknown
  end(): unknown
  destroy(): unknown
}

export interface Reader {
  /** The reader's address; only for counting. */
  readonly client: string
  readonly sink: Sink
  /** Undefined: all. */
  readonly types: ReadonlySet<EventType> | undefined
  /** The id of the last event the reader has seen. */
  readonly lastEventId: string | undefined
}

interface Held {
  readonly number: number
  readonly type: EventType
  readonly text: string
  readonly bytes: number
}

export interface EventHub extends Disposable {
  /** Streams open now, and readers cut off so far because they did not keep up. */
  readonly streams: number
  readonly cutOff: number
  /** Would one more reader from this address be let in? */
  hasRoom(client: string): boolean
  /** Writes the greeting and what was missed; from then on every event. The result takes the reader out again. */
  join(reader: Reader): () => void
  publish(event: EventView): void
}

/** @param start tells this life of the node from others; for tests. */
export const openEventHub = (limits: HubLimits, start: string = randomUUID().slice(0, 8)): EventHub => {
  const readers = new Set<Reader>()
  const held: Held[] = []
  let heldBytes = 0
  let number = 0
  let cutOff = 0

  const send = (reader: Reader, text: string): void => {
    if (!readers.has(reader)) return
    reader.sink.write(text)
    if (reader.sink.writableLength <= limits.backlogBytesMax) return
    readers.delete(reader)
    cutOff += 1
    reader.sink.destroy()
  }
  const hold = (event: Held): void => {
    held.push(event)
    heldBytes += event.bytes
    while (held.length > limits.replayEventsMax || heldBytes > limits.replayBytesMax)
      heldBytes -= held.shift()?.bytes ?? 0
  }
  const beat = setInterval(() => readers.forEach((reader) => send(reader, ':\n\n')), limits.heartbeatMs)
  beat.unref()

  return {
    get streams() {
      return readers.size
    },
    get cutOff() {
      return cutOff
    },
    hasRoom: (client) =>
      readers.size < limits.streamsMax &&
      [...readers].filter((reader) => reader.client === client).length < limits.streamsPerClientMax,
    join: (reader) => {
      readers.add(reader)
      send(reader, `retry: ${limits.retryMs}\n\n`)
      const seen = lastSeen(reader.lastEventId, start)
      for (const event of held) if (event.number > seen && isWanted(reader, event.type)) send(reader, event.text)
      return () => readers.delete(reader)
    },
    publish: (event) => {
      number += 1
      const text = `id: ${start}-${number}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
      hold({ number, type: event.type, text, bytes: Buffer.byteLength(text) })
      for (const reader of readers) if (isWanted(reader, event.type)) send(reader, text)
    },
    [Symbol.dispose]: () => {
      clearInterval(beat)
      for (const reader of readers) reader.sink.end()
      readers.clear()
    },
  }
}

const isWanted = (reader: Reader, type: EventType): boolean => reader.types === undefined || reader.types.has(type)

/** No id: only what is new. An id of another life of the node: everything that is held. */
const lastSeen = (id: string | undefined, start: string): number => {
  if (id === undefined || id === '') return Number.POSITIVE_INFINITY
  const [life, number] = id.split('-')
  return life === start && /^\d{1,15}$/.test(number ?? '') ? Number(number) : 0
}
