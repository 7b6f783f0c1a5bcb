/**
 * What becomes of stamps, to who follows them: `GET /v1/stamps/events`. Each reader is told the state of each of its stamps at once, then
 * each change; when all are final its stream ends. Nobody is waited for: a reader that does not take what it is sent is cut off.
 *
 * Nothing is held for who comes back: the states at once are the whole picture. Memory: readers × (ids + backlog).
 */
import type { StampChange, StampDesk, StampRecord } from '../stamps/index.ts'
import type { Sink } from './event-hub.ts'
import type { ApiLimits } from './limits.ts'
import type { StampNewsView } from './stamp-schema.ts'
import { changedNewsView, stampNewsView } from './stamp-views.ts'

export type StampHubLimits = Pick<
  ApiLimits,
  'streamsMax' | 'streamsPerClientMax' | 'backlogBytesMax' | 'heartbeatMs' | 'retryMs'
>

export interface StampReader {
  /** The reader's address; only for counting. */
  readonly client: string
  readonly sink: Sink
  readonly stamps: readonly StampRecord[]
}

export interface StampHub extends Disposable {
  /** Streams open now, and readers cut off so far because they did not keep up. */
  readonly streams: number
  readonly cutOff: number
  hasRoom(client: string): boolean
  /** Tells the states; from then on every change. The result takes the reader out again. */
  join(reader: StampReader): () => void
}

/** One reader, with those of its stamps that are not final: id by position, and the state last told. */
interface Following {
  readonly reader: StampReader
  readonly open: Map<number, { readonly id: string; state: StampRecord['state'] }>
}

export const openStampHub = (desk: StampDesk, limits: StampHubLimits): StampHub => {
  const all = new Set<Following>()
  let cutOff = 0

  const send = (following: Following, text: string): void => {
    if (!all.has(following)) return
    const { sink } = following.reader
    sink.write(text)
    if (sink.writableLength <= limits.backlogBytesMax) return
    all.delete(following)
    cutOff += 1
    sink.destroy()
  }
  const endWhereFinal = (following: Following): void => {
    if (following.open.size === 0 && all.delete(following)) following.reader.sink.end()
  }
  const cancel = desk.onChange((change) => {
    for (const following of all) {
      const text = newsOf(following, change).map(messageOf).join('')
      if (text !== '') send(following, text)
      endWhereFinal(following)
    }
  })
  const beat = setInterval(() => all.forEach((following) => send(following, ':\n\n')), limits.heartbeatMs)
  beat.unref()

  return {
    get streams() {
      return all.size
    },
    get cutOff() {
      return cutOff
    },
    hasRoom: (client) =>
      all.size < limits.streamsMax &&
      [...all].filter(({ reader }) => reader.client === client).length < limits.streamsPerClientMax,
    join: (reader) => {
      const open = reader.stamps.filter(({ state }) => state !== 'final')
      const following = {
        reader,
        open: new Map(open.map(({ id, state, receipt }) => [receipt.position, { id, state }])),
      }
      all.add(following)
      const states = reader.stamps.map((stamp) => messageOf(stampNewsView(stamp)))
      send(following, `retry: ${limits.retryMs}\n\n${states.join('')}`)
      endWhereFinal(following)
      return () => all.delete(following)
    },
    [Symbol.dispose]: () => {
      cancel()
      clearInterval(beat)
      for (const { reader } of all) reader.sink.end()
      all.clear()
    },
  }
}

/** What a change says of a reader's stamps; those that are final now are followed no longer. */
const newsOf = ({ open }: Following, change: StampChange): readonly StampNewsView[] => {
  const news: StampNewsView[] = []
  for (const [position, stamp] of open) {
    if (position < change.first || position >= change.logSize || stamp.state === change.state) continue
    stamp.state = change.state
    if (change.state === 'final') open.delete(position)
    news.push(changedNewsView(stamp.id, change))
  }
  return news
}

const messageOf = (news: StampNewsView): string => `event: stamp\ndata: ${JSON.stringify(news)}\n\n`
