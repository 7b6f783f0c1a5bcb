/**
 * A simulated node's time proofs and attestations: asked, made, measured and passed on by the functions of proofs/, over the
 * simulated clock and links. What a node's witnessing.ts and proving.ts do with promises is done here at once.
 *
 * Every attestation that a node makes in a slot goes out in one message. Rules: docs/spec/simulation.md Z-11; node.md G-10, G-12.
 */
import { BoundedMap, TAI_MIN, accept, equalBytes, reject } from '../base/index.ts'
import type { ClockReading } from '../clock/index.ts'
import { bytesOfBlockId } from '../consensus/index.ts'
import { advance, verifyMerklePath } from '../crypto/index.ts'
import {
  ATTESTATION_DOMAIN,
  GATHER_NS,
  Gathering,
  TIME_PROOF_DOMAIN,
  UNCERTAINTY_NS_MAX,
  challengeAnswerCodec,
  encodeAttestationBody,
  encodeTimeProofBody,
  isWindowPossible,
  openAnswer,
  proofDigest,
  sealAttestation,
  sealTimeProof,
  slotOf,
} from '../proofs/index.ts'
import type { ChallengePlace, Exchange, SealedAttestation, SealedProof, TimeProofBody } from '../proofs/index.ts'
import { batchOf } from './packet.ts'
import { MS } from './scenario.ts'
import type { ClockBounds } from './simulated-clock.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { Errand } from './witness-plans.ts'

/** Without a clock a node looks again after this. */
const CLOCK_WAIT_NS = 500 * MS
/** A challenge on the wire: network, 32 random bytes, and what holds them. */
const CHALLENGE_MESSAGE_BYTES = 69
/** In parts of a slot, when its attestations go out. */
const BATCH_AT = 0.9
const PROOFS_MAX = 4096
const WAITING_MAX = 4096

/** A proof that answers a whole committee: opened once for all of it, where that is shared. */
interface Answered {
  opened: SealedProof | undefined
}
/** The answer to one challenge, on its way. */
interface Reply {
  readonly bytes: Uint8Array
  readonly place: ChallengePlace
  readonly answered: Answered
}
type Answer = (proof: SealedProof, place: ChallengePlace, answered: Answered) => void

/** Challenges that one proof will answer, and where its answers go. */
interface Open {
  readonly gathering: Gathering
  readonly answers: Map<string, Answer>
}

export class Witnessing {
  readonly #node: SimulatedNode
  readonly #proofs = new BoundedMap<string, SealedProof>(PROOFS_MAX)
  readonly #sequences = new BoundedMap<string, SealedProof>(PROOFS_MAX)
  readonly #waiting = new BoundedMap<string, SealedAttestation[]>(WAITING_MAX)
  /** Whether attestations go out together: a feature that older versions lack. */
  isBatching = true
  /** What is added to the time that proofs say, ns: a lie. */
  lieNs = 0n
  #batch: SealedAttestation[] = []
  #open: Open | undefined

  constructor(node: SimulatedNode) {
    this.#node = node
  }

  begin(): void {
    this.#nextSlot()
  }

  /** Drops what was under way. */
  end(): void {
    this.#open = undefined
    this.#batch = []
  }

  #nextSlot(): void {
    const node = this.#node
    const now = usable(node)
    if (now === undefined) return node.later(CLOCK_WAIT_NS, () => this.#nextSlot())
    const { slotNs } = node.world.scenario
    const slot = slotOf(now.estimate, BigInt(slotNs)) + 1
    const startsInNs = Number(BigInt(slot) * BigInt(slotNs) - now.estimate)
    node.later(startsInNs, () => {
      this.#live(slot)
      this.#nextSlot()
    })
  }

