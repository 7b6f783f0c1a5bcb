/**
 * `npm run bench -- consensus-sync`: how fast a node that was away follows the chain, and how large a light client's proof is.
 *
 * Blocks a second on one core, end to end: opened, checked by one commit a chunk (verifyChunk), applied, appended to SQLite; with 4
 * and 20 validators, empty and with every slot's evidence; and what each part of it takes. Then the whole way: every commit and every
 * signature, in this thread and with two threads. Then proofs over 100,000 heights: bytes, steps, and what making and checking take.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519Verifier } from '../src/crypto/index.ts'
import { ChainScript, scriptMember } from '../src/consensus/chain-script.test-kit.ts'
import {
  LightClient,
  applyBlock,
  encodeCommit,
  encodeLightProof,
  genesisState,
  makeLightProof,
  openBlock,
  openLightProof,
  setSignaturesAside,
  stateRoot,
  verifyChunk,
  verifyChunkWhole,
} from '../src/consensus/index.ts'
import type { ChainGenesis, ChainState, StoredBlock } from '../src/consensus/index.ts'
import { openSqliteBlocks } from '../src/consensus/io/sqlite-blocks.ts'
import { openVerificationWorkers } from '../src/consensus/io/verification-workers.ts'
import { LightChain, ed25519Scheme } from '../src/consensus/light-chain.test-kit.ts'
import { median, spread } from './figures.ts'

const BLOCKS = 256
const CHUNK = 128
const ROUNDS = 5
const HEIGHT = 100_000
const THREADS = 2

/** Validators, slots from one witnessing of each to the next, and how that is called. */
const CHAINS = [
  [4, 0, 'empty'],
  [4, 1, 'evidence each slot'],
  [20, 0, 'empty'],
  [20, 5, 'evidence each fifth slot'],
  [20, 1, 'evidence each slot'],
] as const

interface Chain {
  readonly genesis: ChainGenesis
  readonly stored: readonly StoredBlock[]
}

/** Blocks with true signatures, each with the commit that the next one carries. 0: nobody is witnessed. */
const chainOf = (validators: number, witnessEverySlots: number): Chain => {
  const members = Array.from({ length: validators }, (_, i) => scriptMember(`validator ${i}`))
  const isWithoutEvidence = witnessEverySlots === 0
  const parameters = { witnessEverySlots: Math.max(1, witnessEverySlots) }
  const script = new ChainScript({ members, parameters, isSigned: true })
  script.steps(BLOCKS + 1, { isWithoutEvidence })
  const stored = script.blocks.slice(0, BLOCKS).map(({ header: { height }, bytes: block }, i) => {
    const commit = script.blocks[i + 1]?.body.lastCommit
    if (commit === undefined) throw new TypeError('a block without a child')
    return { height, block, commit: encodeCommit(commit) }
  })
  return { genesis: script.genesis, stored }
}

const chunksOf = (stored: readonly StoredBlock[]): readonly (readonly StoredBlock[])[] =>
  Array.from({ length: Math.ceil(stored.length / CHUNK) }, (_, i) => stored.slice(i * CHUNK, (i + 1) * CHUNK))

type Parts = Readonly<Record<'verify' | 'apply' | 'store' | 'processor', number>>

