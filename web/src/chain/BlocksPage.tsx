/** The page of the chain: the strip of blocks against the node's own time, the round that goes on, blocks, and who votes. */
import { type ReactElement, useState } from 'react'
import type { Client } from '../../../src/services/client.ts'
import type { View } from '../model/view.ts'
import { BlockPanel } from './BlockPanel.tsx'
import { BlockTable } from './BlockTable.tsx'
import { RoundPanel } from './RoundPanel.tsx'
import { StripPicture } from './StripPicture.tsx'
import { ValidatorTable } from './ValidatorTable.tsx'

export interface BlocksPageProps {
  readonly view: View
  readonly client: Client
}

const Legend = (): ReactElement => (
  <p className="strip-legend">
    <span data-kind="settled">from earliest to latest, to scale</span>
    <span data-kind="tick">timestamp</span>
    <span data-kind="open">not settled yet</span>
    <span data-kind="own">received here, by this node’s clock</span>
    <span data-kind="rows">rows: who proposed it</span>
  </p>
)

export const BlocksPage = ({ view, client }: BlocksPageProps): ReactElement => {
  const [selected, setSelected] = useState<number>()
  const { chain } = view
  const onSelect = (height: number): void => setSelected((was) => (was === height ? undefined : height))
  if (chain === undefined)
    return (
      <p className="nothing" data-hook="no-chain">
        {view.status === undefined
          ? 'Not heard of yet.'
          : 'This node takes part in no chain: there are no blocks to show.'}
      </p>
    )
  const settled = chain.blocks.find(({ height }) => height === selected)?.settled ?? true
  return (
    <>
      <section className="stage strip-stage" aria-label="Blocks on this node’s own time">
        <StripPicture view={view} chain={chain} selected={selected} onSelect={onSelect} />
        <Legend />
      </section>
      <div className="chain-panels">
        <RoundPanel chain={chain} slotNs={view.slotNs} />
        <BlockTable blocks={chain.blocks} selected={selected} onSelect={onSelect} />
        <BlockPanel client={client} height={selected} settled={settled} />
      </div>
      <ValidatorTable chain={chain} />
    </>
  )
}
