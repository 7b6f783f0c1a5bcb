/**
 * `npm run test:fuzz [-- CASES]`: the tests that feed decoders with chance, with 100,000 cases each unless told otherwise. They are those that
 * ask `fuzzRuns` (src/clock/fuzz.test-kit.ts) how many; the daily test run gives them some thousand. Those in test/ have numbers of their own.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'

const CASES = '100000'
const [cases = CASES] = process.argv.slice(2)
const files = globSync('src/**/*.test.ts').filter((file) => readFileSync(file, 'utf8').includes('fuzzRuns('))
process.stdout.write(`${files.length} files, ${cases} cases a property\n`)
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=dot', ...files], {
  stdio: 'inherit',
  env: { ...process.env, TRUECHIMER_FUZZ_RUNS: cases },
})
process.exitCode = status ?? 1
