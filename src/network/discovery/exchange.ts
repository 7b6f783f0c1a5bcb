/**
 * Asking one peer for records: `/truechimer/NNNNNNNN/peers/1`. The question names members whose records are missed and
 * brings the asker's own record; the answer is those and a sample of what the answerer knows. Whoever asks from one group
 * gets the same sample for an hour, so a table cannot be read out by asking often or under many keys.
 *
 * Source: Heilman et al. 2015 and Bitcoin Core (cached answers to `getaddr`) for how. Rules: docs/spec/network.md N-23, N-24.
 */
import { BoundedMap, NS_PER_HOUR, drawBelow } from '../../base/index.ts'
import type { Random } from '../../base/index.ts'
import { bytes, codecOf, fixedBytes, list, tuple } from '../../codec/index.ts'
import type { PeerId } from '../port.ts'
import { networkTag } from '../topics.ts'
import type { ProtocolLimits } from '../topics.ts'
import { PEER_RECORD_BYTES_MAX } from './peer-record.ts'
import type { SealedRecord } from './peer-record.ts'

/** Members that one question may name. */
export const WANTED_MAX = 32
/** Records of one answer: those wanted first, then the sample. */
export const ANSWER_RECORDS_MAX = 64

/** How long a sample stays, and how many groups of askers are remembered. */
const SAMPLE_NS = NS_PER_HOUR
const SAMPLES_MAX = 256

/** Protocol by which records are asked for. */
export const peersProtocol = (networkId: Uint8Array): string => `/truechimer/${networkTag(networkId)}/peers/1`

/** Questions. 32 ids and a record in; 64 records out. One in ten seconds: an honest peer asks twice a minute at most. */
export const PEERS_EXCHANGE_LIMITS: ProtocolLimits = {
  requestBytesMax: 4352,
  responseBytesMax: 200_000,
  ratePerSec: 0.1,
  burst: 8,
}

export interface PeersQuestion {
  /** Node ids (32 bytes each) whose records are missed. */
  readonly wanted: readonly Uint8Array[]
  /** The asker's own record; empty where it has none. */
  readonly own: Uint8Array
}

export interface PeersAnswer {
  /** Records as their authors signed them. */
  readonly records: readonly Uint8Array[]
}

export const peersQuestionCodec = codecOf(
  tuple<PeersQuestion>({ wanted: list(fixedBytes(32), WANTED_MAX), own: bytes(PEER_RECORD_BYTES_MAX) }),
  PEERS_EXCHANGE_LIMITS.requestBytesMax,
)
export const peersAnswerCodec = codecOf(
  tuple<PeersAnswer>({ records: list(bytes(PEER_RECORD_BYTES_MAX), ANSWER_RECORDS_MAX) }),
  PEERS_EXCHANGE_LIMITS.responseBytesMax,
)

interface Sample {
  readonly untilNs: bigint
  readonly peers: Set<PeerId>
}

/** Who gets to see what. */
export class Samples {
  readonly #random: Random
  readonly #samples = new BoundedMap<string, Sample>(SAMPLES_MAX)

  constructor(random: Random) {
    this.#random = random
  }

  /**
   * At most `count` of `known` for askers of a group: the same as long as the sample lives and they are known, filled up by
   * chance where some are gone.
   */
  take(options: {
    readonly group: string
    readonly known: readonly SealedRecord[]
    readonly count: number
    readonly elapsedNs: bigint
  }): readonly SealedRecord[] {
    const { group, known, count, elapsedNs } = options
    const held = this.#samples.get(group)
    const sample =
      held !== undefined && elapsedNs < held.untilNs
        ? held
        : { untilNs: elapsedNs + SAMPLE_NS, peers: new Set<PeerId>() }
    const byPeer = new Map(known.map((sealed) => [sealed.peer, sealed]))
    for (const peer of sample.peers) if (!byPeer.has(peer)) sample.peers.delete(peer)
    const others = known.filter(({ peer }) => !sample.peers.has(peer))
    while (sample.peers.size < count && others.length > 0) {
      const [drawn] = others.splice(drawBelow(this.#random, others.length), 1)
      if (drawn !== undefined) sample.peers.add(drawn.peer)
    }
    this.#samples.set(group, sample)
    return [...sample.peers].slice(0, count).flatMap((peer) => byPeer.get(peer) ?? [])
  }
}
