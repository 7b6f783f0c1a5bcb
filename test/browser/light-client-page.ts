/** A page's light client: told what to trust, it says of a proof's bytes what they show, or why not. Bundled by light-client-browser.test.ts. */
import '../../web/src/shims/buffer.ts'
import { LightClient, ed25519Verifier, openLightProof } from '../../src/consensus/light-client-door.ts'

/** What a page is told, in plain data. */
export interface Told {
  readonly networkId: readonly number[]
  readonly proposalDelayNs: string
  readonly height: number
  readonly block: string
}

const verify = (told: Told, proof: readonly number[]): string => {
  const opened = openLightProof(Uint8Array.from(proof))
  if (opened.verdict !== 'accept') return opened.reason
  const client = new LightClient({
    trust: {
      networkId: Uint8Array.from(told.networkId),
      proposalDelayNs: BigInt(told.proposalDelayNs),
      height: told.height,
      block: told.block,
      validators: undefined,
    },
    verifier: ed25519Verifier,
  })
  const shown = client.verify(opened.value)
  if (shown.verdict !== 'accept') return shown.reason
  const { id, header, time } = shown.value
  return `${header.height} ${id} ${time.timestamp}`
}

Object.assign(globalThis, { verifyLightProof: verify })
