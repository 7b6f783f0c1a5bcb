/** Hashes, keys, signatures, node ids, Merkle trees, rendezvous hashing, the signer's port and its rules. */
export * from './hash.ts'
export * from './ed25519.ts'
export * from './node-id.ts'
export * from './merkle.ts'
export * from './rendezvous.ts'
export * from './ratchet.ts'
export * from './key-envelope.ts'
export type * from './signer.ts'
