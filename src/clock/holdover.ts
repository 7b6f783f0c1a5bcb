/**
 * What the oscillator will do while nobody answers: aging, the day's temperature, and a steadier level than the last estimate of the
 * frequency, learned from the history of those estimates. Constant frequency is what a filter predicts anyway; this says by
 * how much to depart from it, and departs only where that would have paid in the hours before.
 *
 * History: the filter's slope, one estimate a minute, in bins of ten minutes, a week of them. Candidates: each shape (flat, drift over
 * a day or a week, with or without a daily wave, temperature where it is measured) with each way to set the level (the last
 * estimate, the mean of the last hour or six). For each horizon of 1, 6 and 24 hours every candidate, fitted to what was known at up to
 * 24 earlier instants, predicts how far the offset went afterwards; the slopes that did follow are the judge. The best one is used
 * from the horizon before to this one if its mean square error is at most 0.7 of that of going on as till then and it is closer more
 * often than not; otherwise nothing changes. Beyond four times the longest horizon that could be judged, the frequency stays.
 *
 * The judge hears the past only, so a drift that has stopped or weather that turns costs what it costs once. Not promised: any bound.
 * The hard interval does not know of this. Source: seed 003 §5 (drift compensation); Vig's tutorial on aging and temperature.
 */
import { fitShape, shapeAt, shapeSum } from './holdover-fit.ts'
import type { Fit, HistoryPoint, Shape } from './holdover-fit.ts'

const BIN_NS = 600_000_000_000n
const BIN_SEC = 600
const HOUR = 6
const DAY = 24 * HOUR
const BINS_MAX = 7 * DAY
const HORIZONS = [HOUR, 6 * HOUR, DAY] as const
const ORIGINS_MAX = 24
const ORIGINS_MIN = 6
/** Beyond so many times the longest judged horizon the frequency stays what it is. */
const REACH = 4
/** A departure must take the mean square error at least to this share. */
const GAIN_MAX = 0.7
/** Estimates so many times less sure than the surest are of a filter that is still settling. */
const SETTLED_SIGMAS = 8

const SHAPES: readonly Shape[] = [
  { name: 'flat', drift: false, daily: false, temperature: false, windowBins: 0 },
  { name: 'drift-day', drift: true, daily: false, temperature: false, windowBins: DAY },
  { name: 'drift-week', drift: true, daily: false, temperature: false, windowBins: BINS_MAX },
  { name: 'daily', drift: false, daily: true, temperature: false, windowBins: 3 * DAY },
  { name: 'drift-daily', drift: true, daily: true, temperature: false, windowBins: BINS_MAX },
  { name: 'temperature', drift: false, daily: false, temperature: true, windowBins: DAY },
  { name: 'drift-temperature', drift: true, daily: false, temperature: true, windowBins: BINS_MAX },
]
/** Bins over which the level is taken; 0: the last estimate. */
const LEVELS = [0, HOUR, 6 * HOUR] as const

export interface HoldoverShift {
  /** What to add to an offset that was predicted with a constant frequency, ns. */
  readonly shiftNs: number
  /** Standard deviation of the offset then, by how wrong such predictions have been, ns. */
  readonly sigmaNs: number
}

/** What is used from one horizon to the next, for people. */
export interface HoldoverChoice {
  readonly untilSec: number
  /** A shape and its level's bins, such as `drift-daily/6`; `constant` where nothing pays. */
  readonly name: string
  /** Root mean square error at this horizon, ns, and what it would be with a constant frequency. */
  readonly rmsNs: number
  readonly constantRmsNs: number
}

interface Bin {
  readonly bin: number
  readonly samples: number
  readonly meanPpb: number
  readonly lastPpb: number
  readonly sigmaPpb: number
}

/** History as it was at one instant: bins counted from there, and the estimate that a constant frequency would go on with. */
interface View {
  readonly origin: number
  readonly history: readonly HistoryPoint[]
  readonly lastPpb: number
  readonly fits: Map<Shape, Fit | undefined>
  /** Each candidate's fit and level, once asked for. */
  readonly models: Map<Candidate, Model | undefined>
}

interface Candidate {
  readonly name: string
  readonly shape: Shape
  readonly levelBins: number
}

/** A fitted candidate: the departure from the last slope is the level plus the shape. */
interface Model {
  readonly fit: Fit
  readonly levelPpb: number
}

interface Stage {
  readonly choice: HoldoverChoice
  readonly untilBins: number
  readonly candidate: Candidate | undefined
}

