/** /openapi.json is whole, agrees with the server route by route, and its examples are of the shapes that they show. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { ask } from './asking.test-kit.ts'
import * as chain from './chain-examples.ts'
import * as examples from './examples.ts'
import { openHttpApi } from './http-api.ts'
import { API_PROBLEMS } from './problems.ts'
import * as shapes from './schema.ts'
import * as stamps from './stamp-examples.ts'
import { tableBackend } from './table-backend.test-kit.ts'

const mediaSchema = z.strictObject({
  schema: z.record(z.string(), z.unknown()),
  example: z.unknown().optional(),
  examples: z.record(z.string(), z.object({ value: z.unknown() })).optional(),
})
const operationSchema = z.strictObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  summary: z.string().min(5),
  description: z.string().min(10),
  tags: z.array(z.string()).min(1),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean(),
        description: z.string(),
      }),
    )
    .optional(),
  requestBody: z.object({ required: z.literal(true), content: z.record(z.string(), mediaSchema) }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.strictObject({ description: z.string().min(4), content: z.record(z.string(), mediaSchema).optional() }),
  ),
})
const documentSchema = z.object({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.object({ title: z.string(), version: z.string(), license: z.object({ name: z.string() }) }),
  paths: z.record(z.string().startsWith('/'), z.record(z.enum(['get', 'post']), operationSchema.optional())),
  components: z.object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
})
type Document = z.infer<typeof documentSchema>

const describeNode = async (
  devnet: boolean,
  { chain = true, stamps = true } = {},
): Promise<{ document: Document; text: string }> => {
  await using api = await openHttpApi({
    backend: tableBackend({ devnet, chain, stamps }),
    listen: { host: '127.0.0.1', port: 0 },
  })
  const { json, text } = await ask(`${api.address}/openapi.json`)
  return { document: documentSchema.parse(json), text }
}

const operations = ({ paths }: Document): { route: string; operation: z.infer<typeof operationSchema> }[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      operation === undefined ? [] : [{ route: `${method.toUpperCase()} ${path}`, operation }],
    ),
  )

const EVERYWHERE = [
  'GET /healthz',
  'GET /metrics',
  'GET /openapi.json',
  'GET /v1/clock',
  'GET /v1/events',
  'GET /v1/nodes',
  'GET /v1/nodes/{id}',
  'GET /v1/peers',
  'GET /v1/proofs/{cid}',
  'GET /v1/status',
  'GET /v1/time',
]
const WITH_A_CHAIN = [
  'GET /v1/blocks',
  'GET /v1/blocks/{block}',
  'GET /v1/blocks/{block}/bytes',
  'GET /v1/genesis',
  'GET /v1/light',
  'GET /v1/validators',
  'POST /v1/transactions',
]
const WHERE_IT_STAMPS = [
  'GET /v1/offline/{drawing}/evidence',
  'GET /v1/stamps/beacon',
  'GET /v1/stamps/events',
  'GET /v1/stamps/{id}',
  'GET /v1/stamps/{id}/proof',
  'POST /v1/offline',
  'POST /v1/stamps',
  'GET /log/checkpoint',
  'GET /log/forks',
  'GET /log/key',
  'GET /log/witness-keys',
  'GET /log/{origin}/checkpoint',
  'GET /ots/timestamp/{commitment}',
  'POST /log/add-checkpoint',
  'POST /ots/digest',
]
const IN_A_DEVNET = ['GET /v1/devnet', 'POST /v1/devnet/faults']

describe('the document', () => {
  test('has every route of the server, and the server every route of it', async () => {
    const backend = tableBackend({ devnet: true })
    const { document } = await describeNode(true)
    await using api = await openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 } })
    const routes = operations(document).map(({ route }) => route)
    deepEqual(routes.toSorted(), [...EVERYWHERE, ...WITH_A_CHAIN, ...WHERE_IT_STAMPS, ...IN_A_DEVNET].sort())
    for (const route of routes.filter((route) => route !== 'GET /v1/events')) {
      const [method = '', path = ''] = route.split(' ')
      const answer = await ask(api.address + path.replace(/\{\w+\}/, 'x'), { method })
      ok(!answer.text.startsWith('{"code":"TC_API_NOT_FOUND"'), `${route} is described, but not there`)
    }
  })

  test('has no devnet, no chain and no stamps where there are none', async () => {
    const { document, text } = await describeNode(false, { chain: false, stamps: false })
    deepEqual(
      operations(document)
        .map(({ route }) => route)
        .sort(),
      EVERYWHERE,
    )
    ok(!/devnet\/|x-truechimer-token|TC_API_TOKEN|"Fault"/.test(text))
    ok(!/TC_API_UNKNOWN_BLOCK|"Validators"|"name":"chain"/.test(text))
    ok(!/TC_API_UNKNOWN_STAMP|"Stamps"|"name":"stamps"/.test(text))
  })

  test('points at nothing that is not there, and holds nothing that is not pointed at', async () => {
    const { document, text } = await describeNode(true)
    const used = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to))
    deepEqual(
      [...used].sort(),
      Object.keys(document.components.schemas)
        .map((name) => `#/components/schemas/${name}`)
        .sort(),
    )
  })

  test('names every operation once, and declares the parameters of its path', async () => {
    const { document } = await describeNode(true)
    const all = operations(document)
    equal(new Set(all.map(({ operation }) => operation.operationId)).size, all.length)
    const tags = document.tags.map(({ name }) => name)
    for (const { route, operation } of all) {
      const declared = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'path')
        .map(({ name }) => name)
      deepEqual(
        declared,
        [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        route,
      )
      ok(operation.tags.every((tag) => tags.includes(tag)))
    }
  })

  test('shows every refusal under its status, as a problem', async () => {
    const { document } = await describeNode(true)
    const shown = new Set<string>()
    const statuses = new Map(Object.entries(API_PROBLEMS).map(([code, { status }]) => [code, status]))
    for (const { route, operation } of operations(document))
      for (const [status, { content }] of Object.entries(operation.responses)) {
        if (status.startsWith('2')) continue
        const media = content?.['application/json']
        deepEqual(media?.schema, { $ref: '#/components/schemas/Problem' }, route)
        for (const [code, { value }] of Object.entries(media?.examples ?? {})) {
          equal(shapes.problemSchema.parse(value).code, code)
          equal(statuses.get(code), Number(status))
          shown.add(code)
        }
      }
    deepEqual([...shown].sort(), Object.keys(API_PROBLEMS).sort())
  })

  test('shows what every good answer looks like', async () => {
    const { document } = await describeNode(true)
    for (const { route, operation } of operations(document)) {
      const media = Object.values(operation.responses['200']?.content ?? {})[0]
      if (route !== 'GET /openapi.json' && operation.responses['204'] === undefined)
        ok(media?.example !== undefined, `${route} shows no example`)
    }
    match(JSON.stringify(document.paths['/v1/events']), /"text\/event-stream":.*"contentSchema"/)
  })
})

describe('examples are of the shapes that they show', () => {
  const table: [string, z.ZodType, unknown][] = [
    ['time', shapes.timeSchema, examples.TIME_EXAMPLE],
    ['status', shapes.statusSchema, examples.STATUS_EXAMPLE],
    ['clock', shapes.clockSchema, examples.CLOCK_EXAMPLE],
    ['nodes', shapes.nodesSchema, examples.NODES_EXAMPLE],
    ['peers', shapes.peersSchema, examples.PEERS_EXAMPLE],
    ['node', shapes.nodeDetailSchema, examples.NODE_DETAIL_EXAMPLE],
    ['proof', shapes.proofSchema, examples.PROOF_EXAMPLE],
    ['health', shapes.healthSchema, examples.HEALTH_EXAMPLE],
    ['devnet', shapes.devnetSchema, examples.DEVNET_EXAMPLE],
    ['fault', shapes.faultSchema, examples.FAULT_EXAMPLE],
    ['genesis', shapes.genesisViewSchema, chain.GENESIS_EXAMPLE],
    ['blocks', shapes.blocksSchema, chain.BLOCKS_EXAMPLE],
    ['block', shapes.blockSchema, chain.BLOCK_EXAMPLE],
    ['validators', shapes.validatorsSchema, chain.VALIDATORS_EXAMPLE],
    ['light proof', shapes.lightSchema, chain.LIGHT_EXAMPLE],
    ['transaction', shapes.transactionSchema, chain.TRANSACTION_EXAMPLE],
    ['accepted', shapes.acceptedSchema, chain.ACCEPTED_EXAMPLE],
    ['stamp that is asked for', shapes.stampAskSchema, stamps.STAMP_ASK_EXAMPLE],
    ['stamp', shapes.stampSchema, stamps.STAMP_EXAMPLE],
    ['stamps', shapes.stampsSchema, stamps.STAMPS_EXAMPLE],
    ['news of a stamp', shapes.stampNewsSchema, stamps.STAMP_NEWS_EXAMPLE],
    ['beacon', shapes.beaconSchema, stamps.BEACON_EXAMPLE],
  ]
  for (const [name, shape, example] of table) test(name, () => deepEqual(shape.parse(example), example))

  test('the list of event types is the list of events', () =>
    deepEqual(
      shapes.eventSchema.options.map((option) => option.shape.type.value),
      [...shapes.EVENT_TYPES],
    ))

  test('the interval of the time example holds its estimate, and its bound is half of it', () => {
    const [earliest, latest, estimate] = [
      BigInt(examples.TIME_EXAMPLE.earliest),
      BigInt(examples.TIME_EXAMPLE.latest),
      BigInt(examples.TIME_EXAMPLE.estimate),
    ]
    ok(earliest <= estimate && estimate <= latest)
    equal(latest - earliest, 2n * BigInt(examples.TIME_EXAMPLE.uncertaintyNs))
  })
})
