/**
 * Malfeasance reports: a chain of Roughtime answers, written so that anyone can check, with nothing but the report, that they were
 * given in this order and cannot all be true.
 * Source: RFC 10049 "Malfeasance Report Format"; media type application/roughtime-malfeasance+json.
 *
 * A report in our own classic form (64-byte nonces) is checked here too; the RFC knows no such thing.
 * Not promised: who lied. A report names two servers of which at least one is wrong; and its first nonce may have been chosen, which
 * matters not, since only what came after it is ordered by it.
 */
import { z } from 'zod'
import { equalBytes } from '../base/index.ts'
import { roughtimeChainedNonce, roughtimeContradicts, ROUGHTIME_RAND_BYTES } from './roughtime-chain.ts'
import type { RoughtimeLink } from './roughtime-chain.ts'
import { decodePacket, ROUGHTIME_TAG } from './roughtime-message.ts'
import { verifyRoughtimeResponse } from './roughtime-response.ts'
import type { RoughtimeReply, RoughtimeResponseReason } from './roughtime-response.ts'

/** Answers of a report that are checked. */
export const ROUGHTIME_REPORT_ANSWERS_MAX = 64

/** Characters of base64 that one datagram of a report may have. */
const BASE64_MAX = 8192

const base64 = z
  .string()
  .max(BASE64_MAX)
  .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)

/** Other keys are passed over, as JSON formats may grow. */
export const roughtimeReportSchema = z.object({
  responses: z
    .array(z.object({ publicKey: base64, rand: base64.optional(), request: base64, response: base64 }))
    .max(ROUGHTIME_REPORT_ANSWERS_MAX),
})
export type RoughtimeReportFile = z.output<typeof roughtimeReportSchema>

/** Why something is no proof, besides what makes one of its responses invalid. */
export const ROUGHTIME_REPORT_REASONS = [
  'roughtime-report-form',
  'roughtime-report-unchained',
  'roughtime-report-consistent',
] as const
export type RoughtimeReportReason = (typeof ROUGHTIME_REPORT_REASONS)[number] | RoughtimeResponseReason

/** What a good report proves. */
export interface ProvenContradiction {
  readonly answers: readonly (RoughtimeReply & { readonly publicKey: Uint8Array })[]
  /** Pairs of answers, by their places, of which the later one ends before the earlier one begins. Never empty. */
  readonly contradictions: readonly (readonly [earlier: number, later: number])[]
}

export type RoughtimeReportVerdict =
  | { readonly verdict: 'accept'; readonly value: ProvenContradiction }
  /** `at`: the place of the answer that is wrong, where it is one. */
  | { readonly verdict: 'reject'; readonly reason: RoughtimeReportReason; readonly at: number | undefined }

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

/** The report of links that came one after the other. The first one's nonce needs no account. */
export const roughtimeReportOf = (links: readonly RoughtimeLink[]): RoughtimeReportFile => ({
  responses: links.map(({ publicKey, rand, request, response }, i) => ({
    publicKey: toBase64(publicKey),
    ...(i === 0 || rand === undefined ? {} : { rand: toBase64(rand) }),
    request: toBase64(request),
    response: toBase64(response),
  })),
})

const refused = (reason: RoughtimeReportReason, at?: number): RoughtimeReportVerdict => ({
  verdict: 'reject',
  reason,
  at,
})

const nonceOf = (request: Uint8Array): Uint8Array | undefined => {
  const decoded = decodePacket(request)
  return decoded.verdict === 'accept' ? decoded.value.get(ROUGHTIME_TAG.NONC) : undefined
}

/** Was this request's nonce made from the response before? */
const follows = (before: Uint8Array, rand: Uint8Array | undefined, request: Uint8Array): boolean => {
  const nonce = nonceOf(request)
  if (nonce === undefined || rand?.length !== ROUGHTIME_RAND_BYTES) return false
  return equalBytes(nonce, roughtimeChainedNonce(before, rand, nonce.length))
}

const contradictionsIn = (answers: readonly RoughtimeReply[]): (readonly [number, number])[] =>
  answers.flatMap((later, j) =>
    answers.slice(0, j).flatMap((earlier, i) => (roughtimeContradicts(earlier, later) ? [[i, j] as const] : [])),
  )

/** Is this a proof? `data` is JSON as it was parsed, from anybody. Costs two signature checks an answer. */
export const verifyRoughtimeReport = (data: unknown): RoughtimeReportVerdict => {
  const parsed = roughtimeReportSchema.safeParse(data)
  if (!parsed.success) return refused('roughtime-report-form')
  const answers: (RoughtimeReply & { readonly publicKey: Uint8Array })[] = []
  let before: Uint8Array | undefined
  for (const [at, entry] of parsed.data.responses.entries()) {
    const [publicKey, request, response] = [entry.publicKey, entry.request, entry.response].map(fromBase64)
    const rand = entry.rand === undefined ? undefined : fromBase64(entry.rand)
    if (publicKey === undefined || request === undefined || response === undefined)
      return refused('roughtime-report-form', at)
    if (before !== undefined && !follows(before, rand, request)) return refused('roughtime-report-unchained', at)
    const judged = verifyRoughtimeResponse({ publicKey, request, response })
    if (judged.verdict !== 'accept') return refused(judged.reason, at)
    answers.push({ ...judged.value, publicKey })
    before = response
  }
  const contradictions = contradictionsIn(answers)
  return contradictions.length === 0
    ? refused('roughtime-report-consistent')
    : { verdict: 'accept', value: { answers, contradictions } }
}
