/** Whole engines against each other: blocks are decided, whoever is silent, away, new or false. */
import { deepEqual, equal, notDeepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, drawUnit } from '../base/index.ts'
import { scriptMember } from './chain-script.test-kit.ts'
import { genesisState, statusOf } from './chain-state.ts'
import { Engine } from './engine.ts'
import type { EngineInput } from './engine-events.ts'
import { encodeMessage } from './messages.ts'
import { proposerOf } from './proposer.ts'
import { restoreChain } from './restoring.ts'
import { votePart } from './vote.ts'
import * as fc from 'fast-check'
import { Witnesses } from './engine-witnesses.test-kit.ts'
import { MS, SEC, World, saidOnce } from './engine.test-kit.ts'
import type { WorldNode } from './engine.test-kit.ts'
import { weightsRoot } from './weights-root.ts'
import { openCommit } from './commit.ts'
import { openBlock } from './block-bytes.ts'
import { MemoryBlocks } from './memory-blocks.ts'

test('four validators decide a block a pace, each with a narrow time', () => {
  const world = new World({ validators: 4 })
  world.start()
  ok(world.reach(10, 11n * SEC))
  equal(world.agreed(), 10)
  const tip = world.node(0).engine.view().tip
  equal(tip?.height, 10)
  ok(tip !== undefined && tip.time.latest - tip.time.earliest <= 600n * MS)
})

test('with true signatures', () => {
  const world = new World({ validators: 3, isSigned: true })
  world.start()
  ok(world.reach(2, 4n * SEC))
})

test('without a pace they decide as fast as they talk', () => {
  const world = new World({ validators: 4, paceNs: 0n })
  world.start()
  ok(world.reach(20, 20n * 60n * MS))
  world.agreed()
})

test('one alone decides', () => {
  const world = new World({ validators: 1, paceNs: 0n })
  world.start()
  world.run(0n, () => world.node(0).state.height >= 5)
  equal(world.node(0).state.height, 5)
})

test('the next commit holds every precommit that came before it', () => {
  const world = new World({ validators: 4 })
  world.start()
  ok(world.reach(3, 5n * SEC))
  const stored = world.node(0).store.block(3)
  const { networkId } = world.genesis
  const opened = openBlock(stored?.block ?? new Uint8Array(0), { networkId, bytesMax: 1_000_000 })
  equal(opened.verdict === 'accept' ? opened.value.body.lastCommit.entries.length : 0, 4)
  const commit = openCommit(stored?.commit ?? new Uint8Array(0))
  ok(commit.verdict === 'accept' && commit.value.entries.length >= 3)
})

test('a third less one is silent: it goes on; more: it waits, says for whom, and goes on when they come', () => {
  const world = new World({ validators: 4 })
  world.start()
  ok(world.reach(2, 5n * SEC))
  world.node(3).crash()
  const up = world.nodes.slice(0, 3)
  ok(world.reach(6, 30n * SEC, up))
  world.node(2).crash()
  world.run(20n * SEC)
  const { height } = world.node(0).state
  const view = world.node(0).engine.view()
  deepEqual(new Set(view.silent), new Set([world.node(2).id, world.node(3).id]))
  world.node(2).start()
  ok(world.reach(height + 2, 20n * SEC, up))
  world.agreed()
})

test('a validator that crashes before any of its writes neither contradicts itself nor stops the others', () => {
  for (let write = 1; write <= 12; write += 1) {
    const world = new World({ validators: 4 })
    const node = world.node(1)
    let left = write
    node.onWrite = () => {
      left -= 1
      if (left !== 0) return
      node.crash()
      world.after(300n * MS, () => node.start())
    }
    world.start()
    ok(world.reach(4, 12n * SEC), `stopped by a crash before write ${write}`)
    world.agreed()
    saidOnce(world)
  }
})

test('all crash at once, at any time of a height, and go on', () => {
  for (let atMs = 0n; atMs <= 48n; atMs += 6n) {
    const world = new World({ validators: 4 })
    world.start()
    begins(world, 3)
    world.run(atMs * MS)
    for (const node of world.nodes) node.crash()
    world.start()
    ok(world.reach(5, 12n * SEC), `stopped by a crash ${atMs} ms into a height`)
    world.agreed()
    saidOnce(world)
  }
})

