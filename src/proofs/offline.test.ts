/** Offline stamps: what holds, and every way in which they do not. Rules P-70 to P-84. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_HOUR, NS_PER_MS, NS_PER_SEC, equalBytes } from '../base/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import { DRAWN, DRIFT_PPB, NODE, draw, recordOf, stampAfter, tableCheck } from './offline.test-kit.ts'
import {
  checkOffline,
  driftOver,
  encodeReuse,
  openReuse,
  openVectors,
  readingAfter,
  reuseShown,
  vectorValue,
  widthMin,
} from './index.ts'
import type { OfflineAdmission, OfflineRecord } from './index.ts'
import { NETWORK, TAI, withFlippedBit } from './proofs.test-suite.ts'

/** Each run verifies up to a dozen signatures: more of them would take minutes. */
const SIGNED_RUNS_MAX = 2000

const check = (record: OfflineRecord, networkId = NETWORK): OfflineAdmission =>
  checkOffline(record, { networkId, checkStamp: tableCheck })
const said = (admission: OfflineAdmission): string =>
  admission.verdict === 'accept'
    ? 'accept'
    : [admission.link, admission.at, admission.reason].filter((word) => word !== undefined).join(' ')

const good = await recordOf(3)
const [first = new Uint8Array(), second = new Uint8Array(), third = new Uint8Array()] = good.stamps

test('what follows the rules holds, between the drawing and the return', () => {
  const admission = check(good)
  ok(admission.verdict === 'accept')
  const { stamps } = admission.value
  deepEqual(
    stamps.map(({ stamp: { index }, notBefore, notAfter }) => ({ index, notBefore, notAfter })),
    [0, 1, 2].map((index) => ({
      index,
      notBefore: TAI - NS_PER_SEC,
      notAfter: TAI + 4n * NS_PER_HOUR + 2n * NS_PER_SEC,
    })),
  )
})

test('before the return nothing bounds them from above', () => {
  const admission = check({ ...good, returned: undefined })
  ok(admission.verdict === 'accept')
  equal(admission.value.returned, undefined)
  equal(admission.value.stamps[0]?.notAfter, undefined)
})

describe('what is refused, at which link, and why', () => {
  const foreign = new Uint8Array(32).fill(9)
  const reading = readingAfter({ drawn: DRAWN, driftPpb: DRIFT_PPB }, NS_PER_HOUR)
  const table: readonly (readonly [string, () => Promise<OfflineRecord> | OfflineRecord, string])[] = [
    ['cut-off vectors', () => ({ ...good, vectors: good.vectors.subarray(1) }), 'vectors malformed'],
    ['another network', () => recordOf(1, { vectors: { networkId: foreign } }), 'vectors offline-wrong-network'],
    ['expired when drawn', () => recordOf(0, { vectors: { expires: DRAWN.latest } }), 'vectors offline-reversed'],
    ['a drawing that was not stamped', () => ({ ...good, drawing: new Uint8Array(40) }), 'drawing stamp-wrong-imprint'],
    [
      'a clock that was wrong when it drew',
      () => recordOf(0, { vectors: { drawn: { earliest: TAI + 3n * NS_PER_SEC, latest: TAI + 4n * NS_PER_SEC } } }),
      'drawing offline-drift',
    ],
    ['a stamp left out', () => ({ ...good, stamps: [first, third] }), 'stamps 1 offline-not-next'],
    ['a vector used twice', () => ({ ...good, stamps: [first, first] }), 'stamps 1 offline-not-next'],
    ['stamps in another order', () => ({ ...good, stamps: [second, first, third] }), 'stamps 0 offline-not-next'],
    [
      'a vector of another drawing',
      () => recordOf(2, { stamp: (at) => (at === 1 ? { vectors: foreign } : {}) }),
      'stamps 1 offline-wrong-drawing',
    ],
    [
      'a value that is not the vector’s',
      () => recordOf(1, { stamp: () => ({ value: foreign }) }),
      'stamps 0 offline-wrong-vector',
    ],
    ['more stamps than vectors', () => recordOf(2, { vectors: { count: 1 } }), 'stamps 1 offline-wrong-vector'],
    [
      'an expired vector',
      () => recordOf(3, { vectors: { expires: TAI + 150n * 60n * NS_PER_SEC } }),
      'stamps 2 offline-expired',
    ],
    [
      'a reading before the one before',
      () =>
        recordOf(2, { stamp: (at) => (at === 1 ? { reading: { ...reading, earliest: reading.earliest - 1n } } : {}) }),
      'stamps 1 offline-backwards',
    ],
    [
      'a reading more exact than the drift allows',
      () =>
        recordOf(1, {
          stamp: () => ({
            reading: { earliest: reading.earliest + NS_PER_MS, latest: reading.latest - 100n * NS_PER_MS },
          }),
        }),
      'stamps 0 offline-too-exact',
    ],
    ['a return of fewer', () => recordOf(2, { returned: { count: 1 } }), 'return offline-wrong-count'],
    [
      'a return that names another last',
      () => recordOf(2, { returned: { last: foreign } }),
      'return offline-wrong-count',
    ],
    [
      'a return of another drawing',
      () => recordOf(1, { returned: { vectors: foreign } }),
      'return offline-wrong-drawing',
    ],
    [
      'a return to another network',
      () => recordOf(1, { returned: { networkId: foreign } }),
      'return offline-wrong-network',
    ],
    ['a return before the last stamp', () => recordOf(2, { returned: { reading } }), 'return offline-backwards'],
    [
      'a clock that has gone wrong',
      () => recordOf(2, { returnedNs: 3n * NS_PER_HOUR + 5n * NS_PER_SEC }),
      'return offline-drift',
    ],
    [
      'a return whose proof is another’s',
      () => ({ ...good, returned: { bytes: good.returned?.bytes ?? first, proof: good.drawing } }),
      'return stamp-wrong-imprint',
    ],
  ]
  for (const [name, make, expected] of table) test(name, async () => equal(said(check(await make())), expected))
})

