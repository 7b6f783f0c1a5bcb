/** The cards of the page of stamps, and what it says of them. */
import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CARDS_MAX, emptyStamps, isUnderWay, reduceStamps } from './stamps.ts'
import type { StampCard, StampsMessage, StampsView } from './stamps.ts'
import { clockOfUtc, dayOfUtc, overdueText, stampHeadline, stepsOf, troubleOf } from './stamps-words.ts'
import { emptyView } from './view.ts'
import { status } from './view-fixture.ts'

const after = (...messages: readonly StampsMessage[]): StampsView => messages.reduce(reduceStamps, emptyStamps)
const added: StampsMessage = { type: 'stamp-added', card: { id: '1', name: 'a.pdf', sizeBytes: 10 } }
const to = (change: Partial<StampCard>, atMs?: number): StampsMessage => ({
  type: 'stamp',
  id: '1',
  change,
  ...(atMs === undefined ? {} : { atMs }),
})
const taken = {
  id: 'ab',
  position: 4,
  heightPromised: 1220,
  beaconHeight: 1200,
  received: { utc: '2026-11-21T12:03:04.123456789Z', widthNs: 2_000_000 },
}
const only = ({ stamps }: StampsView): StampCard => stamps[0] ?? expected()
const expected = (): never => {
  throw new Error('a card was expected')
}
const states = (view: StampsView): readonly string[] => stepsOf(only(view)).map(({ state }) => state)

describe('a stamp on its way', () => {
  const hashed = after(added, to({ stage: 'hashing' }, 5), to({ stage: 'asking', digest: 'ab'.repeat(32) }, 20))
  const received = reduceStamps(hashed, to({ stage: 'received', taken }, 40))
  const final = reduceStamps(received, to({ stage: 'final', height: 1203, hasProof: true }, 1400))

  test('steps follow the stages', () => {
    deepEqual(states(after(added)), ['now', 'open', 'open', 'open'])
    deepEqual(states(hashed), ['done', 'now', 'open', 'open'])
    deepEqual(states(received), ['done', 'done', 'now', 'open'])
    deepEqual(states(final), ['done', 'done', 'done', 'done'])
  })
  test('a failed one stands where it failed', () => {
    const refused = reduceStamps(hashed, to({ stage: 'failed', trouble: 'No.' }))
    deepEqual(states(refused), ['done', 'open', 'open', 'open'])
    deepEqual(states(after(added, to({ stage: 'failed', trouble: 'No.' }))), ['open', 'open', 'open', 'open'])
  })
  test('facts have their heights and times', () => {
    const facts = stepsOf(only(final)).map((step) => step.facts.replaceAll(/\s/g, ' '))
    deepEqual(facts, [
      'SHA-256 abababab…',
      '12:03:04.123 ± 1 ms',
      'promised by block 1,220',
      'block 1,203, after 1.4 s',
    ])
  })
  test('the first time that a stage is reached is kept', () => {
    const twice = reduceStamps(received, to({ stage: 'received', trouble: 'x' }, 99))
    equal(only(twice).reachedMs.received, 40)
  })
  test('news are said once, and only news', () => {
    match(received.announcement, /^a\.pdf: the node has signed a receipt/)
    match(final.announcement, /final in block 1203/)
    equal(reduceStamps(final, to({ hashedBytes: 3 })).announcement, final.announcement)
  })
  test('leaving the page is only asked about while something is under way', () => {
    equal(isUnderWay(after(added)), false)
    equal(isUnderWay(received), true)
    equal(isUnderWay(final), false)
  })
  test('begun again it is as new', () => {
    const again = reduceStamps(final, { type: 'stamp-again', id: '1' })
    deepEqual(only(again), only(after(added)))
  })
})

test('no more cards than there may be', () => {
  const many = Array.from({ length: CARDS_MAX + 5 }, (_, i): StampsMessage => ({ type: 'check-added', id: `${i}` }))
  equal(after(...many).checks.length, CARDS_MAX)
})

describe('what to do where the node does not do its part', () => {
  const error = (code: string, status: number, message = 'Because') => ({ code, status, message })
  test('no answer: it is asked again, and the receipt is kept', () => {
    const away = error('TC_API_UNREACHABLE', 0)
    deepEqual([troubleOf(away, false).isFinal, troubleOf(away, true).isFinal], [false, false])
    match(troubleOf(away, false).says, /hash is kept/)
    match(troubleOf(away, true).says, /receipt is safe/)
  })
  test('too many, or not now: it is asked again', () => {
    for (const status of [408, 429, 500, 503]) equal(troubleOf(error('TC_API_RATE', status), false).isFinal, false)
  })
  test('a refusal is one', () => {
    deepEqual(troubleOf(error('TC_API_BAD_REQUEST', 400), false), { says: 'Because.', isFinal: true })
    equal(troubleOf(error('TC_API_ANSWER', 200), false).isFinal, true)
  })
  test('a promise that was not kept', () => {
    const card = only(after(added, to({ stage: 'proposed', taken })))
    equal(overdueText(card, 1220), '')
    match(overdueText(card, 1221), /Block 1,220 was promised and has passed/)
    equal(overdueText({ ...card, stage: 'final' }, 1221), '')
  })
})

test('words of time', () => {
  equal(clockOfUtc('2026-11-21T12:03:04.123456Z'), '12:03:04.123')
  equal(dayOfUtc('2026-11-21T12:03:04Z'), '21 November 2026')
})

test('the headline says where nothing can be stamped', () => {
  equal(stampHeadline(emptyView(0)).tone, 'calm')
  equal(stampHeadline({ ...emptyView(0), status: status('synchronised') }).tone, 'quiet')
})
