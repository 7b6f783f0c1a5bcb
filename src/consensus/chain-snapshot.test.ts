/** States as bytes and roots: there and back, what the root covers, what is refused, and the committed chain of vectors. B-76 to B-78. */
import { deepEqual, equal, notDeepEqual, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { hexOf } from '../base/index.ts'
import { decodeData, encodeData } from '../codec/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import { applyBlock } from './apply-block.ts'
import { openBlock } from './block-bytes.ts'
import { blockFault } from './block-rules.ts'
import { ChainScript, scriptMember } from './chain-script.test-kit.ts'
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_REASONS, decodeState, encodeState, stateRoot } from './chain-snapshot.ts'
import { genesisState } from './chain-state.ts'
import type { ChainState } from './chain-state.ts'
import { vectorChain, vectorSummary } from './chain-vector.test-kit.ts'

const vector: unknown = JSON.parse(
  readFileSync(new URL('../../test/vectors/consensus-state.json', import.meta.url), 'utf8'),
)

describe('there and back', () => {
  const chain = vectorChain()
  test('at every height: the same bytes, the same root, the same validators', () => {
    const { genesis } = chain
    const states: ChainState[] = [genesisState(genesis)]
    for (const block of chain.blocks) states.push(applyBlock(states.at(-1) ?? chain.state, block).state)
    equal(states.length, chain.blocks.length + 1)
    for (const state of states) {
      const bytes = encodeState(state)
      const read = decodeState(bytes, genesis)
      ok(read.verdict === 'accept', `height ${state.height}`)
      deepEqual(encodeState(read.value), bytes)
      deepEqual(stateRoot(read.value), stateRoot(state))
      deepEqual(read.value.validators.list, state.validators.list)
      deepEqual(read.value.lastValidators.list, state.lastValidators.list)
    }
    equal(new Set(states.map((state) => hexOf(stateRoot(state)))).size, states.length)
  })

  test('the committed chain (vectors): block by block, with true signatures, to the same roots', () => {
    deepEqual(vectorSummary(chain), vector)
    let state = genesisState({ ...chain.genesis })
    for (const { bytes } of chain.blocks) {
      const { networkId, parameters } = state.genesis
      const opened = openBlock(bytes, { networkId, bytesMax: parameters.blockBytesMax })
      ok(opened.verdict === 'accept')
      equal(blockFault(state, opened.value, { verifier: ed25519Verifier, isKnown: () => false }), undefined)
      state = applyBlock(state, opened.value).state
    }
    deepEqual(stateRoot(state), stateRoot(chain.state))
  })
})

