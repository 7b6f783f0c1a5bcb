/** A libp2p peer that says what it likes: any bytes on any topic or protocol, framed or not. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2p, Stream } from '@libp2p/interface'
import { GREETING_PROTOCOL, encodeGreeting } from '../../src/network/index.ts'
import { frameOf } from '../../src/network/io/frames.ts'
import { createNode } from '../../src/network/io/libp2p-options.ts'
import type { Services } from '../../src/network/io/libp2p-options.ts'

const GOSSIP_PROTOCOL = '/meshsub/1.1.0'

export class HostilePeer implements AsyncDisposable {
  readonly #node: Libp2p<Services>
  readonly #address: string
  readonly #greeting: Uint8Array | undefined
  #rpc: Promise<Stream> | undefined

  private constructor(node: Libp2p<Services>, address: string, greeting: Uint8Array | undefined) {
    this.#node = node
    this.#address = address
    this.#greeting = greeting
  }

  /**
   * @param networkId greets as a peer of this network does, since nobody else is served for long; without it never greets.
   * @param serve protocols that it answers in its own way.
   */
  static async open(options: {
    readonly seed: Uint8Array
    readonly address: string
    readonly networkId?: Uint8Array
    readonly serve?: Readonly<Record<string, (stream: Stream) => void>>
  }): Promise<HostilePeer> {
    const privateKey = await generateKeyPairFromSeed('Ed25519', options.seed)
    const opinion = { isShutOut: () => false, score: () => 0 }
    const node = await createNode({ privateKey, listen: [], gater: {}, opinion })
    for (const [protocol, answer] of Object.entries(options.serve ?? {})) await node.handle(protocol, answer)
    const greeting = options.networkId === undefined ? undefined : frameOf(greetingOf(options.networkId))
    if (greeting !== undefined) await node.handle(GREETING_PROTOCOL, (stream) => answerWith(stream, greeting))
    await node.start()
    const peer = new HostilePeer(node, options.address, greeting)
    try {
      await peer.connect()
    } catch (error) {
      await node.stop()
      throw error
    }
    return peer
  }

  async connect(): Promise<void> {
    await this.#node.dial(multiaddr(this.#address), { signal: AbortSignal.timeout(20_000) })
    if (this.#greeting !== undefined) await this.say(GREETING_PROTOCOL, this.#greeting)
  }

  get peerId(): string {
    return this.#node.peerId.toString()
  }

  get isConnected(): boolean {
    return this.#node.getConnections().some(({ status }) => status === 'open')
  }

  /** Joins a topic as an honest peer does. */
  join(topic: string): void {
    this.#node.services.pubsub.subscribe(topic)
  }

  /** Opens a stream of its own and sends these bytes on it as they stand. */
  async say(protocol: string, bytes: Uint8Array): Promise<Stream> {
    const stream = await this.#node.dialProtocol(multiaddr(this.#address), protocol)
    stream.send(bytes)
    return stream
  }

  /** One message on a topic, whether or not the other has joined it: an RPC of gossipsub, written by hand. */
  async gossip(topic: string, data: Uint8Array): Promise<void> {
    await this.rpc(field(2, Buffer.concat([field(2, data), field(4, Buffer.from(topic))])))
  }

  /** Many of them, back to back; ends early when the other hangs up. */
  async flood(topic: string, messages: readonly Uint8Array[]): Promise<number> {
    let sent = 0
    for (const message of messages) {
      if (!this.isConnected) break
      try {
        await this.gossip(topic, message)
        sent += message.length
        // A turn of the event loop, or the news that the other hung up would never come in.
        await nextTurn()
      } catch {
        break // cut off: that is what the flood was for
      }
    }
    return sent
  }

  /** Any bytes as one RPC on the gossip stream. */
  async rpc(bytes: Uint8Array): Promise<void> {
    this.#rpc ??= this.#node.dialProtocol(multiaddr(this.#address), GOSSIP_PROTOCOL)
    const stream = await this.#rpc
    const goesOn = stream.send(Buffer.concat([varint(bytes.length), bytes]))
    if (!goesOn) await stream.onDrain({ signal: AbortSignal.timeout(20_000) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node.stop()
  }
}

/** An RPC that joins so many topics of its own. */
export const subscriptions = (count: number, turn: number): Uint8Array =>
  Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      field(1, Buffer.concat([Buffer.from([0x08, 1]), field(2, Buffer.from(`t${turn}.${index}`))])),
    ),
  )

const greetingOf = (networkId: Uint8Array): Uint8Array =>
  encodeGreeting({
    networkId,
    version: { major: 1, minor: 0, patch: 0 },
    oldestSpoken: { major: 1, minor: 0, patch: 0 },
    features: [],
    required: [],
    agent: 'hostile',
    refusal: undefined,
  })

/** Whatever is asked. */
const answerWith = (stream: Stream, bytes: Uint8Array): void => {
  stream.send(bytes)
  void stream.close().catch((error: unknown) => stream.abort(error instanceof Error ? error : new TypeError('gone')))
}

/** Protobuf: a field of bytes. */
const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes])

/** Protobuf: base 128, low group first. */
const varint = (value: number): Buffer => {
  const groups: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    groups.push(left < 128 ? left : (left % 128) + 128)
    if (left < 128) return Buffer.from(groups)
  }
}
