/** The engine's smaller parts, each alone: pools of evidence, what is held for the next height, questions, catching up, known signatures, restoring. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Codec } from '../codec/index.ts'
import { SEC, World } from './engine.test-kit.ts'
import { CatchingUp, LIE_NS, PAUSE_NS, SLICE_BLOCKS_MAX } from './catching-up.ts'
import { ChainScript, scriptMember } from './chain-script.test-kit.ts'
import { genesisState } from './chain-state.ts'
import { HELD_PROPOSALS_OF_PEER_MAX, HELD_VOTES_OF_PEER_MAX, HeldMessages } from './engine-held.ts'
import { withKnownPrecommits } from './known-signatures.ts'
import { MemoryBlocks } from './memory-blocks.ts'
import { OFFENCES_OF_ONE_MAX, OffencePool } from './offence-pool.ts'
import {
  ANSWER_BLOCKS_MAX,
  blocksAnswerCodec,
  blocksQuestionCodec,
  missingOf,
  roundAnswerCodec,
  roundQuestionCodec,
  roundQuestionOf,
  snapshotAnswerCodec,
  snapshotQuestionCodec,
} from './questions.ts'
import { restoreChain } from './restoring.ts'
import { TimeEvidencePool } from './time-evidence-pool.ts'
import { timePart, votePart } from './vote.ts'
import type { SignedVote } from './vote.ts'
import { validatorsOf, voteOf } from './round-machine.test-kit.ts'

const members = ['a', 'b', 'c', 'd'].map(scriptMember)
const stranger = scriptMember('stranger')
const slotNs = 1_000_000_000n

/** A chain with evidence, and what its next block would hold of it. */
const scriptWithEvidence = () => {
  const script = new ChainScript({ members })
  script.steps(4)
  const block = script.make({})
  const { witnessed } = block.body
  ok(witnessed.length === 4)
  return { script, block, witnessed }
}

test('time evidence: grouped by proof, each witness once, gone when it is in a block', () => {
  const { script, block, witnessed } = scriptWithEvidence()
  const pool = new TimeEvidencePool(slotNs)
  for (const { proof, attestations } of witnessed)
    for (const attestation of attestations) {
      ok(pool.add(proof, attestation))
      ok(!pool.add(proof, attestation))
      ok(pool.has(attestation.cid.toString()) && pool.has(proof.cid.toString()))
    }
  equal(
    pool.size,
    witnessed.reduce((sum, { attestations }) => sum + attestations.length, 0),
  )
  const room = { closed: 0, bytesMax: 100_000 }
  deepEqual(
    pool.take(room).map(({ proof, attestations }) => [proof, attestations.length]),
    witnessed.map(({ proof, attestations }) => [proof, attestations.length]),
  )
  const [first] = witnessed
  ok(first !== undefined)
  const one = {
    ...block,
    body: { ...block.body, witnessed: [{ ...first, attestations: first.attestations.slice(1) }] },
  }
  pool.settle(one, 0)
  deepEqual(pool.take(room)[0]?.attestations, first.attestations.slice(0, 1))
  equal(pool.take({ ...room, bytesMax: 10 }).length, 0)
  equal(pool.take({ ...room, closed: script.slot }).length, 0)
  pool.settle(block, script.slot)
  equal(pool.size, 0)
  ok(!pool.add(first.proof, first.attestations[0] ?? raise()))
})

test('time evidence: what was in a block before it was heard of is not proposed', () => {
  const { block, witnessed } = scriptWithEvidence()
  const pool = new TimeEvidencePool(slotNs)
  pool.settle(block, 0)
  for (const { proof, attestations } of witnessed)
    for (const attestation of attestations) ok(!pool.add(proof, attestation))
  deepEqual(pool.take({ closed: 0, bytesMax: 100_000 }), [])
})

test('offences: two proofs of long ago are as old for the pool as for a block', () => {
  const script = new ChainScript({ members })
  script.steps(4)
  const [witnessed] = script.make({}).body.witnessed
  ok(witnessed !== undefined)
  const { state } = script
  const { offenceAgeMax } = script.genesis.parameters
  const verdicts = [offenceAgeMax, offenceAgeMax + 1].map((age) => {
    const tai = state.time.earliest - BigInt(age) * slotNs
    const second = { ...witnessed.proof, proof: { ...witnessed.proof.proof, tai } }
    return new OffencePool().admits({ type: 'proofs', first: second, second: witnessed.proof }, state)
  })
  deepEqual(
    verdicts.map((one) => (one.verdict === 'accept' ? '' : one.reason)),
    ['', 'offence-without-effect'],
  )
})

