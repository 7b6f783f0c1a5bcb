/** One node, assembled from the rooms below; its genesis, its configuration, and what it tells those who watch it. */
export * from './chimer.ts'
export * from './events.ts'
export * from './genesis.ts'
export * from './config.ts'
export * from './timekeeper.ts'
export * from './bent-source.ts'
export * from './judging.ts'
export { PROVING_REASONS } from './proving.ts'
