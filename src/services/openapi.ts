/**
 * /openapi.json: OpenAPI 3.1, made from the routes themselves, so that it cannot say anything else than the server does.
 * The shapes come from `schema.ts`; good answers from `config.example`; refusals from `config.problems` and the table of
 * problems.ts. Objects are left open in the document, because a later version may add keys.
 */
import swagger from '@fastify/swagger'
import type { SwaggerTransform, SwaggerTransformObject } from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from '@fastify/type-provider-zod'
import type { RouteOptions } from 'fastify'
import { z } from 'zod'
import { API_PROBLEMS } from './problems.ts'
import type { ApiCode } from './problems.ts'
import type { ApiApp } from './routes.ts'
import { TRANSACTION_EXAMPLE } from './chain-examples.ts'
import { FAULT_EXAMPLE } from './examples.ts'
import { STAMP_ASK_EXAMPLE } from './stamp-examples.ts'
import {
  acceptedSchema,
  beaconSchema,
  blockSchema,
  blocksSchema,
  blockSummarySchema,
  clockSchema,
  clockStatusSchema,
  devnetSchema,
  eventSchema,
  faultSchema,
  genesisViewSchema,
  healthSchema,
  lightSchema,
  nodeDetailSchema,
  nodeSchema,
  nodesSchema,
  nodeStatusSchema,
  offsetSchema,
  peerSchema,
  peersSchema,
  problemSchema,
  proofSchema,
  sourceSchema,
  stampAskSchema,
  stampNewsSchema,
  stampSchema,
  stampsSchema,
  statusSchema,
  timeSchema,
  transactionSchema,
  validatorSchema,
  validatorsSchema,
} from './schema.ts'

/** Shapes that the document names, so that a generated client has types of these names. */
const COMPONENTS = {
  Accepted: acceptedSchema,
  Beacon: beaconSchema,
  Block: blockSchema,
  Blocks: blocksSchema,
  BlockSummary: blockSummarySchema,
  Clock: clockSchema,
  ClockStatus: clockStatusSchema,
  Devnet: devnetSchema,
  Event: eventSchema,
  Fault: faultSchema,
  Genesis: genesisViewSchema,
  Health: healthSchema,
  LightProof: lightSchema,
  Node: nodeSchema,
  NodeDetail: nodeDetailSchema,
  NodeStatus: nodeStatusSchema,
  Nodes: nodesSchema,
  Offset: offsetSchema,
  Peer: peerSchema,
  Peers: peersSchema,
  Problem: problemSchema,
  Proof: proofSchema,
  Source: sourceSchema,
  Stamp: stampSchema,
  StampAsk: stampAskSchema,
  StampNews: stampNewsSchema,
  Stamps: stampsSchema,
  Status: statusSchema,
  Time: timeSchema,
  Transaction: transactionSchema,
  Validator: validatorSchema,
  Validators: validatorsSchema,
}
for (const [id, schema] of Object.entries(COMPONENTS)) z.globalRegistry.add(schema, { ...schema.meta(), id })
z.globalRegistry.add(faultSchema, { ...faultSchema.meta(), examples: [FAULT_EXAMPLE] })
z.globalRegistry.add(stampAskSchema, { ...stampAskSchema.meta(), examples: [STAMP_ASK_EXAMPLE] })
z.globalRegistry.add(transactionSchema, { ...transactionSchema.meta(), examples: [TRANSACTION_EXAMPLE] })

/** Any route may answer these. */
const EVERYWHERE: readonly ApiCode[] = [
  'TC_API_BAD_REQUEST',
  'TC_API_CROSS_SITE',
  'TC_API_SLOW_REQUEST',
  'TC_API_HOST',
  'TC_API_RATE',
  'TC_API_HEADERS_TOO_LARGE',
  'TC_API_INTERNAL',
]

const zodToJsonConfig = {
  override: ({
    jsonSchema,
  }: {
    jsonSchema: { additionalProperties?: unknown; minimum?: number; maximum?: number }
  }) => {
    if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    // What a whole number of JavaScript is, not what the field is.
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  },
}
const shapesOf = createJsonSchemaTransform({ zodToJsonConfig })
const componentsOf = createJsonSchemaTransformObject({ zodToJsonConfig })

const PROBLEM = { $ref: '#/components/schemas/Problem' }