test('offences: each once, of one offender some, gone when in a block or punished', () => {
  const script = new ChainScript({ members })
  script.steps(3)
  const [a, b] = members
  ok(a && b)
  const pool = new OffencePool()
  const first = script.equivocation(a, 1)
  ok(pool.add(first, script.state) !== undefined)
  equal(pool.add(first, script.state), undefined)
  script.meet(stranger)
  equal(pool.add(script.equivocation(stranger, 1), script.state), undefined)
  for (let height = 2; height < 20; height += 1) pool.add(script.equivocation(a, height), script.state)
  equal(pool.size, OFFENCES_OF_ONE_MAX)
  ok(pool.add(script.equivocation(b, 1), script.state) !== undefined)
  equal(pool.take(100_000).offences.length, OFFENCES_OF_ONE_MAX + 1)
  equal(pool.take(0).offences.length, 0)
  script.step({ offences: [first] })
  const { pending } = script.state
  ok(pending !== undefined)
  equal(new OffencePool().add(first, script.state), undefined)
  pool.settle(pending, script.state)
  equal(pool.size, OFFENCES_OF_ONE_MAX)
  script.step()
  pool.settle(script.state.pending ?? pending, script.state)
  // Who has nothing left to lose is not accused further.
  equal(pool.size, 1)
})

const votes = [0, 1, 2].flatMap((by) =>
  [0, 1].flatMap((round) =>
    (['prevote', 'precommit'] as const).map((kind) => voteOf({ by, kind, round, block: null })),
  ),
)
const four = validatorsOf([1n, 1n, 1n, 1n])

test('held messages: bounded for each peer', () => {
  const held = new HeldMessages()
  const message = { type: 'vote', vote: votes[0] ?? raise() } as const
  const one = { message, elapsedNs: 0n, reading: undefined, isLate: false }
  for (let i = 0; i < HELD_VOTES_OF_PEER_MAX; i += 1) ok(held.add('peer', one))
  ok(!held.add('peer', one))
  ok(held.add('other', one))
  equal(held.take().length, HELD_VOTES_OF_PEER_MAX + 1)
  equal(held.size, 0)
  ok(held.add('peer', one))
  equal(HELD_PROPOSALS_OF_PEER_MAX, 2)
})

test('a round question names what is held, and the answer is the rest', () => {
  fc.assert(
    fc.property(fc.subarray(votes), fc.subarray(votes), (asker, answerer) => {
      const question = roundQuestionOf({ height: 1, round: 1, validators: four }, { proposals: [], votes: asker })
      const read = roundQuestionCodec.decode(roundQuestionCodec.encode(question))
      ok(read.verdict === 'accept')
      const missing = missingOf(read.value, { proposals: [], votes: answerer }, four)
      deepEqual(
        missing.votes,
        answerer.filter((vote) => !asker.includes(vote)),
      )
    }),
    { numRuns: 60 },
  )
})

test('questions and answers: one spelling, and noise is none', () => {
  const [n, bytes] = [new Uint8Array(0), Uint8Array.of(1, 2)]
  const isSpelled = <T>(codec: Codec<T>, value: T): void => {
    const encoded = codec.encode(value)
    const read = codec.decode(encoded)
    deepEqual(read.verdict === 'accept' ? read.value : undefined, value)
    equal(codec.decode(Uint8Array.of(...encoded, 0)).verdict, 'reject')
  }
  isSpelled(roundAnswerCodec, { height: 3, messages: [bytes], decided: [{ block: bytes, commit: n }] })
  isSpelled(blocksQuestionCodec, { from: 7 })
  isSpelled(blocksAnswerCodec, { last: 9, blocks: [{ block: bytes, commit: bytes }] })
  isSpelled(snapshotQuestionCodec, { trusted: 5, height: 8, offset: 500_000 })
  isSpelled(snapshotAnswerCodec, { height: 8, total: 2, proof: bytes, part: bytes })
  equal(blocksQuestionCodec.decode(blocksQuestionCodec.encode({ from: 0 })).verdict, 'reject')
  const many = Array.from({ length: ANSWER_BLOCKS_MAX + 1 }, () => ({ block: n, commit: n }))
  equal(blocksAnswerCodec.decode(blocksAnswerCodec.encode({ last: 9, blocks: many })).verdict, 'reject')
})

const answered = (count: number) => ({
  last: 1000,
  blocks: Array.from({ length: count }, () => ({ block: new Uint8Array(1), commit: new Uint8Array(1) })),
})

test('catching up: peers in turn, one question at a time, slices of one peer and one epoch', () => {
  const catching = new CatchingUp()
  catching.setPeers(['a', 'b', 'c'])
  ok(
    catching.heard('a', 500) && catching.heard('b', 500) && !catching.heard('a', 400) && !catching.heard('stranger', 9),
  )
  equal(catching.newest(0n), 500)
  const first = catching.toAsk(0, 0n)
  deepEqual(first, { peer: 'a', from: 1 })
  ok(first !== undefined)
  catching.asking(1, first)
  equal(catching.toAsk(0, 0n), undefined)
  equal(catching.answered(2), undefined)
  deepEqual(catching.answered(1), { ...first, request: 1 })
  catching.take(first, answered(100), 0n)
  const second = catching.toAsk(0, 0n)
  deepEqual(second, { peer: 'b', from: 101 })
  ok(second !== undefined)
  catching.take(second, answered(10), 0n)
  deepEqual(
    catching.slice(0, 1000).map(({ stored }) => stored.height),
    Array.from({ length: SLICE_BLOCKS_MAX }, (_, i) => i + 1),
  )
  equal(catching.slice(64, 70).length, 6)
  equal(catching.slice(64, 1000).length, 36)
  equal(catching.slice(100, 1000).length, 10)
  equal(catching.slice(105, 1000).length, 5)
  equal(catching.slice(111, 1000).length, 0)
  equal(catching.waiting, 0)
})

