/** Every node with its verdict and why. Rows are chosen with the pointer, or with arrows and Enter. */
import type { KeyboardEvent, ReactElement } from 'react'
import type { NodeView } from '../../../src/services/schema.ts'
import { ageText, offsetText } from '../model/format.ts'
import type { View } from '../model/view.ts'
import { StatusMark } from './marks.tsx'

export interface NodeTableProps {
  readonly view: View
  readonly selected: string | undefined
  readonly onSelect: (id: string) => void
}

const MOVES: Readonly<Record<string, (rows: readonly HTMLElement[], at: number) => HTMLElement | undefined>> = {
  ArrowDown: (rows, at) => rows[Math.min(at + 1, rows.length - 1)],
  ArrowUp: (rows, at) => rows[Math.max(at - 1, 0)],
  Home: (rows) => rows[0],
  End: (rows) => rows.at(-1),
}

const onKey = (event: KeyboardEvent<HTMLTableRowElement>, choose: () => void): void => {
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault()
    choose()
    return
  }
  const siblings = event.currentTarget.parentElement?.children ?? []
  const rows = [...siblings].filter((row): row is HTMLElement => row instanceof HTMLElement)
  const next = MOVES[event.key]?.(rows, rows.indexOf(event.currentTarget))
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}

/** Age of the newest proof by its slot; a proof's time is TAI. */
const proofAge = (node: NodeView, view: View): string => {
  if (node.proof === null) return 'none'
  const nowMs = ((view.slot + 1) * view.slotNs) / 1e6
  return ageText(Math.max(0, (nowMs - Number(BigInt(node.proof.tai) / 1_000_000n)) / 1000))
}

const Row = ({
  node,
  view,
  selected,
  onSelect,
  first,
}: NodeTableProps & { readonly node: NodeView; readonly first: boolean }) => {
  const chosen = node.id === selected
  const choose = (): void => onSelect(node.id)
  const tabIndex = chosen || (first && selected === undefined) ? 0 : -1
  return (
    <tr
      data-node={node.name}
      data-status={node.status}
      data-actions-valid={node.actionsValid}
      aria-selected={chosen}
      tabIndex={tabIndex}
      onClick={choose}
      onKeyDown={(event) => onKey(event, choose)}
    >
      <th scope="row">
        {node.status === 'falseticker' ? <s>{node.name}</s> : node.name}
        {node.self ? <small> this node</small> : node.connected ? null : <small> not connected</small>}
      </th>
      <td className="verdict">
        <StatusMark status={node.status} />
        <span>{node.status}</span>
        {node.actionsValid || node.explanation === '' ? null : <em title={node.reason}>{node.explanation}</em>}
      </td>
      <td className="number">{node.offset === null ? 'none' : offsetText(node.offset)}</td>
      <td className="number">
        {node.witnesses.asked === 0 ? 'none' : `${node.witnesses.agreeing} of ${node.witnesses.asked}`}
      </td>
      <td className="number">{node.overconfident}</td>
      <td className="number">{proofAge(node, view)}</td>
    </tr>
  )
}

export const NodeTable = (props: NodeTableProps): ReactElement => {
  const { view, selected } = props
  const known = view.nodes.some(({ id }) => id === selected) ? selected : undefined
  return (
    <section className="panel nodes" aria-labelledby="nodes-title">
      <h2 id="nodes-title">Nodes</h2>
      {view.nodes.length === 0 ? (
        <p className="nothing">None has been seen yet. Nodes appear as they connect and prove their time.</p>
      ) : (
        <table role="grid" aria-labelledby="nodes-title">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Verdict</th>
              <th scope="col" className="number">
                Offset
              </th>
              <th scope="col" className="number">
                Witnesses
              </th>
              <th scope="col" className="number" title="How often its claimed bound missed what its witnesses measured">
                Overconfident
              </th>
              <th scope="col" className="number">
                Last proof
              </th>
            </tr>
          </thead>
          <tbody>
            {view.nodes.map((node, index) => (
              <Row key={node.id} {...props} selected={known} node={node} first={index === 0} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
