/**
 * A running node as the HTTP API sees it: turns the node's state into the views of `schema.ts`. Reads only; the one thing
 * that changes anything, bending a devnet's source, is handed in by the devnet.
 */
import type { ClockReading } from '../clock/index.ts'
import { taiFromUnixNs, utcFromTai } from '../clock/index.ts'
import { parseCid } from '../codec/index.ts'
import { hexOf } from '../base/index.ts'
import type { NsInterval, Time } from '../base/index.ts'
import type { AdmittedAttestation, Chimer, NamedMember, NodeEvent } from '../node/index.ts'
import type { SealedProof } from '../proofs/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Judgement, Verdict } from '../validation/index.ts'
import type { Backend } from './backend.ts'
import { openChainBackend } from './chain-backend.ts'
import type { ChainBackend } from './chain-backend.ts'
import { chainOfNode } from './chain-of-node.ts'
import type { ChainArchive } from './chain-source.ts'
import { clockStatusView, clockView, sourceView, timeView } from './clock-views.ts'
import { explainVerdict } from './explanations.ts'
import { PeerTraffic } from './peer-traffic.ts'
import type { TrafficSums } from './peer-traffic.ts'
import { linksOf, peersView } from './peer-views.ts'
import type { NetworkParts } from './peer-views.ts'
import type {
  ClockView,
  EventView,
  NodeDetailView,
  NodeView,
  NodesView,
  PeersView,
  ProofView,
  SourceView,
  StatusView,
  TimeView,
} from './schema.ts'

/** Past judgements kept of each member, for people to look at. */
const HISTORY_MAX = 120

export interface NodeBackendOptions {
  readonly chimer: Chimer
  /** The node's own time: its counter is what the clock disciplines. */
  readonly time: Time
  readonly version: string
  readonly devnet?: NonNullable<Backend['devnet']>
  /** Where the node stamps. */
  readonly stamps?: NonNullable<Backend['stamps']> | undefined
  readonly offline?: NonNullable<Backend['offline']> | undefined
  /** Where the node gives time-stamp tokens. */
  readonly tsa?: NonNullable<Backend['tsa']>
  /** The node's log and the node as a witness, as others' tools read them. */
  readonly tlog?: NonNullable<Backend['tlog']>
  /** What the servers of time have done. */
  readonly served?: NonNullable<Backend['served']>
  /** The node's networking beside its port: greetings, discovery of peers, places. */
  readonly parts?: NetworkParts
  /** What the store of blocks can say of the past. */
  readonly archive?: ChainArchive
}

type HistoryEntry = NodeDetailView['history'][number]

export const openNodeBackend = (options: NodeBackendOptions): Backend => {
  const { devnet, stamps, offline, tsa, tlog } = options
  return Object.assign(new NodeBackend(options), {
    ...(devnet === undefined ? {} : { devnet }),
    ...(stamps === undefined ? {} : { stamps }),
    ...(offline === undefined ? {} : { offline }),
    ...(tsa === undefined ? {} : { tsa }),
    ...(tlog === undefined ? {} : { tlog }),
  })
}

const openChain = ({ chimer, time, archive }: NodeBackendOptions): ChainBackend => {
  const names = new Map(chimer.genesis.members.map(({ id, name }) => [id, name]))
  return openChainBackend({
    source: chainOfNode(chimer, archive),
    time,
    people: { self: chimer.id, nameOf: (id) => names.get(id) },
    now: () => chimer.timekeeper.read()?.estimate,
  })
}

const byName = (members: readonly NamedMember[]): readonly NamedMember[] =>
  members.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))

class NodeBackend implements Backend {
  readonly chain: ChainBackend
  readonly #chimer: Chimer
  readonly #options: NodeBackendOptions
  readonly #startedNs: bigint
  readonly #latest = new Map<string, { readonly slot: number; readonly judgement: Judgement }>()
  readonly #located = new Map<string, { readonly slot: number; readonly judgement: Judgement }>()
  readonly #history = new Map<string, HistoryEntry[]>()
  readonly #traffic = new PeerTraffic()

