/** The reducer: bounded, faithful to the node, unmoved by what it need not show. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { TimeView } from '../../../src/services/schema.ts'
import { CLOCK_EXAMPLE } from '../../../src/services/examples.ts'
import { appendFrame, backfill, type Frame, frameOf, FRAMES_MAX, HISTORY_SEC, smoothLag } from './history.ts'
import { liar, node, status } from './view-fixture.ts'
import { heroLayout, placeNotes } from './layout.ts'
import { emptyView, type Message, reduce, TICKER_MAX, type View } from './view.ts'
import { headline, summary } from './words.ts'

const run = (messages: readonly Message[]): View => messages.reduce(reduce, emptyView(0))
const judged = (slot: number, nodes = [node('Bede'), node('Ada')]): Message => ({
  type: 'event',
  counterMs: slot * 1000,
  event: { type: 'judgement', slot, nodes },
})
const turned = (slot: number, name: string, to: 'falseticker' | 'truechimer'): Message => {
  const [reason, explanation] = to === 'falseticker' ? ['out-of-range', '250 ms ahead: 4 of 4 agree.'] : ['', '']
  const from = to === 'falseticker' ? 'truechimer' : 'falseticker'
  return {
    type: 'event',
    counterMs: 0,
    event: { type: 'verdict', slot, id: node(name).id, name, from, to, reason, explanation },
  }
}
const open: Message = { type: 'status', status: status('synchronised') }

test('nodes stand in the order of their names', () => {
  deepEqual(
    run([judged(1)]).nodes.map(({ name }) => name),
    ['Ada', 'Bede'],
  )
})

test('history and ticker are bounded', () => {
  const slots = Array.from({ length: HISTORY_SEC + 200 }, (_, slot) => slot)
  const view = run([...slots.map((slot) => judged(slot)), ...slots.map((slot) => turned(slot, 'Ada', 'falseticker'))])
  equal(view.frames.length, HISTORY_SEC + 1)
  equal(view.ticker.length, TICKER_MAX)
  const short = slots.reduce<readonly Frame[]>((frames, slot) => appendFrame(frames, frameOf(slot, []), 1), [])
  ok(short.length <= FRAMES_MAX)
})

test('a verdict is announced, listed once, and its author named', () => {
  const view = run([turned(5, 'Cyra', 'falseticker'), turned(5, 'Cyra', 'falseticker')])
  equal(view.ticker.length, 1)
  equal(view.ticker[0]?.tone, 'bad')
  equal(view.announcement, 'Cyra is now falseticker. 250 ms ahead: 4 of 4 agree.')
})

test('proofs and attestations change nothing, not even the value', () => {
  const view = run([judged(1)])
  equal(
    reduce(view, { type: 'event', counterMs: 1, event: { type: 'proof', cid: 'b', id: node('Ada').id, sequence: 1 } }),
    view,
  )
})

test('faults are listed where they changed', () => {
  const devnet = { token: 't', nodes: [{ id: node('Cyra').id, name: 'Cyra', api: '' }], faults: [] }
  const fault = (offsetMs: number): Message => ({
    type: 'event',
    counterMs: 0,
    event: { type: 'fault', faults: [{ id: node('Cyra').id, offsetMs }] },
  })
  const view = run([{ type: 'devnet', devnet }, fault(250), fault(250)])
  equal(view.ticker.length, 1)
  deepEqual(view.devnet?.faults, [{ id: node('Cyra').id, offsetMs: 250 }])
})

test('the link keeps the instant of its last change', () => {
  const lost = (wallMs: number): Message => ({ type: 'link', state: 'lost', wallMs, why: 'gone' })
  const view = run([judged(1), lost(7), lost(9)])
  deepEqual(view.link, { state: 'lost', sinceMs: 7, why: 'gone' })
  equal(view.nodes.length, 2)
})

test('a clock that lost its majority gives no time', () => {
  const view = { ...run([open]), anchor: { unixMs: 0, leapMs: 0, counterMs: 0, nodeNs: 1, pathNs: 1 } }
  equal(reduce(view, open).anchor, view.anchor)
  equal(reduce(view, { type: 'status', status: status('unsynchronised') }).anchor, undefined)
})

test('how the clock is kept replaces what was known of it, and nothing else', () => {
  const before = run([judged(1)])
  const view = reduce(before, { type: 'clock', clock: CLOCK_EXAMPLE })
  deepEqual(view, { ...before, clock: CLOCK_EXAMPLE })
})

test('a pushed reading brings the bound; its instant only where the old one is plainly wrong', () => {
  const at = (unixMs: number, uncertaintyNs: number): TimeView => {
    const utc = new Date(unixMs).toISOString()
    const estimate = String(BigInt(unixMs + 37_000) * 1_000_000n)
    return {
      earliest: estimate,
      latest: estimate,
      likely: { earliest: estimate, latest: estimate, uncertaintyNs: 0 },
      estimate,
      uncertaintyNs,
      utc: { earliest: utc, latest: utc, estimate: utc },
      status: 'synchronised',
      frequencyPpb: 0,
      hostOffsetNs: 0,
      leapTable: { expires: utc, expired: false },
    }
  }
  const clock = (time: TimeView, counterMs: number): Message => ({
    type: 'event',
    counterMs,
    event: { type: 'clock', time, sources: [] },
  })
  const asked = run([open, { type: 'time', time: at(5000, 1_000_000), sentMs: 98, receivedMs: 102 }])
  deepEqual(asked.anchor, { unixMs: 5000, leapMs: 0, counterMs: 100, nodeNs: 1_000_000, pathNs: 2_000_000 })
  equal(asked.taiMinusUtcMs, 37_000)
  const late = reduce(asked, clock(at(6000, 3_000_000), 1140))
  deepEqual(late.anchor, { unixMs: 5000, leapMs: 0, counterMs: 100, nodeNs: 3_000_000, pathNs: 2_000_000 })
  equal(reduce(asked, clock(at(9000, 3_000_000), 1140)).anchor?.unixMs, 9000)
})

test('a record fills what is missing and its turns enter the ticker', () => {
  const history = [3, 4, 5].map((slot) => {
    const verdict: 'falseticker' | 'truechimer' = slot === 4 ? 'falseticker' : 'truechimer'
    return { slot, status: verdict, reason: '', offset: { loNs: slot, hiNs: slot } }
  })
  const view = run([
    judged(5, [node('Ada')]),
    { type: 'record', detail: { ...node('Ada'), attestations: [], history } },
  ])
  deepEqual(
    view.frames.map(({ slot, points }) => [slot, points.get(node('Ada').id)?.loNs]),
    [
      [3, 3],
      [4, 4],
      [5, -1_000_000],
    ],
  )
  equal(view.ticker.length, 2)
  equal(backfill([], 'x', [], 1e9).length, 0)
})

test('headlines', () => {
  const says = (nodes: Parameters<typeof judged>[1]): string =>
    headline(run([open, judged(1, nodes)])).says.replaceAll(' ', ' ')
  equal(headline(emptyView(0)).says, 'Asking this node.')
  equal(says([]), 'Waiting for the first proofs.')
  equal(says([node('Ada'), node('Bede')]), '2 nodes keep time. All within 50 ms.')
  equal(says([node('Ada'), liar('Cyra')]), 'Node Cyra is 250 ms ahead. Its actions do not count.')
  equal(
    says([node('Ada'), { ...liar('Cyra'), offset: { loNs: 0, hiNs: 9 } }]),
    'Node Cyra is back in the band, still struck off.',
  )
  equal(says([liar('Cyra'), liar('Elma')]), 'Cyra and Elma are out of time.')
  equal(says([node('Ada'), node('Bede', { status: 'absent' })]), '1 node keeps time. Bede has given no proof.')
  equal(says([node('Ada', { status: 'unproven' })]), '1 node, none proven yet.')
  ok(summary(run([judged(1, [liar('Cyra')])])).includes('Cyra: falseticker'))
})

test('notes keep apart and within', () => {
  deepEqual(
    placeNotes([50, 55, 400], 40, 0, 300),
    [0, 40, 260].map((top, index) => (index === 0 ? 30 : index === 1 ? 70 : top)),
  )
  const crowded = placeNotes([290, 295], 40, 0, 300)
  equal(Math.max(...crowded) + 40, 300)
  equal(Math.abs((crowded[0] ?? 0) - (crowded[1] ?? 0)), 40)
})

test('columns end at the right edge, wide or narrow', () => {
  for (const width of [390, 1440])
    for (const count of [0, 5, 40]) {
      const { nowLeft, column, right, left } = heroLayout(width, 400, count)
      ok(Math.abs(nowLeft + column * Math.max(1, count) - right) < 1e-6)
      ok(nowLeft > left)
    }
})

test('a late event moves "now" a little, a gap moves it wholly', () => {
  equal(smoothLag(undefined, 12, 2, 1), 10)
  ok(Math.abs(smoothLag(10, 12.5, 2, 1) - 10.075) < 1e-9)
  equal(smoothLag(10, 22, 2, 1), 20)
})
