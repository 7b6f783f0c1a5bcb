/** What clocks, time servers and sleeping machines do. Rule: docs/spec/simulation.md Z-14. */
import { NS_PER_SEC } from '../base/index.ts'
import { GPS_WEEK_ROLLOVER, NS_PER_WEEK } from '../clock/index.ts'
import type { FAULT_GROUPS } from './fault-names.ts'
import type { Fault, Turn } from './faults.ts'
import { MS, SEC } from './scenario.ts'
import { SERVERS } from './simulated-clock.ts'
import type { Lie, SimulatedClock } from './simulated-clock.ts'

type ClockFault = (typeof FAULT_GROUPS.clock)[number]

const onOne =
  (strike: (clock: SimulatedClock, turn: Turn) => void) =>
  (turn: Turn): void =>
    strike(turn.falseOne.clock, turn)

/** One server of the world lies to all who ask it. */
const serverLies =
  (lie: (turn: Turn) => bigint) =>
  (turn: Turn): void => {
    const name = `server ${turn.chance.word()}`
    const server = turn.chance.below(SERVERS)
    const byNs = lie(turn)
    for (const { clock } of turn.world.endpoints) clock.lie(name, server, () => byNs)
    turn.atEnd(() => {
      for (const { clock } of turn.world.endpoints) clock.unlie(name)
    })
  }

/** All servers of some nodes go astray together, slowly, as a spoofed common source does. */
export const spoof = (turn: Turn, clocks: readonly SimulatedClock[]): void => {
  const name = `spoof ${turn.chance.word()}`
  const fromNs = turn.world.queue.nowNs
  const ratePpb = BigInt(turn.chance.between(5_000_000, 60_000_000))
  const lie: Lie = (nowNs) => (BigInt(nowNs - fromNs) * ratePpb) / NS_PER_SEC
  for (const clock of clocks) clock.lie(name, 'all', lie)
  turn.atEnd(() => {
    for (const clock of clocks) clock.unlie(name)
  })
}

const sign = (turn: Turn): number => (turn.chance.below(2) === 0 ? -1 : 1)

export const clockFaults: Readonly<Record<ClockFault, Fault>> = {
  'clock-step': {
    about: 'a counter jumps forwards or back',
    blames: 'clock',
    begin: onOne((clock, turn) => clock.step(sign(turn) * turn.chance.between(10, 5000) * MS)),
  },
  'clock-ramp': {
    about: 'a counter runs 1 to 5 % fast or slow for a while',
    blames: 'clock',
    begin: onOne((clock, turn) => clock.ramp(sign(turn) * turn.chance.between(10_000_000, 50_000_000), turn.forNs)),
  },
  'clock-freeze': {
    about: 'a counter stands still for a while',
    blames: 'clock',
    begin: onOne((clock, turn) => clock.freeze(turn.forNs / 2)),
  },
  'clock-drift': {
    about: 'a counter runs 100 to 400 millionths off, as a bad crystal does',
    blames: 'clock',
    begin: onOne((clock, turn) => clock.ramp(sign(turn) * turn.chance.between(100_000, 400_000), turn.forNs)),
  },
  'leap-second': {
    about: 'a time server is one second off, as after a leap second that it missed',
    blames: 'nobody',
    begin: serverLies((turn) => BigInt(sign(turn)) * NS_PER_SEC),
  },
  'week-rollover': {
    about: 'a time server falls back by 1,024 weeks, as old GPS receivers do',
    blames: 'nobody',
    begin: serverLies(() => -GPS_WEEK_ROLLOVER * NS_PER_WEEK),
  },
  'common-source-spoof': {
    about: 'all time servers of the false nodes go astray together',
    blames: 'clock',
    begin: (turn) =>
      spoof(
        turn,
        turn.world.falseNodes.map(({ clock }) => clock),
      ),
  },
  suspend: {
    about: 'a machine sleeps, its counter with it, and wakes',
    blames: 'nobody',
    begin: (turn) => turn.anyone.sleep(Math.min(turn.forNs, turn.chance.between(500, 4000) * MS, 4 * SEC)),
  },
}
