/**
 * A source of time from gpsd over TCP. It speaks unasked; measurements and refusals reach the listener at most once an
 * interval (clock/gpsd-pace.ts). A lost connection is made again after a pause that doubles, with chance in it, so that
 * many nodes do not return to one gpsd together.
 * Source: gpsd_json(5). Rules: docs/spec/sources.md S-10 to S-21 and "GPS: how far to believe it".
 *
 * Does not promise that the signal is genuine, only that it was judged (clock/gps-guard.ts), at every report, whatever the
 * interval. Nothing of position passes the parser (clock/gpsd-protocol.ts).
 */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { BoundedMap, drawUnit, min, NS_PER_SEC } from '../../base/index.ts'
import type { Cancel, Random, Time } from '../../base/index.ts'
import { GPSD_LINE_BYTES_MAX, GpsdLines } from '../gpsd-lines.ts'
import { GPS_DETECTOR_OPTIONS } from '../gps-detector.ts'
import { GPS_GUARD_STATE, gpsGuard, gpsGuardLost } from '../gps-guard.ts'
import type { GpsGuardState } from '../gps-guard.ts'
import type { ClockKnowledge } from '../gps-knowledge.ts'
import { GPS_LIMITS } from '../gpsd-measurement.ts'
import type { GpsArrival, GpsLimits, GpsSample } from '../gpsd-measurement.ts'
import { GPSD_PACE, paceAsked, paceMeasurement, paceRefusal } from '../gpsd-pace.ts'
import { GPSD_PORT, GPSD_WATCH, parseGpsdLine } from '../gpsd-protocol.ts'
import type { GpsdMessage } from '../gpsd-protocol.ts'
import type { Measurement, Source, SourceEvent, Suspicion } from '../port.ts'

/** Why gpsd tells nothing. */
export const GPSD_UNREACHABLE_REASONS = [
  'gpsd-no-connection',
  'gpsd-closed',
  'gpsd-silent',
  'gpsd-flood',
  'gpsd-wrong-version',
] as const
export type GpsdUnreachableReason = (typeof GPSD_UNREACHABLE_REASONS)[number]

export interface GpsdSourceOptions {
  readonly id: string
  readonly host?: string
  readonly port?: number
  /** One receiver of several, by gpsd's path; all of them where not given. */
  readonly device?: string
  /** At most one measurement in this long, ns, but for one that a poll brings forward; 16 s where not given. */
  readonly intervalNs?: bigint
  /** Longest line, bytes. */
  readonly lineBytesMax?: number
  /** A connection on which no whole line comes for this long is dropped, ns. */
  readonly silenceNsMax?: bigint
  /** First pause before connecting again, ns; doubles up to the second. */
  readonly pauseNsMin?: bigint
  readonly pauseNsMax?: bigint
  readonly limits?: GpsLimits
  /** What the clock knows at a local instant without this source; it is asked at each report. Nothing is known where not given. */
  readonly knownAt?: (localNs: bigint) => ClockKnowledge | undefined
}

/** Receivers that are told apart. */
const GPSD_DEVICES_MAX = 8
/** Bytes a second that a gpsd with many receivers may send; above it the connection is dropped. */
const GPSD_BYTES_PER_SEC_MAX = 4_194_304
/** Lines a second, as above: many short lines cost more to judge than their bytes say. Eight receivers at 25 Hz send 800. */
export const GPSD_LINES_PER_SEC_MAX = 1024
const LINE_BYTES_LEAST = GPSD_BYTES_PER_SEC_MAX / GPSD_LINES_PER_SEC_MAX
const GPSD_INTERVAL_NS = 16n * NS_PER_SEC

type Listener = (event: SourceEvent) => void
type Settings = Required<Omit<GpsdSourceOptions, 'device'>> & { readonly device: string | undefined }

const settingsOf = (options: GpsdSourceOptions): Settings => ({
  host: '127.0.0.1',
  port: GPSD_PORT,
  intervalNs: GPSD_INTERVAL_NS,
  lineBytesMax: GPSD_LINE_BYTES_MAX,
  silenceNsMax: 60n * NS_PER_SEC,
  pauseNsMin: NS_PER_SEC,
  pauseNsMax: 64n * NS_PER_SEC,
  limits: GPS_LIMITS,
  knownAt: () => undefined,
  device: undefined,
  ...options,
})

