/**
 * Bad times: what time itself, the machine and whole sets of sources can do to a clock, against known truth, over real NTP packets.
 *
 * Era ends and leap seconds are written by servers as NTP has them (UTC, in eras of 2^32 s), with a made-up leap-second table, and
 * judged by the client's own rules. What is promised in each case is docs/spec/clock.md's: the truth stays inside at every tick, or
 * the status says that it may not.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_DAY, NS_PER_MS, NS_PER_SEC, abs, drawUnit, seededRandom } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import { createAdaptiveFilter } from './adaptive-filter.ts'
import type { DisciplineOptions } from './discipline-options.ts'
import { Discipline } from './discipline.ts'
import { LEAP_TABLE } from './leap-seconds.ts'
import type { LeapTable } from './leap-seconds.ts'
import { judgeReply } from './ntp-exchange.ts'
import { clientRequest, encodeNtpHeader } from './ntp-packet.ts'
import { createOscillator } from './oscillator.ts'
import type { OscillatorFault } from './oscillator.ts'
import type { ClockReading } from './port.ts'
import { ntpFromUnixNs, taiFromUtc, unixFromTai, utcFromTai } from './time-scales.ts'

const SEC = NS_PER_SEC
const MS = NS_PER_MS

/** What a server's clock shows at a true instant, Unix ns. */
type Habit = (tai: Tai) => bigint

interface Seen {
  readonly trueNs: bigint
  readonly tai: Tai
  readonly reading: ClockReading | undefined
  readonly states: readonly string[]
}

interface World {
  /** True time at the start. */
  readonly originTai: Tai
  readonly leapTable?: LeapTable
  /** One server each. */
  readonly habits: readonly Habit[]
  readonly faults?: readonly OscillatorFault[]
  /** The node does nothing between these. */
  readonly asleep?: { readonly fromNs: bigint; readonly untilNs: bigint }
  /** The host clock, Unix ns; one that the node does not look at where not given. */
  readonly host?: Habit
  readonly options?: Partial<DisciplineOptions>
}

/** Servers a ms or two away, asked every 2 s: t2 and t3 by their habit, t1 and t4 by a quartz that is 20 ppm fast. */
const run = (world: World, forNs: bigint, observe: (seen: Seen) => void): ReadonlyMap<string, number> => {
  const { originTai, leapTable = LEAP_TABLE, habits, faults = [], asleep, host, options = {} } = world
  const random = seededRandom(9n)
  const oscillator = createOscillator({ driftPpb: 20_000 }, seededRandom(4n))
  for (const fault of faults) oscillator.fault(fault)
  const discipline = new Discipline({ pollIntervalNs: 2n * SEC, leapTable, ...options }, createAdaptiveFilter())
  for (const index of habits.keys()) discipline.register(`s${index}`, 'ntp')
  const refused = new Map<string, number>()
  const way = (): bigint => BigInt(Math.round(1e6 - 1e5 * Math.log(1 - drawUnit(random))))
  const ask = (index: number, habit: Habit, tai: Tai, t1: bigint, read: (laterNs: bigint) => bigint): void => {
    const [out, back] = [way(), way()]
    const from = { address: '192.0.2.1', port: 123 }
    const request = clientRequest(random)
    const bytes = encodeNtpHeader({
      leap: 0,
      version: 4,
      mode: 4,
      stratum: 1,
      poll: 1,
      precision: -24,
      rootDelayNs: 0n,
      rootDispersionNs: 100_000n,
      referenceId: 0x47_50_53_00,
      reference: ntpFromUnixNs(habit(tai) - 10n * SEC),
      origin: request.cookie,
      receive: ntpFromUnixNs(habit(tai + out)),
      transmit: ntpFromUnixNs(habit(tai + out)),
    })
    const t4 = read(out + back)
    const said = judgeReply({ bytes, request, from, expectedFrom: from, t1, t4, leapTable })
    const sourceId = `s${index}`
    if (said.verdict === 'accept') {
      const { localNs, offset, estimateNs, delayNs, leap, isAmbiguous } = said.value
      const word = { sourceId, kind: 'ntp' as const, localNs, offset, estimateNs, delayNs, leap }
      const measurement = isAmbiguous === undefined ? word : { ...word, isAmbiguous }
      discipline.onSourceEvent({ type: 'measurement', measurement }, t4)
    } else {
      refused.set(said.reason, (refused.get(said.reason) ?? 0) + 1)
      discipline.onSourceEvent({ type: 'refused', sourceId, ...said }, t4)
    }
  }
  for (let trueNs = 0n; trueNs <= forNs; trueNs += SEC / 4n) {
    if (asleep !== undefined && trueNs > asleep.fromNs && trueNs < asleep.untilNs) continue
    const tai = originTai + trueNs
    const local = oscillator.read(trueNs)
    if (host !== undefined) discipline.onHostClock(host(tai), local)
    let latest = 0n
    const read = (laterNs: bigint): bigint => oscillator.read(trueNs + (latest = latest > laterNs ? latest : laterNs))
    for (const id of discipline.due(local).sourceIds) {
      const index = Number(id.slice(1))
      const habit = habits[index]
      if (habit !== undefined) ask(index, habit, tai, local, read)
    }
    const now = oscillator.read(trueNs + latest)
    const states = discipline.report(now).map(({ state, reason }) => (reason === '' ? state : `${state}:${reason}`))
    observe({ trueNs, tai: tai + latest, reading: discipline.read(now), states })
  }
  return refused
}

