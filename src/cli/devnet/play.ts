/**
 * The play that a devnet gives: peace, a lie, its discovery, the truth, its acknowledgement. Keeps the times of each and who
 * was ever held for a falseticker without having been bent.
 */
import type { FaultView, NodeView } from '../../services/schema.ts'
import type { LaidNode } from './lay.ts'
import type { Opinions } from './watch.ts'

/** The lie begins this long after the nodes run, ms; lasts this long, ms; and is this big, ms. */
export const LIE_AFTER_MS = 15_000
export const LIE_FOR_MS = 20_000
export const LIE_MS = 250

export interface PlayOptions {
  readonly liar: LaidNode | undefined
  readonly lies: boolean
  readonly opinions: Opinions
  readonly bend: (fault: FaultView) => void
  readonly tell: (line: string) => void
}

export interface PlayResult {
  readonly falsetickersFound: number
  readonly honestFramed: number
  readonly detectMs: number | null
  readonly recoverMs: number | null
}

/** `2.1 s` */
export const secondsText = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export class Play {
  readonly #options: PlayOptions
  readonly #timers: NodeJS.Timeout[] = []
  /** Nodes that were ever bent: what becomes of their verdicts is no framing. */
  readonly #bent = new Set<string>()
  readonly #found = new Set<string>()
  readonly #framed = new Set<string>()
  #begunMs = performance.now()
  #lieMs: number | undefined
  #truthMs: number | undefined
  #detectMs: number | null = null
  #recoverMs: number | null = null
  #isPeaceful = false

  constructor(options: PlayOptions) {
    this.#options = options
  }

  begin(): void {
    this.#begunMs = performance.now()
    const { liar, lies, bend, tell } = this.#options
    if (!lies || liar === undefined) return
    this.#after(LIE_AFTER_MS, () => {
      this.#lieMs = performance.now()
      tell(`${liar.name}’s source begins to lie by ${LIE_MS} ms for ${LIE_FOR_MS / 1000} s`)
      bend({ id: liar.id, offsetMs: LIE_MS })
    })
    this.#after(LIE_AFTER_MS + LIE_FOR_MS, () => {
      this.#truthMs = performance.now()
      tell(`${liar.name}’s source is right again`)
      bend({ id: liar.id, offsetMs: 0 })
    })
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  elapsedMs(): number {
    return performance.now() - this.#begunMs
  }

  /** Is or was this node's source bent, by the play or by somebody at the dashboard? */
  isBent(id: string): boolean {
    return this.#bent.has(id)
  }

  noteBend(id: string): void {
    this.#bent.add(id)
  }

  /** Looks at what one node holds of all, after every slot. */
  look(observer: string, nodes: readonly NodeView[]): void {
    for (const { id, status } of nodes) {
      if (status !== 'falseticker' || id === observer) continue
      if (this.#bent.has(id)) this.#found.add(id)
      else this.#framed.add(id)
    }
    this.#lookForPeace()
    this.#lookAtLiar()
  }

  result(): PlayResult {
    return {
      falsetickersFound: this.#found.size,
      honestFramed: this.#framed.size,
      detectMs: this.#detectMs,
      recoverMs: this.#recoverMs,
    }
  }

  /** Nobody framed, and as far as the play came, the liar was found and taken back. */
  isAsExpected(): boolean {
    const found = this.#truthMs === undefined || this.#detectMs !== null
    return this.#framed.size === 0 && found
  }

  #lookForPeace(): void {
    if (this.#isPeaceful || !this.#options.opinions.isPeaceful()) return
    this.#isPeaceful = true
    this.#options.tell('every node holds every other for a truechimer')
  }

  #lookAtLiar(): void {
    const { liar, opinions, tell } = this.#options
    if (liar === undefined) return
    if (this.#lieMs !== undefined && this.#detectMs === null && opinions.agree(liar.id, 'falseticker')) {
      this.#detectMs = Math.round(performance.now() - this.#lieMs)
      tell(`all others hold ${liar.name} for a falseticker, ${secondsText(this.#detectMs)} after the lie began`)
    }
    if (this.#truthMs === undefined || this.#detectMs === null || this.#recoverMs !== null) return
    if (opinions.agree(liar.id, 'truechimer')) {
      this.#recoverMs = Math.round(performance.now() - this.#truthMs)
      tell(
        `all others hold ${liar.name} for a truechimer, ${secondsText(this.#recoverMs)} after its source was right again`,
      )
    }
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(setTimeout(run, ms))
  }
}
