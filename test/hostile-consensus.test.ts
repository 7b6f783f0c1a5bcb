/**
 * A validator among validators, attacked by strangers and by one of its own: everything wrong that can be said on the four topics and asked by the three
 * protocols of consensus. Each attack shows in the node's counters under its reason; while it goes on the honest decide, and after all of it
 * they hold one chain, nobody honest is charged or convicted, whoever lied with two signatures is, and no memory is held.
 *
 * Three quarters of the weight are honest. Waits for events of the node, never for time.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { NS_PER_SEC, TAI_MAX, hexOf } from '../src/base/index.ts'
import { encodeData } from '../src/codec/index.ts'
import type { SealedTransaction } from '../src/consensus/index.ts'
import { VOTES_BURST_MAX } from '../src/consensus/message-reader.ts'
import {
  ANSWER_BYTES_MAX,
  blocksAnswerCodec,
  blocksQuestionCodec,
  roundQuestionCodec,
  snapshotQuestionCodec,
} from '../src/consensus/questions.ts'
import { CONSENSUS_QUESTIONS, CONSENSUS_TOPICS, consensusProtocol, consensusTopic } from '../src/network/index.ts'
import type { ConsensusTopic } from '../src/network/index.ts'
import { frameOf, readFrame } from '../src/network/io/frames.ts'
import { FollowedChain, askBytes } from './hostile/consensus-chain.ts'
import {
  blockAfter,
  blockWith,
  forgeTransaction,
  forgeVote,
  proposalBytes,
  voteBytes,
  votesEvidence,
} from './hostile/consensus-forgery.ts'
import { fresh, nowTai, otherShape, respelt, truncated } from './hostile/forgery.ts'
import { HostilePeer } from './hostile/peer.ts'
import { HONEST_WEIGHT, SLOT_NS, heldBytes, hostileKey, loopDelayNs, openStage, watchLoop } from './hostile/stage.ts'
import type { HostileMember, Stage } from './hostile/stage.ts'
import { Watch } from './hostile/watch.ts'

const FAR = 2 ** 52
const STRANGERS_FROM = 2000
/** Signed things in a block that is as heavy as the genesis allows. */
const HEAVY = 2500

let stage: Stage
let watch: Watch
let networkId: Uint8Array
let liar: HostileMember
let peer: HostilePeer
let chain: FollowedChain
let heldBefore: number
let heavy: readonly SealedTransaction[]
const closing = new AsyncDisposableStack()

let strangers = STRANGERS_FROM
const stranger = (): HostileMember => {
  strangers += 1
  return hostileKey(strangers)
}
const open = async (who: HostileMember, serve: Readonly<Record<string, (stream: Stream) => void>> = {}) =>
  closing.use(await HostilePeer.open({ seed: who.seed, address: stage.target.address, networkId, serve }))
const topic = (kind: ConsensusTopic): string => consensusTopic(kind, networkId)

