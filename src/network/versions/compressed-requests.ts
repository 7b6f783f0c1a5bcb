/**
 * Requests whose bytes are compressed, where both nodes have the feature `compression`. A protocol that is served so has
 * two names: its own, which carries its bytes as they are, and one with `/compressed` behind it, which carries them in a frame.
 * The name says what comes, so nothing depends on who knew of the agreement first. Rules: docs/spec/network.md N-97, N-98.
 *
 * A frame: one byte that names the codec, the length of the bytes (uint32, big-endian), the bytes as the codec has them.
 * The announced length is held against the limit and the frame's size before anything is inflated, and the codec may make no
 * more of it. What compression would not shorten, or shortens beyond belief, travels plain in its frame.
 */
import assert from 'node:assert/strict'
import { accept, reject } from '../../base/index.ts'
import type { Admission } from '../../base/index.ts'
import { refused, tooLarge } from '../failures.ts'
import type { Network, PeerId, ProtocolOptions } from '../port.ts'
import { FRAME_BYTES_MAX } from '../topics.ts'
import type { Greetings } from './greetings.ts'
import { unlessAborted } from './unless-aborted.ts'

/** How bytes are made shorter, and how they come back. `io/compression.ts` is the one that nodes use. */
export interface Compression {
  /** Shorter or longer. */
  deflate(bytes: Uint8Array): Promise<Uint8Array>
  /** Undefined where they are no such bytes, or would become more than `bytesMax`. Never rejects. */
  inflate(bytes: Uint8Array, bytesMax: number): Promise<Uint8Array | undefined>
}

/** Byte that names the codec of a frame. `zstd`: RFC 8878, a window of at most 1 MiB, no dictionary. */
export const COMPRESSION_CODECS = { plain: 0, zstd: 1 } as const

/** Bytes of a frame before those that it carries. */
export const COMPRESSED_HEAD_BYTES = 5
/** Shorter ones are not worth it. */
export const COMPRESSED_BYTES_MIN = 512
/** Nothing may grow more than so many times: peer records grow twofold, text some five to twentyfold. */
export const INFLATION_MAX = 64

/** Why a frame is none. All `reject`. */
export const COMPRESSION_REASONS = ['malformed', 'unknown-codec', 'too-large', 'inflates-too-much'] as const
export type CompressionReason = (typeof COMPRESSION_REASONS)[number]

/** The name under which a protocol is served compressed. */
export const compressedProtocol = (protocol: string): string => `${protocol}/compressed`

/** A frame of these bytes, at most COMPRESSED_HEAD_BYTES longer than they are. */
export const frameCompressed = async (compression: Compression, bytes: Uint8Array): Promise<Uint8Array> => {
  const deflated = bytes.length < COMPRESSED_BYTES_MIN ? undefined : await compression.deflate(bytes)
  const isWorthIt =
    deflated !== undefined && deflated.length < bytes.length && bytes.length <= deflated.length * INFLATION_MAX
  const body = isWorthIt ? deflated : bytes
  const frame = new Uint8Array(COMPRESSED_HEAD_BYTES + body.length)
  frame[0] = isWorthIt ? COMPRESSION_CODECS.zstd : COMPRESSION_CODECS.plain
  new DataView(frame.buffer).setUint32(1, bytes.length)
  frame.set(body, COMPRESSED_HEAD_BYTES)
  return frame
}

/** The bytes of a frame of anybody, at most `bytesMax` of them. Nothing is inflated before the announced length is admitted. */
export const openCompressed = async (
  compression: Compression,
  frame: Uint8Array,
  bytesMax: number,
): Promise<Admission<Uint8Array, CompressionReason>> => {
  if (frame.length < COMPRESSED_HEAD_BYTES) return reject('malformed')
  const codec = frame[0]
  const bytesLength = new DataView(frame.buffer, frame.byteOffset).getUint32(1)
  const body = frame.subarray(COMPRESSED_HEAD_BYTES)
  if (bytesLength > bytesMax) return reject('too-large')
  if (codec === COMPRESSION_CODECS.plain)
    return body.length === bytesLength ? accept(body.slice()) : reject('malformed')
  if (codec !== COMPRESSION_CODECS.zstd) return reject('unknown-codec')
  if (bytesLength > body.length * INFLATION_MAX) return reject('inflates-too-much')
  const bytes = await compression.inflate(body, bytesLength)
  return bytes?.length === bytesLength ? accept(bytes) : reject('malformed')
}

