/** Every peer, the connected first; a row opens to say why its score is what it is and what was dropped of what it sent. */
import type { ReactElement } from 'react'
import type { PeerView } from '../../../src/services/schema.ts'
import { ageText, durationText } from '../model/format.ts'
import { bytesText, channelText, peerName, peersInOrder, scoreText, transportText } from '../model/network.ts'
import type { NodeStatus } from '../model/history.ts'
import type { View } from '../model/view.ts'
import { StatusMark } from '../panels/marks.tsx'

export interface PeerTableProps {
  readonly view: View
  readonly selected: string | undefined
  readonly onSelect: (id: string) => void
}

/** Rows shown; the worst of those that are remembered come first, so what is left out is the least telling. */
const ROWS_MAX = 64

const stateOf = ({ shutOut, connected }: PeerView): string => (shutOut ? 'shut out' : connected ? '' : 'gone')

const sumOf = (peer: PeerView, way: 'bytesIn' | 'bytesOut'): number =>
  peer.connections.reduce((sum, connection) => sum + connection[way], 0)

const Why = ({ peer }: { readonly peer: PeerView }): ReactElement => {
  const { scoreReasons, drops, connections, agreed, messages } = peer
  return (
    <div className="peer-why" data-hook="peer-why">
      <ul aria-label="Why this score">
        {scoreReasons.length === 0 ? <li>Nothing counts for or against it.</li> : null}
        {scoreReasons.map(({ channel, reason, explanation, points }) => (
          <li key={`${channel} ${reason}`} title={`${reason} on ${channel}`}>
            <b data-tone={points < 0 ? 'bad' : 'good'}>{scoreText(points)}</b>
            <span>
              {explanation === '' ? reason : explanation} <small>{channelText(channel)}</small>
            </span>
          </li>
        ))}
      </ul>
      {drops.length === 0 ? null : (
        <ul aria-label="Dropped">
          {drops.map(({ reason, explanation, count }) => (
            <li key={reason} title={reason}>
              <b>{count}</b>
              <span>
                dropped. {explanation === '' ? reason : explanation} <small>{reason}</small>
              </span>
            </li>
          ))}
        </ul>
      )}
      <p>
        {messages.accepted} messages accepted, {messages.ignored} ignored, {messages.rejected} rejected.{' '}
        {agreed === null
          ? 'It has not greeted yet.'
          : `It speaks ${agreed.version} and runs ${agreed.agent}${agreed.features.length === 0 ? '' : `, with ${agreed.features.join(', ')}`}.`}
      </p>
      {connections.map(({ address, group, ageNs, security }) => (
        <p key={address} className="peer-address">
          {address} <small>{`group ${group}, ${security}, for ${ageText(ageNs / 1e9)}`}</small>
        </p>
      ))}
      <p className="peer-address">
        <small>{peer.id}</small>
      </p>
    </div>
  )
}

interface RowProps {
  readonly peer: PeerView
  /** Below this score a peer is not chosen for anything. */
  readonly chosenMin: number
  readonly status: NodeStatus
  readonly open: boolean
  readonly onSelect: (id: string) => void
}

const Row = ({ peer, chosenMin, status, open, onSelect }: RowProps): ReactElement => (
  <tbody data-peer={peerName(peer)} data-connected={peer.connected} data-shut-out={peer.shutOut} data-open={open}>
    <tr onClick={() => onSelect(peer.id)}>
      <th scope="row">
        <button
          type="button"
          className="peer-open"
          aria-expanded={open}
          onClick={(event) => (event.stopPropagation(), onSelect(peer.id))}
        >
          <StatusMark status={status} />
          {status === 'falseticker' ? <s>{peerName(peer)}</s> : peerName(peer)}
        </button>
        {stateOf(peer) === '' ? null : <small> {stateOf(peer)}</small>}
      </th>
      <td className="over">{transportText(peer)}</td>
      <td className="number">{peer.roundTripNs === null ? '–' : durationText(peer.roundTripNs)}</td>
      <td className="version">{peer.agreed?.version ?? '–'}</td>
      <td className="number traffic" title="received / sent">
        {bytesText(sumOf(peer, 'bytesIn'))} / {bytesText(sumOf(peer, 'bytesOut'))}
      </td>
      <td
        className="number"
        data-tone={peer.shutOut || peer.score < chosenMin ? 'bad' : peer.score > 0.05 ? 'good' : ''}
      >
        {scoreText(peer.score)}
      </td>
    </tr>
    {open ? (
      <tr className="peer-detail">
        <td colSpan={6}>
          <Why peer={peer} />
        </td>
      </tr>
    ) : null}
  </tbody>
)

export const PeerTable = ({ view, selected, onSelect }: PeerTableProps): ReactElement => {
  const peers = peersInOrder(view.peers?.peers ?? [])
  const statuses = new Map(view.nodes.map(({ id, status }) => [id, status]))
  const leftOut = Math.max(0, peers.length - ROWS_MAX) + (view.peers?.peersLeftOut ?? 0)
  return (
    <section className="panel peers" aria-labelledby="peers-title">
      <h2 id="peers-title">
        Peers <small>choose one to see why its score is what it is</small>
      </h2>
      {peers.length === 0 ? (
        <p className="nothing">{view.peers === undefined ? 'Not heard of yet.' : 'None is connected or remembered.'}</p>
      ) : (
        <table aria-labelledby="peers-title">
          <thead>
            <tr>
              <th scope="col">Peer</th>
              <th scope="col">Over</th>
              <th scope="col" className="number">
                Round trip
              </th>
              <th scope="col" className="version">
                Version
              </th>
              <th scope="col" className="number traffic">
                Received / sent
              </th>
              <th
                scope="col"
                className="number"
                title="0 for a stranger; good deeds raise it, bad ones lower it, and both fade"
              >
                Score
              </th>
            </tr>
          </thead>
          {peers.slice(0, ROWS_MAX).map((peer) => (
            <Row
              key={peer.id}
              peer={peer}
              chosenMin={view.peers?.scoreBounds.chosenMin ?? 0}
              status={statuses.get(peer.id) ?? 'unproven'}
              open={peer.id === selected}
              onSelect={onSelect}
            />
          ))}
        </table>
      )}
      {leftOut === 0 ? null : <p className="nothing">and {leftOut} more that are remembered</p>}
    </section>
  )
}
