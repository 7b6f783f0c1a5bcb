/**
 * Allan deviation: how much the mean frequency of one stretch of τ differs from that of the next, as a ratio. It is the measure in
 * which oscillators are specified, since it exists for all their noises, and a constant frequency error does not enter.
 *
 *   σ²(τ) = ⟨(x(t + 2τ) − 2x(t + τ) + x(t))²⟩ / 2τ²      x: phase, here ns; τ = m·τ₀; overlapping: over all t of the grid
 *
 * Source: NIST SP 1065 (Riley 2008) §5.2.4, equation 11; its 1000-point set is the test's vector. `AllanStream` gives the same from
 * a few hundred numbers of memory for a clock that runs for months.
 *
 * Not promised: that figures from a disciplined clock are the oscillator's own. A filter smooths: below its time constant they
 * are too small; and what the sources' noise leaves in the estimate makes them too large.
 */
import assert from 'node:assert/strict'

export interface AllanFigure {
  readonly tauSec: number
  /** σ_y(τ), a ratio: 1e-9 is one part per billion. */
  readonly sigma: number
  /** Differences that went into it; neighbouring ones are not independent. */
  readonly samples: number
}

const figure = (sumNs2: number, samples: number, tauSec: number): AllanFigure => ({
  tauSec,
  sigma: Math.sqrt(sumNs2 / (2 * samples)) / (tauSec * 1e9),
  samples,
})

/**
 * The overlapping Allan deviation at τ = `factor` × `intervalSec` of phases `intervalSec` apart, ns; nothing where there are
 * fewer than 2 × factor + 1 of them. `factor`: a whole number >= 1.
 */
export const allanDeviation = (
  phasesNs: ArrayLike<number>,
  { intervalSec, factor }: { readonly intervalSec: number; readonly factor: number },
): AllanFigure | undefined => {
  assert(intervalSec > 0 && Number.isSafeInteger(factor) && factor >= 1)
  const samples = phasesNs.length - 2 * factor
  if (samples < 1) return undefined
  let sum = 0
  for (let i = 0; i < samples; i += 1) {
    const [start = 0, middle = 0, end = 0] = [phasesNs[i], phasesNs[i + factor], phasesNs[i + 2 * factor]]
    sum += (end - 2 * middle + start) ** 2
  }
  return figure(sum, samples, factor * intervalSec)
}

/** The overlapping Allan deviation at 1, 2, 4, … times `intervalSec`, as far as the phases reach. */
export const allanDeviations = (phasesNs: ArrayLike<number>, intervalSec: number): readonly AllanFigure[] => {
  const figures: AllanFigure[] = []
  for (let factor = 1; ; factor *= 2) {
    const next = allanDeviation(phasesNs, { intervalSec, factor })
    if (next === undefined) return figures
    figures.push(next)
  }
}

/** Points kept of each octave: two steps of four, so that differences overlap fourfold. */
const KEPT = 9
/** Octaves at most: a million intervals. */
const OCTAVES_MAX = 20
/** Intervals without a word that are bridged by a straight line; more, and the line is broken. */
const BRIDGED_MAX = 4096
/** A difference counts if its τ is at least so many times the longest bridge under it: shorter ones would see the line. */
const BRIDGE_FACTOR = 4
/** Differences that count fully; beyond, old ones fade, so that the figures follow what changes. */
const SAMPLES_MAX = 4096

/** The sum of squared second differences at one τ. */
class Tally {
  #sumNs2 = 0
  #samples = 0

  add(differenceNs: number): void {
    if (this.#samples >= SAMPLES_MAX) {
      this.#samples /= 2
      this.#sumNs2 /= 2
    }
    this.#samples += 1
    this.#sumNs2 += differenceNs ** 2
  }

  figure(tauSec: number): AllanFigure | undefined {
    return this.#samples < 1 ? undefined : figure(this.#sumNs2, this.#samples, tauSec)
  }
}

/** Phases 2^k intervals apart: the newest nine, and what the differences over four of them come to. */
class Octave {
  readonly #tallies: ReadonlyMap<number, Tally>
  #points: number[] = []
  #seen = 0

