/**
 * A chain with a stamp in it: validators who sign, a node's batch fixed in a block among others' transactions, and the finished proof. For
 * tests of verifying, of what shows it, and for figures.
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, hexOf } from '../base/index.ts'
import { genesisState, sealTransaction, transactionPart } from '../consensus/index.ts'
import type { ChainGenesis, SealedTransaction, TransactionBody, ValidatorSet } from '../consensus/index.ts'
import { scriptParameters } from '../consensus/chain-script.test-kit.ts'
import { LightChain, ed25519Scheme, networkId } from '../consensus/light-chain.test-kit.ts'
import type { LightChainOptions, Scheme } from '../consensus/light-chain.test-kit.ts'
import { merkleOurs, merkleSha256, nodeIdText, sha256, sha3 } from '../crypto/index.ts'
import {
  RECEIPT_DOMAIN,
  encodeBatch,
  encodeStampProof,
  groupReceipts,
  imprintOf,
  leafOf,
  makeStampProof,
  saltedImprint,
  stampTrustOfGenesis,
  withSalt,
  writeCheckpoint,
} from './index.ts'
import type {
  CheckpointFile,
  ImprintAlgorithm,
  Receipt,
  ReceiptBody,
  StampBatch,
  StampEntry,
  StampProof,
  StampProofParts,
  StampTrust,
} from './index.ts'

export interface StampedChainOptions {
  /** 7 unless told. */
  readonly validators?: number
  /** Entries of the batch, 1,000 unless told; the stamp is the 338th part of the way in. */
  readonly batchSize?: number
  /** The beacon's block is so many below the stamp's: 2 unless told, 0 for no beacon. */
  readonly beaconBack?: number
  /** Transactions in the stamp's block; one a validator unless told. */
  readonly transactions?: number
  /** Of the stamp's block, 12 unless told. */
  readonly height?: number
  /** Weights by number, at the first height; those of a genesis without stakes unless told. */
  readonly weightOf?: (number: number) => bigint
  readonly scheme?: Scheme
  readonly salt?: Uint8Array
  readonly algorithm?: ImprintAlgorithm
  /** What is stamped; some words unless told. */
  readonly thing?: Uint8Array
  /** Kept by the receipt, or missed where it is below `height`; `height` + 18 unless told. */
  readonly heightPromised?: number
  readonly chain?: Partial<Pick<LightChainOptions, 'epochSlots' | 'voters' | 'isSigning' | 'heightLast' | 'isLinked'>>
  /** The stamping node, by number: 1 unless told. */
  readonly node?: number
}

export interface StampedChain {
  readonly genesis: ChainGenesis
  readonly chain: LightChain
  readonly scheme: Scheme
  readonly parts: StampProofParts
  readonly proof: StampProof
  readonly bytes: Uint8Array
  readonly trust: StampTrust
  readonly thing: Uint8Array
  readonly digest: { readonly algorithm: ImprintAlgorithm; readonly digest: Uint8Array }
  /** Of height 5. */
  readonly checkpoint: CheckpointFile
}

const words = (text: string): Uint8Array => new TextEncoder().encode(text)
const LOG_BEFORE = 1_000_000
export const SIGNED_HEIGHT = 12

const genesisOf = (scheme: Scheme, count: number): ChainGenesis => ({
  networkId,
  parameters: scriptParameters(),
  members: Array.from({ length: count }, (_, number) => {
    const key = scheme.keyOf(number)
    return { id: nodeIdText(key), key, stake: 0n }
  }),
})

/** Transactions of a number of people, the stamp's at a place among them. */
interface Packed {
  readonly transactions: readonly SealedTransaction[]
  readonly at: number
}

export class StampedChainMaker {
  readonly scheme: Scheme
  readonly genesis: ChainGenesis
  readonly chain: LightChain
  readonly height: number
  readonly thing: Uint8Array
  readonly digest: { readonly algorithm: ImprintAlgorithm; readonly digest: Uint8Array }
  readonly #options: StampedChainOptions
  readonly #count: number
  #packed: Packed | undefined

  constructor(options: StampedChainOptions) {
    const { validators = 7, height = SIGNED_HEIGHT, scheme = ed25519Scheme(), algorithm = 'sha-256' } = options
    this.#options = options
    this.#count = validators
    this.height = height
    this.scheme = scheme
    this.genesis = genesisOf(scheme, validators)
    const first = this.#firstVoters()
    this.thing = options.thing ?? words('a thing that was there')
    this.digest = { algorithm, digest: imprintOf(algorithm, this.thing) }
    this.chain = new LightChain({
      scheme,
      heightLast: height + 1,
      epochSlots: 3600,
      voters: () => first,
      bodyOf: (at) => (at === height ? { transactions: this.packed().transactions } : {}),
      ...options.chain,
    })
  }

