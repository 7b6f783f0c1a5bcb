/**
 * The HTTP API as shapes. The server validates with them, /openapi.json is made from them, and the typed client
 * (`truechimer/client`, which also runs in a browser) takes its types from them: one description, three uses.
 *
 * Instants are TAI nanoseconds as decimal strings, because a JSON number cannot hold them. Durations and offsets are
 * numbers of nanoseconds (exact to 104 days). Rules: docs/spec/api.md.
 */
import { z } from 'zod'
import { SOURCE_KINDS } from '../clock/port.ts'
import { chainEventSchemas, chainStatusSchema } from './chain-schema.ts'
import { cid, nodeId, ns, reason, slot, tai, utc } from './schema-terms.ts'

export * from './chain-schema.ts'
export * from './peer-schema.ts'
export * from './stamp-schema.ts'

/** Offset of a node's clock: ahead of true time by something in [loNs, hiNs]. */
export const offsetSchema = z.object({ loNs: ns, hiNs: ns })

export const clockStatusSchema = z.enum(['unsynchronised', 'synchronised', 'holdover', 'disrupted'])
export const nodeStatusSchema = z.enum(['unproven', 'truechimer', 'falseticker', 'absent'])

/** A statistical range: it may be left now and then, and stands inside the interval, which may not. */
export const likelySchema = z
  .object({ earliest: tai, latest: tai, uncertaintyNs: ns.nonnegative().describe('half of latest − earliest') })
  .describe('holds the true time with 95 % likelihood: statistics, where the interval is a promise')

/** GET /v1/time */
export const timeSchema = z.object({
  earliest: tai,
  latest: tai,
  estimate: tai,
  uncertaintyNs: ns.nonnegative().describe('half of latest − earliest'),
  likely: likelySchema,
  utc: z.object({ earliest: utc, latest: utc, estimate: utc }),
  status: clockStatusSchema,
  frequencyPpb: z.number().describe('estimated frequency error of the local counter; positive: it runs fast'),
  hostOffsetNs: ns.describe('operating system clock − estimate'),
  leapTable: z.object({ expires: utc, expired: z.boolean() }),
})

export const sourceSchema = z.object({
  id: z.string().max(200),
  kind: z.enum(SOURCE_KINDS),
  state: z.enum(['selected', 'truechimer', 'falseticker', 'unreachable', 'waiting', 'refused']),
  reason,
  explanation: z.string().describe('the reason as one sentence for a person'),
  reach: z.number().int().min(0).max(255).describe('the last eight polls as bits, the newest lowest; shown in octal'),
  suspicion: z
    .object({
      score: z.number().int().min(0).max(1000).describe('0: none; from 300 its word is widened, from 600 refused'),
      reasons: z.array(z.object({ reason, explanation: z.string() })).describe('gravest first'),
    })
    .nullable()
    .describe('how far its signal is distrusted; null where nobody judges it'),
  upstream: z
    .object({
      stratum: z.number().int().min(0).max(255),
      address: z.string().max(64).describe('where it is asked'),
      reference: z.string().max(20).describe('whom it follows by its own word: a name at stratum 1, else four octets'),
    })
    .nullable(),
  pollNs: ns.nonnegative().nullable().describe('how often it is asked'),
  dueNs: ns.nonnegative().nullable().describe('until it is asked again; null for one that is asked no more'),
  offsetNs: ns.nullable().describe('source − our clock, or null before the first measurement'),
  boundNs: ns.nonnegative().nullable().describe('half width of what the source says'),
  delayNs: ns.nonnegative().nullable(),
  ageNs: ns.nonnegative().nullable(),
})

