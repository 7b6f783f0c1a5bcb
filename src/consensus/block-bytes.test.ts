/** Blocks: what is refused and why, what their roots bind, whose signatures are looked at, and bytes of chance (B-21 to B-26). */
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { TAI_MAX, hexOf } from '../base/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { decodeData, encodeData } from '../codec/index.ts'
import { cidOf, sha3 } from '../crypto/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import { ZERO_DIGEST, sealAttestation, sealTimeProof, signAttestation, signTimeProof } from '../proofs/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import {
  BLOCK_AVAILABILITY_MAX,
  BLOCK_OFFENCES_MAX,
  BLOCK_REASONS,
  HEADER_BYTES_MAX,
  HEADER_REASONS,
  PROOF_ATTESTATIONS_MAX,
  ValidatorSet,
  bodyFault,
  decodeHeader,
  encodeEvidence,
  encodeHeader,
  openBlock,
  weightsRoot,
} from './index.ts'
import type { Block, Body, Evidence, Header, WitnessedProof } from './index.ts'
import {
  BLOCK,
  ED25519,
  FOREIGN,
  HASHES,
  NETWORK,
  OTHER,
  TAI,
  allReached,
  blockOf,
  said,
  transactionOf,
  validatorsOf,
  voteOf,
  withChange,
  withFlippedBit,
} from './signed-things.test-kit.ts'

const signerOf = (byte: number) => memorySigner({ seed: new Uint8Array(32).fill(byte) })
const proofOf = (byte: number, networkId = NETWORK): Promise<SealedProof> =>
  signTimeProof(signerOf(byte), {
    networkId,
    tai: TAI,
    uncertaintyNs: 1_000_000,
    beacon: ZERO_DIGEST,
    nonce: ZERO_DIGEST,
    sources: [{ kind: 'ntp', count: 3 }],
  })
const attestationOf = (byte: number, { cid }: SealedProof): Promise<SealedAttestation> =>
  signAttestation(signerOf(byte), { proof: cid, sentEarliest: TAI, receivedLatest: TAI + 9n, roundTripNs: 9 })

const proof = await proofOf(1)
const otherProof = await proofOf(2)
const foreignProof = await proofOf(1, FOREIGN)
const [attestation, secondAttestation, otherAttestation] = await Promise.all([
  attestationOf(2, proof),
  attestationOf(3, proof),
  attestationOf(3, otherProof),
])
const witnessed: WitnessedProof = { proof, attestations: [attestation, secondAttestation] }
const transactions = [transactionOf(1, {}, ED25519), transactionOf(2, {}, ED25519)]
const offence: Evidence = { type: 'votes', first: voteOf(1, {}, ED25519), second: voteOf(1, { block: OTHER }, ED25519) }
const full: Partial<Body> = {
  transactions,
  witnessed: [witnessed, { proof: otherProof, attestations: [otherAttestation] }],
  offences: [offence],
}
const good = blockOf({ body: full })
const context = { networkId: NETWORK, bytesMax: 65_536 }
const open = (bytes: Uint8Array): string => said(openBlock(bytes, context))
const bodyOf = (body: Partial<Body>): Uint8Array => blockOf({ body: { ...full, ...body } }).bytes
const headerOf = (header: Partial<Header>): Uint8Array => blockOf({ header, body: full }).bytes
const garbage = new Uint8Array(9)
const root = new Uint8Array(32).fill(0x99)

/** The good block with another header over its body. */
const withHeader = (header: Partial<Header>): Uint8Array => {
  const decoded = decodeData(good.bytes, 65_536)
  ok(decoded.verdict === 'accept' && Array.isArray(decoded.value))
  const parts: readonly unknown[] = decoded.value
  const headerData = decodeData(encodeHeader({ ...good.header, ...header }), HEADER_BYTES_MAX)
  ok(headerData.verdict === 'accept')
  return encodeData([headerData.value, parts[1]])
}
const otherTime = { earliest: 5n, timestamp: 4n, latest: 9n }

