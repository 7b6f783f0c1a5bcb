/**
 * A node that stamps and is killed at any moment: no stamp that it acknowledged is lost, its receipt stays the same, each is final exactly once, and
 * its proof verifies. 200 kills; STAMP_KILLS sets another number (a thousand take a few minutes). Rule T-59 in docs/spec/stamps.md.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { drawBelow, hexOf, seededRandom } from '../src/base/index.ts'
import type { Random } from '../src/base/index.ts'
import { openSqliteBlocks } from '../src/consensus/io/sqlite-blocks.ts'
import { sha3 } from '../src/crypto/index.ts'
import { ScriptedChain, stamper, stampingOver } from '../src/node/stamping.test-kit.ts'
import { VirtualWorld } from '../src/node/virtual-time.test-kit.ts'
import { decodeBatch, encodeReceipt, openStampProof, stampTrustOfGenesis, verifyStamp } from '../src/stamps/index.ts'
import { openSqliteStamps } from '../src/stamps/io/sqlite-stamps.ts'

const KILLS = Number(process.env['STAMP_KILLS'] ?? 200)
const LANES = 2
/** Killed after so many lines at most, drawn anew for each life: the kill falls somewhere in what follows. */
const LINES_MAX = 60
/** Stamps whose proofs are verified in the end, of each lane. */
const PROOFS = 200
/** What a life costs is its beginning; a sixth of that is asking for every file whether it is a link. */
const NO_LINKS = ['--preserve-symlinks', '--preserve-symlinks-main']
const CHILD = fileURLToPath(new URL('./stamps-crash.child.ts', import.meta.url))

/** A stamp as it was acknowledged. */
interface Acknowledged {
  readonly position: string
  readonly receipt: string
}

/** One life. Whatever it says must be what it, or an earlier one, has said of the same stamp. */
const live = async (directory: string, life: number, lines: number, acknowledged: Map<string, Acknowledged>) => {
  const child = spawn(process.execPath, [...NO_LINKS, CHILD, directory, String(life)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(directory, 'compiled') },
  })
  const gone = once(child, 'exit')
  let heard = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [, id = '', position = '', receipt = ''] = line.split(' ')
    // The last line may be cut off.
    if (receipt.length !== 64) continue
    const before = acknowledged.get(id)
    if (before === undefined) acknowledged.set(id, { position, receipt })
    else deepEqual({ position, receipt }, before, `stamp ${id} in life ${life}`)
    heard += 1
    if (heard === lines) child.kill('SIGKILL')
  }
  deepEqual(await gone, [null, 'SIGKILL'])
}

/** After all lives: the chain goes on until everything is final, and all is held against what was acknowledged. */
const settle = async (directory: string, acknowledged: ReadonlyMap<string, Acknowledged>): Promise<void> => {
  const world = new VirtualWorld(0n, nextTurn)
  const chain = new ScriptedChain(openSqliteBlocks(join(directory, 'blocks.sqlite')))
  const { networkId } = chain.script.genesis
  using store = openSqliteStamps(join(directory, 'stamps.sqlite'), { networkId, node: stamper().key })
  const turn = (run: () => void): void => void world.schedule(0n, run)
  await using open = stampingOver({ time: world.time(), turn, chain, store })
  const { stamping } = open
  for (let block = 0; block < 40 && stamping.counts().waiting > 0; block += 1) {
    await world.runUntil(world.nowNs + 1_000_000_000n)
    chain.decide()
  }
  deepEqual(open.troubles, [])
  const { taken, final } = stamping.counts()
  equal(final, taken)
  ok(acknowledged.size > KILLS && taken >= acknowledged.size)
  equal(new Set([...acknowledged.values()].map(({ position }) => position)).size, acknowledged.size)
  const trust = stampTrustOfGenesis(chain.script.genesis)
  const every = Math.max(1, Math.floor(acknowledged.size / PROOFS))
  for (const [place, [id, { position, receipt }]] of [...acknowledged].entries()) {
    const found = stamping.find(id)
    ok(found?.state === 'final', `stamp ${id} is ${found?.state}`)
    deepEqual([String(found.receipt.position), hexOf(sha3(encodeReceipt(found.receipt)))], [position, receipt])
    if (place % every !== 0) continue
    const proof = openStampProof(stamping.proof(id) ?? new Uint8Array(0))
    ok(proof.verdict === 'accept' && verifyStamp(proof.value, { trust }).verdict === 'accept', `proof of ${id}`)
  }
  assertCovered(chain, taken)
}

/** The batches in the chain never overlap but where one was handed in twice, and together they are the log. */
const assertCovered = (chain: ScriptedChain, taken: number): void => {
  const roots = new Map<number, string>()
  for (let height = 1; height <= chain.state.height; height += 1)
    for (const { transaction } of chain.block(height)?.block.body.transactions ?? []) {
      const batch = decodeBatch(transaction.payload)
      ok(batch !== undefined)
      const root = hexOf(batch.logRoot)
      equal(roots.get(batch.logSize) ?? root, root, `two roots for size ${batch.logSize}`)
      roots.set(batch.logSize, root)
    }
  equal(Math.max(...roots.keys()), taken)
}

const killOften = async (random: Random, lives: number): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'truechimer-stamps-crash-'))
  try {
    const acknowledged = new Map<string, Acknowledged>()
    for (let life = 0; life < lives; life += 1)
      await live(directory, life, 1 + drawBelow(random, LINES_MAX), acknowledged)
    await settle(directory, acknowledged)
  } finally {
    await rm(directory, { recursive: true })
  }
}

describe('killed again and again', { concurrency: LANES }, () => {
  for (let lane = 0; lane < LANES; lane += 1)
    test(`a node that stamps, ${KILLS / LANES} times (${lane + 1} of ${LANES})`, () =>
      killOften(seededRandom(BigInt(70 + lane)), Math.ceil(KILLS / LANES)))
})
