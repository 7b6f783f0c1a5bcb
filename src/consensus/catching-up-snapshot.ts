/**
 * Beginning from a block that somebody trusts: a state is fetched in parts from one peer, and taken over only if a light proof from the trusted
 * block leads to a header that names its root. So a new node need not live through the whole past, and believes nobody in it.
 *
 * Rule B-96 in docs/spec/consensus.md. Not promised: anything against a checkpoint that is itself false (B-107).
 */
import { accept, equalBytes, joinBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { SNAPSHOT_BYTES_MAX, decodeState, stateRoot } from './chain-snapshot.ts'
import type { ChainGenesis, ChainState } from './chain-state.ts'
import { LightClient, trustOfCheckpoint } from './light-client.ts'
import type { LightTrust } from './light-client.ts'
import { openLightProof } from './light-proof.ts'
import { SNAPSHOT_PART_BYTES } from './questions.ts'
import type { SnapshotAnswer, SnapshotQuestion } from './questions.ts'

/** Why what a peer answered is no state of the chain. */
export const SNAPSHOT_SYNC_REASONS = [
  'against-checkpoint',
  'snapshot-unproved',
  'snapshot-other-part',
  'snapshot-other-state',
] as const
export type SnapshotSyncReason = (typeof SNAPSHOT_SYNC_REASONS)[number]

/** What is being fetched, from whom, and the root that it must have. */
interface Fetching {
  readonly peer: string
  readonly height: number
  readonly total: number
  readonly root: Uint8Array
  readonly parts: Uint8Array[]
  bytes: number
}

export interface SnapshotSyncOptions {
  readonly genesis: ChainGenesis
  readonly checkpoint: Pick<LightTrust, 'height' | 'block'>
  readonly verifier: Verifier
}

export class SnapshotSync {
  readonly #options: SnapshotSyncOptions
  #fetching: Fetching | undefined
  #asked: { readonly request: number; readonly peer: string } | undefined

  constructor(options: SnapshotSyncOptions) {
    this.#options = options
  }

  get isAsking(): boolean {
    return this.#asked !== undefined
  }

  /** Who is in the middle of handing over a state. */
  get peer(): string | undefined {
    return this.#fetching?.peer
  }

  /** What to ask next: of the peer that began to answer, or to begin with anybody. */
  question(): SnapshotQuestion {
    const { height: trusted } = this.#options.checkpoint
    const fetching = this.#fetching
    return fetching === undefined
      ? { trusted, height: 0, offset: 0 }
      : { trusted, height: fetching.height, offset: fetching.bytes }
  }

  asking(request: number, peer: string): void {
    this.#asked = { request, peer }
  }

  /** Is this the request that is waited for? Then it is waited for no longer, and this is whom it was put to. */
  answered(request: number): string | undefined {
    const asked = this.#asked
    if (asked?.request !== request) return undefined
    this.#asked = undefined
    return asked.peer
  }

  /** Nothing more is expected of the peer that was handing over. */
  giveUp(): void {
    this.#fetching = undefined
  }

  /** A part from the peer that was asked. Gives the state once it is whole and true; undefined while more is to come, or the peer has none. */
  take(peer: string, answer: SnapshotAnswer): Admission<ChainState | undefined, SnapshotSyncReason> {
    const begun = this.#fetching ?? this.#begin(peer, answer)
    if (begun === 'none') return accept(undefined)
    if (typeof begun === 'string') return reject(begun)
    this.#fetching = begun
    const { height, total, parts } = begun
    // Whole parts only: small ones would let a peer hand over for ever.
    const isWhole = answer.part.length === Math.min(SNAPSHOT_PART_BYTES, total - begun.bytes)
    if (answer.height !== height || answer.total !== total || !isWhole) return this.#refuse('snapshot-other-part')
    parts.push(answer.part)
    begun.bytes += answer.part.length
    return begun.bytes < total ? accept(undefined) : this.#finish(begun)
  }

  #begin(peer: string, answer: SnapshotAnswer): Fetching | 'none' | SnapshotSyncReason {
    const { height, total } = answer
    if (height === 0) return 'none'
    const proof = openLightProof(answer.proof)
    if (proof.verdict !== 'accept' || total > SNAPSHOT_BYTES_MAX) return 'snapshot-unproved'
    const { genesis, checkpoint, verifier } = this.#options
    const shown = new LightClient({ trust: trustOfCheckpoint(genesis, checkpoint), verifier }).verify(proof.value)
    if (shown.verdict !== 'accept')
      return shown.reason === 'light-wrong-start' ? 'against-checkpoint' : 'snapshot-unproved'
    if (shown.value.header.height !== height + 1) return 'snapshot-unproved'
    return { peer, height, total, root: shown.value.header.stateRoot, parts: [], bytes: 0 }
  }

  #finish({ parts, root, height }: Fetching): Admission<ChainState, SnapshotSyncReason> {
    const decoded = decodeState(joinBytes(...parts), this.#options.genesis)
    if (decoded.verdict !== 'accept') return this.#refuse('snapshot-other-state')
    const state = decoded.value
    if (state.height !== height || !equalBytes(stateRoot(state), root)) return this.#refuse('snapshot-other-state')
    this.#fetching = undefined
    return accept(state)
  }

  #refuse(reason: SnapshotSyncReason): Admission<never, SnapshotSyncReason> {
    this.#fetching = undefined
    return reject(reason)
  }
}
