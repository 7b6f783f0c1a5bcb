/**
 * `npm run bench -- stamp-proofs`: how many bytes a stamp's final proof takes, of what, and how long it takes to verify, from bytes to
 * facts: one signature after the other, and side by side. For 7 and for 100 validators, a batch of 1,000, a beacon two blocks before, one
 * transaction a validator in the block, at a height as after some months. Wanted: 2,048 and 6,144 bytes at most, 10 ms at the 99th percentile.
 */
import { seededRandom } from '../src/base/index.ts'
import { encodeData } from '../src/codec/index.ts'
import { openStampProof, verifyStamp } from '../src/stamps/index.ts'
import { verifyStampInParallel } from '../src/stamps/io/parallel-verifier.ts'
import { stampedChain } from '../src/stamps/stamp-chain.test-kit.ts'
import type { StampedChain, StampedChainOptions } from '../src/stamps/stamp-chain.test-kit.ts'

const HEIGHT = 5_000_000
const WARM_RUNS = 50
const RUNS = 400

const random = seededRandom(9n)
/** Around 10^9, each another. */
const weights = Array.from({ length: 100 }, () => {
  const [a = 0, b = 0, c = 0] = random.bytes(3)
  return 950_000_000n + BigInt((a * 256 + b) * 256 + c) * 6n
})

const CASES: readonly (readonly [string, StampedChainOptions])[] = [
  ['7 validators', {}],
  ['7, no beacon', { beaconBack: 0 }],
  ['100, equal weights', { validators: 100 }],
  ['100, weights around 10^9', { validators: 100, weightOf: (number) => weights[number] ?? 1n }],
]

const atQuantile = (sorted: readonly number[], quantile: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0

const timed = async (run: () => Promise<string> | string): Promise<string> => {
  const spans: number[] = []
  for (let i = 0; i < WARM_RUNS + RUNS; i += 1) {
    const start = performance.now()
    const verdict = await run()
    if (i >= WARM_RUNS) spans.push(performance.now() - start)
    if (verdict !== 'accept') throw new TypeError('a true proof was refused')
  }
  spans.sort((a, b) => a - b)
  return `p50 ${atQuantile(spans, 0.5).toFixed(2)} ms, p99 ${atQuantile(spans, 0.99).toFixed(2)} ms`
}

/** What the bytes are spent on. */
const partsOf = ({ proof, bytes }: StampedChain): string => {
  const votes = proof.votes.signatures.length * 64
  const paths = [proof.receipt.group.path, proof.batch.path, proof.transaction.path].map((path) => 32 * path.length)
  const roots = proof.headers.reduce(
    (sum, { transactionsRoot, weightsRoot }) => sum + 96 + (transactionsRoot?.length ?? 0) + (weightsRoot?.length ?? 0),
    0,
  )
  const weighing = encodeData(proof.validators.map(({ weight }) => weight)).length
  const pathsAll = paths.reduce((sum, length) => sum + length, 0)
  return `votes ${votes}, paths ${paths.join(' + ')}, roots of headers ${roots}, the rest ${bytes.length - votes - pathsAll - roots} (weights alone as CBOR: ${weighing})`
}

export const run = async (): Promise<void> => {
  for (const [name, options] of CASES) {
    const chain = stampedChain({ height: HEIGHT, chain: { isLinked: (height) => height > HEIGHT - 10 }, ...options })
    const { bytes, trust, digest } = chain
    const opened = (): StampedChain['proof'] => {
      const found = openStampProof(bytes)
      if (found.verdict !== 'accept') throw new TypeError(found.reason)
      return found.value
    }
    const sync = await timed(() => verifyStamp(opened(), { trust, digest }).verdict)
    const parallel = await timed(async () => (await verifyStampInParallel(opened(), { trust, digest })).verdict)
    process.stdout.write(
      [
        `${name.padEnd(26)} ${bytes.length} bytes: ${partsOf(chain)}`,
        `  one after the other      ${sync}`,
        `  side by side             ${parallel}`,
        '',
      ].join('\n'),
    )
  }
}
