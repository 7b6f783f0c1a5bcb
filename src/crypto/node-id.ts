/**
 * A node's id as people and libp2p write it: the peer id of its Ed25519 key. One key is node, peer and wallet, so there is
 * no table from one to the other.
 *
 * Source: libp2p peer-ids specification: base58btc of the identity multihash of the protobuf `PublicKey { Type: Ed25519,
 * Data: key }`. Rules: docs/spec/crypto.md C-8.
 */
import assert from 'node:assert/strict'
import { base58btc } from 'multiformats/bases/base58'
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { PUBLIC_KEY_BYTES, publicKeyFault } from './ed25519.ts'

/** Identity multihash (0x00) of 36 bytes (0x24): protobuf field 1 = Ed25519 (1), field 2 = 32 bytes. */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
/** 38 bytes are at most 52 base58 digits; nothing longer is decoded. */
const TEXT_LENGTH_MAX = 52

export const NODE_ID_REASONS = ['malformed-node-id', 'faulty-node-key'] as const
export type NodeIdReason = (typeof NODE_ID_REASONS)[number]

/** `12D3Koo…` of a 32-byte public key. */
export const nodeIdText = (key: Uint8Array): string => {
  assert.equal(key.length, PUBLIC_KEY_BYTES)
  return base58btc.baseEncode(Uint8Array.of(...PREFIX, ...key))
}

/** The 32-byte public key of an id that somebody typed or sent; a key that nobody can own honestly is refused. */
export const parseNodeId = (input: string): Admission<Uint8Array, NodeIdReason> => {
  const bytes = input.length <= TEXT_LENGTH_MAX ? decodeBase58(input) : undefined
  if (bytes === undefined || bytes.length !== PREFIX.length + PUBLIC_KEY_BYTES) return reject('malformed-node-id')
  if (PREFIX.some((byte, i) => bytes[i] !== byte)) return reject('malformed-node-id')
  const key = bytes.slice(PREFIX.length)
  return publicKeyFault(key) === undefined ? accept(key) : reject('faulty-node-key')
}

const decodeBase58 = (input: string): Uint8Array | undefined => {
  try {
    return base58btc.baseDecode(input)
  } catch {
    return undefined
  }
}
