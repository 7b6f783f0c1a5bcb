/**
 * When a source that is polled may ask again, by what came of its questions: the seam between a protocol's manners
 * (ntp-manners.ts, roughtime-exchange.ts) and the source that keeps them (io/polled-source.ts). Pure; nothing reads a clock.
 */

/** How a question ended: a measurement, an answer that is not to be believed, or no answer. */
export type PollEnd =
  | { readonly type: 'measured' }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'unreachable'; readonly reason: string }

export interface PollPace<State> {
  /** Before the first question. */
  readonly start: State
  /** Why no question may leave at `localNs`, the local counter, or nothing where one may. */
  readonly mayAsk: (state: State, localNs: bigint) => string | undefined
  /** What follows from a question that ended at `localNs`. */
  readonly after: (state: State, end: PollEnd, localNs: bigint) => State
}
