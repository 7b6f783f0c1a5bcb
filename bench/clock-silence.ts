/**
 * The clock where nobody speaks, in simulation: its error so long after the last answer, and in the first minute after its first
 * burst. One server over 1 ms each way with exponential waits of 100 µs, an oscillator that is 10 ppm fast and walks by 1e-9 a
 * root second: the traces' scenario B.
 */
import { NS_PER_MS, NS_PER_SEC, seededRandom } from '../src/base/index.ts'
import type { Random } from '../src/base/index.ts'
import { Discipline, RELEASE_TAI, SimulatedWorld, createAdaptiveFilter, createOscillator } from '../src/clock/index.ts'
import type { AdaptiveState } from '../src/clock/index.ts'

const SEEDS = 40
const SILENT_FROM_SEC = 20_000n
const SILENCES_SEC = [1000, 3600, 9900] as const

/** A number in (0, 1). */
const uniform = (random: Random): number => {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4)
  return (((a * 256 + b) * 256 + c) * 256 + d + 0.5) / 2 ** 32
}

const waitNs = (random: Random): bigint => NS_PER_MS + BigInt(Math.round(-100_000 * Math.log(uniform(random))))

const openWorld = (seed: number, silentFromNs: bigint): SimulatedWorld<AdaptiveState> => {
  const random = seededRandom(BigInt(seed))
  return new SimulatedWorld({
    discipline: new Discipline({}, createAdaptiveFilter()),
    oscillator: createOscillator({ driftPpb: 10_000, randomWalkPpb: 1 }, random),
    originTai: RELEASE_TAI,
    tickNs: NS_PER_SEC / 4n,
    sources: [
      {
        id: 'server',
        answer: (trueNs) =>
          trueNs >= silentFromNs ? undefined : { outNs: waitNs(random), backNs: waitNs(random), lieNs: 0n },
      },
    ],
  })
}

const rmsUs = (errorsNs: readonly number[]): number =>
  Math.sqrt(errorsNs.reduce((sum, error) => sum + error * error, 0) / errorsNs.length) / 1000

/** RMS error after so long a silence. */
export const holdover = (): readonly { readonly afterSec: number; readonly rmsUs: number }[] => {
  const errors = SILENCES_SEC.map((): number[] => [])
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const world = openWorld(seed, SILENT_FROM_SEC * NS_PER_SEC)
    SILENCES_SEC.forEach((afterSec, index) => {
      let errorNs = Number.NaN
      world.runUntil((SILENT_FROM_SEC + BigInt(afterSec)) * NS_PER_SEC, ({ trueTai, reading }) => {
        if (reading !== undefined) errorNs = Number(reading.estimate - trueTai)
      })
      errors[index]?.push(errorNs)
    })
  }
  return SILENCES_SEC.map((afterSec, index) => ({ afterSec, rmsUs: rmsUs(errors[index] ?? []) }))
}

/** RMS error from 30 s to 60 s after the first question. */
export const coldStart = (): number => {
  const errors: number[] = []
  for (let seed = 1; seed <= 5 * SEEDS; seed += 1) {
    openWorld(seed, 3600n * NS_PER_SEC).runUntil(60n * NS_PER_SEC, ({ trueNs, trueTai, reading }) => {
      if (trueNs >= 30n * NS_PER_SEC && reading !== undefined) errors.push(Number(reading.estimate - trueTai))
    })
  }
  return rmsUs(errors)
}
