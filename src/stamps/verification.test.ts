/** Verifying: what is believed, and what a liar may try, each with the link and the reason that refuse it. Rules T-21 to T-27. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NS_PER_DAY, NS_PER_MS, hexOf } from '../base/index.ts'
import { blockIdOf, bytesOfBlockId, encodeLightProof, makeLightProof, weightsRoot } from '../consensus/index.ts'
import { ed25519Scheme, hashScheme, networkId } from '../consensus/light-chain.test-kit.ts'
import { merkleOurs, merkleSha256, sha3 } from '../crypto/index.ts'
import {
  STAMP_LINKS,
  STAMP_REASONS,
  encodeStampProof,
  imprintOf,
  makeStampProof,
  openStampProof,
  prefetchedVerifier,
  readCheckpoint,
  signaturesOf,
  verifyStamp,
  withSalt,
} from './index.ts'
import type { StampEntry, StampProof, StampReason, StampTrust, StampVerifying, VerifiedStamp } from './index.ts'
import { StampedChainMaker, stampedChain } from './stamp-chain.test-kit.ts'
import type { StampedChain, StampedChainOptions } from './stamp-chain.test-kit.ts'
import { verifyStampInParallel } from './io/parallel-verifier.ts'

const scheme = hashScheme()
const { verifier } = scheme
const quick = (options: StampedChainOptions = {}): StampedChain => stampedChain({ scheme, batchSize: 20, ...options })
const plain = quick()
const random32 = sha3(Uint8Array.of(1))

const said = (proof: StampProof, options: Partial<StampVerifying> = {}): string => {
  const found = verifyStamp(proof, { trust: plain.trust, digest: plain.digest, verifier, ...options })
  return found.verdict === 'accept' ? 'accept' : `${found.link}: ${found.reason}`
}
const verified = (chain: StampedChain, options: Partial<StampVerifying> = {}): VerifiedStamp => {
  const found = verifyStamp(chain.proof, { trust: chain.trust, digest: chain.digest, verifier, ...options })
  if (found.verdict !== 'accept') throw new TypeError(`refused: ${found.link} ${found.reason}`)
  return found.value
}
const turned = (bytes: Uint8Array): Uint8Array => bytes.with(0, (bytes[0] ?? 0) ^ 1)
const firstOf = <T>(list: readonly T[]): T => {
  const [first] = list
  if (first === undefined) throw new TypeError('an empty list')
  return first
}

describe('what is believed', () => {
  test('the facts', () => {
    const { chain } = plain
    const found = verified(plain)
    const { blockTime, interval, beacon, attestedBy, receipt } = found
    deepEqual([found.height, found.block], [12, chain.blockAt(12).id])
    deepEqual(blockTime, chain.timeOf(12))
    deepEqual(interval, { notBefore: chain.timeOf(10).earliest, notAfter: chain.timeOf(12).latest })
    deepEqual(beacon, { height: 10, block: chain.blockAt(10).id })
    deepEqual([attestedBy.count, attestedBy.of], [5, 7])
    ok(3n * attestedBy.weight > 2n * attestedBy.total)
    equal(attestedBy.names.length, 5)
    deepEqual([receipt.name, receipt.position, receipt.heightPromised], ['node-1', 1_000_006, 30])
    deepEqual(found.sources, ['ntp', 'nts', 'gps'])
    deepEqual([found.isDigestChecked, found.isSalted, found.isPromiseKept, found.emergency], [true, false, true, false])
    deepEqual([found.trustedHeight, found.isBridged], [0, false])
  })

  test('true signatures, one after the other and side by side', async () => {
    const real = stampedChain({ scheme: ed25519Scheme(), batchSize: 20 })
    const options = { trust: real.trust, digest: real.digest }
    const one = verifyStamp(real.proof, options)
    equal(one.verdict, 'accept')
    deepEqual(await verifyStampInParallel(real.proof, options), one)
    equal(signaturesOf(real.proof, options).length, 2 + 5)
    const signatures = real.proof.votes.signatures.map((vote, i) =>
      i === 3 ? { ...vote, signature: turned(vote.signature) } : vote,
    )
    const forged = { ...real.proof, votes: { ...real.proof.votes, signatures } }
    deepEqual(await verifyStampInParallel(forged, options), verifyStamp(forged, options))
    equal(said(forged, { ...options, verifier: real.scheme.verifier }), 'votes: stamp-wrong-vote')
  })

  test('answers that were fetched are for their own claims alone', () => {
    const checked = signaturesOf(plain.proof, { trust: plain.trust }).map((claim) => ({ claim, isTrue: true }))
    const fetched = prefetchedVerifier(checked, { verify: () => false })
    const claim = firstOf(checked).claim
    equal(fetched.verify({ ...claim, signature: turned(claim.signature) }), false)
    equal(fetched.verify(claim), true)
    equal(fetched.verify(claim), false)
  })

  for (const [name, options] of [
    ['without a beacon', { beaconBack: 0 }],
    ['with the parent as the beacon', { beaconBack: 1 }],
    ['with a beacon five blocks before', { beaconBack: 5 }],
    ['in a batch of one', { batchSize: 1 }],
    ['in a batch of 257', { batchSize: 257 }],
    ['by one validator', { validators: 1, node: 0 }],
    ['in the first block', { height: 1, beaconBack: 0 }],
    ['with a salt', { salt: new Uint8Array(16).fill(9) }],
    ['of SHA-512', { algorithm: 'sha-512' }],
    ['of SHA-384, salted', { algorithm: 'sha-384', salt: new Uint8Array(32).fill(7) }],
    ['of SHA3-256', { algorithm: 'sha3-256' }],
  ] as const)
    test(name, () => {
      const chain = quick(options)
      const opened = openStampProof(chain.bytes)
      ok(opened.verdict === 'accept')
      deepEqual(opened.value, chain.proof)
      const found = verified({ ...chain, proof: opened.value })
      equal(found.beacon === undefined, 'beaconBack' in options && options.beaconBack === 0)
      equal(found.interval.notBefore === undefined, found.beacon === undefined)
    })

  test('a beacon that is too far: an upper bound alone, and still the same stamp', () => {
    const late = quick({ height: 200, beaconBack: 150 })
    equal(late.proof.headers.length, 2)
    const opened = openStampProof(late.bytes)
    ok(opened.verdict === 'accept')
    deepEqual(opened.value, late.proof)
    const found = verified(late)
    deepEqual([found.isBeaconApart, found.beacon, found.interval.notBefore], [true, undefined, undefined])
    const trust = { trust: late.trust, digest: late.digest }
    equal(said({ ...late.proof, beaconApart: random32 }, trust), 'receipt: stamp-wrong-receipt')
    equal(said({ ...late.proof, beaconApart: new Uint8Array(0) }, trust), 'receipt: stamp-wrong-receipt')
    equal(verified(quick({ height: 200, beaconBack: 126 })).isBeaconApart, false)
  })

  test('a promise that was not kept is told, and nothing else suffers', () => {
    const late = quick({ heightPromised: 11 })
    equal(verified(late).isPromiseKept, false)
  })

  test('without a digest the imprint alone', () => {
    const found = verifyStamp(plain.proof, { trust: plain.trust, verifier })
    ok(found.verdict === 'accept')
    equal(found.value.isDigestChecked, false)
    equal(hexOf(found.value.imprint), hexOf(plain.digest.digest))
  })
})

/** A proof in which some of what is voted for was changed, with the marks of what it now leads to. */
const remarked = (proof: StampProof, marks: Partial<StampProof['marks']>): StampProof => ({
  ...proof,
  marks: { ...proof.marks, ...marks },
})
const mark = (root: Uint8Array): Uint8Array => root.slice(0, 4)
const header = (proof: StampProof, place: number, change: Partial<StampProof['headers'][number]>): StampProof => ({
  ...proof,
  headers: proof.headers.map((one, i) => (i === place ? { ...one, ...change } : one)),
})
const votes = (proof: StampProof, signatures: StampProof['votes']['signatures']): StampProof => ({
  ...proof,
  votes: { ...proof.votes, signatures },
})
const { proof } = plain
const maker = new StampedChainMaker({ scheme, batchSize: 20 })
const signedBy = (number: number, change: object): StampProof['receipt'] => {
  const {
    networkId: _n,
    node: _k,
    leaf: _l,
    ...rest
  } = maker.signedReceipt({ ...maker.receiptBody(), ...change }, number)
  return rest
}
const [vote] = proof.votes.signatures

