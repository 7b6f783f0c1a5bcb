/**
 * `GET /log/checkpoint`, `/log/tile/…`, `/log/key`, `/log/witness-keys`, `/log/forks`, `/log/:origin/checkpoint` and `POST /log/add-checkpoint`: the node's
 * log of stamps, and the node as a witness, in the forms that others' tools know (C2SP tlog-tiles, tlog-witness). Rules: docs/spec/api.md,
 * A-135 to A-137; what stands in the answers: docs/spec/stamps.md, T-60 to T-74.
 */
import { z } from 'zod'
import type { FastifyReply } from 'fastify'
import { ChimerError } from '../base/index.ts'
import type { Cosigning, CosigningWitness, RefusedWitness, WitnessRefusal } from '../node/index.ts'
import { WITNESS_REQUEST_BYTES_MAX, parseTilePath } from '../stamps/index.ts'
import type { ApiLimits } from './limits.ts'
import { refuse } from './problems.ts'
import type { ApiCode } from './problems.ts'
import type { ApiApp } from './routes.ts'

export interface TlogBackend extends Pick<Cosigning, 'checkpoint' | 'tile' | 'logKey' | 'witnessKeys'> {
  readonly witness: Pick<CosigningWitness, 'answer' | 'cosigned' | 'forks'>
}

const TEXT = 'text/plain; charset=utf-8'
const BYTES = 'application/octet-stream'
/** What the specification calls a size in a refusal. */
const SIZE = 'text/x.tlog.size'
/** Tiles never change; a checkpoint may every second. */
const FOR_EVER = 'public, max-age=31536000, immutable'
const ONE_SECOND = 'public, max-age=1'
const NOTE_EXAMPLE =
  'truechimer/<network>/<node>\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— truechimer/<network>/<node> Az3grl…\n'

/** A scope of its own: it takes a body of any type, as the specification names none. */
export const tlogRoutes = async (app: ApiApp, log: TlogBackend, limits: ApiLimits): Promise<void> => {
  await app.register(async (scope: ApiApp) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: WITNESS_REQUEST_BYTES_MAX },
      (_request, body, done) => done(null, body),
    )
    checkpointRoute(scope, log)
    tileRoute(scope, log)
    keyRoutes(scope, log)
    cosignedRoute(scope, log)
    forksRoute(scope, log)
    witnessRoute(scope, log, limits)
  })
}

/** As they are: no serializer, which would make JSON of them. */
const send = (reply: FastifyReply, type: string, body: string | Uint8Array): FastifyReply =>
  reply.type(type).send(Buffer.from(body))

const checkpointRoute = (app: ApiApp, log: TlogBackend): void => {
  app.route({
    method: 'GET',
    url: '/log/checkpoint',
    config: { problems: ['TC_API_NOT_FOUND'], mediaType: TEXT, example: NOTE_EXAMPLE },
    schema: {
      operationId: 'getLogCheckpoint',
      tags: ['stamps'],
      summary: 'The newest checkpoint of this node’s log',
      description:
        'A signed note with the cosignatures of the members (C2SP tlog-checkpoint, tlog-cosignature). 404 before the first final stamp.',
      response: { 200: z.unknown().meta({ type: 'string' }) },
    },
    handler: async (_request, reply) => {
      const note = log.checkpoint()
      if (note === undefined) throw refuse('TC_API_NOT_FOUND', 'Nothing is final in this node’s log yet.')
      return send(reply.header('cache-control', ONE_SECOND), TEXT, note)
    },
  })
}

const tileRoute = (app: ApiApp, log: TlogBackend): void => {
  app.route({
    method: 'GET',
    url: '/log/tile/*',
    config: { problems: ['TC_API_NOT_FOUND'], mediaType: BYTES, example: 'the bytes of a tile' },
    // The document has no way to say a path with slashes in it.
    schema: { hide: true, response: { 200: z.unknown().meta({ type: 'string', format: 'binary' }) } },
    handler: async (request, reply) => {
      const place = parseTilePath(request.url.slice('/log/'.length))
      const bytes = place === undefined ? undefined : log.tile(place)
      if (bytes === undefined) throw refuse('TC_API_NOT_FOUND', 'The newest checkpoint has no such tile.')
      return send(reply.header('cache-control', FOR_EVER), BYTES, bytes)
    },
  })
}

