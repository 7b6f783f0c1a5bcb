/** How many members there is room for: rule B-79. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ATTESTATION_BYTES_MAX, TIME_PROOF_BYTES_MAX } from '../proofs/index.ts'
import { HEADER_BYTES_MAX } from './block-bytes.ts'
import { scriptMember, scriptParameters } from './chain-script.test-kit.ts'
import { genesisState } from './chain-state.ts'
import { COMMIT_ENTRY_BYTES_MAX } from './commit.ts'
import { LIST_ITEM_BYTES, joinFault, membersMax } from './joining.ts'
import { VALIDATORS_MAX } from './validators.ts'

const parametersOf = (blockBytesMax: number, witnessEverySlots: number, committeeSeats: number) => {
  const base = scriptParameters()
  return { ...base, blockBytesMax, witnessEverySlots, judgement: { ...base.judgement, committeeSeats } }
}

for (const [blockBytesMax, everySlots, seats, expected] of [
  [524_288, 1, 7, 181],
  [524_288, 10, 7, VALIDATORS_MAX],
  [524_288, 3, 7, 476],
  [16_384, 1, 7, 5],
  [16_384, 3600, 64, 69],
  [870_000, 1, 64, 42],
] as const)
  test(`${blockBytesMax} bytes, a slot in ${everySlots}, ${seats} seats: ${expected} members`, () =>
    equal(membersMax(parametersOf(blockBytesMax, everySlots, seats)), expected))

test('the commit of so many, and the evidence of those whose turn it is, leave a quarter of a block', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 16_384, max: 870_000 }),
      fc.integer({ min: 1, max: 3600 }),
      fc.integer({ min: 1, max: 64 }),
      (blockBytesMax, everySlots, seats) => {
        const count = membersMax(parametersOf(blockBytesMax, everySlots, seats))
        const each = TIME_PROOF_BYTES_MAX + seats * ATTESTATION_BYTES_MAX + (seats + 3) * LIST_ITEM_BYTES
        const taken = HEADER_BYTES_MAX + count * COMMIT_ENTRY_BYTES_MAX + Math.floor(count / everySlots) * each
        ok(count === 1 || 4 * taken <= 3 * blockBytesMax)
      },
    ),
    { numRuns: 200 },
  )
})

test('who joins last takes the last place', () => {
  const parameters = { ...parametersOf(16_384, 1, 7), candidatesMax: 2 }
  const members = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...scriptMember(`member ${i}`), stake: 1n }))
  const faultAt = (count: number) => {
    const genesis = { networkId: new Uint8Array(32), parameters, members: members(count) }
    return joinFault(genesisState(genesis).members, genesis)
  }
  deepEqual([faultAt(4), faultAt(5), faultAt(6)], [undefined, 'members-full', 'members-full'])
})
