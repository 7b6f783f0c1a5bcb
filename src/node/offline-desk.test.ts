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
import { OFFLINE_WAITING_MAX, OfflineDesk } from './offline-desk.ts'
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

interface Opening {
  readonly shelf?: OfflineShelf
  readonly read?: () => TimeInterval | undefined
  readonly turn?: (run: () => void) => void
  readonly onCheck?: () => void
}

const open = (given: Opening = {}) => {
  const asked: StampRequest[] = []
  const shelf = given.shelf ?? memoryShelf()
  const desk = new OfflineDesk({
    turn: given.turn ?? setImmediate,
    networkId: NETWORK,
    checkStamp: (...asked) => {
      given.onCheck?.()
      return tableCheck(...asked)
    },
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
    [
      'a return from another journey',
      async () => encodeRecord(await recordOf(2, { returned: { vectors: new Uint8Array(32) } })),
      'return offline-wrong-drawing',
    ],
    [
      'a return after other stamps',
      async () => encodeRecord(await recordOf(2, { returned: { last: new Uint8Array(32) } })),
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

describe('whoever hands in much does not stop the node', () => {
  test('a long record is checked in turns', async () => {
    let turns = 0
    const turn = (run: () => void): void => {
      turns += 1
      setImmediate(run)
    }
    const { desk } = open({ turn, read: () => nowAfter(64) })
    const record = await recordOf(64, { vectors: { count: 64, expires: TAI + 100n * NS_PER_HOUR } })
    equal(said(await desk.submit(encodeRecord(record), null)), 'accept')
    ok(turns >= 4)
  })

  test('what is known is not checked again, be it the same or changed', async () => {
    let checks = 0
    const { desk } = open({ onCheck: () => (checks += 1) })
    const record = await recordOf(2)
    equal(said(await desk.submit(encodeRecord(record), null)), 'accept')
    const first = checks
    equal(said(await desk.submit(encodeRecord(record), null)), 'accept')
    const [one = new Uint8Array(), other = new Uint8Array()] = record.stamps
    const forged = encodeRecord({ ...record, stamps: [one, other.with(other.length - 1, (other.at(-1) ?? 0) ^ 1)] })
    equal(said(await desk.submit(forged, null)), 'offline-wrong-drawing')
    equal(checks, first)
  })

  test('what is known gets its stamp however late it is asked for again', async () => {
    let isLate = false
    const { desk } = open({ read: () => nowAfter(isLate ? 9 : 2) })
    const record = await recordOf(2)
    equal(said(await desk.submit(encodeRecord(record), null)), 'accept')
    isLate = true
    equal(said(await desk.submit(encodeRecord(record), null)), 'accept')
  })

  test('a return that came too late is said again, and convicts nobody', async () => {
    let at = nowAfter(2)
    const { desk } = open({ read: () => at })
    const record = await recordOf(2)
    equal(said(await desk.submit(encodeRecord(record), null)), 'accept')
    at = nowAfter(3)
    const again = await recordOf(2, { returned: { reading: at } })
    equal(said(await desk.submit(encodeRecord(again), null)), 'accept')
    equal(await desk.evidence(idOf(record)), undefined)
  })

  test('few may wait', async () => {
    const { desk } = open()
    const bytes = encodeRecord(await recordOf(2))
    const answers = await Promise.all(Array.from({ length: OFFLINE_WAITING_MAX + 1 }, () => desk.submit(bytes, null)))
    deepEqual(answers.map(said).slice(-2), ['accept', 'stamps-full'])
    equal(said(await desk.submit(bytes, null)), 'accept')
  })
})
