/**
 * Reading what stamping has kept: records of stamps, their receipts, final proofs, and the log as others' tools read it. All comes from the
 * store of stamps, so that a proof can be had however few blocks the node holds. Rules T-49, T-53 in docs/spec/stamps.md.
 */
import assert from 'node:assert/strict'
import { BoundedMap, ChimerError, bytesOfHex, equalBytes, hexOf } from '../base/index.ts'
import {
  decodeHeader,
  decodeTransaction,
  genesisState,
  makeLightProof,
  openCommit,
  openValidators,
  trustedWeight,
} from '../consensus/index.ts'
import type {
  ChainGenesis,
  Commit,
  Header,
  LightProof,
  LightReader,
  SealedTransaction,
  ValidatorSet,
} from '../consensus/index.ts'
import {
  BatchTree,
  STAMP_HEADERS_MAX,
  draftReceipts,
  encodeEntry,
  encodeStampProof,
  makeStampProof,
  receiptAt,
} from '../stamps/index.ts'
import type {
  BatchBook,
  BatchOutline,
  FinalBatch,
  KeptEntry,
  Receipt,
  StampLogReader,
  StampRecord,
  StampStore,
} from '../stamps/index.ts'

/** Batches whose trees are held; of the largest one it takes a megabyte. */
const TREES_HELD_MAX = 8
/** Batches whose trees' upper levels are held: of the largest ones they take 16 MiB. */
const OUTLINES_HELD_MAX = 2048
/** Heights whose votes are held opened. */
const VOTES_HELD_MAX = 16
/** Entries or leaves that are read in one go. */
export const LOG_READ_MAX = 65_536

export interface RecordsOptions {
  /** The node's key, 32 bytes. */
  readonly node: Uint8Array
  readonly genesis: ChainGenesis
  readonly store: StampStore
  readonly book: BatchBook
  readonly archive: LightReader
}

interface OpenedVotes {
  readonly commit: Commit
  readonly validators: ValidatorSet
}

export class StampRecords {
  readonly #options: RecordsOptions
  readonly #genesisValidators: ValidatorSet
  readonly #trees = new BoundedMap<number, BatchTree>(TREES_HELD_MAX)
  readonly #outlines = new BoundedMap<number, BatchOutline>(OUTLINES_HELD_MAX)
  readonly #votes = new BoundedMap<number, OpenedVotes>(VOTES_HELD_MAX)

  constructor(options: RecordsOptions) {
    this.#options = options
    this.#genesisValidators = genesisState(options.genesis).validators
  }

  find(id: string): StampRecord | undefined {
    const position = this.#positionOf(id)
    return position === undefined ? undefined : this.at(position)
  }

  /** A position that the log does not have is a bug. */
  at(position: number): StampRecord {
    const { store, book } = this.#options
    const kept = this.#entry(position)
    const final = store.finalBatchOf(position)
    return {
      id: hexOf(kept.id),
      entry: kept.entry,
      receipt: this.#receipt(kept),
      state: final === undefined ? book.stateOf(position) : 'final',
      height: final?.height,
    }
  }

  /** Undefined where it is unknown or not final, and where nothing leads to it from the height that is trusted: one above it, for example. */
  proof(id: string, from: number): Uint8Array | undefined {
    const position = this.#positionOf(id)
    const batch = position === undefined ? undefined : this.#options.store.finalBatchOf(position)
    if (position === undefined || batch === undefined || from > batch.height + 1) return undefined
    const trusted = this.#trusted(from)
    const votes = this.#votesOf(batch.height + 1)
    const kept = this.#entry(position)
    const headers = this.#headers(kept, batch)
    if (trusted === undefined || headers === undefined) return undefined
    const bridge = this.#bridge(trusted, votes, { from, to: batch.height })
    if (bridge.isMissing) return undefined
    const { place } = batch
    const proof = makeStampProof({
      entry: kept.entry,
      receipt: this.#receipt(kept),
      batch: this.#place(batch, position),
      transaction: { sealed: this.#transaction(batch), ...place },
      headers,
      ...votes,
      genesisKeys: this.#options.genesis.members.map(({ key }) => key),
      ...(bridge.proof === undefined ? { trusted } : { trusted: votes.validators, bridge: bridge.proof }),
    })
    return encodeStampProof(proof)
  }

  /** The log up to where everything is final. */
  readonly log: StampLogReader = logOf(() => this.#options)

  #positionOf(id: string): number | undefined {
    const bytes = bytesOfHex(id)
    return bytes === undefined ? undefined : this.#options.store.positionOf(bytes)
  }

  #entry(position: number): KeptEntry {
    const [kept] = this.#options.store.entries(position, 1)
    assert(kept !== undefined, 'no such position')
    return kept
  }