test('one who was away catches up, by several peers', () => {
  const world = new World({
    validators: 4,
    paceNs: 0n,
    parameters: { timeoutProposeNs: 40n * MS, timeoutPrecommitNs: 20n * MS },
  })
  world.start()
  ok(world.reach(1, SEC))
  world.node(3).crash()
  ok(world.reach(120, 60n * SEC, world.nodes.slice(0, 3)))
  world.node(3).start()
  ok(world.reach(130, 60n * SEC))
  ok(world.node(3).news.some(({ type }) => type === 'caught-up'))
  world.agreed()
})

test('a partition heals: within seconds they go on', () => {
  const world = new World({ validators: 4 })
  world.start()
  ok(world.reach(2, 5n * SEC))
  const isLeft = (node: unknown): boolean => world.nodes.slice(0, 2).some((one) => one === node)
  world.isLinked = (from, to) => isLeft(from) === isLeft(to)
  world.run(20n * SEC)
  const { height } = world.node(0).state
  world.isLinked = () => true
  ok(world.reach(height + 2, 8n * SEC))
  world.agreed()
  saidOnce(world)
})

test('messages are lost: it goes on', () => {
  const world = new World({ validators: 4 })
  const random = seededRandom(7n)
  world.isLinked = () => drawUnit(random) > 0.3
  world.start()
  ok(world.reach(8, 80n * SEC))
  world.agreed()
  saidOnce(world)
})

test('nobody has the time: blocks are decided, and their times still rise', () => {
  const world = new World({ validators: 4 })
  for (const node of world.nodes) node.hasTime = false
  world.start()
  ok(world.reach(4, 6n * SEC))
  const { time } = world.node(0).state
  ok(time.earliest > 0n && time.latest > time.earliest)
})

test('a signer that refuses: the others go on, and it is told once a height', () => {
  const world = new World({ validators: 4 })
  world.node(2).isMute = true
  world.start()
  ok(world.reach(3, 20n * SEC))
  const told = world.node(2).news.filter(({ type }) => type === 'unsigned')
  ok(told.length >= 3)
  equal(new Set(told.map((news) => (news.type === 'unsigned' ? news.height : 0))).size, told.length)
  equal(world.node(2).said.length, 0)
})

test('signers that refuse for a while stop nothing for longer: what was not signed is asked for again', () => {
  const world = new World({ validators: 4 })
  for (const number of [2, 3]) world.node(number).isMute = true
  world.start()
  equal(world.reach(1, 6n * SEC), false)
  for (const number of [2, 3]) world.node(number).isMute = false
  ok(world.reach(2, 20n * SEC))
})

test('a follower without a key decides what it hears, and says nothing', () => {
  const world = new World({ validators: 4 })
  const follower = world.add(scriptMember('follower'), { votes: false })
  world.start()
  ok(world.reach(4, 8n * SEC))
  equal(follower.said.length, 0)
  equal(follower.engine.view().isValidator, false)
  world.agreed()
})

test('a stranger joins by its record, votes, leaves, and votes no more', () => {
  const parameters = { epochSlots: 8, joinRecordSlots: 3 }
  const world = new World({ validators: 4, parameters })
  const witnesses = new Witnesses(world)
  const stranger = world.add(scriptMember('stranger'))
  world.start()
  ok(world.reach(6, 10n * SEC))
  equal(statusOf(stranger.state, world.node(0).id).status, 'truechimer')
  stranger.submit('join', 1)
  const isVoting = (): boolean => stranger.engine.view().isValidator
  world.run(40n * SEC, isVoting)
  ok(isVoting())
  ok(stranger.said.length === 1)
  const { height } = stranger.state
  ok(world.reach(height + 3, 5n * SEC))
  ok(stranger.said.some(({ channel }) => channel === 'votes'))
  stranger.submit('leave', 2)
  world.run(60n * SEC, () => !isVoting())
  ok(!isVoting())
  ok(world.reach(stranger.state.height + 2, 5n * SEC))
  ok(witnesses.offsetsNs.size === 0)
  world.agreed()
})

