/**
 * The node's NTP server and refclock feed against the real programs: `chronyd -Q`, `ntpdig`, and a chronyd that follows the
 * node by its socket. The host clock is the truth. What it may differ by is what the protocol says: the server's root distance
 * and half of the longest round trip that is accepted.
 */
import { equal, ok } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { holds, seededRandom } from '../src/base/index.ts'
import { ntpSource } from '../src/clock/io/ntp-source.ts'
import { taiFromUnixNs } from '../src/clock/index.ts'
import type { Measurement } from '../src/clock/index.ts'
import { EXIT } from '../src/cli/output.ts'
import { realTime } from '../src/node/io/real-ports.ts'
import { runProgram } from './devnet/run.ts'
import { chronydPath, startChronyd } from './real/chronyd.ts'
import { eventLog } from './real/event-log.ts'
import { missing } from './real/missing.ts'
import {
  CHRONYD_DELAY_SEC_MAX,
  chronydQuery,
  ntpdigPath,
  ntpdigQuery,
  runToEnd,
  startServingNode,
} from './real/ntp-server-node.ts'
import { freeUdpPort, programPath, startProgram, until } from './real/program.ts'

/** By how much chronyd says the host clock is wrong, seconds. */
const wrongBy = (said: string): number => Number(/System clock wrong by (-?[\d.]+) seconds/.exec(said)?.[1] ?? 'NaN')

/** What the server promises, by our own client: the interval, and its half width, seconds. */
const measured = async (port: number): Promise<{ readonly measurement: Measurement; readonly halfSec: number }> => {
  await using source = ntpSource(realTime, seededRandom(7n), { id: 'ntp:own', host: '127.0.0.1', port })
  const log = await eventLog(source)
  let event = log.events[0]
  await until(
    () => `a measurement of the server on port ${port}; so far ${log.words().join(' ')}`,
    () => {
      event = log.events.at(-1)
      if (event?.type !== 'measurement') source.poll()
      return event?.type === 'measurement'
    },
    20_000,
  )
  if (event?.type !== 'measurement') throw new TypeError('a measurement was awaited')
  const { lo, hi } = event.measurement.offset
  return { measurement: event.measurement, halfSec: Number(hi - lo) / 2e9 }
}