const CANDIDATES: readonly Candidate[] = SHAPES.flatMap((shape) =>
  LEVELS.flatMap((levelBins) =>
    shape.name === 'flat' && levelBins === 0 ? [] : [{ name: `${shape.name}/${levelBins}`, shape, levelBins }],
  ),
)

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Mutable, owned by one clock; at most a week of bins. */
export class HoldoverPredictor {
  #bins: Bin[] = []
  readonly #temperatures = new Map<number, { readonly samples: number; readonly meanC: number }>()
  /** The last instant that was observed, in bins, not whole. */
  #lastAt = Number.NEGATIVE_INFINITY
  #stages: readonly Stage[] | undefined
  #view: View | undefined

  /** Takes the filter's slope (d(TAI − local)/d(local)) and its standard deviation > 0, ppb; about one a minute, forwards. */
  observe(localNs: bigint, slopePpb: number, sigmaPpb: number): void {
    const at = Number(localNs) / Number(BIN_NS)
    if (at < this.#lastAt || !Number.isFinite(slopePpb) || !(sigmaPpb > 0)) return
    const bin = Math.floor(at)
    const open = this.#bins.at(-1)
    this.#lastAt = at
    this.#view = undefined
    if (open?.bin === bin) {
      const samples = open.samples + 1
      const meanPpb = open.meanPpb + (slopePpb - open.meanPpb) / samples
      this.#bins[this.#bins.length - 1] = { bin, samples, meanPpb, lastPpb: slopePpb, sigmaPpb }
      return
    }
    // A bin is done: what pays is judged anew when somebody asks.
    this.#stages = undefined
    this.#bins = [...this.#bins, { bin, samples: 1, meanPpb: slopePpb, lastPpb: slopePpb, sigmaPpb }].slice(-BINS_MAX)
  }

  /** Takes a temperature near the oscillator, °C; goes on through a silence. Optional. */
  observeTemperature(localNs: bigint, temperatureC: number): void {
    if (!Number.isFinite(temperatureC)) return
    const bin = Number(localNs / BIN_NS)
    const { samples, meanC } = this.#temperatures.get(bin) ?? { samples: 0, meanC: 0 }
    this.#temperatures.set(bin, { samples: samples + 1, meanC: meanC + (temperatureC - meanC) / (samples + 1) })
    for (const old of this.#temperatures.keys()) if (old <= bin - BINS_MAX) this.#temperatures.delete(old)
  }

  /** The oscillator is another one, or jumped: the past says nothing. */
  forget(): void {
    this.#bins = []
    this.#lastAt = Number.NEGATIVE_INFINITY
    this.#stages = undefined
    this.#view = undefined
  }

  /**
   * By how much the offset at `toLocalNs` >= `fromLocalNs` differs from what the last observed slope makes of the one at `fromLocalNs`.
   * Nothing happens before the last observation. Judging takes about 25 ms, once after each bin; a question less than 0.1 ms.
   */
  predictShift(fromLocalNs: bigint, toLocalNs: bigint): HoldoverShift {
    const last = this.#bins.at(-1)
    if (last === undefined) return { shiftNs: 0, sigmaNs: Number.POSITIVE_INFINITY }
    const leadOf = (localNs: bigint): number => Math.max(0, Number(localNs) / Number(BIN_NS) - this.#lastAt)
    const view = (this.#view ??= this.#viewAt(last.bin))
    const stages = this.#judged()
    const [from, to] = [leadOf(fromLocalNs), leadOf(toLocalNs)]
    const shiftNs = this.#departure(view, stages, to) - this.#departure(view, stages, from)
    return { shiftNs: shiftNs * BIN_SEC, sigmaNs: sigmaAt(stages, to, last.sigmaPpb) }
  }

  /** What is used for which time ahead, and how it did. Empty where the past is too short to judge. */
  explain(): readonly HoldoverChoice[] {
    return this.#judged().map(({ choice }) => choice)
  }

  #judged(): readonly Stage[] {
    this.#stages ??= HORIZONS.reduce<readonly Stage[]>(
      // A horizon is judged on top of the one before.
      (stages, horizon, i) => (stages.length < i ? stages : this.#judge(stages, horizon)),
      [],
    )
    return this.#stages
  }

  /** Adds a stage up to `horizon` bins, if there is enough of a past to judge it by. */
  #judge(stages: readonly Stage[], horizon: number): readonly Stage[] {
    const trials = this.#origins(horizon).flatMap((origin) => {
      const travelled = this.#travelled(origin, horizon)
      return travelled === undefined ? [] : [{ view: this.#viewAt(origin), travelled }]
    })
    if (trials.length < ORIGINS_MIN) return stages
    const errorsOf = (candidate: Candidate | undefined, before: readonly Stage[]): (number | undefined)[] => {
      const tried = [...before, stageOf(candidate, horizon)]
      return trials.map(({ view, travelled }) =>
        candidate !== undefined && this.#rate(view, candidate, 1) === undefined
          ? undefined
          : this.#departure(view, tried, horizon) + view.lastPpb * horizon - travelled,
      )
    }
    const constant = errorsOf(undefined, [])
    const asBefore = errorsOf(stages.at(-1)?.candidate, stages)
    const best = pickBest(
      CANDIDATES.map((candidate) => ({ candidate, errors: errorsOf(candidate, stages) })),
      asBefore,
    )
    const candidate = best?.candidate ?? stages.at(-1)?.candidate
    const choice = {
      untilSec: horizon * BIN_SEC,
      name: candidate?.name ?? 'constant',
      rmsNs: rms(best?.errors ?? asBefore) * BIN_SEC,
      constantRmsNs: rms(constant) * BIN_SEC,
    }
    return [...stages, { choice, untilBins: horizon, candidate }]
  }

  /** Earlier instants from which `horizon` bins can be looked ahead, newest first, half a horizon apart. */
  #origins(horizon: number): number[] {
    const newest = this.#bins.at(-1)?.bin ?? 0
    const oldest = this.#bins[0]?.bin ?? 0
    const step = Math.max(2, horizon / (horizon === DAY ? 4 : 2))
    const origins: number[] = []
    for (let origin = newest - 1 - horizon; origin >= oldest + HOUR && origins.length < ORIGINS_MAX; origin -= step)
      origins.push(origin)
    return origins
  }

  /** How far the offset went in `horizon` bins after a bin, by the slopes observed since, ppb·bins; nothing across a gap. */
  #travelled(origin: number, horizon: number): number | undefined {
    const after = this.#bins.filter(({ bin }) => bin > origin && bin <= origin + horizon)
    return after.length < horizon ? undefined : after.reduce((sum, { meanPpb }) => sum + meanPpb, 0)
  }

