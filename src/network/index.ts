/** The network's door: the port, our topics and their limits, and what was refused. Implementations live in `io/`. */
export * from './port.ts'
export * from './topics.ts'
export * from './token-bucket.ts'
export * from './refusals.ts'
export { PATIENCE, SHUT_OUT_NS } from './patience.ts'