test('catching up: who has nothing rests a little, who lied for long, who went is forgotten', () => {
  const catching = new CatchingUp()
  catching.setPeers(['a', 'b'])
  catching.heard('a', 50)
  catching.heard('b', 50)
  catching.take({ peer: 'a', from: 1 }, { last: 0, blocks: [] }, 0n)
  catching.heard('a', 60)
  deepEqual([catching.nextPeer(0n), catching.nextPeer(0n)], ['b', 'b'])
  equal(catching.newest(0n), 50)
  equal(catching.newest(PAUSE_NS), 60)
  catching.rest('b', 0n, LIE_NS)
  equal(catching.newest(LIE_NS - 1n), 60)
  catching.setPeers(['b', 'c'])
  equal(catching.newest(PAUSE_NS), 0)
  deepEqual(catching.nextPeer(PAUSE_NS), 'c')
})

test('known signatures: asked for what is not known, and for what differs in anything', () => {
  const precommit: SignedVote = voteOf({ by: 1, kind: 'precommit', round: 0, block: 'ab'.repeat(32) })
  let asked = 0
  const verifier = withKnownPrecommits({ verify: () => ((asked += 1), false) }, () => [precommit])
  const { vote, time } = precommit
  ok(time !== null)
  const known = [
    { publicKey: vote.author, ...votePart(vote), signature: vote.signature },
    { publicKey: vote.author, ...timePart(time), signature: time.signature },
  ]
  for (const question of known) ok(verifier.verify(question))
  equal(asked, 0)
  const [question] = known
  ok(question !== undefined)
  const others = [
    { ...question, publicKey: new Uint8Array(32) },
    { ...question, domain: 'truechimer/other/1' },
    { ...question, body: new Uint8Array(3) },
    { ...question, signature: new Uint8Array(64).fill(1) },
  ]
  for (const other of others) equal(verifier.verify(other), false)
  equal(asked, others.length)
})

/** What four engines decided, as a store. */
const decidedStore = () => {
  const world = new World({ validators: 4, paceNs: 0n })
  world.start()
  ok(world.reach(6, 3n * SEC))
  return { genesis: world.genesis, store: world.node(0).store, state: world.node(0).state }
}

test('restoring: an empty store is the genesis; a whole one its last state', () => {
  const { genesis, store, state } = decidedStore()
  deepEqual(restoreChain(genesis, new MemoryBlocks()), { state: genesisState(genesis) })
  const restored = restoreChain(genesis, store)
  equal(restored.state.blockId, state.blockId)
  equal(restored.tip?.block.id, state.blockId)
})

test('restoring: what does not follow, cannot be read or has no beginning is not believed', () => {
  const { genesis, store } = decidedStore()
  const blocks = store.blocks(1, { countMax: 6, bytesMax: 1_000_000 })
  const changes: readonly ((place: number) => MemoryBlocks)[] = [
    (place) => storeOf(blocks.map((one, i) => (i === place ? { ...one, block: one.block.slice(1) } : one))),
    (place) => storeOf(blocks.map((one, i) => (i === place ? { ...one, commit: new Uint8Array(0) } : one))),
    (place) =>
      storeOf(blocks.map((one, i) => (i === place ? { ...one, block: blocks[(i + 1) % 6]?.block ?? one.block } : one))),
    () => storeOf(blocks.slice(2)),
    () => {
      const other = storeOf(blocks)
      other.keepSnapshot({ height: 2, state: new Uint8Array(9) })
      return other
    },
  ]
  for (const change of changes) throws(() => restoreChain(genesis, change(3)), { code: 'TC_CONSENSUS_STORE' })
})

test('restoring: a store of another network is told as that', () => {
  const { genesis, store } = decidedStore()
  const other = { ...genesis, networkId: new Uint8Array(32).fill(7) }
  throws(() => restoreChain(other, store), {
    code: 'TC_CONSENSUS_STORE',
    message: /another network than genesis\.json/,
  })
})

const storeOf = (blocks: Parameters<MemoryBlocks['append']>[0]): MemoryBlocks => {
  const store = new MemoryBlocks()
  store.append(blocks)
  return store
}

const raise = (): never => {
  throw new TypeError('there is none')
}
