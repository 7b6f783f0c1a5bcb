/** A data directory is made whole or not at all, and what cannot be read says why. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { seededRandom } from '../../base/index.ts'
import { readConfig } from '../index.ts'
import {
  genesisPathOf,
  keysDirectoryOf,
  layDataDirectory,
  readConfigFile,
  readGenesisFile,
  readJson,
} from './data-directory.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-data-'))
after(() => rmSync(root, { recursive: true }))
let made = 0
const newPath = (): string => join(root, `${(made += 1)}`)
const file = (text: string): string => {
  const path = newPath()
  writeFileSync(path, text)
  return path
}

const ownGenesis = (id: string): unknown => ({ name: 'own', members: [{ id, name: 'Ada' }] })
const lay = (directory: string, genesisOf: (id: string) => unknown = ownGenesis): ReturnType<typeof layDataDirectory> =>
  layDataDirectory({ random: seededRandom(7n), directory, passphrase: undefined, genesisOf })

test('what was laid can be read', async () => {
  const directory = join(newPath(), 'deep')
  const { id, isMember } = await lay(directory)
  ok(isMember)
  deepEqual(
    (await readGenesisFile(directory)).members.map((member) => member.id),
    [id],
  )
  equal(readConfig(await readConfigFile(directory)).logLevel, 'info')
  equal(statSync(keysDirectoryOf(directory)).mode & 0o777, 0o700)
  equal(statSync(join(keysDirectoryOf(directory), 'key.json')).mode & 0o777, 0o600)
})

test('a genesis without the new node makes a watcher', async () => {
  const first = newPath()
  await lay(first)
  const given = await readJson(genesisPathOf(first))
  const second = await layDataDirectory({
    random: seededRandom(8n),
    directory: newPath(),
    passphrase: undefined,
    genesisOf: () => given,
  })
  equal(second.isMember, false)
})

test('a second time changes nothing', async () => {
  const directory = newPath()
  await lay(directory)
  const before = readdirSync(directory, { recursive: true })
  await rejects(lay(directory), { code: 'TC_FILE_EXISTS' })
  deepEqual(readdirSync(directory, { recursive: true }), before)
})

test('a bad genesis leaves nothing, and one may try again', async () => {
  const directory = join(newPath(), 'deep')
  for (const genesis of [
    null,
    [],
    {},
    { name: 'own', members: [] },
    { name: 'own', members: [{ id: 'x', name: 'y' }] },
  ])
    await rejects(
      lay(directory, () => genesis),
      { code: 'TC_GENESIS_INVALID' },
    )
  ok(!existsSync(directory))
  await lay(directory)
})

test('a failure half way takes back what was made, and leaves what was there', async () => {
  const directory = newPath()
  mkdirSync(directory)
  writeFileSync(join(directory, 'notes'), 'mine')
  let calls = 0
  const turning = (id: string): unknown => ((calls += 1) === 1 ? ownGenesis(id) : 'garbage')
  await rejects(lay(directory, turning), { code: 'TC_GENESIS_INVALID' })
  deepEqual(readdirSync(directory), ['notes'])
  await lay(directory)
})

test('a file in the place of the directory is told', async () => {
  await rejects(lay(file('x')), { code: 'TC_FILE_UNWRITABLE', message: /there is a file of that name/ })
  await rejects(lay(join(file('x'), 'deep')), { code: 'TC_FILE_UNWRITABLE', message: /not a directory/ })
})

const unreadable: readonly (readonly [name: string, path: () => string, code: string, message: RegExp])[] = [
  ['no file', newPath, 'TC_FILE_UNREADABLE', /there is no such file/],
  ['a directory', () => root, 'TC_FILE_UNREADABLE', /it is a directory/],
  ['no JSON', () => file('{'), 'TC_FILE_MALFORMED', /is no JSON/],
  ['nothing', () => file(''), 'TC_FILE_MALFORMED', /is no JSON/],
  ['what would paint a terminal', () => file('\u001b[31mx'), 'TC_FILE_MALFORMED', /is no JSON: \P{C}+$/u],
  ['too much', () => file(`"${'a'.repeat(4_194_304)}"`), 'TC_FILE_MALFORMED', /larger than/],
  ['no end', () => '/dev/zero', 'TC_FILE_MALFORMED', /larger than/],
]
for (const [name, path, code, message] of unreadable)
  test(`${name} is refused`, () => rejects(readJson(path()), { code, message }))

test('where there is no node, it says how to make one', () =>
  rejects(readConfigFile(newPath()), { code: 'TC_FILE_UNREADABLE', message: /truechimer init --data/ }))
