/** The proving half and the witnessing half, each alone: who is answered when, and what is measured. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { NS_PER_MS, NS_PER_SEC, accept, ignore, seededRandom } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import type { ClockReading } from '../clock/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import { createInMemoryHub } from '../network/io/in-memory.ts'
import { CHALLENGE_LIMITS, challengeProtocol } from '../network/index.ts'
import { ZERO_DIGEST, GATHER_NS, challengeCodec, challengePhaseNs, openAnswer } from '../proofs/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import { Proving } from './proving.ts'
import type { ProvingOptions } from './proving.ts'
import { Witnessing } from './witnessing.ts'
import { VirtualWorld, outcomeOf } from './virtual-time.test-kit.ts'

const ORIGIN = 1_790_000_000n * NS_PER_SEC
const NETWORK = new Uint8Array(32).fill(1)
const signerOf = (byte: number) => memorySigner({ seed: new Uint8Array(32).fill(byte) })
const readingOf = (world: VirtualWorld, aheadNs = 0n, boundNs = NS_PER_MS): ClockReading => ({
  earliest: world.trueTai + aheadNs - boundNs,
  estimate: world.trueTai + aheadNs,
  latest: world.trueTai + aheadNs + boundNs,
  likely: { earliest: world.trueTai + aheadNs - boundNs, latest: world.trueTai + aheadNs + boundNs },
  status: 'synchronised',
  localNs: world.nowNs,
  frequencyPpb: 0,
})
const challenge = (byte: number): Uint8Array =>
  challengeCodec.encode({ networkId: NETWORK, challenge: new Uint8Array(32).fill(byte) })
const said = (admission: Admission<unknown>): string =>
  admission.verdict === 'accept' ? 'accept' : `${admission.verdict} ${admission.reason}`

const setUp = (given: Partial<ProvingOptions> = {}) => {
  const world = new VirtualWorld(ORIGIN, nextTurn)
  const signer = signerOf(1)
  const proofs: SealedProof[] = []
  const troubles: string[] = []
  const proving = new Proving({
    time: world.time(),
    random: seededRandom(1n),
    signer,
    networkId: NETWORK,
    beacon: () => ZERO_DIGEST,
    read: () => readingOf(world),
    sources: () => [],
    expected: () => ['w1', 'w2'],
    isMember: (peer) => peer.startsWith('w'),
    slot: () => Number(world.nowNs / NS_PER_SEC),
    onProof: (sealed) => proofs.push(sealed),
    onTrouble: ({ code }) => troubles.push(code),
    ...given,
  })
  return { world, signer, proving, proofs, troubles }
}

test('one proof answers all who were expected, as soon as the last has asked', async () => {
  const { world, signer, proving, proofs } = setUp()
  const first = proving.answer('w1', challenge(1))
  equal(said(await outcomeOf(world, first)), 'ignore waiting')
  const second = proving.answer('w2', challenge(2))
  await world.settle()
  equal(proofs.length, 0)
  const answers = [await first, await second]
  await world.runUntil(0n)
  equal(proofs.length, 1)
  for (const [i, answer] of answers.entries()) {
    ok(answer.verdict === 'accept')
    const exchange = { networkId: NETWORK, subject: signer.nodeId, challenge: new Uint8Array(32).fill(i + 1) }
    const opened = openAnswer(answer.value, exchange)
    ok(opened.verdict === 'accept')
    deepEqual([opened.value.cid, opened.value.proof.tai], [proofs[0]?.cid, ORIGIN])
  }
  equal(world.pending, 0)
})

test('where one of them is missing, the others wait 20 ms and no longer', async () => {
  const { world, proving, proofs } = setUp()
  const answer = proving.answer('w1', challenge(1))
  await world.runUntil(GATHER_NS - 1n)
  equal(said(await outcomeOf(world, answer)), 'ignore waiting')
  await world.runUntil(GATHER_NS)
  equal(said(await answer), 'accept')
  equal(proofs[0]?.proof.tai, ORIGIN + GATHER_NS)
})

test('who is not answered, and why', async () => {
  const { world, proving } = setUp()
  const told = async (from: string, bytes: Uint8Array): Promise<string> => said(await proving.answer(from, bytes))
  equal(await told('stranger', challenge(1)), 'reject not-member')
  equal(await told('w1', challenge(1).subarray(1)), 'reject malformed')
  const waiting = proving.answer('w1', challenge(1))
  equal(await told('w1', challenge(1)), 'ignore already-asked')
  equal(await told('w1', challenge(1)), 'ignore asked-enough')
  await world.runUntil(GATHER_NS)
  equal(said(await waiting), 'accept')
  await world.runUntil(NS_PER_SEC)
  const again = proving.answer('w1', challenge(3))
  const cut = proving.answer('w3', challenge(4))
  proving.close()
  deepEqual([said(await again), said(await cut)], ['ignore closing', 'ignore closing'])
  equal(await told('w2', challenge(1)), 'ignore closing')
  equal(await proving.proveUnasked(), undefined)
  equal(world.pending, 0)
})

test('no clock, too wide a clock, or a clock behind the last proof: no proof', async () => {
  let reading: ClockReading | undefined
  const { world, proving, proofs, troubles } = setUp({ read: () => reading, expected: () => ['w1'] })
  const tell = async (byte: number): Promise<string> => {
    await world.runUntil(world.nowNs + NS_PER_SEC)
    return said(await proving.answer('w1', challenge(byte)))
  }
  equal(await tell(1), 'ignore clock-not-ready')
  reading = { ...readingOf(world), status: 'unsynchronised' }
  equal(await tell(2), 'ignore clock-not-ready')
  reading = readingOf(world, 0n, 10n * NS_PER_SEC + 1n)
  equal(await tell(3), 'ignore clock-not-ready')
  reading = readingOf(world)
  equal(await tell(4), 'accept')
  equal(await tell(5), 'ignore signer-refused')
  deepEqual(troubles, ['TC_SIGNER_BACKWARDS'])
  await world.settle()
  await world.runUntil(world.nowNs)
  equal(proofs.length, 1)
})

test('two proofs that are asked for at once are signed one after the other, each naming the one before', async () => {
  const { world, proving, proofs } = setUp({ read: () => readingOf(world, BigInt((reads += 1))) })
  let reads = 0
  await Promise.all([proving.proveUnasked(), proving.proveUnasked()])
  const [one, two] = proofs
  ok(one !== undefined && two !== undefined)
  deepEqual([one.proof.sequence, two.proof.sequence], [1, 2])
  deepEqual(two.proof.previous, one.cid.multihash.digest)
})

/** A witness of the node `subject`, 5 ms away; what the subject answers is given. */
const witnessOf = (
  answer: (bytes: Uint8Array) => Promise<Admission<Uint8Array>>,
  read?: (world: VirtualWorld) => ClockReading,
) => {
  const world = new VirtualWorld(ORIGIN, nextTurn)
  const hub = createInMemoryHub(world.time(), { delayNs: 5n * NS_PER_MS })
  const [subject, witness] = [signerOf(1), signerOf(2)]
  const [subjectId, self] = [nodeIdText(subject.nodeId), nodeIdText(witness.nodeId)]
  hub.join(subjectId).serve(challengeProtocol(NETWORK), { ...CHALLENGE_LIMITS, handle: ({ bytes }) => answer(bytes) })
  const members = [subject, witness].map((one) => ({ id: nodeIdText(one.nodeId), key: one.nodeId, weight: 1n }))
  const measured: SealedAttestation[] = []
  const troubles: string[] = []
  const refused: string[] = []
  const network = hub.join(self)
  const witnessing = new Witnessing({
    time: world.time(),
    random: seededRandom(2n),
    signer: witness,
    network,
    networkId: NETWORK,
    slotNs: NS_PER_SEC,
    self,
    members: () => members,
    isDue: () => true,
    committee: (of) => members.filter(({ id }) => id !== of),
    read: () => (read ?? readingOf)(world),
    onMeasured: ({ attestation }) => measured.push(attestation),
    onRefused: ({ reason }) => refused.push(reason),
    onTrouble: ({ code }) => troubles.push(code),
  })
  const phase = challengePhaseNs(subjectId, 7, NS_PER_SEC)
  return { world, hub, subject, subjectId, self, witnessing, measured, refused, troubles, phase }
}

