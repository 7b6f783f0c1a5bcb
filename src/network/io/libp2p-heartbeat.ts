/**
 * Asks the other end of every connection for a sign of life, and times it: 32 random bytes out and the same back, as libp2p's
 * `ping` specification has it, so that any libp2p node can be asked. A connection on which no answer comes is closed: half-open
 * ones (the other machine is gone, or something on the way forgot them) would otherwise hold their place for minutes.
 *
 * The round trip is that of the whole path, with both programs in it; it says how far a neighbour is at most. It is no attestation.
 */
import { randomBytes } from 'node:crypto'
import { NS_PER_SEC } from '../../base/index.ts'
import { asError } from './answer.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { Cancel, Time } from '../../base/index.ts'

export const PING_PROTOCOL = '/ipfs/ping/1.0.0'
export const PING_BYTES = 32
/** Between two pings of a connection, ns. The first leaves at once. */
export const HEARTBEAT_NS = 10n * NS_PER_SEC
/**
 * How long an answer may take, ns: twice half of it. After the first half the event loop gets a turn, so that a node that stood
 * still itself hears what has long come before it judges others.
 */
export const SILENCE_NS_MAX = 10n * NS_PER_SEC
/** What one peer may ask: a stream a second, and some more when connections come at once. */
export const PING_LIMITS = { bytesMax: PING_BYTES, ratePerSec: 2, burst: 20 } as const
/** Pings of one peer under way on one connection. */
export const PING_STREAMS_MAX = 4

interface Beating {
  readonly time: Time
  readonly connection: Connection
  readonly onRoundTrip: (roundTripNs: bigint) => void
  /** No answer came: close the connection. Called once, and then no more. */
  readonly onSilent: () => void
}

/** Beats until it is cancelled or its connection closes. */
export const keepBeating = (options: Beating): Cancel => {
  const { time, connection } = options
  const stopping = new AbortController()
  let cancel: Cancel | undefined
  const stop = (): void => {
    stopping.abort()
    cancel?.()
  }
  const again = async (): Promise<void> => {
    const isAlive = await beat(options, stopping.signal)
    if (stopping.signal.aborted) return
    if (isAlive) cancel = time.schedule(HEARTBEAT_NS, () => void again())
    else {
      stop()
      options.onSilent()
    }
  }
  connection.addEventListener('close', stop, { once: true })
  void again()
  return stop
}

/** One ping. False only where nothing came in time: a peer that refuses to be asked lives. */
const beat = async ({ time, connection, onRoundTrip }: Beating, stopping: AbortSignal): Promise<boolean> => {
  const silence = new AbortController()
  const half = (then: () => void): Cancel => time.schedule(SILENCE_NS_MAX / 2n, then)
  let cancel = half(() => (cancel = half(() => silence.abort())))
  const signal = AbortSignal.any([silence.signal, stopping])
  try {
    const stream = await connection.newStream(PING_PROTOCOL, {
      signal,
      maxOutboundStreams: PING_STREAMS_MAX,
      runOnLimitedConnection: true,
    })
    onRoundTrip(await echo(time, stream, signal))
    return true
  } catch {
    // The peer does not speak the protocol, or closed the stream: it answered. Only silence counts.
    return !silence.signal.aborted
  } finally {
    cancel()
  }
}

const echo = async (time: Time, stream: Stream, signal: AbortSignal): Promise<bigint> => {
  try {
    const answer = readPing(stream, signal)
    const sent = randomBytes(PING_BYTES)
    const startNs = time.elapsedNs()
    stream.send(sent)
    const received = await answer
    const roundTripNs = time.elapsedNs() - startNs
    if (!sent.equals(received)) throw new RangeError('another answer than was asked for')
    void stream.close({ signal }).catch((error: unknown) => stream.abort(asError(error)))
    return roundTripNs
  } catch (error) {
    stream.abort(asError(error))
    throw error
  }
}

/** The next 32 bytes. Rejects where the stream ends first, brings more, or the signal aborts. */
const readPing = (stream: Stream, signal: AbortSignal): Promise<Uint8Array> => {
  const bytes = new Uint8Array(PING_BYTES)
  let length = 0
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const fail = (): void => reject(new RangeError('no answer'))
  const hear = ({ data }: { readonly data: { subarray(): Uint8Array } }): void => {
    const chunk = data.subarray()
    if (length + chunk.length > PING_BYTES) return fail()
    bytes.set(chunk, length)
    length += chunk.length
    if (length === PING_BYTES) resolve(bytes)
  }
  signal.addEventListener('abort', fail, { once: true })
  stream.addEventListener('close', fail)
  stream.addEventListener('end', fail)
  stream.addEventListener('message', hear)
  return promise.finally(() => {
    signal.removeEventListener('abort', fail)
    stream.removeEventListener('close', fail)
    stream.removeEventListener('end', fail)
    stream.removeEventListener('message', hear)
  })
}

/**
 * Answers the pings on one stream until it closes. `mayAsk` is asked before each: false resets the stream, as more than 32 bytes
 * without waiting for an answer do. Keeps at most 32 bytes.
 */
export const answerPings = (stream: Stream, mayAsk: () => boolean): void => {
  let held = new Uint8Array(0)
  stream.addEventListener('message', ({ data }) => {
    held = Buffer.concat([held, data.subarray()])
    if (held.length < PING_BYTES || stream.status !== 'open') return
    if (held.length > PING_BYTES || !mayAsk()) {
      stream.abort(new RangeError('asked too much'))
      return
    }
    stream.send(held)
    held = new Uint8Array(0)
  })
  stream.addEventListener('remoteCloseWrite', () => {
    void stream.close().catch((error: unknown) => stream.abort(asError(error)))
  })
}