/** What this thread has used of a processor, ms: other programs take from the clock, and hardly from this. */
const processorMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Follows a chain from its genesis, and says what each part took by the clock, and all by the processor, ms. */
const follow = ({ genesis, stored }: Chain): Parts => {
  const directory = mkdtempSync(join(tmpdir(), 'truechimer-bench-sync-'))
  const parts = { verify: 0, apply: 0, store: 0, processor: 0 }
  const used = processorMs()
  const timed = <T>(part: keyof Parts, work: () => T): T => {
    const start = performance.now()
    const result = work()
    parts[part] += performance.now() - start
    return result
  }
  try {
    using store = openSqliteBlocks(join(directory, 'blocks.sqlite'))
    let state = genesisState(genesis)
    for (const chunk of chunksOf(stored)) {
      const verified = timed('verify', () => verifyChunk(state, chunk, { verifier: ed25519Verifier }))
      if (verified.verdict !== 'accept') throw new TypeError(verified.reason)
      const decided = verified.value
      state = timed('apply', () => decided.reduce((after, { block }) => applyBlock(after, block).state, state))
      timed('store', () => store.append(decided.map((one) => one.stored)))
    }
    timed('apply', () => stateRoot(state))
    return { ...parts, processor: processorMs() - used }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const totalMs = ({ verify, apply, store }: Parts): number => verify + apply + store

const sayFollowing = (name: string, chain: Chain): void => {
  follow(chain)
  const rounds = Array.from({ length: ROUNDS }, () => follow(chain))
  const rates = rounds.map((parts) => (BLOCKS * 1000) / totalMs(parts))
  const byProcessor = (BLOCKS * 1000) / median(rounds.map(({ processor }) => processor))
  const share = (part: keyof Parts): string =>
    `${part} ${((median(rounds.map((parts) => parts[part])) * 1000) / BLOCKS).toFixed(0)}`
  const { networkId, parameters } = chain.genesis
  const start = performance.now()
  for (const { block: bytes } of chain.stored) openBlock(bytes, { networkId, bytesMax: parameters.blockBytesMax })
  const openUs = ((performance.now() - start) * 1000) / BLOCKS
  const bytes = chain.stored.reduce((sum, { block }) => sum + block.length, 0) / BLOCKS
  process.stdout.write(
    `${name.padEnd(40)}${spread(rates).padEnd(22)}${byProcessor.toFixed(0).padStart(6)} by the processor` +
      `${(bytes / 1024).toFixed(1).padStart(7)} KB  µs a block: ` +
      `${share('verify')} (of that opening ${openUs.toFixed(0)}), ${share('apply')}, ${share('store')}\n`,
  )
}

/** The whole way, in one thread and with the signatures in others. */
const sayWhole = async (name: string, { genesis, stored }: Chain): Promise<void> => {
  const from = (): ChainState => genesisState(genesis)
  const start = performance.now()
  const here = verifyChunkWhole(from(), stored, { verifier: ed25519Verifier })
  const hereMs = performance.now() - start
  await using workers = openVerificationWorkers(THREADS)
  await workers.areTrue([])
  const again = performance.now()
  const aside = setSignaturesAside((verifier) => verifyChunkWhole(from(), stored, { verifier }))
  const areTrue = await workers.areTrue(aside.questions)
  const asideMs = performance.now() - again
  if (here.verdict !== 'accept' || aside.outcome.verdict !== 'accept' || !areTrue) throw new TypeError('refused')
  process.stdout.write(
    `${name.padEnd(40)}${((BLOCKS * 1000) / hereMs).toFixed(0)} in one thread, ` +
      `${((BLOCKS * 1000) / asideMs).toFixed(0)} with ${THREADS} more; ${(aside.questions.length / BLOCKS).toFixed(0)} signatures a block\n`,
  )
}

/** `renewed` of the voters are others each epoch, and then the oldest, less than a third of the weight, do not sign. */
const sayLight = (count: number, renewed: number): void => {
  const scheme = ed25519Scheme()
  const epochSlots = 3600
  const silent = renewed === 0 ? 0 : Math.ceil(count / 3) - 1
  const chain = new LightChain({
    scheme,
    heightLast: HEIGHT + 1,
    epochSlots,
    voters: (epoch) => Array.from({ length: count }, (_, i) => [epoch * renewed + i, 1_000_000_000n]),
    isSigning: (number, height) => number >= Math.floor((height - 1) / epochSlots) * renewed + silent,
    isLinked: (height) => height === HEIGHT + 1,
  })
  makeLightProof(chain, { from: 1, to: HEIGHT })
  const start = performance.now()
  const made = makeLightProof(chain, { from: 1, to: HEIGHT })
  const makeMs = performance.now() - start
  if (made.verdict !== 'accept') throw new TypeError(made.reason)
  const bytes = encodeLightProof(made.value)
  const client = new LightClient({ trust: chain.trust(1), verifier: scheme.verifier })
  const again = performance.now()
  const opened = openLightProof(bytes)
  const shown = opened.verdict === 'accept' ? client.verify(opened.value) : opened
  const verifyMs = performance.now() - again
  if (shown.verdict !== 'accept') throw new TypeError(shown.reason)
  const change = renewed === 0 ? 'nobody changes' : `${renewed} others each epoch, a third silent`
  process.stdout.write(
    `${`${count} validators, ${change}`.padEnd(54)}${(bytes.length / 1024).toFixed(1).padStart(7)} KB  ` +
      `${String(made.value.steps.length).padStart(2)} steps  made in ${makeMs.toFixed(0)} ms, checked in ${verifyMs.toFixed(0)} ms\n`,
  )
}

export const run = async (args: readonly string[]): Promise<void> => {
  if (!args.includes('--light')) {
    process.stdout.write(`blocks a second, one core, chunks of ${CHUNK} (wanted: 1000)\n`)
    const chains = CHAINS.map(([validators, everySlots, evidence]) => ({
      name: `${validators} validators, ${evidence}`,
      chain: chainOf(validators, everySlots),
    }))
    for (const { name, chain } of chains) sayFollowing(name, chain)
    process.stdout.write('the whole way, blocks a second\n')
    for (const { name, chain } of chains) await sayWhole(name, chain)
  }
  process.stdout.write(`light client's proof over ${HEIGHT} heights (wanted: 50 KB for 7 and 20)\n`)
  for (const [count, renewed] of [
    [7, 0],
    [7, 1],
    [20, 0],
    [20, 3],
    [100, 0],
    [100, 16],
  ] as const)
    sayLight(count, renewed)
}
