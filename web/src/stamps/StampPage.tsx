/** The page of stamps: files are stamped on the left, proofs are checked on the right. Loaded when it is first looked at. */
import { type ReactElement, useEffect, useSyncExternalStore } from 'react'
import type { Client } from '../../../src/services/client.ts'
import { CARDS_MAX, isUnderWay } from '../model/stamps.ts'
import type { View } from '../model/view.ts'
import '../style/stamps.css'
import { CheckCardView } from './CheckCardView.tsx'
import { DropZone } from './DropZone.tsx'
import { StampCardView } from './StampCardView.tsx'
import { StampDesk } from './stamp-desk.ts'
import { type StampsStore, openStampsStore } from './stamps-store.ts'
import { TrustPanel } from './TrustPanel.tsx'

export interface StampPageProps {
  readonly view: View
  readonly client: Client
}

interface Opened {
  readonly store: StampsStore
  readonly desk: StampDesk
}

let opened: Opened | undefined
/** One for as long as the dashboard is open: what is under way goes on while another page is looked at. */
const openOnce = (client: Client): Opened => {
  if (opened !== undefined) return opened
  const store = openStampsStore()
  opened = { store, desk: new StampDesk(client, store) }
  return opened
}

/** A file that misses its place must not make the browser leave the page. */
const useStrayDrops = (): void => {
  useEffect(() => {
    const ends = new AbortController()
    const stop = (event: Event): void => event.preventDefault()
    addEventListener('dragover', stop, { signal: ends.signal })
    addEventListener('drop', stop, { signal: ends.signal })
    return () => ends.abort()
  }, [])
}

/** The browser asks before it throws away a receipt that nobody has saved. */
const useUnloadGuard = (isNeeded: boolean): void => {
  useEffect(() => {
    if (!isNeeded) return undefined
    const ends = new AbortController()
    addEventListener('beforeunload', (event) => event.preventDefault(), { signal: ends.signal })
    return () => ends.abort()
  }, [isNeeded])
}

export const StampPage = ({ view, client }: StampPageProps): ReactElement => {
  const { store, desk } = openOnce(client)
  const stamps = useSyncExternalStore(store.subscribe, store.get)
  const isLinked = view.link.state === 'open'
  const lacksTrust = stamps.trust === undefined
  useEffect(() => {
    if (!isLinked) return
    desk.askNow()
    if (lacksTrust) void desk.trustNode()
  }, [desk, isLinked, lacksTrust])
  useStrayDrops()
  useUnloadGuard(isUnderWay(stamps))
  const heightNewest = view.chain?.blocks[0]?.height
  return (
    <div className="stamps" data-hook="stamps">
      <section aria-label="Stamp files">
        <DropZone
          hook="drop-stamp"
          title="Drop files to stamp them, or choose them here"
          hint={`They are hashed on this machine and never uploaded. Up to ${CARDS_MAX} at once.`}
          onFiles={(files) => void desk.stamp(files)}
        />
        <div className="cards">
          {stamps.stamps.map((card) => (
            <StampCardView key={card.id} card={card} desk={desk} heightNewest={heightNewest} />
          ))}
        </div>
        {stamps.stamps.length === 0 ? <HowStamped /> : null}
      </section>
      <section aria-label="Check proofs">
        <DropZone
          hook="drop-check"
          title="Drop a proof and its file to check them"
          hint="In either order. Everything is checked on this machine; no network is asked."
          onFiles={(files) => void desk.check(files)}
        />
        <div className="cards">
          {stamps.checks.map((card) => (
            <CheckCardView key={card.id} card={card} desk={desk} hasTrust={!lacksTrust} />
          ))}
        </div>
        <TrustPanel view={stamps} desk={desk} />
      </section>
      {stamps.dropTrouble === '' ? null : (
        <p className="card-trouble stamps-trouble" data-hook="drop-trouble">
          {stamps.dropTrouble}
        </p>
      )}
      <p className="unseen" role="status" aria-live="polite" data-hook="stamp-announcement">
        {stamps.announcement}
      </p>
    </div>
  )
}

const HowStamped = (): ReactElement => (
  <div className="panel how">
    <h2>What a stamp shows</h2>
    <p>
      That exactly these bytes existed no later than a block of this network, whose time a quorum of its validators
      vouch for; and, by the newest block that is mixed in, that the stamp was asked for no earlier than that one.
    </p>
    <p>
      Keep the file and its <code>.chime</code> together. The two are checked offline, by anybody, with the network’s
      genesis alone. It does not show who made the file, nor that it is no older.
    </p>
  </div>
)
