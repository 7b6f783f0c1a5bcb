import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_COMMIT } from '../consensus/index.ts'
import type { WalRecord } from '../consensus/index.ts'
import { SimulatedDisk } from './simulated-disk.ts'

const said = (height: number, length = 20): WalRecord => ({
  type: 'said',
  height,
  bytes: new Uint8Array(length).fill(height),
})
const heights = (records: readonly WalRecord[]): readonly number[] => records.map(({ height }) => height)
const withBlocks = (count: number): SimulatedDisk => {
  const disk = new SimulatedDisk()
  for (let height = 1; height <= count; height += 1) disk.appendBlock(height, Uint8Array.of(height), EMPTY_COMMIT)
  return disk
}

test('Z-9: what was written is there after a crash', () => {
  const disk = new SimulatedDisk()
  disk.appendRecords([said(1)])
  disk.appendRecords([said(2)])
  disk.crash()
  const { records, tail } = disk.openRecords()
  deepEqual([heights(records), tail], [[1, 2], 'clean'])
})

test('a write that was cut short leaves nothing that was not acknowledged', () => {
  for (const share of [0, 0.2, 0.6, 0.99]) {
    const disk = new SimulatedDisk()
    disk.appendRecords([said(1)])
    disk.crash({ records: [said(2)], share })
    const { records, tail } = disk.openRecords()
    deepEqual([heights(records), tail], [[1], share === 0 ? 'clean' : 'torn'], String(share))
    disk.appendRecords([said(3)])
    disk.crash()
    deepEqual(heights(disk.openRecords().records), [1, 3])
  }
})

test('a flipped bit in what is older than the newest write is told as damage', () => {
  for (let bit = 0; bit < 400; bit += 37) {
    const disk = new SimulatedDisk()
    for (const height of [1, 2, 3]) disk.appendRecords([said(height)])
    equal(disk.flipBit(bit), true)
    equal(disk.openRecords().tail, 'damaged', `bit ${bit}`)
  }
})

test('a disk that lies loses what it had said was durable, log and blocks alike', () => {
  const disk = withBlocks(2)
  disk.appendRecords([said(3)])
  disk.isLying = true
  disk.appendRecords([said(4)])
  disk.appendBlock(3, Uint8Array.of(3), EMPTY_COMMIT)
  equal(disk.blocks.range?.last, 3)
  disk.crash()
  equal(disk.blocks.range?.last, 2)
  deepEqual(heights(disk.openRecords().records), [3])
})

test('an image put back is the disk as it was', () => {
  const disk = withBlocks(2)
  disk.appendRecords([said(3)])
  const image = disk.image()
  disk.appendRecords([said(4)])
  disk.appendBlock(3, Uint8Array.of(3), EMPTY_COMMIT)
  disk.putBack(image)
  deepEqual([disk.blocks.range?.last, heights(disk.openRecords().records)], [2, [3]])
})

test('a log stays short however many heights are decided, and says all that is still of use', () => {
  const disk = new SimulatedDisk()
  for (let height = 1; height <= 500; height += 1)
    disk.appendRecords([{ type: 'decided', height: Math.max(1, height - 1) }, said(height)])
  disk.appendRecords([said(500)])
  ok(disk.image().log.batches.length < 100)
  deepEqual(heights(disk.openRecords().records), [499, 500, 500])
})

test('a full disk keeps nothing and says so', () => {
  const disk = withBlocks(1)
  disk.isFull = true
  equal(disk.appendRecords([said(2)]), false)
  equal(disk.appendBlock(2, Uint8Array.of(2), EMPTY_COMMIT), false)
  equal(disk.blocks.range?.last, 1)
})
