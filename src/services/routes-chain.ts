/**
 * `GET /v1/genesis`, `/v1/blocks`, `/v1/blocks/:block`, `/v1/blocks/:block/bytes`, `/v1/validators`, `/v1/light` and `POST /v1/transactions`. They
 * exist only where the node takes part in a chain. Rules: docs/spec/api.md, A-90 to A-102.
 */
import { z } from 'zod'
import type { ChainBackend } from './chain-backend.ts'
import {
  acceptedSchema,
  blockSchema,
  BLOCKS_SHOWN_MAX,
  blocksSchema,
  genesisViewSchema,
  lightSchema,
  transactionSchema,
  validatorsSchema,
} from './chain-schema.ts'
import {
  ACCEPTED_EXAMPLE,
  BLOCK_EXAMPLE,
  BLOCKS_EXAMPLE,
  GENESIS_EXAMPLE,
  LIGHT_EXAMPLE,
  VALIDATORS_EXAMPLE,
} from './chain-examples.ts'
import { explainRefusal } from './peer-explanations.ts'
import type { ApiLimits } from './limits.ts'
import { refuse } from './problems.ts'
import type { ApiApp } from './routes.ts'

export const BLOCK_MEDIA_TYPE = 'application/vnd.truechimer.block'
const HEIGHT_MAX = Number.MAX_SAFE_INTEGER
const height = z.coerce.number().int().min(1).max(HEIGHT_MAX)

