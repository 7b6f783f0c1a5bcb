/** The one place that changes: holds the view, steps it with the pure reducer, tells React. */
import { useSyncExternalStore } from 'react'
import { emptyView, type Message, reduce, type View } from '../model/view.ts'

export interface Store {
  readonly get: () => View
  readonly send: (message: Message) => void
  readonly subscribe: (listener: () => void) => () => void
}

export const openStore = (): Store => {
  let view = emptyView(Date.now())
  const listeners = new Set<() => void>()
  return {
    get: () => view,
    send: (message) => {
      const next = reduce(view, message)
      if (next === view) return
      view = next
      for (const listener of listeners) listener()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export const useView = (store: Store): View => useSyncExternalStore(store.subscribe, store.get)
