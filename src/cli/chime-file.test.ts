/** What is put beside people's files: whole, and through nobody's links. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { existsSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { keepOld, writeDurably } from './chime-file.ts'

const NEW = new TextEncoder().encode('new')
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'truechimer-chime-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('a link in the place of the file is replaced, and what it leads to is left alone', async () => {
  const [victim, chime] = [join(root, 'victim'), join(root, 'a.chime')]
  writeFileSync(victim, 'old')
  symlinkSync(victim, chime)
  await writeDurably(chime, NEW)
  equal(readFileSync(victim, 'utf8'), 'old')
  equal(lstatSync(chime).isSymbolicLink(), false)
  equal(readFileSync(chime, 'utf8'), 'new')
})

test('a link to nothing is replaced too', async () => {
  const [nothing, chime] = [join(root, 'nothing'), join(root, 'a.chime')]
  symlinkSync(nothing, chime)
  await writeDurably(chime, NEW)
  deepEqual([existsSync(nothing), readFileSync(chime, 'utf8')], [false, 'new'])
})

test('a link that waits where a file was written on the way is not followed', async () => {
  const [victim, chime] = [join(root, 'victim'), join(root, 'a.chime')]
  writeFileSync(victim, 'old')
  // Who knows the number of the process knew the name.
  symlinkSync(victim, join(root, `.a.chime.${process.pid}.tmp`))
  await writeDurably(chime, NEW)
  equal(readFileSync(victim, 'utf8'), 'old')
})

test('where it cannot be written, nothing is left behind', async () => {
  await rejects(writeDurably(join(root, 'no', 'a.chime'), NEW), { code: 'TC_FILE_UNWRITABLE' })
  writeFileSync(join(root, 'a.chime'), 'old')
  rmSync(join(root, 'a.chime'))
  symlinkSync(root, join(root, 'a.chime'))
  await writeDurably(join(root, 'a.chime'), NEW)
  deepEqual(readdirSync(root), ['a.chime'])
})

test('an older one is moved to the first free name', async () => {
  const chime = join(root, 'a.chime')
  writeFileSync(chime, 'old')
  writeFileSync(`${chime}.1`, 'older')
  equal(await keepOld(chime), `${chime}.2`)
  deepEqual([readFileSync(`${chime}.1`, 'utf8'), readFileSync(`${chime}.2`, 'utf8')], ['older', 'old'])
})
