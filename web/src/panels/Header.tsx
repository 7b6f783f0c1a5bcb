/** The line at the top: what this is, whose view it is, whether the link lives, light or dark. */
import type { ReactElement } from 'react'
import type { View } from '../model/view.ts'
import type { Page } from '../page.ts'

export type Theme = 'auto' | 'light' | 'dark'

const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' }

export interface HeaderProps {
  readonly view: View
  readonly page: Page
  readonly theme: Theme
  readonly onTheme: (theme: Theme) => void
}

const LINK_WORDS = { connecting: 'connecting', open: 'live', lost: 'reconnecting' } as const

const PAGES: readonly (readonly [Page, string])[] = [
  ['clocks', 'Clocks'],
  ['network', 'Network'],
  ['blocks', 'Blocks'],
  ['stamp', 'Stamp'],
]

export const Header = ({ view, page, theme, onTheme }: HeaderProps): ReactElement => (
  <header className="top">
    <p className="brand">
      <svg viewBox="0 0 28 20" aria-hidden="true">
        <rect x="0" y="7" width="28" height="12" className="brand-band" />
        <rect x="3" y="9.5" width="4.6" height="7" rx="2.3" className="brand-good" />
        <rect x="11.7" y="10.5" width="4.6" height="6" rx="2.3" className="brand-good" />
        <rect x="20.4" y="0" width="4.6" height="5.4" rx="2.3" className="brand-bad" />
      </svg>
      Truechimer
    </p>
    <nav className="pages" aria-label="Pages">
      {PAGES.map(([name, says]) => (
        <a key={name} href={`#${name}`} aria-current={name === page ? 'page' : undefined}>
          {says}
        </a>
      ))}
    </nav>
    {view.status === undefined ? null : (
      <p className="whose">
        seen by <strong>{view.status.node.name}</strong> in network <strong>{view.status.network.name}</strong>
      </p>
    )}
    <p className="link" data-link={view.link.state} data-hook="link">
      <i aria-hidden="true" />
      {LINK_WORDS[view.link.state]}
    </p>
    <button type="button" className="plain" onClick={() => onTheme(NEXT[theme])} data-hook="theme">
      Theme: {theme}
    </button>
  </header>
)
