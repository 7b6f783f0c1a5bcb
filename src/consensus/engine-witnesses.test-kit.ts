/** Witnesses for the worlds of engine.test-kit.ts: in every slot everybody who is up is measured by its committee, and all hear of it. */
import { sha3 } from '../crypto/index.ts'
import {
  ATTESTATION_DOMAIN,
  TIME_PROOF_DOMAIN,
  ZERO_DIGEST,
  encodeAttestationBody,
  encodeTimeProofBody,
  sealAttestation,
  sealTimeProof,
} from '../proofs/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import { committeeOf } from './chain-state.ts'
import { MS, WORLD_START } from './engine.test-kit.ts'
import type { World, WorldNode } from './engine.test-kit.ts'

/** How far into a slot they ask. */
const ASKED_AT_NS = 300n * MS

export class Witnesses {
  /** How far somebody's proofs are ahead, ns, by id. */
  readonly offsetsNs = new Map<string, bigint>()
  readonly #world: World
  readonly #proofs = new Map<string, SealedProof>()

  /** From now on, until nothing more is run. */
  constructor(world: World) {
    this.#world = world
    world.after(ASKED_AT_NS, () => this.#liveSlot())
  }

  #liveSlot(): void {
    const world = this.#world
    const { slotNs } = world.genesis.parameters
    const slot = Number((WORLD_START + world.nowNs) / slotNs)
    const up = world.nodes.filter(({ isUp }) => isUp)
    for (const subject of up) this.#measure(subject, slot, up)
    world.after(slotNs, () => this.#liveSlot())
  }

  #measure(subject: WorldNode, slot: number, up: readonly WorldNode[]): void {
    const committee = committeeOf(subject.state, subject.id, slot)
    const witnesses = up.filter(({ id }) => committee.some((member) => member.id === id))
    if (witnesses.length === 0) return
    const proof = this.#prove(subject)
    for (const witness of witnesses) {
      const attestation = this.#attest(witness, proof)
      for (const node of up) this.#world.after(10n * MS, () => node.feed({ type: 'witnessed', proof, attestation }))
    }
  }

  #prove(subject: WorldNode): SealedProof {
    const { world, member, id } = subject
    const before = this.#proofs.get(id)
    const body = {
      networkId: world.genesis.networkId,
      nodeId: member.key,
      sequence: (before?.proof.sequence ?? 0) + 1,
      tai: WORLD_START + world.nowNs + (this.offsetsNs.get(id) ?? 0n),
      uncertaintyNs: 1_000_000,
      previous: before?.cid.multihash.digest ?? ZERO_DIGEST,
      beacon: ZERO_DIGEST,
      nonce: sha3(member.key),
      sources: [{ kind: 'ntp', count: 4 }] as const,
    }
    const signature = world.sign(member, { domain: TIME_PROOF_DOMAIN, body: encodeTimeProofBody(body) })
    const sealed = sealTimeProof({ ...body, signature })
    this.#proofs.set(id, sealed)
    return sealed
  }

  #attest({ world, member }: WorldNode, proof: SealedProof): SealedAttestation {
    const now = WORLD_START + world.nowNs
    const body = {
      proof: proof.cid,
      witness: member.key,
      sentEarliest: now - 2n * MS,
      receivedLatest: now + 2n * MS,
      roundTripNs: 2_000_000,
    }
    const signature = world.sign(member, { domain: ATTESTATION_DOMAIN, body: encodeAttestationBody(body) })
    return sealAttestation({ ...body, signature })
  }
}
