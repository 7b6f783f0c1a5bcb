/**
 * A real node attacked by real peers: everything wrong that can be said to it, by anybody and by members whose keys the test
 * holds. Each attack shows in the node's counters under its reason, and after all of it the node runs, keeps its clock, hears
 * and judges the honest, has lost nothing, and holds no more memory than before.
 *
 * Waits for events of the node, never for time. What must take 10 s by the rules (unfinished requests) waits beside the rest.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { parseCid } from '../src/codec/index.ts'
import type { CID } from '../src/codec/index.ts'
import { attestationsTopic, challengeProtocol, proofsTopic } from '../src/network/index.ts'
import { frameOf } from '../src/network/io/frames.ts'
import { challengeCodec } from '../src/proofs/index.ts'
import { answerNever, answerSlowly, answerWith, badAnswers } from './hostile/answers.ts'
import {
  forgeAttestation,
  forgeEnvelope,
  forgeProof,
  fresh,
  nowTai,
  otherShape,
  respelt,
  truncated,
} from './hostile/forgery.ts'
import {
  badAttestations,
  badAuthors,
  badChains,
  badEnvelopes,
  badProofs,
  reordered,
  tooManyProofs,
} from './hostile/gossip-attacks.ts'
import type { Forgers } from './hostile/gossip-attacks.ts'
import { HostilePeer } from './hostile/peer.ts'
import { SLOT_NS, heldBytes, hostileKey, openStage } from './hostile/stage.ts'
import type { HostileMember, Stage } from './hostile/stage.ts'
import { Watch } from './hostile/watch.ts'
import type { Refusals } from './hostile/watch.ts'

/** Members whose keys the test holds: some that forge, one that asks, the rest answer. */
const HOSTILE_MEMBERS = 23
const STRANGERS_FROM = 1000

let stage: Stage
let watch: Watch
let forgers: Forgers
let topics: { readonly proofs: string; readonly attestations: string }
let protocol: string
let heldBefore: number
const closing = new AsyncDisposableStack()
/** Attacks that the rules give ten seconds: begun first, looked at last. */
let slow: {
  readonly request: Promise<unknown>
  readonly http: readonly Promise<string>[]
  readonly streams: readonly Socket[]
}

let strangers = STRANGERS_FROM
const stranger = (): Promise<HostilePeer> => {
  strangers += 1
  return hostile(hostileKey(strangers))
}
/** Opens a peer; where the node takes no more connections just now (N-4), as soon as it does. */
const hostile = async (
  { seed }: HostileMember,
  serve: Parameters<typeof HostilePeer.open>[0]['serve'] = {},
): Promise<HostilePeer> => {
  const overdue = AbortSignal.timeout(60_000)
  for (;;) {
    try {
      return closing.use(
        await HostilePeer.open({ seed, address: stage.target.address, networkId: stage.genesis.networkId, serve }),
      )
    } catch (error) {
      if (overdue.aborted) throw error
      await watch.next()
    }
  }
}

const member = (index: number): HostileMember => {
  const found = stage.hostile[index]
  ok(found !== undefined)
  return found
}

/** One payload in an envelope of its own. */
const enveloped = (author: HostileMember, topic: string, payload: Uint8Array): Uint8Array =>
  forgeEnvelope(author, { networkId: forgers.networkId, topic, payloads: [payload] })

interface Expected {
  readonly what: string
  readonly channel: string
  readonly reason: string
  readonly send: () => unknown
}

/**
 * Sends each, and waits until the node has counted one more of its kind; of one kind one after the other. What depends on the
 * instant (a slot that closes meanwhile) is made anew in the next slot.
 */
const provoke = async (attacks: readonly Expected[]): Promise<void> => {
  const overdue = AbortSignal.timeout(60_000)
  const kindOf = ({ channel, reason }: Expected): string => `${channel} ${reason}`
  let left = [...attacks]
  while (left.length > 0) {
    ok(!overdue.aborted, `never refused: ${left.map((one) => `${one.what} (${kindOf(one)})`).join('; ')}`)
    const round = [...new Map(left.toReversed().map((one) => [kindOf(one), one])).values()]
    const counts = await watch.refusals()
    const slot = watch.slots
    for (const { send } of round) await send()
    const isSeen =
      (now: Refusals) =>
      (one: Expected): boolean =>
        (now.get(kindOf(one)) ?? 0) > (counts.get(kindOf(one)) ?? 0)
    let now = await watch.refusals()
    while (!round.every(isSeen(now)) && watch.slots <= slot + 1) {
      await watch.next()
      now = await watch.refusals()
    }
    left = left.filter((one) => !round.includes(one) || !isSeen(now)(one))
  }
}

