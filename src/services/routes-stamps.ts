/**
 * `POST /v1/stamps`, `GET /v1/stamps/beacon`, `/v1/stamps/:id`, `/v1/stamps/:id/proof` and `/v1/stamps/events`. They exist only where the
 * node stamps. Rules: docs/spec/api.md, A-110 and after.
 *
 * The first is what most people use the network for, so it is kept short: its body and its header are read by hand (stamp-asking.ts), its
 * answer is written as it was made, and its rate is counted in stamps (stamp-rates.ts) in the place of the general limit.
 */
import { z } from 'zod'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ChimerError } from '../base/index.ts'
import type { StampDesk, StampRecord, StampRequest } from '../stamps/index.ts'
import type { ApiLimits } from './limits.ts'
import { SECURITY_HEADERS } from './guard.ts'
import { addressKey } from './ntp-rate.ts'
import { refuse } from './problems.ts'
import type { ApiApp } from './routes.ts'
import { BEACON_EXAMPLE, STAMP_EXAMPLE, STAMP_NEWS_EXAMPLE, STAMPS_EXAMPLE } from './stamp-examples.ts'
import { clientKeyOf, readStampAsks } from './stamp-asking.ts'
import type { AskedStamp } from './stamp-asking.ts'
import type { StampHub } from './stamp-hub.ts'
import type { StampAllowance } from './stamp-rates.ts'
import { StampRates } from './stamp-rates.ts'
import { stampRefusal } from './stamp-refusals.ts'
import {
  beaconSchema,
  clientKeySchema,
  stampAsksSchema,
  stampIdSchema,
  stampSchema,
  stampsSchema,
} from './stamp-schema.ts'
import type { StampsView } from './stamp-schema.ts'
import { stampsText, stampView } from './stamp-views.ts'
import { streamHeaders } from './stream-headers.ts'

export interface StampRoutesOptions {
  readonly desk: StampDesk
  readonly hub: StampHub
  readonly limits: ApiLimits
}

/** Ids in one stream of events. */
export const STAMPS_FOLLOWED_MAX = 100
export const STAMP_PROOF_MEDIA_TYPE = 'application/vnd.truechimer.stamp-proof'
/** What is told to who asks for a proof too early, seconds. */
const FINAL_RETRY_SEC = 1

export const stampRoutes = (app: ApiApp, options: StampRoutesOptions): void => {
  submitRoute(app, options)
  beaconRoute(app, options)
  eventsRoute(app, options)
  findRoute(app, options)
  proofRoute(app, options)
}

const submitRoute = (app: ApiApp, { desk, limits }: StampRoutesOptions): void => {
  const rates = new StampRates(limits.stampsPerMinute)
  const take = (request: FastifyRequest, reply: FastifyReply, stamps: number): ChimerError | undefined => {
    const allowance = rates.take(request.ip, stamps, performance.now())
    reply.header('ratelimit-policy', rates.policy)
    reply.header('ratelimit', `"stamps";r=${allowance.remaining};t=${allowance.fullSec}`)
    return allowance.isTaken ? undefined : tooMany(reply, allowance, limits.stampsPerMinute)
  }
  app.route({
    method: 'POST',
    url: '/v1/stamps',
    bodyLimit: limits.stampsBodyBytesMax,
    config: {
      problems: [
        'TC_API_BAD_REQUEST',
        'TC_API_STAMP_BEACON',
        'TC_API_STAMP_UNREADY',
        'TC_API_STAMPS_FULL',
        'TC_API_STAMP_STORE',
        'TC_API_TOO_LARGE',
        'TC_API_MEDIA_TYPE',
      ],
      example: STAMPS_EXAMPLE,
      rateLimit: false,
    },
    schema: {
      operationId: 'submitStamps',
      tags: ['stamps'],
      summary: 'Have imprints stamped',
      description:
        'Takes all or none. When the answer comes, they are durable at this node, and the receipt in it is the node’s signed promise of a block. 201 where ' +
        'any of them is new, 200 where all were asked for before.',
      headers: z.object({ 'idempotency-key': clientKeySchema.optional() }),
      body: stampAsksSchema,
      response: { 200: stampsSchema, 201: stampsSchema },
    },
    // The handler reads body and header itself, and writes its answer.
    validatorCompiler: () => (value: unknown) => ({ value }),
    // Every request costs a stamp at least, also one that is refused; what more it costs is known when it has been read.
    onRequest: (request, reply, done) => done(take(request, reply, 1)),
    handler: async (request, reply) => {
      const { asked, clientKey } = readSubmission(request.body, request.headers['idempotency-key'])
      const problem = take(request, reply, asked.length - 1)
      if (problem !== undefined) throw problem
      const newest = desk.beacon()
      const requests = asked.map((one) => requestOf(one, { clientKey, newest }))
      const records = await submit(desk, requests, reply)
      sendStamps(reply, records, newest)
    },
  })
}

