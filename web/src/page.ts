/** Which of the pages is shown: the part of the address after `#`, so that links, the back button and bookmarks work. */
import { useSyncExternalStore } from 'react'

const PAGES = ['clocks', 'network', 'blocks', 'stamp'] as const
export type Page = (typeof PAGES)[number]

export const pageNow = (): Page => PAGES.find((page) => location.hash === `#${page}`) ?? 'clocks'

const subscribe = (listener: () => void): (() => void) => {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

export const usePage = (): Page => useSyncExternalStore(subscribe, pageNow)
