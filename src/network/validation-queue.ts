/**
 * When messages are judged. What comes is judged at once, in the caller's own turn, as long as nothing of its priority or a
 * higher one waits, its priority has room, and the turn is not used up; else it waits in lanes (`validation-lanes.ts`)
 * and is pulled from there by the room that becomes free. A validator that takes long thus holds up its own priority only, and
 * the event loop goes round between the turns.
 *
 * Time is the given elapsed time: under virtual time, which stands still while code runs, no turn is ever used up and the
 * same calls give the same order. Rule: docs/spec/network.md N-53.
 *
 * Not promised: anything against one call of one validator that itself blocks; such work belongs in a worker.
 */
import { NS_PER_MS, NS_PER_SEC, ignore } from '../base/index.ts'
import { judgeAtOnce } from './serving.ts'
import { ValidationLanes } from './validation-lanes.ts'
import type { Admission, Cancel, Time } from '../base/index.ts'
import type { Priority } from './port.ts'
import type { Waiting } from './validation-lanes.ts'

/** Validators of each priority that may be at work at once, where they answer later. */
export const RUNNING_MAX: Readonly<Record<Priority, number>> = { time: 256, consensus: 128, ordinary: 64, bulk: 16 }

/**
 * Of one turn of the event loop, ns: half of it for all, the other half for `time` alone. With 20 ms for validators, a turn
 * stays below 50 ms on a busy machine.
 */
export const TURN_NS_MAX = 20n * NS_PER_MS

/** A validator that has not answered by then is given up: `timed-out`. It was at work for that long, ns. */
export const VALIDATION_NS_MAX = 10n * NS_PER_SEC

/** One message, and how it is judged. */
export interface Job extends Waiting {
  readonly run: () => Admission<null> | Promise<Admission<null>>
}

interface Ticket extends Job {
  readonly resolve: (admission: Admission<null> | Promise<Admission<null>>) => void
}

interface Running {
  readonly startedNs: bigint
  readonly giveUp: () => void
}

export class ValidationQueue {
  readonly #time: Pick<Time, 'elapsedNs' | 'schedule'>
  readonly #yieldTurn: (run: () => void) => void
  readonly #lanes = new ValidationLanes<Ticket>()
  readonly #running: Record<Priority, number> = { time: 0, consensus: 0, ordinary: 0, bulk: 0 }
  /** Those that answer later, oldest first. Bounded by RUNNING_MAX. */
  readonly #later = new Set<Running>()
  #cancelDeadline: Cancel | undefined
  #turnNs = 0n
  #isTurnCounted = false
  #isPumping = false
  #isStopped = false

  /** `yieldTurn` runs a function in a later turn of the event loop, after the input that waits there. */
  constructor(time: Pick<Time, 'elapsedNs' | 'schedule'>, options: { readonly yieldTurn: (run: () => void) => void }) {
    this.#time = time
    this.#yieldTurn = options.yieldTurn
  }

  /** Messages that wait. */
  get size(): number {
    return this.#lanes.size
  }

  /** The verdict: at once where that is possible, else later. Never rejects. `queue-full`, ignored, where there is no room. */
  submit(job: Job): Admission<null> | Promise<Admission<null>> {
    if (this.#isStopped) return ignore('abandoned')
    if (!this.#lanes.isBehind(job.priority) && this.#mayRun(job.priority)) return this.#run(job)
    const { promise, resolve } = Promise.withResolvers<Admission<null>>()
    for (const dropped of this.#lanes.push({ ...job, resolve })) dropped.resolve(ignore('queue-full'))
    this.#pump()
    return promise
  }

  /** Drops what waits on a topic that is left. */
  drop(topic: string): void {
    for (const ticket of this.#lanes.clear(topic)) ticket.resolve(ignore('abandoned'))
  }

  /** Drops everything; what comes afterwards is dropped too. */
  stop(): void {
    this.#isStopped = true
    this.#cancelDeadline?.()
    for (const ticket of this.#lanes.clear()) ticket.resolve(ignore('abandoned'))
    for (const { giveUp } of this.#later) giveUp()
  }

  readonly #mayRun = (priority: Priority): boolean =>
    this.#running[priority] < RUNNING_MAX[priority] &&
    this.#turnNs < (priority === 'time' ? TURN_NS_MAX : TURN_NS_MAX / 2n)

  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    for (let next = this.#lanes.take(this.#mayRun); next !== undefined; next = this.#lanes.take(this.#mayRun))
      next.resolve(this.#run(next))
    this.#isPumping = false
  }

  #run({ priority, run }: Job): Admission<null> | Promise<Admission<null>> {
    const startedNs = this.#time.elapsedNs()
    const said = judgeAtOnce(run)
    this.#spend(this.#time.elapsedNs() - startedNs)
    return said instanceof Promise ? this.#await(priority, startedNs, said) : said
  }

  /** Nothing is armed where no time passed, so that virtual time needs no turns. */
  #spend(ns: bigint): void {
    if (ns <= 0n) return
    this.#turnNs += ns
    if (this.#isTurnCounted) return
    this.#isTurnCounted = true
    this.#yieldTurn(() => {
      this.#isTurnCounted = false
      this.#turnNs = 0n
      this.#pump()
    })
  }

  #await(priority: Priority, startedNs: bigint, said: Promise<Admission<null>>): Promise<Admission<null>> {
    const { promise, resolve } = Promise.withResolvers<Admission<null>>()
    const end = (admission: Admission<null>): void => {
      if (!this.#later.delete(running)) return
      this.#running[priority] -= 1
      resolve(admission)
      this.#pump()
    }
    const running = { startedNs, giveUp: () => end(ignore('timed-out')) }
    this.#running[priority] += 1
    this.#later.add(running)
    this.#watch()
    void said.then(end)
    return promise
  }

  /** One timer for all that run: the set is in the order of their starts. */
  #watch(): void {
    const [oldest] = this.#later
    if (this.#cancelDeadline !== undefined || oldest === undefined || this.#isStopped) return
    const leftNs = oldest.startedNs + VALIDATION_NS_MAX - this.#time.elapsedNs()
    this.#cancelDeadline = this.#time.schedule(leftNs > 0n ? leftNs : 0n, () => {
      this.#cancelDeadline = undefined
      const nowNs = this.#time.elapsedNs()
      for (const running of this.#later) {
        if (nowNs - running.startedNs < VALIDATION_NS_MAX) break
        running.giveUp()
      }
      this.#watch()
    })
  }
}
