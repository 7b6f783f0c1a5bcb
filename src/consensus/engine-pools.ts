/** What waits for a block, all of it: transactions, time evidence and offences. Rules B-83 to B-86 in docs/spec/consensus.md. */
import type { Block } from './block.ts'
import type { ChainState } from './chain-state.ts'
import { Mempool } from './mempool.ts'
import { OffencePool } from './offence-pool.ts'
import { TimeEvidencePool } from './time-evidence-pool.ts'

export class EnginePools {
  readonly transactions = new Mempool()
  readonly offences = new OffencePool()
  readonly timeEvidence: TimeEvidencePool

  constructor(slotNs: bigint) {
    this.timeEvidence = new TimeEvidencePool(slotNs)
  }

  /** Was what has this content address verified when it came? */
  isKnown(key: string): boolean {
    return this.timeEvidence.has(key) || this.transactions.has(key) || this.offences.has(key)
  }

  /** A block was decided, and `state` is the one after it. */
  settle(block: Block, state: ChainState): void {
    this.transactions.settle(block, state)
    this.timeEvidence.settle(block, state.docket?.closed ?? Number.NEGATIVE_INFINITY)
    this.offences.settle(block, state)
  }
}
