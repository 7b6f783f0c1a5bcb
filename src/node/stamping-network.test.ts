/** Whole nodes in one process, in virtual time: one of them stamps, a quorum decides, and the proof verifies; also while it leaves. T-45 to T-48. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { NS_PER_DAY, NS_PER_MS, seededRandom } from '../base/index.ts'
import { Discipline, RELEASE_TAI, createAdaptiveFilter } from '../clock/index.ts'
import { MemoryBlocks, TRANSACTION_DOMAIN, sealTransaction, transactionPart } from '../consensus/index.ts'
import type { TransactionBody } from '../consensus/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { createInMemoryHub } from '../network/io/in-memory.ts'
import { openStampProof, stampTrustOfGenesis, verifyStamp } from '../stamps/index.ts'
import { chainGenesisOf, readConfig, readGenesis } from './index.ts'
import type { Chimer, Genesis } from './index.ts'
import { openStamping } from './io/open-stamping.ts'
import type { OpenedStamping } from './io/open-stamping.ts'
import { chimerOver, memoryWal } from './networking.test-kit.ts'
import { wish } from './stamping.test-kit.ts'
import { ScriptedSource, VirtualWorld } from './virtual-time.test-kit.ts'

const ORIGIN = RELEASE_TAI + 20n * NS_PER_DAY
const CONSENSUS = {
  epochSlots: 10,
  proposalDelayNs: 50_000_000,
  timeoutProposeNs: 400_000_000,
  timeoutPrevoteNs: 200_000_000,
  timeoutPrecommitNs: 200_000_000,
  timeoutStepNs: 100_000_000,
}

/** Four nodes, of whom the first stamps. */
class Four implements AsyncDisposable {
  readonly world = new VirtualWorld(ORIGIN, nextTurn)
  readonly genesis: Genesis
  readonly directory = mkdtempSync(join(tmpdir(), 'truechimer-four-'))
  readonly signers = [1, 2, 3, 4].map((fill) => memorySigner({ seed: new Uint8Array(32).fill(fill) }))
  readonly #stack = new AsyncDisposableStack()
  #chimer: Chimer | undefined
  #opened: OpenedStamping | undefined

  constructor() {
    this.genesis = readGenesis({
      name: 'four',
      parameters: { absentAfterSlots: 3, consensus: CONSENSUS },
      members: this.signers.map(({ nodeId }, i) => ({ id: nodeIdText(nodeId), name: `n${i}` })),
    })
  }

  get chimer(): Chimer {
    ok(this.#chimer !== undefined)
    return this.#chimer
  }

  get stamping(): OpenedStamping['stamping'] {
    ok(this.#opened !== undefined)
    return this.#opened.stamping
  }

  get signer(): Signer {
    const [signer] = this.signers
    ok(signer !== undefined)
    return signer
  }

  async start(): Promise<void> {
    const hub = createInMemoryHub(this.world.time(), { random: seededRandom(9n), delayNs: 2n * NS_PER_MS })
    for (const [i, signer] of this.signers.entries()) {
      const time = this.world.time()
      const network = hub.join(nodeIdText(signer.nodeId))
      const store = new MemoryBlocks()
      const poll = { pollIntervalNs: 250n * NS_PER_MS, pollIntervalMinNs: 250n * NS_PER_MS }
      const { chimer, networking } = chimerOver({
        time,
        random: seededRandom(BigInt(i)),
        genesis: this.genesis,
        signer,
        network,
        chain: { store, wal: memoryWal(), isValidator: true },
        discipline: new Discipline(poll, createAdaptiveFilter()),
        sources: [new ScriptedSource(this.world, time)],
      })
      this.#stack.use(network)
      this.#stack.use(networking)
      this.#stack.use(chimer)
      if (i === 0) {
        this.#chimer = chimer
        const { directory } = this
        const parts = { time, directory, config: readConfig({}), signer, archive: store, chimer }
        this.#opened = this.#stack.use(await openStamping(parts))
      }
      await chimer.start()
    }
  }

  run(seconds: number): Promise<void> {
    return this.world.runUntil(this.world.nowNs + BigInt(Math.round(seconds * 1000)) * NS_PER_MS)
  }

  /** Stamps a number; its id. */
  async stamp(number: number): Promise<string> {
    const beacon = this.stamping.beacon()?.block ?? null
    const answer = this.stamping.submit([wish(number, { beacon })])
    await this.run(0.01)
    const taken = await answer
    ok(taken.verdict === 'accept', taken.verdict === 'accept' ? '' : taken.reason)
    return taken.value[0]?.id ?? ''
  }

  /** The height of the stamp's block and its interval, which hold the true time of the asking. */
  assertProved(id: string, askedTai: bigint): void {
    const proof = openStampProof(this.stamping.proof(id) ?? new Uint8Array(0))
    ok(proof.verdict === 'accept', `no proof of ${id}`)
    const verified = verifyStamp(proof.value, { trust: stampTrustOfGenesis(chainGenesisOf(this.genesis)) })
    ok(verified.verdict === 'accept')
    const { notBefore, notAfter } = verified.value.interval
    ok(notBefore !== undefined && notBefore <= askedTai && askedTai <= notAfter)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
    rmSync(this.directory, { recursive: true })
  }
}

test('one of four stamps: from the first truechimer on, to proofs whose interval holds the true time', async () => {
  await using four = new Four()
  await four.start()
  const early = await four.stamping.submit([wish(0)])
  ok(early.verdict !== 'accept')
  await four.run(10)
  const asked: [id: string, tai: bigint][] = []
  for (let number = 0; number < 5; number += 1) {
    asked.push([await four.stamp(number), four.world.trueTai])
    await four.run(0.4)
  }
  await four.run(4)
  for (const [id, tai] of asked) four.assertProved(id, tai)
  equal(four.stamping.counts().waiting, 0)
})

test('its operator lets it leave meanwhile: the sequence that was used is passed by, and what was taken becomes final', async () => {
  await using four = new Four()
  await four.start()
  await four.run(10)
  const before = [await four.stamp(1), four.world.trueTai] as const
  await four.run(0.2)
  const { signer } = four
  const at = four.chimer.now() ?? 0n
  const body: TransactionBody = {
    networkId: four.genesis.networkId,
    author: signer.nodeId,
    sequence: 1_000_000,
    acted: { earliest: at - NS_PER_MS, latest: at + NS_PER_MS },
    kind: 'leave',
    payload: new Uint8Array(0),
  }
  const signature = await signer.sign(TRANSACTION_DOMAIN, transactionPart(body).body)
  equal(four.chimer.deciding.submit(sealTransaction({ ...body, signature }).bytes).verdict, 'accept')
  await four.run(0.1)
  const after = [await four.stamp(2), four.world.trueTai] as const
  await four.run(4)
  for (const [id, tai] of [before, after]) four.assertProved(id, tai)
  deepEqual(await four.stamping.submit([wish(3)]), { verdict: 'ignore', reason: 'not-member' })
})
