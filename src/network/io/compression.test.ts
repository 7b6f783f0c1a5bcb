import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOfHex, equalBytes } from '../../base/index.ts'
import { zstdCompression } from './compression.ts'

const hex = (text: string): Uint8Array => {
  const bytes = bytesOfHex(text.replaceAll(' ', ''))
  assert(bytes !== undefined)
  return bytes
}

// Frames written by hand from RFC 8878 §3.1.1: magic number, frame header, blocks.
const RAW = hex('28b52ffd 20 05 290000 68656c6c6f')
const RUN_OF_131072 = hex('28b52ffd a0 00000200 030010 61')
const WINDOW_OF_2_MIB = hex('28b52ffd 00 58 290000 68656c6c6f')

test('frames as the RFC has them are read', async () => {
  assert.deepEqual(await zstdCompression.inflate(RAW, 5), new TextEncoder().encode('hello'))
  assert.deepEqual(await zstdCompression.inflate(RUN_OF_131072, 131_072), new Uint8Array(131_072).fill(0x61))
})

const REFUSED: readonly (readonly [string, Uint8Array, number])[] = [
  ['more than is allowed', RAW, 4],
  ['a bomb', RUN_OF_131072, 131_071],
  ['a window above 1 MiB', WINDOW_OF_2_MIB, 100],
  ['nothing', new Uint8Array(), 100],
  ['nothing allowed', RAW, 0],
  ['half a frame', RAW.subarray(0, -2), 100],
  ['another magic number', hex('1f8b0800 00000000 0003'), 100],
]
for (const [what, bytes, bytesMax] of REFUSED)
  test(`${what}: nothing comes back`, async () =>
    assert.equal(await zstdCompression.inflate(bytes, bytesMax), undefined))

test('what is deflated comes back, up to the longest frame, within the window that we admit', async () => {
  const long = new Uint8Array(1_048_576)
  for (let at = 0; at < long.length; at += 65_536) crypto.getRandomValues(long.subarray(at, at + 32_768))
  for (const bytes of [long.subarray(0, 1), long.subarray(0, 70_000), long]) {
    const inflated = await zstdCompression.inflate(await zstdCompression.deflate(bytes), bytes.length)
    assert(inflated !== undefined && equalBytes(inflated, bytes))
  }
})
