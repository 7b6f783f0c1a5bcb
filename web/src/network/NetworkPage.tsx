/** The page of the network: the picture, the peers, and what explains them. */
import { type ReactElement, useState } from 'react'
import { circleOf, circleText } from '../model/network.ts'
import type { View } from '../model/view.ts'
import { CirclePicture } from './CirclePicture.tsx'
import { DiscoveryPanel } from './DiscoveryPanel.tsx'
import { DropTable } from './DropTable.tsx'
import { PeerTable } from './PeerTable.tsx'
import { RoomPanel } from './RoomPanel.tsx'

export const NetworkPage = ({ view }: { readonly view: View }): ReactElement => {
  const [selected, setSelected] = useState<string>()
  const onSelect = (id: string): void => setSelected((was) => (was === id ? undefined : id))
  const circle = circleOf(view)
  return (
    <>
      <div className="net-top">
        <section className="stage net-stage" aria-label="Who is connected to whom">
          <CirclePicture circle={circle} says={circleText(circle)} selected={selected} onSelect={onSelect} />
          <Alone view={view} />
          {circle.lines.length === 0 ? null : <Legend />}
        </section>
        <PeerTable view={view} selected={selected} onSelect={onSelect} />
      </div>
      <div className="net-panels">
        <DropTable drops={view.peers?.drops} />
        <RoomPanel peers={view.peers} />
        <DiscoveryPanel peers={view.peers} />
      </div>
    </>
  )
}

const Legend = (): ReactElement => (
  <p className="net-legend">
    <span data-kind="own">connection of this node</span>
    <span data-kind="other">has reached the other lately</span>
    <span data-kind="width">wider: shorter round trip</span>
  </p>
)

/** What to do where nobody is there. */
const Alone = ({ view }: { readonly view: View }): ReactElement | null => {
  if (view.peers === undefined || view.peers.peers.some(({ connected }) => connected)) return null
  const [address] = view.status?.addresses ?? []
  return (
    <div className="net-alone" data-hook="alone">
      <h3>No peers yet</h3>
      <p>
        Start this node, or another one, with <code>--bootstrap</code> and the address of the other.
        {address === undefined ? ' This node listens nowhere; give it --listen.' : ' This node’s own address is'}
      </p>
      {address === undefined ? null : <code>{address}</code>}
    </div>
  )
}
