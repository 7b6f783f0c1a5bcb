/** The light client: what convinces it, how far it skips, and that nothing else convinces it. Rules B-100 to B-112. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, bytesOfHex } from '../base/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import type { Admission } from '../base/index.ts'
import { sealAttestation, sealTimeProof } from '../proofs/index.ts'
import {
  LIGHT_KINDS,
  LIGHT_REASONS,
  LightClient,
  encodeLightProof,
  fewestEntries,
  makeInclusion,
  makeLightProof,
  openLightProof,
  sealTransaction,
  trustedWeight,
} from './index.ts'
import type { Commit, Header, LightInclusion, LightProof, LightStep, VerifiedHeader } from './index.ts'
import { LightChain, ed25519Scheme, hashScheme, networkId } from './light-chain.test-kit.ts'
import type { LightChainOptions } from './light-chain.test-kit.ts'

const scheme = hashScheme()
const FAR = 100_000

/** `count` voters of weight 10, of whom `renewed` are others in each epoch: the oldest go, new ones come. */
const voters =
  (count: number, renewed: number) =>
  (epoch: number): readonly (readonly [number, bigint])[] =>
    Array.from({ length: count }, (_, i) => [epoch * renewed + i, 10n])
/** Of `count`, the greatest number whose weight is not a third: the oldest of an epoch, who do not sign. */
const oldestSilent = (count: number, renewed: number, epochSlots: number) => {
  const silent = Math.ceil(count / 3) - 1
  return (number: number, height: number): boolean => number >= Math.floor((height - 1) / epochSlots) * renewed + silent
}

const far = (options: Partial<LightChainOptions> = {}): LightChain =>
  new LightChain({
    scheme,
    heightLast: FAR + 1,
    epochSlots: 3600,
    voters: voters(20, 0),
    isLinked: (height) => height === FAR + 1,
    ...options,
  })
const near = (options: Partial<LightChainOptions> = {}): LightChain =>
  new LightChain({ scheme, heightLast: 40, epochSlots: 5, voters: voters(6, 1), ...options })

const made = <T>(admission: Admission<T>): T => {
  if (admission.verdict !== 'accept') throw new TypeError(`refused: ${admission.reason}`)
  return admission.value
}
const said = (admission: Admission<unknown>): string => (admission.verdict === 'accept' ? 'accept' : admission.reason)
const proofOf = (chain: LightChain, from: number, to: number): LightProof => made(makeLightProof(chain, { from, to }))
const verified = (chain: LightChain, from: number, proof: LightProof): Admission<VerifiedHeader> =>
  new LightClient({ trust: chain.trust(from), verifier: scheme.verifier }).verify(proof)

describe('what is shown', () => {
  test('from the genesis over a hundred thousand heights in one step, and the time that the next header settles', () => {
    const chain = far()
    const shown = made(verified(chain, 0, proofOf(chain, 0, FAR)))
    deepEqual(shown.header, chain.blockAt(FAR).header)
    equal(shown.id, chain.blockAt(FAR).id)
    deepEqual([shown.time, shown.isTimeSettled, shown.stepsCount], [chain.timeOf(FAR), true, 1])
    equal(shown.trust.height, FAR + 1)
  })

  test('of the newest height, the time that its own commit gives', () => {
    const chain = near({ heightLast: 9 })
    const shown = made(verified(chain, 0, proofOf(chain, 0, 9)))
    equal(shown.isTimeSettled, false)
    const { timestamp } = chain.timeOf(9)
    ok(shown.time.earliest <= timestamp && timestamp <= shown.time.latest)
    ok(shown.time.latest - shown.time.earliest < NS_PER_SEC)
  })

  test('from a checkpoint, to itself, and on from what was shown', () => {
    const chain = near()
    for (const [from, to] of [
      [7, 7],
      [7, 8],
      [40, 40],
      [7, 33],
    ] as const)
      equal(made(verified(chain, from, proofOf(chain, from, to))).id, chain.blockAt(to).id)
    const shown = made(verified(chain, 0, proofOf(chain, 0, 12)))
    const onwards = new LightClient({ trust: shown.trust, verifier: scheme.verifier })
    equal(made(onwards.verify(proofOf(chain, 13, 30))).id, chain.blockAt(30).id)
    // What was shown says who voted, so that the proof need not bring them.
    equal(made(onwards.verify({ ...proofOf(chain, 13, 30), start: undefined })).id, chain.blockAt(30).id)
  })

  test('with the signatures that validators make', () => {
    const real = ed25519Scheme()
    const chain = near({ scheme: real })
    const client = new LightClient({ trust: chain.trust(0), verifier: real.verifier })
    const proof = made(openLightProof(encodeLightProof(proofOf(chain, 0, 23))))
    equal(made(client.verify(proof)).id, chain.blockAt(23).id)
  })
})

