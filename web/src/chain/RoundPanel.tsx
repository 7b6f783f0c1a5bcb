/** How far the height that is being decided has come, who is silent, and where the epoch stands. */
import type { ReactElement } from 'react'
import { type Chain, heightText, latelyOf, shareText } from '../model/chain.ts'
import { ageText, durationText, listText } from '../model/format.ts'

type Round = Chain['round']

interface VotesProps {
  readonly name: string
  readonly weight: number
  readonly total: number
  readonly done: boolean
  readonly active: boolean
  readonly hook: string
}

/** A bar of weight, with the mark that more than two thirds must pass. */
const Votes = ({ name, weight, total, done, active, hook }: VotesProps): ReactElement => {
  const share = total === 0 ? 0 : Math.min(1, weight / total)
  return (
    <div className="votes" data-active={active} data-done={done} data-votes={hook}>
      <dt>{name}</dt>
      <dd>
        <span className="votes-bar" role="img" aria-label={`${shareText(weight, total)} of the weight`}>
          <i style={{ width: `${(share * 100).toFixed(1)}%` }} />
          <b aria-hidden="true" />
        </span>
        <span className="votes-share">{shareText(weight, total)}</span>
      </dd>
    </div>
  )
}

const Steps = ({ round }: { readonly round: Round }): ReactElement => {
  const { step, prevoted, precommitted, total, quorum, proposer } = round
  const isIn = step !== 'propose'
  return (
    <dl className="steps">
      <div className="votes" data-active={!isIn} data-done={isIn} data-votes="proposal">
        <dt>Proposal</dt>
        <dd>
          {isIn ? 'from' : 'of'} <strong>{proposer.name}</strong>
          {isIn ? ', in' : ', awaited'}
        </dd>
      </div>
      <Votes
        name="Prevotes"
        hook="prevotes"
        weight={prevoted}
        total={total}
        done={prevoted >= quorum}
        active={step === 'prevote'}
      />
      <Votes
        name="Precommits"
        hook="precommits"
        weight={precommitted}
        total={total}
        done={precommitted >= quorum}
        active={step === 'precommit'}
      />
    </dl>
  )
}

const SILENT_MAX = 8

/** Beside the sentence on what is waited for, which names them where they matter. */
const Silent = ({ round }: { readonly round: Round }): ReactElement | null => {
  const { silent, total, step, waiting } = round
  if (step === 'propose' || waiting.includes('Silent')) return null
  if (silent.length === 0) return <p className="silent">Everybody has spoken in this round.</p>
  const names = silent.slice(0, SILENT_MAX).map(({ name, weight }) => `${name} ${shareText(weight, total)}`)
  const more = silent.length - names.length
  return (
    <p className="silent" data-hook="silent">
      Silent: {listText(more === 0 ? names : [...names, `${more} more`])}
    </p>
  )
}

const Epoch = ({ chain, slotNs }: { readonly chain: Chain; readonly slotNs: number }): ReactElement => {
  const { number, lastHeight, decided, slots } = chain.epoch
  const left = ageText(((slots - decided) * slotNs) / 1e9)
  return (
    <figure className="epoch" data-hook="epoch">
      <figcaption>
        <span>Epoch {heightText(number)}</span>
        <span>
          {heightText(decided)} of {heightText(slots)} blocks
        </span>
      </figcaption>
      <span className="epoch-bar">
        <i style={{ width: `${((decided / slots) * 100).toFixed(2)}%` }} />
      </span>
      <p>
        Weights change after block {heightText(lastHeight)}
        {chain.round.stuck ? '; no block comes now.' : `, in about ${left}.`}
      </p>
    </figure>
  )
}

export const RoundPanel = ({ chain, slotNs }: { readonly chain: Chain; readonly slotNs: number }): ReactElement => {
  const { round, blocks } = chain
  const { widthNs, laterRounds, count } = latelyOf(blocks)
  return (
    <section className="panel round" aria-labelledby="round-title" data-step={round.step} data-stuck={round.stuck}>
      <h2 id="round-title">
        Block {heightText(round.height)} <small>being decided, round {round.round}</small>
      </h2>
      <Steps round={round} />
      <div className="waiting">
        <p className={round.stuck ? 'warning' : ''} data-hook="waiting">
          {round.waiting}
        </p>
        <Silent round={round} />
      </div>
      <Epoch chain={chain} slotNs={slotNs} />
      <dl className="facts">
        <div title={`Middle width of the intervals of the last ${count} blocks`}>
          <dt>Interval</dt>
          <dd>{widthNs === undefined ? 'none yet' : durationText(widthNs)}</dd>
        </div>
        <div title={`Of the last ${count} blocks, those that the first round did not decide`}>
          <dt>Later rounds</dt>
          <dd>
            {laterRounds} of {count}
          </dd>
        </div>
        <div title="Transactions that wait for a block">
          <dt>Waiting</dt>
          <dd>{round.pending}</dd>
        </div>
      </dl>
    </section>
  )
}
