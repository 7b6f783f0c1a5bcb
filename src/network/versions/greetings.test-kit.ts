/** What the tests of greetings share: time that a test moves, nodes in one process that greet each other, and a rude one. */
import assert from 'node:assert/strict'
import { accept } from '../../base/index.ts'
import { createInMemoryHub } from '../io/in-memory.ts'
import type { InMemoryHub } from '../io/in-memory.ts'
import { MovedTime } from '../moved-time.test-kit.ts'
import type { Network, PeerId, RefusalEvent } from '../port.ts'
import { GreetedNetwork } from './greeted-network.ts'
import { GREETING_LIMITS, GREETING_PROTOCOL, encodeGreeting, openGreeting } from './greeting.ts'
import type { Greeting } from './greeting.ts'
import type { Refused } from './greeting-refusals.ts'
import { Greetings } from './greetings.ts'
import type { OwnGreeting } from './greetings.ts'
import { parseVersion } from './protocol-version.ts'

export const NETWORK_ID = new Uint8Array(32).fill(0x11)

export interface Party {
  readonly name: PeerId
  readonly raw: Network
  readonly network: GreetedNetwork
  readonly greetings: Greetings
  /** What this side refused, as `peer reason by`, and what its network reported. */
  readonly refused: (Refused & { readonly peer: PeerId })[]
  readonly reported: RefusalEvent[]
}

type Making = Partial<OwnGreeting> & { readonly networkId?: Uint8Array; readonly connectTo?: readonly PeerId[] }

export interface World {
  readonly time: MovedTime
  readonly hub: InMemoryHub
  /** A node that greets, started; connected to nobody, or to some before it greets. */
  readonly party: (name: PeerId, own?: Making) => Party
  /** A network that does not greet. */
  readonly rude: (name: PeerId) => Network
}

export const makeWorld = (delayNs = 1_000_000n): World => {
  const time = new MovedTime()
  const hub = createInMemoryHub(time, { delayNs, dialable: true })
  return {
    time,
    hub,
    rude: (name) => hub.join(name),
    party: (name, { networkId = NETWORK_ID, connectTo = [], ...own } = {}) => {
      const raw = hub.join(name, { connectTo })
      const refused: Party['refused'] = []
      const reported: RefusalEvent[] = []
      raw.onRefusal((event) => reported.push(event))
      const greetings = new Greetings({
        network: raw,
        time,
        networkId,
        own: { version: '1.0.0', features: [], agent: `test/${name}`, ...own },
        onRefused: (event) => refused.push(event),
      })
      greetings.start()
      return { name, raw, network: new GreetedNetwork(raw, greetings), greetings, refused, reported }
    },
  }
}

/** A greeting as the wire has it. */
export const greetingOf = (
  change: Omit<Partial<Greeting>, 'version'> & { readonly version?: string } = {},
): Uint8Array => {
  const version = parseVersion(change.version ?? '1.0.0')
  assert(version !== undefined)
  const rest = {
    networkId: NETWORK_ID,
    features: [],
    required: [],
    agent: 'rude/1',
    refusal: undefined,
    oldestSpoken: version,
  }
  return encodeGreeting({ ...rest, ...change, version })
}

/** Asks as it likes; the answer as a greeting. */
export const greet = async (network: Network, peer: PeerId, body: Uint8Array): Promise<Greeting> => {
  const { signal } = new AbortController()
  const options = { body: () => body, responseBytesMax: GREETING_LIMITS.responseBytesMax, signal }
  const opened = openGreeting(await network.request(peer, GREETING_PROTOCOL, options))
  assert(opened.verdict === 'accept')
  return opened.value
}

/** Answers every greeting with these bytes, and keeps what came. */
export const answering = (network: Network, answer: Uint8Array): Greeting[] => {
  const heard: Greeting[] = []
  network.serve(GREETING_PROTOCOL, {
    ...GREETING_LIMITS,
    handle: async ({ bytes }) => {
      const opened = openGreeting(bytes)
      assert(opened.verdict === 'accept')
      heard.push(opened.value)
      return accept(answer)
    },
  })
  return heard
}
