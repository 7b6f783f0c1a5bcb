/**
 * Three kinds of wrong. A bug: `assert`, and crash. The world failed: a `ChimerError` with a stable code. Bad bytes from
 * others: an `Admission`, returned and never thrown, which says what to do with the sender.
 *
 * Codes and reasons are held equal to docs/errors.md by test/errors.test.ts.
 */

/**
 * The world failed: a file, a port, a server, a person's configuration.
 * `code` is stable and documented; `facts` are what an operator needs, never a secret; the message says what to do.
 */
export class ChimerError extends Error {
  readonly code: `TC_${string}`
  readonly facts: Readonly<Record<string, string | number | boolean>>

  constructor(
    code: `TC_${string}`,
    message: string,
    options: { readonly facts?: Readonly<Record<string, string | number | boolean>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ChimerError'
    this.code = code
    this.facts = options.facts ?? {}
  }
}

/**
 * What becomes of bytes from outside. `accept` carries what they meant; `ignore` drops them without blame (late, not for
 * us, already known); `reject` drops them and counts against the sender. `reason` is a documented kebab-case code.
 */
export type Admission<T, R extends string = string> =
  | { readonly verdict: 'accept'; readonly value: T }
  | { readonly verdict: 'ignore' | 'reject'; readonly reason: R }

export const accept = <T>(value: T): { readonly verdict: 'accept'; readonly value: T } => ({ verdict: 'accept', value })
export const ignore = <R extends string>(reason: R): { readonly verdict: 'ignore'; readonly reason: R } => ({
  verdict: 'ignore',
  reason,
})
export const reject = <R extends string>(reason: R): { readonly verdict: 'reject'; readonly reason: R } => ({
  verdict: 'reject',
  reason,
})
