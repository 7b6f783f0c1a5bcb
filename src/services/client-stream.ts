/**
 * Server-sent events as the typed client reads them (WHATWG HTML §9.2.6): a connection that is made again by itself, with growing pauses,
 * and the parser of its text.
 */
import { ApiError, chunksOf, fetchOf, refusalOf, unreachable, urlOf } from './client-transport.ts'
import type { ClientOptions } from './client-transport.ts'

/** `connecting`: asking; `open`: events may come; `waiting`: lost, and asking again after a pause. */
export type StreamState = 'connecting' | 'open' | 'waiting'

/** Characters of one event that are read at most. */
export const EVENT_CHARS_MAX = 2 * 1024 * 1024

export interface FollowOptions {
  readonly path: string
  /** Ends the iteration without an error. */
  readonly signal: AbortSignal | undefined
  readonly onState: ((state: StreamState, error?: ApiError) => void) | undefined
}

/** What the loop below carries from one connection to the next. */
interface Resume {
  lastId: string | undefined
  retryMs: number
  failures: number
}

/**
 * Messages with data until a signal fires or the loop is left, over as many connections as it takes. Rejects only where asking again
 * cannot help (4xx).
 */
export async function* follow(options: ClientOptions, given: FollowOptions): AsyncGenerator<StreamData> {
  const ends = [given.signal, options.signal].filter((end) => end !== undefined)
  const over = AbortSignal.any(ends)
  const resume: Resume = { lastId: undefined, retryMs: options.retryMs ?? 500, failures: 0 }
  while (!over.aborted) {
    given.onState?.('connecting')
    let failure: ApiError | undefined
    try {
      yield* connection(options, { ...given, over, resume })
    } catch (error) {
      if (over.aborted) return
      failure = error instanceof ApiError ? error : unreachable(options, error)
      if (isFinal(failure)) throw failure
    }
    if (over.aborted) return
    given.onState?.('waiting', failure)
    await pause(pauseMs(resume, options.retryMsMax ?? 15_000), over)
    resume.failures += 1
  }
}

/** Asking again mends a crash, an overload or a restart; it does not mend a wrong request. */
const isFinal = (error: ApiError): boolean =>
  error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429

/** Doubles with every failure up to the maximum; half of it is chance, so that many clients do not come back at once. */
const pauseMs = ({ retryMs, failures }: Resume, retryMsMax: number): number =>
  Math.min(retryMsMax, retryMs * 2 ** Math.min(failures, 16)) * (0.5 + Math.random() / 2)

const pause = (ms: number, over: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      over.removeEventListener('abort', done)
      resolve()
    }
    // A signal that has fired already, perhaps within onState, fires no second time.
    const timer = setTimeout(done, over.aborted ? 0 : ms)
    over.addEventListener('abort', done)
  })

interface ConnectionOptions extends FollowOptions {
  readonly over: AbortSignal
  readonly resume: Resume
}

/** One connection, until it ends, fails or falls silent. */
async function* connection(options: ClientOptions, given: ConnectionOptions): AsyncGenerator<StreamData> {
  const { path, over, onState, resume } = given
  const silence = new AbortController()
  const dead = (): void => silence.abort(new ApiError('TC_API_TIMEOUT', 'The event stream fell silent.'))
  const idleMs = options.idleMsMax ?? 45_000
  let watch = setTimeout(dead, idleMs)
  try {
    const response = await fetchOf(options)(urlOf(options, path), {
      headers: {
        accept: 'text/event-stream',
        ...(resume.lastId === undefined ? {} : { 'last-event-id': resume.lastId }),
      },
      cache: 'no-store',
      signal: AbortSignal.any([over, silence.signal]),
    })
    if (!response.ok) throw await refusalOf(response)
    onState?.('open')
    const parser = eventStreamParser()
    const decoder = new TextDecoder()
    for await (const chunk of chunksOf(response)) {
      clearTimeout(watch)
      watch = setTimeout(dead, idleMs)
      for (const message of parser(decoder.decode(chunk, { stream: true }))) {
        if (message.retryMs !== undefined && options.retryMs === undefined) resume.retryMs = message.retryMs
        if (message.id !== undefined) resume.lastId = message.id
        if (message.data === undefined) continue
        resume.failures = 0
        yield { event: message.event, data: message.data }
      }
    }
  } finally {
    clearTimeout(watch)
  }
}

/** A message that carries something. */
export interface StreamData {
  readonly event: string | undefined
  readonly data: string
}

/** One block of the stream; fields that it did not have are undefined. */
export interface StreamMessage {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string | undefined
  readonly retryMs: number | undefined
}

/**
 * Text of an event stream, cut anywhere, to the messages that it completes. Comments are dropped. Throws an ApiError
 * where one message grows over EVENT_CHARS_MAX characters.
 */
export const eventStreamParser = (): ((text: string) => StreamMessage[]) => {
  let rest = ''
  return (text) => {
    rest += text
    // A carriage return at the end may be half of a line end: it waits for what follows.
    const held = rest.endsWith('\r') ? '\r' : ''
    const blocks = rest
      .slice(0, rest.length - held.length)
      .replaceAll(/\r\n?/g, '\n')
      .split('\n\n')
    rest = (blocks.pop() ?? '') + held
    if (rest.length > EVENT_CHARS_MAX)
      throw new ApiError('TC_API_ANSWER', `An event is over ${EVENT_CHARS_MAX} characters.`)
    return blocks.map(messageOf)
  }
}

const messageOf = (block: string): StreamMessage => {
  const fields = block.split('\n').map((line) => {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    return { name, value: colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '') }
  })
  const last = (name: string): string | undefined => fields.findLast((field) => field.name === name)?.value
  const data = fields.filter((field) => field.name === 'data').map((field) => field.value)
  const retry = last('retry')
  return {
    id: last('id'),
    event: last('event'),
    data: data.length === 0 ? undefined : data.join('\n'),
    retryMs: retry !== undefined && /^\d{1,6}$/.test(retry) ? Number(retry) : undefined,
  }
}
