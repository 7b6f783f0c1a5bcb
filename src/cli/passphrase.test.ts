/** Where a passphrase may come from, and which files are not trusted with one. */
import { equal, rejects } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readPassphrase } from './passphrase.ts'

const directory = mkdtempSync(join(tmpdir(), 'truechimer-passphrase-'))
after(() => rmSync(directory, { recursive: true }))
const fileOf = (text: string, mode = 0o600): string => {
  const path = join(mkdtempSync(join(directory, 'of-')), 'passphrase')
  writeFileSync(path, text, { mode })
  return path
}

const good: readonly (readonly [name: string, text: string, passphrase: string])[] = [
  ['without a line end', 'open sesame', 'open sesame'],
  ['with one', 'open sesame\n', 'open sesame'],
  ['with that of another system', 'open sesame\r\n', 'open sesame'],
  ['with spaces, which are part of it', ' open \n', ' open '],
]
for (const [name, text, passphrase] of good)
  test(`a file ${name}`, async () => equal(await readPassphrase({ passphraseFile: fileOf(text) }, {}), passphrase))

const bad: readonly (readonly [name: string, path: () => string, say: RegExp])[] = [
  ['others can read', () => fileOf('x', 0o644), /chmod 600/],
  ['is empty', () => fileOf('\n'), /on one line/],
  ['has two lines', () => fileOf('a\nb\n'), /on one line/],
  ['is too large', () => fileOf('a'.repeat(5000)), /larger/],
  ['is missing', () => join(directory, 'nowhere'), /no such file/],
  ['is a directory', () => mkdtempSync(join(directory, 'dir-')), /directory/],
]
for (const [name, path, message] of bad)
  test(`a file that ${name} is refused`, () =>
    rejects(readPassphrase({ passphraseFile: path() }, {}), { code: 'TC_FILE_UNREADABLE', message }))

test('the file wins over the environment', async () =>
  equal(await readPassphrase({ passphraseFile: fileOf('a') }, { TRUECHIMER_PASSPHRASE: 'b' }), 'a'))
test('the environment alone', async () => equal(await readPassphrase({}, { TRUECHIMER_PASSPHRASE: 'b' }), 'b'))
test('neither', async () => equal(await readPassphrase({}, { TRUECHIMER_PASSPHRASE: '' }), undefined))
