/** Digests of files, and of files that do not hold still. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { hexOf } from '../base/index.ts'
import { IMPRINT_ALGORITHMS, imprintOf } from '../stamps/index.ts'
import { hashFile } from './file-hash.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-hash-'))
after(() => rmSync(root, { recursive: true, force: true }))
const fileOf = (name: string, content: string | Uint8Array): string => {
  const path = join(root, name)
  writeFileSync(path, content)
  return path
}
const BIG = new Uint8Array(2 * 1024 * 1024 + 7).fill(7)

test('every algorithm gives what hashing the whole gives, for no byte, some, and more than one part', async () => {
  for (const [i, content] of [new Uint8Array(0), new TextEncoder().encode('abc'), BIG].entries())
    for (const algorithm of IMPRINT_ALGORITHMS) {
      const { digest, size } = await hashFile({ path: fileOf(`same-${i}`, content), algorithm })
      deepEqual([hexOf(digest), size], [hexOf(imprintOf(algorithm, content)), content.length])
    }
})

test('a huge file takes no more memory than a small one', async () => {
  const path = fileOf('huge', '')
  const bytes = 128 * 1024 * 1024
  truncateSync(path, bytes)
  const before = process.memoryUsage().arrayBuffers
  let held = 0
  const onProgress = (): void => {
    held = Math.max(held, process.memoryUsage().arrayBuffers - before)
  }
  equal((await hashFile({ path, algorithm: 'sha-256', onProgress })).size, bytes)
  ok(held < bytes / 4, `${held} bytes were held`)
})

test('FIPS 180-4: abc', async () => {
  const { digest } = await hashFile({ path: fileOf('abc', 'abc'), algorithm: 'sha-256' })
  equal(hexOf(digest), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test('progress comes to the whole', async () => {
  const seen: (readonly [number, number | undefined])[] = []
  const path = fileOf('progress', BIG)
  await hashFile({ path, algorithm: 'sha-256', onProgress: ({ done, whole }) => seen.push([done, whole]) })
  deepEqual(seen.at(-1), [BIG.length, BIG.length])
  equal(seen.length, 3)
})

test('what changes while it is read is refused', async () => {
  const changes: Readonly<Record<string, (path: string) => void>> = {
    grown: (path) => appendFileSync(path, 'x'),
    written: (path) => writeFileSync(path, BIG.slice().fill(8)),
    'written and set back': (path) => {
      writeFileSync(path, BIG.slice().fill(8))
      utimesSync(path, 1, 1)
    },
    replaced: (path) => renameSync(fileOf('other', BIG), path),
  }
  for (const [name, change] of Object.entries(changes)) {
    const path = fileOf(name, BIG)
    utimesSync(path, 1, 1)
    let isDone = false
    const onProgress = (): void => {
      if (!isDone) change(path)
      isDone = true
    }
    await rejects(hashFile({ path, algorithm: 'sha-256', onProgress }), { code: 'TC_FILE_CHANGING' }, name)
  }
})

test('what cannot be read is told', async () => {
  await rejects(hashFile({ path: join(root, 'none'), algorithm: 'sha-256' }), {
    code: 'TC_FILE_UNREADABLE',
    message: /none: there is no such file\./,
  })
  await rejects(hashFile({ path: root, algorithm: 'sha-256' }), { code: 'TC_FILE_UNREADABLE' })
})

test('a signal ends it', async () => {
  const controller = new AbortController()
  const hashed = hashFile({
    path: fileOf('long', BIG),
    algorithm: 'sha-256',
    signal: controller.signal,
    onProgress: () => controller.abort(),
  })
  await rejects(hashed, { name: 'AbortError' })
})
