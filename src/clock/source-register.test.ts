/** What the sources together show of the counter's frequency: a minority cannot bend it, and doubt forgets it. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC } from '../base/index.ts'
import { DISCIPLINE_DEFAULTS } from './discipline-options.ts'
import { firstSchedule } from './poll-policy.ts'
import type { Measurement } from './port.ts'
import { SourceRegister } from './source-register.ts'

const SEC = NS_PER_SEC
const HALF = 1_000_000n

/** Each source says every 64 s that TAI − local runs at its slope, ± 1 ms. */
const registerOf = (slopesPpb: readonly (bigint | undefined)[], untilSec: bigint): SourceRegister => {
  const register = new SourceRegister(DISCIPLINE_DEFAULTS)
  slopesPpb.forEach((slopePpb, i) => {
    const sourceId = `s${i}`
    register.add(sourceId, 'ntp', firstSchedule(DISCIPLINE_DEFAULTS))
    if (slopePpb === undefined) return
    for (let sec = 0n; sec <= untilSec; sec += 64n) {
      const estimateNs = sec * slopePpb
      const measurement: Measurement = {
        sourceId,
        kind: 'ntp',
        localNs: sec * SEC,
        offset: { lo: estimateNs - HALF, hi: estimateNs + HALF },
        estimateNs,
        delayNs: 2n * HALF,
        leap: 'none',
      }
      register.get(sourceId)?.measured(measurement)
    }
  })
  return register
}

test('two true sources of three bound the slope, whatever the third shows', () => {
  const [low, high] = [registerOf([0n, 0n, -9000n], 12_800n), registerOf([100n, 0n, 9000n], 12_800n)]
  deepEqual(low.frequencyAt(12_800n * SEC), { loPpb: -300n, hiPpb: 300n, wanderPpb: 300n })
  deepEqual(high.frequencyAt(12_800n * SEC), { loPpb: -200n, hiPpb: 300n, wanderPpb: 300n })
})

test('no majority, no bound; a voter who has yet to speak may side with any', () => {
  equal(registerOf([0n, 9000n], 12_800n).frequencyAt(12_800n * SEC), undefined)
  equal(registerOf([], 0n).frequencyAt(0n), undefined)
  const awaited = registerOf([0n, 0n, undefined], 12_800n).frequencyAt(12_800n * SEC)
  deepEqual(awaited, { loPpb: -300n, hiPpb: 300n, wanderPpb: 300n })
  const torn = registerOf([0n, 9000n, undefined], 12_800n).frequencyAt(12_800n * SEC)
  deepEqual(torn, { loPpb: -300n, hiPpb: 9300n, wanderPpb: 300n })
})

test('what a source showed is forgotten with its words', () => {
  const wide = (change: (register: SourceRegister) => void): boolean => {
    const register = registerOf([0n], 12_800n)
    equal(register.frequencyAt(12_800n * SEC)?.hiPpb, 300n)
    change(register)
    return (register.frequencyAt(12_800n * SEC)?.hiPpb ?? 500_000n) === 500_000n
  }
  ok(wide((register) => register.get('s0')?.forget()))
  ok(wide((register) => register.get('s0')?.keepNewest()))
  ok(wide((register) => register.get('s0')?.stop('kod-deny')))
  ok(wide((register) => register.get('s0')?.replaced(false, firstSchedule(DISCIPLINE_DEFAULTS))))
})
