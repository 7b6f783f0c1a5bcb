/**
 * The port between a node and its peers. It carries opaque bytes and calls validators that it is handed; it knows no rule
 * of proofs or consensus. Two implementations, held to one conformance suite: `io/libp2p.ts` and `io/in-memory.ts`.
 */
import type { Admission, Cancel } from '../base/index.ts'
import type { ChannelScoring } from './score-weights.ts'

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

/**
 * Which messages are judged first where several wait: `time` (proofs, attestations, challenges) before `consensus` before
 * `ordinary` before `bulk`. A class that waits is never starved altogether (validation-queue.ts says how).
 */
export const PRIORITIES = ['time', 'consensus', 'ordinary', 'bulk'] as const
export type Priority = (typeof PRIORITIES)[number]

export interface TopicOptions {
  readonly priority: Priority
  /** Larger messages are refused before the validator sees them. */
  readonly messageBytesMax: number
  /** Messages a second from one peer, and how many may come at once. What is above is refused: `rate-limited`. */
  readonly ratePerSec: number
  readonly burst: number
  /** How deeds on this topic weigh in a peer's score; as everywhere where absent. */
  readonly scoring?: Partial<ChannelScoring>
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

/** One open connection, as it is seen from here. */
export interface Connection {
  readonly peer: PeerId
  /** Where the other end is, as a multiaddr. */
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  readonly transport: 'tcp' | 'quic' | 'relay' | 'memory'
  readonly security: 'noise' | 'tls' | 'none'
  /** Elapsed ns when it was opened. */
  readonly openedNs: bigint
  /** The newest round trip that was measured on it, ns; undefined before the first. */
  readonly roundTripNs: bigint | undefined
  /** Bytes of the transport, both directions. */
  readonly traffic: { readonly bytesIn: number; readonly bytesOut: number }
}

/** One reason for a peer's score: what it did, on which channel, and what that adds now. */
export interface ScoreReason {
  readonly channel: string
  /** What was done: a name of SCORE_REASONS (score-weights.ts). */
  readonly reason: string
  /** Points that this adds to the score, negative where it costs. */
  readonly points: number
}

/** How a peer stands with us: its score and why, what it said, and what of that was dropped. */
export interface PeerStanding {
  readonly peer: PeerId
  readonly score: number
  readonly reasons: readonly ScoreReason[]
  readonly messages: { readonly accepted: number; readonly ignored: number; readonly rejected: number }
  /** What was dropped, by reason; a peer's distinct reasons are bounded. */
  readonly refusals: ReadonlyMap<string, number>
  readonly isShutOut: boolean
}

export interface Network extends AsyncDisposable {
  readonly peerId: PeerId
  /** Addresses that others can dial, as multiaddrs with the peer id at the end. */
  addresses(): readonly string[]
  /** Connected peers. */
  peers(): readonly PeerId[]
  /** Every open connection. */
  connections(): readonly Connection[]
  /** How these stand; or all that are connected, and those remembered since (some thousands). Worst first. */
  standings(of?: Iterable<PeerId>): readonly PeerStanding[]
  /** Where a peer may be found from now on, as multiaddrs: for `connect` and `request`. Bounded; replaces what was known. */
  remember(peer: PeerId, addresses: readonly string[]): void
  /**
   * Makes a connection where there is none: to a peer at its remembered addresses, or to whoever is at `address`. Resolves to
   * who answered. Rejects with `TC_NET_UNREACHABLE`, or `TC_NET_TIMEOUT` where the signal aborts first.
   */
  connect(
    target: { readonly peer: PeerId } | { readonly address: string },
    options: { readonly signal: AbortSignal },
  ): Promise<PeerId>
  /** Closes all connections of a peer. `reason` is counted as a refusal of the channel `connection`, verdict `ignore`. */
  disconnect(peer: PeerId, reason: string): void
  /** Adds to a peer's account, as a validator's verdict does: for what is found out after the bytes were accepted. */
  charge(peer: PeerId, charge: { readonly channel: string; readonly reason: string }): void
  /** Leaves a topic. Does nothing where it was not joined. */
  unsubscribe(topic: string): void
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
