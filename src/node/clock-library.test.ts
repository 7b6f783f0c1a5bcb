/** The clock library in virtual time: what it says against the truth, how each wait ends, and what a slow reader is told. */
import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { ChimerError, NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import { CLOCK_CHANGE_KINDS, CLOCK_READERS_MAX } from './clock-changes.ts'
import type { ClockChange } from './clock-library.ts'
import { ratcheted } from './clock-moment.ts'
import { ORIGIN, stage } from './clock-library.test-kit.ts'
import type { Stage } from './clock-library.test-kit.ts'

const SEC = NS_PER_SEC

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof ChimerError ? error.code : String(error)),
  )

/** Whether and at which true time a promise came to an end, and how. */
const watch = ({ world }: Stage, promise: Promise<unknown>): { end?: string; atNs?: bigint } => {
  const seen: { end?: string; atNs?: bigint } = {}
  void codeOf(promise).then((end) => Object.assign(seen, { end, atNs: world.nowNs }))
  return seen
}

describe('now', () => {
  test('before the first majority it throws, and nothing is definite', async () => {
    const { clock, world } = await stage()
    throws(() => clock.now(), { code: 'TC_CLOCK_UNSYNCHRONISED' })
    equal(clock.after(0n), false)
    equal(clock.before(2n ** 62n), false)
    deepEqual(
      [clock.status.state, clock.status.moment, clock.status.uncertaintyNs],
      ['unsynchronised', undefined, undefined],
    )
    await world.runUntil(SEC)
    ok(clock.now().earliest <= world.trueTai && world.trueTai <= clock.now().latest)
  })

  test('a moment: interval, estimate inside, half width, and UTC text', async () => {
    const { clock, world } = await stage()
    await world.runUntil(10n * SEC)
    const moment = clock.now()
    ok(moment.earliest <= moment.estimate && moment.estimate <= moment.latest)
    equal(moment.uncertaintyNs, (moment.latest - moment.earliest + 1n) / 2n)
    equal(moment.status, 'synchronised')
    ok(moment.uncertaintyNs < 2n * NS_PER_MS)
    for (const text of [moment.earliestUtc, moment.estimateUtc, moment.latestUtc])
      ok(/^2026-12-01T00:00:(?:09\.99|10\.00)\d{7}Z$/.test(text), text)
  })

  test('without a majority there is no time, and what was definitely past stays so', async () => {
    const { clock, world, servers } = await stage()
    await world.runUntil(10n * SEC)
    const { earliest } = clock.now()
    servers.forEach((server, index) => (server.lieNs = BigInt(index) * 3600n * SEC))
    await world.runUntil(20n * SEC)
    equal(clock.status.state, 'unsynchronised')
    throws(() => clock.now(), { code: 'TC_CLOCK_UNSYNCHRONISED' })
    ok(clock.status.uncertaintyNs !== undefined && clock.status.uncertaintyNs > SEC, 'the state still says how wide')
    equal(clock.after(earliest - 1n), true)
    equal(clock.before(world.trueTai + 10n ** 18n), false)
  })

  test('a bound beyond the accepted variance is no time', async () => {
    const { clock, world } = await stage({ discipline: { acceptedVarianceNs: NS_PER_MS / 2n } })
    await world.runUntil(10n * SEC)
    throws(() => clock.now(), { code: 'TC_CLOCK_UNSYNCHRONISED' })
  })

  test('a lie that was believed: the lower end stands still, disrupted, until the time has come', async () => {
    const one = await stage({ paths: [{ outNs: 1_000_000n, backNs: 1_000_000n }] })
    const { clock, world, servers } = one
    const [server] = servers
    ok(server !== undefined)
    server.lieNs = 30n * SEC
    await world.runUntil(10n * SEC)
    const believed = clock.now().earliest
    server.lieNs = 0n
    await world.runUntil(30n * SEC)
    const moment = clock.now()
    deepEqual([moment.earliest >= believed, moment.status], [true, 'disrupted'])
    ok(moment.earliest <= moment.estimate && moment.estimate <= moment.latest)
    await world.runUntil(60n * SEC)
    equal(clock.now().status, 'synchronised')
    ok(clock.now().earliest > believed)
  })
})

