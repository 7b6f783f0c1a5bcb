/** OpenTimestamps files: written as its own library writes them, which is asked where it is installed; and whatever is read is written the same. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf, joinBytes } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import {
  OTS_OPS,
  OTS_PENDING_TAG,
  OTS_STAMP_TAG,
  encodeOts,
  isOtsUri,
  joinOts,
  openOts,
  otsCommitment,
  otsFile,
  otsFinalAnswer,
  otsPending,
  otsPendingAnswer,
  otsPendingUri,
} from './tlog-door.ts'
import type { OtsAttestation, OtsTimestamp } from './tlog-door.ts'

const digest = sha256(new TextEncoder().encode('a thing'))
const nonce = new Uint8Array(16).fill(0x5a)
const NOTHING = new Uint8Array(0)
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

/** Opens a file with python-opentimestamps; says what it found, and the bytes that it writes of it. */
const READ = `
import sys, binascii
from opentimestamps.core.timestamp import DetachedTimestampFile
from opentimestamps.core.serialize import BytesDeserializationContext, BytesSerializationContext
from opentimestamps.core.notary import PendingAttestation
for line in sys.stdin:
    ctx = BytesDeserializationContext(binascii.unhexlify(line.strip()))
    f = DetachedTimestampFile.deserialize(ctx)
    out = BytesSerializationContext(); f.serialize(out)
    said = sorted((binascii.hexlify(m).decode(), a.uri if isinstance(a, PendingAttestation) else binascii.hexlify(a.TAG).decode()) for m, a in f.timestamp.all_attestations())
    print(binascii.hexlify(out.getbytes()).decode(), binascii.hexlify(f.file_digest).decode(), ';'.join(' '.join(s) for s in said))
`
const python = (files: readonly Uint8Array[]): readonly string[] | undefined => {
  const ran = spawnSync('/usr/bin/python3', ['-W', 'ignore', '-c', READ], {
    input: files.map((file) => `${hexOf(file)}\n`).join(''),
    encoding: 'utf8',
  })
  if (ran.error !== undefined || ran.stderr.includes('ModuleNotFoundError')) return undefined
  equal(ran.status, 0, ran.stderr)
  return ran.stdout.trim().split('\n')
}

const fileOf = (...timestamps: readonly (Uint8Array | undefined)[]): Uint8Array => {
  const calendars = timestamps.map((timestamp, i) => ({ uri: `https://${'ba'[i] ?? 'c'}.example`, timestamp }))
  const file = otsFile({ digest, nonce, calendars })
  ok(file.verdict === 'accept')
  return file.value
}
const stamped = otsFinalAnswer(new Uint8Array(2000).fill(7))
ok(stamped !== undefined)
/** A tree such as a calendar makes: two branches, an attestation of Bitcoin's at the end of one. */
const grown: OtsTimestamp = {
  attestations: [],
  branches: [
    {
      op: OTS_OPS.prepend,
      argument: Uint8Array.of(1, 2, 3),
      next: { attestations: [{ tag: '0588960d73d71901', payload: Uint8Array.of(0xe5, 0x8c, 0x15) }], branches: [] },
    },
    {
      op: OTS_OPS.append,
      argument: new Uint8Array(200),
      next: {
        attestations: [],
        branches: [
          {
            op: OTS_OPS.sha256,
            argument: NOTHING,
            next: { attestations: [otsPending('https://z.example/x')], branches: [] },
          },
        ],
      },
    },
  ],
}
const FILES: readonly Uint8Array[] = [
  fileOf(undefined),
  fileOf(undefined, undefined),
  fileOf(otsPendingAnswer('http://127.0.0.1:4600/ots'), undefined),
  fileOf(otsPendingAnswer('http://127.0.0.1:4600/ots'), encodeOts(grown)),
  fileOf(encodeOts(grown), encodeOts(grown), stamped),
]

test('T-76: python-opentimestamps reads our files, finds what is pending, and writes the same bytes', (t) => {
  const lines = python(FILES)
  if (lines === undefined) return t.skip('python3-opentimestamps is not installed here')
  const commitment = hexOf(otsCommitment(digest, nonce))
  const again = hexOf(sha256(otsCommitment(digest, nonce)))
  const said = lines.map((line) => line.split(' '))
  deepEqual(
    said.map(([bytes]) => bytes),
    FILES.map(hexOf),
  )
  ok(said.every(([, of]) => of === hexOf(digest)))
  const found = lines.map((line) => line.split(' ').slice(2).join(' '))
  equal(found[0], `${commitment} https://b.example`)
  equal(found[1], `${commitment} https://a.example;${commitment} https://b.example`)
  deepEqual(
    found[2]?.split(';').toSorted(),
    [`${again} http://127.0.0.1:4600/ots`, `${commitment} https://a.example`].toSorted(),
  )
  ok(found[4]?.includes(`${commitment} ${OTS_STAMP_TAG}`))
})

