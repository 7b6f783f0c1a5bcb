/** What was dropped, by reason: how often, why in plain words, and on which channels. */
import type { ReactElement } from 'react'
import type { PeersView } from '../../../src/services/schema.ts'
import { countText, listText } from '../model/format.ts'
import { channelText } from '../model/network.ts'

const ROWS_MAX = 12

interface Drop {
  readonly reason: string
  readonly explanation: string
  readonly count: number
  readonly channels: readonly string[]
}

/** One row a reason, the most frequent first. */
const byReason = (drops: PeersView['drops']): readonly Drop[] =>
  [...Map.groupBy(drops, ({ reason }) => reason)]
    .map(([reason, group]) => ({
      reason,
      explanation: group[0]?.explanation ?? '',
      count: group.reduce((sum, { count }) => sum + count, 0),
      channels: [...new Set(group.map(({ channel }) => channelText(channel)))],
    }))
    .sort((a, b) => b.count - a.count)

export const DropTable = ({ drops }: { readonly drops: PeersView['drops'] | undefined }): ReactElement => {
  const rows = byReason(drops ?? [])
  const largest = rows[0]?.count ?? 1
  return (
    <section className="panel drops" aria-labelledby="drops-title">
      <h2 id="drops-title">
        Dropped <small>since the start</small>
      </h2>
      {rows.length === 0 ? (
        <p className="nothing">{drops === undefined ? 'Not heard of yet.' : 'Nothing: every message was good.'}</p>
      ) : (
        <ul>
          {rows.slice(0, ROWS_MAX).map(({ reason, explanation, count, channels }) => (
            <li key={reason} data-drop={reason}>
              <b>{count}</b>
              <span>
                {explanation === '' ? reason : explanation}{' '}
                <small>
                  {reason}, on {listText(channels.slice(0, 3))}
                  {channels.length > 3 ? ` and ${countText(channels.length - 3, 'other')}` : ''}
                </small>
                <i style={{ width: `${Math.max(1, (count / largest) * 100).toFixed(1)}%` }} aria-hidden="true" />
              </span>
            </li>
          ))}
        </ul>
      )}
      {rows.length > ROWS_MAX ? (
        <p className="nothing">and {countText(rows.length - ROWS_MAX, 'other reason')}</p>
      ) : null}
    </section>
  )
}
