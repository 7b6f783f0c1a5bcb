/**
 * Truechimer as a library: run a node, keep a clock, make and check proofs, talk to a node. Narrower doors are
 * `truechimer/clock`, `truechimer/proofs` and `truechimer/client`.
 */
export * from './base/index.ts'
export * as clock from './clock/index.ts'
export * as proofs from './proofs/index.ts'
export * as validation from './validation/index.ts'
export * from './node/index.ts'
export { startNode } from './node/io/start-node.ts'
export type { RunningNode, StartNodeOptions } from './node/io/start-node.ts'
export { realRandom, realTime } from './node/io/real-ports.ts'
export { openClient } from './services/client.ts'
