import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_HOUR, NS_PER_MINUTE } from '../../base/index.ts'
import { memorySigner } from '../../crypto/io/memory-signer.ts'
import {
  RECORD_LIFE_NS_MAX,
  RecordOpener,
  openPeerRecord,
  recordTimeFault,
  sealPeerRecord,
  signPeerRecord,
} from './peer-record.ts'
import type { PeerRecordBody } from './peer-record.ts'

const signer = memorySigner({ seed: new Uint8Array(32).fill(1) })
const networkId = new Uint8Array(32).fill(7)
const NOW = 1_800_000_000_000_000_000n
const said: Omit<PeerRecordBody, 'nodeId'> = {
  networkId,
  sequence: 5,
  issuedTai: NOW,
  expiresTai: NOW + NS_PER_HOUR,
  addresses: ['/ip4/1.2.3.4/tcp/7341'],
  version: '1.0.0',
  features: ['compression', 'quic'],
  location: { latitudeE3: -33_900, longitudeE3: 18_400 },
}
const sealed = await signPeerRecord(signer, said)

test('an opener knows again what it opened, and never takes one for another', () => {
  const opener = new RecordOpener(networkId)
  const open = (bytes: Uint8Array) => {
    const opened = opener.open(bytes)
    return opened.verdict === 'accept' ? opened.value : opened.reason
  }
  const bytes = sealed.bytes.slice()
  const first = open(bytes)
  deepEqual(first, sealed)
  equal(open(bytes.slice()), first)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  deepEqual([open(bytes), open(bytes)], ['bad-signature', 'bad-signature'])
  equal(open(sealed.bytes), first)
  deepEqual(first, sealed)
  equal(new RecordOpener(new Uint8Array(32)).open(sealed.bytes).verdict, 'reject')
})

test('what was signed is opened', () => {
  const opened = openPeerRecord(sealed.bytes, networkId)
  deepEqual(opened, { verdict: 'accept', value: sealed })
})

test('the longest record fits', async () => {
  const long = await signPeerRecord(signer, {
    ...said,
    sequence: Number.MAX_SAFE_INTEGER,
    addresses: Array.from(
      { length: 8 },
      (_, i) => `/dns4/${'a'.repeat(60)}${i}.${'b'.repeat(60)}/tcp/1/${'c'.repeat(64)}`,
    ),
    version: 'v'.repeat(32),
    features: Array.from({ length: 32 }, (_, i) => `${i}`.padStart(32, 'f')),
  })
  equal(openPeerRecord(long.bytes, networkId).verdict, 'accept')
})

describe('refused', () => {
  const cases: readonly (readonly [name: string, change: Partial<PeerRecordBody>, reason: string])[] = [
    ['another network', { networkId: new Uint8Array(32) }, 'wrong-network'],
    ['a life of nothing', { expiresTai: NOW }, 'record-life'],
    ['a life too long', { expiresTai: NOW + RECORD_LIFE_NS_MAX + 1n }, 'record-life'],
    ['nine addresses', { addresses: Array.from({ length: 9 }, () => '/ip4/1.2.3.4/tcp/1') }, 'wrong-shape'],
    ['an address too long', { addresses: [`/ip4/1.2.3.4/tcp/1/${'x'.repeat(190)}`] }, 'wrong-shape'],
    ['nobody’s address', { addresses: ['/ip4/0.0.0.0/tcp/1'] }, 'address-unusable'],
    ['a group’s address', { addresses: ['/ip4/239.1.2.3/udp/1/quic-v1'] }, 'address-unusable'],
    ['no address', { addresses: ['nonsense'] }, 'address-malformed'],
    ['an address of another', { addresses: ['/ip4/1.2.3.4/tcp/1/p2p/12D3KooWother'] }, 'address-of-other'],
    ['a version that steers a terminal', { version: '1.0\u001B[31m' }, 'record-words'],
    ['an empty version', { version: '' }, 'record-words'],
    ['a feature twice', { features: ['quic', 'quic'] }, 'record-words'],
    ['sequence 0', { sequence: 0 }, 'wrong-shape'],
    ['a place off the earth', { location: { latitudeE3: 90_001, longitudeE3: 0 } }, 'wrong-shape'],
  ]
  for (const [name, change, reason] of cases)
    test(name, async () => {
      const { bytes } = await signPeerRecord(signer, { ...said, ...change })
      deepEqual(openPeerRecord(bytes, networkId), { verdict: 'reject', reason })
    })

  test('signed by another key', async () => {
    const other = memorySigner({ seed: new Uint8Array(32).fill(2) })
    const { signature } = (await signPeerRecord(other, said)).record
    const { bytes } = sealPeerRecord({ ...sealed.record, signature })
    deepEqual(openPeerRecord(bytes, networkId), { verdict: 'reject', reason: 'bad-signature' })
  })

  test('any flipped bit', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 * sealed.bytes.length - 1 }), (bit) => {
        const bytes = sealed.bytes.slice()
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        equal(openPeerRecord(bytes, networkId).verdict, 'reject')
      }),
      { numRuns: 100 },
    ))

  test('any other bytes', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
        equal(openPeerRecord(bytes, networkId).verdict, 'reject'),
      ),
      { numRuns: 50 },
    ))
})

test('its time is judged with slack', () => {
  const slackNs = NS_PER_MINUTE
  const at = (now: bigint): string | undefined => recordTimeFault(sealed.record, now, slackNs)
  equal(at(NOW - slackNs), undefined)
  equal(at(NOW - slackNs - 1n), 'record-from-future')
  equal(at(NOW + NS_PER_HOUR + slackNs - 1n), undefined)
  equal(at(NOW + NS_PER_HOUR + slackNs), 'record-expired')
})
