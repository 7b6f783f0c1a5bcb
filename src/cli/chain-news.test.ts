/** What the log says of a chain that stands still. */
import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { CHAIN_STATUS_EXAMPLE } from '../services/chain-examples.ts'
import type { ChainStatusView } from '../services/schema.ts'
import { ChainHerald } from './chain-news.ts'

type Round = ChainStatusView['round']

interface Look {
  readonly name: string
  readonly rounds: readonly Partial<Round>[]
  /** What is told at each look. */
  readonly told: readonly (readonly string[])[]
}
const stuck = { stuck: true, waiting: 'Silent: bede.' }
const looks: readonly Look[] = [
  { name: 'a chain that goes on is no news', rounds: [{}, { height: 1236 }], told: [[], []] },
  {
    name: 'standing still is told once, and the next block ends it',
    rounds: [stuck, stuck, { height: 1236 }, { height: 1237 }],
    told: [['warn no block can be decided. Silent: bede.'], [], ['info blocks come again'], []],
  },
  {
    name: 'whoever speaks again for a moment does not end it',
    rounds: [stuck, {}, stuck, { height: 1236 }],
    told: [['warn no block can be decided. Silent: bede.'], [], [], ['info blocks come again']],
  },
  {
    name: 'a block or two behind are no news, many are',
    rounds: [{ behind: 9 }, { behind: 500 }, { behind: 400, height: 1335 }, { height: 1735 }],
    told: [[], ['warn this node is behind the chain'], [], ['info blocks come again']],
  },
  {
    name: 'beginning and ceasing to vote',
    rounds: [{ validator: false }, { validator: true }, { validator: true }, { validator: false }],
    told: [[], ['info this node votes from now on'], [], ['info this node votes no more']],
  },
]
for (const { name, rounds, told } of looks)
  test(name, () => {
    const herald = new ChainHerald()
    const said = rounds.map((change) =>
      herald
        .news({ round: { ...CHAIN_STATUS_EXAMPLE.round, ...change } })
        .map(({ level, message }) => `${level} ${message}`),
    )
    deepEqual(said, told)
  })
