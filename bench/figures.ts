/** Figures of several runs: what to print and how. */

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

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
