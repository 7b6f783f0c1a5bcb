/** The clock of the node that one looks at: the interval that it promises, what is likely in it, and how it is kept. */
import type { ReactElement } from 'react'
import type { ClockView } from '../../../src/services/schema.ts'
import { ageText, durationText, frequencyText, signedText } from '../model/format.ts'
import type { View } from '../model/view.ts'
import { clockWords } from '../model/words.ts'
import { AllanChart } from './AllanChart.tsx'
import { RangeBar } from './RangeBar.tsx'

interface FactProps {
  readonly head: string
  readonly means: string
  readonly says: string
  /** Marks the status, which has a colour of its own. */
  readonly status?: string
}

const Fact = ({ head, means, says, status }: FactProps): ReactElement => (
  <div title={means}>
    <dt>{head}</dt>
    <dd data-clock={status}>{says}</dd>
  </div>
)

const askedText = (synchronisations: ClockView['synchronisations'] | undefined): string => {
  if (synchronisations === undefined) return 'unknown'
  const { perDay, rounds } = synchronisations
  return perDay === null ? `${rounds} so far` : `${Math.round(perDay)} a day`
}

/** In holdover one wants to know for how long. */
const statusText = (status: ClockView['status'], clock: ClockView | undefined): string =>
  status === 'holdover' && clock?.sinceMajorityNs !== null && clock?.sinceMajorityNs !== undefined
    ? `holdover, ${ageText(clock.sinceMajorityNs / 1e9)}`
    : status

const boundText = (ns: number | null | undefined): string =>
  ns === undefined || ns === null ? 'none' : `± ${durationText(ns)}`

const Facts = ({ view }: { readonly view: View }): ReactElement => {
  const clock = view.time ?? view.status?.clock
  const status = clock?.status ?? 'unsynchronised'
  const host = clock?.hostOffsetNs
  const bound = clock?.uncertaintyNs
  return (
    <dl className="facts">
      <Fact head="Status" means={clockWords[status]} says={statusText(status, view.clock)} status={status} />
      <Fact
        head="Bound"
        means="Promised: the true time lies within, as long as a majority of the sources is true"
        says={boundText(bound)}
      />
      <Fact
        head="Likely, 95 %"
        means="Statistics: where the true time lies 95 times of 100, inside the bound"
        says={boundText(clock?.likely?.uncertaintyNs)}
      />
      <Fact
        head="Counter"
        means="Estimated frequency error of the local counter; positive: it runs fast"
        says={bound === undefined || bound === null ? 'unknown' : frequencyText(clock?.frequencyPpb ?? 0)}
      />
      <Fact
        head="Host clock"
        means="The operating system’s clock against this one"
        says={host === undefined || host === null ? 'unknown' : signedText(host)}
      />
      <Fact
        head="Asked"
        means="How often the clock asked its sources in the last 24 hours: fewer is better at equal truth"
        says={askedText(view.clock?.synchronisations)}
      />
    </dl>
  )
}

const Servers = ({ servers }: { readonly servers: ClockView['servers'] }): ReactElement | null =>
  servers.length === 0 ? null : (
    <ul className="servers" aria-label="Servers of time that this node runs">
      {servers.map(({ name, address, answered, refused }) => (
        <li key={name} data-server={name}>
          <span title={address}>
            Serves {name} <small>{address.split(' ')[0]}</small>
          </span>
          <small>
            {answered} answered, {Object.values(refused).reduce((sum, count) => sum + count, 0)} refused
          </small>
        </li>
      ))}
    </ul>
  )

export const ClockPanel = ({ view }: { readonly view: View }): ReactElement => (
  <section className="panel keeping" aria-labelledby="clock-title">
    <h2 id="clock-title">{view.status === undefined ? 'Clock' : `${view.status.node.name}’s clock`}</h2>
    <Facts view={view} />
    <RangeBar time={view.time} />
    {view.time?.leapTable.expired === true ? (
      <p className="warning">The leap-second table has expired; the bound is one second wider.</p>
    ) : null}
    <AllanChart clock={view.clock} />
    <Servers servers={view.clock?.servers ?? []} />
  </section>
)
