/**
 * The words that the shapes of the HTTP API are made of: instants, durations, names of things. `schema.ts` and `peer-schema.ts` share
 * them, so that a node id or a reason is the same everywhere.
 */
import { z } from 'zod'

export const tai = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .describe('TAI nanoseconds since 1970-01-01T00:00:00 TAI, decimal')
export const utc = z
  .string()
  .max(40)
  .describe('the same instant in UTC, ISO 8601 with nanoseconds; a leap second shows as :60')
export const ns = z.number().int().describe('nanoseconds')
export const slot = z.number().int().nonnegative().describe('slot index: floor(TAI / slot length)')
export const nodeId = z.string().min(40).max(64).describe('the node key as a libp2p peer id')
export const cid = z.string().max(100).describe('CIDv1, dag-cbor, sha3-256, base32')
export const reason = z
  .string()
  .max(60)
  .describe('a documented code (docs/errors.md); empty where there is nothing to explain')
export const explanation = z.string().describe('the reason as one sentence for a person')
export const count = z.number().int().nonnegative()
