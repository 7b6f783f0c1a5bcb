/** Records of offline stamps as shapes: what `/v1/offline` takes and answers. Rules: docs/spec/api.md, A-140 to A-142. */
import { z } from 'zod'
import { stampSchema } from './stamp-schema.ts'

/** 2 MiB of record as base64. */
const RECORD_LENGTH_MAX = 2_796_204

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)

/** POST /v1/offline */
export const offlineAskSchema = z.strictObject({
  record: z.base64().max(RECORD_LENGTH_MAX).describe('everything of one drawing, with the return (P-85), base64'),
  beacon: hex32.nullable().describe('the block that was newest before the clock was read, to be mixed in; null: none'),
})

export const offlineTakenSchema = z.object({
  drawing: hex32.describe('the drawing’s id'),
  stamp: stampSchema.describe('of the return; its final proof completes the record'),
})

/** GET /v1/offline/:drawing/evidence */
export const offlineEvidenceSchema = z.object({
  evidence: z.base64().describe('two things that one key signed for one place (P-84), base64'),
})

export type OfflineAsk = z.infer<typeof offlineAskSchema>
export type OfflineTakenView = z.infer<typeof offlineTakenSchema>
