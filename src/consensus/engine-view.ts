/** Where the engine stands, and whom it waits for, for people. Made when asked for. Rule B-98 in docs/spec/consensus.md. */
import type { ChainState } from './chain-state.ts'
import type { EngineHeight } from './engine-height.ts'
import type { EngineView } from './engine-events.ts'
import { timeOfCommit } from './engine-proposing.ts'
import type { ChainTip } from './restoring.ts'

export const viewOfEngine = (engine: {
  readonly running: EngineHeight
  readonly state: ChainState
  readonly tip: ChainTip | undefined
  readonly behind: number
  readonly pendingTransactions: number
}): EngineView => {
  const { running, state, tip, behind, pendingTransactions } = engine
  const { round, step, proposer, prevoted, precommitted, total, silent, lockedBlock } = running.machine.view()
  const idAt = (place: number): string => running.state.validators.at(place)?.id ?? ''
  return {
    height: running.height,
    round,
    step,
    isValidator: running.self !== undefined,
    proposer: idAt(proposer),
    prevoted,
    precommitted,
    total,
    silent: silent.map(idAt),
    lockedBlock,
    behind,
    pendingTransactions,
    tip: tipOf(state, tip),
  }
}

const tipOf = (state: ChainState, tip: ChainTip | undefined): EngineView['tip'] => {
  const time = tip === undefined ? undefined : timeOfCommit(state, tip.commit)
  return time === undefined ? undefined : { height: state.height, id: state.blockId, time }
}
