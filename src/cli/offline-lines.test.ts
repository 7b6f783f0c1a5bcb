/** Offline stamps in words. */
import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_HOUR, NS_PER_MS } from '../base/index.ts'
import { securityText, widthText } from './offline-lines.ts'

const DRAWN = { earliest: 0n, latest: 10n * NS_PER_MS }

test('widths', () => {
  equal(widthText(DRAWN), '10 ms')
  equal(widthText({ earliest: 0n, latest: 35_000n }), '35 µs')
  equal(widthText({ earliest: 0n, latest: 4_249_000_000n }), '4.2 s')
})

test('the guarantee is one at the drawing, a quarter at half time, nothing at the end', () => {
  const vectors = { drawn: DRAWN, driftPpb: 0, expires: DRAWN.latest + 10n * NS_PER_HOUR }
  const at = (hours: bigint) => securityText(vectors, { earliest: 0n, latest: DRAWN.latest + hours * NS_PER_HOUR })
  equal(at(0n).text, 'S_offline 1.000 of 1')
  equal(at(5n).value, 0.25)
  equal(at(10n).text, 'S_offline 0.000 of 1')
  equal(
    at(5n).value > securityText({ ...vectors, driftPpb: 100_000 }, { earliest: 0n, latest: 5n * NS_PER_HOUR }).value,
    true,
  )
})
