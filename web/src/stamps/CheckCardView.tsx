/** A proof that is checked, with its file or still without. */
import { type ReactElement, memo } from 'react'
import type { CheckCard } from '../model/stamps.ts'
import { proofNameOf, shortName, sizeText } from '../model/stamps-files.ts'
import { CardHead } from './CardHead.tsx'
import { FileButton } from './DropZone.tsx'
import { OutcomePanel } from './OutcomePanel.tsx'
import type { StampDesk } from './stamp-desk.ts'

export interface CheckCardProps {
  readonly card: CheckCard
  readonly desk: StampDesk
  readonly hasTrust: boolean
}

const SHORT_MAX = 40

const factsOf = ({ fileName, proofName, sizeBytes }: CheckCard): string => {
  const size = fileName === undefined ? '' : sizeText(sizeBytes)
  if (fileName === undefined || proofName === undefined || proofName === proofNameOf(fileName)) return size
  return `${size}, with ${shortName(proofName, SHORT_MAX)}`
}

const noteOf = ({ stage, outcome, trouble }: CheckCard, hasTrust: boolean): string => {
  if (stage === 'needs-proof') return 'Waits for its proof: drop the .chime file that belongs to it.'
  if (stage === 'hashing') return 'Hashed on this machine; nothing is sent.'
  if (stage === 'checking') return 'Checking every link.'
  if (outcome === undefined && trouble === '' && !hasTrust)
    return 'It is checked once there is something to trust: a genesis or a checkpoint.'
  return ''
}

const View = ({ card, desk, hasTrust }: CheckCardProps): ReactElement => {
  const { id, fileName, proofName, stage, outcome, trouble } = card
  const note = noteOf(card, hasTrust)
  const lacksFile = fileName === undefined && stage === 'done' && outcome?.verdict !== 'fails'
  return (
    <article className="card" data-hook="check-card" data-stage={stage} data-name={fileName ?? proofName}>
      <CardHead name={fileName ?? proofName ?? ''} facts={factsOf(card)} onRemove={() => desk.remove(id)} />
      {stage === 'hashing' ? (
        <progress max={Math.max(1, card.sizeBytes)} value={card.hashedBytes} aria-label={`Hashing ${fileName}`} />
      ) : null}
      {note === '' ? null : <p className="card-note">{note}</p>}
      {trouble === '' ? null : (
        <p className="card-trouble" data-hook="trouble">
          {trouble}
        </p>
      )}
      {lacksFile ? (
        <p className="card-ask" data-hook="needs-file">
          Of which file? Drop it, or
          <FileButton hook="complete" says="choose the file" onFile={(file) => void desk.complete(id, file)} />
        </p>
      ) : null}
      {outcome === undefined ? null : <OutcomePanel outcome={outcome} />}
      {stage === 'needs-proof' || outcome?.link === 'imprint' ? (
        <p className="card-acts">
          <FileButton
            hook="complete"
            says={stage === 'needs-proof' ? 'Choose its proof' : 'Choose another file'}
            onFile={(file) => void desk.complete(id, file)}
          />
        </p>
      ) : null}
    </article>
  )
}

export const CheckCardView = memo(View)
