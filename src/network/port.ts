/**
 * The port between a node and its peers. It carries opaque bytes and calls validators that it is handed; it knows no rule
 * of proofs or consensus. Two implementations, held to one conformance suite: `io/libp2p.ts` and `io/in-memory.ts`.
 */
import type { Admission, Cancel } from '../base/index.ts'

/** A peer is its Ed25519 public key (32 bytes), written as its libp2p peer id (crypto/node-id.ts). */
export type PeerId = string

/**
 * What a message on a topic is worth. `from` is the peer that handed it over (which is not always its author).
 * `accept` passes it on, `ignore` drops it, `reject` drops it and counts against `from`.
 */
export type MessageValidator = (message: {
  readonly from: PeerId
  readonly bytes: Uint8Array
}) => Admission<null> | Promise<Admission<null>>

/** Answers one request. A refusal is answered with nothing: the stream is closed and the sender is charged. */
export type RequestHandler = (request: {
  readonly from: PeerId
  readonly bytes: Uint8Array
  readonly signal: AbortSignal
}) => Promise<Admission<Uint8Array>>

export interface TopicOptions {
  /** Larger messages are refused before the validator sees them. */
  readonly messageBytesMax: number
  /** Messages a second from one peer, and how many may come at once. What is above is refused: `rate-limited`. */
  readonly ratePerSec: number
  readonly burst: number
  readonly validate: MessageValidator
}

export interface ProtocolOptions {
  readonly requestBytesMax: number
  readonly responseBytesMax: number
  readonly ratePerSec: number
  readonly burst: number
  readonly handle: RequestHandler
}

/** What happened to bytes that were not accepted, for counters: never the bytes themselves. */
export interface RefusalEvent {
  readonly channel: string
  readonly from: PeerId
  readonly verdict: 'ignore' | 'reject'
  readonly reason: string
}

export interface Network extends AsyncDisposable {
  readonly peerId: PeerId
  /** Addresses that others can dial, as multiaddrs with the peer id at the end. */
  addresses(): readonly string[]
  /** Connected peers. */
  peers(): readonly PeerId[]
  /** Joins a topic. Once per topic. */
  subscribe(topic: string, options: TopicOptions): void
  /** Hands bytes to the mesh. Resolves when handed over (also to nobody); own validators do not run on own messages. */
  publish(topic: string, bytes: Uint8Array): Promise<void>
  /** Serves a request/response protocol. Once per protocol. */
  serve(protocol: string, options: ProtocolOptions): void
  /**
   * One request, one response. `body` is called at the last moment before the bytes leave, so that what it times is the
   * round trip and not the making of a connection. Rejects with `TC_NET_UNREACHABLE`, `TC_NET_REFUSED`,
   * `TC_NET_TOO_LARGE` or `TC_NET_TIMEOUT`.
   */
  request(
    peer: PeerId,
    protocol: string,
    options: { readonly body: () => Uint8Array; readonly responseBytesMax: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array>
  /** Called for every peer that comes (`connected`) or goes. */
  onPeer(listener: (event: { readonly peer: PeerId; readonly connected: boolean }) => void): Cancel
  /** Called for everything refused, on any channel. */
  onRefusal(listener: (event: RefusalEvent) => void): Cancel
}
