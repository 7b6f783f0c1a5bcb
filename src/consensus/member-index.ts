/**
 * Finds a member by id or key without writing keys as text each time: made once for a list of members, and handed on to the
 * lists that later states make of the same members.
 */
import { equalBytes } from '../base/index.ts'
import type { ChainMember } from './chain-state.ts'

interface MemberIndex {
  readonly byId: ReadonlyMap<string, number>
  /** Places by the first bytes of the key: nearly always one. */
  readonly byStart: ReadonlyMap<number, readonly number[]>
}

const indexes = new WeakMap<readonly ChainMember[], MemberIndex>()

/** The first six bytes of a key as a number. */
const startOf = (key: Uint8Array): number => {
  let start = 0
  for (let i = 0; i < 6; i += 1) start = start * 256 + (key[i] ?? 0)
  return start
}

const indexOf = (members: readonly ChainMember[]): MemberIndex => {
  const known = indexes.get(members)
  if (known !== undefined) return known
  const byStart = new Map<number, number[]>()
  for (const [place, { key }] of members.entries()) {
    const start = startOf(key)
    byStart.set(start, [...(byStart.get(start) ?? []), place])
  }
  const made = { byId: new Map(members.map(({ id }, place) => [id, place])), byStart }
  indexes.set(members, made)
  return made
}

/** The place of a node id among members. */
export const placeOfId = (members: readonly ChainMember[], id: string): number | undefined =>
  indexOf(members).byId.get(id)

/** The place of a key among members; any bytes. */
export const placeOfKey = (members: readonly ChainMember[], key: Uint8Array): number | undefined =>
  indexOf(members)
    .byStart.get(startOf(key))
    ?.find((place) => {
      const member = members[place]
      return member !== undefined && equalBytes(member.key, key)
    })

/** Whose key this is, among these. */
export const memberOfKey = (members: readonly ChainMember[], key: Uint8Array): ChainMember | undefined => {
  const place = placeOfKey(members, key)
  return place === undefined ? undefined : members[place]
}

/** `to` lists the same members in the same order as `from`. */
export const shareIndex = (from: readonly ChainMember[], to: readonly ChainMember[]): void => {
  indexes.set(to, indexOf(from))
}

/** Rising byte by byte: below 0, 0 or above. Keys are of one length. */
export const compareKeys = (a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < a.length; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** In the order of their keys. */
export const inKeyOrder = (members: readonly ChainMember[]): readonly ChainMember[] =>
  members.toSorted((a, b) => compareKeys(a.key, b.key))
