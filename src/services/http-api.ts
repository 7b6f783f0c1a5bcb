/**
 * The HTTP API of a node: assembles the routes, the guards and the limits on one Fastify server, and owns its lifetime.
 * What it answers comes from a `Backend`; it keeps no state of the node. Rules: docs/spec/api.md.
 *
 * It speaks plain HTTP and has no accounts. Bind it to the loopback, or put a proxy with TLS before it.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import rateLimit from '@fastify/rate-limit'
import { serializerCompiler, validatorCompiler } from '@fastify/type-provider-zod'
import type { ZodTypeProvider } from '@fastify/type-provider-zod'
import { ChimerError } from '../base/index.ts'
import type { Cancel } from '../base/index.ts'
import type { Backend } from './backend.ts'
import { dashboardFiles } from './dashboard-files.ts'
import { openEventHub } from './event-hub.ts'
import type { EventHub } from './event-hub.ts'
import { guard, SECURITY_HEADERS } from './guard.ts'
import { API_LIMITS, RATE_LIMIT } from './limits.ts'
import type { ApiLimits, RateLimit } from './limits.ts'
import { openMetrics } from './metrics.ts'
import type { Metrics } from './metrics.ts'
import { addressKey } from './ntp-rate.ts'
import { describeApi } from './openapi.ts'
import { problemFrom, refuse } from './problems.ts'
import type { ApiApp } from './routes.ts'
import { chainRoutes } from './routes-chain.ts'
import { clockRoutes } from './routes-clock.ts'
import { devnetRoutes } from './routes-devnet.ts'
import { eventRoutes } from './routes-events.ts'
import { nodeRoutes } from './routes-nodes.ts'
import { offlineRoutes } from './routes-offline.ts'
import { operationRoutes } from './routes-operation.ts'
import { otsRoutes } from './routes-ots.ts'
import { peerRoutes } from './routes-peers.ts'
import { stampRoutes } from './routes-stamps.ts'
import { tlogRoutes } from './routes-tlog.ts'
import { eventSchema } from './schema.ts'
import { tsaRoutes } from './routes-tsa.ts'
import { openStampHub } from './stamp-hub.ts'
import type { StampHub } from './stamp-hub.ts'

export interface HttpApiOptions {
  readonly backend: Backend
  /** `port` 0 takes any free one. A host other than the loopback's opens the API to the network. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Further names under which callers may ask (the Host header), without port; behind a proxy, its public name. */
  readonly hosts?: readonly string[]
  /** Folder of the built dashboard; without it there is none. */
  readonly webRoot?: string
  readonly rateLimit?: RateLimit
  readonly limits?: Partial<ApiLimits>
  /** Pino or alike. Without it the API logs nothing. */
  readonly logger?: FastifyBaseLogger
}

export interface HttpApi extends AsyncDisposable {
  /** Where it listens, as a URL without a slash at the end: `http://127.0.0.1:4600`. */
  readonly address: string
}

/**
 * Opens the API; answers from the moment it resolves. Disposing ends event streams, closes connections and frees the port.
 * Rejects with `TC_API_LISTEN` (the address cannot be had) or `TC_API_WEB_ROOT` (no dashboard where one was named).
 */
