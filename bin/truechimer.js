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
// Compiled code is kept between runs: a third of the memory and half of the time to start are the compiler's.
nodeModule.enableCompileCache()
const { main } = await import('../src/cli/main.ts')
await main(process.argv.slice(2))
