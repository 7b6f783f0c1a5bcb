/**
 * What may stand in a payload, for the topics of seed 004: the shape that its room gives it, and that the thing it speaks of
 * is the one that the topic is named after. The least that every node asks before it passes a payload on (signed-topics.ts); the
 * rooms ask more.
 *
 * Rules: docs/spec/network.md N-79. Our own topics are not here: their rooms open what comes by themselves.
 */
import { accept, hexOf, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import type { CID } from '../codec/index.ts'
import {
  executionResultCodec,
  executionSequenceCodec,
  executionStepCodec,
  executionVerificationCodec,
} from '../execution/index.ts'
import {
  nullifierCodec,
  proofMessageCodec,
  registerCreationCodec,
  registerStateCodec,
  resourceCommitmentCodec,
  timeMapCommitmentCodec,
  timeMapUpdateCodec,
  timeMapVerificationCodec,
} from '../registers/index.ts'
import type { MessageCodec, MessageReason } from '../registers/index.ts'
import { parseTopic } from './topics.ts'
import type { OWN_KINDS, TopicKind } from './topics.ts'

export type SeedTopicKind = Exclude<TopicKind, (typeof OWN_KINDS)[number]>

/** Why a payload is none for its topic, whoever sent it and whenever. */
export type PayloadReason = MessageReason | 'wrong-topic'

/** Checks one payload against the parameter of its topic's name. */
export interface PayloadShape {
  /** Longest payload that has the shape, bytes. */
  readonly bytesMax: number
  readonly check: (bytes: Uint8Array, parameter: string) => Admission<null, PayloadReason>
}

/** @param subjectOf what the message speaks of, as the topic's name writes it. */
const shape = <T>(codec: MessageCodec<T>, subjectOf: (message: T) => string): PayloadShape => ({
  bytesMax: codec.bytesMax,
  check: (bytes, parameter) => {
    const decoded = codec.decode(bytes)
    if (decoded.verdict !== 'accept') return decoded
    return subjectOf(decoded.value) === parameter ? accept(null) : reject('wrong-topic')
  },
})

const chain = ({ chainId }: { readonly chainId: Uint8Array }): string => hexOf(chainId)
const sequence = ({ sequenceId }: { readonly sequenceId: CID }): string => sequenceId.toString()

export const PAYLOAD_SHAPES: Readonly<Record<SeedTopicKind, PayloadShape>> = {
  'register/creation': shape(registerCreationCodec, chain),
  'register/update': shape(registerStateCodec, ({ registerId }) => registerId.toString()),
  'register/proof': shape(proofMessageCodec, ({ verificationKeyId }) => verificationKeyId.toString()),
  'register/nullifier': shape(nullifierCodec, chain),
  'register/commitment': shape(resourceCommitmentCodec, ({ resourceId }) => resourceId.toString()),
  'execution/sequence': shape(executionSequenceCodec, sequence),
  'execution/node': shape(executionStepCodec, ({ stepId }) => stepId.toString()),
  'execution/result': shape(executionResultCodec, sequence),
  'execution/verification': shape(executionVerificationCodec, sequence),
  'timemap/update': shape(timeMapUpdateCodec, chain),
  'timemap/commitment': shape(timeMapCommitmentCodec, ({ commitmentId }) => commitmentId.toString()),
  'timemap/verification': shape(timeMapVerificationCodec, chain),
}

const isSeedKind = (kind: TopicKind): kind is SeedTopicKind => Object.hasOwn(PAYLOAD_SHAPES, kind)

/** What every payload on a topic is asked, by the topic's name; undefined where its room opens what comes by itself. */
export const payloadCheckOf = (topic: string): ((bytes: Uint8Array) => Admission<null, PayloadReason>) | undefined => {
  const parsed = parseTopic(topic)
  if (parsed === undefined || !isSeedKind(parsed.kind)) return undefined
  const { check } = PAYLOAD_SHAPES[parsed.kind]
  return (bytes) => check(bytes, parsed.parameter)
}
