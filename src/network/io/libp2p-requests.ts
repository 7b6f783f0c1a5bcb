/** The asking side of requests over libp2p: one stream, one request, one response. The answering side is `answer.ts`. */
import { reject } from '../../base/index.ts'
import { closed, refused, timedOut, tooLarge, unreachable } from '../failures.ts'
import { asError, closeSoon } from './answer.ts'
import { frameOf, readFrame } from './frames.ts'
import { STREAMS_PER_PROTOCOL_MAX } from './libp2p-options.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { Inbound } from '../inbound.ts'
import type { Network, PeerId } from '../port.ts'
import type { Dials } from './libp2p-dials.ts'

type RequestOptions = Parameters<Network['request']>[2]

interface Call {
  readonly peer: PeerId
  readonly protocol: string
  readonly options: RequestOptions
  /** Aborts when the caller's does, or when the network closes. */
  readonly signal: AbortSignal
  readonly connection: Connection
}

export class Requests {
  readonly #inbound: Inbound
  readonly #dials: Dials
  readonly #closing: AbortSignal

  constructor(inbound: Inbound, dials: Dials, closing: AbortSignal) {
    this.#inbound = inbound
    this.#dials = dials
    this.#closing = closing
  }

  /** As the port's `request`. */
  async request(peer: PeerId, protocol: string, options: RequestOptions): Promise<Uint8Array> {
    if (this.#closing.aborted) throw closed()
    const connection = await this.#dials.toPeer(peer, options.signal, protocol)
    const signal = AbortSignal.any([options.signal, this.#closing])
    const call: Call = { peer, protocol, options, signal, connection }
    const stream = await this.#openStream(call)
    try {
      const response = await this.#exchange(call, stream)
      void closeSoon(stream)
      return response
    } catch (error) {
      stream.abort(asError(error))
      throw error
    }
  }

  async #openStream(call: Call): Promise<Stream> {
    try {
      return await call.connection.newStream(call.protocol, {
        signal: call.signal,
        maxOutboundStreams: STREAMS_PER_PROTOCOL_MAX,
        runOnLimitedConnection: true,
      })
    } catch (error) {
      throw this.#failure(call, error)
    }
  }

  async #exchange(call: Call, stream: Stream): Promise<Uint8Array> {
    const { peer, protocol, options, signal } = call
    const { responseBytesMax } = options
    const response = readFrame(stream, { bytesMax: responseBytesMax, signal })
    const body = options.body()
    const bytesMax = this.#inbound.bytesMax(protocol)
    if (body.length > bytesMax) throw tooLarge(protocol, { bytes: body.length, bytesMax })
    try {
      stream.send(frameOf(body))
    } catch (cause) {
      throw this.#failure(call, cause)
    }
    const outcome = await response
    if ('bytes' in outcome) return outcome.bytes
    if (outcome.failure === 'too-large' || outcome.failure === 'malformed')
      this.#inbound.settle(protocol, peer, reject(outcome.failure))
    if (outcome.failure === 'too-large')
      throw tooLarge(protocol, { bytes: outcome.announcedBytes ?? 0, bytesMax: responseBytesMax })
    throw this.#failure(call, undefined)
  }

  /** Why a request came to nothing: our time was up, the peer is gone, or it said no. */
  #failure({ peer, protocol, signal, connection }: Call, cause: unknown): Error {
    if (this.#closing.aborted || connection.status !== 'open') return unreachable(peer, cause)
    return signal.aborted ? timedOut(peer, protocol, signal.reason) : refused(peer, protocol, cause)
  }
}