const keyRoutes = (app: ApiApp, log: TlogBackend): void => {
  const route = (given: {
    readonly url: string
    readonly operationId: string
    readonly summary: string
    readonly lines: () => readonly string[]
  }): void => {
    const { lines, ...rest } = given
    app.route({
      method: 'GET',
      url: rest.url,
      config: { mediaType: TEXT, example: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n' },
      schema: {
        operationId: rest.operationId,
        tags: ['stamps'],
        summary: rest.summary,
        description:
          'Verifier keys of C2SP signed-note, one a line. Who trusts nobody works them out from the genesis: every member’s key is in it.',
        response: { 200: z.unknown().meta({ type: 'string' }) },
      },
      handler: async (_request, reply) =>
        send(
          reply,
          TEXT,
          lines()
            .map((line) => `${line}\n`)
            .join(''),
        ),
    })
  }
  route({
    url: '/log/key',
    operationId: 'getLogKey',
    summary: 'The key of this node’s log',
    lines: () => [log.logKey()],
  })
  route({
    url: '/log/witness-keys',
    operationId: 'getWitnessKeys',
    summary: 'The keys by which members cosign, this node’s first',
    lines: () => log.witnessKeys(),
  })
}

const cosignedRoute = (app: ApiApp, { witness }: TlogBackend): void => {
  app.route({
    method: 'GET',
    url: '/log/:origin/checkpoint',
    config: { problems: ['TC_API_BAD_REQUEST', 'TC_API_NOT_FOUND'], mediaType: TEXT, example: NOTE_EXAMPLE },
    schema: {
      operationId: 'getCosignedCheckpoint',
      tags: ['stamps'],
      summary: 'The newest checkpoint of a log that this node cosigned',
      description: 'By SHA-256 of the log’s origin in hexadecimal (C2SP tlog-witness, for monitors).',
      params: z.object({
        origin: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .meta({ description: 'SHA-256 of the origin, hex', example: '00'.repeat(32) }),
      }),
      response: { 200: z.unknown().meta({ type: 'string' }) },
    },
    handler: async ({ params: { origin } }, reply) => {
      const note = witness.cosigned(origin)
      if (note === undefined) throw refuse('TC_API_NOT_FOUND', 'This node never cosigned a checkpoint of that log.')
      return send(reply.header('cache-control', ONE_SECOND), TEXT, note)
    },
  })
}

const forksSchema = z.object({
  forks: z.array(z.object({ origin: z.string(), size: z.number(), first: z.string(), second: z.string() })),
})

const forksRoute = (app: ApiApp, { witness }: TlogBackend): void => {
  app.route({
    method: 'GET',
    url: '/log/forks',
    config: { example: { forks: [] } },
    schema: {
      operationId: 'getLogForks',
      tags: ['stamps'],
      summary: 'Evidence of logs with two histories',
      description:
        'Two notes each, signed by the log, of one size and with different roots: whoever has them can show it to anybody.',
      response: { 200: forksSchema },
    },
    handler: async () => ({ forks: [...witness.forks()] }),
  })
}

/** Statuses of tlog-witness, and of what it leaves open. */
const CODES: Readonly<Record<Exclude<WitnessRefusal, 'old-size-differs'>, ApiCode>> = {
  'malformed-witness-request': 'TC_API_BAD_REQUEST',
  'old-size-too-large': 'TC_API_BAD_REQUEST',
  'note-unsigned': 'TC_API_WITNESS_SIGNATURE',
  'wrong-note-signature': 'TC_API_WITNESS_SIGNATURE',
  'log-unknown': 'TC_API_NOT_FOUND',
  'wrong-empty-root': 'TC_API_WITNESS_INCONSISTENT',
  'wrong-consistency': 'TC_API_WITNESS_INCONSISTENT',
  'log-forked': 'TC_API_WITNESS_INCONSISTENT',
  'clock-not-ready': 'TC_API_WITNESS_UNREADY',
  'not-truechimer': 'TC_API_WITNESS_UNREADY',
  'logs-full': 'TC_API_WITNESS_UNREADY',
  closing: 'TC_API_WITNESS_UNREADY',
}
const WORDS: Readonly<Record<string, string>> = {
  TC_API_BAD_REQUEST: 'This is no question to a witness: see C2SP tlog-witness, add-checkpoint.',
  TC_API_NOT_FOUND: 'This node witnesses the logs of members of its network, and no others.',
}

const witnessRoute = (app: ApiApp, { witness }: TlogBackend, limits: ApiLimits): void => {
  app.route({
    method: 'POST',
    url: '/log/add-checkpoint',
    bodyLimit: WITNESS_REQUEST_BYTES_MAX,
    config: {
      problems: [
        'TC_API_BAD_REQUEST',
        'TC_API_WITNESS_SIGNATURE',
        'TC_API_NOT_FOUND',
        'TC_API_TOO_LARGE',
        'TC_API_WITNESS_INCONSISTENT',
        'TC_API_WITNESS_UNREADY',
      ],
      mediaType: TEXT,
      example: '— truechimer/<network>/<node> jWbPPwAA…\n',
      rateLimit: { max: limits.witnessingsMax, timeWindow: limits.chainWindowMs },
    },
    schema: {
      operationId: 'addCheckpoint',
      tags: ['stamps'],
      summary: 'Ask this node to cosign a checkpoint',
      description:
        'C2SP tlog-witness: an old size, a consistency proof, and the log’s signed checkpoint. The answer is a line of signature. Where the old size is not ' +
        'what this node cosigned last, the status is 409 and the body that size (text/x.tlog.size).',
      response: { 200: z.unknown().meta({ type: 'string' }) },
    },
    handler: async ({ body }, reply) => {
      const question = body instanceof Uint8Array ? new TextDecoder().decode(body) : ''
      const answer = await witness.answer(question).catch((error: unknown) => {
        if (!(error instanceof ChimerError) || error.code !== 'TC_STAMP_STORE') throw error
        reply.log.error({ err: error }, 'what is cosigned cannot be kept')
        throw refuse('TC_API_WITNESS_UNREADY')
      })
      if (answer.verdict === 'accept') return send(reply, TEXT, answer.line)
      if (answer.reason === 'old-size-differs') return conflict(reply, answer.size ?? 0)
      throw problemOf(answer.reason, answer)
    },
  })
}

/** Its body is a number and no problem, which the document has no place for. */
const conflict = (reply: FastifyReply, size: number): FastifyReply => send(reply.code(409), SIZE, `${size}\n`)

const problemOf = (
  reason: Exclude<WitnessRefusal, 'old-size-differs'>,
  { verdict }: RefusedWitness,
): ReturnType<typeof refuse> => {
  const code = CODES[reason]
  const words =
    WORDS[code] ??
    (verdict === 'ignore' ? 'This node witnesses nothing now. Ask another member.' : 'This checkpoint is not cosigned.')
  return refuse(code, `${words} [${reason}]`)
}