test('the ratchet: never below what was told, never upside down', () => {
  const reading = {
    earliest: 10n,
    latest: 20n,
    estimate: 14n,
    likely: { earliest: 12n, latest: 16n },
    status: 'synchronised',
    localNs: 0n,
    frequencyPpb: 0,
  } as const
  const shown = (floor: Tai | undefined): unknown[] => {
    const { earliest, estimate, latest, likely, status } = ratcheted(reading, floor)
    ok(earliest <= likely.earliest && likely.earliest <= likely.latest && likely.latest <= latest)
    return [earliest, estimate, latest, status]
  }
  deepEqual(shown(undefined), [10n, 14n, 20n, 'synchronised'])
  deepEqual(shown(10n), [10n, 14n, 20n, 'synchronised'])
  deepEqual(shown(12n), [12n, 14n, 20n, 'synchronised'])
  deepEqual(shown(17n), [17n, 17n, 20n, 'synchronised'])
  deepEqual(shown(20n), [20n, 20n, 20n, 'synchronised'])
  deepEqual(shown(21n), [21n, 21n, 21n, 'disrupted'])
})

describe('waiting', () => {
  test('until an instant has passed: not before it has, and not long after', async () => {
    const on = await stage()
    await on.world.runUntil(10n * SEC)
    const instant = on.clock.now().latest
    const wait = watch(on, on.clock.waitUntilPassed(instant))
    await on.world.runUntil(11n * SEC)
    equal(wait.end, 'resolved')
    ok(wait.atNs !== undefined && ORIGIN + wait.atNs > instant, 'it has passed')
    ok(ORIGIN + wait.atNs - instant < 4n * NS_PER_MS, `${ORIGIN + wait.atNs - instant} ns late`)
  })

  test('for what is past: at once, also where the clock has lost the time since', async () => {
    const on = await stage()
    await on.world.runUntil(10n * SEC)
    const past = on.clock.now().earliest - 1n
    on.servers.forEach((server, index) => (server.lieNs = BigInt(index) * 3600n * SEC))
    await on.world.runUntil(20n * SEC)
    await on.clock.waitUntilPassed(past)
  })

  test('for what cannot pass in time: refused at once; what takes longer than thought: at the end', async () => {
    const on = await stage()
    await on.world.runUntil(10n * SEC)
    const far = watch(on, on.clock.waitUntilPassed(on.clock.now().latest + 61n * SEC))
    const near = watch(on, on.clock.waitUntilPassed(on.clock.now().latest + NS_PER_MS, { atMostNs: 2n * NS_PER_MS }))
    await on.world.runUntil(10n * SEC)
    deepEqual(far, { end: 'TC_CLOCK_WAIT_TOO_LONG', atNs: 10n * SEC })
    equal(near.end, undefined)
    await on.world.runUntil(11n * SEC)
    equal(near.end, 'TC_CLOCK_WAIT_TOO_LONG')
  })

  test('called off: before and during', async () => {
    const on = await stage()
    await on.world.runUntil(10n * SEC)
    const reason = { why: 'enough' }
    await rejects(on.clock.waitUntilPassed(0n, { signal: AbortSignal.abort(reason) }), {
      code: 'TC_CLOCK_ABORTED',
      cause: reason,
    })
    const abort = new AbortController()
    const wait = watch(on, on.clock.waitUntilPassed(on.clock.now().latest + 30n * SEC, { signal: abort.signal }))
    await on.world.runUntil(12n * SEC)
    equal(wait.end, undefined)
    abort.abort(reason)
    await on.world.settle()
    equal(wait.end, 'TC_CLOCK_ABORTED')
  })

  test('without the time: until patience ends; time that comes back in time starts it anew', async () => {
    const on = await stage()
    await on.world.runUntil(10n * SEC)
    const lie = (byNs: bigint): void => on.servers.forEach((server, index) => (server.lieNs = BigInt(index) * byNs))
    const instant = on.world.trueTai + 40n * SEC
    const patient = watch(on, on.clock.waitUntilPassed(instant, { patienceNs: 25n * SEC }))
    const hasty = watch(on, on.clock.waitUntilPassed(instant, { patienceNs: 3n * SEC }))
    lie(3600n * SEC)
    await on.world.runUntil(20n * SEC)
    deepEqual([on.clock.status.state, patient.end, hasty.end], ['unsynchronised', undefined, 'TC_CLOCK_UNSYNCHRONISED'])
    lie(0n)
    await on.world.runUntil(60n * SEC)
    equal(patient.end, 'resolved')
    ok(patient.atNs !== undefined && ORIGIN + patient.atNs > instant)
  })

  test('for the first majority, and in vain', async () => {
    const on = await stage()
    const wait = watch(on, on.clock.whenSynchronised())
    await on.world.runUntil(SEC)
    deepEqual(wait, { end: 'resolved', atNs: 2n * NS_PER_MS })
    const mute = await stage({ isSilent: true })
    const vain = watch(mute, mute.clock.whenSynchronised({ atMostNs: 5n * SEC }))
    const byDefault = watch(mute, mute.clock.whenSynchronised())
    await mute.world.runUntil(59n * SEC)
    deepEqual([vain.end, byDefault.end], ['TC_CLOCK_UNSYNCHRONISED', undefined])
    await mute.world.runUntil(61n * SEC)
    equal(byDefault.end, 'TC_CLOCK_UNSYNCHRONISED')
  })

  test('nothing is left behind when a wait ends', async () => {
    const on = await stage()
    await on.world.runUntil(10n * SEC)
    const before = on.world.pending
    const abort = new AbortController()
    const waits = [1, 2, 3].map(() => codeOf(on.clock.waitUntilPassed(ORIGIN + 20n * SEC, { signal: abort.signal })))
    equal(on.world.pending, before + 3)
    abort.abort()
    deepEqual(await Promise.all(waits), ['TC_CLOCK_ABORTED', 'TC_CLOCK_ABORTED', 'TC_CLOCK_ABORTED'])
    equal(on.world.pending, before)
  })
})

