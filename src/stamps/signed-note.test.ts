/** Notes, keys and cosignatures: the examples of the specifications and of Go's library, then what is malformed, then anything. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf } from '../base/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import {
  NOTE_SIGNATURES_MAX,
  checkpointText,
  cosignatureOf,
  cosignedAt,
  cosignedText,
  cosignersOf,
  encodeNote,
  nodeNoteKey,
  nodeOfOrigin,
  noteKeyId,
  noteSignatureOf,
  openNote,
  openSignatureLines,
  parseCheckpoint,
  parseVerifierKey,
  signatureLine,
  verifierKeyText,
  verifyNote,
} from './tlog-door.ts'
import type { NoteKey, SignedNote } from './tlog-door.ts'

/** C2SP signed-note, "Example"; the documentation of Go's golang.org/x/mod/sumdb/note. */
const NOTES = [
  [
    'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
  ],
  [
    'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
  ],
] as const

const keyOf = (line: string): NoteKey => {
  const key = parseVerifierKey(line)
  ok(key.verdict === 'accept', JSON.stringify(key))
  return key.value
}
const noteOf = (text: string): SignedNote => {
  const note = openNote(text)
  ok(note.verdict === 'accept', JSON.stringify(note))
  return note.value
}

describe('T-62, T-63: examples of others', () => {
  for (const [line, text] of NOTES)
    test(line, () => {
      const [key, note] = [keyOf(line), noteOf(text)]
      equal(verifierKeyText(key), line)
      equal(encodeNote(note), text)
      equal(verifyNote(note, key).verdict, 'accept')
      deepEqual(verifyNote({ ...note, text: `${note.text}.\n` }, key), {
        verdict: 'reject',
        reason: 'wrong-note-signature',
      })
      deepEqual(verifyNote(note, { ...key, name: 'another' }), { verdict: 'reject', reason: 'note-unsigned' })
    })
  test('a witness’s key (transparency-dev/formats)', () => {
    const line = 'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2'
    const key = keyOf(line)
    equal(key.type, 'cosignature')
    equal(hexOf(noteKeyId(key)), 'da77ade7')
    equal(verifierKeyText(key), line)
  })
  test('a poem with an empty line in it', () => {
    const poem =
      'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n'
    ok(noteOf(poem).text.endsWith('ed è subito sera.\n'))
    equal(encodeNote(noteOf(poem)), poem)
  })
  test('a cosigned checkpoint (tlog-cosignature), its time and its parts', () => {
    const text =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n'
    const note = noteOf(text)
    const checkpoint = parseCheckpoint(note.text)
    ok(checkpoint.verdict === 'accept')
    equal(checkpoint.value.origin, 'example.com/behind-the-sofa')
    equal(checkpoint.value.size, 20_852_163)
    equal(checkpointText(checkpoint.value), note.text)
    deepEqual(
      note.signatures.map(({ signature }) => signature.length),
      [64, 72],
    )
    const stamped = note.signatures[1]?.signature
    ok(stamped !== undefined)
    equal(new DataView(stamped.buffer, stamped.byteOffset, 8).getBigUint64(0), 1_679_315_147n)
    equal(
      cosignedText(1_679_315_147n, note.text),
      'cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n',
    )
  })
})

const networkId = new Uint8Array(32).fill(0xab)
const signer = memorySigner({ seed: new Uint8Array(32).fill(3) })
const logKey = nodeNoteKey(networkId, signer.nodeId, 'ed25519')
const witnessKey = nodeNoteKey(networkId, signer.nodeId, 'cosignature')
const text = checkpointText({ origin: logKey.name, size: 5, root: new Uint8Array(32).fill(9), extensions: [] })

test('T-61: one name, two keys: a log’s line is no cosignature and the other way round', async () => {
  const line = noteSignatureOf(logKey, await signer.signNote(text))
  const cosigned = cosignatureOf(witnessKey, 1_700_000_000n, await signer.signNote(cosignedText(1_700_000_000n, text)))
  const note = noteOf(encodeNote({ text, signatures: [line, cosigned] }))
  equal(verifyNote(note, logKey).verdict, 'accept')
  deepEqual(
    cosignersOf(note, [witnessKey]).map(({ timeSec }) => timeSec),
    [1_700_000_000n],
  )
  equal(cosignedAt(witnessKey, text, line), undefined)
  equal(verifyNote({ text, signatures: [cosigned] }, logKey).verdict, 'reject')
  // Another time, another text, a bit of the signature.
  const changed = (at: number): Uint8Array => cosigned.signature.map((byte, i) => (i === at ? byte ^ 1 : byte))
  for (const at of [0, 7, 8, 71])
    equal(cosignedAt(witnessKey, text, { ...cosigned, signature: changed(at) }), undefined)
  equal(cosignedAt(witnessKey, text.replace('\n5\n', '\n6\n'), cosigned), undefined)
  equal(cosignersOf(note, [logKey]).length, 0)
})

