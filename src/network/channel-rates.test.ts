import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC } from '../base/index.ts'
import { ChannelRates, GROUP_PEERS, RELAYED_NEIGHBOURS_MAX } from './channel-rates.ts'
import { PeerScores } from './peer-scores.ts'
import { CHOSEN_SCORE_MIN } from './score-weights.ts'

const LIMIT = { ratePerSec: 10, burst: 5 }
const OPTIONS = { isRelayed: true, peersMax: 64 }

const taken = (rates: ChannelRates, count: number, { peer = 'a', group = '', atNs = 0n } = {}): string[] =>
  Array.from({ length: count }, () => {
    const refusal = rates.take(peer, group === '' ? undefined : group, atNs)
    return refusal === undefined ? 'accept' : `${refusal.verdict} ${refusal.reason}`
  })
const counted = (words: readonly string[]): Record<string, number> =>
  Object.fromEntries([...new Set(words)].map((word) => [word, words.filter((other) => other === word).length]))

test('on a topic: what a peer may say, what a relay may bring in vain, and what is flooding', () => {
  const rates = new ChannelRates(LIMIT, OPTIONS)
  assert.deepEqual(counted(taken(rates, 1000)), {
    accept: 5,
    'ignore rate-limited': 5 * (RELAYED_NEIGHBOURS_MAX - 1),
    'reject flooding': 1000 - 5 * RELAYED_NEIGHBOURS_MAX,
  })
  assert.deepEqual(taken(rates, 2, { peer: 'b' }), ['accept', 'accept'])
})

test('of a protocol there are no relays: what is above the rate is a fault', () => {
  const rates = new ChannelRates(LIMIT, { ...OPTIONS, isRelayed: false })
  assert.deepEqual(counted(taken(rates, 20)), { accept: 5, 'reject rate-limited': 15 })
})

test('a group has the rate of a few, its peers none of the blame, and others are not touched', () => {
  const rates = new ChannelRates(LIMIT, OPTIONS)
  const ofGroup = Array.from({ length: 20 }, (_, i) => taken(rates, 5, { peer: `p${i}`, group: 'ip4/9.9' })).flat()
  assert.deepEqual(counted(ofGroup), { accept: 5 * GROUP_PEERS, 'ignore group-rate-limited': 100 - 5 * GROUP_PEERS })
  assert.deepEqual(taken(rates, 1, { peer: 'q', group: 'ip4/9.8' }), ['accept'])
  assert.deepEqual(taken(rates, 1, { peer: 'r' }), ['accept'])
})

test('a peer above its own rate takes nothing from its group', () => {
  const rates = new ChannelRates(LIMIT, OPTIONS)
  taken(rates, 200, { peer: 'loud', group: 'ip4/9.9' })
  const others = Array.from({ length: GROUP_PEERS - 1 }, (_, i) => taken(rates, 5, { peer: `p${i}`, group: 'ip4/9.9' }))
  assert.deepEqual(new Set(others.flat()), new Set(['accept']))
})

test('an honest relay of 32 authors who each flood at their own limit keeps its place in the mesh', () => {
  const rates = new ChannelRates(LIMIT, OPTIONS)
  const scores = new PeerScores({ peersMax: 4 })
  for (let sec = 0n; sec < 120n; sec += 1n)
    for (const word of taken(rates, 32 * LIMIT.ratePerSec, { atNs: sec * NS_PER_SEC })) {
      assert.notEqual(word, 'reject flooding')
      const isJudged = word === 'accept'
      assert(!scores.note('a', 't', isJudged ? 'first-delivery' : 'flood', sec * NS_PER_SEC))
    }
  assert(scores.score('a', 120n * NS_PER_SEC) > CHOSEN_SCORE_MIN)
})

for (const ratePerSec of [0.1, 1, 10, 100, 150, 200, 800, 10_000])
  test(`10,000 invalid messages a second on a topic that takes ${ratePerSec}/s: gone within 10 s`, () => {
    const rates = new ChannelRates({ ratePerSec, burst: Math.max(1, Math.ceil(2 * ratePerSec)) }, OPTIONS)
    const scores = new PeerScores({ peersMax: 4 })
    let isOut = false
    for (let i = 0n; i < 100_000n && !isOut; i += 1n) {
      const atNs = i * 100_000n
      const refusal = rates.take('a', undefined, atNs)
      const isFault = refusal === undefined || refusal.verdict === 'reject'
      isOut = scores.note('a', 't', isFault ? 'rejected' : 'flood', atNs)
    }
    assert(isOut)
  })
