import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChimerError, NS_PER_MS, NS_PER_SEC } from '../../base/index.ts'
import { explainPeerVersion } from './explain-peer-version.ts'
import { REFUSED_PAUSE_NS_MAX, REFUSED_PAUSE_NS_MIN, pauseNs } from './greeting-refusals.ts'
import { ASK_AFTER_NS, FAREWELL_NS, GREETING_NS_MAX, Greetings } from './greetings.ts'
import { NETWORK_ID, answering, greet, greetingOf, makeWorld } from './greetings.test-kit.ts'
import type { ProtocolOptions } from '../port.ts'
import type { OwnGreeting } from './greetings.ts'
import type { Party } from './greetings.test-kit.ts'

const SOON = 20n * NS_PER_MS

const said = ({ refused }: Party): readonly string[] => refused.map(({ peer, reason, by }) => `${peer} ${reason} ${by}`)
const reported = (party: Party): readonly string[] =>
  party.reported.map(({ channel, from, reason }) => `${channel} ${from} ${reason}`)

test('two that are connected agree within a round trip, and share what both have', async () => {
  const { time, hub, party } = makeWorld()
  const a = party('a', { version: '1.1.0', oldestSpoken: '1.0.0', features: ['compression', 'quic'] })
  const b = party('b', { features: ['quic', 'relay'] })
  const heard: string[] = []
  a.greetings.onAgreed(({ peer, agreed }) => heard.push(`${peer} ${agreed.version}`))
  hub.connect('a', 'b')
  assert.equal(a.greetings.isAgreed('b'), false)
  await time.pass(SOON)
  const shared = { spoken: '1.0.0', features: ['quic'] }
  assert.deepEqual(a.greetings.agreed('b'), { ...shared, version: '1.0.0', agent: 'test/b' })
  assert.deepEqual(b.greetings.agreed('a'), { ...shared, version: '1.1.0', agent: 'test/a' })
  assert.deepEqual(heard, ['b 1.0.0'])
  await time.pass(20n * NS_PER_SEC)
  assert.deepEqual([a.raw.peers(), reported(a), reported(b), time.pending], [['b'], [], [], 0])
  hub.disconnect('a', 'b')
  assert.equal(a.greetings.agreed('b'), undefined)
  assert.equal(b.greetings.isAgreed('a'), false)
})

const NOT_TALKING: readonly (readonly [string, Partial<OwnGreeting> & { networkId?: Uint8Array }, string, RegExp])[] = [
  [
    'of another major',
    { version: '2.0.0', oldestSpoken: '2.0.0' },
    'incompatible-version',
    /speaks 1\.2\.0; yours speaks 2\.0\.0.* must upgrade/,
  ],
  [
    'too old',
    { version: '1.0.0' },
    'version-too-old',
    /speaks 1\.2\.0 and understands back to 1\.1\.0; yours is 1\.0\.0: upgrade it/,
  ],
  [
    'of another network',
    { version: '1.2.0', networkId: new Uint8Array(32).fill(7) },
    'other-network',
    /network 11111111; yours to 07070707/,
  ],
  ['without what we require', { version: '1.1.0' }, 'missing-feature', /requires quic, which yours does not have/],
]
for (const [what, own, reason, text] of NOT_TALKING)
  for (const dialler of ['a', 'b'] as const)
    test(`a node ${what} is told why and closed on both sides, ${dialler} having dialled`, async () => {
      const { time, hub, party } = makeWorld()
      const a = party('a', { version: '1.2.0', oldestSpoken: '1.1.0', features: ['quic'], required: ['quic'] })
      const b = party('b', own)
      hub.connect(dialler, dialler === 'a' ? 'b' : 'a')
      await time.pass(SOON)
      const [teller, told] = dialler === 'a' ? [b, a] : [a, b]
      assert.deepEqual(said(teller), [`${told.name} ${reason} own`])
      assert.deepEqual(said(told), [`${teller.name} ${reason} peer`])
      assert.equal(told.refused[0]?.text, teller.refused[0]?.text)
      if (teller === a) assert.match(teller.refused[0]?.text ?? '', text)
      assert.deepEqual([a.raw.peers(), b.raw.peers()], [[], []])
      assert.deepEqual([reported(a), reported(b)], [[`connection b ${reason}`], [`connection a ${reason}`]])
      assert.deepEqual([a.greetings.isPaused('b'), b.greetings.isPaused('a')], [true, true])
      assert.match(
        explainPeerVersion(told.greetings.view(teller.name)).join(' '),
        /^It told this node: ".*not dialled for another 10 s/,
      )
      await time.pass(60n * NS_PER_SEC)
      assert.equal(a.refused.length + b.refused.length, 2)
      assert.equal(time.pending, 0)
      assert.ok(
        a.raw
          .standings()
          .some(({ peer, reasons }) => peer === 'b' && reasons.some((it) => it.reason === 'greeting-refused')),
      )
    })