const holdsTruth = ({ tai, reading }: Seen): boolean =>
  reading === undefined || (reading.earliest <= tai && tai <= reading.latest)
const errorNs = ({ tai, reading }: Seen): bigint => abs((reading?.estimate ?? 0n) - tai)

/** The shipped table, long valid, with a second more or less after `utc`, which is midnight. */
const tableWith = (utc: string, change: 1n | -1n): LeapTable => {
  const unixSec = BigInt(Date.parse(utc)) / 1000n
  return {
    steps: [...LEAP_TABLE.steps, { unixSec, taiMinusUtcSec: 37n + change }],
    expiresTai: LEAP_TABLE.expiresTai + 36_525n * NS_PER_DAY,
  }
}
const MIDNIGHT = '2027-01-01T00:00:00Z'
const at = (utc: string, table: LeapTable = LEAP_TABLE): Tai => {
  const tai = taiFromUtc(utc, table)
  ok(tai !== undefined)
  return tai
}

/** POSIX: the inserted second has the number of the next. */
const posix =
  (table: LeapTable = LEAP_TABLE): Habit =>
  (tai) =>
    unixFromTai(tai, table).unixNs
/** The Linux kernel: 23:59:59 is shown twice instead. */
const kernel =
  (table: LeapTable): Habit =>
  (tai) => {
    const { unixNs, leapSecond } = unixFromTai(tai, table)
    return leapSecond ? unixNs - SEC : unixNs
  }
/** A smear over a day, as some public servers do: wrong by up to half a second around midnight. */
const smeared =
  (table: LeapTable): Habit =>
  (tai) => {
    const midnight = at(MIDNIGHT, table)
    const share = Number(tai - (midnight - NS_PER_DAY / 2n)) / Number(NS_PER_DAY)
    return tai - 37n * SEC - BigInt(Math.round(Math.min(1, Math.max(0, share)) * 1e9))
  }

test('the end of era 0 of NTP, 2036-02-07T06:28:16Z: nothing happens', () => {
  const leapTable = { ...LEAP_TABLE, expiresTai: LEAP_TABLE.expiresTai + 36_525n * NS_PER_DAY }
  const world = { originTai: at('2036-02-07T06:27:16Z', leapTable), leapTable }
  const statuses = new Set<string>()
  const refused = run({ ...world, habits: Array.from({ length: 3 }, () => posix(leapTable)) }, 120n * SEC, (seen) => {
    ok(holdsTruth(seen) && errorNs(seen) < MS, `at ${seen.trueNs}`)
    statuses.add(seen.reading?.status ?? 'none')
  })
  deepEqual([[...statuses], [...refused]], [['synchronised'], []])
})

