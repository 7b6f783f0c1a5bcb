/** What the consensus benchmark and its four processes say to each other. */

/** One height as one process lived through it, on the machine's monotonic counter, which all processes share. ns. */
export interface LivedHeight {
  readonly height: number
  readonly round: number
  /** When this process began to make the proposal; null where another did. */
  readonly proposedNs: string | null
  readonly decidedNs: string
  readonly transactions: number
}

/** A settled block's interval, and where the process's own clock says that it was proposed, by who proposed it. ns, TAI. */
export interface SettledTime {
  readonly height: number
  readonly earliest: string
  readonly latest: string
  /** Half width of the process's own reading when it decided, ns. */
  readonly boundNs: number
}

export type ToRunner =
  /** Start the node of this directory. */
  | {
      readonly type: 'open'
      readonly directory: string
      readonly bootstrap: readonly string[]
      readonly paceMs: number | null
    }
  /** Live for so long; keep so many transactions waiting. */
  | { readonly type: 'live'; readonly forMs: number; readonly transactions: number }

export type FromRunner =
  | { readonly type: 'opened'; readonly addresses: readonly string[] }
  | {
      readonly type: 'lived'
      readonly heights: readonly LivedHeight[]
      readonly settled: readonly SettledTime[]
      readonly cpuMs: number
    }
