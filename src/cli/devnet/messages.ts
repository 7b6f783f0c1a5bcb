/** What a devnet and its nodes say to each other over the process channel. Checked like anything from outside. */
import { z } from 'zod'
import { devnetSchema, faultSchema } from '../../services/schema.ts'

export const toDevnetSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), id: z.string(), api: z.string(), addresses: z.array(z.string()) }),
  z.object({ type: z.literal('bend'), fault: faultSchema }),
])
export const toNodeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('devnet'), view: devnetSchema }),
  z.object({ type: z.literal('lie'), offsetMs: z.number() }),
])
export type ToDevnet = z.infer<typeof toDevnetSchema>
export type ToNode = z.infer<typeof toNodeSchema>