export interface CompressedRequestsOptions {
  readonly network: Pick<Network, 'charge' | 'request' | 'serve'>
  /** With whom compression was agreed. */
  readonly greetings: Pick<Greetings, 'agreed' | 'agreement'>
  readonly compression: Compression
  /** This node has the feature; where it has not, only the plain form is served. */
  readonly isOffered: boolean
}

export class CompressedRequests {
  readonly #options: CompressedRequestsOptions

  constructor(options: CompressedRequestsOptions) {
    this.#options = options
  }

  /** Are requests to this peer compressed? Of one that is connected and not yet agreed with, as soon as that is known. */
  async #isCompressed(peer: PeerId, signal: AbortSignal): Promise<boolean> {
    const { greetings, isOffered } = this.#options
    if (!isOffered) return false
    if (greetings.agreed(peer) === undefined) await unlessAborted(greetings.agreement(peer), signal)
    return greetings.agreed(peer)?.features.includes('compression') === true
  }

  /**
   * As `Network.serve`, in both forms; the limits are of the bytes as the handler sees them, at most FRAME_BYTES_MAX less
   * COMPRESSED_HEAD_BYTES. Each form has the whole rate.
   */
  serve(protocol: string, options: ProtocolOptions): void {
    const { network, compression, isOffered } = this.#options
    network.serve(protocol, options)
    if (!isOffered) return
    const { requestBytesMax, responseBytesMax, handle } = options
    network.serve(compressedProtocol(protocol), {
      ...options,
      requestBytesMax: framedMax(requestBytesMax),
      responseBytesMax: framedMax(responseBytesMax),
      handle: async (request) => {
        const opened = await openCompressed(compression, request.bytes, requestBytesMax)
        if (opened.verdict !== 'accept') return opened
        const response = await handle({ ...request, bytes: opened.value })
        return response.verdict === 'accept' ? accept(await frameCompressed(compression, response.value)) : response
      },
    })
  }

  /**
   * As `Network.request`, in the form that was agreed with the peer; one that is not connected is dialled and asked plainly. For
   * bytes that exist before: what must be made at the last moment is asked by the network itself. A response that is no frame
   * is charged to the peer and rejects with `TC_NET_REFUSED`.
   */
  async ask(
    peer: PeerId,
    protocol: string,
    options: { readonly body: Uint8Array; readonly responseBytesMax: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    const { network, compression } = this.#options
    const { body, responseBytesMax, signal } = options
    if (!(await this.#isCompressed(peer, signal)))
      return network.request(peer, protocol, { ...options, body: () => body })
    const name = compressedProtocol(protocol)
    const frame = await frameCompressed(compression, body)
    const response = await network.request(peer, name, {
      body: () => frame,
      responseBytesMax: framedMax(responseBytesMax),
      signal,
    })
    const opened = await openCompressed(compression, response, responseBytesMax)
    if (opened.verdict === 'accept') return opened.value
    network.charge(peer, { channel: name, reason: opened.reason })
    if (opened.reason === 'too-large') throw tooLarge(name, { bytes: response.length, bytesMax: responseBytesMax })
    throw refused(peer, name)
  }
}

const framedMax = (bytesMax: number): number => {
  const framed = bytesMax + COMPRESSED_HEAD_BYTES
  assert(framed <= FRAME_BYTES_MAX, 'no room for the head of a frame')
  return framed
}
