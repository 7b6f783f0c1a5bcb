/**
 * `npm run test:unit [-- FILES]`: the tests beside their code, all in two processes, half of the files in each. A process a file would spend
 * most of its time on starting.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const SHARDS = 2
const given = process.argv.slice(2)
const files = given.length > 0 ? given : ['src/**/*.test.ts', 'web/src/**/*.test.ts']

const shard = async (index: number): Promise<number> => {
  const half = `--test-shard=${index}/${SHARDS}`
  const options = ['--test', '--test-isolation=none', '--test-reporter=dot', half]
  const child = spawn(process.execPath, [...options, ...files], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  return code === 0 ? 0 : 1
}

const codes = await Promise.all(Array.from({ length: SHARDS }, (_, i) => shard(i + 1)))
process.exitCode = Math.max(...codes)
