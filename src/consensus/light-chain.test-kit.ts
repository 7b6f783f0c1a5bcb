/**
 * A chain that is only as long as somebody looks: blocks and commits made when they are asked for, by validators who change from
 * epoch to epoch as told. For tests and figures of light clients over distances that no test could decide block by block.
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, NS_PER_SEC, equalBytes, hexOf } from '../base/index.ts'
import { domainDigest, ed25519Verifier, nodeIdText, sha3, signDigest, signingKeyOf } from '../crypto/index.ts'
import type { SigningKey, Verifier } from '../crypto/index.ts'
import {
  EMPTY_COMMIT,
  ValidatorSet,
  encodeCommit,
  encodeValidators,
  makeBlock,
  timePart,
  votePart,
  weightsRoot,
} from './index.ts'
import type { Block, BlockTime, Body, Commit, CommitEntry, LightReader, LightTrust, SignedPart } from './index.ts'

export const networkId = sha3(new TextEncoder().encode('a network of tests'))
export const PROPOSAL_DELAY_NS = 500n * NS_PER_MS
const START_NS = 1_800_000_000n * NS_PER_SEC

/** A way to sign that the test holds the keys of. */
export interface Scheme {
  readonly verifier: Verifier
  keyOf(number: number): Uint8Array
  sign(number: number, part: SignedPart): Uint8Array
}

const seedOf = (number: number): Uint8Array => sha3(new TextEncoder().encode(`validator ${number}`))

export const ed25519Scheme = (): Scheme => {
  const keys = new Map<number, SigningKey>()
  const key = (number: number): SigningKey => {
    const known = keys.get(number) ?? signingKeyOf(seedOf(number))
    keys.set(number, known)
    return known
  }
  return {
    verifier: ed25519Verifier,
    keyOf: (number) => key(number).publicKey,
    sign: (number, { domain, body }) => signDigest(key(number), domainDigest(domain, body)),
  }
}

/** Signatures are hashes under the public key: nothing in these tests forges one, and they cost nothing. */
export const hashScheme = (): Scheme => {
  const signatureOf = (key: Uint8Array, { domain, body }: SignedPart): Uint8Array => {
    const half = sha3(Uint8Array.of(...key, ...domainDigest(domain, body)))
    return Uint8Array.of(...half, ...half)
  }
  return {
    verifier: { verify: ({ publicKey, signature, ...part }) => equalBytes(signature, signatureOf(publicKey, part)) },
    keyOf: seedOf,
    sign: (number, part) => signatureOf(seedOf(number), part),
  }
}

export interface LightChainOptions {
  readonly scheme: Scheme
  readonly heightLast: number
  readonly epochSlots: number
  /** Who votes in an epoch (0, 1, …): numbers of validators with their weights. */
  readonly voters: (epoch: number) => readonly (readonly [number: number, weight: bigint])[]
  /** Who of an epoch's voters signs at a height; everybody unless told. */
  readonly isSigning?: (number: number, height: number) => boolean
  /** Heights whose parent is the block before in truth; all unless told, which makes a far block dear. */
  readonly isLinked?: (height: number) => boolean
  readonly bodyOf?: (height: number) => Partial<Body>
}

export class LightChain implements LightReader {
  readonly #options: LightChainOptions
  readonly #blocks = new Map<number, Block>()
  readonly #commits = new Map<number, Commit>()
  readonly #sets = new Map<number, ValidatorSet>()
  /** How many blocks were asked for. */
  blocksRead = 0

  constructor(options: LightChainOptions) {
    this.#options = options
  }

  get range(): { readonly first: number; readonly last: number } {
    return { first: 1, last: this.#options.heightLast }
  }

  #epochOf(height: number): number {
    return Math.floor((height - 1) / this.#options.epochSlots)
  }

  setAt(height: number): ValidatorSet {
    const epoch = this.#epochOf(height)
    const known = this.#sets.get(epoch)
    if (known !== undefined) return known
    const set = new ValidatorSet(
      this.#options.voters(epoch).map(([number, weight]) => {
        const key = this.#options.scheme.keyOf(number)
        return { id: nodeIdText(key), key, weight }
      }),
    )
    this.#sets.set(epoch, set)
    return set
  }

  /** The time of the block at a height, as its child's header has it. */
  timeOf(height: number): BlockTime {
    if (height === 0) return { earliest: 0n, latest: 0n, timestamp: 0n }
    const timestamp = START_NS + BigInt(height) * NS_PER_SEC
    return { earliest: timestamp - 500n * NS_PER_MS, latest: timestamp + 500n * NS_PER_MS, timestamp }
  }

  blockAt(height: number): Block {
    const known = this.#blocks.get(height)
    if (known !== undefined) return known
    const { isLinked = () => true, bodyOf = () => ({}), scheme } = this.#options
    const unlinked = hexOf(sha3(new TextEncoder().encode(`block ${height - 1}`)))
    const parent = height === 1 ? hexOf(networkId) : isLinked(height) ? this.blockAt(height - 1).id : unlinked
    const block = makeBlock({
      header: {
        networkId,
        height,
        round: 0,
        parent,
        time: this.timeOf(height - 1),
        stateRoot: sha3(new TextEncoder().encode(`state ${height}`)),
        weightsRoot: weightsRoot(this.setAt(height)),
        availability: [],
        emergency: false,
        proposer: scheme.keyOf(0),
      },
      body: { lastCommit: EMPTY_COMMIT, transactions: [], witnessed: [], offences: [], ...bodyOf(height) },
    })
    this.#blocks.set(height, block)
    return block
  }

  commitAt(height: number): Commit {
    const known = this.#commits.get(height) ?? this.commitOf(this.blockAt(height))
    this.#commits.set(height, known)
    return known
  }

  /** A commit of any block of the height's voters. */
  commitOf(block: Block): Commit {
    const { scheme, isSigning = () => true } = this.#options
    const { height } = block.header
    const place = { networkId, height, round: 0, block: block.id }
    const { timestamp } = this.timeOf(height)
    const received = { earliest: timestamp - 10n * NS_PER_MS, latest: timestamp + 10n * NS_PER_MS }
    const vote = votePart({ ...place, kind: 'precommit', validRound: -1 })
    const time = timePart({ ...place, received })
    const set = this.setAt(height)
    const entries = this.#options
      .voters(this.#epochOf(height))
      .filter(([number]) => isSigning(number, height))
      .map(([number]): CommitEntry => {
        const index = set.indexOf(scheme.keyOf(number))
        assert(index !== undefined)
        return { index, voteSignature: scheme.sign(number, vote), received, timeSignature: scheme.sign(number, time) }
      })
    return { height, round: 0, block: block.id, entries: entries.sort((a, b) => a.index - b.index) }
  }

  block(height: number) {
    if (!(height >= 1 && height <= this.#options.heightLast)) return undefined
    this.blocksRead += 1
    return { height, block: this.blockAt(height).bytes, commit: encodeCommit(this.commitAt(height)) }
  }

  validators(height: number) {
    const from = this.#epochOf(height) * this.#options.epochSlots + 1
    return height >= 1 ? { height: from, validators: encodeValidators(this.setAt(from)) } : undefined
  }

  /** Trust in the genesis (0), or in a block as a checkpoint. */
  trust(height: number): LightTrust {
    return {
      networkId,
      proposalDelayNs: PROPOSAL_DELAY_NS,
      height,
      block: height === 0 ? hexOf(networkId) : this.blockAt(height).id,
      validators: height === 0 ? this.setAt(1) : undefined,
    }
  }
}
