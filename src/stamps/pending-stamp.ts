/**
 * What `NAME.chime` holds until its stamp is final: the receipt, with what it takes to ask for the proof and to check that the proof is
 * of the same thing. The first item of its bytes tells it from a final proof. Nothing is proved by it yet.
 *
 * The node's address is for people and for going on later; it is no part of any proof. Rule T-100 in
 * docs/spec/stamps.md.
 */
import { accept, hexOf, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, text, tuple, word } from '../codec/index.ts'
import { bytesOfBlockId } from '../consensus/index.ts'
import {
  CLIENT_KEY_LENGTH_MAX,
  IMPRINT_ALGORITHMS,
  IMPRINT_BYTES,
  IMPRINT_BYTES_MAX,
  SALT_BYTES_MAX,
  SALT_BYTES_MIN,
} from './entry.ts'
import type { ImprintAlgorithm, StampEntry } from './entry.ts'
import { RECEIPT_BYTES_MAX, encodeReceipt, openReceipt } from './receipt.ts'
import type { Receipt } from './receipt.ts'

export const PENDING_STAMP_FORM = 'truechimer/pending-stamp/1'
/** Longest address of a node that is kept, characters. */
const NODE_LENGTH_MAX = 256
export const PENDING_STAMP_BYTES_MAX = 2048
const BEACON_BYTES = 32

export interface PendingStamp {
  readonly entry: StampEntry
  /** What was hashed before the digest; empty where the imprint is the digest. */
  readonly salt: Uint8Array
  /** The asker's key; empty where none was given. With the entry it names the stamp (`stampIdOf`). */
  readonly clientKey: string
  readonly receipt: Receipt
  /** Where it was asked for, a URL. */
  readonly node: string
}

interface Written {
  readonly form: typeof PENDING_STAMP_FORM
  readonly algorithm: ImprintAlgorithm
  readonly imprint: Uint8Array
  readonly beacon: Uint8Array
  readonly salt: Uint8Array
  readonly clientKey: string
  readonly receipt: Uint8Array
  readonly node: string
}
const codec = codecOf<Written>(
  tuple<Written>({
    form: word([PENDING_STAMP_FORM]),
    algorithm: word(IMPRINT_ALGORITHMS),
    imprint: bytes(IMPRINT_BYTES_MAX),
    beacon: bytes(BEACON_BYTES),
    salt: bytes(SALT_BYTES_MAX),
    clientKey: text(CLIENT_KEY_LENGTH_MAX),
    receipt: bytes(RECEIPT_BYTES_MAX),
    node: text(NODE_LENGTH_MAX),
  }),
  PENDING_STAMP_BYTES_MAX,
)

/**
 * People are told to type the address into a shell, and the file may be anybody's: another than this is left out, in writing and in reading. No
 * user or password, and nothing that a shell reads otherwise.
 */
const NODE = /^https?:\/\/[A-Za-z0-9.\-_:[\]]+(?:\/[A-Za-z0-9.\-_~/]*)?$/
const addressOf = (node: string): string => (node.length <= NODE_LENGTH_MAX && NODE.test(node) ? node : '')

/** A longer address than is kept is left out, as is one that is none. */
export const encodePendingStamp = ({ entry, receipt, node, salt, clientKey }: PendingStamp): Uint8Array =>
  codec.encode({
    form: PENDING_STAMP_FORM,
    algorithm: entry.algorithm,
    imprint: entry.imprint,
    beacon: entry.beacon === null ? new Uint8Array(0) : bytesOfBlockId(entry.beacon),
    salt,
    clientKey,
    receipt: encodeReceipt(receipt),
    node: addressOf(node),
  })

export const PENDING_STAMP_REASONS = [...CODEC_REASONS] as const
export type PendingStampReason = (typeof PENDING_STAMP_REASONS)[number]

/** From bytes of anybody: well-formed, and nothing more. Whether the receipt is signed and fits is asked elsewhere. Never throws. */
export const openPendingStamp = (data: Uint8Array): Admission<PendingStamp, PendingStampReason> => {
  const decoded = codec.decode(data)
  if (decoded.verdict !== 'accept') return reject(decoded.reason)
  const { algorithm, imprint, beacon, salt, clientKey, node } = decoded.value
  const isSalt = salt.length === 0 || salt.length >= SALT_BYTES_MIN
  const isBeacon = beacon.length === 0 || beacon.length === BEACON_BYTES
  if (imprint.length !== IMPRINT_BYTES[algorithm] || !isSalt || !isBeacon) return reject('wrong-shape')
  const receipt = openReceipt(decoded.value.receipt)
  if (receipt.verdict !== 'accept') return reject(receipt.reason)
  const entry = { algorithm, imprint, beacon: beacon.length === 0 ? null : hexOf(beacon) }
  return accept({ entry, salt, clientKey, receipt: receipt.value, node: addressOf(node) })
}

/** Whether bytes say of themselves that they are a pending stamp, however whole they are. */
export const isPendingForm = (data: Uint8Array): boolean => {
  const form = new TextEncoder().encode(PENDING_STAMP_FORM)
  // An array's head, a text's head of two bytes, the text.
  return form.every((byte, i) => data[3 + i] === byte)
}
