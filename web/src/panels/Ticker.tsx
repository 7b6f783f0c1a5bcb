/** What happened, newest first, with its time in UTC. */
import type { ReactElement } from 'react'
import { utcClockText } from '../model/format.ts'
import type { View } from '../model/view.ts'

export const Ticker = ({ view }: { readonly view: View }): ReactElement => (
  <section className="panel ticker" aria-labelledby="ticker-title">
    <h2 id="ticker-title">
      Events <small>UTC</small>
    </h2>
    {view.ticker.length === 0 ? (
      <p className="nothing">No verdict has changed since this page was opened.</p>
    ) : (
      <ol tabIndex={0} aria-labelledby="ticker-title">
        {view.ticker.map((entry) => (
          <li key={entry.key} data-tone={entry.tone} data-event={entry.name}>
            <time dateTime={new Date(entry.unixMs).toISOString()}>{utcClockText(entry.unixMs)}</time>
            <p>
              <strong>{entry.name}</strong> {entry.says}
            </p>
          </li>
        ))}
      </ol>
    )}
  </section>
)
