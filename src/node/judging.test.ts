/** The judging half: what comes from the gossip in any order, what floods cannot do, and what is refused unseen. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC } from '../base/index.ts'
import { nodeIdText, sha3 } from '../crypto/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import type { Signer } from '../crypto/index.ts'
import { cidOf } from '../crypto/index.ts'
import { ZERO_DIGEST, sealTimeProof, signAttestation, signTimeProof } from '../proofs/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import type { CID } from '../codec/index.ts'
import { JUDGING_REASONS, Judging, PROOFS_PER_SLOT_MAX, WAITING_PER_WITNESS_MAX, readGenesis } from './index.ts'

const SLOT = 1_790_000_000
const START = BigInt(SLOT) * NS_PER_SEC
const signers = [1, 2, 3, 4, 5].map((byte) => memorySigner({ seed: new Uint8Array(32).fill(byte) }))
const at = (index: number): Signer => {
  const signer = signers[index]
  ok(signer !== undefined)
  return signer
}
const idOf = (index: number): string => nodeIdText(at(index).nodeId)
const genesis = readGenesis({ name: 'five', members: signers.map((_, i) => ({ id: idOf(i), name: `n${i}` })) })
const made = { proofs: 0, attestations: 0 }
const judging = (begun = true): Judging => {
  const judge = new Judging({
    genesis,
    now: () => START,
    onProof: () => (made.proofs += 1),
    onAttestation: () => (made.attestations += 1),
  })
  if (begun) judge.begin(SLOT)
  return judge
}
const proofBy = (
  signer: Signer,
  given: { readonly tai?: bigint; readonly networkId?: Uint8Array } = {},
): Promise<SealedProof> =>
  signTimeProof(signer, {
    networkId: given.networkId ?? genesis.networkId,
    tai: given.tai ?? signer.head().tai + NS_PER_SEC,
    uncertaintyNs: 1000,
    beacon: ZERO_DIGEST,
    nonce: sha3(Uint8Array.of(1)),
    sources: [],
  })
const freshSigner = (byte: number, tai = START): Signer =>
  memorySigner({ seed: new Uint8Array(32).fill(byte), head: { sequence: 0, tai, digest: ZERO_DIGEST } })
const attest = (witness: Signer, proof: CID, sentEarliest = START + NS_PER_SEC / 2n): Promise<SealedAttestation> =>
  signAttestation(witness, { proof, sentEarliest, receivedLatest: sentEarliest + 1_000_000n, roundTripNs: 1_000_000 })
const said = (admission: { readonly verdict: string; readonly reason?: string }): string =>
  admission.reason === undefined ? admission.verdict : `${admission.verdict} ${admission.reason}`
/** With the last byte of the signature changed. */
const spoilt = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, 0xff)
const stranger = freshSigner(99)

test('an attestation before its proof waits, and counts when the proof comes; said again, it is known', async () => {
  const judge = judging()
  const proof = await proofBy(freshSigner(1), { tai: START + NS_PER_SEC / 2n })
  const early = await attest(at(1), proof.cid)
  equal(said(judge.takeAttestation(early.bytes)), 'accept')
  deepEqual([judge.waiting, judge.admitted], [1, 0])
  equal(said(judge.takeProof(proof.bytes)), 'accept')
  deepEqual([judge.waiting, judge.admitted], [0, 1])
  equal(said(judge.takeAttestation(early.bytes)), 'ignore already-known')
  equal(said(judge.takeProof(proof.bytes)), 'ignore already-known')
  const [remembered] = judge.attestationsOf(idOf(0))
  deepEqual([remembered?.witness, remembered?.slot, remembered?.offset], [idOf(1), SLOT, { lo: -1_000_000n, hi: 0n }])
})

test('what is refused, and why', async () => {
  const judge = judging()
  const proof = await proofBy(freshSigner(1))
  const good = await attest(at(1), proof.cid)
  equal(said(judging(false).takeAttestation(good.bytes)), 'ignore clock-not-ready')
  equal(said(judge.takeAttestation((await attest(stranger, proof.cid)).bytes)), 'reject not-member')
  equal(said(judge.takeProof((await proofBy(stranger)).bytes)), 'reject not-member')
  equal(
    said(judge.takeProof((await proofBy(freshSigner(1), { networkId: ZERO_DIGEST })).bytes)),
    'reject wrong-network',
  )
  equal(said(judge.takeProof(spoilt(proof.bytes))), 'reject bad-signature')
  equal(said(judge.takeAttestation(spoilt(good.bytes))), 'reject bad-signature')
  equal(
    said(judge.takeProof((await proofBy(freshSigner(1), { tai: START + 61n * NS_PER_SEC })).bytes)),
    'ignore far-future',
  )
  equal(said(judge.takeAttestation((await attest(at(1), proof.cid, START - 1n)).bytes)), 'ignore slot-closed')
  equal(
    said(judge.takeAttestation((await attest(at(1), proof.cid, START + 9n * NS_PER_SEC)).bytes)),
    'ignore slot-too-far',
  )
  const late = await attest(at(1), proof.cid, START - 1n)
  equal(said(judge.takeAttestation(spoilt(late.bytes))), 'ignore slot-closed', 'before its signature is looked at')
  equal(said(judging(false).takeAttestation(spoilt(good.bytes))), 'ignore clock-not-ready')
  equal(judge.waiting, 0)
})

