/** `GET /v1/events`: what happens, as it happens, as server-sent events. Rules of docs/spec/api.md. */
import { z } from 'zod'
import { EVENT_TYPES } from './schema.ts'
import type { EventType } from './schema.ts'
import type { EventHub } from './event-hub.ts'
import type { ApiApp } from './routes.ts'
import { refuse } from './problems.ts'
import { EVENTS_EXAMPLE } from './examples.ts'
import { addressKey } from './ntp-rate.ts'
import { streamHeaders } from './stream-headers.ts'

const one = `(?:${EVENT_TYPES.join('|')})`

const eventsQuery = z.object({
  types: z
    .string()
    .max(200)
    .regex(new RegExp(`^${one}(?:,${one})*$`), `some of ${EVENT_TYPES.join(', ')}, with commas between`)
    .optional()
    .meta({
      description: 'only events of these types, with commas between; all when left out',
      example: 'verdict,clock',
    }),
})

const eventsHeaders = z.object({
  'last-event-id': z
    .string()
    .max(100)
    .optional()
    .describe('the id of the last event seen: what is still held is sent again'),
})

export const eventRoutes = (app: ApiApp, hub: EventHub): void => {
  app.route({
    method: 'GET',
    url: '/v1/events',
    exposeHeadRoute: false,
    config: {
      problems: ['TC_API_BAD_REQUEST', 'TC_API_STREAMS'],
      example: EVENTS_EXAMPLE,
      mediaType: 'text/event-stream',
    },
    schema: {
      operationId: 'streamEvents',
      tags: ['network'],
      summary: 'What happens, as it happens',
      description:
        'Server-sent events: `event` is the type, `data` an Event as JSON, `id` goes back in Last-Event-ID. A reader that does ' +
        'not keep up is cut off, and may come back for what is still held.',
      querystring: eventsQuery,
      headers: eventsHeaders,
      response: { 200: z.string().describe('a stream without end') },
    },
    handler: async (request, reply) => {
      if (!hub.hasRoom(addressKey(request.ip))) throw refuse('TC_API_STREAMS')
      const { types } = request.query
      reply.header('content-type', 'text/event-stream; charset=utf-8')
      reply.hijack()
      reply.raw.writeHead(200, streamHeaders(reply.getHeaders()))
      reply.raw.on('error', (error) => request.log.debug({ err: error }, 'event stream failed'))
      const leave = hub.join({
        client: addressKey(request.ip),
        sink: reply.raw,
        types: types === undefined ? undefined : typesOf(types),
        lastEventId: request.headers['last-event-id'],
      })
      reply.raw.on('close', leave)
    },
  })
}

const typesOf = (list: string): ReadonlySet<EventType> => {
  const named = list.split(',')
  return new Set(EVENT_TYPES.filter((type) => named.includes(type)))
}
