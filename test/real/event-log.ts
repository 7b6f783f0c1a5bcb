/** What a source said, and a promise for the next thing it says that a test waits for. */
import type { Source, SourceEvent } from '../../src/clock/index.ts'

export interface EventLog {
  readonly events: readonly SourceEvent[]
  /** Events in a word each: the reason, or else what it is. */
  words(): readonly string[]
  /** Resolves once `isEnough` is true of all events so far. */
  when(isEnough: (words: readonly string[]) => boolean): Promise<void>
}

/** Starts the source and writes down what it says. */
export const eventLog = async (source: Source): Promise<EventLog> => {
  const events: SourceEvent[] = []
  const waiting = new Set<() => void>()
  const words = (): string[] => events.map((event) => ('reason' in event ? event.reason : event.type))
  await source.start((event) => {
    events.push(event)
    for (const wake of waiting) wake()
  })
  const when: EventLog['when'] = async (isEnough) => {
    while (!isEnough(words())) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.add(resolve)
      await promise
      waiting.delete(resolve)
    }
  }
  return { events, words, when }
}
