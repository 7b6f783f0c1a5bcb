/** A genesis of anybody: what is shown on terminals stays on its line. What else it must be is tested where it is used. Rules G-1 to G-4. */
import { equal, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nodeIdText, publicKeyOf } from '../crypto/index.ts'
import { readGenesis } from './genesis.ts'

const id = nodeIdText(publicKeyOf(new Uint8Array(32).fill(1)))
const named = (name: string): unknown => ({ name: 'one', members: [{ id, name }] })

describe('names of members', () => {
  for (const name of ['ada', 'Ada Lovelace', 'Zoë', '時計'])
    test(name, () => equal(readGenesis(named(name)).members[0]?.name, name))
  for (const [what, name] of [
    ['an order to the terminal', 'ada\u001B[2J'],
    ['an eight-bit order', 'ada\u009B2J'],
    ['a line of its own', 'ada\nvalid'],
    ['a line overwritten', 'ada\rvalid'],
    ['letters from right to left', 'ada\u202Ebede'],
    ['nothing', ''],
  ] as const)
    test(`refused: ${what}`, () => throws(() => readGenesis(named(name)), { code: 'TC_GENESIS_INVALID' }))
})
