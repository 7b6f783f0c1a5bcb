/** Light or dark: what the system says, unless the reader chose. The choice is kept in this browser. */
import { useEffect, useState } from 'react'
import type { Theme } from './panels/Header.tsx'

const KEY = 'truechimer-theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

const stored = (): Theme => {
  const kept = localStorage.getItem(KEY)
  return kept === 'light' || kept === 'dark' ? kept : 'auto'
}

export interface ThemeState {
  readonly theme: Theme
  readonly setTheme: (theme: Theme) => void
  /** What is on the screen. */
  readonly shown: 'light' | 'dark'
}

export const useTheme = (): ThemeState => {
  const [theme, setTheme] = useState<Theme>(stored)
  const [system, setSystem] = useState(dark.matches)
  useEffect(() => {
    const onChange = (): void => setSystem(dark.matches)
    dark.addEventListener('change', onChange)
    return () => dark.removeEventListener('change', onChange)
  }, [])
  const shown = theme === 'auto' ? (system ? 'dark' : 'light') : theme
  document.documentElement.dataset['theme'] = shown
  useEffect(() => {
    if (theme === 'auto') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, theme)
  }, [theme])
  return { theme, setTheme, shown }
}
