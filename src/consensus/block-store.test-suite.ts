/** What every block store does, wherever it keeps its blocks: heights in order, limits, snapshots, validator sets. */
import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { storedOf } from './block-store.test-kit.ts'
import type { BlockStore, StoredBlock, ValidatorStore } from './index.ts'

export type WholeStore = BlockStore & ValidatorStore

const ALL = { countMax: 1000, bytesMax: 1_000_000 }
const heights = (blocks: readonly StoredBlock[]): readonly number[] => blocks.map(({ height }) => height)
const from = (first: number, count: number): readonly StoredBlock[] =>
  Array.from({ length: count }, (_, i) => storedOf(first + i))

/** @param open an empty store, and what takes it away. */
export const blockStoreSuite = (name: string, open: () => { readonly store: WholeStore } & Disposable): void =>
  void describe(name, () => {
    blocksSuite(open)
    keptSuite(open)
  })

const blocksSuite = (open: () => { readonly store: WholeStore } & Disposable): void => {
  void test('an empty store has nothing', () => {
    using opened = open()
    const { store } = opened
    equal(store.range, undefined)
    equal(store.block(1), undefined)
    deepEqual(store.blocks(1, ALL), [])
    equal(store.snapshot(), undefined)
    equal(store.validators(1), undefined)
    store.append([])
    equal(store.range, undefined)
  })

  void test('what was appended is read back, one by one and in ranges', () => {
    using opened = open()
    const { store } = opened
    store.append(from(1, 3))
    store.append(from(4, 1))
    deepEqual(store.range, { first: 1, last: 4 })
    deepEqual(store.block(3), storedOf(3))
    deepEqual(store.blocks(1, ALL), from(1, 4))
    deepEqual(heights(store.blocks(3, ALL)), [3, 4])
    for (const none of [0, 5, -1, 1.5, Number.MAX_SAFE_INTEGER]) {
      equal(store.block(none), undefined)
      deepEqual(store.blocks(none, ALL), [])
    }
  })

  void test('an empty store takes any height first; a gap, a repeat and a bad height are bugs', () => {
    using opened = open()
    const { store } = opened
    throws(() => store.append([storedOf(0)]), { name: 'AssertionError' })
    throws(() => store.append([storedOf(7), storedOf(9)]), { name: 'AssertionError' })
    store.append([storedOf(70)])
    for (const wrong of [1, 69, 70, 72]) throws(() => store.append([storedOf(wrong)]), { name: 'AssertionError' })
    deepEqual(store.range, { first: 70, last: 70 })
  })

  void test('a range ends where its count or its bytes do, but has at least one', () => {
    using opened = open()
    const { store } = opened
    store.append(from(1, 9))
    deepEqual(heights(store.blocks(2, { countMax: 3, bytesMax: 1000 })), [2, 3, 4])
    deepEqual(heights(store.blocks(2, { countMax: 9, bytesMax: 90 })), [2, 3, 4])
    deepEqual(heights(store.blocks(2, { countMax: 9, bytesMax: 89 })), [2, 3])
    deepEqual(heights(store.blocks(2, { countMax: 9, bytesMax: 1 })), [2])
  })

  void test('in whatever portions, the same is held', () => {
    const portions = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), portions, (first, sizes) => {
        using opened = open()
        let next = first
        for (const size of sizes) {
          opened.store.append(from(next, size))
          next += size
        }
        deepEqual(opened.store.range, { first, last: next - 1 })
        deepEqual(opened.store.blocks(first, ALL), from(first, next - first))
      }),
      { numRuns: 5 },
    )
  })
}

const keptSuite = (open: () => { readonly store: WholeStore } & Disposable): void => {
  const snapshotOf = (height: number) => ({ height, state: Uint8Array.of(height, 1) })
  const validatorsOf = (height: number) => ({ height, validators: Uint8Array.of(height, 2) })

  void test('the newest three snapshots are kept, by height and not by when they came', () => {
    using opened = open()
    const { store } = opened
    for (const height of [30, 10, 40, 20]) store.keepSnapshot(snapshotOf(height))
    deepEqual(store.snapshot(), snapshotOf(40))
    deepEqual(store.snapshot(39), snapshotOf(30))
    deepEqual(store.snapshot(20), snapshotOf(20))
    equal(store.snapshot(19), undefined)
    store.keepSnapshot({ height: 40, state: Uint8Array.of(9) })
    deepEqual(store.snapshot(), { height: 40, state: Uint8Array.of(9) })
    deepEqual(store.snapshot(30), snapshotOf(30))
  })

  void test('validators hold from their height until the next', () => {
    using opened = open()
    const { store } = opened
    for (const height of [1, 101, 51]) store.keepValidators(validatorsOf(height))
    for (const [height, found] of [
      [1, 1],
      [50, 1],
      [51, 51],
      [100, 51],
      [101, 101],
      [5000, 101],
    ] as const)
      deepEqual(store.validators(height), validatorsOf(found))
    equal(store.validators(0), undefined)
    store.keepValidators({ height: 51, validators: Uint8Array.of(7) })
    deepEqual(store.validators(60), { height: 51, validators: Uint8Array.of(7) })
  })
}
