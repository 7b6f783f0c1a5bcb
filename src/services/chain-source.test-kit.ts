/**
 * A chain of tables, for tests of what stands on a `ChainSource`: members with weights, blocks that are decided when told, a round that
 * stands where it is put. Signatures and roots are of the right length and otherwise made up. No product code imports it.
 */
import { NS_PER_MS, NS_PER_SEC, PPB_ONE, accept, hexOf, ignore } from '../base/index.ts'
import type { Admission, TimeInterval } from '../base/index.ts'
import { CONSENSUS_DEFAULTS, committeeLagSlots, genesisState, newDocket, ValidatorSet } from '../consensus/index.ts'
import type {
  Block,
  BlockTime,
  ChainGenesis,
  ChainMember,
  ChainState,
  Commit,
  EngineView,
  Evidence,
  SealedTransaction,
  WitnessedProof,
} from '../consensus/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { STANDING_DEFAULTS } from '../standing/index.ts'
import { Docket, JUDGEMENT_DEFAULTS } from '../validation/index.ts'
import type { Verdict } from '../validation/index.ts'
import type { People } from './chain-views.ts'
import type { ChainArchive, ChainSource, DecidedBlock } from './chain-source.ts'

/** Instant of height 0, TAI ns. */
export const ORIGIN_TAI = 1_795_222_800_000_000_000n

/** Ed25519 keys of the names, in the order of their indexes; good enough to be spelt as node ids. */
export const keyOf = (place: number): Uint8Array => new Uint8Array(32).fill(place + 1)
const bytes32 = (fill: number): Uint8Array => new Uint8Array(32).fill(fill % 256)
const idAt = (height: number): string => hexOf(bytes32(height)).slice(0, 56) + height.toString(16).padStart(8, '0')

export interface Deciding {
  readonly round?: number
  /** Names of those in the commit; all when left out. */
  readonly signers?: readonly string[]
  readonly emergency?: boolean
  /** Half the width of what each validator signs, ns. */
  readonly boundNs?: bigint
  /** What one of them signs instead. */
  readonly received?: Readonly<Record<string, TimeInterval>>
  readonly transactions?: readonly SealedTransaction[]
  readonly witnessed?: readonly WitnessedProof[]
  readonly offences?: readonly Evidence[]
  /** Members after it; as they were when left out. */
  readonly members?: (before: readonly ChainMember[]) => readonly ChainMember[]
}

export interface TableChainOptions {
  readonly names: readonly string[]
  readonly epochSlots?: number
  readonly archive?: ChainArchive
  /** Stakes by place; one each when left out. */
  readonly stakes?: readonly bigint[]
  /** Instant of height 0, TAI ns; `ORIGIN_TAI` when left out. */
  readonly originTai?: bigint
  /** Length of each block; 2,000 when left out. */
  readonly blockBytes?: number
}

/** Serves what it was told. */
export class TableChain implements ChainSource {
  readonly genesisFile: Readonly<Record<string, unknown>>
  readonly archive?: ChainArchive
  readonly names: readonly string[]
  readonly people: People
  state: ChainState
  halted: ChainSource['halted']
  /** Changed in place by a test. */
  round: EngineView
  /** What `submit` says of the next transactions. */
  verdict: Admission<null> = accept(null)
  readonly submitted: Uint8Array[] = []
  /** How often a block was read from the store. */
  reads = 0
  readonly #originTai: bigint
  readonly #blockBytes: number
  readonly #blocks: DecidedBlock[] = []
  readonly #onBlock = new Set<(decided: DecidedBlock) => void>()
  readonly #onStep = new Set<() => void>()
  #parentTime: BlockTime = { earliest: 0n, latest: 0n, timestamp: 0n }

  constructor({
    names,
    epochSlots = 10,
    archive,
    stakes,
    blockBytes = 2000,
    originTai = ORIGIN_TAI,
  }: TableChainOptions) {
    this.#blockBytes = blockBytes
    this.#originTai = originTai
    this.names = names
    const parameters = {
      ...CONSENSUS_DEFAULTS,
      slotNs: NS_PER_SEC,
      epochSlots,
      judgement: JUDGEMENT_DEFAULTS,
      standing: STANDING_DEFAULTS,
    }
    const members = names.map((_, place) => ({
      id: nodeIdText(keyOf(place)),
      key: keyOf(place),
      stake: stakes?.[place] ?? 1n,
    }))
    const genesis: ChainGenesis = { networkId: bytes32(7), parameters, members }
    this.genesisFile = { name: 'table', parameters: {}, members: members.map(({ id }, i) => ({ id, name: names[i] })) }
    this.people = { self: this.id(names[0] ?? ''), nameOf: (id) => names.find((name) => this.id(name) === id) }
    this.state = genesisState(genesis)
    this.round = this.#freshRound()
    if (archive !== undefined) this.archive = archive
  }

  id(name: string): string {
    return nodeIdText(keyOf(this.names.indexOf(name)))
  }

  view(): EngineView {
    return this.round
  }

  range(): ReturnType<ChainSource['range']> {
    return this.#blocks.length === 0 ? undefined : { first: 1, last: this.#blocks.length }
  }

  block(height: number): DecidedBlock | undefined {
    this.reads += 1
    return this.#blocks[height - 1]
  }

  submit(bytes: Uint8Array): Admission<null> {
    if (this.verdict.verdict === 'accept') this.submitted.push(bytes)
    return this.verdict
  }