/** GET /v1/status */
export const statusSchema = z.object({
  version: z.string(),
  network: z.object({ id: z.string().length(64), name: z.string() }),
  node: z.object({ id: nodeId, name: z.string() }),
  devnet: z.boolean(),
  uptimeNs: ns,
  clock: z.object({
    status: clockStatusSchema,
    uncertaintyNs: ns.nonnegative().nullable(),
    likely: likelySchema.pick({ uncertaintyNs: true }).nullable(),
    frequencyPpb: z.number(),
    hostOffsetNs: ns.nullable(),
  }),
  sources: z.array(sourceSchema),
  verdict: z.object({ status: nodeStatusSchema, reason }),
  slot,
  slotNs: ns,
  acceptedVarianceNs: ns,
  peers: z.array(nodeId),
  addresses: z.array(z.string()),
  counts: z.object({
    proofs: z.number().int().describe('proofs held or seen, own and others'),
    attestations: z.number().int().describe('attestations admitted'),
    refused: z.record(z.string(), z.number().int()).describe('what was refused, by reason'),
  }),
  chain: chainStatusSchema.nullable().describe('null where this node takes part in no chain'),
})

/** GET /v1/clock */
export const clockSchema = z.object({
  status: clockStatusSchema,
  uncertaintyNs: ns.nonnegative().nullable(),
  likelyUncertaintyNs: ns.nonnegative().nullable(),
  sinceMajorityNs: ns
    .nonnegative()
    .nullable()
    .describe('since a majority of sources last spoke; in holdover, how long the oscillator has been alone'),
  frequency: z
    .object({
      ppb: z.number(),
      sigmaPpb: z.number().nonnegative().nullable().describe('one standard deviation'),
      loPpb: z.number(),
      hiPpb: z.number().describe('the interval allows for frequencies from loPpb to hiPpb'),
      wanderPpb: z.number().nonnegative().describe('and for this much wander, learned from the sources'),
    })
    .describe('error of the local counter, parts per billion; positive: it runs fast'),
  allan: z
    .array(
      z.object({
        tauSec: z.number().positive(),
        deviation: z.number().nonnegative().describe('σ_y(τ), a ratio: 1e-9 is one part per billion'),
        samples: z.number().positive(),
      }),
    )
    .describe('overlapping Allan deviation of the disciplined counter, by growing τ'),
  synchronisations: z
    .object({
      rounds: z.number().int().describe('times at which it asked, however many sources it asked then'),
      asked: z.number().int(),
      answered: z.number().int(),
      coveredNs: ns.nonnegative(),
      perDay: z.number().nonnegative().nullable().describe('rounds for a whole day; null before an hour has been seen'),
    })
    .describe('of the last 24 hours'),
  servers: z
    .array(
      z.object({
        name: z.string().max(20),
        address: z.string().max(300),
        answered: z.number().int(),
        refused: z.record(z.string(), z.number().int()).describe('by reason'),
      }),
    )
    .describe('by which this node gives the time back'),
})

/** One node as this node sees it. */
export const nodeSchema = z.object({
  id: nodeId,
  name: z.string(),
  self: z.boolean(),
  connected: z.boolean(),
  weight: z.number().int().nonnegative().describe('vote weight, parts per billion of one voice; 0 for a candidate'),
  status: nodeStatusSchema,
  reason,
  explanation: z.string().describe('the reason as one sentence for a person'),
  since: slot.describe('the slot of the last change of status'),
  actionsValid: z.boolean().describe('do this node’s actions count at present?'),
  offset: offsetSchema.nullable().describe('the newest offset that two thirds of its witnesses agree on'),
  offsetSlot: slot.nullable(),
  witnesses: z.object({ agreeing: z.number().int(), asked: z.number().int() }),
  overconfident: z.number().int().describe('how often its claimed uncertainty missed what its witnesses measured'),
  proof: z.object({ cid, sequence: z.number().int(), tai, uncertaintyNs: ns }).nullable(),
})

/** GET /v1/nodes */
export const nodesSchema = z.object({ slot, slotNs: ns, acceptedVarianceNs: ns, nodes: z.array(nodeSchema) })

