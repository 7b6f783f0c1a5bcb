/**
 * Running what a room handed in, and how many at once. A room's validator or handler is our own code: where the world fails
 * it (a `ChimerError`: the signer, the disk) the message is dropped without blame; anything else that it throws is a bug,
 * and a bug ends the process.
 */
import { ChimerError, ignore } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import type { PeerId } from './port.ts'
import type { NetworkReason } from './refusals.ts'

/** Requests of one protocol that are being answered: at most these in all, and from one peer. Above: `busy`. */
export const ANSWERING_MAX = 256
export const ANSWERING_PER_PEER_MAX = 32
/**
 * Once half of all are taken, so many of one peer: 64 peers, which is as many as have connections, then have their two each, however
 * slowly some of them ask.
 */
export const ANSWERING_CROWDED_PER_PEER_MAX = 2

/** When an answer is not wanted any more, and what that is called. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Asked once the signal has aborted. */
  readonly reason: () => NetworkReason
}

/** What the room says, or `handler-failed`; or the deadline's reason as soon as it is over. Never rejects. */
export const judge = <T>(run: () => Admission<T> | Promise<Admission<T>>, deadline?: Deadline): Promise<Admission<T>> =>
  deadline === undefined ? guarded(run) : Promise.race([guarded(run, deadline), over<T>(deadline)])

/** As `judge` without a deadline, and without a promise where the room says at once. Never throws, never rejects. */
export const judgeAtOnce = <T>(
  run: () => Admission<T> | Promise<Admission<T>>,
): Admission<T> | Promise<Admission<T>> => {
  try {
    const said = run()
    return said instanceof Promise ? said.catch(faultOf) : said
  } catch (error) {
    return faultOf(error)
  }
}

/** What a room's error means for the message. */
const faultOf = (error: unknown): Admission<never, NetworkReason> => {
  if (!(error instanceof ChimerError)) crash(error)
  return ignore('handler-failed')
}

const guarded = async <T>(
  run: () => Admission<T> | Promise<Admission<T>>,
  deadline?: Deadline,
): Promise<Admission<T>> => {
  try {
    return await run()
  } catch (error) {
    // A handler may stop by throwing once it was told to stop.
    if (deadline?.signal.aborted === true) return ignore(deadline.reason())
    return faultOf(error)
  }
}

const over = <T>({ signal, reason }: Deadline): Promise<Admission<T>> =>
  new Promise((resolve) => {
    const end = (): void => resolve(ignore(reason()))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })

/** Ends the process with a bug: thrown outside every promise chain and library, so that nothing swallows it. */
export const crash = (error: unknown): void =>
  queueMicrotask(() => {
    throw error
  })

/** Who is being answered. */
export class Answering {
  readonly #byPeer = new Map<PeerId, number>()
  #total = 0

  /** False, and nothing is counted, where there are too many. Every `true` needs one `end`. */
  begin(peer: PeerId): boolean {
    const ofPeer = this.#byPeer.get(peer) ?? 0
    const isCrowded = this.#total >= ANSWERING_MAX / 2
    if (this.#total >= ANSWERING_MAX) return false
    if (ofPeer >= (isCrowded ? ANSWERING_CROWDED_PER_PEER_MAX : ANSWERING_PER_PEER_MAX)) return false
    this.#byPeer.set(peer, ofPeer + 1)
    this.#total += 1
    return true
  }

  end(peer: PeerId): void {
    const ofPeer = this.#byPeer.get(peer) ?? 0
    if (ofPeer <= 1) this.#byPeer.delete(peer)
    else this.#byPeer.set(peer, ofPeer - 1)
    this.#total -= 1
  }
}
