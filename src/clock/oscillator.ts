/**
 * Simulated oscillators: what a counter reads at a true elapsed time. For devnets, tests and the simulator; a real machine has
 * its own.
 *
 * The frequency is oscillator-phase.ts's: offset, temperature, aging and noise, a step of one second at a time. Within a second
 * the counter runs evenly from one whole second to the next. All chance is drawn on that grid, so readings are the same whatever
 * the times of the questions, and the counter never runs backwards. Readings are whole ns, as those of real counters: noise
 * below that is not to be seen in them within a second.
 */
import assert from 'node:assert/strict'
import { NS_PER_SEC, max, min } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import { OSCILLATOR_DEFAULTS, OscillatorPhase } from './oscillator-phase.ts'
import type { OscillatorParameters } from './oscillator-phase.ts'

export type { OscillatorParameters }

/**
 * What breaks, and when (`atNs`: true elapsed ns, not before the last reading).
 * step: jumps by `stepNs`; a jump back shows as standing still until the old reading is reached again.
 * freeze: stands still for `forNs` and goes on from there, so that it is late by `forNs` ever after.
 * ramp: runs `ratePpb` > −10^9 faster for `forNs`, and keeps what it gained.
 */
export type OscillatorFault =
  | { readonly type: 'step'; readonly atNs: bigint; readonly stepNs: bigint }
  | { readonly type: 'freeze'; readonly atNs: bigint; readonly forNs: bigint }
  | { readonly type: 'ramp'; readonly atNs: bigint; readonly forNs: bigint; readonly ratePpb: number }

/** Faults that one oscillator can hold; more is a bug in a scenario. */
export const OSCILLATOR_FAULTS_MAX = 1024

export interface Oscillator {
  /** Local ns at a true elapsed time >= 0, not before the one of the last call. Never decreases. */
  read(trueElapsedNs: bigint): bigint
  fault(fault: OscillatorFault): void
}

/** The counter without faults: reading = elapsed + offset + deviation, known at whole seconds and between. */
class NaturalCounter {
  readonly #phase: OscillatorPhase
  readonly #offsetNs: bigint
  /** True elapsed time of the whole second that was passed last, ns. */
  #passedNs = 0n
  #from: bigint
  #to: bigint

  constructor(parameters: OscillatorParameters, random: Random) {
    this.#phase = new OscillatorPhase(parameters, random)
    this.#offsetNs = parameters.offsetNs
    this.#from = parameters.offsetNs
    this.#to = this.#from
    this.#drawNext()
  }

  read(trueElapsedNs: bigint): bigint {
    while (trueElapsedNs >= this.#passedNs + NS_PER_SEC) {
      this.#passedNs += NS_PER_SEC
      this.#from = this.#to
      this.#drawNext()
    }
    return this.#from + ((this.#to - this.#from) * (trueElapsedNs - this.#passedNs)) / NS_PER_SEC
  }

  /** Draws what lies between this whole second and the next. */
  #drawNext(): void {
    const deviationNs = BigInt(Math.round(this.#phase.next()))
    this.#to = max(this.#from, this.#offsetNs + this.#passedNs + NS_PER_SEC + deviationNs)
  }
}

interface Edge {
  readonly atNs: bigint
  readonly apply: () => void
}

class SimulatedOscillator implements Oscillator {
  readonly #natural: NaturalCounter
  readonly #edges: Edge[] = []
  readonly #ramps: { readonly atNs: bigint; readonly forNs: bigint; readonly ratePpb: bigint }[] = []
  #lastNs = 0n
  #shiftNs = 0n
  /** Readings at which the counter stands, innermost freeze last. */
  #frozen: bigint | undefined
  #freezes = 0
  #floor: bigint | undefined

  constructor(natural: NaturalCounter) {
    this.#natural = natural
  }

  read(trueElapsedNs: bigint): bigint {
    assert(trueElapsedNs >= this.#lastNs, 'an oscillator is read forwards')
    for (let edge = this.#edges[0]; edge !== undefined && edge.atNs <= trueElapsedNs; edge = this.#edges[0]) {
      this.#edges.shift()
      this.#lastNs = edge.atNs
      edge.apply()
    }
    this.#lastNs = trueElapsedNs
    return this.#value(trueElapsedNs)
  }

  fault(fault: OscillatorFault): void {
    assert(fault.atNs >= this.#lastNs, 'a fault lies ahead of the last reading')
    assert(this.#edges.length + this.#ramps.length < OSCILLATOR_FAULTS_MAX)
    if (fault.type === 'step') this.#edge(fault.atNs, () => this.#step(fault.atNs, fault.stepNs))
    if (fault.type === 'ramp') this.#ramp(fault)
    if (fault.type === 'freeze') {
      assert(fault.forNs >= 0n)
      this.#edge(fault.atNs, () => this.#freeze(fault.atNs))
      this.#edge(fault.atNs + fault.forNs, () => this.#thaw(fault.atNs + fault.forNs))
    }
  }

  #edge(atNs: bigint, apply: () => void): void {
    const after = this.#edges.findIndex((edge) => edge.atNs > atNs)
    this.#edges.splice(after < 0 ? this.#edges.length : after, 0, { atNs, apply })
  }

  #ramp(fault: { readonly atNs: bigint; readonly forNs: bigint; readonly ratePpb: number }): void {
    assert(fault.ratePpb > -1e9 && fault.forNs >= 0n)
    this.#ramps.push({ atNs: fault.atNs, forNs: fault.forNs, ratePpb: BigInt(Math.round(fault.ratePpb)) })
  }

  #running(atNs: bigint): bigint {
    const gained = this.#ramps.reduce((sum, ramp) => {
      const runNs = max(0n, min(atNs - ramp.atNs, ramp.forNs))
      return sum + (runNs * ramp.ratePpb) / NS_PER_SEC
    }, 0n)
    return this.#natural.read(atNs) + this.#shiftNs + gained
  }

  #value(atNs: bigint): bigint {
    const now = this.#frozen ?? this.#running(atNs)
    return this.#floor === undefined ? now : max(this.#floor, now)
  }

  #step(atNs: bigint, stepNs: bigint): void {
    this.#floor = this.#value(atNs)
    this.#shiftNs += stepNs
    if (this.#frozen !== undefined) this.#frozen += stepNs
  }

  #freeze(atNs: bigint): void {
    this.#freezes += 1
    this.#frozen ??= this.#running(atNs)
  }

  #thaw(atNs: bigint): void {
    this.#freezes -= 1
    if (this.#freezes > 0 || this.#frozen === undefined) return
    this.#shiftNs += this.#frozen - this.#running(atNs)
    this.#frozen = undefined
  }
}

/** An oscillator of the given errors; the same parameters and seed give the same readings. */
export const createOscillator = (parameters: Partial<OscillatorParameters>, random: Random): Oscillator =>
  new SimulatedOscillator(new NaturalCounter({ ...OSCILLATOR_DEFAULTS, ...parameters }, random))
