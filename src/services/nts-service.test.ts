/** NTS as the configuration opens it: our own client measures by it, and what stands in its way leaves nothing open. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { after, test } from 'node:test'
import { holds, NS_PER_MS, seededRandom, widen } from '../base/index.ts'
import { taiFromUnixNs } from '../clock/index.ts'
import { ntsSource } from '../clock/io/nts-source.ts'
import { readConfig, splitHostPort } from '../node/index.ts'
import { eventLog } from '../../test/real/event-log.ts'
import { machineTime } from '../../test/real/machine-time.ts'
import { makeAuthority } from '../../test/real/nts-authority.ts'
import { openTimeServers } from './time-servers.ts'
import { gpsReport } from './time-servers.test-kit.ts'

const authority = await makeAuthority()
after(() => authority[Symbol.asyncDispose]())
const { certFile: ntsCertFile, keyFile: ntsKeyFile } = await authority.certify()

const time = machineTime()
const offsetNs = taiFromUnixNs(time.hostUnixNs()) - time.elapsedNs()

/** Servers of a clock that is the host's ± 5 ms. */
const open = (ntp: string, nts: string) =>
  openTimeServers({
    time,
    random: seededRandom(31n),
    directory: authority.folder,
    serve: readConfig({ serve: { ntp, nts, ntsCertFile, ntsKeyFile } }).serve,
    hasMachineCounter: true,
    tell: () => undefined,
    reports: () => [gpsReport(time.elapsedNs(), offsetNs)],
    read: (localNs) => {
      const estimate = localNs + offsetNs
      const half = 5n * NS_PER_MS
      const [earliest, latest] = [estimate - half, estimate + half]
      return { localNs, estimate, earliest, latest, status: 'synchronised', frequencyPpb: 0 }
    },
  })

test('our client measures the clock that is served, and what was done is counted', async () => {
  await using opened = await open('127.0.0.1:0', '127.0.0.1:0')
  deepEqual(
    opened.servers.map(({ name }) => name),
    ['ntp', 'nts'],
  )
  const [, nts] = opened.servers
  ok(nts !== undefined)
  const place = splitHostPort(nts.address)
  await using source = ntsSource(time, seededRandom(5n), { id: 'nts', ...place, extraRoots: [authority.pem] })
  const log = await eventLog(source)
  for (const count of [1, 2]) {
    source.poll()
    await log.when((words) => words.length >= count)
    await new Promise(setImmediate)
  }
  const [event] = log.events
  ok(event?.type === 'measurement', log.words().join(' '))
  ok(holds(widen(event.measurement.offset, 2n * NS_PER_MS), offsetNs))
  equal(event.measurement.upstream?.stratum, 1)
  // One key establishment and two sealed answers.
  deepEqual(nts.counts(), { answered: 3, refused: new Map() })
})

test('where its port cannot be had, the NTP server is closed again', async () => {
  await using first = await open('127.0.0.1:0', '127.0.0.1:0')
  const taken = first.servers[1]?.address ?? ''
  const free = await open('127.0.0.1:0', '127.0.0.1:0')
  const ntp = free.servers[0]?.address ?? ''
  await free[Symbol.asyncDispose]()
  await rejects(open(ntp, taken), { code: 'TC_NTS_KE_LISTEN' })
  await using again = await open(ntp, '127.0.0.1:0')
  equal(again.servers[0]?.address, ntp)
})
