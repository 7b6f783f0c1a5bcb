/** Entries as people and scripts read them, and what may be typed to choose among them. */
import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { test } from 'node:test'
import picocolors from 'picocolors'
import { appendTo, cidText, emptyHead } from '../log/index.ts'
import type { LogDraft, SealedEntry } from '../log/index.ts'
import { entryJson, entryLine, entryName, instant, jsonLine, logLevel, logTypes } from './log-view.ts'

const plain = picocolors.createColors(false)
const DRAFT: LogDraft = {
  level: 'warn',
  type: 'clock',
  time: { earliest: 1_800_000_036_000_000_000n, latest: 1_800_000_038_000_000_000n },
  message: 'back a \u001B[31mstep',
  payload: { byNs: 2n ** 60n, of: ['a', null], who: 'b\nc' },
}
const sealed = (draft: Partial<LogDraft> = {}): SealedEntry => {
  const [entry] = appendTo(emptyHead(), [{ ...DRAFT, ...draft }]).entries
  if (entry === undefined) throw new TypeError('an entry')
  return entry
}

test('a line: number, time and bound, level, type, message and facts, and nothing that moves a cursor', () =>
  equal(
    entryLine(sealed(), plain),
    '0 2027-01-15T08:00:00.000000000Z ±1 s warn  clock back a \\u001b[31mstep byNs="1152921504606846976" of=["a",null] who=b\\u000ac',
  ))
test('without a time and facts', () =>
  equal(
    entryLine(sealed({ time: null, payload: {}, message: 'm', level: 'info' }), plain),
    '0 (no time) info  clock m',
  ))
test('as JSON, with instants as text', () => {
  const one = sealed()
  deepEqual(JSON.parse(jsonLine(entryJson(one))), {
    sequence: 0,
    cid: cidText(one.digest),
    previous: null,
    level: 'warn',
    type: 'clock',
    time: { earliest: '1800000036000000000', latest: '1800000038000000000', utc: '2027-01-15T08:00:00.000000000Z' },
    message: DRAFT.message,
    payload: { byNs: '1152921504606846976', of: ['a', null], who: 'b\nc' },
  })
})
test('levels and types are the log’s', () => {
  equal(logLevel('warn'), 'warn')
  throws(() => logLevel('loud'), /trace, debug, info/)
  deepEqual(logTypes('clock, proof', ['network']), ['network', 'clock', 'proof'])
  throws(() => logTypes('weather'), /network, clock/)
})
test('instants are UTC or so long ago', () => {
  equal(instant('2027-01-15T08:00:00Z'), 1_800_000_037_000_000_000n)
  match(String(instant('10m')), /^\d{19}$/)
  throws(() => instant('yesterday'), /10m for ten minutes ago/)
})
test('entries are named by CID or number', () => {
  const { digest } = sealed()
  deepEqual(entryName(cidText(digest)), { digest })
  deepEqual(entryName('17'), { sequence: 17 })
  for (const bad of ['-1', 'bafyr', '12345678901', `${cidText(digest)}a`]) throws(() => entryName(bad), /bafyr/)
})
