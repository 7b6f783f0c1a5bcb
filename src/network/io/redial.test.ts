import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS, NS_PER_SEC } from '../../base/index.ts'
import { REDIAL_NS_MAX, REDIAL_NS_MIN, STANDING_NS_MIN, UNWANTED_REDIAL_NS_MAX, keepDialling } from './redial.ts'

/** Time that passes only as far as the pauses asked for; dials are answered as `answer` says. */
const play = (answer: () => 'answers' | 'fails') => {
  const pausesNs: bigint[] = []
  let due: (() => void) | undefined
  let nowNs = 0n
  const time = {
    elapsedNs: () => nowNs,
    hostUnixNs: () => 0n,
    schedule: (delayNs: bigint, run: () => void) => {
      pausesNs.push(delayNs)
      due = run
      return () => void (due = undefined)
    },
  }
  const redial = keepDialling({
    time,
    addresses: ['/ip4/127.0.0.1/tcp/1'],
    dial: async () => {
      if (answer() === 'fails') throw new RangeError('nobody there')
      return 'peer'
    },
    isConnected: () => true,
  })
  return {
    pausesNs,
    redial,
    pass: (ns: bigint) => void (nowNs += ns),
    /** The pause is over; resolves when the dial is. */
    dial: async () => {
      due?.()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('who does not answer is dialled for ever, with a pause that doubles up to its most', async () => {
  const world = play(() => 'fails')
  for (let i = 0; i < 8; i += 1) await world.dial()
  const doubled = [100n, 200n, 400n, 800n].map((ms) => ms * NS_PER_MS)
  assert.deepEqual(world.pausesNs.slice(0, 4), doubled)
  assert(world.pausesNs.slice(4).every((pauseNs) => pauseNs === REDIAL_NS_MAX))
})

test('a connection that stood is made again at once; one that never stands, ever more seldom', async () => {
  const world = play(() => 'answers')
  await world.dial()
  world.pass(STANDING_NS_MIN)
  world.redial.gone('peer')
  assert.deepEqual(world.pausesNs, [REDIAL_NS_MIN])
  for (let i = 0; i < 14; i += 1) {
    await world.dial()
    world.pass(NS_PER_SEC)
    world.redial.gone('peer')
  }
  assert.equal(world.pausesNs.at(-1), UNWANTED_REDIAL_NS_MAX)
  assert(world.pausesNs.every((pauseNs, i) => i < 2 || pauseNs >= (world.pausesNs[i - 1] ?? 0n)))
  await world.dial()
  world.pass(STANDING_NS_MIN)
  world.redial.gone('peer')
  assert.equal(world.pausesNs.at(-1), REDIAL_NS_MIN, 'it has stood again')
})
