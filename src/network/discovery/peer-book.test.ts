import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SEC, seededRandom } from '../../base/index.ts'
import { AddressTables } from './address-tables.ts'
import { PUSH_GROUP_LIMIT, PUSH_LIMIT, PeerBook, REFRESH_LIMIT } from './peer-book.ts'
import type { Handing } from './peer-book.ts'
import type { PeerRecord, SealedRecord } from './peer-record.ts'

const NOW = 1_800_000_000_000_000_000n
const random = seededRandom(1n)

const open = (isMember: (peer: string) => boolean = () => false) => {
  const tables = new AddressTables({ secret: new Uint8Array(32) })
  return { tables, book: new PeerBook({ random, tables, self: 'self', isMember, slackNs: NS_PER_MINUTE }) }
}

/** A host of its own for each, all in one group. */
const addressOf = (peer: string): string => {
  const sum = Array.from(new TextEncoder().encode(peer)).reduce((total, byte) => (31 * total + byte) % 65_536, 0)
  return `/ip4/1.2.${sum >> 8}.${sum & 255}/tcp/1`
}

const recordOf = (peer: string, change: Partial<PeerRecord> = {}): SealedRecord => {
  const record = {
    networkId: new Uint8Array(32),
    nodeId: new Uint8Array(32),
    sequence: 1,
    issuedTai: NOW,
    expiresTai: NOW + NS_PER_HOUR,
    addresses: [addressOf(peer)],
    version: '1.0.0',
    features: [],
    location: null,
    signature: new Uint8Array(64),
    ...change,
  }
  return { peer, record, bytes: new TextEncoder().encode(`${peer} ${record.sequence} ${record.version}`) }
}

const handing: Handing = { from: 'hander', fromGroup: 'ip4/9.9', elapsedNs: 0n, nowTai: NOW, acceptLocal: false }
const said = (book: PeerBook, sealed: SealedRecord, change: Partial<Handing> = {}): string => {
  const admission = book.offer(sealed, { ...handing, ...change })
  return admission.verdict === 'accept' ? 'accept' : `${admission.verdict} ${admission.reason}`
}

test('the newest record of an author is held', () => {
  const { book } = open()
  equal(said(book, recordOf('a')), 'accept')
  equal(said(book, recordOf('a')), 'ignore record-known')
  equal(said(book, recordOf('a', { sequence: 3 })), 'accept')
  equal(said(book, recordOf('a', { sequence: 2 })), 'ignore record-stale')
  equal(book.get('a')?.record.sequence, 3)
  ok(book.held(recordOf('a', { sequence: 3 }).bytes) !== undefined)
  equal(book.held(recordOf('a').bytes), undefined)
})

test('two records with one sequence: both go, the author is out for an hour, and only the author is charged', () => {
  const { book, tables } = open()
  const other = recordOf('a', { version: '2.0.0' })
  equal(said(book, recordOf('a')), 'accept')
  equal(said(book, other), 'ignore record-equivocation')
  equal(book.get('a') ?? tables.get('a'), undefined)
  equal(said(book, recordOf('a', { sequence: 9 })), 'ignore record-equivocation')
  equal(said(book, recordOf('a', { sequence: 9 }), { elapsedNs: NS_PER_HOUR }), 'accept')
  equal(said(book, recordOf('b'), { elapsedNs: NS_PER_HOUR }), 'accept')
  const again = { from: 'b', elapsedNs: NS_PER_HOUR }
  equal(said(book, recordOf('b', { version: '2.0.0' }), again), 'reject record-equivocation')
})

test('what depends on our own clock is ignored, and nothing is judged without the time', () => {
  const { book } = open()
  equal(said(book, recordOf('a'), { nowTai: NOW - NS_PER_HOUR }), 'ignore record-from-future')
  equal(said(book, recordOf('a'), { nowTai: NOW + 2n * NS_PER_HOUR }), 'ignore record-expired')
  equal(said(book, recordOf('a'), { nowTai: undefined }), 'accept')
})

test('local addresses, and records of ourselves', () => {
  const { book } = open()
  const local = recordOf('a', { addresses: ['/ip4/127.0.0.1/tcp/1'] })
  equal(said(book, local), 'ignore address-local')
  equal(said(book, local, { acceptLocal: true }), 'accept')
  equal(said(book, recordOf('self')), 'ignore record-of-ourselves')
})

test('an author refreshes so often and no more', () => {
  const { book } = open()
  const results = Array.from({ length: REFRESH_LIMIT.burst + 1 }, (_, i) =>
    said(book, recordOf('a', { sequence: i + 1 })),
  )
  equal(results.filter((result) => result === 'accept').length, REFRESH_LIMIT.burst)
  equal(results.at(-1), 'ignore record-too-soon')
  equal(said(book, recordOf('a', { sequence: 99 }), { elapsedNs: 300n * NS_PER_SEC }), 'accept')
})

test('a peer, and a group, push so many strangers and no more; those we know are not counted', () => {
  const { book } = open()
  let made = 0
  const push = (from: string, count: number): number =>
    Array.from({ length: count }, () => said(book, recordOf(`p${(made += 1)}`), { from })).filter(
      (one) => one === 'accept',
    ).length
  equal(push('x', 1000), PUSH_LIMIT.burst)
  equal(push('y', 1000) + push('z', 1000), PUSH_GROUP_LIMIT.burst - PUSH_LIMIT.burst)
  const known = Array.from({ length: 1000 }, (_, i) => `p${i}`).find((peer) => book.get(peer) !== undefined) ?? ''
  equal(said(book, recordOf(known, { sequence: 2 }), { from: 'x' }), 'accept')
})

test('a record without a place is not held, unless its author is a member', () => {
  const { book, tables } = open((peer) => peer === 'member')
  const nowhere = { addresses: [] }
  equal(said(book, recordOf('stranger', nowhere)), 'accept')
  equal(said(book, recordOf('member', nowhere)), 'accept')
  deepEqual([book.size, tables.size], [1, 0])
  equal(book.sweep(NOW + 2n * NS_PER_HOUR), 1)
  equal(book.size, 0)
})

test('others are told one key of a host, and where there are enough only of peers that answered', () => {
  const { book, tables } = open()
  for (const peer of ['a', 'b', 'c']) book.offer(recordOf(peer), handing)
  const twin = recordOf('d', { addresses: [addressOf('a')] })
  book.offer(twin, { ...handing, fromGroup: 'ip4/8.8' })
  const told = (count: number): string =>
    book
      .told(NOW, count)
      .map(({ peer }) => peer)
      .toSorted()
      .join('')
  equal(tables.size, 4)
  equal(told(1), 'abc')
  for (const peer of ['b', 'c']) tables.answered(peer, 0n)
  deepEqual([told(2), told(3)], ['bc', 'abc'])
  equal(book.told(NOW + 2n * NS_PER_HOUR, 1).length, 0)
})

test('what is over is swept out, and an untried peer with it', () => {
  const { book, tables } = open()
  for (const peer of ['fresh', 'tried']) book.offer(recordOf(peer), handing)
  tables.answered('tried', 0n)
  equal(book.sweep(NOW), 0)
  equal(book.sweep(NOW + 2n * NS_PER_HOUR), 2)
  deepEqual([tables.get('fresh') === undefined, tables.get('tried') === undefined], [true, false])
})
