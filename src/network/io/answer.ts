/**
 * The serving side of one request over a stream: rate first, then the frame within its limit, then the room's handler, all
 * before one deadline. A refusal is a reset stream and says nothing.
 *
 * A requester keeps its end open until it has its answer: one that closes it has gone away. That is how it is seen over QUIC, where a
 * reset of the requester's end arrives as its end only.
 */
import assert from 'node:assert/strict'
import { NS_PER_SEC, ignore, reject } from '../../base/index.ts'
import { refused } from '../failures.ts'
import { judge } from '../serving.ts'
import { frameOf, readFrame } from './frames.ts'
import type { Stream } from '@libp2p/interface'
import type { Admission, Time } from '../../base/index.ts'
import type { Inbound } from '../inbound.ts'
import type { PeerId, ProtocolOptions } from '../port.ts'
import type { NetworkReason } from '../refusals.ts'
import type { Answering } from '../serving.ts'
import type { FrameFailure } from './frames.ts'

/** From the opening of a request's stream to its answer, ns; what takes longer is reset: `timed-out`. */
export const ANSWER_NS_MAX = 10n * NS_PER_SEC
/** The last bytes of a stream have this long to leave, ms. */
const STREAM_CLOSE_MS_MAX = 2000

export interface Call {
  readonly time: Time
  readonly inbound: Inbound
  readonly protocol: string
  readonly options: ProtocolOptions
  readonly answering: Answering
  readonly from: PeerId
  readonly stream: Stream
}

/** Answers the stream or resets it. Never rejects. */
export const answer = async (call: Call): Promise<void> => {
  const { time, inbound, protocol, answering, from, stream } = call
  const admission = inbound.admit(protocol, from, 0)
  if (admission.verdict !== 'accept') return reset(call)
  if (!answering.begin(from)) {
    inbound.settle(protocol, from, ignore('busy'))
    return reset(call)
  }
  const over = new AbortController()
  const cancel = time.schedule(ANSWER_NS_MAX, () => over.abort())
  stream.addEventListener('close', () => over.abort(), { once: true })
  stream.addEventListener('end', () => over.abort(), { once: true })
  const response = inbound.settle(protocol, from, await responseTo(call, over.signal))
  cancel()
  // Until it has left it takes memory, so until then it counts.
  if (response.verdict === 'accept') await respond(call, response.value)
  else reset(call)
  answering.end(from)
}

const FAILURES: Readonly<Record<FrameFailure, Admission<never, NetworkReason>>> = {
  'too-large': reject('too-large'),
  malformed: reject('malformed'),
  abandoned: ignore('abandoned'),
  aborted: ignore('timed-out'),
}

/** Has the requester still both ends open? */
const isThere = (stream: Stream): boolean => stream.status === 'open' && !stream.readableEnded

const responseTo = async (
  { inbound, protocol, options, from, stream }: Call,
  signal: AbortSignal,
): Promise<Admission<Uint8Array>> => {
  const frame = await readFrame(stream, { bytesMax: inbound.bytesMax(protocol), signal })
  if ('failure' in frame) return FAILURES[isThere(stream) ? frame.failure : 'abandoned']
  const reason = (): NetworkReason => (isThere(stream) ? 'timed-out' : 'abandoned')
  const handle = async (): Promise<Admission<Uint8Array>> => {
    const response = await options.handle({ from, bytes: frame.bytes, signal })
    assert(response.verdict !== 'accept' || response.value.length <= options.responseBytesMax, 'response too large')
    return response
  }
  return judge(handle, { signal, reason })
}

const respond = async (call: Call, response: Uint8Array): Promise<void> => {
  try {
    call.stream.send(frameOf(response))
  } catch {
    // The requester went away while the room answered: there is nobody to tell.
    call.inbound.settle(call.protocol, call.from, ignore('abandoned'))
    return
  }
  await closeSoon(call.stream)
}

const reset = ({ stream, from, protocol }: Call): void => stream.abort(refused(from, protocol))

/** Closes our end when what was sent has left; resets the stream where that takes too long. Never rejects. */
export const closeSoon = async (stream: Stream): Promise<void> => {
  try {
    await stream.close({ signal: AbortSignal.timeout(STREAM_CLOSE_MS_MAX) })
  } catch (error) {
    stream.abort(asError(error))
  }
}

/** Streams are aborted with an Error; some libraries throw other things. */
export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