  constructor(options: NodeBackendOptions) {
    this.#options = options
    this.chain = openChain(options)
    this.#chimer = options.chimer
    this.#startedNs = options.time.elapsedNs()
    this.#chimer.events.listen((event) => {
      if (event.type !== 'judgement') return
      this.#observeTraffic()
      for (const judgement of event.judgements) this.#note(event.slot, judgement)
    })
  }

  time(): TimeView | undefined {
    const reading = this.#chimer.timekeeper.read()
    return reading === undefined ? undefined : timeView(reading, this.#hostOffsetNs(reading))
  }

  status(): StatusView {
    const { genesis, network, judging, refusals, id, timekeeper } = this.#chimer
    const reading = timekeeper.read()
    const verdict = this.#verdict(id)
    return {
      version: this.#options.version,
      network: { id: hexOf(genesis.networkId), name: genesis.name },
      node: { id, name: this.#nameOf(id) },
      devnet: this.#options.devnet !== undefined,
      uptimeNs: Number(this.#options.time.elapsedNs() - this.#startedNs),
      clock: clockStatusView(reading, reading === undefined ? null : this.#hostOffsetNs(reading)),
      sources: this.#sources(),
      verdict: { status: verdict.status, reason: verdict.reason },
      slot: this.#chimer.slot() ?? 0,
      slotNs: Number(genesis.slotNs),
      acceptedVarianceNs: Number(genesis.judgement.acceptedVarianceNs),
      peers: [...network.peers()],
      addresses: [...network.addresses()],
      counts: {
        proofs: judging.chains.admitted,
        attestations: judging.admitted,
        refused: sumByReason(refusals.entries()),
      },
      chain: this.chain.status(),
    }
  }

  clock(): ClockView {
    const { timekeeper } = this.#chimer
    return clockView({ reading: timekeeper.read(), figures: timekeeper.figures(), served: this.served() })
  }

  nodes(): NodesView {
    const { genesis } = this.#chimer
    return {
      slot: this.#chimer.slot() ?? 0,
      slotNs: Number(genesis.slotNs),
      acceptedVarianceNs: Number(genesis.judgement.acceptedVarianceNs),
      nodes: byName(this.#chimer.members()).map((member) => this.#nodeView(member)),
    }
  }

  node(id: string): NodeDetailView | undefined {
    const member = this.#chimer.members().find((one) => one.id === id)
    if (member === undefined) return undefined
    const attestations = this.#chimer.judging.attestationsOf(id).map(attestationView)
    return { ...this.#nodeView(member), attestations, history: [...(this.#history.get(id) ?? [])] }
  }

  proof(cid: string): ProofView | undefined {
    const parsed = parseCid(cid)
    const sealed = parsed.verdict === 'accept' ? this.#chimer.judging.chains.proof(parsed.value) : undefined
    return sealed === undefined ? undefined : proofView(sealed)
  }

  peers(): PeersView {
    const { judging, network, refusals } = this.#chimer
    const members = this.#chimer.members()
    const names = new Map(members.map(({ id, name }) => [id, name]))
    return peersView({
      network,
      parts: this.#options.parts ?? {},
      elapsedNs: this.#options.time.elapsedNs(),
      nameOf: (peer) => names.get(peer),
      drops: refusals.entries(),
      links: linksOf(members.flatMap(({ id }) => judging.attestationsOf(id))),
    })
  }

  traffic(): TrafficSums {
    this.#observeTraffic()
    return this.#traffic.sums()
  }

  served(): ReturnType<NonNullable<Backend['served']>> {
    return this.#options.served?.() ?? []
  }

  refusals(): ReturnType<Backend['refusals']> {
    return this.#chimer.refusals.entries()
  }

  onEvent(listener: (event: EventView) => void): () => void {
    const deaf = this.#chimer.events.listen((event) => {
      for (const view of this.#eventViews(event)) listener(view)
    })
    const deafToFaults = this.#options.devnet?.onFaults?.((faults) => listener({ type: 'fault', faults }))
    const deafToChain = this.chain.onEvent(listener)
    return () => {
      deaf()
      deafToFaults?.()
      deafToChain()
    }
  }

  #note(slot: number, judgement: Judgement): void {
    const { id, finding, verdict } = judgement
    this.#latest.set(id, { slot, judgement })
    if (finding.offset !== undefined) this.#located.set(id, { slot, judgement })
    const entry = { slot, status: verdict.status, reason: verdict.reason, offset: offsetView(finding.offset) }
    this.#history.set(id, [entry, ...(this.#history.get(id) ?? [])].slice(0, HISTORY_MAX))
  }

  /** Often enough that little is missed of what closes: at every judgement, and whenever asked. */
  #observeTraffic(): void {
    const { network } = this.#chimer
    this.#traffic.observe(network.connections(), network.standings())
  }

  #nameOf(id: string): string {
    return this.#chimer.members().find((member) => member.id === id)?.name ?? id.slice(-8)
  }

  #verdict(id: string): Verdict {
    return this.#chimer.judging.verdict(id)
  }

  #hostOffsetNs({ estimate, localNs }: ClockReading): number {
    const { time } = this.#options
    return Number(taiFromUnixNs(time.hostUnixNs()) - estimate - (time.elapsedNs() - localNs))
  }

  #sources(): SourceView[] {
    const localNs = this.#options.time.elapsedNs()
    const { timekeeper } = this.#chimer
    const context = { reading: timekeeper.read(), polls: timekeeper.figures().polls, localNs }
    return timekeeper.reports().map((report) => sourceView(report, context))
  }

  #nodeView({ id, name, weight }: NamedMember): NodeView {
    const { judging, network } = this.#chimer
    const verdict = this.#verdict(id)
    const located = this.#located.get(id)
    const finding = this.#latest.get(id)?.judgement.finding
    const head = judging.chains.head(id)
    return {
      id,
      name,
      self: id === this.#chimer.id,
      connected: id === this.#chimer.id || network.peers().includes(id),
      weight: Number(weight),
      status: verdict.status,
      reason: verdict.reason,
      explanation: explainVerdict({ verdict, offset: located?.judgement.finding.offset, finding }),
      since: verdict.since,
      actionsValid: verdict.status === 'truechimer',
      offset: offsetView(located?.judgement.finding.offset),
      offsetSlot: located?.slot ?? null,
      witnesses: { agreeing: finding?.agreeing ?? 0, asked: finding?.asked ?? 0 },
      overconfident: judging.overconfidentCount(id),
      proof: head === undefined ? null : proofSummary(head),
    }
  }

  #eventViews(event: NodeEvent): readonly EventView[] {
    if (event.type === 'judgement') return this.#judgementViews(event.slot, event.judgements)
    if (event.type === 'proof') {
      const { sealed, author } = event
      return [{ type: 'proof', cid: sealed.cid.toString(), id: author, sequence: sealed.proof.sequence }]
    }
    if (event.type === 'attestation' && event.admitted.reason === '') {
      const { sealed, witness, subject, offset } = event.admitted
      return [{ type: 'attestation', cid: sealed.cid.toString(), witness, subject, offset: offsetView(offset) }]
    }
    return event.type === 'peer' ? [{ type: 'peer', id: event.peer, connected: event.connected }] : []
  }

  #judgementViews(slot: number, judgements: readonly Judgement[]): readonly EventView[] {
    const { nodes } = this.nodes()
    const changes = judgements.flatMap(({ id, before, verdict }): EventView[] => {
      const view = nodes.find((node) => node.id === id)
      if (before === verdict.status || view === undefined) return []
      const { name, reason, explanation } = view
      return [{ type: 'verdict', slot, id, name, from: before, to: verdict.status, reason, explanation }]
    })
    const time = this.time()
    const clock: EventView[] = time === undefined ? [] : [{ type: 'clock', time, sources: this.#sources() }]
    return [{ type: 'judgement', slot, nodes }, ...changes, ...clock]
  }
}

