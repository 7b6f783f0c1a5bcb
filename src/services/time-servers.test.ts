import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS, NS_PER_SEC, seededRandom } from '../base/index.ts'
import { RELEASE_TAI } from '../clock/index.ts'
import { readConfig, splitHostPort } from '../node/index.ts'
import { realTime } from '../node/io/real-ports.ts'
import { addressText, openTimeServers } from './time-servers.ts'
import type { TimeServersOptions } from './time-servers.ts'
import { askNtp, gpsReport } from './time-servers.test-kit.ts'
import type { BasisReading } from './time-basis.ts'

const START = realTime.elapsedNs()

const read = (localNs: bigint): BasisReading => {
  const estimate = RELEASE_TAI + NS_PER_SEC + localNs - START
  const interval = { earliest: estimate - NS_PER_MS, latest: estimate + NS_PER_MS }
  return { localNs, estimate, ...interval, status: 'synchronised', frequencyPpb: 0 }
}

const open = (serve: Record<string, unknown>, changes: Partial<TimeServersOptions> = {}) =>
  openTimeServers({
    time: realTime,
    random: seededRandom(1n),
    directory: '/nowhere',
    serve: readConfig({ serve }).serve,
    read,
    reports: () => [gpsReport(START, 0n)],
    hasMachineCounter: true,
    tell: () => {},
    ...changes,
  })

const ask = (address: string) => askNtp(splitHostPort(address))

test('nothing is served where nothing is set', async () => {
  await using servers = await open({})
  servers.refresh()
  deepEqual(servers.servers, [])
})

test('NTP is served from the node’s clock and the standing of its sources', async () => {
  const clock: { read?: typeof read } = {}
  await using servers = await open({ ntp: '127.0.0.1:0' }, { read: (localNs) => clock.read?.(localNs) })
  const [ntp] = servers.servers
  ok(ntp !== undefined)
  equal((await ask(ntp.address)).leap, 3)
  clock.read = read
  servers.refresh()
  const said = await ask(ntp.address)
  deepEqual([ntp.name, said.leap, said.stratum, said.referenceId], ['ntp', 0, 1, 0x47_50_53_00])
  equal(ntp.counts().answered, 2)
})

test('workers cannot read a simulated counter: one thread answers, and the operator is told', async () => {
  const told: string[] = []
  const changes = { hasMachineCounter: false, tell: ({ code }: { readonly code: string }) => void told.push(code) }
  await using servers = await open({ ntp: '127.0.0.1:0', ntpWorkers: 2 }, changes)
  equal((await ask(servers.servers[0]?.address ?? '')).stratum, 1)
  deepEqual(told, ['TC_NTP_WORKERS'])
})

test('where one cannot be opened, none is left', async () => {
  await using first = await open({ ntp: '127.0.0.1:0' })
  const ntp = first.servers[0]?.address
  await rejects(open({ ntp }), { code: 'TC_NTP_BIND' })
})

test('addresses as people write them', () => {
  deepEqual(
    [addressText({ host: '127.0.0.1', port: 1 }), addressText({ host: '::1', port: 2 })],
    ['127.0.0.1:1', '[::1]:2'],
  )
})
