/** Messages of time maps: every field's limits, and that nothing but the one encoding passes. */
import * as fc from 'fast-check'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { TAI_MAX } from '../base/index.ts'
import {
  POSITIONS_MAX,
  VERIFICATION_VERDICTS,
  timeMapCommitmentCodec,
  timeMapUpdateCodec,
  timeMapVerificationCodec,
} from './index.ts'
import {
  anyBytes32,
  anyCid,
  anyHeight,
  anyInstant,
  anyReason,
  bytes32,
  cid,
  holdsItsShape,
  orNone,
  record,
  refusesFields,
} from './messages.test-suite.ts'

const anyInterval = fc
  .tuple(anyInstant, anyInstant)
  .map(([a, b]) => (a < b ? { earliest: a, latest: b } : { earliest: b, latest: a }))
const interval = { earliest: 10n, latest: 20n }

refusesFields(
  'an update',
  timeMapUpdateCodec,
  { chainId: bytes32(1), height: 3, blockHash: bytes32(2), ...interval, map: cid(3), previous: cid(2) },
  [
    ['an interval that is an instant', 4, 10, 'accept'],
    ['an interval that ends before it begins', 4, 9],
    ['an interval before 1970', 3, -1],
    ['an interval that never ends', 4, TAI_MAX + 1n],
    ['the first map', 6, [], 'accept'],
    ['two maps before it', 6, [cid(1), cid(2)]],
  ],
)
holdsItsShape(
  'an update',
  timeMapUpdateCodec,
  fc
    .tuple(
      record({ chainId: anyBytes32, height: anyHeight, blockHash: anyBytes32, map: anyCid, previous: orNone(anyCid) }),
      anyInterval,
    )
    .map(([rest, times]) => ({ ...rest, ...times })),
  { numRuns: fuzzRuns(150) },
)

refusesFields(
  'a commitment',
  timeMapCommitmentCodec,
  { commitmentId: cid(1), map: cid(2), root: bytes32(3), positions: 4, ...interval, proof: 'none' },
  [
    ['no position', 3, 0],
    ['too many positions', 3, POSITIONS_MAX + 1],
    ['an interval that ends before it begins', 4, 21],
  ],
)
holdsItsShape(
  'a commitment',
  timeMapCommitmentCodec,
  fc
    .tuple(
      record({
        commitmentId: anyCid,
        map: anyCid,
        root: anyBytes32,
        positions: fc.integer({ min: 1, max: POSITIONS_MAX }),
        proof: orNone(anyCid),
      }),
      anyInterval,
    )
    .map(([rest, times]) => ({ ...rest, ...times })),
  { numRuns: fuzzRuns(150) },
)

refusesFields(
  'a verification',
  timeMapVerificationCodec,
  { chainId: bytes32(1), height: 3, commitmentId: cid(1), verdict: 'refused', reason: 'root-differs' },
  [
    ['a verdict that is none', 3, 'perhaps'],
    ['no reason', 4, '', 'accept'],
    ['a reason in capitals', 4, 'Root'],
    ['a reason with a line in it', 4, 'a\nb'],
    ['a reason too long', 4, 'x'.repeat(65)],
  ],
)
holdsItsShape(
  'a verification',
  timeMapVerificationCodec,
  record({
    chainId: anyBytes32,
    height: anyHeight,
    commitmentId: anyCid,
    verdict: fc.constantFrom(...VERIFICATION_VERDICTS),
    reason: anyReason,
  }),
  { numRuns: fuzzRuns(150) },
)
