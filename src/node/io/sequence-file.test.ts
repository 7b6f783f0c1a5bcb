/** Sequences on the disk: above all that were used, whatever happened to the file, the clock or the process between. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { NS_PER_SEC } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { encodeData } from '../../codec/index.ts'
import { sequenceFloor } from '../../network/index.ts'
import { SEQUENCE_BLOCK, openSequenceFile } from './sequence-file.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-sequences-'))
after(() => rmSync(root, { recursive: true, force: true }))
let files = 0
const newPath = (): string => {
  files += 1
  return join(root, `sequences-${files}`)
}

const NOW_NS = 1_795_000_000n * NS_PER_SEC
const at = (hostUnixNs: bigint): Time => ({
  elapsedNs: () => 0n,
  hostUnixNs: () => hostUnixNs,
  schedule: () => () => undefined,
})
/** `count` sequences of one opening. */
const draw = async (path: string, hostUnixNs: bigint, count = 1): Promise<readonly number[]> => {
  await using sequences = await openSequenceFile(path, at(hostUnixNs))
  const drawn: number[] = []
  for (let i = 0; i < count; i += 1) drawn.push(await sequences.next())
  return drawn
}
const first = (drawn: readonly number[]): number => drawn[0] ?? 0

test('begins above what the clock asks for, and counts up', async () => {
  const path = newPath()
  const drawn = await draw(path, NOW_NS, 3)
  ok(first(drawn) > sequenceFloor(NOW_NS))
  deepEqual(drawn, [first(drawn), first(drawn) + 1, first(drawn) + 2])
})

test('goes on above after a restart: with the clock as it was, gone back, and at nothing', async () => {
  const path = newPath()
  let last = 0
  for (const clock of [NOW_NS, NOW_NS, NOW_NS - 3600n * NS_PER_SEC, 0n, -1n]) {
    const drawn = await draw(path, clock, 3)
    ok(first(drawn) > last, `${first(drawn)} after ${last}`)
    last = drawn.at(-1) ?? 0
  }
})

test('a file put back from an old backup, or lost, is made good by the clock', async () => {
  const path = newPath()
  await draw(path, NOW_NS)
  const backup = readFileSync(path)
  const before = (await draw(path, NOW_NS + NS_PER_SEC, 10)).at(-1) ?? 0
  writeFileSync(path, backup)
  ok(first(await draw(path, NOW_NS + 2n * NS_PER_SEC)) > before)
  rmSync(path)
  ok(first(await draw(path, NOW_NS + 3n * NS_PER_SEC)) > before)
})

test('the file is ahead of every sequence that was given out, at every moment', async () => {
  const path = newPath()
  const sequences = await openSequenceFile(path, at(0n))
  let last = 0
  for (let i = 0; i < 3 * SEQUENCE_BLOCK; i += 1) {
    const sequence = await sequences.next()
    equal(sequence, last === 0 ? sequence : last + 1)
    last = sequence
    if (i % 5000 === 0) ok(sequence <= upToOf(path), 'reserved before it was used')
  }
  // Ends as a crash does: nothing is written on the way out.
  await sequences[Symbol.asyncDispose]()
  ok(first(await draw(path, 0n)) > last)
})

/** The number in the file: the first field, a CBOR integer of at most four bytes where the clock stands at nothing. */
const upToOf = (path: string): number => {
  const bytes = readFileSync(path)
  return bytes[1] === 0x1a ? bytes.readUInt32BE(2) : bytes.readUInt16BE(2)
}

test('a damaged file is refused, and nothing is guessed', async () => {
  const path = newPath()
  await draw(path, NOW_NS)
  const good = readFileSync(path)
  for (const bytes of [
    Buffer.alloc(0),
    good.subarray(0, -1),
    Buffer.from(good.map((byte, index) => (index === 5 ? byte ^ 1 : byte))),
    Buffer.from(encodeData([5, new Uint8Array(32)])),
    Buffer.alloc(10_000),
  ]) {
    writeFileSync(path, bytes)
    await rejects(openSequenceFile(path, at(NOW_NS)), { code: 'TC_SEQUENCE_DAMAGED' })
  }
})

test('a disk that refuses is told at the start, or to whoever needs the next block', async () => {
  await rejects(openSequenceFile(join(root, 'nowhere', 'sequences'), at(0n)), { code: 'TC_SEQUENCE_IO' })
  await rejects(openSequenceFile(root, at(0n)), { code: 'TC_SEQUENCE_IO' })
  const directory = mkdtempSync(join(root, 'gone-'))
  const sequences = await openSequenceFile(join(directory, 'sequences'), at(0n))
  rmSync(directory, { recursive: true })
  const drawAll = async (): Promise<void> => {
    for (let i = 0; i <= SEQUENCE_BLOCK; i += 1) await sequences.next()
  }
  await rejects(drawAll(), { code: 'TC_SEQUENCE_IO' })
  await rejects(sequences.next(), { code: 'TC_SEQUENCE_IO' })
  await sequences[Symbol.asyncDispose]()
})
