/** The play, with its timers moved by hand: who counts as found, who as framed, and when the lie and the truth are noticed. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { NODES_EXAMPLE } from '../../services/examples.ts'
import type { FaultView, NodeView } from '../../services/schema.ts'
import { LIE_AFTER_MS, LIE_FOR_MS, LIE_MS, Play, secondsText } from './play.ts'
import { Opinions } from './watch.ts'

const IDS = ['a', 'b', 'c', 'd']
const LIAR = { index: 2, name: 'Cyra', directory: '', id: 'c', api: '', listen: '', tsa: '' }
type Status = NodeView['status']

/** What one node holds of all: `status` of `subject`, and of the others that they are truechimers. */
const held = (subject: string, status: Status): NodeView[] =>
  IDS.flatMap((id) =>
    NODES_EXAMPLE.nodes.slice(0, 1).map((node) => ({ ...node, id, status: id === subject ? status : 'truechimer' })),
  )

const perform = (t: TestContext, lies = true) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const bends: FaultView[] = []
  const told: string[] = []
  const opinions = new Opinions(IDS)
  const play: Play = new Play({
    liar: LIAR,
    lies,
    opinions,
    bend: (fault) => {
      bends.push(fault)
      play.noteBend(fault.id)
    },
    tell: (line) => void told.push(line),
  })
  play.begin()
  const look = (observers: readonly string[], subject: string, status: Status): void => {
    for (const observer of observers) {
      const nodes = held(subject, status)
      for (const node of nodes) opinions.note(observer, node.id, node.status)
      play.look(observer, nodes)
    }
  }
  return { play, bends, told, look, pass: (ms: number) => t.mock.timers.tick(ms) }
}

test('a lie that all others find, and a truth that all others see', (t) => {
  const { play, bends, told, look, pass } = perform(t)
  look(IDS, 'c', 'truechimer')
  pass(LIE_AFTER_MS - 1)
  deepEqual(bends, [])
  pass(1)
  look(['a', 'b'], 'c', 'falseticker')
  equal(play.result().detectMs, null, 'one has not found it yet')
  look(['d'], 'c', 'falseticker')
  pass(LIE_FOR_MS)
  deepEqual(bends, [
    { id: 'c', offsetMs: LIE_MS },
    { id: 'c', offsetMs: 0 },
  ])
  look(['a', 'b', 'd'], 'c', 'truechimer')
  const { falsetickersFound, honestFramed, detectMs, recoverMs } = play.result()
  deepEqual([falsetickersFound, honestFramed], [1, 0])
  ok(Number.isInteger(detectMs) && Number.isInteger(recoverMs))
  ok(play.isAsExpected())
  equal(told.length, 5, told.join('\n'))
})

test('what the liar holds of itself finds nobody', (t) => {
  const { play, look, pass } = perform(t)
  pass(LIE_AFTER_MS)
  look(['c'], 'c', 'falseticker')
  equal(play.result().falsetickersFound, 0)
})

test('an honest node struck off is framed, also when it is taken back', (t) => {
  const { play, look } = perform(t)
  look(['a'], 'b', 'falseticker')
  look(['a'], 'b', 'truechimer')
  deepEqual([play.result().honestFramed, play.isAsExpected()], [1, false])
})

test('a liar that nobody finds is not as expected', (t) => {
  const { play, pass } = perform(t)
  pass(LIE_AFTER_MS + LIE_FOR_MS)
  equal(play.isAsExpected(), false)
})

test('somebody bent at the dashboard is no play, and still not framed', (t) => {
  const { play, bends, look, pass } = perform(t, false)
  pass(LIE_AFTER_MS + LIE_FOR_MS)
  deepEqual(bends, [])
  play.noteBend('b')
  look(['a'], 'b', 'falseticker')
  deepEqual(play.result(), { falsetickersFound: 1, honestFramed: 0, detectMs: null, recoverMs: null })
  ok(play.isBent('b') && !play.isBent('a') && play.isAsExpected())
})

test('an end before the lie lets it be', (t) => {
  const { play, bends, pass } = perform(t)
  play.end()
  pass(LIE_AFTER_MS + LIE_FOR_MS)
  deepEqual(bends, [])
})

test('seconds', () => deepEqual([0, 49, 2130].map(secondsText), ['0.0 s', '0.0 s', '2.1 s']))
