/**
 * Sums that only rise, out of figures that go away: a connection takes its bytes with it when it closes, and a forgotten peer its
 * messages, but a counter of /metrics must not fall. Whoever holds it shows it the present figures often (`observe`); what
 * grew since the last time is added.
 *
 * Not promised: what a connection carried after its last observation, and what opened and closed between two.
 */
import type { Connection, PeerStanding } from '../network/index.ts'

export interface TrafficSums {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly messages: PeerStanding['messages']
}

type Figures = Readonly<Record<string, number>>

/** The growth of many figures that are known by a key, summed by their names. Holds the keys of the last observation only. */
class Growth {
  #last: ReadonlyMap<string, Figures> = new Map()
  readonly #sums = new Map<string, number>()

  observe(figures: ReadonlyMap<string, Figures>): void {
    for (const [key, now] of figures) for (const [name, value] of Object.entries(now)) this.#grow(key, name, value)
    this.#last = figures
  }

  sum(name: string): number {
    return this.#sums.get(name) ?? 0
  }

  /** A figure that fell began anew. */
  #grow(key: string, name: string, value: number): void {
    const before = this.#last.get(key)?.[name] ?? 0
    const grown = value >= before ? value - before : value
    if (grown > 0) this.#sums.set(name, this.sum(name) + grown)
  }
}

export class PeerTraffic {
  readonly #bytes = new Growth()
  readonly #messages = new Growth()

  observe(connections: readonly Connection[], standings: readonly PeerStanding[]): void {
    this.#bytes.observe(
      new Map(
        connections.map(({ peer, address, direction, openedNs, traffic }) => [
          `${peer} ${address} ${direction} ${openedNs}`,
          { bytesIn: traffic.bytesIn, bytesOut: traffic.bytesOut },
        ]),
      ),
    )
    this.#messages.observe(new Map(standings.map(({ peer, messages }) => [peer, { ...messages }])))
  }

  sums(): TrafficSums {
    const [accepted, ignored, rejected] = ['accepted', 'ignored', 'rejected'].map((name) => this.#messages.sum(name))
    return {
      bytesIn: this.#bytes.sum('bytesIn'),
      bytesOut: this.#bytes.sum('bytesOut'),
      messages: { accepted: accepted ?? 0, ignored: ignored ?? 0, rejected: rejected ?? 0 },
    }
  }
}
