/**
 * `POST /tsa`, `GET /tsa/ca.pem` and `GET /tsa/cert.pem`: time-stamp tokens over HTTP (RFC 3161 §3.4), where a node serves them. Rules A-130 to
 * A-134 of docs/spec/api.md.
 */
import { z } from 'zod'
import { TS_REQUEST_BYTES_MAX } from '../stamps/index.ts'
import type { ApiLimits } from './limits.ts'
import { refuse } from './problems.ts'
import type { ApiApp } from './routes.ts'
import type { TimeStampAuthority } from './tsa-server.ts'

const QUERY = 'application/timestamp-query'
const REPLY = 'application/timestamp-reply'
const PEM = 'application/x-pem-file'
const PEM_EXAMPLE = '-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----\n'

/** A scope of its own: the bodies that it takes are taken nowhere else. */
export const tsaRoutes = async (app: ApiApp, tsa: TimeStampAuthority, limits: ApiLimits): Promise<void> => {
  await app.register(async (scope: ApiApp) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(QUERY, { parseAs: 'buffer', bodyLimit: TS_REQUEST_BYTES_MAX }, (_request, body, done) =>
      done(null, body),
    )
    scope.addContentTypeParser('*', (_request, _body, done) =>
      done(refuse('TC_API_MEDIA_TYPE', `Send ${QUERY}, such as openssl ts -query makes.`)),
    )
    tokenRoute(scope, tsa, limits)
    pemRoute(scope, { url: '/tsa/ca.pem', operationId: 'getTsaAuthority', pem: tsa.authorityPem })
    pemRoute(scope, { url: '/tsa/cert.pem', operationId: 'getTsaCertificate', pem: tsa.certificatePem })
  })
}

const tokenRoute = (app: ApiApp, tsa: TimeStampAuthority, limits: ApiLimits): void => {
  app.route({
    method: 'POST',
    url: '/tsa',
    config: {
      problems: ['TC_API_BAD_REQUEST', 'TC_API_TOO_LARGE', 'TC_API_MEDIA_TYPE'],
      mediaType: REPLY,
      example: 'the bytes of a .tsr file',
      rateLimit: { max: limits.tokensMax, timeWindow: limits.chainWindowMs },
    },
    schema: {
      operationId: 'makeTsaToken',
      tags: ['stamps'],
      summary: 'A time-stamp token (RFC 3161)',
      description:
        'Takes a TimeStampReq in DER (application/timestamp-query, 4 KiB at most) and answers with a TimeStampResp in DER, also where the request is ' +
        'refused: its status and failure information say why. The time is this node’s own, the accuracy its clock’s bound.',
      response: { 200: z.unknown().meta({ type: 'string', format: 'binary' }) },
    },
    handler: async ({ body }, reply) => {
      if (!(body instanceof Uint8Array) || body.length === 0)
        throw refuse('TC_API_BAD_REQUEST', 'The body is empty. Send a TimeStampReq in DER.')
      return reply.type(REPLY).send(Buffer.from(await tsa.answer(body)))
    },
  })
}

const pemRoute = (
  app: ApiApp,
  { url, operationId, pem }: { readonly url: string; readonly operationId: string; readonly pem: string },
): void => {
  const whose = url.endsWith('ca.pem')
    ? 'the authority that tokens are checked under'
    : 'the certificate that signs tokens'
  app.route({
    method: 'GET',
    url,
    config: { mediaType: PEM, example: PEM_EXAMPLE },
    schema: {
      operationId,
      tags: ['stamps'],
      summary: `In PEM: ${whose}`,
      description: 'Who trusts nobody gets the authority’s certificate another way, or compares its fingerprint.',
      response: { 200: z.string() },
    },
    handler: async (_request, reply) => reply.type(PEM).send(pem),
  })
}
