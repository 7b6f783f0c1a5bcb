/**
 * Everything by which a node gives the time back, opened together as its configuration says and closed in the reverse order. All
 * of them answer from one basis (time-basis.ts), refreshed eight times a second and whenever the clock says that it changed.
 *
 * Each kind of server is opened by a function of `OPENERS`; one that is not set in the configuration opens nothing.
 */
import { networkInterfaces } from 'node:os'
import type { Random, Time } from '../base/index.ts'
import type { SourceReport } from '../clock/index.ts'
import { splitHostPort } from '../node/index.ts'
import type { Config } from '../node/index.ts'
import type { NtpCounts } from './ntp-desk.ts'
import type { NtpClock } from './ntp-face.ts'
import { openNtpServer } from './ntp-server.ts'
import { NO_STANDING, referenceIdOf, standingOf } from './ntp-standing.ts'
import { makeNtsService } from './nts-service.ts'
import type { KeyEstablishment } from './nts-service.ts'
import { openRefclock } from './refclock-feed.ts'
import { openLongTermKey } from './roughtime-keys.ts'
import { openRoughtimeServer } from './roughtime-server.ts'
import { openBasis } from './time-basis.ts'
import type { BasisReading, BasisSource, TimeBasis } from './time-basis.ts'

/** What one server has done, for /metrics and people. */
export interface TimeServerCounts {
  readonly answered: number
  readonly refused: ReadonlyMap<string, number>
}

export interface TimeServer extends AsyncDisposable {
  /** `ntp`, `nts`, `roughtime` or `refclock`. */
  readonly name: string
  /** `HOST:PORT` in use (and for Roughtime the public key), or the path of a socket. */
  readonly address: string
  counts(): TimeServerCounts
}

/** What every opener gets. */
export interface ServerParts {
  readonly time: Time
  readonly random: Random
  readonly serve: Config['serve']
  /** The node's data directory. */
  readonly directory: string
  readonly basis: BasisSource
  /** The clock as NTP shows it, now. */
  readonly clock: () => NtpClock
  /** Calls `listener` with the clock at every refresh. */
  readonly onClock: (listener: (clock: NtpClock) => void) => void
  /** Is the counter the machine's own? Other threads can only read that one. */
  readonly hasMachineCounter: boolean
  /** Tells the operator, once a change. */
  readonly tell: (trouble: { readonly code: string; readonly message: string }) => void
}

export interface TimeServersOptions extends Pick<
  ServerParts,
  'time' | 'random' | 'serve' | 'directory' | 'hasMachineCounter' | 'tell'
> {
  /** The node's clock at a counter reading. */
  readonly read: (localNs: bigint) => BasisReading | undefined
  readonly reports: () => readonly SourceReport[]
}

export interface TimeServers extends AsyncDisposable {
  readonly servers: readonly TimeServer[]
  /** The clock has changed: serve it as it is now. */
  refresh(): void
}

type Opener = (parts: ServerParts) => Promise<readonly TimeServer[]>

/** The address of a server as people write it. */
export const addressText = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