  /** Asks everybody whose committee this node sits on in a slot that begins now. */
  #live(slot: number): void {
    const node = this.#node
    const { state } = node
    const errands = state === undefined ? undefined : node.world.plans.planOf(state, slot).errands.get(node.id)
    if (errands === undefined) return
    for (const errand of errands) node.later(errand.phaseNs, () => this.#ask(errand))
    node.later(node.world.scenario.slotNs * BATCH_AT, () => this.#sendBatch())
  }

  #ask({ subject, key }: Errand): void {
    const node = this.#node
    const { world } = node
    const sent = node.clock.time()
    const to = world.endpointOf(subject)
    if (sent === undefined || to === undefined || to === node) return
    const challenge = node.chance.bytes(32)
    const back = (reply: Reply): void =>
      world.links.carry(to.number, node.number, reply.bytes.length, (isFlipped) =>
        node.enter(() => (isFlipped ? undefined : this.#measure({ sent, challenge, key, reply }))),
      )
    world.links.carry(node.number, to.number, CHALLENGE_MESSAGE_BYTES, (isFlipped) =>
      to.enter(() => (isFlipped ? undefined : to.witnessing.challenged(node.id, challenge, back))),
    )
  }

  /** Gathers a challenge for the next proof; the answer goes back when it is signed. */
  challenged(asker: string, challenge: Uint8Array, back: (reply: Reply) => void): void {
    const node = this.#node
    const open = this.#open ?? this.#beginGathering()
    if (open.gathering.add(asker, challenge).verdict !== 'accept') return
    open.answers.set(asker, ({ proof }, place, answered) =>
      back({ bytes: challengeAnswerCodec.encode({ proof, ...place }), place, answered }),
    )
    const now = usable(node)
    const { state } = node
    if (now === undefined || state === undefined) return
    const slot = slotOf(now.estimate, BigInt(node.world.scenario.slotNs))
    const askers = node.world.plans.planOf(state, slot).askers.get(node.id) ?? []
    if (open.gathering.isComplete(askers)) this.#finish(open)
  }

  #beginGathering(): Open {
    const open: Open = { gathering: new Gathering(), answers: new Map() }
    this.#open = open
    this.#node.later(Number(GATHER_NS), () => this.#finish(open))
    return open
  }

  #finish(open: Open): void {
    if (this.#open !== open) return
    this.#open = undefined
    const gathered = open.gathering.close()
    const sealed = gathered === undefined ? undefined : this.#prove(gathered.nonce)
    if (sealed === undefined) return
    const answered: Answered = { opened: undefined }
    for (const [asker, answer] of open.answers) {
      const place = gathered?.places.get(asker)
      if (place !== undefined) answer(sealed, place, answered)
    }
    this.takeProof(sealed)
    this.#node.publish('proofs', sealed.bytes)
  }

  /** Signs the next proof, once and only forwards, as the signer's ratchet has it. */
  #prove(nonce: Uint8Array): SealedProof | undefined {
    const { world, disk, clock, participant, state } = this.#node
    const reading = clock.reading()
    if (reading === undefined || reading.status === 'unsynchronised' || state === undefined) return undefined
    const { head } = disk
    const tai = reading.estimate + this.lieNs
    const sequence = head.sequence + 1
    if (tai < 0n || tai <= TAI_MIN || advance(head, { sequence, tai }).verdict !== 'accept') return undefined
    const uncertaintyNs = uncertaintyOf(reading)
    if (uncertaintyNs > UNCERTAINTY_NS_MAX) return undefined
    const body: TimeProofBody = {
      networkId: world.genesis.networkId,
      nodeId: participant.key,
      sequence,
      tai,
      uncertaintyNs,
      previous: head.digest,
      beacon: bytesOfBlockId(state.blockId),
      nonce,
      sources: [{ kind: 'ntp', count: 3 }],
    }
    const signature = world.scheme.sign(participant.key, TIME_PROOF_DOMAIN, encodeTimeProofBody(body))
    const sealed = sealTimeProof({ ...body, signature })
    disk.keepHead({ sequence, tai, digest: proofDigest(sealed) })
    return sealed
  }

