/** What a node's events become in its log. */
import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Evidence } from '../consensus/index.ts'
import type { Saying } from '../log/io/node-log.ts'
import type { NodeEvent } from '../node/index.ts'
import { openNodeNews } from './node-news.ts'

const told = (events: readonly NodeEvent[]): readonly string[] => {
  const said: Saying[] = []
  const tell = openNodeNews({ record: (saying) => said.push(saying), refused: () => undefined }, 'ada')
  for (const event of events) tell(event)
  return said.map(({ level, message }) => `${level} ${message}`)
}

const [network, author, signature] = [new Uint8Array(32), new Uint8Array(32), new Uint8Array(64)]
const vote = {
  networkId: network,
  author,
  height: 7,
  round: 0,
  kind: 'prevote',
  block: '',
  validRound: -1,
  signature,
} as const
const evidence: Evidence = { type: 'votes', first: vote, second: { ...vote, block: 'ab'.repeat(32) } }
const offence = (offender: string): NodeEvent => ({ type: 'consensus', news: { type: 'offence', evidence, offender } })

test('an offence is a warning, one of the node’s own key an error that says what to do', () =>
  deepEqual(told([offence('bede'), offence('ada')]), [
    'warn somebody signed two things that exclude each other',
    'error this node’s key has signed two things that exclude each other: it runs twice, or an old copy of its data was put back. Stop all but one',
  ]))

test('that a node has stopped deciding is an error, other trouble a warning', () =>
  deepEqual(
    told([
      { type: 'trouble', code: 'TC_CONSENSUS_STORE', message: 'The disk is full.' },
      { type: 'trouble', code: 'TC_NETWORK_PUBLISH', message: 'Nobody listens.' },
    ]),
    ['error The disk is full.', 'warn Nobody listens.'],
  ))
