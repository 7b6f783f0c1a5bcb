/** A Roughtime server in a test's hand: keys from a seed, and answers that say what the test wants, true or not. */
import assert from 'node:assert/strict'
import { sign } from 'node:crypto'
import { NS_PER_HOUR } from '../base/index.ts'
import { sha3, signingKeyOf } from '../crypto/index.ts'
import { answerRoughtimeBatch, roughtimeCertificate } from './roughtime-answer.ts'
import type { RoughtimeDelegation, RoughtimeSigner, RoughtimeStatement } from './roughtime-answer.ts'
import { decodeRoughtimeRequest, roughtimeSrvOf } from './roughtime-request.ts'
import type { RoughtimeRequest } from './roughtime-request.ts'

/** What an answer is bent by. */
export interface Bend {
  /** Otherwise an hour either way of what is said. */
  readonly delegation?: Partial<RoughtimeDelegation>
  readonly signer?: RoughtimeSigner
}

export class HandSigner {
  readonly publicKey: Uint8Array
  readonly #longTerm: RoughtimeSigner
  readonly #delegate: Uint8Array
  readonly #signer: RoughtimeSigner

  constructor(name: string) {
    const longTerm = signingKeyOf(sha3(new TextEncoder().encode(name)))
    const delegate = signingKeyOf(sha3(longTerm.publicKey))
    this.publicKey = longTerm.publicKey
    this.#longTerm = (message) => sign(null, message, longTerm.handle)
    this.#delegate = delegate.publicKey
    this.#signer = (message) => sign(null, message, delegate.handle)
  }

  /** Answers to requests of one dialect, in one tree. */
  answerAll(
    requests: readonly RoughtimeRequest[],
    statement: RoughtimeStatement,
    bend: Bend = {},
  ): readonly Uint8Array[] {
    const dialect = requests[0]?.dialect
    assert(dialect !== undefined)
    const midpointNs = statement.midpoint * dialect.unitNs
    const delegation = {
      delegate: this.#delegate,
      fromUnixNs: midpointNs - NS_PER_HOUR,
      untilUnixNs: midpointNs + NS_PER_HOUR,
      ...bend.delegation,
    }
    const certificate = roughtimeCertificate(delegation, dialect, this.#longTerm)
    return answerRoughtimeBatch({ dialect, requests, statement, certificate, signer: bend.signer ?? this.#signer })
  }

  /** As a server reads it; an asserted bug where it would not. */
  read(packet: Uint8Array): RoughtimeRequest {
    const judged = decodeRoughtimeRequest(packet, roughtimeSrvOf(this.publicKey))
    assert(judged.verdict === 'accept', 'reason' in judged ? judged.reason : '')
    return judged.value
  }

  answer(packet: Uint8Array, statement: RoughtimeStatement, bend: Bend = {}): Uint8Array {
    const [response] = this.answerAll([this.read(packet)], statement, bend)
    assert(response !== undefined)
    return response
  }
}