test('by a node that was not asked: ignored, and not remembered; of itself: own-witness', async () => {
  const small = readGenesis({
    name: 'small',
    parameters: { committeeSeats: 1 },
    members: signers.map((_, i) => ({ id: idOf(i), name: `n${i}` })),
  })
  const judge = new Judging({ genesis: small, now: () => START, onProof: () => {}, onAttestation: () => {} })
  judge.begin(SLOT)
  const proof = await proofBy(freshSigner(1), { networkId: small.networkId })
  judge.takeProof(proof.bytes)
  const seats = judge.committee(idOf(0), SLOT).map(({ id }) => id)
  equal(seats.length, 1)
  for (const index of [1, 2, 3, 4]) {
    const answer = said(judge.takeAttestation((await attest(at(index), proof.cid)).bytes))
    equal(answer, seats.includes(idOf(index)) ? 'accept' : 'ignore not-asked')
  }
  equal(said(judge.takeAttestation((await attest(at(0), proof.cid)).bytes)), 'ignore own-witness')
  deepEqual(
    judge.attestationsOf(idOf(0)).map(({ witness }) => witness),
    seats,
  )
})

test('a witness that names proofs which do not exist fills its own room only, and until the slot closes', async () => {
  const judge = judging()
  const proof = await proofBy(freshSigner(1))
  equal(said(judge.keepAttestation(await attest(at(2), proof.cid))), 'accept')
  for (let i = 0; i < WAITING_PER_WITNESS_MAX + 5; i += 1) {
    const answer = said(judge.keepAttestation(await attest(at(1), cidOf(Uint8Array.of(i)))))
    equal(answer, i < WAITING_PER_WITNESS_MAX ? 'accept' : 'ignore too-many-waiting')
  }
  equal(judge.waiting, WAITING_PER_WITNESS_MAX + 1)
  equal(said(judge.takeProof(proof.bytes)), 'accept')
  equal(judge.admitted, 1)
  judge.close(SLOT)
  equal(judge.waiting, 0)
})

test('an author that floods is passed on no further than 64 proofs a slot', async () => {
  const judge = judging()
  const flooder = freshSigner(1)
  const answers: string[] = []
  for (let i = 0; i < PROOFS_PER_SLOT_MAX + 2; i += 1)
    answers.push(said(judge.takeProof((await proofBy(flooder, { tai: flooder.head().tai + 1n })).bytes)))
  deepEqual(answers.slice(-3), ['accept', 'ignore too-many-proofs', 'ignore too-many-proofs'])
  equal(said(judge.takeProof((await proofBy(freshSigner(2))).bytes)), 'accept')
  judge.close(SLOT)
  equal(said(judge.takeProof((await proofBy(flooder)).bytes)), 'accept')
})

test('measurements of either proof of an equivocation count, so that nobody is told only the better half', async () => {
  const judge = judging()
  const [one, other] = [await proofBy(freshSigner(1)), await proofBy(freshSigner(1), { tai: START + 2n * NS_PER_SEC })]
  judge.takeAttestation((await attest(at(1), other.cid)).bytes)
  equal(said(judge.takeProof(one.bytes)), 'accept')
  equal(said(judge.takeProof(other.bytes)), 'ignore equivocation')
  deepEqual([judge.waiting, judge.admitted], [0, 1])
  equal(judge.chains.equivocations().length, 1)
})

test('claiming to know better than the witnesses agree is counted by the proof that they measured', async () => {
  const judge = judging()
  const sent = START + NS_PER_SEC / 2n
  const proof = await proofBy(freshSigner(1), { tai: sent + 10_000_000n })
  judge.takeProof(proof.bytes)
  for (const index of [1, 2, 3]) judge.takeAttestation((await attest(at(index), proof.cid, sent)).bytes)
  const later = sealTimeProof({
    ...proof.proof,
    sequence: 2,
    tai: proof.proof.tai + 1n,
    previous: proof.cid.multihash.digest,
    uncertaintyNs: 10_000_000_000,
  })
  equal(said(judge.keepProof(later)), 'accept')
  equal(judge.close(SLOT).find(({ id }) => id === idOf(0))?.finding.reason, 'in-range')
  deepEqual([judge.overconfidentCount(idOf(0)), judge.overconfidentCount(idOf(1))], [1, 0])
})

test('begins once; and anew where its own clock was far ahead', () => {
  const judge = judging()
  const docket = judge.begin(SLOT + 1)
  equal(judge.begin(SLOT), docket)
  judge.close(SLOT + 100)
  equal(judge.begin(SLOT + 92), docket)
  const renewed = judge.begin(SLOT + 91)
  ok(renewed !== docket)
  equal(renewed.closed, SLOT + 90)
})

test('the reasons of this half are these', () =>
  deepEqual([...JUDGING_REASONS], ['clock-not-ready', 'already-known', 'too-many-proofs', 'too-many-waiting']))
