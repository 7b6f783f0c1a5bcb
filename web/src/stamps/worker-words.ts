/** What the page and its worker say to each other. Every call has a number; its answers bear it too. */
import type { ChainGenesis, ImprintAlgorithm } from '../../../src/stamps/door.ts'
import type { Outcome } from '../model/stamps-outcome.ts'

/** What verifying rests on, as the worker is told it. */
export type TrustSource =
  | { readonly from: 'genesis'; readonly genesis: ChainGenesis; readonly names: ReadonlyMap<string, string> }
  /** A checkpoint file as parsed JSON: not checked yet. */
  | { readonly from: 'checkpoint'; readonly checkpoint: unknown; readonly names: ReadonlyMap<string, string> }

/** The hash of a file. */
export interface FileDigest {
  readonly algorithm: ImprintAlgorithm
  readonly digest: Uint8Array
}

/** What bytes that are meant for a proof turned out to be. `algorithm`: what its file must be hashed with. */
export type Opened =
  | { readonly kind: 'proof'; readonly algorithm: ImprintAlgorithm }
  | { readonly kind: 'pending'; readonly algorithm: ImprintAlgorithm; readonly stampId: string }
  | { readonly kind: 'neither' }

/** What a checkpoint file says of itself; refused where it is none. */
export type CheckpointRead =
  | { readonly verdict: 'accept'; readonly networkId: string; readonly height: number }
  | { readonly verdict: 'reject'; readonly says: string }

/** A node's answer, as it came. */
export interface ReceiptParts {
  readonly entry: { readonly algorithm: ImprintAlgorithm; readonly imprint: string; readonly beacon: string | null }
  readonly clientKey: string
  /** The encoded receipt, base64. */
  readonly receipt: string
  readonly node: string
  /** What was asked to be stamped. */
  readonly digest: Uint8Array
}

/** The receipt as the file that goes on later; refused where it is not signed or is not of what was asked. */
export type ReceiptRead =
  | { readonly verdict: 'accept'; readonly file: Uint8Array }
  | { readonly verdict: 'reject'; readonly says: string }

export interface Calls {
  readonly hash: {
    readonly asks: { readonly file: Blob; readonly algorithm: ImprintAlgorithm }
    readonly gives: Uint8Array
  }
  readonly open: { readonly asks: { readonly bytes: Uint8Array }; readonly gives: Opened }
  readonly check: {
    readonly asks: {
      readonly bytes: Uint8Array
      readonly digest: FileDigest | undefined
      readonly trust: TrustSource
      /** What the visitor's machine reads, Unix ms: only for the age of a checkpoint. */
      readonly nowMs: number
    }
    readonly gives: Outcome
  }
  readonly checkpoint: { readonly asks: { readonly json: unknown }; readonly gives: CheckpointRead }
  readonly receipt: { readonly asks: ReceiptParts; readonly gives: ReceiptRead }
}
export type CallName = keyof Calls

export type Asked =
  | { [Name in CallName]: { readonly call: number; readonly name: Name } & Calls[Name]['asks'] }[CallName]
  | { readonly call: number; readonly name: 'cancel' }

/** What a call gave. */
export type Done = { [Name in CallName]: { readonly name: Name; readonly value: Calls[Name]['gives'] } }[CallName]

export type Answered =
  | { readonly call: number; readonly type: 'progress'; readonly bytes: number }
  | { readonly call: number; readonly type: 'done'; readonly done: Done }
  | { readonly call: number; readonly type: 'failed'; readonly name: string; readonly message: string }
