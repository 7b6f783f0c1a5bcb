/**
 * Proofs and what witnesses measured of them, waiting for a block: grouped by proof, each witness of a proof once. What a decided block
 * holds is not proposed again; what is of slots that are closed goes. Whether a measurement counts was asked before it came here
 * (the docket's rules, V-6), which also bounds how many there can be.
 *
 * Rule B-85 in docs/spec/consensus.md. Taking one in costs about a microsecond: it happens for every attestation of the network.
 */
import { equalBytes } from '../base/index.ts'
import { slotOf } from '../proofs/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import { BLOCK_WITNESSED_MAX, PROOF_ATTESTATIONS_MAX } from './block-body.ts'
import type { Block, WitnessedProof } from './block.ts'
import { witnessedRoom } from './joining.ts'

/** Attestations held, of those that are in blocks already too: 1,024 members, seven seats, some nine slots. */
export const TIME_EVIDENCE_MAX = 65_536
/** How many slots after its parent's time what a block holds is remembered: what says it is of a later slot is no honest witness's. */
const SLOTS_AHEAD_MAX = 64

interface Entry {
  readonly proof: SealedProof
  /** The latest slot in which it was measured. */
  slot: number
  /** In no block yet, each witness once. */
  readonly waiting: SealedAttestation[]
  /** Keys of the witnesses whose word is in a decided block. */
  readonly committed: Uint8Array[]
  /** Content addresses of what was taken in. */
  readonly keys: string[]
}

export class TimeEvidencePool {
  readonly #slotNs: bigint
  /** By the proof's content address, as they came. */
  readonly #entries = new Map<string, Entry>()
  /** Content addresses of attestations held. */
  readonly #attestations = new Set<string>()
  #closed = Number.NEGATIVE_INFINITY
  /** The earliest slot of an entry: nothing is looked through before it is closed. */
  #firstSlot = Number.POSITIVE_INFINITY

  constructor(slotNs: bigint) {
    this.#slotNs = slotNs
  }

  /** Attestations held. */
  get size(): number {
    return this.#attestations.size
  }

  /** Is this the content address of a proof or attestation that is held, and so was verified? */
  has(key: string): boolean {
    return this.#attestations.has(key) || this.#entries.has(key)
  }

  /** Takes in a true measurement of a true proof. False where it is of no use: known, too old, or there is no room. */
  add(proof: SealedProof, attestation: SealedAttestation): boolean {
    const slot = slotOf(attestation.attestation.sentEarliest, this.#slotNs)
    if (slot <= this.#closed || this.#attestations.size >= TIME_EVIDENCE_MAX) return false
    const key = attestation.cid.toString()
    if (this.#attestations.has(key)) return false
    const entry = this.#entryOf(proof, slot)
    if (entry === undefined || isWitnessed(entry, attestation)) return false
    this.#attestations.add(key)
    entry.keys.push(key)
    entry.waiting.push(attestation)
    return true
  }

  /** Where measurements of a proof are held; undefined where it has as many as a block may have. */
  #entryOf(proof: SealedProof, slot: number): Entry | undefined {
    const name = proof.cid.toString()
    const known = this.#entries.get(name)
    if (known !== undefined && known.waiting.length + known.committed.length >= PROOF_ATTESTATIONS_MAX) return undefined
    this.#firstSlot = Math.min(this.#firstSlot, slot)
    if (known === undefined) {
      if (this.#entries.size >= TIME_EVIDENCE_MAX) return undefined
      const entry: Entry = { proof, slot, waiting: [], committed: [], keys: [] }
      this.#entries.set(name, entry)
      return entry
    }
    known.slot = Math.max(known.slot, slot)
    return known
  }

  /** A block was decided. `closed`: the last slot that is closed by now. */
  settle(block: Block, closed: number): void {
    const { header, body } = block
    const slotMax = slotOf(header.time.timestamp, this.#slotNs) + SLOTS_AHEAD_MAX
    for (const { proof, attestations } of body.witnessed) this.#commit(proof, attestations, slotMax)
    if (closed <= this.#closed) return
    this.#closed = closed
    if (this.#firstSlot > closed) return
    this.#firstSlot = Number.POSITIVE_INFINITY
    for (const [name, entry] of this.#entries)
      if (entry.slot <= closed) this.#forget(name, entry)
      else this.#firstSlot = Math.min(this.#firstSlot, entry.slot)
  }

  /** What is in a block is not proposed again, whenever it is heard of. */
  #commit(proof: SealedProof, attestations: readonly SealedAttestation[], slotMax: number): void {
    for (const attestation of attestations) {
      const { sentEarliest, witness } = attestation.attestation
      const slot = slotOf(sentEarliest, this.#slotNs)
      const entry = slot <= this.#closed || slot > slotMax ? undefined : this.#entryOf(proof, slot)
      if (entry === undefined || entry.committed.some((one) => equalBytes(one, witness))) continue
      entry.committed.push(witness)
      const place = entry.waiting.findIndex((one) => equalBytes(one.attestation.witness, witness))
      if (place >= 0) entry.waiting.splice(place, 1)
    }
  }

  #forget(name: string, { keys }: Entry): void {
    this.#entries.delete(name)
    for (const key of keys) this.#attestations.delete(key)
  }

  /**
   * What is in no block yet and still of use when slots up to `closed` are over: the oldest slots first, in them as it came, as much as
   * there is room for.
   */
  take({ closed, bytesMax }: { readonly closed: number; readonly bytesMax: number }): readonly WitnessedProof[] {
    const entries = [...this.#entries.values()].filter(({ slot, waiting }) => waiting.length > 0 && slot > closed)
    entries.sort((a, b) => a.slot - b.slot)
    const taken: WitnessedProof[] = []
    let bytes = 0
    for (const { proof, waiting } of entries) {
      const witnessed = { proof, attestations: waiting.slice() }
      bytes += witnessedBytes(witnessed)
      if (bytes > bytesMax || taken.length === BLOCK_WITNESSED_MAX) break
      taken.push(witnessed)
    }
    return taken
  }
}

/** What a proof and its attestations take in a block, bytes at most. */
export const witnessedBytes = ({ proof, attestations }: WitnessedProof): number =>
  witnessedRoom(
    proof.bytes.length,
    attestations.map(({ bytes }) => bytes.length),
  )

const isWitnessed = ({ waiting, committed }: Entry, { attestation }: SealedAttestation): boolean =>
  waiting.some((one) => equalBytes(one.attestation.witness, attestation.witness)) ||
  committed.some((witness) => equalBytes(witness, attestation.witness))