/** Most of their time the programs wait for their next question. */
describe('real programs', { concurrency: 3 }, () => {
  for (const workers of [0, 2])
    test(`a node behind real chronyd serves real chronyd, with ${workers} workers`, async (t) => {
      const path = chronydPath()
      if (missing(t, 'chronyd', path) || path === undefined) return
      await using upstream = await startChronyd()
      const flags = ['--ntp', `127.0.0.1:${upstream.port}`, '--ntp-workers', String(workers)]
      await using node = await startServingNode(flags)
      const { measurement, halfSec } = await measured(node.port)
      const truth = taiFromUnixNs(realTime.hostUnixNs()) - realTime.elapsedNs()
      const { offset, upstream: place } = measurement
      // Both readings of the host clock, here and in the node, are paired with the counter to 50 µs.
      ok(holds({ lo: offset.lo - 100_000n, hi: offset.hi + 100_000n }, truth), `${offset.lo} ${truth} ${offset.hi}`)
      equal(place?.stratum, 2, 'one below the chronyd that says 1')
      const { code, said } = await chronydQuery(path, node.port)
      equal(code, 0, said)
      const wrongSec = Math.abs(wrongBy(said))
      ok(wrongSec <= halfSec + CHRONYD_DELAY_SEC_MAX / 2, said)
      t.diagnostic(`chronyd finds the host clock wrong by ${wrongSec} s; the promise is ± ${halfSec.toFixed(6)} s`)
      const metrics = await (await fetch(`${node.api}/metrics`)).text()
      ok(/truechimer_time_answers_total\{server="ntp"\} [1-9]/.test(metrics), metrics)
    })

  test('ntpdig reads stratum, leap and offset of a node on the host clock', async (t) => {
    if (missing(t, 'ntpdig', ntpdigPath())) return
    await using node = await startServingNode(['--host-bound-ms', '5'])
    await measured(node.port)
    const { code, said } = await ntpdigQuery(node.port)
    equal(code, 0, said)
    const answer: { offset: number; precision: number; stratum: number; leap: string } = JSON.parse(
      said.slice(said.indexOf('{')),
    )
    ok(Math.abs(answer.offset) <= answer.precision, `${said} its "precision" is the bound of this exchange`)
    equal(answer.stratum, 10, 'the stratum of a source that does not say its own')
    equal(answer.leap, 'no-leap')
  })

  test('a node without the time is refused by chronyd and by ntpdig', async (t) => {
    const path = chronydPath()
    if (missing(t, 'chronyd', path) || path === undefined || missing(t, 'ntpdig', ntpdigPath())) return
    // Held, and silent: a port that was merely free could be another's by now, who might tell the time.
    const silent = createSocket('udp4').bind(0, '127.0.0.1')
    await once(silent, 'listening')
    t.after(() => silent.close())
    await using node = await startServingNode(['--ntp', `127.0.0.1:${silent.address().port}`])
    const [chronyd, ntpdig] = await Promise.all([chronydQuery(path, node.port, 7), ntpdigQuery(node.port)])
    equal(chronyd.code, 1, chronyd.said)
    ok(Number.isNaN(wrongBy(chronyd.said)), chronyd.said)
    ok(ntpdig.said.includes('no eligible servers'), ntpdig.said)
    const metrics = await (await fetch(`${node.api}/metrics`)).text()
    ok(
      /truechimer_time_answers_total\{server="ntp"\} [1-9]/.test(metrics),
      'it was answered, and refused for what it said',
    )
  })

  test('the first node of a devnet serves chronyd from its simulated oscillator', async (t) => {
    const path = chronydPath()
    if (missing(t, 'chronyd', path) || path === undefined) return
    const port = await freeUdpPort()
    const flags = ['--nodes', '4', '--no-lie', '--json', '--api', '127.0.0.1:0', '--ntp-serve', `127.0.0.1:${port}`]
    const devnet = runProgram(['devnet', ...flags])
    try {
      await devnet.line(/dashboard/)
      const { halfSec } = await measured(port)
      const { code, said } = await chronydQuery(path, port)
      equal(code, 0, said)
      ok(Math.abs(wrongBy(said)) <= halfSec + CHRONYD_DELAY_SEC_MAX / 2, said)
    } finally {
      devnet.kill('SIGTERM')
      await devnet.ended()
    }
  })

  test('real chronyd follows the node by its refclock socket', async (t) => {
    const [chronyd, chronyc] = [chronydPath(), programPath('chronyc')]
    if (missing(t, 'chronyd', chronyd) || missing(t, 'chronyc', chronyc)) return
    if (chronyd === undefined || chronyc === undefined) return
    const folder = mkdtempSync(join(tmpdir(), 'truechimer-refclock-'))
    const socket = join(folder, 'truechimer.sock')
    const port = await freeUdpPort()
    const lines = [
      `refclock SOCK ${socket} refid TRCH poll 0 filter 1`,
      `cmdport ${port}`,
      'bindcmdaddress 127.0.0.1',
      'port 0',
      `pidfile ${join(folder, 'pid')}`,
    ]
    writeFileSync(join(folder, 'chrony.conf'), `${lines.join('\n')}\n`)
    const args = ['-x', '-n', '-u', userInfo().username, '-f', join(folder, 'chrony.conf')]
    // The node is there first: a socket that is made later is found.
    await using node = await startServingNode(['--host-bound-ms', '5', '--refclock-sock', socket])
    await using daemon = await startProgram(chronyd, args)
    const ask = async (what: string): Promise<readonly string[]> =>
      (await runToEnd(chronyc, ['-n', '-c', '-h', '127.0.0.1', '-p', String(port), what], 5000)).said.trim().split(',')
    let source: readonly string[] = []
    await until(
      () => `chronyd selects the node; it says ${source.join()} ${daemon.said()}`,
      async () => {
        source = await ask('sources')
        return source[0] === '#' && source[1] === '*' && source[2] === 'TRCH'
      },
      30_000,
    )
    const [, name, , , offset = 'NaN'] = await ask('tracking')
    equal(name, 'TRCH')
    // The node holds the host clock for the truth, give or take 5 ms, and says so to chronyd.
    ok(Math.abs(Number(offset)) <= 0.005, offset)
    const metrics = await (await fetch(`${node.api}/metrics`)).text()
    ok(/truechimer_time_answers_total\{server="refclock"\} [1-9]/.test(metrics), metrics)
    t.diagnostic(`chronyd's last sample: ${source.slice(-3).join(', ')} s`)
    rmSync(folder, { recursive: true, force: true })
  })

  test('a port that is taken, and a number that is none, are said before anything runs', async () => {
    await using node = await startServingNode(['--host-bound-ms', '5'])
    const again = await runProgram(['devnet', '--ntp-serve', `127.0.0.1:${node.port}`, '--no-lie', '--json']).ended()
    equal(again.code, EXIT.failed)
    ok(again.stderr.join('\n').includes('TC_NTP_BIND'), again.stderr.join('\n'))
    const wrong = await runProgram(['devnet', '--ntp-serve', 'here']).ended()
    ok(wrong.stderr.join('\n').includes('serve.ntp') && wrong.code === EXIT.usage, wrong.stderr.join('\n'))
  })
})
