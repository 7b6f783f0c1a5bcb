/**
 * What is said of the execution of sequences on the topics `execution/…`: how far a sequence is, who claims a step and what
 * became of it, what came out, and who checked it. The seed's "node" of a sequence is called a step here: a node is a
 * computer. Only the shapes: who may claim, and whether a result is true, is not asked here.
 *
 * Source: seed 004 "Message Formats" (ExecutionSequenceMessage), "Execution Topics", "Execution Coordination Flow". Rules:
 * docs/spec/network.md N-80 to N-82.
 */
import { bytes, link, tuple, uint, word } from '../codec/index.ts'
import type { CID } from '../codec/index.ts'
import {
  VERIFICATION_VERDICTS,
  ascending,
  digest,
  instant,
  messageCodecOf,
  optional,
  reason,
} from '../registers/index.ts'
import type { MessageCodec } from '../registers/index.ts'

/** Steps of one sequence. */
export const STEPS_MAX = 256
/** Times that one step may be tried. */
export const ATTEMPTS_MAX = 255
/** What is longer is named by its address and asked for. */
export const OUTPUT_BYTES_MAX = 32_768

export const EXECUTION_STATUSES = ['announced', 'running', 'completed', 'failed', 'cancelled'] as const

/** A step that is done, and the address of what it made. */
export interface CompletedStep {
  readonly stepId: CID
  readonly result: CID
}

export interface FailedStep {
  readonly stepId: CID
  /** Kebab-case. */
  readonly reason: string
}

/** How far a sequence is. Steps ascend by their address as text; a step stands in one list only. */
export interface ExecutionSequenceMessage {
  readonly sequenceId: CID
  readonly status: (typeof EXECUTION_STATUSES)[number]
  readonly completedSteps: readonly CompletedStep[]
  readonly pendingSteps: readonly CID[]
  readonly failedSteps: readonly FailedStep[]
}

export const STEP_STATUSES = ['claimed', 'running', 'completed', 'failed', 'released'] as const

/** Who has a step, until when, and what became of it. */
export interface ExecutionStepMessage {
  readonly sequenceId: CID
  readonly stepId: CID
  /** Ed25519 key of the node that claims it, 32 bytes. */
  readonly claimant: Uint8Array
  /** From 1. */
  readonly attempt: number
  readonly status: (typeof STEP_STATUSES)[number]
  /** After this instant others may claim the step, TAI ns. */
  readonly claimEnds: bigint
  readonly result: CID | 'none'
  /** Kebab-case; empty where it did not fail. */
  readonly reason: string
}

/** What came of a whole sequence. */
export interface ExecutionResultMessage {
  readonly sequenceId: CID
  readonly status: 'completed' | 'failed'
  readonly steps: readonly CompletedStep[]
  readonly output: Uint8Array
  readonly proof: CID | 'none'
}

/** What somebody found who did the work again, or checked its proof. */
export interface ExecutionVerificationMessage {
  readonly sequenceId: CID
  /** Of one step, or of the whole sequence. */
  readonly stepId: CID | 'none'
  readonly result: CID
  readonly verdict: (typeof VERIFICATION_VERDICTS)[number]
  /** Kebab-case; empty where it is verified. */
  readonly reason: string
}

const completedSteps = ascending(tuple<CompletedStep>({ stepId: link, result: link }), STEPS_MAX, ({ stepId }) =>
  stepId.toString(),
)
const failedSteps = ascending(tuple<FailedStep>({ stepId: link, reason }), STEPS_MAX, ({ stepId }) => stepId.toString())
const pendingSteps = ascending(link, STEPS_MAX, (stepId) => stepId.toString())
const sequenceFields = tuple<ExecutionSequenceMessage>({
  sequenceId: link,
  status: word(EXECUTION_STATUSES),
  completedSteps,
  pendingSteps,
  failedSteps,
})

/** Every step in one list only, and no more of them than a sequence has. */
const isDisjoint = ({ completedSteps: done, pendingSteps: open, failedSteps: failed }: ExecutionSequenceMessage) => {
  const all = [...done.map(({ stepId }) => stepId), ...open, ...failed.map(({ stepId }) => stepId)].map(String)
  return all.length <= STEPS_MAX && new Set(all).size === all.length
}

/** Of `execution/sequence/{sequence_id}`. */
export const executionSequenceCodec: MessageCodec<ExecutionSequenceMessage> = messageCodecOf(
  1,
  {
    write: (message) => sequenceFields.write(message),
    read: (data) => {
      const message = sequenceFields.read(data)
      return message !== undefined && isDisjoint(message) ? message : undefined
    },
  },
  65_536,
)

/** Of `execution/node/{node_id}`, where the node is a step. */
export const executionStepCodec: MessageCodec<ExecutionStepMessage> = messageCodecOf(
  1,
  tuple<ExecutionStepMessage>({
    sequenceId: link,
    stepId: link,
    claimant: digest,
    attempt: uint({ min: 1, max: ATTEMPTS_MAX }),
    status: word(STEP_STATUSES),
    claimEnds: instant,
    result: optional(link),
    reason,
  }),
  512,
)

/** Of `execution/result/{sequence_id}`. */
export const executionResultCodec: MessageCodec<ExecutionResultMessage> = messageCodecOf(
  1,
  tuple<ExecutionResultMessage>({
    sequenceId: link,
    status: word(['completed', 'failed']),
    steps: completedSteps,
    output: bytes(OUTPUT_BYTES_MAX),
    proof: optional(link),
  }),
  65_536,
)

/** Of `execution/verification/{sequence_id}`. */
export const executionVerificationCodec: MessageCodec<ExecutionVerificationMessage> = messageCodecOf(
  1,
  tuple<ExecutionVerificationMessage>({
    sequenceId: link,
    stepId: optional(link),
    result: link,
    verdict: word(VERIFICATION_VERDICTS),
    reason,
  }),
  512,
)
