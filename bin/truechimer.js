#!/usr/bin/env node
// The one door for people. Plain JavaScript that an old Node can read, so that it can say what is missing.
import * as nodeModule from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    'truechimer needs Node 24.12 or newer, and this is ' +
      process.version +
      '. In a checkout: npm run -s truechimer -- ARGS\n',
  )
  process.exit(3)
}
// A node runs for months: with room for 3 × 4 MB of young objects it stays at half the memory that V8 would otherwise grow to. Only
// the start of a process can say so; this replaces the process by one that was told, under the same number.
const YOUNG = '--max-semi-space-size'
if (
  process.argv[2] === 'node' &&
  process.execve !== undefined &&
  !process.execArgv.some((arg) => arg.startsWith(YOUNG))
) {
  process.execve(process.execPath, [process.execPath, ...process.execArgv, YOUNG + '=4', ...process.argv.slice(1)])
}
// Compiled code is kept between runs: a third of the memory and half of the time to start are the compiler's.
nodeModule.enableCompileCache()
const { main } = await import('../src/cli/main.ts')
await main(process.argv.slice(2))