describe('how far a step reaches', () => {
  for (const [count, renewed] of [
    [6, 1],
    [18, 3],
    [20, 3],
    [7, 1],
  ] as const)
    test(`${count} voters, ${renewed} others each epoch, the oldest third silent: always over two epoch ends (B-106)`, () => {
      const chain = near({
        voters: voters(count, renewed),
        isSigning: oldestSilent(count, renewed, 5),
        heightLast: 60,
      })
      for (let from = 1; from <= 40; from += 3) {
        const trusted = chain.setAt(from)
        const endOfReach = (Math.floor((from - 1) / 5) + 3) * 5
        for (let to = from + 1; to <= endOfReach; to += 1)
          ok(trusted.isOverThird(trustedWeight(trusted, chain.commitAt(to), chain.setAt(to))), `${from} to ${to}`)
      }
      const proof = proofOf(chain, 0, 59)
      equal(made(verified(chain, 0, proof)).id, chain.blockAt(59).id)
      ok(proof.steps.length <= 6)
    })

  test('whatever is asked for is shown, in no more steps than two epochs each take', () => {
    const chain = near({ heightLast: 200, isSigning: oldestSilent(6, 1, 5) })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 200 }), (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const proof = proofOf(chain, from, to)
        equal(made(verified(chain, from, proof)).id, chain.blockAt(to).id)
        ok(proof.steps.length <= 1 + Math.ceil((to - from) / 10))
      }),
      { numRuns: 25 },
    )
  })

  test('few blocks are read for it', () => {
    const chain = far({ voters: voters(18, 3), isSigning: oldestSilent(18, 3, 3600) })
    const proof = proofOf(chain, 0, FAR)
    equal(made(verified(chain, 0, proof)).id, chain.blockAt(FAR).id)
    ok(chain.blocksRead < 40 * proof.steps.length)
  })
})