/** The headers that never change, as Node writes them. */
const HEAD: readonly string[] = Object.entries({
  ...SECURITY_HEADERS,
  'content-type': 'application/json; charset=utf-8',
}).flat()

/** As `reply.send` would, in one write and without its hooks: all is ASCII, and no hook looks at it. */
const sendStamps = (
  reply: FastifyReply,
  records: readonly StampRecord[],
  newest: ReturnType<StampDesk['beacon']>,
): void => {
  const text = stampsText(viewOf(records, newest))
  const head = [...HEAD, 'content-length', String(text.length)]
  for (const name of ['ratelimit-policy', 'ratelimit']) head.push(name, String(reply.getHeader(name)))
  reply.hijack()
  reply.raw.writeHead(records.every(({ isKnown }) => isKnown === true) ? 200 : 201, head)
  reply.raw.end(text, 'latin1')
}

const viewOf = (records: readonly StampRecord[], newest: ReturnType<StampDesk['beacon']>): StampsView => ({
  stamps: records.map((record) => stampView(record, newest)),
})

const tooMany = (reply: FastifyReply, { waitSec }: StampAllowance, perMinute: number): ChimerError => {
  reply.header('retry-after', waitSec)
  return refuse(
    'TC_API_RATE',
    `One address may ask for ${perMinute} stamps a minute, and these would be more. Ask again in ${waitSec} s, or ask the node’s operator for more (serve.stampsPerMinute).`,
  )
}

const readSubmission = (
  body: unknown,
  header: string | readonly string[] | undefined,
): { readonly asked: readonly AskedStamp[]; readonly clientKey: string } => {
  const clientKey = clientKeyOf(header)
  if (clientKey === undefined)
    throw refuse('TC_API_BAD_REQUEST', 'Idempotency-Key must be 1 to 64 printable ASCII characters.')
  const asked = readStampAsks(body)
  if (asked.verdict !== 'accept') throw refuse('TC_API_BAD_REQUEST', asked.reason)
  return { asked: asked.value, clientKey }
}

/** Where no beacon was named the newest is mixed in; before the first block there is none. */
const requestOf = (
  { algorithm, imprint, beacon }: AskedStamp,
  given: { readonly clientKey: string; readonly newest: ReturnType<StampDesk['beacon']> },
): StampRequest => ({
  algorithm,
  imprint,
  beacon: beacon === undefined ? (given.newest?.block ?? null) : beacon,
  clientKey: given.clientKey,
})

/** Takes them, or says why not as this API does. */
export const submit = async (
  desk: StampDesk,
  requests: readonly StampRequest[],
  reply: FastifyReply,
): Promise<readonly StampRecord[]> => {
  const admission = await desk.submit(requests).catch((error: unknown) => {
    if (!(error instanceof ChimerError) || error.code !== 'TC_STAMP_STORE') throw error
    reply.log.error({ err: error }, 'stamps cannot be kept')
    throw refuse('TC_API_STAMP_STORE')
  })
  if (admission.verdict === 'accept') return admission.value
  const { problem, retryAfterSec } = stampRefusal(admission.reason, desk.beacon())
  if (retryAfterSec !== undefined) reply.header('retry-after', retryAfterSec)
  throw problem
}

const beaconRoute = (app: ApiApp, { desk }: StampRoutesOptions): void => {
  app.route({
    method: 'GET',
    url: '/v1/stamps/beacon',
    config: { example: BEACON_EXAMPLE },
    schema: {
      operationId: 'getBeacon',
      tags: ['stamps'],
      summary: 'The newest block, to be mixed in',
      description:
        'Nobody knew its id before it was proposed: who names it shows that the asking came after. It is taken until four newer blocks are decided.',
      response: { 200: beaconSchema },
    },
    handler: async () => ({ beacon: desk.beacon() ?? null }),
  })
}

const idParams = z.object({ id: stampIdSchema.meta({ description: 'the stamp’s id', example: STAMP_EXAMPLE.id }) })

