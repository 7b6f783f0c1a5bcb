/**
 * What share of a node's outbound slots somebody gets who floods it with records, before and after: with one naive table, and with
 * the product's tables, groups, feelers, anchors and limits. Virtual time, seeded: the same figures on every machine.
 *
 * `npm run bench -- eclipse [--seeds FIRST COUNT] [--hours N] [--groups N]`: seeds 1 to 3, 8 hours, 4 and 200 groups by default. The world and what it leaves out:
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

/** The numbers that follow an option, up to the next. */
const numbersAfter = (args: readonly string[], option: string): readonly number[] => {
  const at = args.indexOf(option)
  const rest = at === -1 ? [] : args.slice(at + 1)
  const end = rest.findIndex((arg) => !/^[0-9]+$/.test(arg))
  return rest.slice(0, end === -1 ? rest.length : end).map(Number)
}

export const run = async (args: readonly string[]): Promise<void> => {
  const [first = 1, count = 3] = numbersAfter(args, '--seeds')
  const [hours = BASE.hours] = numbersAfter(args, '--hours')
  const groups = numbersAfter(args, '--groups')
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  say(
    `${BASE.honest} honest peers in up to ${BASE.honestGroups} groups, ${BASE.hostile} hostile hosts, ${hours} h, seeds ${first} to ${first + count - 1}`,
  )
  say('hostile groups | keys a host | victim  | hostile share of slots, % | all hostile, % of time')
  for (const hostileGroups of groups.length > 0 ? groups : [4, 200])
    for (const identities of [1, 20])
      for (const kind of ['naive', 'careful'] as const) {
        const results = Array.from({ length: count }, (_, i) =>
          runEclipse({ ...BASE, hours, hostileGroups, identities, seed: BigInt(first + i) }, kind),
        )
        const share = spread(results.map(({ hostileShare }) => 100 * hostileShare))
        const eclipsed = spread(results.map(({ eclipsedShare }) => 100 * eclipsedShare))
        say([hostileGroups, identities, kind, share, eclipsed].join(' | '))
      }
}