describe('what does not convince', () => {
  const chain = near({ heightLast: 12, voters: voters(6, 1) })
  const proof = proofOf(chain, 3, 11)
  const withStep = (change: (step: LightStep) => LightStep): LightProof => ({
    ...proof,
    steps: proof.steps.map((step, i) => (i === 0 ? change(step) : step)),
  })
  const withCommit = (change: (commit: Commit) => Commit): LightProof =>
    withStep((step) => ({ ...step, commit: change(step.commit) }))
  const withHeader = (change: Partial<Header>): LightProof =>
    withStep((step) => ({ ...step, header: { ...step.header, ...change } }))
  const others = near({ heightLast: 12, voters: voters(6, 1), bodyOf: () => ({ lastCommit: chain.commitAt(1) }) })
  // Strangers who vote among themselves, and let one of six who are trusted sign with them.
  const strangers = near({ heightLast: 12, voters: (epoch) => (epoch === 0 ? voters(6, 1)(0) : voters(6, 1)(99)) })

  const table: readonly (readonly [name: string, proof: LightProof, reason: string])[] = [
    ['as it is', proof, 'accept'],
    [
      'a start of another network',
      { ...proof, start: { ...proof.start!, header: { ...proof.start!.header, networkId: new Uint8Array(32) } } },
      'light-wrong-network',
    ],
    ['a step of another network', withHeader({ networkId: new Uint8Array(32) }), 'light-wrong-network'],
    ['a start that is not what is trusted', proofOf(others, 3, 11), 'light-wrong-start'],
    ['no start where a checkpoint is trusted', { ...proof, start: undefined }, 'light-wrong-start'],
    ['a start at another height', proofOf(chain, 4, 11), 'light-wrong-start'],
    [
      'a start with other validators',
      { ...proof, start: { ...proof.start!, validators: chain.setAt(12) } },
      'light-wrong-validators',
    ],
    ['no steps', { ...proof, steps: [] }, 'light-without-steps'],
    ['a step back', { ...proof, steps: proofOf(chain, 1, 1).steps }, 'light-not-rising'],
    [
      'the same height, another block',
      { ...proof, steps: [{ header: others.blockAt(3).header, commit: others.commitAt(3), validators: undefined }] },
      'light-not-rising',
    ],
    ['other validators', withStep((step) => ({ ...step, validators: chain.setAt(1) })), 'light-wrong-validators'],
    ['other weights', withHeader({ weightsRoot: new Uint8Array(32) }), 'light-wrong-validators'],
    [
      'a commit of another block',
      withCommit((commit) => ({ ...commit, block: chain.blockAt(2).id })),
      'light-wrong-commit',
    ],
    [
      'a commit of another height',
      withCommit((commit) => ({ ...commit, height: commit.height + 1 })),
      'light-wrong-commit',
    ],
    ['a commit of another round', withCommit((commit) => ({ ...commit, round: 1 })), 'light-wrong-commit'],
    [
      'a signature that is another’s',
      withCommit(({ entries, ...commit }) => ({
        ...commit,
        entries: entries.map((entry, i) => ({
          ...entry,
          voteSignature: entries[(i + 1) % entries.length]!.voteSignature,
        })),
      })),
      'light-wrong-commit',
    ],
    [
      'another time than was signed',
      withCommit(({ entries, ...commit }) => ({
        ...commit,
        entries: entries.map((entry) => ({
          ...entry,
          received: { ...entry.received, latest: entry.received.latest + 1n },
        })),
      })),
      'light-wrong-commit',
    ],
    [
      'one signature counted twice',
      withCommit(({ entries, ...commit }) => ({ ...commit, entries: [entries[0]!, ...entries] })),
      'light-wrong-commit',
    ],
    ['a header that nobody signed', withHeader({ stateRoot: new Uint8Array(32) }), 'light-wrong-commit'],
    [
      'strangers',
      {
        ...proof,
        steps: [
          { header: strangers.blockAt(12).header, commit: strangers.commitAt(12), validators: strangers.setAt(12) },
        ],
        target: strangers.blockAt(11).header,
      },
      'light-too-little-trusted',
    ],
    ['a target that is not the parent', { ...proof, target: chain.blockAt(10).header }, 'light-not-parent'],
    ['a target of another chain', { ...proof, target: others.blockAt(11).header }, 'light-not-parent'],
  ]
  for (const [name, given, reason] of table)
    test(`${name}: ${reason}`, () => equal(said(verified(chain, 3, given)), reason))

  test('a checkpoint older than the period', () => {
    const period = (now: bigint) => ({ now: { earliest: now, latest: now }, periodNs: 100n * NS_PER_SEC })
    const ask = (now: bigint): string =>
      said(new LightClient({ trust: chain.trust(3), verifier: scheme.verifier, period: period(now) }).verify(proof))
    const { timestamp } = chain.timeOf(2)
    deepEqual(
      [ask(timestamp + 100n * NS_PER_SEC), ask(timestamp + 100n * NS_PER_SEC + 1n)],
      ['accept', 'light-trust-expired'],
    )
  })

  test('a third of the validators and more, but no quorum', () => {
    const still = near({ heightLast: 12, voters: voters(6, 0) })
    const [step] = proofOf(still, 3, 11).steps
    const few = (count: number): LightProof => ({
      ...proofOf(still, 3, 11),
      steps: [{ ...step!, commit: { ...step!.commit, entries: step!.commit.entries.slice(0, count) } }],
    })
    deepEqual(
      [5, 4, 3, 2].map((count) => said(verified(still, 3, few(count)))),
      ['accept', 'light-wrong-commit', 'light-wrong-commit', 'light-too-little-trusted'],
    )
  })

  test('every reason is reached', () => {
    const reached = new Set([...table.map(([, , reason]) => reason), 'light-trust-expired', 'light-not-included'])
    deepEqual(
      LIGHT_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })

  test('a third of the trusted weight and no more vouches for nothing, however many strangers agree', () => {
    // Of six trusted, two (exactly a third) sign with sixteen strangers.
    const own: readonly (readonly [number, bigint])[] = voters(6, 0)(0)
    const bought = (epoch: number): readonly (readonly [number, bigint])[] =>
      epoch === 0
        ? own
        : [[4, 10n], [5, 10n], ...voters(16, 0)(0).map(([number, weight]) => [number + 100, weight] as const)]
    const forged = near({ heightLast: 6, voters: bought })
    const at = (height: number): LightStep => ({
      header: forged.blockAt(height).header,
      commit: forged.commitAt(height),
      validators: forged.setAt(height),
    })
    const claim: LightProof = { start: undefined, steps: [at(6)], target: undefined, inclusions: [] }
    equal(said(verified(forged, 0, claim)), 'light-too-little-trusted')
  })
})

describe('what is in a block (B-111)', () => {
  const mark = (sequence: number) =>
    sealTransaction({
      networkId,
      author: scheme.keyOf(1),
      sequence,
      acted: { earliest: 1n, latest: 2n },
      kind: 'mark',
      payload: new Uint8Array(32).fill(sequence),
      signature: new Uint8Array(64),
    })
  const proofMade = (sequence: number) =>
    sealTimeProof({
      networkId,
      nodeId: scheme.keyOf(1),
      sequence,
      tai: 5n,
      uncertaintyNs: 1,
      previous: new Uint8Array(32),
      beacon: new Uint8Array(32),
      nonce: new Uint8Array(32),
      sources: [],
      signature: new Uint8Array(64),
    })
  const witnessedOf = (sequence: number) => {
    const proof = proofMade(sequence)
    const attestation = {
      proof: proof.cid,
      witness: scheme.keyOf(2),
      sentEarliest: 4n,
      receivedLatest: 6n,
      roundTripNs: 2,
    }
    return { proof, attestations: [sealAttestation({ ...attestation, signature: new Uint8Array(64) })] }
  }
  const body = {
    transactions: [1, 2, 3].map(mark),
    witnessed: [1, 2, 3, 4, 5].map(witnessedOf),
    offences: [1, 2].map((n) => ({ type: 'proofs', first: proofMade(n), second: proofMade(n + 10) }) as const),
  }
  const chain = near({ heightLast: 9, bodyOf: (height) => (height === 6 ? body : {}) })
  const asked = (inclusions: readonly LightInclusion[]): Admission<VerifiedHeader> =>
    verified(chain, 2, { ...proofOf(chain, 2, 6), inclusions })
  const block = chain.blockAt(6)
  const counts = { transaction: 3, witnessed: 5, offence: 2 } as const

  test('each thing of each list', () => {
    const all = LIGHT_KINDS.flatMap((kind) =>
      Array.from({ length: counts[kind] }, (_, index) => makeInclusion(block, kind, index)),
    )
    const question = { from: 2, to: 6, inclusions: all }
    const shown = made(
      verified(chain, 2, made(openLightProof(encodeLightProof(made(makeLightProof(chain, question)))))),
    )
    deepEqual(shown.included, all)
    deepEqual(shown.included[1]?.leaf, body.transactions[1]?.bytes)
  })

  test('and nothing else', () => {
    for (const kind of LIGHT_KINDS) {
      const one = makeInclusion(block, kind, 1)
      const wrong: readonly LightInclusion[] = [
        { ...one, leaf: Uint8Array.of(...one.leaf, 0) },
        { ...one, index: 0 },
        { ...one, path: [] },
        { ...one, halves: [new Uint8Array(32)] },
        { ...one, halves: [new Uint8Array(32), new Uint8Array(32)] },
        { ...one, halves: [...one.halves, new Uint8Array(32)] },
        ...LIGHT_KINDS.filter((other) => other !== kind).map((other) => ({ ...one, kind: other })),
      ]
      for (const claim of wrong) equal(said(asked([makeInclusion(block, kind, 0), claim])), 'light-not-included')
    }
  })
})

describe('bytes', () => {
  const chain = near({ heightLast: 22 })
  const proof = proofOf(chain, 2, 21)
  const bytes = encodeLightProof(proof)

  test('read back as they were', () => {
    deepEqual(made(openLightProof(bytes)), proof)
    deepEqual(encodeLightProof(made(openLightProof(bytes))), bytes)
    equal(said(openLightProof(new Uint8Array(4_194_305))), 'too-large')
    for (const none of [new Uint8Array(), Uint8Array.of(0xa0), bytes.subarray(1), bytes.subarray(0, -1)])
      ok(openLightProof(none).verdict === 'reject')
  })

  test('no byte can be another', () => {
    const client = new LightClient({ trust: chain.trust(2), verifier: scheme.verifier })
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = bytes.slice()
        changed[at] = (changed[at] ?? 0) ^ flip
        const opened = openLightProof(changed)
        ok(opened.verdict !== 'accept' || client.verify(opened.value).verdict === 'reject')
      }),
      { numRuns: 150 },
    )
  })

  test('anything at all is answered', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (any) => openLightProof(any).verdict === 'reject'),
      { numRuns: 100 },
    )
  })
})

