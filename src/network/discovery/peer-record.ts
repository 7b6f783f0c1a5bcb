/**
 * The peer record: a node's signed statement of where it is, which version it speaks and what it can do. It ends after its
 * life, so that what is said of a node that went away is forgotten without anybody having to say so.
 *
 * Source: seed 004 "Peer Discovery"; DESIGN §5.7; the shape of libp2p's signed peer records (RFC 0003 of its specifications)
 * for how, with our encoding. Rules: docs/spec/network.md N-20 to N-22.
 * Not promised: that anybody answers at the addresses, or that the node is where it claims. A record proves only who said it.
 */
import { BoundedMap, TAI_MAX, accept, equalBytes, hexOf, reject } from '../../base/index.ts'
import type { Admission, Tai } from '../../base/index.ts'
import { CODEC_REASONS, codecOf, encodeData, fixedBytes, int64, list, text, tuple, uint } from '../../codec/index.ts'
import type { Field } from '../../codec/index.ts'
import { keySpellingFault, nodeIdText, sha3, verify } from '../../crypto/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { ADDRESS_LENGTH_MAX, ADDRESS_REASONS, admitAddress } from '../address-group.ts'
import type { PeerId } from '../port.ts'

export const PEER_RECORD_DOMAIN = 'truechimer/peer-record/1'
/** Addresses of one record. */
export const RECORD_ADDRESSES_MAX = 8
/** Features of one record, and characters of a feature or a version. */
export const RECORD_FEATURES_MAX = 32
export const RECORD_WORD_LENGTH_MAX = 32
/** Longest life that a record may claim, ns: 24 hours. */
export const RECORD_LIFE_NS_MAX = 86_400_000_000_000n
/** Eight addresses of 200 bytes, 33 words of 32, keys and signature: 2,862 bytes; nothing larger is looked at. */
export const PEER_RECORD_BYTES_MAX = 3072

/** Where a node says it is, thousandths of a degree. A claim, and unproved: nothing here checks it. */
export interface LocationClaim {
  /** −90,000 (south) to 90,000. */
  readonly latitudeE3: number
  /** −180,000 (west) to 180,000. */
  readonly longitudeE3: number
}

export interface PeerRecordBody {
  /** SHA3-256 of the genesis, 32 bytes. */
  readonly networkId: Uint8Array
  /** The author's Ed25519 key, 32 bytes. */
  readonly nodeId: Uint8Array
  /** Grows from record to record of one author; the greater one replaces the lesser. */
  readonly sequence: number
  /** When it was made and when it ends by the author's clock, TAI ns; at most RECORD_LIFE_NS_MAX apart. */
  readonly issuedTai: Tai
  readonly expiresTai: Tai
  /** Multiaddrs at which the author can be dialled, best first; none where it cannot be dialled. */
  readonly addresses: readonly string[]
  /** Protocol version and features (versions/). */
  readonly version: string
  readonly features: readonly string[]
  readonly location: LocationClaim | null
}

export interface PeerRecord extends PeerRecordBody {
  /** Ed25519, 64 bytes, over the body in the domain PEER_RECORD_DOMAIN. */
  readonly signature: Uint8Array
}

/** A record with the bytes that it came as and its author as a peer. */
export interface SealedRecord {
  readonly record: PeerRecord
  readonly bytes: Uint8Array
  readonly peer: PeerId
}

const location: Field<LocationClaim> = tuple<LocationClaim>({
  latitudeE3: uint({ min: -90_000, max: 90_000 }),
  longitudeE3: uint({ min: -180_000, max: 180_000 }),
})
const locationOrNull: Field<LocationClaim | null> = {
  write: (value) => (value === null ? null : location.write(value)),
  read: (data) => (data === null ? null : location.read(data)),
}

const bodyShape = {
  networkId: fixedBytes(32),
  nodeId: fixedBytes(32),
  sequence: uint({ min: 1 }),
  issuedTai: int64({ min: 0n, max: TAI_MAX }),
  expiresTai: int64({ min: 0n, max: TAI_MAX }),
  addresses: list(text(ADDRESS_LENGTH_MAX), RECORD_ADDRESSES_MAX),
  version: text(RECORD_WORD_LENGTH_MAX),
  features: list(text(RECORD_WORD_LENGTH_MAX), RECORD_FEATURES_MAX),
  location: locationOrNull,
} as const
const bodyField: Field<PeerRecordBody> = tuple<PeerRecordBody>(bodyShape)
const recordCodec = codecOf(tuple<PeerRecord>({ ...bodyShape, signature: fixedBytes(64) }), PEER_RECORD_BYTES_MAX)

/** Why bytes are not a record, whoever sent them and whenever. All of these are `reject`. */
export const PEER_RECORD_REASONS = [
  ...CODEC_REASONS,
  ...ADDRESS_REASONS,
  'wrong-network',
  'bad-key',
  'bad-signature',
  'record-life',
  'record-words',
  'address-of-other',
] as const
export type PeerRecordReason = (typeof PEER_RECORD_REASONS)[number]

