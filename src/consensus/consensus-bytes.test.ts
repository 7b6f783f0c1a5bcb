/** Golden vectors: every signed body, every digest and every message of consensus, byte for byte (B-1 to B-29). */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { bytesOfHex, hexOf } from '../base/index.ts'
import { ed25519Verifier, sha3 } from '../crypto/index.ts'
import {
  TRANSACTION_KINDS,
  ValidatorSet,
  VOTE_KINDS,
  blockIdOf,
  bodyFault,
  commitDigest,
  decodeHeader,
  encodeCommit,
  encodeEvidence,
  encodeHeader,
  encodeMessage,
  makeBlock,
  makeCommit,
  openBlock,
  openCommit,
  openEvidence,
  openMessage,
  openTransaction,
  proposalPart,
  timePart,
  votePart,
  weightsRoot,
} from './index.ts'
import type { Block } from './index.ts'
import { ED25519, precommitOf, said, timeOf, transactionOf, voteOf } from './signed-things.test-kit.ts'

const hexBytes = z.string().transform((text) => {
  const bytes = bytesOfHex(text)
  ok(bytes !== undefined)
  return bytes
})
const long = z.string().transform(BigInt)
const signed = { seedByte: z.number(), body: z.string(), signature: z.string() }
const place = { height: z.number(), round: z.number() }

const vectors = z
  .object({
    networkId: hexBytes,
    votes: z
      .array(
        z.object({
          ...signed,
          ...place,
          kind: z.enum(VOTE_KINDS),
          block: z.string().nullable(),
          validRound: z.number(),
        }),
      )
      .length(3),
    times: z.array(z.object({ ...signed, ...place, block: z.string(), earliest: long, latest: long })).length(2),
    proposals: z.array(z.object({ ...signed, ...place, validRound: z.number(), block: z.string() })).length(2),
    transactions: z
      .array(
        z.object({
          ...signed,
          sequence: z.number(),
          earliest: long,
          latest: long,
          kind: z.enum(TRANSACTION_KINDS),
          payload: hexBytes,
          bytes: z.string(),
          sha3: z.string(),
        }),
      )
      .length(3),
    validators: z.array(z.object({ seedByte: z.number(), key: hexBytes, weight: long })).length(3),
    weightsRoot: z.string(),
    commit: hexBytes,
    commitRoot: z.string(),
    evidence: hexBytes,
    block: z.object({
      id: z.string(),
      header: hexBytes,
      bytes: hexBytes,
      transactionsRoot: z.string(),
      evidenceRoot: z.string(),
    }),
    messages: z.object({
      proposal: hexBytes,
      reproposal: hexBytes,
      precommit: hexBytes,
      prevoteNone: hexBytes,
    }),
  })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/consensus-bytes.json', import.meta.url), 'utf8')))

const { networkId } = vectors
const verifier = ed25519Verifier
const signedBy = (byte: number, part: { readonly domain: string; readonly body: Uint8Array }): readonly string[] => [
  hexOf(part.body),
  hexOf(ED25519.sign(byte, part)),
]

describe('what is signed', () => {
  for (const { seedByte, body, signature, ...vote } of vectors.votes)
    test(`a ${vote.kind} of height ${vote.height}`, () =>
      deepEqual(signedBy(seedByte, votePart({ networkId, ...vote })), [body, signature]))
  for (const { seedByte, body, signature, earliest, latest, ...time } of vectors.times)
    test(`a time attestation of height ${time.height}`, () =>
      deepEqual(signedBy(seedByte, timePart({ networkId, ...time, received: { earliest, latest } })), [
        body,
        signature,
      ]))
  for (const { seedByte, body, signature, ...head } of vectors.proposals)
    test(`a proposal of height ${head.height}`, () =>
      deepEqual(signedBy(seedByte, proposalPart({ networkId, ...head })), [body, signature]))
  for (const row of vectors.transactions)
    test(`a transaction: ${row.kind}`, () => {
      const { seedByte, sequence, earliest, latest, kind, payload } = row
      const given = { networkId, sequence, acted: { earliest, latest }, kind, payload }
      const sealed = transactionOf(seedByte, given, ED25519)
      deepEqual(
        [hexOf(sealed.bytes), hexOf(sealed.transaction.signature), hexOf(sha3(sealed.bytes))],
        [row.bytes, row.signature, row.sha3],
      )
      deepEqual(openTransaction(sealed.bytes, { networkId, verifier }), { verdict: 'accept', value: sealed })
    })
})

const validators = new ValidatorSet(vectors.validators.map(({ key, weight }) => ({ id: hexOf(key), key, weight })))

describe('digests', () => {
  test('the weights', () => equal(hexOf(weightsRoot(validators)), vectors.weightsRoot))

  test('a commit', () => {
    const commit = openCommit(vectors.commit)
    ok(commit.verdict === 'accept')
    equal(hexOf(commitDigest(commit.value)), vectors.commitRoot)
    deepEqual(new Uint8Array(encodeCommit(commit.value)), new Uint8Array(vectors.commit))
    const precommits = [3, 1, 2].map((byte) => {
      const width = 1000n * BigInt(byte)
      const received = { earliest: 1_790_000_000_000_000_000n - width, latest: 1_790_000_000_000_000_000n + width }
      const vote = voteOf(byte, { networkId }, ED25519)
      return { vote, time: timeOf(byte, vote, received, ED25519) }
    })
    equal(precommitOf(1).vote.height, commit.value.height)
    const { height, round, block } = commit.value
    deepEqual(makeCommit({ height, round, block, precommits, validators }), commit.value)
  })

  test('evidence', () => {
    const evidence = openEvidence(vectors.evidence, { networkId, verifier })
    ok(evidence.verdict === 'accept')
    equal(hexOf(encodeEvidence(evidence.value)), hexOf(vectors.evidence))
  })
})

const opened = (): Block => {
  const block = openBlock(vectors.block.bytes, { networkId, bytesMax: vectors.block.bytes.length })
  ok(block.verdict === 'accept')
  return block.value
}

describe('a block with one of everything', () => {
  test('its id and roots', () => {
    const { id, header } = opened()
    const { transactionsRoot, evidenceRoot, commitRoot } = header
    deepEqual(
      [id, hexOf(transactionsRoot), hexOf(evidenceRoot), hexOf(commitRoot)],
      [vectors.block.id, vectors.block.transactionsRoot, vectors.block.evidenceRoot, vectors.commitRoot],
    )
    equal(blockIdOf(header), id)
  })
  test('its header alone', () => {
    const { header } = opened()
    equal(hexOf(encodeHeader(header)), hexOf(vectors.block.header))
    deepEqual(decodeHeader(vectors.block.header, networkId), { verdict: 'accept', value: header })
  })
  test('every signature in it is true', () => equal(bodyFault(opened(), { verifier, isKnown: () => false }), undefined))
  test('made again from its parts', () => {
    const { header, body, bytes: whole, id } = opened()
    const again = makeBlock({ header, body })
    deepEqual([again.id, hexOf(again.bytes)], [id, hexOf(whole)])
  })
})

describe('messages', () => {
  const context = { networkId, blockBytesMax: 4096, verifier }
  for (const [name, message] of Object.entries(vectors.messages))
    test(name, () => {
      const read = openMessage(message, context)
      ok(read.verdict === 'accept', said(read))
      equal(hexOf(encodeMessage(read.value.message)), hexOf(message))
    })
})
