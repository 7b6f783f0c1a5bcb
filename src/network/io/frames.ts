/**
 * One message each way over a libp2p stream: a length (uint32, big-endian) and that many bytes, and nothing after. A stream
 * carries one request and one response. Read through stream events, with the size limit applied to the announced length
 * before any of the bytes are kept.
 */
import type { Stream } from '@libp2p/interface'

const LENGTH_BYTES = 4

/**
 * Why no frame was read. `abandoned`: the other end closed or reset first; `aborted`: the signal did; `malformed`: more
 * bytes than announced.
 */
export type FrameFailure = 'too-large' | 'malformed' | 'abandoned' | 'aborted'
export type FrameOutcome =
  | { readonly bytes: Uint8Array }
  | { readonly failure: FrameFailure; readonly announcedBytes?: number }

/** Length prefix and bytes in one buffer, so that they leave in one write. `bytes.length` < 2^32. */
export const frameOf = (bytes: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(LENGTH_BYTES + bytes.length)
  new DataView(frame.buffer).setUint32(0, bytes.length)
  frame.set(bytes, LENGTH_BYTES)
  return frame
}

/** Collects one frame. Memory: what has come, at most `bytesMax` and one chunk of the stream; nothing on announcement. */
class FrameReader {
  readonly #bytesMax: number
  readonly #head = new Uint8Array(LENGTH_BYTES)
  readonly #chunks: Uint8Array[] = []
  #bytesRead = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Undefined while more is to come. */
  push(chunk: Uint8Array): FrameOutcome | undefined {
    const ofHead = chunk.subarray(0, Math.max(0, LENGTH_BYTES - this.#bytesRead))
    this.#head.set(ofHead, Math.min(this.#bytesRead, LENGTH_BYTES))
    this.#bytesRead += chunk.length
    if (this.#bytesRead < LENGTH_BYTES) return undefined
    const announcedBytes = new DataView(this.#head.buffer).getUint32(0)
    if (announcedBytes > this.#bytesMax) return { failure: 'too-large', announcedBytes }
    if (this.#bytesRead > LENGTH_BYTES + announcedBytes) return { failure: 'malformed' }
    this.#chunks.push(chunk.subarray(ofHead.length))
    return this.#bytesRead === LENGTH_BYTES + announcedBytes ? { bytes: joined(this.#chunks) } : undefined
  }
}

/** A copy, so that what a handler keeps does not hold on to the connection's buffers. */
const joined = (chunks: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0)
  return bytes
}

/** Reads one frame of at most `bytesMax` bytes. Never rejects. */
export const readFrame = (
  stream: Stream,
  options: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<FrameOutcome> => {
  const { signal } = options
  if (signal.aborted) return Promise.resolve({ failure: 'aborted' })
  const reader = new FrameReader(options.bytesMax)
  const { promise, resolve } = Promise.withResolvers<FrameOutcome>()
  const onMessage = (event: { readonly data: { subarray(): Uint8Array } }): void => {
    const outcome = reader.push(event.data.subarray())
    if (outcome !== undefined) resolve(outcome)
  }
  const onGone = (): void => resolve({ failure: 'abandoned' })
  const onAbort = (): void => resolve({ failure: 'aborted' })
  signal.addEventListener('abort', onAbort, { once: true })
  stream.addEventListener('close', onGone)
  stream.addEventListener('end', onGone)
  stream.addEventListener('message', onMessage)
  if (stream.readableEnded) onGone()
  return promise.finally(() => {
    signal.removeEventListener('abort', onAbort)
    stream.removeEventListener('close', onGone)
    stream.removeEventListener('end', onGone)
    stream.removeEventListener('message', onMessage)
  })
}
