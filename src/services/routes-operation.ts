/** `GET /metrics` and `GET /openapi.json`. Rules of docs/spec/api.md. */
import { z } from 'zod'
import type { ApiApp } from './routes.ts'
import type { Metrics } from './metrics.ts'
import { METRICS_EXAMPLE } from './examples.ts'

export const operationRoutes = (app: ApiApp, metrics: Metrics): void => {
  app.addHook('onResponse', (request, reply, done) => {
    metrics.answered({
      method: request.method,
      route: request.is404 ? 'none' : (request.routeOptions.url ?? 'none'),
      status: reply.statusCode,
    })
    done()
  })
  app.route({
    method: 'GET',
    url: '/metrics',
    config: { example: METRICS_EXAMPLE, mediaType: 'text/plain' },
    schema: {
      operationId: 'getMetrics',
      tags: ['operation'],
      summary: 'The node as numbers, for Prometheus',
      description: 'Text format 0.0.4. Names and labels are listed in docs/spec/api.md.',
      response: { 200: z.string() },
    },
    handler: async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  })
  app.route({
    method: 'GET',
    url: '/openapi.json',
    schema: {
      operationId: 'getOpenApi',
      tags: ['operation'],
      summary: 'This description',
      description: 'OpenAPI 3.1, made from the shapes that the server validates with.',
      response: { 200: z.record(z.string(), z.unknown()) },
    },
    handler: async (_request, reply) => reply.send({ ...app.swagger() }),
  })
}
