import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { ignore, NS_PER_MS } from '../base/index.ts'
import { taiFromUnixNs } from '../clock/index.ts'
import { realTime } from '../node/io/real-ports.ts'
import type { NtpClock } from './ntp-face.ts'
import { openNtpServer } from './ntp-server.ts'
import type { NtpServer, NtpServerOptions } from './ntp-server.ts'
import { NO_STANDING } from './ntp-standing.ts'
import { askNtp } from './time-servers.test-kit.ts'

const NO_CLOCK: NtpClock = { basis: undefined, standing: NO_STANDING }

const clockOf = (stratum: number): NtpClock => {
  const { localNs, tai } = { localNs: realTime.elapsedNs(), tai: taiFromUnixNs(realTime.hostUnixNs()) }
  const basis = { localNs, tai, halfWidthNs: NS_PER_MS, slopePpb: 0, growthPpb: 0, status: 'synchronised' as const }
  return { basis, standing: { ...NO_STANDING, stratum } }
}

const open = (changes: Partial<NtpServerOptions> = {}): Promise<NtpServer> =>
  openNtpServer({
    time: realTime,
    host: '127.0.0.1',
    port: 0,
    clock: clockOf(2),
    ratePerSec: undefined,
    workers: 0,
    ...changes,
  })

for (const workers of [0, 2])
  test(`with ${workers} workers: it serves what it is shown, and counts`, async () => {
    await using server = await open({ workers, clock: NO_CLOCK })
    equal((await askNtp(server)).leap, 3)
    server.show(clockOf(5))
    // A worker hears of it a moment later; what it has not heard it does not say.
    let stratum = 0
    while (stratum !== 5) ({ stratum } = await askNtp(server))
    while (server.counts().answered < 2) {
      server.show(clockOf(5))
      await askNtp(server)
    }
    ok(server.counts().unsynchronised >= 1)
  })

test('a name is looked up, an IPv6 address is served, and a port that is taken is refused by code', async () => {
  await using named = await open({ host: 'localhost' })
  equal((await askNtp(named)).stratum, 2)
  await using six = await open({ host: '::1' })
  equal((await askNtp(six)).stratum, 2)
  for (const workers of [0, 1])
    await rejects(open({ port: named.port, host: named.host, workers }), {
      code: 'TC_NTP_BIND',
      message: /another program/,
    })
  await rejects(open({ host: '192.0.2.77' }), { code: 'TC_NTP_BIND', message: /address of this machine/ })
  await rejects(open({ host: 'nowhere.invalid' }), { code: 'TC_NTP_BIND' })
})

test('NTS and workers do not go together', () =>
  rejects(open({ workers: 1, onExtended: () => ignore('x') }), { code: 'TC_CONFIG_INVALID' }))

test('a limit is kept', async () => {
  await using server = await open({ ratePerSec: 0.001 })
  for (let count = 0; count < 64; count += 1) equal((await askNtp(server)).stratum, 2)
  deepEqual([(await askNtp(server)).referenceId, server.counts().kissed], [0x52_41_54_45, 1])
})
