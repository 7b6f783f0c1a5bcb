/**
 * What every route file shares: the framework's instance with the shapes of `schema.ts` as its types, and what a route says
 * about itself for /openapi.json beside its shapes.
 */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from '@fastify/type-provider-zod'
import type { ApiCode } from './problems.ts'

export type ApiApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How this route in particular says no. What every route may answer is added by openapi.ts. */
    readonly problems?: readonly ApiCode[]
    /** What a good answer looks like. */
    readonly example?: unknown
    /** Media type of a good answer where it is not JSON. */
    readonly mediaType?: string
    /** Name of the shape that stands in the `data` of a stream's events; Event where left out. */
    readonly eventSchema?: string
  }
}
