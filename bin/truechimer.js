#!/usr/bin/env node
// The one door for people. Plain JavaScript that an old Node can read, so that it can say what is missing.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    'truechimer needs Node 24.12 or newer, and this is ' + process.version + '. In a checkout: npm run -s truechimer -- ARGS\n',
  )
  process.exit(3)
}
const { main } = await import('../src/cli/main.ts')
await main(process.argv.slice(2))
