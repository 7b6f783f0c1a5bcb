/** The table of sources: lengths, registers, and what is left out where there is no room. */
import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import picocolors from 'picocolors'
import { STATUS_EXAMPLE } from '../services/examples.ts'
import { reachMarks, reachText, signedText, sourceLines } from './source-lines.ts'

const signed: readonly (readonly [ns: number | null, text: string])[] = [
  [null, '–'],
  [0, '+0 ns'],
  [1500, '+1.5 µs'],
  [-250_000_000, '−250 ms'],
]
for (const [ns, text] of signed) test(`${ns} ns is ${text}`, () => equal(signedText(ns), text))

const registers: readonly (readonly [reach: number, octal: string, marks: string])[] = [
  [0, '000', '········'],
  [1, '001', '·······●'],
  [0b1111_1110, '376', '●●●●●●●·'],
  [255, '377', '●●●●●●●●'],
]
for (const [reach, octal, marks] of registers)
  test(`${reach} is ${octal}`, () => {
    equal(reachText(reach), octal)
    equal(reachMarks(reach), marks)
  })

test('the narrower the fewer columns, and each line is as long as the head of its column', () => {
  const paint = picocolors.createColors(false)
  const headAt = (columns: number): string => sourceLines(STATUS_EXAMPLE.sources, { columns, paint })[0] ?? ''
  const heads = (columns: number): string => headAt(columns).split(/ +/).join(' ')
  equal(heads(Number.POSITIVE_INFINITY), 'source kind state reach polls offset bound delay age next')
  equal(heads(80), 'source state reach offset bound delay age')
  equal(heads(60), 'source state reach offset bound')
  ok(headAt(60).length <= 60)
})
