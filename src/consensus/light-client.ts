/**
 * The light client: checks that a header is one of the chain's, from the genesis or a checkpoint that somebody trusts, without
 * the blocks between. It skips: validators who are trusted at one height, and of whom more than a third of all weight signed a
 * commit of another, vouch for that one, since one of them is honest. Pure; the same code runs in a browser.
 *
 * Source: Braithwaite et al., "A Tendermint Light Client" (arXiv 2010.07031); DESIGN §5.5. Rules B-100 to B-112 in
 * docs/spec/consensus.md, also for what it does not promise: B-107, keys of long ago.
 */
import { accept, equalBytes, hexOf, reject } from '../base/index.ts'
import type { Admission, TimeInterval } from '../base/index.ts'
import { merkleNode, verifyMerklePath } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { blockIdOf } from './block-bytes.ts'
import type { Header } from './block.ts'
import { genesisState } from './chain-state.ts'
import type { ChainGenesis } from './chain-state.ts'
import { verifyCommit } from './commit.ts'
import type { Commit } from './commit.ts'
import type { LightInclusion, LightProof, LightStep } from './light-proof.ts'
import type { BlockTime } from './tally.ts'
import type { BlockId, ValidatorSet } from './validators.ts'
import { weightsRoot } from './weights-root.ts'

/** What somebody holds to be true without proof: a height and its block, and of the genesis also who votes first. */
export interface LightTrust {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** Δ of the genesis, ns: the tally widens intervals by it. */
  readonly proposalDelayNs: bigint
  /** 0: the genesis. */
  readonly height: number
  /** Of height 0, the network's id in hex. */
  readonly block: BlockId
  /** Who voted at the height (of height 0: who votes at 1); undefined where the proof is to bring them, with the header that names their root. */
  readonly validators: ValidatorSet | undefined
}

/** How old a checkpoint may be: B-108. */
export interface TrustPeriod {
  /** What the client's own clock reads. */
  readonly now: TimeInterval
  /** ns > 0. */
  readonly periodNs: bigint
}

export interface LightClientOptions {
  readonly trust: LightTrust
  readonly verifier: Verifier
  /** Without it a checkpoint is trusted however old it is. The genesis has no age. */
  readonly period?: TrustPeriod
}

export interface VerifiedHeader {
  readonly id: BlockId
  readonly header: Header
  /** The block's own time: settled by the next header, or else what the commit that was shown gives (B-110). */
  readonly time: BlockTime
  readonly isTimeSettled: boolean
  readonly included: readonly LightInclusion[]
  /** To go on from: the last step. */
  readonly trust: LightTrust
  readonly stepsCount: number
}

export const LIGHT_REASONS = [
  'light-wrong-network',
  'light-wrong-start',
  'light-trust-expired',
  'light-without-steps',
  'light-not-rising',
  'light-wrong-validators',
  'light-too-little-trusted',
  'light-wrong-commit',
  'light-not-parent',
  'light-not-included',
] as const
export type LightReason = (typeof LIGHT_REASONS)[number]

/** Trust in the genesis file alone. */
export const trustOfGenesis = (genesis: ChainGenesis): LightTrust => ({
  networkId: genesis.networkId,
  proposalDelayNs: genesis.parameters.proposalDelayNs,
  height: 0,
  block: hexOf(genesis.networkId),
  validators: genesisState(genesis).validators,
})

/** Trust in a block that somebody vouches for, of the network of a genesis file. */
export const trustOfCheckpoint = (
  genesis: Pick<ChainGenesis, 'networkId' | 'parameters'>,
  checkpoint: Pick<LightTrust, 'height' | 'block'>,
): LightTrust => ({
  networkId: genesis.networkId,
  proposalDelayNs: genesis.parameters.proposalDelayNs,
  ...checkpoint,
  validators: undefined,
})

/** Where a walk over a proof's steps has come to. */
interface Reached {
  readonly height: number
  readonly block: BlockId
  readonly validators: ValidatorSet
  readonly header: Header | undefined
  /** What the newest step's commit says. */
  readonly time: BlockTime | undefined
}

/** Of the weight of `trusted`, what of it is behind a commit by `validators`. Says nothing of signatures. */
export const trustedWeight = (trusted: ValidatorSet, commit: Commit, validators: ValidatorSet): bigint =>
  commit.entries.reduce((sum, { index }) => {
    const key = validators.at(index)?.key
    const place = key === undefined ? undefined : trusted.indexOf(key)
    return sum + (place === undefined ? 0n : (trusted.at(place)?.weight ?? 0n))
  }, 0n)