test('a peer that is silent is closed after its time, and one that asks for nothing else is asked once', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const silent = rude('silent')
  hub.connect('silent', 'a')
  await time.pass(GREETING_NS_MAX - 1n)
  assert.deepEqual(a.raw.peers(), ['silent'])
  await time.pass(1n)
  assert.deepEqual(
    [silent.peers(), said(a), reported(a)],
    [[], ['silent no-greeting own'], ['connection silent no-greeting']],
  )
})

test('who was dialled asks by itself where it is not asked, and asks again where nobody answers yet', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const slow = rude('slow')
  hub.connect('slow', 'a')
  await time.pass(2n * ASK_AFTER_NS)
  assert.equal(a.greetings.isAgreed('slow'), false)
  const heard = answering(slow, greetingOf())
  await time.pass(ASK_AFTER_NS + SOON)
  assert.deepEqual([heard.length, a.greetings.agreed('slow')?.agent], [1, 'rude/1'])
  await time.pass(2n * GREETING_NS_MAX)
  assert.deepEqual([heard.length, a.raw.peers(), said(a)], [1, ['slow'], []])
})

test('two that ask at the same moment agree once', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const b = rude('b')
  const heard = answering(b, greetingOf())
  let times = 0
  a.greetings.onAgreed(() => (times += 1))
  hub.connect('a', 'b')
  const [answer] = await Promise.all([greet(b, 'a', greetingOf()), time.pass(SOON)])
  assert.deepEqual([answer.refusal, heard.length, times, a.greetings.isAgreed('b')], [undefined, 1, 1, true])
})

test('the same greeting again changes nothing; another one ends the connection, without a pause', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const b = rude('b')
  answering(b, greetingOf())
  hub.connect('a', 'b')
  await time.pass(SOON)
  const [again] = await Promise.all([greet(b, 'a', greetingOf()), time.pass(SOON)])
  assert.deepEqual([again.refusal, a.greetings.isAgreed('b'), said(a)], [undefined, true, []])
  const [other] = await Promise.all([greet(b, 'a', greetingOf({ features: ['quic'] })), time.pass(SOON)])
  assert.deepEqual(
    [other.refusal?.reason, a.greetings.isAgreed('b'), a.greetings.isPaused('b')],
    ['greeting-changed', false, false],
  )
  await time.pass(FAREWELL_NS)
  assert.deepEqual([a.raw.peers(), reported(a)], [[], ['connection b greeting-changed']])
})

test('nonsense for an answer closes the connection; nonsense for a question is refused and charged', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const liar = rude('liar')
  answering(liar, Uint8Array.of(1, 2, 3))
  hub.connect('a', 'liar')
  await time.pass(SOON)
  assert.deepEqual(said(a), ['liar bad-greeting own'])
  assert.deepEqual(reported(a), ['/truechimer/greeting/1 liar malformed', 'connection liar bad-greeting'])
  const fool = rude('fool')
  hub.connect('fool', 'a')
  const asked = greet(fool, 'a', new Uint8Array(40)).then(
    () => 'answered',
    (error: unknown) => error,
  )
  await time.pass(SOON)
  const error = await asked
  assert(error instanceof ChimerError)
  assert.equal(error.code, 'TC_NET_REFUSED')
  assert.deepEqual(reported(a).slice(2), ['/truechimer/greeting/1 fool malformed'])
})

