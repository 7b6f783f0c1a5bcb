/** Chunks of decided blocks: what one commit shows of many, what the whole way shows, and what neither takes. Rules B-113 to B-117. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Admission } from '../base/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { ChainScript, scriptMember } from './chain-script.test-kit.ts'
import {
  LightClient,
  MemoryBlocks,
  SYNC_REASONS,
  applyBlock,
  chunkHeightMax,
  encodeCommit,
  genesisState,
  makeBlock,
  makeLightProof,
  openCommit,
  setSignaturesAside,
  stateRoot,
  trustOfGenesis,
  validatorsAfter,
  verifyChunk,
  verifyChunkWhole,
} from './index.ts'
import type { Block, ChainState, StoredBlock } from './index.ts'

const EPOCH = 8
const members = ['a', 'b', 'c', 'd'].map(scriptMember)
/** Twenty blocks with true signatures and evidence, and their commits. */
const script = new ChainScript({ members, parameters: { epochSlots: EPOCH }, isSigned: true })
const states: ChainState[] = [script.state]
for (let height = 1; height <= 21; height += 1) states.push(script.step().state)

const storedOf = (block: Block): StoredBlock => {
  const commit = script.blocks[block.header.height]?.body.lastCommit
  ok(commit !== undefined)
  return { height: block.header.height, block: block.bytes, commit: encodeCommit(commit) }
}
const stored = script.blocks.slice(0, 20).map(storedOf)
/** Heights `first` to `last`. */
const chunkOf = (first: number, last: number): readonly StoredBlock[] => stored.slice(first - 1, last)
const after = (height: number): ChainState => states[height]!
const said = (admission: Admission<unknown>): string => (admission.verdict === 'accept' ? 'accept' : admission.reason)
const made = <T>(admission: Admission<T>): T => {
  if (admission.verdict !== 'accept') throw new TypeError(`refused: ${admission.reason}`)
  return admission.value
}
const counting = (): { readonly verifier: Verifier; count: number } => {
  const counted = {
    count: 0,
    verifier: {
      verify: (question: Parameters<Verifier['verify']>[0]) => {
        counted.count += 1
        return ed25519Verifier.verify(question)
      },
    },
  }
  return counted
}
const replaced = (chunk: readonly StoredBlock[], at: number, change: Partial<StoredBlock>): readonly StoredBlock[] =>
  chunk.map((one, i) => (i === at ? { ...one, ...change } : one))
const turned = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
/** Another block of the height, well-formed, that nobody decided. */
const forged = (height: number): Uint8Array => {
  const { header, body } = script.blocks[height - 1]!
  return makeBlock({ header: { ...header, round: header.round + 1 }, body }).bytes
}

describe('by one commit', () => {
  test('any chunk within an epoch, for the signatures of its last commit, and what it does to the state is the same', () => {
    for (const [first, last] of [
      [1, 8],
      [1, 1],
      [3, 7],
      [9, 16],
      [16, 16],
      [17, 20],
    ] as const) {
      const asked = counting()
      const decided = made(verifyChunk(after(first - 1), chunkOf(first, last), asked))
      deepEqual(
        decided.map(({ stored: kept }) => kept),
        chunkOf(first, last),
      )
      let state = after(first - 1)
      for (const { block } of decided) state = applyBlock(state, block).state
      deepEqual(stateRoot(state), stateRoot(after(last)))
      equal(asked.count, 2 * members.length)
    }
  })

  test('what a peer sends beside the blocks is not kept: each commit but the last is the one in the next block', () => {
    const chunk = chunkOf(1, 8).map((one, i) => (i < 7 ? { ...one, commit: Uint8Array.of(1, 2, 3) } : one))
    deepEqual(
      made(verifyChunk(after(0), chunk, { verifier: ed25519Verifier })).map(({ stored: kept }) => kept),
      chunkOf(1, 8),
    )
  })

  test('an epoch ends at each of its lengths', () => {
    deepEqual(
      [0, 1, 7, 8, 15, 16].map((height) => chunkHeightMax(after(height))),
      [8, 8, 8, 16, 16, 24],
    )
  })
})

test('from the store that was filled so, a light client is shown any of it (B-119)', () => {
  const store = new MemoryBlocks()
  for (const [height, state] of states.entries()) {
    if (height > 20) break
    if (height === 0 || state.validators !== state.lastValidators) store.keepValidators(validatorsAfter(state))
    if (height > 0) store.append(chunkOf(height, height))
  }
  const client = new LightClient({ trust: trustOfGenesis(script.genesis), verifier: ed25519Verifier })
  for (const to of [1, 8, 9, 17, 20]) {
    const shown = made(client.verify(made(makeLightProof(store, { from: 0, to }))))
    equal(shown.id, script.blocks[to - 1]!.id)
    const { isTimeSettled, time } = shown
    deepEqual([isTimeSettled, time], [to < 20, script.blocks[to]!.header.time])
  }
})