test('closing: waits and iterations end, nothing more is asked, and every use says so', async () => {
  const abort = new AbortController()
  for (const close of [(on: Stage) => void on.clock[Symbol.asyncDispose](), () => abort.abort()]) {
    const on = await stage({ signal: abort.signal })
    await on.world.runUntil(10n * SEC)
    const wait = watch(on, on.clock.waitUntilPassed(ORIGIN + 60n * SEC))
    const changes: ClockChange[] = []
    const iteration = (async () => {
      for await (const change of on.clock) changes.push(change)
    })()
    await on.world.settle()
    close(on)
    await iteration
    equal(wait.end, 'TC_CLOCK_CLOSED')
    equal(changes.length, 1)
    for (const use of [() => on.clock.now(), () => on.clock.after(0n), () => on.clock.before(0n)])
      throws(use, { code: 'TC_CLOCK_CLOSED' })
    equal(await codeOf(on.clock.waitUntilPassed(0n)), 'TC_CLOCK_CLOSED')
    equal(await codeOf(on.clock.whenSynchronised()), 'TC_CLOCK_CLOSED')
    equal(on.clock.status.moment, undefined)
    for await (const _ of on.clock.changes()) ok(false, 'a closed clock does not change')
    await on.clock[Symbol.asyncDispose]()
    await on.world.runUntil(100n * SEC)
    equal(on.world.pending, 0)
  }
})

