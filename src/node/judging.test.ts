/** The judging half: what comes from the gossip in any order, what floods cannot do, and what is refused unseen. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'
import { genesisState, newDocket } from '../consensus/index.ts'
import type { ChainState } from '../consensus/index.ts'
import { nodeIdText, sha3 } from '../crypto/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import type { Signer } from '../crypto/index.ts'
import { cidOf } from '../crypto/index.ts'
import { ZERO_DIGEST, sealTimeProof, signAttestation, signTimeProof } from '../proofs/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import type { CID } from '../codec/index.ts'
import {
  JUDGING_REASONS,
  Judging,
  PROOFS_PER_SLOT_MAX,
  WAITING_PER_WITNESS_MAX,
  chainGenesisOf,
  readGenesis,
} from './index.ts'
import type { Genesis, JudgingOptions } from './index.ts'

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
const made: { proofs: number; attestations: number; witnessed: string[]; equivocators: string[] } = {
  proofs: 0,
  attestations: 0,
  witnessed: [],
  equivocators: [],
}
/** The chain as it is when the first slot to be closed is SLOT; without a docket, as it is before the first settled block. */
const chainOf = (of: Genesis, hasDocket = true): ChainState => {
  const state = genesisState(chainGenesisOf(of))
  return hasDocket ? { ...state, docket: newDocket(state.genesis, state.members, SLOT) } : state
}
const judgingFor = (given: Partial<JudgingOptions> = {}): Judging => {
  const of = given.genesis ?? genesis
  const chain = chainOf(of)
  return new Judging({
    genesis: of,
    now: () => START,
    chain: () => chain,
    onProof: () => (made.proofs += 1),
    onAttestation: () => (made.attestations += 1),
    onWitnessed: (proof, attestation) => made.witnessed.push(`${proof.cid.toString()} ${attestation.cid.toString()}`),
    onEquivocation: ({ author }) => made.equivocators.push(author),
    ...given,
  })
}
/** Before the first settled block, by a node without the time. */
const judgingWithout = (): Judging => {
  const chain = chainOf(genesis, false)
  return judgingFor({ now: () => undefined, chain: () => chain })
}
/** As when a block closes SLOT with these findings. */
const closeSlot = (
  judge: Judging,
  measured: readonly { readonly witness: string; readonly subject: string; readonly offset: NsInterval }[] = [],
): void => {
  const docket = newDocket(chainGenesisOf(genesis), chainOf(genesis).members, SLOT)
  for (const testimony of measured) equal(said(docket.record({ ...testimony, slot: SLOT })), 'accept')
  judge.settle([{ slot: SLOT, judgements: docket.close(SLOT) }])
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
  const judge = judgingFor()
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
  const judge = judgingFor()
  const proof = await proofBy(freshSigner(1))
  const good = await attest(at(1), proof.cid)
  equal(said(judgingWithout().takeAttestation(good.bytes)), 'ignore clock-not-ready')
  equal(said(judge.takeAttestation((await attest(stranger, proof.cid)).bytes)), 'ignore not-member')
  equal(said(judge.takeProof((await proofBy(stranger)).bytes)), 'ignore not-member')
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
    said(judge.takeAttestation((await attest(at(1), proof.cid, START + 20n * NS_PER_SEC)).bytes)),
    'ignore slot-too-far',
  )
  const late = await attest(at(1), proof.cid, START - 1n)
  equal(said(judge.takeAttestation(spoilt(late.bytes))), 'ignore slot-closed', 'before its signature is looked at')
  equal(said(judgingWithout().takeAttestation(spoilt(good.bytes))), 'ignore clock-not-ready')
  equal(judge.waiting, 0)
})

test('by a node that was not asked: ignored, and not remembered; of itself: own-witness', async () => {
  const small = readGenesis({
    name: 'small',
    parameters: { committeeSeats: 1 },
    members: signers.map((_, i) => ({ id: idOf(i), name: `n${i}` })),
  })
  const judge = judgingFor({ genesis: small })
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
  const judge = judgingFor()
  const proof = await proofBy(freshSigner(1))
  equal(said(judge.keepAttestation(await attest(at(2), proof.cid))), 'accept')
  for (let i = 0; i < WAITING_PER_WITNESS_MAX + 5; i += 1) {
    const answer = said(judge.keepAttestation(await attest(at(1), cidOf(Uint8Array.of(i)))))
    equal(answer, i < WAITING_PER_WITNESS_MAX ? 'accept' : 'ignore too-many-waiting')
  }
  equal(judge.waiting, WAITING_PER_WITNESS_MAX + 1)
  equal(said(judge.takeProof(proof.bytes)), 'accept')
  equal(judge.admitted, 1)
  closeSlot(judge)
  equal(judge.waiting, 0)
})