describe('what neither way takes', () => {
  const whole = chunkOf(1, 8)
  const lastCommit = made(openCommit(whole[7]!.commit))
  const commitWith = (count: number): Uint8Array =>
    encodeCommit({ ...lastCommit, entries: lastCommit.entries.slice(0, count) })
  const others = new ChainScript({ members: ['a', 'b', 'c', 'x'].map(scriptMember), isSigned: true })
  const elsewhere = { ...after(0), emergency: true }

  const table: readonly (readonly [
    name: string,
    state: ChainState,
    chunk: readonly StoredBlock[],
    quick: string,
    whole: string,
  ])[] = [
    ['as it is', after(0), whole, 'accept', 'accept'],
    ['three of four', after(0), replaced(whole, 7, { commit: commitWith(3) }), 'accept', 'accept'],
    ['two of four', after(0), replaced(whole, 7, { commit: commitWith(2) }), 'sync-wrong-commit', 'sync-wrong-commit'],
    ['nothing', after(0), [], 'sync-empty', 'sync-empty'],
    ['past the epoch', after(0), chunkOf(1, 9), 'sync-past-epoch', 'accept'],
    ['not from here on', after(1), whole.slice(0, 2), 'sync-not-linked', 'sync-not-linked'],
    ['a gap', after(0), [...chunkOf(1, 3), ...chunkOf(5, 8)], 'sync-not-linked', 'sync-not-linked'],
    [
      'a block that nobody decided',
      after(0),
      replaced(whole, 7, { block: forged(8) }),
      'sync-wrong-commit',
      'sync-faulty-block',
    ],
    ['one in the middle', after(0), replaced(whole, 4, { block: forged(5) }), 'sync-not-linked', 'sync-not-linked'],
    ['no block', after(0), replaced(whole, 4, { block: Uint8Array.of(0x80) }), 'sync-malformed', 'sync-malformed'],
    [
      'another’s commit',
      after(0),
      replaced(whole, 7, { commit: whole[6]!.commit }),
      'sync-wrong-commit',
      'sync-wrong-commit',
    ],
    ['no commit', after(0), replaced(whole, 7, { commit: new Uint8Array() }), 'sync-wrong-commit', 'sync-wrong-commit'],
    [
      'other validators',
      { ...after(0), validators: genesisState(others.genesis).validators },
      whole,
      'sync-wrong-validators',
      'sync-faulty-block',
    ],
    ['another state of ours', elsewhere, whole, 'sync-other-state', 'sync-faulty-block'],
  ]
  for (const [name, state, chunk, quick, slow] of table)
    test(`${name}: ${quick}, the whole way ${slow}`, () => {
      equal(said(verifyChunk(state, chunk, { verifier: ed25519Verifier })), quick)
      equal(said(verifyChunkWhole(state, chunk, { verifier: ed25519Verifier })), slow)
    })

  test('every reason is reached', () => {
    const reached = new Set(table.flatMap(([, , , quick, slow]) => [quick, slow]))
    deepEqual(
      SYNC_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })

  test('no byte of a chunk can be another', () => {
    const chunk = chunkOf(1, 3)
    fc.assert(
      fc.property(fc.nat({ max: 2 }), fc.nat(), fc.boolean(), (at, place, isCommit) => {
        const { block, commit } = chunk[at]!
        const given = isCommit
          ? replaced(chunk, 2, { commit: turned(chunk[2]!.commit, place % chunk[2]!.commit.length) })
          : replaced(chunk, at, { block: turned(block, place % block.length) })
        ok(verifyChunk(after(0), given, { verifier: ed25519Verifier }).verdict !== 'accept' && commit.length > 0)
      }),
      { numRuns: 100 },
    )
  })
})

describe('the whole way', () => {
  test('over the ends of epochs, with the signatures set aside: the same, and every signature of it', () => {
    const here = made(verifyChunkWhole(after(0), stored, { verifier: ed25519Verifier }))
    deepEqual(stateRoot(here.state), stateRoot(after(20)))
    const { outcome, questions } = setSignaturesAside((verifier) => verifyChunkWhole(after(0), stored, { verifier }))
    deepEqual(
      made(outcome).blocks.map(({ stored: kept }) => kept),
      stored,
    )
    ok(questions.every((question) => ed25519Verifier.verify(question)))
    const parts = stored.map((_, i) => script.blocks[i]!.body.witnessed).flat()
    const inBodies = parts.reduce((sum, { attestations }) => sum + 1 + attestations.length, 0)
    equal(questions.length, inBodies + 20 * 2 * members.length)
  })

  test('a signature in a body that is not true: believed by one commit, found the whole way', () => {
    // The one who made the block had it decided by a quorum that does not look: what no honest validator does.
    const careless = new ChainScript({ members, parameters: { epochSlots: EPOCH } })
    careless.steps(3)
    const [first, second, third] = careless.blocks
    ok(first !== undefined && second !== undefined && third !== undefined)
    const chunk = [first, second].map((block, i) => {
      const commit = careless.blocks[i + 1]?.body.lastCommit
      return { height: i + 1, block: block.bytes, commit: encodeCommit(commit ?? third.body.lastCommit) }
    })
    const start = genesisState(careless.genesis)
    equal(said(verifyChunk(start, chunk, careless)), 'accept')
    equal(said(verifyChunkWhole(start, chunk, { verifier: ed25519Verifier })), 'sync-faulty-block')
  })
})
