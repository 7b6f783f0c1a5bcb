/**
 * What a store of blocks says of the past to the views of the chain: who voted at an old height, and proofs for light clients. The store
 * is the node's own, so what it holds is believed; what cannot be read there is as if it were not held.
 */
import { encodeLightProof, makeLightProof, openValidators } from '../consensus/index.ts'
import type { LightReader } from '../consensus/index.ts'
import type { ChainArchive } from './chain-source.ts'

export const archiveOf = (store: LightReader): ChainArchive => ({
  validatorsAt: (height) => {
    const kept = store.validators(height)
    const opened = kept === undefined ? undefined : openValidators(kept.validators)
    return opened?.verdict === 'accept' ? opened.value : undefined
  },
  lightProof: (from, to) => {
    const made = makeLightProof(store, { from, to })
    return made.verdict === 'accept' ? encodeLightProof(made.value) : undefined
  },
})
