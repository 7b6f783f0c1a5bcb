/** Evidence: each real offence convicts, nothing that an honest validator signs ever does (B-15 to B-20). */
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf } from '../base/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { encodeData } from '../codec/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import { ZERO_DIGEST, sealTimeProof, signTimeProof } from '../proofs/index.ts'
import type { SealedProof } from '../proofs/index.ts'
import {
  EVIDENCE_BYTES_MAX,
  EVIDENCE_OPENING_REASONS,
  encodeEvidence,
  evidenceFault,
  evidenceKey,
  heightOf,
  offenderOf,
  openEvidence,
} from './index.ts'
import type { Evidence, Vote } from './index.ts'
import {
  BLOCK,
  ED25519,
  FOREIGN,
  HASHES,
  NETWORK,
  OTHER,
  TAI,
  allReached,
  headOf,
  said,
  timeOf,
  voteOf,
  withFlippedBit,
} from './signed-things.test-kit.ts'

const context = { networkId: NETWORK, verifier: HASHES.verifier }
const prevote = (round: number, block: string | null, validRound = -1, byte = 1): Vote =>
  voteOf(byte, { kind: 'prevote', round, block, validRound })
const precommit = (round: number, block: string | null, byte = 1): Vote => voteOf(byte, { round, block })
const votes = (first: Vote, second: Vote): Evidence => ({ type: 'votes', first, second })
const amnesia = (first: Vote, second: Vote): Evidence => ({ type: 'amnesia', first, second })
const later = { earliest: TAI, latest: TAI + 1n }

/** Proofs with sequence 1 by the key of 32 equal bytes, true ones: the scheme of hashes takes any signature of theirs. */
const proofOf = async (byte: number, tai: bigint, networkId = NETWORK): Promise<SealedProof> =>
  signTimeProof(memorySigner({ seed: new Uint8Array(32).fill(byte) }), {
    networkId,
    tai,
    uncertaintyNs: 1_000_000,
    beacon: ZERO_DIGEST,
    nonce: ZERO_DIGEST,
    sources: [{ kind: 'ntp', count: 3 }],
  })
const [proof, otherProof, strangersProof, foreignProof] = await Promise.all([
  proofOf(1, TAI),
  proofOf(1, TAI + 1n),
  proofOf(2, TAI),
  proofOf(1, TAI + 1n, FOREIGN),
])
const laterProof = sealTimeProof({ ...otherProof.proof, sequence: 2 })
const forgedProof = sealTimeProof({ ...otherProof.proof, tai: TAI + 2n })
const proofs = (first: SealedProof, second: SealedProof): Evidence => ({ type: 'proofs', first, second })
const real = { networkId: NETWORK, verifier: ED25519.verifier }
const contextOf = (evidence: Evidence): typeof context => (evidence.type === 'proofs' ? real : context)

const times = (first: ReturnType<typeof timeOf>, second: ReturnType<typeof timeOf>): Evidence => ({
  type: 'times',
  first,
  second,
})
const proposals = (first: ReturnType<typeof headOf>, second: ReturnType<typeof headOf>): Evidence => ({
  type: 'proposals',
  first,
  second,
})
const vote = voteOf(1)
const unsigned = new Uint8Array(64)

const OFFENCES: readonly (readonly [string, Evidence])[] = [
  ['two precommits', votes(precommit(0, BLOCK), precommit(0, OTHER))],
  ['a precommit and one for none', votes(precommit(0, BLOCK), precommit(0, null))],
  ['two prevotes', votes(prevote(0, BLOCK), prevote(0, OTHER))],
  ['two prevotes for one block, leaning on two rounds', votes(prevote(2, BLOCK, 0), prevote(2, BLOCK, 1))],
  ['a lock forgotten', amnesia(precommit(0, BLOCK), prevote(1, OTHER))],
  ['a lock forgotten, leaning on a round before it', amnesia(precommit(3, BLOCK), prevote(5, OTHER, 2))],
  ['two proposals', proposals(headOf(1), headOf(1, { block: OTHER }))],
  [
    'two proposals of one block, leaning on two rounds',
    proposals(headOf(1, { round: 4 }), headOf(1, { round: 4, validRound: 2 })),
  ],
  ['two times', times(timeOf(1, vote), timeOf(1, vote, later))],
  ['two proofs', proofs(proof, otherProof)],
]

