/** A node's stamping over a scripted chain, in virtual time: from a wish to a proof that verifies, and what stands in the way. T-40 to T-53. */
import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ChimerError, NS_PER_MS, hexOf } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { MemoryBlocks } from '../consensus/index.ts'
import { ed25519Verifier, merkleSha256 } from '../crypto/index.ts'
import {
  BATCHES_HANDED_MAX,
  PROMISE_HEIGHTS,
  encodeReceipt,
  isReceiptSigned,
  leafOf,
  openStampProof,
  stampTrustOfGenesis,
  verifyStamp,
} from '../stamps/index.ts'
import type { StampRecord, StampRefusal, StampRequest, StampStore } from '../stamps/index.ts'
import { openSqliteStamps } from '../stamps/io/sqlite-stamps.ts'
import type { SqliteStamps, SqliteStampsOptions } from '../stamps/io/sqlite-stamps.ts'
import type { StampingOptions } from './stamping.ts'
import { ScriptedChain, stamper, stampingOver, wish } from './stamping.test-kit.ts'
import type { OpenedStamping } from './stamping.test-kit.ts'
import { VirtualWorld } from './virtual-time.test-kit.ts'

const owner = (chain: ScriptedChain): SqliteStampsOptions => ({
  networkId: chain.script.genesis.networkId,
  node: stamper().key,
})

/** A chain whose members are truechimers, made once. */
const warm = new MemoryBlocks()
new ScriptedChain(warm).warmUp()

const warmChain = (): ScriptedChain => {
  const copy = new MemoryBlocks()
  const { last } = warm.range ?? { last: 0 }
  for (let height = 1; height <= last; height += 1) {
    const [validators, block] = [warm.validators(height), warm.block(height)]
    ok(validators !== undefined && block !== undefined)
    copy.keepValidators(validators)
    copy.append([block])
  }
  const snapshot = warm.snapshot()
  ok(snapshot !== undefined)
  copy.keepSnapshot(snapshot)
  return new ScriptedChain(copy)
}

/** One who stamps, its disk, and the chain, which outlive a stop. */
class Bench implements AsyncDisposable {
  readonly world = new VirtualWorld(0n, nextTurn)
  readonly directory = mkdtempSync(join(tmpdir(), 'truechimer-stamping-'))
  chain = warmChain()
  store: SqliteStamps
  open: OpenedStamping

  constructor(given: Partial<StampingOptions> = {}) {
    this.store = openSqliteStamps(join(this.directory, 'stamps.sqlite'), owner(this.chain))
    this.open = this.#opened(given)
  }

  get stamping(): OpenedStamping['stamping'] {
    return this.open.stamping
  }

  #opened(given: Partial<StampingOptions> = {}): OpenedStamping {
    const { world, chain, store } = this
    const turn = (run: () => void): void => void world.schedule(0n, run)
    return stampingOver({ time: world.time(), turn, ...given, chain, store })
  }

  async restart(given: Partial<StampingOptions> = {}): Promise<void> {
    await this.open[Symbol.asyncDispose]()
    this.store[Symbol.dispose]()
    this.store = openSqliteStamps(join(this.directory, 'stamps.sqlite'), owner(this.chain))
    this.open = this.#opened(given)
  }

  run(ms: number): Promise<void> {
    return this.world.runUntil(this.world.nowNs + BigInt(ms) * NS_PER_MS)
  }

  async submit(...requests: readonly StampRequest[]): Promise<Admission<readonly StampRecord[], StampRefusal>> {
    const answer = this.stamping.submit(requests)
    await this.run(1)
    return answer
  }

  async take(...requests: readonly StampRequest[]): Promise<readonly StampRecord[]> {
    const answer = await this.submit(...requests)
    ok(answer.verdict === 'accept', answer.verdict === 'accept' ? '' : answer.reason)
    return answer.value
  }

  async takeOne(number: number, given: Partial<StampRequest> = {}): Promise<StampRecord> {
    const [record] = await this.take(wish(number, given))
    ok(record !== undefined)
    return record
  }

  /** Blocks, a second of virtual time apart. */
  async blocks(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      this.chain.decide()
      await this.run(1000)
    }
  }

  finals(): readonly number[] {
    return this.open.changes.filter(({ state }) => state === 'final').map(({ first }) => first)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.open[Symbol.asyncDispose]()
    this.store[Symbol.dispose]()
    rmSync(this.directory, { recursive: true })
  }
}