const known = (desk: StampDesk, id: string): StampRecord => {
  const record = desk.find(id)
  if (record === undefined) throw refuse('TC_API_UNKNOWN_STAMP')
  return record
}

const findRoute = (app: ApiApp, { desk }: StampRoutesOptions): void => {
  app.route({
    method: 'GET',
    url: '/v1/stamps/:id',
    config: { problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_STAMP'], example: STAMP_EXAMPLE },
    schema: {
      operationId: 'getStamp',
      tags: ['stamps'],
      summary: 'One stamp: how far it is',
      description: 'Its state, its entry in the node’s log, and its receipt.',
      params: idParams,
      response: { 200: stampSchema },
    },
    handler: async ({ params: { id } }) => stampView(known(desk, id), desk.beacon()),
  })
}

const proofQuery = z.object({
  from: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .meta({ description: 'the height that the asker trusts; 0: the genesis', example: 0 }),
})

const proofRoute = (app: ApiApp, { desk }: StampRoutesOptions): void => {
  app.route({
    method: 'GET',
    url: '/v1/stamps/:id/proof',
    config: {
      problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_STAMP', 'TC_API_STAMP_NOT_FINAL'],
      example: 'the bytes of a .chime file',
      mediaType: STAMP_PROOF_MEDIA_TYPE,
    },
    schema: {
      operationId: 'getStampProof',
      tags: ['stamps'],
      summary: 'The final proof of a stamp',
      description:
        'Deterministic CBOR, as it stands in a `.chime` file. It is checked offline with the genesis or a checkpoint alone: nothing of this node need be believed.',
      params: idParams,
      querystring: proofQuery,
      response: { 200: z.unknown().meta({ type: 'string', format: 'binary' }) },
    },
    handler: async ({ params: { id }, query: { from } }, reply) => {
      const record = known(desk, id)
      const proof = record.state === 'final' ? desk.proof(id, from) : undefined
      if (proof !== undefined) return reply.type(STAMP_PROOF_MEDIA_TYPE).send(Buffer.from(proof))
      reply.header('retry-after', FINAL_RETRY_SEC)
      throw refuse('TC_API_STAMP_NOT_FINAL', notFinal(record))
    },
  })
}

const notFinal = ({ state, height, receipt }: StampRecord): string =>
  state === 'final'
    ? `The stamp is in block ${height ?? receipt.heightPromised}, and this node cannot make the proof from the height asked for. Ask from 0, or another node.`
    : `The stamp is ${state} and promised by block ${receipt.heightPromised}. Ask again in ${FINAL_RETRY_SEC} s, or follow /v1/stamps/events.`

const eventsQuery = z.object({
  ids: z
    .string()
    .max(STAMPS_FOLLOWED_MAX * 33)
    .regex(/^[0-9a-f]{32}(?:,[0-9a-f]{32})*$/, 'ids of stamps with commas between')
    .meta({ description: `1 to ${STAMPS_FOLLOWED_MAX} ids, with commas between`, example: STAMP_EXAMPLE.id }),
})

const eventsRoute = (app: ApiApp, { desk, hub }: StampRoutesOptions): void => {
  app.route({
    method: 'GET',
    url: '/v1/stamps/events',
    exposeHeadRoute: false,
    config: {
      problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_STAMP', 'TC_API_STREAMS'],
      example: `retry: 1000\n\nevent: stamp\ndata: ${JSON.stringify(STAMP_NEWS_EXAMPLE)}\n\n`,
      mediaType: 'text/event-stream',
      eventSchema: 'StampNews',
    },
    schema: {
      operationId: 'streamStamps',
      tags: ['stamps'],
      summary: 'What becomes of stamps',
      description:
        'Server-sent events of type `stamp`: the state of each at once, then each change. The stream ends when all are final. Who comes back is told the states anew.',
      querystring: eventsQuery,
      response: { 200: z.string().describe('a stream that ends when all are final') },
    },
    handler: async (request, reply) => {
      const stamps = [...new Set(request.query.ids.split(','))].map((id) => known(desk, id))
      if (!hub.hasRoom(addressKey(request.ip))) throw refuse('TC_API_STREAMS')
      reply.header('content-type', 'text/event-stream; charset=utf-8')
      reply.hijack()
      reply.raw.writeHead(200, streamHeaders(reply.getHeaders()))
      reply.raw.on('error', (error) => request.log.debug({ err: error }, 'stream of stamps failed'))
      reply.raw.on('close', hub.join({ client: addressKey(request.ip), sink: reply.raw, stamps }))
    },
  })
}
