/** What a payload on a topic of seed 004 must be: of its shape, and about what the topic is named after. */
import { equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeData, cidOfDigest } from '../codec/index.ts'
import { hexOf } from '../base/index.ts'
import * as execution from '../execution/index.ts'
import * as registers from '../registers/index.ts'
import { PAYLOAD_SHAPES } from './topics-shapes.ts'
import type { SeedTopicKind } from './topics-shapes.ts'
import { said } from './signed-topics.test-kit.ts'
import { topicOf } from './topics.ts'

const SUBJECT = cidOfDigest(new Uint8Array(32).fill(5))
const OTHER = cidOfDigest(new Uint8Array(32).fill(6))
const CHAIN = new Uint8Array(32).fill(5)
const HASH = new Uint8Array(32).fill(9)
const none = 'none' as const
const interval = { earliest: 1n, latest: 2n }

/** A message of every kind, about SUBJECT or CHAIN. */
const MESSAGES: Readonly<Record<SeedTopicKind, Uint8Array>> = {
  'register/creation': registers.registerCreationCodec.encode({
    chainId: CHAIN,
    registerId: OTHER,
    owner: HASH,
    stateHash: HASH,
    height: 1,
    proof: none,
  }),
  'register/update': registers.registerStateCodec.encode({
    registerId: SUBJECT,
    stateHash: HASH,
    lastUpdated: 1,
    delta: none,
    fullState: none,
    proof: OTHER,
  }),
  'register/proof': registers.proofMessageCodec.encode({
    proofId: OTHER,
    verificationKeyId: SUBJECT,
    publicInputs: [],
    proofData: HASH,
    metadata: [],
  }),
  'register/nullifier': registers.nullifierCodec.encode({ chainId: CHAIN, nullifier: HASH, height: 1, proof: none }),
  'register/commitment': registers.resourceCommitmentCodec.encode({
    resourceId: SUBJECT,
    commitment: HASH,
    height: 1,
    proof: none,
  }),
  'execution/sequence': execution.executionSequenceCodec.encode({
    sequenceId: SUBJECT,
    status: 'announced',
    completedSteps: [],
    pendingSteps: [OTHER],
    failedSteps: [],
  }),
  'execution/node': execution.executionStepCodec.encode({
    sequenceId: OTHER,
    stepId: SUBJECT,
    claimant: HASH,
    attempt: 1,
    status: 'claimed',
    claimEnds: 1n,
    result: none,
    reason: '',
  }),
  'execution/result': execution.executionResultCodec.encode({
    sequenceId: SUBJECT,
    status: 'completed',
    steps: [],
    output: HASH,
    proof: none,
  }),
  'execution/verification': execution.executionVerificationCodec.encode({
    sequenceId: SUBJECT,
    stepId: none,
    result: OTHER,
    verdict: 'verified',
    reason: '',
  }),
  'timemap/update': registers.timeMapUpdateCodec.encode({
    chainId: CHAIN,
    height: 1,
    blockHash: HASH,
    ...interval,
    map: OTHER,
    previous: none,
  }),
  'timemap/commitment': registers.timeMapCommitmentCodec.encode({
    commitmentId: SUBJECT,
    map: OTHER,
    root: HASH,
    positions: 1,
    ...interval,
    proof: none,
  }),
  'timemap/verification': registers.timeMapVerificationCodec.encode({
    chainId: CHAIN,
    height: 1,
    commitmentId: OTHER,
    verdict: 'unknown',
    reason: 'no-such-map',
  }),
}

const parameterOf = (kind: SeedTopicKind, cid: typeof SUBJECT, chain: Uint8Array): string =>
  ['register/creation', 'register/nullifier', 'timemap/update', 'timemap/verification'].includes(kind)
    ? hexOf(chain)
    : cid.toString()
const isKind = (kind: string): kind is SeedTopicKind => Object.hasOwn(PAYLOAD_SHAPES, kind)

for (const [kind, message] of Object.entries(MESSAGES))
  describe(kind, () => {
    ok(isKind(kind))
    const { check } = PAYLOAD_SHAPES[kind]
    const parameter = parameterOf(kind, SUBJECT, CHAIN)
    test('takes a message of its shape, on the topic that it speaks of', () => {
      ok(topicOf(kind, parameter).length > 0)
      equal(said(check(message, parameter)), 'accept')
      equal(said(check(message, parameterOf(kind, OTHER, HASH))), 'reject wrong-topic')
    })
    test('takes no other', () => {
      for (const [other, bytes] of Object.entries(MESSAGES))
        if (other !== kind) ok(check(bytes, parameter).verdict !== 'accept', other)
      equal(said(check(encodeData([2, 'later']), parameter)), 'ignore unknown-message-version')
      equal(said(check(Uint8Array.of(1, 2), parameter)), 'reject malformed')
    })
  })
