/** Members that answer challenges, each in its own wrong way, and what the node that asks is to make of it. */
import type { Stream } from '@libp2p/interface'
import { NS_PER_MS } from '../../src/base/index.ts'
import { merkleRoot } from '../../src/crypto/index.ts'
import { frameOf, readFrame } from '../../src/network/io/frames.ts'
import { challengeAnswerCodec, challengeCodec } from '../../src/proofs/index.ts'
import { forgeProof, fresh, nowTai, otherShape, respelt, truncated } from './forgery.ts'
import type { ForgedProof } from './forgery.ts'
import type { HostileMember } from './stage.ts'

export interface BadAnswer {
  readonly what: string
  /** Where it is counted: as an answer, or before anybody read it as the protocol's. */
  readonly channel: 'answer' | 'challenge'
  readonly reason: string
  /** Bytes of the stream as they stand, given the challenge (32 bytes). */
  readonly make: (author: HostileMember, challenge: Uint8Array) => Uint8Array
}

let sequence = 0

const answering = (
  author: HostileMember,
  networkId: Uint8Array,
  challenge: Uint8Array,
  given: ForgedProof = {},
): Uint8Array => {
  sequence += 1
  const made = { sequence, tai: nowTai() - NS_PER_MS, nonce: merkleRoot([challenge]), ...given }
  return challengeAnswerCodec.encode({ proof: forgeProof(author, networkId, made).proof, index: 0, size: 1, path: [] })
}

export const badAnswers = (networkId: Uint8Array, other: HostileMember): readonly BadAnswer[] => {
  const told = (
    what: string,
    reason: string,
    make: (author: HostileMember, challenge: Uint8Array) => Uint8Array,
  ): BadAnswer => ({ what, channel: 'answer', reason, make: (author, challenge) => frameOf(make(author, challenge)) })
  const good = (author: HostileMember, challenge: Uint8Array, given?: ForgedProof): Uint8Array =>
    answering(author, networkId, challenge, given)
  let kept: Uint8Array | undefined
  return [
    told('cut off', 'malformed', (author, challenge) => truncated(good(author, challenge))),
    told('spelt in a second way', 'non-canonical', (author, challenge) => respelt(good(author, challenge))),
    told('something else', 'wrong-shape', otherShape),
    told('larger than any answer', 'too-large', () => new Uint8Array(8000)),
    told('another’s proof', 'wrong-author', (_, challenge) => good(other, challenge)),
    told('to no challenge', 'no-challenge', (author) => good(author, fresh())),
    told('to an earlier challenge', 'no-challenge', (author, challenge) => (kept ??= good(author, challenge))),
    told('for another network', 'wrong-network', (author, challenge) =>
      good(author, challenge, { networkId: fresh() }),
    ),
    told('with another signature', 'bad-signature', (author, challenge) =>
      good(author, challenge, { signature: new Uint8Array(64).fill(7) }),
    ),
    {
      what: 'four gigabytes long, it says',
      channel: 'challenge',
      reason: 'too-large',
      make: () => Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    },
    {
      what: 'longer than it says',
      channel: 'challenge',
      reason: 'malformed',
      make: (author, challenge) => Uint8Array.of(...frameOf(good(author, challenge)), 0),
    },
  ]
}

/** Reads the challenge and sends what was made for it. */
export const answerWith =
  (make: (challenge: Uint8Array) => Uint8Array) =>
  (stream: Stream): void => {
    const said = readFrame(stream, { bytesMax: 256, signal: AbortSignal.timeout(60_000) })
    void said.then((outcome) => {
      const challenge = 'bytes' in outcome ? challengeCodec.decode(outcome.bytes) : undefined
      if (challenge?.verdict === 'accept' && stream.status === 'open') stream.send(make(challenge.value.challenge))
    })
  }

/** Never says anything. */
export const answerNever = (): void => {}

/** Says one byte, and to everybody who waits one more whenever somebody else asks. */
export const answerSlowly = (): ((stream: Stream) => void) => {
  const open = new Set<Stream>()
  return (stream) => {
    open.add(stream)
    stream.addEventListener('close', () => open.delete(stream))
    for (const one of open) if (one.status === 'open') one.send(Uint8Array.of(0))
  }
}