/** One connection's bookkeeping; a new one for each. */
interface Connection {
  readonly socket: Socket
  readonly lines: GpsdLines
  cancelSilence: Cancel
  budgetSinceNs: bigint
  budgetBytes: number
}

class GpsdSource implements Source {
  readonly id: string
  readonly kind = 'gps'
  readonly #time: Time
  readonly #random: Random
  readonly #settings: Settings
  readonly #states = new BoundedMap<string, GpsGuardState>(GPSD_DEVICES_MAX)
  #pace = GPSD_PACE
  #pauseNs: bigint
  #listener: Listener | undefined
  #connection: Connection | undefined
  #cancelPause: Cancel | undefined
  /** Why there is no connection, while there is none. */
  #trouble: GpsdUnreachableReason | undefined
  #isDisposed = false

  constructor(time: Time, random: Random, options: GpsdSourceOptions) {
    this.id = options.id
    this.#time = time
    this.#random = random
    this.#settings = settingsOf(options)
    this.#pauseNs = this.#settings.pauseNsMin
  }

  start(listener: Listener): Promise<void> {
    assert(this.#listener === undefined, 'a source is started once')
    this.#listener = listener
    this.#connect()
    return Promise.resolve()
  }

  /** The next good measurement is passed on without waiting for the interval; without a connection, says why. */
  poll(): void {
    if (this.#isDisposed) return
    this.#pace = paceAsked(this.#pace)
    if (this.#trouble !== undefined) {
      this.#emit({ type: 'unreachable', sourceId: this.id, reason: this.#trouble })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    this.#cancelPause?.()
    const connection = this.#connection
    this.#connection = undefined
    if (connection === undefined) return
    connection.cancelSilence()
    const { promise, resolve } = Promise.withResolvers<void>()
    connection.socket.once('close', () => resolve())
    connection.socket.destroy()
    await promise
  }

  #emit(event: SourceEvent): void {
    if (!this.#isDisposed) this.#listener?.(event)
  }

  #connect(): void {
    const { host, port, lineBytesMax } = this.#settings
    const socket = connect({ host, port, noDelay: true })
    const connection: Connection = {
      socket,
      lines: new GpsdLines(lineBytesMax),
      cancelSilence: this.#expectLine(),
      budgetSinceNs: this.#time.elapsedNs(),
      budgetBytes: GPSD_BYTES_PER_SEC_MAX,
    }
    let isOpen = false
    this.#connection = connection
    socket.once('connect', () => {
      isOpen = true
      socket.write(GPSD_WATCH)
    })
    socket.on('data', (chunk) => this.#onChunk(connection, chunk))
    // The error itself says no more than the close that follows it.
    socket.on('error', () => undefined)
    socket.once('close', () => this.#lose(connection, isOpen ? 'gpsd-closed' : 'gpsd-no-connection'))
  }

  #expectLine(): Cancel {
    return this.#time.schedule(this.#settings.silenceNsMax, () => {
      if (this.#connection !== undefined) this.#lose(this.#connection, 'gpsd-silent')
    })
  }

  /** Ends a connection, says why, and plans the next. */
  #lose(connection: Connection, reason: GpsdUnreachableReason): void {
    connection.cancelSilence()
    if (this.#connection !== connection) return
    this.#connection = undefined
    connection.socket.destroy()
    if (this.#isDisposed) return
    // A receiver may come back as another one; the time it last told stays, to judge the next by.
    for (const [device, state] of Array.from(this.#states)) this.#states.set(device, gpsGuardLost(state))
    this.#trouble = reason
    const pauseNs = (this.#pauseNs * BigInt(500 + Math.floor(drawUnit(this.#random) * 1000))) / 1000n
    this.#pauseNs = min(this.#pauseNs * 2n, this.#settings.pauseNsMax)
    this.#cancelPause = this.#time.schedule(pauseNs, () => this.#connect())
    this.#emit({ type: 'unreachable', sourceId: this.id, reason })
  }

  #onChunk(connection: Connection, chunk: Uint8Array): void {
    const arrival = this.#read()
    if (this.#connection !== connection) return
    const lines = connection.lines.push(chunk)
    const cost = Math.max(chunk.length, lines.length * LINE_BYTES_LEAST)
    if (!this.#isWithinBudget(connection, cost, arrival.localNs)) {
      this.#lose(connection, 'gpsd-flood')
      return
    }
    // Bytes that never end a line are silence too.
    if (lines.some(({ verdict }) => verdict === 'accept')) {
      connection.cancelSilence()
      connection.cancelSilence = this.#expectLine()
    }
    for (const line of lines) {
      // A listener, or a refusal, may have ended the connection.
      if (this.#connection !== connection) return
      this.#onLine(connection, line, arrival)
    }
  }

  #onLine(connection: Connection, line: ReturnType<GpsdLines['push']>[number], arrival: GpsArrival): void {
    const parsed = line.verdict === 'accept' ? parseGpsdLine(line.value) : line
    if (parsed.verdict === 'accept') {
      this.#onMessage(parsed.value, arrival)
    } else if (parsed.reason === 'gpsd-wrong-version') {
      this.#lose(connection, 'gpsd-wrong-version')
    } else if (parsed.reason !== 'gpsd-unknown-class') {
      this.#refuse(parsed.verdict, parsed.reason, arrival)
    }
  }

  #onMessage(message: GpsdMessage, arrival: GpsArrival): void {
    this.#trouble = undefined
    if (message.class === 'VERSION' || message.class === 'WATCH') return
    if (message.class === 'DEVICE') {
      for (const driver of message.drivers) this.#step(driver.device, { class: 'DEVICE', drivers: [driver] }, arrival)
      return
    }
    this.#pauseNs = this.#settings.pauseNsMin
    this.#step(message.device, message, arrival)
  }

  #step(device: string, message: GpsdMessage, arrival: GpsArrival): void {
    if (this.#settings.device !== undefined && device !== this.#settings.device) return
    const { limits, intervalNs, knownAt } = this.#settings
    const known = message.class === 'SKY' || message.class === 'DEVICE' ? undefined : knownAt(arrival.localNs)
    const before = this.#states.get(device) ?? GPS_GUARD_STATE
    const { state, outcome } = gpsGuard(before, { message, arrival, known }, { limits, detector: GPS_DETECTOR_OPTIONS })
    this.#states.set(device, state)
    if (outcome === undefined) return
    if ('refusal' in outcome) {
      this.#refuse('reject', outcome.refusal, arrival, outcome.suspicion)
      return
    }
    const { sample, suspicion } = outcome
    const { pace, isPassed } = paceMeasurement(this.#pace, sample.basis, arrival.localNs, intervalNs)
    this.#pace = pace
    if (!isPassed) return
    const measurement: Measurement = { sourceId: this.id, kind: this.kind, ...measured(sample) }
    this.#emit({ type: 'measurement', measurement, suspicion })
  }

  #refuse(verdict: 'ignore' | 'reject', reason: string, arrival: GpsArrival, suspicion?: Suspicion): void {
    const { pace, isPassed } = paceRefusal(this.#pace, reason, arrival.localNs, this.#settings.intervalNs)
    this.#pace = pace
    if (!isPassed) return
    const event = { type: 'refused', sourceId: this.id, verdict, reason } as const
    this.#emit(suspicion === undefined ? event : { ...event, suspicion })
  }

  /** Both clocks, read as nearly together as can be. */
  #read(): GpsArrival {
    const before = this.#time.elapsedNs()
    const hostUnixNs = this.#time.hostUnixNs()
    const after = this.#time.elapsedNs()
    return { localNs: before, hostUnixNs, readingNs: after - before }
  }

  /** A token bucket of one second's worth of bytes, or of lines. */
  #isWithinBudget(connection: Connection, bytes: number, nowNs: bigint): boolean {
    const earned = (Number(nowNs - connection.budgetSinceNs) / 1e9) * GPSD_BYTES_PER_SEC_MAX
    connection.budgetSinceNs = nowNs
    connection.budgetBytes = Math.min(GPSD_BYTES_PER_SEC_MAX, connection.budgetBytes + earned) - bytes
    return connection.budgetBytes >= 0
  }
}

const measured = ({ localNs, offset, estimateNs, delayNs, leap }: GpsSample) => ({
  localNs,
  offset,
  estimateNs,
  delayNs,
  leap,
})

/** A client of one gpsd. Connects at `start`, and goes on trying until it is disposed of. */
export const gpsdSource = (time: Time, random: Random, options: GpsdSourceOptions): Source =>
  new GpsdSource(time, random, options)
