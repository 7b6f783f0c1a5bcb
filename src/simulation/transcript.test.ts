import { equal, notEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { Transcript } from './transcript.ts'

const hashOf = (...notes: readonly Parameters<Transcript['note']>[]): string => {
  const transcript = new Transcript()
  for (const note of notes) transcript.note(...note)
  return transcript.hash()
}

test('Z-3: the same happenings have one hash', () =>
  equal(hashOf(['sent', 5, 1, 2], ['lost', 6, 0, 3]), hashOf(['sent', 5, 1, 2], ['lost', 6, 0, 3])))

const base: Parameters<Transcript['note']> = ['sent', 5, 1, 2, Uint8Array.of(1, 2)]
const others: readonly (readonly [string, Parameters<Transcript['note']>])[] = [
  ['kind', ['heard', 5, 1, 2, Uint8Array.of(1, 2)]],
  ['instant', ['sent', 6, 1, 2, Uint8Array.of(1, 2)]],
  ['node', ['sent', 5, 2, 2, Uint8Array.of(1, 2)]],
  ['number', ['sent', 5, 1, 3, Uint8Array.of(1, 2)]],
  ['bytes', ['sent', 5, 1, 2, Uint8Array.of(1, 3)]],
  ['length', ['sent', 5, 1, 2, Uint8Array.of(1)]],
]
for (const [name, other] of others) test(`another ${name} is another hash`, () => notEqual(hashOf(base), hashOf(other)))

test('order counts', () => notEqual(hashOf(base, ['lost', 6, 0, 3]), hashOf(['lost', 6, 0, 3], base)))

test('bytes longer than the buffer are folded as they come', () => {
  const long = new Uint8Array(200_000).fill(7)
  const other = long.slice()
  other[150_000] = 8
  equal(hashOf(['sent', 1, 1, 1, long]), hashOf(['sent', 1, 1, 1, long]))
  notEqual(hashOf(['sent', 1, 1, 1, long]), hashOf(['sent', 1, 1, 1, other]))
})
