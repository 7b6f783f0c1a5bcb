/**
 * One node, assembled: a clock that is kept, a chain of proofs, a witness of others, and a voice in what is decided. The rooms
 * below hold the rules; here is only who hears what, and the beat of the slots. Time, chance, network, signer, sources and what
 * keeps the chain are passed in.
 *
 * A slot's beat, on the node's own clock (docs/spec/node.md G-9 to G-12): at its start the challenges are planned; at nine
 * tenths, a slot without a proof gets one unasked. Slots are judged by blocks (G-11).
 */
import type { Cancel, Random, Tai, Time } from '../base/index.ts'
import { ChimerError } from '../base/index.ts'
import type { ClockReading, Source } from '../clock/index.ts'
import { bytesOfBlockId, chainGenesisOf, isWitnessedIn } from '../consensus/index.ts'
import type { ChainState, Genesis, NamedMember } from '../consensus/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import {
  CHALLENGE_LIMITS,
  RefusalCounters,
  TOPICS,
  attestationsTopic,
  challengeProtocol,
  proofsTopic,
} from '../network/index.ts'
import type { Network, RefusalEvent } from '../network/index.ts'
import { ZERO_DIGEST, slotOf } from '../proofs/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import { Deciding } from './deciding.ts'
import type { ChainOptions, DecidedBlock } from './deciding.ts'
import { NodeEvents } from './events.ts'
import { Judging } from './judging.ts'
import type { Membership, Networking } from './networking.ts'
import { Proving } from './proving.ts'
import { Timekeeper } from './timekeeper.ts'
import type { AnyDiscipline } from './timekeeper.ts'
import { Witnessing } from './witnessing.ts'

export interface ChimerOptions {
  readonly time: Time
  readonly random: Random
  readonly genesis: Genesis
  readonly signer: Signer
  /** Of whoever opened it; begun with the node. */
  readonly networking: Networking
  readonly discipline: AnyDiscipline
  readonly sources: readonly Source[]
  readonly chain: ChainOptions
}

/** How long a node without the time waits before it looks again, ns. */
const UNREADY_NS = 100_000_000n
/** Without the time a node begins to decide after this, ns. */
const DECIDE_WITHOUT_NS = 10_000_000_000n

export class Chimer implements AsyncDisposable {
  readonly events = new NodeEvents()
  readonly refusals = new RefusalCounters()
  readonly id: string
  readonly timekeeper: Timekeeper
  readonly judging: Judging
  readonly deciding: Deciding
  readonly #options: ChimerOptions
  readonly #proving: Proving
  readonly #witnessing: Witnessing
  readonly #timers = new Set<Cancel>()
  #lastProvedSlot = -1
  #beaten = -1
  #closed = false

  constructor(options: ChimerOptions) {
    this.#options = options
    this.id = nodeIdText(options.signer.nodeId)
    this.timekeeper = this.#makeTimekeeper()
    this.deciding = this.#makeDeciding()
    this.judging = this.#makeJudging()
    this.#proving = this.#makeProving()
    this.#witnessing = this.#makeWitnessing()
  }

  get genesis(): Genesis {
    return this.#options.genesis
  }

  get networking(): Networking {
    return this.#options.networking
  }

  get network(): Network {
    return this.#options.networking.network
  }

