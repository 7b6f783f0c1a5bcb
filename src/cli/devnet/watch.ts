/**
 * What a devnet learns by watching its nodes as anybody could, through the HTTP API: who holds whom for a falseticker, how
 * long that took, and how far the honest clocks really are from the host's.
 */
import { openClient } from '../../services/client.ts'
import type { EventView, NodeView } from '../../services/schema.ts'

/** Samples of clock error kept in all; an hour of five nodes. */
const SAMPLES_MAX = 20_000

type Status = NodeView['status']
type VerdictEvent = Extract<EventView, { readonly type: 'verdict' }>

const CHAIN_EVENTS = ['block', 'emergency'] as const
export type ChainEvent = Extract<EventView, { readonly type: (typeof CHAIN_EVENTS)[number] }>

export interface Observation {
  readonly observer: string
  readonly event: VerdictEvent
}

/** Who is what, in the eyes of each node. Pure: fed by events, asked by the devnet. */
export class Opinions {
  readonly #ids: readonly string[]
  readonly #seen = new Map<string, Map<string, Status>>()

  constructor(ids: readonly string[]) {
    this.#ids = ids
  }

  note(observer: string, subject: string, status: Status): void {
    const book = this.#seen.get(observer) ?? new Map<string, Status>()
    book.set(subject, status)
    this.#seen.set(observer, book)
  }

  /** Do all nodes but the subject itself hold it to be this? */
  agree(subject: string, status: Status): boolean {
    return this.#ids.every((observer) => observer === subject || this.#seen.get(observer)?.get(subject) === status)
  }

  /** Do all nodes hold all others to be truechimers? */
  isPeaceful(): boolean {
    return this.#ids.every((subject) => this.agree(subject, 'truechimer'))
  }
}

export interface WatchOptions {
  readonly id: string
  readonly api: string
  readonly signal: AbortSignal
  readonly onJudgement: (observer: string, nodes: readonly NodeView[]) => void
  readonly onVerdict: (observation: Observation) => void
  readonly onClock: (observer: string, hostOffsetNs: number) => void
  /** What the chain decides, where it is asked for. */
  readonly onChain?: (event: ChainEvent) => void
}

/** Follows one node until the signal. */
export const watchNode = async (options: WatchOptions): Promise<void> => {
  const { id, api, signal, onJudgement, onVerdict, onClock, onChain } = options
  const client = openClient({ baseUrl: api, signal })
  const types = ['judgement', 'verdict', 'clock', ...(onChain === undefined ? [] : CHAIN_EVENTS)] as const
  for await (const event of client.events({ types, signal })) {
    if (event.type === 'block' || event.type === 'emergency') onChain?.(event)
    else if (event.type === 'judgement') onJudgement(id, event.nodes)
    else if (event.type === 'verdict') onVerdict({ observer: id, event })
    else if (event.type === 'clock' && event.time.status === 'synchronised') onClock(id, event.time.hostOffsetNs)
  }
}

/** Absolute errors of clocks, ns, bounded by keeping the newest. */
export class Errors {
  readonly #samples: number[] = []

  add(errorNs: number): void {
    if (this.#samples.length >= SAMPLES_MAX) this.#samples.shift()
    this.#samples.push(Math.abs(errorNs))
  }

  /** Null before the first. */
  median(): number | null {
    const sorted = this.#samples.toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? null
  }
}
