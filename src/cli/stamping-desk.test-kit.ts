/**
 * A node that stamps, for tests of commands: a chain of four members who all sign, of a genesis file that people can read, and a desk whose
 * receipts and proofs hold. A block is decided whenever somebody asks, so no test waits for one. Served by the real HTTP server.
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, NS_PER_SEC, accept, hexOf } from '../base/index.ts'
import {
  EMPTY_COMMIT,
  chainGenesisOf,
  encodeCommit,
  encodeLightProof,
  encodeValidators,
  genesisState,
  makeBlock,
  makeLightProof,
  readGenesis,
  sealTransaction,
  timePart,
  transactionPart,
  votePart,
  weightsRoot,
} from '../consensus/index.ts'
import type {
  Block,
  Body,
  Commit,
  Genesis,
  GenesisFile,
  LightReader,
  SealedTransaction,
  ValidatorSet,
} from '../consensus/index.ts'
import { merkleOurs, merkleSha256, nodeIdText, sha3, sign, signingKeyOf } from '../crypto/index.ts'
import type { SigningKey } from '../crypto/index.ts'
import type { Backend } from '../services/backend.ts'
import type { ChainBackend } from '../services/chain-backend.ts'
import { BLOCK_SUMMARY_EXAMPLE } from '../services/chain-examples.ts'
import { tableBackend } from '../services/table-backend.test-kit.ts'
import {
  RECEIPT_DOMAIN,
  encodeBatch,
  encodeStampProof,
  groupReceipts,
  leafOf,
  makeMissedPromise,
  makeStampProof,
  stampIdOf,
} from '../stamps/index.ts'
import type { MissedPromise, Receipt, StampDesk, StampEntry, StampRecord, StampRequest } from '../stamps/index.ts'
import { hostNow } from './stamp-trust-files.ts'

const keyOf = (name: string): SigningKey => signingKeyOf(sha3(new TextEncoder().encode(name)))
const NAMES = ['ada', 'bede', 'cleo', 'dora'] as const

interface Batch {
  readonly first: number
  readonly size: number
  readonly sealed: SealedTransaction
  height: number
}

export class StampingDesk implements StampDesk {
  readonly file: GenesisFile
  readonly genesis: Genesis
  readonly validators: ValidatorSet
  /** Submissions, in order. */
  readonly submitted: (readonly StampRequest[])[] = []
  /** What a test bends in place. */
  readonly bend = {
    /** Blocks are decided when somebody asks. */
    isDeciding: true,
    /** Batches go into blocks. */
    isFixing: true,
    /** The node's clock is ahead by so much, ns. */
    aheadNs: 0n,
    receipt: (receipt: Receipt): Receipt => receipt,
    proof: (bytes: Uint8Array): Uint8Array => bytes,
    onSubmit: (): void => {},
    /** Somebody asks for a proof. */
    onLook: (): void => {},
  }
  readonly log = { head: undefined, entries: () => [], leaves: () => [] }
  readonly #keys: readonly SigningKey[]
  readonly #blocks: Block[] = []
  readonly #commits = new Map<number, Commit>()
  readonly #records = new Map<string, StampRecord>()
  readonly #entries: StampEntry[] = []
  readonly #batches: Batch[] = []
  readonly #startNs: bigint

  constructor(name = 'kit') {
    this.#keys = NAMES.map((member) => keyOf(`${name} ${member}`))
    const members = this.#keys.map(({ publicKey }, i) => ({ id: nodeIdText(publicKey), name: NAMES[i] ?? '' }))
    this.file = { name, members }
    this.genesis = readGenesis(this.file)
    this.validators = genesisState(chainGenesisOf(this.genesis)).validators
    this.#startNs = hostNow().latest - 100n * NS_PER_SEC
    this.decide()
    this.decide()
  }

  get height(): number {
    return this.#blocks.length
  }

  #timeOf(height: number) {
    if (height === 0) return { earliest: 0n, latest: 0n, timestamp: 0n }
    const timestamp = this.#startNs + BigInt(height) * NS_PER_SEC
    return { earliest: timestamp - 5n * NS_PER_MS, latest: timestamp + 5n * NS_PER_MS, timestamp }
  }

  #key(index: number): SigningKey {
    const voter = this.validators.at(index)
    const key = this.#keys.find(({ publicKey }) => voter !== undefined && hexOf(publicKey) === hexOf(voter.key))
    assert(key !== undefined)
    return key
  }

  /** One block more, with the batches that wait. */
  decide(): void {
    const height = this.height + 1
    const waiting = this.bend.isFixing ? this.#batches.filter((batch) => batch.height === 0) : []
    for (const batch of waiting) batch.height = height
    const body: Body = {
      lastCommit: EMPTY_COMMIT,
      transactions: waiting.map(({ sealed }) => sealed),
      witnessed: [],
      offences: [],
    }
    const { networkId } = this.genesis
    const block = makeBlock({
      header: {
        networkId,
        height,
        round: 0,
        parent: this.#blocks.at(-1)?.id ?? hexOf(networkId),
        time: this.#timeOf(height - 1),
        stateRoot: new Uint8Array(32),
        weightsRoot: weightsRoot(this.validators),
        availability: [],
        emergency: false,
        proposer: this.#key(0).publicKey,
      },
      body,
    })
    this.#blocks.push(block)
    this.#commits.set(height, this.#commitOf(block))
  }

  #commitOf({ id: block, header: { networkId, height } }: Block): Commit {
    const place = { networkId, height, round: 0, block }
    const { earliest, latest } = this.#timeOf(height)
    const received = { earliest, latest }
    const [vote, time] = [votePart({ ...place, kind: 'precommit', validRound: -1 }), timePart({ ...place, received })]
    const entries = this.validators.list.map((_, index) => ({
      index,
      voteSignature: sign(this.#key(index), vote.domain, vote.body),
      received,
      timeSignature: sign(this.#key(index), time.domain, time.body),
    }))
    return { height, round: 0, block, entries }
  }

  #step(): void {
    if (this.bend.isDeciding) this.decide()
  }

  beacon(): ReturnType<StampDesk['beacon']> {
    this.#step()
    return { height: this.height, block: this.#blocks.at(-1)?.id ?? '' }
  }

  async submit(requests: readonly StampRequest[]): ReturnType<StampDesk['submit']> {
    this.submitted.push(requests)
    const first = this.#entries.length
    const records = requests.map((request) => this.#take(request))
    if (this.#entries.length > first) this.#batches.push(this.#batchFrom(first))
    this.bend.onSubmit()
    return accept(records)
  }

  #take({ clientKey, ...entry }: StampRequest): StampRecord {
    const id = hexOf(stampIdOf(entry, clientKey))
    const known = this.#records.get(id)
    if (known !== undefined) return { ...known, isKnown: true }
    const [node] = this.#keys
    assert(node !== undefined)
    const { earliest, latest } = hostNow()
    const { aheadNs } = this.bend
    const body = {
      networkId: this.genesis.networkId,
      node: node.publicKey,
      position: this.#entries.length,
      leaf: leafOf(entry),
      received: { earliest: earliest + aheadNs, latest: latest + aheadNs },
      heightNewest: this.height,
      heightPromised: this.height + 20,
      sources: 3,
    }
    const { root, groups } = groupReceipts([body])
    const [group] = groups
    assert(group !== undefined)
    const receipt = this.bend.receipt({ ...body, group, signature: sign(node, RECEIPT_DOMAIN, root) })
    const record: StampRecord = { id, entry, receipt, state: 'received', height: undefined }
    this.#entries.push(entry)
    this.#records.set(id, record)
    return record
  }

  #batchFrom(first: number): Batch {
    const leaves = this.#entries.map(leafOf)
    const batchRoot = merkleSha256.rootOfHashes(leaves.slice(first))
    const payload = encodeBatch({ logSize: leaves.length, batchRoot, logRoot: merkleSha256.rootOfHashes(leaves) })
    const [node] = this.#keys
    assert(node !== undefined)
    const { earliest, latest } = hostNow()
    const body = {
      networkId: this.genesis.networkId,
      author: node.publicKey,
      sequence: this.#batches.length + 1,
      acted: { earliest, latest },
      kind: 'stamp',
      payload,
    } as const
    const part = transactionPart(body)
    const sealed = sealTransaction({ ...body, signature: sign(node, part.domain, part.body) })
    return { first, size: leaves.length - first, sealed, height: 0 }
  }

  find(id: string): StampRecord | undefined {
    this.bend.onLook()
    this.#step()
    this.#step()
    const record = this.#records.get(id)
    const batch = record === undefined ? undefined : this.#batchOf(record)
    return record === undefined || batch === undefined ? record : { ...record, state: 'final', height: batch.height }
  }

  /** Of a stamp that is final. */
  #batchOf({ receipt: { position } }: StampRecord): Batch | undefined {
    const batch = this.#batches.find(({ first, size }) => position >= first && position < first + size)
    return batch === undefined || batch.height === 0 || batch.height >= this.height ? undefined : batch
  }

  proof(id: string): Uint8Array | undefined {
    const record = this.#records.get(id)
    const batch = record === undefined ? undefined : this.#batchOf(record)
    if (record === undefined || batch === undefined) return undefined
    return this.bend.proof(encodeStampProof(this.#proofOf(record, batch)))
  }

  #proofOf({ entry, receipt }: StampRecord, batch: Batch): ReturnType<typeof makeStampProof> {
    const beaconHeight = this.#blocks.findIndex(({ id }) => id === entry.beacon) + 1
    const from = entry.beacon === null ? batch.height : beaconHeight + 1
    const headers = this.#blocks.slice(from - 1, batch.height + 1).map(({ header }) => header)
    const commit = this.#commits.get(batch.height + 1)
    assert(commit !== undefined)
    const index = receipt.position - batch.first
    const leaves = this.#entries.slice(batch.first, batch.first + batch.size).map(leafOf)
    const packed = (this.#blocks[batch.height - 1]?.body.transactions ?? []).map(({ bytes }) => bytes)
    const place = packed.findIndex((bytes) => bytes === batch.sealed.bytes)
    return makeStampProof({
      entry,
      receipt,
      batch: { index, size: batch.size, path: merkleSha256.pathOfHashes(leaves, index) },
      transaction: { sealed: batch.sealed, index: place, size: packed.length, path: merkleOurs.path(packed, place) },
      headers,
      validators: this.validators,
      commit,
      genesisKeys: this.genesis.members.map(({ key }) => key),
      trusted: this.validators,
    })
  }

  /** Evidence that no block up to the promised one has it, for who may look at every block. */
  missed(receipt: Receipt): MissedPromise {
    const headers = this.#blocks.slice(receipt.heightNewest, receipt.heightPromised + 1)
    const commit = this.#commits.get(receipt.heightPromised + 1)
    assert(commit !== undefined)
    return makeMissedPromise({
      receipt,
      headers: headers.map(({ header }) => header),
      transactions: headers.slice(0, -1).map(({ body }) => body.transactions.map(({ bytes }) => bytes)),
      validators: this.validators,
      commit,
      genesisKeys: this.genesis.members.map(({ key }) => key),
      trusted: this.validators,
    })
  }

  onChange(): () => void {
    return () => {}
  }

  counts(): ReturnType<StampDesk['counts']> {
    return { taken: this.#entries.length, final: 0, waiting: 0, resubmitted: 0 }
  }

  /** As a node of the real HTTP server. */
  backend(): Backend {
    const table = tableBackend({ stamps: false })
    assert(table.chain !== undefined)
    const { name, networkId } = this.genesis
    const chain: ChainBackend = {
      ...table.chain,
      genesis: () => ({ networkId: hexOf(networkId), name, genesis: { ...this.file } }),
      range: () => ({ first: 1, last: this.height }),
      blocks: () => ({ blocks: [{ ...BLOCK_SUMMARY_EXAMPLE, height: this.height }], first: 1, last: this.height }),
      blockBytes: (which) => (typeof which === 'number' ? this.#blocks[which - 1]?.bytes : undefined),
      light: (wanted) => this.#light(wanted),
    }
    return { ...table, chain, stamps: this }
  }

  #light({ from, to }: { readonly from: number; readonly to: number }): ReturnType<ChainBackend['light']> {
    const reader: LightReader = {
      range: { first: 1, last: this.height },
      block: (height) => {
        const [block, commit] = [this.#blocks[height - 1], this.#commits.get(height)]
        if (block === undefined || commit === undefined) return undefined
        return { height, block: block.bytes, commit: encodeCommit(commit) }
      },
      validators: () => ({ height: 1, validators: encodeValidators(this.validators) }),
    }
    const made = makeLightProof(reader, { from, to })
    if (made.verdict !== 'accept') return undefined
    return { from, to, bytes: Buffer.from(encodeLightProof(made.value)).toString('base64') }
  }
}
