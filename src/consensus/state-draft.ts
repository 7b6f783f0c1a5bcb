/**
 * A state that is being made from another one: the only place where members, docket and punishments are written on, each a copy
 * of its own. What was not touched is handed on as it was, so that it need not be encoded again.
 */
import type { Docket } from '../validation/index.ts'
import { newDocket, voicesOf } from './chain-state.ts'
import type { ChainGenesis, ChainMember, ChainState } from './chain-state.ts'
import { inKeyOrder, placeOfId, placeOfKey, shareIndex } from './member-index.ts'

export class StateDraft {
  readonly genesis: ChainGenesis
  readonly docket: Docket
  #members: readonly ChainMember[]
  /** Copied from `#members` at the first change of one. */
  #changed: ChainMember[] | undefined
  #punished: ReadonlyMap<string, number>

  /** @param slot where the state has no docket yet: the last slot that counts as closed. */
  constructor(state: ChainState, slot: number) {
    this.genesis = state.genesis
    this.#members = state.members
    this.#punished = state.punished
    this.docket = state.docket?.fork() ?? newDocket(state.genesis, state.members, slot + 1)
  }

  /** In the order of their keys. */
  get members(): readonly ChainMember[] {
    if (this.#changed === undefined) return this.#members
    shareIndex(this.#members, this.#changed)
    this.#members = this.#changed
    this.#changed = undefined
    return this.#members
  }

  /** Offences that were punished, by key, and at which height. */
  get punished(): ReadonlyMap<string, number> {
    return this.#punished
  }

  memberOfKey(key: Uint8Array): ChainMember | undefined {
    return this.#at(placeOfKey(this.#members, key))
  }

  memberOf(id: string): ChainMember | undefined {
    return this.#at(placeOfId(this.#members, id))
  }

  #at(place: number | undefined): ChainMember | undefined {
    return place === undefined ? undefined : (this.#changed ?? this.#members)[place]
  }

  /** In the place of the member with this id, which must be one. */
  setMember(member: ChainMember): void {
    const place = placeOfId(this.#members, member.id)
    if (place === undefined) return
    this.#changed ??= [...this.#members]
    this.#changed[place] = member
  }

  /** Other members, or the same with other weights. Order does not matter; keys differ. */
  replaceMembers(members: readonly ChainMember[]): void {
    this.#changed = undefined
    this.#members = inKeyOrder(members)
    this.docket.replaceMembers(voicesOf(this.#members))
  }

  replacePunished(punished: ReadonlyMap<string, number>): void {
    this.#punished = punished
  }
}
