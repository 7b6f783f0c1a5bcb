/** The clock of the node that one looks at, and the sources that it stands on. */
import type { ReactElement } from 'react'
import type { SourceView } from '../../../src/services/schema.ts'
import { durationText, frequencyText, signed } from '../model/format.ts'
import type { View } from '../model/view.ts'
import { clockWords } from '../model/words.ts'
import { Reach } from './marks.tsx'

const offsetMs = (ns: number): string => {
  const size = Math.abs(ns)
  return size < 1000
    ? `${signed(ns, 0)} ns`
    : size < 1e6
      ? `${signed(ns / 1e3, 0)} µs`
      : `${signed(ns / 1e6, size < 1e7 ? 1 : 0)} ms`
}

const Source = ({ source }: { readonly source: SourceView }): ReactElement => (
  <li data-source={source.id} data-state={source.state}>
    <p>
      <span className="source-name" title={source.id}>
        {source.id}
      </span>
      <Reach reach={source.reach} />
    </p>
    <p>
      <span className="source-offset">
        {source.offsetNs === null ? 'nothing yet' : offsetMs(source.offsetNs)}
        {source.boundNs === null ? '' : ` ± ${durationText(source.boundNs)}`}
      </span>
      <span className="source-state">
        {source.state}
        {source.reason === '' ? '' : `: ${source.reason}`}
      </span>
    </p>
  </li>
)

export const ClockPanel = ({ view }: { readonly view: View }): ReactElement => {
  const clock = view.time ?? view.status?.clock
  const status = clock?.status ?? 'unsynchronised'
  const bound = clock?.uncertaintyNs
  return (
    <section className="panel sources" aria-labelledby="clock-title">
      <h2 id="clock-title">{view.status === undefined ? 'Clock' : `${view.status.node.name}’s clock`}</h2>
      <dl className="facts">
        <div title={clockWords[status]}>
          <dt>Status</dt>
          <dd data-clock={status}>{status}</dd>
        </div>
        <div>
          <dt>Bound</dt>
          <dd>{bound === undefined || bound === null ? 'none' : `± ${durationText(bound)}`}</dd>
        </div>
        <div title="Estimated frequency error of the local counter; positive: it runs fast">
          <dt>Counter</dt>
          <dd>{clock === undefined ? 'unknown' : frequencyText(clock.frequencyPpb)}</dd>
        </div>
      </dl>
      {view.time?.leapTable.expired === true ? (
        <p className="warning">The leap-second table has expired; the bound is one second wider.</p>
      ) : null}
      {view.sources.length === 0 ? (
        <p className="nothing">No source is configured or heard yet.</p>
      ) : (
        <ul className="source-list">
          {view.sources.map((source) => (
            <Source key={source.id} source={source} />
          ))}
        </ul>
      )}
    </section>
  )
}
