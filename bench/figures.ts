/** Figures of several runs: what to print and how. */

/** The value below which a `share` (0 to 1) of all lie; the greatest at 1; NaN where there is none. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN

/** The upper of the two in the middle where their number is even. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** `median (least to most)`, each with `digits` after the point. */
export const spread = (values: readonly number[], digits = 0): string => {
  const [low, mid, high] = [Math.min(...values), median(values), Math.max(...values)].map((value) =>
    value.toFixed(digits),
  )
  return `${mid} (${low} to ${high})`
}

/** Calls a second of `work`, over at least `forMs`. `work` does `calls` of them. */
export const rateOf = (work: () => void, calls: number, forMs: number): number => {
  const start = performance.now()
  let done = 0
  while (performance.now() - start < forMs) {
    work()
    done += calls
  }
  return (done * 1000) / (performance.now() - start)
}
