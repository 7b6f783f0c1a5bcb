/** What keeps a chain on disk, opened for who votes and for who follows. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readConfig } from '../config.ts'
import { openChain, votesPathOf } from './open-chain.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-open-chain-'))
after(() => rmSync(root, { recursive: true, force: true }))

test('a damaged log of votes keeps a validator from starting; who follows leaves it as it is', async () => {
  const garbage = 'these are no votes at all, and more than a header long'
  writeFileSync(votesPathOf(root), garbage)
  await rejects(openChain(root, readConfig({}, { 'consensus.validator': true })), { code: 'TC_CONSENSUS_WAL' })
  {
    await using opened = await openChain(root, readConfig({}))
    deepEqual([opened.chain.isValidator, opened.chain.wal.records], [false, []])
    await opened.chain.wal.append([{ type: 'decided', height: 1 }])
  }
  equal(readFileSync(votesPathOf(root), 'utf8'), garbage)
})
