/**
 * NTS against real chrony: our client with its server, and its client with our server. Certificates are of an authority
 * made for the test. Where chrony is missing the test says so aloud; that is the only way in which it may be skipped.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { holds, NS_PER_SEC, seededRandom } from '../src/base/index.ts'
import { ntsSource } from '../src/clock/io/nts-source.ts'
import type { NtsSourceOptions } from '../src/clock/io/nts-source.ts'
import { taiFromUnixNs } from '../src/clock/index.ts'
import type { Source } from '../src/clock/index.ts'
import { openNtpServer } from '../src/services/ntp-server.ts'
import type { NtpServer } from '../src/services/ntp-server.ts'
import { NtsCookies } from '../src/services/nts-cookies.ts'
import { openNtsKeServer } from '../src/services/nts-ke-server.ts'
import type { NtsKeServer } from '../src/services/nts-ke-server.ts'
import { NtsResponder } from '../src/services/nts-responder.ts'
import { chronydPath } from './real/chronyd.ts'
import { eventLog } from './real/event-log.ts'
import { machineTime } from './real/machine-time.ts'
import { missing } from './real/missing.ts'
import { makeAuthority } from './real/nts-authority.ts'
import type { CertificateFiles, CertificateWish } from './real/nts-authority.ts'
import { askByChronyd, startNtsChronyd } from './real/nts-chronyd.ts'

const HOST_RESOLUTION_NS = 2_000_000n

const client = (kePort: number, options: Partial<NtsSourceOptions> = {}): Source =>
  ntsSource(machineTime(), seededRandom(BigInt(kePort)), { id: 'nts', host: '127.0.0.1', port: kePort, ...options })

test('real chronyd with NTS: twelve authenticated exchanges, each interval holds the host’s time', async (t) => {
  if (missing(t, 'chronyd', chronydPath())) return
  await using authority = await makeAuthority()
  await using server = await startNtsChronyd(await authority.certify())
  await using source = client(server.kePort, { extraRoots: [authority.pem], host: 'localhost' })
  const log = await eventLog(source)
  for (let count = 1; count <= 12; count += 1) {
    source.poll()
    await log.when((words) => words.length >= count)
    await new Promise(setImmediate)
  }
  deepEqual(new Set(log.words()), new Set(['measurement']), server.said())
  const time = machineTime()
  const truth = taiFromUnixNs(time.hostUnixNs()) - time.elapsedNs()
  for (const event of log.events) {
    ok(event.type === 'measurement' && event.measurement.kind === 'nts')
    const { lo, hi } = event.measurement.offset
    ok(holds({ lo: lo - HOST_RESOLUTION_NS, hi: hi + HOST_RESOLUTION_NS }, truth))
    ok(hi - lo < NS_PER_SEC)
  }
})

/** What is wrong with the server, by what the client says; `trusts`: is it told of the authority? */
const REFUSED: readonly (readonly [reason: string, wish: CertificateWish, trusts: boolean])[] = [
  ['nts-unknown-ca', {}, false],
  ['nts-certificate-expired', { fromDays: -30, toDays: -1 }, true],
  ['nts-certificate-not-yet-valid', { fromDays: 1, toDays: 30 }, true],
  ['nts-wrong-name', { names: [{ type: 'dns', value: 'other.example' }] }, true],
]

test('real chronyd whose certificate will not do: the reason is named, and no time is taken', async (t) => {
  if (missing(t, 'chronyd', chronydPath())) return
  await using authority = await makeAuthority()
  for (const [reason, wish, trusts] of REFUSED) {
    await using server = await startNtsChronyd(await authority.certify(wish))
    await using source = client(server.kePort, trusts ? { extraRoots: [authority.pem] } : {})
    const log = await eventLog(source)
    source.poll()
    await log.when((words) => words.length === 1)
    await new Promise(setImmediate)
    // Asked again at once it does not try again (the pause is 10 s), but says again what is wrong.
    source.poll()
    await log.when((words) => words.length === 2)
    deepEqual(log.words(), [reason, reason])
    ok(log.events.every(({ type }) => type === 'unreachable'))
  }
})

