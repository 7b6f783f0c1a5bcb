/** `npm run bench -- NAME [options]`: runs one benchmark. Figures are ratios of one run, or medians; nothing is asserted. */
const BENCHES: Readonly<Record<string, () => Promise<{ readonly run: (args: readonly string[]) => Promise<void> }>>> = {
  clock: () => import('./clock.ts'),
  log: () => import('./log.ts'),
  proofs: () => import('./proofs.ts'),
  rendezvous: () => import('./rendezvous.ts'),
  envelope: () => import('./envelope.ts'),
  devnet: () => import('./devnet.ts'),
  eclipse: () => import('./eclipse.ts'),
  'gps-detector': () => import('./gps-detector.ts'),
  oscillator: () => import('./oscillator.ts'),
  'ntp-server': () => import('./ntp-server.ts'),
  'roughtime-server': () => import('./roughtime-server.ts'),
  network: () => import('./network.ts'),
  simulate: () => import('./simulate.ts'),
  consensus: () => import('./consensus.ts'),
  'consensus-sync': () => import('./consensus-sync.ts'),
  'stamp-proofs': () => import('./stamp-proofs.ts'),
  stamps: () => import('./stamps.ts'),
}

const [name = '', ...args] = process.argv.slice(2)
const load = BENCHES[name]
if (load === undefined) {
  process.stderr.write(`usage: npm run bench -- NAME\nbenchmarks: ${Object.keys(BENCHES).join(', ')}\n`)
  process.exitCode = 2
} else await (await load()).run(args)
