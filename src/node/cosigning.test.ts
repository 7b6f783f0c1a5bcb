/** Logs that their fellows cosign: a quorum's lines under the newest head, once a second; who forks is refused and convicted; who lags is helped. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { NS_PER_DAY, NS_PER_MS, NS_PER_SEC, hexOf } from '../base/index.ts'
import type { ChimerError } from '../base/index.ts'
import { RELEASE_TAI, unixFromTai } from '../clock/index.ts'
import { merkleSha256, nodeIdText, sha256 } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import { COSIGN_LIMITS, cosignProtocol } from '../network/index.ts'
import type { Network } from '../network/index.ts'
import { createInMemoryHub } from '../network/io/in-memory.ts'
import {
  checkpointText,
  cosignersOf,
  encodeNote,
  encodeWitnessRequest,
  nodeNoteKey,
  noteSignatureOf,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  verifyFork,
  verifyNote,
} from '../stamps/index.ts'
import type { LogHead, NoteKey } from '../stamps/index.ts'
import { MemoryCosigned, MemoryLog } from '../stamps/tlog.test-kit.ts'
import { Cosigning } from './cosigning.ts'
import { VirtualWorld } from './virtual-time.test-kit.ts'

const NETWORK = new Uint8Array(32).fill(0x77)
const ORIGIN_TAI = RELEASE_TAI + 20n * NS_PER_DAY
const protocol = cosignProtocol(NETWORK)

interface Node {
  readonly signer: Signer
  readonly network: Network
  readonly log: MemoryLog
  readonly store: MemoryCosigned
  readonly cosigning: Cosigning
  readonly troubles: ChimerError[]
  isTruechimer: boolean
  hasTime: boolean
}

/** Four members, all neighbours by links of 5 ms. */
class Four implements AsyncDisposable {
  readonly world = new VirtualWorld(ORIGIN_TAI, nextTurn)
  readonly hub = createInMemoryHub(this.world.time(), { delayNs: 5n * NS_PER_MS })
  readonly nodes: readonly Node[]

  constructor(stores: readonly MemoryCosigned[] = []) {
    const signers = [1, 2, 3, 4].map((byte) => memorySigner({ seed: new Uint8Array(32).fill(byte) }))
    const members = signers.map(({ nodeId }) => ({ id: nodeIdText(nodeId), key: nodeId }))
    this.nodes = signers.map((signer, i) => {
      const [network, log, store] = [
        this.hub.join(nodeIdText(signer.nodeId)),
        new MemoryLog(),
        stores[i] ?? new MemoryCosigned(),
      ]
      const troubles: ChimerError[] = []
      const time = this.world.time()
      const cosigning: Cosigning = new Cosigning({
        time,
        signer,
        network,
        networkId: NETWORK,
        store,
        log,
        members: () => members,
        isTruechimer: () => node.isTruechimer,
        now: () => (node.hasTime ? this.world.trueTai : undefined),
        onTrouble: (error) => troubles.push(error),
      })
      const node: Node = { signer, network, log, store, cosigning, troubles, isTruechimer: true, hasTime: true }
      cosigning.start()
      return node
    })
  }

  node(index: number): Node {
    const node = this.nodes[index]
    ok(node !== undefined)
    return node
  }

  run(ms: number): Promise<void> {
    return this.world.runUntil(this.world.nowNs + BigInt(ms) * NS_PER_MS)
  }

  /** What a node's checkpoint says, with the places of its cosigners. */
  published(index: number): {
    readonly head: LogHead
    readonly cosigners: readonly number[]
    readonly times: readonly bigint[]
  } {
    const { cosigning, signer } = this.node(index)
    const note = openNote(cosigning.checkpoint() ?? '')
    ok(note.verdict === 'accept')
    equal(verifyNote(note.value, nodeNoteKey(NETWORK, signer.nodeId, 'ed25519')).verdict, 'accept')
    const head = parseCheckpoint(note.value.text)
    ok(head.verdict === 'accept')
    const found = cosignersOf(note.value, this.witnessKeys())
    equal(found.length, note.value.signatures.length - 1)
    const cosigners = found.map(({ key }) =>
      this.nodes.findIndex((node) => hexOf(node.signer.nodeId) === hexOf(key.publicKey)),
    )
    return {
      head: head.value,
      cosigners: cosigners.toSorted((a, b) => a - b),
      times: found.map(({ timeSec }) => timeSec),
    }
  }

  witnessKeys(): readonly NoteKey[] {
    return this.node(0)
      .cosigning.witnessKeys()
      .flatMap((line) => {
        const key = parseVerifierKey(line)
        return key.verdict === 'accept' ? [key.value] : []
      })
  }

