/** The line over a card: whose it is, what else is known of it, and how to put it away. */
import type { ReactElement } from 'react'
import { shortName } from '../model/stamps-files.ts'

export interface CardHeadProps {
  readonly name: string
  readonly facts: string
  readonly onRemove: () => void
}

const NAME_MAX = 72

export const CardHead = ({ name, facts, onRemove }: CardHeadProps): ReactElement => (
  <header className="card-head">
    <h3 title={name}>{shortName(name, NAME_MAX)}</h3>
    <span>{facts}</span>
    <button type="button" className="card-remove" aria-label={`Put ${name} away`} onClick={onRemove}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="m4 4 8 8m0-8-8 8" />
      </svg>
    </button>
  </header>
)
