/**
 * Whom to connect to, and whom to give up: the choices that keep a node from being surrounded, as pure functions over the
 * tables. Choices come from `tried`, and from `fresh` where that is thin, each to a group where we have nobody, as long as
 * there is such a peer. What `fresh` holds is what neighbours say: were it drawn from, hostile neighbours would choose the next.
 *
 * Source: Heilman et al. 2015 §7; Bitcoin Core's outbound connections for the order. Rules: N-27, N-28, N-31.
 */
import { NS_PER_HOUR, drawBelow } from '../../base/index.ts'
import type { Random } from '../../base/index.ts'
import type { PeerId } from '../port.ts'
import type { AddressTables, TableEntry } from './address-tables.ts'

/** With so many tried peers, choices are from them alone. */
const TRIED_ENOUGH = 64

/** Who answered within this time needs no feeler. */
const ANSWERED_LATELY_NS = NS_PER_HOUR

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

/**
 * A peer in a group where we have nobody; undefined where none may be dialled now. From `tried`, where what others say of a peer
 * counts for nothing; from `fresh` where `tried` has nobody, or, half of the times, is still thin.
 */
export const chooseOtherGroup = (random: Random, tables: AddressTables, choice: Choice): TableEntry | undefined =>
  drawEither(random, tables, choice, ({ peer, group }) => !choice.taken.has(peer) && !choice.groups.has(group))

/** As `chooseOtherGroup`; where there is none, anybody who is not taken. */
export const chooseOutbound = (random: Random, tables: AddressTables, choice: Choice): TableEntry | undefined =>
  chooseOtherGroup(random, tables, choice) ?? drawEither(random, tables, choice, ({ peer }) => !choice.taken.has(peer))

/** A peer of a host that never answered us, or not lately, for a short connection that finds out whether it does. */
export const chooseFeeler = (random: Random, tables: AddressTables, choice: Choice): TableEntry | undefined =>
  tables.draw(random, {
    table: 'fresh',
    elapsedNs: choice.elapsedNs,
    wanted: ({ peer, answeredNs }) =>
      !choice.taken.has(peer) && (answeredNs === undefined || choice.elapsedNs - answeredNs >= ANSWERED_LATELY_NS),
    unprovedOnly: true,
  })

const drawEither = (
  random: Random,
  tables: AddressTables,
  { elapsedNs }: Choice,
  wanted: (entry: TableEntry) => boolean,
): TableEntry | undefined => {
  const isThin = tables.triedSize < TRIED_ENOUGH
  const [first, second] =
    isThin && drawBelow(random, 2) === 0 ? (['fresh', 'tried'] as const) : (['tried', 'fresh'] as const)
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
 * Who goes when another has come: one whose group is there twice, or else the lowest score; of equals the oldest. Honest
 * peers leave by themselves; so whoever never does must not keep its place for as long as it likes.
 */
export const worstOf = (outbound: readonly OutboundPeer[]): OutboundPeer | undefined => {
  const doubled = duplicates(outbound)
  const candidates = doubled.length > 0 ? doubled : outbound
  const lowest = Math.min(...candidates.map(({ score }) => score))
  const worst = candidates.filter(({ score }) => score === lowest)
  return worst.toSorted(byAge)[0]
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
