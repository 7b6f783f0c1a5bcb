/**
 * `POST /ots/digest` and `GET /ots/timestamp/:commitment`: the node as a calendar of OpenTimestamps, so that tools of that world may ask it for a stamp
 * and complete their files with its proof. They exist only where the node stamps. Rules: docs/spec/api.md, A-138 and A-139; the bytes:
 * docs/spec/stamps.md, T-75 to T-78.
 */
import { z } from 'zod'
import type { FastifyRequest } from 'fastify'
import { bytesOfHex, hexOf } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { isOtsUri, otsFinalAnswer, otsPendingAnswer, stampIdOf } from '../stamps/index.ts'
import type { StampDesk, StampRequest } from '../stamps/index.ts'
import type { ApiLimits } from './limits.ts'
import { refuse } from './problems.ts'
import type { ApiApp } from './routes.ts'
import { submit } from './routes-stamps.ts'

const MEDIA_TYPE = 'application/vnd.opentimestamps.v1'
/** What a calendar is handed: a digest. */
const DIGEST_BYTES_MAX = 64
/** Whoever asks for a commitment, it is one stamp. */
const CLIENT_KEY = 'ots'

/** A scope of its own: the original client says that it sends a form. */
export const otsRoutes = async (app: ApiApp, desk: StampDesk, limits: ApiLimits): Promise<void> => {
  await app.register(async (scope: ApiApp) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: DIGEST_BYTES_MAX }, (_request, body, done) =>
      done(null, body),
    )
    digestRoute(scope, desk, limits)
    timestampRoute(scope, desk)
  })
}

const requestOf = (imprint: Uint8Array, desk: StampDesk): StampRequest => ({
  algorithm: 'sha-256',
  imprint,
  beacon: desk.beacon()?.block ?? null,
  clientKey: CLIENT_KEY,
})

const digestRoute = (app: ApiApp, desk: StampDesk, limits: ApiLimits): void => {
  app.route({
    method: 'POST',
    url: '/ots/digest',
    bodyLimit: DIGEST_BYTES_MAX,
    config: {
      problems: [
        'TC_API_BAD_REQUEST',
        'TC_API_TOO_LARGE',
        'TC_API_STAMP_UNREADY',
        'TC_API_STAMPS_FULL',
        'TC_API_STAMP_STORE',
      ],
      mediaType: MEDIA_TYPE,
      example: 'the bytes of a tree of operations',
      rateLimit: { max: limits.calendarMax, timeWindow: limits.chainWindowMs },
    },
    schema: {
      operationId: 'askCalendar',
      tags: ['stamps'],
      summary: 'Have a digest stamped as by an OpenTimestamps calendar',
      description:
        'The body is a digest of 1 to 64 bytes as it stands. Its SHA-256 is stamped; the answer says to ask this node for the rest.',
      response: { 200: z.unknown().meta({ type: 'string', format: 'binary' }) },
    },
    handler: async (request, reply) => {
      const { body } = request
      if (!(body instanceof Uint8Array) || body.length === 0)
        throw refuse('TC_API_BAD_REQUEST', 'The body is empty. Send the bytes of a digest.')
      const uri = calendarUri(request)
      await submit(desk, [requestOf(sha256(body), desk)], reply)
      return reply.type(MEDIA_TYPE).send(Buffer.from(otsPendingAnswer(uri)))
    },
  })
}

/** Under the name by which it was asked: what a caller, or a proxy before this node, says of it concerns the caller's own file alone. */
const calendarUri = ({ headers }: FastifyRequest): string => {
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http'
  const uri = `${scheme}://${headers.host ?? ''}/ots`
  if (isOtsUri(uri)) return uri
  throw refuse('TC_API_BAD_REQUEST', 'A calendar’s address cannot have brackets. Ask by a name or an IPv4 address.')
}

const timestampRoute = (app: ApiApp, desk: StampDesk): void => {
  app.route({
    method: 'GET',
    url: '/ots/timestamp/:commitment',
    config: {
      problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_STAMP', 'TC_API_CALENDAR_PENDING'],
      mediaType: MEDIA_TYPE,
      example: 'the bytes of a tree of operations',
    },
    schema: {
      operationId: 'getCalendarTimestamp',
      tags: ['stamps'],
      summary: 'What a calendar has for a commitment',
      description: 'An attestation of our own kind with the final proof in it; 404 until the stamp is final.',
      params: z.object({
        commitment: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .meta({ description: 'what was stamped, hex', example: '00'.repeat(32) }),
      }),
      response: { 200: z.unknown().meta({ type: 'string', format: 'binary' }) },
    },
    handler: async ({ params: { commitment } }, reply) => {
      const imprint = bytesOfHex(commitment) ?? new Uint8Array(0)
      const id = hexOf(stampIdOf({ algorithm: 'sha-256', imprint, beacon: null }, CLIENT_KEY))
      const record = desk.find(id)
      if (record === undefined) throw refuse('TC_API_UNKNOWN_STAMP', 'This calendar was not asked for that commitment.')
      const proof = record.state === 'final' ? desk.proof(id) : undefined
      const answer = proof === undefined ? undefined : otsFinalAnswer(proof)
      if (answer === undefined) throw refuse('TC_API_CALENDAR_PENDING')
      return reply.type(MEDIA_TYPE).send(Buffer.from(answer))
    },
  })
}
