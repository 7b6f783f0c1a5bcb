/** How this node finds peers: its tables, the groups of addresses that it is spread over, anchors, and the ways to begin. */
import type { ReactElement } from 'react'
import type { DiscoveryFigures, PeersView } from '../../../src/services/schema.ts'
import { ageText, listText } from '../model/format.ts'

const Fact = ({ head, means, says }: { readonly head: string; readonly means: string; readonly says: string }) => (
  <div title={means}>
    <dt>{head}</dt>
    <dd>{says}</dd>
  </div>
)

type Way = DiscoveryFigures['bootstrap'][number]

const wayText = ({ state, ageNs, says }: Way): string =>
  ageNs === null ? says : `${state === 'failed' ? 'failed' : says}, ${agoText(ageNs)}`

const agoText = (ageNs: number): string => (ageNs < 1.5e9 ? 'just now' : `${ageText(ageNs / 1e9)} ago`)

const TABLES = { tried: 'Answered', fresh: 'Heard of' } as const

const Figures = ({ discovery }: { readonly discovery: DiscoveryFigures }): ReactElement => {
  const { records, tables, outbound, outboundWanted, anchors, feelers, bootstrap } = discovery
  const groups = [...new Set(outbound.map(({ group }) => group))]
  return (
    <>
      <dl className="facts">
        {tables.map(({ name, entries, groups: spread }) => (
          <Fact
            key={name}
            head={TABLES[name]}
            means={`The table ${name}: in ${spread} groups of addresses`}
            says={String(entries)}
          />
        ))}
        <Fact
          head="Records"
          means="Signed peer records that are held and have not expired"
          says={String(records.known - records.expired)}
        />
        <Fact
          head="Own choice"
          means={`Peers that this node chose itself, in ${groups.length} groups of addresses: ${listText(groups)}`}
          says={`${outbound.length} of ${outboundWanted}`}
        />
        <Fact head="Anchors" means="Peers to go back to first after a restart" says={String(anchors.length)} />
        <Fact
          head="Feelers"
          means="Short connections that find out whether a peer answers, and how many did"
          says={`${feelers.answered} of ${feelers.sent}`}
        />
      </dl>
      <h3>Ways to begin</h3>
      {bootstrap.length === 0 ? <p className="nothing">None is configured.</p> : null}
      <ul className="ways">
        {bootstrap.map((way) => (
          <li key={`${way.kind} ${way.name}`} data-way={way.kind} data-state={way.state}>
            <b>{way.kind}</b>
            <span>
              {wayText(way)}
              {way.name === '' ? null : <small> {way.name}</small>}
              {way.state === 'failed' ? <small> {way.says}</small> : null}
            </span>
          </li>
        ))}
      </ul>
    </>
  )
}

export const DiscoveryPanel = ({ peers }: { readonly peers: PeersView | undefined }): ReactElement => (
  <section className="panel discovery" aria-labelledby="discovery-title">
    <h2 id="discovery-title">Finding peers</h2>
    {peers === undefined || peers.discovery === null ? (
      <p className="nothing">
        {peers === undefined
          ? 'Not heard of yet.'
          : 'This node does not look for peers by itself; it keeps to those it was given.'}
      </p>
    ) : (
      <Figures discovery={peers.discovery} />
    )}
  </section>
)
