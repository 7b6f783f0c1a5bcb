/**
 * Committees of the docket, each drawn once: a set of members who may witness, and what was drawn from it. Immutable but for
 * what it remembers, so that all states of the chain in which the same members may witness share one.
 *
 * Rules V-5 and P-17.
 */
import { BoundedMap } from '../base/index.ts'
import { CommitteeDraw } from '../proofs/index.ts'
import type { CommitteeSeat, Member } from '../proofs/index.ts'

/** Committees remembered: those of a few dozen slots of a hundred members. */
const KNOWN_MAX = 4096

export class DocketDraw {
  /** Who may be drawn: those of them with weight. */
  readonly members: readonly Member[]
  readonly #known = new BoundedMap<string, readonly Member[]>(KNOWN_MAX)
  #draw: CommitteeDraw | undefined
  /** Asked for last: attestations of one proof come together. */
  #newest: { readonly seat: CommitteeSeat; readonly drawn: readonly Member[] } | undefined

  constructor(members: readonly Member[]) {
    this.members = members
  }

  /** The witnesses of one node in one slot, best first. */
  committeeOf(seat: CommitteeSeat): readonly Member[] {
    if (this.#newest !== undefined && isSameSeat(this.#newest.seat, seat)) return this.#newest.drawn
    const drawn = this.#drawnOf(seat)
    this.#newest = { seat, drawn }
    return drawn
  }

  #drawnOf(seat: CommitteeSeat): readonly Member[] {
    const key = `${seat.slot} ${seat.seats} ${seat.subject}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const drawn = (this.#draw ??= new CommitteeDraw(this.members)).committeeOf(seat)
    this.#known.set(key, drawn)
    return drawn
  }

  /** Would these members, in this order, be drawn alike? */
  isOf(members: readonly Member[]): boolean {
    if (members === this.members) return true
    if (members.length !== this.members.length) return false
    return members.every(({ id, weight }, i) => id === this.members[i]?.id && weight === this.members[i].weight)
  }
}

const isSameSeat = (a: CommitteeSeat, b: CommitteeSeat): boolean =>
  a.slot === b.slot && a.seats === b.seats && a.subject === b.subject
