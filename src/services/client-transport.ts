/**
 * How the typed client asks: one request, with a time limit, a limit to the answer, and every failure an `ApiError` with a stable code. It
 * stands on `fetch` and timers, and runs in browsers and in Node.
 */
import type { z } from 'zod'
import { problemSchema } from './schema.ts'

/** Codes that the client itself gives; every other code is the server's own (docs/errors.md). */
export const CLIENT_CODES = ['TC_API_UNREACHABLE', 'TC_API_TIMEOUT', 'TC_API_ANSWER', 'TC_API_ABORTED'] as const

export interface ApiErrorOptions {
  readonly status?: number
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** A refusal, or no answer. `status` is the HTTP status, 0 where there was no answer at all. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number
  /** How long the node asks to wait before the next try, milliseconds; undefined where it does not say. */
  readonly retryAfterMs: number | undefined

  constructor(code: string, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ApiError'
    this.code = code
    this.status = options.status ?? 0
    this.retryAfterMs = options.retryAfterMs
  }
}

export interface ClientOptions {
  /** Where the API lives, such as `http://127.0.0.1:4600`; in a browser `location.origin`. */
  readonly baseUrl: string
  /** Another `fetch`, for tests and proxies. */
  readonly fetch?: typeof globalThis.fetch
  /** Ends every request and every iteration of this client. */
  readonly signal?: AbortSignal
  /** How long one request may take, milliseconds; 10,000 unless told. */
  readonly timeoutMs?: number
  /** First pause before connecting again, milliseconds; 500 unless told, or what the server's `retry:` says. */
  readonly retryMs?: number
  /** Longest such pause, milliseconds; 15,000 unless told. */
  readonly retryMsMax?: number
  /** A stream this long without a byte is taken for dead, milliseconds; 45,000 unless told (the server beats every 15 s). */
  readonly idleMsMax?: number
}

/** Bytes of one answer that are read at most. */
export const ANSWER_BYTES_MAX = 8 * 1024 * 1024

/** `body` makes of an answer that is no refusal what the caller wants. */
export const request = async <T>(
  options: ClientOptions,
  path: string,
  init: RequestInit,
  body: (response: Response) => Promise<T>,
): Promise<T> => {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 10_000)
  const signal = AbortSignal.any([timeout, ...(options.signal === undefined ? [] : [options.signal])])
  try {
    const response = await fetchOf(options)(urlOf(options, path), { ...init, signal })
    if (!response.ok) throw await refusalOf(response)
    return await body(response)
  } catch (error) {
    if (error instanceof ApiError) throw error
    if (options.signal?.aborted) throw new ApiError('TC_API_ABORTED', 'The request was called off.', { cause: error })
    if (timeout.aborted) throw new ApiError('TC_API_TIMEOUT', `${path} took too long to answer.`, { cause: error })
    throw unreachable(options, error)
  }
}

/** An answer of JSON, checked against its shape; null where it has no content. */
export const jsonOf =
  <T>(schema: z.ZodType<T>) =>
  async (response: Response): Promise<T> => {
    const text = await textOf(response)
    return answer(schema, response.status === 204 ? 'null' : text, response.status)
  }

/** An answer of bytes, at most ANSWER_BYTES_MAX of them. */
export const bytesOf = async (response: Response): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  for await (const chunk of limitedChunks(response)) parts.push(chunk)
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.byteLength
  }
  return all
}

/** A browser's `fetch` must be called on its window. */
export const fetchOf = (options: ClientOptions): typeof globalThis.fetch =>
  options.fetch ?? globalThis.fetch.bind(globalThis)

export const urlOf = (options: ClientOptions, path: string): string => `${options.baseUrl.replace(/\/+$/, '')}${path}`

export const unreachable = (options: ClientOptions, cause: unknown): ApiError =>
  new ApiError('TC_API_UNREACHABLE', `No answer from ${options.baseUrl}. Is the node running there?`, { cause })

export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Longest message of a server that is passed on, UTF-16 units. */
const MESSAGE_LENGTH_MAX = 2000
/** What a server says may stand on a terminal: on one line, in its order, and not for pages. */
const tame = (message: string): string =>
  message.slice(0, MESSAGE_LENGTH_MAX).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\uFFFD')

/** What a refusal says: its code, its message, its status, and how long it asks to wait. */
export const refusalOf = async (response: Response): Promise<ApiError> => {
  const { status, headers } = response
  const wait = headers.get('retry-after') ?? ''
  const retry = /^\d{1,6}$/.test(wait) ? { retryAfterMs: Number(wait) * 1000 } : {}
  const problem = problemSchema.safeParse(parseJson(await textOf(response)))
  return problem.success
    ? new ApiError(problem.data.code, tame(problem.data.message), { status, ...retry })
    : new ApiError('TC_API_ANSWER', `Status ${status} without a problem body: is this a Truechimer node?`, {
        status,
        ...retry,
      })
}

const answer = <T>(schema: z.ZodType<T>, text: string, status: number): T => {
  const result = schema.safeParse(parseJson(text))
  if (result.success) return result.data
  const message = 'The answer has another shape than this client knows. Is this a Truechimer node of this version?'
  throw new ApiError('TC_API_ANSWER', message, { status, cause: result.error })
}

/** The body as text, at most ANSWER_BYTES_MAX of it. */
const textOf = async (response: Response): Promise<string> => {
  const parts: string[] = []
  const decoder = new TextDecoder()
  for await (const chunk of limitedChunks(response)) parts.push(decoder.decode(chunk, { stream: true }))
  return parts.join('') + decoder.decode()
}

async function* limitedChunks(response: Response): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunksOf(response)) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX)
      throw new ApiError('TC_API_ANSWER', `The answer is over ${ANSWER_BYTES_MAX} bytes.`, { status: response.status })
    yield chunk
  }
}

/** Not every browser can iterate a ReadableStream, so the reader is held by hand. Leaving the loop ends the transfer. */
export async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  const reader = response.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    // The stream may have failed already; there is nothing left to cancel then, and the failure was thrown by read().
    await reader.cancel().catch(() => undefined)
  }
}