before(async () => {
  stage = await openStage(
    1,
    {},
    {
      hostileWeight: HONEST_WEIGHT,
      consensus: { timeoutProposeNs: 400_000_000, timeoutStepNs: 100_000_000, candidatesMax: 4 },
    },
  )
  networkId = stage.genesis.networkId
  const [first] = stage.hostile
  ok(first !== undefined)
  liar = first
  watch = new Watch(stage.target)
  await watch.untilFreshEvidence(stage.others)
  peer = await open(liar)
  chain = new FollowedChain(stage.genesis, peer)
  const at = nowTai()
  const acted = { earliest: at - NS_PER_SEC, latest: at + 600n * NS_PER_SEC }
  const authors = Array.from({ length: 64 }, stranger)
  heavy = Array.from({ length: HEAVY }, (_, i) =>
    forgeTransaction(authors[i % authors.length] ?? liar, networkId, { sequence: i + 1, acted }),
  )
  // By then they have greeted each other.
  await goesOn(1)
  heldBefore = await heldBytes(stage.target.program)
  await watchLoop(stage.target.program)
})
after(async () => {
  await closing.disposeAsync()
  await watch[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

/** 64 bytes that are no signature. */
const fresh2 = (): Uint8Array => Uint8Array.of(...fresh(), ...fresh())

/** Height of the newest block of the node that is attacked. */
const height = async (): Promise<number> => {
  const { blocks } = await stage.target.client.blocks({ limit: 1 })
  return blocks[0]?.height ?? 0
}

/** The honest go on deciding: so many heights more than now. */
const goesOn = async (by = 2): Promise<void> => {
  const from = await height()
  let now = from
  await watch.until(
    async () => (now = await height()) >= from + by,
    () => `height ${now} after ${from}`,
  )
}

interface Attack {
  readonly what: string
  readonly channel: string
  readonly reason: string
  /** Made anew for each attempt. */
  readonly send: () => unknown
}
const kindOf = ({ channel, reason }: Attack): string => `${channel} ${reason}`

/** Sends each and waits until one more of its kind is counted; what an instant spoils is sent again. */
const provoke = async (attacks: readonly Attack[]): Promise<void> => {
  const overdue = AbortSignal.timeout(30_000)
  const counted = new Map(await watch.refusals())
  let left = [...attacks]
  while (left.length > 0) {
    ok(!overdue.aborted, `never refused: ${left.map((one) => `${one.what} (${kindOf(one)})`).join('; ')}`)
    const round = [...new Map(left.toReversed().map((one) => [kindOf(one), one])).values()]
    for (const { send } of round) await send()
    let now = await watch.refusals()
    const isSeen = (one: Attack): boolean => (now.get(kindOf(one)) ?? 0) > (counted.get(kindOf(one)) ?? 0)
    for (let looks = 0; looks < 4 && !round.every(isSeen); looks += 1) {
      await watch.next()
      now = await watch.refusals()
    }
    const seen = round.filter(isSeen)
    for (const one of seen) counted.set(kindOf(one), now.get(kindOf(one)) ?? 0)
    left = left.filter((one) => !seen.includes(one))
  }
}

/** Bytes on a topic, and why they are refused. */
const on = (kind: ConsensusTopic, what: string, reason: string, make: () => Uint8Array): Attack => ({
  what,
  channel: topic(kind),
  reason,
  send: () => peer.gossip(topic(kind), make()),
})

/** How late the event loop came round at the worst is for people; a block that is read at once would make it seconds on a busy machine. */
const holdsLoop = async (t: TestContext): Promise<void> => {
  const worst = await loopDelayNs(stage.target.program)
  t.diagnostic(`event loop at the worst ${Math.round(worst / 1e6)} ms late`)
  ok(worst < 3 * Number(SLOT_NS), `${worst} ns`)
}

test('what is no message of consensus', async (t) => {
  await provoke(
    CONSENSUS_TOPICS.flatMap((kind) => [
      on(kind, 'chance', 'malformed', () => Uint8Array.of(0xff, ...fresh())),
      on(kind, 'a second spelling', 'non-canonical', () => respelt(encodeData([fresh()]))),
      on(kind, 'something else', 'wrong-shape', otherShape),
    ]),
  )
  await holdsLoop(t)
})

test('votes: forged, of strangers, of elsewhere, of heights that are not', async () => {
  const vote = (given: Parameters<typeof forgeVote>[2] = {}): Uint8Array =>
    voteBytes(liar, forgeVote(liar, networkId, { height: chain.state.height + 1, ...given }))
  await chain.follow()
  await provoke([
    on('votes', 'cut off', 'malformed', () => truncated(vote())),
    on('votes', 'of a stranger', 'not-validator', () => {
      const who = stranger()
      return voteBytes(who, forgeVote(who, networkId, { height: chain.state.height + 1 }))
    }),
    on('votes', 'of another network', 'wrong-network', () => vote({ networkId: fresh() })),
    on('votes', 'not signed', 'bad-vote-signature', () => vote({ signature: fresh2() })),
    on('votes', 'a time that is not signed', 'bad-time-signature', () =>
      voteBytes(liar, forgeVote(liar, networkId, { height: chain.state.height + 1, kind: 'precommit' }), fresh2()),
    ),
    on('votes', 'of the far future', 'height-ahead', () => vote({ height: FAR })),
    on('votes', 'of long ago', 'height-over', () => vote({ height: 1, round: 65_535 })),
  ])
  await goesOn()
})

test('transactions: of strangers, expired, of the future, twice, and joins without end', async (t) => {
  const mine = (given: Parameters<typeof forgeTransaction>[2] = {}): Uint8Array =>
    forgeTransaction(stranger(), networkId, given).bytes
  const acted = (from: bigint) => ({ acted: { earliest: from, latest: from + 1n } })
  const taken = stranger()
  const forever = { earliest: 0n, latest: TAI_MAX }
  await provoke([
    on('transactions', 'of another network', 'wrong-network', () => mine({ networkId: fresh() })),
    on('transactions', 'not signed', 'bad-signature', () => mine({ signature: fresh2() })),
    on('transactions', 'a join with a load', 'bad-payload', () => mine({ payload: fresh() })),
    on('transactions', 'a stranger that leaves', 'author-unknown', () => mine({ kind: 'leave' })),
    on('transactions', 'long expired', 'time-before-block', () => mine(acted(1n))),
    on('transactions', 'of the far future', 'time-after-block', () => mine(acted(TAI_MAX - 1n))),
    {
      what: 'twice with one sequence',
      channel: topic('transactions'),
      reason: 'sequence-waiting',
      send: async () => {
        for (const latest of [TAI_MAX, TAI_MAX - 1n]) {
          const { bytes } = forgeTransaction(taken, networkId, { acted: { earliest: 0n, latest } })
          await peer.gossip(topic('transactions'), bytes)
        }
      },
    },
  ])
  await provoke([
    {
      what: 'joins without end',
      channel: topic('transactions'),
      reason: 'candidates-full',
      send: () =>
        peer.flood(
          topic('transactions'),
          Array.from({ length: 100 }, () => mine({ acted: forever })),
        ),
    },
  ])
  await goesOn()
  await holdsLoop(t)
})

test('evidence: forged, of nobody, of strangers is not passed on; of the liar it costs the liar, once', async () => {
  const pair = (who: HostileMember, given: Parameters<typeof forgeVote>[2] = {}) => {
    const place = { height: chain.state.height, round: 9, ...given }
    return [forgeVote(who, networkId, place), forgeVote(who, networkId, place)] as const
  }
  await chain.follow()
  const [honest] = stage.others
  ok(honest !== undefined)
  const framed = stage.genesis.members.find(({ id }) => id === honest.id)
  ok(framed !== undefined)
  await provoke([
    on('offences', 'no conflict', 'no-conflict', () => {
      const [first] = pair(liar)
      return votesEvidence(first, first)
    }),
    on('offences', 'of two authors', 'different-authors', () => votesEvidence(pair(liar)[0], pair(stranger())[0])),
    on('offences', 'of two heights', 'different-places', () =>
      votesEvidence(pair(liar)[0], pair(liar, { height: chain.state.height + 1 })[0]),
    ),
    on('offences', 'of an honest one, by another’s key', 'bad-signature', () =>
      votesEvidence(...pair(liar, { author: framed.key })),
    ),
    on('offences', 'of a stranger', 'offence-without-effect', () => votesEvidence(...pair(stranger()))),
    {
      what: 'again and again',
      channel: topic('offences'),
      reason: 'offence-known',
      send: async () => {
        for (let i = 0; i < 3; i += 1) await peer.gossip(topic('offences'), votesEvidence(...pair(liar)))
      },
    },
  ])
  const integrity = async (id: string): Promise<number | undefined> =>
    (await stage.target.client.validators()).validators.find((one) => one.id === id)?.integrity
  let left: number | undefined
  await watch.until(
    async () => ((left = await integrity(liar.id)) ?? 0) < 1e9,
    () => `integrity ${left}`,
  )
  for (const { id } of [stage.target, ...stage.others]) equal(await integrity(id), 1e9)
})

test('votes by the thousand under a validator’s key: few are read, and the honest go on', async (t) => {
  const flood = Array.from({ length: VOTES_BURST_MAX + 200 }, (_, i) =>
    voteBytes(liar, forgeVote(liar, networkId, { height: FAR, round: i })),
  )
  await provoke([
    {
      what: 'more than an honest one can have to say',
      channel: topic('votes'),
      reason: 'too-many-votes',
      send: async () => {
        for (const bytes of flood) await peer.gossip(topic('votes'), bytes)
      },
    },
  ])
  await goesOn()
  await holdsLoop(t)
})

test('proposals: forged, of elsewhere, out of turn, that cannot be read', async () => {
  const commit = await chain.follow()
  const turn = chain.turnOf(liar)
  const proposer = liar.key.publicKey
  const good = () => blockAfter(chain.state, commit, { round: turn, proposer })
  await provoke([
    on('proposals', 'of a stranger', 'not-validator', () => {
      const who = stranger()
      return proposalBytes(who, blockWith(good(), { height: FAR, proposer: who.key.publicKey }))
    }),
    on('proposals', 'not signed', 'bad-proposal-signature', () => proposalBytes(liar, good(), { signature: fresh2() })),
    on('proposals', 'of the far future', 'height-ahead', () => proposalBytes(liar, blockWith(good(), { height: FAR }))),
    on('proposals', 'of long ago', 'height-over', () => proposalBytes(liar, blockWith(good(), { height: 1 }))),
    on('proposals', 'another block than it says', 'wrong-block', () =>
      proposalBytes(liar, blockWith(good(), { height: chain.state.height + 2 }), { block: hexOf(fresh()) }),
    ),
    on('proposals', 'no block', 'bad-block', () => {
      const block = { ...blockWith(good(), { height: chain.state.height + 2 }), bytes: fresh() }
      return proposalBytes(liar, block)
    }),
    {
      what: 'out of turn',
      channel: topic('proposals'),
      reason: 'wrong-proposer',
      send: async () => {
        const newest = await chain.follow()
        const round = chain.turnOf(liar) + 1
        await peer.gossip(topic('proposals'), proposalBytes(liar, blockAfter(chain.state, newest, { round, proposer })))
      },
    },
  ])
  await goesOn()
})

test('a proposer that proposes on and on, blocks of thousands of signatures: two are looked at, in turns', async (t) => {
  await loopDelayNs(stage.target.program)
  await provoke([
    {
      what: 'many blocks in one round',
      channel: topic('proposals'),
      reason: 'too-many-proposals',
      send: async () => {
        const commit = await chain.follow()
        const round = chain.turnOf(liar)
        const proposer = liar.key.publicKey
        for (let i = 0; i < 2; i += 1) {
          const transactions = heavy.slice(i)
          const block = blockAfter(chain.state, commit, { round, proposer, transactions })
          await peer.gossip(topic('proposals'), proposalBytes(liar, block))
        }
        const light = blockAfter(chain.state, commit, { round, proposer })
        for (let i = 0; i < 4; i += 1) {
          const block = blockWith(light, { height: chain.state.height + 2, parent: hexOf(fresh()) })
          await peer.gossip(topic('proposals'), proposalBytes(liar, block))
        }
      },
    },
  ])
  await goesOn()
  await holdsLoop(t)
})

test('questions: garbage, of heights that are not, of everything, again and again', async (t) => {
  const asker = await open(stranger())
  const ask = (question: (typeof CONSENSUS_QUESTIONS)[number], bytes: Uint8Array) =>
    askBytes(asker, { question, networkId, bytes })
  const at = chain.state.height
  for (const question of CONSENSUS_QUESTIONS) {
    equal(await ask(question, Uint8Array.of(0xff, 1)), undefined)
    equal(await ask(question, encodeData(['x'])), undefined)
  }
  const votes = Array.from({ length: 40 }, (_, round) => ({
    round,
    kind: 'prevote' as const,
    places: new Uint8Array(128).fill(255),
  }))
  const proposals = Array.from({ length: 64 }, (_, round) => ({ round, block: hexOf(fresh()) }))
  ok(await ask('round', roundQuestionCodec.encode({ height: at + 1, round: 65_535, proposals, votes })))
  const far = await ask('blocks', blocksQuestionCodec.encode({ from: FAR }))
  const none = blocksAnswerCodec.decode(far ?? new Uint8Array(0))
  ok(none.verdict === 'accept' && none.value.blocks.length === 0)
  ok(await ask('snapshot', snapshotQuestionCodec.encode({ trusted: FAR, height: 0, offset: 0 })))
  equal(await ask('snapshot', snapshotQuestionCodec.encode({ trusted: 1, height: 1, offset: 4_000_000 })), undefined)
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => ask('blocks', blocksQuestionCodec.encode({ from: 1 })).catch(() => undefined)),
  )
  ok(answers.some((bytes) => bytes === undefined) && answers.every((bytes) => (bytes?.length ?? 0) <= ANSWER_BYTES_MAX))
  await goesOn()
  await holdsLoop(t)
})

test('peers that claim to be far ahead, and then lie or say nothing: they are charged or left, and nobody waits for them', async () => {
  const protocol = consensusProtocol('blocks', networkId)
  let asked = 0
  const lying = (make: (() => Uint8Array) | undefined) => ({
    [protocol]: (stream: Stream) => {
      asked += 1
      if (make === undefined) return
      void readFrame(stream, { bytesMax: 256, signal: AbortSignal.timeout(60_000) }).then((said) => {
        if ('bytes' in said && stream.status === 'open') stream.send(frameOf(make()))
      })
    },
  })
  const wrong = () =>
    blocksAnswerCodec.encode({ last: FAR, blocks: [{ block: encodeData(['no block']), commit: new Uint8Array(0) }] })
  const liars = await Promise.all([
    open(stranger(), lying(undefined)),
    open(stranger(), lying(otherShape)),
    open(stranger(), lying(wrong)),
  ])
  const claim = roundQuestionCodec.encode({ height: FAR, round: 0, proposals: [], votes: [] })
  const claimAll = () =>
    Promise.all(
      liars.map((one) => askBytes(one, { question: 'round', networkId, bytes: claim }).catch(() => undefined)),
    )
  await provoke([
    { what: 'no answer', channel: 'consensus', reason: 'bad-answer', send: claimAll },
    { what: 'no blocks', channel: 'consensus', reason: 'sync-malformed', send: claimAll },
  ])
  ok(asked > 2)
  await goesOn(4)
})

test('after all of it: one chain, nobody honest charged, no memory held', async (t) => {
  await closing.disposeAsync()
  await watch.untilFreshEvidence(stage.others)
  const { target, others } = stage
  const last = await height()
  const ids = async ({ client }: typeof target): Promise<readonly string[]> =>
    Promise.all([1, 2, 3, last >> 1, last - 1].map(async (at) => (await client.block(`${at}`)).id))
  for (const other of others) deepEqual(await ids(other), await ids(target))
  const names = [target, ...others].map(({ id }) => id)
  deepEqual(
    watch.verdicts.filter(({ id, to }) => names.includes(id) && to !== 'truechimer'),
    [],
  )
  const held = await heldBytes(target.program)
  t.diagnostic(`${last} heights; ${heldBefore} bytes before, ${held} after`)
  ok(held - heldBefore < 64 * 1024 * 1024, `${heldBefore} bytes before, ${held} after`)
})
