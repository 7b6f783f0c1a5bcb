/**
 * A small NTP server for a devnet: one UDP port on loopback that serves the host clock, by the same desk as a node's server.
 * Rules: docs/spec/sources.md S-23, S-24.
 *
 * Does not promise that the host clock is right: it is a devnet's notion of truth, with the root dispersion that the
 * operator states.
 */
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { taiFromUnixNs } from '../clock/index.ts'
import { NtpDesk } from './ntp-desk.ts'
import type { NtpCounts } from './ntp-desk.ts'
import { measurePrecision } from './ntp-face.ts'
import type { NtpClock } from './ntp-face.ts'
import { openNtpSocket } from './ntp-socket.ts'
import { pairedReading } from './paired-reading.ts'
import { openBasis } from './time-basis.ts'
import type { BasisReading } from './time-basis.ts'

/** 127.127.1.0, the address by which NTP servers name an undisciplined local clock. */
export const LOCAL_CLOCK_REFERENCE_ID = 0x7f_7f_01_00

/** One step below a primary server: the host clock is somebody else's copy of the time. */
const STRATUM = 2

export interface NtpResponderOptions {
  /** UDP port, 0 for any free one. */
  readonly port: number
  /** A loopback address; 127.0.0.1 where not given. */
  readonly host?: string
  /** How far the host clock may be from true time by its operator's word, ns; 1 ms where not given. */
  readonly rootDispersionNs?: bigint
}

export interface NtpResponder extends AsyncDisposable {
  /** The port in use. */
  readonly port: number
  counts(): NtpCounts
}

/** Opens the port, or rejects with `TC_NTP_BIND` where it cannot be had. */
export const openNtpResponder = async (time: Time, options: NtpResponderOptions): Promise<NtpResponder> => {
  const { port, host = '127.0.0.1', rootDispersionNs = NS_PER_MS } = options
  const precision = measurePrecision(() => time.hostUnixNs())
  let clock: NtpClock = { basis: undefined, standing: standingAt(0n) }
  await using stack = new AsyncDisposableStack()
  stack.use(
    openBasis({
      time,
      read: (localNs) => hostReading(time, rootDispersionNs, localNs),
      onRefresh: (basis) => {
        clock = { basis, standing: standingAt((basis?.tai ?? 0n) - NS_PER_SEC) }
      },
    }),
  )
  const desk = new NtpDesk({ time, clock: () => clock, precision, rate: undefined })
  const socket = stack.use(await openNtpSocket({ desk, host, port }))
  const opened = stack.move()
  return { port: socket.port, counts: () => desk.counts(), [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** The host clock at a counter reading near now. It runs with its counter, but for steps, which the next reading shows. */
const hostReading = (time: Time, statedNs: bigint, localNs: bigint): BasisReading => {
  const { localNs: pairedNs, otherNs, boundNs: apartNs } = pairedReading(time, () => time.hostUnixNs())
  const estimate = taiFromUnixNs(otherNs) + (localNs - pairedNs)
  const boundNs = statedNs + apartNs
  const interval = { earliest: estimate - boundNs, latest: estimate + boundNs }
  return { localNs, estimate, ...interval, status: 'synchronised', frequencyPpb: 0 }
}

const standingAt = (referenceTai: bigint): NtpClock['standing'] => ({
  stratum: STRATUM,
  referenceId: LOCAL_CLOCK_REFERENCE_ID,
  rootDelayNs: 0n,
  referenceTai,
  announced: 'none',
})
