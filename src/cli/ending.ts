/**
 * When a command that runs for long ends: at the first SIGINT, SIGTERM or SIGHUP, after a while, or when told to. A second
 * signal ends the process as the system does it, should the first end take too long. One Ctrl-C under npm or `timeout` comes
 * as two signals at nearly one instant, so what follows the first within half a second is held to be the same.
 */
import type { EventEmitter } from 'node:events'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Signals within this time are one, ms. */
const SAME_MS = 500

export interface Ending extends Disposable {
  readonly signal: AbortSignal
  /** Settles when the signal fires; at once where it has. */
  readonly ended: Promise<void>
  readonly end: () => void
  /** Ends after so many ms from now; undefined: never by itself. */
  endAfter(ms: number | undefined): void
}

const ignore = (): void => {}

/** @param signals where signals are told: the process. */
export const openEnding = (signals: Pick<EventEmitter, 'on' | 'off'> = process): Ending => {
  const controller = new AbortController()
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let timer: NodeJS.Timeout | undefined
  const letGo = (): void => {
    clearTimeout(timer)
    for (const name of SIGNALS) signals.off(name, signalled)
  }
  const end = (): void => {
    letGo()
    controller.abort()
    resolve()
  }
  const signalled = (): void => {
    for (const name of SIGNALS) signals.on(name, ignore)
    const isOver = (): void => SIGNALS.forEach((name) => void signals.off(name, ignore))
    setTimeout(isOver, SAME_MS).unref()
    end()
  }
  for (const name of SIGNALS) signals.on(name, signalled)
  return {
    signal: controller.signal,
    ended,
    end,
    endAfter: (ms) => {
      if (ms !== undefined && !controller.signal.aborted) timer = setTimeout(end, ms)
    },
    [Symbol.dispose]: letGo,
  }
}