  /** What networking asks of the chain. */
  get membership(): Membership {
    return { members: () => this.#chain().members, has: (id) => this.judging.isMember(id) }
  }

  /** Who proves, witnesses and is judged, as the chain has it now; those who joined later are called by the end of their id. */
  members(): readonly NamedMember[] {
    const known = new Map(this.genesis.members.map(({ id, name }) => [id, name]))
    return this.#chain().members.map(({ id, key, weight }) => ({
      id,
      key,
      weight,
      name: known.get(id) ?? id.slice(-8),
    }))
  }

  /** What the node's clock reads, where it may be acted on, TAI ns. */
  now(): Tai | undefined {
    return this.#usable()?.estimate
  }

  /** Joins the network's topics, starts the clock, the chain and the beat. */
  async start(): Promise<void> {
    const { genesis, networking } = this.#options
    const { networkId } = genesis
    const { network, topics } = networking
    network.onRefusal((refusal) => this.#noteRefusal(refusal))
    network.onPeer(({ peer, connected }) => this.events.emit({ type: 'peer', peer, connected }))
    const mayPublish = (author: string): boolean => this.judging.isMember(author)
    topics.subscribe(proofsTopic(networkId), {
      ...TOPICS.proofs,
      mayPublish,
      validate: ({ bytes }) => this.judging.takeProof(bytes),
    })
    topics.subscribe(attestationsTopic(networkId), {
      ...TOPICS.attestations,
      mayPublish,
      validate: ({ bytes }) => this.judging.takeAttestation(bytes),
    })
    network.serve(challengeProtocol(networkId), {
      ...CHALLENGE_LIMITS,
      handle: ({ from, bytes }) => this.#proving.answer(from, bytes),
    })
    this.deciding.join()
    await this.timekeeper.start()
    await networking.start()
    // With the time, or after a while without (G-20).
    this.#at(DECIDE_WITHOUT_NS, () => this.deciding.begin())
    this.#beat()
  }

  /** Stops the beat, the clock and its sources. The networking and the signer belong to whoever opened them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const cancel of this.#timers) cancel()
    this.#witnessing.close()
    this.#proving.close()
    await this.deciding[Symbol.asyncDispose]()
    await this.timekeeper[Symbol.asyncDispose]()
  }

  /** The clock, where it may be acted on. */
  #usable(): ClockReading | undefined {
    const reading = this.timekeeper.read()
    return reading?.status === 'unsynchronised' ? undefined : reading
  }

  /** The slot that the node's own clock is in, or undefined without a clock. */
  slot(): number | undefined {
    const reading = this.#usable()
    return reading === undefined ? undefined : slotOf(reading.estimate, this.#options.genesis.slotNs)
  }

  #beat(): void {
    if (this.#closed) return
    const reading = this.#usable()
    if (reading === undefined) return this.#at(UNREADY_NS, () => this.#beat())
    this.deciding.begin()
    const { slotNs } = this.#options.genesis
    const slot = slotOf(reading.estimate, slotNs)
    const startTai = BigInt(slot) * slotNs
    if (this.#isNewSlot(slot)) {
      this.#playSlot(slot, startTai - reading.estimate)
      this.#beaten = slot
    }
    this.#at(startTai + slotNs - reading.estimate, () => this.#beat())
  }

  /** A correction of the clock may take it back over a slot's start; only a larger one plays slots again. */
  #isNewSlot(slot: number): boolean {
    return slot > this.#beaten || slot < this.#beaten - 1
  }

  /** @param startsInNs how far off the slot's start is: zero or negative, since it has begun. */
  #playSlot(slot: number, startsInNs: bigint): void {
    const { slotNs } = this.#options.genesis
    this.#witnessing.plan(slot, startsInNs)
    this.#at(startsInNs + (slotNs * 9n) / 10n, () => void this.#proveIfSilent(slot))
  }

  async #proveIfSilent(slot: number): Promise<void> {
    if (this.#lastProvedSlot < slot) await this.#proving.proveUnasked()
  }

  /** Runs `run` after `delayNs`, at once where that has passed. */
  #at(delayNs: bigint, run: () => void): void {
    const cancel = this.#options.time.schedule(delayNs > 0n ? delayNs : 0n, () => {
      this.#timers.delete(cancel)
      run()
    })
    this.#timers.add(cancel)
  }

  #makeTimekeeper(): Timekeeper {
    const { time, discipline, sources } = this.#options
    return new Timekeeper({
      time,
      discipline,
      sources,
      onChange: () => this.events.emit({ type: 'clock' }),
      onRefused: ({ sourceId, verdict, reason }) =>
        this.#noteRefusal({ channel: 'source', from: sourceId, verdict, reason }),
    })
  }

  #chain(): ChainState {
    return this.deciding.state
  }

  #makeDeciding(): Deciding {
    const { time, signer, networking, genesis, chain } = this.#options
    return new Deciding({
      ...chain,
      time,
      signer,
      network: networking.network,
      genesis: chainGenesisOf(genesis),
      read: () => this.#usable(),
      onDecided: (decided) => this.#decided(decided),
      onNews: (news) => this.events.emit({ type: 'consensus', news }),
      onTrouble: (error) => this.#trouble(error),
    })
  }

  #decided(decided: DecidedBlock): void {
    this.judging.settle(decided.judged)
    for (const { slot, judgements } of decided.judged) this.events.emit({ type: 'judgement', slot, judgements })
    this.events.emit({ type: 'block', decided })
  }

  #makeJudging(): Judging {
    return new Judging({
      genesis: this.#options.genesis,
      now: (): Tai | undefined => this.#usable()?.latest,
      chain: () => this.#chain(),
      onWitnessed: (proof, attestation) => this.deciding.witnessed(proof, attestation),
      onEquivocation: ({ first, second }) => this.deciding.offence({ type: 'proofs', first, second }),
      onProof: (author, sealed) => this.events.emit({ type: 'proof', author, sealed }),
      onAttestation: (admitted) => this.events.emit({ type: 'attestation', admitted }),
    })
  }

  #makeProving(): Proving {
    const { time, random, signer, genesis } = this.#options
    return new Proving({
      time,
      random,
      signer,
      networkId: genesis.networkId,
      beacon: () => (this.#chain().height === 0 ? ZERO_DIGEST : bytesOfBlockId(this.#chain().blockId)),
      read: () => this.timekeeper.read(),
      sources: () => this.timekeeper.reports(),
      expected: () => this.judging.committee(this.id, this.slot() ?? 0).map(({ id }) => id),
      isMember: (peer) => this.judging.isMember(peer),
      slot: () => this.slot(),
      onProof: (sealed) => this.#ownProof(sealed),
      onTrouble: (error) => this.#trouble(error),
    })
  }

  #makeWitnessing(): Witnessing {
    const { time, random, signer, networking, genesis } = this.#options
    return new Witnessing({
      time,
      random,
      signer,
      network: networking.network,
      networkId: genesis.networkId,
      slotNs: genesis.slotNs,
      self: this.id,
      members: () => this.#chain().members,
      isDue: (subject, slot) => isWitnessedIn(subject, slot, genesis.consensus.witnessEverySlots),
      committee: (subject, slot) => this.judging.committee(subject, slot),
      read: () => this.timekeeper.read(),
      onMeasured: ({ sealed, attestation }) => this.#ownMeasurement(sealed, attestation),
      onRefused: ({ subject, reason }) =>
        this.#noteRefusal({ channel: 'answer', from: subject, verdict: 'reject', reason }),
      onTrouble: (error) => this.#trouble(error),
    })
  }

  #ownProof(sealed: SealedProof): void {
    this.#lastProvedSlot = slotOf(sealed.proof.tai, this.#options.genesis.slotNs)
    this.judging.keepProof(sealed)
    void this.#publish(proofsTopic(this.#options.genesis.networkId), sealed.bytes)
  }

  #ownMeasurement(sealed: SealedProof, attestation: SealedAttestation): void {
    const kept = this.judging.keepProof(sealed)
    if (kept.verdict !== 'accept' && kept.reason !== 'already-known')
      this.#noteRefusal({ channel: 'answer', from: nodeIdText(sealed.proof.nodeId), ...kept })
    this.judging.keepAttestation(attestation)
    void this.#publish(attestationsTopic(this.#options.genesis.networkId), attestation.bytes)
  }

  async #publish(topic: string, bytes: Uint8Array): Promise<void> {
    if (this.#closed) return
    try {
      await this.#options.networking.topics.publish(topic, bytes)
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      this.#trouble(error)
    }
  }

  #noteRefusal(refusal: RefusalEvent): void {
    this.refusals.count(refusal)
    const { channel, reason, from } = refusal
    this.events.emit({ type: 'refused', channel, reason, from })
  }

  #trouble({ code, message }: ChimerError): void {
    this.events.emit({ type: 'trouble', code, message })
  }
}
