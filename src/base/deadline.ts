/** A deadline as a signal, by elapsed time that is passed in: `AbortSignal.timeout` reads the machine's. */
import type { Cancel, Time } from './ports.ts'

/** A signal that aborts after `ns` >= 0 of elapsed time, unless cancelled before. */
export const abortAfter = (
  time: Pick<Time, 'schedule'>,
  ns: bigint,
): { readonly signal: AbortSignal; readonly cancel: Cancel } => {
  const controller = new AbortController()
  return { signal: controller.signal, cancel: time.schedule(ns, () => controller.abort()) }
}
