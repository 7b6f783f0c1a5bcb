/**
 * Every reason that a peer can be refused or scored for is a sentence that people see in `truechimer peers` and on the dashboard. The
 * reasons are found in the sources of the rooms that judge what peers send, so a new one cannot be forgotten.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { explainRefusal, explainScore } from '../src/services/peer-explanations.ts'
import { findSayings } from './house/codes.ts'

/** Files and records that people hand in: their reasons are told where they are handed in. */
const NOT_FROM_PEERS = /^src\/proofs\/(?:attribution|offline)-/

const judges = globSync([
  'src/{network,proofs,codec,consensus,registers,execution}/**/*.ts',
  'src/node/{judging,proving,witnessing,waiting-room,deciding}.ts',
  'src/validation/docket.ts',
]).filter((path) => !/\.test(-suite|-kit)?\.ts$/.test(path) && !NOT_FROM_PEERS.test(path))
const { reasons } = findSayings(new Map(judges.map((path) => [path, readFileSync(path, 'utf8')])))

test('the search finds what there is', () => ok(reasons.size > 70, `${reasons.size} reasons`))

test('each has its sentence', () => {
  deepEqual([...reasons].filter((reason) => explainScore(reason) === '').sort(), [])
})

test('each is one short sentence that names no code', () => {
  for (const reason of reasons) {
    const sentence = explainScore(reason)
    match(sentence, /^[A-Z][^.]*\.$/, reason)
    ok(sentence.length <= 90, `${reason}: ${sentence}`)
    ok(!reason.includes('-') || !sentence.includes(reason), `${reason}: ${sentence}`)
  }
})

test('what is no reason has no sentence', () => {
  for (const reason of ['', 'toString', 'nonsense']) equal(explainRefusal(reason) + explainScore(reason), '', reason)
})
