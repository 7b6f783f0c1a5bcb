/**
 * Records on their way: the topic on which they spread, the protocol by which they are asked for, and the verdict on each.
 *
 * Rules: docs/spec/network.md N-22 to N-24. What is over or from the future by our clock is ignored and never charged (N-9).
 */
import { accept, hexOf, ignore, reject } from '../../base/index.ts'
import type { Admission, Random, Tai, Time } from '../../base/index.ts'
import { UNKNOWN_GROUP } from '../address-group.ts'
import type { Network, PeerId } from '../port.ts'
import { TOPICS, peersTopic } from '../topics.ts'
import type { CompressedRequests } from '../versions/compressed-requests.ts'
import { inboundSource, placeGroup } from './address-tables.ts'
import {
  ANSWER_RECORDS_MAX,
  PEERS_EXCHANGE_LIMITS,
  Samples,
  peersAnswerCodec,
  peersProtocol,
  peersQuestionCodec,
} from './exchange.ts'
import type { PeersQuestion } from './exchange.ts'
import type { PeerBook } from './peer-book.ts'
import type { RecordOpener, SealedRecord } from './peer-record.ts'

export interface RecordTrafficOptions {
  readonly time: Time
  readonly random: Random
  readonly network: Network
  /** Over the same network: how peers are asked, and how we answer. */
  readonly requests: Pick<CompressedRequests, 'ask' | 'serve'>
  readonly networkId: Uint8Array
  readonly book: PeerBook
  readonly opener: RecordOpener
  readonly now: () => Tai | undefined
  /** Our own record, once there is one. */
  readonly own: () => SealedRecord | undefined
  readonly acceptLocal: () => boolean
  /** Members whose records we miss, node ids of 32 bytes, at most WANTED_MAX. */
  readonly missed: () => readonly Uint8Array[]
  /** A record was taken in. */
  readonly onRecord: (sealed: SealedRecord) => void
  /** Runs what nobody waits for. */
  readonly inBackground: (work: Promise<unknown>) => void
}

export class RecordTraffic {
  readonly #options: RecordTrafficOptions
  readonly #samples: Samples
  readonly #topic: string
  readonly #protocol: string

  constructor(options: RecordTrafficOptions) {
    this.#options = options
    this.#samples = new Samples(options.random)
    this.#topic = peersTopic(options.networkId)
    this.#protocol = peersProtocol(options.networkId)
  }

  /** Joins the topic and serves the protocol. */
  open(): void {
    const { network, requests } = this.#options
    const { priority, messageBytesMax, ratePerSec, burst } = TOPICS.peers
    network.subscribe(this.#topic, {
      priority,
      messageBytesMax,
      ratePerSec,
      burst,
      validate: ({ from, bytes }) => {
        const taken = this.take(bytes, from)
        return taken.verdict === 'accept' ? accept(null) : taken
      },
    })
    requests.serve(this.#protocol, {
      ...PEERS_EXCHANGE_LIMITS,
      handle: async ({ from, bytes }) => this.#answer(from, bytes),
    })
  }

  close(): void {
    this.#options.network.unsubscribe(this.#topic)
  }

  /** Spreads a record by gossip. */
  async publish(sealed: SealedRecord): Promise<void> {
    await this.#options.network.publish(this.#topic, sealed.bytes)
  }

  /** A record from `from`: opened, judged, taken in. */
  take(bytes: Uint8Array, from: PeerId): Admission<SealedRecord> {
    const { opener, book, onRecord, time, now, acceptLocal } = this.#options
    if (book.held(bytes) !== undefined) return ignore('record-known')
    const opened = opener.open(bytes)
    if (opened.verdict !== 'accept') return opened
    const handing = {
      from,
      fromGroup: this.#sourceOf(from),
      elapsedNs: time.elapsedNs(),
      nowTai: now(),
      acceptLocal: acceptLocal(),
    }
    const taken = book.offer(opened.value, handing)
    if (taken.verdict === 'accept') onRecord(taken.value)
    return taken
  }

  /** Asks a peer. Rejects as `Network.request`; an answer that breaks the rules is charged. */
  async ask(peer: PeerId, signal: AbortSignal): Promise<void> {
    const { network, requests, own, missed } = this.#options
    const body = peersQuestionCodec.encode({ wanted: missed(), own: own()?.bytes ?? new Uint8Array(0) })
    const { responseBytesMax } = PEERS_EXCHANGE_LIMITS
    const answer = await requests.ask(peer, this.#protocol, { body, responseBytesMax, signal })
    const decoded = peersAnswerCodec.decode(answer)
    const fault = decoded.verdict === 'accept' ? this.#takeAll(decoded.value.records, peer) : decoded
    if (fault?.verdict === 'reject') network.charge(peer, { channel: this.#protocol, reason: fault.reason })
  }

  /** Up to the first that deserves a charge, which is returned. */
  #takeAll(records: readonly Uint8Array[], from: PeerId): Admission<SealedRecord> | undefined {
    for (const bytes of records) {
      const taken = this.take(bytes, from)
      if (taken.verdict === 'reject') return taken
    }
    return undefined
  }

  /** Records wanted, our own, and the sample for the asker's group. What an author brings of itself is passed on by gossip. */
  #answer(from: PeerId, bytes: Uint8Array): Admission<Uint8Array> {
    const { book, own, now, time, inBackground } = this.#options
    const decoded = peersQuestionCodec.decode(bytes)
    if (decoded.verdict !== 'accept') return decoded
    const brought = decoded.value.own.length === 0 ? undefined : this.take(decoded.value.own, from)
    if (brought?.verdict === 'reject') return reject(brought.reason)
    if (brought?.verdict === 'accept' && brought.value.peer === from) inBackground(this.publish(brought.value))
    const known = book.fresh(now()).filter(({ peer }) => peer !== from)
    const group = this.#groupOf(from)
    const count = ANSWER_RECORDS_MAX
    const told = book.told(now(), count).filter(({ peer }) => peer !== from)
    const sample = this.#samples.take({ group, known: told, count, elapsedNs: time.elapsedNs() })
    const first = [...this.#wanted(decoded.value, known), ...(own() === undefined ? [] : [own()])]
    const records = [...new Set([...first, ...sample])].flatMap((sealed) =>
      sealed === undefined ? [] : [sealed.bytes],
    )
    return accept(peersAnswerCodec.encode({ records: records.slice(0, count) }))
  }

  #wanted({ wanted }: PeersQuestion, known: readonly SealedRecord[]): readonly SealedRecord[] {
    if (wanted.length === 0) return []
    const keys = new Set(wanted.map((id) => hexOf(id)))
    return known.filter(({ record }) => keys.has(hexOf(record.nodeId)))
  }

  #sourceOf(peer: PeerId): string {
    const { network } = this.#options
    const group = this.#groupOf(peer)
    const isOurs = network
      .connections()
      .some((connection) => connection.peer === peer && connection.direction === 'outbound')
    return isOurs || peer === network.peerId ? group : inboundSource(group)
  }

  #groupOf(peer: PeerId): string {
    const open = this.#options.network.connections().find((connection) => connection.peer === peer)
    return open === undefined ? UNKNOWN_GROUP : placeGroup(open.address)
  }
}
