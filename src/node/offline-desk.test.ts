/** The desk for offline stamps over a table of stamps: what it takes once, and what it refuses and keeps as evidence. Rules P-85, P-86. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { NS_PER_HOUR, NS_PER_SEC, hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { encodeRecord, openReuse, openVectors } from '../proofs/index.ts'
import type { OfflineRecord } from '../proofs/index.ts'
import { NODE, recordOf, tableCheck } from '../proofs/offline.test-kit.ts'
import { NETWORK, TAI } from '../proofs/proofs.test-suite.ts'
import type { StampRecord, StampRequest } from '../stamps/index.ts'
import { openOfflineShelf } from './io/offline-shelf.ts'
import { OfflineDesk } from './offline-desk.ts'
import type { OfflineAnswer, OfflineShelf } from './offline-desk.ts'

const memoryShelf = (): OfflineShelf => {
  const [records, evidence] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()]
  return {
    count: async () => records.size,
    record: async (id) => records.get(id),
    keepRecord: async (id, bytes) => void records.set(id, bytes),
    evidence: async (id) => evidence.get(id),
    keepEvidence: async (id, bytes) => void evidence.set(id, bytes),
  }
}

/** The record of `recordOf(count)` comes back an hour after its last stamp. */
const nowAfter = (count: number): TimeInterval => {
  const at = TAI + BigInt(count + 1) * NS_PER_HOUR
  return { earliest: at - NS_PER_SEC, latest: at + NS_PER_SEC }
}

const open = (given: { shelf?: OfflineShelf; read?: () => TimeInterval | undefined } = {}) => {
  const asked: StampRequest[] = []
  const shelf = given.shelf ?? memoryShelf()
  const desk = new OfflineDesk({
    networkId: NETWORK,
    checkStamp: tableCheck,
    shelf,
    read: given.read ?? (() => nowAfter(2)),
    stamps: {
      submit: async (requests) => {
        asked.push(...requests)
        return { verdict: 'accept', value: requests.map(stampOf) }
      },
    },
  })
  return { desk, shelf, asked }
}

const stampOf = ({ algorithm, imprint, beacon }: StampRequest): StampRecord => ({
  id: hexOf(imprint.subarray(0, 16)),
  entry: { algorithm, imprint, beacon },
  receipt: {
    networkId: NETWORK,
    node: NODE.nodeId,
    position: 0,
    leaf: new Uint8Array(32),
    received: nowAfter(2),
    heightNewest: 1,
    heightPromised: 21,
    sources: 1,
    group: { index: 0, size: 1, path: [] },
    signature: new Uint8Array(64),
  },
  state: 'received',
  height: undefined,
})

const said = (answer: OfflineAnswer): string =>
  answer.verdict === 'accept' ? 'accept' : [answer.link, answer.reason].filter((word) => word !== undefined).join(' ')
const idOf = (record: OfflineRecord): string => {
  const vectors = openVectors(record.vectors)
  ok(vectors.verdict === 'accept')
  return hexOf(vectors.value.id)
}

test('a record is kept and its return is stamped, however often it is handed in', async () => {
  const { desk, shelf, asked } = open()
  const record = await recordOf(2)
  for (let time = 0; time < 2; time += 1)
    equal(said(await desk.submit(encodeRecord(record), 'ab'.repeat(32))), 'accept')
  deepEqual(await shelf.record(idOf(record)), encodeRecord(record))
  equal(await shelf.count(), 1)
  equal(asked[0]?.beacon, 'ab'.repeat(32))
  deepEqual(asked[0], asked[1])
})

test('a vector used twice is refused, and what convicts is kept', async () => {
  const { desk } = open()
  const [one, other] = [
    await recordOf(2),
    await recordOf(2, { stamp: (at) => (at === 1 ? { algorithm: 'sha-384' } : {}) }),
  ]
  equal(idOf(one), idOf(other))
  equal(said(await desk.submit(encodeRecord(one), null)), 'accept')
  equal(said(await desk.submit(encodeRecord(other), null)), 'stamps offline-reused')
  const evidence = await desk.evidence(idOf(one))
  ok(evidence !== undefined)
  deepEqual(openReuse(evidence), { node: NODE.nodeId, index: 1 })
})

test('of two that come at once with one vector, one is taken', async () => {
  const { desk } = open()
  const records = await Promise.all([recordOf(2), recordOf(2, { stamp: () => ({ algorithm: 'sha-384' }) })])
  const answers = await Promise.all(records.map((record) => desk.submit(encodeRecord(record), null)))
  deepEqual(answers.map(said), ['accept', 'stamps offline-reused'])
})

describe('what is refused, and nothing of it kept', () => {
  const table: readonly (readonly [string, () => Promise<Uint8Array>, string])[] = [
    ['no record', async () => new Uint8Array([1, 2, 3]), 'malformed'],
    ['too much', async () => new Uint8Array(3_000_000), 'too-large'],
    [
      'no return',
      async () => encodeRecord({ ...(await recordOf(2)), returned: undefined }),
      'return offline-without-return',
    ],
    [
      'a return of fewer',
      async () => encodeRecord(await recordOf(2, { returned: { count: 1 } })),
      'return offline-wrong-count',
    ],
    ['a clock that is off by an hour', async () => encodeRecord(await recordOf(1)), 'return offline-clock-off'],
    [
      'an expired vector',
      async () => encodeRecord(await recordOf(2, { vectors: { expires: TAI + NS_PER_HOUR } })),
      'stamps offline-expired',
    ],
  ]
  for (const [name, make, expected] of table)
    test(name, async () => {
      const { desk, shelf, asked } = open()
      equal(said(await desk.submit(await make(), null)), expected)
      equal(await shelf.count(), 0)
      deepEqual(asked, [])
    })

  test('without the time', async () => {
    const { desk } = open({ read: () => undefined })
    equal(said(await desk.submit(encodeRecord(await recordOf(2)), null)), 'return clock-not-ready')
  })
  test('with a full shelf', async () => {
    const { desk } = open({ shelf: { ...memoryShelf(), count: async () => 10_000 } })
    equal(said(await desk.submit(encodeRecord(await recordOf(2)), null)), 'offline-full')
  })
})

test('the shelf on disk has what was put there, and nothing before', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'truechimer-offline-shelf-'))
  try {
    const shelf = openOfflineShelf(directory)
    equal(await shelf.count(), 0)
    equal(await shelf.record('aa'), undefined)
    await shelf.keepRecord('aa', Uint8Array.of(1))
    await shelf.keepRecord('aa', Uint8Array.of(2))
    await shelf.keepEvidence('aa', Uint8Array.of(3))
    equal(await shelf.count(), 1)
    deepEqual(await openOfflineShelf(directory).record('aa'), Uint8Array.of(2))
    deepEqual(await shelf.evidence('aa'), Uint8Array.of(3))
  } finally {
    await rm(directory, { recursive: true })
  }
})
