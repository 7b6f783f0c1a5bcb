/** Places for connections and how many are taken, and which versions of the protocol are spoken. */
import type { ReactElement } from 'react'
import type { PeersView } from '../../../src/services/schema.ts'
import { countText } from '../model/format.ts'

const PLACES: readonly (readonly [keyof PeersView['places'], string, string])[] = [
  ['all', 'All', 'Connections in both directions'],
  ['inbound', 'In', 'Peers that came to this node'],
  ['reserved', 'Reserved', 'Inbound places that are kept for members'],
]

const Place = ({ name, means, place }: { name: string; means: string; place: PeersView['places']['inbound'] }) => (
  <div title={means}>
    <dt>{name}</dt>
    <dd>
      {place.used}
      {place.most === null ? '' : ` of ${place.most}`}
      {place.most === null ? null : (
        <i
          style={{ backgroundSize: `${Math.min(100, (place.used / Math.max(1, place.most)) * 100).toFixed(1)}% 100%` }}
          aria-hidden="true"
        />
      )}
    </dd>
  </div>
)

const Versions = ({ peers }: { readonly peers: PeersView }): ReactElement => {
  const total = Math.max(
    1,
    peers.versions.reduce((sum, one) => sum + one.peers, 0),
  )
  return (
    <>
      <h3>Versions</h3>
      {peers.versions.length === 0 ? (
        <p className="nothing">No peer has greeted yet.</p>
      ) : (
        <ul className="bars" data-hook="versions">
          {peers.versions.map(({ version, peers: count }) => (
            <li key={version}>
              <b>{version}</b>
              <span>
                {countText(count, 'peer')}
                {version === peers.own?.version ? <small> as this node</small> : null}
                <i style={{ width: `${((count / total) * 100).toFixed(1)}%` }} aria-hidden="true" />
              </span>
            </li>
          ))}
        </ul>
      )}
      {peers.own === null ? null : (
        <p className="hint">
          This node speaks {peers.own.version}
          {peers.own.features.length === 0 ? '' : `, with ${peers.own.features.join(', ')}`}.
        </p>
      )}
    </>
  )
}

export const RoomPanel = ({ peers }: { readonly peers: PeersView | undefined }): ReactElement => (
  <section className="panel room" aria-labelledby="room-title">
    <h2 id="room-title">Connections</h2>
    {peers === undefined ? (
      <p className="nothing">Not heard of yet.</p>
    ) : (
      <>
        <dl className="facts">
          {PLACES.map(([kind, name, means]) => (
            <Place key={kind} name={name} means={means} place={peers.places[kind]} />
          ))}
        </dl>
        <Versions peers={peers} />
      </>
    )}
  </section>
)
