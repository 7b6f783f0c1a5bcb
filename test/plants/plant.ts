/**
 * What a planted bug is: a known mistake, made on purpose in the source as it is loaded, to see that the simulator finds it. Nothing of
 * this is in the product; the switch is `node --import ./test/plants/load.ts` with `TRUECHIMER_PLANT=<name>`.
 */
import type { FaultName } from '../../src/simulation/index.ts'

/** One place of the source that is changed: `text` stands in `file` exactly once. */
export interface Edit {
  /** Path from the project's root. */
  readonly file: string
  readonly text: string
  readonly replacement: string
}

export interface Plant {
  readonly name: string
  /** What somebody has done wrong. */
  readonly about: string
  readonly edits: readonly Edit[]
  /** What goes wrong in the runs in which it must be found. */
  readonly faults: readonly FaultName[]
  readonly nodes: number
  /** Of a million messages so many are lost all the time; none unless given. */
  readonly lossPerMillion?: number
  /** One node votes two ways all the time, and the others go down at writes of chance, again and again. */
  readonly isRestless?: true
  /** Names of the checkers of which one must find it first. */
  readonly foundBy: readonly string[]
}

/** Simulated time of one run, s; and how many runs there are at most. */
export const PLANT_SECONDS = 60
export const PLANT_SEEDS = 8

export interface Finding {
  readonly seed: number
  readonly checker: string
  /** Simulated time at which it was found, s. */
  readonly atSec: number
  readonly what: string
}

export interface RunReport {
  readonly name: string
  readonly found?: Finding | undefined
  /** Newest decided height of each run. */
  readonly heights: readonly number[]
}
