/** The newest blocks in figures; one is chosen to see what proves it. */
import type { ReactElement } from 'react'
import type { BlockSummary } from '../../../src/services/schema.ts'
import { heightText } from '../model/chain.ts'
import { countText, durationText } from '../model/format.ts'

export interface BlockTableProps {
  readonly blocks: readonly BlockSummary[]
  readonly selected: number | undefined
  readonly onSelect: (height: number) => void
}

const ROWS_MAX = 10

const holdsText = ({ offences, transactions, witnessed }: BlockSummary): string => {
  const parts = [
    ...(offences === 0 ? [] : [countText(offences, 'offence')]),
    ...(transactions === 0 ? [] : [countText(transactions, 'transaction')]),
    countText(witnessed, 'proof'),
  ]
  return parts.slice(0, 2).join(', ')
}

const signedText = ({ signers, validators }: BlockSummary): string =>
  validators === 0 ? String(signers) : `${signers} of ${validators}`

const Row = ({
  block,
  chosen,
  onSelect,
}: {
  block: BlockSummary
  chosen: boolean
  onSelect: (height: number) => void
}) => (
  <tr
    data-block={block.height}
    data-settled={block.settled}
    data-chosen={chosen}
    onClick={() => onSelect(block.height)}
  >
    <th scope="row">
      <button
        type="button"
        className="block-open"
        aria-pressed={chosen}
        onClick={(event) => (event.stopPropagation(), onSelect(block.height))}
      >
        {heightText(block.height)}
      </button>
    </th>
    <td className="when">{block.time === null ? 'not known' : block.time.utc.slice(11, 19)}</td>
    <td
      className="number"
      title={block.settled ? 'Settled by the next block' : 'By this node’s own commit, until the next block'}
    >
      {block.time === null ? '–' : `± ${durationText(block.time.widthNs / 2)}`}
    </td>
    <td>{block.proposer.name}</td>
    <td className="number" data-tone={block.round > 0 ? 'bad' : ''}>
      {block.round}
    </td>
    <td className="number">{signedText(block)}</td>
    <td className="holds" data-tone={block.offences > 0 ? 'bad' : ''}>
      {holdsText(block)}
    </td>
  </tr>
)

export const BlockTable = ({ blocks, selected, onSelect }: BlockTableProps): ReactElement => (
  <section className="panel blocks" aria-labelledby="blocks-title">
    <h2 id="blocks-title">
      Blocks <small>choose one to see what proves it</small>
    </h2>
    {blocks.length === 0 ? (
      <p className="nothing">None has been decided yet.</p>
    ) : (
      <table aria-labelledby="blocks-title">
        <thead>
          <tr>
            <th scope="col">Block</th>
            <th scope="col">UTC</th>
            <th scope="col" className="number">
              Known to
            </th>
            <th scope="col">Proposer</th>
            <th scope="col" className="number">
              Round
            </th>
            <th scope="col" className="number">
              Signed
            </th>
            <th scope="col" className="holds">
              Holds
            </th>
          </tr>
        </thead>
        <tbody>
          {blocks.slice(0, ROWS_MAX).map((block) => (
            <Row key={block.height} block={block} chosen={block.height === selected} onSelect={onSelect} />
          ))}
        </tbody>
      </table>
    )}
  </section>
)
