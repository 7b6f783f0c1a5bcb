/** What a witness takes, in the order of the specification; what it is asked with; and evidence of two histories. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { merkleSha256 } from '../crypto/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import {
  TlogTree,
  checkpointText,
  encodeNote,
  encodeWitnessRequest,
  judgeCheckpoint,
  nodeNoteKey,
  noteSignatureOf,
  openWitnessRequest,
  verifyFork,
} from './tlog-door.ts'
import type { LogHead, WitnessRequest } from './tlog-door.ts'
import { MemoryCosigned, MemoryLog } from './tlog.test-kit.ts'

const networkId = new Uint8Array(32).fill(0x11)
const signer = memorySigner({ seed: new Uint8Array(32).fill(5) })
const key = nodeNoteKey(networkId, signer.nodeId, 'ed25519')
const log = new MemoryLog()
log.grow(20)
const tree = new TlogTree(log, new MemoryCosigned())
const headAt = (size: number): LogHead => ({
  size,
  root: size === 0 ? merkleSha256.empty() : merkleSha256.rootOfHashes(log.leaves(0, size)),
})

const requestOf = async (
  head: LogHead,
  { oldSize = 0, proof = [] }: { readonly oldSize?: number; readonly proof?: readonly Uint8Array[] } = {},
): Promise<WitnessRequest> => {
  const checkpoint = { ...head, origin: key.name, extensions: [] }
  const text = checkpointText(checkpoint)
  return { oldSize, proof, checkpoint, note: { text, signatures: [noteSignatureOf(key, await signer.signNote(text))] } }
}

describe('T-69: judged', () => {
  const proof = tree.consistency({ oldSize: 7, newSize: 20 })
  const forked = { size: 7, root: new Uint8Array(32).fill(1) }
  for (const [what, head, asked, last, reason, isFork] of [
    ['the first', headAt(7), {}, undefined, undefined, false],
    ['an empty log', headAt(0), {}, undefined, undefined, false],
    ['what follows', headAt(20), { oldSize: 7, proof }, headAt(7), undefined, false],
    ['the same again', headAt(7), { oldSize: 7 }, headAt(7), undefined, false],
    ['an empty log that is not', { size: 0, root: new Uint8Array(32) }, {}, undefined, 'wrong-empty-root', false],
    ['an old size above the new', headAt(5), { oldSize: 7 }, headAt(7), 'old-size-too-large', false],
    ['another old size', headAt(20), { oldSize: 6, proof }, headAt(7), 'old-size-differs', false],
    ['backwards', headAt(5), { oldSize: 5 }, headAt(7), 'old-size-differs', false],
    ['no proof', headAt(20), { oldSize: 7 }, headAt(7), 'wrong-consistency', false],
    ['a proof of something else', headAt(20), { oldSize: 7, proof }, forked, 'wrong-consistency', false],
    ['a proof where there is nothing to prove', headAt(7), { proof }, undefined, 'wrong-consistency', false],
    ['two roots of one size', forked, { oldSize: 7 }, headAt(7), 'log-forked', true],
    ['two roots of one size, asked otherwise', forked, { oldSize: 0 }, headAt(7), 'old-size-differs', true],
  ] as const)
    test(what, async () => {
      const judged = judgeCheckpoint(await requestOf(head, asked), { key, last })
      equal(judged.outcome.verdict === 'accept' ? undefined : judged.outcome.reason, reason)
      equal(judged.isFork, isFork)
    })
  test('unsigned, or signed by another', async () => {
    const request = await requestOf(headAt(7))
    const other = nodeNoteKey(networkId, memorySigner({ seed: new Uint8Array(32).fill(6) }).nodeId, 'ed25519')
    deepEqual(judgeCheckpoint(request, { key: other, last: undefined }).outcome, {
      verdict: 'reject',
      reason: 'note-unsigned',
    })
    const forged = { ...request, note: { ...request.note, text: request.note.text.replace('\n7\n', '\n8\n') } }
    deepEqual(judgeCheckpoint(forged, { key, last: undefined }).outcome, {
      verdict: 'reject',
      reason: 'wrong-note-signature',
    })
  })
})

describe('T-71: the question as bytes', () => {
  /** C2SP tlog-witness, "Example request body". */
  const EXAMPLE = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`
  test('the example of the specification', () => {
    const opened = openWitnessRequest(EXAMPLE)
    ok(opened.verdict === 'accept')
    deepEqual(
      [opened.value.oldSize, opened.value.proof.length, opened.value.checkpoint.size],
      [20_852_014, 4, 20_852_163],
    )
    equal(opened.value.note.signatures.length, 2)
    equal(encodeWitnessRequest(opened.value), EXAMPLE)
  })
  const bad: readonly string[] = [
    '',
    EXAMPLE.replace('old ', 'new '),
    EXAMPLE.replace('old 2', 'old 02'),
    EXAMPLE.replace('old ', 'old -'),
    EXAMPLE.replace('pkaw=', 'pkaw'),
    EXAMPLE.replace('PlRN', ''),
    EXAMPLE.replace('\n\n', '\n'),
    EXAMPLE.replace('\n\n', `\n${'5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n'.repeat(60)}\n`),
    EXAMPLE.slice(0, -1),
    EXAMPLE + 'x'.repeat(70_000),
  ]
  for (const body of bad)
    test(JSON.stringify(body.slice(0, 20)), () =>
      deepEqual(openWitnessRequest(body), { verdict: 'reject', reason: 'malformed-witness-request' }),
    )
  test('whatever is read is written the same', () => {
    const edit = fc.record({ at: fc.nat(EXAMPLE.length), drop: fc.nat(3), add: fc.string({ maxLength: 3 }) })
    fc.assert(
      fc.property(edit, ({ at, drop, add }) => {
        const body = EXAMPLE.slice(0, at) + add + EXAMPLE.slice(at + drop)
        const opened = openWitnessRequest(body)
        if (opened.verdict === 'accept') equal(encodeWitnessRequest(opened.value), body)
      }),
    )
  })
})

test('T-73: two notes convict a log, and nothing else does', async () => {
  const noteAt = async (head: LogHead): Promise<string> => encodeNote((await requestOf(head)).note)
  const [first, second] = [await noteAt(headAt(7)), await noteAt({ size: 7, root: new Uint8Array(32).fill(1) })]
  const convicted = verifyFork(networkId, { first, second })
  ok(convicted.verdict === 'accept')
  deepEqual(convicted.value, { node: signer.nodeId, size: 7 })
  const reasonOf = (notes: { first: string; second: string }, network = networkId): string => {
    const answer = verifyFork(network, notes)
    return answer.verdict === 'accept' ? '' : answer.reason
  }
  equal(reasonOf({ first, second: first }), 'no-fork')
  equal(reasonOf({ first, second: await noteAt(headAt(8)) }), 'no-fork')
  equal(reasonOf({ first, second: second.replace('\n7\n', '\n8\n') }), 'fork-wrong-signature')
  equal(reasonOf({ first, second: 'x' }), 'malformed-fork')
  equal(reasonOf({ first, second: `a\n\n${second.slice(second.indexOf('—'))}` }), 'malformed-fork')
  equal(reasonOf({ first, second }, new Uint8Array(32)), 'fork-wrong-network')
})