describe('the root covers everything', () => {
  const chain = new ChainScript({ members: ['p', 'q', 'r', 's'].map(scriptMember), parameters: { epochSlots: 5 } })
  chain.steps(8)
  const { state } = chain
  const [first, ...rest] = state.members
  ok(first !== undefined && state.docket !== undefined)
  const closed = state.docket.fork()
  closed.close(closed.closed + 1)
  const member = (given: Partial<typeof first>): Partial<ChainState> => ({ members: [{ ...first, ...given }, ...rest] })
  const table: readonly (readonly [name: string, given: Partial<ChainState>])[] = [
    ['the height', { height: 9 }],
    ['the block', { blockId: 'a'.repeat(64) }],
    ['the time', { time: { ...state.time, latest: state.time.latest + 1n } }],
    ['the epoch', { epoch: 7 }],
    ['the emergency', { emergency: true }],
    ['the docket', { docket: closed }],
    [
      'who voted',
      { lastValidators: genesisState({ ...chain.genesis, members: chain.genesis.members.slice(1) }).validators },
    ],
    ['who was punished', { punished: new Map([['x', 3]]) }],
    ['the network', { genesis: { ...chain.genesis, networkId: new Uint8Array(32) } }],
    ["somebody's role", member({ role: 'leaving' })],
    ["somebody's stake", member({ stake: 9n })],
    ["somebody's reputation", member({ reputation: 1n })],
    ["somebody's integrity", member({ integrity: 1n })],
    ["somebody's weight", member({ weight: 1n })],
    ["somebody's beginning", member({ since: 3 })],
    ["somebody's sequence", member({ sequence: 3 })],
    ['placed slots', member({ placedSlots: 99 })],
    ['accuracy', member({ accuracySum: 99n })],
    ['false slots', member({ falseSlots: 99 })],
    ['judged slots', member({ judgedSlots: 99 })],
    ['absent slots', member({ absentSlots: 99 })],
    ['slots in range', member({ inRangeSlots: 99 })],
  ]
  for (const [name, given] of table) test(name, () => notDeepEqual(stateRoot({ ...state, ...given }), stateRoot(state)))
  test('and nothing but that', () => deepEqual(stateRoot({ ...state }), stateRoot(state)))

  const said = (given: Uint8Array): string => {
    const read = decodeState(given, chain.genesis)
    return read.verdict === 'accept' ? 'accept' : read.reason
  }
  const parts = (): unknown[] => {
    const data = decodeData(encodeState(state), SNAPSHOT_BYTES_MAX)
    ok(data.verdict === 'accept' && Array.isArray(data.value))
    return data.value
  }
  const [head, members, validators] = parts()
  ok(Array.isArray(head) && Array.isArray(members) && Array.isArray(validators))
  const [record]: readonly unknown[] = members
  ok(Array.isArray(record))
  const bytesWith = (at: number, value: unknown): Uint8Array => encodeData(parts().with(at, value))
  const withRecord = (at: number, value: unknown): Uint8Array => bytesWith(1, members.with(0, record.with(at, value)))
  const refused: readonly (readonly [name: string, given: Uint8Array, reason: string])[] = [
    ['no bytes', new Uint8Array(0), 'malformed-snapshot'],
    ['cut off', encodeState(state).slice(0, -1), 'malformed-snapshot'],
    ['one part too many', encodeData([...parts(), 0]), 'malformed-snapshot'],
    ['of another network', bytesWith(0, head.with(0, new Uint8Array(32))), 'wrong-network'],
    ['of another block than it carries', bytesWith(0, head.with(2, new Uint8Array(32))), 'malformed-snapshot'],
    ['of another height than its block', bytesWith(0, head.with(1, 9)), 'malformed-snapshot'],
    ['without members', bytesWith(1, []), 'malformed-snapshot'],
    ['members out of order', bytesWith(1, members.toReversed()), 'malformed-snapshot'],
    ['a member twice', bytesWith(1, [record, ...members]), 'malformed-snapshot'],
    ['an unknown role', withRecord(1, 'king'), 'malformed-snapshot'],
    ['a candidate with weight', withRecord(1, 'candidate'), 'malformed-snapshot'],
    ['a reputation above one', withRecord(3, 1_000_000_001), 'malformed-snapshot'],
    ['more false slots than judged', withRecord(9, 1000), 'malformed-snapshot'],
    ['more accuracy than slots', withRecord(8, 1_000_000_000_000), 'malformed-snapshot'],
    ['validators out of order', bytesWith(2, validators.toReversed()), 'malformed-snapshot'],
    ['no docket', bytesWith(3, []), 'malformed-snapshot'],
    ['two dockets', bytesWith(3, [0, 0]), 'malformed-snapshot'],
    ['punishments that are none', bytesWith(4, [['x']]), 'malformed-snapshot'],
    ['no pending block', bytesWith(5, new Uint8Array(0)), 'malformed-snapshot'],
    ['a pending block that is none', bytesWith(5, new Uint8Array(9)), 'malformed-snapshot'],
    ['as it is', encodeState(state), 'accept'],
  ]
  for (const [name, given, reason] of refused) test(`read: ${name}: ${reason}`, () => equal(said(given), reason))
  test('every documented reason is reached', () => {
    const reached = new Set(refused.map(([, , reason]) => reason))
    deepEqual(
      SNAPSHOT_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })
})

test('a state of a hundred members fits into a tenth of a mebibyte, and its block', () => {
  const members = Array.from({ length: 100 }, (_, i) => scriptMember(`hundred ${i}`))
  const chain = new ChainScript({ members, parameters: { witnessEverySlots: 10 } })
  chain.steps(12)
  const bytes = encodeState(chain.state)
  ok(bytes.length - (chain.state.pending?.bytes.length ?? 0) < 104_858, `${bytes.length} bytes`)
  equal(decodeState(bytes, chain.genesis).verdict, 'accept')
})
