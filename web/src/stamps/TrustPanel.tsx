/** On what checking rests, said plainly, and how to rest it on something of one's own. */
import type { ReactElement } from 'react'
import type { StampsView, TrustView } from '../model/stamps.ts'
import { heightText } from '../model/chain.ts'
import { FileButton } from './DropZone.tsx'
import type { StampDesk } from './stamp-desk.ts'

const ID_SHOWN = 16

const saysOf = ({ from, name, height }: TrustView): string => {
  if (from === 'node') return `Proofs are checked against the genesis of network ${name}, as this node gave it.`
  if (from === 'genesis') return `Proofs are checked against your genesis, ${name}.`
  return `Proofs are checked against your checkpoint, ${name}, of block ${heightText(height ?? 0)}.`
}

const MEANS: Readonly<Record<TrustView['from'], string>> = {
  node: 'That is this node’s word. To rely on nobody, give this page a genesis or a checkpoint that you had from elsewhere.',
  genesis: 'Who wrote down that network’s first members is all that you trust.',
  checkpoint: 'Who gave you that block is all that you trust, and only for as long as a checkpoint holds.',
}

export interface TrustPanelProps {
  readonly view: StampsView
  readonly desk: StampDesk
}

export const TrustPanel = ({ view, desk }: TrustPanelProps): ReactElement => {
  const { trust, trustTrouble } = view
  return (
    <section className="panel trust" aria-labelledby="trust-title" data-hook="trust" data-from={trust?.from}>
      <h2 id="trust-title">What checking rests on</h2>
      {trust === undefined ? (
        <p>Nothing yet: this node has given no genesis.</p>
      ) : (
        <>
          <p>
            {saysOf(trust)} <code title={trust.networkId}>{trust.networkId.slice(0, ID_SHOWN)}…</code>
          </p>
          <p className="trust-means">{MEANS[trust.from]}</p>
        </>
      )}
      {trustTrouble === '' ? null : (
        <p className="card-trouble" data-hook="trust-trouble">
          {trustTrouble}
        </p>
      )}
      <p className="card-acts">
        <FileButton
          hook="trust-file"
          says="Use my own genesis or checkpoint"
          onFile={(file) => void desk.trust(file)}
        />
        {trust === undefined || trust.from !== 'node' ? (
          <button type="button" className="plain" data-hook="trust-node" onClick={() => void desk.trustNode()}>
            Use this node’s
          </button>
        ) : null}
      </p>
    </section>
  )
}
