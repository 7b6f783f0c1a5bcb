/**
 * What the HTTP API asks of a node: the views of `schema.ts`, and nothing else of its insides. `node-backend.ts` implements it
 * over a running node; tests implement it with tables.
 */
import type { Admission, Cancel } from '../base/index.ts'
import type { OfflineDesk } from '../node/index.ts'
import type { StampDesk } from '../stamps/index.ts'
import type { ChainBackend } from './chain-backend.ts'
import type { TrafficSums } from './peer-traffic.ts'
import type { TlogBackend } from './routes-tlog.ts'
import type { TimeStampAuthority } from './tsa-server.ts'
import type {
  ClockView,
  DevnetView,
  EventView,
  FaultView,
  NodeDetailView,
  NodesView,
  PeersView,
  ProofView,
  StatusView,
  TimeView,
} from './schema.ts'

export interface Backend {
  /** Undefined before the clock's first majority. One that has lost it still reads, and says `unsynchronised`. */
  time(): TimeView | undefined
  status(): StatusView
  /** How the clock is kept: frequency, stability, how often it asks, whom it serves. */
  clock(): ClockView
  nodes(): NodesView
  node(id: string): NodeDetailView | undefined
  proof(cid: string): ProofView | undefined
  /** The network as this node sees it. */
  peers(): PeersView
  /** What went to and fro since the start, for /metrics; sums that only rise. */
  traffic(): TrafficSums
  /** Called for every event from now on. Must return fast. */
  onEvent(listener: (event: EventView) => void): Cancel
  /** Where the node takes part in a chain. Its events come by `onEvent` of this interface, with all others. */
  readonly chain?: ChainBackend
  /** Where the node stamps. */
  readonly stamps?: StampDesk
  /** Where stamps that were made offline are handed in; there where the node stamps. */
  readonly offline?: Pick<OfflineDesk, 'submit' | 'evidence'>
  /** The node's log and the node as a witness, as others' tools read them. */
  readonly tlog?: TlogBackend
  /** In a devnet only. */
  readonly devnet?: {
    view(): DevnetView
    bend(fault: FaultView): Promise<Admission<null, 'unknown-node'>>
    /** Called whenever another set of sources is bent. */
    onFaults?(listener: (faults: DevnetView['faults']) => void): Cancel
  }
  /** Where the node serves time-stamp tokens (RFC 3161). */
  readonly tsa?: TimeStampAuthority
  /** What the servers of time have done, for /metrics; nothing where a node serves none. */
  served?(): readonly {
    readonly name: string
    readonly address: string
    readonly answered: number
    readonly refused: ReadonlyMap<string, number>
  }[]
  /** Refusals of bytes from outside, by channel and reason, for /metrics. */
  refusals(): readonly { readonly channel: string; readonly reason: string; readonly count: number }[]
}
