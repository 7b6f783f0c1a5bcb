/** Holds what the page of stamps shows for as long as the dashboard is open, whichever page is looked at. */
import { type StampsMessage, type StampsView, emptyStamps, reduceStamps } from '../model/stamps.ts'

export interface StampsStore {
  readonly get: () => StampsView
  readonly send: (message: StampsMessage) => void
  readonly subscribe: (listener: () => void) => () => void
}

export const openStampsStore = (): StampsStore => {
  let view = emptyStamps
  const listeners = new Set<() => void>()
  return {
    get: () => view,
    send: (message) => {
      view = reduceStamps(view, message)
      for (const listener of listeners) listener()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
