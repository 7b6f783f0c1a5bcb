import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { PRIORITIES } from './port.ts'
import {
  PEER_WAITING_MAX,
  PRIORITY_WAITING_BYTES_MAX,
  PRIORITY_WEIGHTS,
  TOPIC_WAITING_MAX,
  ValidationLanes,
} from './validation-lanes.ts'
import type { Priority } from './port.ts'
import type { Waiting } from './validation-lanes.ts'

interface Item extends Waiting {
  readonly name: string
}
const item = (name: string, rest: Partial<Waiting> = {}): Item => ({
  name,
  topic: 't',
  priority: 'ordinary',
  from: 'a',
  bytesLength: 100,
  ...rest,
})
const drained = (
  lanes: ValidationLanes<Item>,
  count: number,
  mayRun: (priority: Priority) => boolean = () => true,
): Item[] => Array.from({ length: count }, () => lanes.take(mayRun)).filter((taken) => taken !== undefined)
const names = (items: readonly Item[]): string => items.map(({ name }) => name).join(' ')

test('in order for one peer, in turn for several, topics apart', () => {
  const lanes = new ValidationLanes<Item>()
  for (const name of ['a1', 'a2', 'a3', 'a4']) lanes.push(item(name))
  for (const name of ['b1', 'b2']) lanes.push(item(name, { from: 'b' }))
  lanes.push(item('a5', { topic: 'u' }))
  assert.equal(names(drained(lanes, 9)), 'a1 b1 a5 a2 b2 a3 a4')
  assert.equal(lanes.size, 0)
})

test('higher priorities come first, and every priority has its share of a round', () => {
  const lanes = new ValidationLanes<Item>()
  for (const priority of PRIORITIES.toReversed())
    for (let i = 0; i < 200; i += 1) lanes.push(item(priority, { priority, topic: priority, from: `${i % 7}` }))
  const round = PRIORITIES.reduce((sum, priority) => sum + PRIORITY_WEIGHTS[priority], 0)
  for (let rounds = 0; rounds < 3; rounds += 1) {
    const taken = drained(lanes, round).map(({ priority }) => priority)
    assert.deepEqual(
      taken,
      PRIORITIES.flatMap((priority) => Array.from({ length: PRIORITY_WEIGHTS[priority] }, () => priority)),
    )
  }
})

test('what may not run is passed over, and holds nobody up', () => {
  const lanes = new ValidationLanes<Item>()
  for (const priority of PRIORITIES) lanes.push(item(priority, { priority, topic: priority }))
  assert.equal(names(drained(lanes, 4, (priority) => priority !== 'time')), 'consensus ordinary bulk')
  assert.equal(
    lanes.take((priority) => priority === 'bulk'),
    undefined,
  )
  assert.equal(names(drained(lanes, 1)), 'time')
})

test('what is behind: of its priority or a higher one', () => {
  const lanes = new ValidationLanes<Item>()
  lanes.push(item('x', { priority: 'consensus' }))
  assert.deepEqual(
    PRIORITIES.map((priority) => lanes.isBehind(priority)),
    [false, true, true, true],
  )
})

test('a peer has so many waiting, on all topics', () => {
  const lanes = new ValidationLanes<Item>()
  for (let i = 0; i < PEER_WAITING_MAX; i += 1) assert.deepEqual(lanes.push(item(`${i}`, { topic: `t${i % 5}` })), [])
  const last = item('last', { topic: 'other', priority: 'time' })
  assert.deepEqual(lanes.push(last), [last])
  assert.deepEqual(lanes.push(item('b', { from: 'b' })), [])
})

test('where a topic is full the newest of the longest lane goes, and a newcomer has room', () => {
  const lanes = new ValidationLanes<Item>()
  for (const from of ['a', 'b'])
    for (let i = 0; i < TOPIC_WAITING_MAX / 2; i += 1) assert.deepEqual(lanes.push(item(`${from}${i}`, { from })), [])
  const gone = Array.from({ length: 10 }, (_, i) => names(lanes.push(item(`c${i}`, { from: 'c' }))))
  assert.deepEqual(new Set(gone.map((name) => name[0])), new Set(['a', 'b']))
  assert(gone.includes('a511') && gone.includes('b511'), 'the newest of them')
  const own = item('b again', { from: 'a' })
  assert.equal(lanes.size, TOPIC_WAITING_MAX)
  for (let i = 0; i < 10; i += 1) lanes.push(own)
  assert.equal(lanes.size, TOPIC_WAITING_MAX)
})

test('bytes of a priority are bounded, others are not touched', () => {
  const lanes = new ValidationLanes<Item>()
  const large = (name: string, from: string): Item =>
    item(name, { from, priority: 'bulk', bytesLength: PRIORITY_WAITING_BYTES_MAX / 8 })
  for (let i = 0; i < 8; i += 1) assert.deepEqual(lanes.push(large(`a${i}`, 'a')), [])
  assert.equal(names(lanes.push(large('b', 'b'))), 'a7')
  assert.equal(names(lanes.push(large('a8', 'a'))), 'a8')
  assert.deepEqual(lanes.push(item('t', { priority: 'time' })), [])
})

test('a topic can be taken out, or everything', () => {
  const lanes = new ValidationLanes<Item>()
  for (const [name, topic] of [
    ['x', 't'],
    ['y', 'u'],
    ['z', 't'],
  ] as const)
    lanes.push(item(name, { topic }))
  assert.equal(names(lanes.clear('t')), 'z x')
  assert.equal(names(lanes.clear()), 'y')
  assert.equal(lanes.size, 0)
})

test('nothing is lost, doubled or kept beyond the bounds', () => {
  const steps = fc.array(
    fc.record({
      from: fc.constantFrom('a', 'b', 'c'),
      topic: fc.constantFrom('t', 'u'),
      takes: fc.integer({ min: 0, max: 2 }),
      count: fc.integer({ min: 1, max: 300 }),
    }),
    { maxLength: 12, size: 'max' },
  )
  fc.assert(
    fc.property(steps, (all) => {
      const lanes = new ValidationLanes<Item>()
      const inside = new Set<Item>()
      const out = (item: Item): void => assert(inside.delete(item))
      for (const { from, topic, takes, count } of all) {
        for (let i = 0; i < count; i += 1) {
          const one = item(`${i}`, { from, topic, priority: topic === 't' ? 'time' : 'bulk' })
          inside.add(one)
          lanes.push(one).forEach(out)
        }
        drained(lanes, takes * 50).forEach(out)
        assert.equal(lanes.size, inside.size)
        for (const name of ['t', 'u'])
          assert([...inside].filter((one) => one.topic === name).length <= TOPIC_WAITING_MAX)
      }
      lanes.clear().forEach(out)
      assert.equal(inside.size, 0)
    }),
    { numRuns: 20 },
  )
})
