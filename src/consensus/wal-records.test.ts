/** The log's bytes: a vector, the round trip, every place where it can be cut, and every bit that can be flipped. Rules: docs/spec/consensus.md B-52 to B-54. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf, joinBytes } from '../base/index.ts'
import type { WalRecord } from './port.ts'
import { encodeWalBatch, readWal, WAL_HEAD_BYTES, WAL_START } from './wal-records.ts'

const record = (height: number, length: number, type: 'said' | 'block' | 'polka' = 'said'): WalRecord => ({
  type,
  height,
  // No zeros: what tears is told by them.
  bytes: Uint8Array.from({ length }, (_, i) => 1 + ((i * 7 + height) % 255)),
})

/** The bytes of batches one after another, and where each ends. */
const logOf = (batches: readonly (readonly WalRecord[])[]): { bytes: Uint8Array; ends: readonly number[] } => {
  let [link, bytes]: [typeof WAL_START, Uint8Array] = [WAL_START, new Uint8Array()]
  const ends = batches.map((batch) => {
    const encoded = encodeWalBatch(batch, link)
    link = encoded.link
    bytes = joinBytes(bytes, encoded.bytes)
    return bytes.length
  })
  return { bytes, ends }
}

const BATCHES = [
  [record(1, 40, 'block'), record(1, 30)],
  [record(1, 600)],
  [record(1, 20, 'polka'), record(1, 1400, 'block'), record(1, 25)],
  [record(2, 33)],
]
const { bytes: LOG, ends: ENDS } = logOf(BATCHES)

/** Made with Python's hashlib and struct from the description in wal-records.ts. */
const VECTOR =
  '0000000bfffffff40000000101000000000000000000000000000000000d296fc758e22297dfa58a3df48de816010000000000000003abcd'

describe('whole', () => {
  test('vector: the first frame of a log', () =>
    equal(hexOf(encodeWalBatch([{ type: 'said', height: 3, bytes: Uint8Array.of(0xab, 0xcd) }]).bytes), VECTOR))
  test('an empty log', () =>
    deepEqual(readWal(new Uint8Array()), { records: [], bytesGood: 0, tail: 'clean', link: WAL_START }))
  test('reads what was written, and where to go on', () => {
    const { records, tail, bytesGood, link } = readWal(LOG)
    deepEqual([records, tail, bytesGood], [BATCHES.flat(), 'clean', LOG.length])
    const more = encodeWalBatch([record(3, 5)], link)
    deepEqual(readWal(joinBytes(LOG, more.bytes)).records.at(-1), record(3, 5))
  })
  test('leaves out what is of decided heights, also what comes late of it, and keeps how far they reach', () => {
    const { bytes } = logOf([
      [record(1, 9), record(2, 9)],
      [{ type: 'decided', height: 1 }, record(1, 8)],
      [record(3, 7)],
    ])
    const { records, tail } = readWal(bytes)
    deepEqual([records, tail], [[{ type: 'decided', height: 1 }, record(2, 9), record(3, 7)], 'clean'])
    deepEqual(readWal(logOf([[record(4, 9)], [{ type: 'decided', height: 4 }, record(4, 8)]]).bytes).records, [
      { type: 'decided', height: 4 },
    ])
  })
  test('any batches', () =>
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(300)), { minLength: 1, maxLength: 3 }), {
          maxLength: 5,
        }),
        (shape) => {
          const batches = shape.map((batch) => batch.map(([height, length]) => record(height, length)))
          deepEqual(readWal(logOf(batches).bytes).records, batches.flat())
        },
      ),
      { numRuns: 40 },
    ))
  test('a batch of nothing is a bug', () => throws(() => encodeWalBatch([])))
})

describe('cut off', () => {
  test('anywhere: clean where a batch ends, else torn, and nothing whole is lost', () => {
    for (let length = 0; length < LOG.length; length += 1) {
      const { tail, records, bytesGood } = readWal(LOG.subarray(0, length))
      equal(tail, length === 0 || ENDS.includes(length) ? 'clean' : 'torn', `at ${length}`)
      const acknowledged = BATCHES.slice(0, ENDS.filter((end) => end <= length).length).flat()
      deepEqual(records.slice(0, acknowledged.length), acknowledged)
      ok(bytesGood <= length)
    }
  })
})

/** A flip in the last batch can be taken for tearing where zeros are; there are none in these. */
describe('flipped', () => {
  const flipped = (at: number, bit: number): Uint8Array => {
    const bytes = LOG.slice()
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
    return bytes
  }
  test('any bit of the log is damage, and never read as something else', () => {
    for (let at = 0; at < LOG.length; at += 1) {
      const { tail, records } = readWal(flipped(at, at % 8))
      equal(tail, 'damaged', `byte ${at}`)
      ok(
        records.every((one, i) => hexOf(bytesOf(one)) === hexOf(bytesOf(BATCHES.flat()[i]))),
        `byte ${at}`,
      )
    }
  })
})

const bytesOf = (one: WalRecord | undefined): Uint8Array =>
  one === undefined || one.type === 'decided' ? new Uint8Array() : one.bytes

describe('sectors of zeros', () => {
  const zeroed = (from: number, to: number): Uint8Array => LOG.slice().fill(0, from, to)
  const [, secondEnds = 0, thirdEnds = 0] = ENDS
  const sector = Math.ceil(secondEnds / 512) * 512 + 512
  test('in the last batch: torn', () => {
    const log = LOG.subarray(0, thirdEnds)
    ok(sector + 512 < thirdEnds)
    equal(readWal(log.slice().fill(0, sector, sector + 512)).tail, 'torn')
    equal(readWal(log.slice().fill(0, secondEnds)).tail, 'torn')
    equal(readWal(joinBytes(log, new Uint8Array(4096))).tail, 'torn')
  })
  test('in a batch that another was built upon: damage', () => {
    equal(readWal(zeroed(sector, sector + 512)).tail, 'damaged')
    equal(readWal(zeroed(secondEnds, thirdEnds)).tail, 'damaged')
    equal(readWal(zeroed(0, WAL_HEAD_BYTES)).tail, 'damaged')
  })
})

describe('in another order', () => {
  test('a batch left out, or from another log, is damage', () => {
    const [first = 0, second = 0] = ENDS
    equal(readWal(joinBytes(LOG.subarray(0, first), LOG.subarray(second))).tail, 'damaged')
    const other = logOf([[record(7, 12)], [record(7, 13)]])
    equal(readWal(joinBytes(LOG.subarray(0, first), other.bytes.subarray(other.ends[0]))).tail, 'damaged')
  })
})
