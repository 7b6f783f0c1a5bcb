/** Stamps as text: written by hand, and so held equal to what JSON.stringify makes of the same views. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert, bigInt, boolean, constantFrom, nat, option, property, record, uint8Array } from 'fast-check'
import { hexOf } from '../base/index.ts'
import { utcFromTai } from '../clock/index.ts'
import { IMPRINT_ALGORITHMS, IMPRINT_BYTES, STAMP_STATES } from '../stamps/index.ts'
import type { StampRecord } from '../stamps/index.ts'
import { stampsSchema } from './stamp-schema.ts'
import { stampsText, stampView } from './stamp-views.ts'
import { NEWEST, tableDesk } from './table-stamps.test-kit.ts'

const bytes = (length: number): ReturnType<typeof uint8Array> => uint8Array({ minLength: length, maxLength: length })

const taken = await tableDesk().submit([
  { algorithm: 'sha-256', imprint: new Uint8Array(32), beacon: NEWEST.block, clientKey: '' },
])
ok(taken.verdict === 'accept')
const [example] = taken.value
ok(example !== undefined)

const recordOf = record({
  id: bytes(16),
  algorithm: constantFrom(...IMPRINT_ALGORITHMS),
  imprint: bytes(64),
  beacon: option(constantFrom(NEWEST.block, '4e'.repeat(32))),
  state: constantFrom(...STAMP_STATES),
  height: option(nat(), { nil: undefined }),
  earliest: bigInt({ min: 1_500_000_000_000_000_000n, max: 2_500_000_000_000_000_000n }),
  position: nat(),
}).map(({ id, algorithm, imprint, beacon, state, height, earliest, position }): StampRecord => ({
  id: hexOf(id),
  entry: { algorithm, imprint: imprint.subarray(0, IMPRINT_BYTES[algorithm]), beacon },
  receipt: { ...example.receipt, position, received: { earliest, latest: earliest + 3n } },
  state,
  height,
}))

test('the text is JSON.stringify’s, of the shape that is described, with each stamp’s own times', () =>
  assert(
    property(array(recordOf, { maxLength: 4 }), boolean(), (records, hasNewest) => {
      const view = { stamps: records.map((one) => stampView(one, hasNewest ? NEWEST : undefined)) }
      equal(stampsText(view), JSON.stringify(view))
      deepEqual(stampsSchema.strict().parse(view), view)
      for (const [i, { receipt }] of records.entries())
        equal(view.stamps[i]?.received.utc.latest, utcFromTai(receipt.received.latest))
    }),
    { numRuns: 200 },
  ))
