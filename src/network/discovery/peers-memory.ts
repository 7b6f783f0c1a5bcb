/**
 * What discovery keeps over a restart: the secret of its tables, its anchors, and the peers that it has tried. Without them a
 * restart would be an attacker's chance: an empty table is filled by whoever talks first.
 *
 * Source: Heilman et al. 2015 §7 (anchor connections); Bitcoin Core's anchors and peers files for how. Rule: N-30.
 */
import type { PeerId } from '../port.ts'
import type { AddressTables } from './address-tables.ts'

/** A peer and where it answered. */
export interface KnownPeer {
  readonly peer: PeerId
  /** At least one multiaddr. */
  readonly addresses: readonly string[]
}

export interface PeersMemory {
  /** 32 bytes that place entries in the tables. Whoever knows them can aim. */
  readonly secret: Uint8Array
  /** Dialled first after a restart. */
  readonly anchors: readonly KnownPeer[]
  readonly tried: readonly KnownPeer[]
}

/** Peers written and read, of each list. */
export const KNOWN_PEERS_MAX = 2048

/** Puts back what was kept. */
export const restoreTables = (tables: AddressTables, memory: PeersMemory): void => {
  for (const known of [...memory.anchors, ...memory.tried].slice(0, 2 * KNOWN_PEERS_MAX))
    if (known.addresses.length > 0) tables.restore(known)
}

/** What to keep of the tables as they stand. */
export const memoryOf = (secret: Uint8Array, tables: AddressTables, anchors: readonly PeerId[]): PeersMemory => ({
  secret,
  anchors: anchors.flatMap((peer) => {
    const entry = tables.get(peer)
    return entry === undefined ? [] : [{ peer, addresses: entry.addresses }]
  }),
  tried: tables
    .entries()
    .filter(({ isTried }) => isTried)
    .slice(0, KNOWN_PEERS_MAX)
    .map(({ peer, addresses }) => ({ peer, addresses })),
})
