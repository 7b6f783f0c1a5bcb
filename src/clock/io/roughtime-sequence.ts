/**
 * Roughtime questions in a row: several servers share one chain of nonces, so their questions are asked one after the other, and
 * what roughtimeContradicts is told as a report. Rules of the chain: clock/roughtime-chain.ts and docs/spec/sources.md S-56.
 */
import type { Random, Time } from '../../base/index.ts'
import { roughtimeChainedNonce, extendChain, ROUGHTIME_CHAIN, ROUGHTIME_RAND_BYTES } from '../roughtime-chain.ts'
import type { RoughtimeLink } from '../roughtime-chain.ts'
import { encodeRoughtimeRequest, roughtimeNonceBytes } from '../roughtime-request.ts'
import type { RoughtimeForm } from '../roughtime-request.ts'
import { queryRoughtime } from './roughtime-query.ts'
import type { RoughtimeOutcome, RoughtimeQuery } from './roughtime-query.ts'

/** One question of the row; the request is made here. */
export interface SequencedQuery extends Omit<RoughtimeQuery, 'request'> {
  readonly form: RoughtimeForm
}

/** Resolves when `before` has, or at once when the signal fires; leaves nothing on the signal. */
const waitFor = async (before: Promise<void>, signal: AbortSignal): Promise<void> => {
  const { promise: aborted, resolve } = Promise.withResolvers<void>()
  const onAbort = (): void => resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  await Promise.race([before, aborted])
  signal.removeEventListener('abort', onAbort)
}

export class RoughtimeSequence {
  readonly #time: Time
  readonly #random: Random
  readonly #onContradiction: (links: readonly RoughtimeLink[]) => void
  #chain = ROUGHTIME_CHAIN
  /** Settles when the question before is over. */
  #last: Promise<void> = Promise.resolve()

  /** @param onContradiction called with the links of each proof as it is found: from the contradicted answer to the newest. */
  constructor(time: Time, random: Random, onContradiction: (links: readonly RoughtimeLink[]) => void = () => {}) {
    this.#time = time
    this.#random = random
    this.#onContradiction = onContradiction
  }

  /** The answers so far, oldest first; at most `ROUGHTIME_LINKS_MAX`. */
  get links(): readonly RoughtimeLink[] {
    return this.#chain.links
  }

  /** Waits until the questions before are over, then asks. An answer is a link of the chain before this resolves. */
  async ask(query: SequencedQuery): Promise<RoughtimeOutcome> {
    const before = this.#last
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    this.#last = before.then(() => over)
    try {
      await waitFor(before, query.signal)
      return query.signal.aborted ? { type: 'aborted' } : await this.#askNow(query)
    } finally {
      end()
    }
  }

  async #askNow(query: SequencedQuery): Promise<RoughtimeOutcome> {
    const { form, publicKey } = query
    const before = this.#chain.links.at(-1)
    const nonceBytes = roughtimeNonceBytes(form)
    const rand = before === undefined ? undefined : this.#random.bytes(ROUGHTIME_RAND_BYTES)
    const nonce =
      before === undefined || rand === undefined
        ? this.#random.bytes(nonceBytes)
        : roughtimeChainedNonce(before.response, rand, nonceBytes)
    const outcome = await queryRoughtime(this.#time, {
      ...query,
      request: encodeRoughtimeRequest({ form, nonce, publicKey }),
    })
    if (outcome.type !== 'answer') return outcome
    const { reply, request, response, t4 } = outcome.answer
    const { midpointUnixNs, radiusNs } = reply
    const link = { publicKey, rand, request, response, midpointUnixNs, radiusNs }
    const { chain, contradiction } = extendChain(this.#chain, link, t4)
    this.#chain = chain
    if (contradiction !== undefined) this.#onContradiction(contradiction)
    return outcome
  }
}
