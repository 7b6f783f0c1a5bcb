/**
 * Ways to the first peers: what discovery asks of them, and the bounded running of several beside each other. One way that
 * fails stops no other; what came of each is kept as text for people. The ways themselves are in `../io/bootstrap-*.ts`.
 *
 * Rules: docs/spec/network.md N-32, N-33.
 */
import { ChimerError, abortAfter } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'

/** Addresses and records taken from one way in one round. */
export const BOOTSTRAP_FINDINGS_MAX = 256

export interface BootstrapFindings {
  /** Multiaddrs, with or without `/p2p/<peer id>` at the end. */
  readonly addresses: readonly string[]
  /** Signed peer records. */
  readonly records: readonly Uint8Array[]
}

export interface BootstrapWay extends Partial<AsyncDisposable> {
  readonly kind: 'addresses' | 'dns' | 'mdns' | 'file'
  /** What it asks: the addresses, the name, the path. For people. */
  readonly name: string
  /** Finds what it can before `signal` aborts. Rejects with a `ChimerError` that says what to do. */
  find(signal: AbortSignal): Promise<BootstrapFindings>
}

/** How a way did when it was last asked. */
export interface BootstrapOutcome {
  readonly kind: BootstrapWay['kind']
  readonly name: string
  /** Undefined before the first round. */
  readonly atNs: bigint | undefined
  readonly isOk: boolean
  /** `3 addresses, 0 records`, or the error's message. */
  readonly text: string
}

const NOTHING: BootstrapFindings = { addresses: [], records: [] }

export class Bootstrap {
  readonly #time: Time
  readonly #nsMax: bigint
  readonly #ways: readonly BootstrapWay[]
  readonly #outcomes: BootstrapOutcome[]
  #isRunning = false

  constructor(options: { readonly time: Time; readonly ways: readonly BootstrapWay[]; readonly nsMax: bigint }) {
    this.#time = options.time
    this.#nsMax = options.nsMax
    this.#ways = options.ways
    this.#outcomes = options.ways.map(({ kind, name }) => ({
      kind,
      name,
      atNs: undefined,
      isOk: false,
      text: 'not asked yet',
    }))
  }

  outcomes(): readonly BootstrapOutcome[] {
    return this.#outcomes
  }

  /** Asks all ways; `found` is called for each as it answers. Does nothing while a round is under way. */
  async run(found: (findings: BootstrapFindings, way: BootstrapWay) => void): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      await Promise.all(this.#ways.map(async (way, index) => found(await this.#ask(way, index), way)))
    } finally {
      this.#isRunning = false
    }
  }

  async #ask(way: BootstrapWay, index: number): Promise<BootstrapFindings> {
    const { kind, name } = way
    const note = (isOk: boolean, text: string): void => {
      this.#outcomes[index] = { kind, name, atNs: this.#time.elapsedNs(), isOk, text }
    }
    const deadline = abortAfter(this.#time, this.#nsMax)
    try {
      const found = await way.find(deadline.signal)
      const addresses = found.addresses.slice(0, BOOTSTRAP_FINDINGS_MAX)
      const records = found.records.slice(0, BOOTSTRAP_FINDINGS_MAX)
      note(true, `${addresses.length} addresses, ${records.length} records`)
      return { addresses, records }
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      note(false, error.message)
      return NOTHING
    } finally {
      deadline.cancel()
    }
  }
}
