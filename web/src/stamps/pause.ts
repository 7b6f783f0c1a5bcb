/** Waiting that can be cut short: by who asks for it, or by the end of what waits. */

/** Pauses between attempts, ms: short at first, because a restarted node is back within seconds. */
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000] as const

export interface Waker {
  /** Resolves after the pause that belongs to the `attempt`-th failure (from 0), after `leastMs` where that is longer, or once it is woken. */
  readonly pause: (attempt: number, signal: AbortSignal, leastMs?: number) => Promise<void>
  /** Everybody who waits goes on. */
  readonly wake: () => void
}

export const openWaker = (): Waker => {
  const waiting = new Set<() => void>()
  return {
    wake: () => {
      for (const goOn of waiting) goOn()
    },
    pause: (attempt, signal, leastMs = 0) =>
      new Promise((resolve) => {
        const goOn = (): void => {
          clearTimeout(timer)
          waiting.delete(goOn)
          signal.removeEventListener('abort', goOn)
          resolve()
        }
        const ms = Math.max(leastMs, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 0)
        const timer = setTimeout(goOn, signal.aborted ? 0 : ms)
        waiting.add(goOn)
        signal.addEventListener('abort', goOn)
      }),
  }
}
