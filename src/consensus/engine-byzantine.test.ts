/** Engines among false ones: proposers that say two things, or nonsense; peers that answer falsely. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { makeBlock } from './block-bytes.ts'
import { memberOf } from './chain-state.ts'
import { scriptMember } from './chain-script.test-kit.ts'
import { MS, SEC, World } from './engine.test-kit.ts'
import type { WorldNode } from './engine.test-kit.ts'
import { encodeMessage } from './messages.ts'
import type { Message } from './messages.ts'
import { proposalPart } from './proposal.ts'
import { blocksAnswerCodec, blocksQuestionCodec, roundAnswerCodec, snapshotAnswerCodec } from './questions.ts'
import type { Block, Header } from './block.ts'
import { votePart } from './vote.ts'

/** The proposal in these bytes with another block in its place, signed by the same node. */
const instead = (node: WorldNode, bytes: Uint8Array, change: (block: Block) => Block): Uint8Array => {
  const message = node.world.open(bytes)?.message
  if (message?.type !== 'proposal') return bytes
  const block = change(message.proposal.block)
  const head = { ...message.proposal.head, block: block.id }
  const signature = node.world.sign(node.member, proposalPart(head))
  const other: Message = {
    type: 'proposal',
    proposal: { head: { ...head, signature }, block, polka: message.proposal.polka },
  }
  return encodeMessage(other)
}

const withHeader =
  (change: Partial<Header>) =>
  (block: Block): Block =>
    makeBlock({ header: { ...block.header, ...change }, body: block.body })

const quick = { timeoutProposeNs: 200n * MS, timeoutPrevoteNs: 100n * MS, timeoutPrecommitNs: 100n * MS }

test('a proposer that tells two halves two things loses its weight, and nobody decides two blocks', () => {
  const world = new World({ validators: 4, parameters: { epochSlots: 12, ...quick } })
  const liar = world.node(2)
  const others = new Map<Uint8Array, Uint8Array>()
  liar.outgoing = (channel, bytes, to) => {
    if (channel !== 'proposals' || to !== world.node(0)) return bytes
    // The proof of it travels with the second proposal: the others hear both.
    const other = others.get(bytes) ?? instead(liar, bytes, withHeader({ emergency: true }))
    others.set(bytes, other)
    world.after(20n * MS, () => to.hear(liar, channel, bytes))
    return other
  }
  world.start()
  ok(world.reach(14, 40n * SEC))
  world.agreed()
  equal(memberOf(world.node(0).state, liar.id)?.integrity, 0n)
  const offenders = new Set(
    world.nodes.flatMap(({ news }) => news.flatMap((one) => (one.type === 'offence' ? [one.offender] : []))),
  )
  deepEqual(offenders, new Set([liar.id]))
})

const BLOCKS: readonly { readonly name: string; readonly change: (block: Block) => Block }[] = [
  { name: 'of another state', change: withHeader({ stateRoot: new Uint8Array(32).fill(9) }) },
  { name: 'of a time of its own', change: withHeader({ time: { earliest: 5n, latest: 7n, timestamp: 6n } }) },
  { name: 'of other weights', change: withHeader({ weightsRoot: new Uint8Array(32) }) },
  { name: 'of an emergency that is none', change: withHeader({ emergency: true }) },
]
for (const { name, change } of BLOCKS)
  test(`a block ${name} is not decided; the next proposer's is`, () => {
    const world = new World({ validators: 4, parameters: quick })
    const liar = world.node(1)
    liar.outgoing = (channel, bytes) => (channel === 'proposals' ? instead(liar, bytes, change) : bytes)
    world.start()
    ok(
      world.reach(
        9,
        20n * SEC,
        world.nodes.filter((node) => node !== liar),
      ),
    )
    world.agreed()
  })

test('an oversized block is no message', () => {
  const world = new World({ validators: 4, parameters: { ...quick, blockBytesMax: 4096 } })
  const liar = world.node(1)
  const large = Array.from({ length: 1 }, () => new Uint8Array(8192))
  liar.outgoing = (channel, bytes) => (channel === 'proposals' ? (large[0] ?? bytes) : bytes)
  world.start()
  ok(
    world.reach(
      6,
      20n * SEC,
      world.nodes.filter((node) => node !== liar),
    ),
  )
})

test('a false proposer floods its round with blocks: they go on', () => {
  const world = new World({ validators: 4, parameters: quick })
  const liar = world.node(1)
  let salt = 0
  liar.outgoing = (channel, bytes, to) => {
    if (channel !== 'proposals') return bytes
    for (let i = 0; i < 20; i += 1) {
      salt += 1
      to.hear(liar, channel, instead(liar, bytes, withHeader({ stateRoot: new Uint8Array(32).fill(salt) })))
    }
    return undefined
  }
  world.start()
  ok(
    world.reach(
      6,
      20n * SEC,
      world.nodes.filter((node) => node !== liar),
    ),
  )
  world.agreed()
})