  #measure(exchange: {
    readonly sent: ClockBounds
    readonly challenge: Uint8Array
    readonly key: Uint8Array
    readonly reply: Reply
  }): void {
    const { world, participant, clock } = this.#node
    const { sent, challenge, key, reply } = exchange
    const received = clock.time()
    if (received === undefined) return
    const answer = this.#openReply(reply, { networkId: world.genesis.networkId, subject: key, challenge })
    if (answer.verdict !== 'accept') return world.record.refused(this.#node, answer.reason)
    const roundTripNs = Number(clock.counterNs() - sent.localNs)
    const window = { sentEarliest: sent.earliest, receivedLatest: received.latest, roundTripNs }
    // The clock was set between: said aloud, it would be held against this node.
    if (!isWindowPossible(window)) return
    const body = { proof: answer.value.cid, witness: participant.key, ...window }
    const signature = world.scheme.sign(participant.key, ATTESTATION_DOMAIN, encodeAttestationBody(body))
    const attestation = sealAttestation({ ...body, signature })
    this.takeProof(answer.value)
    this.takeAttestations([attestation])
    this.#batch.push(attestation)
    if (!this.isBatching) this.#sendBatch()
  }

  /** As `openAnswer`. Of a proof that was opened for another witness, the path from this one's challenge alone. */
  #openReply({ bytes, place, answered }: Reply, asked: Exchange): ReturnType<typeof openAnswer> {
    const { scenario, scheme } = this.#node.world
    const { opened } = answered
    const { subject, challenge: leaf } = asked
    if (opened !== undefined && equalBytes(opened.proof.nodeId, subject))
      return verifyMerklePath({ leaf, ...place, root: opened.proof.nonce }) ? accept(opened) : reject('no-challenge')
    const answer = openAnswer(bytes, asked, scheme)
    if (scenario.isShared && answer.verdict === 'accept') answered.opened = answer.value
    return answer
  }

  #sendBatch(): void {
    if (this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    this.#node.publish('attestations', batchOf(batch))
  }

  /** A proof with a true signature. Two of one sequence convict their author. */
  takeProof(sealed: SealedProof): void {
    const name = sealed.cid.toString()
    if (this.#proofs.has(name)) return
    this.#proofs.set(name, sealed)
    const place = `${this.#node.world.plans.authorOf(sealed)} ${sealed.proof.sequence}`
    const twin = this.#sequences.get(place)
    if (twin !== undefined)
      this.#node.feed({ type: 'offence', evidence: { type: 'proofs', first: twin, second: sealed } })
    this.#sequences.set(place, sealed)
    const waiting = this.#waiting.get(name)
    if (waiting === undefined) return
    this.#waiting.delete(name)
    for (const attestation of waiting) this.#node.feed({ type: 'witnessed', proof: sealed, attestation })
  }

  /** Attestations with true signatures; those whose proof is not here yet wait for it. */
  takeAttestations(list: readonly SealedAttestation[]): void {
    for (const attestation of list) {
      const name = attestation.attestation.proof.toString()
      const proof = this.#proofs.get(name)
      if (proof !== undefined) this.#node.feed({ type: 'witnessed', proof, attestation })
      else this.#wait(name, attestation)
    }
  }

  #wait(name: string, attestation: SealedAttestation): void {
    const waiting = this.#waiting.get(name)
    if (waiting === undefined) this.#waiting.set(name, [attestation])
    else if (waiting.length < WAITING_MAX) waiting.push(attestation)
  }
}

const usable = (node: SimulatedNode): ClockReading | undefined => {
  const reading = node.clock.reading()
  return reading === undefined || reading.status === 'unsynchronised' ? undefined : reading
}

/** The larger half of the interval around the estimate, ns. */
const uncertaintyOf = ({ estimate, earliest, latest }: ClockReading): number =>
  Number(latest - estimate > estimate - earliest ? latest - estimate : estimate - earliest)
