/**
 * `POST /v1/offline` and `GET /v1/offline/:drawing/evidence`: where stamps that were made offline are handed in. They exist only where the node
 * stamps. Rules: docs/spec/api.md, A-140 to A-142.
 */
import { z } from 'zod'
import { ChimerError } from '../base/index.ts'
import type { OfflineAnswer, OfflineDesk } from '../node/index.ts'
import { STAMP_REFUSALS } from '../stamps/index.ts'
import type { StampDesk, StampRefusal } from '../stamps/index.ts'
import type { ApiLimits } from './limits.ts'
import { offlineAskSchema, offlineEvidenceSchema, offlineTakenSchema } from './offline-schema.ts'
import { explainOffline } from './offline-reasons.ts'
import { refuse } from './problems.ts'
import type { ApiApp } from './routes.ts'
import { STAMP_EXAMPLE } from './stamp-examples.ts'
import { stampRefusal } from './stamp-refusals.ts'
import type { StampRefusalAnswer } from './stamp-refusals.ts'
import { stampView } from './stamp-views.ts'

export interface OfflineRoutesOptions {
  readonly desk: Pick<OfflineDesk, 'submit' | 'evidence'>
  readonly newest: StampDesk['beacon']
  readonly limits: ApiLimits
}

const drawing = z.string().regex(/^[0-9a-f]{64}$/)

export const offlineRoutes = (app: ApiApp, options: OfflineRoutesOptions): void => {
  submitRoute(app, options)
  evidenceRoute(app, options)
}

const submitRoute = (app: ApiApp, { desk, newest, limits }: OfflineRoutesOptions): void => {
  app.route({
    method: 'POST',
    url: '/v1/offline',
    bodyLimit: limits.offlineBodyBytesMax,
    config: {
      problems: [
        'TC_API_BAD_REQUEST',
        'TC_API_OFFLINE_REFUSED',
        'TC_API_STAMP_BEACON',
        'TC_API_STAMP_UNREADY',
        'TC_API_STAMPS_FULL',
        'TC_API_STAMP_STORE',
        'TC_API_TOO_LARGE',
      ],
      example: { drawing: '00'.repeat(32), stamp: STAMP_EXAMPLE },
      rateLimit: { max: limits.offlineMax, timeWindow: limits.chainWindowMs },
    },
    schema: {
      operationId: 'submitOffline',
      tags: ['stamps'],
      summary: 'Hand in what was stamped offline',
      description:
        'The node checks the record, keeps it durably, and stamps the return that ends it. Handed in again, the same stamp comes back; what ' +
        'contradicts an earlier record of the drawing is refused, and kept as evidence.',
      body: offlineAskSchema,
      response: { 200: offlineTakenSchema },
    },
    handler: async ({ body: { record, beacon } }, reply) => {
      const bytes = new Uint8Array(Buffer.from(record, 'base64'))
      const answer = await desk.submit(bytes, beacon).catch((error: unknown) => {
        if (!(error instanceof ChimerError)) throw error
        reply.log.error({ err: error }, 'what was stamped offline cannot be kept')
        throw refuse('TC_API_STAMP_STORE')
      })
      if (answer.verdict !== 'accept') {
        const { problem, retryAfterSec } = refusalOf(answer, newest())
        if (retryAfterSec !== undefined) reply.header('retry-after', retryAfterSec)
        throw problem
      }
      return { drawing: answer.value.id, stamp: stampView(answer.value.stamp, newest()) }
    },
  })
}

const isStampRefusal = (reason: string): reason is StampRefusal => STAMP_REFUSALS.some((known) => known === reason)

const refusalOf = (
  answer: Exclude<OfflineAnswer, { readonly verdict: 'accept' }>,
  newest: ReturnType<OfflineRoutesOptions['newest']>,
): StampRefusalAnswer => {
  const { reason, link, at } = answer
  if (isStampRefusal(reason)) return stampRefusal(reason, newest)
  const where = link === undefined ? '' : ` at ${link}${at === undefined ? '' : ` ${at}`}`
  const text = `The record was refused${where}. ${explainOffline(reason)}`.trimEnd() + ` [${reason}]`
  return { problem: refuse('TC_API_OFFLINE_REFUSED', text), retryAfterSec: undefined }
}

const evidenceRoute = (app: ApiApp, { desk }: OfflineRoutesOptions): void => {
  app.route({
    method: 'GET',
    url: '/v1/offline/:drawing/evidence',
    config: { problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_DRAWING'], example: { evidence: 'hA==' } },
    schema: {
      operationId: 'getOfflineEvidence',
      tags: ['stamps'],
      summary: 'What convicts the node of a drawing',
      description:
        'Checked with nothing but what is in it: two things that one key signed for one vector, or two returns of one drawing with different stamps.',
      params: z.object({ drawing: drawing.meta({ description: 'the drawing’s id', example: '00'.repeat(32) }) }),
      response: { 200: offlineEvidenceSchema },
    },
    handler: async ({ params }) => {
      const evidence = await desk.evidence(params.drawing)
      if (evidence === undefined) throw refuse('TC_API_UNKNOWN_DRAWING')
      return { evidence: Buffer.from(evidence).toString('base64') }
    },
  })
}