test('a validator that speaks of heights that never come keeps nobody from deciding', () => {
  const world = new World({ validators: 4, parameters: quick })
  const liar = world.node(3)
  world.start()
  const vote = {
    networkId: world.genesis.networkId,
    height: 1_000_000,
    round: 0,
    kind: 'prevote',
    block: null,
    validRound: -1,
  } as const
  const author = liar.member.key
  const signature = world.sign(liar.member, votePart(vote))
  const bytes = encodeMessage({ type: 'vote', vote: { vote: { ...vote, author, signature }, time: null } })
  const speak = (): void => {
    liar.say('votes', bytes)
    world.after(500n * MS, speak)
  }
  speak()
  ok(world.reach(6, 9n * SEC))
})

/** One who was away among honest peers and a lying one. */
const catchUpWith = (lie: (answer: Uint8Array) => Uint8Array | undefined) => {
  const world = new World({ validators: 4, paceNs: 0n })
  const late = world.add(scriptMember('late'), { votes: false })
  for (const node of world.nodes) if (node !== late) node.start()
  const liar = world.node(0)
  ok(world.reach(40, 10n * SEC, world.nodes.slice(0, 4)))
  const honest = liar.answer.bind(liar)
  liar.answer = (question, bytes, from) => {
    const answer = honest(question, bytes, from)
    return question === 'blocks' && answer !== undefined ? lie(answer) : answer
  }
  late.start()
  ok(world.reach(60, 30n * SEC, [late]))
  world.agreed()
  return late.charges.map(({ peer, reason }) => `${peer === liar.id ? 'liar' : peer} ${reason}`)
}

const altered = (
  answer: Uint8Array,
  change: (blocks: { block: Uint8Array; commit: Uint8Array }[]) => void,
): Uint8Array => {
  const decoded = blocksAnswerCodec.decode(answer)
  if (decoded.verdict !== 'accept') return answer
  const blocks = decoded.value.blocks.map(({ block, commit }) => ({ block: block.slice(), commit: commit.slice() }))
  change(blocks)
  return blocksAnswerCodec.encode({ ...decoded.value, blocks })
}

const LIES: readonly {
  readonly name: string
  readonly lie: (answer: Uint8Array) => Uint8Array | undefined
  readonly charges: readonly string[]
}[] = [
  { name: 'nothing', lie: () => undefined, charges: [] },
  { name: 'noise', lie: () => Uint8Array.of(1, 2, 3), charges: ['liar bad-answer'] },
  {
    name: 'blocks in another order',
    lie: (answer) => altered(answer, (blocks) => void blocks.reverse()),
    charges: ['liar sync-not-linked'],
  },
  {
    name: 'a block with a flipped bit',
    lie: (answer) =>
      altered(answer, (blocks) => {
        const [, second] = blocks
        if (second !== undefined) second.block[second.block.length - 1] = (second.block.at(-1) ?? 0) ^ 1
      }),
    charges: ['liar sync-malformed'],
  },
  {
    name: 'commits with a flipped bit',
    lie: (answer) =>
      altered(answer, (blocks) => {
        for (const { commit } of blocks) commit[commit.length - 1] = (commit.at(-1) ?? 0) ^ 1
      }),
    charges: ['liar sync-wrong-commit'],
  },
  {
    name: 'a height that nobody has',
    lie: () => blocksAnswerCodec.encode({ last: 1_000_000, blocks: [] }),
    charges: [],
  },
]
for (const { name, lie, charges } of LIES)
  test(`a peer answers ${name}: others are asked`, () => deepEqual([...new Set(catchUpWith(lie))], charges))

test('a peer hands over a false state: it is charged, and another asked', () => {
  const world = new World({ validators: 4, paceNs: 0n })
  world.start()
  ok(world.reach(20, 10n * SEC))
  const { height, blockId } = world.node(0).state
  ok(world.reach(height + 3, SEC))
  const liar = world.node(0)
  const honest = liar.answer.bind(liar)
  liar.answer = (question, bytes, from) => {
    const answer = honest(question, bytes, from)
    const decoded = answer === undefined ? undefined : snapshotAnswerCodec.decode(answer)
    if (question !== 'snapshot' || decoded?.verdict !== 'accept') return answer
    const part = decoded.value.part.slice()
    part[40] = (part[40] ?? 0) ^ 1
    return snapshotAnswerCodec.encode({ ...decoded.value, part })
  }
  const late = world.add(scriptMember('late'), { votes: false, checkpoint: { height, block: blockId } })
  late.start()
  ok(world.reach(height + 20, 10n * SEC))
  deepEqual(
    late.charges.map(({ peer, reason }) => [peer, reason]),
    [[liar.id, 'snapshot-other-state']],
  )
  ok((late.store.range?.first ?? 0) >= height)
})

test('a round answer with a false message is charged', () => {
  const world = new World({ validators: 4 })
  const node = world.node(0)
  world.node(1).answer = (question, bytes) =>
    question === 'round' ? roundAnswerCodec.encode({ height: 1, messages: [bytes], decided: [] }) : undefined
  world.isLinked = (_, to, what) => what === 'round' && (to === node || to === world.node(1))
  node.start()
  world.node(1).start()
  world.run(12n * SEC)
  deepEqual([...new Set(node.charges.map(({ reason }) => reason))], ['wrong-shape'])
  equal(blocksQuestionCodec.decode(new Uint8Array(9000)).verdict, 'reject')
})
