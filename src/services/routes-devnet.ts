/**
 * `GET /v1/devnet` and `POST /v1/devnet/faults`: bending a node's clock, for people who want to see the network notice.
 * The routes exist only where the backend is a devnet's; elsewhere they are 404 and absent from /openapi.json. Rules A-40 ff.
 *
 * The token is no secret from programs of this machine, which may read it as the dashboard does. It keeps out pages of
 * other origins: they cannot read it, and cannot send its header without a CORS consent that this server never gives.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { devnetSchema, faultSchema } from './schema.ts'
import type { Backend } from './backend.ts'
import type { ApiApp } from './routes.ts'
import type { ApiLimits } from './limits.ts'
import { refuse } from './problems.ts'
import { DEVNET_EXAMPLE } from './examples.ts'

const tokenHeaders = z.object({
  'x-truechimer-token': z.string().max(200).describe('the token of GET /v1/devnet'),
})

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest()

/** Compared as digests, so that neither time nor length tells how near a guess came. An empty token opens nothing. */
const isToken = (given: string | undefined, token: string): boolean =>
  timingSafeEqual(digest(given ?? ''), digest(token)) && token !== ''

/** The framework's own handler timeout ends with the request's body, so it never fires on a route that takes one. */
const within = async <T>(msMax: number, work: Promise<T>): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(refuse('TC_API_BUSY')), msMax)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

export const devnetRoutes = (app: ApiApp, devnet: NonNullable<Backend['devnet']>, limits: ApiLimits): void => {
  app.route({
    method: 'GET',
    url: '/v1/devnet',
    config: { example: DEVNET_EXAMPLE },
    schema: {
      operationId: 'getDevnet',
      tags: ['devnet'],
      summary: 'The devnet around this node',
      description: 'Its nodes, the faults that are on, and the token for changing them.',
      response: { 200: devnetSchema },
    },
    handler: async () => devnet.view(),
  })
  app.route({
    method: 'POST',
    url: '/v1/devnet/faults',
    config: {
      problems: [
        'TC_API_BAD_REQUEST',
        'TC_API_TOKEN',
        'TC_API_UNKNOWN_NODE',
        'TC_API_TOO_LARGE',
        'TC_API_MEDIA_TYPE',
        'TC_API_BUSY',
      ],
    },
    schema: {
      operationId: 'bendClock',
      tags: ['devnet'],
      summary: 'Bend what a node’s time source tells it',
      description: 'The source lies by so many milliseconds from now on; 0 sets it right.',
      headers: tokenHeaders,
      body: faultSchema,
      response: { 204: z.null().describe('the source lies as told') },
    },
    preValidation: async (request) => {
      const given = request.headers['x-truechimer-token']
      if (!isToken(typeof given === 'string' ? given : undefined, devnet.view().token)) throw refuse('TC_API_TOKEN')
    },
    handler: async (request, reply) => {
      const bent = await within(limits.handlerMsMax, devnet.bend(request.body))
      if (bent.verdict !== 'accept') throw refuse('TC_API_UNKNOWN_NODE')
      return reply.code(204).send(null)
    },
  })
}
