/** What a running node tells whoever watches it: the API, the log, the devnet. Facts only, no rules. */
import type { Cancel, NsInterval } from '../base/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import type { Judgement } from '../validation/index.ts'
import type { EngineNews } from '../consensus/index.ts'
import type { DecidedBlock } from './deciding.ts'

export type NodeEvent =
  | { readonly type: 'clock' }
  | { readonly type: 'proof'; readonly author: string; readonly sealed: SealedProof }
  | { readonly type: 'attestation'; readonly admitted: AdmittedAttestation }
  | { readonly type: 'judgement'; readonly slot: number; readonly judgements: readonly Judgement[] }
  /** A block was decided, and what it settled. After the judgements that it brought. */
  | { readonly type: 'block'; readonly decided: DecidedBlock }
  | { readonly type: 'consensus'; readonly news: EngineNews }
  | { readonly type: 'peer'; readonly peer: string; readonly connected: boolean }
  | { readonly type: 'refused'; readonly channel: string; readonly reason: string; readonly from: string }
  | {
      readonly type: 'turned-away'
      readonly peer: string
      readonly reason: string
      /** Which of the two would not talk, and what it said to the other. */
      readonly by: 'own' | 'peer'
      readonly text: string
    }
  | { readonly type: 'trouble'; readonly code: string; readonly message: string }

/** An attestation and what was made of it. `reason` is empty where it counts. */
export interface AdmittedAttestation {
  readonly sealed: SealedAttestation
  readonly subject: string
  readonly witness: string
  readonly slot: number
  readonly offset: NsInterval
  readonly reason: string
}

/** Calls every listener in the order they came. A listener that throws is a bug and crashes the node. */
export class NodeEvents {
  readonly #listeners = new Set<(event: NodeEvent) => void>()

  emit(event: NodeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  listen(listener: (event: NodeEvent) => void): Cancel {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
