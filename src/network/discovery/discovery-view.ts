/** What discovery knows and does, as plain data for people and for the API. Nothing in it is secret. */
import type { Tai } from '../../base/index.ts'
import type { PeerId } from '../port.ts'
import type { AddressTables } from './address-tables.ts'
import type { BootstrapOutcome } from './bootstrap.ts'
import type { Maintenance } from './maintenance.ts'
import type { OutboundPeer } from './outbound.ts'
import type { PeerBook } from './peer-book.ts'

export interface DiscoveryView {
  readonly tables: {
    /** Peers that answered us, and those that we were only told of; and how many groups each lie in. */
    readonly tried: number
    readonly fresh: number
    readonly triedGroups: number
    readonly freshGroups: number
    /** Newcomers that wait for a test. */
    readonly contests: number
  }
  readonly outbound: readonly (OutboundPeer & { readonly isAnchor: boolean })[]
  /** Short connections to peers that never answered us: how many were made, and how many of those answered. */
  readonly feelers: { readonly sent: number; readonly answered: number }
  readonly anchors: readonly PeerId[]
  readonly records: {
    readonly known: number
    /** Of them over by our clock; 0 without the time, when none is judged. */
    readonly expired: number
    readonly isJudged: boolean
    /** When our own ends, TAI ns. */
    readonly ownExpiresTai: Tai | undefined
  }
  readonly bootstrap: readonly BootstrapOutcome[]
  /** When things are due next, elapsed ns. */
  readonly due: { readonly feelerAtNs: bigint; readonly rotationAtNs: bigint; readonly bootstrapAtNs: bigint }
}

export const viewOf = (parts: {
  readonly tables: AddressTables
  readonly book: PeerBook
  readonly maintenance: Maintenance
  readonly outbound: readonly OutboundPeer[]
  readonly anchors: readonly PeerId[]
  readonly nowTai: Tai | undefined
  readonly ownExpiresTai: Tai | undefined
  readonly bootstrap: readonly BootstrapOutcome[]
}): DiscoveryView => {
  const { tables, book, maintenance, outbound, anchors, nowTai, ownExpiresTai, bootstrap } = parts
  const entries = tables.entries()
  const tried = entries.filter(({ isTried }) => isTried)
  const fresh = entries.filter(({ isTried }) => !isTried)
  const groupsOf = (some: typeof entries): number => new Set(some.map(({ group }) => group)).size
  return {
    tables: {
      tried: tried.length,
      fresh: fresh.length,
      triedGroups: groupsOf(tried),
      freshGroups: groupsOf(fresh),
      contests: tables.contests().length,
    },
    outbound: outbound.map((one) => ({ ...one, isAnchor: anchors.includes(one.peer) })),
    feelers: { ...maintenance.feelers },
    anchors,
    records: {
      known: book.size,
      expired: book.size - book.fresh(nowTai).length,
      isJudged: nowTai !== undefined,
      ownExpiresTai,
    },
    bootstrap,
    due: maintenance.due,
  }
}
