/**
 * A node made of tables, for tests of what stands on a `Backend`: it answers what it was given and sends events when told.
 * No product code imports it.
 */
import { accept, ignore, reject } from '../base/index.ts'
import type { Backend } from './backend.ts'
import type { ChainBackend } from './chain-backend.ts'
import {
  ACCEPTED_EXAMPLE,
  BLOCK_EXAMPLE,
  BLOCKS_EXAMPLE,
  CHAIN_STATUS_EXAMPLE,
  GENESIS_EXAMPLE,
  LIGHT_EXAMPLE,
  VALIDATORS_EXAMPLE,
} from './chain-examples.ts'
import type { BlocksView, BlockView, ChainStatusView, ValidatorsView } from './chain-schema.ts'
import type { TrafficSums } from './peer-traffic.ts'
import type {
  ClockView,
  DevnetView,
  EventView,
  FaultView,
  PeersView,
  ProofView,
  StatusView,
  TimeView,
} from './schema.ts'
import {
  CID_EXAMPLE,
  CLOCK_EXAMPLE,
  DEVNET_EXAMPLE,
  NODE_DETAIL_EXAMPLE,
  NODE_ID_EXAMPLE,
  NODES_EXAMPLE,
  PEERS_EXAMPLE,
  PROOF_EXAMPLE,
  STATUS_EXAMPLE,
  TIME_EXAMPLE,
} from './examples.ts'
import { tableDesk } from './table-stamps.test-kit.ts'
import type { TableDesk } from './table-stamps.test-kit.ts'

export interface TableBackend extends Backend {
  readonly stamps?: TableDesk
  /** What is served; a test changes it in place. */
  readonly table: {
    time: TimeView | undefined
    status: StatusView
    clock: ClockView
    proofs: Map<string, ProofView>
    peers: PeersView
    traffic: TrafficSums
    refusals: { channel: string; reason: string; count: number }[]
    chain: {
      status: ChainStatusView
      blocks: BlocksView
      /** By height and by id. */
      byKey: Map<number | string, BlockView>
      validators: ValidatorsView
      /** What a transaction is refused for; taken where undefined. */
      refusal: string | undefined
    }
  }
  /** Transactions that were handed in, in order. */
  readonly submitted: Uint8Array[]
  /** Faults that were asked for, in order. */
  readonly bent: FaultView[]
  /** How many listen for events now. */
  readonly listeners: number
  emit(event: EventView): void
}

/** Without `chain: false` it has one, and it stamps unless `stamps: false`. */
export const tableBackend = (
  options: { readonly devnet?: boolean; readonly chain?: boolean; readonly stamps?: boolean } = {},
): TableBackend => {
  const listeners = new Set<(event: EventView) => void>()
  const table: TableBackend['table'] = {
    time: TIME_EXAMPLE,
    status: STATUS_EXAMPLE,
    clock: CLOCK_EXAMPLE,
    proofs: new Map([[CID_EXAMPLE, PROOF_EXAMPLE]]),
    peers: PEERS_EXAMPLE,
    traffic: { bytesIn: 918_273, bytesOut: 645_120, messages: { accepted: 1234, ignored: 56, rejected: 7 } },
    refusals: [{ channel: 'ntp', reason: 'wrong-origin', count: 3 }],
    chain: {
      status: CHAIN_STATUS_EXAMPLE,
      blocks: BLOCKS_EXAMPLE,
      byKey: new Map<number | string, BlockView>(
        [BLOCK_EXAMPLE.height, BLOCK_EXAMPLE.id].map((key) => [key, BLOCK_EXAMPLE]),
      ),
      validators: VALIDATORS_EXAMPLE,
      refusal: undefined,
    },
  }
  const bent: FaultView[] = []
  const submitted: Uint8Array[] = []
  return {
    table,
    bent,
    submitted,
    get listeners() {
      return listeners.size
    },
    time: () => table.time,
    status: () => table.status,
    clock: () => table.clock,
    nodes: () => NODES_EXAMPLE,
    node: (id) => (id === NODE_ID_EXAMPLE ? NODE_DETAIL_EXAMPLE : undefined),
    proof: (cid) => table.proofs.get(cid),
    peers: () => table.peers,
    traffic: () => table.traffic,
    onEvent: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    refusals: () => table.refusals,
    emit: (event) => listeners.forEach((listener) => listener(event)),
    ...(options.devnet === true ? { devnet: tableDevnet(bent) } : {}),
    ...(options.chain === false ? {} : { chain: tableChain(table.chain, submitted) }),
    ...(options.stamps === false ? {} : { stamps: tableDesk(), tlog: TABLE_LOG, offline: TABLE_OFFLINE }),
  }
}

/** Where nothing that was made offline is taken. */
const TABLE_OFFLINE: NonNullable<Backend['offline']> = {
  submit: async () => ({ verdict: 'reject', reason: 'malformed' }),
  evidence: async () => undefined,
}

/** A log of nothing, and a witness that takes nothing. */
const TABLE_LOG: NonNullable<Backend['tlog']> = {
  checkpoint: () => 'a note\n',
  tile: () => undefined,
  logKey: () => 'a key',
  witnessKeys: () => ['a key'],
  witness: {
    answer: async () => ({ verdict: 'reject', reason: 'malformed-witness-request', size: undefined }),
    cosigned: () => undefined,
    forks: () => [],
  },
}

const tableDevnet = (bent: FaultView[]): NonNullable<Backend['devnet']> => ({
  view: (): DevnetView => ({ ...DEVNET_EXAMPLE, faults: [...bent] }),
  bend: async (fault) => {
    if (fault.id !== NODE_ID_EXAMPLE) return ignore('unknown-node')
    bent.push(fault)
    return accept(null)
  },
})

const tableChain = (table: TableBackend['table']['chain'], submitted: Uint8Array[]): ChainBackend => ({
  genesis: () => GENESIS_EXAMPLE,
  status: () => table.status,
  range: () => {
    const { first, last } = table.blocks
    return first === null || last === null ? undefined : { first, last }
  },
  blocks: ({ from, limit }) => ({
    ...table.blocks,
    blocks: table.blocks.blocks.filter(({ height }) => height <= (from ?? height)).slice(0, limit),
  }),
  block: (which) => table.byKey.get(which),
  blockBytes: (which) => (table.byKey.has(which) ? Uint8Array.of(0x82, 1, 2) : undefined),
  validators: (height) => (height === undefined || height === table.validators.height ? table.validators : undefined),
  light: ({ from, to }) => (to === LIGHT_EXAMPLE.to ? { ...LIGHT_EXAMPLE, from } : undefined),
  submit: (bytes) => {
    if (table.refusal !== undefined) return reject(table.refusal)
    submitted.push(bytes)
    return accept(ACCEPTED_EXAMPLE.key)
  },
  onEvent: () => () => undefined,
})
