/** Promises that were broken, shown to anybody, and that nobody is framed. Rules T-30 to T-34. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { hashScheme } from '../consensus/light-chain.test-kit.ts'
import { merkleSha256, sha256, sha3 } from '../crypto/index.ts'
import { encodeBatch, encodeBrokenPromise, makeMissedPromise, openBrokenPromise, verifyBrokenPromise } from './index.ts'
import type {
  BrokenPromise,
  ContradictedPromise,
  MissedPromise,
  Receipt,
  ReceiptBody,
  ShownBrokenPromise,
} from './index.ts'
import { StampedChainMaker } from './stamp-chain.test-kit.ts'

const scheme = hashScheme()
const { verifier } = scheme
const maker = new StampedChainMaker({ scheme, batchSize: 5, heightPromised: 15, chain: { heightLast: 20 } })
const { chain } = maker
const trust = maker.trust()
const random32 = sha3(Uint8Array.of(1))

const receiptOf = (number: number, change: Partial<ReceiptBody> = {}): Receipt =>
  maker.signedReceipt({ ...maker.receiptBody(), node: scheme.keyOf(number), ...change }, number)

/** The evidence of a receipt, as far as the chain has it. */
const missedOf = (receipt: Receipt, span: { readonly from?: number; readonly to?: number } = {}): MissedPromise => {
  const { from = receipt.heightNewest + 1, to = receipt.heightPromised } = span
  const blocks = Array.from({ length: to - from + 2 }, (_, i) => chain.blockAt(from + i))
  return makeMissedPromise({
    receipt,
    transactions: blocks.slice(0, -1).map(({ body }) => body.transactions.map(({ bytes }) => bytes)),
    headers: blocks.map(({ header }) => header),
    validators: chain.setAt(to + 1),
    commit: chain.commitAt(to + 1),
    genesisKeys: maker.genesis.members.map(({ key }) => key),
    trusted: chain.setAt(1),
  })
}

/** As it comes from its bytes. */
const judged = (broken: BrokenPromise): ShownBrokenPromise | string => {
  const opened = openBrokenPromise(encodeBrokenPromise(broken))
  if (opened.verdict !== 'accept') return opened.reason
  deepEqual(opened.value, broken)
  const found = verifyBrokenPromise(opened.value, { trust, verifier })
  return found.verdict === 'accept' ? found.value : found.reason
}

describe('a promise that was missed', () => {
  // Node 2 never stamps; blocks up to 15 have node 1's batch and everybody's marks.
  const silent = receiptOf(2)
  const missed = missedOf(silent)

  test('is shown, with when', () =>
    deepEqual(judged(missed), {
      kind: 'missed',
      node: scheme.keyOf(2),
      name: 'node-2',
      position: silent.position,
      heightPromised: 15,
      brokenBy: chain.timeOf(15).latest,
    }))

  test('one that was kept is not', () => {
    equal(judged(missedOf(receiptOf(1))), 'promise-kept')
    // The batch covers this position too, and not the next.
    const { logSize } = maker.batch()
    equal(judged(missedOf(receiptOf(1, { position: logSize - 1 }))), 'promise-kept')
    const next = judged(missedOf(receiptOf(1, { position: logSize })))
    ok(typeof next === 'object' && next.position === logSize)
  })

  test('nor by leaving out what keeps it', () => {
    const honest = missedOf(receiptOf(1))
    const without = honest.transactions.map((list, i) =>
      i === 1 ? list.filter((_, at) => at !== maker.packed().at) : list,
    )
    equal(judged({ ...honest, transactions: without }), 'stamp-wrong-headers')
    equal(judged({ ...honest, transactions: honest.transactions.map(() => []) }), 'stamp-wrong-headers')
  })

  for (const [name, span] of [
    ['blocks that begin too late', { from: 13 }],
    ['blocks that end too soon', { to: 11 }],
    ['blocks that begin too soon', { from: 10 }],
    ['blocks that go on', { to: 16 }],
  ] as const)
    test(name, () => equal(judged(missedOf(receiptOf(1), span)), 'promise-other-blocks'))

  test('a list of transactions too few', () =>
    equal(judged({ ...missed, transactions: missed.transactions.slice(1) }), 'promise-other-blocks'))

  for (const [name, broken, reason] of [
    [
      'a receipt that its node did not sign',
      { ...missed, receipt: { ...silent, node: scheme.keyOf(3) } },
      'stamp-wrong-receipt',
    ],
    ['a receipt of another position', { ...missed, receipt: { ...silent, position: 2 ** 31 } }, 'stamp-wrong-receipt'],
    [
      'bytes that are no transaction',
      { ...missed, transactions: missed.transactions.with(0, [random32]) },
      'promise-malformed-transaction',
    ],
    [
      'too few votes',
      { ...missed, voted: { ...missed.voted, votes: { round: 0, signatures: [] } } },
      'stamp-too-few-votes',
    ],
    [
      'votes of another round',
      { ...missed, voted: { ...missed.voted, votes: { ...missed.voted.votes, round: 1 } } },
      'stamp-wrong-vote',
    ],
    ['other heights', { ...missed, voted: { ...missed.voted, height: 12 } }, 'promise-other-blocks'],
    ['another parent', { ...missed, voted: { ...missed.voted, parent: random32 } }, 'stamp-wrong-headers'],
    [
      'validators without one',
      { ...missed, voted: { ...missed.voted, validators: missed.voted.validators.slice(1) } },
      'stamp-wrong-validators',
    ],
    ['a bridge of any bytes', { ...missed, voted: { ...missed.voted, bridge: random32 } }, 'stamp-wrong-bridge'],
  ] as const)
    test(name, () => equal(judged(broken), reason))

  test('another network', () => {
    const found = verifyBrokenPromise(missed, { trust: { ...trust, networkId: random32 }, verifier })
    deepEqual(found, { verdict: 'reject', reason: 'stamp-wrong-network' })
  })

  test("a chain of strangers' making", () => {
    const own = new StampedChainMaker({
      scheme,
      batchSize: 5,
      heightPromised: 15,
      chain: { heightLast: 20, voters: () => [[100, 1n]] },
    })
    const blocks = Array.from({ length: 6 }, (_, i) => own.chain.blockAt(11 + i))
    const broken = makeMissedPromise({
      receipt: receiptOf(2),
      transactions: blocks.slice(0, -1).map(({ body }) => body.transactions.map(({ bytes }) => bytes)),
      headers: blocks.map(({ header }) => header),
      validators: own.chain.setAt(16),
      commit: own.chain.commitAt(16),
      genesisKeys: maker.genesis.members.map(({ key }) => key),
      trusted: own.chain.setAt(1),
    })
    equal(judged(broken), 'stamp-too-little-trusted')
  })
})

