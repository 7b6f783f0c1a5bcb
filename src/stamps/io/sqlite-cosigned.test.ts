/** The file of what was cosigned: as any such store, durable, locked, and of one node alone. */
import { equal, throws } from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cosignedStoreSuite } from '../cosigned-store.test-suite.ts'
import { MemoryCosigned } from '../tlog.test-kit.ts'
import { openSqliteCosigned } from './sqlite-cosigned.ts'

const directory = mkdtempSync(join(tmpdir(), 'truechimer-cosigned-'))
after(() => rmSync(directory, { recursive: true }))
const owner = { networkId: new Uint8Array(32).fill(1), node: new Uint8Array(32).fill(2) }
let made = 0
const freshPath = (): string => {
  made += 1
  return join(directory, `${made}.sqlite`)
}

cosignedStoreSuite('in a file', () => {
  const path = freshPath()
  return { open: () => openSqliteCosigned(path, owner) }
})
cosignedStoreSuite('in memory', () => {
  const store = new MemoryCosigned()
  return { open: () => store }
})

test('only its owner reads it, and one process at a time', () => {
  const path = freshPath()
  using _store = openSqliteCosigned(path, owner)
  equal(statSync(path).mode & 0o777, 0o600)
  throws(() => openSqliteCosigned(path, owner), { code: 'TC_STAMP_STORE' })
})

test('a file of another node, another network or another program is refused and left as it is', () => {
  const path = freshPath()
  openSqliteCosigned(path, owner)[Symbol.dispose]()
  for (const other of [
    { ...owner, node: owner.networkId },
    { ...owner, networkId: owner.node },
  ])
    throws(() => openSqliteCosigned(path, other), { code: 'TC_STAMP_STORE', message: /another node/ })
  const foreign = freshPath()
  writeFileSync(foreign, 'this is no database'.repeat(100))
  throws(() => openSqliteCosigned(foreign, owner), { code: 'TC_STAMP_STORE' })
})
