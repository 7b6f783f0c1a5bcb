/** Which files are meant by what is typed. */
import { deepEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isOurs, walkFiles } from './file-walk.ts'
import { walkProofs } from './verify-walk.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-walk-'))
after(() => rmSync(root, { recursive: true, force: true }))
const at = (...parts: readonly string[]): string => join(root, ...parts)
mkdirSync(at('photos', 'day 2'), { recursive: true })
mkdirSync(at('none'))
for (const name of ['b.jpg', 'a.jpg', 'a.jpg.chime', 'a.jpg.chime.1', 'a.jpg.ots', 'a.jpg.broken', '.hidden'])
  writeFileSync(at('photos', name), name)
writeFileSync(at('photos', 'day 2', 'c.jpg'), 'c')
writeFileSync(at('photos', 'day 2', 'c.jpg.chime'), 'c')
writeFileSync(at('odd[1].txt'), 'odd')
symlinkSync(at('photos', 'b.jpg'), at('photos', 'link'))
symlinkSync(at('photos'), at('photos', 'up'))
symlinkSync(at('nowhere'), at('photos', 'void'))

const walked = async (...given: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = []
  for await (const { type, path } of walkFiles(given)) found.push(`${type} ${path.replace(`${root}/`, '')}`)
  return found
}

test('a directory: all in it by name, but what is ours; links to files are followed, others told', async () => {
  deepEqual(await walked(at('photos')), [
    'file photos/.hidden',
    'file photos/a.jpg',
    'file photos/b.jpg',
    'file photos/day 2/c.jpg',
    'file photos/link',
    'skipped photos/up',
    'failed photos/void',
  ])
  deepEqual(await walked(at('none')), [])
})

test('patterns, and names that look like one', async () => {
  deepEqual(await walked(at('photos', '*.jpg')), ['file photos/a.jpg', 'file photos/b.jpg'])
  deepEqual(await walked(at('**', 'c.*')), ['file photos/day 2/c.jpg'])
  deepEqual(await walked(at('odd[1].txt')), ['file odd[1].txt'])
  deepEqual(await walked(at('*.png')), ['failed *.png'])
})

test('what is named is wanted, also ours, and what is not there is told while the rest goes on', async () => {
  deepEqual(await walked(at('gone'), at('photos', 'a.jpg.chime'), '-'), [
    'failed gone',
    'file photos/a.jpg.chime',
    'file -',
  ])
})

test('names of ours', () => {
  const names = ['a.chime', 'a.chime.12', 'a.broken', 'a.ots', 'chime', 'a.chimes', 'a.chime.x']
  deepEqual(names.map(isOurs), [true, true, true, true, false, false, false])
})

const proofs = async (...given: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = []
  for await (const { type, file, proof } of walkProofs(given))
    found.push(`${type} ${file} ${proof}`.replaceAll(`${root}/`, ''))
  return found
}

test('proofs: beside their files, by themselves, in directories, and as a pair', async () => {
  deepEqual(await proofs(at('photos', 'a.jpg')), ['pair photos/a.jpg photos/a.jpg.chime'])
  deepEqual(await proofs(at('photos', 'a.jpg.chime')), ['pair photos/a.jpg photos/a.jpg.chime'])
  deepEqual(await proofs(at('photos', 'a.jpg.chime.1')), ['pair photos/a.jpg photos/a.jpg.chime.1'])
  deepEqual(await proofs(at('photos', 'a.jpg.broken')), ['evidence photos/a.jpg.broken photos/a.jpg.broken'])
  deepEqual(await proofs(at('photos')), [
    'pair photos/a.jpg photos/a.jpg.chime',
    'pair photos/day 2/c.jpg photos/day 2/c.jpg.chime',
  ])
  deepEqual(await proofs('x', 'y.chime'), ['pair x y.chime'])
  deepEqual(await proofs('-', 'y'), ['pair - y'])
  deepEqual(await proofs(at('photos', 'a.jpg'), at('photos', 'b.jpg')), [
    'pair photos/a.jpg photos/a.jpg.chime',
    'pair photos/b.jpg photos/b.jpg.chime',
  ])
  deepEqual(await proofs('x.chime', 'y.chime'), ['failed x.chime x.chime', 'failed y.chime y.chime'])
})