const answering = (aheadNs = 0n) => {
  const subject = setUp({ expected: () => ['w2'], read: () => readingOf(witness.world, aheadNs) })
  const witness = witnessOf((bytes) => subject.proving.answer('w2', bytes))
  return witness
}

test('a witness asks at the phase, times the answer, and bounds the offset by the round trip', async () => {
  const { world, witnessing, measured, phase } = answering(3n * NS_PER_MS)
  witnessing.plan(7, 0n)
  await world.runUntil(NS_PER_SEC)
  const [attestation] = measured
  ok(attestation !== undefined)
  const { sentEarliest, receivedLatest, roundTripNs } = attestation.attestation
  deepEqual(
    [sentEarliest - ORIGIN - phase, receivedLatest - ORIGIN - phase, roundTripNs],
    [-NS_PER_MS, 11n * NS_PER_MS, 10_000_000],
  )
  equal(world.pending, 0)
})

test('a phase that has passed is not made up for, and a closed witness asks nobody', async () => {
  const late = answering()
  late.witnessing.plan(7, -NS_PER_SEC)
  equal(late.world.pending, 0)
  const closed = answering()
  closed.witnessing.plan(7, 0n)
  closed.witnessing.close()
  equal(closed.world.pending, 0)
})

test('what comes to nothing, and what is said of it', async () => {
  const silent = witnessOf(() => new Promise(() => {}))
  silent.witnessing.plan(7, 0n)
  await silent.world.runUntil(4n * NS_PER_SEC)
  deepEqual([silent.refused, silent.troubles, silent.measured], [['timed-out'], [], []])

  const refusing = witnessOf(async () => ignore('clock-not-ready'))
  refusing.witnessing.plan(7, 0n)
  await refusing.world.runUntil(NS_PER_SEC)
  deepEqual([refusing.refused, refusing.troubles], [['answer-refused'], []])

  const babbling = witnessOf(async () => accept(new Uint8Array(9)))
  babbling.witnessing.plan(7, 0n)
  await babbling.world.runUntil(NS_PER_SEC)
  deepEqual([babbling.refused.length, babbling.measured.length], [1, 0])

  const gone = answering()
  gone.hub.disconnect(gone.self, gone.subjectId)
  gone.witnessing.plan(7, 0n)
  await gone.world.runUntil(NS_PER_SEC)
  deepEqual(gone.refused, ['not-connected'])
})

test('a proof that answers another challenge is refused: it was made before it was asked for', async () => {
  const subject = setUp({ expected: () => ['w2'] })
  const stale = await subject.proving.answer('w2', challenge(9))
  const witness = witnessOf(async () => stale)
  witness.witnessing.plan(7, 0n)
  await witness.world.runUntil(NS_PER_SEC)
  deepEqual([witness.refused, witness.measured], [['no-challenge'], []])
})

test('a witness whose clock is set back during the exchange says nothing that others would hold against it', async () => {
  const subject = setUp({ expected: () => ['w2'] })
  let reads = 0
  const witness = witnessOf(
    (bytes) => subject.proving.answer('w2', bytes),
    (world) => readingOf(world, (reads += 1) > 1 ? -9n * NS_PER_MS : 0n),
  )
  witness.witnessing.plan(7, 0n)
  await witness.world.runUntil(NS_PER_SEC)
  deepEqual([witness.refused, witness.measured], [['clock-moved'], []])
})
