/** Tools of the conformance suite: a mesh of networks to try, and an inbox that waits for events and never for time. */
import assert from 'node:assert/strict'
import { ChimerError, accept } from '../../../base/index.ts'
import type { Admission } from '../../../base/index.ts'
import type { PlacesOptions } from '../../places.ts'
import type { Network, PeerId, ProtocolOptions, RefusalEvent, TopicOptions } from '../../port.ts'

/** One thing that every network must do, by name. */
export type Rule = readonly [what: string, holds: (harness: Harness) => Promise<void>]

/** Some peers, connected along the edges asked for. Disposing closes them all. */
export interface Mesh extends AsyncDisposable {
  readonly peers: readonly Network[]
  /** Resolves when neighbours know of each other that they joined the topic. */
  settled(topic: string): Promise<void>
}

export interface Harness {
  /** Well-formed and belonging to nobody. */
  readonly strangerId: PeerId
  /** Edges are pairs of indices below `count`. Resolves when both ends of each are connected. */
  build(
    count: number,
    edges: readonly (readonly [number, number])[],
    options?: { readonly places?: Partial<PlacesOptions> },
  ): Promise<Mesh>
}

export const WAIT_MS = 5000
export const TOPIC = 'conformance/topic'
export const PROTOCOL = '/conformance/protocol/1'
export const PAIR = [[0, 1]] as const
export const LINE = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
] as const

/** What has come, and who waits for more. */
export class Inbox<T> {
  readonly items: T[] = []
  readonly #waiting = new Set<() => void>()

  readonly push = (item: T): void => {
    this.items.push(item)
    for (const check of this.#waiting) check()
  }

  /** Resolves when `isEnough` of all that has come; rejects after five seconds. */
  async until(isEnough: (items: readonly T[]) => boolean): Promise<readonly T[]> {
    const { promise, resolve, reject: fail } = Promise.withResolvers<void>()
    const check = (): void => (isEnough(this.items) ? resolve() : undefined)
    const overdue = AbortSignal.timeout(WAIT_MS)
    const onOverdue = (): void =>
      fail(new assert.AssertionError({ message: `waited in vain; came: ${JSON.stringify(this.items).slice(0, 500)}` }))
    overdue.addEventListener('abort', onOverdue)
    // An unreferenced timer alone would let the process end while it waits.
    const alive = setInterval(() => {}, WAIT_MS)
    this.#waiting.add(check)
    check()
    try {
      await promise
    } finally {
      clearInterval(alive)
      overdue.removeEventListener('abort', onOverdue)
      this.#waiting.delete(check)
    }
    return this.items
  }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export interface Heard {
  readonly at: number
  readonly from: PeerId
  readonly text: string
}

export const topicOptions = (rest: Partial<TopicOptions> = {}): TopicOptions => ({
  priority: 'ordinary',
  messageBytesMax: 1024,
  ratePerSec: 1000,
  burst: 5000,
  validate: () => accept(null),
  ...rest,
})

export const protocolOptions = (rest: Partial<ProtocolOptions> = {}): ProtocolOptions => ({
  requestBytesMax: 64,
  responseBytesMax: 64,
  ratePerSec: 1000,
  burst: 5000,
  handle: async ({ bytes }) => accept(bytes),
  ...rest,
})

/** All join the topic; what validators see goes to one inbox. `judge` decides by index and text. */
export const joinAll = (
  mesh: Mesh,
  judge: (at: number, text: string) => Admission<null> | Promise<Admission<null>> = () => accept(null),
): Inbox<Heard> => {
  const inbox = new Inbox<Heard>()
  mesh.peers.forEach((network, at) =>
    network.subscribe(
      TOPIC,
      topicOptions({
        validate: ({ from, bytes }) => {
          const text = textOf(bytes)
          inbox.push({ at, from, text })
          return judge(at, text)
        },
      }),
    ),
  )
  return inbox
}

export const refusalsOf = (network: Network): Inbox<RefusalEvent> => {
  const inbox = new Inbox<RefusalEvent>()
  network.onRefusal(inbox.push)
  return inbox
}

export const heardBy = (items: readonly Heard[], at: number): readonly string[] =>
  items.filter((heard) => heard.at === at).map(({ text }) => text)

/** The code with which a promise rejects; fails where it resolves, or rejects without one. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert(error instanceof ChimerError, `expected a ChimerError, got ${String(error)}`)
  return error.code
}

/** Two ends of one link, named for what they do. */
export const pairOf = (mesh: Mesh): { readonly client: Network; readonly server: Network } => {
  const [client, server] = mesh.peers
  assert(client !== undefined && server !== undefined)
  return { client, server }
}

export const ask = (
  client: Network,
  peer: PeerId,
  rest: {
    readonly text?: string
    readonly bytes?: Uint8Array
    readonly bytesMax?: number
    readonly signal?: AbortSignal
  },
): Promise<Uint8Array> =>
  client.request(peer, PROTOCOL, {
    body: () => rest.bytes ?? bytesOf(rest.text ?? 'ping'),
    responseBytesMax: rest.bytesMax ?? 64,
    signal: rest.signal ?? AbortSignal.timeout(WAIT_MS),
  })
