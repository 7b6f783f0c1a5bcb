/**
 * Who witnesses whom: a small committee for each node and slot, drawn by weighted rendezvous hashing, so that everybody
 * with the same list of members names the same witnesses without asking.
 *
 * Source: DESIGN §2.3, §5.2. Rules P-17 to P-19 in docs/spec/proofs.md. It does not hide the draw: a node can foresee its
 * witnesses of later slots as long as it knows the members.
 */
import { NS_PER_MS } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { RendezvousSkeleton, sha3 } from '../crypto/index.ts'
import type { RendezvousNode } from '../crypto/index.ts'

/** A member of the network: its id as text, its Ed25519 key (32 bytes), which is the same thing, and its weight > 0. */
export interface Member {
  readonly id: string
  readonly key: Uint8Array
  readonly weight: bigint
}

/** Whose witnesses are drawn, and how many. */
export interface CommitteeSeat {
  readonly subject: string
  readonly slot: number
  /** Seats, > 0. With fewer members than seats, all of them sit. */
  readonly seats: number
}

interface Candidate extends RendezvousNode {
  readonly member: Member
}

/** Draws committees from one set of members: what depends on the members alone is made once, not for each draw. */
export class CommitteeDraw {
  readonly members: readonly Member[]
  readonly #skeleton: RendezvousSkeleton<Candidate>

  /** @param members all who may witness; a subject among them is left out of its own committee. */
  constructor(members: readonly Member[]) {
    this.members = members
    this.#skeleton = new RendezvousSkeleton(
      members.map((member) => ({ id: member.key, weight: member.weight, member })),
    )
  }

  /** The witnesses of one node in one slot, best first. */
  committeeOf({ subject, slot, seats }: CommitteeSeat): readonly Member[] {
    const key = encodeData(['truechimer/committee/1', subject, slot])
    return this.#skeleton
      .pick(key, seats + 1)
      .map(({ member }) => member)
      .filter(({ id }) => id !== subject)
      .slice(0, seats)
  }
}

/**
 * How far into a slot a node's witnesses ask it, ns. One phase for all of them lets one proof answer them all; a phase that
 * differs by node spreads the work over the slot. Between a tenth and seven tenths of the slot, so that neither the bound
 * of a witness's clock nor the answer's way back reaches into another slot.
 */
export const challengePhaseNs = (subject: string, slot: number, slotNs: bigint): bigint => {
  const digest = sha3(encodeData(['truechimer/phase/1', subject, slot]))
  const share = BigInt((digest[0] ?? 0) * 256 + (digest[1] ?? 0))
  return slotNs / 10n + (slotNs * 6n * share) / (10n * 65_536n)
}

/** How long a node gathers challenges for one proof, ns, if its committee is not complete before. */
export const GATHER_NS = 20n * NS_PER_MS
