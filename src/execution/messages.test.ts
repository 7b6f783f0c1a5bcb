/** Messages of execution: every field's limits, and that nothing but the one encoding passes. */
import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import type { CID } from '../codec/index.ts'
import { VERIFICATION_VERDICTS } from '../registers/index.ts'
import {
  anyBytes32,
  anyCid,
  anyInstant,
  anyReason,
  bytes32,
  cid,
  holdsItsShape,
  orNone,
  record,
  refusesFields,
  saidOf,
} from '../registers/messages.test-suite.ts'
import {
  ATTEMPTS_MAX,
  EXECUTION_STATUSES,
  OUTPUT_BYTES_MAX,
  STEPS_MAX,
  STEP_STATUSES,
  executionResultCodec,
  executionSequenceCodec,
  executionStepCodec,
  executionVerificationCodec,
} from './index.ts'

const inOrder = (cids: readonly CID[]): CID[] => cids.toSorted((a, b) => (a.toString() < b.toString() ? -1 : 1))
const [a, b, c] = inOrder([cid(1), cid(2), cid(3)])
const steps = (count: number): CID[] => inOrder(Array.from({ length: count }, (_, i) => cid(i)))

const sequence = {
  sequenceId: cid(9),
  status: 'running' as const,
  completedSteps: [{ stepId: cid(1), result: cid(8) }],
  pendingSteps: [cid(2)],
  failedSteps: [{ stepId: cid(3), reason: 'timed-out' }],
}
refusesFields('a sequence', executionSequenceCodec, sequence, [
  ['a status that is none', 1, 'sleeping'],
  ['steps out of order', 3, [c, b]],
  ['steps in order, one of them done', 3, [a, b, c]],
  ['a step twice', 3, [b, b]],
  ['a step that is done and open', 3, [cid(1)]],
  ['a step that failed and is open', 3, [cid(3)]],
  ['nothing open', 3, [], 'accept'],
  ['more steps in all than a sequence has', 3, inOrder(Array.from({ length: STEPS_MAX - 1 }, (_, i) => cid(i + 4)))],
  ['a failure without words', 4, [[cid(3), '']], 'accept'],
  ['a failure in too many words', 4, [[cid(3), 'it did not work']]],
])
const anySteps = fc.uniqueArray(anyCid, { maxLength: 9, selector: String })
holdsItsShape(
  'a sequence',
  executionSequenceCodec,
  fc
    .tuple(anyCid, fc.constantFrom(...EXECUTION_STATUSES), anySteps, anyReason)
    .map(([sequenceId, status, all, reason]) => ({
      sequenceId,
      status,
      completedSteps: inOrder(all.slice(0, 3)).map((stepId) => ({ stepId, result: stepId })),
      pendingSteps: inOrder(all.slice(3, 6)),
      failedSteps: inOrder(all.slice(6)).map((stepId) => ({ stepId, reason })),
    })),
  { numRuns: fuzzRuns(150) },
)

const step = {
  sequenceId: cid(9),
  stepId: cid(1),
  claimant: bytes32(1),
  attempt: 1,
  status: 'claimed' as const,
  claimEnds: 10n,
  result: 'none' as const,
  reason: '',
}
refusesFields('a step', executionStepCodec, step, [
  ['a claimant of 33 bytes', 2, new Uint8Array(33)],
  ['attempt zero', 3, 0],
  ['attempt 256', 3, ATTEMPTS_MAX + 1],
  ['a status that is none', 4, 'lost'],
  ['a claim before 1970', 5, -1],
  ['a result', 6, [cid(1)], 'accept'],
])
holdsItsShape(
  'a step',
  executionStepCodec,
  record({
    sequenceId: anyCid,
    stepId: anyCid,
    claimant: anyBytes32,
    attempt: fc.integer({ min: 1, max: ATTEMPTS_MAX }),
    status: fc.constantFrom(...STEP_STATUSES),
    claimEnds: anyInstant,
    result: orNone(anyCid),
    reason: anyReason,
  }),
  { numRuns: fuzzRuns(150) },
)

const result = {
  sequenceId: cid(9),
  status: 'completed' as const,
  steps: steps(STEPS_MAX).map((stepId) => ({ stepId, result: cid(1) })),
  output: new Uint8Array(OUTPUT_BYTES_MAX),
  proof: cid(2),
}
refusesFields('a result', executionResultCodec, result, [
  ['a status that is no result', 1, 'running'],
  ['too much of it', 3, new Uint8Array(OUTPUT_BYTES_MAX + 1)],
  ['too many steps', 2, steps(STEPS_MAX + 1).map((stepId) => [stepId, cid(1)])],
])
holdsItsShape(
  'a result',
  executionResultCodec,
  record({
    sequenceId: anyCid,
    status: fc.constantFrom('completed' as const, 'failed' as const),
    steps: anySteps.map((all) => inOrder(all).map((stepId) => ({ stepId, result: stepId }))),
    output: fc.uint8Array({ maxLength: 100 }),
    proof: orNone(anyCid),
  }),
  { numRuns: fuzzRuns(150) },
)
holdsItsShape(
  'a verification',
  executionVerificationCodec,
  record({
    sequenceId: anyCid,
    stepId: orNone(anyCid),
    result: anyCid,
    verdict: fc.constantFrom(...VERIFICATION_VERDICTS),
    reason: anyReason,
  }),
  { numRuns: fuzzRuns(150) },
)

test('the longest messages of each kind pass', () => {
  equal(saidOf(executionResultCodec, executionResultCodec.encode(result)), 'accept')
  const all = steps(STEPS_MAX).map((stepId) => ({ stepId, result: cid(1) }))
  const whole = { ...sequence, completedSteps: all, pendingSteps: [], failedSteps: [] }
  equal(saidOf(executionSequenceCodec, executionSequenceCodec.encode(whole)), 'accept')
})
