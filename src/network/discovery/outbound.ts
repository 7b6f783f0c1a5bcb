/**
 * Whom to connect to, and whom to give up: the choices that keep a node from being surrounded, as pure functions over the
 * tables. Half of the choices come from `tried` and half from `fresh`, each to a group where we have nobody, as long as
 * there is such a peer.
 *
 * Source: Heilman et al. 2015 §7; Bitcoin Core's outbound connections for the order. Rules: N-27, N-28, N-31.
 */
import { drawBelow } from '../../base/index.ts'
import type { Random } from '../../base/index.ts'
import type { PeerId } from '../port.ts'
import type { AddressTables, TableEntry } from './address-tables.ts'

/** A connection that we made. */
export interface OutboundPeer {
  readonly peer: PeerId
  /** Of the address that we dialled (`placeGroup`). */
  readonly group: string
  /** Elapsed ns when it was opened. */
  readonly sinceNs: bigint
  readonly score: number
}

export interface Choice {
  readonly elapsedNs: bigint
  /** Not these: connected, being dialled. */
  readonly taken: ReadonlySet<PeerId>
  /** Groups of our outbound peers, those being dialled too. */
  readonly groups: ReadonlySet<string>
}

/** A peer in a group where we have nobody; undefined where none may be dialled now. */
export const chooseOtherGroup = (random: Random, tables: AddressTables, choice: Choice): TableEntry | undefined =>
  drawEither(random, tables, choice, ({ peer, group }) => !choice.taken.has(peer) && !choice.groups.has(group))

/** As `chooseOtherGroup`; where there is none, anybody who is not taken. */
export const chooseOutbound = (random: Random, tables: AddressTables, choice: Choice): TableEntry | undefined =>
  chooseOtherGroup(random, tables, choice) ?? drawEither(random, tables, choice, ({ peer }) => !choice.taken.has(peer))

/** A peer that never answered us, for a short connection that finds out whether it does. */
export const chooseFeeler = (random: Random, tables: AddressTables, choice: Choice): TableEntry | undefined =>
  tables.draw(random, {
    table: 'fresh',
    elapsedNs: choice.elapsedNs,
    wanted: ({ peer }) => !choice.taken.has(peer),
  })

const drawEither = (
  random: Random,
  tables: AddressTables,
  { elapsedNs }: Choice,
  wanted: (entry: TableEntry) => boolean,
): TableEntry | undefined => {
  const [first, second] = drawBelow(random, 2) === 0 ? (['tried', 'fresh'] as const) : (['fresh', 'tried'] as const)
  return (
    tables.draw(random, { table: first, elapsedNs, wanted }) ??
    tables.draw(random, { table: second, elapsedNs, wanted })
  )
}

/** Those that share their group with an outbound peer that is older. */
export const duplicates = (outbound: readonly OutboundPeer[]): readonly OutboundPeer[] => {
  const seen = new Set<string>()
  return outbound.toSorted(byAge).filter(({ group }) => {
    const isSeen = seen.has(group)
    seen.add(group)
    return isSeen
  })
}

/**
 * Who goes when another has come: one whose group is there twice, or else the lowest score; of equals anybody. Were it the
 * youngest, whoever never leaves would gather all places in time, because honest peers leave.
 */
export const worstOf = (random: Random, outbound: readonly OutboundPeer[]): OutboundPeer | undefined => {
  const doubled = duplicates(outbound)
  const candidates = doubled.length > 0 ? doubled : outbound
  const lowest = Math.min(...candidates.map(({ score }) => score))
  const worst = candidates.filter(({ score }) => score === lowest)
  return worst.length === 0 ? undefined : worst[drawBelow(random, worst.length)]
}

/** The oldest outbound peers that stand well, one of a group: who is dialled first after a restart. */
export const chooseAnchors = (
  outbound: readonly OutboundPeer[],
  limits: { readonly count: number; readonly sinceNsMax: bigint; readonly scoreMin: number },
): readonly PeerId[] => {
  const doubled = new Set(duplicates(outbound))
  return outbound
    .filter((one) => !doubled.has(one) && one.score >= limits.scoreMin && one.sinceNs <= limits.sinceNsMax)
    .toSorted(byAge)
    .slice(0, limits.count)
    .map(({ peer }) => peer)
}

const byAge = (a: OutboundPeer, b: OutboundPeer): number =>
  a.sinceNs === b.sinceNs ? (a.peer < b.peer ? -1 : Number(a.peer > b.peer)) : a.sinceNs < b.sinceNs ? -1 : 1