const LIES: readonly (readonly [string, StampProof, string])[] = [
  ['another thing', { ...proof, imprint: random32 }, 'imprint: stamp-wrong-digest'],
  ['a salt that was not', withSalt(proof, new Uint8Array(16)), 'imprint: stamp-wrong-digest'],
  ['another algorithm', { ...proof, algorithm: 'sha3-256' }, 'imprint: stamp-wrong-algorithm'],
  ['another beacon', { ...proof, parent: random32 }, 'receipt: stamp-wrong-receipt'],
  ['a beacon that was not mixed in', { ...proof, hasBeacon: false }, 'receipt: stamp-wrong-receipt'],
  [
    'an author where nobody is',
    { ...proof, transaction: { ...proof.transaction, author: 7 } },
    'receipt: stamp-unknown-key',
  ],
  [
    'an author by key who has a place',
    { ...proof, transaction: { ...proof.transaction, author: scheme.keyOf(1) } },
    'receipt: stamp-unknown-key',
  ],
  ['another author', { ...proof, transaction: { ...proof.transaction, author: 0 } }, 'receipt: stamp-wrong-receipt'],
  ['a receipt of another node', { ...proof, receipt: signedBy(2, {}) }, 'receipt: stamp-wrong-receipt'],
  [
    'a receipt of another time',
    { ...proof, receipt: { ...proof.receipt, heightNewest: 9 } },
    'receipt: stamp-wrong-receipt',
  ],
  [
    'a place in the group that its path does not fit',
    { ...proof, receipt: { ...proof.receipt, group: { ...proof.receipt.group, size: 3, index: 2 } } },
    'receipt: stamp-wrong-receipt',
  ],
  [
    'a path in the batch',
    { ...proof, batch: { ...proof.batch, path: proof.batch.path.slice(1) } },
    'tree: stamp-not-in-batch',
  ],
  [
    'another path in the batch',
    { ...proof, batch: { ...proof.batch, path: proof.batch.path.with(0, random32) } },
    'tree: stamp-not-in-batch',
  ],
  ['a mark of the batch', remarked(proof, { batchRoot: Uint8Array.of(0, 0, 0, 0) }), 'tree: stamp-not-in-batch'],
  [
    'another batch, marked so',
    (() => {
      const { leaf } = plain.parts.receipt
      const path = proof.batch.path.with(0, random32)
      const root = merkleSha256.rootOfPath({ leaf, ...proof.batch, path })
      return remarked({ ...proof, batch: { ...proof.batch, path } }, { batchRoot: mark(root ?? random32) })
    })(),
    'transaction: stamp-wrong-transaction',
  ],
  [
    'a position that the log does not have it at, signed by the node',
    { ...proof, receipt: signedBy(1, { position: 1_000_009 }) },
    'transaction: stamp-wrong-transaction',
  ],
  [
    'the signature of a transaction of another kind',
    {
      ...proof,
      transaction: {
        ...proof.transaction,
        signature: maker.transaction(1, { kind: 'mark', payload: random32, sequence: 7 }).transaction.signature,
      },
    },
    'transaction: stamp-wrong-transaction',
  ],
  [
    'another root of the log',
    { ...proof, transaction: { ...proof.transaction, logRoot: random32 } },
    'transaction: stamp-wrong-transaction',
  ],
  [
    'another place in the block',
    { ...proof, transaction: { ...proof.transaction, index: 2 } },
    'block: stamp-not-in-block',
  ],
  ['no path in the block', { ...proof, transaction: { ...proof.transaction, path: [] } }, 'block: stamp-not-in-block'],
  [
    'another block, marked so',
    (() => {
      const { sealed } = plain.parts.transaction
      const path = proof.transaction.path.with(0, random32)
      const root = merkleOurs.rootOfPath({ ...proof.transaction, path, leaf: merkleOurs.leaf(sealed.bytes) })
      const moved = { ...proof, transaction: { ...proof.transaction, path } }
      return remarked(moved, { transactionsRoot: mark(root ?? random32) })
    })(),
    'headers: stamp-wrong-headers',
  ],
  ['headers that leave one out', { ...proof, headers: proof.headers.slice(1) }, 'headers: stamp-wrong-headers'],
  [
    'headers in another order',
    { ...proof, headers: [proof.headers[1], proof.headers[0], proof.headers[2]].filter((one) => one !== undefined) },
    'headers: stamp-wrong-headers',
  ],
  ['headers of other heights', { ...proof, height: proof.height + 1 }, 'headers: stamp-wrong-headers'],
  [
    'another time',
    header(proof, 2, { time: { ...plain.chain.timeOf(12), earliest: 5n } }),
    'headers: stamp-wrong-headers',
  ],
  ['a proposer where nobody is', header(proof, 0, { proposer: 9 }), 'headers: stamp-wrong-headers'],
  [
    'the root of the validators, though it follows',
    header(proof, 0, { weightsRoot: weightsRoot(plain.parts.validators) }),
    'headers: stamp-wrong-headers',
  ],
  ['no root of transactions', header(proof, 0, { transactionsRoot: null }), 'headers: stamp-wrong-headers'],
  ['an emergency that was not', header(proof, 1, { emergency: true }), 'headers: stamp-wrong-headers'],
  [
    'validators without the first',
    { ...proof, validators: proof.validators.slice(1) },
    'weights: stamp-wrong-validators',
  ],
  [
    'a validator twice',
    { ...proof, validators: [firstOf(proof.validators), ...proof.validators] },
    'weights: stamp-wrong-validators',
  ],
  [
    'a validator twice, once by key',
    { ...proof, validators: [...proof.validators, { key: scheme.keyOf(3), weight: 1n }] },
    'weights: stamp-wrong-validators',
  ],
  [
    'a validator without weight',
    { ...proof, validators: proof.validators.map((one, i) => (i === 2 ? { ...one, weight: 0n } : one)) },
    'weights: stamp-wrong-validators',
  ],
  [
    'more weight for one',
    { ...proof, validators: proof.validators.map((one, i) => (i === 2 ? { ...one, weight: 9n ** 9n } : one)) },
    'weights: stamp-wrong-validators',
  ],
  [
    'validators in another order',
    { ...proof, validators: proof.validators.toReversed() },
    'weights: stamp-wrong-validators',
  ],
  [
    'no validators',
    { ...proof, validators: [], votes: { round: 0, signatures: [] } },
    'weights: stamp-wrong-validators',
  ],
  ['too few votes', votes(proof, proof.votes.signatures.slice(1)), 'votes: stamp-too-few-votes'],
  ['no votes', votes(proof, []), 'votes: stamp-too-few-votes'],
  [
    'a vote twice',
    votes(proof, vote === undefined ? [] : [vote, ...proof.votes.signatures.slice(0, 4)]),
    'votes: stamp-wrong-vote',
  ],
  [
    'a vote of nobody',
    votes(proof, vote === undefined ? [] : [...proof.votes.signatures, { ...vote, index: 7 }]),
    'votes: stamp-wrong-vote',
  ],
  [
    'a vote in the name of another',
    votes(
      proof,
      proof.votes.signatures.map(({ signature }, i) => ({ signature, index: i + 2 })),
    ),
    'votes: stamp-wrong-vote',
  ],
  ['votes of another round', { ...proof, votes: { ...proof.votes, round: 1 } }, 'votes: stamp-wrong-vote'],
  ['a bridge of any bytes', { ...proof, bridge: random32 }, 'trust: stamp-wrong-bridge'],
  ['another network', { ...proof, networkId: random32 }, 'trust: stamp-wrong-network'],
]

