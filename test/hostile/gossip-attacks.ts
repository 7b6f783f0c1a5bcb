/** Everything wrong that can be said on the two topics, in envelopes and about them, and what a node is to call it. */
import { NS_PER_MS, NS_PER_SEC, TAI_MAX } from '../../src/base/index.ts'
import type { CID } from '../../src/codec/index.ts'
import { sign } from '../../src/crypto/index.ts'
import { PAYLOADS_MAX, TOPICS, attestationsTopic, proofsTopic } from '../../src/network/index.ts'
import { TIME_PROOF_DOMAIN, proofDigest } from '../../src/proofs/index.ts'
import type { SealedProof } from '../../src/proofs/index.ts'
import {
  SMALL_ORDER_KEY,
  deep,
  flipped,
  forgeAttestation,
  forgeEnvelope,
  forgeProof,
  fresh,
  nextSequence,
  nowTai,
  otherShape,
  respelt,
  truncated,
} from './forgery.ts'
import type { ForgedAttestation, ForgedEnvelope, ForgedProof } from './forgery.ts'
import { SLOT_NS } from './stage.ts'
import type { HostileMember } from './stage.ts'

/** Messages to send one after the other, the last of which is refused for `reason`. Asked again, it makes new ones. */
export interface GossipAttack {
  readonly what: string
  readonly reason: string
  readonly make: () => readonly Uint8Array[]
}

const HOUR_NS = 3600n * NS_PER_SEC
/** 2^252 + …: the order of the group, little-endian; added to S it makes a second spelling of a signature. */
const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n

const sMoreByOrder = (signature: Uint8Array): Uint8Array => {
  let s = signature.subarray(32).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n) + ORDER
  const out = Uint8Array.from(signature)
  for (let at = 32; at < 64; at += 1) {
    out[at] = Number(s & 255n)
    s >>= 8n
  }
  return out
}

export interface Forgers {
  readonly networkId: Uint8Array
  /** A member whose key is known, and somebody who is none. */
  readonly member: HostileMember
  readonly stranger: HostileMember
}

/** Puts payloads into an envelope of the member's, one each. */
const proofsIn = ({ networkId, member }: Forgers, payloads: readonly Uint8Array[]): readonly Uint8Array[] =>
  payloads.map((payload) => forgeEnvelope(member, { networkId, topic: proofsTopic(networkId), payloads: [payload] }))
const attestationsIn = ({ networkId, member }: Forgers, payloads: readonly Uint8Array[]): readonly Uint8Array[] =>
  payloads.map((payload) =>
    forgeEnvelope(member, { networkId, topic: attestationsTopic(networkId), payloads: [payload] }),
  )

/** What is wrong with an envelope, on the topic of proofs. What the member's true ones hold is taken. */
export const badEnvelopes = ({ networkId, member, stranger }: Forgers): readonly GossipAttack[] => {
  const topic = proofsTopic(networkId)
  const held = (): Uint8Array => forgeProof(member, networkId, { sequence: 1 }).bytes
  const one = (given: ForgedEnvelope = {}, author = member): Uint8Array =>
    forgeEnvelope(author, { networkId, topic, payloads: [held()] }, given)
  const bytes = (what: string, reason: string, make: () => Uint8Array): GossipAttack => ({
    what: `an envelope: ${what}`,
    reason,
    make: () => [make()],
  })
  return [
    bytes('more than the topic carries', 'too-large', () =>
      Uint8Array.of(...fresh(), ...new Uint8Array(TOPICS.proofs.messageBytesMax)),
    ),
    bytes('nested too deep', 'too-large', deep),
    bytes('cut off', 'malformed', () => truncated(one())),
    bytes('chance', 'malformed', () => Uint8Array.of(0xff, ...fresh())),
    bytes('a second spelling', 'non-canonical', () => respelt(one())),
    bytes('something else', 'wrong-shape', otherShape),
    bytes('a proof without one', 'wrong-shape', held),
    bytes('sequence zero', 'wrong-shape', () => one({ sequence: 0 })),
    bytes('of another network', 'other-network', () => one({ networkId: fresh() })),
    bytes('of another topic', 'wrong-topic', () => one({ topic: attestationsTopic(networkId) })),
    bytes('empty', 'no-payloads', () => one({ payloads: [] })),
    bytes('overfull', 'too-many-payloads', () =>
      one({ payloads: Array.from({ length: PAYLOADS_MAX + 1 }, () => fresh()) }),
    ),
    bytes('of a payload too large', 'payload-too-large', () =>
      one({ payloads: [held(), new Uint8Array(TOPICS.proofs.payloadBytesMax + 1)] }),
    ),
    bytes('by a stranger', 'unknown-author', () => one({}, stranger)),
    bytes('by a key of small order', 'unknown-author', () => one({ sender: SMALL_ORDER_KEY })),
    bytes('with another signature', 'forged', () => one({ signature: flipped(new Uint8Array(64)) })),
    bytes('claimed by another', 'forged', () => one({ sender: member.key.publicKey }, stranger)),
    bytes('signed as something else', 'forged', () => one({ signature: sign(member.key, TIME_PROOF_DOMAIN, fresh()) })),
    {
      what: 'an envelope: a sequence used twice',
      reason: 'replayed',
      make: () => {
        const sequence = nextSequence()
        return [one({ sequence }), one({ sequence })]
      },
    },
  ]
}