test('a peer that asks as what it is and answers nonsense is refused once', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const b = rude('b')
  answering(b, Uint8Array.of(1))
  hub.connect('a', 'b')
  await Promise.all([greet(b, 'a', greetingOf({ version: '2.0.0' })), time.pass(SOON)])
  await time.pass(FAREWELL_NS)
  assert.deepEqual([said(a), b.peers()], [['b incompatible-version own'], []])
})

test('a refusal that this node sees no reason for is believed, under our own word for it', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const b = rude('b')
  answering(b, greetingOf({ refusal: { reason: 'full-moon', text: 'Come back later.' } }))
  hub.connect('a', 'b')
  await time.pass(SOON)
  assert.deepEqual(said(a), ['b refused-by-peer peer'])
  assert.deepEqual([reported(a), a.refused[0]?.text], [['connection b refused-by-peer'], 'Come back later.'])
})

test('a peer that answers as if all were well is told no, once more and before it is closed', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const b = rude('b')
  const heard = answering(b, greetingOf({ version: '3.0.0' }))
  hub.connect('a', 'b')
  await time.pass(SOON)
  assert.deepEqual(
    heard.map(({ refusal }) => refusal?.reason),
    [undefined, 'incompatible-version'],
  )
  assert.deepEqual([said(a), b.peers()], [['b incompatible-version own'], []])
})

test('a refused peer that stays is closed all the same, and asking again gets the same answer', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const b = rude('b')
  hub.connect('b', 'a')
  for (let i = 0; i < 3; i += 1) {
    const [{ refusal }] = await Promise.all([greet(b, 'a', greetingOf({ version: '2.0.0' })), time.pass(SOON)])
    assert.equal(refusal?.reason, 'incompatible-version')
  }
  await time.pass(FAREWELL_NS)
  assert.deepEqual([b.peers(), said(a)], [[], ['b incompatible-version own']])
})

test('a refusal said in a question is taken, and greeting it too often is refused', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  const b = rude('b')
  hub.connect('b', 'a')
  const no = greetingOf({ refusal: { reason: 'missing-feature', text: 'You lack warp.' } })
  const [answer] = await Promise.all([greet(b, 'a', no), time.pass(SOON)])
  assert.deepEqual([answer.refusal, said(a)], [undefined, ['b missing-feature peer']])
  const many = Array.from({ length: 20 }, () =>
    greet(b, 'a', no).then(
      () => 'answered',
      () => 'refused',
    ),
  )
  const [outcomes] = await Promise.all([Promise.all(many), time.pass(SOON)])
  assert.deepEqual(new Set(outcomes), new Set(['answered', 'refused']))
})

test('the pause doubles with every refusal up to its longest, and ends with a greeting that succeeds', async () => {
  const { time, hub, party } = makeWorld()
  const a = party('a')
  const old = party('b', { version: '0.9.0', oldestSpoken: '0.9.0' })
  for (const times of [1, 2, 3]) {
    hub.connect('b', 'a')
    await time.pass(SOON)
    assert.equal(a.greetings.view('b').refusal?.times, times)
    await time.pass(pauseNs(times) - 2n * SOON)
    assert.equal(a.greetings.isPaused('b'), true)
    await time.pass(2n * SOON)
    assert.equal(a.greetings.isPaused('b'), false)
  }
  assert.deepEqual(
    [1, 2, 3].map(pauseNs),
    [1n, 2n, 4n].map((factor) => factor * REFUSED_PAUSE_NS_MIN),
  )
  assert.equal(pauseNs(1_000_000), REFUSED_PAUSE_NS_MAX)
  hub.connect('b', 'a')
  await time.pass(SOON)
  assert.equal(a.greetings.isPaused('b'), true)
  await old.greetings[Symbol.asyncDispose]()
  await old.raw[Symbol.asyncDispose]()
  party('b')
  hub.connect('b', 'a')
  await time.pass(SOON)
  assert.deepEqual([a.greetings.isAgreed('b'), a.greetings.isPaused('b')], [true, false])
  hub.disconnect('a', 'b')
  assert.equal(a.greetings.view('b').refusal, undefined)
})

