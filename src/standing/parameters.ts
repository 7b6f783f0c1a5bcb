/**
 * What steers a node's weight, as the genesis sets it; all shares in parts per billion. Source: seed 003 §4; DESIGN §5.3, §5.4.
 */
import type { Ppb } from '../base/index.ts'

export interface StandingParameters {
  /** α of W = αR + (1−α)S, 0 to one. */
  readonly alphaPpb: Ppb
  /** β, how fast reputation follows accuracy, above 0, below one; once an epoch. */
  readonly betaPpb: Ppb
  /** γ, how much a penalty of one takes, >= 0; once an epoch. */
  readonly gammaPpb: Ppb
  /** Reputation of who begins. */
  readonly reputationInitialPpb: Ppb
  /** What one proven offence takes of integrity. */
  readonly offencePenaltyPpb: Ppb
}

export const STANDING_DEFAULTS: StandingParameters = {
  alphaPpb: 500_000_000n,
  betaPpb: 100_000_000n,
  gammaPpb: 500_000_000n,
  reputationInitialPpb: 500_000_000n,
  offencePenaltyPpb: 1_000_000_000n,
}