  /** What was known at the end of a bin. */
  #viewAt(origin: number): View {
    const known = this.#bins.filter(({ bin }) => bin <= origin)
    const surest = known.reduce((least, { sigmaPpb }) => Math.min(least, sigmaPpb), Number.POSITIVE_INFINITY)
    const history = known
      .filter(({ sigmaPpb }) => sigmaPpb <= SETTLED_SIGMAS * surest)
      .map(({ bin, meanPpb, samples }) => ({
        // Its middle; the end of the origin's bin is 0.
        bin: bin - origin - 0.5,
        ppb: meanPpb,
        weight: samples,
        temperatureC: this.#temperatures.get(bin)?.meanC,
      }))
    return { origin, history, lastPpb: known.at(-1)?.lastPpb ?? 0, fits: new Map(), models: new Map() }
  }

  /** The integral of the departure from the last slope over `lead` bins after the view, by the stages in turn, ppb·bins. */
  #departure(view: View, stages: readonly Stage[], lead: number): number {
    let sum = 0
    let from = 0
    for (const [i, { untilBins, candidate }] of stages.entries()) {
      const until = i === stages.length - 1 ? untilBins * REACH : untilBins
      const to = Math.min(lead, until)
      if (to > from && candidate !== undefined)
        sum += (this.#sum(view, candidate, to) ?? 0) - (this.#sum(view, candidate, from) ?? 0)
      from = Math.max(from, to)
      if (i === stages.length - 1 && lead > until && candidate !== undefined)
        sum += (lead - until) * (this.#rate(view, candidate, until) ?? 0)
    }
    return sum
  }

  #model(view: View, candidate: Candidate): Model | undefined {
    if (view.models.has(candidate)) return view.models.get(candidate)
    const { shape } = candidate
    if (!view.fits.has(shape)) view.fits.set(shape, fitShape(shape, view.history, DAY))
    const fit = view.fits.get(shape)
    const levelPpb = fit === undefined ? undefined : levelOf(view, candidate, fit)
    const model = fit === undefined || levelPpb === undefined ? undefined : { fit, levelPpb }
    view.models.set(candidate, model)
    return model
  }

  /** The departure from the last slope `lead` bins after the view, ppb; nothing where the candidate cannot be fitted. */
  #rate(view: View, candidate: Candidate, lead: number): number | undefined {
    const model = this.#model(view, candidate)
    if (model === undefined) return undefined
    const heat = candidate.shape.temperature ? this.#temperatureAt(view.origin + Math.ceil(lead)) : 0
    return model.levelPpb + shapeAt(model.fit, lead, heat)
  }

  /** The integral of `#rate` from the view on. */
  #sum(view: View, candidate: Candidate, lead: number): number | undefined {
    const model = this.#model(view, candidate)
    if (model === undefined) return undefined
    let heat = 0
    if (candidate.shape.temperature)
      for (let bin = 0; bin < lead; bin += 1)
        heat += Math.min(1, lead - bin) * this.#temperatureAt(view.origin + 1 + bin)
    return model.levelPpb * lead + shapeSum(model.fit, lead) + model.fit.perKelvinPpb * heat
  }

  /** Of this bin, or the newest before it; °C. */
  #temperatureAt(bin: number): number {
    const exact = this.#temperatures.get(bin)
    if (exact !== undefined) return exact.meanC
    let newest = Number.NEGATIVE_INFINITY
    for (const known of this.#temperatures.keys()) if (known <= bin && known > newest) newest = known
    return this.#temperatures.get(newest)?.meanC ?? 0
  }
}

