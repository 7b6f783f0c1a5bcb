/**
 * Transactions that wait for a block. Bounded in count, in bytes and for each author; when it is full, whoever has most in it makes room, so that
 * nobody keeps the others out. Strangers, of whom anybody can make as many as they like, share a small part of it.
 *
 * What is handed out goes round the authors, each in the order of its sequence: the same pool gives the same order. Whether a transaction
 * has an effect is decided when its block is applied (actions.ts); here is kept what may still have one.
 *
 * Rules B-83, B-84 in docs/spec/consensus.md. Not promised: that a transaction which was admitted is ever in a block.
 */
import type { Admission, TimeInterval } from '../base/index.ts'
import { NS_PER_SEC, accept, hexOf, ignore } from '../base/index.ts'
import type { Block } from './block.ts'
import { statusOf } from './chain-state.ts'
import type { ChainMember, ChainState } from './chain-state.ts'
import { LIST_ITEM_BYTES, joinFault } from './joining.ts'
import { memberOfKey } from './member-index.ts'
import type { BlockTime } from './tally.ts'
import type { SealedTransaction } from './transaction.ts'

export const MEMPOOL_TRANSACTIONS_MAX = 16_384
/** All transactions of a full pool together, bytes. */
export const MEMPOOL_BYTES_MAX = 4_194_304
/** Transactions of authors who are no members: they can only join. */
export const MEMPOOL_STRANGERS_MAX = 256
/** An action may say that it is this much later than what this node's clock reads, ns; later ones must be sent again when their time comes. */
export const ACTION_AHEAD_NS_MAX = 60n * NS_PER_SEC

/** Why a transaction is not kept: none is a fault of whoever passed it on. */
export const MEMPOOL_REASONS = [
  'transaction-known',
  'sequence-used',
  'sequence-waiting',
  'author-unknown',
  'author-unproven',
  'author-falseticker',
  'author-absent',
  'already-member',
  'already-leaving',
  'candidates-full',
  'members-full',
  'time-before-block',
  'time-after-block',
  'mempool-full',
] as const
export type MempoolReason = (typeof MEMPOOL_REASONS)[number]

/** One author's, by rising sequence. */
interface Queue {
  readonly key: Uint8Array
  readonly transactions: SealedTransaction[]
}

export interface MempoolRoom {
  readonly bytesMax: number
  readonly countMax: number
}

export class Mempool {
  /** By content address. */
  readonly #all = new Map<string, SealedTransaction>()
  /** By author's key as text, in the order in which they came. */
  readonly #authors = new Map<string, Queue>()
  #bytes = 0

  get size(): number {
    return this.#all.size
  }

  /** Is this content address one of a transaction that is kept, and so was verified? */
  has(key: string): boolean {
    return this.#all.has(key)
  }

  /** Would it be kept? `now`: what this node's clock reads, if it has the time. */
  admits(sealed: SealedTransaction, state: ChainState, now: TimeInterval | undefined): Admission<null, MempoolReason> {
    const reason = this.#fault(sealed, state) ?? timeFault(sealed, state, now)
    return reason === undefined ? accept(null) : ignore(reason)
  }