/** What an author does to itself, and to nobody else: nothing more is heard of `jumper`, and for some seconds of the member. */
export const badAuthors = ({ networkId, member }: Forgers, jumper: HostileMember): readonly GossipAttack[] => {
  const topic = proofsTopic(networkId)
  const one = (author: HostileMember, given: ForgedEnvelope = {}): Uint8Array =>
    forgeEnvelope(author, { networkId, topic, payloads: [forgeProof(author, networkId).bytes] }, given)
  /** Payloads of eight full envelopes: more than two and a half times what an author may say at once. */
  const full = (): Uint8Array => one(member, { payloads: Array.from({ length: PAYLOADS_MAX }, fresh) })
  return [
    { what: 'too much from one author', reason: 'author-too-fast', make: () => Array.from({ length: 8 }, full) },
    {
      what: 'a jump to the end of all sequences',
      reason: 'behind-window',
      make: () => [one(jumper, { sequence: Number.MAX_SAFE_INTEGER }), one(jumper)],
    },
  ]
}

/** What is wrong with a proof by itself, whoever hands it over. */
export const badProofs = (forgers: Forgers): readonly GossipAttack[] => {
  const { networkId, member, stranger } = forgers
  const one = (given?: ForgedProof): SealedProof => forgeProof(member, networkId, given)
  const bytes = (what: string, reason: string, make: () => Uint8Array): GossipAttack => ({
    what,
    reason,
    make: () => proofsIn(forgers, [make()]),
  })
  return [
    bytes('more than a proof', 'too-large', () =>
      Uint8Array.of(0x58, 250, ...new Uint8Array(218), ...fresh(), ...new Uint8Array(400)),
    ),
    bytes('nested too deep', 'too-large', deep),
    bytes('cut off', 'malformed', () => truncated(one().bytes)),
    bytes('chance', 'malformed', () => Uint8Array.of(0xff, ...fresh())),
    bytes('a second spelling', 'non-canonical', () => respelt(one().bytes)),
    bytes('something else', 'wrong-shape', otherShape),
    bytes('of another network', 'wrong-network', () => one({ networkId: fresh() }).bytes),
    bytes('by a stranger', 'not-member', () => forgeProof(stranger, networkId).bytes),
    bytes(
      'by a key of small order',
      'bad-key',
      () => one({ nodeId: SMALL_ORDER_KEY, signature: new Uint8Array(64) }).bytes,
    ),
    bytes('by a key that has a second spelling', 'bad-key', () => one({ nodeId: new Uint8Array(32).fill(0xff) }).bytes),
    bytes(
      'sources twice',
      'bad-sources',
      () =>
        one({
          sources: [
            { kind: 'ntp', count: 1 },
            { kind: 'ntp', count: 1 },
          ],
        }).bytes,
    ),
    bytes('another’s signature', 'bad-signature', () => one({ signature: flipped(one().proof.signature) }).bytes),
    bytes('a second spelling of the signature', 'bad-signature', () => {
      const { proof } = one()
      return one({ ...proof, signature: sMoreByOrder(proof.signature) }).bytes
    }),
    bytes(
      'signed for something else',
      'bad-signature',
      () => one({ signature: sign(member.key, TIME_PROOF_DOMAIN.replace('proof', 'other'), fresh()) }).bytes,
    ),
  ]
}

/** A chain that its author goes on writing: sequences and times that rise unless told otherwise. */
class Chain {
  readonly #forgers: Forgers
  #sequence = 100
  #tai = 0n

  constructor(forgers: Forgers) {
    this.#forgers = forgers
  }

