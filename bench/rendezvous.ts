/**
 * `npm run bench -- rendezvous`: what a choice costs by the skeleton, beside the plain rule over the same nodes in the same run;
 * what making and changing a skeleton costs; how near load comes to weight; how much moves beside the least that must.
 */
import { hexOf, seededRandom } from '../src/base/index.ts'
import { pickNodes, RendezvousSkeleton } from '../src/crypto/index.ts'
import type { RendezvousNode } from '../src/crypto/index.ts'
import { median, quantile } from './figures.ts'

const random = seededRandom(5n)
const SIZES = [100, 1000, 10_000]
const COUNTS = [3, 7, 20]
const PICKS = 4000
const WARM_PICKS = 300
const SCANS = 15
/** Keys and nodes for load and movement: 4,000 keys a node make one standard deviation 1.6 % of a share. */
const LOAD_NODES = 100
const LOAD_KEYS = 400_000
const MOVED_KEYS = 40_000

/** Weights 1 to 1000, as 1/rank, or all alike. */
const makeNodes = (count: number, isSkewed: boolean): RendezvousNode[] =>
  Array.from({ length: count }, (_, i) => ({
    id: random.bytes(32),
    weight: isSkewed ? BigInt(Math.ceil(1000 / (1 + (i % 1000)))) : 1000n,
  }))

/** Microseconds of one call. */
const microsOf = (work: () => void): number => {
  const start = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - start) / 1000
}

const timesOf = (calls: number, work: (key: Uint8Array) => void): number[] => {
  const keys = Array.from({ length: calls }, () => random.bytes(32))
  return keys.map((key) => microsOf(() => work(key)))
}

const row = (cells: readonly (string | number)[]): string =>
  `${cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(1) : cell).padStart(12)).join('')}\n`

const printPicks = (isSkewed: boolean): void => {
  process.stdout.write(`\nweights ${isSkewed ? '1 to 1000, by 1/rank' : 'all alike'}; µs a choice\n`)
  process.stdout.write(row(['nodes', 'chosen', 'p50', 'p99', 'plain p50', 'plain ÷ this']))
  for (const size of SIZES) {
    const nodes = makeNodes(size, isSkewed)
    const skeleton = new RendezvousSkeleton(nodes)
    for (const count of COUNTS) {
      timesOf(WARM_PICKS, (key) => skeleton.pick(key, count))
      const times = timesOf(PICKS, (key) => skeleton.pick(key, count))
      const plain = median(timesOf(SCANS, (key) => pickNodes({ key, nodes, count })))
      const p50 = median(times)
      process.stdout.write(row([String(size), String(count), p50, quantile(times, 0.99), plain, plain / p50]))
    }
  }
}

const printMaking = (): void => {
  process.stdout.write(`\n${row(['nodes', 'make, ms', 'join, µs', 'leave, µs', 'reweigh, µs'])}`)
  for (const size of SIZES) {
    const nodes = makeNodes(size, true)
    const makes = Array.from({ length: 5 }, () => microsOf(() => void new RendezvousSkeleton(nodes)))
    const skeleton = new RendezvousSkeleton(nodes)
    skeleton.pick(random.bytes(32), 7)
    const heavier = nodes.map((one) => ({ ...one, weight: one.weight + 1n })).slice(0, 100)
    const reweighs = heavier.map((one) => microsOf(() => skeleton.set(one)))
    const strangers = makeNodes(100, false)
    const joins = strangers.map((one) => microsOf(() => skeleton.set(one)))
    const leaves = strangers.map(({ id }) => microsOf(() => void skeleton.delete(id)))
    process.stdout.write(row([String(size), median(makes) / 1000, median(joins), median(leaves), median(reweighs)]))
  }
}

const ownersOf = (skeleton: RendezvousSkeleton<RendezvousNode>, keys: readonly Uint8Array[]): string[] =>
  keys.map((key) => hexOf(skeleton.pick(key, 1)[0]?.id ?? new Uint8Array()))

const printLoad = (isSkewed: boolean): void => {
  const nodes = makeNodes(LOAD_NODES, false).map((one, i) =>
    isSkewed ? { ...one, weight: BigInt(500 + 10 * i) } : one,
  )
  const keys = Array.from({ length: LOAD_KEYS }, () => random.bytes(16))
  const counts = new Map<string, number>()
  for (const owner of ownersOf(new RendezvousSkeleton(nodes), keys)) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const total = nodes.reduce((sum, { weight }) => sum + Number(weight), 0)
  const parts = nodes.map(({ id, weight }) => {
    const expected = (LOAD_KEYS * Number(weight)) / total
    const deviation = (counts.get(hexOf(id)) ?? 0) - expected
    return { expected, square: deviation ** 2 / expected, share: Math.abs(deviation) / expected }
  })
  const chance = Math.sqrt(parts.reduce((sum, { expected }) => sum + 1 / expected, 0) / LOAD_NODES)
  const measured = Math.sqrt(parts.reduce((sum, { share }) => sum + share ** 2, 0) / LOAD_NODES)
  process.stdout.write(
    row([
      isSkewed ? 'skewed' : 'alike',
      `${(100 * measured).toFixed(2)} %`,
      `${(100 * chance).toFixed(2)} %`,
      `${(100 * Math.max(...parts.map(({ share }) => share))).toFixed(2)} %`,
      parts.reduce((sum, { square }) => sum + square, 0),
    ]),
  )
}

const printMovement = (): void => {
  process.stdout.write(`\nmoved ÷ the least that must move\n${row(['nodes', 'join', 'leave', 'weight × 2'])}`)
  const keys = Array.from({ length: MOVED_KEYS }, () => random.bytes(16))
  for (const size of [63, 64, 127, 128]) {
    const nodes = makeNodes(size, false)
    const [changed] = nodes
    if (changed === undefined) continue
    const before = ownersOf(new RendezvousSkeleton(nodes), keys)
    const changedId = hexOf(changed.id)
    /** Every key that moved, over those that came to or went from `id`. */
    const ratioOf = (after: readonly RendezvousNode[], id: string): number => {
      const owners = ownersOf(new RendezvousSkeleton(after), keys)
      const moved = owners.flatMap((owner, i) => (owner === before[i] ? [] : [[owner, before[i]]]))
      return moved.length / moved.filter((pair) => pair.includes(id)).length
    }
    const [newcomer] = makeNodes(1, false)
    if (newcomer === undefined) continue
    process.stdout.write(
      row([
        String(size),
        ratioOf([...nodes, newcomer], hexOf(newcomer.id)).toFixed(3),
        ratioOf(nodes.slice(1), changedId).toFixed(3),
        ratioOf([{ ...changed, weight: 2n * changed.weight }, ...nodes.slice(1)], changedId).toFixed(3),
      ]),
    )
  }
}

export const run = async (): Promise<void> => {
  printPicks(false)
  printPicks(true)
  printMaking()
  process.stdout.write(
    `\nload of ${LOAD_NODES} nodes over ${LOAD_KEYS} keys: how far from weight, root mean square beside what chance makes, and at most; χ² of 99\n`,
  )
  process.stdout.write(row(['weights', 'measured', 'by chance', 'at most', 'χ²']))
  printLoad(false)
  printLoad(true)
  printMovement()
}
