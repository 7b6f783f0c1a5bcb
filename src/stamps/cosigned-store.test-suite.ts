/** What every store of what was cosigned does alike. */
import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hexOf } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { CosignedStore } from './tlog-port.ts'

const root = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

/** @param open the same store again each time, after the one before was disposed of. */
export const cosignedStoreSuite = (name: string, make: () => { readonly open: () => CosignedStore }): void => {
  void describe(name, () => {
    void test('T-70: the last head of each log is kept, by name and by hash', () => {
      const { open } = make()
      {
        using store = open()
        equal(store.last('a'), undefined)
        equal(store.keep({ origin: 'a', size: 3, root: root(1), note: 'n' }), true)
        store.keep({ origin: 'b', size: 0, root: root(2), note: 'm' })
        store.keep({ origin: 'a', size: 5, root: root(3), note: 'o' })
      }
      using store = open()
      const last = store.last('a')
      deepEqual([last?.origin, last?.size, last?.note, hexOf(last?.root ?? root(0))], ['a', 5, 'o', hexOf(root(3))])
      equal(store.lastByHash(hexOf(sha256(new TextEncoder().encode('b'))))?.note, 'm')
      equal(store.lastByHash('00'.repeat(32)), undefined)
    })
    void test('T-73: one fork of a log is kept', () => {
      const { open } = make()
      using store = open()
      const fork = { origin: 'a', size: 3, first: 'x', second: 'y' }
      store.keepFork(fork)
      store.keepFork({ ...fork, second: 'z' })
      store.keepFork({ ...fork, origin: 'b' })
      deepEqual(store.forks(), [fork, { ...fork, origin: 'b' }])
      deepEqual(store.forkOf('a'), fork)
      equal(store.forkOf('c'), undefined)
    })
    void test('T-68: roots are appended, level by level', () => {
      const { open } = make()
      {
        using store = open()
        equal(store.count(1), 0)
        store.keepRoots(1, [root(1), root(2)])
        store.keepRoots(1, [root(3)])
        store.keepRoots(2, [root(9)])
      }
      using store = open()
      deepEqual([store.count(1), store.count(2), store.count(3)], [3, 1, 0])
      deepEqual(store.roots(1, 1, 10).map(hexOf), [root(2), root(3)].map(hexOf))
      deepEqual(store.roots(2, 0, 1).map(hexOf), [hexOf(root(9))])
    })
  })
}