describe('what is refused, and why', () => {
  const [one = transactionOf(1)] = transactions
  const table: readonly (readonly [string, Uint8Array, string])[] = [
    ['a block with one of everything', good.bytes, 'accept'],
    ['an empty one', blockOf().bytes, 'accept'],
    ['more bytes than the genesis allows', new Uint8Array(65_537), 'reject too-large'],
    ['cut off', good.bytes.subarray(0, -1), 'reject malformed'],
    ['an array of no stated length', Uint8Array.of(0x9f, ...good.bytes.subarray(1), 0xff), 'reject non-canonical'],
    ['a header alone', encodeHeader(good.header), 'reject wrong-shape'],
    ['height 0', headerOf({ height: 0 }), 'reject wrong-shape'],
    ['a timestamp before its interval', headerOf({ time: otherTime }), 'reject wrong-shape'],
    ['a timestamp after its interval', headerOf({ time: { ...otherTime, timestamp: 10n } }), 'reject wrong-shape'],
    ['a commitment of 47 bytes', headerOf({ availability: [new Uint8Array(47)] }), 'reject wrong-shape'],
    [
      'more commitments than any',
      headerOf({ availability: Array.from({ length: BLOCK_AVAILABILITY_MAX + 1 }, () => new Uint8Array(48)) }),
      'reject wrong-shape',
    ],
    [
      'more offences than any',
      bodyOf({ offences: Array.from({ length: BLOCK_OFFENCES_MAX + 1 }, () => offence) }),
      'reject wrong-shape',
    ],
    [
      'more attestations of one proof than any',
      bodyOf({
        witnessed: [{ proof, attestations: Array.from({ length: PROOF_ATTESTATIONS_MAX + 1 }, () => attestation) }],
      }),
      'reject wrong-shape',
    ],
    ['another network', headerOf({ networkId: FOREIGN }), 'reject wrong-network'],
    ['another commit root', withHeader({ commitRoot: root }), 'reject wrong-root'],
    ['another root of transactions', withHeader({ transactionsRoot: root }), 'reject wrong-root'],
    ['another root of evidence', withHeader({ evidenceRoot: root }), 'reject wrong-root'],
    ['bytes that are no transaction', bodyOf({ transactions: [{ ...one, bytes: garbage }] }), 'reject bad-transaction'],
    [
      'a foreign transaction',
      bodyOf({ transactions: [transactionOf(1, { networkId: FOREIGN })] }),
      'reject bad-transaction',
    ],
    [
      'bytes that are no proof',
      bodyOf({ witnessed: [{ ...witnessed, proof: { ...proof, bytes: garbage } }] }),
      'reject bad-proof',
    ],
    ['a foreign proof', bodyOf({ witnessed: [{ ...witnessed, proof: foreignProof }] }), 'reject bad-proof'],
    ['a proof without attestations', bodyOf({ witnessed: [{ proof, attestations: [] }] }), 'reject bad-proof'],
    [
      'bytes that are no attestation',
      bodyOf({ witnessed: [{ proof, attestations: [{ ...attestation, bytes: garbage }] }] }),
      'reject bad-attestation',
    ],
    [
      'an attestation of another proof',
      bodyOf({ witnessed: [{ proof, attestations: [otherAttestation] }] }),
      'reject wrong-proof',
    ],
    ['a transaction twice', bodyOf({ transactions: [one, one] }), 'reject repeated-part'],
    [
      'a proof twice',
      bodyOf({ witnessed: [witnessed, { proof, attestations: [secondAttestation] }] }),
      'reject repeated-part',
    ],
    [
      'a witness twice',
      bodyOf({ witnessed: [{ proof, attestations: [attestation, attestation] }] }),
      'reject repeated-part',
    ],
    [
      'an offence twice',
      bodyOf({ offences: [offence, { ...offence, first: offence.second, second: offence.first }] }),
      'reject repeated-part',
    ],
    [
      'evidence that is none',
      bodyOf({ offences: [{ ...offence, first: { ...offence.first, height: 0 } }] }),
      'reject bad-offence',
    ],
  ]
  for (const [name, bytes, expected] of table) test(`${name}: ${expected}`, () => equal(open(bytes), expected))
  test('every documented reason is reached', () =>
    allReached(
      BLOCK_REASONS,
      table.map(([, , expected]) => expected),
    ))
})

describe('signatures', () => {
  const verified = (block: Block, known: readonly string[] = []): string | undefined =>
    bodyFault(block, { verifier: ED25519.verifier, isKnown: (key) => known.includes(key) })
  const forgedTransaction = transactionOf(1)
  const forgedProof = sealTimeProof({ ...proof.proof, tai: TAI + 1n })
  const forgedAttestation = sealAttestation({ ...attestation.attestation, roundTripNs: 8 })
  const innocent: Evidence = { type: 'votes', first: voteOf(1), second: voteOf(1, { block: OTHER }) }
  const rows: readonly (readonly [string, Partial<Body>, string, string])[] = [
    ['a transaction', { transactions: [...transactions, forgedTransaction] }, 'bad-transaction', forgedTransaction.key],
    [
      'a proof',
      {
        witnessed: [
          witnessed,
          {
            proof: forgedProof,
            attestations: [sealAttestation({ ...attestation.attestation, proof: forgedProof.cid })],
          },
        ],
      },
      'bad-proof',
      '',
    ],
    [
      'an attestation',
      { witnessed: [{ proof, attestations: [secondAttestation, forgedAttestation] }] },
      'bad-attestation',
      forgedAttestation.cid.toString(),
    ],
    ['evidence', { offences: [offence, innocent].slice(1) }, 'bad-offence', cidOf(encodeEvidence(innocent)).toString()],
  ]
  test('all are true', () => equal(verified(good), undefined))
  for (const [name, body, fault, key] of rows)
    test(`${name} that is not signed: ${fault}; where it is known, it is not asked again`, () => {
      const opened = openBlock(bodyOf(body), context)
      ok(opened.verdict === 'accept')
      equal(verified(opened.value), fault)
      if (key !== '') equal(verified(opened.value, [key]), undefined)
    })
})