  /** Made again from its group: the signature is kept once for up to sixteen. */
  #receipt({ position }: KeptEntry): Receipt {
    const { store, node, genesis } = this.#options
    const group = store.groupOf(position)
    if (group === undefined) throw damaged(`no receipt for position ${position}`)
    const leaves = store.leaves(group.first, group.size)
    const members = leaves.map((leaf, i) => ({ position: group.first + i, leaf }))
    const receipts = draftReceipts(members, { ...group, networkId: genesis.networkId, node })
    return receiptAt(receipts, position - group.first, group.signature)
  }

  #place({ first, logSize, batchRoot }: FinalBatch, position: number): Parameters<typeof makeStampProof>[0]['batch'] {
    const index = position - first
    const held = this.#trees.get(first)
    const outline = held === undefined ? this.#outlines.get(first) : undefined
    if (outline !== undefined) {
      const leavesAt = (from: number, count: number): readonly Uint8Array[] =>
        this.#options.store.leaves(first + from, count)
      return { index, size: outline.size, path: outline.path(index, leavesAt) }
    }
    const tree = held ?? this.#build({ first, logSize, batchRoot })
    return { index, size: tree.size, path: tree.path(index) }
  }

  /** Of a large batch this takes long, and so is done once. */
  #build({ first, logSize, batchRoot }: Pick<FinalBatch, 'first' | 'logSize' | 'batchRoot'>): BatchTree {
    const tree = new BatchTree(this.#options.store.leaves(first, logSize - first))
    if (!equalBytes(tree.root, batchRoot)) throw damaged(`entries ${first} to ${logSize - 1} are not as they were`)
    this.#trees.set(first, tree)
    this.#outlines.set(first, tree.outline())
    return tree
  }

  #transaction({ transaction, height }: FinalBatch): SealedTransaction {
    const opened = decodeTransaction(transaction, this.#options.genesis.networkId)
    if (opened.verdict !== 'accept') throw damaged(`the transaction in block ${height}: ${opened.reason}`)
    return opened.value
  }

  #votesOf(height: number): OpenedVotes {
    const held = this.#votes.get(height)
    if (held !== undefined) return held
    const kept = this.#options.store.votes(height)
    const commit = kept === undefined ? undefined : openCommit(kept.commit)
    const validators = kept === undefined ? undefined : openValidators(kept.validators)
    if (commit?.verdict !== 'accept' || validators?.verdict !== 'accept') throw damaged(`the votes of height ${height}`)
    const opened = { commit: commit.value, validators: validators.value }
    this.#votes.set(height, opened)
    return opened
  }

  /** From the one after the entry's beacon to the one that settles; where there is no beacon, or they do not reach to it, the last two (T-14). */
  #headers({ beaconHeight }: KeptEntry, { height }: FinalBatch): readonly Header[] | undefined {
    const isNear = beaconHeight > 0 && height + 1 - beaconHeight <= STAMP_HEADERS_MAX
    const reaching = isNear ? this.#headersFrom(beaconHeight + 1, height + 1) : undefined
    return reaching ?? this.#headersFrom(height, height + 1)
  }

  #headersFrom(from: number, to: number): readonly Header[] | undefined {
    const { store, genesis } = this.#options
    const headers = store.headers(from, to).map(({ height, header }) => {
      const opened = decodeHeader(header, genesis.networkId)
      if (opened.verdict !== 'accept') throw damaged(`the header of ${height}: ${opened.reason}`)
      return opened.value
    })
    return headers.length === to + 1 - from ? headers : undefined
  }

  #trusted(from: number): ValidatorSet | undefined {
    if (from === 0) return this.#genesisValidators
    const kept = this.#options.archive.validators(from)
    const opened = kept === undefined ? undefined : openValidators(kept.validators)
    return opened?.verdict === 'accept' ? opened.value : undefined
  }

  /** Where those who voted are too little known to who trusts `from`, a proof leads from one to the other. */
  #bridge(
    trusted: ValidatorSet,
    { commit, validators }: OpenedVotes,
    { from, to }: { readonly from: number; readonly to: number },
  ): { readonly isMissing: boolean; readonly proof: LightProof | undefined } {
    if (trusted.isOverThird(trustedWeight(trusted, commit, validators))) return { isMissing: false, proof: undefined }
    const made = makeLightProof(this.#options.archive, { from, to: Math.max(from, to) })
    return made.verdict === 'accept' ? { isMissing: false, proof: made.value } : { isMissing: true, proof: undefined }
  }
}

const logOf = (options: () => Pick<RecordsOptions, 'store' | 'book'>): StampLogReader => {
  const within = (first: number, count: number): number =>
    Math.max(0, Math.min(count, LOG_READ_MAX, options().book.finalPrefix - first))
  return {
    get head() {
      const { store, book } = options()
      const size = book.finalPrefix
      const batch = size === 0 ? undefined : store.finalBatchOf(size - 1)
      return batch === undefined ? undefined : { size, root: batch.logRoot, height: batch.height }
    },
    entries: (first, count) =>
      options()
        .store.entries(first, within(first, count))
        .map(({ entry }) => encodeEntry(entry)),
    leaves: (first, count) => options().store.leaves(first, within(first, count)),
  }
}

/** Rows that do not fit together. */
const damaged = (what: string): ChimerError =>
  new ChimerError(
    'TC_STAMP_STORE',
    `The stamps of this node do not fit together: ${what}. Stop the node and put stamps.sqlite back from a copy.`,
    { facts: { what } },
  )