  /** A question about node 0's log, with any head. */
  async question(head: LogHead, { oldSize = 0, proof = [] as readonly Uint8Array[] } = {}): Promise<string> {
    const { signer } = this.node(0)
    const key = nodeNoteKey(NETWORK, signer.nodeId, 'ed25519')
    const text = checkpointText({ ...head, origin: key.name, extensions: [] })
    return encodeWitnessRequest({
      oldSize,
      proof,
      note: { text, signatures: [noteSignatureOf(key, await signer.signNote(text))] },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { cosigning, network } of this.nodes) {
      await cosigning[Symbol.asyncDispose]()
      await network[Symbol.asyncDispose]()
    }
  }
}

const FORGED: LogHead = { size: 10, root: new Uint8Array(32).fill(0xee) }

describe('T-72: a log grows', () => {
  test('all cosign the newest head, with their time; one round a second at most', async () => {
    await using four = new Four()
    const { log, cosigning } = four.node(0)
    equal(cosigning.checkpoint(), undefined)
    equal(cosigning.tile({ level: 0, index: 0, width: 1 }), undefined)
    log.grow(300)
    cosigning.changed()
    await four.run(200)
    deepEqual(four.published(0).head.size, 300)
    deepEqual(four.published(0).cosigners, [0, 1, 2, 3])
    const nowSec = unixFromTai(four.world.trueTai).unixNs / NS_PER_SEC
    ok(four.published(0).times.every((timeSec) => timeSec <= nowSec && timeSec >= nowSec - 2n))
    equal(cosigning.tile({ level: 0, index: 0, width: 256 })?.length, 8192)
    equal(cosigning.tile({ level: 0, index: 1, width: 45 }), undefined)
    for (let i = 0; i < 10; i += 1) {
      log.grow(1)
      cosigning.changed()
      await four.run(20)
    }
    equal(four.published(0).head.size, 300, 'the round before is not a second old')
    await four.run(1000)
    deepEqual([four.published(0).head.size, four.published(0).cosigners.length], [310, 4])
    deepEqual(
      four.nodes.flatMap(({ troubles }) => troubles),
      [],
    )
  })

  test('every log is cosigned by the others, and each may be read at its witnesses', async () => {
    await using four = new Four()
    for (const [i, { log, cosigning }] of four.nodes.entries()) {
      log.grow(5 + i, i)
      cosigning.changed()
    }
    await four.run(300)
    for (const i of four.nodes.keys()) deepEqual(four.published(i).cosigners, [0, 1, 2, 3])
    const note = four
      .node(3)
      .cosigning.witness.cosigned(hexOf(sha256(new TextEncoder().encode(four.node(0).cosigning.origin))))
    const opened = openNote(note ?? '')
    ok(opened.verdict === 'accept')
    equal(cosignersOf(opened.value, four.witnessKeys()).length, 1)
    equal(four.node(3).cosigning.witness.cosigned('00'.repeat(32)), undefined)
  })

  test('who is no truechimer, has no time or is away does not cosign; once it is back it does, from where it stood', async () => {
    await using four = new Four()
    const { log, cosigning } = four.node(0)
    four.node(1).isTruechimer = false
    four.node(2).hasTime = false
    log.grow(3)
    cosigning.changed()
    await four.run(1000)
    deepEqual(four.published(0).cosigners, [0, 3])
    log.grow(4)
    four.node(1).isTruechimer = true
    four.node(2).hasTime = true
    cosigning.changed()
    await four.run(2000)
    deepEqual([four.published(0).head.size, four.published(0).cosigners.length], [7, 4])
  })

  test('who cosigned a head stands under it, also when another is asked again and it is away', async () => {
    await using four = new Four()
    const { log, cosigning } = four.node(0)
    four.node(1).isTruechimer = false
    log.grow(3)
    cosigning.changed()
    await four.run(1000)
    deepEqual(four.published(0).cosigners, [0, 2, 3])
    four.node(1).isTruechimer = true
    four.node(2).hasTime = false
    await four.run(11_000)
    deepEqual(four.published(0).cosigners, [0, 1, 2, 3])
  })

  test('whoever lost its memory of sizes is told them, and a log that began anew with its witnesses goes on', async () => {
    const stores = [1, 2, 3, 4].map(() => new MemoryCosigned())
    {
      await using four = new Four(stores)
      four.node(0).log.grow(9)
      four.node(0).cosigning.changed()
      await four.run(200)
    }
    await using four = new Four(stores)
    four.node(0).log.grow(12)
    four.node(0).cosigning.changed()
    await four.run(200)
    deepEqual([four.published(0).head.size, four.published(0).cosigners.length], [12, 4])
  })
})

describe('T-73: a log that forks', () => {
  test('is refused, convicted by two notes, and cosigned no more', async () => {
    await using four = new Four()
    const { log, cosigning } = four.node(0)
    log.grow(10)
    cosigning.changed()
    await four.run(200)
    const witness = four.node(1).cosigning.witness
    const answer = await witness.answer(await four.question(FORGED, { oldSize: 10 }))
    deepEqual(answer, { verdict: 'reject', reason: 'log-forked', size: 10 })
    const [fork] = witness.forks()
    ok(fork !== undefined)
    const convicted = verifyFork(NETWORK, fork)
    ok(convicted.verdict === 'accept')
    deepEqual(convicted.value, { node: four.node(0).signer.nodeId, size: 10 })
    log.grow(1)
    cosigning.changed()
    await four.run(2000)
    deepEqual(four.published(0).cosigners, [0, 2, 3])
  })

  test('another history behind a true proof of nothing is refused without evidence', async () => {
    await using four = new Four()
    four.node(0).log.grow(10)
    four.node(0).cosigning.changed()
    await four.run(200)
    const witness = four.node(1).cosigning.witness
    const refused = await witness.answer(
      await four.question({ ...FORGED, size: 20 }, { oldSize: 10, proof: [FORGED.root] }),
    )
    deepEqual(refused, { verdict: 'reject', reason: 'wrong-consistency', size: 10 })
    deepEqual(await witness.answer(await four.question({ ...FORGED, size: 20 })), {
      verdict: 'reject',
      reason: 'old-size-differs',
      size: 10,
    })
    deepEqual(witness.forks(), [])
  })

  test('a node whose own log went backwards or changed signs no checkpoint, and says so', async () => {
    const stores = [1, 2, 3, 4].map(() => new MemoryCosigned())
    {
      await using four = new Four(stores)
      four.node(0).log.grow(10)
      four.node(0).cosigning.changed()
      await four.run(200)
    }
    for (const [count, change] of [
      [8, 0],
      [12, 1],
    ] as const) {
      await using four = new Four(stores)
      four.node(0).log.grow(count, change)
      four.node(0).cosigning.changed()
      await four.run(200)
      equal(four.node(0).cosigning.checkpoint(), undefined)
      deepEqual(
        four.node(0).troubles.map(({ code }) => code),
        ['TC_STAMP_LOG'],
      )
    }
  })
})

describe('T-69: strangers', () => {
  test('are not witnessed; other networks neither', async () => {
    await using four = new Four()
    const stranger = memorySigner({ seed: new Uint8Array(32).fill(99) })
    const { witness } = four.node(1).cosigning
    for (const [signer, network] of [
      [stranger, NETWORK],
      [four.node(0).signer, new Uint8Array(32)],
    ] as const) {
      const key = nodeNoteKey(network, signer.nodeId, 'ed25519')
      const text = checkpointText({ size: 1, root: merkleSha256.empty(), origin: key.name, extensions: [] })
      const note = { text, signatures: [noteSignatureOf(key, await signer.signNote(text))] }
      deepEqual(await witness.answer(encodeWitnessRequest({ oldSize: 0, proof: [], note })), {
        verdict: 'reject',
        reason: 'log-unknown',
        size: undefined,
      })
      equal(encodeNote(note).includes(key.name), true)
    }
    deepEqual(await witness.answer('x'), { verdict: 'reject', reason: 'malformed-witness-request', size: undefined })
  })

  test('who copies a log’s line does not swell what its witness serves, nor what it checks', async () => {
    await using four = new Four()
    const { witness } = four.node(1).cosigning
    const [head = '', line = ''] = (await four.question({ size: 1, root: FORGED.root })).split(/(?=— )/)
    equal((await witness.answer(`${head}${line.repeat(250)}`)).verdict, 'accept')
    const { origin } = four.node(0).cosigning
    const note = openNote(witness.cosigned(hexOf(sha256(new TextEncoder().encode(origin)))) ?? '')
    ok(note.verdict === 'accept')
    equal(note.value.signatures.length, 2)
  })

  test('get no answer over the network', async () => {
    await using four = new Four()
    const network = four.hub.join(nodeIdText(memorySigner({ seed: new Uint8Array(32).fill(98) }).nodeId))
    const body = new TextEncoder().encode(await four.question({ size: 1, root: merkleSha256.empty() }))
    const asked = network
      .request(four.node(1).network.peerId, protocol, {
        body: () => body,
        responseBytesMax: COSIGN_LIMITS.responseBytesMax,
        signal: new AbortController().signal,
      })
      .then(
        () => 'answered',
        (error: ChimerError) => error.code,
      )
    await four.run(100)
    equal(await asked, 'TC_NET_REFUSED')
    await network[Symbol.asyncDispose]()
  })
})

test('closed, nothing is left to run', async () => {
  const four = new Four()
  four.node(0).log.grow(3)
  four.node(0).cosigning.changed()
  await four.run(50)
  await four[Symbol.asyncDispose]()
  await four.run(30_000)
  equal(four.world.pending, 0)
})
