/**
 * Things of consensus, signed: for tests of what is made of them. By two schemes: Ed25519, and one in which a signature is a hash
 * under the public key, which costs nothing and which nothing in these tests forges.
 */
import { deepEqual } from 'node:assert/strict'
import { equalBytes } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { domainDigest, ed25519Verifier, sha3, sign, signingKeyOf } from '../crypto/index.ts'
import type { SigningKey, Verifier } from '../crypto/index.ts'
import { EMPTY_COMMIT, NO_TIME, ValidatorSet, makeBlock, proposalPart, sealTransaction, timePart } from './index.ts'
import { transactionPart, votePart } from './index.ts'
import type { Block, Body, Header, ProposalHead, SealedTransaction, SignedPart } from './index.ts'
import type { SignedProposalHead, SignedVote, TimeAttestation, TransactionBody, Vote, VoteBody } from './index.ts'

export const NETWORK = new Uint8Array(32).fill(0x11)
export const FOREIGN = new Uint8Array(32).fill(0x12)
export const BLOCK = 'ab'.repeat(32)
export const OTHER = 'cd'.repeat(32)
/** A round instant in 2026, TAI ns. */
export const TAI = 1_790_000_000_000_000_000n
export const RECEIVED: TimeInterval = { earliest: TAI, latest: TAI + 500_000n }

export interface Scheme {
  readonly verifier: Verifier
  /** The key whose 32 secret bytes are all `byte`. */
  keyOf(byte: number): Uint8Array
  sign(byte: number, part: SignedPart): Uint8Array
}

const keys = new Map<number, SigningKey>()
const signingKey = (byte: number): SigningKey => {
  const key = keys.get(byte) ?? signingKeyOf(new Uint8Array(32).fill(byte))
  keys.set(byte, key)
  return key
}

export const ED25519: Scheme = {
  verifier: ed25519Verifier,
  keyOf: (byte) => signingKey(byte).publicKey,
  sign: (byte, { domain, body }) => sign(signingKey(byte), domain, body),
}

const hashSignature = (key: Uint8Array, domain: string, body: Uint8Array): Uint8Array => {
  const half = sha3(Uint8Array.of(...key, ...domainDigest(domain, body)))
  return Uint8Array.of(...half, ...half)
}
const hashKey = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

export const HASHES: Scheme = {
  verifier: {
    verify: ({ publicKey, domain, body, signature }) => equalBytes(signature, hashSignature(publicKey, domain, body)),
  },
  keyOf: hashKey,
  sign: (byte, { domain, body }) => hashSignature(hashKey(byte), domain, body),
}

/** What `byte` signs, by `HASHES` unless told otherwise. */
export const voteOf = (byte: number, given: Partial<VoteBody> = {}, scheme: Scheme = HASHES): Vote => {
  const body: VoteBody = {
    networkId: NETWORK,
    height: 9,
    round: 1,
    kind: 'precommit',
    block: BLOCK,
    validRound: -1,
    author: scheme.keyOf(byte),
    ...given,
  }
  return { ...body, signature: scheme.sign(byte, votePart(body)) }
}

/** The time attestation that goes with a precommit. */
export const timeOf = (byte: number, vote: VoteBody, received = RECEIVED, scheme: Scheme = HASHES): TimeAttestation => {
  const { networkId, height, round, author } = vote
  const body = { networkId, height, round, block: vote.block ?? BLOCK, received, author }
  return { ...body, signature: scheme.sign(byte, timePart(body)) }
}

export const precommitOf = (byte: number, received = RECEIVED, scheme: Scheme = HASHES): SignedVote => {
  const vote = voteOf(byte, {}, scheme)
  return { vote, time: timeOf(byte, vote, received, scheme) }
}

export const headOf = (
  byte: number,
  given: Partial<ProposalHead> = {},
  scheme: Scheme = HASHES,
): SignedProposalHead => {
  const place = { networkId: NETWORK, height: 9, round: 1, validRound: -1, block: BLOCK }
  const head: ProposalHead = { ...place, author: scheme.keyOf(byte), ...given }
  return { ...head, signature: scheme.sign(byte, proposalPart(head)) }
}

export const transactionOf = (
  byte: number,
  given: Partial<TransactionBody> = {},
  scheme: Scheme = HASHES,
): SealedTransaction => {
  const body: TransactionBody = {
    networkId: NETWORK,
    author: scheme.keyOf(byte),
    sequence: 1,
    acted: RECEIVED,
    kind: 'mark',
    payload: new Uint8Array(32).fill(byte),
    ...given,
  }
  return sealTransaction({ ...body, signature: scheme.sign(byte, transactionPart(body)) })
}

const EMPTY_BODY: Body = { lastCommit: EMPTY_COMMIT, transactions: [], witnessed: [], offences: [] }

/** A block of height 9, made in round 1 by key 1, with what is given changed. */
export const blockOf = (given: { readonly header?: Partial<Header>; readonly body?: Partial<Body> } = {}): Block =>
  makeBlock({
    header: {
      networkId: NETWORK,
      height: 9,
      round: 1,
      parent: OTHER,
      time: NO_TIME,
      stateRoot: new Uint8Array(32),
      weightsRoot: new Uint8Array(32),
      availability: [],
      emergency: false,
      proposer: HASHES.keyOf(1),
      ...given.header,
    },
    body: { ...EMPTY_BODY, ...given.body },
  })

/** Validators with these weights, the first with key 1 and so on. */
export const validatorsOf = (weights: readonly bigint[], scheme: Scheme = HASHES): ValidatorSet =>
  new ValidatorSet(weights.map((weight, i) => ({ id: `v${i + 1}`, key: scheme.keyOf(i + 1), weight })))

/** Bytes with one bit turned. */
export const withFlippedBit = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, i) => (i === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte))

/** Everything but the accepted value of an admission, as text: `accept`, or verdict and reason. */
export const said = (admission: { readonly verdict: string; readonly reason?: string }): string =>
  admission.reason === undefined ? admission.verdict : `${admission.verdict} ${admission.reason}`

/** Every reason of a list was said by some row of a table. */
export const allReached = (reasons: readonly string[], reached: readonly string[]): void => {
  const heard = new Set(reached.map((one) => one.replace('reject ', '')))
  deepEqual(
    reasons.filter((reason) => !heard.has(reason)),
    [],
  )
}

/** Data with one item, somewhere down `path`, put in the place of another. */
export const withChange = (data: unknown, path: readonly number[], value: unknown): unknown => {
  const [step, ...rest] = path
  if (!Array.isArray(data) || data.length === 0 || step === undefined) return value
  const items: readonly unknown[] = data
  const index = step % items.length
  return items.with(index, withChange(items[index], rest, value))
}
