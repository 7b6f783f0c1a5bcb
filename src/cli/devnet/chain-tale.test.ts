/** What a devnet tells of its chain. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { BLOCK_EXAMPLE, CHAIN_STATUS_EXAMPLE, VALIDATORS_EXAMPLE } from '../../services/chain-examples.ts'
import { openChainTale, weightLines } from './chain-tale.ts'

test('the first block and emergencies are told, other blocks are not', async () => {
  const said: string[] = []
  // Nobody answers there: weights stay untold, and nothing fails.
  const tale = openChainTale({ api: 'http://127.0.0.1:1', tell: (line) => said.push(line) })
  const block = { ...BLOCK_EXAMPLE, height: 1 }
  tale({ type: 'block', block, before: null })
  tale({ type: 'block', block: { ...block, height: 2 }, before: null })
  const { emergency } = CHAIN_STATUS_EXAMPLE
  tale({ type: 'emergency', height: 3, ...emergency, emergency: true, explanation: 'Ada is out.' })
  tale({ type: 'emergency', height: 4, ...emergency })
  deepEqual(said, [
    'block 1 is decided, its time known to ± 246 ms',
    'time emergency. Ada is out.',
    'the time emergency is over',
  ])
})

test('a first block before the clocks were set has no time worth telling', () => {
  const said: string[] = []
  const tale = openChainTale({ api: 'http://127.0.0.1:1', tell: (line) => said.push(line) })
  const { time } = BLOCK_EXAMPLE
  ok(time !== null)
  tale({ type: 'block', block: { ...BLOCK_EXAMPLE, height: 1, time: { ...time, widthNs: 9e15 } }, before: null })
  deepEqual(said, ['block 1 is decided, before enough clocks were set to know its time'])
})

test('who kept bad time in an epoch is told with its weight', () => {
  const [ada] = VALIDATORS_EXAMPLE.validators
  ok(ada !== undefined)
  const calm = {
    weight: 0,
    reputation: 0,
    integrity: 0,
    accuracy: null,
    judgedSlots: 30,
    placedSlots: 30,
    absentSlots: 0,
    falseSlots: 0,
  }
  const lines = weightLines([
    { ...ada, changed: calm },
    { ...ada, name: 'cyra', share: 180_000_000, changed: { ...calm, falseSlots: 12 } },
    { ...ada, name: 'dondi', changed: null },
  ])
  deepEqual(lines, [
    'cyra was a falseticker for 12 slots of the epoch that has ended, and has 18 % of the weight from now on',
  ])
})
