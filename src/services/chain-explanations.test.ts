/** Shares, names and rounds as people read them. */
import { equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import {
  explainOffence,
  explainOpen,
  explainProven,
  explainRound,
  namesText,
  percentText,
} from './chain-explanations.ts'
import type { ProofFacts, RoundFacts } from './chain-explanations.ts'

const shares: readonly (readonly [part: bigint, whole: bigint, text: string])[] = [
  [0n, 3n, '0 %'],
  [1n, 0n, '0 %'],
  [2n, 3n, '67 %'],
  [3n, 3n, '100 %'],
  [1n, 30n, '3.3 %'],
  [1n, 300n, '0.33 %'],
]
for (const [part, whole, text] of shares)
  test(`${part} of ${whole} is ${text}`, () => equal(percentText(part, whole), text))

test('many names are cut', () => {
  equal(namesText([]), '')
  equal(namesText(['a', 'b', 'c']), 'a, b and c')
  equal(namesText(['a', 'b', 'c', 'd', 'e', 'f']), 'a, b, c, d and 2 more')
})

const round: RoundFacts = {
  round: 0,
  step: 'prevote',
  proposer: 'Ada',
  isProposer: false,
  behind: 0,
  heard: 1n,
  total: 3n,
  silent: ['Bede'],
  silentWeight: 1n,
}
const rounds: readonly (readonly [change: Partial<RoundFacts>, says: RegExp])[] = [
  [{ behind: 1 }, /^Catching up: 1 block behind its peers\.$/],
  [{ total: 0n }, /^Nobody has weight/],
  [{ step: 'propose' }, /^Waiting for the proposal of Ada\.$/],
  [{ step: 'propose', round: 2 }, /of Ada\. Silent: Bede, with 33 % of the weight\.$/],
  [{ step: 'propose', isProposer: true }, /^It is this node’s turn to propose\.$/],
  [{ heard: 2n }, /^Waiting for prevotes: 66\.6 % of the weight has voted, more than two thirds must\. Silent: Bede/],
  [{ heard: 3n, step: 'precommit' }, /^Enough precommits are in\.$/],
  [{ silent: [], silentWeight: 0n }, /must\.$/],
]
for (const [change, says] of rounds)
  test(`${JSON.stringify(change, (_, value) => (typeof value === 'bigint' ? String(value) : value))}: ${says.source}`, () =>
    match(explainRound({ ...round, ...change }), says))

test('what is proven and what is open', () => {
  const facts: ProofFacts = {
    height: 9,
    isSettled: false,
    signers: 1,
    voters: { count: 2, weight: 3n, total: 4n },
    widthNs: undefined,
  }
  match(explainProven(facts), /^Signed by 1 of 2 validators with 75 % of the weight/)
  match(explainProven({ ...facts, voters: undefined }), /^Signed by 1 validator\. This node no longer/)
  match(explainOpen(facts), /not known here yet; block 10 settles it/)
  equal(explainOpen({ ...facts, isSettled: true }), '')
})

test('every kind of offence has its sentence', () => {
  for (const type of ['votes', 'amnesia', 'proposals', 'times', 'proofs'] as const)
    match(explainOffence(type), /^It [^.]+\.$/)
})
