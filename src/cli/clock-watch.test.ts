/** The picture of `clock watch`: what is in it, and that it fits. */
import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import picocolors from 'picocolors'
import { STATUS_EXAMPLE, TIME_EXAMPLE } from '../services/examples.ts'
import { picture } from './clock-watch.ts'
import type { Seen } from './clock-watch.ts'
import { frequencyText, signedText } from './status.ts'
import { visibleLength } from './output.ts'

const paint = picocolors.createColors(false)
const { clock, sources, node, network, acceptedVarianceNs } = STATUS_EXAMPLE
const seen: Seen = { name: node.name, network: network.name, acceptedVarianceNs, clock, time: TIME_EXAMPLE, sources }
const lines = (of: Partial<Seen>): string[] => picture({ ...seen, ...of }, { columns: 80, paint })

test('it shows who, when, offset, bound, frequency and every source', () => {
  const text = lines({}).join('\n')
  for (const part of [node.name, clock.status, 'offset', 'bound', 'frequency', ' UTC', ...sources.map(({ id }) => id)])
    ok(text.includes(part), `${part} is missing in\n${text}`)
})

test('it fits 80 columns', () => {
  for (const line of lines({})) ok(visibleLength(line) <= 80, line)
})

test('without the time it says why there is none', () => {
  const untimed = { ...clock, status: 'unsynchronised', uncertaintyNs: null, hostOffsetNs: null } as const
  const text = lines({ clock: untimed, time: undefined, sources: [] }).join('\n')
  ok(/majority of its sources/.test(text) && /no sources/.test(text) && /bound +± –/.test(text), text)
})

const frequencies: readonly (readonly [ppb: number, text: string])[] = [
  [0, '0.000 ppm'],
  [31_000, '31.000 ppm fast'],
  [-8, '0.008 ppm slow'],
]
for (const [ppb, text] of frequencies) test(`${ppb} ppb is ${text}`, () => equal(frequencyText(ppb), text))

const signed: readonly (readonly [ns: number | null, text: string])[] = [
  [null, '–'],
  [0, '+0 ns'],
  [1500, '+1.5 µs'],
  [-250_000_000, '−250 ms'],
]
for (const [ns, text] of signed) test(`${ns} ns is ${text}`, () => equal(signedText(ns), text))