  #firstVoters(): readonly (readonly [number, bigint])[] {
    const { weightOf } = this.#options
    const set: ValidatorSet | undefined = weightOf === undefined ? genesisState(this.genesis).validators : undefined
    return Array.from({ length: this.#count }, (_, number) => {
      const place = set?.indexOf(this.scheme.keyOf(number))
      const weight = weightOf?.(number) ?? (place === undefined ? undefined : set?.at(place)?.weight)
      assert(weight !== undefined)
      return [number, weight]
    })
  }

  get nodeNumber(): number {
    return this.#options.node ?? 1
  }

  get node(): Uint8Array {
    return this.scheme.keyOf(this.nodeNumber)
  }

  entry(): StampEntry {
    const { salt = new Uint8Array(0), beaconBack = 2 } = this.#options
    const { algorithm, digest } = this.digest
    const beacon = beaconBack === 0 ? null : this.chain.blockAt(this.height - beaconBack).id
    return { algorithm, imprint: saltedImprint(algorithm, salt, digest), beacon }
  }

  /** The batch's leaves, the stamp's among them. */
  leaves(): { readonly leaves: readonly Uint8Array[]; readonly index: number } {
    const { batchSize = 1000 } = this.#options
    const index = Math.floor(0.337 * batchSize)
    const leaves = Array.from({ length: batchSize }, (_, i): Uint8Array => sha256(words(`leaf ${i}`)))
    return { leaves: leaves.with(index, leafOf(this.entry())), index }
  }

  batch(): StampBatch {
    const { leaves } = this.leaves()
    return {
      logSize: LOG_BEFORE + leaves.length,
      batchRoot: merkleSha256.rootOfHashes(leaves),
      logRoot: sha256(words('the root of all')),
    }
  }

  /** Signed by anybody of the chain. */
  transaction(
    number: number,
    what: Pick<TransactionBody, 'kind' | 'payload'> & { readonly sequence?: number },
  ): SealedTransaction {
    const at = this.chain.timeOf(this.height).timestamp - 300n * NS_PER_MS
    const { sequence = 1 } = what
    const body: TransactionBody = {
      networkId,
      author: this.scheme.keyOf(number),
      sequence,
      acted: { earliest: at - NS_PER_MS, latest: at + NS_PER_MS },
      kind: what.kind,
      payload: what.payload,
    }
    return sealTransaction({ ...body, signature: this.scheme.sign(number, transactionPart(body)) })
  }

  packed(): Packed {
    if (this.#packed !== undefined) return this.#packed
    const { transactions: count = this.#count } = this.#options
    const stamp = this.transaction(this.nodeNumber, { kind: 'stamp', payload: encodeBatch(this.batch()), sequence: 7 })
    const at = Math.floor(count / 2)
    const others = Array.from({ length: count }, (_, i) =>
      this.transaction(i % this.#count, { kind: 'mark', payload: sha3(words(`mark ${i}`)), sequence: 10 + i }),
    )
    this.#packed = { transactions: others.with(at, stamp), at }
    return this.#packed
  }

  /** Any receipt of any node, the eleventh of a group of sixteen. */
  signedReceipt(body: ReceiptBody, number: number): Receipt {
    const bodies = Array.from({ length: 16 }, (_, i) => ({ ...body, position: body.position + i - 10 })).with(10, body)
    const { root, groups } = groupReceipts(bodies)
    const group = groups[10]
    assert(group !== undefined)
    return { ...body, group, signature: this.scheme.sign(number, { domain: RECEIPT_DOMAIN, body: root }) }
  }

  receiptBody(): ReceiptBody {
    const heightNewest = Math.max(0, this.height - 2)
    const taken = this.chain.timeOf(this.height).timestamp - 700n * NS_PER_MS
    return {
      networkId,
      node: this.node,
      position: LOG_BEFORE + this.leaves().index,
      leaf: leafOf(this.entry()),
      received: { earliest: taken - 2n * NS_PER_MS, latest: taken + 2n * NS_PER_MS },
      heightNewest,
      heightPromised: this.#options.heightPromised ?? heightNewest + 20,
      sources: 0b1011,
    }
  }

  parts(): StampProofParts {
    const { beaconBack = 2 } = this.#options
    const { leaves, index } = this.leaves()
    const { transactions, at } = this.packed()
    const sealed = transactions[at]
    assert(sealed !== undefined)
    const packed = transactions.map(({ bytes }) => bytes)
    const firstHeight = beaconBack === 0 ? this.height : this.height - beaconBack + 1
    const lastHeight = this.height + 1
    return {
      entry: this.entry(),
      receipt: this.signedReceipt(this.receiptBody(), this.nodeNumber),
      batch: { index, size: leaves.length, path: merkleSha256.pathOfHashes(leaves, index) },
      transaction: { sealed, index: at, size: packed.length, path: merkleOurs.path(packed, at) },
      headers: Array.from(
        { length: lastHeight - firstHeight + 1 },
        (_, i) => this.chain.blockAt(firstHeight + i).header,
      ),
      validators: this.chain.setAt(lastHeight),
      commit: this.chain.commitAt(lastHeight),
      genesisKeys: this.genesis.members.map(({ key }) => key),
      trusted: this.chain.setAt(1),
    }
  }

  trust(): StampTrust {
    const names = new Map(this.genesis.members.map(({ key }, number) => [hexOf(key), `node-${number}`]))
    const trust = stampTrustOfGenesis(this.genesis, names)
    return { ...trust, light: this.chain.trust(0) }
  }

  checkpoint(height: number): CheckpointFile {
    const { header } = this.chain.blockAt(height)
    const genesisKeys = this.genesis.members.map(({ key }) => key)
    return writeCheckpoint({ networkId, genesisKeys, header, validators: this.chain.setAt(height) })
  }
}

/** Every time the same chain for the same options. */
export const stampedChain = (options: StampedChainOptions = {}): StampedChain => {
  const maker = new StampedChainMaker(options)
  const parts = maker.parts()
  const proof = withSalt(makeStampProof(parts), options.salt ?? new Uint8Array(0))
  const { genesis, chain, scheme, digest, thing } = maker
  const checkpoint = maker.checkpoint(Math.min(5, maker.height))
  return {
    genesis,
    chain,
    scheme,
    parts,
    proof,
    bytes: encodeStampProof(proof),
    trust: maker.trust(),
    thing,
    digest,
    checkpoint,
  }
}
