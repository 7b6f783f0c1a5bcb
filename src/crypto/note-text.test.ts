/** Which texts may be signed raw: notes of two shapes, and nothing that could be something else. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { domainDigest, noteTextBytes, verifyMessage } from './index.ts'
import { memorySigner } from './io/memory-signer.ts'

const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
const checkpoint = `example.com/behind-the-sofa\n20852163\n${ROOT}\n`
const cosigned = `cosignature/v1\ntime 1679315147\n${checkpoint}`

test('C-20: a checkpoint and a cosigned checkpoint are signed as they stand', async () => {
  const signer = memorySigner({ seed: new Uint8Array(32).fill(7) })
  for (const text of [checkpoint, `${checkpoint}more\n`, cosigned]) {
    const message = new TextEncoder().encode(text)
    deepEqual(noteTextBytes(text), message)
    ok(verifyMessage({ publicKey: signer.nodeId, message, signature: await signer.signNote(text) }))
  }
})

describe('anything else is a bug of the caller', () => {
  const signer = memorySigner({ seed: new Uint8Array(32).fill(7) })
  const texts: readonly string[] = [
    '',
    'x',
    `a\n1\n${ROOT}\n`,
    checkpoint.slice(0, -1),
    `${checkpoint}\n`,
    `${checkpoint}\nmore\n`,
    checkpoint.replace('20852163', '020852163'),
    checkpoint.replace('example', 'exam ple'),
    checkpoint.replace(ROOT, ROOT.slice(1)),
    cosigned.replace('time ', 'time  '),
    cosigned.replace('time 1', 'time 01'),
    cosigned.replace('v1', 'v2'),
    `cosignature/v1\ntime 5\n${cosigned}`,
    'noise-libp2p-static-key:'.padEnd(80, 'k'),
    `${checkpoint}${'x'.repeat(4096)}\n`,
    String.fromCharCode(...domainDigest('truechimer/receipt/1', new Uint8Array(3))),
  ]
  for (const text of texts)
    test(JSON.stringify(text.slice(0, 50)), () => rejects(signer.signNote(text), { code: 'ERR_ASSERTION' }))
  test('no 32 bytes are a note', () => {
    fc.assert(fc.property(fc.string({ maxLength: 63 }), (text) => equal(noteTextBytes(text), undefined)))
  })
})
