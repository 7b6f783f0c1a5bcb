/**
 * Simulated oscillators: what a counter reads at a true elapsed time. For devnets, tests and the simulator; a real machine has
 * its own.
 *
 * Model, per step of one second: frequency error = drift + temperature coefficient × swing × sin(2π(t/period + phase)) + aging × t
 * + a random walk of one normal step a second (Allan 1987: random-walk FM), integrated to phase; white phase noise is drawn at
 * whole seconds. Within a second the counter runs evenly from one whole second to the next. All chance is drawn on that
 * grid, so readings are the same whatever the times of the questions, and the counter never runs backwards.
 *
 * The flicker floor and warm-up of real quartz are not modelled.
 */
import assert from 'node:assert/strict'
import { NS_PER_DAY, NS_PER_SEC, drawNormal, max, min } from '../base/index.ts'
import type { Random } from '../base/index.ts'

export interface OscillatorParameters {
  /** What the counter reads at true elapsed time 0, ns. */
  readonly offsetNs: bigint
  /** Frequency error at the start, parts per billion; positive runs fast. */
  readonly driftPpb: number
  /** Temperature's sinusoid: amplitude in kelvin, period in s, phase in turns. */
  readonly temperatureSwingK: number
  readonly temperaturePeriodSec: number
  readonly temperaturePhaseTurns: number
  /** Frequency error per kelvin, ppb/K. */
  readonly temperatureCoefficientPpbPerK: number
  readonly agingPpbPerDay: number
  /** Standard deviation of the step that the frequency takes each second, ppb. */
  readonly randomWalkPpb: number
  /** Standard deviation of the reading at whole seconds, ns. */
  readonly phaseNoiseNs: number
}

/** A counter with no error. Give what differs. */
export const OSCILLATOR_DEFAULTS: OscillatorParameters = Object.freeze({
  offsetNs: 0n,
  driftPpb: 0,
  temperatureSwingK: 0,
  temperaturePeriodSec: 86_400,
  temperaturePhaseTurns: 0,
  temperatureCoefficientPpbPerK: 0,
  agingPpbPerDay: 0,
  randomWalkPpb: 0,
  phaseNoiseNs: 0,
})

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
  readonly #parameters: OscillatorParameters
  readonly #random: Random
  #second = 0
  #walkPpb = 0
  #phaseNs = 0
  #from: bigint
  #to: bigint

  constructor(parameters: OscillatorParameters, random: Random) {
    this.#parameters = parameters
    this.#random = random
    this.#from = parameters.offsetNs
    this.#to = this.#from
    this.#nextNode()
  }

  read(trueElapsedNs: bigint): bigint {
    while (trueElapsedNs >= BigInt(this.#second + 1) * NS_PER_SEC) {
      this.#second += 1
      this.#from = this.#to
      this.#nextNode()
    }
    const intoNs = trueElapsedNs - BigInt(this.#second) * NS_PER_SEC
    return this.#from + ((this.#to - this.#from) * intoNs) / NS_PER_SEC
  }

  /** Draws what lies between this whole second and the next. */
  #nextNode(): void {
    const p = this.#parameters
    if (p.randomWalkPpb > 0) this.#walkPpb += p.randomWalkPpb * drawNormal(this.#random)
    const turns = this.#second / p.temperaturePeriodSec + p.temperaturePhaseTurns
    const thermalPpb = p.temperatureCoefficientPpbPerK * p.temperatureSwingK * Math.sin(2 * Math.PI * turns)
    const agingPpb = (p.agingPpbPerDay * this.#second) / Number(NS_PER_DAY / NS_PER_SEC)
    this.#phaseNs += p.driftPpb + thermalPpb + agingPpb + this.#walkPpb
    const noiseNs = p.phaseNoiseNs > 0 ? p.phaseNoiseNs * drawNormal(this.#random) : 0
    const deviationNs = BigInt(Math.round(this.#phaseNs + noiseNs))
    this.#to = max(this.#from, p.offsetNs + BigInt(this.#second + 1) * NS_PER_SEC + deviationNs)
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
