/**
 * The store of stamps on a disk that is full for real, and on one that is read-only: nothing is acknowledged that is not kept, the error says what to do,
 * and it goes on when there is room. The disk is in memory and needs the right to mount; without it the test says so. T-41, T-57.
 */
import { equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ChimerError } from '../src/base/index.ts'
import { ScriptedChain, stamper, stampingOver, wish } from '../src/node/stamping.test-kit.ts'
import { VirtualWorld } from '../src/node/virtual-time.test-kit.ts'
import { openSqliteStamps } from '../src/stamps/io/sqlite-stamps.ts'
import type { SqliteStamps } from '../src/stamps/io/sqlite-stamps.ts'
import { missing } from './real/missing.ts'
import { smallDisk } from './real/small-disk.ts'

const opened = (chain: ScriptedChain, directory: string): SqliteStamps =>
  openSqliteStamps(join(directory, 'stamps.sqlite'), {
    networkId: chain.script.genesis.networkId,
    node: stamper().key,
  })

test('a full disk acknowledges nothing, and takes stamps again when there is room', async (t) => {
  using disk = smallDisk()
  if (missing(t, 'the right to mount', disk?.path) || disk === undefined) return
  const ballast = join(disk.path, 'ballast')
  writeFileSync(ballast, new Uint8Array(400_000))
  const chain = new ScriptedChain()
  chain.warmUp()
  const world = new VirtualWorld(0n, nextTurn)
  const turn = (run: () => void): void => void world.schedule(0n, run)
  let acknowledged = 0
  const submit = async (stamping: ReturnType<typeof stampingOver>['stamping']): Promise<unknown> => {
    const answer = stamping
      .submit(Array.from({ length: 100 }, (_, i) => wish(acknowledged + i)))
      .then((given) => (acknowledged += given.verdict === 'accept' ? given.value.length : 0))
      .then(
        () => undefined,
        (cause: unknown) => cause,
      )
    await world.runUntil(world.nowNs + 1_000_000n)
    return answer
  }
  {
    using store = opened(chain, disk.path)
    await using open = stampingOver({ time: world.time(), turn, chain, store })
    let refusal: unknown
    for (let round = 0; round < 100 && refusal === undefined; round += 1) refusal = await submit(open.stamping)
    ok(refusal instanceof ChimerError)
    equal(refusal.code, 'TC_STAMP_STORE')
    match(refusal.message, /disk is full.*nothing is acknowledged/s)
    equal(open.stamping.counts().taken, acknowledged)
    ok((await submit(open.stamping)) instanceof ChimerError)
    rmSync(ballast)
    equal(await submit(open.stamping), undefined)
  }
  using store = opened(chain, disk.path)
  equal(store.entries(0, 1_000_000).length, acknowledged)
})

test('a disk that is read-only is refused at the start, with what to do', (t) => {
  using disk = smallDisk()
  if (missing(t, 'the right to mount', disk?.path) || disk === undefined) return
  const chain = new ScriptedChain()
  opened(chain, disk.path)[Symbol.dispose]()
  execFileSync('mount', ['-o', 'remount,ro', disk.path], { stdio: 'ignore' })
  try {
    opened(chain, disk.path)
    ok(false, 'it was opened')
  } catch (error) {
    ok(error instanceof ChimerError, String(error))
    equal(error.code, 'TC_STAMP_STORE')
    match(error.message, /cannot be (?:read or )?written.*read-only/s)
  }
})
