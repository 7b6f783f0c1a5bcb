/**
 * Stamps as shapes: what is asked of `/v1/stamps` and what it answers. Shared by server, document and client like `schema.ts`; it runs in
 * a browser, so of the room of stamps it takes only what brings no hash function along. Rules: docs/spec/api.md, A-110 and after.
 *
 * Bodies of `POST /v1/stamps` are read by hand (stamp-asking.ts), because a refusal there shall say what is wrong in words; a test holds
 * the two equal.
 */
import { z } from 'zod'
import type { ImprintAlgorithm } from '../stamps/entry.ts'
import { STAMP_STATES, SUBMISSION_STAMPS_MAX } from '../stamps/port.ts'
import { tai, utc } from './schema-terms.ts'

/** The entry's algorithms (T-1), each with the length of its imprint in hex digits. */
export const IMPRINT_DIGITS = {
  'sha-256': 64,
  'sha-384': 96,
  'sha-512': 128,
  'sha3-256': 64,
} as const satisfies Readonly<Record<ImprintAlgorithm, number>>

const hexOfDigits = (digits: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))

const algorithm = z.enum(['sha-256', 'sha-384', 'sha-512', 'sha3-256'])
const imprint = z
  .string()
  .regex(/^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/)
  .describe('the hash to be stamped, lower-case hex, as long as the algorithm’s')
const block = hexOfDigits(64).describe('the id of a decided block, hex')
const height = z.number().int().nonnegative()
export const stampIdSchema = hexOfDigits(32).describe('the name of a stamp: 16 bytes in hex')

/** One wish. */
export const stampAskSchema = z
  .strictObject({
    algorithm: algorithm.optional().describe('sha-256 when left out'),
    imprint,
    beacon: block
      .nullable()
      .optional()
      .describe('left out: the node mixes in the newest block; null: none, and the stamp has an upper bound alone'),
  })
  .refine((ask) => ask.imprint.length === IMPRINT_DIGITS[ask.algorithm ?? 'sha-256'], {
    path: ['imprint'],
    error: 'must be as long as the algorithm’s',
  })

/** POST /v1/stamps: one, or several at once. */
export const stampAsksSchema = z.union([
  stampAskSchema,
  z.strictObject({ stamps: z.array(stampAskSchema).min(1).max(SUBMISSION_STAMPS_MAX) }),
])

export const stampEntrySchema = z
  .object({
    algorithm,
    imprint,
    beacon: block
      .nullable()
      .describe('what was mixed in; under a client key an earlier one may stand here than the one that was asked for'),
    beaconHeight: height
      .optional()
      .describe('its height, where the beacon is the newest block or was mixed in by the node just now'),
  })
  .describe('what stands in the node’s log')

export const stampStateSchema = z
  .enum(STAMP_STATES)
  .describe('received: durable at this node; proposed: handed to the network; final: in a block whose time is settled')

/** GET /v1/stamps/:id, and each of a submission's. */
export const stampSchema = z.object({
  id: stampIdSchema,
  state: stampStateSchema,
  height: height.nullable().describe('of the block that has it; null until it is final'),
  entry: stampEntrySchema,
  position: height.describe('place in the node’s log, from 0'),
  heightPromised: height.describe('a block of this height or a lower one will have it'),
  received: z
    .object({ earliest: tai, latest: tai, utc: z.object({ earliest: utc, latest: utc }) })
    .describe('when the node took it, by its own clock'),
  receipt: z.string().max(1024).describe('the signed receipt, base64'),
})

/** POST /v1/stamps: in the order of what was asked. */
export const stampsSchema = z.object({ stamps: z.array(stampSchema) })

/** GET /v1/stamps/beacon */
export const beaconSchema = z.object({
  beacon: z
    .object({ height, block })
    .nullable()
    .describe('the newest decided block, to be mixed in; null before the first'),
})

/** GET /v1/stamps/events: `event:` is `stamp`, `data:` the JSON. */
export const stampNewsSchema = z.object({
  id: stampIdSchema,
  state: stampStateSchema,
  height: height.nullable().describe('of the block that has it; null until it is final'),
})

/** Printable ASCII, so that it goes through any header. */
export const clientKeySchema = z
  .string()
  .regex(/^[\u0020-\u007e]{1,64}$/, '1 to 64 printable ASCII characters')
  .describe('the asker’s own key: the same imprint under the same key is the same stamp, however often it is asked for')

export type StampAsk = z.infer<typeof stampAskSchema>
export type StampView = z.infer<typeof stampSchema>
export type StampsView = z.infer<typeof stampsSchema>
export type StampNewsView = z.infer<typeof stampNewsSchema>
export type BeaconView = NonNullable<z.infer<typeof beaconSchema>['beacon']>
