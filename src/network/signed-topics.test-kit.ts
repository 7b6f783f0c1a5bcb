/** What the tests of envelopes and signed topics share: fixed keys, a wire that shows what passes, and time that a test sets. */
import assert from 'node:assert/strict'
import { NS_PER_SEC, seededRandom } from '../base/index.ts'
import type { Admission, Random, Time } from '../base/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import type { Signer } from '../crypto/index.ts'
import { countingSequences } from './envelope-sequences.ts'
import type { SequenceSource } from './envelope-sequences.ts'
import type { TopicOptions } from './port.ts'
import { SignedTopics } from './signed-topics.ts'
import type { SignedTopicsOptions } from './signed-topics.ts'

export const NETWORK_ID = new Uint8Array(32).fill(0x11)
export const NONCE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
export const TOPIC = 'truechimer/11111111/proofs/1'

/** The signer whose 32 secret bytes are all `byte`. */
export const signerOf = (byte: number): Signer => memorySigner({ seed: new Uint8Array(32).fill(byte) })

/** Stands still until it is told. */
export class HandTime implements Time {
  nowNs = 0n
  elapsedNs(): bigint {
    return this.nowNs
  }
  hostUnixNs(): bigint {
    return 1_790_000_000n * NS_PER_SEC + this.nowNs
  }
  /** What is scheduled while held waits here for the test; otherwise it runs as soon as the running code has ended. */
  readonly held: (() => void)[] = []
  isHolding = false
  schedule(_delayNs: bigint, run: () => void): () => void {
    let isOff = false
    const unlessOff = (): void => (isOff ? undefined : run())
    if (this.isHolding) this.held.push(unlessOff)
    else queueMicrotask(unlessOff)
    return () => void (isOff = true)
  }
}

/** A network of one: keeps what is published, and hands the joined topics what a test gives it. */
export class Wire {
  readonly published: { readonly topic: string; readonly bytes: Uint8Array }[] = []
  readonly joined = new Map<string, TopicOptions>()
  /** Where it is set, publishing fails with it. */
  trouble: Error | undefined

  subscribe(topic: string, options: TopicOptions): void {
    this.joined.set(topic, options)
  }
  unsubscribe(topic: string): void {
    this.joined.delete(topic)
  }
  async publish(topic: string, bytes: Uint8Array): Promise<void> {
    if (this.trouble !== undefined) throw this.trouble
    this.published.push({ topic, bytes })
  }

  /** Envelopes published so far. */
  get envelopes(): readonly Uint8Array[] {
    return this.published.map(({ bytes }) => bytes)
  }

  /** What the topic's validator says to these bytes. */
  async hand(topic: string, bytes: Uint8Array, from = 'a neighbour'): Promise<Admission<null>> {
    const options = this.joined.get(topic)
    assert(options !== undefined, `${topic} is not joined`)
    return options.validate({ from, bytes })
  }
}

export interface Party {
  readonly wire: Wire
  readonly time: HandTime
  readonly topics: SignedTopics
}

/** Signed topics of the signer of `byte`, on a wire of their own. */
export const party = (
  byte: number,
  given: Partial<SignedTopicsOptions> & { readonly sequences?: SequenceSource; readonly random?: Random } = {},
): Party => {
  const wire = new Wire()
  const time = new HandTime()
  const topics = new SignedTopics({
    network: wire,
    signer: signerOf(byte),
    networkId: NETWORK_ID,
    time,
    random: seededRandom(BigInt(byte)),
    sequences: countingSequences(1),
    ...given,
  })
  return { wire, time, topics }
}

/** An admission as text: `accept`, or verdict and reason. */
export const said = (admission: { readonly verdict: string; readonly reason?: string }): string =>
  admission.reason === undefined ? admission.verdict : `${admission.verdict} ${admission.reason}`
