/**
 * What a neighbour says on its gossip stream besides messages, held to a rate; and what cannot be decoded, said aloud. Gossipsub drops
 * the latter without a word and reads on, and takes any number of subscriptions and of RPCs that bring no message: both would cost a
 * neighbour nothing for ever. Messages are the door's affair (`topic-validators.ts`).
 *
 * Reads what the pinned version keeps to itself, by name; a test shows that it is there. Rule: docs/spec/network.md N-19. Not promised:
 * a price for saying one message again and again, which gossipsub recognises before anybody is asked.
 */
import assert from 'node:assert/strict'
import { TokenBuckets } from '../token-bucket.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerId } from '../port.ts'
import type { RateLimit } from '../token-bucket.ts'

/**
 * Subscriptions, and RPCs without a message. An honest neighbour says its topics once (1,024 at most), some RPCs a heartbeat, and one
 * for each large message that it does not want again.
 */
export const CONTROL_RATE: RateLimit = { ratePerSec: 1000, burst: 8192 }
const NEIGHBOURS_MAX = 1024

/** As far as it is looked at here. */
interface Rpc {
  readonly subscriptions: readonly unknown[]
  readonly messages: readonly unknown[]
}
type Remote = { toString(): string }

export interface GossipReaderOptions {
  readonly pubsub: GossipSub
  readonly elapsedNs: () => bigint
  /** What came cannot be decoded: once for each. */
  readonly unreadable: (peer: PeerId) => void
  /** An RPC above CONTROL_RATE was dropped. */
  readonly flooding: (peer: PeerId) => void
}

/** Puts itself between gossipsub and its streams. Once, before it starts. */
export const guardReader = ({ pubsub, elapsedNs, unreadable, flooding }: GossipReaderOptions): void => {
  const rates = new TokenBuckets(CONTROL_RATE, NEIGHBOURS_MAX)
  const own = (name: string): ((...given: readonly unknown[]) => unknown) => {
    const method: unknown = Reflect.get(pubsub, name)
    assert(typeof method === 'function', `gossipsub has ${name}`)
    return (...given) => Reflect.apply(method, pubsub, given)
  }
  const [decode, handle] = [own('decodeRpc'), own('handleReceivedRpc')]
  const decodeAloud = (remote: Remote, bytes: unknown): unknown => {
    try {
      return decode(bytes)
    } catch (error) {
      unreadable(remote.toString())
      throw error
    }
  }
  const handleWithin = async (remote: Remote, rpc: Rpc): Promise<unknown> => {
    const peer = remote.toString()
    if (isWithin(rates, peer, weightOf(rpc), elapsedNs())) return handle(remote, rpc)
    flooding(peer)
    return undefined
  }
  const read: unknown = Reflect.get(pubsub, 'pipePeerReadStream')
  assert(typeof read === 'function', 'gossipsub has pipePeerReadStream')
  // It calls both by these names, and is the only one that knows whose stream it is.
  Reflect.set(pubsub, 'pipePeerReadStream', (remote: Remote, source: unknown) => {
    const reader: object = Object.create(pubsub, {
      decodeRpc: { value: (bytes: unknown) => decodeAloud(remote, bytes) },
      handleReceivedRpc: { value: handleWithin },
    })
    return Reflect.apply(read, reader, [remote, source])
  })
}

const weightOf = ({ subscriptions, messages }: Rpc): number => subscriptions.length + (messages.length === 0 ? 1 : 0)

const isWithin = (rates: TokenBuckets, peer: PeerId, weight: number, nowNs: bigint): boolean => {
  for (let taken = 0; taken < weight; taken += 1) if (!rates.take(peer, nowNs)) return false
  return true
}
