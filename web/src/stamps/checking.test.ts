/** What the worker says of proofs, files, receipts and checkpoints: with the proofs of the room's own kit. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodePendingStamp, encodeReceipt } from '../../../src/stamps/index.ts'
import { stampedChain } from '../../../src/stamps/stamp-chain.test-kit.ts'
import type { Outcome } from '../model/stamps-outcome.ts'
import { hexOf } from './byte-text.ts'
import { checkProof, openBytes, readCheckpointFile, readReceipt } from './checking.ts'
import type { FileDigest, TrustSource } from './worker-words.ts'

const made = stampedChain({ batchSize: 20 })
const bare = stampedChain({ batchSize: 20, beaconBack: 0 })
const trust: TrustSource = { from: 'checkpoint', checkpoint: made.checkpoint, names: new Map() }
/** The instant of the checkpoint's own block. */
const NOW_MS = Number(made.chain.timeOf(5).timestamp / 1_000_000n)
const DAY_MS = 86_400_000

const check = (bytes: Uint8Array, digest?: FileDigest, nowMs = NOW_MS): Outcome =>
  checkProof({ bytes, digest, trust, nowMs })

const receipt = {
  ...made.proof.receipt,
  networkId: made.proof.networkId,
  node: made.parts.receipt.node,
  leaf: made.parts.receipt.leaf,
}
const { entry } = made.parts
const pendingBytes = encodePendingStamp({ entry, salt: new Uint8Array(0), clientKey: 'k', receipt, node: '' })

describe('a proof that holds', () => {
  test('with its file, every line has its link and its words', () => {
    const outcome = check(made.bytes, made.digest)
    deepEqual([outcome.verdict, outcome.isFileChecked, outcome.openCount], ['holds', true, 0])
    ok(outcome.lines.length >= 8)
    for (const { state, text, explanation } of outcome.lines) ok(state === 'holds' && text !== '' && explanation !== '')
  })
  test('the picture has the instants that are proved', () => {
    const { span } = check(made.bytes, made.digest)
    const [beacon, block] = [made.chain.timeOf(10), made.chain.timeOf(12)]
    equal(span?.notBefore, beacon.earliest)
    equal(span?.notAfter, block.latest)
    deepEqual(span?.beacon, { earliest: beacon.earliest, latest: beacon.latest, height: 10 })
    deepEqual(span?.block, { earliest: block.earliest, latest: block.latest, height: 12 })
    match(span?.notAfterUtc ?? '', /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/)
  })
  test('without a beacon there is no lower bound', () => {
    const { verdict, span } = check(bare.bytes, bare.digest)
    equal(verdict, 'holds')
    deepEqual([span?.notBefore, span?.notBeforeUtc, span?.beacon], [undefined, undefined, undefined])
  })
  test('without its file it says so', () => {
    const outcome = check(made.bytes)
    deepEqual([outcome.verdict, outcome.isFileChecked], ['holds', false])
    equal(outcome.lines.find(({ link }) => link === 'imprint')?.state, 'warns')
  })
})

describe('one that does not', () => {
  test('of another file: the first link is named, and nothing else is looked at', () => {
    const digest: FileDigest = { algorithm: 'sha-256', digest: new Uint8Array(32) }
    const outcome = check(made.bytes, digest)
    deepEqual([outcome.verdict, outcome.link, outcome.openCount], ['fails', 'imprint', 9])
    equal(outcome.says, 'This is not the file that was stamped.')
  })
  test('with a vote bent: what holds before it is told', () => {
    const bent = made.bytes.map((byte, i) => (i === made.bytes.length - 100 ? byte ^ 1 : byte))
    const { link, lines, openCount } = check(bent, made.digest)
    equal(link, 'votes')
    deepEqual(
      lines.map(({ link, state }) => `${link} ${state}`),
      ['imprint', 'receipt', 'tree', 'transaction', 'block', 'headers', 'beacon', 'weights']
        .map((name) => `${name} holds`)
        .concat('votes fails'),
    )
    equal(openCount, 1)
  })
  test('cut short, empty, or something else', () => {
    for (const bytes of [made.bytes.subarray(0, 900), new Uint8Array(0), made.thing]) {
      const outcome = check(bytes, made.digest)
      deepEqual([outcome.verdict, outcome.link, outcome.span], ['fails', undefined, undefined])
    }
  })
  test('only a receipt', () => {
    deepEqual(openBytes(pendingBytes).kind, 'pending')
    equal(check(pendingBytes, made.digest).verdict, 'unproven')
  })
  test('a checkpoint grows old', () => {
    const late = check(made.bytes, made.digest, NOW_MS + 15 * DAY_MS)
    deepEqual([late.verdict, late.link, late.says], ['fails', 'trust', 'Your checkpoint is too old.'])
    equal(check(made.bytes, made.digest, NOW_MS + 13 * DAY_MS).verdict, 'holds')
  })
})

test('checkpoint files', () => {
  deepEqual(readCheckpointFile(made.checkpoint), {
    verdict: 'accept',
    networkId: hexOf(made.proof.networkId),
    height: 5,
  })
  for (const json of [null, {}, { ...made.checkpoint, height: 6 }, { ...made.checkpoint, validators: [] }])
    equal(readCheckpointFile(json).verdict, 'reject')
})

describe('a node’s receipt', () => {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  const said = { ...entry, imprint: hexOf(entry.imprint) }
  const asked = {
    entry: said,
    clientKey: 'k',
    receipt: base64(encodeReceipt(receipt)),
    node: '',
    digest: entry.imprint,
  }
  const refused: readonly (readonly [string, Partial<typeof asked>, RegExp])[] = [
    ['of another hash', { digest: new Uint8Array(32) }, /another hash/],
    ['of another beacon', { entry: { ...said, beacon: '00'.repeat(32) } }, /not signed, or is of something else/],
    [
      'with another signature',
      { receipt: base64(encodeReceipt({ ...receipt, signature: new Uint8Array(64) })) },
      /not signed/,
    ],
    ['that is none', { receipt: base64(made.thing) }, /cannot be read/],
  ]
  for (const [name, over, says] of refused)
    test(name, () => {
      const read = readReceipt({ ...asked, ...over })
      ok(read.verdict === 'reject')
      match(read.says, says)
    })
  test('that is right becomes a file that goes on later', () => {
    const read = readReceipt(asked)
    ok(read.verdict === 'accept')
    deepEqual(read.file, pendingBytes)
  })
})
