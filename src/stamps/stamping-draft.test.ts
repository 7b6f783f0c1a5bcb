/** What is taken in one go: all of a submission or none, nothing twice, beacons that are fresh; and receipts that share a signature. T-4, T-9, T-11, T-42. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { hexOf } from '../base/index.ts'
import { ed25519Verifier, sha256, sign, signingKeyOf } from '../crypto/index.ts'
import {
  BEACON_AGE_HEIGHTS_MAX,
  RECEIPT_DOMAIN,
  RECEIPT_GROUP_MAX,
  SUBMISSION_STAMPS_MAX,
  StampDraft,
  draftReceipts,
  encodeReceipt,
  inGroups,
  isReceiptSigned,
  leafOf,
  openReceipt,
  receiptAt,
  stampIdOf,
} from './index.ts'
import type { DraftView, StampRequest } from './index.ts'

const wish = (number: number, given: Partial<StampRequest> = {}): StampRequest => ({
  algorithm: 'sha-256',
  imprint: sha256(Uint8Array.of(number)),
  beacon: null,
  clientKey: 'me',
  ...given,
})
const idOf = ({ clientKey, ...entry }: StampRequest): string => hexOf(stampIdOf(entry, clientKey))
const NEWEST = 50
const beaconAt = (height: number): string => height.toString(16).padStart(64, '0')

const view = (given: Partial<DraftView> = {}): DraftView => ({
  size: 100,
  room: 1000,
  heightNewest: NEWEST,
  refusal: undefined,
  lookedUp: 'all',
  positionOf: () => undefined,
  heightOf: (block) => (Number.parseInt(block, 16) <= NEWEST ? Number.parseInt(block, 16) : undefined),
  ...given,
})

test('new ones stand after what there is; one that was asked for twice stands once', () => {
  const known = new Map([[idOf(wish(7)), 42]])
  const draft = new StampDraft(view({ positionOf: (id) => known.get(hexOf(id)) }))
  deepEqual(draft.add([wish(1), wish(2), wish(1)]), {
    verdict: 'accept',
    value: [
      { position: 100, isNew: true },
      { position: 101, isNew: true },
      { position: 100, isNew: false },
    ],
  })
  deepEqual(draft.add([wish(7), wish(2, { beacon: beaconAt(NEWEST) }), wish(3)]), {
    verdict: 'accept',
    value: [
      { position: 42, isNew: false },
      { position: 101, isNew: false },
      { position: 102, isNew: true },
    ],
  })
  deepEqual(
    draft.entries.map(({ position, entry, leaf }) => [position, hexOf(leaf) === hexOf(leafOf(entry))]),
    [100, 101, 102].map((position) => [position, true]),
  )
})

test('without a client key, another beacon is another stamp', () => {
  const draft = new StampDraft(view())
  const at = (height: number): StampRequest => wish(1, { clientKey: '', beacon: beaconAt(height) })
  const added = draft.add([at(NEWEST), at(NEWEST - 1), at(NEWEST)])
  ok(added.verdict === 'accept')
  deepEqual(
    added.value.map(({ position }) => position),
    [100, 101, 100],
  )
})

const beacons: readonly (readonly [name: string, beacon: string, reason: string])[] = [
  ['the newest', beaconAt(NEWEST), ''],
  ['the oldest that will do', beaconAt(NEWEST - BEACON_AGE_HEIGHTS_MAX), ''],
  ['one that is too old', beaconAt(NEWEST - BEACON_AGE_HEIGHTS_MAX - 1), 'beacon-stale'],
  ['one that nobody knows', beaconAt(NEWEST + 1), 'beacon-unknown'],
]
for (const [name, beacon, reason] of beacons)
  test(`a beacon: ${name}`, () => {
    const answer = new StampDraft(view()).add([wish(1, { beacon })])
    equal(answer.verdict === 'accept' ? '' : answer.reason, reason)
    equal(answer.verdict === 'reject', reason === 'beacon-unknown')
  })

test('where only what would be refused is looked up, that is still told, and what could be taken is held to be new', () => {
  const [fresh, stale] = [wish(7), wish(8, { beacon: beaconAt(1) })]
  const asked: string[] = []
  const positionOf = (id: Uint8Array): number => asked.push(hexOf(id)) + 41
  const draft = new StampDraft(view({ lookedUp: 'refused', positionOf }))
  deepEqual(draft.add([fresh, stale]), {
    verdict: 'accept',
    value: [
      { position: 100, isNew: true },
      { position: 42, isNew: false },
    ],
  })
  deepEqual(asked, [idOf(stale)])
})

test('a submission that is refused leaves nothing behind', () => {
  const draft = new StampDraft(view())
  draft.add([wish(1)])
  equal(draft.add([wish(2), wish(1), wish(3, { beacon: beaconAt(NEWEST + 1) })]).verdict, 'reject')
  deepEqual(draft.add([wish(3), wish(2)]), {
    verdict: 'accept',
    value: [
      { position: 101, isNew: true },
      { position: 102, isNew: true },
    ],
  })
})

test('where there is no room, or nothing is taken, what is there is still told', () => {
  const positionOf = (id: Uint8Array): number | undefined => (hexOf(id) === idOf(wish(7)) ? 42 : undefined)
  const full = new StampDraft(view({ room: 1, positionOf }))
  equal(full.add([wish(1)]).verdict, 'accept')
  deepEqual(full.add([wish(2)]), { verdict: 'ignore', reason: 'stamps-full' })
  equal(full.add([wish(1), wish(7)]).verdict, 'accept')
  const closed = new StampDraft(view({ refusal: 'not-truechimer', positionOf }))
  deepEqual(closed.add([wish(7), wish(2)]), { verdict: 'ignore', reason: 'not-truechimer' })
  equal(closed.add([wish(7)]).verdict, 'accept')
})

test('more than a submission holds is a bug of the door', () => {
  const many = Array.from({ length: SUBMISSION_STAMPS_MAX + 1 }, (_, i) => wish(i))
  throws(() => new StampDraft(view()).add(many), { name: 'AssertionError' })
})

test('receipts of up to sixteen neighbours share a signature, and each stands for itself', () => {
  const key = signingKeyOf(new Uint8Array(32).fill(3))
  const draft = new StampDraft(view())
  draft.add(Array.from({ length: 35 }, (_, i) => wish(i)))
  const groups = inGroups(draft.entries)
  deepEqual(
    groups.map(({ length }) => length),
    [RECEIPT_GROUP_MAX, RECEIPT_GROUP_MAX, 3],
  )
  const facts = {
    networkId: new Uint8Array(32),
    node: key.publicKey,
    received: { earliest: 5n, latest: 9n },
    heightNewest: NEWEST,
    heightPromised: NEWEST + 20,
    sources: 5,
  }
  for (const members of groups) {
    const drafted = draftReceipts(members, facts)
    const signature = sign(key, RECEIPT_DOMAIN, drafted.root)
    for (const [i, { position, leaf }] of members.entries()) {
      const receipt = receiptAt(drafted, i, signature)
      deepEqual([receipt.position, receipt.leaf], [position, leaf])
      ok(isReceiptSigned(receipt, ed25519Verifier))
      deepEqual(openReceipt(encodeReceipt(receipt)).verdict, 'accept')
      ok(!isReceiptSigned({ ...receipt, position: position + 1 }, ed25519Verifier))
    }
  }
})
