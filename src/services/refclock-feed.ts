/**
 * Tells a local chronyd the node's time through its `refclock SOCK`, once a second while the clock is synchronised or in holdover.
 * Rules: docs/spec/sources.md S-80 to S-82.
 *
 * chronyd makes the socket when it starts; until then, and while it is away, samples are lost, which is counted and told once.
 * Does not promise that chronyd believes them: it has its own selection. The node's bound has no field in a sample; give
 * it in chrony's configuration (`delay`, `precision`).
 */
import type { Cancel, Time } from '../base/index.ts'
import { NS_PER_SEC } from '../base/index.ts'
import { unixFromTai } from '../clock/index.ts'
import { leapAt } from './ntp-standing.ts'
import { pairedReading } from './paired-reading.ts'
import { encodeRefclockSample } from './refclock-sample.ts'
import { ERRNO_NAMES, openRefclockSocket } from './refclock-socket.ts'
import type { RefclockSocket } from './refclock-socket.ts'
import { isFresh, spanAt } from './time-basis.ts'
import type { BasisSource } from './time-basis.ts'
import type { TimeServer } from './time-servers.ts'

const REFCLOCK_INTERVAL_NS = NS_PER_SEC

/** Why a sample did not reach chronyd. */
export const REFCLOCK_REASONS = ['refclock-not-sent', 'refclock-no-time'] as const
export type RefclockReason = (typeof REFCLOCK_REASONS)[number]

export interface RefclockOptions {
  readonly time: Time
  readonly basis: BasisSource
  /** Absolute path, at most 107 bytes. */
  readonly path: string
  readonly tell: (trouble: { readonly code: string; readonly message: string }) => void
  /** For tests; the real one where not given. */
  readonly open?: (path: string) => Promise<RefclockSocket>
}

class RefclockFeed implements TimeServer {
  readonly name = 'refclock'
  readonly address: string
  readonly #options: RefclockOptions
  readonly #socket: RefclockSocket
  readonly #refused = new Map<RefclockReason, number>()
  #sent = 0
  #errno: number | undefined
  #cancel: Cancel = () => {}

  constructor(options: RefclockOptions, socket: RefclockSocket) {
    this.address = options.path
    this.#options = options
    this.#socket = socket
    this.#tick()
  }

  counts(): ReturnType<TimeServer['counts']> {
    return { answered: this.#sent, refused: new Map(this.#refused) }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#cancel()
    this.#socket[Symbol.dispose]()
    return Promise.resolve()
  }

  #tick(): void {
    this.#send()
    this.#cancel = this.#options.time.schedule(REFCLOCK_INTERVAL_NS, () => this.#tick())
  }

  #send(): void {
    const basis = this.#options.basis.basis()
    const { localNs, otherNs: hostUnixNs } = pairedReading(this.#options.time, () => this.#socket.systemUnixNs())
    const isGood = basis?.status === 'synchronised' || basis?.status === 'holdover'
    if (basis === undefined || !isGood || !isFresh(basis, localNs)) return this.#count('refclock-no-time')
    const { tai } = spanAt(basis, localNs)
    const offsetNs = unixFromTai(tai).unixNs - hostUnixNs
    const leap = leapAt(tai, 'none')
    const errno = this.#socket.send(encodeRefclockSample({ hostUnixNs, offsetNs, leap: leap === 3 ? 0 : leap }))
    if (errno === undefined) this.#sent += 1
    else this.#count('refclock-not-sent')
    this.#noteChange(errno)
  }

  #count(reason: RefclockReason): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
  }

  #noteChange(errno: number | undefined): void {
    if (errno === this.#errno) return
    this.#errno = errno
    if (errno === undefined) return
    const why = ERRNO_NAMES[errno] ?? `error ${errno}`
    const message = `chronyd is not told the time: ${this.address}: ${why}; it is tried again every second`
    this.#options.tell({ code: 'TC_REFCLOCK_SEND', message })
  }
}

/** Opens the feed. Rejects with `TC_REFCLOCK_PLATFORM` where this machine cannot have one. */
export const openRefclock = async (options: RefclockOptions): Promise<TimeServer> => {
  const { open = openRefclockSocket, path } = options
  return new RefclockFeed(options, await open(path))
}
