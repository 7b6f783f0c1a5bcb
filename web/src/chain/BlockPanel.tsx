/**
 * One block and what proves it: what each signer's clock said, drawn to scale against the block's interval. Asked for when it is chosen,
 * and once more when the next block settles it.
 */
import { type ReactElement, useEffect, useState } from 'react'
import type { Client } from '../../../src/services/client.ts'
import type { BlockView } from '../../../src/services/schema.ts'
import { heightText, shareText } from '../model/chain.ts'
import { taiMs } from '../model/chain-strip.ts'
import { durationText } from '../model/format.ts'

export interface BlockPanelProps {
  readonly client: Client
  readonly height: number | undefined
  readonly settled: boolean
}

type Asked = { readonly block: BlockView } | { readonly why: string } | undefined

const useBlock = ({ client, height, settled }: BlockPanelProps): Asked => {
  const [asked, setAsked] = useState<Asked>()
  useEffect(() => {
    if (height === undefined) return undefined
    let isOver = false
    client.block(height).then(
      (block) => !isOver && setAsked({ block }),
      (error: unknown) => !isOver && setAsked({ why: error instanceof Error ? error.message : String(error) }),
    )
    return () => {
      isOver = true
    }
  }, [client, height, settled])
  return asked
}

/** Signers drawn at most; the rest are counted. */
const SIGNERS_MAX = 16
const LISTED_MAX = 6

type Commit = NonNullable<BlockView['commit']>
type Signer = Commit['signers'][number]
type Time = NonNullable<BlockView['time']>

/** Where an interval lies, in parts of the picture's width; what lies outside is cut. */
const placeIn = (from: number, to: number, { left, right }: { left: number; right: number }) => {
  const at = (ms: number): number => Math.min(1, Math.max(0, (ms - left) / (right - left)))
  return { left: `${(at(from) * 100).toFixed(2)}%`, width: `${((at(to) - at(from)) * 100).toFixed(2)}%` }
}

const signerText = ({ received, widthNs }: Signer): string => {
  if (received === null) return 'had no time'
  return widthNs === null ? 'late' : `± ${durationText(widthNs / 2)}`
}

const Signers = ({ commit, time }: { readonly commit: Commit; readonly time: Time }): ReactElement => {
  const [from, to] = [taiMs(time.earliest), taiMs(time.latest)]
  const drawn = commit.signers.flatMap(({ received, widthNs }) =>
    received === null || widthNs === null ? [] : [taiMs(received.earliest), taiMs(received.latest)],
  )
  const [lo, hi] = [Math.min(from, ...drawn), Math.max(to, ...drawn)]
  const pad = Math.max(0.001, (hi - lo) * 0.04)
  const frame = { left: lo - pad, right: hi + pad }
  const more = commit.signers.length - SIGNERS_MAX
  return (
    <figure className="signers" data-hook="signers">
      <ul>
        <li className="signers-whole">
          <span>interval</span>
          <span className="signers-line">
            <i className="signers-block" style={placeIn(from, to, frame)} />
            <b style={{ left: placeIn(taiMs(time.timestamp), hi, frame).left }} title="timestamp" />
          </span>
          <span>{durationText(time.widthNs)}</span>
        </li>
        {commit.signers.slice(0, SIGNERS_MAX).map((signer) => (
          <li
            key={signer.index}
            title={signer.weight === null ? '' : `${shareText(signer.weight, commit.total ?? 0)} of the weight`}
          >
            <span>{signer.name}</span>
            <span className="signers-line">
              {signer.received === null || signer.widthNs === null ? null : (
                <i style={placeIn(taiMs(signer.received.earliest), taiMs(signer.received.latest), frame)} />
              )}
            </span>
            <span>{signerText(signer)}</span>
          </li>
        ))}
      </ul>
      {more > 0 ? <p className="nothing">and {more} more</p> : null}
      <figcaption>
        When each signer received the proposal by its own clock. It left its proposer before that, by at most the delay
        that the network allows: so the block’s interval reaches back.
      </figcaption>
    </figure>
  )
}

const missingText = ({ missing, total }: Commit): string => {
  const names = missing.slice(0, LISTED_MAX).map(({ name, weight }) => `${name} ${shareText(weight, total ?? 0)}`)
  const more = missing.length - names.length
  return `Not in this commit: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}. Any quorum will do.`
}

const Contents = ({ block }: { readonly block: BlockView }): ReactElement => (
  <ul className="contents">
    {block.offenceList.slice(0, LISTED_MAX).map(({ type, offender, explanation }, place) => (
      <li key={`${type} ${place}`} data-tone="bad">
        <b>Offence</b> {offender.name}. {explanation}
      </li>
    ))}
    {block.transactionList.slice(0, LISTED_MAX).map(({ key, kind, author, payload }) => (
      <li key={key}>
        <b>{kind}</b> {author.name} <small>{payload === '' ? key : payload}</small>
      </li>
    ))}
    <li>
      {block.transactions} transactions, {block.witnessed} proofs, {block.attestations} attestations, {block.offences}{' '}
      offences in {heightText(block.bytes)} bytes
    </li>
    <li>
      <small>{block.id}</small>
    </li>
  </ul>
)

const Whole = ({ block }: { readonly block: BlockView }): ReactElement => (
  <>
    <p className="proven">{block.proven}</p>
    {block.open === '' ? (
      <p className="settled">Settled by block {heightText(block.height + 1)}.</p>
    ) : (
      <p className="open">{block.open}</p>
    )}
    {block.commit === null || block.time === null ? null : <Signers commit={block.commit} time={block.time} />}
    {block.commit === null || block.commit.missing.length === 0 ? null : (
      <p className="hint">{missingText(block.commit)}</p>
    )}
    <Contents block={block} />
  </>
)

const Explained = (): ReactElement => (
  <div className="explained">
    <p>
      A block has no single instant: it has an interval that holds the true time of its proposal as long as less than a
      third of the weight is faulty.
    </p>
    <p>
      Every validator signs when the proposal reached it by its own clock. The votes that decide a block also give its
      time, and no proposer’s word does.
    </p>
    <p>The next block carries those votes and so settles the interval for everybody.</p>
  </div>
)

export const BlockPanel = (props: BlockPanelProps): ReactElement => {
  const { height } = props
  const asked = useBlock(props)
  const block = asked !== undefined && 'block' in asked && asked.block.height === height ? asked.block : undefined
  const why = asked !== undefined && 'why' in asked ? asked.why : undefined
  return (
    <section className="panel block" aria-labelledby="block-title" data-hook="block" data-height={height}>
      <h2 id="block-title">{height === undefined ? 'How a block gets its time' : `Block ${heightText(height)}`}</h2>
      {height === undefined ? <Explained /> : null}
      {height !== undefined && block !== undefined ? <Whole block={block} /> : null}
      {height !== undefined && block === undefined ? <p className="nothing">{why ?? 'Asking this node.'}</p> : null}
    </section>
  )
}