test('real chronyd started again: with its old keys nobody notices, with new ones NTSN, new keys, and on', async (t) => {
  if (missing(t, 'chronyd', chronydPath())) return
  await using authority = await makeAuthority()
  const files = await authority.certify()
  const options = { ...files, dumpFolder: join(authority.folder, 'dump') }
  const first = await startNtsChronyd(options)
  await using source = client(first.kePort, { extraRoots: [authority.pem], timeoutNs: NS_PER_SEC / 2n })
  const log = await eventLog(source)
  const poll = async (count: number): Promise<void> => {
    source.poll()
    await log.when((words) => words.length >= count)
    await new Promise(setImmediate)
  }
  await poll(1)
  await first[Symbol.asyncDispose]()
  const second = await startNtsChronyd({ ...options, at: first })
  await poll(2)
  deepEqual(log.words(), ['measurement', 'measurement'])
  await second[Symbol.asyncDispose]()
  await using third = await startNtsChronyd({ ...files, at: first })
  await poll(4)
  await poll(5)
  deepEqual(log.words().slice(2), ['nts-nak', 'nts-nak', 'measurement'], third.said())
})

interface OurServer extends AsyncDisposable {
  readonly ntp: NtpServer
  readonly ke: NtsKeServer
  readonly responder: NtsResponder
}

/** Our NTP server with the host's clock, ± 1 ms, and its key establishment. */
const serveNts = async (files: CertificateFiles): Promise<OurServer> => {
  await using stack = new AsyncDisposableStack()
  const time = machineTime()
  const random = seededRandom(11n)
  const cookies = new NtsCookies(time, random)
  const responder = new NtsResponder(time, random, cookies)
  const localNs = time.elapsedNs()
  const tai = taiFromUnixNs(time.hostUnixNs())
  const ntp = stack.use(
    await openNtpServer({
      time,
      host: '127.0.0.1',
      port: 0,
      clock: {
        basis: { localNs, tai, halfWidthNs: 1_000_000n, slopePpb: 0, growthPpb: 0, status: 'synchronised' },
        standing: { stratum: 2, referenceId: 0x7f_7f_01_00, rootDelayNs: 0n, referenceTai: tai, announced: 'none' },
      },
      ratePerSec: undefined,
      workers: 0,
      onExtended: (request) => responder.onExtended(request),
    }),
  )
  const ke = stack.use(
    await openNtsKeServer(time, { host: '127.0.0.1', port: 0, ...files, cookies, ntpPort: ntp.port }),
  )
  const opened = stack.move()
  return { ntp, ke, responder, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

test('real chronyd -Q measures by our server, and refuses it where it does not know the authority', async (t) => {
  if (missing(t, 'chronyd', chronydPath())) return
  await using authority = await makeAuthority()
  await using stranger = await makeAuthority()
  await using server = await serveNts(await authority.certify())
  const asked = { port: server.ntp.port, kePort: server.ke.port }
  const [believed, unbelieved] = await Promise.all([
    askByChronyd({ ...asked, rootsFile: authority.pemFile }),
    askByChronyd({ ...asked, rootsFile: stranger.pemFile }),
  ])
  match(believed, /System clock wrong by -?0\.00\d+ seconds/)
  ok(!unbelieved.includes('System clock wrong'), unbelieved)
  const { answered, refused } = server.responder.counts()
  ok(answered >= 1, believed)
  equal(refused.size, 0)
  // Only one of the two came as far as keys; the other hung up on our certificate.
  equal(server.ke.counts().agreed, 1)
  equal(server.ke.counts().refused.size, 1)
})

test('our client measures by our server, with more questions than it had cookies', async () => {
  await using authority = await makeAuthority()
  await using server = await serveNts(await authority.certify())
  await using source = client(server.ke.port, { extraRoots: [authority.pem] })
  const log = await eventLog(source)
  for (let count = 1; count <= 10; count += 1) {
    source.poll()
    await log.when((words) => words.length >= count)
    await new Promise(setImmediate)
  }
  deepEqual(new Set(log.words()), new Set(['measurement']))
  equal(server.responder.counts().answered, 10)
})