describe('changes', () => {
  test('the state at once, then each kind of change with the clock as it is', async () => {
    const on = await stage()
    const changes: ClockChange[] = []
    void (async () => {
      for await (const change of on.clock) changes.push(change)
    })()
    await on.world.settle()
    deepEqual(changes[0]?.kinds, CLOCK_CHANGE_KINDS)
    equal(changes[0]?.status.state, 'unsynchronised')
    await on.world.runUntil(5n * SEC)
    ok(changes.some(({ kinds, status }) => kinds.includes('status') && status.state === 'synchronised'))
    const [liar] = on.servers
    ok(liar !== undefined)
    liar.lieNs = SEC
    await on.world.runUntil(15n * SEC)
    const outvoted = changes.find(({ status }) => status.sources[0]?.reason === 'outvoted')
    ok(outvoted?.kinds.includes('sources'))
    for (const server of on.servers) server.isSilent = true
    const heard = changes.length
    await on.world.runUntil(40n * SEC)
    const silence = changes.slice(heard)
    ok(
      silence.some(({ kinds, status }) => kinds.includes('status') && status.state === 'holdover'),
      'by time alone',
    )
  })

  test('a slow reader is told once, how often, and what is now', async () => {
    const on = await stage()
    const changes = on.clock.changes()
    await changes.next()
    await on.world.runUntil(60n * SEC)
    const { value } = await changes.next()
    ok(value !== undefined)
    ok(value.changes > 20, `${value.changes} changes as one`)
    deepEqual(value.kinds, CLOCK_CHANGE_KINDS)
    equal(value.status.moment?.earliest, on.clock.now().earliest)
    const next = changes.next()
    await on.world.runUntil(65n * SEC)
    deepEqual((await next).value?.kinds, ['reading'])
    await changes.return?.()
    equal((await changes.next()).done, true)
  })

  test('ends with its signal, and there are no more of them than a program can mean', async () => {
    const on = await stage()
    const abort = new AbortController()
    const iterations = Array.from({ length: CLOCK_READERS_MAX }, () => on.clock.changes({ signal: abort.signal }))
    for (const iteration of iterations) await iteration.next()
    equal(await codeOf(on.clock.changes().next()), 'TC_CLOCK_BUSY')
    abort.abort()
    for (const iteration of iterations) equal((await iteration.next()).done, true)
    equal((await on.clock.changes().next()).done, false)
    equal((await on.clock.changes({ signal: abort.signal }).next()).done, true)
  })
})

test('external consistency: what was waited for has passed; past and not yet exclude each other; past stays past', async () => {
  const path = fc.record({
    outNs: fc.bigInt({ min: 0n, max: 20n * NS_PER_MS }),
    backNs: fc.bigInt({ min: 0n, max: 20n * NS_PER_MS }),
  })
  const scenario = fc.record({
    seed: fc.bigInt({ min: 0n, max: 2n ** 32n }),
    driftPpb: fc.integer({ min: -400_000, max: 400_000 }),
    randomWalkPpb: fc.constantFrom(0, 1, 5),
    paths: fc.array(path, { minLength: 3, maxLength: 5 }),
    lieNs: fc.bigInt({ min: -SEC, max: SEC }),
    /** When each wait begins, ms, and for how far ahead, ns. */
    waits: fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.bigInt({ min: -SEC, max: 5n * SEC })), {
      minLength: 4,
      maxLength: 12,
    }),
  })
  let resolved = 0
  let definite = 0
  const early: bigint[] = []
  await fc.assert(
    fc.asyncProperty(scenario, async ({ lieNs, waits, ...options }) => {
      const on = await stage(options)
      const { clock, world, servers } = on
      const [liar] = servers
      ok(liar !== undefined)
      liar.lieNs = lieNs
      for (const [atMs, aheadNs] of waits)
        world.schedule(BigInt(atMs) * NS_PER_MS, () => {
          const instant = world.trueTai + aheadNs
          void clock.waitUntilPassed(instant).then(
            () => {
              resolved += 1
              if (world.trueTai <= instant) early.push(instant - world.trueTai)
            },
            () => undefined,
          )
        })
      let floor: Tai | undefined
      const past = new Set<Tai>()
      for (let step = 1n; step <= 100n; step += 1n) {
        await world.runUntil(step * (SEC / 2n))
        for (const aheadNs of [-SEC, -5n * NS_PER_MS, 0n, 5n * NS_PER_MS, SEC]) {
          const instant = world.trueTai + aheadNs
          const [after, before] = [clock.after(instant), clock.before(instant)]
          ok(!(after && before))
          if (after) ok(instant < world.trueTai)
          if (before) ok(instant > world.trueTai)
          if (after || before) definite += 1
          if (after) past.add(instant)
        }
        for (const instant of past) ok(clock.after(instant), 'no longer past')
        const { moment } = clock.status
        if (moment === undefined) continue
        ok(floor === undefined || moment.earliest >= floor)
        floor = moment.earliest
        ok(moment.earliest <= moment.estimate && moment.estimate <= moment.latest)
        ok(moment.earliest <= world.trueTai && world.trueTai <= moment.latest)
      }
      await clock[Symbol.asyncDispose]()
    }),
    { numRuns: 8 },
  )
  deepEqual(early, [], 'a wait ended before its instant had passed')
  ok(resolved > 10 && definite > 500, `${resolved} waits, ${definite} answers: the property says nothing`)
})