const blocksQuery = z.object({
  from: height
    .optional()
    .meta({ description: 'the height to begin at, downwards; the newest when left out', example: 1234 }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(BLOCKS_SHOWN_MAX)
    .default(20)
    .meta({ description: 'how many; an answer may hold fewer', example: 20 }),
})
const blockParams = z.object({
  block: z
    .string()
    .regex(/^(?:latest|[1-9]\d{0,14}|[0-9a-f]{64})$/, 'a height, a block’s id of 64 hex digits, or latest')
    .meta({ description: 'a height, an id, or `latest`', example: 'latest' }),
})
const validatorsQuery = z.object({
  height: height
    .optional()
    .meta({ description: 'who votes at this height; at the next one when left out', example: 1235 }),
})
const lightQuery = z.object({
  from: z.coerce
    .number()
    .int()
    .min(0)
    .max(HEIGHT_MAX)
    .default(0)
    .meta({ description: 'the height that the asker trusts; 0: the genesis', example: 0 }),
  to: height.optional().meta({ description: 'the header to prove; the newest when left out', example: 1234 }),
})

export const chainRoutes = (app: ApiApp, chain: ChainBackend, limits: ApiLimits): void => {
  genesisRoute(app, chain)
  blockRoutes(app, chain)
  blockBytesRoute(app, chain, limits)
  validatorRoute(app, chain)
  lightRoute(app, chain, limits)
  transactionRoute(app, chain, limits)
}

const genesisRoute = (app: ApiApp, chain: ChainBackend): void => {
  app.route({
    method: 'GET',
    url: '/v1/genesis',
    config: { example: GENESIS_EXAMPLE },
    schema: {
      operationId: 'getGenesis',
      tags: ['chain'],
      summary: 'What the network holds to be given',
      description: 'The genesis file and the network’s id, which is the hash of what the file fixes.',
      response: { 200: genesisViewSchema },
    },
    handler: async () => chain.genesis(),
  })
}

const blockRoutes = (app: ApiApp, chain: ChainBackend): void => {
  app.route({
    method: 'GET',
    url: '/v1/blocks',
    config: { problems: ['TC_API_BAD_REQUEST'], example: BLOCKS_EXAMPLE },
    schema: {
      operationId: 'listBlocks',
      tags: ['chain'],
      summary: 'Blocks, the newest first',
      description:
        'Each with its interval of time. Where old blocks have to be read first an answer may be shorter: ask on from the last one.',
      querystring: blocksQuery,
      response: { 200: blocksSchema },
    },
    handler: async ({ query: { from, limit } }) => chain.blocks({ from, limit }),
  })
  app.route({
    method: 'GET',
    url: '/v1/blocks/:block',
    config: { problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_BLOCK'], example: BLOCK_EXAMPLE },
    schema: {
      operationId: 'getBlock',
      tags: ['chain'],
      summary: 'One block, what proves it, and what is not settled yet',
      description:
        'A block’s time is settled by the block after it. Until then it is what this node’s own commit gives, and is marked so.',
      params: blockParams,
      response: { 200: blockSchema },
    },
    handler: async ({ params }) => {
      const which = whichOf(chain, params.block)
      const block = which === undefined ? undefined : chain.block(which)
      if (block === undefined) throw refuse('TC_API_UNKNOWN_BLOCK', whyUnknown(chain, which))
      return block
    },
  })
}

/** Undefined: the newest, before the first block. */
const whichOf = (chain: ChainBackend, wanted: string): number | string | undefined =>
  wanted === 'latest' ? chain.range()?.last : wanted.length === 64 ? wanted : Number(wanted)

const blockBytesRoute = (app: ApiApp, chain: ChainBackend, limits: ApiLimits): void => {
  app.route({
    method: 'GET',
    url: '/v1/blocks/:block/bytes',
    config: {
      problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_BLOCK'],
      example: 'the bytes of a block',
      mediaType: BLOCK_MEDIA_TYPE,
      rateLimit: { max: limits.rawBlocksMax, timeWindow: limits.chainWindowMs },
    },
    schema: {
      operationId: 'getBlockBytes',
      tags: ['chain'],
      summary: 'One block as it is encoded',
      description:
        'Header and body in deterministic CBOR. The block’s id is the hash of the header, which names the roots of the body: so nothing of it need be believed ' +
        'of who knows the id, or of a header that a light client has checked.',
      params: blockParams,
      response: { 200: z.unknown().meta({ type: 'string', format: 'binary' }) },
    },
    handler: async ({ params }, reply) => {
      const which = whichOf(chain, params.block)
      const bytes = which === undefined ? undefined : chain.blockBytes(which)
      if (bytes === undefined) throw refuse('TC_API_UNKNOWN_BLOCK', whyUnknown(chain, which))
      return reply.type(BLOCK_MEDIA_TYPE).send(Buffer.from(bytes))
    },
  })
}

/** What there is instead. */
const whyUnknown = (chain: ChainBackend, which: number | string | undefined): string => {
  const range = chain.range()
  if (range === undefined) return 'There is no block yet. GET /v1/status says what the first one waits for.'
  const { first, last } = range
  if (typeof which === 'string')
    return `This node knows no block of that id; of old blocks it may know the height only. It holds heights ${first} to ${last}.`
  if (which !== undefined && which > last) return `There is no block ${which} yet: the newest is ${last}.`
  return `This node holds heights ${first} to ${last}. Ask one that has been there for longer.`
}

const validatorRoute = (app: ApiApp, chain: ChainBackend): void => {
  app.route({
    method: 'GET',
    url: '/v1/validators',
    config: { problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_BLOCK'], example: VALIDATORS_EXAMPLE },
    schema: {
      operationId: 'listValidators',
      tags: ['chain'],
      summary: 'Who votes, with what weight, and why',
      description: 'Everything follows from committed evidence, so every node gives the same answer for a height.',
      querystring: validatorsQuery,
      response: { 200: validatorsSchema },
    },
    handler: async ({ query }) => {
      const view = chain.validators(query.height)
      if (view === undefined) throw refuse('TC_API_UNKNOWN_BLOCK', whyNoValidators(chain, query.height))
      return view
    },
  })
}

const whyNoValidators = (chain: ChainBackend, wanted: number | undefined): string => {
  const next = (chain.range()?.last ?? 0) + 1
  return wanted !== undefined && wanted > next
    ? `Who votes at ${wanted} is not decided yet: the next height is ${next}.`
    : 'This node no longer holds who voted at that height. Leave `height` out for the next one.'
}

const lightRoute = (app: ApiApp, chain: ChainBackend, limits: ApiLimits): void => {
  app.route({
    method: 'GET',
    url: '/v1/light',
    config: {
      problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_BLOCK'],
      example: LIGHT_EXAMPLE,
      rateLimit: { max: limits.lightProofsMax, timeWindow: limits.chainWindowMs },
    },
    schema: {
      operationId: 'getLightProof',
      tags: ['chain'],
      summary: 'A proof of one header, for a light client',
      description: 'Checked with the genesis file or a trusted header alone: nothing of this node need be believed.',
      querystring: lightQuery,
      response: { 200: lightSchema },
    },
    handler: async ({ query: { from, to } }) => {
      const target = to ?? chain.range()?.last
      const proof = target === undefined || target < from ? undefined : chain.light({ from, to: target })
      if (proof === undefined) throw refuse('TC_API_UNKNOWN_BLOCK', whyNoProof(chain, from, target))
      return proof
    },
  })
}

const whyNoProof = (chain: ChainBackend, from: number, to: number | undefined): string =>
  to !== undefined && to < from
    ? `A proof leads forwards: ask for a height from ${from} on.`
    : to !== undefined && to > (chain.range()?.last ?? 0)
      ? whyUnknown(chain, to)
      : 'This node makes no proof of that header: it does not hold every block and every set of validators that one needs.'

const transactionRoute = (app: ApiApp, chain: ChainBackend, limits: ApiLimits): void => {
  app.route({
    method: 'POST',
    url: '/v1/transactions',
    config: {
      problems: ['TC_API_BAD_REQUEST', 'TC_API_TRANSACTION_REFUSED', 'TC_API_TOO_LARGE', 'TC_API_MEDIA_TYPE'],
      example: ACCEPTED_EXAMPLE,
      rateLimit: { max: limits.transactionsMax, timeWindow: limits.chainWindowMs },
    },
    schema: {
      operationId: 'submitTransaction',
      tags: ['chain'],
      summary: 'Hand in a signed transaction',
      description:
        'Its author signed it, so anybody may hand it in. Taken: it waits for a block and is passed on to the peers. Refused: the message ' +
        'says why and ends with the reason in brackets.',
      body: transactionSchema,
      response: { 200: acceptedSchema },
    },
    handler: async ({ body }) => {
      const admission = chain.submit(Buffer.from(body.bytes, 'base64'))
      if (admission.verdict !== 'accept') throw refuse('TC_API_TRANSACTION_REFUSED', refusalText(admission.reason))
      return { key: admission.value }
    },
  })
}

const refusalText = (reason: string): string =>
  `The transaction was refused. ${explainRefusal(reason)}`.trimEnd() + ` [${reason}]`