describe('what a liar may try', () => {
  for (const [name, lie, expected] of LIES) test(name, () => equal(said(lie), expected))

  test('everything changed and marked anew fails at the votes', () => {
    const changed = header(proof, 1, { stateRoot: random32 })
    equal(said(changed), 'headers: stamp-wrong-headers')
    const ids: string[] = []
    for (const [place, one] of plain.parts.headers.entries())
      ids.push(blockIdOf({ ...one, parent: ids.at(-1) ?? one.parent, ...(place === 1 ? { stateRoot: random32 } : {}) }))
    const forged = bytesOfBlockId(ids.at(-1) ?? '')
    equal(said(remarked(changed, { block: mark(forged) })), 'votes: stamp-wrong-vote')
  })

  test("a whole chain of one's own is trusted by nobody", () => {
    const strangers = quick({ chain: { voters: () => Array.from({ length: 7 }, (_, i) => [100 + i, 10n]) } })
    const trust = { ...strangers.trust, light: plain.trust.light }
    equal(said(strangers.proof, { trust }), 'trust: stamp-too-little-trusted')
  })

  test('the genesis as a beacon', () => {
    class OfGenesis extends StampedChainMaker {
      override entry(): StampEntry {
        return { algorithm: 'sha-256', imprint: this.digest.digest, beacon: hexOf(networkId) }
      }
    }
    const first = new OfGenesis({ scheme, batchSize: 3, height: 1, beaconBack: 1 })
    equal(said(makeStampProof(first.parts()), { trust: first.trust() }), 'beacon: stamp-wrong-beacon')
  })

  test('another digest, another algorithm', () => {
    const digest = { algorithm: 'sha-256', digest: imprintOf('sha-256', random32) } as const
    equal(said(proof, { digest }), 'imprint: stamp-wrong-digest')
    equal(said(proof, { digest: { algorithm: 'sha-512', digest: random32 } }), 'imprint: stamp-wrong-algorithm')
    const salted = quick({ salt: new Uint8Array(16).fill(3) })
    equal(said(withSalt(salted.proof, new Uint8Array(0))), 'imprint: stamp-wrong-digest')
  })
})