describe('T-75: bytes', () => {
  test('the head, the digest, the nonce', () => {
    const [file] = FILES
    const head = '004f70656e54696d657374616d7073000050726f6f6600bf89e2e884e892940108'
    const tree = `f010${hexOf(nonce)}0800${OTS_PENDING_TAG}1211${hexOf(new TextEncoder().encode('https://b.example'))}`
    equal(hexOf(file ?? NOTHING), head + hexOf(digest) + tree)
  })
  test('the tag of our attestations is the head of the hash of its name', () =>
    equal(OTS_STAMP_TAG, hexOf(sha256(new TextEncoder().encode('truechimer/ots-attestation/1'))).slice(0, 16)))
  test('addresses of calendars', () => {
    for (const uri of ['https://a.pool.opentimestamps.org', 'http://127.0.0.1:4600/ots'])
      equal(otsPendingUri(otsPending(uri)), uri)
    for (const uri of [
      '',
      'http://[::1]/ots',
      'http://a/?x',
      'http://a/#x',
      'http://a@b',
      'http://a/%20',
      'a'.repeat(1001),
      'http://ä',
    ])
      equal(isOtsUri(uri), false, uri)
  })
  test('a proof that is too long for an attestation', () => equal(otsFinalAnswer(new Uint8Array(8193)), undefined))
  test('what no calendar would answer is refused', () => {
    const pending = hexOf(otsPendingAnswer('http://a'))
    const cases: readonly (readonly [string, string])[] = [
      ['', 'malformed-ots'],
      ['08', 'malformed-ots'],
      [`${pending}00`, 'malformed-ots'],
      [pending.slice(0, -2), 'malformed-ots'],
      [`ff${pending}`, 'malformed-ots'],
      ['09' + pending, 'ots-unknown-operation'],
      ['f000' + pending, 'malformed-ots'],
      ['f0818000' + pending, 'malformed-ots'],
      ['f08000' + pending, 'malformed-ots'],
      ['08'.repeat(300) + pending, 'ots-too-large'],
      ['00'.repeat(10_001), 'ots-too-large'],
    ]
    for (const [hex, reason] of cases) {
      deepEqual(openOts(bytesOf(hex)), { verdict: 'reject', reason }, hex.slice(0, 40))
      deepEqual(otsFile({ digest, nonce, calendars: [{ uri: 'http://a', timestamp: bytesOf(hex) }] }), {
        verdict: 'reject',
        reason,
      })
    }
  })
})

const attestation: fc.Arbitrary<OtsAttestation> = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9\-._/:]{1,40}$/).map(otsPending),
  fc.record({
    tag: fc.uint8Array({ minLength: 8, maxLength: 8 }).map(hexOf),
    payload: fc.uint8Array({ maxLength: 40 }),
  }),
)
const trees = fc.letrec<{ tree: OtsTimestamp }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.record({ attestations: fc.array(attestation, { minLength: 1, maxLength: 3 }), branches: fc.constant([]) }),
    fc.record({
      attestations: fc.array(attestation, { maxLength: 2 }),
      branches: fc.array(
        fc.oneof(
          fc.record({
            op: fc.constantFrom(OTS_OPS.append, OTS_OPS.prepend),
            argument: fc.uint8Array({ minLength: 1, maxLength: 300 }),
            next: tie('tree'),
          }),
          fc.record({
            op: fc.constantFrom(OTS_OPS.sha1, OTS_OPS.sha256, OTS_OPS.hexlify),
            argument: fc.constant(NOTHING),
            next: tie('tree'),
          }),
        ),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  ),
})).tree

test('T-77: a tree that is written is read as it is, joined with itself it is itself', () => {
  fc.assert(
    fc.property(trees, (tree) => {
      const joined = joinOts([tree])
      const bytes = encodeOts(joined)
      fc.pre(bytes.length < 10_000)
      const opened = openOts(bytes)
      ok(opened.verdict === 'accept', JSON.stringify(opened))
      equal(hexOf(encodeOts(opened.value)), hexOf(bytes))
      equal(hexOf(encodeOts(joinOts([joined, opened.value]))), hexOf(bytes))
    }),
  )
})

test('anything is answered', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(30), (bytes, keep) => {
      const mutated = joinBytes(otsPendingAnswer('http://a').subarray(0, keep), bytes)
      const opened = openOts(mutated)
      if (opened.verdict === 'accept') ok(encodeOts(opened.value).length <= mutated.length)
    }),
  )
})
