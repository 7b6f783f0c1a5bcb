/** Tiles and their paths: the examples of the specification, all tiles of logs of awkward sizes against trees that are held whole, and their bounds. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { equalBytes, hexOf } from '../base/index.ts'
import { merkleSha256, verifyConsistency } from '../crypto/index.ts'
import { TILES_PER_STEP, TlogTree, parseTilePath, tilePath, tileWidth } from './tlog-door.ts'
import { MemoryCosigned, MemoryLog } from './tlog.test-kit.ts'

describe('T-67: paths', () => {
  for (const [path, place] of [
    ['tile/0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
    ['tile/0/067', { level: 0, index: 67, width: 256 }],
    ['tile/63/000', { level: 63, index: 0, width: 256 }],
    ['tile/1/x001/000.p/1', { level: 1, index: 1000, width: 1 }],
    ['tile/entries/x001/x234/067.p/255', { level: 'entries', index: 1_234_067, width: 255 }],
    ['tile/0/x016/x777/215', { level: 0, index: 16_777_215, width: 256 }],
  ] as const)
    test(path, () => {
      deepEqual(parseTilePath(path), place)
      equal(tilePath(place), path)
    })
  const none: readonly string[] = [
    '',
    'tile/0',
    'tile/0/',
    'tile/0/67',
    'tile/0/x067',
    'tile/0/001/067',
    'tile/0/x000/067',
    'tile/00/067',
    'tile/01/067',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/067.p/0',
    'tile/0/067.p/256',
    'tile/0/067.p/01',
    'tile/0/067.p/',
    'tile/0/067/',
    'tile/0/x001/x001/x001/x001/x001/000',
    '/tile/0/067',
    'tile/leaves/067',
    'tile/0/067\n',
  ]
  for (const path of none) test(`“${path}” is none`, () => equal(parseTilePath(path), undefined))
  test('a log of 70,000 entries has the tiles that the specification counts', () => {
    const widths = (level: number): number[] =>
      Array.from({ length: 300 }, (_, index) => tileWidth(70_000, { level, index })).filter((width) => width > 0)
    const full = (level: number): number => widths(level).filter((width) => width === 256).length
    deepEqual(
      [full(0), widths(0).at(-1), full(1), widths(1).at(-1), full(2), widths(2).at(-1), widths(3)],
      [273, 112, 1, 17, 0, 1, []],
    )
    deepEqual(
      [
        tileWidth(256, { level: 0, index: 0 }),
        tileWidth(256, { level: 0, index: 1 }),
        tileWidth(256, { level: 1, index: 0 }),
      ],
      [256, 0, 1],
    )
  })
  test('one spelling each', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^tile\/(entries|\d{1,2})\/(x\d{3}\/){0,3}\d{3}(\.p\/\d{1,3})?$/), (path) => {
        const place = parseTilePath(path)
        if (place !== undefined) equal(tilePath(place), path)
      }),
    )
  })
})

const grown = (size: number): { log: MemoryLog; tree: TlogTree; store: MemoryCosigned; steps: number } => {
  const [log, store] = [new MemoryLog(), new MemoryCosigned()]
  log.grow(size)
  const tree = new TlogTree(log, store)
  let steps = 1
  while (!tree.grow(size)) steps += 1
  return { log, tree, store, steps }
}

describe('T-68: what tiles hold', () => {
  for (const size of [1, 255, 256, 257, 1000])
    test(`${size} entries`, () => {
      const { log, tree } = grown(size)
      const leaves = log.leaves(0, size)
      for (let level = 0; 256 ** level <= size; level += 1)
        for (let index = 0; tileWidth(size, { level, index }) > 0; index += 1) {
          const width = tileWidth(size, { level, index })
          const tile = tree.tile({ level, index, width }, size)
          const hashes = Array.from({ length: width }, (_, i) => {
            const first = (index * 256 + i) * 256 ** level
            return merkleSha256.rootOfHashes(leaves.slice(first, first + 256 ** level))
          })
          equal(hexOf(tile ?? new Uint8Array(0)), hashes.map(hexOf).join(''))
          equal(tree.tile({ level, index, width: 256 }, size) === undefined, width < 256)
          if (width > 1) equal(tree.tile({ level, index, width: width - 1 }, size)?.length, (width - 1) * 32)
        }
      const last = Math.floor((size - 1) / 256)
      const width = tileWidth(size, { level: 'entries', index: last })
      const bundle = tree.tile({ level: 'entries', index: last, width }, size)
      equal(bundle?.length, width * 6)
      deepEqual(bundle?.subarray(0, 2), Uint8Array.of(0, 4))
      equal(tree.tile({ level: 'entries', index: last + 1, width: 1 }, size), undefined)
      ok(tree.holds({ size, root: merkleSha256.rootOfHashes(leaves) }))
    })

  test('65,536 entries and one more or less: roots of full tiles are made once, in steps', () => {
    const { log, tree, store, steps } = grown(65_535)
    ok(steps >= 256 / TILES_PER_STEP)
    equal(store.count(1), 255)
    equal(store.count(2), 0)
    for (const size of [65_536, 65_537]) {
      log.grow(1)
      while (!tree.grow(size));
      equal(store.count(2), 1)
      const width = tileWidth(size, { level: 0, index: 256 })
      equal(tree.tile({ level: 0, index: 256, width: 1 }, size) === undefined, width === 0)
      equal(tree.tile({ level: 1, index: 0, width: 256 }, size)?.length, 8192)
      equal(tree.tile({ level: 2, index: 0, width: 1 }, size)?.length, 32)
      const root = log.head?.root ?? new Uint8Array(0)
      log.leavesRead = 0
      ok(tree.holds({ size, root }))
      const oldSize = 300
      const oldRoot = merkleSha256.rootOfHashes(log.leaves(0, oldSize))
      const proof = tree.consistency({ oldSize, newSize: size })
      ok(verifyConsistency(merkleSha256, { oldSize, newSize: size, oldRoot, newRoot: root, proof }))
      ok(log.leavesRead < 2000, 'a few tiles are read, and not the log')
      const leaf = log.leaves(12_345, 1)[0] ?? root
      ok(merkleSha256.verifyPathOfHash({ leaf, index: 12_345, size, root, path: tree.path({ index: 12_345, size }) }))
      ok(!tree.holds({ size: size - 1, root }))
    }
  })

  test('a full tile does not change as the log grows, and is read once', () => {
    const { log, tree } = grown(256)
    const before = tree.tile({ level: 0, index: 0, width: 256 }, 256)
    log.grow(500)
    while (!tree.grow(756));
    log.leavesRead = 0
    const again = tree.tile({ level: 0, index: 0, width: 256 }, 756)
    ok(before !== undefined && again !== undefined && equalBytes(before, again))
    equal(log.leavesRead, 0)
  })
})
