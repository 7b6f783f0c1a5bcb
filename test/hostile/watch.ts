/** What a node says of itself while it is attacked: its counters, looked at after every event that it sends. */
import { once, setMaxListeners } from 'node:events'
import type { EventView, NodeView } from '../../src/services/schema.ts'
import type { HonestNode } from './stage.ts'

/** All waiting of the whole file ends here: long past anything but a hang. */
const PATIENCE_MS = 60_000

/** `channel reason` of everything refused so far, by how often. */
export type Refusals = ReadonlyMap<string, number>

export class Watch implements AsyncDisposable {
  readonly #node: HonestNode
  readonly #closing = new AbortController()
  readonly #events = new EventTarget()
  readonly #reading: Promise<void>
  /** Slots judged since the watch began. */
  slots = 0
  /** Address of the newest proof heard of each node. */
  readonly heads = new Map<string, string>()
  /** Every change of a verdict since the watch began. */
  readonly verdicts: Extract<EventView, { type: 'verdict' }>[] = []

  constructor(node: HonestNode) {
    this.#node = node
    // Every slow caller waits for events.
    setMaxListeners(1000, this.#events)
    this.#reading = this.#read()
  }

  async #read(): Promise<void> {
    const types = ['judgement', 'verdict', 'proof', 'attestation', 'peer'] as const
    for await (const event of this.#node.client.events({ types, signal: this.#closing.signal })) {
      if (event.type === 'verdict') this.verdicts.push(event)
      if (event.type === 'judgement') this.slots += 1
      if (event.type === 'proof') this.heads.set(event.id, event.cid)
      this.#events.dispatchEvent(new Event('heard'))
    }
  }

  /** Resolves once the node says something more. */
  async next(): Promise<void> {
    await once(this.#events, 'heard', { signal: AbortSignal.timeout(PATIENCE_MS) })
  }

  /** Looks after every event until `isSo`; says what was seen where it never is. */
  async until(isSo: () => Promise<boolean>, say: () => string): Promise<void> {
    const overdue = AbortSignal.timeout(PATIENCE_MS)
    while (!(await isSo())) {
      if (overdue.aborted) throw new TypeError(`never so: ${say()}`)
      await this.next()
    }
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.#node.api}/metrics`)).text()
  }

  async refusals(): Promise<Refusals> {
    const lines = (await this.metrics()).matchAll(
      /^truechimer_refusals_total\{channel="([^"]*)",reason="([^"]*)"\} (\d+)$/gm,
    )
    return new Map([...lines].map(([, channel = '', reason = '', count]) => [`${channel} ${reason}`, Number(count)]))
  }

  /** Resolves once every other honest node is a truechimer here by evidence of a slot after this call. */
  async untilFreshEvidence(of: readonly HonestNode[]): Promise<void> {
    const { slot } = await this.#node.client.status()
    let seen: readonly NodeView[] = []
    const isFresh = ({ status, offsetSlot, id }: NodeView): boolean =>
      !of.some((node) => node.id === id) || (status === 'truechimer' && offsetSlot !== null && offsetSlot > slot)
    await this.until(
      async () => {
        seen = (await this.#node.client.nodes()).nodes
        return seen.every(isFresh)
      },
      () => JSON.stringify(seen.filter((node) => !isFresh(node))),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#reading
  }
}