before(async () => {
  stage = await openStage(HOSTILE_MEMBERS)
  const { networkId } = stage.genesis
  topics = { proofs: proofsTopic(networkId), attestations: attestationsTopic(networkId) }
  protocol = challengeProtocol(networkId)
  forgers = { networkId, member: member(0), stranger: hostileKey(STRANGERS_FROM) }
  watch = new Watch(stage.target)
  await watch.untilFreshEvidence(stage.others)
  heldBefore = await heldBytes(stage.target.program)
  slow = await beginSlowAttacks()
})
after(async () => {
  await closing.disposeAsync()
  await watch[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

/** Half a challenge; no answer, and one a byte at a time; half a request on most of the API's connections; and readers of events that never read. */
const beginSlowAttacks = async (): Promise<typeof slow> => {
  const [asker] = await Promise.all([
    hostile(member(2)),
    hostile(member(17), { [protocol]: answerNever }),
    hostile(member(18), { [protocol]: answerSlowly() }),
  ])
  await asker.say(protocol, Uint8Array.of(0, 0, 0, 70, 1))
  const before = (await watch.refusals()).get(`${protocol} timed-out`) ?? 0
  const isTimedOut = async (): Promise<boolean> => ((await watch.refusals()).get(`${protocol} timed-out`) ?? 0) > before
  const port = Number(new URL(stage.target.api).port)
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    closing.defer(() => void socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  const sockets = await Promise.all(Array.from({ length: 150 }, open))
  const http = sockets.map((socket) => dribble(socket))
  const streams = await Promise.all(Array.from({ length: 20 }, open))
  for (const socket of streams) socket.write('GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  return { request: watch.until(isTimedOut, () => 'half a challenge'), http, streams }
}

/** A request one byte at a time, a byte for each event of the node; resolves with what the node says to that. */
const dribble = async (socket: Socket): Promise<string> => {
  const request = Buffer.from(`GET /v1/time HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(4000)}`)
  const said: Buffer[] = []
  socket.on('data', (data) => said.push(data))
  socket.on('error', () => {})
  const closed = new Promise((done) => socket.once('close', done))
  for (let at = 0; !socket.closed && at < request.length; at += 1) {
    if (socket.writable) socket.write(request.subarray(at, at + 1))
    await Promise.race([watch.next(), closed])
  }
  await closed
  return Buffer.concat(said).toString()
}

test('everything wrong with an envelope, a proof or an attestation is refused by name', async () => {
  const [first, second, third, fourth] = await Promise.all([stranger(), stranger(), stranger(), stranger()])
  const onTopic = (peer: HostilePeer, topic: string, attacks: ReturnType<typeof badProofs>): Expected[] =>
    attacks.map(({ what, reason, make }) => ({
      what,
      channel: topic,
      reason,
      send: async () => {
        for (const message of make()) await peer.gossip(topic, message)
      },
    }))
  const witness = member(1)
  const own = forgeProof(witness, forgers.networkId)
  await first.gossip(topics.proofs, enveloped(witness, topics.proofs, own.bytes))
  const other = (): CID => {
    const parsed = parseCid(watch.heads.get(stage.others[0]?.id ?? '') ?? '')
    ok(parsed.verdict === 'accept')
    return parsed.value
  }
  const held = async (cid: CID): Promise<boolean> =>
    (await fetch(`${stage.target.api}/v1/proofs/${cid.toString()}`)).status === 200
  await watch.until(
    () => held(own.cid),
    () => 'a true proof of a member is taken from a stranger',
  )
  await provoke([
    ...onTopic(first, topics.proofs, badProofs(forgers)),
    ...onTopic(second, topics.proofs, badChains(forgers)),
    ...onTopic(fourth, topics.proofs, badEnvelopes({ ...forgers, member: member(20) })),
    ...onTopic(third, topics.attestations, badAttestations({ ...forgers, member: witness }, { own: own.cid, other })),
    {
      what: 'a topic of its own',
      channel: 'connection',
      reason: 'unknown-topic',
      send: () => first.gossip(`topic ${nowTai()}`, fresh()),
    },
  ])
  await provoke(onTopic(second, topics.proofs, tooManyProofs({ ...forgers, member: member(19) })))
  await provoke(onTopic(fourth, topics.proofs, badAuthors({ ...forgers, member: member(21) }, member(22))))
  const late = reordered({ ...forgers, member: member(3) })
  for (const envelope of late.envelopes) await second.gossip(topics.proofs, envelope)
  await watch.until(
    async () => (await Promise.all(late.proofs.map(({ cid }) => held(cid)))).every(Boolean),
    () => 'three that came last first are all taken',
  )
  ok(
    [first, second, third, fourth].every(({ isConnected }) => isConnected),
    'a few faults cut nobody off',
  )
})

test('everything wrong with a challenge is refused by name', async () => {
  const [asker, patient, flooder] = await Promise.all([hostile(member(4)), hostile(member(5)), stranger()])
  const say = (what: string, reason: string, make: () => Uint8Array): Expected => ({
    what,
    channel: protocol,
    reason,
    send: () => asker.say(protocol, make()),
  })
  const challenge = (networkId = forgers.networkId): Uint8Array =>
    challengeCodec.encode({ networkId, challenge: fresh() })
  const many = async (peer: HostilePeer, count: number): Promise<void> =>
    void (await Promise.allSettled(Array.from({ length: count }, () => peer.say(protocol, frameOf(challenge())))))
  await provoke([
    say('four gigabytes, it says', 'too-large', () => Uint8Array.of(0xff, 0xff, 0xff, 0xff)),
    say('more than a challenge', 'too-large', () => frameOf(new Uint8Array(200))),
    say('longer than it says', 'malformed', () => Uint8Array.of(...frameOf(challenge()), 0)),
    say('cut off', 'malformed', () => frameOf(truncated(challenge()))),
    say('a second spelling', 'non-canonical', () => frameOf(respelt(challenge()))),
    say('something else', 'wrong-shape', () => frameOf(otherShape())),
    say('for another network', 'wrong-network', () => frameOf(challenge(fresh()))),
    {
      what: 'half of it',
      channel: protocol,
      reason: 'abandoned',
      send: async () => (await asker.say(protocol, Uint8Array.of(0, 0, 0, 70, 1))).close(),
    },
    {
      what: 'by a stranger',
      channel: protocol,
      reason: 'not-member',
      send: async () => flooder.say(protocol, frameOf(challenge())),
    },
  ])
  await provoke([
    { what: 'again in one slot', channel: protocol, reason: 'asked-enough', send: () => many(patient, 4) },
    { what: 'thirty at once', channel: protocol, reason: 'rate-limited', send: () => many(flooder, 30) },
  ])
})

const ANSWERS = 'answers that are wrong, late, or never come: each is named, and nobody else is less witnessed for it'
test(ANSWERS, { timeout: 90_000 }, async () => {
  const answers = badAnswers(forgers.networkId, member(0))
  const counts = await watch.refusals()
  const expected = new Map<string, number>()
  const opened = answers.map(({ channel, reason, make }, index) => {
    const author = member(6 + index)
    const kind = `${channel === 'answer' ? 'answer' : protocol} ${reason}`
    expected.set(kind, (counts.get(kind) ?? 0) + 1)
    return hostile(author, { [protocol]: answerWith((challenge) => make(author, challenge)) })
  })
  // Those who never answer, and who answer a byte at a time, were there from the beginning; each slot adds one of each.
  expected.set('answer timed-out', (counts.get('answer timed-out') ?? 0) + 2)
  await Promise.all(opened)
  let now: Refusals = counts
  const isRefused = async (): Promise<boolean> => {
    now = await watch.refusals()
    return [...expected].every(([kind, count]) => (now.get(kind) ?? 0) >= count)
  }
  await watch.until(isRefused, () => `${JSON.stringify([...expected])} in ${JSON.stringify([...now])}`)
  await watch.untilFreshEvidence(stage.others)
})

test('floods from many keys: each is shut out, and the honest are heard and judged meanwhile', async () => {
  const flooders = await Promise.all(Array.from({ length: 5 }, stranger))
  const shutOut = (counts: Refusals): number => counts.get('connection shut-out') ?? 0
  const before = await watch.refusals()
  const messages = flooders.map(() =>
    Array.from({ length: 20_000 }, () => Uint8Array.of(0xff, ...fresh(), ...new Uint8Array(200))),
  )
  const evidence = watch.untilFreshEvidence(stage.others)
  await Promise.all(flooders.map((flooder, index) => flooder.flood(topics.proofs, messages[index] ?? [])))
  await evidence
  let now: Refusals = before
  const areAllOut = async (): Promise<boolean> => {
    now = await watch.refusals()
    return shutOut(now) - shutOut(before) === flooders.length
  }
  await watch.until(areAllOut, () => JSON.stringify([...now]))
  const [one] = flooders
  ok(one !== undefined && flooders.every(({ isConnected }) => !isConnected))
  await one.connect().catch(() => {})
  ok(!(await stage.target.client.status()).peers.includes(hostileKey(strangers).id), 'and stays out')
  await watch.untilFreshEvidence(stage.others)
})

test('attestations of proofs that nobody made do not pile up', async () => {
  const peers = await Promise.all(Array.from({ length: 3 }, stranger))
  const before = await watch.refusals()
  const reasons = ['too-many-waiting', 'slot-closed', 'slot-too-far', 'author-too-fast', 'behind-window']
  const kinds = reasons.map((reason) => `${topics.attestations} ${reason}`)
  const count = (counts: Refusals): number => kinds.reduce((sum, kind) => sum + (counts.get(kind) ?? 0), 0)
  await Promise.all(
    peers.map((peer) => {
      const made = Array.from({ length: 1000 }, () => {
        const { bytes } = forgeAttestation(member(1), { sentEarliest: nowTai() + 6n * SLOT_NS })
        return enveloped(member(1), topics.attestations, bytes)
      })
      return peer.flood(topics.attestations, made)
    }),
  )
  let now: Refusals = before
  const areRefused = async (): Promise<boolean> => {
    now = await watch.refusals()
    return count(now) - count(before) > 1000
  }
  await watch.until(areRefused, () => JSON.stringify([...now]))
  ok((now.get(kinds[0] ?? '') ?? 0) > 0)
  ok(
    peers.every(({ isConnected }) => isConnected),
    'a relay is not to blame for what it cannot know',
  )
})

test('a thousand connections leave the honest theirs, and a newcomer is let in when they are gone', async () => {
  const [, host = '', port = ''] = /^\/ip4\/([\d.]+)\/tcp\/(\d+)/.exec(stage.target.address) ?? []
  const sockets = Array.from({ length: 1000 }, () => connect(Number(port), host))
  for (const socket of sockets) socket.on('error', () => {})
  await Promise.all(
    sockets.map((socket) => new Promise<unknown>((done) => socket.once('connect', done).once('close', done))),
  )
  await watch.untilFreshEvidence(stage.others)
  const { peers } = await stage.target.client.status()
  for (const { id } of stage.others) ok(peers.includes(id))
  for (const socket of sockets) socket.destroy()
  const newcomer = await stranger()
  ok(newcomer.isConnected)
})

test('names that a peer makes up grow nothing', async () => {
  const names = async (): Promise<string[]> =>
    (await watch.metrics())
      .split('\n')
      .map((line) => line.replace(/ [^ ]+$/, ''))
      .sort()
  const peer = await stranger()
  await provoke([
    { what: 'a topic', channel: 'connection', reason: 'unknown-topic', send: () => peer.gossip('one', fresh()) },
  ])
  const ask = async (path: string): Promise<number> => (await fetch(`${stage.target.api}${path}`)).status
  equal(await ask('/nowhere'), 404)
  const before = await names()
  const total = (counts: Refusals): number => counts.get('connection unknown-topic') ?? 0
  const counted = total(await watch.refusals())
  for (let i = 0; i < 200; i += 1) await peer.gossip(`made up ${i}`, fresh())
  for (let i = 0; i < 200; i += 1) await ask(`/made-up-${i}`)
  await watch.until(
    async () => total(await watch.refusals()) >= counted + 200,
    () => 'two hundred topics',
  )
  const grown = (await names()).filter(
    (name) => !before.includes(name) && name.startsWith('truechimer_http_answers_total'),
  )
  deepEqual(grown, [])
  equal((await names()).filter((name) => /made[- ]up/.test(name)).length, 0)
})

test('slow callers of the API are answered no, and silent readers of events take no more than their share', async () => {
  await slow.request
  for (const said of await Promise.all(slow.http)) match(said, /408|^$/)
  match((await Promise.all(slow.http)).join(''), /TC_API_SLOW_REQUEST/)
  const streams = Number(/^truechimer_event_streams (\d+)$/m.exec(await watch.metrics())?.[1])
  ok(streams > 1 && streams <= 16, `${streams} streams of one address`)
  const refused = slow.streams
    .map((socket) => String(socket.read() ?? ''))
    .filter((said) => said.includes('TC_API_STREAMS'))
  equal(refused.length, slow.streams.length - (streams - 1))
})

test('after all of it: nothing lost, nobody framed, no memory held', async () => {
  await closing.disposeAsync()
  await watch.untilFreshEvidence(stage.others)
  const { target, others } = stage
  const honest = [target, ...others]
  const names = honest.map(({ id }) => id)
  deepEqual(
    watch.verdicts.filter(({ id, to }) => names.includes(id) && to !== 'truechimer'),
    [],
  )
  equal((await target.client.time()).status, 'synchronised')
  for (const { client } of others) {
    const { nodes } = await client.nodes()
    for (const node of nodes) if (names.includes(node.id)) equal(node.status, 'truechimer')
  }
  const held = await heldBytes(target.program)
  ok(held - heldBefore < 48 * 1024 * 1024, `${heldBefore} bytes before, ${held} after`)
})