export const openHttpApi = async (options: HttpApiOptions): Promise<HttpApi> => {
  const limits = { ...API_LIMITS, ...options.limits }
  const app = makeServer(limits, options.logger)
  const hub = openEventHub(limits)
  const { stamps } = options.backend
  const stampHub = stamps === undefined ? undefined : openStampHub(stamps, limits)
  const metrics = openMetrics(options.backend, { hub, stampHub })
  const cancel = options.backend.onEvent((event) => {
    const shaped = eventSchema.safeParse(event)
    if (shaped.success) hub.publish(shaped.data)
    else
      app.log.error({ err: shaped.error, type: event.type }, 'an event has not the shape of its type and is not sent')
  })
  const close = async (): Promise<void> => {
    release(cancel, [hub, stampHub, metrics])
    await app.close()
  }
  try {
    await assemble(app, { options, limits, hub, stampHub, metrics })
    return { address: await listen(app, options.listen), [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

const release = (cancel: Cancel, parts: readonly (Disposable | undefined)[]): void => {
  cancel()
  for (const part of parts) part?.[Symbol.dispose]()
}

const makeServer = (limits: ApiLimits, logger: FastifyBaseLogger | undefined): ApiApp => {
  const app = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestMsMax,
    connectionTimeout: limits.idleMsMax,
    forceCloseConnections: true,
    http: { maxHeaderSize: limits.headerBytesMax, connectionsCheckingInterval: Math.min(1000, limits.requestMsMax) },
    routerOptions: { maxParamLength: 128 },
    frameworkErrors: (error, request, reply) => {
      void sendProblem(error, request, reply.headers(SECURITY_HEADERS))
    },
    clientErrorHandler: refuseConnection,
  }).withTypeProvider<ZodTypeProvider>()
  app.server.maxConnections = limits.connectionsMax
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  return app
}

interface Parts {
  readonly options: HttpApiOptions
  readonly limits: ApiLimits
  readonly hub: EventHub
  readonly stampHub: StampHub | undefined
  readonly metrics: Metrics
}

const assemble = async (app: ApiApp, { options, limits, hub, stampHub, metrics }: Parts): Promise<void> => {
  const { backend, webRoot } = options
  app.setErrorHandler(sendProblem)
  guard(app, ownNames(options))
  const { requestsMax, windowMs } = options.rateLimit ?? RATE_LIMIT
  await app.register(rateLimit, {
    max: requestsMax,
    timeWindow: windowMs,
    cache: 5000,
    // Who has one IPv6 address has 2^64 of them.
    keyGenerator: ({ ip }) => addressKey(ip),
    enableDraftSpec: true,
    errorResponseBuilder: () => refuse('TC_API_RATE'),
  })
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, async () => {
    throw refuse('TC_API_NOT_FOUND')
  })
  const { chain, devnet, stamps, offline, tsa, tlog } = backend
  await describeApi(app, {
    version: backend.status().version,
    devnet: devnet !== undefined,
    chain: chain !== undefined,
    stamps: stamps !== undefined || tsa !== undefined || tlog !== undefined,
  })
  operationRoutes(app, metrics)
  clockRoutes(app, backend)
  nodeRoutes(app, backend)
  peerRoutes(app, backend)
  eventRoutes(app, hub)
  if (chain !== undefined) chainRoutes(app, chain, limits)
  if (stamps !== undefined && stampHub !== undefined) stampRoutes(app, { desk: stamps, hub: stampHub, limits })
  if (stamps !== undefined && offline !== undefined)
    offlineRoutes(app, { desk: offline, newest: () => stamps.beacon(), limits })
  if (tsa !== undefined) await tsaRoutes(app, tsa, limits)
  if (stamps !== undefined) await otsRoutes(app, stamps, limits)
  if (tlog !== undefined) await tlogRoutes(app, tlog, limits)
  if (devnet !== undefined) devnetRoutes(app, devnet, limits)
  if (webRoot !== undefined) await dashboardFiles(app, webRoot)
}

/** A wildcard is a place to listen, not a name to be called by. */
const ownNames = ({ listen, hosts }: HttpApiOptions): readonly string[] =>
  [listen.host, ...(hosts ?? [])]
    .filter((host) => host !== '0.0.0.0' && host !== '::')
    .map((host) => host.toLowerCase())

/** Every refusal leaves here. What was not foreseen is logged whole and answered with a bare TC_API_INTERNAL. */
const sendProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const { status, body } = problemFrom(error)
  if (status === 500) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
  return reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body)
}

/** Bytes that never became a request: too slow, too large, or no HTTP. Answered by hand, then the connection is closed. */
const refuseConnection = (error: Error & { readonly code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, body } = problemFrom(connectionProblem(error.code))
  const text = JSON.stringify(body)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    'x-content-type-options: nosniff',
    `content-length: ${Buffer.byteLength(text)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
}

const connectionProblem = (code: string | undefined): ChimerError => {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refuse('TC_API_SLOW_REQUEST')
  return refuse(code === 'HPE_HEADER_OVERFLOW' ? 'TC_API_HEADERS_TOO_LARGE' : 'TC_API_BAD_REQUEST')
}

/** What to do about the usual ways in which an address cannot be had. */
const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Something else listens there. Stop it, or choose another port (0 takes any free one).',
  EACCES: 'This user may not listen there. Choose a port above 1023.',
  EADDRNOTAVAIL: 'This machine has no such address. Use 127.0.0.1, or one that it has.',
  ENOTFOUND: 'There is no such name. Use 127.0.0.1, or an address of this machine.',
}

const listen = async (app: ApiApp, { host, port }: HttpApiOptions['listen']): Promise<string> => {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : ''
    const advice = LISTEN_ADVICE[cause] ?? 'See the cause.'
    throw new ChimerError('TC_API_LISTEN', `The HTTP API cannot listen on ${host}, port ${port}. ${advice}`, {
      facts: { host, port, cause },
      cause: error,
    })
  }
  const bound = app.server.address()
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port
  return `http://${reachable(host)}:${boundPort}`
}

/** A wildcard is no address to call; the loopback always belongs to it. */
const reachable = (host: string): string => {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
