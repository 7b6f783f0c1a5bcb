/** Time proofs, the challenges that they answer, and the attestations of those who timed them. */
export * from './time-proof.ts'
export * from './challenge.ts'
export * from './attestation.ts'
export * from './committee.ts'
export * from './gathering.ts'
export * from './chains.ts'
