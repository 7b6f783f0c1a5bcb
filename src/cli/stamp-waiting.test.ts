/** Patience with a node, and a proof of another stamp than the one that was asked for. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { ChimerError } from '../base/index.ts'
import { ApiError } from '../services/client.ts'
import { StampWaiting } from './stamp-waiting.ts'
import { stampingWith, tableStampNode } from './stamping.test-kit.ts'
import type { TableStampNode } from './stamping.test-kit.ts'

const WISH = { algorithm: 'sha-256', imprint: new Uint8Array(32).fill(7) } as const

const open = (node: TableStampNode = tableStampNode()) => {
  const paused: number[] = []
  const signal = new AbortController().signal
  return { node, paused, waiting: new StampWaiting({ node, signal, pause: async (ms) => void paused.push(ms) }) }
}

test('what waiting mends is waited for, as long as the node says; anything else is told', async () => {
  const { waiting, paused } = open()
  const answers = [
    new ApiError('TC_API_STAMPS_FULL', 'full', { status: 503, retryAfterMs: 3000 }),
    new ApiError('TC_API_RATE', 'too many', { status: 429, retryAfterMs: 600_000 }),
    new ApiError('TC_API_STAMPS_FULL', 'full', { status: 503 }),
  ]
  const ask = async (): Promise<string> => {
    const error = answers.shift()
    if (error !== undefined) throw error
    return 'taken'
  }
  equal(await waiting.patiently(ask), 'taken')
  deepEqual(paused, [3000, 60_000, 1000])
  answers.push(new ApiError('TC_API_STAMP_STORE', 'no disk', { status: 503 }))
  await rejects(waiting.patiently(ask), { code: 'TC_API_STAMP_STORE' })
  equal(paused.length, 3)
})

test('a beacon that is too old is followed by the newest, three times', async () => {
  const { waiting } = open()
  const tried: string[] = []
  const old = new ApiError('TC_API_STAMP_BEACON', 'stale', { status: 409 })
  const hand = (refusals: number) => async (beacon: string) => {
    tried.push(beacon)
    if (tried.length <= refusals) throw old
    return tried.length
  }
  equal(await waiting.withBeacon(hand(2)), 3)
  tried.splice(0)
  await rejects(waiting.withBeacon(hand(3)), old)
  equal(tried.length, 3)
})

test('a promise is looked at while the proof is waited for; where it is over, the block is told if there is one', async () => {
  const { node, waiting, paused } = open()
  node.proof = async () => undefined
  node.height = async () => 7
  let looks = 0
  const promise = (heightPromised: number) => ({
    heightPromised,
    late: (stamp: object) => new ChimerError('TC_STAMP_PROMISE', JSON.stringify(stamp)),
  })
  node.beacon = async () => ({ height: (looks += 1) + 2, block: '' })
  await rejects(waiting.proofOf('', promise(1)), { message: '{"heightNewest":5,"heightPromised":1,"height":7}' })
  deepEqual([looks, paused.length], [3, 14])
})

test('whoever waits long is told each half minute', async () => {
  const { node, waiting, paused } = open()
  node.beacon = async () => ({ height: 1, block: '' })
  node.proof = async () => (paused.length < 310 ? undefined : new Uint8Array(1))
  const told: number[] = []
  const promise = { heightPromised: 20, late: () => new ChimerError('TC_STAMP_PROMISE', '') }
  await waiting.proofOf('', { ...promise, onWaiting: () => void told.push(paused.reduce((sum, ms) => sum + ms, 0)) })
  deepEqual(
    told.map((ms) => Math.round(ms / 1000)),
    [30, 60],
  )
})

test('a proof of the same imprint with another beacon is of another stamp', async () => {
  const node = tableStampNode()
  const stamping = stampingWith(node)
  const { pending } = await stamping.take(async () => ({ wishes: [WISH], made: undefined }))
  const [own] = pending
  ok(own !== undefined)
  const { bytes } = await stamping.finish(own)
  node.proof = async () => bytes
  await rejects(stamping.finish({ ...own, entry: { ...own.entry, beacon: 'ab'.repeat(32) } }), {
    code: 'TC_STAMP_PROOF',
  })
})
