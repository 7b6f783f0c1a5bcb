/** Who votes, with what weight, and why: the figures behind a weight, a sentence, and what the last epoch's end changed. */
import type { ReactElement } from 'react'
import type { ValidatorView } from '../../../src/services/schema.ts'
import { type Chain, changeText, heightText, pointsText, ppbText } from '../model/chain.ts'
import { StatusMark } from '../panels/marks.tsx'

/** Rows shown; the heaviest come first. */
const ROWS_MAX = 64

const roleText = ({ role, self }: ValidatorView): string =>
  [self ? 'this node' : '', role === 'validator' ? '' : role].filter((word) => word !== '').join(', ')

const Change = ({ validator }: { readonly validator: ValidatorView }): ReactElement | null => {
  const points = validator.changed === null ? '' : pointsText(validator.changed.weight)
  if (points === '') return null
  const isLoss = points.startsWith('−')
  return (
    <small className="change" data-tone={isLoss ? 'bad' : 'good'} title={changeText(validator)}>
      {isLoss ? '▼' : '▲'} {points.slice(1)}
    </small>
  )
}

const Row = ({ validator, most }: { readonly validator: ValidatorView; readonly most: number }): ReactElement => {
  const { name, status, share, reputation, stakeShare, integrity, accuracy, why, role } = validator
  return (
    <tr data-validator={name} data-status={status} data-role={role}>
      <th scope="row">
        <StatusMark status={status} />
        {status === 'falseticker' ? <s>{name}</s> : name}
        {roleText(validator) === '' ? null : <small> {roleText(validator)}</small>}
      </th>
      <td title={changeText(validator)}>
        <div className="weight">
          <span className="weight-bar">
            <i style={{ width: `${((share / Math.max(1, most)) * 100).toFixed(1)}%` }} />
          </span>
          <span className="weight-share">{role === 'candidate' ? '–' : ppbText(share)}</span>
          <Change validator={validator} />
        </div>
      </td>
      <td className="number reputation">{ppbText(reputation)}</td>
      <td className="number stake">{ppbText(stakeShare)}</td>
      <td className="number integrity" data-tone={integrity < 1e9 ? 'bad' : ''}>
        {ppbText(integrity)}
      </td>
      <td className="number accuracy" title="Of this epoch so far">
        {accuracy === null ? '–' : ppbText(accuracy)}
      </td>
      <td className="why">{why}</td>
    </tr>
  )
}

export const ValidatorTable = ({ chain }: { readonly chain: Chain }): ReactElement => {
  const { validators: view } = chain
  const all = view?.validators ?? []
  const most = all.reduce((max, { share }) => Math.max(max, share), 0)
  return (
    <section className="panel validators" aria-labelledby="validators-title">
      <h2 id="validators-title">
        Weights, and why <small>{view === undefined ? '' : `after block ${heightText(view.asOf)}`}</small>
      </h2>
      {view === undefined ? (
        <p className="nothing">Not heard of yet.</p>
      ) : (
        <table aria-labelledby="validators-title">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Weight</th>
              <th
                scope="col"
                className="number reputation"
                title={`Counts ${ppbText(view.parameters.alpha)} of a weight`}
              >
                Reputation
              </th>
              <th scope="col" className="number stake" title="Of the genesis, by the largest">
                Stake
              </th>
              <th scope="col" className="number integrity" title="One, less what proven offences took">
                Integrity
              </th>
              <th scope="col" className="number accuracy" title="Of this epoch so far">
                Accuracy
              </th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {all.slice(0, ROWS_MAX).map((validator) => (
              <Row key={validator.id} validator={validator} most={most} />
            ))}
          </tbody>
        </table>
      )}
      {all.length > ROWS_MAX ? <p className="nothing">and {all.length - ROWS_MAX} more</p> : null}
    </section>
  )
}
