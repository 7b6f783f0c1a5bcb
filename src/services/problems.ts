/**
 * Every way in which the HTTP API says no. Inside, a refusal is a `ChimerError` with one of these codes; on the wire it is
 * `{ code, message }` with the status of this table, and nothing else: no stack, no path, no foreign message.
 * Documented in docs/errors.md and, route by route, in /openapi.json.
 */
import { hasZodFastifySchemaValidationErrors } from '@fastify/type-provider-zod'
import type { FastifyError } from 'fastify'
import { ChimerError } from '../base/index.ts'

export const API_PROBLEMS = {
  TC_API_BAD_REQUEST: {
    status: 400,
    message: 'The request is malformed. See /openapi.json for what this route takes.',
  },
  TC_API_HOST: {
    status: 421,
    message: 'This node does not answer under that name. Use its address, or the configured host.',
  },
  TC_API_CROSS_SITE: {
    status: 403,
    message: 'Pages of other sites may not use this API. Call it from outside a browser.',
  },
  TC_API_TOKEN: { status: 403, message: 'Send the token of GET /v1/devnet in the header x-truechimer-token.' },
  TC_API_WITNESS_SIGNATURE: { status: 403, message: 'The checkpoint does not bear its log’s signature.' },
  TC_API_NOT_FOUND: { status: 404, message: 'There is nothing here. /openapi.json lists what there is.' },
  TC_API_UNKNOWN_NODE: {
    status: 404,
    message: 'This node has not heard of that node. GET /v1/nodes lists those it knows.',
  },
  TC_API_UNKNOWN_PROOF: { status: 404, message: 'This node does not hold that proof. It keeps recent proofs only.' },
  TC_API_UNKNOWN_BLOCK: { status: 404, message: 'This node holds no such block. GET /v1/blocks says which it holds.' },
  TC_API_UNKNOWN_STAMP: {
    status: 404,
    message: 'This node has no such stamp. Ask the node that gave the receipt, with the id from its answer.',
  },
  TC_API_UNKNOWN_DRAWING: {
    status: 404,
    message: 'This node has no evidence about that drawing. It need not know what another node has seen.',
  },
  TC_API_CALENDAR_PENDING: { status: 404, message: 'The commitment waits for a block. Ask again in a few seconds.' },
  TC_API_SLOW_REQUEST: { status: 408, message: 'The request did not come whole in time. Send it again, faster.' },
  TC_API_STAMP_BEACON: {
    status: 409,
    message: 'The beacon is not among the newest blocks. Ask GET /v1/stamps/beacon and send that one, or leave it out.',
  },
  TC_API_STAMP_NOT_FINAL: {
    status: 409,
    message: 'The stamp is not final yet. Wait for the seconds in the header retry-after, or follow /v1/stamps/events.',
  },
  TC_API_TOO_LARGE: { status: 413, message: 'The body is larger than this route takes.' },
  TC_API_MEDIA_TYPE: { status: 415, message: 'Send application/json.' },
  TC_API_TRANSACTION_REFUSED: { status: 422, message: 'The transaction was refused; the reason stands in brackets.' },
  TC_API_WITNESS_INCONSISTENT: {
    status: 422,
    message: 'The checkpoint does not continue what was cosigned last; the reason stands in brackets.',
  },
  TC_API_OFFLINE_REFUSED: { status: 422, message: 'The record was refused; the reason stands in brackets.' },
  TC_API_RATE: { status: 429, message: 'Too many requests. Wait for the seconds in the header retry-after.' },
  TC_API_HEADERS_TOO_LARGE: { status: 431, message: 'The request line and headers are too large.' },
  TC_API_INTERNAL: { status: 500, message: 'The node failed at this request. Its log says why.' },
  TC_API_UNSYNCHRONISED: {
    status: 503,
    message: 'The clock is unsynchronised, so there is no time to give. GET /v1/status says what its sources do.',
  },
  TC_API_UNHEALTHY: { status: 503, message: 'The node is up, but not well.' },
  TC_API_STAMP_UNREADY: { status: 503, message: 'This node stamps nothing now; the reason stands in brackets.' },
  TC_API_STAMPS_FULL: {
    status: 503,
    message: 'Too many stamps wait for a block. Wait for the seconds in the header retry-after.',
  },
  TC_API_STAMP_STORE: {
    status: 503,
    message:
      'The node’s disk does not keep stamps now; nothing was taken. Ask another node. Its operator finds why in its log.',
  },
  TC_API_WITNESS_UNREADY: { status: 503, message: 'This node witnesses nothing now; the reason stands in brackets.' },
  TC_API_STREAMS: { status: 503, message: 'Too many event streams are open. Close one, or come back later.' },
  TC_API_BUSY: { status: 503, message: 'The node took too long, or is closing. Try again.' },
} as const satisfies Record<`TC_API_${string}`, { readonly status: number; readonly message: string }>

export type ApiCode = keyof typeof API_PROBLEMS

/** A refusal to throw. `message` replaces the table's where more can be said; it goes to the caller as it stands. */
export const refuse = (code: ApiCode, message: string = API_PROBLEMS[code].message): ChimerError =>
  new ChimerError(code, message)

export interface Problem {
  readonly status: number
  readonly body: { readonly code: ApiCode; readonly message: string }
}

const isApiCode = (code: string): code is ApiCode => Object.hasOwn(API_PROBLEMS, code)

const problemOf = (code: ApiCode, message: string = API_PROBLEMS[code].message): Problem => ({
  status: API_PROBLEMS[code].status,
  body: { code, message },
})

/** What the framework's own errors are, by its code, then by status. Messages of others never reach the caller. */
const FRAMEWORK: Readonly<Record<string, ApiCode>> = {
  FST_ERR_BAD_URL: 'TC_API_BAD_REQUEST',
  FST_ERR_MAX_PARAM_LENGTH: 'TC_API_BAD_REQUEST',
}
const STATUS: Readonly<Record<number, ApiCode>> = {
  403: 'TC_API_NOT_FOUND',
  404: 'TC_API_NOT_FOUND',
  408: 'TC_API_SLOW_REQUEST',
  413: 'TC_API_TOO_LARGE',
  415: 'TC_API_MEDIA_TYPE',
  429: 'TC_API_RATE',
  431: 'TC_API_HEADERS_TOO_LARGE',
  503: 'TC_API_BUSY',
}

/** Any thrown thing as what the caller may know of it. What is nobody's refusal is TC_API_INTERNAL. */
export const problemFrom = (error: unknown): Problem => {
  if (error instanceof ChimerError && isApiCode(error.code)) return problemOf(error.code, error.message)
  if (hasZodFastifySchemaValidationErrors(error)) return problemOf('TC_API_BAD_REQUEST', validationMessage(error))
  if (!isFrameworkError(error)) return problemOf('TC_API_INTERNAL')
  const status = error.statusCode ?? 500
  const code =
    FRAMEWORK[error.code] ?? STATUS[status] ?? (status >= 400 && status < 500 ? 'TC_API_BAD_REQUEST' : undefined)
  return problemOf(code ?? 'TC_API_INTERNAL')
}

const isFrameworkError = (error: unknown): error is FastifyError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && 'statusCode' in error

/** Names the field and the rule; never repeats what was sent. */
const validationMessage = (error: {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string }[]
  readonly validationContext?: string
}): string => {
  const faults = error.validation
    .slice(0, 3)
    .map(({ instancePath, message }) => `${instancePath}: ${message ?? 'wrong'}`)
  return `Malformed ${error.validationContext ?? 'request'}: ${faults.join('; ')}.`
}
