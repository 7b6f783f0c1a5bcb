/**
 * The chain of test/vectors/consensus-state.json: four members, one of them a liar for a while, one that joins, one that signs two
 * ways, one that leaves, an emergency, a silence. True signatures. Changing it needs a decision record.
 */
import { hexOf } from '../base/index.ts'
import { applyBlock } from './apply-block.ts'
import { ChainScript, scriptMember } from './chain-script.test-kit.ts'
import { stateRoot } from './chain-snapshot.ts'
import { genesisState, statusOf } from './chain-state.ts'

const names = ['north', 'east', 'south', 'west']
const AHEAD_NS = 400_000_000n

export const vectorChain = (): ChainScript => {
  const members = names.map(scriptMember)
  const stakes = [4n, 2n, 2n, 2n]
  const parameters = { epochSlots: 6, joinRecordSlots: 2, offenceAgeMax: 8, witnessEverySlots: 2 }
  const judgement = { acceptedVarianceNs: 50_000_000n, committeeSeats: 3, absentAfterSlots: 3 }
  const chain = new ChainScript({ members, stakes, isSigned: true, parameters: { ...parameters, judgement } })
  const [north, east, south, west] = members
  const joiner = scriptMember('joiner')
  chain.meet(joiner)
  if (north === undefined || east === undefined || south === undefined || west === undefined) return chain
  chain.steps(5)
  chain.step({
    transactions: [
      chain.transaction(joiner, { kind: 'join', sequence: 1 }),
      chain.transaction(north, { kind: 'mark', sequence: 1, mark: 7 }),
    ],
  })
  chain.offsets.set(east.id, AHEAD_NS)
  chain.steps(6)
  chain.step({
    offences: [chain.equivocation(south, 9)],
    transactions: [chain.transaction(east, { kind: 'mark', sequence: 1, mark: 8 })],
  })
  chain.offsets.clear()
  chain.steps(5)
  chain.step({ slots: 30 })
  chain.steps(2, { silent: new Set([east.id]) })
  for (const { id } of [east, south, west]) chain.offsets.set(id, AHEAD_NS)
  chain.steps(4)
  chain.offsets.clear()
  chain.steps(4)
  chain.step({ transactions: [chain.transaction(west, { kind: 'leave', sequence: 1 })] })
  chain.steps(4)
  return chain
}

/** What the vector file holds: what a chain is made from, its blocks, and the state after each. */
export const vectorSummary = ({ genesis, blocks }: ChainScript): unknown => {
  let state = genesisState(genesis)
  const first = hexOf(stateRoot(state))
  const heights = blocks.map((block) => {
    const { state: after, noted } = applyBlock(state, block)
    state = after
    return {
      block: Buffer.from(block.bytes).toString('base64'),
      id: block.id,
      root: hexOf(stateRoot(state)),
      emergency: state.emergency,
      members: state.members.map((member) =>
        [member.role, statusOf(state, member.id).status, member.reputation, member.integrity, member.weight].join(' '),
      ),
      noted: noted.map(({ reason }) => reason),
    }
  })
  return {
    networkId: hexOf(genesis.networkId),
    parameters: JSON.parse(
      JSON.stringify(genesis.parameters, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
    ),
    members: genesis.members.map(({ key, stake }) => [hexOf(key), stake.toString()]),
    genesisRoot: first,
    heights,
  }
}