test('the committed proof shows what it showed when it was made', () => {
  const vector: Vector = JSON.parse(readFileSync('test/vectors/consensus-light-proof.json', 'utf8'))
  const bytes = bytesOfHex(vector.proof)
  const network = bytesOfHex(vector.networkId)
  ok(bytes !== undefined && network !== undefined)
  const trust = {
    networkId: network,
    proposalDelayNs: BigInt(vector.proposalDelayNs),
    ...vector.checkpoint,
    validators: undefined,
  }
  const proof = made(openLightProof(bytes))
  const { id, header, time, stepsCount } = made(new LightClient({ trust, verifier: ed25519Verifier }).verify(proof))
  const written = Object.fromEntries(Object.entries(time).map(([end, ns]) => [end, String(ns)]))
  deepEqual({ height: header.height, id, time: written, steps: stepsCount }, vector.shows)
  deepEqual(encodeLightProof(proof), bytes)
})

interface Vector {
  readonly networkId: string
  readonly proposalDelayNs: string
  readonly checkpoint: { readonly height: number; readonly block: string }
  readonly proof: string
  readonly shows: unknown
}

test('of a commit, as few entries as are a quorum and more than a third of those who are trusted', () => {
  const chain = near({
    heightLast: 22,
    voters: (epoch) =>
      epoch === 0
        ? [
            [1, 10n],
            [2, 10n],
            [3, 10n],
          ]
        : [
            [1, 1n],
            [2, 1n],
            [3, 1n],
            [8, 40n],
            [9, 2n],
          ],
  })
  const [trusted, own] = [chain.setAt(1), chain.setAt(6)]
  const few = fewestEntries(trusted, chain.commitAt(6), own)
  const keys = few.entries.map(({ index }) => own.at(index)!.key)
  // The heavy one is a quorum alone, and two of the three old ones are more than a third of what is trusted.
  equal(keys.length, 3)
  ok(own.isQuorum(keys.reduce((sum, key) => sum + own.at(own.indexOf(key)!)!.weight, 0n)))
  ok(trusted.isOverThird(trustedWeight(trusted, few, own)))
})