  #fault(sealed: SealedTransaction, state: ChainState): MempoolReason | undefined {
    const { key, transaction, bytes } = sealed
    const isPending = state.pending?.body.transactions.some((one) => one.key === key) ?? false
    if (isPending || this.#all.has(key)) return 'transaction-known'
    const reason = effectFault(sealed, state)
    if (reason !== undefined) return reason
    const queue = this.#authors.get(hexOf(transaction.author))
    const place = placeOf(queue?.transactions ?? [], transaction.sequence)
    if (queue?.transactions[place]?.transaction.sequence === transaction.sequence) return 'sequence-waiting'
    const isStranger = memberOfKey(state.members, transaction.author) === undefined
    if (isStranger && this.#strangers(state) >= MEMPOOL_STRANGERS_MAX) return 'mempool-full'
    if (this.#hasRoom(bytes.length)) return undefined
    const own = queue?.transactions.length ?? 0
    return (this.#longest()?.transactions.length ?? 0) > own + 1 ? undefined : 'mempool-full'
  }

  /** Transactions of strangers. */
  #strangers(state: ChainState): number {
    let count = 0
    for (const { key, transactions } of this.#authors.values())
      if (memberOfKey(state.members, key) === undefined) count += transactions.length
    return count
  }

  #hasRoom(bytes: number): boolean {
    return this.#all.size < MEMPOOL_TRANSACTIONS_MAX && this.#bytes + bytes <= MEMPOOL_BYTES_MAX
  }

  #longest(): Queue | undefined {
    let longest: Queue | undefined
    for (const queue of this.#authors.values())
      if (queue.transactions.length > (longest?.transactions.length ?? 0)) longest = queue
    return longest
  }

  /** Keeps it, if it may be kept. Of whoever has most, the latest make room. */
  add(sealed: SealedTransaction, state: ChainState, now: TimeInterval | undefined): Admission<null, MempoolReason> {
    const admitted = this.admits(sealed, state, now)
    if (admitted.verdict !== 'accept') return admitted
    while (!this.#hasRoom(sealed.bytes.length)) {
      const last = this.#longest()?.transactions.at(-1)
      if (last === undefined) return ignore('mempool-full')
      this.#remove(last)
    }
    const { transaction, key, bytes } = sealed
    const author = hexOf(transaction.author)
    const queue = this.#authors.get(author) ?? { key: transaction.author, transactions: [] }
    this.#authors.set(author, queue)
    queue.transactions.splice(placeOf(queue.transactions, transaction.sequence), 0, sealed)
    this.#all.set(key, sealed)
    this.#bytes += bytes.length
    return admitted
  }

  #remove(sealed: SealedTransaction): void {
    const { transaction, key, bytes } = sealed
    if (!this.#all.delete(key)) return
    this.#bytes -= bytes.length
    const author = hexOf(transaction.author)
    const queue = this.#authors.get(author)
    if (queue === undefined) return
    queue.transactions.splice(placeOf(queue.transactions, transaction.sequence), 1)
    if (queue.transactions.length === 0) this.#authors.delete(author)
  }

  /** A block was decided, and `state` is the one after it: what is in it goes, and what cannot have an effect any more. */
  settle(block: Block, state: ChainState): void {
    if (this.#all.size === 0) return
    for (const { key } of block.body.transactions) {
      const known = this.#all.get(key)
      if (known !== undefined) this.#remove(known)
    }
    for (const sealed of this.#all.values()) if (isOver(sealed, state)) this.#remove(sealed)
  }

  /**
   * For the block after `state`, whose parent's time is `parentTime`: what may have an effect in it, as far as there is room. `now` tells what
   * is for a later block.
   */
  take(
    state: ChainState,
    {
      parentTime,
      now,
      room,
    }: { readonly parentTime: BlockTime; readonly now: TimeInterval | undefined; readonly room: MempoolRoom },
  ): readonly SealedTransaction[] {
    const isDue = (sealed: SealedTransaction): boolean => {
      const { acted } = sealed.transaction
      const isEarly = now !== undefined && acted.earliest > now.latest
      return !isEarly && acted.latest >= parentTime.earliest && effectFault(sealed, state) === undefined
    }
    return dealt(
      [...this.#authors.values()].map((queue) => queue.transactions),
      isDue,
      room,
    )
  }
}

/** Where a sequence stands, or would stand, among rising ones. */
const placeOf = (transactions: readonly SealedTransaction[], sequence: number): number => {
  let [low, high] = [0, transactions.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((transactions[middle]?.transaction.sequence ?? sequence) < sequence) low = middle + 1
    else high = middle
  }
  return low
}

/** One of each in turn, of those that are due, until there is no room. */
const dealt = (
  queues: readonly (readonly SealedTransaction[])[],
  isDue: (sealed: SealedTransaction) => boolean,
  { bytesMax, countMax }: MempoolRoom,
): readonly SealedTransaction[] => {
  const taken: SealedTransaction[] = []
  let bytes = 0
  let turns = queues.map((queue) => queue.values().filter(isDue))
  while (turns.length > 0)
    turns = turns.filter((turn) => {
      const { value: sealed } = turn.next()
      if (sealed === undefined || taken.length === countMax) return false
      bytes += sealed.bytes.length + LIST_ITEM_BYTES
      if (bytes > bytesMax) return false
      taken.push(sealed)
      return true
    })
  return taken
}

/** Why it would have no effect, as far as the state can tell before its block has a time. */
const effectFault = ({ transaction }: SealedTransaction, state: ChainState): MempoolReason | undefined => {
  const { author, kind, sequence } = transaction
  const member = memberOfKey(state.members, author)
  if (member === undefined) return kind === 'join' ? joinFault(state.members, state.genesis) : 'author-unknown'
  if (sequence <= member.sequence) return 'sequence-used'
  if (kind === 'join') return 'already-member'
  if (kind === 'leave' && member.role === 'leaving') return 'already-leaving'
  return statusFault(state, member)
}

const statusFault = (state: ChainState, { id }: ChainMember): MempoolReason | undefined => {
  const { status } = statusOf(state, id)
  return status === 'truechimer' ? undefined : `author-${status}`
}

const timeFault = (
  { transaction }: SealedTransaction,
  state: ChainState,
  now: TimeInterval | undefined,
): MempoolReason | undefined => {
  const { acted } = transaction
  if (acted.latest < state.time.earliest) return 'time-before-block'
  return now !== undefined && acted.earliest > now.latest + ACTION_AHEAD_NS_MAX ? 'time-after-block' : undefined
}

/** Its time has gone by, or its sequence was used: it never has an effect. */
const isOver = ({ transaction }: SealedTransaction, state: ChainState): boolean => {
  const member = memberOfKey(state.members, transaction.author)
  if (transaction.acted.latest < state.time.earliest) return true
  return member === undefined ? transaction.kind !== 'join' : transaction.sequence <= member.sequence
}
