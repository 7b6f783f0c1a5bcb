/**
 * `truechimer/light-client`: checking headers, times and what is in blocks with a genesis or a checkpoint alone. Runs in Node as
 * it stands and in a browser with the stand-ins of web/src/shims (web/light-client-build.ts says how it is bundled).
 */
export { LIGHT_REASONS, LightClient, trustOfCheckpoint, trustOfGenesis } from './light-client.ts'
export type { LightClientOptions, LightReason, LightTrust, TrustPeriod, VerifiedHeader } from './light-client.ts'
export { LIGHT_KINDS, LIGHT_PROOF_BYTES_MAX, encodeLightProof, openLightProof } from './light-proof.ts'
export type { LightInclusion, LightKind, LightProof, LightProofReason, LightStep } from './light-proof.ts'
export type { ChainGenesis } from './chain-state.ts'
export type { Header } from './block.ts'
export type { BlockTime } from './tally.ts'
export type { BlockId, Validator, ValidatorSet } from './validators.ts'
export { openTransaction } from './transaction.ts'
export type { Transaction, SealedTransaction } from './transaction.ts'
export { ed25519Verifier } from '../crypto/index.ts'
export type { Verifier } from '../crypto/index.ts'
