/** What an NTP server and its workers say to each other: plain data, checked on arrival. */
import { z } from 'zod'
import { clockStatusSchema } from './schema.ts'

/** `NtpClock`. */
const clockSchema = z.object({
  basis: z
    .object({
      localNs: z.bigint(),
      tai: z.bigint(),
      halfWidthNs: z.bigint(),
      slopePpb: z.number(),
      growthPpb: z.number(),
      status: clockStatusSchema,
    })
    .or(z.undefined()),
  standing: z.object({
    stratum: z.number(),
    referenceId: z.number(),
    rootDelayNs: z.bigint(),
    referenceTai: z.bigint().or(z.undefined()),
    announced: z.enum(['none', 'insert', 'delete']),
  }),
})

/** What a worker begins with. */
export const workerStartSchema = z.object({
  host: z.string(),
  port: z.number(),
  ratePerSec: z.number().or(z.undefined()),
  clock: clockSchema,
})
export type WorkerStart = z.output<typeof workerStartSchema>

export const toWorkerSchema = z.object({ type: z.literal('clock'), clock: clockSchema })
export type ToWorker = z.output<typeof toWorkerSchema>

export const fromWorkerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('failed'), message: z.string() }),
  z.object({
    type: z.literal('counts'),
    counts: z.object({
      answered: z.number(),
      unsynchronised: z.number(),
      kissed: z.number(),
      dropped: z.map(z.string(), z.number()),
    }),
  }),
])
export type FromWorker = z.output<typeof fromWorkerSchema>
