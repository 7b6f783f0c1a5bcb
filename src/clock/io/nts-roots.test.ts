import { deepEqual, throws } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeAuthority } from '../../../test/real/nts-authority.ts'
import { readRootsFile } from './nts-roots.ts'

const authority = await makeAuthority()
after(() => authority[Symbol.asyncDispose]())

const written = async (name: string, text: string): Promise<string> => {
  const path = join(authority.folder, name)
  await writeFile(path, text)
  return path
}

test('one certificate or several, with remarks between them', async () => {
  deepEqual(readRootsFile(authority.pemFile), [authority.pem])
  await using other = await makeAuthority()
  const both = await written('both.pem', `first\n${authority.pem}\nsecond\n${other.pem}\n`)
  deepEqual(readRootsFile(both), [authority.pem, other.pem])
})

test('what is of no use is refused by code, in words', async () => {
  const key = (await authority.certify()).keyFile
  const cut = authority.pem.replace(/\n.+\n/, '\n')
  for (const [path, say] of [
    [join(authority.folder, 'none'), /ENOENT/],
    [authority.folder, /EISDIR/],
    [await written('empty.pem', ''), /no certificate/],
    [key, /no certificate/],
    [await written('cut.pem', cut), /is none/],
    [await written('large.pem', ' '.repeat(1_048_577)), /larger/],
  ] as const)
    throws(() => readRootsFile(path), { code: 'TC_NTS_CA_FILE', message: say })
})
