/** Files that call themselves proofs: how much is read of them, and what is not lost when one is written. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { CHIME_BYTES_MAX, keepOld, openChime, readBytes, writeDurably } from './chime-file.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-chime-'))
after(() => rmSync(root, { recursive: true, force: true }))

test('of a huge file no more is read than a proof may have and one byte, and it is none', async () => {
  const path = join(root, 'huge.chime')
  writeFileSync(path, '')
  truncateSync(path, 64 * CHIME_BYTES_MAX)
  const bytes = await readBytes(path)
  equal(bytes.length, CHIME_BYTES_MAX + 1)
  deepEqual(openChime(bytes), { verdict: 'reject', reason: 'too-large' })
})

test('an empty file is none, and what is no file is told', async () => {
  const path = join(root, 'empty.chime')
  writeFileSync(path, '')
  equal(openChime(await readBytes(path)).verdict, 'reject')
  await rejects(readBytes(root), { code: 'TC_FILE_UNREADABLE' })
  await rejects(readBytes(join(root, 'none')), { code: 'TC_FILE_UNREADABLE' })
})

test('one that is written is whole or not there, and the old is kept where asked', async () => {
  const directory = join(root, 'writing')
  mkdirSync(directory)
  const path = join(directory, 'a.chime')
  for (const text of ['1', '2', '3']) {
    await writeDurably(path, new TextEncoder().encode(text))
    if (text !== '3') await keepOld(path)
  }
  deepEqual(
    readdirSync(directory)
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
    [
      ['a.chime', '3'],
      ['a.chime.1', '1'],
      ['a.chime.2', '2'],
    ],
  )
  await rejects(writeDurably(join(directory, 'none', 'a'), new Uint8Array(1)), { code: 'TC_FILE_UNWRITABLE' })
  await rejects(writeDurably(directory, new Uint8Array(1)), { code: 'TC_FILE_UNWRITABLE' })
})