test('an author that floods is passed on no further than 64 proofs a slot', async () => {
  const judge = judgingFor()
  const flooder = freshSigner(1)
  const answers: string[] = []
  for (let i = 0; i < PROOFS_PER_SLOT_MAX + 2; i += 1)
    answers.push(said(judge.takeProof((await proofBy(flooder, { tai: flooder.head().tai + 1n })).bytes)))
  deepEqual(answers.slice(-3), ['accept', 'ignore too-many-proofs', 'ignore too-many-proofs'])
  equal(said(judge.takeProof((await proofBy(freshSigner(2))).bytes)), 'accept')
  closeSlot(judge)
  equal(said(judge.takeProof((await proofBy(flooder)).bytes)), 'accept')
})

test('measurements of either proof of an equivocation count, so that nobody is told only the better half', async () => {
  const judge = judgingFor()
  const [one, other] = [await proofBy(freshSigner(1)), await proofBy(freshSigner(1), { tai: START + 2n * NS_PER_SEC })]
  judge.takeAttestation((await attest(at(1), other.cid)).bytes)
  equal(said(judge.takeProof(one.bytes)), 'accept')
  equal(said(judge.takeProof(other.bytes)), 'ignore equivocation')
  deepEqual([judge.waiting, judge.admitted], [0, 1])
  equal(judge.chains.equivocations().length, 1)
  deepEqual(made.equivocators, [idOf(0)])
})

test('claiming to know better than the witnesses agree is counted by the proof that they measured', async () => {
  const judge = judgingFor()
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
  const offset = { lo: 9_000_000n, hi: 10_000_000n }
  closeSlot(
    judge,
    [1, 2, 3].map((index) => ({ witness: idOf(index), subject: idOf(0), offset })),
  )
  deepEqual([judge.overconfidentCount(idOf(0)), judge.overconfidentCount(idOf(1))], [1, 0])
})

test("at an epoch's end whoever has gone is forgotten, and whoever stays is not", async () => {
  let chain = chainOf(genesis)
  const judge = judgingFor({ chain: () => chain })
  for (const [subject, witness] of [
    [1, 1],
    [2, 0],
  ] as const) {
    const proof = await proofBy(freshSigner(subject), { tai: START + NS_PER_SEC / 2n })
    judge.takeProof(proof.bytes)
    judge.takeAttestation((await attest(at(witness), proof.cid)).bytes)
  }
  judge.takeProof((await proofBy(freshSigner(1), { tai: START + 2n * NS_PER_SEC })).bytes)
  const held = () =>
    [0, 1].map((index) => [judge.chains.head(idOf(index)) !== undefined, judge.attestationsOf(idOf(index)).length])
  const others = chain.members.filter(({ id }) => id !== idOf(0))
  chain = { ...chain, members: others }
  judge.settle([])
  deepEqual(
    [held(), judge.chains.held],
    [
      [
        [true, 1],
        [true, 1],
      ],
      3,
    ],
  )
  chain = { ...chain, epoch: 1 }
  judge.settle([])
  deepEqual(
    [held(), judge.chains.held, judge.chains.equivocations()],
    [
      [
        [false, 0],
        [true, 1],
      ],
      1,
      [],
    ],
  )
})

test('before the chain has settled a time, the own clock says which slots may be spoken of', async () => {
  const chain = chainOf(genesis, false)
  const judge = judgingFor({ chain: () => chain })
  const proof = await proofBy(freshSigner(1))
  const ask = async (slots: bigint): Promise<string> =>
    said(judge.takeAttestation((await attest(at(1), proof.cid, START + slots * NS_PER_SEC)).bytes))
  deepEqual([await ask(-9n), await ask(9n)], ['ignore slot-closed', 'ignore slot-too-far'])
  deepEqual([await ask(-8n), await ask(8n)], ['accept', 'accept'])
})

test('the reasons of this half are these', () =>
  deepEqual([...JUDGING_REASONS], ['clock-not-ready', 'already-known', 'too-many-proofs', 'too-many-waiting']))
