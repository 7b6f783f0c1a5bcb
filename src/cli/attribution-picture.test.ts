/** Pictures and lines of attribution chains: what stands in them, whatever actors have written. Rule P-64's bounds are drawn as they are told. */
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createColors } from 'picocolors'
import { NS_PER_DAY, NS_PER_HOUR, NS_PER_SEC } from '../base/index.ts'
import { CAMERA, PHOTOGRAPH, chainOf, toldCheck } from '../proofs/attribution.test-kit.ts'
import { checkAttribution } from '../proofs/index.ts'
import type { AttributionChain } from '../proofs/index.ts'
import { NETWORK, TAI } from '../proofs/proofs.test-suite.ts'
import { axisOf } from './attribution-axis.ts'
import { chainJson, chainLines } from './attribution-lines.ts'
import { chainPicture, escaped } from './attribution-picture.ts'
import { tellChain, toldOf } from './attribution-story.ts'
import type { ToldChain } from './attribution-story.ts'

const tell = (chain: AttributionChain): ToldChain =>
  toldOf(chain, checkAttribution(chain, { networkId: NETWORK, checkStamp: toldCheck }))
const drawing = { columns: 100, paint: createColors(false) }

const good = await chainOf(PHOTOGRAPH)
const broken = [...good.slice(0, 2), ...good.slice(3)]
const NASTY = `<script>alert("1")</script>&'`
const nasty = await chainOf([
  { actor: CAMERA, body: { relation: 'created', name: NASTY, note: `]]>${'w'.repeat(200)}` } },
])

describe('the picture', () => {
  test('every link in its state, with a bar for each that is good', () => {
    const svg = chainPicture(tell(broken), 'photo.chain')
    equal(svg.match(/class="bar /g)?.length, 2)
    deepEqual(
      [...svg.matchAll(/<g class="link (\w+)">/g)].map(([, state]) => state),
      ['good', 'good', 'broken', 'unchecked', 'unchecked'],
    )
    match(svg, /fails: order, attribution-not-next/)
  })
  test('one actor, one colour', () => {
    const svg = chainPicture(tell(good), 'photo.chain')
    deepEqual(
      [...svg.matchAll(/class="node good (a\d)"/g)].map(([, colour]) => colour),
      ['a0', 'a0', 'a1', 'a1', 'a2', 'a1'],
    )
  })
  test('bars stand in the order of time, inside the axis', () => {
    const svg = chainPicture(tell(good), 'photo.chain')
    const bars = [...svg.matchAll(/class="bar a\d" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(([, x, width]) => [
      Number(x),
      Number(width),
    ])
    ok(bars.every(([x = 0, width = 0]) => x >= 64 && x + width <= 370.01))
    deepEqual(
      bars,
      bars.toSorted(([a = 0], [b = 0]) => a - b),
    )
  })
  test('what an actor wrote is text, and nothing is fetched or run', () => {
    const svg = chainPicture(tell(nasty), NASTY)
    doesNotMatch(svg, /<script|<\/script|<a |<image|href|url\(|@import|javascript:|<foreignObject/i)
    ok(svg.includes('&lt;script&gt;'))
    equal(svg.split('<svg').length, 2)
    equal(svg.split('<g ').length, svg.split('</g>').length)
  })
  test('no line is wider than the card, as far as widths can be told', () => {
    const svg = chainPicture(tell(nasty), 'n')
    for (const [, text = ''] of svg.matchAll(/<text class="note"[^>]*>([^<]*)</g)) ok(text.length <= 50, text)
  })
  test('a chain that was not checked has no axis and says so; an empty one is drawn', () => {
    const svg = chainPicture(tellChain(good, undefined), 'photo.chain')
    match(svg, />not checked</)
    doesNotMatch(svg, /class="bar|class="tick/)
    match(chainPicture(tell([]), 'x'), />broken</)
  })
  test('characters that XML has not are taken out', () =>
    equal(escaped('a\u0000b\u001b&\ud800'), 'a\uFFFDb\uFFFD&amp;\uFFFD'))
})

describe('the axis', () => {
  const table: readonly (readonly [bigint, readonly string[]])[] = [
    [4n * NS_PER_SEC, [':', ':', ':', ':']],
    [5n * NS_PER_HOUR, ['15:00', '16:00', '17:00', '18:00', '19:00']],
    [3n * NS_PER_DAY, ['2026-09-22', '2026-09-23', '2026-09-24']],
  ]
  for (const [span, labels] of table)
    test(`of ${span} ns`, () => {
      const axis = axisOf([{ earliest: TAI, latest: TAI + span }], { from: 0, to: 300 })
      const { ticks } = axis
      equal(ticks.length, labels.length)
      ok(
        ticks.every(({ label }, i) => label.includes(labels[i] ?? '?')),
        ticks.map(({ label }) => label).join(' '),
      )
      deepEqual([axis.xOf(TAI), axis.xOf(TAI + span)], [0, 300])
    })
  test('of ten thousand days has few ticks', () => {
    const { ticks } = axisOf([{ earliest: 0n, latest: 10_000n * NS_PER_DAY }], { from: 0, to: 300 })
    ok(ticks.length >= 2 && ticks.length <= 6)
  })
})

describe('lines', () => {
  test('a chain that holds', () => {
    const lines = chainLines(tell(good), drawing).join('\n')
    match(lines, /✓ 1 {2}Created by Camera 7 …\w{8}\n/)
    match(lines, /✓ 2 {2}Handed on to …\w{8} by Camera 7/)
    match(lines, /\nholds 6 links, in the hands of 12D3KooW\w+$/)
  })
  test('the first broken link, its check, and why', () => {
    const told = tell(broken)
    match(
      chainLines(told, drawing).join('\n'),
      /✗ 3 [\s\S]*· 4 [\s\S]*\nbroken at link 3, order \[attribution-not-next\]/,
    )
    const json = JSON.parse(JSON.stringify(chainJson(told, 'f')))
    deepEqual([json.valid, json.broken], [false, { link: 3, check: 'order', reason: 'attribution-not-next' }])
  })
  test('one whose last stamp is not final blames nobody', () => {
    const [first, last] = good
    ok(first !== undefined && last !== undefined)
    const told = tell([first, { ...last, proof: new Uint8Array(0) }])
    match(
      chainLines(told, drawing).join('\n'),
      /\nnot proved at link 2, stamp \[attribution-unstamped\][\s\S]*chain stamp\.$/,
    )
    match(chainPicture(told, 'photo.chain'), />not proved</)
  })
  test('one that ends in a handing-on', () => {
    match(chainLines(tell(good.slice(0, 2)), drawing).join('\n'), /who has not signed for it yet$/)
  })
  test('one that nothing was there to check with', () => {
    const told = tellChain(good, undefined)
    match(chainLines(told, drawing).join('\n'), /not checked\n.*no stamp was checked/)
    equal(JSON.parse(JSON.stringify(chainJson(told, 'f'))).valid, null)
  })
})