test('a mark is fixed once, and its author must be a truechimer', () => {
  const world = new World({ validators: 4 })
  const witnesses = new Witnesses(world)
  witnesses.offsetsNs.set(world.node(3).id, 10n * SEC)
  world.start()
  ok(world.reach(7, 12n * SEC))
  world.node(0).submit('mark', 1, 7)
  world.node(3).submit('mark', 1, 8)
  ok(world.reach(10, 5n * SEC))
  const marks = [...Array(10).keys()].flatMap((height) => {
    const stored = world.node(1).store.block(height + 1)
    const opened = openBlock(stored?.block ?? new Uint8Array(0), {
      networkId: world.genesis.networkId,
      bytesMax: 1_000_000,
    })
    return opened.verdict === 'accept'
      ? opened.value.body.transactions.map(({ transaction }) => transaction.payload[0])
      : []
  })
  deepEqual(marks, [7])
  const refused = world.node(0).engine.admitTransaction(world.transaction(world.node(3).member, 'mark', 2))
  equal(refused.verdict === 'accept' ? '' : refused.reason, 'author-falseticker')
})

test('from a checkpoint a new node begins there, and begins again from what it kept', () => {
  const world = new World({ validators: 4, paceNs: 0n })
  world.start()
  ok(world.reach(30, 10n * SEC))
  const { height, blockId } = world.node(0).state
  ok(world.reach(height + 5, SEC))
  const late = world.add(scriptMember('late'), { votes: false, checkpoint: { height, block: blockId } })
  late.start()
  ok(world.reach(height + 15, 10n * SEC))
  ok((late.store.range?.first ?? 0) > height - 1)
  late.crash()
  world.run(SEC)
  late.start()
  ok(world.reach(height + 40, 10n * SEC))
  deepEqual(late.charges, [])
})

test('who began from a checkpoint hands on what is true, also where other weights vote there than at the genesis', () => {
  const world = new World({ validators: 4, parameters: { epochSlots: 5 } })
  const witnesses = new Witnesses(world)
  witnesses.offsetsNs.set(world.node(3).id, 10n * SEC)
  world.start()
  ok(world.reach(24, 60n * SEC))
  const { height, blockId, validators } = world.node(0).state
  notDeepEqual(weightsRoot(validators), weightsRoot(genesisState(world.genesis).validators))
  const follower = (name: string, checkpoint: { readonly height: number; readonly block: string }): WorldNode =>
    world.add(scriptMember(name), { votes: false, checkpoint })
  const first = follower('first', { height, block: blockId })
  first.start()
  world.run(20n * SEC, () => first.store.range !== undefined)
  const trusted = first.store.range?.first ?? 0
  ok(trusted >= height)
  const next = first.store.block(trusted + 1)?.block ?? new Uint8Array(0)
  const opened = openBlock(next, { networkId: world.genesis.networkId, bytesMax: 1_000_000 })
  ok(opened.verdict === 'accept')
  const second = follower('second', { height: trusted, block: opened.value.header.parent })
  world.isLinked = (from, to) => [from, to].every((node) => node !== second) || from === first || to === first
  world.run(3n * SEC)
  second.start()
  world.run(20n * SEC, () => second.state.height > trusted)
  ok(second.state.height > trusted)
  deepEqual([...first.charges, ...second.charges], [])
})

test('a false checkpoint is followed nowhere', () => {
  const world = new World({ validators: 4, paceNs: 0n })
  world.start()
  ok(world.reach(20, 10n * SEC))
  const late = world.add(scriptMember('late'), { votes: false, checkpoint: { height: 10, block: 'ab'.repeat(32) } })
  late.start()
  world.run(5n * SEC)
  ok(late.state.height < 10)
  deepEqual(late.charges, [])
})

