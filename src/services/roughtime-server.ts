/**
 * A Roughtime server over UDP. Requests that come in one turn of the event loop are answered together: one Merkle tree and one
 * signature for all of one dialect, so that a burst costs little more than its datagrams.
 * Source: RFC 10049. Rules: docs/spec/sources.md S-60 to S-66. What is signed is made in clock/roughtime-answer.ts.
 *
 * No answer is longer than its request, and none is sent without a synchronised clock or to an address that asks too often; all of
 * that in silence, since the protocol has no error messages. Not done: TCP, and sending some answers broken on purpose
 * ("grease"), which a node whose word others use does not do.
 */
import type { RemoteInfo, Socket } from 'node:dgram'
import type { Random, Time } from '../base/index.ts'
import {
  answerRoughtimeBatch,
  decodeRoughtimeRequest,
  ROUGHTIME_BATCH_MAX,
  roughtimeSrvOf,
  roughtimeStatement,
} from '../clock/index.ts'
import type { RoughtimeDialect, RoughtimeRequest, RoughtimeRequestReason } from '../clock/index.ts'
import type { SigningKey } from '../crypto/index.ts'
import { TokenBuckets } from '../network/index.ts'
import type { RateLimit } from '../network/index.ts'
import { addressKey } from './ntp-rate.ts'
import { Delegates } from './roughtime-keys.ts'
import { isFresh, spanAt } from './time-basis.ts'
import type { BasisSource } from './time-basis.ts'
import { bindRefusal, bindUdp, hasSendRoom, literalAddress } from './udp-socket.ts'
import type { UdpListen } from './udp-socket.ts'

/** Why a request is not answered, besides what is wrong with itself. */
export const ROUGHTIME_SERVER_REASONS = ['roughtime-rate', 'roughtime-no-time'] as const
export type RoughtimeDropReason = (typeof ROUGHTIME_SERVER_REASONS)[number] | RoughtimeRequestReason

/** One address, an IPv6 one by its first half: a network's owner has all the rest. */
const ROUGHTIME_RATE: RateLimit = { ratePerSec: 10, burst: 64 }
/** Addresses remembered. */
const ROUGHTIME_CLIENTS_MAX = 65_536

export interface RoughtimeServerOptions {
  readonly time: Time
  readonly random: Random
  readonly basis: BasisSource
  readonly longTerm: SigningKey
  readonly listen: UdpListen
  /** Requests under one signature, 1 to `ROUGHTIME_BATCH_MAX`; that many where not given. */
  readonly batchMax?: number
  /** `ROUGHTIME_RATE` where not given. */
  readonly rate?: RateLimit
}

/** What became of datagrams so far. */
export interface RoughtimeServerCounts {
  readonly answered: number
  /** Signatures that it took. */
  readonly batches: number
  readonly dropped: ReadonlyMap<RoughtimeDropReason, number>
}

export interface RoughtimeServer extends AsyncDisposable {
  /** The port in use. */
  readonly port: number
  /** By which clients know this server: 32 bytes in base64, as they are told it. */
  readonly publicKey: string
  counts(): RoughtimeServerCounts
}

interface Waiting {
  readonly request: RoughtimeRequest
  readonly from: RemoteInfo
}

const cannotServe = bindRefusal('TC_ROUGHTIME_BIND', 'Roughtime')

/** Room for a burst that comes while a batch is being signed, bytes. */
const RECEIVE_BYTES = 1 << 20

class Server implements RoughtimeServer {
  readonly port: number
  readonly publicKey: string
  readonly #options: RoughtimeServerOptions
  readonly #socket: Socket
  readonly #srv: Uint8Array
  readonly #delegates: Delegates
  readonly #buckets: TokenBuckets
  readonly #batchMax: number
  readonly #dropped = new Map<RoughtimeDropReason, number>()
  #waiting = new Map<RoughtimeDialect, Waiting[]>()
  #flushing: NodeJS.Immediate | undefined
  #answered = 0
  #batches = 0

