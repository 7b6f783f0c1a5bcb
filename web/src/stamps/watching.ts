/**
 * Follows all stamps that are not final yet over one stream of events, and asks for some of them now and then in case the stream is held
 * up on its way. Ends by itself when nothing is left to follow, and begins again with the next stamp.
 */
import { ApiError, type Client } from '../../../src/services/client.ts'
import type { StampNewsView } from '../../../src/services/schema.ts'
import type { Waker } from './pause.ts'

/** Stamps that come within this time share one stream, ms. */
const GATHER_MS = 60
/** How often some are asked for besides the stream, ms; and how many at once. */
const ASK_MS = 5000
const ASK_MAX = 5

export interface Watched {
  readonly onNews: (news: Omit<StampNewsView, 'id'>) => void
  /** The node does not answer, or does not know the stamp; undefined: it does again. */
  readonly onTrouble: (error: ApiError | undefined) => void
}

export interface Watching {
  /** Until its news are final or `signal` fires. */
  readonly follow: (stampId: string, watched: Watched, signal: AbortSignal) => void
}

export const openWatching = (client: Client, waker: Waker): Watching => {
  const open = new Map<string, Watched>()
  let round = new AbortController()
  let isAsking = false

  const hear = ({ id, ...news }: StampNewsView): void => {
    const watched = open.get(id)
    if (news.state === 'final') open.delete(id)
    watched?.onTrouble(undefined)
    watched?.onNews(news)
  }
  const fail = (error: ApiError | undefined): void => {
    for (const { onTrouble } of open.values()) onTrouble(error)
  }
  const askOne = async (id: string): Promise<void> => {
    try {
      hear(await client.stamps.find(id))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      open.get(id)?.onTrouble(error)
      if (error.status === 404) open.delete(id)
    }
  }
  const stream = async (): Promise<void> => {
    round.abort()
    const { signal } = (round = new AbortController())
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS))
    for (let attempt = 0; !signal.aborted && open.size > 0; attempt += 1) {
      try {
        const onState = (state: string, error?: ApiError): void => void (state === 'waiting' && fail(error))
        for await (const news of client.stamps.watch([...open.keys()], { signal, onState })) hear(news)
      } catch (error) {
        // One that the node does not know ends the stream for all: which one it is, asking shows.
        if (!(error instanceof ApiError)) throw error
        for (const id of open.keys()) await askOne(id)
      }
      if (!signal.aborted && open.size > 0) await waker.pause(attempt, signal)
    }
  }
  const ask = async (): Promise<void> => {
    if (isAsking) return
    isAsking = true
    for (let from = 0; open.size > 0; from += ASK_MAX) {
      await new Promise((resolve) => setTimeout(resolve, ASK_MS))
      const ids = [...open.keys()]
      const first = ids.length === 0 ? 0 : from % ids.length
      for (const id of ids.slice(first, first + ASK_MAX)) await askOne(id)
    }
    isAsking = false
  }
  return {
    follow: (stampId, watched, signal) => {
      open.set(stampId, watched)
      signal.addEventListener('abort', () => {
        open.delete(stampId)
        if (open.size === 0) round.abort()
      })
      void stream()
      void ask()
    },
  }
}