export class LightClient {
  readonly #options: LightClientOptions

  constructor(options: LightClientOptions) {
    this.#options = options
  }

  /** Checks a proof whole. Says nothing of it where any part is wrong. Does not change what is trusted. */
  verify(proof: LightProof): Admission<VerifiedHeader, LightReason> {
    const start = this.#start(proof)
    if (start.verdict !== 'accept') return start
    let reached = start.value
    for (const step of proof.steps) {
      const next = this.#step(reached, step)
      if (next.verdict !== 'accept') return next
      reached = next.value
    }
    return this.#shown(proof, reached)
  }

  /** B-101, B-108. */
  #start({ start }: LightProof): Admission<Reached, LightReason> {
    const { trust, period } = this.#options
    const { height, block } = trust
    if (start === undefined)
      return trust.validators === undefined
        ? reject('light-wrong-start')
        : accept({ height, block, validators: trust.validators, header: undefined, time: undefined })
    const { header, validators } = start
    if (!equalBytes(header.networkId, trust.networkId)) return reject('light-wrong-network')
    if (header.height !== height || blockIdOf(header) !== block) return reject('light-wrong-start')
    if (!equalBytes(weightsRoot(validators), header.weightsRoot)) return reject('light-wrong-validators')
    if (period !== undefined && period.now.latest - header.time.timestamp > period.periodNs)
      return reject('light-trust-expired')
    return accept({ height, block, validators, header, time: undefined })
  }

  /** B-102 to B-105: cheap questions first, signatures last. */
  #step(reached: Reached, step: LightStep): Admission<Reached, LightReason> {
    const { header, commit, validators = reached.validators } = step
    const { networkId, proposalDelayNs } = this.#options.trust
    const block = blockIdOf(header)
    if (!equalBytes(header.networkId, networkId)) return reject('light-wrong-network')
    const isRising = header.height > reached.height || (header.height === reached.height && block === reached.block)
    if (!isRising) return reject('light-not-rising')
    if (!equalBytes(weightsRoot(validators), header.weightsRoot)) return reject('light-wrong-validators')
    if (commit.height !== header.height || commit.block !== block) return reject('light-wrong-commit')
    const trusted = reached.validators
    if (!trusted.isOverThird(trustedWeight(trusted, commit, validators))) return reject('light-too-little-trusted')
    const { verifier } = this.#options
    const counted = verifyCommit(commit, {
      networkId,
      validators,
      verifier,
      parentTime: header.time,
      proposalDelayNs,
    })
    if (counted.verdict !== 'accept') return reject('light-wrong-commit')
    return accept({ height: header.height, block, validators, header, time: counted.value.time })
  }

  /** B-109 to B-111: the header that is asked for, and what is in its block. */
  #shown(proof: LightProof, reached: Reached): Admission<VerifiedHeader, LightReason> {
    const { header: last, time: ownTime, validators, height, block } = reached
    if (last === undefined || ownTime === undefined) return reject('light-without-steps')
    const header = proof.target ?? last
    const id = blockIdOf(header)
    const isTimeSettled = proof.target !== undefined
    if (isTimeSettled && (last.parent !== id || last.height !== header.height + 1)) return reject('light-not-parent')
    if (!proof.inclusions.every((inclusion) => isIncluded(header, inclusion))) return reject('light-not-included')
    return accept({
      id,
      header,
      time: isTimeSettled ? last.time : ownTime,
      isTimeSettled,
      included: proof.inclusions,
      trust: { ...this.#options.trust, height, block, validators },
      stepsCount: proof.steps.length,
    })
  }
}

/** B-111. */
const isIncluded = (header: Header, { kind, halves, ...path }: LightInclusion): boolean => {
  if (kind === 'transaction') return halves.length === 0 && verifyMerklePath({ ...path, root: header.transactionsRoot })
  const [left, right] = halves
  if (left === undefined || right === undefined || halves.length !== 2) return false
  if (!equalBytes(merkleNode({ left, right }), header.evidenceRoot)) return false
  return verifyMerklePath({ ...path, root: kind === 'witnessed' ? left : right })
}
