/**
 * `GET /v1/peers` as a shape: the network as one node sees it. Its connections and how each peer stands with it, what was dropped and
 * why, how it finds peers, and who has reached whom lately by the attestations that everybody may read. Rules: docs/spec/api.md,
 *
 */
import { z } from 'zod'
import { count, explanation, nodeId, ns, reason, slot, tai } from './schema-terms.ts'

/** Peers in one answer. The rest are counted. */
export const PEERS_SHOWN_MAX = 512
/** Pairs of witness and subject in one answer, the newest. */
export const LINKS_SHOWN_MAX = 4096
/** Refusals by channel and reason in one answer. */
export const DROPS_SHOWN_MAX = 1025
/** Versions in one answer; the rest are counted under `other`. */
export const VERSIONS_SHOWN_MAX = 32

const channel = z.string().describe('a topic or a protocol; `connection` where it belongs to none')
const version = z.string().max(64).describe('of the protocol, semantic: 1.2.3')

/** One open connection of a peer. */
export const connectionSchema = z.object({
  address: z.string().describe('where the other end is, as a multiaddr'),
  group: z.string().describe('the part of the address that one party can usually get only whole, such as 192.0.0.0/16'),
  direction: z.enum(['inbound', 'outbound']),
  transport: z.enum(['tcp', 'quic', 'relay', 'memory']),
  security: z.enum(['noise', 'tls', 'none']),
  ageNs: ns.nonnegative().describe('since it was opened'),
  roundTripNs: ns.nonnegative().nullable().describe('the newest that was measured; null before the first'),
  bytesIn: count,
  bytesOut: count,
})

/** One peer: its connections and its standing. */
export const peerSchema = z.object({
  id: nodeId,
  name: z.string().nullable().describe('as the genesis has it; null for one that is no member'),
  connected: z.boolean(),
  connections: z.array(connectionSchema).describe('the oldest first; none where it is remembered only'),
  roundTripNs: ns.nonnegative().nullable().describe('the shortest of its connections'),
  agreed: z
    .object({ version, features: z.array(z.string()), agent: z.string() })
    .nullable()
    .describe('what it said in its greeting; null before that'),
  score: z
    .number()
    .describe('0 for a stranger; it grows with use to us, falls with what is charged, and decays towards 0'),
  scoreReasons: z
    .array(
      z.object({ channel, reason, explanation, points: z.number().describe('what this adds; negative: it costs') }),
    )
    .describe('what the score is made of, the costliest first'),
  messages: z.object({ accepted: count, ignored: count, rejected: count }),
  drops: z
    .array(z.object({ reason, explanation, count }))
    .describe('what of that was dropped, the most frequent first'),
  shutOut: z
    .boolean()
    .describe('its score fell below what is borne: its connections are closed and it may not come back yet'),
})

/** How this node finds peers. */
export const discoverySchema = z.object({
  tables: z
    .array(z.object({ name: z.enum(['tried', 'fresh']), entries: count, groups: count.describe('of addresses') }))
    .describe('peers known: those that answered this node, and those that it was only told of'),
  records: z
    .object({ known: count, expired: count })
    .describe('signed peer records held; without the time none is held to be expired'),
  ownRecordExpires: tai.nullable().describe('when this node’s own record ends; null before it has made one'),
  outbound: z
    .array(z.object({ peer: nodeId, group: z.string(), ageNs: ns.nonnegative(), anchor: z.boolean() }))
    .describe('peers that this node chose itself, each in another group of addresses where there are so many'),
  outboundWanted: count,
  anchors: z.array(nodeId).describe('peers to go back to first after a restart'),
  feelers: z
    .object({ sent: count, answered: count })
    .describe('short connections that find out whether a peer answers'),
  bootstrap: z
    .array(
      z.object({
        kind: z.enum(['addresses', 'dns', 'mdns', 'file']),
        name: z.string().describe('what is asked; empty for a file'),
        state: z.enum(['waiting', 'good', 'failed']),
        says: z.string().describe('what came of it the last time, for a person'),
        ageNs: ns.nonnegative().nullable().describe('since it was last asked'),
      }),
    )
    .describe('ways to the first peers'),
})

const placeSchema = z.object({ used: count, most: count.nullable().describe('null where none are kept apart') })

/** GET /v1/peers */
export const peersSchema = z.object({
  self: nodeId,
  own: z
    .object({ version, features: z.array(z.string()), agent: z.string() })
    .nullable()
    .describe('what this node says in its own greeting'),
  peers: z
    .array(peerSchema)
    .describe(`those connected, then those remembered, the worst score first; at most ${PEERS_SHOWN_MAX}`),
  peersLeftOut: count.describe('remembered peers for which there was no room here'),
  scoreBounds: z
    .object({ chosenMin: z.number(), borneMin: z.number() })
    .describe('below chosenMin a peer is not chosen for anything, below borneMin it is shut out'),
  places: z
    .object({
      all: placeSchema,
      inbound: placeSchema.describe('of those that came to us'),
      reserved: placeSchema.describe('inbound places kept for members'),
    })
    .describe('room for connections'),
  versions: z.array(z.object({ version, peers: count })).describe('protocol versions of connected peers'),
  drops: z
    .array(z.object({ channel, reason, explanation, count }))
    .describe('everything dropped since the start, by channel and reason, the most frequent first'),
  discovery: discoverySchema.nullable().describe('null where this node does not look for peers by itself'),
  links: z
    .array(
      z.object({
        witness: nodeId,
        subject: nodeId,
        slot,
        roundTripNs: ns.nonnegative().describe('what the challenge and its answer took, by the witness’s word'),
      }),
    )
    .describe(
      'who has reached whom lately in the whole network: the newest attestation of each pair that this node holds',
    ),
})

export type ConnectionView = z.infer<typeof connectionSchema>
export type PeerView = z.infer<typeof peerSchema>
export type PeersView = z.infer<typeof peersSchema>
export type DiscoveryFigures = z.infer<typeof discoverySchema>
