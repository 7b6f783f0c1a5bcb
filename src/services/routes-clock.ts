/** `GET /v1/time`, `/v1/status`, `/v1/clock` and `/healthz`: the node's own clock. Rules of docs/spec/api.md. */
import { clockSchema, healthSchema, statusSchema, timeSchema } from './schema.ts'
import type { StatusView } from './schema.ts'
import type { Backend } from './backend.ts'
import type { ApiApp } from './routes.ts'
import { refuse } from './problems.ts'
import { CLOCK_EXAMPLE, HEALTH_EXAMPLE, STATUS_EXAMPLE, TIME_EXAMPLE } from './examples.ts'

export const clockRoutes = (app: ApiApp, backend: Backend): void => {
  app.route({
    method: 'GET',
    url: '/v1/time',
    config: { problems: ['TC_API_UNSYNCHRONISED'], example: TIME_EXAMPLE },
    schema: {
      operationId: 'getTime',
      tags: ['clock'],
      summary: 'What time it is',
      description:
        'An interval that holds the true time, as long as a majority of the node’s sources is true; inside it the range that is 95 % likely. ' +
        'Compare intervals, not estimates: one instant is certainly before another only if its latest is before the other’s earliest.',
      response: { 200: timeSchema },
    },
    handler: async () => {
      const time = backend.time()
      if (time === undefined || time.status === 'unsynchronised') throw refuse('TC_API_UNSYNCHRONISED')
      return time
    },
  })
  app.route({
    method: 'GET',
    url: '/v1/status',
    config: { example: STATUS_EXAMPLE },
    schema: {
      operationId: 'getStatus',
      tags: ['clock'],
      summary: 'How this node is doing',
      description: 'The node’s clock, the sources it reads, what the network thinks of it, and its peers.',
      response: { 200: statusSchema },
    },
    handler: async () => backend.status(),
  })
  app.route({
    method: 'GET',
    url: '/v1/clock',
    config: { example: CLOCK_EXAMPLE },
    schema: {
      operationId: 'getClock',
      tags: ['clock'],
      summary: 'How this node keeps its clock',
      description:
        'Frequency and what is allowed for it, Allan deviation, how often sources are asked, and whom the node serves.',
      response: { 200: clockSchema },
    },
    handler: async () => backend.clock(),
  })
  app.route({
    method: 'GET',
    url: '/healthz',
    config: { problems: ['TC_API_UNHEALTHY'], example: HEALTH_EXAMPLE },
    schema: {
      operationId: 'getHealth',
      tags: ['operation'],
      summary: 'Is this node fit to be asked for the time?',
      description:
        '200 while the clock is synchronised or in holdover, otherwise 503 with the reason. For load balancers.',
      response: { 200: healthSchema },
    },
    handler: async () => {
      const { clock, sources } = backend.status()
      if (clock.status !== 'synchronised' && clock.status !== 'holdover')
        throw refuse('TC_API_UNHEALTHY', whyUnhealthy(clock.status, sources))
      return { healthy: true as const, clock: clock.status }
    },
  })
}

/** One sentence for an operator: the clock's status, and how many sources stand behind it. */
const whyUnhealthy = (status: string, sources: StatusView['sources']): string => {
  const good = sources.filter((source) => source.state === 'selected' || source.state === 'truechimer').length
  return `The clock is ${status}: ${good} of ${sources.length} sources agree. GET /v1/status says more.`
}