describe('what cannot be made', () => {
  const chain = near({ heightLast: 12 })
  for (const [name, question] of [
    ['a height that is not decided', { from: 0, to: 13 }],
    ['no height', { from: 0, to: 0 }],
    ['a fraction', { from: 1.5, to: 3 }],
    ['backwards', { from: 9, to: 8 }],
  ] as const)
    test(`${name}: light-unknown-height`, () => equal(said(makeLightProof(chain, question)), 'light-unknown-height'))

  test('by a store that begins later: from its first height on, or from a genesis that reaches so far', () => {
    const late = {
      range: { first: 8, last: 12 },
      block: (height: number) => (height < 8 ? undefined : chain.block(height)),
    }
    const reader = { ...late, validators: (height: number) => chain.validators(height) }
    equal(said(makeLightProof(reader, { from: 7, to: 11 })), 'light-unknown-height')
    equal(said(makeLightProof(reader, { from: 8, to: 11 })), 'accept')
    equal(said(makeLightProof(reader, { from: 0, to: 11 })), 'accept')
    const without = { ...late, validators: () => undefined }
    equal(said(makeLightProof(without, { from: 8, to: 11 })), 'light-unknown-validators')
  })

  test('over a change that rules do not allow: light-out-of-reach', () => {
    const broken = near({
      heightLast: 12,
      voters: (epoch) => voters(6, 0)(0).map(([number, weight]) => [number + 10 * epoch, weight]),
    })
    equal(said(makeLightProof(broken, { from: 0, to: 11 })), 'light-out-of-reach')
  })
})
