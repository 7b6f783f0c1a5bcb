/** What checking a proof has shown: the sentence, the picture, and each link in words, with what it rests on to unfold. */
import type { ReactElement } from 'react'
import { StatusMark } from '../panels/marks.tsx'
import { countText } from '../model/format.ts'
import type { Outcome, OutcomeLine } from '../model/stamps-outcome.ts'
import { Timeline } from './Timeline.tsx'

const MARKS = { holds: 'truechimer', warns: 'unproven', fails: 'falseticker' } as const
const STATE_WORDS = { holds: 'holds', warns: 'take note', fails: 'fails' } as const

const Line = ({ line }: { readonly line: OutcomeLine }): ReactElement => (
  <li data-link={line.link} data-state={line.state}>
    <details open={line.state === 'fails'}>
      <summary>
        <StatusMark status={MARKS[line.state]} />
        <span className="unseen">{STATE_WORDS[line.state]}: </span>
        <span className="outcome-text">{line.text}</span>
      </summary>
      <p>{line.explanation}</p>
    </details>
  </li>
)

const Lines = ({ lines }: { readonly lines: readonly OutcomeLine[] }): ReactElement => (
  <ul className="outcome-lines">
    {lines.map((line) => (
      <Line key={`${line.link} ${line.text}`} line={line} />
    ))}
  </ul>
)

export interface OutcomePanelProps {
  readonly outcome: Outcome
  /** Lines of what holds are folded away until somebody asks for them. */
  readonly isFolded?: boolean
}

export const OutcomePanel = ({ outcome, isFolded = false }: OutcomePanelProps): ReactElement => {
  const { verdict, link, says, means, span, lines, openCount } = outcome
  return (
    <div className="outcome" data-hook="outcome" data-verdict={verdict} data-link={link}>
      <p className="outcome-says">{says}</p>
      {means === '' ? null : <p className="outcome-means">{means}</p>}
      {span === undefined ? null : <Timeline span={span} />}
      {lines.length > 0 && isFolded && verdict === 'holds' ? (
        <details className="outcome-fold">
          <summary>Every line, explained</summary>
          <Lines lines={lines} />
        </details>
      ) : lines.length === 0 ? null : (
        <Lines lines={lines} />
      )}
      {openCount === 0 ? null : (
        <p className="outcome-open">{countText(openCount, 'more link')} not looked at, because of this one.</p>
      )}
    </div>
  )
}