test('whichever bit of what is signed is turned, it is refused', () =>
  fc.assert(
    fc.property(fc.nat(2), fc.nat(1_000_000), (which, at) => {
      const stamps = good.stamps.map((bytes, i) =>
        i === which ? withFlippedBit(bytes, at % (bytes.length * 8)) : bytes,
      )
      return check({ ...good, stamps }).verdict !== 'accept'
    }),
    { numRuns: Math.min(fuzzRuns(200), SIGNED_RUNS_MAX) },
  ))

test('whatever the bytes, nothing is thrown', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const returned = { bytes, proof: bytes }
      return (
        check({ ...good, vectors: bytes }).verdict !== 'accept' &&
        check({ ...good, stamps: [bytes] }).verdict !== 'accept' &&
        check({ ...good, returned }).verdict !== 'accept' &&
        openReuse(bytes) === undefined
      )
    }),
    { numRuns: Math.min(fuzzRuns(200), SIGNED_RUNS_MAX) },
  ))

test('a vector’s value is another for each drawing, block and index', async () => {
  const [one, other] = [await draw(), await draw({ count: 9 })]
  const block = new Uint8Array(32)
  const values = [
    vectorValue({ id: one.id, block, index: 0 }),
    vectorValue({ id: one.id, block, index: 1 }),
    vectorValue({ id: other.id, block, index: 0 }),
    vectorValue({ id: one.id, block: new Uint8Array(32).fill(1), index: 0 }),
  ]
  equal(new Set(values.map((value) => Buffer.from(value).toString('hex'))).size, 4)
})

test('the drift widens a reading, and the narrowest that is believed is what an honest node claims', () => {
  const vectors = { drawn: DRAWN, driftPpb: DRIFT_PPB }
  equal(driftOver(20_000, NS_PER_HOUR), 72n * NS_PER_MS)
  equal(driftOver(1, 1n), 1n)
  deepEqual(readingAfter(vectors, 0n), DRAWN)
  fc.assert(
    fc.property(fc.bigInt(0n, 100n * NS_PER_HOUR), (elapsed) => {
      const reading = readingAfter(vectors, elapsed)
      return reading.latest - reading.earliest >= widthMin(vectors, reading)
    }),
  )
})

describe('evidence of reuse', () => {
  test('two stamps of one vector convict, whichever comes first', async () => {
    const vectors = await draw()
    const stamp = await stampAfter(vectors, undefined, NS_PER_HOUR)
    const other = await stampAfter(vectors, undefined, NS_PER_HOUR, { imprint: new Uint8Array(32).fill(0xaa) })
    for (const [a, b] of [
      [stamp, other],
      [other, stamp],
    ] as const) {
      const shown = openReuse(
        encodeReuse({ form: 'truechimer/offline-reuse/1', vectors: vectors.bytes, first: a.bytes, second: b.bytes }),
      )
      ok(shown !== undefined && equalBytes(shown.node, NODE.nodeId))
      equal(shown.index, 0)
    }
  })

  test('nobody is convicted by one thing twice, by two vectors, or by another drawing', async () => {
    const [vectors, other] = [await draw(), await draw({ count: 9 })]
    const one = await stampAfter(vectors, undefined, NS_PER_HOUR)
    const two = await stampAfter(vectors, one, 2n * NS_PER_HOUR)
    const foreign = await stampAfter(other, undefined, NS_PER_HOUR)
    const returned = (await recordOf(1)).returned?.bytes ?? one.bytes
    for (const [first, second] of [
      [one, one],
      [one, two],
      [one, foreign],
    ] as const)
      equal(reuseShown({ vectors: vectors.bytes, first: first.bytes, second: second.bytes }), undefined)
    equal(reuseShown({ vectors: vectors.bytes, first: one.bytes, second: returned }), undefined)
  })

  test('two returns of one drawing convict', async () => {
    const [one, other] = [await recordOf(1), await recordOf(2)]
    ok(equalBytes(one.vectors, other.vectors))
    const shown = reuseShown({
      vectors: one.vectors,
      first: one.returned?.bytes ?? one.vectors,
      second: other.returned?.bytes ?? one.vectors,
    })
    equal(shown?.index, null)
  })

  test('a return that is only said again, later, convicts nobody', async () => {
    const one = await recordOf(1)
    const later = await recordOf(1, {
      returned: { reading: { earliest: TAI + 9n * NS_PER_HOUR, latest: TAI + 10n * NS_PER_HOUR } },
    })
    const [first, second] = [one.returned?.bytes ?? one.vectors, later.returned?.bytes ?? one.vectors]
    ok(!equalBytes(first, second))
    equal(reuseShown({ vectors: one.vectors, first, second }), undefined)
  })
})

test('a statement is opened as it was drawn', async () => {
  const vectors = await draw()
  deepEqual(openVectors(vectors.bytes, ed25519Verifier), { verdict: 'accept', value: vectors })
})