test('what is known of a peer is told in words', async () => {
  const { time, hub, party } = makeWorld()
  const a = party('a', { features: ['quic'] })
  party('b', { version: '1.3.0', oldestSpoken: '1.0.0', features: ['quic'] })
  assert.deepEqual(explainPeerVersion(a.greetings.view('b')), ['It has not greeted since this node was started.'])
  hub.connect('a', 'b')
  assert.deepEqual(explainPeerVersion(a.greetings.view('b')), ['It is connected and has not greeted.'])
  await time.pass(SOON)
  assert.deepEqual(explainPeerVersion(a.greetings.view('b')), [
    'It speaks 1.3.0 and this node 1.0.0: between them it is 1.0.0, with quic.',
  ])
})

test('greetings that start late greet who is there already', async () => {
  const { time, party, rude } = makeWorld()
  answering(rude('early'), greetingOf())
  const a = party('a', { connectTo: ['early'] })
  await time.pass(SOON)
  assert.equal(a.greetings.isAgreed('early'), true)
})

test('closed greetings do nothing more', async () => {
  const { time, hub, party, rude } = makeWorld()
  answering(rude('early'), greetingOf())
  const a = party('a')
  hub.connect('early', 'a')
  await a.greetings[Symbol.asyncDispose]()
  await time.pass(GREETING_NS_MAX * 2n)
  assert.deepEqual([a.raw.peers(), a.greetings.isAgreed('early'), said(a)], [['early'], false, []])
  assert.equal(await a.greetings.agreement('early'), false)
  assert.equal(time.pending, 0)
})

test('a refusal for a reason that both see has that reason, whatever the peer calls it', async () => {
  const { time, hub, party, rude } = makeWorld()
  const a = party('a')
  answering(rude('b'), greetingOf({ version: '2.0.0', refusal: { reason: 'full-moon', text: 'No.' } }))
  hub.connect('a', 'b')
  await time.pass(SOON)
  assert.deepEqual(said(a), ['b incompatible-version peer'])
})

test('whoever waits for a greeting is told when the peer has gone', async () => {
  const { hub, party, rude } = makeWorld()
  const a = party('a')
  rude('b')
  hub.connect('a', 'b')
  const agreement = a.greetings.agreement('b')
  hub.disconnect('a', 'b')
  assert.equal(await agreement, false)
})

test('over a network that is slow to close, a refused peer is closed again, and strangers get no answer', async () => {
  const { time, hub, rude } = makeWorld()
  const raw = hub.join('a')
  const closed: string[] = []
  let handle: ProtocolOptions['handle'] = () => assert.fail('nothing is served yet')
  const greetings = new Greetings({
    time,
    networkId: NETWORK_ID,
    own: { version: '1.0.0', features: [], agent: '' },
    network: {
      charge: (peer, charge) => raw.charge(peer, charge),
      connections: () => raw.connections(),
      disconnect: (peer, reason) => void closed.push(`${peer} ${reason}`),
      onPeer: (listener) => raw.onPeer(listener),
      peers: () => raw.peers(),
      request: (peer, protocol, options) => raw.request(peer, protocol, options),
      serve: (_, options) => void (handle = options.handle),
    },
  })
  greetings.start()
  rude('b')
  hub.connect('b', 'a')
  const { signal } = new AbortController()
  const bytes = greetingOf({ version: '2.0.0' })
  assert.equal((await handle({ from: 'b', bytes, signal })).verdict, 'accept')
  assert.deepEqual(await handle({ from: 'nobody', bytes, signal }), { verdict: 'ignore', reason: 'abandoned' })
  await time.pass(4n * FAREWELL_NS)
  assert.deepEqual(closed, ['b incompatible-version', 'b incompatible-version'])
  hub.disconnect('a', 'b')
  await time.pass(4n * FAREWELL_NS)
  assert.deepEqual([closed.length, time.pending], [2, 0])
})