  constructor(options: RoughtimeServerOptions, socket: Socket) {
    const { random, longTerm, rate = ROUGHTIME_RATE, batchMax = ROUGHTIME_BATCH_MAX } = options
    this.#options = options
    this.#socket = socket
    this.#srv = roughtimeSrvOf(longTerm.publicKey)
    this.#delegates = new Delegates(random, longTerm)
    this.#buckets = new TokenBuckets(rate, ROUGHTIME_CLIENTS_MAX)
    this.#batchMax = Math.min(batchMax, ROUGHTIME_BATCH_MAX)
    this.port = socket.address().port
    this.publicKey = Buffer.from(longTerm.publicKey).toString('base64')
    socket.on('message', (packet, from) => this.#take(packet, from))
  }

  counts(): RoughtimeServerCounts {
    return { answered: this.#answered, batches: this.#batches, dropped: new Map(this.#dropped) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearImmediate(this.#flushing)
    this.#waiting.clear()
    await new Promise<void>((resolve) => void this.#socket.close(() => resolve()))
  }

  #drop(reason: RoughtimeDropReason): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1)
  }

  #take(packet: Buffer, from: RemoteInfo): void {
    const judged = decodeRoughtimeRequest(packet, this.#srv)
    if (judged.verdict !== 'accept') return this.#drop(judged.reason)
    if (!this.#buckets.take(addressKey(from.address), this.#options.time.elapsedNs()))
      return this.#drop('roughtime-rate')
    const request = judged.value
    const waiting = this.#waiting.get(request.dialect) ?? []
    waiting.push({ request, from })
    this.#waiting.set(request.dialect, waiting)
    if (waiting.length >= this.#batchMax) {
      this.#waiting.delete(request.dialect)
      this.#answer(request.dialect, waiting)
    } else this.#flushing ??= setImmediate(() => this.#flush())
  }

  /** At the end of the turn of the event loop: whatever came in it is answered now, so nobody waits for a fuller batch. */
  #flush(): void {
    this.#flushing = undefined
    const all = this.#waiting
    this.#waiting = new Map()
    for (const [dialect, waiting] of all) this.#answer(dialect, waiting)
  }

  #answer(dialect: RoughtimeDialect, waiting: readonly Waiting[]): void {
    const statement = this.#statement(dialect)
    if (statement === undefined) {
      for (const _ of waiting) this.#drop('roughtime-no-time')
      return
    }
    const delegate = this.#delegates.at(statement.midpoint * dialect.unitNs)
    const responses = answerRoughtimeBatch({
      dialect,
      requests: waiting.map(({ request }) => request),
      statement,
      certificate: delegate.certificateFor(dialect),
      signer: delegate.signer,
    })
    this.#batches += 1
    for (const [i, response] of responses.entries()) {
      const from = waiting[i]?.from
      if (from === undefined || !hasSendRoom(this.#socket)) continue
      this.#answered += 1
      this.#socket.send(response, from.port, from.address)
    }
  }

  /** The time now, as this dialect writes it; nothing without a synchronised clock. */
  #statement(dialect: RoughtimeDialect): ReturnType<typeof roughtimeStatement> {
    const basis = this.#options.basis.basis()
    const localNs = this.#options.time.elapsedNs()
    if (basis === undefined || basis.status === 'unsynchronised' || !isFresh(basis, localNs)) return undefined
    return roughtimeStatement(spanAt(basis, localNs), dialect)
  }
}

/** Opens the port, or rejects with `TC_ROUGHTIME_BIND` where it cannot be had. */
export const openRoughtimeServer = async (options: RoughtimeServerOptions): Promise<RoughtimeServer> => {
  const { listen } = options
  const host = await literalAddress(listen, cannotServe)
  const binding = { host, port: listen.port, refusal: cannotServe, recvBufferSize: RECEIVE_BYTES }
  return new Server(options, await bindUdp(binding))
}
