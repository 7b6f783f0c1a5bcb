/** Waiting for a finding no longer than who asks: promises of this folder end by themselves, but later than a caller may want. */

/** What the promise, which never rejects, resolves to; undefined as soon as the signal aborts. */
export const unlessAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> => {
  const { promise: either, resolve } = Promise.withResolvers<T | undefined>()
  const end = (): void => resolve(undefined)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  void promise.then(resolve)
  return either.finally(() => signal.removeEventListener('abort', end))
}
