/**
 * What a node says, said once: one call writes the line for people and, from a level on, the entry that can be shown later. It
 * takes what it is told at once and never waits for a disk; a disk that refuses costs entries, never the node.
 *
 * Rules: docs/spec/log.md L-17 to L-19. Not promised: entries of the last moments before a crash, unless `error` or `fatal`.
 */
import assert from 'node:assert/strict'
import { BoundedQueue, ChimerError, NS_PER_MINUTE, NS_PER_MS, NS_PER_SEC } from '../../base/index.ts'
import type { Cancel, Time, TimeInterval } from '../../base/index.ts'
import { BATCH_MAX } from '../chain.ts'
import { MESSAGE_MAX, rankOf } from '../entry.ts'
import type { LogDraft, LogLevel, LogType } from '../entry.ts'
import { NoiseGate, Sums } from '../noise.ts'
import { payloadOf } from '../payload.ts'
import type { LogStore } from '../port.ts'

/** Entries that wait for the disk, or for the log to be opened. */
export const WAITING_MAX = 8192
/** Entries are gathered this long before they are written together, ns; grave ones are not. */
const GATHER_NS = 50n * NS_PER_MS
/** After the disk has refused, it is asked again this much later, ns. */
const RETRY_NS = 10n * NS_PER_SEC
/** What was refused is summed and told this often, ns. */
export const SUMS_NS = NS_PER_MINUTE

export interface Saying {
  readonly level: LogLevel
  readonly type: LogType
  /** Cut at `MESSAGE_MAX` UTF-16 units in the entry. */
  readonly message: string
  readonly facts?: Readonly<Record<string, unknown>>
  /** Peers can cause it at will: of such only so many become entries, and lines of their level; the others are counted. */
  readonly byPeers?: boolean
}

export interface NodeLogOptions {
  readonly time: Time
  /** Writes the line for people, or not, as its own level says. */
  readonly line: (level: LogLevel, facts: Readonly<Record<string, unknown>>, message: string) => void
  /** From this level on there is an entry too; undefined: never. */
  readonly entriesFrom: LogLevel | undefined
}

/** What became of entries, since the node began. */
export interface NodeLogCounts {
  readonly written: number
  /** For which there was no room, or which the disk refused. */
  readonly lost: number
}

export class NodeLog implements AsyncDisposable {
  readonly #options: NodeLogOptions
  readonly #waiting = new BoundedQueue<LogDraft>(WAITING_MAX)
  readonly #gate = new NoiseGate()
  readonly #lineGate = new NoiseGate()
  readonly #refusals = new Sums()
  #store: LogStore | undefined
  #now: () => TimeInterval | null = () => null
  #writing: Promise<void> | undefined
  #timer: Cancel | undefined
  #sumsTimer: Cancel | undefined
  #written = 0
  #lost = 0
  #lostUntold = 0
  #isRefused = false
  #closed = false

  constructor(options: NodeLogOptions) {
    this.#options = options
  }

