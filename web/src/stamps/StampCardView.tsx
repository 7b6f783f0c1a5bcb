/** A file on its way to its final proof. */
import { type ReactElement, memo } from 'react'
import type { StampCard } from '../model/stamps.ts'
import { shortName, sizeText } from '../model/stamps-files.ts'
import { type Step, overdueText, stepsOf } from '../model/stamps-words.ts'
import { CardHead } from './CardHead.tsx'
import { OutcomePanel } from './OutcomePanel.tsx'
import type { StampDesk } from './stamp-desk.ts'

export interface StampCardProps {
  readonly card: StampCard
  readonly desk: StampDesk
  /** Of the chain, as far as this page has heard. */
  readonly heightNewest: number | undefined
}

const StepView = ({ step }: { readonly step: Step }): ReactElement => (
  <li data-step={step.name} data-state={step.state} aria-current={step.state === 'now' ? 'step' : undefined}>
    <i aria-hidden="true" />
    <b>{step.title}</b>
    <span>{step.facts}</span>
  </li>
)

const SHORT_MAX = 44

const Actions = ({ card, desk }: StampCardProps): ReactElement => {
  const isFinal = card.hasProof
  return (
    <p className="card-acts">
      {card.taken === undefined ? null : (
        <button
          type="button"
          className={isFinal ? 'plain save' : 'plain'}
          data-hook="save"
          onClick={() => desk.save(card.id)}
        >
          {isFinal ? `Save ${shortName(`${card.name}.chime`, SHORT_MAX)}` : 'Save the receipt'}
        </button>
      )}
      {card.trouble !== '' && card.stage !== 'failed' ? (
        <button type="button" className="plain" data-hook="ask-now" onClick={() => desk.askNow()}>
          Ask now
        </button>
      ) : null}
      {card.stage === 'failed' ? (
        <button type="button" className="plain" data-hook="again" onClick={() => desk.again(card.id)}>
          Try again
        </button>
      ) : null}
    </p>
  )
}

const noteOf = ({ stage, sizeBytes, hasProof, outcome }: StampCard): string => {
  if (stage === 'waiting') return 'Waits until the file before it is hashed.'
  if (stage === 'hashing') return 'Hashed on this machine; nothing is sent yet.'
  if (hasProof && outcome === undefined) return 'The proof is here. It is checked once this page has a genesis.'
  return sizeBytes === 0 ? 'This file is empty: every empty file has this hash.' : ''
}

const View = (props: StampCardProps): ReactElement => {
  const { card, desk, heightNewest } = props
  const note = noteOf(card)
  const trouble = card.trouble === '' ? overdueText(card, heightNewest) : card.trouble
  return (
    <article className="card" data-hook="stamp-card" data-stage={card.stage} data-name={card.name}>
      <CardHead name={card.name} facts={sizeText(card.sizeBytes)} onRemove={() => desk.remove(card.id)} />
      <ol className="stages">
        {stepsOf(card).map((step) => (
          <StepView key={step.name} step={step} />
        ))}
      </ol>
      {card.stage === 'hashing' ? (
        <progress max={Math.max(1, card.sizeBytes)} value={card.hashedBytes} aria-label={`Hashing ${card.name}`} />
      ) : null}
      {note === '' ? null : <p className="card-note">{note}</p>}
      {trouble === '' ? null : (
        <p className="card-trouble" data-hook="trouble">
          {trouble}
        </p>
      )}
      <Actions {...props} />
      {card.outcome === undefined ? null : <OutcomePanel outcome={card.outcome} isFolded />}
    </article>
  )
}

export const StampCardView = memo(View)