  /** The next proof but nine, so that those between stay free. */
  next(given: ForgedProof = {}): SealedProof {
    this.#sequence += 10
    const now = nowTai()
    this.#tai = now > this.#tai ? now : this.#tai + 1n
    return this.make({ sequence: this.#sequence, tai: this.#tai, ...given })
  }

  make(given: ForgedProof): SealedProof {
    return forgeProof(this.#forgers.member, this.#forgers.networkId, given)
  }
}

/** Proofs in a rush, in one slot's time: more than an honest node makes. */
const RUSH = 70

/** What is wrong with a proof beside others of the same author. All of it signed: nobody is to blame for handing it over. */
export const badChains = (forgers: Forgers): readonly GossipAttack[] => {
  const chain = new Chain(forgers)
  const after = (change: (first: SealedProof) => ForgedProof) => (): readonly Uint8Array[] => {
    const first = chain.next()
    const { sequence, tai } = first.proof
    const second = chain.make({ sequence: sequence + 2, tai: tai + 1n, ...change(first) })
    return proofsIn(forgers, [first.bytes, second.bytes])
  }
  return [
    {
      what: 'an hour ahead',
      reason: 'far-future',
      make: () => proofsIn(forgers, [chain.next({ tai: nowTai() + HOUR_NS }).bytes]),
    },
    {
      what: 'earlier with a later sequence',
      reason: 'backwards-time',
      make: after(({ proof }) => ({ tai: proof.tai - 1n })),
    },
    {
      what: 'not naming the one before',
      reason: 'broken-chain',
      make: after(({ proof }) => ({ sequence: proof.sequence + 1, previous: fresh() })),
    },
    {
      what: 'two with one sequence',
      reason: 'equivocation',
      make: after(({ proof }) => ({ sequence: proof.sequence })),
    },
  ]
}

/** More proofs than a node takes of one author in a slot, or keeps of one author at all. */
export const tooManyProofs = (forgers: Forgers): readonly GossipAttack[] => {
  const chain = new Chain(forgers)
  return [
    {
      what: 'more than a slot holds',
      reason: 'too-many-proofs',
      make: () =>
        proofsIn(
          forgers,
          Array.from({ length: RUSH }, () => chain.next().bytes),
        ),
    },
    {
      what: 'long gone',
      reason: 'superseded',
      make: () =>
        proofsIn(forgers, [
          ...Array.from({ length: 5 }, () => chain.next().bytes),
          chain.make({ sequence: 1, tai: nowTai() - HOUR_NS }).bytes,
        ]),
    },
  ]
}

/** Three in a row, handed over last first, in envelopes that come in the same order: each is taken into its place. */
export const reordered = (
  forgers: Forgers,
): { readonly proofs: readonly SealedProof[]; readonly envelopes: readonly Uint8Array[] } => {
  const { member, networkId } = forgers
  const make = (sequence: number, tai: bigint, before?: SealedProof): SealedProof =>
    forgeProof(member, networkId, { sequence, tai, ...(before === undefined ? {} : { previous: proofDigest(before) }) })
  const tai = nowTai() - NS_PER_SEC
  const first = make(7, tai)
  const second = make(8, tai + 1n, first)
  const proofs = [first, second, make(9, tai + 2n, second)]
  const envelopes = proofsIn(
    forgers,
    proofs.map(({ bytes }) => bytes),
  )
  return { proofs, envelopes: envelopes.toReversed() }
}

/** What is wrong with an attestation. The node holds `own`, a proof of the member, and newer ones of `other`. */
export const badAttestations = (
  forgers: Forgers,
  held: { readonly own: CID; readonly other: () => CID },
): readonly GossipAttack[] => {
  const { member, stranger } = forgers
  const one = (given?: ForgedAttestation): Uint8Array => forgeAttestation(member, given).bytes
  const bytes = (what: string, reason: string, make: () => Uint8Array): GossipAttack => ({
    what,
    reason,
    make: () => attestationsIn(forgers, [make()]),
  })
  const soon = (): bigint => nowTai() + 4n * SLOT_NS
  const window = (from: bigint, length: bigint): ForgedAttestation => ({
    sentEarliest: from,
    receivedLatest: from + length,
  })
  return [
    bytes('more than an attestation', 'too-large', () => Uint8Array.of(0x58, 250, ...new Uint8Array(218), ...fresh())),
    bytes('more than the topic carries', 'payload-too-large', () => new Uint8Array(600).fill(fresh()[1] ?? 0)),
    bytes('cut off', 'malformed', () => truncated(one())),
    bytes('a second spelling', 'non-canonical', () => respelt(one())),
    bytes('something else', 'wrong-shape', otherShape),
    bytes('by a stranger', 'not-member', () => forgeAttestation(stranger).bytes),
    bytes('by a key of small order', 'bad-key', () => one({ witness: SMALL_ORDER_KEY, signature: new Uint8Array(64) })),
    bytes('received before it was sent', 'bad-window', () => one(window(nowTai(), -1n))),
    bytes('shorter than its round trip', 'bad-window', () =>
      one({ ...window(nowTai(), NS_PER_MS), roundTripNs: 5_000_000 }),
    ),
    bytes('longer than any bound', 'bad-window', () => one(window(nowTai(), 60n * NS_PER_SEC))),
    bytes('another’s signature', 'bad-signature', () =>
      one({ signature: flipped(forgeAttestation(member).attestation.signature) }),
    ),
    bytes('an hour ago', 'slot-closed', () => one(window(nowTai() - HOUR_NS, 2n * NS_PER_MS))),
    bytes('at the beginning of time', 'slot-closed', () => one(window(0n, 2n * NS_PER_MS))),
    bytes('an hour ahead', 'slot-too-far', () => one(window(nowTai() + HOUR_NS, 2n * NS_PER_MS))),
    bytes('at the end of time', 'slot-too-far', () => one(window(TAI_MAX - NS_PER_SEC, 2n * NS_PER_MS))),
    bytes('nobody asked', 'not-asked', () => one({ proof: held.other(), ...window(soon(), 2n * NS_PER_MS) })),
    bytes('about oneself', 'own-witness', () => one({ proof: held.own, ...window(soon(), 2n * NS_PER_MS) })),
  ]
}
