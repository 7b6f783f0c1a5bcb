/**
 * A node as a witness, in the words of others' tools (C2SP): it puts its name to the logs of members, each only forwards, with the time of its own
 * clock, and keeps evidence of those that fork. What it signs is on the disk before.
 *
 * Rules live in stamps/tlog-witness.ts; here is who is asked, when, and what is kept: T-69 to T-73 in docs/spec/stamps.md.
 */
import { NS_PER_SEC, accept, reject } from '../base/index.ts'
import type { Admission, Tai } from '../base/index.ts'
import { unixFromTai } from '../clock/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import {
  cosignatureOf,
  cosignedText,
  encodeNote,
  judgeCheckpoint,
  nodeNoteKey,
  nodeOfOrigin,
  openWitnessRequest,
  ownLines,
  signatureLine,
} from '../stamps/index.ts'
import type {
  CosignedStore,
  LogCheckpoint,
  LogFork,
  NoteSignature,
  SignedNote,
  WitnessReason,
  WitnessRequest,
  WitnessRequestReason,
} from '../stamps/index.ts'

/** Why this node witnesses nothing, whoever asks; all are `ignore`. */
export const WITNESS_REFUSAL_REASONS = ['clock-not-ready', 'not-truechimer', 'logs-full', 'closing'] as const
/** Why it does not witness this. */
export const WITNESS_ORIGIN_REASONS = ['log-unknown'] as const
export type WitnessRefusal =
  | (typeof WITNESS_REFUSAL_REASONS)[number]
  | (typeof WITNESS_ORIGIN_REASONS)[number]
  | WitnessReason
  | WitnessRequestReason

export interface RefusedWitness {
  readonly verdict: 'ignore' | 'reject'
  readonly reason: WitnessRefusal
  /** What was cosigned last of this log; there where the log is known. */
  readonly size: number | undefined
}
/** What a witness says: its line, or why not. */
export type WitnessAnswer = { readonly verdict: 'accept'; readonly line: string } | RefusedWitness

export interface CosigningWitnessOptions {
  readonly signer: Pick<Signer, 'nodeId' | 'signNote'>
  readonly networkId: Uint8Array
  /** Closed by whoever opened it. */
  readonly store: CosignedStore
  /** Who may have a log here. */
  readonly members: () => readonly { readonly id: string; readonly key: Uint8Array }[]
  /** Does the chain hold this node to be a truechimer? */
  readonly isTruechimer: () => boolean
  /** The node's clock, where it may be acted on, TAI ns. */
  readonly now: () => Tai | undefined
}

export class CosigningWitness {
  readonly #options: CosigningWitnessOptions
  #isClosed = false

  constructor(options: CosigningWitnessOptions) {
    this.#options = options
  }

  /** Judges a question of anybody, keeps what it will sign for, and signs. Rejects with `TC_STAMP_STORE`, or as the signer does. */
  async answer(body: string): Promise<WitnessAnswer> {
    const { networkId, members } = this.#options
    const opened = openWitnessRequest(body)
    if (opened.verdict !== 'accept') return { ...opened, size: undefined }
    const node = nodeOfOrigin(networkId, opened.value.checkpoint.origin)
    const isMember = node !== undefined && members().some(({ id }) => id === nodeIdText(node))
    if (!isMember) return { ...reject('log-unknown'), size: undefined }
    const timeSec = this.timeSec()
    if (timeSec.verdict !== 'accept') return { ...timeSec, size: undefined }
    const kept = this.#keep(opened.value, node)
    if (kept.verdict !== 'accept') return kept
    return { verdict: 'accept', line: signatureLine(await this.cosign(kept.value, timeSec.value)) }
  }

  /** POSIX seconds, where this node's word of the time is worth something. */
  timeSec(): Admission<bigint, (typeof WITNESS_REFUSAL_REASONS)[number]> {
    const now = this.#options.now()
    if (this.#isClosed) return { verdict: 'ignore', reason: 'closing' }
    if (now === undefined) return { verdict: 'ignore', reason: 'clock-not-ready' }
    if (!this.#options.isTruechimer()) return { verdict: 'ignore', reason: 'not-truechimer' }
    return accept(unixFromTai(now).unixNs / NS_PER_SEC)
  }

  /** Of a checkpoint that is kept. */
  async cosign({ text, signatures }: SignedNote, timeSec: bigint): Promise<NoteSignature> {
    const { networkId, signer, store } = this.#options
    const key = nodeNoteKey(networkId, signer.nodeId, 'cosignature')
    const line = cosignatureOf(key, timeSec, await signer.signNote(cosignedText(timeSec, text)))
    const last = store.last(text.slice(0, text.indexOf('\n')))
    // Another question may have come meanwhile.
    if (last?.note === encodeNote({ text, signatures }))
      store.keep({ ...last, note: encodeNote({ text, signatures: [...signatures, line] }) })
    return line
  }

  /** The newest note of a log that this node cosigned; by SHA-256 of its origin in hexadecimal. */
  cosigned(originHash: string): string | undefined {
    return this.#options.store.lastByHash(originHash)?.note
  }

  /** Logs that have shown two histories. */
  forks(): readonly LogFork[] {
    return this.#options.store.forks()
  }

  close(): void {
    this.#isClosed = true
  }

  /** Judged and kept in one turn, so that of two questions one comes after the other. */
  #keep(
    request: WitnessRequest,
    node: Uint8Array,
  ): { readonly verdict: 'accept'; readonly value: SignedNote } | RefusedWitness {
    const { store, networkId } = this.#options
    const key = nodeNoteKey(networkId, node, 'ed25519')
    const { origin, size, root }: LogCheckpoint = request.checkpoint
    const last = store.last(origin)
    const { outcome, isFork } = judgeCheckpoint(request, { key, last })
    // Only what the log itself signed is kept: lines of others are anybody's.
    const { text, signatures } = request.note
    const note = { text, signatures: ownLines(key, signatures) }
    if (isFork && last !== undefined) store.keepFork({ origin, size, first: last.note, second: encodeNote(note) })
    const lastSize = last?.size ?? 0
    if (outcome.verdict !== 'accept') return { ...outcome, size: lastSize }
    if (store.forkOf(origin) !== undefined) return { ...reject('log-forked'), size: lastSize }
    const isKept = store.keep({ origin, size, root, note: encodeNote(note) })
    return isKept ? accept(note) : { verdict: 'ignore', reason: 'logs-full', size: undefined }
  }
}