  onBlock(listener: (decided: DecidedBlock) => void): () => void {
    this.#onBlock.add(listener)
    return () => this.#onBlock.delete(listener)
  }

  onStep(listener: () => void): () => void {
    this.#onStep.add(listener)
    return () => this.#onStep.delete(listener)
  }

  /** Puts the round somewhere and says so. */
  step(change: Partial<EngineView>): void {
    this.round = { ...this.round, ...change }
    for (const listener of this.#onStep) listener()
  }

  /** Puts the round somewhere without a word, as votes that come in do. */
  hear(change: Partial<EngineView>): void {
    this.round = { ...this.round, ...change }
  }

  /** From now on these have these verdicts; all others are truechimers. */
  judge(verdicts: Readonly<Record<string, Verdict['status']>>): void {
    const { genesis, members } = this.state
    const empty = newDocket(genesis, members, 1)
    const lines = members.map(({ id }) => {
      const status = verdicts[this.people.nameOf(id) ?? ''] ?? 'truechimer'
      const reason = status === 'falseticker' ? 'ahead' : status === 'absent' ? 'no-proof' : 'in-range'
      return { verdict: { status, reason, since: 1 } as const, unwitnessedSlots: 0, unplacedSlots: 0 }
    })
    const options = { members: empty.members, parameters: genesis.parameters.judgement, slot: 1 }
    const lagSlots = committeeLagSlots(genesis)
    const docket = new Docket({ ...options, lagSlots }, { ...empty.content(), lines })
    this.state = { ...this.state, docket }
  }

  /** Decides the next height, and tells. */
  decide(how: Deciding = {}): DecidedBlock {
    const height = this.state.height + 1
    const decided = { block: this.#makeBlock(height, how), commit: this.#makeCommit(height, how) }
    const members = how.members?.(this.state.members) ?? this.state.members
    const { validators } = this.state
    this.state = {
      ...this.state,
      height,
      blockId: decided.block.id,
      time: this.#parentTime,
      pending: decided.block,
      members,
      lastValidators: validators,
      validators:
        members === this.state.members ? validators : new ValidatorSet(members.filter(({ weight }) => weight > 0n)),
      epoch: Math.floor(height / this.state.genesis.parameters.epochSlots),
      emergency: how.emergency ?? false,
    }
    this.#parentTime = this.#timeOf(height, how)
    this.#blocks.push(decided)
    this.round = this.#freshRound()
    for (const listener of this.#onBlock) listener(decided)
    return decided
  }

  #freshRound(): EngineView {
    const { height, validators } = this.state
    const ids = validators.list.map(({ id }) => id)
    return {
      height: height + 1,
      round: 0,
      step: 'propose',
      isValidator: true,
      proposer: ids[(height + 1) % ids.length] ?? '',
      prevoted: 0n,
      precommitted: 0n,
      total: validators.total,
      silent: ids,
      lockedBlock: null,
      behind: 0,
      pendingTransactions: 0,
      tip: height === 0 ? undefined : { height, id: this.state.blockId, time: this.#parentTime },
    }
  }

  #timeOf(height: number, { boundNs = NS_PER_MS }: Deciding): BlockTime {
    const timestamp = this.#originTai + BigInt(height) * NS_PER_SEC
    const half = 250n * NS_PER_MS + boundNs
    return { earliest: timestamp - half, latest: timestamp + half, timestamp }
  }

  #makeBlock(height: number, how: Deciding): Block {
    const { genesis, validators, emergency } = this.state
    const lastCommit = this.#blocks.at(-1)?.commit ?? { height: 0, round: 0, block: '', entries: [] }
    return {
      id: idAt(height),
      bytes: new Uint8Array(this.#blockBytes),
      header: {
        networkId: genesis.networkId,
        height,
        round: how.round ?? 0,
        parent: this.state.blockId,
        time: this.#parentTime,
        commitRoot: bytes32(1),
        transactionsRoot: bytes32(2),
        evidenceRoot: bytes32(3),
        stateRoot: bytes32(4),
        weightsRoot: bytes32(5),
        availability: [],
        emergency: how.emergency ?? emergency,
        proposer: validators.at(height % validators.size)?.key ?? bytes32(0),
      },
      body: {
        lastCommit,
        transactions: how.transactions ?? [],
        witnessed: how.witnessed ?? [],
        offences: how.offences ?? [],
      },
    }
  }

  #makeCommit(height: number, { round = 0, signers, boundNs = NS_PER_MS, received }: Deciding): Commit {
    const at = this.#timeOf(height, {}).timestamp + 200n * NS_PER_MS
    const entries = this.state.validators.list.flatMap(({ id }, index) => {
      const name = this.people.nameOf(id) ?? ''
      if (signers?.includes(name) === false) return []
      const late = BigInt(index) * 300_000n
      const own = received?.[name] ?? { earliest: at + late - boundNs, latest: at + late + boundNs }
      return [{ index, received: own, voteSignature: new Uint8Array(64), timeSignature: new Uint8Array(64) }]
    })
    return { height, round, block: idAt(height), entries }
  }
}

/** Members with one thing changed of one of them. */
export const changed =
  (id: string, change: Partial<ChainMember>) =>
  (members: readonly ChainMember[]): readonly ChainMember[] =>
    members.map((member) => (member.id === id ? { ...member, ...change } : member))

export const share = (percent: number): bigint => (PPB_ONE * BigInt(percent)) / 100n

export const refusing = (reason: string): Admission<null> => ignore(reason)