/** Why a record is not judged to be true now; depends on the own clock, so it is always `ignore` (N-9). */
export const RECORD_TIME_REASONS = ['record-expired', 'record-from-future'] as const
export type RecordTimeReason = (typeof RECORD_TIME_REASONS)[number]

/** Printable ASCII without spaces: what is shown to people must not steer their terminal. */
const WORD = /^[\x21-\x7e]+$/

/** The bytes that are signed: deterministic DAG-CBOR of everything but the signature. */
export const encodePeerRecordBody = (body: PeerRecordBody): Uint8Array => encodeData(bodyField.write(body))

export const sealPeerRecord = (record: PeerRecord): SealedRecord => ({
  record,
  bytes: recordCodec.encode(record),
  peer: nodeIdText(record.nodeId),
})

/** Signs a record of the signer's own node. */
export const signPeerRecord = async (signer: Signer, body: Omit<PeerRecordBody, 'nodeId'>): Promise<SealedRecord> => {
  const whole: PeerRecordBody = { ...body, nodeId: signer.nodeId }
  const signature = await signer.sign(PEER_RECORD_DOMAIN, encodePeerRecordBody(whole))
  return sealPeerRecord({ ...whole, signature })
}

/** Bytes of anybody to a record of this network with a true signature; cheap questions first. Says nothing of its time. */
export const openPeerRecord = (bytes: Uint8Array, networkId: Uint8Array): Admission<SealedRecord, PeerRecordReason> => {
  const decoded = recordCodec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const record = decoded.value
  const fault = contentFault(record, networkId)
  if (fault !== undefined) return reject(fault)
  const { signature, ...body } = record
  const signed = { publicKey: record.nodeId, domain: PEER_RECORD_DOMAIN, body: encodePeerRecordBody(body), signature }
  return verify(signed) ? accept({ record, bytes, peer: nodeIdText(record.nodeId) }) : reject('bad-signature')
}

/** Records opened lately that a node knows again. */
export const OPENED_MAX = 1024

/**
 * `openPeerRecord` that knows again, by the digest of its bytes, what it has opened lately: the same records come by gossip and in
 * answers, also those for which the tables have no place. What says nothing of the hearer may be shared by nodes of one process.
 */
export class RecordOpener {
  readonly #networkId: Uint8Array
  readonly #opened = new BoundedMap<string, SealedRecord>(OPENED_MAX)

  constructor(networkId: Uint8Array) {
    this.#networkId = networkId
  }

  /** As `openPeerRecord` for this opener's network. Only what was accepted is remembered. */
  open(bytes: Uint8Array): Admission<SealedRecord, PeerRecordReason> {
    const digest = hexOf(sha3(bytes))
    const known = this.#opened.get(digest)
    if (known !== undefined) return accept(known)
    const opened = openPeerRecord(bytes.slice(), this.#networkId)
    if (opened.verdict === 'accept') this.#opened.set(digest, opened.value)
    return opened
  }
}

const contentFault = (record: PeerRecord, networkId: Uint8Array): PeerRecordReason | undefined => {
  if (!equalBytes(record.networkId, networkId)) return 'wrong-network'
  if (keySpellingFault(record.nodeId) !== undefined) return 'bad-key'
  const lifeNs = record.expiresTai - record.issuedTai
  if (lifeNs <= 0n || lifeNs > RECORD_LIFE_NS_MAX) return 'record-life'
  const words = [record.version, ...record.features]
  if (!words.every((word) => WORD.test(word)) || new Set(record.features).size < record.features.length)
    return 'record-words'
  return addressesFault(record)
}

/** Whether a local address is of use is each receiver's own affair: `usableAddresses`. */
const addressesFault = ({ addresses, nodeId }: PeerRecord): PeerRecordReason | undefined => {
  const author = nodeIdText(nodeId)
  for (const address of addresses) {
    const admission = admitAddress(address, true)
    if (admission.verdict !== 'accept') return admission.reason
    if (peerOfAddress(address) !== undefined && peerOfAddress(address) !== author) return 'address-of-other'
  }
  return undefined
}

/** Whom an address leads to: what follows its last `/p2p/`, where it ends so. */
export const peerOfAddress = (address: string): PeerId | undefined => /\/p2p\/([^/]+)$/.exec(address)?.[1]

/** Those of a record's addresses that mean the same host here; local ones only where `acceptLocal`. */
export const usableAddresses = (addresses: readonly string[], acceptLocal: boolean): readonly string[] =>
  addresses.filter((address) => admitAddress(address, acceptLocal).verdict === 'accept')

/** Is a record true at `nowTai`, where clocks may differ by `slackNs`? Undefined: yes. */
export const recordTimeFault = (
  record: Pick<PeerRecordBody, 'issuedTai' | 'expiresTai'>,
  nowTai: Tai,
  slackNs: bigint,
): RecordTimeReason | undefined => {
  if (nowTai - slackNs >= record.expiresTai) return 'record-expired'
  return record.issuedTai > nowTai + slackNs ? 'record-from-future' : undefined
}
