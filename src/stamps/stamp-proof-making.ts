/**
 * Proofs made of what a node keeps: the entry and its place, the transaction and its place, the headers around, and of the votes the fewest
 * that do. Rules T-12 to T-20 in docs/spec/stamps.md.
 */
import assert from 'node:assert/strict'
import { bytesOfHex, equalBytes } from '../base/index.ts'
import { blockIdOf, bytesOfBlockId, encodeLightProof, fewestEntries, weightsRoot } from '../consensus/index.ts'
import type { Commit, Header, LightProof, SealedTransaction, ValidatorSet } from '../consensus/index.ts'
import { merkleSha256 } from '../crypto/index.ts'
import type { StampEntry } from './entry.ts'
import { SALT_BYTES_MAX, SALT_BYTES_MIN, leafOf } from './entry.ts'
import type { Receipt } from './receipt.ts'
import { decodeBatch } from './stamp-batch.ts'
import type { StampProof } from './stamp-proof.ts'
import { nameKey, placedKeys } from './stamp-trust.ts'
import { BRIDGE_BYTES_MAX, MARK_BYTES, STAMP_HEADERS_MAX } from './voted-headers.ts'
import type { CompactHeader, NamedValidator, VotedHeaders } from './voted-headers.ts'

export interface VotedParts {
  /** One after the other. */
  readonly headers: readonly Header[]
  /** Who voted on the last header, and what they decided it with. */
  readonly validators: ValidatorSet
  readonly commit: Commit
  /** In any order. */
  readonly genesisKeys: readonly Uint8Array[]
  /** Of whom the votes must have more than a third of the weight: who is trusted, or where the bridge leads. */
  readonly trusted: ValidatorSet
  /** Left out where it is too long to be carried: who is shown the proof then needs a checkpoint nearer to it. */
  readonly bridge?: LightProof
}

export interface StampProofParts extends VotedParts {
  readonly entry: StampEntry
  readonly receipt: Receipt
  readonly batch: StampProof['batch']
  readonly transaction: {
    readonly sealed: SealedTransaction
    readonly index: number
    readonly size: number
    readonly path: readonly Uint8Array[]
  }
}

const markOf = (root: Uint8Array): Uint8Array => root.slice(0, MARK_BYTES)

const bytesOfParent = (parent: string): Uint8Array => {
  const bytes = bytesOfHex(parent)
  assert(bytes !== undefined)
  return bytes
}

/**
 * Headers with the fewest votes that are a quorum and more than a third of what is trusted. `isWorkedOut` says of which headers the
 * transactions' root follows from what stands beside. Parts that do not fit one another are an asserted bug.
 */
export const makeVotedHeaders = (parts: VotedParts, isWorkedOut: (place: number) => boolean): VotedHeaders => {
  const { headers, validators, commit, trusted } = parts
  const [first, last] = [headers[0], headers.at(-1)]
  assert(first !== undefined && last !== undefined && headers.length <= STAMP_HEADERS_MAX)
  assert(commit.height === last.height && commit.block === blockIdOf(last))
  const genesisKeys = placedKeys(parts.genesisKeys)
  const root = weightsRoot(validators)
  assert(equalBytes(root, last.weightsRoot))
  const compact = headers.map((header, place): CompactHeader => {
    const { networkId: _network, height: _height, parent: _parent, ...rest } = header
    return {
      ...rest,
      transactionsRoot: isWorkedOut(place) ? null : header.transactionsRoot,
      weightsRoot: equalBytes(header.weightsRoot, root) ? null : header.weightsRoot,
      proposer: nameKey(genesisKeys, header.proposer),
    }
  })
  const { entries, round } = fewestEntries(trusted, commit, validators)
  const bridge = parts.bridge === undefined ? new Uint8Array(0) : encodeLightProof(parts.bridge)
  return {
    height: first.height,
    parent: bytesOfParent(first.parent),
    headers: compact,
    validators: namedValidators(validators, genesisKeys),
    votes: { round, signatures: entries.map(({ index, voteSignature }) => ({ index, signature: voteSignature })) },
    bridge: bridge.length <= BRIDGE_BYTES_MAX ? bridge : new Uint8Array(0),
    marks: { weightsRoot: markOf(root), block: markOf(bytesOfBlockId(commit.block)) },
  }
}

/** Those with a place first; the set's order is that of keys, so both rise. */
const namedValidators = ({ list }: ValidatorSet, genesisKeys: readonly Uint8Array[]): readonly NamedValidator[] => {
  const named = list.map(({ key, weight }): NamedValidator => ({ key: nameKey(genesisKeys, key), weight }))
  return [...named.filter(({ key }) => typeof key === 'number'), ...named.filter(({ key }) => typeof key !== 'number')]
}

/**
 * The proof of a stamp. Headers are those from the one after the beacon's (without a beacon, or with one that is too far, the stamp's
 * block's) to the one that settles the time of the stamp's block; too many are cut to the last two, and the beacon then stands apart. Parts that do not fit one another are an asserted bug; that signatures are true is the caller's to know.
 */
export const makeStampProof = (parts: StampProofParts): StampProof => {
  const { entry, receipt, batch, transaction } = parts
  const headers = parts.headers.length > STAMP_HEADERS_MAX ? parts.headers.slice(-2) : parts.headers
  const hasBeacon = entry.beacon !== null && entry.beacon === headers[0]?.parent
  const { author, sequence, acted, kind, payload, networkId, signature } = transaction.sealed.transaction
  const fixed = decodeBatch(payload)
  assert(kind === 'stamp' && fixed !== undefined && equalBytes(author, receipt.node))
  assert(fixed.logSize - batch.size + batch.index === receipt.position)
  assert(hasBeacon || headers.length === 2)
  assert(equalBytes(receipt.leaf, leafOf(entry)))
  assert(merkleSha256.verifyPathOfHash({ leaf: receipt.leaf, ...batch, root: fixed.batchRoot }))
  const stampPlace = headers.length - 2
  const header = headers[stampPlace]
  assert(header !== undefined)
  const voted = makeVotedHeaders({ ...parts, headers }, (place) => place === stampPlace)
  const { index, size, path } = transaction
  const { networkId: _network, node: _node, leaf: _leaf, ...kept } = receipt
  return {
    ...voted,
    networkId,
    algorithm: entry.algorithm,
    imprint: entry.imprint,
    salt: new Uint8Array(0),
    hasBeacon,
    beaconApart: entry.beacon === null || hasBeacon ? new Uint8Array(0) : bytesOfBlockId(entry.beacon),
    receipt: kept,
    batch,
    transaction: {
      author: nameKey(placedKeys(parts.genesisKeys), author),
      sequence,
      ...acted,
      logRoot: fixed.logRoot,
      signature,
      index,
      size,
      path,
    },
    marks: { ...voted.marks, batchRoot: markOf(fixed.batchRoot), transactionsRoot: markOf(header.transactionsRoot) },
  }
}

/** The same proof with what was hashed before the digest, which a node does not know. The salt is none, or 16 to 32 bytes; else a bug. */
export const withSalt = (proof: StampProof, salt: Uint8Array): StampProof => {
  assert(salt.length === 0 || (salt.length >= SALT_BYTES_MIN && salt.length <= SALT_BYTES_MAX))
  return { ...proof, salt }
}
