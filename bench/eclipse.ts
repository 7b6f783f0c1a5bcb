/**
 * What share of a node's outbound slots somebody gets who floods it with records, before and after: with one naive table, and with
 * the product's tables, groups, feelers, anchors and limits. Virtual time, seeded: the same figures on every machine.
 *
 * `npm run bench -- eclipse [seeds] [hours]`: 3 seeds and 8 hours by default. The world and what it leaves out:
 * src/network/discovery/eclipse.test-kit.ts. Figures: docs/spec/network.md "Discovery".
 */
import { runEclipse } from '../src/network/discovery/eclipse.test-kit.ts'
import type { EclipseScenario } from '../src/network/discovery/eclipse.test-kit.ts'
import { spread } from './figures.ts'

const BASE: Omit<EclipseScenario, 'seed' | 'hostileGroups' | 'identities'> = {
  honest: 1000,
  hostile: 200,
  honestGroups: 600,
  hostileInbound: 16,
  pushPerMinute: 120,
  stayHours: 6,
  awayHours: 2,
  hours: 8,
  restartHours: 3,
}

export const run = async (args: readonly string[]): Promise<void> => {
  const [seeds = 3, hours = BASE.hours] = args.map(Number)
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  say(
    `${BASE.honest} honest peers in up to ${BASE.honestGroups} groups, ${BASE.hostile} hostile hosts, ${hours} h, ${seeds} seeds`,
  )
  say('hostile groups | keys a host | victim  | hostile share of slots, % | all hostile, % of time')
  for (const hostileGroups of [4, 200])
    for (const identities of [1, 20])
      for (const kind of ['naive', 'careful'] as const) {
        const results = Array.from({ length: seeds }, (_, i) =>
          runEclipse({ ...BASE, hours, hostileGroups, identities, seed: BigInt(i + 1) }, kind),
        )
        const share = spread(results.map(({ hostileShare }) => 100 * hostileShare))
        const eclipsed = spread(results.map(({ eclipsedShare }) => 100 * eclipsedShare))
        say([hostileGroups, identities, kind, share, eclipsed].join(' | '))
      }
}
