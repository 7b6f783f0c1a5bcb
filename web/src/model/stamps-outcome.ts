/**
 * What checking a proof has shown, in plain data that a worker can hand over: lines in words, each of one link, and the instants that the
 * picture is drawn from. Pure.
 */

/**
 * A line of the answer: what one link of the proof shows. `warns`: it holds, and should not be overlooked.
 */
export interface OutcomeLine {
  readonly link: string
  readonly state: 'holds' | 'warns' | 'fails'
  readonly text: string
  readonly explanation: string
}

/** An instant's bounds, TAI ns. */
export interface Bounds {
  readonly earliest: bigint
  readonly latest: bigint
}

/** What the timeline is drawn from. */
export interface SpanFacts {
  /** Undefined where no beacon was mixed in. */
  readonly notBefore: bigint | undefined
  readonly notAfter: bigint
  /** Its place in time is unknown where the proof begins after it. */
  readonly beacon: (Bounds & { readonly height: number }) | undefined
  /** By the clock of the node that took it: its own word. */
  readonly receipt: Bounds
  readonly block: Bounds & { readonly height: number }
  /** The same ends in UTC, to the microsecond. */
  readonly notBeforeUtc: string | undefined
  readonly notAfterUtc: string
}

/** `holds`: every link. `unproven`: only a receipt. `fails`: at the first line of state `fails`, or it could not be read at all. */
export interface Outcome {
  readonly verdict: 'holds' | 'fails' | 'unproven'
  /** False where the proof was checked without its file. */
  readonly isFileChecked: boolean
  /** One sentence. */
  readonly says: string
  /** What to do about it, or what it rests on; may be empty. */
  readonly means: string
  /** The first failing link; undefined where none fails, or where the bytes are no proof. */
  readonly link: string | undefined
  readonly lines: readonly OutcomeLine[]
  /** Links that were not looked at, because of the one that fails. */
  readonly openCount: number
  /** There exactly where it holds. */
  readonly span: SpanFacts | undefined
}
