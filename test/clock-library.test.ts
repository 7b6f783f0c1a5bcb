/**
 * The guide's programs, run as they stand against real NTP servers on loopback, by the package's own door; and the clock that
 * a program opens, with what it refuses.
 */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { openClock, taiFromUtc, utcFromTai } from 'truechimer/clock'
import type { OpenClockOptions } from 'truechimer/clock'
import { openNtpResponder } from '../src/services/ntp-responder.ts'
import type { NtpResponder } from '../src/services/ntp-responder.ts'
import { machineTime } from './real/machine-time.ts'

const guide = readFileSync(new URL('../docs/guides/clock-library.md', import.meta.url), 'utf8')
const programs = [...guide.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, program = '']) => program)

const servers: NtpResponder[] = []
before(async () => {
  for (let count = 0; count < 3; count += 1) servers.push(await openNtpResponder(machineTime(), { port: 0 }))
})
after(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())))
const addresses = (): readonly string[] => servers.map(({ port }) => `127.0.0.1:${port}`)

/** Runs a program in a process of its own, as a user of the package would, and gives the lines that it prints. */
const run = async (program: string): Promise<readonly string[]> => {
  const [a = '', b = '', c = ''] = addresses()
  const code = program.replaceAll('a.example:123', a).replaceAll('b.example:123', b).replaceAll('c.example:123', c)
  const args = ['--input-type=module-typescript', '--eval', code]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 })
  equal(stderr, '')
  return stdout.trimEnd().split('\n')
}

describe('the guide’s programs', () => {
  test('there are four', () => equal(programs.length, 4))

  test('a reading: the time of this machine, and how wrong it may be', async () => {
    const from = Date.now()
    const [time = '', width = ''] = await run(programs[0] ?? '')
    const [, utc = '', nsText = ''] = /^it is (\S+Z), give or take (\d+) ns$/.exec(time) ?? []
    const tai = taiFromUtc(utc)
    ok(tai !== undefined && tai > (taiFromUtc(new Date(from - 1000).toISOString()) ?? 0n), time)
    ok(tai < (taiFromUtc(new Date(Date.now() + 1000).toISOString()) ?? 0n), time)
    ok(Number(nsText) > 0 && Number(nsText) < 50_000_000, time)
    match(width, /^that is \d+ ns from the earliest/)
  })

  test('a read of bounded staleness: nine seconds old is fresh enough, ten is not certainly', async () => {
    deepEqual(await run(programs[1] ?? ''), ['from the replica', 'from the primary'])
  })

  test('commit-wait: the second timestamp is the greater, on another clock', async () => {
    const [instants = '', order = ''] = await run(programs[2] ?? '')
    const [first = '', second = ''] = instants.split(' and then ')
    ok(first < second && taiFromUtc(first) !== undefined, instants)
    equal(order, 'in order')
  })

  test('what goes on: unsynchronised, then synchronised, with every source told', async () => {
    const lines = await run(programs[3] ?? '')
    ok(lines[0]?.startsWith('unsynchronised (status, sources, reading): '), lines[0])
    const last = lines.at(-1) ?? ''
    ok(last.startsWith('synchronised (') && addresses().every((address) => last.includes(`ntp:${address} `)), last)
  })
})

test('the guide’s codes are the errors page’s', () => {
  const errors = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')
  for (const [code] of guide.matchAll(/TC_[A-Z_]+/g)) ok(errors.includes(`| \`${code}\` |`), code)
})

describe('opening', () => {
  const refused: readonly (readonly [string, OpenClockOptions, RegExp])[] = [
    ['no source', { sources: {} }, /no source of time/],
    [
      'a misspelt source',
      JSON.parse('{"sources":{"npt":["a:1"]}}'),
      /unknown key sources\.npt; did you mean sources\.ntp\?/,
    ],
    [
      'an address without a port',
      { sources: { ntp: ['a.example'] } },
      /sources\.ntp\.0: must be a server as HOST:PORT/,
    ],
    ['no variance', { sources: { ntp: ['a:1'] }, acceptedVarianceNs: 0n }, /acceptedVarianceNs must be above 0/],
    ['half a millisecond', { sources: { ntp: ['a:1'] }, pollIntervalNs: 500_000n }, /sources\.pollIntervalMs: must be/],
  ]
  for (const [name, options, message] of refused)
    test(`refused: ${name}`, () => rejects(openClock(options), { code: 'TC_CONFIG_INVALID', message }))

  test('with an aborted signal: not at all', () =>
    rejects(openClock({ sources: { hostBoundMs: 10 }, signal: AbortSignal.abort() }), { code: 'TC_CLOCK_ABORTED' }))

  test('the host’s clock alone, with a stated bound, is a clock; its signal closes it', async () => {
    const abort = new AbortController()
    const clock = await openClock({
      sources: { hostBoundMs: 10 },
      pollIntervalNs: 1_000_000_000n,
      signal: abort.signal,
    })
    await clock.whenSynchronised()
    const { earliest, latest, earliestUtc } = clock.now()
    ok(latest - earliest >= 20_000_000n && latest - earliest < 40_000_000n)
    equal(earliestUtc, utcFromTai(earliest))
    await clock.waitUntilPassed(latest)
    equal(clock.after(latest), true)
    const wait = clock.waitUntilPassed(latest + 30_000_000_000n)
    abort.abort()
    await rejects(wait, { code: 'TC_CLOCK_CLOSED' })
  })

  test('a pool of one literal address: one seat is taken, three are vacant, and the clock is right', async () => {
    const [address = ''] = addresses()
    await using clock = await openClock({ sources: { ntpPool: [address] } })
    await clock.whenSynchronised()
    const seats = clock.status.sources.map(({ sourceId }) => sourceId)
    deepEqual(
      seats,
      [1, 2, 3, 4].map((seat) => `ntp:${address}#${seat}`),
    )
    ok(clock.before(clock.now().latest + 1_000_000_000n))
  })
})
