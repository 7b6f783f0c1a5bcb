import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { pairedReading } from './paired-reading.ts'

const counter = (...readings: readonly bigint[]) => {
  let next = 0
  return { elapsedNs: () => readings[next++] ?? 0n }
}
const numbers = () => {
  let last = 0n
  return () => (last += 1n)
}

test('a close pair is taken at once, in the middle of the two readings of the counter', () =>
  deepEqual(pairedReading(counter(100n, 110n), numbers()), { localNs: 105n, otherNs: 1n, boundNs: 6n }))

test('where the processor was away, the closest of eight tries is taken, with its bound', () => {
  const tries = [90_000n, 80_000n, 70_000n, 30_000n, 50_000n, 60_000n, 40_000n, 90_000n]
  const time = counter(...tries.flatMap((apart, i) => [BigInt(i) * 1_000_000n, BigInt(i) * 1_000_000n + apart]))
  deepEqual(pairedReading(time, numbers()), { localNs: 3_015_000n, otherNs: 4n, boundNs: 15_001n })
})
