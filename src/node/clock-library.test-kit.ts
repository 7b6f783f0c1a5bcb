/**
 * A clock of a program's own in virtual time: simulated oscillator, servers behind paths of given delays that tell the truth
 * or a lie, and the truth to compare with.
 */
import { NS_PER_SEC, seededRandom } from '../base/index.ts'
import type { Tai, Time } from '../base/index.ts'
import {
  Discipline,
  createAdaptiveFilter,
  createOscillator,
  measurementOfExchange,
  taiFromUtc,
} from '../clock/index.ts'
import type { DisciplineOptions, Oscillator, Source, SourceEvent } from '../clock/index.ts'
import { LibraryClock } from './clock-library.ts'
import { VirtualWorld } from './virtual-time.test-kit.ts'

/** What true time 0 is. */
export const ORIGIN: Tai = taiFromUtc('2026-12-01T00:00:00Z') ?? 0n

export interface Path {
  readonly outNs: bigint
  readonly backNs: bigint
}

/** A server at the end of a path. `lieNs`: by how much it is ahead of true time; silent: it answers nobody. */
export class VirtualServer implements Source {
  readonly id: string
  readonly kind = 'ntp'
  lieNs = 0n
  isSilent = false
  readonly #world: VirtualWorld
  readonly #time: Time
  readonly #path: Path
  #listener: (event: SourceEvent) => void = () => {}

  constructor(id: string, parts: { readonly world: VirtualWorld; readonly time: Time; readonly path: Path }) {
    this.id = id
    this.#world = parts.world
    this.#time = parts.time
    this.#path = parts.path
  }

  start(listener: (event: SourceEvent) => void): Promise<void> {
    this.#listener = listener
    return Promise.resolve()
  }

  poll(): void {
    if (this.isSilent) return
    const t1 = this.#time.elapsedNs()
    this.#world.schedule(this.#path.outNs, () => {
      const t2 = this.#world.trueTai + this.lieNs
      this.#world.schedule(this.#path.backNs, () => {
        const t4 = this.#time.elapsedNs()
        this.#listener({
          type: 'measurement',
          measurement: measurementOfExchange(this.id, { t1, t2, t3: t2, t4 }),
        })
      })
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listener = () => {}
    return Promise.resolve()
  }
}

export interface Stage {
  readonly world: VirtualWorld
  readonly clock: LibraryClock
  readonly servers: readonly VirtualServer[]
  readonly oscillator: Oscillator
}

/** A started clock; nothing has been heard yet. */
export const stage = async (
  options: {
    readonly driftPpb?: number
    readonly randomWalkPpb?: number
    readonly seed?: bigint
    readonly paths?: readonly Path[]
    readonly isSilent?: boolean
    readonly discipline?: Partial<DisciplineOptions>
    readonly signal?: AbortSignal
  } = {},
): Promise<Stage> => {
  const { driftPpb = 20_000, randomWalkPpb = 0, seed = 1n, signal } = options
  const paths = options.paths ?? [0, 1, 2].map(() => ({ outNs: 1_000_000n, backNs: 1_000_000n }))
  // A turn of the event loop: whatever promises wait for nothing outside has gone on by then.
  const world = new VirtualWorld(ORIGIN, () => new Promise(setImmediate))
  const oscillator = createOscillator({ driftPpb, randomWalkPpb }, seededRandom(seed))
  const time = world.time(oscillator)
  const servers = paths.map((path, index) => new VirtualServer(`ntp:${index}`, { world, time, path }))
  const discipline = new Discipline(
    { pollIntervalNs: 4n * NS_PER_SEC, pollIntervalMinNs: NS_PER_SEC / 2n, ...options.discipline },
    createAdaptiveFilter(),
  )
  for (const server of servers) server.isSilent = options.isSilent === true
  const clock = new LibraryClock({ time, discipline, sources: servers, ...(signal === undefined ? {} : { signal }) })
  await clock.start()
  return { world, clock, servers, oscillator }
}