  /** `factors`: the differences that are taken here, in steps of this octave. */
  constructor(factors: readonly number[]) {
    this.#tallies = new Map(factors.map((factor) => [factor, new Tally()]))
  }

  /** True for each second point: the next octave takes it. Differences over fewer than `factorMin` steps do not count. */
  add(phaseNs: number, factorMin: number): boolean {
    this.#points = [...this.#points, phaseNs].slice(-KEPT)
    this.#seen += 1
    for (const [factor, tally] of this.#tallies) {
      if (factor < factorMin) continue
      const [end, middle, start] = [0, factor, 2 * factor].map((back) => this.#points.at(-1 - back))
      if (start !== undefined && middle !== undefined && end !== undefined) tally.add(end - 2 * middle + start)
    }
    return this.#seen % 2 === 1
  }

  /** The points that follow are not in line with those before. */
  interrupt(): void {
    this.#points = []
    this.#seen = 0
  }

  figures(intervalSec: number): AllanFigure[] {
    return [...this.#tallies].flatMap(([factor, tally]) => tally.figure(factor * intervalSec) ?? [])
  }
}

/**
 * The Allan deviation of a phase that comes in for ever, at octaves of the interval. At most 20 octaves of nine numbers each. Where
 * words come more seldom than the interval they are joined by straight lines, and only τ well above their distance counts.
 */
export class AllanStream {
  readonly #intervalNs: bigint
  readonly #octaves: Octave[] = []
  #origin: { readonly localNs: bigint; readonly phaseNs: bigint } | undefined
  #last: { readonly slot: number; readonly phaseNs: number } | undefined
  /** The longest bridge of late, in intervals, and the slot up to which differences may span it. */
  #bridge = { length: 1, untilSlot: 0 }

  /** @param intervalNs between the phases that count, ns, > 0. */
  constructor(intervalNs: bigint) {
    assert(intervalNs > 0n)
    this.#intervalNs = intervalNs
  }

  /**
   * Takes a phase, such as TAI − local by the clock's estimate, at a local instant. The first of each interval counts, others are passed
   * over. Give it at whole intervals of the local counter, else the frequency error enters by how late they are. Going back breaks
   * the line.
   */
  add(localNs: bigint, phaseNs: bigint): void {
    this.#origin ??= { localNs, phaseNs }
    const slot = Number((localNs - this.#origin.localNs + this.#intervalNs / 2n) / this.#intervalNs)
    const point = { slot, phaseNs: Number(phaseNs - this.#origin.phaseNs) }
    const last = this.#last
    if (slot === last?.slot) return
    const length = last === undefined ? 1 : slot - last.slot
    if (length < 1 || length > BRIDGED_MAX) this.interrupt()
    else {
      if (length >= this.#bridge.length || slot > this.#bridge.untilSlot)
        this.#bridge = { length, untilSlot: slot + 2 * BRIDGE_FACTOR * length }
      const fromNs = last?.phaseNs ?? point.phaseNs
      for (let step = 1; step < length; step += 1) this.#descend(fromNs + ((point.phaseNs - fromNs) * step) / length)
    }
    this.#last = point
    this.#descend(point.phaseNs)
  }

  /** The phases that follow are not in line with those before: the clock was set anew. What has been summed stays. */
  interrupt(): void {
    this.#last = undefined
    this.#bridge = { length: 1, untilSlot: 0 }
    for (const octave of this.#octaves) octave.interrupt()
  }

  /** By growing τ. */
  figures(): readonly AllanFigure[] {
    const intervalSec = Number(this.#intervalNs) / 1e9
    return this.#octaves.flatMap((octave, level) => octave.figures(intervalSec * 2 ** level))
  }

  #descend(phaseNs: number): void {
    const factorMin = this.#bridge.length === 1 ? 1 : this.#bridge.length * BRIDGE_FACTOR
    for (let level = 0; level < OCTAVES_MAX; level += 1) {
      const octave = (this.#octaves[level] ??= new Octave(level === 0 ? [1, 2, 4] : [4]))
      if (!octave.add(phaseNs, factorMin / 2 ** level)) return
    }
  }
}