for (const [name, isWord] of [
  ['words of', true],
  ['only of a decision at', false],
] as const)
  test(`a log that knows ${name} later heights than the store: nothing is said until they are past`, () => {
    const world = new World({ validators: 4 })
    world.start()
    begins(world, 8)
    world.run(15n * MS)
    const node = world.node(0)
    node.crash()
    ok(node.wal.some(({ height }) => height === 8))
    const store = new MemoryBlocks()
    store.append(node.store.blocks(1, { countMax: 3, bytesMax: 1_000_000 }))
    node.store = store
    if (!isWord) node.wal = node.wal.filter(({ type }) => type === 'decided')
    node.said.length = 0
    world.isLinked = (from, to) => from !== node && to !== node
    node.start()
    world.run(60n * SEC)
    deepEqual(node.said, [])
    world.isLinked = () => true
    ok(world.reach(world.node(1).state.height + 4, 12n * SEC))
    ok(node.said.length > 0 && node.said.every(({ bytes }) => heightOf(world, bytes) >= 8))
    saidOnce(world)
  })

/** What somebody attested of a height's time, as the next block shows it. */
const attested = (world: World, height: number, id: string) => {
  const stored = world.node(1).store.block(height + 1)
  const { networkId } = world.genesis
  const opened = openBlock(stored?.block ?? new Uint8Array(0), { networkId, bytesMax: 1_000_000 })
  const place = world.node(1).state.validators.list.findIndex((one) => one.id === id)
  return opened.verdict === 'accept'
    ? opened.value.body.lastCommit.entries.find(({ index }) => index === place)?.received
    : undefined
}

test('who hears proposals at once attests when; who gets them by asking or too late, only until when', () => {
  const world = new World({ validators: 4, parameters: { proposalDelayNs: 100n * MS } })
  const [, , asks, slow] = world.nodes
  ok(asks !== undefined && slow !== undefined)
  world.isLinked = (_, to, what) => what !== 'proposals' || (to !== asks && to !== slow)
  for (const node of world.nodes)
    node.outgoing = (channel, bytes, to) => {
      if (channel === 'proposals' && to === slow) world.after(150n * MS, () => to.hear(node, channel, bytes))
      return bytes
    }
  world.start()
  ok(world.reach(16, 60n * SEC))
  const punctual = world.nodes.slice(0, 2).map(({ id }) => id)
  const compared = new Set<boolean>()
  for (let height = 2; height < 15; height += 1) {
    if (!punctual.includes(proposerId(world, height, roundOf(world, height)))) continue
    for (const node of world.nodes) {
      const received = attested(world, height, node.id)
      if (received === undefined) continue
      const isPunctual = punctual.includes(node.id)
      equal(received.earliest > 0n, isPunctual, `${height} ${node.id}`)
      compared.add(isPunctual)
    }
  }
  equal(compared.size, 2)
})

test('a word that its own key contradicts meanwhile is not said', () => {
  const world = new World({ validators: 4 })
  const { genesis, verifier } = world
  const { networkId } = genesis
  const member = world.nodes.map((node) => node.member).find(({ id }) => id !== proposerId(world, 1, 0))
  ok(member !== undefined)
  const store = new MemoryBlocks()
  const engine = new Engine({
    ...restoreChain(genesis, store),
    genesis,
    store,
    verifier,
    wal: [],
    paceNs: SEC,
    self: member.key,
  })
  const step = (input: EngineInput) => engine.step(input, { elapsedNs: 5n * SEC, reading: undefined })
  step({ type: 'start' })
  engine.step({ type: 'timer', timer: 'listen' }, { elapsedNs: 9n * SEC, reading: undefined })
  const asked = step({ type: 'timer', timer: 'propose' }).find((effect) => effect.type === 'sign')
  ok(asked !== undefined)
  const author = member.key
  const vote = { networkId, height: 1, round: 0, kind: 'prevote', block: 'ab'.repeat(32), validRound: -1 } as const
  const signature = world.sign(member, votePart(vote))
  const opened = world.open(encodeMessage({ type: 'vote', vote: { vote: { ...vote, author, signature }, time: null } }))
  ok(opened !== undefined)
  step({ type: 'message', from: 'anybody', opened })
  const signatures = asked.parts.map((part) => world.sign(member, part))
  const types = step({ type: 'signed', statement: asked.statement, signatures }).map(({ type }) => type)
  ok(!types.includes('publish') && !types.includes('persist'))
})