const openNtp: Opener = async (parts) => {
  const { time, serve, clock, onClock, hasMachineCounter, tell } = parts
  if (serve.ntp === null) return []
  const workers = hasMachineCounter ? serve.ntpWorkers : 0
  if (workers < serve.ntpWorkers)
    tell({
      code: 'TC_NTP_WORKERS',
      message: 'a simulated oscillator has one thread: NTP is answered by the node’s own',
    })
  const nts = makeNtsService(parts)
  const server = await openNtpServer({
    time,
    clock: clock(),
    ratePerSec: serve.ntpRate,
    workers,
    ...splitHostPort(serve.ntp),
    ...(nts === undefined ? {} : { onExtended: nts.onExtended }),
  })
  onClock((next) => server.show(next))
  const counts = (): TimeServerCounts => ntpCounts(server.counts())
  const ntp = {
    name: 'ntp',
    address: addressText(server),
    counts,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
  return nts === undefined ? [ntp] : withKeys(ntp, () => nts.openKeys(server.port))
}

/** NTS keys are for one NTP server: where their port cannot be had, that one is closed again. */
const withKeys = async (ntp: TimeServer, openKeys: () => Promise<KeyEstablishment>): Promise<readonly TimeServer[]> => {
  try {
    const keys = await openKeys()
    const close = (): PromiseLike<void> => keys[Symbol.asyncDispose]()
    return [ntp, { name: 'nts', address: addressText(keys), counts: () => keys.counts(), [Symbol.asyncDispose]: close }]
  } catch (error) {
    await ntp[Symbol.asyncDispose]()
    throw error
  }
}

/** Kisses are refusals and are counted as such already. */
const ntpCounts = ({ answered, dropped }: NtpCounts): TimeServerCounts => ({ answered, refused: dropped })

const openRefclockFeed: Opener = async ({ serve, basis, time, tell }) =>
  serve.refclockSock === null ? [] : [await openRefclock({ path: serve.refclockSock, basis, time, tell })]

/** Its address ends with the public key: as it stands it is what a client is configured with. */
const openRoughtime: Opener = async ({ time, random, serve, basis, directory }) => {
  if (serve.roughtime === null) return []
  const listen = splitHostPort(serve.roughtime)
  const longTerm = await openLongTermKey(random, directory)
  const server = await openRoughtimeServer({ time, random, basis, longTerm, listen })
  const address = `${addressText({ host: listen.host, port: server.port })} ${server.publicKey}`
  const counts = (): TimeServerCounts => {
    const { answered, dropped } = server.counts()
    return { answered, refused: dropped }
  }
  return [{ name: 'roughtime', address, counts, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }]
}

const OPENERS: readonly Opener[] = [openNtp, openRoughtime, openRefclockFeed]

/** Ids by which others would name this machine's addresses. */
const ownReferenceIds = (): readonly number[] =>
  Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.filter(({ internal }) => !internal).map(({ address }) => referenceIdOf(address, address)),
  )

/** Keeps the standing beside the basis, and tells whoever shows it. */
class ShownClock {
  readonly #reports: TimeServersOptions['reports']
  readonly #ownIds = ownReferenceIds()
  readonly #listeners: ((clock: NtpClock) => void)[] = []
  clock: NtpClock = { basis: undefined, standing: NO_STANDING }

  constructor(reports: TimeServersOptions['reports']) {
    this.#reports = reports
  }

  listen(listener: (clock: NtpClock) => void): void {
    this.#listeners.push(listener)
  }

  show(basis: TimeBasis | undefined): void {
    this.clock = { basis, standing: this.#standing(basis) }
    for (const listener of this.#listeners) listener(this.clock)
  }

  #standing(basis: TimeBasis | undefined): NtpClock['standing'] {
    if (basis === undefined) return NO_STANDING
    const reading = { estimate: basis.tai, localNs: basis.localNs }
    return standingOf({ reports: this.#reports(), reading, ownIds: this.#ownIds, before: this.clock.standing })
  }
}

/** Opens what is set; rejects with the code of the first that cannot be, and the others are closed again. */
export const openTimeServers = async (options: TimeServersOptions): Promise<TimeServers> => {
  const { time, random, serve, directory, read, reports, hasMachineCounter, tell } = options
  await using stack = new AsyncDisposableStack()
  const isServing = serve.ntp !== null || serve.roughtime !== null || serve.refclockSock !== null
  if (!isServing) return { servers: [], refresh: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() }
  const shown = new ShownClock(reports)
  const basis = stack.use(openBasis({ time, read, onRefresh: (now) => shown.show(now) }))
  const onClock: ServerParts['onClock'] = (listener) => shown.listen(listener)
  const parts = { time, random, serve, directory, basis, clock: () => shown.clock, onClock, hasMachineCounter, tell }
  const servers: TimeServer[] = []
  for (const open of OPENERS) for (const server of await open(parts)) servers.push(stack.use(server))
  const opened = stack.move()
  return { servers, refresh: () => basis.refresh(), [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
