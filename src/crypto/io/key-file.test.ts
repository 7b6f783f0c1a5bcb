/** Key files on a real disk: their mode, and what is not taken for one. */
import { after, before, describe, test } from 'node:test'
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KEY_TEXT_MAX, plainSeed } from '../index.ts'
import { createKeyFile, readKeyFile, readSeed } from './key-file.ts'

const seed = new Uint8Array(32).fill(0x77)
const text = plainSeed(seed)
let root = ''
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'truechimer-key-'))
})
after(async () => rm(root, { recursive: true }))

test('written for its owner alone, and read back', async () => {
  const path = join(root, 'key')
  await createKeyFile(path, text)
  equal((await stat(path)).mode & 0o777, 0o600)
  equal(await readKeyFile(path), text)
  deepEqual(await readSeed(path), seed)
})

test('never over something, nor through a link that points nowhere', async () => {
  const path = join(root, 'taken')
  await writeFile(path, 'mine')
  await rejects(createKeyFile(path, text), { code: 'TC_KEY_FILE_EXISTS' })
  equal(await readFile(path, 'utf8'), 'mine')
  const link = join(root, 'link')
  await symlink(join(root, 'elsewhere'), link)
  await rejects(createKeyFile(link, text), { code: 'TC_KEY_FILE_EXISTS' })
})

test('a directory that is not there', async () =>
  rejects(createKeyFile(join(root, 'absent', 'key'), text), { code: 'TC_KEY_FILE_UNWRITABLE' }))

describe('a mode that lets others in', () => {
  for (const mode of [0o640, 0o604, 0o660, 0o620, 0o602, 0o610, 0o644, 0o777]) {
    test(mode.toString(8), async () => {
      const path = join(root, `mode-${mode}`)
      await createKeyFile(path, text)
      await chmod(path, mode)
      await rejects(readKeyFile(path), { code: 'TC_KEY_FILE_MODE', message: new RegExp(`chmod 600 ${path}$`) })
    })
  }
  for (const mode of [0o600, 0o400]) {
    test(`${mode.toString(8)} is fine`, async () => {
      const path = join(root, `mode-${mode}`)
      await createKeyFile(path, text)
      await chmod(path, mode)
      equal(await readKeyFile(path), text)
    })
  }
})

describe('not read', () => {
  test('missing', async () => rejects(readKeyFile(join(root, 'none')), { code: 'TC_KEY_FILE_UNREADABLE' }))
  test('a directory', async () => {
    await mkdir(join(root, 'directory'), { mode: 0o700 })
    await rejects(readKeyFile(join(root, 'directory')), { code: 'TC_KEY_FILE_UNREADABLE' })
  })
  test('too large', async () => {
    const path = join(root, 'large')
    await writeFile(path, 'x'.repeat(KEY_TEXT_MAX + 1), { mode: 0o600 })
    await rejects(readKeyFile(path), { code: 'TC_KEY_FILE_UNREADABLE' })
  })
  test('no key file', async () => {
    const path = join(root, 'prose')
    await writeFile(path, 'hello', { mode: 0o600 })
    await rejects(readSeed(path), { code: 'TC_KEY_MALFORMED' })
  })
})
