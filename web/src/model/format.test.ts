/** What numbers look like. Spaces before units are no-break spaces; minus signs are U+2212. */
import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import {
  ageText,
  durationText,
  frequencyText,
  leadText,
  listText,
  offsetText,
  tickText,
  utcClockText,
  signedText,
} from './format.ts'

const plain = (text: string): string => text.replaceAll(' ', ' ').replaceAll('−', '-')

test('durations', () => {
  for (const [ns, text] of [
    [0, '0 ns'],
    [12, '12 ns'],
    [340_000, '340 µs'],
    [1_234_567, '1.2 ms'],
    [15_600_000, '15.6 ms'],
    [50_000_000, '50 ms'],
    [250_400_000, '250 ms'],
    [999_900_000, '1 s'],
    [2_500_000_000, '2.5 s'],
  ] as const)
    equal(plain(durationText(ns)), text)
})

test('offsets show the digits that their interval supports, and zero has no sign', () => {
  for (const [loNs, hiNs, text] of [
    [249_500_000, 251_100_000, '+250.3 ± 0.8 ms'],
    [-12_000_000, 8_000_000, '-2 ± 10 ms'],
    [-5_000_000, 5_000_000, '0.0 ± 5.0 ms'],
    [-100_400, -99_600, '-100.0 ± 0.4 µs'],
  ] as const)
    equal(plain(offsetText({ loNs, hiNs })), text)
})

test('leads', () => {
  equal(plain(leadText({ loNs: 249e6, hiNs: 251.4e6 })), '250 ms ahead')
  equal(plain(leadText({ loNs: -81e6, hiNs: -79e6 })), '80 ms behind')
  equal(leadText({ loNs: -5, hiNs: 5 }), 'on time')
})

test('axis labels, frequencies, ages, lists, the clock', () => {
  equal(plain(tickText(-1e9)), '-1 s')
  equal(tickText(0), '0')
  equal(plain(frequencyText(-12_430)), '-12.4 ppm')
  equal(plain(frequencyText(340)), '+340 ppb')
  for (const [sec, text] of [
    [0.4, 'now'],
    [8, '8 s'],
    [180, '3 min'],
    [7200, '2 h'],
    [345_600, '4 d'],
  ] as const)
    equal(plain(ageText(sec)), text)
  equal(listText(['Ada', 'Bede', 'Cyra']), 'Ada, Bede and Cyra')
  equal(listText([]), '')
  equal(utcClockText(Date.UTC(2026, 10, 20, 12, 3, 4)), '12:03:04')
})

test('signed lengths of time keep their sign and lose what is too fine', () => {
  const table: readonly (readonly [ns: number, text: string])[] = [
    [0, '0 ns'],
    [-12, '−12 ns'],
    [213_400, '+213 µs'],
    [-1_940_000, '−1.9 ms'],
    [253_000_000, '+253 ms'],
  ]
  for (const [ns, text] of table) equal(signedText(ns).replace('\u00A0', ' '), text)
})
