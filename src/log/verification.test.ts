/** What the verifier lets pass and what it names, record by record; and proofs of single entries. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MerkleFrontier } from '../crypto/index.ts'
import {
  LogVerifier,
  appendTo,
  checkpointCodec,
  emptyHead,
  headerOf,
  openEntryProof,
  segmentCodec,
  signCheckpoint,
} from './index.ts'
import type { Checkpoint, LogHead, LogOwner, LogRecord } from './index.ts'
import { MemoryLog } from './io/memory-log.ts'
import { drafts, networkId, signerOf } from './log.test-kit.ts'

const signer = signerOf()
const owner = { networkId, nodeId: signer.nodeId }
const checkpointOf = async (head: LogHead, by = signer, network = networkId): Promise<Checkpoint> =>
  signCheckpoint(by, {
    networkId: network,
    nodeId: by.nodeId,
    size: head.size,
    root: head.frontier.root(),
    head: head.digest ?? new Uint8Array(32),
    time: null,
  })

const first = appendTo(emptyHead(), drafts(0, 5))
const second = appendTo(first.head, drafts(5, 3))
const other = appendTo(emptyHead(), drafts(1, 5))
const ownCheckpoint = await checkpointOf(first.head)
const header = (head: LogHead, checkpoint?: Checkpoint): LogRecord => ({
  kind: 'segment',
  bytes: segmentCodec.encode(headerOf(owner, head, checkpoint)),
})
const seal = (checkpoint: Checkpoint): LogRecord => ({ kind: 'checkpoint', bytes: checkpointCodec.encode(checkpoint) })
const entries = (of: { readonly entries: readonly { readonly bytes: Uint8Array }[] }): readonly LogRecord[] =>
  of.entries.map(({ bytes }) => ({ kind: 'entry', bytes }))

const whole: readonly LogRecord[] = [
  header(emptyHead()),
  ...entries(first),
  seal(ownCheckpoint),
  header(first.head, ownCheckpoint),
  ...entries(second),
]

/** The first refusal and the entry that it stands at, or how far it came. */
const checked = (records: readonly LogRecord[], given: LogOwner = owner): unknown => {
  const verifier = new LogVerifier(given)
  for (const record of records) {
    const verdict = verifier.take(record)
    if (verdict.verdict !== 'accept') return [verdict.reason, verifier.size]
  }
  return [verifier.first, verifier.size, verifier.checkpoints, verifier.uncovered]
}

const foreign = signerOf(9)
const signedByOther = await checkpointOf(first.head, foreign)
const ofOtherNetwork = await checkpointOf(first.head, signer, new Uint8Array(32))
const early = await checkpointOf(appendTo(emptyHead(), drafts(0, 4)).head)
const forged = { ...ownCheckpoint, signature: signedByOther.signature }
const wrongFrontier = {
  ...first.head,
  frontier: new MerkleFrontier({ size: 5, nodes: [new Uint8Array(32), new Uint8Array(32)] }),
}
const cases: readonly (readonly [name: string, records: readonly LogRecord[], said: unknown])[] = [
  ['a whole log', whole, [0, 8, 2, 3]],
  ['a log whose beginning was dropped', whole.slice(7), [5, 8, 1, 3]],
  ['no header', whole.slice(1), ['no-header', 0]],
  ['an entry left out', whole.toSpliced(3, 1), ['sequence-gap', 2]],
  ['the last entry of a segment left out', whole.toSpliced(5, 1), ['checkpoint-mismatch', 4]],
  ['two entries swapped', whole.with(2, whole[3]!).with(3, whole[2]!), ['sequence-gap', 1]],
  ['an entry of another history', whole.with(3, entries(other)[2]!), ['broken-chain', 2]],
  ['a checkpoint of another size', whole.with(6, seal(early)), ['checkpoint-mismatch', 5]],
  ['a checkpoint with another’s signature', whole.with(6, seal(forged)), ['bad-signature', 5]],
  ['a checkpoint by another node', whole.with(6, seal(signedByOther)), ['wrong-log', 5]],
  ['a checkpoint of another network', whole.with(6, seal(ofOtherNetwork)), ['wrong-log', 5]],
  ['a segment that begins elsewhere', whole.with(7, header(second.head, ownCheckpoint)), ['segment-gap', 5]],
  ['a segment with another tree', whole.with(7, header(wrongFrontier, ownCheckpoint)), ['segment-gap', 5]],
  ['a first segment with another tree', [header(wrongFrontier, ownCheckpoint)], ['checkpoint-mismatch', 5]],
  ['a later segment without a checkpoint', [header(first.head)], ['wrong-shape', 0]],
  ['a later segment whose checkpoint is forged', [header(first.head, forged)], ['bad-signature', 5]],
  ['a later segment whose checkpoint is another’s', [header(first.head, signedByOther)], ['wrong-log', 5]],
  ['a header that is none', [{ kind: 'segment', bytes: Uint8Array.of(0) }], ['wrong-shape', 0]],
  ['an entry that is none', whole.with(2, { kind: 'entry', bytes: Uint8Array.of(0xff) }), ['malformed', 1]],
]
describe('a log', () => {
  for (const [name, records, said] of cases) test(name, () => deepEqual(checked(records), said))
  test('of another node', () => deepEqual(checked(whole, { nodeId: foreign.nodeId }), ['wrong-log', 0]))
  test('of another network', () => deepEqual(checked(whole, { networkId: new Uint8Array(32) }), ['wrong-log', 0]))
  test('of whoever it is', () => deepEqual(checked(whole, {}), [0, 8, 2, 3]))
})

describe('a proof of one entry', async () => {
  await using log = new MemoryLog({ networkId, signer, entriesMax: 100 })
  const appended = await log.append(drafts(0, 21))
  await log.checkpoint()
  const proof = await log.prove(appended[13]!.digest)

  test('shows it, and whose log it is in', () => {
    const opened = openEntryProof(proof)
    ok(opened.verdict === 'accept')
    deepEqual(opened.value.sealed.entry, appended[13]!.entry)
    deepEqual(opened.value.checkpoint.nodeId, signer.nodeId)
    equal(opened.value.checkpoint.size, 21)
  })
  test('shows nothing with any one bit flipped', () => {
    for (let at = 0; at < proof.length; at += 1) {
      const bad = proof.slice()
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8))
      equal(openEntryProof(bad).verdict, 'reject', `byte ${at}`)
    }
  })
  test('shows nothing when cut off or lengthened', () => {
    equal(openEntryProof(proof.slice(0, -1)).verdict, 'reject')
    equal(openEntryProof(Uint8Array.of(...proof, 0)).verdict, 'reject')
  })
})