/** One status may stand for several codes: each gets its example. */
const refusalsOf = (codes: readonly ApiCode[]): Record<number, unknown> =>
  Object.fromEntries(
    [...Map.groupBy(codes, (code) => API_PROBLEMS[code].status)].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${API_PROBLEMS[code].message}`).join('\n\n'),
        content: {
          'application/json': {
            schema: PROBLEM,
            examples: Object.fromEntries(
              group.map((code) => [code, { value: { code, message: API_PROBLEMS[code].message } }]),
            ),
          },
        },
      },
    ]),
  )

/** A stream is text to the document; what stands in its `data` lines is the content schema. */
const bodyOf = (shape: unknown, { mediaType, eventSchema = 'Event' }: RouteOptions['config'] & object): unknown =>
  mediaType === 'text/event-stream'
    ? {
        type: 'string',
        contentMediaType: 'application/json',
        contentSchema: { $ref: `#/components/schemas/${eventSchema}` },
      }
    : shape

const goodAnswerOf = (status: string, shape: unknown, route: RouteOptions): unknown => {
  const { example, mediaType } = route.config ?? {}
  if (status === '204') return { type: 'null', description: 'Done.' }
  const media = { schema: bodyOf(shape, route.config ?? {}), ...(example === undefined ? {} : { example }) }
  return { description: route.schema?.summary ?? '', content: { [mediaType ?? 'application/json']: media } }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The converter names a shape that comes in `XInput`. Ours are the same both ways, so it is `X`. */
const bodyShape = (body: unknown): { body?: unknown } =>
  isRecord(body) && typeof body['$ref'] === 'string' ? { body: { $ref: body['$ref'].replace(/Input$/, '') } } : {}

const describeRoute: SwaggerTransform = (input) => {
  const { schema, url } = shapesOf(input)
  if (schema.hide === true || !isRecord(schema.response)) return { schema: { ...schema, hide: true }, url }
  const good = Object.entries(schema.response)
  const response = {
    ...Object.fromEntries(good.map(([status, shape]) => [status, goodAnswerOf(status, shape, input.route)])),
    ...refusalsOf([...new Set([...(input.route.config?.problems ?? []), ...EVERYWHERE])]),
  }
  return { schema: { ...schema, ...bodyShape(schema.body), response }, url }
}

/** The converter gives every shape twice, as input and as output; only what is pointed at stays. */
const describeAll: SwaggerTransformObject = (input) => {
  const document = componentsOf(input)
  if (!('components' in document) || document.components?.schemas === undefined) return document
  const { schemas } = document.components
  const used = new Set<string>()
  const visit = (part: unknown): void => {
    for (const [, name] of JSON.stringify(part ?? null).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (name === undefined || used.has(name)) continue
      used.add(name)
      visit(schemas[name])
    }
  }
  visit('paths' in document ? document.paths : undefined)
  for (const name of Object.keys(schemas)) if (!used.has(name)) delete schemas[name]
  return document
}

const DESCRIPTION = [
  'Time as intervals, and who keeps it well, as one Truechimer node sees it.',
  'Instants are TAI nanoseconds since 1970-01-01T00:00:00 TAI, written as decimal strings, because a JSON number cannot hold them.',
  'Durations and offsets are whole nanoseconds as numbers. Every refusal is a Problem: a stable code, and what to do.',
  'Answers may gain keys in later versions: ignore those you do not know.',
].join('\n\n')

/** Must run before any route is made. `version` is the node's own. */
export const describeApi = async (
  app: ApiApp,
  options: { readonly version: string; readonly devnet: boolean; readonly chain: boolean; readonly stamps: boolean },
): Promise<void> => {
  const chainTag = { name: 'chain', description: 'Blocks, each with an interval of time, and who votes' }
  const stampsTag = { name: 'stamps', description: 'Showing that something existed, from when to when' }
  const devnetTag = { name: 'devnet', description: 'Bending clocks, in a devnet only' }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: {
        title: 'Truechimer node',
        version: options.version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'this node' }],
      tags: [
        { name: 'clock', description: 'This node’s own time' },
        { name: 'network', description: 'Other nodes, as this node sees them' },
        { name: 'operation', description: 'For those who run it' },
        ...(options.chain ? [chainTag] : []),
        ...(options.stamps ? [stampsTag] : []),
        ...(options.devnet ? [devnetTag] : []),
      ],
    },
    transform: describeRoute,
    transformObject: describeAll,
  })
}
