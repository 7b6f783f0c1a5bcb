/**
 * A whole node, the program itself, against real chronyd and real gpsd: its interval holds the host's time, the receiver's
 * position is nowhere in its state, log or API, and recordings that are years old never move its clock.
 */
import { equal, ok } from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { taiFromUnixNs } from '../src/clock/index.ts'
import { realTime } from '../src/node/io/real-ports.ts'
import { openClient } from '../src/services/client.ts'
import type { Client } from '../src/services/client.ts'
import type { SourceView } from '../src/services/schema.ts'
import { runProgram } from './devnet/run.ts'
import type { RunningProgram } from './devnet/run.ts'
import { chronydPath, startChronyd } from './real/chronyd.ts'
import { gpsdPath, presentTime, recorded, startGpsd } from './real/gpsd.ts'
import { missing } from './real/missing.ts'
import { PLACE_DIGITS } from './real/nmea.ts'

const LOG = '../shared/gps-logs/ublox-8-time.log'
/** The host clock is read through two programs; a scheduler's pause between them is no fault of the node's. */
const READ_APART_NS = 20_000_000n

interface RunningNode extends AsyncDisposable {
  readonly client: Client
  readonly program: RunningProgram
  readonly directory: string
  get(path: string): Promise<string>
}

const startNode = async (flags: readonly string[]): Promise<RunningNode> => {
  const directory = mkdtempSync(join(tmpdir(), 'truechimer-node-'))
  const init = await runProgram(['init', '--data', directory, '--no-encrypt']).ended()
  equal(init.code, 0, init.stderr.join('\n'))
  const all = ['node', '--data', directory, '--api', '127.0.0.1:0', '--log-level', 'trace', '--json', ...flags]
  const program = runProgram(all)
  const [, api = ''] = await program.line(/"ready":true.*"api":"([^"]+)"/)
  return {
    client: openClient({ baseUrl: api }),
    program,
    directory,
    get: async (path) => (await fetch(`${api}${path}`)).text(),
    [Symbol.asyncDispose]: async () => {
      program.kill('SIGTERM')
      await program.ended()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The sources, once `isTrue` of them; heard from the node's own events. */
const whenSources = async (node: RunningNode, isTrue: (sources: readonly SourceView[]) => boolean): Promise<void> => {
  const signal = AbortSignal.timeout(60_000)
  for await (const _ of node.client.events({ types: ['clock', 'judgement', 'peer', 'proof'], signal }))
    if (isTrue((await node.client.status()).sources)) return
  throw new TypeError(`never so: ${JSON.stringify((await node.client.status()).sources)}`)
}

const source = (sources: readonly SourceView[], kind: SourceView['kind']): SourceView | undefined =>
  sources.find((one) => one.kind === kind)

const everything = async (node: RunningNode): Promise<string> => {
  const paths = ['/v1/time', '/v1/status', '/v1/nodes', '/metrics', '/openapi.json']
  const pages = await Promise.all(paths.map((path) => node.get(path)))
  const files = readdirSync(node.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  return [...pages, ...files].join('\n')
}

const lacks = (t: TestContext): boolean => missing(t, 'chronyd', chronydPath()) || missing(t, 'gpsd', gpsdPath())

test('a node between chronyd and gpsd holds the host’s time, and knows no place', async (t) => {
  if (lacks(t)) return
  await using chronyd = await startChronyd()
  await using gpsd = await startGpsd(presentTime())
  const flags = ['--ntp', `127.0.0.1:${chronyd.port}`, '--gpsd', `127.0.0.1:${gpsd.port}`, '--poll-interval-ms', '500']
  await using node = await startNode(flags)
  await whenSources(node, (sources) => sources.length === 2 && sources.every(({ state }) => state === 'selected'))

  const before = taiFromUnixNs(realTime.hostUnixNs())
  const time = await node.client.time()
  const after = taiFromUnixNs(realTime.hostUnixNs())
  equal(time.status, 'synchronised')
  ok(
    BigInt(time.earliest) <= after && BigInt(time.latest) >= before,
    `${time.earliest} … ${time.latest} misses ${before}`,
  )
  ok(after - before < READ_APART_NS || BigInt(time.latest) - BigInt(time.earliest) < 100_000_000n)

  const seen = await everything(node)
  node.program.kill('SIGTERM')
  const { stderr } = await node.program.ended()
  ok(stderr.length > 3, 'the log is there to be searched')
  for (const digits of PLACE_DIGITS) ok(!`${seen}\n${stderr.join('\n')}`.includes(digits), `the place shows: ${digits}`)
})

test('a recording that is years old is refused by name, and the clock stays where chronyd has it', async (t) => {
  if (lacks(t)) return
  if (missing(t, LOG, existsSync(LOG) ? LOG : undefined)) return
  await using chronyd = await startChronyd()
  await using gpsd = await startGpsd(recorded(readFileSync(LOG), () => {}))
  const flags = ['--ntp', `127.0.0.1:${chronyd.port}`, '--gpsd', `127.0.0.1:${gpsd.port}`, '--poll-interval-ms', '500']
  await using node = await startNode(flags)
  await whenSources(node, (sources) => source(sources, 'gps')?.reason === 'gps-before-release')
  await whenSources(node, (sources) => source(sources, 'ntp')?.state === 'selected')
  const time = await node.client.time()
  const host = taiFromUnixNs(realTime.hostUnixNs())
  ok(host - BigInt(time.estimate) < 1_000_000_000n && BigInt(time.estimate) - host < 1_000_000_000n, time.utc.estimate)
  ok(((await node.client.status()).counts.refused['gps-before-release'] ?? 0) > 0, 'and it is counted')
})
