/**
 * What travels: bytes on a channel, and what they mean once somebody has opened them. Bytes are opened by the product's own
 * functions, once for all receivers, since the same bytes mean the same to everybody; where one bit is flipped they are other
 * bytes. Rule: docs/spec/simulation.md Z-7.
 */
import { decodeData, encodeData } from '../codec/index.ts'
import { openEvidence, openMessage, openTransaction } from '../consensus/index.ts'
import type { ConsensusChannel, Evidence, OpenedMessage, SealedTransaction } from '../consensus/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { ATTESTATION_BYTES_MAX, openAttestation, openTimeProof } from '../proofs/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'

export type Channel = ConsensusChannel | 'proofs' | 'attestations'

/** Attestations of one witness in one slot that travel together, at most. */
export const BATCH_MAX = 256

export type Opened =
  | { readonly type: 'message'; readonly opened: OpenedMessage }
  | { readonly type: 'transaction'; readonly sealed: SealedTransaction }
  | { readonly type: 'offence'; readonly evidence: Evidence }
  | { readonly type: 'proof'; readonly sealed: SealedProof }
  | { readonly type: 'attestations'; readonly list: readonly SealedAttestation[] }
  | { readonly type: 'refused'; readonly reason: string }

export interface Opening {
  readonly networkId: Uint8Array
  readonly blockBytesMax: number
  readonly verifier: Verifier
}

export interface Packet {
  readonly channel: Channel
  readonly bytes: Uint8Array
  /** What they mean: asked once where receivers share it, else by each. */
  open(): Opened
}

type Open = (bytes: Uint8Array, opening: Opening) => Opened

const refused = (reason: string): Opened => ({ type: 'refused', reason })

const openBatch: Open = (bytes, { verifier }) => {
  const decoded = decodeData(bytes, BATCH_MAX * (ATTESTATION_BYTES_MAX + 4))
  if (decoded.verdict !== 'accept') return refused(decoded.reason)
  if (!Array.isArray(decoded.value) || decoded.value.length > BATCH_MAX) return refused('wrong-shape')
  const list: SealedAttestation[] = []
  for (const item of decoded.value) {
    if (!(item instanceof Uint8Array)) return refused('wrong-shape')
    const opened = openAttestation(item, undefined, undefined, verifier)
    if (opened.verdict !== 'accept') return refused(opened.reason)
    list.push(opened.value)
  }
  return { type: 'attestations', list }
}

const openConsensus: Open = (bytes, opening) => {
  const opened = openMessage(bytes, opening)
  return opened.verdict === 'accept' ? { type: 'message', opened: opened.value } : refused(opened.reason)
}

const OPENERS: Readonly<Record<Channel, Open>> = {
  proposals: openConsensus,
  votes: openConsensus,
  transactions: (bytes, opening) => {
    const opened = openTransaction(bytes, opening)
    return opened.verdict === 'accept' ? { type: 'transaction', sealed: opened.value } : refused(opened.reason)
  },
  offences: (bytes, opening) => {
    const opened = openEvidence(bytes, opening)
    return opened.verdict === 'accept' ? { type: 'offence', evidence: opened.value } : refused(opened.reason)
  },
  proofs: (bytes, { networkId, verifier }) => {
    const opened = openTimeProof(bytes, networkId, undefined, verifier)
    return opened.verdict === 'accept' ? { type: 'proof', sealed: opened.value } : refused(opened.reason)
  },
  attestations: openBatch,
}

/** What bytes on a channel mean, whoever sent them. Never throws. */
export const openBytes = (channel: Channel, bytes: Uint8Array, opening: Opening): Opened =>
  OPENERS[channel](bytes, opening)

/** Attestations as one message. */
export const batchOf = (list: readonly SealedAttestation[]): Uint8Array => encodeData(list.map(({ bytes }) => bytes))

/** `known`: what a message means, where its sender has opened it. */
export type PacketMaker = (channel: Channel, bytes: Uint8Array, known?: OpenedMessage) => Packet

/** Makes packets of one run. */
export const packetMaker = (opening: Opening, isShared: boolean): PacketMaker =>
  isShared
    ? (channel, bytes, known) => {
        let opened: Opened | undefined = known === undefined ? undefined : { type: 'message', opened: known }
        return { channel, bytes, open: () => (opened ??= openBytes(channel, bytes, opening)) }
      }
    : (channel, bytes) => ({ channel, bytes, open: () => openBytes(channel, bytes.slice(), opening) })

/** The same bytes with one bit flipped. */
export const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const out = bytes.slice()
  const at = (bit >> 3) % Math.max(1, out.length)
  out[at] = (out[at] ?? 0) ^ (1 << (bit & 7))
  return out
}