for (const [name, change, second] of [
  ['inserted', 1n, '2026-12-31T23:59:60'],
  ['deleted', -1n, '2026-12-31T23:59:59'],
] as const)
  test(`a leap second ${name}: the interval holds the truth, the clock stays synchronised, and UTC is never smeared`, () => {
    const leapTable = tableWith(MIDNIGHT, change)
    const honest = [posix(leapTable), kernel(leapTable), posix(leapTable), kernel(leapTable)]
    // Sources are asked every 2 s: with each of these some are asked in the second itself, before it and after it.
    for (const phaseNs of [0n, SEC / 2n, SEC, (3n * SEC) / 2n]) {
      const originTai = at('2026-12-31T23:59:00Z') + phaseNs
      const shown = new Set<string>()
      const statuses = new Set<string>()
      let smearing = ''
      run({ originTai, leapTable, habits: [...honest, smeared(leapTable)] }, 120n * SEC, (seen) => {
        ok(holdsTruth(seen), `at ${seen.trueNs}`)
        ok(errorNs(seen) < MS, `${errorNs(seen)} ns at ${seen.trueNs}`)
        statuses.add(seen.reading?.status ?? 'none')
        const estimate = seen.reading?.estimate ?? 0n
        shown.add(utcFromTai(estimate, leapTable).slice(0, 19))
        // TAI − UTC is whole seconds at every instant.
        equal((estimate - unixFromTai(estimate, leapTable).unixNs) % SEC, 0n)
        if (seen.trueNs === 30n * SEC) smearing = seen.states[4] ?? ''
      })
      deepEqual([...statuses], ['synchronised'])
      equal(shown.has(second), change === 1n, [...shown].join(' '))
      ok(shown.size >= 120 && smearing === 'falseticker:outvoted')
    }
  })

test('a table that does not know of a leap second: the clock is wrong by it as everybody’s UTC is, and says “disrupted” first', () => {
  const leapTable = tableWith(MIDNIGHT, 1n)
  const statuses: string[] = []
  let off = 0n
  const world = { originTai: at('2026-12-31T23:59:00Z'), habits: [1, 2, 3].map(() => posix(leapTable)) }
  run(world, 120n * SEC, (seen) => {
    const status = seen.reading?.status ?? 'none'
    if (statuses.at(-1) !== status) statuses.push(status)
    if (status === 'synchronised' && seen.trueNs < 60n * SEC) ok(holdsTruth(seen))
    off = (seen.reading?.estimate ?? 0n) - seen.tai
  })
  deepEqual(statuses, ['synchronised', 'disrupted', 'synchronised'])
  ok(abs(off + SEC) < MS, `${off}`)
})

test('past the expiry of the leap-second table the clock goes on, with a reading a second wider each way', () => {
  const widths = ['2027-06-27T12:00:00Z', '2027-06-28T12:00:00Z'].map((utc) => {
    let widthNs = 0n
    const statuses = new Set<string>()
    run({ originTai: at(utc), habits: [1, 2, 3].map(() => posix()) }, 60n * SEC, (seen) => {
      ok(holdsTruth(seen), `at ${seen.trueNs}`)
      statuses.add(seen.reading?.status ?? 'none')
      widthNs = (seen.reading?.latest ?? 0n) - (seen.reading?.earliest ?? 0n)
    })
    deepEqual([...statuses], ['synchronised'])
    return widthNs
  })
  equal(widths[1], (widths[0] ?? 0n) + 2n * SEC)
})

const ORIGIN = at('2026-12-10T12:00:00Z')
const three = Array.from({ length: 3 }, () => posix())

test('a machine that sleeps an hour: from the first look on the reading covers both, then the sources decide', () => {
  const statuses: string[] = []
  // The counter stands while the machine sleeps, as Linux's does; the host clock goes on.
  const asleep = { fromNs: 60n * SEC, untilNs: 3660n * SEC }
  const faults = [{ type: 'freeze' as const, atNs: asleep.fromNs + SEC / 10n, forNs: 3600n * SEC - SEC / 5n }]
  run({ originTai: ORIGIN, habits: three, host: posix(), faults, asleep }, asleep.untilNs + 60n * SEC, (seen) => {
    const status = seen.reading?.status ?? 'none'
    if (statuses.at(-1) !== status) statuses.push(status)
    ok(holdsTruth(seen), `at ${seen.trueNs}: ${status}`)
  })
  deepEqual([statuses[0], statuses.at(-1), statuses.includes('disrupted')], ['synchronised', 'synchronised', true])
})