  get counts(): NodeLogCounts {
    return { written: this.#written, lost: this.#lost }
  }

  /** Says it to people, and to the log. */
  record({ level, type, message, facts = {}, byPeers = false }: Saying): void {
    this.#line(level, { facts, message, byPeers })
    if (this.#closed || !this.#isKept(level)) return
    const gate = byPeers ? this.#gate.pass(this.#options.time.elapsedNs()) : { untold: 0 }
    if (gate === undefined) return
    this.#draft({ level, type, message, facts: gate.untold === 0 ? facts : { ...facts, untold: gate.untold } })
  }

  /** What peers cause above the gate's rate is said at `debug`: whoever keeps the lines keeps what a stranger may fill. */
  #line(level: LogLevel, { facts, message, byPeers }: Required<Pick<Saying, 'facts' | 'message' | 'byPeers'>>): void {
    const isGated = byPeers && rankOf(level) >= rankOf('info')
    const gate = isGated ? this.#lineGate.pass(this.#options.time.elapsedNs()) : { untold: 0 }
    if (gate === undefined) this.#options.line('debug', facts, message)
    else this.#options.line(level, gate.untold === 0 ? facts : { ...facts, untold: gate.untold }, message)
  }

  /** A message of a peer was refused: a line at `debug`, and one entry a minute with the sums. */
  refused(what: { readonly channel: string; readonly reason: string; readonly from: string }): void {
    this.#options.line('debug', what, 'refused')
    if (this.#closed || !this.#isKept('info')) return
    this.#refusals.add(`${what.channel} ${what.reason}`)
    this.#sumsTimer ??= this.#options.time.schedule(SUMS_NS, () => this.#tellRefusals())
  }

  /** From here on entries are written there, those first that were said before. The store stays its owner's, to be closed after this. */
  attach(store: LogStore, now: () => TimeInterval | null): void {
    assert(this.#store === undefined, 'a log is attached once')
    this.#store = store
    this.#now = now
    this.#writeSoon(0n)
  }

  /** Tells the sums, writes what waits, and ends. Later sayings are lines only. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#tellRefusals()
    this.#closed = true
    this.#timer?.()
    await this.#writing
    await this.#write()
  }

  #isKept(level: LogLevel): boolean {
    const { entriesFrom } = this.#options
    return entriesFrom !== undefined && rankOf(level) >= rankOf(entriesFrom)
  }

  #draft({ level, type, message, facts }: Required<Omit<Saying, 'byPeers'>>): void {
    const time = this.#store === undefined ? null : this.#now()
    const text = message.slice(0, MESSAGE_MAX).toWellFormed()
    if (!this.#waiting.push({ level, type, time, message: text, payload: payloadOf(facts) })) this.#lose(1)
    this.#writeSoon(rankOf(level) >= rankOf('error') ? 0n : GATHER_NS)
  }

  #lose(count: number): void {
    this.#lost += count
    this.#lostUntold += count
  }

  #tellRefusals(): void {
    this.#sumsTimer?.()
    this.#sumsTimer = undefined
    const sums = this.#refusals.take()
    if (sums === undefined || this.#closed) return
    this.#draft({ level: 'info', type: 'network', message: 'messages of peers were refused', facts: sums })
  }

  #writeSoon(delayNs: bigint): void {
    if (this.#store === undefined || this.#closed || this.#writing !== undefined) return
    if (this.#isRefused && this.#timer !== undefined) return
    if (delayNs > 0n && this.#timer !== undefined) return
    this.#timer?.()
    this.#timer = this.#options.time.schedule(this.#isRefused ? RETRY_NS : delayNs, () => {
      this.#timer = undefined
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined
        if (this.#waiting.size > 0) this.#writeSoon(GATHER_NS)
      })
    })
  }

  async #write(): Promise<void> {
    while (this.#store !== undefined && this.#waiting.size > 0) {
      const drafts = this.#nextBatch()
      const untold = this.#lostUntold
      try {
        await this.#store.append(untold === 0 ? drafts : [this.#lostDraft(untold), ...drafts])
        this.#written += drafts.length
        this.#lostUntold -= untold
        if (this.#isRefused) this.#options.line('info', { lost: untold }, 'the log is written again')
        this.#isRefused = false
      } catch (cause) {
        if (!(cause instanceof ChimerError)) throw cause
        this.#refuse(cause, drafts.length)
        return
      }
    }
  }

  /** Tells of what is missing, before what comes after it. */
  #lostDraft(lost: number): LogDraft {
    return { level: 'warn', type: 'operator', time: this.#now(), message: LOST, payload: { lost } }
  }

  /** What waits, with room for one more in the batch. */
  #nextBatch(): readonly LogDraft[] {
    const drafts: LogDraft[] = []
    for (let draft = this.#waiting.shift(); draft !== undefined; draft = this.#waiting.shift()) {
      drafts.push(draft)
      if (drafts.length === BATCH_MAX - 1) break
    }
    return drafts
  }

  /** The node goes on; people are told once, and the next entry that can be written tells how many are missing. */
  #refuse(cause: ChimerError, count: number): void {
    if (!this.#isRefused) this.#options.line('warn', { code: cause.code }, `${cause.message}. The node goes on without`)
    this.#isRefused = true
    this.#lose(count)
  }
}

const LOST = 'entries are missing here: there was no room for them'