/** GET /v1/nodes/:id */
export const nodeDetailSchema = nodeSchema.extend({
  attestations: z.array(
    z.object({
      cid,
      witness: nodeId,
      slot,
      roundTripNs: ns,
      offset: offsetSchema,
      proof: cid,
      counted: z.boolean(),
      reason,
    }),
  ),
  history: z.array(z.object({ slot, status: nodeStatusSchema, reason, offset: offsetSchema.nullable() })),
})

/** GET /v1/proofs/:cid */
export const proofSchema = z.object({
  cid,
  networkId: z.string().length(64),
  nodeId,
  sequence: z.number().int().positive(),
  tai,
  utc,
  uncertaintyNs: ns,
  previous: z.string().length(64),
  beacon: z.string().length(64),
  nonce: z.string().length(64),
  sources: z.array(z.object({ kind: z.enum(SOURCE_KINDS), count: z.number().int() })),
  signature: z.string().length(128),
  bytes: z.string().describe('the proof itself, base64: the deterministic encoding that the CID names'),
})

/** GET /v1/events: server-sent events; `event:` is the type, `data:` the JSON. */
export const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('clock'), time: timeSchema, sources: z.array(sourceSchema) }),
  z.object({ type: z.literal('judgement'), slot, nodes: z.array(nodeSchema) }),
  z.object({
    type: z.literal('verdict'),
    slot,
    id: nodeId,
    name: z.string(),
    from: nodeStatusSchema,
    to: nodeStatusSchema,
    reason,
    explanation: z.string(),
  }),
  z.object({ type: z.literal('proof'), cid, id: nodeId, sequence: z.number().int() }),
  z.object({ type: z.literal('attestation'), cid, witness: nodeId, subject: nodeId, offset: offsetSchema }),
  z.object({ type: z.literal('peer'), id: nodeId, connected: z.boolean() }),
  z.object({ type: z.literal('fault'), faults: z.array(z.object({ id: nodeId, offsetMs: z.number() })) }),
  ...chainEventSchemas,
])

/** Bends what a devnet node's time source tells it. Exists in a devnet only. */
export const faultSchema = z.object({
  id: nodeId,
  offsetMs: z.number().min(-10_000).max(10_000).describe('how far the source lies; 0 sets it right'),
})

/** GET /v1/devnet. `token` goes back in the header `x-truechimer-token` of POST /v1/devnet/faults. */
export const devnetSchema = z.object({
  token: z.string(),
  nodes: z.array(z.object({ id: nodeId, name: z.string(), api: z.string() })),
  faults: z.array(z.object({ id: nodeId, offsetMs: z.number() })),
})

/** Every refusal of the API: a stable code and what to do. */
export const problemSchema = z.object({ code: z.string().regex(/^TC_[A-Z0-9_]{1,60}$/), message: z.string() })

/** GET /healthz of a node that is well. One that is not answers 503 with a problem that says why. */
export const healthSchema = z.object({ healthy: z.literal(true), clock: clockStatusSchema })

/** What `?types=` of /v1/events may name. */
export const EVENT_TYPES = [
  'clock',
  'judgement',
  'verdict',
  'proof',
  'attestation',
  'peer',
  'fault',
  'block',
  'round',
  'emergency',
] as const

export type TimeView = z.infer<typeof timeSchema>
export type ClockView = z.infer<typeof clockSchema>
export type SourceView = z.infer<typeof sourceSchema>
export type StatusView = z.infer<typeof statusSchema>
export type NodeView = z.infer<typeof nodeSchema>
export type NodesView = z.infer<typeof nodesSchema>
export type NodeDetailView = z.infer<typeof nodeDetailSchema>
export type ProofView = z.infer<typeof proofSchema>
export type EventView = z.infer<typeof eventSchema>
export type EventType = EventView['type']
export type HealthView = z.infer<typeof healthSchema>
export type FaultView = z.infer<typeof faultSchema>
export type DevnetView = z.infer<typeof devnetSchema>