describe('a promise that is contradicted', () => {
  /** A whole log of node 3, and the receipt of one of its entries. */
  const leaves = Array.from({ length: 11 }, (_, i) => sha256(Uint8Array.of(i)))
  const logged = (size: number, sequence: number) =>
    maker.transaction(3, {
      kind: 'stamp',
      sequence,
      payload: encodeBatch({
        logSize: size,
        batchRoot: merkleSha256.rootOfHashes(leaves.slice(7, size)),
        logRoot: merkleSha256.rootOfHashes(leaves.slice(0, size)),
      }),
    })
  const evidence = (position: number, leaf: Uint8Array, size = 11): ContradictedPromise => ({
    kind: 'contradicted',
    receipt: receiptOf(3, { position, leaf }),
    transaction: logged(size, 4).bytes,
    leaf: leaves[position] ?? random32,
    path: merkleSha256.pathOfHashes(leaves.slice(0, size), Math.min(position, size - 1)),
  })

  test('is shown', () => {
    for (const position of [0, 7, 10]) {
      const found = judged(evidence(position, random32))
      ok(typeof found === 'object')
      deepEqual(
        [found.kind, found.name, found.position, found.brokenBy],
        ['contradicted', 'node-3', position, undefined],
      )
    }
  })

  test('an honest log is not, by whatever leaf and path of it', () => {
    for (const [position, leaf] of leaves.entries())
      for (const [at, other] of leaves.entries())
        for (const size of [8, 10, 11]) {
          const held = leaves.slice(0, size)
          const path = merkleSha256.pathOfHashes(held, Math.min(at, size - 1))
          equal(judged({ ...evidence(position, leaf, size), leaf: other, path }), 'promise-not-contradicted')
        }
  })

  const shown = evidence(7, random32)
  for (const [name, broken, reason] of [
    [
      'a transaction of another node',
      { ...shown, transaction: maker.packed().transactions[3]?.bytes ?? random32 },
      'stamp-wrong-transaction',
    ],
    [
      'a transaction of another kind',
      { ...shown, transaction: maker.transaction(3, { kind: 'mark', payload: random32 }).bytes },
      'stamp-wrong-transaction',
    ],
    [
      'a signature that is not true',
      { ...shown, transaction: shown.transaction.slice().fill(1, -64) },
      'stamp-wrong-transaction',
    ],
    ['bytes that are none', { ...shown, transaction: random32 }, 'promise-malformed-transaction'],
    ['a path that is cut', { ...shown, path: shown.path.slice(1) }, 'promise-not-contradicted'],
    ['a log that does not reach there', evidence(9, random32, 8), 'promise-not-contradicted'],
    [
      'a receipt of another node',
      { ...shown, receipt: { ...shown.receipt, node: scheme.keyOf(1) } },
      'stamp-wrong-receipt',
    ],
  ] as const)
    test(name, () => equal(judged(broken), reason))

  test('bytes of anybody', () => {
    const whole = [encodeBrokenPromise(shown), encodeBrokenPromise(missedOf(receiptOf(2)))]
    fc.assert(
      fc.property(fc.constantFrom(...whole), fc.nat(), fc.nat(255), (bytes, at, byte) => {
        const given = bytes.with(at % bytes.length, byte)
        const opened = openBrokenPromise(given)
        if (opened.verdict !== 'accept') return
        deepEqual(encodeBrokenPromise(opened.value), given)
        const found = verifyBrokenPromise(opened.value, { trust, verifier })
        // Of what is signed, nothing can be changed.
        if (found.verdict === 'accept')
          ok(found.value.position === 7 || found.value.node.every((one, i) => one === scheme.keyOf(2)[i]))
      }),
      { numRuns: fuzzRuns(300) },
    )
  })
})