const checkpointAt = (chain: StampedChain, height: number, options: StampedChainOptions = {}): StampTrust => {
  const read = readCheckpoint(new StampedChainMaker({ scheme, batchSize: 20, ...options }).checkpoint(height))
  if (read.verdict !== 'accept') throw new TypeError(read.reason)
  equal(read.value.light.block, chain.chain.blockAt(height).id)
  return read.value
}

describe('what is trusted', () => {
  for (const height of [1, 5, 9, 10, 11, 12, 13])
    test(`a checkpoint of height ${height}`, () => {
      equal(verified(plain, { trust: checkpointAt(plain, height) }).trustedHeight, height)
    })

  test('a checkpoint after the stamp', () => {
    const longer = quick({ chain: { heightLast: 20 } })
    const trust = checkpointAt(longer, 14, { chain: { heightLast: 20 } })
    equal(said(plain.proof, { trust }), 'trust: stamp-before-checkpoint')
  })

  test('the age of a checkpoint is asked for, that of the genesis is not', () => {
    const trust = checkpointAt(plain, 5)
    const at = trust.asOf ?? 0n
    const periodNs = 14n * NS_PER_DAY
    const old = (now: bigint) => ({ periodNs, now: { earliest: now - NS_PER_MS, latest: now } })
    equal(said(proof, { trust: { ...trust, period: old(at + periodNs) } }), 'accept')
    equal(said(proof, { trust: { ...trust, period: old(at + periodNs + 1n) } }), 'trust: stamp-trust-expired')
    equal(said(proof, { trust: { ...plain.trust, period: old(at + 1000n * periodNs) } }), 'accept')
  })

  for (const height of [9, 10, 11, 12, 13])
    test(`a checkpoint of another block of height ${height} that the headers pass`, () => {
      const trust = checkpointAt(plain, height)
      const other = { ...trust, light: { ...trust.light, block: hexOf(random32) } }
      // Height 9 is before the beacon's block: its block is not among the headers.
      equal(said(proof, { trust: other }), height === 9 ? 'accept' : 'trust: stamp-other-chain')
    })

  const moving = {
    epochSlots: 5,
    voters: (epoch: number) => Array.from({ length: 7 }, (_, i) => [3 * epoch + i, 10n] as const),
  }
  const far = quick({ height: 23, node: 12, chain: moving })
  const bridgedTo = (to: number, from = 0): Uint8Array => {
    const made = makeLightProof(far.chain, { from, to })
    if (made.verdict !== 'accept') throw new TypeError(made.reason)
    return encodeLightProof(made.value)
  }

  test('voters who have changed, by a bridge alone', () => {
    equal(said(far.proof, { trust: far.trust }), 'trust: stamp-too-little-trusted')
    for (const to of [15, 20, 23]) {
      const bridged = { ...far, proof: { ...far.proof, bridge: bridgedTo(to) } }
      const opened = openStampProof(encodeStampProof(bridged.proof))
      ok(opened.verdict === 'accept')
      deepEqual([verified(bridged).isBridged, verified(bridged).trustedHeight], [true, 0])
    }
    equal(said(far.proof, { trust: checkpointAt(far, 18, { height: 23, node: 12, chain: moving }) }), 'accept')
  })

  test('a bridge to elsewhere', () => {
    const short = { ...far.proof, bridge: bridgedTo(2) }
    equal(said(short, { trust: far.trust }), 'trust: stamp-too-little-trusted')
    const beyond = quick({ height: 23, node: 12, chain: { ...moving, heightLast: 40 } })
    const made = makeLightProof(beyond.chain, { from: 0, to: 30 })
    ok(made.verdict === 'accept')
    const past = { ...beyond.proof, bridge: encodeLightProof(made.value) }
    equal(said(past, { trust: beyond.trust }), 'trust: stamp-wrong-bridge')
    const start = { ...far.proof, bridge: bridgedTo(20, 10) }
    equal(said(start, { trust: far.trust }), 'trust: stamp-wrong-bridge')
  })
})

test('every link and every reason is met above', () => {
  const met = new Set(LIES.map(([, , expected]) => expected))
  const links = new Set([...met].map((one) => one.split(':')[0]))
  deepEqual(
    [...STAMP_LINKS].filter((link) => !links.has(link)),
    ['beacon'],
  )
  const elsewhere: readonly StampReason[] = [
    'stamp-wrong-beacon',
    'stamp-before-checkpoint',
    'stamp-trust-expired',
    'stamp-other-chain',
    'stamp-too-little-trusted',
  ]
  const reasons = new Set([...met].map((one) => one.split(': ')[1]))
  deepEqual(
    STAMP_REASONS.filter((reason) => !reasons.has(reason)),
    elsewhere,
  )
})
