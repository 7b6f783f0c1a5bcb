/**
 * What was kept on disks, decoded and applied once more from the bytes alone: the same state must come out. Nothing is shared
 * with the run: no object that a memo could know. Rule: docs/spec/simulation.md Z-29.
 */
import { hexOf } from '../base/index.ts'
import { applyBlock, blockFault, decodeState, genesisState, openBlock, stateRoot } from '../consensus/index.ts'
import type { ChainState } from '../consensus/index.ts'
import type { NodeWorld } from './node-world.ts'
import type { SimulatedNode } from './simulated-node.ts'

/** Blocks whose every inner signature is checked again; of the others only what follows from the state. */
const CHECKED_MAX = 4

/** What is wrong with the newest blocks of the honest node that has most, or nothing. */
export const replayFault = (world: NodeWorld, endpoints: readonly SimulatedNode[]): string | undefined => {
  const node = endpoints
    .filter(({ id, state }) => state !== undefined && !world.record.facts.isFalse(id))
    .sort((a, b) => (b.state?.height ?? 0) - (a.state?.height ?? 0))[0]
  if (node?.state === undefined || world.record.facts.isBeyondThird) return undefined
  const end = node.state
  const { replayedMax } = world.scenario
  if (replayedMax === 0) return undefined
  let state = beginning(world, node, end.height - replayedMax)
  if (state === undefined) return undefined
  for (let height = state.height + 1; height <= end.height; height += 1) {
    const next = replayed(world, { node, state, height, isChecked: end.height - height < CHECKED_MAX })
    if (typeof next === 'string') return next
    state = next
  }
  return hexOf(stateRoot(state)) === hexOf(stateRoot(end)) ? undefined : `height ${end.height} replays to another state`
}

/** The newest snapshot at or below a height, or the genesis; nothing where the disk reaches neither. */
const beginning = ({ genesis }: NodeWorld, { disk }: SimulatedNode, height: number): ChainState | undefined => {
  const stored = disk.blocks.snapshot(Math.max(0, height))
  if (stored !== undefined) {
    const decoded = decodeState(stored.state, genesis)
    return decoded.verdict === 'accept' ? decoded.value : undefined
  }
  return (disk.blocks.range?.first ?? 1) === 1 ? genesisState({ ...genesis }) : undefined
}

const replayed = (
  { genesis, scheme }: NodeWorld,
  at: {
    readonly node: SimulatedNode
    readonly state: ChainState
    readonly height: number
    readonly isChecked: boolean
  },
): ChainState | string => {
  const stored = at.node.disk.blocks.block(at.height)
  if (stored === undefined) return `height ${at.height} is not on the disk that decided it`
  const { networkId, parameters } = genesis
  const opened = openBlock(stored.block.slice(), { networkId, bytesMax: parameters.blockBytesMax })
  if (opened.verdict !== 'accept') return `height ${at.height} does not open: ${opened.reason}`
  const fault = blockFault(at.state, opened.value, { verifier: scheme, isKnown: () => !at.isChecked })
  if (fault !== undefined) return `height ${at.height} does not follow: ${fault}`
  return applyBlock(at.state, opened.value).state
}
