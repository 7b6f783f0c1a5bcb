/** The files of a time-stamp authority: private, never overwritten, refused where others can reach them or where they do not fit. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { chmod, copyFile, mkdtemp, readFile, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { NS_PER_DAY, seededRandom } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { machineTime } from '../../test/real/machine-time.ts'
import { TSA_FILES, openTsaKeys } from './tsa-keys.ts'
import { makeTsa } from './tsa-making.ts'

const time = machineTime()
const random = seededRandom(5n)
const folder = await mkdtemp(join(tmpdir(), 'truechimer-tsa-keys-'))
after(() => rm(folder, { recursive: true, force: true }))
const make = async (name: string, at: Time = time): Promise<string> => {
  const directory = join(folder, name)
  await makeTsa({ time: at, random }, { directory, name: 'Ada, "the" first=1', days: 30 })
  return directory
}
const daysFromNow = (days: number): Time => ({
  ...time,
  hostUnixNs: () => time.hostUnixNs() + BigInt(days) * NS_PER_DAY,
})

test('two certificates and two private files', async () => {
  const directory = await make('made')
  deepEqual((await readdir(directory)).toSorted(), Object.values(TSA_FILES).toSorted())
  const modes = await Promise.all(
    [directory, join(directory, TSA_FILES.key), join(directory, TSA_FILES.authorityKey)].map(
      async (path) => (await stat(path)).mode & 0o777,
    ),
  )
  deepEqual(modes, [0o700, 0o600, 0o600])
  const [ca, own] = await Promise.all(
    [TSA_FILES.authority, TSA_FILES.certificate].map(
      async (file) => new X509Certificate(await readFile(join(directory, file))),
    ),
  )
  ok(ca !== undefined && own !== undefined)
  ok(ca.ca && !own.ca && own.checkIssued(ca) && own.verify(ca.publicKey) && ca.verify(ca.publicKey))
  deepEqual([own.keyUsage, own.publicKey.asymmetricKeyDetails?.namedCurve], [['1.3.6.1.5.5.7.3.8'], 'prime256v1'])
  equal(own.serialNumber.length, 32)
  match(own.subject, /the/)
})

test('are read by who serves tokens, and the authority’s key is not needed', async () => {
  const directory = await make('read')
  await unlink(join(directory, TSA_FILES.authorityKey))
  const keys = await openTsaKeys(time, directory)
  deepEqual([keys.trouble, keys.certificate.subject.text], [undefined, 'Ada, "the" first=1 time-stamps'])
})

test('nothing is ever overwritten', async () => {
  const directory = await make('twice')
  const before = await readFile(join(directory, TSA_FILES.key))
  await rejects(makeTsa({ time, random }, { directory, name: 'Bede', days: 1 }), { code: 'TC_KEY_FILE_EXISTS' })
  deepEqual(await readFile(join(directory, TSA_FILES.key)), before)
  await rejects(makeTsa({ time, random }, { directory: join(directory, TSA_FILES.key), name: 'Bede', days: 1 }), {
    code: 'TC_FILE_UNWRITABLE',
  })
})

test('a key that others can reach is refused, and no key is in what is said', async () => {
  const directory = await make('open')
  const key = join(directory, TSA_FILES.key)
  await chmod(key, 0o640)
  await rejects(openTsaKeys(time, directory), { code: 'TC_KEY_FILE_MODE', message: /chmod 600/ })
  await chmod(key, 0o600)
  const text = await readFile(key, 'utf8')
  await writeFile(key, text.slice(0, 120))
  await rejects(openTsaKeys(time, directory), (error: Error) => {
    ok(!JSON.stringify(error).includes(text.slice(40, 60)) && !error.message.includes(text.slice(40, 60)))
    return 'code' in error && error.code === 'TC_TSA_FILES'
  })
})

test('files that do not belong together are refused, with what is wrong', async () => {
  const [one, two] = [await make('one'), await make('two')]
  const swap = async (file: string, why: RegExp): Promise<void> => {
    const directory = await make(`swap-${file}`)
    await copyFile(join(two, file), join(directory, file))
    await rejects(openTsaKeys(time, directory), { code: 'TC_TSA_FILES', message: why })
  }
  await swap(TSA_FILES.key, /is not the key of/)
  await swap(TSA_FILES.authority, /token-certificate-issuer/)
  await copyFile(join(one, TSA_FILES.authority), join(one, TSA_FILES.certificate))
  await copyFile(join(one, TSA_FILES.authorityKey), join(one, TSA_FILES.key))
  await rejects(openTsaKeys(time, one), { code: 'TC_TSA_FILES', message: /token-certificate-use/ })
  await rejects(openTsaKeys(time, folder), { code: 'TC_TSA_FILES', message: /truechimer tsa init/ })
  await writeFile(join(two, TSA_FILES.certificate), 'no certificate')
  await rejects(openTsaKeys(time, two), { code: 'TC_TSA_FILES' })
})

test('a certificate whose life is not now is told, and no error', async () => {
  const directory = await make('old')
  match((await openTsaKeys(daysFromNow(31), directory)).trouble ?? '', /too old or too young/)
  match((await openTsaKeys(daysFromNow(-2), directory)).trouble ?? '', /too old or too young/)
})