describe('each offence', () => {
  for (const [name, evidence] of OFFENCES)
    test(name, () => {
      const fitting = contextOf(evidence)
      equal(evidenceFault(evidence, fitting), undefined)
      const bytes = encodeEvidence(evidence)
      ok(bytes.length <= EVIDENCE_BYTES_MAX)
      deepEqual(openEvidence(bytes, fitting), { verdict: 'accept', value: evidence })
      equal(hexOf(offenderOf(evidence)), hexOf((evidence.type === 'proofs' ? ED25519 : HASHES).keyOf(1)))
      equal(heightOf(evidence), evidence.type === 'proofs' ? undefined : 9)
      equal(said(openEvidence(bytes, { ...fitting, networkId: FOREIGN })), 'reject wrong-network')
    })

  test('in the other order it is the same offence, where order means nothing', () => {
    for (const [, evidence] of OFFENCES) {
      if (evidence.type === 'amnesia') continue
      const turned = turnedRound(evidence)
      equal(evidenceFault(turned, contextOf(turned)), undefined)
      equal(evidenceKey(turned), evidenceKey(evidence))
    }
  })

  test('of three votes in one place each pair shows one offence', () => {
    const three = [precommit(0, BLOCK), precommit(0, OTHER), precommit(0, null)]
    const names = new Set(three.flatMap((first) => three.map((second) => evidenceKey(votes(first, second)))))
    equal(names.size, 1)
  })

  test('offences in different places, of different kinds, by different authors have different keys', () => {
    const different = [
      ...OFFENCES.filter(
        ([name]) => !name.includes('one block') && !name.includes('none') && !name.includes('before it'),
      ).map(([, one]) => one),
      votes(precommit(1, BLOCK), precommit(1, OTHER)),
      votes(precommit(0, BLOCK, 2), precommit(0, OTHER, 2)),
      votes(voteOf(1, { height: 8 }), voteOf(1, { height: 8, block: null })),
      proposals(headOf(1, { round: 0 }), headOf(1, { round: 0, block: OTHER })),
      times(timeOf(1, { ...vote, block: OTHER }), timeOf(1, { ...vote, block: OTHER }, later)),
      proofs(laterProof, laterProof),
    ]
    equal(new Set(different.map(evidenceKey)).size, different.length)
  })
})

const turnedRound = (evidence: Exclude<Evidence, { readonly type: 'amnesia' }>): Evidence => {
  const { first, second } = evidence
  // The two have one type: turning them keeps it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { ...evidence, first: second, second: first } as Evidence
}

describe('what convicts nobody, and why', () => {
  const table: readonly (readonly [string, Evidence, string])[] = [
    ['one vote twice', votes(vote, vote), 'no-conflict'],
    ['a vote under two signatures', votes(vote, { ...vote, signature: unsigned }), 'no-conflict'],
    ['two authors', votes(precommit(0, BLOCK), precommit(0, OTHER, 2)), 'different-authors'],
    ['two heights', votes(voteOf(1, { height: 8 }), precommit(1, OTHER)), 'different-places'],
    ['two rounds', votes(precommit(0, BLOCK), precommit(1, OTHER)), 'different-places'],
    ['two kinds', votes(precommit(0, BLOCK), prevote(0, OTHER)), 'different-places'],
    ['the first not signed', votes({ ...vote, signature: unsigned }, precommit(1, OTHER)), 'bad-signature'],
    ['the second not signed', votes(vote, { ...vote, block: OTHER }), 'bad-signature'],
    ['a foreign vote', votes(vote, voteOf(1, { networkId: FOREIGN, block: OTHER })), 'wrong-network'],
    ['a foreign first vote', votes(voteOf(1, { networkId: FOREIGN, block: OTHER }), vote), 'wrong-network'],
    ['a lock and its block again', amnesia(precommit(0, BLOCK), prevote(1, BLOCK)), 'no-conflict'],
    ['a lock and no block', amnesia(precommit(0, BLOCK), prevote(1, null)), 'no-conflict'],
    ['a lock, and a quorum in its own round', amnesia(precommit(1, BLOCK), prevote(2, OTHER, 1)), 'no-conflict'],
    ['a lock, and a quorum after it', amnesia(precommit(0, BLOCK), prevote(3, OTHER, 2)), 'no-conflict'],
    ['a lock after the prevote', amnesia(precommit(2, BLOCK), prevote(1, OTHER)), 'no-conflict'],
    ['a lock in the round of the prevote', amnesia(precommit(1, BLOCK), prevote(1, OTHER)), 'no-conflict'],
    ['a precommit for none is no lock', amnesia(precommit(0, null), prevote(1, OTHER)), 'no-conflict'],
    ['a prevote is no lock', amnesia(prevote(0, BLOCK), prevote(1, OTHER)), 'no-conflict'],
    ['two locks', amnesia(precommit(0, BLOCK), precommit(1, OTHER)), 'no-conflict'],
    ['the prevote first', amnesia(prevote(1, OTHER), precommit(0, BLOCK)), 'no-conflict'],
    ['a lock of another height', amnesia(voteOf(1, { height: 8, round: 0 }), prevote(1, OTHER)), 'different-places'],
    ['another’s lock', amnesia(precommit(0, BLOCK, 2), prevote(1, OTHER)), 'different-authors'],
    ['an unsigned lock', amnesia({ ...precommit(0, BLOCK), signature: unsigned }, prevote(1, OTHER)), 'bad-signature'],
    ['one proposal twice', proposals(headOf(1), headOf(1)), 'no-conflict'],
    ['proposals of two rounds', proposals(headOf(1), headOf(1, { round: 2, block: OTHER })), 'different-places'],
    ['proposals of two heights', proposals(headOf(1), headOf(1, { height: 8, block: OTHER })), 'different-places'],
    ['proposals of two authors', proposals(headOf(1), headOf(2, { block: OTHER })), 'different-authors'],
    ['an unsigned proposal', proposals(headOf(1), { ...headOf(1), block: OTHER }), 'bad-signature'],
    ['one time twice', times(timeOf(1, vote), timeOf(1, vote)), 'no-conflict'],
    ['times of two blocks', times(timeOf(1, vote), timeOf(1, { ...vote, block: OTHER }, later)), 'different-places'],
    ['times of two rounds', times(timeOf(1, vote), timeOf(1, { ...vote, round: 2 }, later)), 'different-places'],
    ['an unsigned time', times(timeOf(1, vote), { ...timeOf(1, vote), received: later }), 'bad-signature'],
    ['one proof twice', proofs(proof, proof), 'no-conflict'],
    ['proofs of two sequences', proofs(proof, laterProof), 'different-places'],
    ['proofs of two authors', proofs(proof, strangersProof), 'different-authors'],
    ['a foreign proof', proofs(proof, foreignProof), 'wrong-network'],
    ['an unsigned proof', proofs(proof, forgedProof), 'bad-signature'],
  ]
  for (const [name, evidence, reason] of table)
    test(`${name}: ${reason}`, () => {
      const fitting = contextOf(evidence)
      equal(evidenceFault(evidence, fitting), reason)
      notEqual(said(openEvidence(encodeEvidence(evidence), fitting)), 'accept')
    })

  const raw: readonly (readonly [string, Uint8Array, string])[] = [
    ['more bytes than any', new Uint8Array(EVIDENCE_BYTES_MAX + 1), 'too-large'],
    ['nothing', new Uint8Array(0), 'malformed'],
    ['an array of no stated length', Uint8Array.of(0x9f, 0xff), 'non-canonical'],
    ['another kind', encodeData([NETWORK, 'crimes', [], []]), 'wrong-shape'],
    ['votes that are none', encodeData([NETWORK, 'votes', [], []]), 'wrong-shape'],
    ['proposals that are none', encodeData([NETWORK, 'proposals', [], []]), 'wrong-shape'],
    ['times that are none', encodeData([NETWORK, 'times', [], []]), 'wrong-shape'],
    ['proofs that are no bytes', encodeData([NETWORK, 'proofs', 1, 2]), 'wrong-shape'],
    ['proofs that are none', encodeData([NETWORK, 'proofs', unsigned, unsigned]), 'bad-proof'],
  ]
  for (const [name, bytes, reason] of raw)
    test(`${name}: ${reason}`, () => equal(said(openEvidence(bytes, context)), `reject ${reason}`))
  test('every documented reason is reached', () =>
    allReached(
      EVIDENCE_OPENING_REASONS,
      [...table, ...raw].map(([, , reason]) => reason),
    ))
})

