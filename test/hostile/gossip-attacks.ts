/** Everything wrong that can be said on the two topics, and what a node is to call it. */
import { NS_PER_MS, NS_PER_SEC, TAI_MAX } from '../../src/base/index.ts'
import type { CID } from '../../src/codec/index.ts'
import { sign } from '../../src/crypto/index.ts'
import { TIME_PROOF_DOMAIN, proofDigest } from '../../src/proofs/index.ts'
import type { SealedProof } from '../../src/proofs/index.ts'
import {
  SMALL_ORDER_KEY,
  deep,
  flipped,
  forgeAttestation,
  forgeProof,
  fresh,
  nowTai,
  otherShape,
  respelt,
  truncated,
} from './forgery.ts'
import type { ForgedAttestation, ForgedProof } from './forgery.ts'
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

/** What is wrong with a proof by itself, whoever hands it over. */
export const badProofs = ({ networkId, member, stranger }: Forgers): readonly GossipAttack[] => {
  const one = (given?: ForgedProof): SealedProof => forgeProof(member, networkId, given)
  const bytes = (what: string, reason: string, make: () => Uint8Array): GossipAttack => ({
    what,
    reason,
    make: () => [make()],
  })
  return [
    bytes('more than the topic carries', 'too-large', () => new Uint8Array(3000).fill(fresh()[0] ?? 0)),
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
  const after = (change: (first: SealedProof) => ForgedProof) => (): Uint8Array[] => {
    const first = chain.next()
    const { sequence, tai } = first.proof
    return [first.bytes, chain.make({ sequence: sequence + 2, tai: tai + 1n, ...change(first) }).bytes]
  }
  return [
    { what: 'an hour ahead', reason: 'far-future', make: () => [chain.next({ tai: nowTai() + HOUR_NS }).bytes] },
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
      make: () => Array.from({ length: RUSH }, () => chain.next().bytes),
    },
    {
      what: 'long gone',
      reason: 'superseded',
      make: () => [
        ...Array.from({ length: 5 }, () => chain.next().bytes),
        chain.make({ sequence: 1, tai: nowTai() - HOUR_NS }).bytes,
      ],
    },
  ]
}

/** Three in a row, handed over last first: each is taken into its place. */
export const reordered = ({ member, networkId }: Forgers): readonly SealedProof[] => {
  const make = (sequence: number, tai: bigint, before?: SealedProof): SealedProof =>
    forgeProof(member, networkId, { sequence, tai, ...(before === undefined ? {} : { previous: proofDigest(before) }) })
  const tai = nowTai() - NS_PER_SEC
  const first = make(7, tai)
  const second = make(8, tai + 1n, first)
  return [make(9, tai + 2n, second), second, first]
}

/** What is wrong with an attestation. The node holds `own`, a proof of the member, and newer ones of `other`. */
export const badAttestations = (
  { member, stranger }: Forgers,
  held: { readonly own: CID; readonly other: () => CID },
): readonly GossipAttack[] => {
  const one = (given?: ForgedAttestation): Uint8Array => forgeAttestation(member, given).bytes
  const bytes = (what: string, reason: string, make: () => Uint8Array): GossipAttack => ({
    what,
    reason,
    make: () => [make()],
  })
  const soon = (): bigint => nowTai() + 4n * SLOT_NS
  const window = (from: bigint, length: bigint): ForgedAttestation => ({
    sentEarliest: from,
    receivedLatest: from + length,
  })
  return [
    bytes('more than the topic carries', 'too-large', () => new Uint8Array(5000).fill(fresh()[1] ?? 0)),
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
