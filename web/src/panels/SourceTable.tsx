/** The sources that the clock stands on: health, reach, what each says, and in a sentence why one is not believed. */
import type { ReactElement } from 'react'
import type { SourceView } from '../../../src/services/schema.ts'
import { ageText, durationText, signedText } from '../model/format.ts'
import type { NodeStatus } from '../model/history.ts'
import type { View } from '../model/view.ts'
import { Reach, StatusMark } from './marks.tsx'

/** States by the marks that verdicts have: shape as well as colour. */
const MARKS: Readonly<Record<SourceView['state'], NodeStatus>> = {
  selected: 'truechimer',
  truechimer: 'truechimer',
  falseticker: 'falseticker',
  refused: 'falseticker',
  unreachable: 'absent',
  waiting: 'unproven',
}

const Suspicion = ({ suspicion }: { readonly suspicion: NonNullable<SourceView['suspicion']> }): ReactElement => (
  <span className="suspicion" data-hook="suspicion">
    <meter min={0} max={1000} low={300} high={600} optimum={0} value={suspicion.score} aria-label="Suspicion" />
    suspicion {suspicion.score} of 1000
  </span>
)

/** What is to be said below a source's line; nothing where all is well. */
const remarksOf = ({ reason, explanation, suspicion }: SourceView): readonly { code: string; says: string }[] => {
  const own = reason === '' ? [] : [{ code: reason, says: explanation === '' ? reason : explanation }]
  const others = (suspicion?.reasons ?? []).filter((one) => one.reason !== reason)
  return [
    ...own,
    ...others.map((one) => ({ code: one.reason, says: one.explanation === '' ? one.reason : one.explanation })),
  ]
}

const upstreamText = ({ kind, upstream }: SourceView): string => {
  if (upstream === null) return kind
  const follows = upstream.reference === '' ? '' : `, follows ${upstream.reference}`
  return `${kind}, stratum ${upstream.stratum}${follows}`
}

const dueText = ({ dueNs, pollNs }: SourceView): string | undefined =>
  pollNs === null || dueNs === null ? undefined : `Asked every ${durationText(pollNs)}`

/** A source that is not asked over a network has no round trip. */
const delayText = ({ delayNs }: SourceView): string =>
  delayNs === null || delayNs === 0 ? 'none' : durationText(delayNs)

const Remarks = ({ source }: { readonly source: SourceView }): ReactElement | null => {
  const remarks = remarksOf(source)
  const isSuspect = source.suspicion !== null && source.suspicion.score > 0
  if (remarks.length === 0 && !isSuspect) return null
  return (
    <tr className="source-why">
      <td colSpan={5}>
        {remarks.map(({ code, says }) => (
          <span key={code} title={code} data-reason={code}>
            {`${says} `}
          </span>
        ))}
        {source.suspicion !== null && isSuspect ? <Suspicion suspicion={source.suspicion} /> : null}
      </td>
    </tr>
  )
}

const Source = ({ source }: { readonly source: SourceView }): ReactElement => (
  <tbody data-source={source.id} data-state={source.state}>
    <tr>
      <th scope="row">
        <span className="source-name" title={source.id}>
          <StatusMark status={MARKS[source.state]} />
          {source.id}
        </span>
        <small title={dueText(source)}>
          <b>{source.state}</b>, {upstreamText(source)}
        </small>
      </th>
      <td className="source-reach">
        <Reach reach={source.reach} />
        <small title="The last eight polls in octal, as ntpq shows them">
          {source.reach.toString(8).padStart(3, '0')}
        </small>
      </td>
      <td className="number">
        {source.offsetNs === null ? 'nothing yet' : signedText(source.offsetNs)}
        <small>{source.boundNs === null ? '' : `± ${durationText(source.boundNs)}`}</small>
      </td>
      <td className="number">{delayText(source)}</td>
      <td className="number">{source.ageNs === null ? 'never' : ageText(source.ageNs / 1e9)}</td>
    </tr>
    <Remarks source={source} />
  </tbody>
)

export const SourceTable = ({ view }: { readonly view: View }): ReactElement => (
  <section className="panel sources" aria-labelledby="sources-title">
    <h2 id="sources-title">{view.status === undefined ? 'Sources' : `${view.status.node.name}’s sources`}</h2>
    {view.sources.length === 0 ? (
      <p className="nothing">No source is configured or heard yet.</p>
    ) : (
      <table aria-labelledby="sources-title">
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">Polls</th>
            <th scope="col" className="number">
              Offset
            </th>
            <th scope="col" className="number">
              Delay
            </th>
            <th scope="col" className="number">
              Heard
            </th>
          </tr>
        </thead>
        {view.sources.map((source) => (
          <Source key={source.id} source={source} />
        ))}
      </table>
    )}
  </section>
)