/**
 * What an honest validator may sign at one height: one prevote a round, for what is proposed if that leans on a round not before its
 * newest precommit for another block (B-46); one precommit a round, for a block only where it saw a quorum.
 */
const honestVotes = (
  rounds: readonly { readonly block: number; readonly back: number; readonly isQuorum: boolean }[],
): readonly Vote[] => {
  const blocks = [BLOCK, OTHER, 'ef'.repeat(32)]
  const said: Vote[] = []
  let lock: { readonly round: number; readonly block: string } | undefined
  /** The newest precommit for another block than the lock's. */
  let before = -1
  for (const [round, seen] of rounds.entries()) {
    const block = blocks[seen.block] ?? BLOCK
    const validRound = Math.max(-1, round - 1 - seen.back)
    const bound = lock === undefined ? -1 : lock.block === block ? before : lock.round
    said.push(bound <= validRound ? prevote(round, block, validRound) : prevote(round, null))
    said.push(precommit(round, seen.isQuorum ? block : null))
    if (!seen.isQuorum) continue
    if (lock !== undefined && lock.block !== block) before = lock.round
    lock = { round, block }
  }
  return said
}
const rounds = fc.array(fc.record({ block: fc.nat(2), back: fc.nat(5), isQuorum: fc.boolean() }), {
  minLength: 1,
  maxLength: 8,
})

test('no pair of votes of an honest validator is evidence', () =>
  fc.assert(
    fc.property(rounds, (seen) => {
      const all = honestVotes(seen)
      for (const first of all)
        for (const second of all)
          for (const evidence of [votes(first, second), amnesia(first, second)])
            notEqual(evidenceFault(evidence, { ...context, verifier: { verify: () => true } }), undefined)
    }),
    { numRuns: 150 },
  ))

test('whichever bit of evidence is turned, it is refused', () => {
  const seeds = OFFENCES.filter(([, { type }]) => type !== 'proofs').map(([, evidence]) => encodeEvidence(evidence))
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.nat(), (bytes, at) => {
      ok(said(openEvidence(withFlippedBit(bytes, at % (bytes.length * 8)), context)) !== 'accept')
    }),
    { numRuns: fuzzRuns(300) },
  )
})
