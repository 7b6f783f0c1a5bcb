/**
 * How many cases a fuzz test tries: what the test asks for, or as many as `TRUECHIMER_FUZZ_RUNS` says, for the long runs of
 * continuous integration.
 */

export const fuzzRuns = (runs: number): number => Number(process.env['TRUECHIMER_FUZZ_RUNS'] ?? runs)
