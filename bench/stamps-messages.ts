/** What the benchmark of stamps and its nodes say to each other. */

export type ToStampNode = {
  readonly type: 'open'
  readonly directory: string
  readonly bootstrap: readonly string[]
  /** Serve stamps and, in the same process, a bare route to compare with. */
  readonly isServing: boolean
}

export type FromStampNode = {
  readonly type: 'opened'
  readonly addresses: readonly string[]
  /** URLs; empty where it does not serve. */
  readonly api: string
  readonly bare: string
}