test('T-60: origins of this network, spelt one way', () => {
  deepEqual(nodeOfOrigin(networkId, logKey.name), signer.nodeId)
  const other = new Uint8Array(32).fill(0xac)
  for (const origin of [
    nodeNoteKey(other, signer.nodeId, 'ed25519').name,
    `${logKey.name}/`,
    logKey.name.toUpperCase(),
    'truechimer',
    '',
  ])
    equal(nodeOfOrigin(networkId, origin), undefined, origin)
})

describe('what is malformed', () => {
  const [, good] = NOTES[0]
  const line = good.slice(good.indexOf('—'))
  const texts: readonly string[] = [
    '',
    '\n',
    '\n\n',
    good.slice(0, -1),
    good.replace('\n\n', '\n'),
    `${good}\n`,
    good.replace('— ', '- '),
    good.replace('— ', '—'),
    good.replace('foo ', 'foo  '),
    good.replace('foo ', 'foo+ '),
    good.replace('aQM=\n', 'aQM\n'),
    `${good}— x AAAA\n`,
    `${good}— x AAAAAA==\n`,
    `a\tb\n\n${line}`,
    `a\r\n\n${line}`,
    `a\ud800b\n\n${line}`,
  ]
  for (const one of texts)
    test(JSON.stringify(one.slice(-30)), () =>
      deepEqual(openNote(one), { verdict: 'reject', reason: 'malformed-note' }),
    )
  test('too many signatures, too long', () => {
    deepEqual(openNote(`a\n\n${line.repeat(NOTE_SIGNATURES_MAX + 1)}`), { verdict: 'reject', reason: 'note-too-large' })
    deepEqual(openNote(`${'a'.repeat(70_000)}\n\n${line}`), { verdict: 'reject', reason: 'note-too-large' })
    equal(openNote(`a\n\n${line.repeat(NOTE_SIGNATURES_MAX)}`).verdict, 'accept')
  })
  const keys: readonly (readonly [string, string])[] = [
    ['', 'malformed-verifier-key'],
    ['a+b+c', 'malformed-verifier-key'],
    [NOTES[0][0].replace('530d903a', '530D903A'), 'malformed-verifier-key'],
    [NOTES[0][0].replace('530d903a', '530d903b'), 'wrong-note-key-id'],
    [NOTES[0][0].replace('foo', 'fo'), 'wrong-note-key-id'],
    [NOTES[0][0].replace('+Aeky', '+Beky'), 'unknown-note-type'],
    [`${NOTES[0][0]}AAAA`, 'malformed-verifier-key'],
  ]
  for (const [key, reason] of keys)
    test(`${key} is ${reason}`, () => deepEqual(parseVerifierKey(key), { verdict: 'reject', reason }))
  const heads: readonly string[] = [
    text.slice(0, -1),
    text.replace('\n5\n', '\n05\n'),
    text.replace('\n5\n', '\n-5\n'),
    text.replace('\n5\n', '\n5000000000\n'),
    text.replace('\n5\n', '\n\n'),
    text.replace('CQk=', 'CQk'),
    `${text}\n`,
    `${text}${'x'.repeat(2048)}\n`,
    'a\n1\n',
  ]
  for (const head of heads)
    test(JSON.stringify(head.slice(120, 160)), () =>
      deepEqual(parseCheckpoint(head), { verdict: 'reject', reason: 'malformed-checkpoint' }),
    )
})

test('whatever is read is written the same', () => {
  const part = fc.oneof(
    fc.constantFrom(
      '\n',
      '\n\n',
      '— ',
      ' ',
      'example.com/foo',
      signatureLine(noteSignatureOf(logKey, new Uint8Array(64))),
    ),
    fc.string(),
  )
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
      (any) => {
        const note = openNote(any)
        if (note.verdict === 'accept') equal(encodeNote(note.value), any)
        const lines = openSignatureLines(any)
        if (lines.verdict === 'accept') equal(lines.value.map(signatureLine).join(''), any)
        const checkpoint = parseCheckpoint(any)
        if (checkpoint.verdict === 'accept') equal(checkpointText(checkpoint.value), any)
        const key = parseVerifierKey(any)
        if (key.verdict === 'accept') equal(verifierKeyText(key.value), any)
      },
    ),
  )
})
