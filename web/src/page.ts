/** Which of the two pages is shown: the part of the address after `#`, so that links, the back button and bookmarks work. */
import { useSyncExternalStore } from 'react'

export type Page = 'clocks' | 'network'

export const pageNow = (): Page => (location.hash === '#network' ? 'network' : 'clocks')

const subscribe = (listener: () => void): (() => void) => {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

export const usePage = (): Page => useSyncExternalStore(subscribe, pageNow)
