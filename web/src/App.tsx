/** The page: headline and clock, the picture, and what explains it. */
import { type ReactElement, Suspense, lazy, useEffect, useState } from 'react'
import type { Client } from '../../src/services/client.ts'
import { type Store, useView } from './api/store.ts'
import type { View } from './model/view.ts'
import { Hero } from './hero/Hero.tsx'
import { BigClock } from './panels/BigClock.tsx'
import { Bend } from './panels/Bend.tsx'
import { ClockPanel } from './panels/ClockPanel.tsx'
import { Header } from './panels/Header.tsx'
import { Lead } from './panels/Lead.tsx'
import { NodeTable } from './panels/NodeTable.tsx'
import { SourceTable } from './panels/SourceTable.tsx'
import { Ticker } from './panels/Ticker.tsx'
import { BlocksPage } from './chain/BlocksPage.tsx'
import { EmergencyBanner } from './chain/EmergencyBanner.tsx'
import { NetworkPage } from './network/NetworkPage.tsx'
import { usePage } from './page.ts'
import { useTheme } from './theme.ts'

/** With what it takes to hash and to check it is as large as the rest: it comes when it is first looked at. */
const StampPage = lazy(async () => ({ default: (await import('./stamps/StampPage.tsx')).StampPage }))

const WINDOWS_SEC = [60, 120, 600] as const

interface WindowsProps {
  readonly windowSec: number
  readonly onWindow: (sec: number) => void
}

const Windows = ({ windowSec, onWindow }: WindowsProps): ReactElement => (
  <div className="windows" role="group" aria-label="How far back the strip shows">
    {WINDOWS_SEC.map((sec) => (
      <button key={sec} type="button" className="plain" aria-pressed={sec === windowSec} onClick={() => onWindow(sec)}>
        {sec / 60} min
      </button>
    ))}
    <p>Scale compressed outside the band</p>
  </div>
)

interface ClocksPageProps {
  readonly view: View
  readonly client: Client
  readonly shown: 'light' | 'dark'
  readonly selected: string | undefined
  readonly onSelect: (id: string) => void
}

/** The picture of the offsets, and what explains it. */
const ClocksPage = ({ view, client, shown, selected, onSelect }: ClocksPageProps): ReactElement => {
  const [windowSec, setWindowSec] = useState<number>(() => (innerWidth < 640 ? 60 : 120))
  return (
    <>
      <section className="stage" aria-label="Offsets of all nodes against the accepted band">
        <Hero view={view} selected={selected} onSelect={onSelect} windowSec={windowSec} theme={shown} />
        <Windows windowSec={windowSec} onWindow={setWindowSec} />
      </section>
      <div className="panels" data-devnet={view.devnet !== undefined}>
        <NodeTable view={view} selected={selected} onSelect={onSelect} />
        <SourceTable view={view} />
        <ClockPanel view={view} />
        <Ticker view={view} />
        {view.devnet === undefined ? null : (
          <Bend devnet={view.devnet} selected={selected} onBend={(fault) => client.bend(fault)} />
        )}
      </div>
    </>
  )
}

export interface AppProps {
  readonly store: Store
  readonly client: Client
}

export const App = ({ store, client }: AppProps): ReactElement => {
  const view = useView(store)
  const { theme, setTheme, shown } = useTheme()
  const page = usePage()
  const [selected, setSelected] = useState<string>()
  const onSelect = (id: string): void => setSelected((was) => (was === id ? undefined : id))
  const struck = view.nodes.filter(({ status }) => status === 'falseticker').length
  useEffect(() => {
    document.title =
      view.link.state === 'lost'
        ? 'No answer · Truechimer'
        : struck > 0
          ? `${struck} out of time · Truechimer`
          : 'Truechimer'
  }, [struck, view.link.state])
  return (
    <div className="page" data-link={view.link.state} data-struck={struck}>
      <Header view={view} page={page} theme={theme} onTheme={setTheme} />
      <EmergencyBanner chain={view.chain} />
      <main>
        <div className="headline">
          <Lead view={view} page={page} />
          <BigClock view={view} />
        </div>
        {page === 'network' ? <NetworkPage view={view} /> : null}
        {page === 'blocks' ? <BlocksPage view={view} client={client} /> : null}
        {page === 'stamp' ? (
          <Suspense fallback={<p className="nothing">Loading this page.</p>}>
            <StampPage view={view} client={client} />
          </Suspense>
        ) : null}
        {page === 'clocks' ? (
          <ClocksPage view={view} client={client} shown={shown} selected={selected} onSelect={onSelect} />
        ) : null}
      </main>
      <p className="unseen" role="status" aria-live="polite" data-hook="announcement">
        {view.announcement}
      </p>
    </div>
  )
}