test('a chain that leads past another block than the checkpoint is not followed', () => {
  const world = new World({ validators: 4, paceNs: 0n })
  world.start()
  ok(world.reach(20, 10n * SEC))
  const late = world.add(scriptMember('late'), { votes: false, checkpoint: { height: 12, block: 'ab'.repeat(32) } })
  late.store.append(world.node(0).store.blocks(1, { countMax: 3, bytesMax: 1_000_000 }))
  late.start()
  world.run(5n * SEC)
  ok(late.state.height >= 3 && late.state.height < 12)
})

test('an old disk is put back: the node hears its own later words before it speaks', () => {
  for (const { height, laterNs, downNs } of OLD_DISKS) {
    const world = new World({ validators: 4, parameters: { timeoutProposeNs: 200n * MS } })
    const node = world.node(0)
    // One is down: nothing is decided without the others.
    for (const one of world.nodes.slice(0, 3)) one.start()
    begins(world, height)
    const blocks = node.store.blocks(1, { countMax: 100, bytesMax: 1_000_000 })
    const wal = [...node.wal]
    world.run(laterNs)
    node.crash()
    node.store = new MemoryBlocks()
    node.store.append(blocks)
    node.wal = wal
    world.run(downNs)
    node.start()
    ok(world.reach(height + 2, 30n * SEC, world.nodes.slice(0, 3)))
    saidOnce(world)
    world.agreed()
  }
})

test('one who began late falls into step when a proposal comes', () => {
  const world = new World({ validators: 4 })
  for (const node of world.nodes.slice(0, 3)) node.start()
  world.run(400n * MS)
  world.node(3).start()
  ok(world.reach(8, 12n * SEC))
  const [first, late] = [world.node(0), world.node(3)].map(({ beganNs }) => beganNs.get(8) ?? 0n)
  ok(first !== undefined && late !== undefined && late - first <= 60n * MS && first - late <= 60n * MS)
})

test('what it is asked it answers, whatever the bytes', () => {
  const world = new World({ validators: 2, paceNs: 0n })
  world.start()
  ok(world.reach(3, 2n * SEC))
  const { engine } = world.node(0)
  const questions = ['round', 'blocks', 'snapshot'] as const
  fc.assert(
    fc.property(fc.constantFrom(...questions), fc.uint8Array({ maxLength: 60 }), (question, bytes) => {
      const { verdict } = engine.answer(question, bytes, 'anybody')
      ok(verdict === 'accept' || verdict === 'reject' || verdict === 'ignore')
    }),
    { numRuns: 200 },
  )
})

/** In which height, how much later than its disk a node crashed, and for how long it was down, ns. */
const OLD_DISKS = [3, 4, 5].flatMap((height) =>
  [8n, 14n, 24n].flatMap((laterMs) =>
    [2n, 1200n].map((downMs) => ({ height, laterNs: laterMs * MS, downNs: downMs * MS })),
  ),
)

/** Lets time go on until a height begins somewhere. */
const begins = (world: World, height: number): void => {
  world.run(60n * SEC, () => world.nodes.some(({ beganNs }) => beganNs.has(height)))
}

const roundOf = (world: World, height: number): number => {
  const opened = openCommit(world.node(1).store.block(height)?.commit ?? new Uint8Array(0))
  ok(opened.verdict === 'accept')
  return opened.value.round
}

const proposerId = (world: World, height: number, round: number): string => {
  const { networkId } = world.genesis
  const { validators } = genesisState(world.genesis)
  return validators.at(proposerOf({ networkId, validators, height, round }))?.id ?? ''
}

const heightOf = (world: World, bytes: Uint8Array): number => {
  const message = world.open(bytes)?.message
  return message === undefined ? 0 : message.type === 'vote' ? message.vote.vote.height : message.proposal.head.height
}
