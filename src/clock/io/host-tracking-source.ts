/**
 * The host clock as a source, with the bound that its keeper states at each question: `chronyc -c tracking`, or the kernel's figures by
 * `adjtimex --print` or `ntptime` where there is no chronyd. What the answers mean is host-tracking.ts. Rules:
 * docs/spec/sources.md S-90 to S-94.
 *
 * A program is run for each poll, without a shell, for two seconds at most and with 4 KiB of answer. Not promised: that what stands
 * under these names in PATH is what it should be; the node trusts its machine.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { NS_PER_MS, max, middle, min, widen } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { TRACKING_CHARACTERS_MAX, TRACKING_TELLERS } from '../host-tracking.ts'
import type { HostTracking, HostTrackingReason, TrackingTeller } from '../host-tracking.ts'
import { LEAP_TABLE } from '../leap-seconds.ts'
import type { LeapTable } from '../leap-seconds.ts'
import type { Measurement, Source, SourceEvent } from '../port.ts'
import { isLeapAmbiguous, taiReadingsOfUnixNs } from '../time-scales.ts'

const TIMEOUT_MS = 2000
/** Where such programs stand that are not in everybody's PATH. */
const MORE_PATH = '/usr/sbin:/sbin'

export interface HostTrackingOptions {
  readonly id: string
  /** Whom to ask; the usual programs where not given. */
  readonly tellers?: readonly TrackingTeller[]
  /** A program may take so long, ms; 2 s where not given. */
  readonly timeoutMs?: number
  /** How coarsely `Time.hostUnixNs` reads, ns; 1 ms where not given. */
  readonly resolutionNs?: bigint
  /** The shipped one where not given. */
  readonly leapTable?: LeapTable
}

/** The text of a program, or why there is none. */
type Answer = { readonly text: string } | { readonly reason: HostTrackingReason }

const ask = (
  { program, args }: TrackingTeller,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Answer> =>
  new Promise((resolve) => {
    const options = {
      timeout: limits.timeoutMs,
      signal: limits.signal,
      maxBuffer: TRACKING_CHARACTERS_MAX,
      killSignal: 'SIGKILL' as const,
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:${MORE_PATH}`, LC_ALL: 'C', TZ: 'UTC' },
    }
    execFile(program, [...args], options, (error, text) =>
      resolve(error === null ? { text } : { reason: whyNot(error) }),
    )
  })

const whyNot = (error: Error & { readonly code?: unknown; readonly killed?: unknown }): HostTrackingReason => {
  if (error.code === 'ENOENT' || error.code === 'EACCES') return 'host-tracking-missing'
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'host-tracking-malformed'
  return error.killed === true ? 'host-tracking-timeout' : 'host-tracking-failed'
}

class HostTrackingSource implements Source {
  readonly id: string
  readonly kind = 'host'
  readonly #time: Time
  readonly #options: Required<HostTrackingOptions>
  readonly #abort = new AbortController()
  #listener: ((event: SourceEvent) => void) | undefined
  #asking: Promise<void> | undefined

  constructor(time: Time, options: HostTrackingOptions) {
    this.id = options.id
    this.#time = time
    this.#options = {
      tellers: TRACKING_TELLERS,
      timeoutMs: TIMEOUT_MS,
      resolutionNs: NS_PER_MS,
      leapTable: LEAP_TABLE,
      ...options,
    }
  }

  start(listener: (event: SourceEvent) => void): Promise<void> {
    assert(this.#listener === undefined, 'a source is started once')
    this.#listener = listener
    return Promise.resolve()
  }

  /** Does nothing while a question is open, before `start`, and after disposal. */
  poll(): void {
    if (this.#listener === undefined || this.#asking !== undefined || this.#abort.signal.aborted) return
    this.#asking = this.#ask().finally(() => {
      this.#asking = undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#asking
  }

  /** Asks one teller after the other until one is there and answers; otherwise tells what was wrong with the first that is there. */
  async #ask(): Promise<void> {
    let wrong: HostTrackingReason = 'host-tracking-missing'
    for (const teller of this.#options.tellers) {
      const answer = await ask(teller, { timeoutMs: this.#options.timeoutMs, signal: this.#abort.signal })
      if (this.#abort.signal.aborted) return
      if ('text' in answer) return this.#hear(teller, answer.text)
      if (wrong === 'host-tracking-missing') wrong = answer.reason
    }
    this.#say({ type: 'unreachable', sourceId: this.id, reason: wrong })
  }

  #hear(teller: TrackingTeller, text: string): void {
    const before = this.#time.elapsedNs()
    const hostUnixNs = this.#time.hostUnixNs()
    const after = this.#time.elapsedNs()
    const read = teller.read(text, hostUnixNs)
    if (read.verdict === 'accept')
      this.#say({ type: 'measurement', measurement: this.#measurement(read.value, { before, hostUnixNs, after }) })
    else this.#say({ type: 'refused', sourceId: this.id, ...read })
  }

  #measurement(
    tracking: HostTracking,
    clocks: { readonly before: bigint; readonly hostUnixNs: bigint; readonly after: bigint },
  ): Measurement {
    const { before, hostUnixNs, after } = clocks
    const { resolutionNs, leapTable } = this.#options
    const span = taiReadingsOfUnixNs(hostUnixNs, leapTable)
    const read = { lo: span.lo - after, hi: span.hi - before }
    const offset = widen(read, tracking.boundNs + resolutionNs)
    const { place } = tracking
    return {
      sourceId: this.id,
      kind: 'host',
      localNs: (before + after) / 2n,
      offset,
      estimateNs: max(offset.lo, min(offset.hi, middle(read) + tracking.correctionNs)),
      delayNs: after - before,
      leap: tracking.leap,
      ...(isLeapAmbiguous(hostUnixNs, leapTable) ? { isAmbiguous: true } : {}),
      ...(place === undefined ? {} : { upstream: { ...place, address: '127.0.0.1' } }),
    }
  }

  #say(event: SourceEvent): void {
    if (!this.#abort.signal.aborted) this.#listener?.(event)
  }
}

/** A source that answers each `poll` once a program has; `unreachable` where none does. */
export const hostTrackingSource = (time: Time, options: HostTrackingOptions): Source =>
  new HostTrackingSource(time, options)
