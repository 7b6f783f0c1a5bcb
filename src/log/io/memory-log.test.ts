/** The log in memory: the suite, and that it forgets what it must and still proves what it keeps. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { openEntryProof } from '../index.ts'
import { drafts, networkId, signerOf } from '../log.test-kit.ts'
import { logStoreSuite } from './log-store.test-suite.ts'
import { MemoryLog } from './memory-log.ts'

const signer = signerOf()
logStoreSuite('in memory', async () => {
  const store = new MemoryLog({ networkId, signer, entriesMax: 10_000 })
  return { store, reader: store }
})

test('the oldest are forgotten, and what is left can be proved', async () => {
  await using log = new MemoryLog({ networkId, signer, entriesMax: 10 })
  const written = await log.append(drafts(0, 37))
  await log.checkpoint()
  deepEqual(await log.extent(), { first: 27, size: 37 })
  equal(await log.at(26), undefined)
  equal((await log.at(27))?.entry.sequence, 27)
  equal(openEntryProof(await log.prove(written[30]!.digest)).verdict, 'accept')
  await rejects(log.prove(written[5]!.digest), { code: 'TC_LOG_UNKNOWN_ENTRY' })
})
