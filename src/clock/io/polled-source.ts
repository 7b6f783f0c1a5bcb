/**
 * What every source has that asks one server when it is polled: one question at a time, its protocol's manners, each wrong kind of
 * datagram told once a question, silence after disposal. How it asks, and when it may, is handed in.
 * Rules: docs/spec/sources.md S-2 to S-4.
 */
import assert from 'node:assert/strict'
import type { Time } from '../../base/index.ts'
import type { PollEnd, PollPace } from '../poll-pace.ts'
import type { Measurement, Source, SourceEvent, SourceKind } from '../port.ts'

/** A measurement without its source. */
type Sample = Omit<Measurement, 'sourceId' | 'kind'>

/** How one question says what comes of it. After disposal nothing that is said is heard. */
export interface Account {
  /** Aborted at disposal: end the question then. */
  readonly signal: AbortSignal
  /** A believed answer. */
  measured(sample: Sample): void
  /** A datagram that was not the answer. */
  ignored(reason: string): void
  /** The answer, not to be believed. */
  refused(reason: string): void
  unreachable(reason: string): void
}

export interface PolledSourceParts<State> {
  readonly id: string
  readonly kind: SourceKind
  /** When it may ask; a poll at another time tells why not. */
  readonly pace: PollPace<State>
  /** Asks once and says what came of it; never rejects. */
  readonly ask: (account: Account) => Promise<void>
}

type Listener = (event: SourceEvent) => void

class PolledSource<State> implements Source {
  readonly id: string
  readonly kind: SourceKind
  readonly #time: Time
  readonly #pace: PollPace<State>
  readonly #askOnce: PolledSourceParts<State>['ask']
  readonly #abort = new AbortController()
  #state: State
  #listener: Listener | undefined
  #asking: Promise<void> | undefined

  constructor(time: Time, { id, kind, pace, ask }: PolledSourceParts<State>) {
    this.id = id
    this.kind = kind
    this.#time = time
    this.#pace = pace
    this.#state = pace.start
    this.#askOnce = ask
  }

  start(listener: Listener): Promise<void> {
    assert(this.#listener === undefined, 'a source is started once')
    this.#listener = listener
    return Promise.resolve()
  }

  /** Does nothing while a question is open, before `start`, and after disposal. */
  poll(): void {
    if (this.#listener === undefined || this.#asking !== undefined || this.#abort.signal.aborted) return
    const reason = this.#pace.mayAsk(this.#state, this.#time.elapsedNs())
    if (reason !== undefined) {
      this.#say({ type: 'unreachable', sourceId: this.id, reason })
      return
    }
    this.#asking = this.#askOnce(this.#account()).finally(() => {
      this.#asking = undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#asking
  }

  #say(event: SourceEvent): void {
    if (!this.#abort.signal.aborted) this.#listener?.(event)
  }

  #ended(end: PollEnd): void {
    this.#state = this.#pace.after(this.#state, end, this.#time.elapsedNs())
  }

  #account(): Account {
    const { id: sourceId, kind } = this
    const told = new Set<string>()
    return {
      signal: this.#abort.signal,
      measured: (sample) => {
        this.#ended({ type: 'measured' })
        this.#say({ type: 'measurement', measurement: { sourceId, kind, ...measured(sample) } })
      },
      ignored: (reason) => {
        if (told.has(reason)) return
        told.add(reason)
        this.#say({ type: 'refused', sourceId, verdict: 'ignore', reason })
      },
      refused: (reason) => {
        this.#ended({ type: 'refused', reason })
        this.#say({ type: 'refused', sourceId, verdict: 'reject', reason })
      },
      unreachable: (reason) => {
        this.#ended({ type: 'unreachable', reason })
        this.#say({ type: 'unreachable', sourceId, reason })
      },
    }
  }
}

/** Only what a measurement holds: a protocol's sample may know more. */
const measured = ({ localNs, offset, estimateNs, delayNs, leap, upstream, isAmbiguous }: Sample): Sample => ({
  localNs,
  offset,
  estimateNs,
  delayNs,
  leap,
  ...(upstream === undefined ? {} : { upstream }),
  ...(isAmbiguous === undefined ? {} : { isAmbiguous }),
})

/** A source that asks once a poll. Nothing is done before the first. */
export const polledSource = <State>(time: Time, parts: PolledSourceParts<State>): Source =>
  new PolledSource(time, parts)
