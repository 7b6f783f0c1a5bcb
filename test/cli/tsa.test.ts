/** `truechimer tsa` as it is called: an authority made and shown, a token asked for over HTTP, checked, and each way in which it may not hold. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { NS_PER_DAY } from '../../src/base/index.ts'
import { taiFromUnixNs } from '../../src/clock/index.ts'
import { tsaInit, tsaShow } from '../../src/cli/tsa-files.ts'
import { tsaToken } from '../../src/cli/tsa-token.ts'
import { tsaVerify } from '../../src/cli/tsa-verify.ts'
import { openHttpApi } from '../../src/services/http-api.ts'
import { tableBackend } from '../../src/services/table-backend.test-kit.ts'
import { TSA_FILES, tsaDirectoryOf } from '../../src/services/tsa-keys.ts'
import { openTimeStampAuthority } from '../../src/services/tsa-server.ts'
import { seededRandom } from '../../src/base/index.ts'
import { machineTime } from '../real/machine-time.ts'

const folder = await mkdtemp(join(tmpdir(), 'truechimer-cli-tsa-'))
after(() => rm(folder, { recursive: true, force: true }))
const data = join(folder, 'ada')
const directory = tsaDirectoryOf(data)
const ca = join(directory, TSA_FILES.authority)
const file = join(folder, 'contract.txt')
const token = `${file}.tsr`
await writeFile(file, 'we agree')

interface Ran {
  readonly code: number
  readonly said: string
  readonly noted: string
}

const catching = async (t: TestContext, run: () => Promise<number>): Promise<Ran> => {
  const texts = { stdout: '', stderr: '' }
  const caught = (['stdout', 'stderr'] as const).map((name) =>
    t.mock.method(process[name], 'write', (text: string) => ((texts[name] += text), true)),
  )
  try {
    return { code: await run(), said: texts.stdout, noted: texts.stderr }
  } finally {
    for (const write of caught) write.mock.restore()
  }
}

/** A node of tables that serves tokens, by a clock that is on time or has none. */
const serving = async (hasTime = true) => {
  const time = machineTime()
  const tsa = await openTimeStampAuthority({
    time,
    random: seededRandom(BigInt(Date.now())),
    directory,
    policy: '1.2.3.4',
    read: () => {
      const tai = taiFromUnixNs(time.hostUnixNs())
      return hasTime ? { earliest: tai - 2_000_000n, latest: tai + 2_000_000n, status: 'synchronised' } : undefined
    },
    tell: () => {},
  })
  const backend = Object.assign(tableBackend(), { tsa })
  return openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 } })
}

test('tsa init and tsa show', async (t) => {
  const made = await catching(t, () => tsaInit({ data, name: 'Ada', days: 30 }))
  equal(made.code, 0)
  match(made.said, /CN=Ada time-stamp CA/)
  match(made.noted, /Take ca-key\.pem off this machine/)
  await rejects(
    catching(t, () => tsaInit({ data, name: 'Ada', days: 30 })),
    { code: 'TC_KEY_FILE_EXISTS' },
  )
  await rename(join(directory, TSA_FILES.authorityKey), join(folder, 'elsewhere.pem'))
  const shown = await catching(t, () => tsaShow({ data, json: true }))
  const { alive, authorityKeyHere, certificate } = JSON.parse(shown.said)
  deepEqual([shown.code, alive, authorityKeyHere, certificate.subject], [0, true, false, 'CN=Ada time-stamps'])
  await rejects(
    catching(t, () => tsaShow({ data: folder })),
    { code: 'TC_TSA_FILES' },
  )
})

test('tsa token writes a token that tsa verify takes', async (t) => {
  await using api = await serving()
  const asked = { file, node: api.address, algorithm: 'sha-384', ca } as const
  const made = await catching(t, () => tsaToken(asked))
  equal(made.code, 0)
  match(made.said, /accuracy +± 2(?:\.00\d+)? ms/)
  await rejects(
    catching(t, () => tsaToken(asked)),
    { code: 'TC_FILE_EXISTS' },
  )
  const good = await catching(t, () => tsaVerify({ file, token, ca }))
  deepEqual([good.code, good.noted], [0, ''])
  match(good.said, /^valid .*existed at this time, by one authority’s word\n  time +20/)
  const json = JSON.parse((await catching(t, () => tsaVerify({ file, token, ca, json: true }))).said)
  deepEqual([json.valid, json.policy, json.signer], [true, '1.2.3.4', 'Ada time-stamps'])
  const unchecked = await catching(t, () =>
    tsaToken({ file, node: api.address, algorithm: 'sha-256', out: join(folder, 'other.tsr') }),
  )
  equal(unchecked.code, 0)
  match(unchecked.noted, /Not checked yet: truechimer tsa verify/)
})

test('what does not hold is exit 1 with its reason', async (t) => {
  const other = join(folder, 'other.txt')
  await writeFile(other, 'we do not agree')
  const broken = join(folder, 'broken.tsr')
  await writeFile(broken, (await readFile(token)).subarray(0, 300))
  const late = taiFromUnixNs(BigInt(Date.now()) * 1_000_000n + 40n * NS_PER_DAY)
  const table = [
    [{ file: other, token, ca }, 'token-imprint'],
    [{ file, token: broken, ca }, 'token-malformed'],
    [{ file, token: file, ca }, 'token-malformed'],
    [{ file, token, ca: join(directory, TSA_FILES.certificate) }, 'token-certificate-issuer'],
    [{ file, token, ca, at: late }, 'token-certificate-time'],
  ] as const
  for (const [options, reason] of table) {
    const { code, said, noted } = await catching(t, () => tsaVerify({ ...options, json: true }))
    deepEqual([code, JSON.parse(said).reason], [1, reason])
    ok(noted.includes(`[${reason}]`))
  }
})

test('what cannot be read or reached is told as such', async (t) => {
  await rejects(
    catching(t, () => tsaVerify({ file, token, ca: join(folder, 'none.pem') })),
    { code: 'TC_FILE_UNREADABLE' },
  )
  await rejects(
    catching(t, () => tsaVerify({ file, token, ca: file })),
    { code: 'TC_FILE_MALFORMED' },
  )
  await rejects(
    catching(t, () => tsaVerify({ file: join(folder, 'none'), token, ca })),
    { code: 'TC_FILE_UNREADABLE' },
  )
  const out = join(folder, 'never.tsr')
  const asked = { file, algorithm: 'sha-256', out } as const
  await using without = await openHttpApi({ backend: tableBackend(), listen: { host: '127.0.0.1', port: 0 } })
  await rejects(
    catching(t, () => tsaToken({ ...asked, node: without.address })),
    { code: 'TC_TSA_ANSWER', message: /--tsa-serve/ },
  )
  const gone = await serving()
  await gone[Symbol.asyncDispose]()
  await rejects(
    catching(t, () => tsaToken({ ...asked, node: gone.address })),
    { code: 'TC_API_UNREACHABLE' },
  )
  await using blind = await serving(false)
  const refused = await catching(t, () => tsaToken({ ...asked, node: blind.address, json: true }))
  deepEqual([refused.code, JSON.parse(refused.said).made], [1, false])
  match(refused.noted, /the clock is not good enough at present/)
  await rejects(
    catching(t, () => tsaToken({ file: '-', node: blind.address, algorithm: 'sha-256' })),
    { code: 'TC_USAGE' },
  )
})
