/** Messages of registers: every field's limits, and that nothing but the one encoding passes. */
import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import {
  METADATA_MAX,
  OPERATIONS_MAX,
  OPERATION_BYTES_MAX,
  OPERATION_KINDS,
  PROOF_DATA_BYTES_MAX,
  PUBLIC_INPUTS_MAX,
  REGISTER_CONTENTS_BYTES_MAX,
  nullifierCodec,
  proofMessageCodec,
  registerCreationCodec,
  registerStateCodec,
  resourceCommitmentCodec,
} from './index.ts'
import {
  anyBytes32,
  anyCid,
  anyHeight,
  bytes32,
  cid,
  holdsItsShape,
  orNone,
  record,
  refusesFields,
  saidOf,
} from './messages.test-suite.ts'

const NOTHING = new Uint8Array()
const proofMessage = {
  proofId: cid(1),
  verificationKeyId: cid(2),
  publicInputs: [bytes32(3)],
  proofData: new Uint8Array(128),
  metadata: [
    { key: 'circuit', value: bytes32(4) },
    { key: 'system', value: Uint8Array.of(1) },
  ],
}
const state = {
  registerId: cid(1),
  stateHash: bytes32(2),
  lastUpdated: 7,
  delta: { operations: [{ kind: 'update' as const, argument: Uint8Array.of(1) }], previousStateHash: bytes32(3) },
  fullState: 'none' as const,
  proof: cid(4),
}

const entry = (key: string): unknown => [key, new Uint8Array(1)]
refusesFields('a proof', proofMessageCodec, proofMessage, [
  ['an address that is bytes', 0, new Uint8Array(36)],
  ['no input', 2, [], 'accept'],
  ['an empty input', 2, [NOTHING]],
  ['an input of 65 bytes', 2, [new Uint8Array(65)]],
  ['too many inputs', 2, Array.from({ length: PUBLIC_INPUTS_MAX + 1 }, () => Uint8Array.of(1))],
  ['too much data', 3, new Uint8Array(PROOF_DATA_BYTES_MAX + 1)],
  ['metadata out of order', 4, [entry('b'), entry('a')]],
  ['metadata twice', 4, [entry('a'), entry('a')]],
  ['metadata in the order of its bytes', 4, [entry('\u{ff5e}'), entry('\u{1d306}')], 'accept'],
  ['metadata in another order', 4, [entry('\u{1d306}'), entry('\u{ff5e}')]],
  ['a key too long', 4, [entry('k'.repeat(65))]],
  ['a value that is text', 4, [['a', 'b']]],
  ['too much metadata', 4, Array.from({ length: METADATA_MAX + 1 }, (_, i) => entry(String(100 + i)))],
])
holdsItsShape(
  'a proof',
  proofMessageCodec,
  record({
    proofId: anyCid,
    verificationKeyId: anyCid,
    publicInputs: fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 4 }),
    proofData: fc.uint8Array({ maxLength: 300 }),
    metadata: fc.constantFrom([], proofMessage.metadata),
  }),
  { numRuns: fuzzRuns(150) },
)

/** One delta, in the list that may hold it. */
const delta = (operations: unknown): readonly unknown[] => [[operations, bytes32(3)]]
refusesFields('a state', registerStateCodec, state, [
  ['a hash of 31 bytes', 1, new Uint8Array(31)],
  ['a negative height', 2, -1],
  ['neither delta nor state', 3, [], 'accept'],
  ['null for none', 3, null],
  ['two deltas', 3, [...delta([['update', NOTHING]]), ...delta([['update', NOTHING]])]],
  ['a delta without operations', 3, delta([])],
  ['an operation that is none', 3, delta([['delete', NOTHING]])],
  ['an argument too long', 3, delta([['update', new Uint8Array(OPERATION_BYTES_MAX + 1)]])],
  ['too many operations', 3, delta(Array.from({ length: OPERATIONS_MAX + 1 }, () => ['update', NOTHING]))],
  ['a state too long', 4, [new Uint8Array(REGISTER_CONTENTS_BYTES_MAX + 1)]],
  ['two proofs', 5, [cid(1), cid(2)]],
])
const anyOperation = record({ kind: fc.constantFrom(...OPERATION_KINDS), argument: fc.uint8Array({ maxLength: 40 }) })
holdsItsShape(
  'a state',
  registerStateCodec,
  record({
    registerId: anyCid,
    stateHash: anyBytes32,
    lastUpdated: anyHeight,
    delta: orNone(
      record({
        operations: fc.array(anyOperation, { minLength: 1, maxLength: 4 }),
        previousStateHash: anyBytes32,
      }),
    ),
    fullState: orNone(fc.uint8Array({ maxLength: 100 })),
    proof: orNone(anyCid),
  }),
  { numRuns: fuzzRuns(150) },
)

holdsItsShape(
  'a creation',
  registerCreationCodec,
  record({
    chainId: anyBytes32,
    registerId: anyCid,
    owner: anyBytes32,
    stateHash: anyBytes32,
    height: anyHeight,
    proof: orNone(anyCid),
  }),
  { numRuns: fuzzRuns(150) },
)
holdsItsShape(
  'a nullifier',
  nullifierCodec,
  record({ chainId: anyBytes32, nullifier: anyBytes32, height: anyHeight, proof: orNone(anyCid) }),
  { numRuns: fuzzRuns(150) },
)
holdsItsShape(
  'a commitment',
  resourceCommitmentCodec,
  record({ resourceId: anyCid, commitment: anyBytes32, height: anyHeight, proof: orNone(anyCid) }),
  { numRuns: fuzzRuns(150) },
)

test('the longest messages of each kind pass', () => {
  const longest = {
    ...proofMessage,
    publicInputs: Array.from({ length: PUBLIC_INPUTS_MAX }, () => new Uint8Array(64)),
    proofData: new Uint8Array(PROOF_DATA_BYTES_MAX),
    metadata: Array.from({ length: METADATA_MAX }, (_, i) => ({
      key: `${100 + i}${'k'.repeat(61)}`,
      value: new Uint8Array(1024),
    })),
  }
  equal(saidOf(proofMessageCodec, proofMessageCodec.encode(longest)), 'accept')
  const full = { ...state, fullState: new Uint8Array(REGISTER_CONTENTS_BYTES_MAX) }
  equal(saidOf(registerStateCodec, registerStateCodec.encode(full)), 'accept')
})

test('a message of one kind is none of another', () => {
  const bytes = proofMessageCodec.encode({ ...proofMessage, proofData: NOTHING, metadata: [] })
  equal(saidOf(registerStateCodec, bytes), 'reject wrong-shape')
  equal(saidOf(registerCreationCodec, bytes), 'reject wrong-shape')
  equal(saidOf(nullifierCodec, bytes), 'reject wrong-shape')
  equal(saidOf(resourceCommitmentCodec, bytes), 'reject wrong-shape')
})