test('a server whose clock stops is outvoted; a counter that stops is noticed when it goes on', () => {
  const stopped: Habit = (tai) => posix()(tai - ORIGIN > 30n * SEC ? ORIGIN + 30n * SEC : tai)
  const states = new Set<string>()
  run({ originTai: ORIGIN, habits: [...three, stopped] }, 90n * SEC, (seen) => {
    ok(holdsTruth(seen), `at ${seen.trueNs}`)
    if (seen.trueNs > 35n * SEC) states.add(seen.states[3] ?? '')
  })
  deepEqual([...states], ['falseticker:outvoted'])
  const statuses: string[] = []
  const faults = [{ type: 'freeze' as const, atNs: 30n * SEC, forNs: 20n * SEC }]
  run({ originTai: ORIGIN, habits: three, faults }, 120n * SEC, (seen) => {
    const status = seen.reading?.status ?? 'none'
    if (statuses.at(-1) !== status) statuses.push(status)
    // Six seconds after it goes on every source has been asked again.
    if (seen.trueNs < 30n * SEC || seen.trueNs > 56n * SEC) ok(holdsTruth(seen), `at ${seen.trueNs}`)
  })
  deepEqual([statuses[0], statuses.at(-1), statuses.includes('disrupted')], ['synchronised', 'synchronised', true])
})

const lying =
  (byNs: (trueNs: bigint) => bigint): Habit =>
  (tai) =>
    posix()(tai) + byNs(tai - ORIGIN)
const from30 =
  (byNs: bigint) =>
  (trueNs: bigint): bigint =>
    trueNs >= 30n * SEC ? byNs : 0n

test('two sources that agree on a lie against three that do not: outvoted both, whenever they begin', () => {
  for (const lie of [from30(250n * MS), () => 250n * MS, from30(-3600n * SEC), (trueNs: bigint) => trueNs / 10_000n]) {
    const states = new Set<string>()
    run({ originTai: ORIGIN, habits: [lying(lie), lying(lie), ...three] }, 200n * SEC, (seen) => {
      ok(holdsTruth(seen) && (seen.reading === undefined || errorNs(seen) < 5n * MS), `at ${seen.trueNs}`)
      if (seen.trueNs > 150n * SEC) for (const state of seen.states.slice(0, 2)) states.add(state)
    })
    deepEqual([...states], ['falseticker:outvoted'])
  }
})

test('all sources lying alike: a step and a fast ramp show against the oscillator; a lie from the start cannot', () => {
  const cases: readonly (readonly [lie: (trueNs: bigint) => bigint, shows: boolean])[] = [
    [from30(250n * MS), true],
    [from30(-20n * MS), true],
    [from30(3600n * SEC), true],
    [(trueNs) => (trueNs > 30n * SEC ? (trueNs - 30n * SEC) / 2000n : 0n), true],
    [() => 250n * MS, false],
  ]
  for (const [lie, shows] of cases) {
    const statuses = new Set<string>()
    run({ originTai: ORIGIN, habits: [1, 2, 3].map(() => lying(lie)) }, 120n * SEC, ({ reading }) => {
      statuses.add(reading?.status ?? 'none')
    })
    equal(statuses.has('disrupted'), shows, `${lie(100n * SEC)}: ${[...statuses].join()}`)
  }
})

test('all but one lying alike from the start: the honest one is outvoted, and that shows', () => {
  const lie = lying(() => 250n * MS)
  let last: readonly string[] = []
  run({ originTai: ORIGIN, habits: [lie, lie, lie, posix()] }, 60n * SEC, ({ states }) => (last = states))
  equal(last[3], 'falseticker:outvoted')
  // Half against half is no majority: the clock does not choose.
  run({ originTai: ORIGIN, habits: [lie, lie, posix(), posix()] }, 60n * SEC, ({ states, reading }) => {
    last = [...states, reading?.status ?? 'none']
  })
  deepEqual(new Set(last), new Set(['waiting:no-majority', 'none']))
})
