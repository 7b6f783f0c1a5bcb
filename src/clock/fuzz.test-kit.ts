/**
 * How many cases a fuzz test tries: what the test asks for, or as many as `TRUECHIMER_FUZZ_RUNS` says, for the long runs of
 * continuous integration.
 *
 * What it tries is a test's own. fast-check draws at most some ten items where a length has only an upper end: write `size: 'max'` beside
 * `maxLength`, or nothing long is ever tried.
 */

export const fuzzRuns = (runs: number): number => Number(process.env['TRUECHIMER_FUZZ_RUNS'] ?? runs)