function offsetView(offset: NsInterval): { loNs: number; hiNs: number }
function offsetView(offset: NsInterval | undefined): { loNs: number; hiNs: number } | null
function offsetView(offset: NsInterval | undefined): { loNs: number; hiNs: number } | null {
  return offset === undefined ? null : { loNs: Number(offset.lo), hiNs: Number(offset.hi) }
}

const attestationView = (admitted: AdmittedAttestation): NodeDetailView['attestations'][number] => {
  const { sealed, witness, slot, offset, reason } = admitted
  const { proof, roundTripNs } = sealed.attestation
  return {
    cid: sealed.cid.toString(),
    witness,
    slot,
    roundTripNs,
    offset: offsetView(offset),
    proof: proof.toString(),
    counted: reason === '',
    reason,
  }
}

const proofSummary = ({ proof, cid }: SealedProof): NonNullable<NodeView['proof']> => ({
  cid: cid.toString(),
  sequence: proof.sequence,
  tai: String(proof.tai),
  uncertaintyNs: proof.uncertaintyNs,
})

const proofView = (sealed: SealedProof): ProofView => {
  const { proof, bytes } = sealed
  return {
    ...proofSummary(sealed),
    networkId: hexOf(proof.networkId),
    nodeId: nodeIdText(proof.nodeId),
    utc: utcFromTai(proof.tai),
    previous: hexOf(proof.previous),
    beacon: hexOf(proof.beacon),
    nonce: hexOf(proof.nonce),
    sources: proof.sources.map(({ kind, count }) => ({ kind, count })),
    signature: hexOf(proof.signature),
    bytes: Buffer.from(bytes).toString('base64'),
  }
}

const sumByReason = (
  counts: readonly { readonly reason: string; readonly count: number }[],
): Record<string, number> => {
  const sums: Record<string, number> = {}
  for (const { reason, count } of counts) sums[reason] = (sums[reason] ?? 0) + count
  return sums
}