/** The proof verifies with the genesis alone, and its interval. */
const assertProved = (bench: Bench, { id, entry }: StampRecord, from?: number): void => {
  const bytes = bench.stamping.proof(id, from)
  ok(bytes !== undefined, 'no proof')
  const proof = openStampProof(bytes)
  ok(proof.verdict === 'accept')
  const verified = verifyStamp(proof.value, {
    trust: stampTrustOfGenesis(bench.chain.script.genesis),
    digest: { algorithm: entry.algorithm, digest: entry.imprint },
  })
  ok(verified.verdict === 'accept', verified.verdict === 'accept' ? '' : verified.reason)
  equal(verified.value.interval.notBefore === undefined, entry.beacon === null)
}

/** A store that does some things otherwise. */
const changed = (store: StampStore, otherwise: Partial<StampStore>): StampStore =>
  new Proxy(store, {
    get: (target, key) => {
      const value: unknown = Reflect.get(otherwise, key) ?? Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

test('T-4: while a block is being written, the beacon is the one before it, and it is taken', async () => {
  await using bench = new Bench()
  const before = bench.stamping.beacon()
  ok(before !== undefined)
  bench.chain.isWriting = true
  await bench.blocks(1)
  deepEqual(bench.stamping.beacon(), before)
  equal((await bench.takeOne(1, { beacon: before.block })).entry.beacon, before.block)
  bench.chain.tell()
  equal(bench.stamping.beacon()?.height, before.height + 1)
})

test('a wish gets a receipt at once, and a proof once the block after its block is decided', async () => {
  await using bench = new Bench()
  const beacon = bench.stamping.beacon()
  ok(beacon !== undefined)
  equal(beacon.height, bench.chain.state.height)
  const record = await bench.takeOne(1, { beacon: beacon.block })
  deepEqual([record.state, record.height, record.receipt.position], ['received', undefined, 0])
  deepEqual(
    [record.receipt.heightNewest, record.receipt.heightPromised],
    [beacon.height, beacon.height + PROMISE_HEIGHTS],
  )
  ok(isReceiptSigned(record.receipt, ed25519Verifier))
  deepEqual(record.receipt.leaf, leafOf(record.entry))
  await bench.run(200)
  equal(bench.stamping.find(record.id)?.state, 'proposed')
  equal(bench.stamping.proof(record.id), undefined)
  equal(bench.stamping.log.head, undefined)
  await bench.blocks(3)
  const final = bench.stamping.find(record.id)
  equal(final?.state, 'final')
  ok(final.height !== undefined && final.height <= record.receipt.heightPromised)
  deepEqual(encodeReceipt(final.receipt), encodeReceipt(record.receipt))
  assertProved(bench, record)
  deepEqual(
    bench.open.changes.map(({ state, first, logSize }) => ({ state, first, logSize })),
    [
      { state: 'proposed', first: 0, logSize: 1 },
      { state: 'final', first: 0, logSize: 1 },
    ],
  )
  deepEqual(bench.stamping.counts(), { taken: 1, final: 1, waiting: 0, resubmitted: 0 })
})

test('many submissions at once: positions in their order, signatures shared by sixteen, proofs', async () => {
  await using bench = new Bench()
  const beacon = bench.stamping.beacon()?.block ?? null
  const answers = Array.from({ length: 7 }, (_, i) =>
    bench.stamping.submit(Array.from({ length: 10 }, (_one, j) => wish(i * 10 + j, j % 2 === 0 ? { beacon } : {}))),
  )
  await bench.run(1)
  const records = (await Promise.all(answers)).flatMap((answer) => (answer.verdict === 'accept' ? answer.value : []))
  deepEqual(
    records.map(({ receipt }) => receipt.position),
    Array.from({ length: 70 }, (_, i) => i),
  )
  equal(new Set(records.map(({ receipt }) => hexOf(receipt.signature))).size, 5)
  ok(records.every(({ receipt }) => isReceiptSigned(receipt, ed25519Verifier)))
  await bench.blocks(5)
  for (const [i, record] of records.entries()) {
    if (i % 10 < 2) assertProved(bench, record)
    const found = bench.stamping.find(record.id)
    ok(found !== undefined)
    deepEqual(encodeReceipt(found.receipt), encodeReceipt(record.receipt))
  }
  const { head } = bench.stamping.log
  equal(head?.size, 70)
  deepEqual(merkleSha256.root(bench.stamping.log.entries(0, 100)), head.root)
  deepEqual(merkleSha256.rootOfHashes(bench.stamping.log.leaves(0, 100)), head.root)
  equal(bench.stamping.log.entries(64, 100).length, 6)
})

test('the same wish is the same stamp: in one submission, in flight, later, with a newer beacon, and after a restart', async () => {
  await using bench = new Bench()
  const first = bench.stamping.submit([wish(1), wish(1), wish(2)])
  const second = bench.stamping.submit([wish(1)])
  await bench.run(1)
  const [a, b] = [await first, await second]
  ok(a.verdict === 'accept' && b.verdict === 'accept')
  const [one] = a.value
  ok(one !== undefined)
  deepEqual(
    [a.value[1], b.value[0]],
    [
      { ...one, isKnown: true },
      { ...one, isKnown: true },
    ],
  )
  equal(one.isKnown, undefined)
  equal(a.value[2]?.receipt.position, 1)
  await bench.blocks(1)
  const beacon = bench.stamping.beacon()?.block ?? null
  equal((await bench.takeOne(1, { beacon })).id, one.id)
  notEqual((await bench.takeOne(1, { beacon, clientKey: 'another' })).id, one.id)
  await bench.restart()
  const again = await bench.takeOne(1)
  deepEqual(encodeReceipt(again.receipt), encodeReceipt(one.receipt))
  equal(bench.stamping.counts().taken, 3)
})

test('a submission is taken whole or not at all', async () => {
  await using bench = new Bench()
  const beacon = 'ab'.repeat(32)
  deepEqual(await bench.submit(wish(1), wish(2, { beacon })), { verdict: 'reject', reason: 'beacon-unknown' })
  equal((await bench.takeOne(1)).receipt.position, 0)
  deepEqual(await bench.submit(), { verdict: 'accept', value: [] })
})

test('how old a beacon may be (T-4)', async () => {
  await using bench = new Bench()
  const beacon = bench.stamping.beacon()?.block ?? null
  await bench.blocks(4)
  await bench.takeOne(1, { beacon })
  await bench.blocks(1)
  deepEqual(await bench.submit(wish(2, { beacon })), { verdict: 'ignore', reason: 'beacon-stale' })
  // What was taken is answered whatever is stale now.
  await bench.takeOne(1, { beacon })
})

test('nothing is taken without the time, by a stranger, and where the chain stands; what was taken is still told', async () => {
  await using bench = new Bench()
  const known = await bench.takeOne(1)
  const refusal = async (given: Partial<StampingOptions>): Promise<unknown> => {
    await bench.restart(given)
    equal((await bench.takeOne(1)).id, known.id)
    const answer = await bench.submit(wish(2))
    return answer.verdict === 'accept' ? 'accept' : answer.reason
  }
  equal(await refusal({ read: () => undefined }), 'clock-not-ready')
  const late = { earliest: bench.chain.now().earliest + 20_000n * NS_PER_MS, latest: bench.chain.now().latest * 2n }
  equal(await refusal({ read: () => late }), 'stamping-halted')
  bench.chain.isHalted = true
  equal(await refusal({}), 'stamping-halted')
  bench.chain.isHalted = false
  equal(await refusal({}), 'accept')
})

test('a falseticker takes nothing', async () => {
  await using bench = new Bench()
  bench.chain.script.offsets.set(stamper().id, 400n * NS_PER_MS)
  await bench.blocks(10)
  deepEqual(await bench.submit(wish(1)), { verdict: 'ignore', reason: 'not-truechimer' })
})

test('a transaction that is lost is handed in again for the same batch, and the batch is final once', async () => {
  await using bench = new Bench()
  bench.chain.fate = 'lose'
  const record = await bench.takeOne(1)
  await bench.run(200)
  const [lost] = bench.chain.submitted
  ok(lost !== undefined)
  bench.chain.fate = 'keep'
  await bench.blocks(8)
  assertProved(bench, record)
  const again = bench.chain.submitted[1]
  deepEqual(again?.transaction.payload, lost.transaction.payload)
  equal(again.transaction.sequence, lost.transaction.sequence)
  notEqual(again.key, lost.key)
  deepEqual([bench.finals(), bench.stamping.counts().resubmitted], [[0], 1])
  // It turns up after all: nothing changes.
  bench.chain.decide({ transactions: [lost] })
  await bench.blocks(4)
  deepEqual(bench.finals(), [0])
  equal(bench.chain.submitted.length, 2)
})

test('where the pool is full it is tried again with the next block', async () => {
  await using bench = new Bench()
  bench.chain.fate = 'refuse'
  const record = await bench.takeOne(1)
  await bench.run(200)
  equal(bench.stamping.find(record.id)?.state, 'received')
  bench.chain.fate = 'keep'
  await bench.blocks(5)
  assertProved(bench, record)
  deepEqual(bench.finals(), [0])
})

test('another transaction of this node uses up the sequence: the batch is handed in with a later one', async () => {
  await using bench = new Bench()
  bench.chain.fate = 'lose'
  const record = await bench.takeOne(1)
  await bench.run(200)
  const mark = bench.chain.script.transaction(stamper(), { kind: 'mark', sequence: 900 })
  bench.chain.decide({ transactions: [mark] })
  bench.chain.fate = 'keep'
  await bench.blocks(6)
  assertProved(bench, record)
  equal(bench.chain.submitted.at(-1)?.transaction.sequence, 901)
})

test('a sequence that was used in a block which is still being written is no loss: nothing is handed in again', async () => {
  await using bench = new Bench()
  const record = await bench.takeOne(1)
  await bench.run(200)
  bench.chain.isWriting = true
  for (let i = 0; i < 4; i += 1) bench.chain.decide()
  await bench.takeOne(2)
  await bench.run(2000)
  equal(bench.chain.submitted.length, 1)
  bench.chain.tell()
  await bench.blocks(4)
  assertProved(bench, record)
  deepEqual(bench.stamping.counts(), { taken: 2, final: 2, waiting: 0, resubmitted: 0 })
})

test('where the kept headers do not reach back to the beacon: an upper bound, and the beacon apart (T-14)', async () => {
  await using bench = new Bench()
  const late = await bench.takeOne(1, { beacon: bench.stamping.beacon()?.block ?? null })
  await bench.blocks(5)
  assertProved(bench, late)
  const { store } = bench
  const lastTwo: StampStore['headers'] = (from, to) => store.headers(Math.max(from, to - 1), to)
  await bench.open[Symbol.asyncDispose]()
  const { world, chain } = bench
  await using open = stampingOver({
    time: world.time(),
    turn: (run) => void world.schedule(0n, run),
    chain,
    store: changed(store, { headers: lastTwo }),
  })
  const proof = openStampProof(open.stamping.proof(late.id) ?? new Uint8Array(0))
  ok(proof.verdict === 'accept')
  const verified = verifyStamp(proof.value, { trust: stampTrustOfGenesis(chain.script.genesis) })
  ok(verified.verdict === 'accept')
  const { isBeaconApart, interval } = verified.value
  deepEqual([isBeaconApart, interval.notBefore], [true, undefined])
})

test('a few batches are out at a time, and what waits meanwhile goes into one', async () => {
  await using bench = new Bench()
  for (let number = 0; number < 8; number += 1) {
    await bench.takeOne(number)
    await bench.run(110)
  }
  equal(bench.chain.submitted.length, BATCHES_HANDED_MAX)
  await bench.blocks(6)
  equal(bench.chain.submitted.length, BATCHES_HANDED_MAX + 1)
  deepEqual(bench.stamping.counts(), { taken: 8, final: 8, waiting: 0, resubmitted: 0 })
  for (const number of [0, 3, 7]) assertProved(bench, await bench.takeOne(number))
})

test('a stop at any time: after a restart what was taken is handed in, once final', async () => {
  await using bench = new Bench()
  const taken: StampRecord[] = []
  for (let round = 0; round < 8; round += 1) {
    taken.push(await bench.takeOne(round, { beacon: bench.stamping.beacon()?.block ?? null }))
    // Before it is handed in, after, once it is in a block that is not decided, once it is, …
    await bench.run(round < 4 ? 20 : 150)
    await bench.restart()
    for (let i = 0; i < round % 4; i += 1) bench.chain.decide()
  }
  await bench.blocks(6)
  await bench.restart()
  for (const record of taken) {
    assertProved(bench, record)
    deepEqual(encodeReceipt((await bench.takeOne(record.receipt.position)).receipt), encodeReceipt(record.receipt))
  }
  deepEqual(bench.stamping.counts(), { taken: 8, final: 8, waiting: 0, resubmitted: 0 })
  equal(bench.stamping.log.head?.size, 8)
})

test('what was decided while it was away is looked through: what is in a block is not handed in again', async () => {
  await using bench = new Bench()
  const record = await bench.takeOne(1)
  await bench.run(150)
  await bench.open[Symbol.asyncDispose]()
  for (let i = 0; i < 20; i += 1) bench.chain.decide()
  await bench.restart()
  await bench.run(200)
  assertProved(bench, record)
  equal(bench.chain.submitted.length, 1)
})

test('proofs need no block store: they outlive one that begins anew; from a height after the stamp there is none', async () => {
  await using bench = new Bench()
  const record = await bench.takeOne(1, { beacon: bench.stamping.beacon()?.block ?? null })
  await bench.blocks(5)
  const before = bench.stamping.proof(record.id)
  equal(bench.stamping.proof(record.id, bench.chain.state.height), undefined)
  assertProved(bench, record, 3)
  bench.chain = new ScriptedChain(new MemoryBlocks())
  await bench.restart()
  deepEqual(bench.stamping.proof(record.id), before)
})

test('where the disk will not, nothing is acknowledged, it is told once, and it goes on when there is room', async () => {
  await using bench = new Bench()
  await bench.takeOne(1)
  const { store } = bench
  let isFull = true
  const failing = changed(store, {
    take: (entries, groups) => {
      if (isFull) throw new ChimerError('TC_STAMP_STORE', 'the disk is full')
      return store.take(entries, groups)
    },
  })
  await bench.open[Symbol.asyncDispose]()
  const { world, chain } = bench
  await using open = stampingOver({
    time: world.time(),
    turn: (run) => void world.schedule(0n, run),
    chain,
    store: failing,
  })
  const refused = [open.stamping.submit([wish(2)]), open.stamping.submit([wish(3)])].map((answer) =>
    rejects(answer, { code: 'TC_STAMP_STORE' }),
  )
  await bench.run(1)
  await Promise.all(refused)
  equal(open.troubles.length, 1)
  equal(store.size, 1)
  isFull = false
  const answer = open.stamping.submit([wish(3)])
  await bench.run(1)
  const taken = await answer
  equal(taken.verdict === 'accept' && taken.value[0]?.receipt.position, 1)
})

test('closed, it answers who waits, takes nothing more and leaves no timer behind', async () => {
  await using bench = new Bench()
  const waiting = bench.stamping.submit([wish(1)])
  const closed = bench.open[Symbol.asyncDispose]()
  await bench.run(1)
  await closed
  deepEqual(await waiting, { verdict: 'ignore', reason: 'stamping-halted' })
  deepEqual(await bench.stamping.submit([wish(2)]), { verdict: 'ignore', reason: 'stamping-halted' })
  equal(bench.world.pending, 0)
})