/** The level that a candidate takes, less the last slope: what is left of the history's end without the shape. */
const levelOf = (view: View, { shape, levelBins }: Candidate, fit: Fit): number | undefined => {
  const recent = view.history
    .slice(-Math.max(1, levelBins))
    .filter(
      ({ bin, temperatureC }) => bin > -Math.max(1, levelBins) && (!shape.temperature || temperatureC !== undefined),
    )
  if (recent.length < Math.max(1, levelBins / 2)) return undefined
  let sum = 0
  let weights = 0
  for (const { bin, ppb, temperatureC, weight } of recent) {
    sum += weight * ((levelBins === 0 ? view.lastPpb : ppb) - shapeAt(fit, bin, shape.temperature ? temperatureC : 0))
    weights += weight
  }
  return sum / weights - view.lastPpb
}

const stageOf = (candidate: Candidate | undefined, untilBins: number): Stage => ({
  candidate,
  untilBins,
  choice: { untilSec: 0, name: '', rmsNs: 0, constantRmsNs: 0 },
})

const rms = (errors: readonly (number | undefined)[]): number => {
  const known = errors.filter((error) => error !== undefined)
  return Math.sqrt(meanOf(known.map((error) => error * error)))
}

/** The candidate with the least error of those that beat `asBefore` clearly and more often than not, on the trials they can judge. */
const pickBest = <T>(
  tried: readonly { readonly candidate: T; readonly errors: readonly (number | undefined)[] }[],
  asBefore: readonly (number | undefined)[],
): { readonly candidate: T; readonly errors: readonly (number | undefined)[] } | undefined => {
  let best: (typeof tried)[number] | undefined
  let least = GAIN_MAX
  for (const one of tried) {
    const pairs = one.errors.flatMap((error, i) => {
      const before = asBefore[i]
      return error === undefined || before === undefined ? [] : [{ error, before }]
    })
    const wins = pairs.filter(({ error, before }) => Math.abs(error) < Math.abs(before)).length
    if (pairs.length < ORIGINS_MIN || wins * 2 <= pairs.length) continue
    const share = (rms(pairs.map(({ error }) => error)) / rms(pairs.map(({ before }) => before))) ** 2
    if (share > least) continue
    least = share
    best = one
  }
  return best
}

/** By what the judged predictions were wrong: in proportion up to the first horizon, as powers between two, as time^1.5 beyond. */
const sigmaAt = (stages: readonly Stage[], lead: number, sigmaPpb: number): number => {
  const [first] = stages
  const last = stages.at(-1)
  if (first === undefined || last === undefined) return sigmaPpb * lead * BIN_SEC
  if (lead <= first.untilBins) return (first.choice.rmsNs * lead) / first.untilBins
  if (lead >= last.untilBins) return last.choice.rmsNs * (lead / last.untilBins) ** 1.5
  const above = stages.findIndex(({ untilBins }) => untilBins > lead)
  const [low, high] = [stages[above - 1] ?? first, stages[above] ?? last]
  const part = Math.log(lead / low.untilBins) / Math.log(high.untilBins / low.untilBins)
  return low.choice.rmsNs ** (1 - part) * high.choice.rmsNs ** part
}