describe('what a header binds', () => {
  const changes: readonly (readonly [string, Uint8Array])[] = [
    ['the order of transactions', bodyOf({ transactions: transactions.toReversed() })],
    ['a transaction less', bodyOf({ transactions: transactions.slice(1) })],
    ['an attestation less', bodyOf({ witnessed: [{ proof, attestations: [attestation] }] })],
    ['an offence less', bodyOf({ offences: [] })],
    ['a commit', bodyOf({ lastCommit: { height: 8, round: 0, block: BLOCK, entries: [] } })],
    ['the emergency', headerOf({ emergency: true })],
    ['the proposer', headerOf({ proposer: HASHES.keyOf(2) })],
    ['the round', headerOf({ round: 2 })],
    ['the time', headerOf({ time: { earliest: 1n, timestamp: 2n, latest: 3n } })],
  ]
  for (const [name, bytes] of changes)
    test(name, () => {
      const opened = openBlock(bytes, context)
      ok(opened.verdict === 'accept')
      notEqual(opened.value.id, good.id)
    })
  test('there and back', () => deepEqual(openBlock(good.bytes, context), { verdict: 'accept', value: good }))
})

describe('a header alone', () => {
  const bytes = encodeHeader(good.header)
  const table: readonly (readonly [string, Uint8Array, string])[] = [
    ['the good one', bytes, 'accept'],
    ['more bytes than any', new Uint8Array(HEADER_BYTES_MAX + 1), 'reject too-large'],
    ['cut off', bytes.subarray(1), 'reject malformed'],
    ['an array of no stated length', Uint8Array.of(0x9f, ...bytes.subarray(1), 0xff), 'reject non-canonical'],
    ['something else', encodeData([]), 'reject wrong-shape'],
    ['of another network', encodeHeader({ ...good.header, networkId: FOREIGN }), 'reject wrong-network'],
  ]
  for (const [name, given, expected] of table)
    test(`${name}: ${expected}`, () => equal(said(decodeHeader(given, NETWORK)), expected))
  test('every documented reason is reached', () =>
    allReached(
      HEADER_REASONS,
      table.map(([, , expected]) => expected),
    ))
  test('the longest fits its limit', () => {
    const longest = encodeHeader({
      ...good.header,
      height: Number.MAX_SAFE_INTEGER,
      round: 65_535,
      time: { earliest: TAI_MAX, timestamp: TAI_MAX, latest: TAI_MAX },
      availability: Array.from({ length: BLOCK_AVAILABILITY_MAX }, () => new Uint8Array(48)),
    })
    equal(longest.length, 1115)
    ok(longest.length <= HEADER_BYTES_MAX)
    equal(said(decodeHeader(longest, NETWORK)), 'accept')
  })
})

test('the root of weights tells keys and weights apart, and is kept', () => {
  const set = validatorsOf([1n, 2n])
  const same = new ValidatorSet(set.list.toReversed())
  equal(hexOf(weightsRoot(set)), hexOf(weightsRoot(same)))
  equal(weightsRoot(set), weightsRoot(set))
  for (const other of [[1n, 3n], [2n, 1n], [1n], [1n, 2n, 1n]])
    notEqual(hexOf(weightsRoot(validatorsOf(other))), hexOf(weightsRoot(set)))
})

describe('bytes of chance', () => {
  test('whichever bit is turned, it is refused or is another block', () =>
    fc.assert(
      fc.property(fc.nat(good.bytes.length * 8 - 1), (bit) => {
        const changed = withFlippedBit(good.bytes, bit)
        const opened = openBlock(changed, context)
        if (opened.verdict !== 'accept') return
        notEqual(opened.value.id, good.id)
        equal(hexOf(blockOf(opened.value).bytes), hexOf(changed))
      }),
      { numRuns: fuzzRuns(300) },
    ))

  test('no bytes make it throw, nor any data in the place of a part', () => {
    const decoded = decodeData(good.bytes, 65_536)
    ok(decoded.verdict === 'accept')
    const leaf = fc.oneof(
      fc.anything({ maxDepth: 1, withBigInt: true }),
      fc.uint8Array({ maxLength: 300, size: 'max' }),
    )
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 5 }), leaf, (path, value) => {
        const bytes = attemptToEncode(withChange(decoded.value, path, value)) ?? sha3(garbage)
        const opened = openBlock(bytes, context)
        if (opened.verdict === 'accept') equal(hexOf(blockOf(opened.value).bytes), hexOf(bytes))
      }),
      { numRuns: fuzzRuns(300) },
    )
  })
})

/** Not all data that fast-check draws has an encoding. */
const attemptToEncode = (data: unknown): Uint8Array | undefined => {
  try {
    return encodeData(data)
  } catch {
    return undefined
  }
}
