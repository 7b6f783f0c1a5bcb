import { deepEqual, equal, rejects } from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { peersPathOf, readPeersFile, writePeersFile } from './peers-file.ts'

const known = { peer: '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp', addresses: ['/ip4/1.2.3.4/tcp/1'] }
const memory = { secret: new Uint8Array(32).fill(9), anchors: [known], tried: [known] }

test('what is kept is read again, is for its owner only, and is replaced whole', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'chimer-peers-'))
  equal(await readPeersFile(directory), undefined)
  await writePeersFile(directory, { ...memory, anchors: [] })
  await writePeersFile(directory, memory)
  deepEqual(await readPeersFile(directory), memory)
  equal((await stat(peersPathOf(directory))).mode & 0o777, 0o600)
  deepEqual(await readdir(directory), ['peers.json'])
  await rm(directory, { recursive: true })
})

test('a file that cannot be used is named, with what to do', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'chimer-peers-'))
  const path = peersPathOf(directory)
  const good = { version: 1, secret: '09'.repeat(32), anchors: [], tried: [known] }
  const faults: readonly (readonly [text: string, message: RegExp])[] = [
    ['nonsense', /no JSON/],
    [JSON.stringify({ ...good, version: 2 }), /altered/],
    [JSON.stringify({ ...good, secret: 'short' }), /altered/],
    [JSON.stringify({ ...good, tried: [{ ...known, peer: 'nobody' }] }), /altered/],
    [JSON.stringify({ ...good, more: 1 }), /altered/],
  ]
  for (const [text, message] of faults) {
    await writeFile(path, text, { mode: 0o600 })
    await rejects(readPeersFile(directory), { code: 'TC_PEERS_FILE', message })
  }
  await writeFile(path, JSON.stringify(good))
  await chmod(path, 0o644)
  await rejects(readPeersFile(directory), { code: 'TC_PEERS_FILE', message: /chmod 600/ })
  await rejects(writePeersFile(join(directory, 'none'), memory), {
    code: 'TC_PEERS_FILE',
    message: /cannot be written/,
  })
  await rm(directory, { recursive: true })
})
